//! `fillscape model`: open, encode, decode, measure, fetch and convert SELFIES-TED checkpoints.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use candle_core::DType;
use clap::{Args, Subcommand, ValueEnum};

use super::encode::{CutRows, Encoding};
use super::npy_rows::NpyReader;
use super::pretrain::PretrainCommand;
use super::response_file::ResponseFile;
use super::rows::{Reading, none_usable};
use super::{CliError, Output};
use crate::atomic_file::AtomicFile;
use crate::chem::files::{BadRow, Notation, Record};
use crate::chem::{MorganParams, canonical_smiles, selfies};
use crate::jobs::{Progress, silent};
use crate::model::hub::{self, HubParams};
use crate::model::{
    Checkpoint, Decoded, DeviceChoice, Embedding, FoundationModel, LatentVector, ResponseParams, SelfiesTed, Unknown,
};

/// Open, encode, decode, measure, fetch and convert foundation models
#[derive(Debug, Args)]
pub struct ModelCommand {
    #[command(subcommand)]
    command: ModelSubcommand,
}

/// The model, and where it runs.
#[derive(Debug, Args)]
struct ModelFlags {
    /// A folder, a hub id (owner/name), or “bundled”
    model: String,
    /// cpu, cuda, cuda:N, metal or metal:N
    #[arg(long, default_value = "cpu")]
    device: DeviceChoice,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum TextFormat {
    Smiles,
    Selfies,
}

impl TextFormat {
    pub(super) fn notation(self) -> Notation {
        match self {
            Self::Smiles => Notation::Smiles,
            Self::Selfies => Notation::Selfies,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Kind {
    /// What carries the landscape and can be decoded
    Latent,
    /// What feeds downstream tasks
    Pooled,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Precision {
    Keep,
    F32,
    F16,
    Bf16,
}

#[derive(Debug, Subcommand)]
enum ModelSubcommand {
    #[command(after_help = "Example: fillscape model pretrain recipe.toml --data corpora --work run --out model")]
    Pretrain(PretrainCommand),
    /// What a checkpoint is: architecture, sizes, vocabulary, digest
    #[command(after_help = "Example: fillscape model info bundled")]
    Info {
        #[command(flatten)]
        model: ModelFlags,
    },
    /// Molecules to vectors, one row each
    #[command(
        after_help = "Example: fillscape model encode bundled --in molecules.smi --kind pooled --out features.npy"
    )]
    Encode {
        #[command(flatten)]
        model: ModelFlags,
        /// Molecules, one a row
        #[arg(long = "in", value_name = "FILE")]
        input: PathBuf,
        /// What the rows are
        #[arg(long, value_enum, default_value = "smiles")]
        format: TextFormat,
        /// Which vectors
        #[arg(long, value_enum)]
        kind: Kind,
        /// Array (.npy) or table (.parquet: id, smiles or selfies, n_tokens, cut, latent_0, …) to write; a molecule that cannot be
        /// encoded becomes a row of NaN
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Let symbols outside the vocabulary become [UNK] instead of refusing the molecule
        #[arg(long)]
        allow_unknown: bool,
        #[command(flatten)]
        reading: Reading,
    },
    /// Latent vectors to molecules: row,selfies,smiles,tokens,capped
    #[command(after_help = "Example: fillscape model decode bundled --in latents.npy --out decoded.csv")]
    Decode {
        #[command(flatten)]
        model: ModelFlags,
        /// Latent vectors, one a row (.npy)
        #[arg(long = "in", value_name = "FILE")]
        input: PathBuf,
        /// Table to write (.csv)
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Molecules through the latent vector and back: row,input,output,same
    #[command(after_help = "Example: fillscape model reconstruct bundled --in molecules.smi --out back.csv")]
    Reconstruct {
        #[command(flatten)]
        model: ModelFlags,
        /// Molecules as SMILES, one a row
        #[arg(long = "in", value_name = "FILE")]
        input: PathBuf,
        /// Table to write (.csv)
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        reading: Reading,
    },
    /// The similarity response at latent vectors; an interrupted run goes on where it stopped
    #[command(after_help = "Example: fillscape model respond bundled --in latents.npy --out response.npy --seed 1")]
    Respond {
        #[command(flatten)]
        model: ModelFlags,
        /// Latent vectors, one a row (.npy)
        #[arg(long = "in", value_name = "FILE")]
        input: PathBuf,
        /// Array to write (.npy), one number a row
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        params: ResponseFlags,
    },
    /// Fetch a checkpoint from the hub into the cache and print its folder
    #[command(after_help = "Example: fillscape model download ibm-research/materials.selfies-ted2m")]
    Download {
        /// Hub id (owner/name)
        model: String,
        /// Branch, tag or commit
        #[arg(long, default_value = "main")]
        revision: String,
    },
    /// Save a checkpoint as safetensors in a folder that transformers opens
    #[command(after_help = "Example: fillscape model convert old_folder --out new_folder --precision f16")]
    Convert {
        /// A folder, a hub id (owner/name), or “bundled”
        model: String,
        /// Folder to write
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
        /// Element type on disk; “keep” copies every tensor bit for bit
        #[arg(long, value_enum, default_value = "keep")]
        precision: Precision,
    },
}

#[derive(Debug, Args)]
struct ResponseFlags {
    /// Neighbours of a point
    #[arg(long, default_value_t = 10)]
    neighbours: usize,
    /// Distance of the neighbours
    #[arg(long, default_value_t = 0.05)]
    radius: f32,
    /// Radius of the Morgan fingerprint
    #[arg(long, default_value_t = 3)]
    morgan_radius: u8,
    /// Bits of the Morgan fingerprint
    #[arg(long, default_value_t = 2048)]
    bits: usize,
    /// Seed of the directions
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

impl ResponseFlags {
    fn params(&self) -> ResponseParams {
        ResponseParams {
            n_neighbours: self.neighbours,
            radius: self.radius,
            fingerprint: MorganParams { radius: self.morgan_radius, n_bits: self.bits },
            seed: self.seed,
        }
    }
}

impl ModelCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// What cannot be opened, computed or written.
    pub fn run(&self, out: Output) -> Result<(), CliError> {
        let out = &out;
        match &self.command {
            ModelSubcommand::Pretrain(command) => command.run(out),
            ModelSubcommand::Info { model } => info(model, out),
            ModelSubcommand::Encode { model, input, format, kind, out: target, allow_unknown, reading } => {
                let unknown = if *allow_unknown { Unknown::Replace } else { Unknown::Refuse };
                let model = model.open(out)?;
                Encoding { model: &model, format: *format, kind: *kind, unknown, reading }.run(input, target, out)
            }
            ModelSubcommand::Decode { model, input, out: target } => decode(&model.open(out)?, input, target, out),
            ModelSubcommand::Reconstruct { model, input, out: target, reading } => {
                reconstruct(&model.open(out)?, input, target, reading, out)
            }
            ModelSubcommand::Respond { model, input, out: target, params } => {
                ResponseFile::new(&model.open(out)?, input, target, params.params()).run(out)
            }
            ModelSubcommand::Download { model, revision } => {
                say!("{}", download(model, revision, out)?.display());
                Ok(())
            }
            ModelSubcommand::Convert { model, out: target, precision } => {
                let dtype = match precision {
                    Precision::Keep => None,
                    Precision::F32 => Some(DType::F32),
                    Precision::F16 => Some(DType::F16),
                    Precision::Bf16 => Some(DType::BF16),
                };
                Ok(Checkpoint::open(&resolve(model, out)?)?.save(target, dtype)?)
            }
        }
    }
}

impl ModelFlags {
    fn open(&self, out: &Output) -> Result<SelfiesTed, CliError> {
        let model = SelfiesTed::open(&resolve(&self.model, out)?, self.device)?;
        let not_followed = &model.greedy_params().rules.not_followed;
        if !not_followed.is_empty() {
            tracing::warn!("decoding is greedy: the checkpoint also asks for {}", not_followed.join(", "));
        }
        Ok(model)
    }
}

/// The folder that a name stands for; a hub id that is not in the cache is fetched.
pub(super) fn resolve(model: &str, out: &Output) -> Result<PathBuf, CliError> {
    let path = Path::new(model);
    if model == "bundled" {
        return bundled();
    }
    if path.exists() || !hub::is_repository_id(model) {
        return Ok(path.to_owned());
    }
    match hub::cached(model, &hub_params("main")?) {
        Some(folder) => Ok(folder),
        None => download(model, "main", out),
    }
}

/// The model that ships with the program: `assets/model` beside the executable, or in the folder of the sources.
pub(super) fn bundled() -> Result<PathBuf, CliError> {
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("assets/model")));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/model");
    beside
        .into_iter()
        .chain([source])
        .find(|folder| folder.join("config.json").exists())
        .ok_or_else(|| "the bundled model is not beside the program: put it into assets/model, or give a folder".into())
}

fn hub_params(revision: &str) -> Result<HubParams, CliError> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let cache = match (variable("HF_HUB_CACHE"), variable("HF_HOME"), std::env::home_dir()) {
        (Some(cache), _, _) => PathBuf::from(cache),
        (None, Some(home), _) => PathBuf::from(home).join("hub"),
        (None, None, Some(home)) => home.join(".cache/huggingface/hub"),
        (None, None, None) => return Err("no folder for the cache: set HF_HOME".into()),
    };
    let mut params = HubParams { revision: revision.to_owned(), ..HubParams::new(cache) };
    if let Some(endpoint) = variable("HF_ENDPOINT") {
        params.endpoint = endpoint.to_string_lossy().trim_end_matches('/').into();
    }
    // The values that huggingface_hub takes for yes.
    params.offline = variable("HF_HUB_OFFLINE")
        .is_some_and(|value| matches!(value.to_string_lossy().to_lowercase().as_str(), "1" | "on" | "yes" | "true"));
    Ok(params)
}

fn download(id: &str, revision: &str, out: &Output) -> Result<PathBuf, CliError> {
    let mut meter = Meter::new(out);
    let fetched = hub::fetch(id, &hub_params(revision)?, &mut |progress| meter.show(&progress))?;
    meter.end();
    Ok(fetched.path)
}

/// Progress on standard error, rewritten in place, at most a few times a second.
pub(super) struct Meter {
    is_shown: bool,
    last: Option<std::time::Instant>,
}

impl Meter {
    pub(super) fn new(out: &Output) -> Self {
        Self { is_shown: !out.json && std::io::IsTerminal::is_terminal(&std::io::stderr()), last: None }
    }

