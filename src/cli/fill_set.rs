//! `fillscape fill generate` and `fillscape fill controls`: from places or files to screened sets of molecules.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::model::Meter;
use super::npy_rows::NpyReader;
use super::rows::Reading;
use super::{CliError, Output};
use crate::atomic_file;
use crate::chem::canonical_smiles;
use crate::fill::region::SampleParams;
use crate::fill::{
    Candidate, FillSampleParams, FillSet, FillSetParams, KnownMolecules, Region, RoughnessField, RoughnessFieldParams,
    ScreeningParams, candidates_of_field, candidates_of_region, random_candidates, sample_field, shuffled,
};
use crate::landscape::files::read_network;
use crate::model::{DeviceChoice, FoundationModel, SelfiesTed};
use crate::workspace::write_npy_f32;

/// What a molecule must be like, and where the set goes.
#[derive(Debug, Args)]
struct SetFlags {
    /// Molecules wanted
    #[arg(short, default_value_t = 100, value_name = "N")]
    n: usize,
    /// Molecules that count as known, for novelty and similarity
    #[arg(long, value_name = "FILE")]
    corpus: Option<PathBuf>,
    /// Only molecules that the decoder ended before its token limit
    #[arg(long)]
    only_complete: bool,
    /// Only molecules that the corpus does not hold
    #[arg(long, requires = "corpus")]
    only_novel: bool,
    /// Largest Tanimoto similarity between two molecules of the set, 0 to 1
    #[arg(long, value_name = "S")]
    max_similarity: Option<f64>,
    /// Smallest quantitative estimate of drug-likeness, 0 to 1
    #[arg(long, value_name = "Q")]
    min_qed: Option<f64>,
    /// Fewest atoms other than hydrogen
    #[arg(long, value_name = "N")]
    min_atoms: Option<usize>,
    /// Most atoms other than hydrogen
    #[arg(long, value_name = "N")]
    max_atoms: Option<usize>,
    /// Canonical SMILES to turn down; may be given more than once
    #[arg(long, value_name = "SMILES")]
    reject: Vec<String>,
    /// Decides everything random
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Write the molecules here, as CSV
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Write what became of every candidate here, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl SetFlags {
    fn params(&self) -> Result<FillSetParams, CliError> {
        let rejected = self.reject.iter().map(|smiles| {
            canonical_smiles(smiles).map_err(|error| format!("could not read --reject {smiles}: {error}"))
        });
        let rejected: Result<Vec<String>, _> = rejected.collect();
        let screening = ScreeningParams {
            only_complete: self.only_complete,
            only_novel: self.only_novel,
            max_similarity: self.max_similarity,
            min_qed: self.min_qed,
            min_heavy_atoms: self.min_atoms,
            max_heavy_atoms: self.max_atoms,
            rejected: rejected?,
        };
        Ok(FillSetParams { n: self.n, screening })
    }

    fn known(&self) -> Result<KnownMolecules, CliError> {
        let molecules = self.corpus.as_deref().map_or(Ok(Vec::new()), read_molecules)?;
        let canonical: Vec<String> = molecules.iter().filter_map(|smiles| canonical_smiles(smiles).ok()).collect();
        Ok(KnownMolecules::new(&canonical))
    }

    fn write(&self, set: &FillSet, latents: Option<&Path>, out: Output) -> Result<(), CliError> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for molecule in &set.molecules {
            writer.serialize(molecule)?;
        }
        atomic_file::write(&self.out, writer.into_inner().map_err(|error| error.to_string())?)?;
        if let (Some(path), Some(first)) = (latents, set.latents.first()) {
            write_npy_f32(path, first.len(), &set.latents.concat())?;
        }
        if let Some(path) = &self.report {
            atomic_file::write(path, serde_json::to_string_pretty(&set.report)?)?;
        }
        if out.json {
            say!("{}", serde_json::to_string(&set.report)?);
            return Ok(());
        }
        let r = &set.report;
        let novelty = match self.corpus {
            Some(_) => format!("novelty {:.0} %", 100.0 * r.novelty),
            None => "novelty unknown without --corpus".to_owned(),
        };
        say!(
            "{} of {} molecules from {} candidates: validity {:.0} %, {novelty}, diversity {:.3}, QED {:.3}",
            r.n_accepted,
            r.n_wanted,
            r.n_tried,
            100.0 * r.validity,
            r.diversity,
            r.mean_qed
        );
        for (rejection, n) in &r.rejections {
            say!("{n:>8} {}", rejection.words());
        }
        if let Some(shortfall) = r.shortfall() {
            tell!("{shortfall}");
        }
        Ok(())
    }
}

