//! `fillscape model` as a person runs it.

use std::path::Path;
use std::process::{Command, Output};

use parquet::file::reader::{FileReader, SerializedFileReader};

fn fillscape(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fillscape"))
        .args(arguments)
        .env_remove("HF_HUB_CACHE")
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A `.npy` array of uniform latents in [−1, 1), from a small generator.
fn write_latents(path: &Path, n: usize, dim: usize) {
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({n}, {dim}), }}");
    header = format!("{header:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    bytes.extend(header.bytes());
    let mut state = 1u64;
    for _ in 0..n * dim {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend(((state >> 40) as f32 / (1u64 << 23) as f32 - 1.0).to_le_bytes());
    }
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn molecules_become_a_table_of_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("x.smi"), folder.path().join("x.parquet"));
    std::fs::write(&input, "CCO ethanol\nC1CC broken\nc1ccccc1\n").unwrap();
    let run = |kind: &str, out: &Path| {
        let paths = [input.to_str().unwrap(), out.to_str().unwrap()];
        fillscape(&["model", "encode", "bundled", "--in", paths[0], "--kind", kind, "--out", paths[1]], &[])
    };
    let said_now = said(&run("latent", &output));
    assert!(said_now.contains("row 1"), "{said_now}");
    let reader = SerializedFileReader::new(std::fs::File::open(&output).unwrap()).unwrap();
    let names: Vec<String> =
        reader.metadata().file_metadata().schema().get_fields().iter().map(|f| f.name().to_owned()).collect();
    assert_eq!(
        (&names[..5], names.len()),
        (&["id", "smiles", "n_tokens", "cut", "latent_0"].map(str::to_owned)[..], 132)
    );
    let rows: Vec<Vec<String>> = reader
        .get_row_iter(None)
        .unwrap()
        .map(|row| row.unwrap().get_column_iter().take(5).map(|(_, field)| field.to_string()).collect())
        .collect();
    assert_eq!([&rows[0][0], &rows[1][0], &rows[2][0]], ["\"ethanol\"", "\"broken\"", "\"2\""]);
    assert_eq!(rows[1][4], "NaN");
    assert_ne!(rows[2][4], "NaN");
    let notes = reader.metadata().file_metadata().key_value_metadata().unwrap();
    assert!(notes.iter().any(|n| n.key == "fillscape.model" && n.value.as_ref().unwrap().contains("digest")));
    let wrong = said(&run("pooled", &folder.path().join("x.csv")));
    assert!(wrong.contains(".parquet tables"), "{wrong}");
}

#[test]
fn random_latents_of_the_bundled_model_decode_to_molecules() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("z.npy"), folder.path().join("z.csv"));
    write_latents(&input, 4096, 128);
    let paths = [input.to_str().unwrap(), output.to_str().unwrap()];
    let run = fillscape(&["model", "decode", "bundled", "--in", paths[0], "--out", paths[1]], &[]);
    assert!(run.status.success(), "{}", said(&run));
    let mut table = csv::Reader::from_path(&output).unwrap();
    let smiles: Vec<String> = table.records().map(|row| row.unwrap()[2].to_owned()).collect();
    let is_molecule = |smiles: &&String| !smiles.is_empty() && fillscape::chem::canonical_smiles(smiles).is_ok();
    let n_valid = smiles.iter().filter(is_molecule).count();
    assert_eq!((smiles.len(), n_valid), (4096, 4096));
    let info = said(&fillscape(&["model", "info", "bundled"], &[]));
    assert!(info.contains("none of [0, 1, 2, 3, 4, "), "{info}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_response_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("z.npy");
    write_latents(&input, 600, 128);
    let command = |target: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fillscape"));
        command.args(["model", "respond", "bundled", "--seed", "3", "--in", input.to_str().unwrap(), "--out", target]);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        command
    };
    let target = folder.path().join("s.npy");
    let partial = folder.path().join("s.npy.partial.json");
    let child = command(target.to_str().unwrap()).spawn().unwrap();
    while !partial.exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success() && said(&output).contains("the same command goes on"), "{}", said(&output));
    assert!(partial.exists() && !target.exists());
    let output = command(target.to_str().unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(!partial.exists());
    let whole = folder.path().join("whole.npy");
    assert!(command(whole.to_str().unwrap()).output().unwrap().status.success());
    assert_eq!(std::fs::read(&target).unwrap(), std::fs::read(&whole).unwrap());
}

#[test]
fn latents_that_are_no_numbers_leave_gaps_and_end_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, gappy) = (folder.path().join("whole.npy"), folder.path().join("gappy.npy"));
    write_latents(&whole, 5, 128);
    let mut bytes = std::fs::read(&whole).unwrap();
    // Coordinate 3 of row 1.
    let at = 128 + 4 * (128 + 3);
    bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&gappy, bytes).unwrap();
    let run = |command: &str, input: &Path, name: &str, more: &[&str]| {
        let out = folder.path().join(name);
        let paths = ["--in", input.to_str().unwrap(), "--out", out.to_str().unwrap()];
        let output = fillscape(&[&["model", command, "bundled"], &paths[..], more].concat(), &[]);
        assert!(output.status.success(), "{}", said(&output));
        (std::fs::read(out).unwrap(), said(&output))
    };
    let lines = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
    let (mut expected, (found, words)) =
        (lines(run("decode", &whole, "whole.csv", &[]).0), run("decode", &gappy, "gappy.csv", &[]));
    expected[2] = "1,,,,".to_owned();
    assert_eq!(lines(found), expected);
    assert!(words.contains("row 1: the latent vector has NaN at coordinate 3"), "{words}");
    let (expected, (found, words)) = (
        run("respond", &whole, "whole_r.npy", &["--neighbours", "2"]).0,
        run("respond", &gappy, "gappy_r.npy", &["--neighbours", "2"]),
    );
    let numbers = |bytes: &[u8]| bytes[128..].as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)).collect::<Vec<_>>();
    let (expected, found) = (numbers(&expected), numbers(&found));
    assert!(found[1].is_nan() && found.len() == 5, "{found:?}");
    assert!([0, 2, 3, 4].iter().all(|&k| found[k] == expected[k]), "{found:?} {expected:?}");
    assert!(words.contains("1 of 5 latent vectors"), "{words}");
}