    pub(super) fn show(&mut self, progress: &Progress) -> ControlFlow<()> {
        let is_due = self.last.is_none_or(|last| last.elapsed().as_millis() >= 200);
        if self.is_shown && is_due {
            self.last = Some(std::time::Instant::now());
            let total = progress.total.map_or(String::new(), |total| format!(" of {total}"));
            tell_in_place!("\r{} {}{total} {}\x1b[K", progress.stage, progress.done, progress.detail);
        }
        ControlFlow::Continue(())
    }

    pub(super) fn end(&mut self) {
        if self.is_shown && self.last.take().is_some() {
            tell_in_place!("\r\x1b[K");
        }
    }
}

fn info(flags: &ModelFlags, out: &Output) -> Result<(), CliError> {
    let model = flags.open(out)?;
    let provenance = model.provenance();
    if out.json {
        say!("{}", serde_json::to_string(provenance)?);
        return Ok(());
    }
    let [bart, projectors] = provenance.n_weights;
    say!("name          {}", provenance.name);
    say!("architecture  {}", provenance.architecture);
    say!("weights       {bart} in the transformer, {projectors} in the projectors");
    say!("vocabulary    {} tokens", model.vocabulary().len());
    say!("decoding      {}", provenance.decoding);
    say!("device        {}", provenance.device);
    say!("digest        {}", provenance.digest);
    Ok(())
}

/// Rows that are worked on together: enough for all cores, little enough to stay in memory.
pub(super) const BATCH: usize = 8192;

/// The text of a row, or why it has none.
fn row_text(row: Result<Record, BadRow>) -> Result<String, String> {
    row.map(|record| record.text).map_err(|bad| bad.to_string())
}

/// The SELFIES text of a row, as SELFIES or from SMILES.
pub(super) fn selfies_of(text: &str, format: TextFormat) -> Result<String, CliError> {
    let text = text.split_whitespace();
    Ok(match format {
        TextFormat::Selfies => text.collect(),
        TextFormat::Smiles => selfies::encode(text.take(1).collect::<String>().as_str())?,
    })
}

/// A CSV file that appears when it is complete.
fn begin_csv(path: &Path, header: &[&str]) -> Result<csv::Writer<AtomicFile>, CliError> {
    let mut table = csv::Writer::from_writer(AtomicFile::create(path)?);
    table.write_record(header)?;
    Ok(table)
}

fn finish_csv(table: csv::Writer<AtomicFile>) -> Result<(), CliError> {
    Ok(table.into_inner().map_err(|error| error.into_error())?.commit()?)
}

/// Latent vectors as read, with zeros in place of those that are no numbers, and for each of these its place and why.
pub(super) fn without_gaps(rows: Vec<Vec<f32>>) -> (Vec<LatentVector>, Vec<(usize, String)>) {
    let mut gaps = Vec::new();
    let fill = |(k, mut row): (usize, Vec<f32>)| {
        if let Some(coordinate) = row.iter().position(|x| !x.is_finite()) {
            gaps.push((k, format!("the latent vector has {} at coordinate {coordinate}", row[coordinate])));
            row.fill(0.0);
        }
        LatentVector(row)
    };
    (rows.into_iter().enumerate().map(fill).collect(), gaps)
}

fn decode(model: &SelfiesTed, input: &Path, target: &Path, out: &Output) -> Result<(), CliError> {
    let mut reader = NpyReader::open(input)?;
    let mut table = begin_csv(target, &["row", "selfies", "smiles", "tokens", "capped"])?;
    let mut meter = Meter::new(out);
    let (mut row, mut n_gaps) = (0, 0);
    let total = reader.n_rows() as u64;
    loop {
        let (latents, gaps) = without_gaps(reader.read(BATCH)?);
        if latents.is_empty() {
            break;
        }
        let first = row as u64;
        for (k, why) in &gaps {
            tell!("row {}: {why}", row + k);
        }
        n_gaps += gaps.len();
        let decoded = model.decode(&latents, &mut |progress| {
            meter.show(&Progress::new("decode", first + progress.done, Some(total)))
        })?;
        for (k, Decoded { selfies, smiles, n_tokens, capped }) in decoded.into_iter().enumerate() {
            let index = (row + k).to_string();
            let cells = if gaps.binary_search_by_key(&k, |gap| gap.0).is_ok() {
                [index, String::new(), String::new(), String::new(), String::new()]
            } else {
                let capped = u8::from(capped).to_string();
                [index, selfies, smiles.unwrap_or_default(), n_tokens.to_string(), capped]
            };
            table.write_record(cells)?;
        }
        row += latents.len();
    }
    meter.end();
    finish_csv(table)?;
    if n_gaps > 0 {
        tracing::warn!("{n_gaps} of {row} latent vectors are no numbers: their rows are empty");
    }
    Ok(())
}

fn reconstruct(
    model: &SelfiesTed,
    input: &Path,
    target: &Path,
    reading: &Reading,
    out: &Output,
) -> Result<(), CliError> {
    let mut rows = reading.open(input)?;
    let notes = rows.notes();
    let mut cut = CutRows::new(model.max_tokens(Embedding::Latent));
    let mut n_failed = 0u64;
    let mut table = begin_csv(target, &["row", "input", "output", "same", "error"])?;
    let mut meter = Meter::new(out);
    let (mut row, mut n_same, mut n_tokens, mut n_right) = (0usize, 0usize, 0usize, 0usize);
    loop {
        let texts: Vec<Result<String, String>> = rows.by_ref().take(BATCH).map(row_text).collect();
        if texts.is_empty() {
            break;
        }
        let encoded: Vec<Result<String, CliError>> = texts
            .iter()
            .map(|text| {
                let selfies = selfies_of(&text.clone()?, TextFormat::Smiles)?;
                model.vocabulary().encode(&selfies, usize::MAX, Unknown::Refuse)?;
                Ok(selfies)
            })
            .collect();
        let good: Vec<String> = encoded.iter().flatten().cloned().collect();
        let n_tokens_of: Vec<Option<usize>> =
            encoded.iter().map(|text| text.as_ref().ok().map(|text| model.vocabulary().n_tokens(text))).collect();
        cut.count(row as u64, &n_tokens_of);
        n_failed += encoded.iter().filter(|text| text.is_err()).count() as u64;
        let latents = model.encode_latent(&good, Unknown::Refuse, &mut silent)?;
        let mut decoded = model.decode(&latents, &mut silent)?.into_iter();
        for (text, encoded) in texts.iter().zip(encoded) {
            let smiles = text.as_deref().unwrap_or_default().split_whitespace().next().unwrap_or_default();
            let cells = match encoded {
                Ok(selfies) => {
                    let back = decoded.next().unwrap_or_default();
                    let pairs = selfies::split(&selfies).flatten().zip(selfies::split(&back.selfies).flatten());
                    n_right += pairs.filter(|(a, b)| a == b).count();
                    n_tokens += selfies::length(&selfies);
                    let output = back.smiles.unwrap_or_default();
                    let same = canonical_smiles(smiles).ok().is_some_and(|a| canonical_smiles(&output).ok() == Some(a));
                    n_same += usize::from(same);
                    [row.to_string(), smiles.to_owned(), output, u8::from(same).to_string(), String::new()]
                }
                Err(error) => [row.to_string(), smiles.to_owned(), String::new(), String::new(), error.to_string()],
            };
            table.write_record(cells)?;
            row += 1;
        }
        let _ = meter.show(&Progress::new("reconstruct", row as u64, None));
    }
    meter.end();
    reading.close(&notes, input)?;
    cut.warn();
    finish_csv(table)?;
    none_usable(n_failed, row as u64)?;
    let percent = |n: usize, of: usize| if of == 0 { 0.0 } else { 100.0 * n as f64 / of as f64 };
    if out.json {
        let summary = serde_json::json!({
            "molecules": row, "same": n_same, "tokens": n_tokens, "tokens_right": n_right,
        });
        say!("{summary}");
    } else {
        say!("{row} molecules, {:.1} % the same", percent(n_same, row));
        say!("{n_tokens} tokens, {:.1} % right", percent(n_right, n_tokens));
    }
    Ok(())
}
