//! Checkpoints from the Hugging Face hub: fetched into its usual cache, resumed where a download broke off, and
//! compared with the checksums that the hub gives.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use hf_hub::api::sync::{ApiBuilder, ApiError, ApiRepo};
use hf_hub::{Cache, Repo, RepoType};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::jobs::{Observe, Progress};

/// Where to fetch from and keep what was fetched. Values come from the shells: the core reads no environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubParams {
    /// Address of the hub, without a slash at the end.
    pub endpoint: String,
    /// The cache folder (`…/huggingface/hub`).
    pub cache: PathBuf,
    /// Branch, tag or commit.
    pub revision: String,
    /// Use no network: only what the cache holds.
    pub offline: bool,
}

impl HubParams {
    /// The public hub, its main branch, and a cache folder.
    pub fn new(cache: PathBuf) -> Self {
        Self { endpoint: "https://huggingface.co".to_owned(), cache, revision: "main".to_owned(), offline: false }
    }
}

/// Why a checkpoint could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// Not an id.
    #[error("{0:?} is no repository id: give it as owner/name, or give the path of a local folder")]
    Id(String),
    /// The hub cannot be reached, or refuses.
    #[error(
        "could not fetch {repo} from {endpoint}: work offline by giving the path of a local folder that holds config.json, tokenizer.json and the weights"
    )]
    Refused {
        /// The repository.
        repo: String,
        /// The address of the hub.
        endpoint: String,
        /// What was said.
        #[source]
        source: Box<ApiError>,
    },
    /// No network is to be used, and the cache does not hold the checkpoint.
    #[error(
        "could not fetch {repo}: working offline, and it is not in the cache: go online, or give the path of a local folder that holds config.json, tokenizer.json and the weights ({cache:?})"
    )]
    Offline {
        /// The repository.
        repo: String,
        /// The cache folder.
        cache: PathBuf,
    },
    /// The repository lacks a file.
    #[error("the repository {repo} holds no {wanted}: it is no SELFIES-TED checkpoint")]
    NoFile {
        /// The repository.
        repo: String,
        /// What was looked for.
        wanted: &'static str,
    },
    /// What arrived is not what the hub announced.
    #[error(
        "the file {file} arrived damaged: its checksum is {found}, the hub says {expected}; it was removed, fetch it again"
    )]
    Checksum {
        /// The file.
        file: String,
        /// Checksum of what arrived.
        found: String,
        /// Checksum announced.
        expected: String,
    },
    /// The cache.
    #[error("could not use the cache ({path:?})")]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Stopped on request; what was fetched stays in the cache.
    #[error("the download was cancelled; what was fetched is kept")]
    Cancelled,
}

/// A fetched checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The folder, as [`super::Checkpoint::open`] takes it.
    pub path: PathBuf,
    /// Files that were fetched now; the others were in the cache.
    pub n_fetched: usize,
}

/// Fetches the files of a checkpoint that the cache does not hold, and returns their folder.
///
/// `observe` hears of bytes; when it breaks, the file under way is completed and no other begun.
///
/// # Errors
/// An id that is none; a hub that cannot be reached or refuses; a repository without a checkpoint; damaged files.
pub fn fetch(id: &str, params: &HubParams, observe: Observe) -> Result<Fetched, HubError> {
    if !is_repository_id(id) {
        return Err(HubError::Id(id.to_owned()));
    }
    if params.offline {
        let missing = || HubError::Offline { repo: id.to_owned(), cache: params.cache.clone() };
        return cached(id, params).map(|path| Fetched { path, n_fetched: 0 }).ok_or_else(missing);
    }
    let refused =
        |source| HubError::Refused { repo: id.to_owned(), endpoint: params.endpoint.clone(), source: Box::new(source) };
    let repo = Repo::with_revision(id.to_owned(), RepoType::Model, params.revision.clone());
    let cache = Cache::new(params.cache.clone());
    let api = ApiBuilder::from_cache(cache.clone())
        .with_endpoint(params.endpoint.clone())
        .with_progress(false)
        .with_retries(2)
        .build()
        .map_err(refused)?;
    let remote = api.repo(repo.clone());
    let listed: Vec<String> = remote.info().map_err(refused)?.siblings.into_iter().map(|s| s.rfilename).collect();
    let mut n_fetched = 0;
    let mut folder = None;
    let observe = RefCell::new(observe);
    for file in chosen_files(id, &listed)? {
        let pointer = match cache.repo(repo.clone()).get(&file) {
            Some(pointer) => pointer,
            None => {
                n_fetched += 1;
                fetch_file(&remote, &file, &observe, &refused)?
            }
        };
        folder = pointer.parent().map(Path::to_owned);
    }
    let path = folder.ok_or_else(|| HubError::NoFile { repo: id.to_owned(), wanted: "config.json" })?;
    Ok(Fetched { path, n_fetched })
}

/// The folder of a checkpoint that was fetched before; no network is used.
pub fn cached(id: &str, params: &HubParams) -> Option<PathBuf> {
    let repo = Repo::with_revision(id.to_owned(), RepoType::Model, params.revision.clone());
    let config = Cache::new(params.cache.clone()).repo(repo).get("config.json")?;
    config.parent().map(Path::to_owned)
}

/// `owner/name` of letters, digits, dots, dashes and underscores.
pub fn is_repository_id(id: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
    };
    id.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name))
}

