//! Which files of a folder make up a checkpoint, and the tensors that they list.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use serde::Deserialize;

use super::CheckpointError;
use crate::model::config::{BartConfig, ProjectorConfig};
use crate::model::stored::{StoredTensor, StoredTensors, open_safetensors};
use crate::model::torch_zip::open_torch_zip;

/// Settings and vocabularies are smaller than this.
const MAX_TEXT: u64 = 64 << 20;

/// Finds and lists the transformer's tensors, under the names that transformers gives them today.
pub(super) fn open_transformer(path: &Path, config: &BartConfig) -> Result<StoredTensors, CheckpointError> {
    let mut tensors = with_present_names(list_transformer(path)?);
    // Old checkpoints lack it; transformers fills it with zeros.
    if !tensors.contains_key(LOGITS_BIAS) && !tensors.is_empty() {
        let zeros = Tensor::zeros((1, config.vocab_size), DType::F32, &Device::Cpu)?;
        tensors.insert(LOGITS_BIAS.to_owned(), StoredTensor::from_tensor(&zeros)?);
    }
    Ok(tensors)
}

const LOGITS_BIAS: &str = "final_logits_bias";

/// The tensors without what compilers, parallel training and older versions of transformers leave in their names: the
/// prefixes of wrapped modules, a missing `model.` (a model saved without its head), and the numbers of versions.
fn with_present_names(mut tensors: StoredTensors) -> StoredTensors {
    for wrapper in ["_orig_mod.", "module.", "_orig_mod."] {
        if !tensors.is_empty() && tensors.keys().all(|name| name.starts_with(wrapper)) {
            tensors = tensors.into_iter().map(|(name, tensor)| (name[wrapper.len()..].to_owned(), tensor)).collect();
        }
    }
    let is_bare = |name: &String| ["encoder.", "decoder.", "shared."].iter().any(|part| name.starts_with(part));
    if tensors.keys().any(is_bare) && !tensors.keys().any(|name| name.starts_with("model.")) {
        let named = |name: String| if is_bare(&name) { format!("model.{name}") } else { name };
        tensors = tensors.into_iter().map(|(name, tensor)| (named(name), tensor)).collect();
    }
    for version in ["model.encoder.version", "model.decoder.version"] {
        tensors.remove(version);
    }
    tensors
}

/// Safetensors (one file or several with an index) before torch archives.
fn list_transformer(path: &Path) -> Result<StoredTensors, CheckpointError> {
    for (single, index, is_safe) in [
        ("model.safetensors", "model.safetensors.index.json", true),
        ("pytorch_model.bin", "pytorch_model.bin.index.json", false),
    ] {
        let open = |file: &Path| if is_safe { open_safetensors(file) } else { open_torch_zip(file) };
        if path.join(single).exists() {
            return open(&path.join(single));
        }
        if let Some(text) = read_text(&path.join(index))? {
            let mut tensors = StoredTensors::new();
            for file in shard_names(&text, &path.join(index))? {
                tensors.extend(open(&path.join(file))?);
            }
            return Ok(tensors);
        }
    }
    Err(CheckpointError::NoFile { wanted: "model.safetensors or pytorch_model.bin", path: path.to_owned() })
}

fn shard_names(text: &str, path: &Path) -> Result<Vec<String>, CheckpointError> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let index: Index =
        serde_json::from_str(text).map_err(|source| CheckpointError::Json { path: path.to_owned(), source })?;
    let mut names: Vec<String> = index.weight_map.into_values().collect();
    names.sort();
    names.dedup();
    match names.iter().find(|name| Path::new(name).components().count() != 1 || name.starts_with("..")) {
        None => Ok(names),
        Some(name) => Err(CheckpointError::Config {
            what: format!("the index names the file {name:?}, expected a file of the same folder"),
            path: path.to_owned(),
        }),
    }
}

