//! Artefacts: immutable results, named by what they were made from.

use super::StudyError;
use super::error::Damage;
use super::files::{check_name, check_no_link, digest_of_file, read_toml};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The file that makes a folder an artefact; it is written last.
pub const PROVENANCE_FILE: &str = "provenance.toml";
/// The newest version of that file's layout.
pub const PROVENANCE_VERSION: u32 = 1;
/// Hexadecimal digits of the hash in a name.
const NAME_DIGITS: usize = 16;

/// What an artefact holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArtefactKind {
    /// `molecules.csv`: canonical SMILES, SELFIES, and which part (train or valid) each molecule belongs to.
    Corpus,
    /// `latents.npy` (f32, n × d, in [−1, 1]) and `molecules.csv`.
    Points,
    /// `points.npy` (f64, n × d, in the unit box) and `response.npy` (f64, n).
    Samples,
    /// A network in `landscape::files`' own format, `contributions.csv`, `field.json` and `summary.json`.
    Landscape,
    /// `map.npy` (f32, n × 2 or 3) and the fitted model.
    Projection,
    /// `fill_set.csv`, `latents.npy` and `summary.json`.
    FillSet,
    /// A labelled task: CSV files as `evaluate::Task` reads them.
    Task,
    /// A Hugging Face folder and `log.csv`.
    Checkpoint,
    /// `frustration.json`: of the region, under each checkpoint.
    Frustration,
    /// `scores.csv` and `comparison.json`.
    Comparison,
    /// `report.html`, tables and figures.
    Report,
}

impl ArtefactKind {
    /// All, in the order of the loop.
    pub const ALL: [Self; 11] = [
        Self::Corpus,
        Self::Points,
        Self::Samples,
        Self::Landscape,
        Self::Projection,
        Self::FillSet,
        Self::Task,
        Self::Checkpoint,
        Self::Frustration,
        Self::Comparison,
        Self::Report,
    ];

    /// The word in names of folders.
    pub fn name(self) -> &'static str {
        match self {
            Self::Corpus => "corpus",
            Self::Points => "points",
            Self::Samples => "samples",
            Self::Landscape => "landscape",
            Self::Projection => "projection",
            Self::FillSet => "fill_set",
            Self::Task => "task",
            Self::Checkpoint => "checkpoint",
            Self::Frustration => "frustration",
            Self::Comparison => "comparison",
            Self::Report => "report",
        }
    }
}

/// The name of an artefact: its kind and the first 16 hexadecimal digits of the hash of what it is made from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ArtefactId {
    kind: ArtefactKind,
    hash: String,
}

impl ArtefactId {
    /// The name that follows from `key`, the full hash.
    pub fn new(kind: ArtefactKind, key: &str) -> Self {
        Self { kind, hash: key.chars().take(NAME_DIGITS).collect() }
    }

    /// What it holds.
    pub fn kind(&self) -> ArtefactKind {
        self.kind
    }
}

impl fmt::Display for ArtefactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}-{}", self.kind.name(), self.hash))
    }
}

/// A text that is no name of an artefact.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{found:?} is no name of an artefact: expected a kind, a hyphen and 16 hexadecimal digits")]
pub struct NoArtefactId {
    /// The text.
    pub found: String,
}

impl FromStr for ArtefactId {
    type Err = NoArtefactId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.rsplit_once('-').and_then(|(kind, hash)| {
            let kind = ArtefactKind::ALL.into_iter().find(|k| k.name() == kind)?;
            let digits = hash.len() == NAME_DIGITS && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            digits.then(|| Self { kind, hash: hash.to_owned() })
        });
        parts.ok_or_else(|| NoArtefactId { found: text.to_owned() })
    }
}

impl TryFrom<String> for ArtefactId {
    type Error = NoArtefactId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ArtefactId> for String {
    fn from(id: ArtefactId) -> Self {
        id.to_string()
    }
}

/// Why the work behind an artefact ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// Everything asked for was done.
    Finished,
    /// It ended early by its own rule: early stopping, a limit of rounds or steps.
    Limit,
    /// It ended early because the loss diverged.
    Diverged,
    /// It was asked to stop; the artefact holds what there was.
    Cancelled,
}

