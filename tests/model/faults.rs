//! Broken checkpoints: each a clear error, never a panic, nothing large allocated.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::shared;
use candle_core::{DType, Device, Tensor};
use fillscape::model::stored::{open_safetensors, write_safetensors};
use fillscape::model::{
    Checkpoint, CheckpointError, DeviceChoice, FoundationModel, ModelError, SelfiesTed, StoredTensor, open_torch_zip,
};

/// A copy of the fixture to break; its files are small.
fn copy() -> Option<(tempfile::TempDir, PathBuf)> {
    let source = shared()?.join("reference/selfies_ted");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    fs::create_dir(&path).unwrap();
    for entry in fs::read_dir(source).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        let skip = ["reference", "training", "README"].iter().any(|start| name.to_string_lossy().starts_with(start));
        if !skip {
            fs::write(path.join(name), fs::read(entry.path()).unwrap()).unwrap();
        }
    }
    Some((folder, path))
}

fn open(path: &Path) -> CheckpointError {
    Checkpoint::open(path).map(|_| ()).expect_err("a broken checkpoint")
}

/// Rewrites model.safetensors after a change to its tensors.
fn change(path: &Path, change: impl FnOnce(&mut fillscape::model::StoredTensors)) {
    let file = path.join("model.safetensors");
    let mut tensors = open_safetensors(&file).unwrap();
    change(&mut tensors);
    let other = path.join("changed");
    write_safetensors(&other, &tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect::<Vec<_>>())
        .unwrap();
    drop(tensors);
    fs::rename(other, file).unwrap();
}

fn tensor(values: Vec<f32>, shape: &[usize]) -> StoredTensor {
    StoredTensor::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu).unwrap()).unwrap()
}

#[test]
fn truncated_files_are_told() {
    let Some((_folder, path)) = copy() else { return };
    let file = path.join("model.safetensors");
    let whole = fs::read(&file).unwrap();
    for len in [0, 7, 8, 100, 5000, whole.len() / 2, whole.len() - 1] {
        fs::write(&file, &whole[..len]).unwrap();
        let error = open(&path);
        assert!(
            matches!(error, CheckpointError::Truncated { .. } | CheckpointError::Safetensors { .. }),
            "{len} bytes: {error}"
        );
    }
}

#[test]
fn every_difference_is_reported_at_once() {
    let Some((_folder, path)) = copy() else { return };
    change(&path, |tensors| {
        tensors.remove("model.encoder.layers.0.fc1.bias");
        tensors.insert("model.surprise".to_owned(), tensor(vec![1.0], &[1]));
        tensors.insert("model.decoder.layers.1.fc2.bias".to_owned(), tensor(vec![0.0; 65], &[65]));
    });
    let CheckpointError::Tensors { difference, .. } = open(&path) else { panic!("tensors differ") };
    assert_eq!(difference.missing, ["model.encoder.layers.0.fc1.bias"]);
    assert_eq!(difference.extra, ["model.surprise"]);
    assert_eq!(difference.misshaped, [("model.decoder.layers.1.fc2.bias".to_owned(), vec![65], vec![64])]);
    let text = difference.to_string();
    for name in ["model.encoder.layers.0.fc1.bias", "model.surprise", "[65], expected [64]"] {
        assert!(text.contains(name), "{text}");
    }
}

#[test]
fn weights_that_are_no_numbers_are_refused() {
    let Some((_folder, path)) = copy() else { return };
    for bad in [f32::NAN, f32::INFINITY] {
        change(&path, |tensors| {
            let mut values = vec![0.5; 64];
            values[17] = bad;
            tensors.insert("model.decoder.layernorm_embedding.weight".to_owned(), tensor(values, &[64]));
        });
        let error = SelfiesTed::open(&path, DeviceChoice::Cpu).map(|_| ()).unwrap_err();
        let ModelError::Checkpoint(CheckpointError::NotFinite { name, index, .. }) = &error else { panic!("{error}") };
        assert_eq!((name.as_str(), *index), ("model.decoder.layernorm_embedding.weight", 17));
    }
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let Some((_folder, path)) = copy() else { return };
    // Token ids of generation_config.json go before those of config.json, which are meant here.
    fs::remove_file(path.join("generation_config.json")).unwrap();
    let file = path.join("config.json");
    let text = fs::read_to_string(&file).unwrap();
    for (from, to) in [
        ("\"d_model\": 64", "\"d_model\": 63"),
        ("\"d_model\": 64", "\"d_model\": 0"),
        ("\"d_model\": 64", "\"d_model\": 18446744073709551615"),
        ("\"d_model\": 64", "\"d_model\": -1"),
        ("\"d_model\": 64", "\"d_model\": \"64\""),
        ("\"encoder_layers\": 2", "\"encoder_layers\": 3"),
        ("\"vocab_size\": 137", "\"vocab_size\": 100"),
        ("\"pad_token_id\": 0", "\"pad_token_id\": 500"),
        ("\"activation_function\": \"gelu\"", "\"activation_function\": \"sine\""),
        ("\"model_type\": \"bart\"", "\"model_type\": \"t5\""),
        ("{", "["),
        (&text, ""),
    ] {
        assert!(text.contains(from), "{from}");
        fs::write(&file, text.replacen(from, to, 1)).unwrap();
        let Err(error) = Checkpoint::open(&path) else { panic!("{from} as {to} was accepted") };
        assert!(!error.to_string().is_empty(), "{to}");
    }
    fs::remove_file(&file).unwrap();
    assert!(matches!(open(&path), CheckpointError::NoFile { wanted: "config.json", .. }));
    for no_folder in [path.join("nosuch"), path.join("model.safetensors")] {
        assert!(matches!(open(&no_folder), CheckpointError::NoFolder { .. }), "{no_folder:?}");
    }
}