/// Finds the perceptrons, adds their tensors under their prefixes, and returns their widths.
pub(super) fn open_projectors(
    path: &Path,
    config: &BartConfig,
    tensors: &mut StoredTensors,
) -> Result<Option<ProjectorConfig>, CheckpointError> {
    let files = [find_projector(path, "projector")?, find_projector(path, "invprojector")?];
    let [Some(projector), Some(inverse)] = files else {
        return match files {
            [None, None] => Ok(None),
            [None, _] => {
                Err(CheckpointError::NoFile { wanted: "projector file beside the invprojector", path: path.to_owned() })
            }
            _ => {
                Err(CheckpointError::NoFile { wanted: "invprojector file beside the projector", path: path.to_owned() })
            }
        };
    };
    for (prefix, file) in [("projector", projector), ("invprojector", inverse)] {
        let is_safe = file.extension().is_some_and(|e| e == "safetensors");
        let listed = if is_safe { open_safetensors(&file)? } else { open_torch_zip(&file)? };
        for (name, tensor) in listed {
            tensors.insert(format!("{prefix}.{name}"), tensor);
        }
    }
    let config_path = path.join("projector_config.json");
    let projectors = match read_text(&config_path)? {
        Some(text) => {
            serde_json::from_str(&text).map_err(|source| CheckpointError::Json { path: config_path.clone(), source })?
        }
        None => projector_widths(config, tensors),
    };
    projectors.check(config, &config_path)?;
    Ok(Some(projectors))
}

/// The widths that the tensors themselves show; zero where a tensor is missing, which the comparison then reports.
fn projector_widths(config: &BartConfig, tensors: &StoredTensors) -> ProjectorConfig {
    let width = |name: &str, axis: usize| tensors.get(name).and_then(|t| t.shape().get(axis).copied()).unwrap_or(1);
    let positions = width("projector.layer1.weight", 1) / config.d_model;
    let mut projectors = ProjectorConfig::new(
        positions,
        config.d_model,
        width("projector.layer1.weight", 0),
        width("projector.layer4.weight", 0),
    );
    projectors.invprojector.hidden_dim = width("invprojector.layer1.weight", 0);
    projectors
}

/// `which.safetensors`, `which_….safetensors`, then the same with `.pth`; of several the last by name, which is the
/// newest where names carry dates.
fn find_projector(path: &Path, which: &str) -> Result<Option<PathBuf>, CheckpointError> {
    let read = |source| CheckpointError::Read { path: path.to_owned(), source };
    let mut found: Vec<(bool, PathBuf)> = Vec::new();
    for entry in fs::read_dir(path).map_err(read)? {
        let file = entry.map_err(read)?.path();
        let (Some(stem), Some(extension)) = (file.file_stem().and_then(|s| s.to_str()), file.extension()) else {
            continue;
        };
        let is_named = stem == which || stem.strip_prefix(which).is_some_and(|rest| rest.starts_with(['_', '-']));
        let is_safe = extension == "safetensors";
        if is_named && (is_safe || extension == "pth" || extension == "pt" || extension == "bin") {
            found.push((is_safe, file));
        }
    }
    Ok(found.into_iter().max().map(|(_, file)| file))
}

/// Refuses a folder with the weights of an adapter and no model.
pub(super) fn check_no_adapter(path: &Path) -> Result<(), CheckpointError> {
    if path.join("adapter_config.json").exists() && !path.join("config.json").exists() {
        let (found, remedy) = ("a LoRA adapter alone", "merge it with its model first (peft's merge_and_unload)");
        return Err(CheckpointError::NotWeights { found, remedy, path: path.to_owned() });
    }
    Ok(())
}

/// The text of a small file; none if it does not exist.
pub(super) fn read_text(path: &Path) -> Result<Option<String>, CheckpointError> {
    let read = |source| CheckpointError::Read { path: path.to_owned(), source };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(read(error)),
        Ok(facts) if facts.len() > MAX_TEXT => {
            return Err(CheckpointError::Config {
                what: format!("a text of {} bytes, at most {MAX_TEXT} are read", facts.len()),
                path: path.to_owned(),
            });
        }
        Ok(_) => {}
    }
    fs::read_to_string(path).map(Some).map_err(read)
}