#[derive(Debug, Args)]
#[group(id = "source", required = true, multiple = true)]
struct Source {
    /// Network of a landscape over the unit box: decode the maxima of its roughness field, the roughest first
    #[arg(long, value_name = "DIR")]
    network: Option<PathBuf>,
    /// Region of latent space, a TOML file; with a network the field's maxima in it come first
    #[arg(long, value_name = "FILE")]
    region: Option<PathBuf>,
    /// Latent vectors to decode, shape (n, d)
    #[arg(long, value_name = "NPY", conflicts_with_all = ["network", "region"])]
    latents: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Preset {
    /// The reference's script
    Script,
    /// The reference's README
    Readme,
}

#[derive(Debug, Args)]
pub(super) struct GenerateCommand {
    #[command(flatten)]
    source: Source,
    /// A folder, a hub id (owner/name), or “bundled”
    #[arg(long, default_value = "bundled")]
    model: String,
    /// cpu, cuda, cuda:N, metal or metal:N
    #[arg(long, default_value = "cpu")]
    device: DeviceChoice,
    /// Published variant of the field
    #[arg(long, value_enum, default_value_t = Preset::Script)]
    preset: Preset,
    /// With a region: points to draw from it
    #[arg(long, default_value_t = 1000, value_name = "N")]
    draw: usize,
    #[command(flatten)]
    set: SetFlags,
    /// Write the latent vectors of the molecules here, shape (n, d)
    #[arg(long, value_name = "NPY")]
    latents_out: Option<PathBuf>,
}

impl GenerateCommand {
    pub(super) fn run(&self, out: Output) -> Result<(), CliError> {
        let params = self.set.params()?;
        let known = self.set.known()?;
        let model = SelfiesTed::open(&super::model::resolve(&self.model, &out)?, self.device)?;
        let mut meter = Meter::new(&out);
        let candidates = self.candidates(&model, &mut meter)?;
        let set = FillSet::generate(&model, &candidates, &known, &params, &mut |p| meter.show(&p))?;
        meter.end();
        self.set.write(&set, self.latents_out.as_deref(), out)
    }

    fn candidates(&self, model: &SelfiesTed, meter: &mut Meter) -> Result<Vec<Candidate>, CliError> {
        if let Some(path) = &self.source.latents {
            let mut reader = NpyReader::open(path)?;
            let n = reader.n_rows();
            let rows = reader.read(n)?;
            return Ok(rows.into_iter().map(|latent| Candidate { latent, roughness: None }).collect());
        }
        let dimension = model.latent_box().map_or(0, crate::model::LatentBox::dim);
        let mut with_field = None;
        if let Some(folder) = &self.source.network {
            let ktn = read_network(folder)?.network;
            if ktn.n_dims() != dimension {
                return Err(format!(
                    "the network has {} dimensions, but the model's latent space {dimension} (in {})",
                    ktn.n_dims(),
                    folder.display()
                )
                .into());
            }
            let params = match self.preset {
                Preset::Script => RoughnessFieldParams::script(),
                Preset::Readme => RoughnessFieldParams::readme(),
            };
            let field = RoughnessField::new(&ktn, &params)?;
            let params = FillSampleParams { seed: self.set.seed, ..FillSampleParams::default() };
            let (lower, upper) = (vec![0.0; dimension], vec![1.0; dimension]);
            let threads = rayon::current_num_threads();
            let sample = sample_field(&field, &lower, &upper, &params, threads, &mut |p| meter.show(&p))?;
            with_field = Some((field, sample));
        }
        let Some(path) = &self.source.region else {
            return Ok(with_field.map_or_else(Vec::new, |(_, sample)| candidates_of_field(&sample)));
        };
        let text =
            std::fs::read_to_string(path).map_err(|e| format!("could not read the region {}: {e}", path.display()))?;
        let region: Region =
            toml::from_str(&text).map_err(|e| format!("could not understand the region {}: {e}", path.display()))?;
        let draw = SampleParams { n: self.draw, seed: self.set.seed, ..SampleParams::default() };
        let field = with_field.as_ref().map(|(field, sample)| (field, sample));
        Ok(candidates_of_region(&region, dimension, None, field, &draw, &mut |p| meter.show(&p))?)
    }
}

#[derive(Debug, Args)]
pub(super) struct ControlsCommand {
    /// Molecules to choose from at random (a corpus, a task, several tasks together); random latent points of the model
    /// when left out
    #[arg(long, value_name = "FILE")]
    from: Vec<PathBuf>,
    /// A folder, a hub id (owner/name), or “bundled”
    #[arg(long, default_value = "bundled")]
    model: String,
    /// cpu, cuda, cuda:N, metal or metal:N
    #[arg(long, default_value = "cpu")]
    device: DeviceChoice,
    #[command(flatten)]
    set: SetFlags,
}

/// Random latent points for each molecule wanted.
const RANDOM_PER_MOLECULE: usize = 50;

impl ControlsCommand {
    pub(super) fn run(&self, out: Output) -> Result<(), CliError> {
        let params = self.set.params()?;
        let known = self.set.known()?;
        let mut meter = Meter::new(&out);
        let set = if self.from.is_empty() {
            let model = SelfiesTed::open(&super::model::resolve(&self.model, &out)?, self.device)?;
            let dimension = model.latent_box().map_or(0, crate::model::LatentBox::dim);
            let candidates = random_candidates(RANDOM_PER_MOLECULE * self.set.n, dimension, self.set.seed);
            FillSet::generate(&model, &candidates, &known, &params, &mut |p| meter.show(&p))?
        } else {
            let mut molecules = Vec::new();
            for path in &self.from {
                molecules.extend(read_molecules(path)?);
            }
            FillSet::choose(&shuffled(&molecules, self.set.seed), &known, &params, &mut |p| meter.show(&p))?
        };
        meter.end();
        self.set.write(&set, None, out)
    }
}

/// The SMILES of a file; rows that cannot be read become texts that are no molecule, and are counted as such.
fn read_molecules(path: &Path) -> Result<Vec<String>, CliError> {
    let how = Reading::default();
    let rows = how.open(path)?;
    let notes = rows.notes();
    let molecules = rows.map(|row| row.map(|record| record.text).unwrap_or_default()).collect();
    how.close(&notes, path)?;
    Ok(molecules)
}