/// The files of a checkpoint among all of a repository: one format of the weights, settings, vocabulary, projectors.
fn chosen_files(id: &str, listed: &[String]) -> Result<Vec<String>, HubError> {
    let has = |name: &str| listed.iter().any(|file| file == name);
    let missing = |wanted| HubError::NoFile { repo: id.to_owned(), wanted };
    for wanted in ["config.json", "tokenizer.json"] {
        if !has(wanted) {
            return Err(missing(wanted));
        }
    }
    let starts = |prefix: &'static str, suffix: &'static str| {
        let shard = move |file: &&String| file.starts_with(prefix) && file.ends_with(suffix) && !file.contains('/');
        listed.iter().filter(shard).cloned()
    };
    let mut files: Vec<String> = if has("model.safetensors") {
        vec!["model.safetensors".to_owned()]
    } else if has("model.safetensors.index.json") {
        starts("model", ".safetensors").chain(["model.safetensors.index.json".to_owned()]).collect()
    } else if has("pytorch_model.bin") {
        vec!["pytorch_model.bin".to_owned()]
    } else if has("pytorch_model.bin.index.json") {
        starts("pytorch_model", ".bin").chain(["pytorch_model.bin.index.json".to_owned()]).collect()
    } else {
        return Err(missing("model.safetensors or pytorch_model.bin"));
    };
    for prefix in ["projector", "invprojector"] {
        let safe: Vec<String> = starts(prefix, ".safetensors").collect();
        files.extend(if safe.is_empty() { starts(prefix, ".pth").collect() } else { safe });
    }
    let small = [
        "config.json",
        "tokenizer.json",
        "generation_config.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "projector_config.json",
        "fillscape.json",
        "README.md",
    ];
    files.extend(small.into_iter().filter(|name| has(name)).map(str::to_owned));
    Ok(files)
}

/// Passes hf-hub's reports on.
struct Report<'a, 'b> {
    observe: &'a RefCell<Observe<'b>>,
    file: String,
    done: u64,
    total: u64,
    cancelled: &'a std::cell::Cell<bool>,
}

impl hf_hub::api::Progress for Report<'_, '_> {
    fn init(&mut self, size: usize, _: &str) {
        self.total = size as u64;
        self.done = 0;
    }

    fn update(&mut self, size: usize) {
        self.done += size as u64;
        let mut progress = Progress::new("download", self.done, Some(self.total));
        progress.detail.clone_from(&self.file);
        if let ControlFlow::Break(()) = (self.observe.borrow_mut())(progress) {
            self.cancelled.set(true);
        }
    }

    fn finish(&mut self) {}
}

fn fetch_file(
    remote: &ApiRepo,
    file: &str,
    observe: &RefCell<Observe>,
    refused: &dyn Fn(ApiError) -> HubError,
) -> Result<PathBuf, HubError> {
    let cancelled = std::cell::Cell::new(false);
    let report = Report { observe, file: file.to_owned(), done: 0, total: 0, cancelled: &cancelled };
    let pointer = remote.download_with_progress(file, report).map_err(refused)?;
    verify(&pointer, file)?;
    if cancelled.get() { Err(HubError::Cancelled) } else { Ok(pointer) }
}

/// Compares a file with its checksum, which is the name the cache gives it: SHA-256 for large files, the git blob's
/// SHA-1 for others. Removes what is damaged.
fn verify(pointer: &Path, file: &str) -> Result<(), HubError> {
    let cache = |source| HubError::Cache { path: pointer.to_owned(), source };
    let blob = fs::canonicalize(pointer).map_err(cache)?;
    let expected = blob.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let is_hex = expected.bytes().all(|b| b.is_ascii_hexdigit());
    let found = match expected.len() {
        64 if is_hex => hexadecimal(&hash_file(&blob, Sha256::new()).map_err(cache)?),
        40 if is_hex => {
            let len = fs::metadata(&blob).map_err(cache)?.len();
            hexadecimal(&hash_file(&blob, Sha1::new_with_prefix(format!("blob {len}\0"))).map_err(cache)?)
        }
        // A mirror that gives another kind of mark promises nothing that could be compared.
        _ => return Ok(()),
    };
    if found == expected {
        return Ok(());
    }
    fs::remove_file(pointer).map_err(cache)?;
    fs::remove_file(&blob).map_err(cache)?;
    Err(HubError::Checksum { file: file.to_owned(), found, expected })
}

fn hash_file<H: Digest>(path: &Path, mut hash: H) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hash.finalize().to_vec()),
            n => hash.update(&buffer[..n]),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_ids_are_told_from_paths() {
        for id in ["ibm/materials.selfies-ted", "a/b_c-1.0"] {
            assert!(is_repository_id(id), "{id}");
        }
        for id in ["model", "./model", "a/b/c", "../x", "a/..", "/a", "a/", "a b/c", ""] {
            assert!(!is_repository_id(id), "{id}");
        }
    }

    #[test]
    fn one_format_of_the_weights_is_chosen() {
        let listed = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
        let files = chosen_files(
            "a/b",
            &listed(&[
                "config.json",
                "tokenizer.json",
                "model.safetensors",
                "pytorch_model.bin",
                "projector_1.pth",
                "invprojector_1.pth",
                "x/projector.pth",
                "train.py",
            ]),
        )
        .unwrap();
        assert_eq!(
            files,
            ["model.safetensors", "projector_1.pth", "invprojector_1.pth", "config.json", "tokenizer.json"]
        );
        assert!(matches!(
            chosen_files("a/b", &listed(&["config.json"])),
            Err(HubError::NoFile { wanted: "tokenizer.json", .. })
        ));
    }
}
