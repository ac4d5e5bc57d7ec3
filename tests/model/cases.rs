//! What users bring to `fillscape model`: the practice cases about encoding.

use std::path::Path;
use std::process::{Command, Output, Stdio};

fn fillscape(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fillscape")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn case(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cases/practice/molecules").join(name);
    path.to_string_lossy().into_owned()
}

/// A text column of a Parquet table.
fn texts(path: &Path, name: &str) -> Vec<String> {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let reader = SerializedFileReader::new(std::fs::File::open(path).unwrap()).unwrap();
    let row = |row: parquet::record::Row| {
        row.get_column_iter().find(|(column, _)| *column == name).unwrap().1.to_string().trim_matches('"').to_owned()
    };
    reader.get_row_iter(None).unwrap().map(|found| row(found.unwrap())).collect()
}

#[test]
fn a_spaced_selfies_row_is_the_whole_molecule() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    std::fs::write(at("spaced.smi"), "[Br] [C] [C]\tbromoethane\n").unwrap();
    std::fs::write(at("plain.smi"), "[Br][C][C]\n").unwrap();
    std::fs::write(at("table.csv"), "id,selfies\nb,[Br] [C] [C]\n").unwrap();
    std::fs::write(at("smiles.smi"), "BrCC\n").unwrap();
    let encode = |name: &str, format: &str| {
        let (input, out) = (at(name), at(&format!("{name}.npy")));
        let output = fillscape(&[
            "model", "encode", "bundled", "--in", &input, "--format", format, "--kind", "latent", "--out", &out,
        ]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        std::fs::read(out).unwrap()
    };
    let expected = encode("smiles.smi", "smiles");
    for name in ["spaced.smi", "plain.smi", "table.csv"] {
        assert!(encode(name, "selfies") == expected, "{name} is encoded as another molecule");
    }
}

#[test]
fn salts_are_encoded_symbol_by_symbol() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (folder.path().join("salts.smi"), folder.path().join("salts.parquet"));
    std::fs::write(&input, "O.O\nCC(=O)O.CCN\nOCC\n").unwrap();
    let output = fillscape(&[
        "model",
        "encode",
        "bundled",
        "--in",
        &input.to_string_lossy(),
        "--kind",
        "pooled",
        "--out",
        &out.to_string_lossy(),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(!said(&output).contains("could not be encoded"), "{}", said(&output));
    // Symbols, and one token before and one after them.
    assert_eq!(texts(&out, "n_tokens"), ["5", "12", "5"]);
}

#[test]
fn cut_molecules_are_told_with_their_rows_and_marked_in_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("l.parquet");
    let output = fillscape(&[
        "model",
        "encode",
        "bundled",
        "--in",
        &case("long.smi"),
        "--kind",
        "latent",
        "--out",
        &out.to_string_lossy(),
    ]);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let cut = texts(&out, "cut");
    let rows: Vec<String> = (0..cut.len()).filter(|&row| cut[row] == "1").map(|row| row.to_string()).collect();
    assert!(rows.len() >= 4, "{cut:?}");
    assert!(said.contains(&format!("{} molecules are longer", rows.len())), "{said}");
    assert!(said.contains(&format!("(rows, from 0: {})", rows.join(", "))), "{said}");
}

#[test]
fn a_table_of_vectors_keeps_the_identifiers_of_its_file_and_names_the_column() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("t.parquet");
    let encode = |more: &[&str]| {
        let (input, target) = (case("two_columns.csv"), out.to_string_lossy().into_owned());
        fillscape(
            &[&["model", "encode", "bundled", "--in", &input, "--kind", "latent", "--out", &target], more].concat(),
        )
    };
    let output = encode(&[]);
    assert!(said(&output).contains("the column “smiles”"), "{}", said(&output));
    assert_eq!(texts(&out, "id"), ["A1", "A2", "A3"]);
    assert_eq!(texts(&out, "smiles"), ["CCO", "CCN", "CCC"]);
    let output = encode(&["--column", "smiles_result"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(texts(&out, "smiles")[0], "C[C@H](O)F");
}

#[test]
fn a_file_none_of_whose_molecules_can_be_encoded_fails() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (folder.path().join("x.smi"), folder.path().join("x.npy"));
    std::fs::write(&input, "C1CC\nCC(\n").unwrap();
    let output = fillscape(&[
        "model",
        "encode",
        "bundled",
        "--in",
        &input.to_string_lossy(),
        "--kind",
        "latent",
        "--out",
        &out.to_string_lossy(),
    ]);
    assert_eq!((output.status.code(), out.exists()), (Some(1), false), "{}", said(&output));
    assert!(said(&output).contains("all 2 rows failed"), "{}", said(&output));
}

