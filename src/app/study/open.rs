//! Reading a study: its molecules, their map, its landscape, fill sets and comparisons.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::change::frustration_changes;
use super::fields::fields;
use super::molecules::{data_set, encode_map, places};
use super::on_map::network_on_map;
use super::roughness::add_roughness;
use super::run::{draw_seed, standing};
use super::tuned::TunedRun;
use super::{Asked, Field, FillSet, Item, Landscape, OpenStudy, StudyIds};
use crate::app::data::{DataSet, MapPlaces};
use crate::app::event::told;
use crate::app::picture::{Picture, Step};
use crate::app::tuning::Draft;
use crate::evaluate::Comparison;
use crate::jobs::{Observe, Progress, silent};
use crate::landscape::{
    METRIC_LENGTH_SCALE, ParallelConvention, SAMPLING_LENGTH_SCALE, contributions, files, frustration,
};
use crate::projection::Projection;
use crate::workspace::pipeline::{FRUSTRATION_FILE, StoredSamples};
use crate::workspace::{Access, Artefact, ArtefactId, ArtefactKind, Points, ReadOnlyReason, Recipe, Study};

/// How a study is held while it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// It may be changed from here, if nobody else has it.
    Write,
    /// It stays as it is whatever happens.
    LookOnly,
    /// A job is about to write it: it is only read now, and more work can be lined up.
    WhileRunning,
}

/// Whether a folder is a study.
pub fn is_study(folder: &Path) -> bool {
    folder.join("study.toml").exists()
}

/// Opens a study. Parts that cannot be read are listed as faults.
///
/// # Errors
/// A sentence when the document itself cannot be read.
pub fn open(
    folder: &Path,
    hold: Hold,
    bundled_model: Option<&Path>,
    observe: Observe,
) -> Result<(OpenStudy, Option<DataSet>, Option<Picture>), String> {
    let _ = observe(Progress::new("study", 0, None));
    let study = if hold == Hold::Write { Study::open(folder) } else { Study::open_read_only(folder) };
    let study = study.map_err(|error| told(&error))?;
    let listing = study.artefacts().map_err(|error| told(&error))?;
    let mut faults: Vec<String> = listing.faults.iter().map(|(_, fault)| told(fault)).collect();
    let shown = shown_artefacts(&study, &listing.artefacts);
    let of = |kind: ArtefactKind| shown.iter().rev().copied().find(|artefact| artefact.id().kind() == kind);

    let mut projection = None;
    let mut data = None;
    if let Some(artefact) = of(ArtefactKind::Points) {
        let _ = observe(Progress::new("molecules", 0, None));
        match Points::read(artefact) {
            Ok(points) => {
                let (mut set, map) = read_map(&points, artefact, of(ArtefactKind::Projection), &mut faults);
                set.provenance.extend(facts_of(artefact));
                set.name.clone_from(&study.document().name);
                projection = map;
                data = Some(set);
            }
            Err(fault) => faults.push(told(&fault)),
        }
    }
    let landscape = of(ArtefactKind::Landscape).and_then(|artefact| {
        let _ = observe(Progress::new("landscape", 0, None));
        match files::read_native(&artefact.folder) {
            Ok(files) => Some(Arc::new(landscape_of(files.network))),
            Err(fault) => {
                faults.push(told(&fault));
                None
            }
        }
    });
    let mut fill_sets = Vec::new();
    for artefact in shown.iter().filter(|artefact| artefact.id().kind() == ArtefactKind::FillSet) {
        match FillSet::read(artefact) {
            Ok(set) => fill_sets.push(set),
            Err(fault) => faults.push(fault),
        }
    }
    // The set that is reviewed comes first, controls behind it.
    fill_sets.sort_by_key(|set| set.name != "fill");
    let mut runs = Vec::new();
    for artefact in listing.artefacts.iter().filter(|artefact| artefact.id().kind() == ArtefactKind::Checkpoint) {
        match TunedRun::read(artefact, shown.contains(&artefact)) {
            Ok(run) => runs.push(run),
            Err(fault) => faults.push(fault),
        }
    }
    runs.sort_by(|a, b| (!a.shown, &a.artefact.provenance.made).cmp(&(!b.shown, &b.artefact.provenance.made)));
    let comparison = of(ArtefactKind::Comparison).and_then(|artefact| match read_comparison(artefact) {
        Ok(comparison) => Some(Arc::new(comparison)),
        Err(fault) => {
            faults.push(fault);
            None
        }
    });
    let on_map = landscape.as_ref().zip(projection.as_ref()).and_then(|(landscape, projection)| {
        network_on_map(&landscape.network, projection).map_err(|error| faults.push(told(&error))).ok()
    });
    let measured = of(ArtefactKind::Samples).and_then(|artefact| {
        let _ = observe(Progress::new("samples", 0, None));
        StoredSamples::read(artefact).map_err(|fault| faults.push(told(&fault))).ok()
    });
    let places = data.as_ref().and_then(|data| data.map.clone());
    let fields = fields(
        landscape.as_deref().zip(on_map.as_ref()),
        measured.as_ref().zip(projection.as_ref()),
        places.as_ref().map_or(&[], |map| map.places.as_slice()),
    );
    let id_of = |kind| of(kind).map(|artefact| artefact.id().clone());
    if let (Some(data), Some(grid)) = (data.as_mut(), fields.get(Field::Roughness)) {
        add_roughness(data, &grid);
    }
    let frustration = of(ArtefactKind::Frustration);
    let changes = frustration.zip(landscape.as_ref()).zip(projection.as_ref()).zip(data.as_ref());
    let frustration_changes = changes
        .and_then(|(((artefact, landscape), projection), data)| {
            let places = &data.map.as_ref()?.places;
            frustration_changes(artefact, landscape, projection, places).map_err(|fault| faults.push(fault)).ok()
        })
        .unwrap_or_default();
    let frustration = frustration.and_then(|artefact| read_json(artefact, FRUSTRATION_FILE, &mut faults));
    let (planned, steps_done) = standing(&study, bundled_model);
    let open = OpenStudy {
        name: study.document().name.clone(),
        folder: folder.to_owned(),
        read_only: if hold == Hold::WhileRunning { None } else { read_only(&study) },
        items: shown.iter().map(|artefact| item(artefact)).collect(),
        facts: study_facts(&study),
        network_on_map: on_map.map(Arc::new),
        projection: projection.map(Arc::new),
        ids: StudyIds { points: id_of(ArtefactKind::Points), landscape: id_of(ArtefactKind::Landscape) },
        model_digest: shown.iter().find_map(|artefact| artefact.provenance.inputs.get("model").cloned()),
        model_folder: model_folder(&study, bundled_model),
        draw_seed: draw_seed(&study, bundled_model),
        samples: measured.map(Arc::new),
        fields,
        other_landscapes: other_landscapes(&listing.artefacts, of(ArtefactKind::Landscape)),
        landscape,
        fill_sets,
        done: done_steps(&shown),
        planned,
        runs,
        comparison,
        frustration,
        frustration_changes,
        report: of(ArtefactKind::Report).map(|artefact| artefact.id().clone()),
        asked: Some(asked(&study.document().recipe)),
        steps_done,
        faults,
        toy: None,
        study: (hold != Hold::WhileRunning).then_some(study),
    };
    let picture = open.kept_picture(data.as_ref());
    Ok((open, data, picture))
}