/// Size and hash of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// Where an artefact comes from: everything needed to judge it and to make it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Layout of this file.
    pub format_version: u32,
    /// Its name.
    pub id: ArtefactId,
    /// The full hash behind the name.
    pub key: String,
    /// The step of the study that made it, for example “tune-random”.
    pub step: String,
    /// Version of the program that made it.
    pub program_version: String,
    /// Seed of all random numbers.
    pub seed: u64,
    /// What computed.
    pub device: String,
    /// When it was finished, UTC.
    pub made: String,
    /// Wall-clock seconds of work, interruptions left out.
    pub seconds: f64,
    /// Why the work ended.
    pub stop_reason: StopReason,
    /// The artefacts it was made from.
    pub parents: Vec<ArtefactId>,
    /// Digests of what came from outside, by role.
    #[serde(default)]
    pub inputs: BTreeMap<String, String>,
    /// The parameters.
    #[serde(default)]
    pub parameters: toml::Table,
    /// Headline figures, for lists.
    #[serde(default)]
    pub summary: toml::Table,
    /// Its files, by path inside the folder; `/` separates.
    #[serde(default)]
    pub files: BTreeMap<String, FileRecord>,
}

/// An artefact on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Artefact {
    /// Its folder.
    pub folder: PathBuf,
    /// Where it comes from.
    pub provenance: Provenance,
}

impl Artefact {
    /// Opens a folder; its files are not looked at.
    ///
    /// # Errors
    /// When there is no readable provenance, or it belongs to another artefact.
    pub fn open(folder: &Path) -> Result<Self, StudyError> {
        let path = folder.join(PROVENANCE_FILE);
        check_no_link(folder)?;
        check_no_link(&path)?;
        let provenance: Provenance = read_toml("the provenance of an artefact", &path)?;
        if provenance.format_version > PROVENANCE_VERSION {
            let (found, known) = (provenance.format_version, PROVENANCE_VERSION);
            return Err(StudyError::Newer { found, known, path });
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name != provenance.id.to_string() {
            let problem = format!("it names the artefact {}, expected {name}", provenance.id);
            return Err(StudyError::Format { what: "the provenance of an artefact", problem, path });
        }
        provenance.files.keys().try_for_each(|name| check_name(name))?;
        Ok(Self { folder: folder.to_owned(), provenance })
    }

    /// Its name.
    pub fn id(&self) -> &ArtefactId {
        &self.provenance.id
    }

    /// How many molecules of how many that were asked for it holds, where these are fewer.
    pub fn shortfall(&self) -> Option<[i64; 2]> {
        let of = |key: &str| self.provenance.summary.get(key).and_then(toml::Value::as_integer);
        let (found, wanted) = (of("n")?, of("n_wanted")?);
        (found < wanted).then_some([found, wanted])
    }

    /// The path of one of its files.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The bytes of one of its files, after a check against the recorded hash.
    ///
    /// # Errors
    /// When the file is missing, cannot be read, or is not as it was written.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, StudyError> {
        let path = self.path(name);
        let record = self.record(name)?;
        self.check_regular(name)?;
        let bytes = std::fs::read(&path).map_err(|source| StudyError::Read { path: path.clone(), source })?;
        let found = FileRecord { bytes: bytes.len() as u64, sha256: hex(&Sha256::digest(&bytes)) };
        self.compare(name, &found, record)?;
        Ok(bytes)
    }

    /// The text of one of its files, after a check against the recorded hash.
    ///
    /// # Errors
    /// As [`Artefact::read`]; when it is not UTF-8.
    pub fn read_text(&self, name: &str) -> Result<String, StudyError> {
        String::from_utf8(self.read(name)?).map_err(|error| StudyError::Format {
            what: "a text of an artefact",
            problem: error.to_string(),
            path: self.path(name),
        })
    }

    /// Compares one of its files with the recorded hash.
    ///
    /// # Errors
    /// As [`Artefact::read`].
    pub fn verify_file(&self, name: &str) -> Result<(), StudyError> {
        self.check_regular(name)?;
        let found = digest_of_file(&self.path(name))?;
        self.compare(name, &found, self.record(name)?)
    }

    /// Compares all its files with their recorded hashes.
    ///
    /// # Errors
    /// The first fault, as [`Artefact::read`].
    pub fn verify(&self) -> Result<(), StudyError> {
        self.provenance.files.keys().try_for_each(|name| self.verify_file(name))
    }