/// The files of the bundled model that make up a checkpoint, copied into a folder.
fn copy_of_bundled(to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/model");
    for name in [
        "config.json",
        "fillscape.json",
        "generation_config.json",
        "invprojector.safetensors",
        "model.safetensors",
        "projector.safetensors",
        "projector_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ] {
        std::fs::copy(bundled.join(name), to.join(name)).unwrap();
    }
}

/// `model info` of a copy of the bundled model whose weights are changed: what it says, and the exit code.
fn info_of(change: impl FnOnce(&Path)) -> (String, i32) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    copy_of_bundled(&path);
    change(&path);
    let output = fillscape(&["model", "info", &path.to_string_lossy()]);
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), output.status.code().unwrap())
}

/// The tensors of a folder under other names, written to one of its files.
fn rename(path: &Path, file: &str, name: impl Fn(&str) -> Option<String>) {
    use fillscape::model::stored::{open_safetensors, write_safetensors};
    let tensors = open_safetensors(&path.join("model.safetensors")).unwrap();
    let named: Vec<_> = tensors.iter().filter_map(|(old, tensor)| Some((name(old)?, tensor))).collect();
    let new = path.join("new");
    write_safetensors(&new, &named.iter().map(|(name, tensor)| (name.as_str(), *tensor)).collect::<Vec<_>>()).unwrap();
    drop(named);
    drop(tensors);
    std::fs::rename(new, path.join(file)).unwrap();
}

fn digest(said: &str) -> &str {
    said.lines().find_map(|line| line.strip_prefix("digest")).expect("a digest").trim()
}

#[test]
fn names_that_compilers_and_old_versions_leave_are_understood() {
    let (said, code) = info_of(|_| {});
    assert_eq!(code, 0, "{said}");
    let expected = digest(&said).to_owned();
    let prefixed = |prefix: &'static str| move |name: &str| Some(format!("{prefix}{name}"));
    let same = |what: &str, (said, code): (String, i32)| {
        assert_eq!((code, said.contains("digest")), (0, true), "{what}: {said}");
        assert_eq!(digest(&said), expected, "{what}");
    };
    same("compiled", info_of(|path| rename(path, "model.safetensors", prefixed("_orig_mod."))));
    same("parallel", info_of(|path| rename(path, "model.safetensors", prefixed("module."))));
    let bare = |name: &str| Some(name.strip_prefix("model.").unwrap_or(name).to_owned());
    same("without its head", info_of(|path| rename(path, "model.safetensors", bare)));
    let decoder = |name: &str| {
        let tied = if name == "model.shared.weight" { "model.decoder.embed_tokens.weight" } else { name };
        Some(tied.to_owned())
    };
    same("only the decoder's embedding", info_of(|path| rename(path, "model.safetensors", decoder)));
    let without_bias = |name: &str| (name != "final_logits_bias").then(|| name.to_owned());
    let (said, code) = info_of(|path| rename(path, "model.safetensors", without_bias));
    assert_eq!(code, 0, "{said}");
    let (said, code) = info_of(|path| {
        use fillscape::model::StoredTensor;
        use fillscape::model::stored::{open_safetensors, write_safetensors};
        let file = path.join("model.safetensors");
        let mut tensors = open_safetensors(&file).unwrap();
        let version = candle_core::Tensor::new(&[3.0_f32], &candle_core::Device::Cpu).unwrap();
        for name in ["model.encoder.version", "model.decoder.version"] {
            tensors.insert(name.to_owned(), StoredTensor::from_tensor(&version).unwrap());
        }
        let new = path.join("new");
        write_safetensors(&new, &tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect::<Vec<_>>())
            .unwrap();
        drop(tensors);
        std::fs::rename(new, file).unwrap();
    });
    assert_eq!(code, 0, "{said}");
}