#[test]
fn other_ways_of_decoding_are_told_and_kept() {
    let Some((folder, path)) = copy() else { return };
    let file = path.join("generation_config.json");
    let mut settings: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    settings["num_beams"] = 4.into();
    settings["no_repeat_ngram_size"] = 3.into();
    fs::write(&file, settings.to_string()).unwrap();
    let checkpoint = Checkpoint::open(&path).unwrap();
    let model = SelfiesTed::load(&checkpoint, DeviceChoice::Cpu).unwrap();
    let decoding = &model.provenance().decoding;
    assert!(
        decoding.contains("no group of 3 twice") && decoding.ends_with("not followed: num_beams = 4"),
        "{decoding}"
    );
    // An older checkpoint says the same in config.json alone; saved, it says so where it belongs today.
    fs::remove_file(&file).unwrap();
    let file = path.join("config.json");
    let mut settings: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    settings["num_beams"] = 4.into();
    settings["no_repeat_ngram_size"] = 3.into();
    fs::write(&file, settings.to_string()).unwrap();
    let old = Checkpoint::open(&path).unwrap();
    assert_eq!(old.config.decoding, checkpoint.config.decoding);
    let saved = folder.path().join("saved");
    old.save(&saved, None).unwrap();
    assert!(fs::read_to_string(saved.join("generation_config.json")).unwrap().contains("\"num_beams\": 4"));
    assert_eq!(Checkpoint::open(&saved).unwrap().config.decoding, checkpoint.config.decoding);
    settings["suppress_tokens"] = "all".into();
    fs::write(&file, settings.to_string()).unwrap();
    assert!(matches!(open(&path), CheckpointError::Config { .. }));
}

#[test]
fn a_vocabulary_of_another_model_is_refused() {
    let Some((_folder, path)) = copy() else { return };
    let file = path.join("tokenizer.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("\"[Te]\": 135", "\"[Te]\": 4000")).unwrap();
    assert!(matches!(open(&path), CheckpointError::VocabularySize { found: 4001, expected: 137, .. }));
    fs::write(&file, text.replace("[MASK]", "[HIDE]")).unwrap();
    assert!(matches!(open(&path), CheckpointError::Tokens(_)));
    fs::write(&file, &text[..text.len() / 2]).unwrap();
    assert!(matches!(open(&path), CheckpointError::Tokens(_)));
}