    /// Refuses a link or a pipe in place of a file, and on the way to it.
    fn check_regular(&self, name: &str) -> Result<(), StudyError> {
        check_name(name)?;
        let mut path = self.folder.clone();
        check_no_link(&path)?;
        for part in name.split('/') {
            path.push(part);
            check_no_link(&path)?;
        }
        match std::fs::metadata(&path) {
            Ok(found) if !found.is_file() => Err(StudyError::NoFile { path }),
            _ => Ok(()),
        }
    }

    fn record(&self, name: &str) -> Result<&FileRecord, StudyError> {
        self.provenance.files.get(name).ok_or_else(|| {
            self.damaged(name, "no entry in the provenance".to_owned(), "its length and hash".to_owned())
        })
    }

    fn compare(&self, name: &str, found: &FileRecord, expected: &FileRecord) -> Result<(), StudyError> {
        if found == expected {
            return Ok(());
        }
        if found.bytes == expected.bytes {
            Err(self.damaged(name, format!("the hash {}", found.sha256), expected.sha256.clone()))
        } else {
            Err(self.damaged(name, format!("{} bytes", found.bytes), expected.bytes.to_string()))
        }
    }

    fn damaged(&self, name: &str, found: String, expected: String) -> StudyError {
        let (id, file) = (self.id().clone(), name.to_owned());
        StudyError::Damaged(Box::new(Damage { id, file, found, expected, path: self.path(name) }))
    }
}

/// The full hash of what an artefact is made from.
///
/// `revision` counts changes of the step's method, so that a better program does not take old results for its own.
pub fn key_of(
    kind: ArtefactKind,
    revision: u32,
    parents: &[ArtefactId],
    inputs: &BTreeMap<String, String>,
    parameters: &toml::Table,
) -> String {
    let value = serde_json::json!({
        "kind": kind,
        "revision": revision,
        "parents": parents,
        "inputs": inputs,
        "parameters": parameters,
    });
    let mut text = String::new();
    write_sorted(&value, &mut text);
    hex(&Sha256::digest(text.as_bytes()))
}

/// JSON with the keys of every object in order, whatever order they were declared in.
fn write_sorted(value: &serde_json::Value, to: &mut String) {
    match value {
        serde_json::Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|entry| entry.0);
            to.push('{');
            for (key, value) in entries {
                to.push_str(&serde_json::Value::from(key.as_str()).to_string());
                to.push(':');
                write_sorted(value, to);
                to.push(',');
            }
            to.push('}');
        }
        serde_json::Value::Array(values) => {
            to.push('[');
            for value in values {
                write_sorted(value, to);
                to.push(',');
            }
            to.push(']');
        }
        plain => to.push_str(&plain.to_string()),
    }
}

/// Hexadecimal digits of bytes.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_nothing_else_is() {
        for kind in ArtefactKind::ALL {
            let id = ArtefactId::new(kind, "0123456789abcdef0123");
            assert_eq!(id.to_string(), format!("{}-0123456789abcdef", kind.name()));
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for text in
            ["", "points", "points-", "points-0123", "points-0123456789abcdeg", "colour-0123456789abcdef", "../x"]
        {
            assert!(text.parse::<ArtefactId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_key_depends_on_everything_but_the_order_of_parameters() {
        let table = |text: &str| -> toml::Table { toml::from_str(text).unwrap() };
        let key =
            |parents: &[ArtefactId], text| key_of(ArtefactKind::Points, 1, parents, &BTreeMap::new(), &table(text));
        let plain = key(&[], "a = 1\n[t]\nx = 0.5\ny = 'z'");
        assert_eq!(plain, key(&[], "t = { y = 'z', x = 0.5 }\na = 1"));
        assert_ne!(plain, key(&[], "a = 2\n[t]\nx = 0.5\ny = 'z'"));
        assert_ne!(plain, key(&[ArtefactId::new(ArtefactKind::Corpus, &plain)], "a = 1\n[t]\nx = 0.5\ny = 'z'"));
        assert_ne!(
            plain,
            key_of(ArtefactKind::Points, 2, &[], &BTreeMap::new(), &table("a = 1\n[t]\nx = 0.5\ny = 'z'"))
        );
    }
}