/// The artefacts the document shows; all of them when it names none.
fn shown_artefacts<'a>(study: &Study, all: &'a [Artefact]) -> Vec<&'a Artefact> {
    let results = &study.document().results;
    let named: Vec<&Artefact> = all.iter().filter(|artefact| results.values().any(|id| id == artefact.id())).collect();
    let mut shown = if named.is_empty() { all.iter().collect() } else { named };
    shown.sort_by(|a, b| a.provenance.made.cmp(&b.provenance.made));
    shown
}

/// The molecules with their places: those of the study's projection, or principal axes fitted now.
fn read_map(
    points: &Points,
    artefact: &Artefact,
    kept: Option<&Artefact>,
    faults: &mut Vec<String>,
) -> (DataSet, Option<Projection>) {
    let mut data = data_set(points);
    let kept = kept.filter(|projection| projection.provenance.parents.contains(artefact.id()));
    let read = kept.and_then(|kept| {
        let file = kept
            .provenance
            .files
            .keys()
            .find(|name| Path::new(name).extension().is_some_and(|ending| ending == "json"))?;
        match kept
            .read(file)
            .map_err(|error| told(&error))
            .and_then(|bytes| Projection::from_json(&bytes).map_err(|error| told(&error)))
        {
            Ok(projection) if projection.map().len() == data.n_rows() => Some(projection),
            Ok(_) => None,
            Err(fault) => {
                faults.push(fault);
                None
            }
        }
    });
    let projection = match read {
        Some(projection) => Some(projection),
        None => match encode_map(&points.latents, points.dimension, &mut silent) {
            Ok(projection) => Some(projection),
            Err(fault) => {
                faults.push(fault);
                None
            }
        },
    };
    data.map = projection.as_ref().map(|projection| Arc::new(places(projection)) as Arc<MapPlaces>);
    (data, projection)
}

/// Landscapes of the study beside the one that is shown.
fn other_landscapes(all: &[Artefact], shown: Option<&Artefact>) -> Vec<ArtefactId> {
    let landscapes = all.iter().map(Artefact::id).filter(|id| id.kind() == ArtefactKind::Landscape);
    landscapes.filter(|id| shown.is_none_or(|shown| shown.id() != *id)).cloned().collect()
}

/// The folder of the study's model; none where it is the bundled one and that is not at hand.
fn model_folder(study: &Study, bundled_model: Option<&Path>) -> Option<PathBuf> {
    match study.document().recipe.model.checkpoint.as_str() {
        "bundled" => bundled_model.map(Path::to_owned),
        path => Some(study.folder().join(path)),
    }
}

