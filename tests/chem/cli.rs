//! `fillscape mol` as a person runs it: columns, order, exit codes, files.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::common::{json, shared};

fn fillscape(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fillscape"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its usage closes the pipe before it reads.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn rows(output: &Output) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(output.stdout.as_slice());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn one_row_in_is_one_row_out_and_bad_rows_say_why() {
    let output = fillscape(&["mol", "canonical"], "OCC\nC1CC\n\nC(C)(C)(C)(C)C\n[CH3]O\n");
    assert_eq!(output.status.code(), Some(0));
    let rows = rows(&output);
    assert_eq!(rows[0], ["input", "canonical", "error"]);
    assert_eq!(rows[1], ["OCC", "CCO", ""]);
    assert_eq!(rows[2][..2], ["C1CC", ""]);
    assert!(rows[2][2].contains("ring bond 1") && rows[2][2].contains("character"), "{:?}", rows[2]);
    assert!(!rows[3][2].is_empty(), "{:?}", rows[3]);
    assert!(rows[4][2].contains("valence"), "{:?}", rows[4]);
    assert_eq!(rows[5], ["[CH3]O", "CO", ""]);
    assert_eq!(rows.len(), 6);
}

#[test]
fn the_columns_are_those_that_are_documented() {
    let header = |command: &[&str]| rows(&fillscape(command, "CCO\n"))[0].join(",");
    assert_eq!(header(&["mol", "selfies"]), "input,selfies,error");
    assert_eq!(header(&["mol", "smiles"]), "input,smiles,error");
    assert_eq!(header(&["mol", "fingerprint", "--radius", "3", "--bits", "2048"]), "input,on_bits,error");
    assert_eq!(
        header(&["mol", "descriptors"]),
        "input,MolWt,MolLogP,TPSA,NumHDonors,NumHAcceptors,NumRotatableBonds,RingCount,FractionCSP3,QED,\
         HeavyAtomCount,FormalCharge,error"
    );
    assert_eq!(header(&["mol", "similarity", "--query", "CCO"]), "input,tanimoto,error");
}

#[test]
fn selfies_go_there_and_back() {
    let there = rows(&fillscape(&["mol", "selfies"], "CC(=O)O\n"));
    assert_eq!(there[1][1], "[C][C][=Branch1][C][=O][O]");
    let back = rows(&fillscape(&["mol", "smiles"], &there[1][1]));
    assert_eq!(back[1][1], "CC(=O)O");
}

#[test]
fn a_column_of_a_table_is_read_and_the_result_written_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (table, result) = (folder.path().join("in.csv"), folder.path().join("out.csv"));
    std::fs::write(&table, "\u{feff}name,drug\r\n\"acid, acetic\",CC(=O)O\r\nbenzene,c1ccccc1\r\n").unwrap();
    let output = fillscape(
        &["mol", "canonical", table.to_str().unwrap(), "--column", "drug", "--out", result.to_str().unwrap()],
        "",
    );
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty());
    assert_eq!(
        std::fs::read_to_string(&result).unwrap(),
        "input,canonical,error\nCC(=O)O,CC(=O)O,\nc1ccccc1,c1ccccc1,\n"
    );

    let missing = fillscape(&["mol", "canonical", table.to_str().unwrap(), "--column", "smile"], "");
    assert_eq!(missing.status.code(), Some(1));
    let message = String::from_utf8_lossy(&missing.stderr);
    assert!(message.contains("smile") && message.contains("drug"), "{message}");
}

#[test]
fn json_has_one_object_a_row() {
    let output = fillscape(&["mol", "descriptors", "--json"], "CCO\nC(\n");
    let lines: Vec<serde_json::Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert!((lines[0]["MolWt"].as_f64().unwrap() - 46.069).abs() < 1e-3);
    assert!(lines[0]["error"].is_null());
    assert!(lines[1]["MolWt"].is_null() && lines[1]["error"].is_string());
}

#[test]
fn wrong_usage_ends_with_2_and_a_failure_with_1() {
    assert_eq!(fillscape(&["mol", "canonicalise"], "").status.code(), Some(2));
    assert_eq!(fillscape(&["mol", "fingerprint", "--radius", "9"], "C\n").status.code(), Some(2));
    let missing = fillscape(&["mol", "canonical", "no/such/file.smi"], "");
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no/such/file.smi"));
    for command in ["canonical", "selfies", "smiles", "fingerprint", "descriptors", "similarity"] {
        let help = fillscape(&["mol", command, "--help"], "");
        assert_eq!(help.status.code(), Some(0));
        assert!(String::from_utf8_lossy(&help.stdout).contains("Example:"), "mol {command} --help has an example");
    }
}

#[test]
fn the_fingerprint_table_is_rdkits() {
    let (Some(molecules), Some(morgan)) =
        (shared("reference/chem/molecules.json"), shared("reference/chem/morgan.json"))
    else {
        return;
    };
    let molecules = json(molecules);
    let smiles: Vec<&str> =
        molecules.as_array().unwrap()[..200].iter().map(|m| m["smiles"].as_str().unwrap()).collect();
    let rows = rows(&fillscape(&["mol", "fingerprint", "--radius", "3", "--bits", "2048"], &smiles.join("\n")));
    for (row, expected) in rows[1..].iter().zip(json(morgan).as_array().unwrap()) {
        let bits: Vec<String> = expected["r3_2048"].as_array().unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(row[1], bits.join(" "), "{}", row[0]);
    }
}