#[test]
fn shards_are_opened_and_a_missing_one_is_named() {
    let shards = |path: &Path| {
        let half = |first: bool| move |name: &str| ((name < "model.encoder") == first).then(|| name.to_owned());
        rename(path, "model-00001-of-00002.safetensors", half(true));
        rename(path, "model-00002-of-00002.safetensors", half(false));
        let tensors = fillscape::model::stored::open_safetensors(&path.join("model.safetensors")).unwrap();
        let file =
            |name: &String| format!("model-0000{}-of-00002.safetensors", 2 - u8::from(name.as_str() < "model.encoder"));
        let map: serde_json::Map<_, _> = tensors.keys().map(|name| (name.clone(), file(name).into())).collect();
        std::fs::write(path.join("model.safetensors.index.json"), serde_json::json!({ "weight_map": map }).to_string())
            .unwrap();
        drop(tensors);
        std::fs::remove_file(path.join("model.safetensors")).unwrap();
    };
    let (said, code) = info_of(shards);
    assert_eq!(code, 0, "{said}");
    let (said, code) = info_of(|path| {
        shards(path);
        std::fs::remove_file(path.join("model-00002-of-00002.safetensors")).unwrap();
    });
    assert_eq!(code, 1);
    assert!(said.contains("model-00002-of-00002.safetensors"), "{said}");
}

#[test]
fn what_a_failed_download_leaves_is_told_by_what_it_is() {
    for (content, words) in [
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d4d\nsize 822584\n",
            "a pointer of Git LFS; run git lfs",
        ),
        ("<!DOCTYPE html><html>restricted</html>", "a web page"),
    ] {
        let (said, code) = info_of(|path| std::fs::write(path.join("model.safetensors"), content).unwrap());
        assert_eq!((code, said.lines().count()), (1, 1), "{said}");
        assert!(said.contains(words), "{said}");
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("adapter_config.json"), "{}").unwrap();
    let output = fillscape(&["model", "info", &folder.path().to_string_lossy()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("a LoRA adapter alone"), "{}", said(&output));
}

#[test]
fn absurd_sizes_are_refused_before_anything_is_made() {
    let hostile = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cases/hostile");
    let (said, code) = info_of(|path| {
        std::fs::copy(hostile.join("config_layers/config.json"), path.join("config.json")).unwrap();
    });
    assert_eq!(code, 1);
    assert!(said.contains("encoder_layers is 16777216") && said.contains("1000"), "{said}");
    let (said, code) = info_of(|path| {
        std::fs::copy(hostile.join("odd_generation_config.json"), path.join("generation_config.json")).unwrap();
    });
    assert!(code == 0 || code == 1 && said.lines().count() <= 2, "{said}");
    let header = |tensors: &str| {
        let mut bytes = (tensors.len() as u64).to_le_bytes().to_vec();
        bytes.extend(tensors.as_bytes());
        bytes.extend([0; 64]);
        bytes
    };
    let overlapping = r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[4],"data_offsets":[8,24]}}"#;
    let (said, code) = info_of(|path| std::fs::write(path.join("model.safetensors"), header(overlapping)).unwrap());
    assert_eq!(code, 1);
    assert!(said.contains("a and b claim the same bytes"), "{said}");
    let mut many = String::from("{");
    (0..1_500_000)
        .for_each(|k| many.push_str(&format!("\"{k}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}},")));
    many.pop();
    many.push('}');
    let (said, code) = info_of(|path| std::fs::write(path.join("model.safetensors"), header(&many)).unwrap());
    assert_eq!(code, 1);
    assert!(said.contains("the header claims"), "{said}");
}

#[test]
fn a_folder_that_holds_anything_else_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let convert = |to: &Path| fillscape(&["model", "convert", "bundled", "--out", &to.to_string_lossy()]);
    // A folder with settings of some model, and a thesis.
    std::fs::create_dir(at("d")).unwrap();
    std::fs::write(at("d/config.json"), "{}").unwrap();
    std::fs::write(at("d/thesis.txt"), "x").unwrap();
    let output = convert(&at("d"));
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("which was not saved by Fillscape"), "{}", said(&output));
    assert_eq!(std::fs::read_to_string(at("d/thesis.txt")).unwrap(), "x");
    // A checkpoint of ours is replaced, unless something lies beside its files.
    assert_eq!(convert(&at("own")).status.code(), Some(0));
    assert_eq!(convert(&at("own")).status.code(), Some(0));
    std::fs::write(at("own/thesis.txt"), "x").unwrap();
    let output = convert(&at("own"));
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("thesis.txt") && at("own/thesis.txt").exists(), "{}", said(&output));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}