/// Reads another landscape of a study and takes the roughness of the one shown from its own.
///
/// # Errors
/// A sentence: the landscape is not there, or is of another latent space.
pub fn read_difference(
    folder: &Path,
    other: &ArtefactId,
    shown: (&Landscape, &super::NetworkOnMap),
    projection: &Projection,
    molecules: &[[f32; 2]],
) -> Result<crate::render::FieldGrid, String> {
    let study = Study::open_read_only(folder).map_err(|error| told(&error))?;
    let artefact = study.artefact(other).map_err(|error| told(&error))?;
    let network = files::read_native(&artefact.folder).map_err(|error| told(&error))?.network;
    let on_map = network_on_map(&network, projection).map_err(|error| told(&error))?;
    let other = landscape_of(network);
    super::difference(shown, (&other, &on_map), molecules)
        .ok_or_else(|| "neither landscape has a barrier to show".to_owned())
}

pub(super) fn landscape_of(network: crate::landscape::KineticTransitionNetwork) -> Landscape {
    let scales = [METRIC_LENGTH_SCALE, SAMPLING_LENGTH_SCALE];
    Landscape {
        contributions: scales.map(|scale| contributions(&network, scale, ParallelConvention::Each)),
        frustration: scales.map(|scale| frustration(&network, scale)),
        network,
    }
}

fn read_comparison(artefact: &Artefact) -> Result<Comparison, String> {
    let bytes = artefact.read("comparison.json").map_err(|error| told(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("the comparison {} cannot be read: {error}", artefact.id()))
}

fn asked(recipe: &Recipe) -> Asked {
    let mut light = recipe.clone();
    light.fill.region = None;
    Asked { recipe: recipe.clone(), light, settings: Arc::new(Draft::of(recipe)) }
}

/// A file of an artefact; what is wrong with it becomes a fault.
fn read_json<T: serde::de::DeserializeOwned>(artefact: &Artefact, file: &str, faults: &mut Vec<String>) -> Option<T> {
    let read = artefact.read(file).map_err(|error| told(&error)).and_then(|bytes| {
        serde_json::from_slice(&bytes).map_err(|error| format!("{} cannot be read: {error}", artefact.id()))
    });
    read.map_err(|fault| faults.push(fault)).ok()
}

fn read_only(study: &Study) -> Option<String> {
    match study.access() {
        Access::Write => None,
        Access::ReadOnly(ReadOnlyReason::Asked) => {
            Some("The study can only be looked at: “Copy the study…” in the File menu makes one of your own".into())
        }
        Access::ReadOnly(reason) => Some(format!("The study can only be looked at: {reason}")),
    }
}

fn step_of(kind: ArtefactKind) -> Step {
    match kind {
        ArtefactKind::Corpus | ArtefactKind::Points | ArtefactKind::Projection => Step::Landscape,
        ArtefactKind::Samples | ArtefactKind::Landscape => Step::Landscape,
        ArtefactKind::FillSet | ArtefactKind::Checkpoint => Step::FillTune,
        ArtefactKind::Task | ArtefactKind::Frustration | ArtefactKind::Comparison | ArtefactKind::Report => {
            Step::Compare
        }
    }
}

fn item(artefact: &Artefact) -> Item {
    let provenance = &artefact.provenance;
    let mut detail =
        format!("{}\nmade {} in {:.1} s on {}", provenance.id, provenance.made, provenance.seconds, provenance.device);
    for (name, value) in &provenance.summary {
        detail.push_str(&format!("\n{name}: {value}"));
    }
    Item { name: provenance.step.clone(), detail, step: step_of(provenance.id.kind()) }
}

fn facts_of(artefact: &Artefact) -> Vec<(String, String)> {
    let provenance = &artefact.provenance;
    [
        ("Artefact", provenance.id.to_string()),
        ("Made", provenance.made.clone()),
        ("Seed", provenance.seed.to_string()),
        ("Took", format!("{:.1} s", provenance.seconds)),
        ("Device", provenance.device.clone()),
        ("Program", format!("Fillscape {}", provenance.program_version)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

fn study_facts(study: &Study) -> Vec<(String, String)> {
    let document = study.document();
    vec![
        ("Study".into(), document.name.clone()),
        ("Begun".into(), document.created.clone()),
        ("Folder".into(), study.folder().display().to_string()),
    ]
}

fn done_steps(shown: &[&Artefact]) -> Vec<Step> {
    let has = |kind: ArtefactKind| shown.iter().any(|artefact| artefact.id().kind() == kind);
    let mut done = Vec::new();
    if has(ArtefactKind::Landscape) {
        done.push(Step::Landscape);
    }
    if has(ArtefactKind::FillSet) {
        done.push(Step::Region);
    }
    if has(ArtefactKind::Checkpoint) {
        done.push(Step::FillTune);
    }
    if has(ArtefactKind::Comparison) {
        done.push(Step::Compare);
    }
    done
}