#[test]
fn a_header_that_lies_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.safetensors");
    let with_header = |header: &str, data: usize| {
        let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; data]].concat();
        fs::write(&path, bytes).unwrap();
        open_safetensors(&path).map(|_| ()).unwrap_err()
    };
    for (header, data) in [
        (r#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}}"#, 16),
        (r#"{"x":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}}"#, 16),
        (r#"{"x":{"dtype":"F32","shape":[4],"data_offsets":[8,24]}}"#, 16),
        (r#"{"x":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904],"data_offsets":[0,0]}}"#, 16),
        (r#"{"x":{"dtype":"F32","shape":[4],"data_offsets":[18446744073709551600,18446744073709551616]}}"#, 16),
        (r#"{"x":{"dtype":"I3","shape":[4],"data_offsets":[0,16]}}"#, 16),
        (r#"{"x":7}"#, 16),
        ("[]", 0),
    ] {
        let error = with_header(header, data);
        assert!(!error.to_string().is_empty(), "{header}");
    }
    fs::write(&path, u64::MAX.to_le_bytes()).unwrap();
    assert!(open_safetensors(&path).is_err());
}

/// A stored zip of one file, written by hand so that it can lie.
fn zip(name: &str, data: &[u8], claimed: u32) -> Vec<u8> {
    let crc = 0u32.to_le_bytes(); // torch's own files carry one; readers of raw entries do not look
    let fields = |signature: &[u8], size: u32| {
        [
            signature,
            &[20, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &crc,
            &size.to_le_bytes(),
            &size.to_le_bytes(),
            &(name.len() as u16).to_le_bytes(),
            &[0, 0],
        ]
        .concat()
    };
    let local = [fields(b"PK\x03\x04", claimed), name.as_bytes().to_vec(), data.to_vec()].concat();
    let central = [[&fields(b"PK\x01\x02\x14\x00", claimed)[..], &[0; 14]].concat(), name.as_bytes().to_vec()].concat();
    let end = [
        b"PK\x05\x06\0\0\0\0\x01\0\x01\0".to_vec(),
        (central.len() as u32).to_le_bytes().to_vec(),
        (local.len() as u32).to_le_bytes().to_vec(),
        vec![0, 0],
    ]
    .concat();
    [local, central, end].concat()
}

fn open_zip(bytes: &[u8]) -> Result<usize, CheckpointError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pth");
    fs::write(&path, bytes).unwrap();
    open_torch_zip(&path).map(|tensors| tensors.len())
}

#[test]
fn a_zip_that_lies_about_sizes_is_refused() {
    let empty_dict = b"\x80\x02}.";
    assert_eq!(open_zip(&zip("x/data.pkl", empty_dict, 4)).unwrap(), 0, "an honest one is read");
    for claimed in [5_000, 1 << 30, u32::MAX - 1] {
        let error = open_zip(&zip("x/data.pkl", empty_dict, claimed)).unwrap_err();
        assert!(matches!(error, CheckpointError::TorchZip { .. }), "{error}");
    }
}

#[test]
fn hostile_pickles_are_refused() {
    // A call, a missing storage, sizes from nowhere, deep and repeated nesting, and plain nonsense.
    let system = b"\x80\x02}X\x01\0\0\0wcposix\nsystem\nX\x02\0\0\0ls\x85Rs.".to_vec();
    let error = open_zip(&zip("x/data.pkl", &system, system.len() as u32)).unwrap_err();
    assert!(error.to_string().contains("posix.system"), "{error}");
    let deep = [b"\x80\x02".to_vec(), b")".to_vec(), vec![0x85; 1_000_000], b".".to_vec()].concat();
    // x = (x, x), a thousand times: 2^1000 members if followed.
    let bomb = [b"\x80\x02)q\0".to_vec(), b"h\0h\0\x86q\0".repeat(1000), b".".to_vec()].concat();
    let long_text = b"\x80\x02X\xff\xff\xff\x7fabc.".to_vec();
    let no_stack = b"\x80\x02\x86.".to_vec();
    let no_mark = b"\x80\x02t.".to_vec();
    let no_memo = b"\x80\x02h\x07.".to_vec();
    let cut = b"\x80\x02}q".to_vec();
    let tensor = |n: &[u8], shape: &[u8]| {
        let storage =
            [b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpu".as_slice(), n, b"tQ"].concat();
        [
            b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n(",
            &storage[..],
            b"K\0",
            shape,
            b"\x85K\x01\x85\x89Nt",
            b"Rs.",
        ]
        .concat()
    };
    let no_storage = tensor(b"K\x04", b"K\x04");
    let huge = tensor(b"J\xff\xff\xff\x7f", b"J\xff\xff\xff\x7f");
    for pickle in [deep, bomb, long_text, no_stack, no_mark, no_memo, cut, no_storage, huge] {
        let error = open_zip(&zip("x/data.pkl", &pickle, pickle.len() as u32)).unwrap_err();
        assert!(matches!(error, CheckpointError::TorchZip { .. }), "{error}");
    }
}

#[test]
fn a_torch_archive_cut_or_changed_anywhere_is_no_panic() {
    let Some((_folder, path)) = copy() else { return };
    let file = path.join("projector_2023-05-25.pth");
    let whole = fs::read(&file).unwrap();
    for k in 0..60 {
        let mut bytes = whole[..whole.len() - k * whole.len() / 60].to_vec();
        let _ = open_zip(&bytes).map_err(|error| assert!(!error.to_string().is_empty()));
        // And whole, with one byte changed, in the pickle and in the directory at the end.
        bytes = whole.clone();
        let at = if k % 2 == 0 { 60 + k * 11 } else { whole.len() - 1 - k * 20 };
        bytes[at] ^= 0x55;
        drop(open_zip(&bytes));
    }
    assert!(open_zip(b"\x80\x02not a zip").unwrap_err().to_string().contains("1.6"));
    assert!(open_zip(b"").is_err());
}

#[test]
fn half_precision_is_opened_and_kept() {
    let Some((folder, path)) = copy() else { return };
    let checkpoint = Checkpoint::open(&path).unwrap();
    for dtype in [DType::F16, DType::BF16] {
        let half = folder.path().join(format!("{dtype:?}"));
        checkpoint.save(&half, Some(dtype)).unwrap();
        let opened = Checkpoint::open(&half).unwrap();
        assert!(opened.tensors.values().all(|t| t.dtype() == dtype));
        let again = folder.path().join(format!("{dtype:?}-again"));
        opened.save(&again, None).unwrap();
        let again = Checkpoint::open(&again).unwrap();
        for (name, tensor) in &opened.tensors {
            assert_eq!(tensor.bytes().unwrap(), again.tensors[name].bytes().unwrap(), "{name}");
        }
        SelfiesTed::load(&opened, DeviceChoice::Cpu).unwrap();
    }
}

#[test]
fn a_folder_that_holds_something_else_is_not_replaced() {
    let Some((folder, path)) = copy() else { return };
    let other = folder.path().join("precious");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("thesis.txt"), "words").unwrap();
    assert!(Checkpoint::open(&path).unwrap().save(&other, None).is_err());
    assert_eq!(fs::read_to_string(other.join("thesis.txt")).unwrap(), "words");
}
