//! Files of molecules as people bring them, and hostile ones: what the READMEs of `tests/data/cases` expect.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn cases(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cases").join(below)
}

fn fillscape(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fillscape")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// The columns `canonical` and `error` of a file, standard error, and the exit code.
fn canonical(path: &Path, more: &[&str]) -> (Vec<String>, Vec<String>, String, i32) {
    let path = path.to_string_lossy();
    let output = fillscape(&[&["mol", "canonical", &path], more].concat());
    let mut reader = csv::Reader::from_reader(output.stdout.as_slice());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let column = |k: usize| rows.iter().map(|row| row[k].to_owned()).collect();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (column(1), column(2), said, output.status.code().unwrap())
}

/// A practice file whose rows are all good.
fn good(name: &str, expected: &[&str]) -> String {
    let (found, errors, said, code) = canonical(&cases("practice/molecules").join(name), &[]);
    assert_eq!(
        (found.as_slice(), code),
        (&expected.iter().map(ToString::to_string).collect::<Vec<_>>()[..], 0),
        "{name}: {errors:?} {said}"
    );
    said
}

/// A practice file that is refused with one sentence that holds these words.
fn refused(name: &str, words: &[&str]) {
    let (found, _, said, code) = canonical(&cases("practice/molecules").join(name), &[]);
    assert_eq!((found.len(), code, said.trim().lines().count()), (0, 1, 1), "{name}: {said}");
    for word in words {
        assert!(said.contains(word), "{name}: {said}");
    }
}

#[test]
fn lines_may_end_with_a_carriage_return_alone() {
    good("carriage_returns.csv", &["CCO", "CCC"]);
    good("carriage_returns.smi", &["CCO", "CCC", "c1ccccc1"]);
}

#[test]
fn every_frame_of_a_zstd_file_is_read() {
    let (found, _, said, code) = canonical(&cases("practice/molecules/two_wide_frames.smi.zst"), &[]);
    assert_eq!((found.len(), code), (80_000, 0), "{said}");
    assert!(found.iter().all(|smiles| !smiles.is_empty()));
}

#[test]
fn extensions_of_cxsmiles_are_left_out_and_told() {
    let said = good("cxsmiles_cells.csv", &["C[C@@H]1CC[C@H](C(=O)N2CCC=C(F)C2)O1", "C[C@H](N)O", "CCO"]);
    assert!(said.contains("extensions (|…|) of 2 rows") && said.contains("cxsmiles_cells.csv:2"), "{said}");
    let (found, errors, _, code) = canonical(&cases("practice/molecules/cxsmiles_cut.csv"), &[]);
    assert_eq!((found, code), (vec!["CCO".to_owned(), String::new(), "CCC".to_owned()], 0));
    assert!(errors[1].contains("“|&1:1”") && errors[1].contains(":3:2"), "{errors:?}");
}

#[test]
fn names_in_windows_1252_are_read_with_one_warning() {
    for (name, expected) in [
        ("windows1252_names.csv", &["CCO", "CCC", "CCN"][..]),
        ("windows1252_heading.csv", &["CCO", "CCC"]),
        ("windows1252_item.sdf", &["CCO", "CCC"]),
    ] {
        let said = good(name, expected);
        assert_eq!(said.matches("Windows-1252").count(), 1, "{said}");
    }
}

#[test]
fn old_and_odd_mol_blocks_are_read() {
    good("deuterium_symbol.sdf", &["[2H][13CH2][CH][O-]"]);
    good("counts_without_version.sdf", &["CCO", "CCC"]);
    good("blank_lines_of_one_space.sdf", &["CCO", "CCC"]);
    good("blank_before_end.sdf", &["CCO", "CCC"]);
    let reader = fillscape::chem::files::MoleculeReader::open(
        cases("practice/molecules/blank_lines_of_one_space.sdf"),
        &fillscape::chem::files::ReadParams::default(),
    );
    let first = reader.unwrap().next().unwrap().unwrap().structure.unwrap();
    let items = [("ID", "0000038266"), ("COMMENT", "Natural Product"), ("Y", "1.5")];
    assert_eq!(first.properties, items.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn lists_of_molecules_that_are_not_quite_are_understood_or_told_apart() {
    let said = good("commas.smi", &["CCO", "CCC"]);
    assert!(said.contains("read as a table with commas"), "{said}");
    good("unknown_heading.smi", &["CCO", "CCC"]);
    for name in ["identifier_first.smi", "identifier_first.txt"] {
        refused(name, &["column 2", "--column 2", name]);
        let (found, _, said, code) = canonical(&cases("practice/molecules").join(name), &["--column", "2"]);
        assert_eq!((found.join(" ").as_str(), code), ("CCO CCC c1ccccc1", 0), "{said}");
    }
}

#[test]
fn files_that_hold_no_molecules_are_told_by_what_they_are() {
    refused("datawarrior.dwar", &["a DataWarrior table", "save it there as SDF or CSV"]);
    refused("table.feather", &["an Arrow (Feather) table", "save it as CSV"]);
    refused("error_page.smi", &["a web page", "download it again"]);
}

#[test]
fn zeros_after_a_gzip_stream_are_padding() {
    let said = good("zero_padded.smi.gz", &["CCO", "CCC"]);
    assert!(said.contains("zeros"), "{said}");
}

#[test]
fn an_atom_map_is_never_another_number() {
    let (found, errors, _, code) = canonical(&cases("practice/molecules/large_atom_maps.smi"), &[]);
    assert_eq!((found.concat().as_str(), code), ("", 1));
    assert!(errors[0].contains("70000") && errors[1].contains("65536"), "{errors:?}");
}

#[test]
fn a_cage_that_cannot_be_handled_is_refused_in_our_words() {
    let (_, errors, _, code) = canonical(&cases("practice/molecules/hard_rings.smi"), &[]);
    assert_eq!(code, 1);
    assert!(errors[0].contains("rings") && !errors[0].contains("RDKit"), "{errors:?}");
}

#[test]
fn a_canonical_form_is_that_of_itself() {
    let (first, ..) = canonical(&cases("practice/molecules/alternating.smi"), &[]);
    assert!(first.len() > 1 && first.iter().all(|smiles| !smiles.is_empty()));
    for smiles in first {
        assert_eq!(fillscape::chem::canonical_smiles(&smiles).as_deref(), Ok(smiles.as_str()));
    }
}

#[test]
fn characters_that_cannot_be_seen_are_named_by_their_code() {
    let (_, errors, ..) = canonical(&cases("practice/molecules/invisible.smi"), &[]);
    for (error, code) in errors.iter().zip(["U+200B", "U+201C", "U+FEFF"]) {
        assert!(error.contains(code), "{error}");
    }
}

#[test]
fn metals_and_long_ring_numbers_stay_as_rdkit_has_them() {
    let path = cases("practice/molecules/rdkit_agrees.smi");
    let lines = std::fs::read_to_string(&path).unwrap();
    let unchanged = |k: usize| lines.lines().nth(k).unwrap().split_whitespace().next().unwrap().to_owned();
    let (found, errors, _, code) = canonical(&path, &[]);
    let expected = [
        "[NH3]->[Pt]1(<-[NH3])[O]CC(=O)[O]1".to_owned(),
        "[NH3]->[Pt](<-[NH3])([Cl])[Cl]".to_owned(),
        "O=C1[O][Pt]2(<-[NH2][C@@H]3CCCC[C@H]3[NH2]->2)[O]C1=O".to_owned(),
        "[NH3]->[Pt]1(<-[NH3])[O]C(=O)C2(CCC2)C(=O)[O]1".to_owned(),
        "[NH3]->[Pt](<-[NH3])([Cl])[Cl]".to_owned(),
        "C1C[NH2]->[Pt]<-[NH2]1".to_owned(),
        unchanged(6),
        String::new(),
        "[O]=[Cr](=[O])([O-])[O][Cr](=[O])(=[O])[O-]".to_owned(),
        unchanged(9),
        "C1CCCCC1".to_owned(),
        "C1CCCC1".to_owned(),
        "F[P-](F)(F)(F)(F)F".to_owned(),
        "OC1C[N@]2CC[C@@H]1CC2".to_owned(),
    ];
    assert_eq!((found.as_slice(), code), (&expected[..], 0));
    assert!(errors[7].contains("valence"), "{errors:?}");
}

#[test]
fn a_table_with_two_columns_of_molecules_says_which_was_taken() {
    let said = good("two_columns.csv", &["CCO", "CCN", "CCC"]);
    assert!(said.contains("“smiles”") && said.contains("“smiles_result”") && said.contains("--column"), "{said}");
    let path = cases("practice/molecules/two_columns.csv");
    let (found, _, said, code) = canonical(&path, &["--column", "smiles_result"]);
    assert_eq!((found.join(" ").as_str(), code), ("C[C@H](O)F C[C@H](N)F CC(C)F", 0));
    assert!(!said.contains("could be meant"), "{said}");
}

#[test]
fn a_place_that_is_no_number_spoils_its_record_alone() {
    let ethanol = std::fs::read_to_string(cases("practice/molecules/counts_without_version.sdf")).unwrap();
    let good = format!("{}$$$$\n", ethanol.split("$$$$").next().unwrap());
    let folder = tempfile::tempdir().unwrap();
    for name in ["inf.sdf", "sdf_inf_y_panic.sdf", "nan.sdf", "nan3.sdf", "big.sdf", "big3.sdf"] {
        let path = folder.path().join(name);
        let bad = std::fs::read_to_string(cases("hostile").join(name)).unwrap();
        std::fs::write(&path, format!("{good}{}\n{good}", bad.trim_end_matches('\n'))).unwrap();
        let (found, errors, said, code) = canonical(&path, &[]);
        assert_eq!((found.as_slice(), code), (&["CCO".to_owned(), String::new(), "CCO".to_owned()][..], 0), "{said}");
        assert!(errors[1].contains("coordinate") && errors[1].contains(name), "{errors:?}");
    }
}

#[test]
fn quotes_that_nothing_closes_cost_no_more_than_their_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    // A reader that looks at every line again for every open quote needs hours for this.
    let lines = std::fs::read_to_string(cases("hostile/quadratic_quotes.csv")).unwrap();
    std::fs::write(&path, lines.repeat(12)).unwrap();
    let (found, errors, _, code) = canonical(&path, &[]);
    assert_eq!((found.len(), code), (lines.lines().count() * 12 - 1, 1));
    assert!(errors.iter().all(|error| !error.is_empty()));
}

#[test]
fn a_chain_of_99_000_carbons_is_refused_with_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.smi");
    std::fs::write(&path, "C".repeat(99_000)).unwrap();
    let (_, errors, _, code) = canonical(&path, &[]);
    assert_eq!(code, 1);
    assert!(errors[0].contains("99000 atoms") && errors[0].contains("20000"), "{errors:?}");
}

#[test]
fn a_file_that_breaks_off_fails_unless_a_part_is_allowed() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut rows = String::new();
    (0..3_000).for_each(|n| rows.push_str(&format!("{} molecule {n} {}\n", "C".repeat(1 + n % 40), n * 7919 % 1000)));
    encoder.write_all(rows.as_bytes()).unwrap();
    let bytes = encoder.finish().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (folder.path().join("x.smi.gz"), folder.path().join("out.csv"));
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let run = |more: &[&str]| {
        fillscape(&[&["mol", "canonical", &path.to_string_lossy(), "--out", &out.to_string_lossy()], more].concat())
    };
    let output = run(&[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("break off") && said.contains("--allow-partial") && !out.exists(), "{said}");
    let output = run(&["--allow-partial"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("that of a part of the file") && out.exists(), "{said}");
}

#[test]
fn selfies_may_have_blanks_between_their_symbols() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.smi");
    std::fs::write(&path, "[Br] [C] [C]\n[Br][C][C]\tbromoethane\n").unwrap();
    let output = fillscape(&["mol", "smiles", &path.to_string_lossy()]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said.lines().skip(1).map(|row| row.split(',').nth(1).unwrap()).collect::<Vec<_>>(), ["BrCC", "BrCC"]);
}
