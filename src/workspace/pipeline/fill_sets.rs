//! The fill set and its controls.

use super::corpus::Corpus;
use super::error::StepError;
use super::landscape::StoredLandscape;
use super::landscape::surface_of;
use super::run::{Made, Sitting, StepEnd, count, params, summary};
use super::samples::Samples;
use super::tasks::{task, tasks};
use super::terrain::StoredTerrain;
use crate::evaluate::Task;
use crate::fill::{
    ControlKind, FillReport, FillSet, FillSetParams, KnownMolecules, RoughnessField, candidates_of_field,
    candidates_of_region, random_candidates, shuffled,
};
use crate::landscape::Normalisation;
use crate::workspace::recipe::FillParams;
use crate::workspace::regions::resolve;
use crate::workspace::{Artefact, Staging, write_npy_f32};
use serde::Deserialize;

/// The file of the molecules.
pub(super) const SET_FILE: &str = "fill_set.csv";
/// The file of what became of the candidates.
pub(super) const REPORT_FILE: &str = "summary.json";
/// Random candidates for each molecule wanted; at the bundled model's validity, several times enough.
const RANDOM_PER_MOLECULE: usize = 50;

/// Molecules of the whole landscape, or of a region.
pub(super) fn fill(sitting: &mut Sitting, staging: &Staging) -> StepEnd {
    let p: FillParams = params(staging)?;
    let corpus = Corpus::read(&sitting.result("corpus")?)?;
    let stored = StoredLandscape::read(&sitting.result("landscape")?)?;
    let candidates = match &p.region {
        None => candidates_of_field(&stored.field),
        Some(definition) => {
            let region = resolve(definition, sitting.study)?;
            let landscape = sitting.study.document().recipe.landscape.clone();
            let samples = Samples::read(&sitting.result("samples")?)?;
            let surface = surface_of(&samples, &Normalisation::of(&samples.response, 1)?, landscape.smoothing)?;
            let ktn = &stored.files.network;
            let terrain = StoredTerrain::new(&samples, surface, ktn, &landscape.explore);
            let terrain = terrain.terrain(sitting.threads);
            let field = RoughnessField::new(ktn, &landscape.field)?;
            let with_field = Some((&field, &stored.field));
            let dimension = sitting.inputs.dimension;
            candidates_of_region(&region, dimension, Some(&terrain), with_field, &p.draw, &mut |x| sitting.observe(x))?
        }
    };
    if sitting.stopped {
        return Ok(None);
    }
    let known = KnownMolecules::new(&corpus.smiles);
    let model = sitting.model()?;
    let set = FillSet::generate(model, &candidates, &known, &p.set, &mut |x| sitting.observe(x))?;
    if sitting.stopped {
        return Ok(None);
    }
    finish(staging, &set, sitting.inputs.dimension)
}

#[derive(Deserialize)]
struct ControlParams {
    seed: u64,
    set: FillSetParams,
}

/// A control of the size that the fill set came out with, under the same screening.
pub(super) fn control(sitting: &mut Sitting, staging: &Staging, kind: &ControlKind) -> StepEnd {
    let ControlParams { seed, set } = params(staging)?;
    let fill = FillMolecules::read(&sitting.result("fill")?)?;
    if fill.selfies.is_empty() {
        let why = fill.report.shortfall().unwrap_or_default();
        return Err(StepError::EmptySet { arm: "fill".to_owned(), why });
    }
    let p = FillSetParams { n: fill.selfies.len(), screening: set.screening };
    let corpus = Corpus::read(&sitting.result("corpus")?)?;
    let given = match kind {
        ControlKind::Random => Vec::new(),
        ControlKind::Corpus => shuffled(&corpus.smiles, seed),
        ControlKind::Task(name) => {
            let source = sitting.study.document().recipe.tasks.iter().find(|task| task.name == *name);
            let source = source.expect("the recipe was checked");
            shuffled(&training_molecules(&task(sitting, source)?), seed)
        }
        ControlKind::Combined => {
            let all: Vec<String> = tasks(sitting)?.iter().flat_map(training_molecules).collect();
            shuffled(&all, seed)
        }
    };
    // Corpus molecules are known by their nature: novelty is not asked of controls that are not generated.
    let known = KnownMolecules::new(&corpus.smiles);
    let set = if *kind == ControlKind::Random {
        let candidates = random_candidates(RANDOM_PER_MOLECULE * p.n, sitting.inputs.dimension, seed);
        FillSet::generate(sitting.model()?, &candidates, &known, &p, &mut |x| sitting.observe(x))?
    } else {
        let screening = crate::fill::ScreeningParams { only_novel: false, ..p.screening.clone() };
        FillSet::choose(&given, &known, &FillSetParams { screening, ..p }, &mut |x| sitting.observe(x))?
    };
    if sitting.stopped {
        return Ok(None);
    }
    finish(staging, &set, sitting.inputs.dimension)
}

/// Molecules that a task learns from: test molecules are not trained on, not even without labels.
fn training_molecules(task: &Task) -> Vec<String> {
    task.fold.train.iter().map(|&k| task.rows[k].smiles.clone()).collect()
}

fn finish(staging: &Staging, set: &FillSet, dimension: usize) -> StepEnd {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fail = |error: &dyn std::fmt::Display| StepError::Report {
        what: "the table of molecules",
        problem: error.to_string(),
    };
    for molecule in &set.molecules {
        writer.serialize(molecule).map_err(|error| fail(&error))?;
    }
    staging.write(SET_FILE, writer.into_inner().map_err(|error| fail(&error))?)?;
    if !set.latents.is_empty() {
        write_npy_f32(&staging.output().join("latents.npy"), dimension, &set.latents.concat())?;
    }
    staging.write_json(REPORT_FILE, &set.report)?;
    let r = &set.report;
    Ok(Some(Made::finished(summary([
        ("n", count(r.n_accepted)),
        ("n_wanted", count(r.n_wanted)),
        ("n_tried", count(r.n_tried)),
        ("validity", toml::Value::Float(r.validity)),
        ("novelty", toml::Value::Float(r.novelty)),
        ("diversity", toml::Value::Float(r.diversity)),
    ]))))
}

/// A fill set or control on disk.
pub(super) struct FillMolecules {
    pub smiles: Vec<String>,
    pub selfies: Vec<String>,
    pub captions: Vec<String>,
    pub report: FillReport,
}

impl FillMolecules {
    /// Reads the set of an artefact.
    pub fn read(artefact: &Artefact) -> Result<Self, StepError> {
        let table = artefact.read(SET_FILE)?;
        let fail = |error: &dyn std::fmt::Display| crate::workspace::StudyError::Format {
            what: "a fill set",
            problem: error.to_string(),
            path: artefact.path(SET_FILE),
        };
        let mut reader = csv::Reader::from_reader(&table[..]);
        let rows: Vec<crate::fill::FillMolecule> =
            reader.deserialize().collect::<Result<_, _>>().map_err(|error| fail(&error))?;
        let report = serde_json::from_slice(&artefact.read(REPORT_FILE)?).map_err(|error| fail(&error))?;
        let caption = |m: &crate::fill::FillMolecule| match m.roughness {
            Some(r) => format!("R {r:.2} · QED {:.2}", m.qed),
            None => format!("QED {:.2}", m.qed),
        };
        Ok(Self {
            smiles: rows.iter().map(|m| m.smiles.clone()).collect(),
            selfies: rows.iter().map(|m| m.selfies.clone()).collect(),
            captions: rows.iter().map(caption).collect(),
            report,
        })
    }
}
