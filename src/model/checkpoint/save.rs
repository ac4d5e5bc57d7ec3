//! Writing a checkpoint so that transformers opens it.

use std::fs;
use std::io;
use std::path::Path;

use candle_core::DType;
use serde::Serialize;
use serde_json::Value;

use super::facts::FORMAT_VERSION;
use super::{Checkpoint, CheckpointError, Facts};
use crate::model::config::BartConfig;
use crate::model::decoding_rules::DecodingRules;
use crate::model::stored::write_safetensors;

/// All files that a saved checkpoint may have, but for those that it keeps of another program.
const FILES: [&str; 9] = [
    "config.json",
    "fillscape.json",
    "generation_config.json",
    "invprojector.safetensors",
    "model.safetensors",
    "projector.safetensors",
    "projector_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
];

impl Checkpoint {
    /// Saves to a folder that transformers opens: written beside it first, then moved into place. A checkpoint there that
    /// was saved by this function is replaced; a folder that holds anything else, and a link, is refused.
    ///
    /// * `dtype` – element type on disk (f32, f16, bf16); `None` keeps what each tensor has, bit for bit
    ///
    /// # Errors
    /// A tensor cannot be read, or the folder cannot be written.
    pub fn save(&self, path: &Path, dtype: Option<DType>) -> Result<(), CheckpointError> {
        self.compare()?;
        let write = |source| CheckpointError::Write { path: path.to_owned(), source };
        if let Some(other) = self.not_ours(path).map_err(write)? {
            let what = format!("{other}, which was not saved by Fillscape: choose another folder");
            return Err(write(io::Error::new(io::ErrorKind::AlreadyExists, what)));
        }
        let name = path.file_name().ok_or_else(|| write(io::ErrorKind::InvalidInput.into()))?.to_string_lossy();
        let beside = |what: &str| path.with_file_name(format!(".{name}.{what}-{}", std::process::id()));
        let fresh = beside("new");
        fs::create_dir_all(&fresh).map_err(write)?;
        let written = self.write_files(&fresh, dtype);
        if let Err(error) = written {
            // Best effort: the error that led here is the one to report.
            fs::remove_dir_all(&fresh).ok();
            return Err(error);
        }
        if path.exists() {
            let old = beside("old");
            fs::rename(path, &old).map_err(write)?;
            fs::rename(&fresh, path).map_err(write)?;
            fs::remove_dir_all(&old).map_err(write)?;
        } else {
            fs::rename(&fresh, path).map_err(write)?;
        }
        Ok(())
    }

    /// What stands at `path` beside the files of a checkpoint that was saved here before; none where nothing is lost when
    /// it is replaced.
    fn not_ours(&self, path: &Path) -> io::Result<Option<String>> {
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_symlink() => return Ok(Some("it is a link".to_owned())),
            Ok(found) if !found.is_dir() => return Ok(Some("it is a file".to_owned())),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(path)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        // Only a saved checkpoint of ours has this file; the names of the others are anybody's.
        if !names.is_empty() && !names.iter().any(|name| name == "fillscape.json") {
            return Ok(Some(format!("the folder holds {}", names[0])));
        }
        let is_ours = |name: &String| FILES.contains(&name.as_str()) || self.sidecars.contains_key(name);
        Ok(names.iter().find(|name| !is_ours(name)).map(|name| format!("the folder holds {name}")))
    }

    fn write_files(&self, path: &Path, dtype: Option<DType>) -> Result<(), CheckpointError> {
        let text = |name: &str, bytes: &[u8]| write_file(&path.join(name), bytes);
        for (name, bytes) in &self.sidecars {
            text(name, bytes)?;
        }
        let mut config = self.config.clone();
        config.rest.insert("model_type".to_owned(), "bart".into());
        config.rest.insert("is_encoder_decoder".to_owned(), true.into());
        config.rest.entry("architectures").or_insert_with(|| serde_json::json!(["BartForConditionalGeneration"]));
        if let Some(dtype) = dtype {
            config.rest.remove("torch_dtype");
            config.rest.insert("dtype".to_owned(), torch_name(dtype).into());
        }
        text("config.json", &pretty(&config))?;
        text("tokenizer.json", self.tokeniser.json())?;
        if !self.sidecars.contains_key("tokenizer_config.json") {
            text("tokenizer_config.json", &pretty(&tokenizer_config()))?;
        }
        if !self.sidecars.contains_key("generation_config.json") {
            text("generation_config.json", &pretty(&generation_config(&self.config)))?;
        }
        let facts = Facts {
            format_version: FORMAT_VERSION,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            spacing: Some(self.tokeniser.spacing()),
            ..self.facts.clone()
        };
        text("fillscape.json", &pretty(&facts))?;
        self.write_tensors(&path.join("model.safetensors"), dtype, |name| {
            (!name.starts_with("projector.") && !name.starts_with("invprojector.")).then_some(name)
        })?;
        if let Some(projectors) = &self.projectors {
            text("projector_config.json", &pretty(projectors))?;
            for which in ["projector", "invprojector"] {
                let file = path.join(format!("{which}.safetensors"));
                self.write_tensors(&file, dtype, |name| name.strip_prefix(which)?.strip_prefix('.'))?;
            }
        }
        Ok(())
    }

    /// Writes the tensors for which `file_name` gives their name in the file.
    fn write_tensors(
        &self,
        path: &Path,
        dtype: Option<DType>,
        file_name: impl Fn(&str) -> Option<&str>,
    ) -> Result<(), CheckpointError> {
        let chosen = self.tensors.iter().filter_map(|(name, tensor)| Some((file_name(name)?, tensor)));
        match dtype {
            None => write_safetensors(path, &chosen.collect::<Vec<_>>()),
            Some(dtype) => {
                let converted = chosen
                    .map(|(name, tensor)| Ok((name, tensor.to_dtype(dtype)?)))
                    .collect::<Result<Vec<_>, CheckpointError>>()?;
                let by_reference: Vec<_> = converted.iter().map(|(name, tensor)| (*name, tensor)).collect();
                write_safetensors(path, &by_reference)
            }
        }
    }
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), CheckpointError> {
    let write = |source| CheckpointError::Write { path: path.to_owned(), source };
    let mut file = fs::File::create(path).map_err(write)?;
    io::Write::write_all(&mut file, bytes).map_err(write)?;
    file.sync_all().map_err(write)
}

fn pretty(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(value).expect("plain numbers and text")
}

fn torch_name(dtype: DType) -> &'static str {
    match dtype {
        DType::F16 => "float16",
        DType::BF16 => "bfloat16",
        DType::F64 => "float64",
        _ => "float32",
    }
}

fn tokenizer_config() -> Value {
    serde_json::json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "cls_token": "[CLS]", "mask_token": "[MASK]", "pad_token": "[PAD]", "sep_token": "[SEP]", "unk_token": "[UNK]",
    })
}

fn generation_config(config: &BartConfig) -> Value {
    let mut settings = serde_json::json!({
        "_from_model_config": true,
        "bos_token_id": config.bos_token_id,
        "decoder_start_token_id": config.decoder_start_token_id,
        "eos_token_id": config.eos_token_id,
        "forced_bos_token_id": config.forced_bos_token_id,
        "forced_eos_token_id": config.forced_eos_token_id,
        "pad_token_id": config.pad_token_id,
    });
    let of_config = config.rest.iter().filter(|(name, _)| DecodingRules::is_field(name));
    if let Some(settings) = settings.as_object_mut() {
        settings.extend(of_config.map(|(name, value)| (name.clone(), value.clone())));
        settings.extend(config.decoding.fields());
    }
    settings
}
