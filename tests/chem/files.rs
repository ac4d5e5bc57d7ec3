//! Files of molecules: formats, compressions, bad rows, hostile input, round trips.

#![allow(clippy::format_collect)] // short inputs, written where they are used

use std::io::{Read, Write};

use fillscape::atomic_file::AtomicFile;
use fillscape::chem::Molecule;
use fillscape::chem::files::{
    BadRow, Column, FileError, Format, MoleculeReader, ReadParams, Record, RowProblem, SdfEntry, SdfVersion, SdfWriter,
    SmilesWriter, TableWriter, map_in_order,
};
use proptest::prelude::*;

fn read(name: &str, bytes: &[u8], params: &ReadParams) -> Result<Vec<Result<Record, BadRow>>, FileError> {
    Ok(MoleculeReader::from_bytes(name, std::io::Cursor::new(bytes.to_vec()), params)?.collect())
}

fn rows(name: &str, bytes: &[u8]) -> Vec<Result<Record, BadRow>> {
    read(name, bytes, &ReadParams::default()).unwrap()
}

fn texts(rows: &[Result<Record, BadRow>]) -> Vec<String> {
    rows.iter().map(|row| row.as_ref().map_or_else(|bad| format!("! {}", bad.line), |row| row.text.clone())).collect()
}

fn with_column(column: &str) -> ReadParams {
    ReadParams { column: Some(column.parse::<Column>().unwrap()), ..ReadParams::default() }
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

#[test]
fn smi_lines_have_a_smiles_and_perhaps_a_name() {
    let rows =
        rows("x.smi", b"\xef\xbb\xbfSMILES Name\r\n# a comment\r\nCCO\tethyl alcohol\r\nc1ccccc1\r\n\r\nC\r\n\r\n\r\n");
    assert_eq!(texts(&rows), ["CCO", "c1ccccc1", "! 5", "C"]);
    let first = rows[0].as_ref().unwrap();
    assert_eq!((first.line, first.name.as_deref()), (3, Some("ethyl alcohol")));
    assert_eq!(rows[2].as_ref().unwrap_err().reason, RowProblem::Empty);
}

#[test]
fn the_column_is_found_by_heading_number_or_content() {
    let table = b"id,Drug,y\n1,CCO,0.5\n2,\"CC,\n\",1\n3,c1ccccc1,2\n";
    assert_eq!(texts(&rows("t.csv", table)), ["CCO", "CC,", "c1ccccc1"]);
    for column in ["Drug", "drug", "2"] {
        assert_eq!(texts(&read("t.csv", table, &with_column(column)).unwrap())[0], "CCO", "{column}");
    }
    let unnamed = b"a\tb\tc\n1\tCCO\tx y\n2\tCCN\tx z\n";
    assert_eq!(texts(&rows("t.tsv", unnamed)), ["CCO", "CCN"]);
    let headless = b"CCO,1\nCCN,2\n";
    assert_eq!(texts(&rows("t.csv", headless)), ["CCO", "CCN"]);
    assert_eq!(texts(&rows("t.csv", b"name;smiles\nx,y;CCO\n")), ["CCO"]);
    assert_eq!(texts(&rows("-", b"name,smiles\nx,CCO\n")), ["CCO"], "recognised without a file name");
    assert_eq!(texts(&rows("-", b"CCO name\nCCN\n")), ["CCO", "CCN"]);
}

#[test]
fn a_wrong_column_names_those_there_are() {
    let table = b"id,Drug,y\n1,CCO,0.5\n";
    for wanted in ["smiles", "0", "4"] {
        let error = read("t.csv", table, &with_column(wanted)).unwrap_err();
        assert!(matches!(&error, FileError::NoColumn { found, .. } if found.len() == 3), "{error}");
        assert!(error.to_string().contains("“Drug”") && error.to_string().contains(wanted), "{error}");
    }
    let error = read("t.csv", b"a,b\n1,2\n", &ReadParams::default()).unwrap_err();
    assert!(matches!(error, FileError::NoSmilesColumn { .. }), "{error}");
    let error = read("t.smi", b"CCO\n", &with_column("smiles")).unwrap_err();
    assert!(matches!(error, FileError::ColumnWithoutTable { .. }), "{error}");
}

#[test]
fn ragged_and_empty_rows_are_bad_rows_in_their_place() {
    let rows = rows("t.csv", b"id,smiles\n1,CCO\n2\n\n3,\n4,CCN,extra,more\n");
    assert_eq!(texts(&rows), ["CCO", "! 3", "! 4", "! 5", "CCN"]);
    assert_eq!(rows[1].as_ref().unwrap_err().reason, RowProblem::TooFewFields { found: 1, needed: 2 });
    assert_eq!(rows[2].as_ref().unwrap_err().reason, RowProblem::Empty);
    let bad = rows[3].as_ref().unwrap_err();
    assert_eq!((bad.column, bad.to_string()), (Some(2), "t.csv:5:2: the row is empty, expected a SMILES".to_owned()));
    assert_eq!(rows[4].as_ref().unwrap().fields.len(), 4);
}

#[test]
fn compression_is_known_by_its_first_bytes_whatever_the_name() {
    let text: String = (0..20_000).map(|i| format!("{} m{i}\n", "C".repeat(1 + i % 9))).collect();
    let expected = texts(&rows("x.smi", text.as_bytes()));
    let (front, back) = text.as_bytes().split_at(text.len() / 3);
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..], &zstd(text.as_bytes())].concat();
    for (what, bytes) in [
        ("gzip", gzipped(text.as_bytes())),
        ("gzip members", [gzipped(front), gzipped(back)].concat()),
        ("zstd", zstd(text.as_bytes())),
        ("zstd frames", [zstd(front), zstd(back)].concat()),
        ("skippable frame", skippable),
    ] {
        for name in ["x.smi", "x.smi.gz", "x.smi.zst", "-"] {
            assert!(texts(&rows(name, &bytes)) == expected, "{what} as {name}");
        }
    }
}

#[test]
fn a_file_that_breaks_off_ends_with_a_bad_row() {
    let text: String = (0..50_000).map(|i| format!("{} {i}\n", "CO".repeat(1 + i * 7 % 13))).collect();
    for whole in [gzipped(text.as_bytes()), zstd(text.as_bytes())] {
        let rows = rows("x.smi", &whole[..whole.len() / 2]);
        assert!(rows.len() > 1_000);
        let (last, before) = rows.split_last().unwrap();
        assert!(before.iter().all(Result::is_ok));
        let bad = last.as_ref().unwrap_err();
        assert!(bad.ends_file(), "{bad}");
        let mut wrong = whole.clone();
        let middle = wrong.len() / 2;
        wrong[middle..middle + 64].fill(0x5a);
        let damaged = read("x.smi", &wrong, &ReadParams::default()).unwrap();
        assert!(damaged.iter().flatten().count() < 50_000 || damaged.last().unwrap().is_err(), "damage goes unnoticed");
        assert!(damaged.iter().any(Result::is_err), "damage goes unnoticed");
    }
}

#[test]
fn what_is_no_text_is_refused_with_a_remedy() {
    let none = ReadParams::default();
    for empty in [&b""[..], &gzipped(b""), &zstd(b"")] {
        assert!(matches!(read("x.smi", empty, &none), Err(FileError::Empty { .. })));
    }
    for (bytes, word) in [
        (&b"\xff\xfeC\0"[..], "UTF-16"),
        (b"PK\x03\x04....", "zip"),
        (b"BZh91AY&SY", "bzip2"),
        (b"\xfd7zXZ\0\0\0", "xz"),
        (b"PAR1....", "Parquet"),
        (&gzipped(&gzipped(b"C")), "twice"),
    ] {
        let error = read("x.smi", bytes, &none).unwrap_err();
        assert!(matches!(error, FileError::NotText { .. }) && error.to_string().contains(word), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(MoleculeReader::open(folder.path(), &none), Err(FileError::Folder { .. })));
    assert!(matches!(MoleculeReader::open(folder.path().join("no"), &none), Err(FileError::Open { .. })));
}

#[test]
fn bad_bytes_spoil_one_row_only() {
    let rows = rows("x.smi", b"CC\nC\xffC\nC\0C\nCO\n");
    // What is no UTF-8 is read as Windows-1252; no SMILES holds such a character, so the row is bad when it is used.
    assert_eq!(texts(&rows), ["CC", "CÿC", "! 3", "CO"]);
    assert_eq!(rows[2].as_ref().unwrap_err().reason, RowProblem::ZeroByte);
}

/// Bytes made as they are read, so that a test can be larger than its memory.
struct Endless {
    head: std::io::Cursor<Vec<u8>>,
    left: u64,
    tail: std::io::Cursor<Vec<u8>>,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.head.read(buffer)?;
        if n > 0 || buffer.is_empty() {
            return Ok(n);
        }
        let n = self.left.min(buffer.len() as u64);
        if n > 0 {
            self.left -= n;
            buffer[..n as usize].fill(b'C');
            return Ok(n as usize);
        }
        self.tail.read(buffer)
    }
}

#[test]
fn a_line_of_200_megabytes_is_reported_and_passed_over() {
    for (name, head, tail) in
        [("x.smi", "CC\n", "\nCO\n"), ("x.csv", "smiles\nCC\n", "\nCO\n"), ("x.csv", "smiles\nCC\n\"", "\"\nCO\n")]
    {
        let bytes = Endless {
            head: std::io::Cursor::new(head.into()),
            left: 200 << 20,
            tail: std::io::Cursor::new(tail.into()),
        };
        let rows: Vec<_> = MoleculeReader::from_bytes(name, bytes, &ReadParams::default()).unwrap().collect();
        assert_eq!(rows.len(), 3, "{:?}", texts(&rows));
        let bad = rows[1].as_ref().unwrap_err();
        assert!(matches!(bad.reason, RowProblem::TooLong { .. }) && bad.text.chars().count() <= 201, "{bad}");
        assert_eq!(rows[2].as_ref().unwrap().text, "CO");
    }
}

const METHANOL: &str = "methanol\n\n\n  2  1  0  0  0  0  0  0  0  0999 V2000\n    0.0000    0.0000    0.0000 C   0  0\n    \
                        1.5000    0.0000    0.0000 O   0  0\n  1  2  1  0\nM  END\n";

#[test]
fn an_sdf_record_is_a_molecule_with_places_and_properties() {
    let text = format!("{METHANOL}>  <id>\n7\n\n$$$$\nbad\n\n\n  x\nM  END\n$$$$\n{METHANOL}");
    let rows = rows("x.sdf", text.as_bytes());
    assert_eq!(texts(&rows), ["CO", "! 16", "CO"]);
    let record = rows[0].as_ref().unwrap();
    let structure = record.structure.as_ref().unwrap();
    assert_eq!(record.name.as_deref(), Some("methanol"));
    assert_eq!(structure.coordinates.as_ref().unwrap()[1], [1.5, 0.0, 0.0]);
    assert_eq!(structure.properties, [("id".to_owned(), "7".to_owned())]);
    let bad = rows[1].as_ref().unwrap_err();
    assert!(matches!(&bad.reason, RowProblem::MolBlock { .. }), "{bad}");
    let crlf = text.replace('\n', "\r\n");
    assert_eq!(texts(&read("-", crlf.as_bytes(), &ReadParams::default()).unwrap()), ["CO", "! 16", "CO"]);
}

/// Strings that hold ring systems, charges, isotopes, both kinds of stereo, several components and a wildcard.
const VARIED: [&str; 16] = [
    "C[C@H](N)C(=O)O",
    "C[C@@H](N)C(=O)O",
    "F/C=C/Cl",
    "F/C=C\\Cl",
    "[NH3+]CC([O-])=O",
    "[13CH4]",
    "C1=CC2CCC1C2",
    "c1ccc2[nH]ccc2c1",
    "O=[N+]([O-])c1ccccc1",
    "[Na+].[Cl-]",
    "CC(=O)Oc1ccccc1C(=O)O",
    "*c1ccccc1",
    "C[C@]12CC[C@H]3[C@@H](CCC4=CC(=O)CC[C@]34C)[C@@H]1CC[C@@H]2O",
    "CS(=O)(=O)N1CCC2(CC1)CC2",
    "C#CC(C)(O)[C@H]1O[C@@H]1F",
    "n1(C)c(=O)n(C)c2ncn(C)c2c1=O",
];

fn through_sdf(molecule: &Molecule, version: SdfVersion, entry: &SdfEntry<'_>) -> Record {
    let mut writer = SdfWriter::new(Vec::new(), version);
    writer.write(molecule, entry).unwrap();
    let mut rows = rows("x.sdf", &writer.into_inner());
    assert_eq!(rows.len(), 1);
    rows.pop().unwrap().unwrap()
}

#[test]
fn molecules_come_back_from_both_kinds_of_sdf() {
    for smiles in VARIED {
        let molecule = Molecule::from_smiles(smiles).unwrap();
        for version in [SdfVersion::V2000, SdfVersion::V3000] {
            let properties = [("a b".to_owned(), "1\n\n$$$$\nlast".to_owned()), ("empty".to_owned(), String::new())];
            let entry = SdfEntry { name: "the name", properties: &properties, ..SdfEntry::default() };
            let record = through_sdf(&molecule, version, &entry);
            assert_eq!(record.text, molecule.canonical_smiles().unwrap(), "{smiles} {version:?}");
            assert_eq!(record.name.as_deref(), Some("the name"));
            let structure = record.structure.unwrap();
            assert_eq!(structure.coordinates.map_or(1, |places| places.len()), molecule.atoms().len(), "{smiles}");
            assert_eq!(structure.properties[0].1, "1\n \n $$$$\nlast");
            assert_eq!(structure.properties[1], ("empty".to_owned(), String::new()));
        }
    }
}

#[test]
fn more_than_999_atoms_are_written_as_v3000() {
    let molecule = Molecule::from_smiles(&"C".repeat(1_200)).unwrap();
    let places: Vec<[f64; 2]> = (0..1_200).map(|i| [f64::from(i), f64::from(i % 2)]).collect();
    let mut writer = SdfWriter::new(Vec::new(), SdfVersion::V2000);
    writer.write(&molecule, &SdfEntry { coordinates: Some(&places), ..SdfEntry::default() }).unwrap();
    let bytes = writer.into_inner();
    assert!(bytes.windows(5).any(|window| window == b"V3000"));
    assert_eq!(texts(&rows("x.sdf", &bytes)), [molecule.canonical_smiles().unwrap()]);
}

#[test]
fn coordinates_that_do_not_fit_are_refused() {
    let molecule = Molecule::from_smiles("CC").unwrap();
    let mut writer = SdfWriter::new(Vec::new(), SdfVersion::V2000);
    for bad in [&[[0.0, 0.0]][..], &[[0.0, 0.0], [f64::NAN, 0.0]], &[[0.0, 0.0], [1e9, 0.0]]] {
        let error = writer.write(&molecule, &SdfEntry { coordinates: Some(bad), ..SdfEntry::default() }).unwrap_err();
        assert!(matches!(error, FileError::NotWritable { .. }), "{error}");
    }
}

#[test]
fn every_molecule_of_the_reference_survives_sdf() {
    let Some(shared) = std::env::var_os("FILLSCAPE_SHARED") else {
        println!("skipped: FILLSCAPE_SHARED is not set");
        return;
    };
    let path = std::path::Path::new(&shared).join("data/moleculenet/bbbp/test.csv");
    let params = ReadParams::default();
    let mut n = [0, 0, 0];
    for row in MoleculeReader::open(path, &params).unwrap() {
        let Ok(molecule) = Molecule::from_smiles(&row.unwrap().text) else { continue };
        n[0] += 1;
        for (i, version) in [(1, SdfVersion::V2000), (2, SdfVersion::V3000)] {
            let mut writer = SdfWriter::new(Vec::new(), version);
            if let Err(error) = writer.write(&molecule, &SdfEntry::default()) {
                println!("{molecule:?}: {error}");
                continue;
            }
            let found = texts(&rows("x.sdf", &writer.into_inner()));
            if found == [molecule.canonical_smiles().unwrap()] {
                n[i] += 1;
            } else {
                println!("{molecule:?} {version:?} came back as {found:?}");
            }
        }
    }
    println!("{} molecules, V2000 {}, V3000 {}", n[0], n[1], n[2]);
    assert!(n[0] > 150 && n[1] * 100 >= n[0] * 99 && n[2] * 100 >= n[0] * 99, "{n:?}");
}

#[test]
fn written_tables_and_lists_are_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    let mut table = TableWriter::new(AtomicFile::create(&path).unwrap(), ',', &["input", "smiles", "error"]).unwrap();
    table.write_row(&["a,\"b\"\nc", "CCO", ""]).unwrap();
    assert!(matches!(table.write_row(&["a"]), Err(FileError::RowLength { found: 1, expected: 3 })));
    assert!(!path.exists(), "nothing is seen before the end");
    table.into_inner().commit().unwrap();
    let mut reader = MoleculeReader::open(&path, &ReadParams::default()).unwrap();
    assert_eq!(
        (reader.columns(), reader.format()),
        (&["input", "smiles", "error"].map(str::to_owned)[..], Format::Csv)
    );
    assert_eq!(reader.next().unwrap().unwrap().fields, ["a,\"b\"\nc", "CCO", ""]);

    let mut list = SmilesWriter::new(Vec::new());
    list.write("CCO", Some(" two\nlines ")).unwrap();
    list.write("C", None).unwrap();
    let rows = rows("x.smi", &list.into_inner());
    assert_eq!(texts(&rows), ["CCO", "C"]);
    assert_eq!(rows[0].as_ref().unwrap().name.as_deref(), Some("two lines"));
}

#[test]
fn rows_are_worked_on_in_order_bad_ones_included() {
    let text: String =
        (0..30_000).map(|i| if i % 7 == 0 { "\n".into() } else { format!("C{}\n", "O".repeat(i % 5)) }).collect();
    let reader =
        MoleculeReader::from_bytes("x.smi", std::io::Cursor::new(text + "CCCC\n"), &ReadParams::default()).unwrap();
    let lines: Vec<u64> = map_in_order(reader, |row| row.map_or_else(|bad| bad.line, |row| row.line)).collect();
    assert_eq!(lines, (1..=30_001).collect::<Vec<u64>>());
}

/// Peak memory of this process in MiB, where the system tells.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

/// Ten million lines; run with `--ignored` and alone. Prints lines a second and the growth of the peak memory.
#[test]
#[ignore = "takes a minute; alone in its process, for it measures memory"]
fn ten_million_lines_are_read_in_constant_memory() {
    const N: u64 = 10_000_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("big.smi.gz");
    let mut encoder = flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), flate2::Compression::fast());
    let mut line = String::new();
    for i in 0..N {
        line.clear();
        std::fmt::Write::write_fmt(
            &mut line,
            format_args!("CC(C)c1ccc({}N)cc1 molecule {i}\n", "C".repeat((i % 30) as usize)),
        )
        .unwrap();
        encoder.write_all(line.as_bytes()).unwrap();
    }
    encoder.finish().unwrap();
    let before = peak_mib();
    let start = std::time::Instant::now();
    let reader = MoleculeReader::open(&path, &ReadParams::default()).unwrap();
    assert_eq!(reader.map(|row| u64::from(row.is_ok())).sum::<u64>(), N);
    let serial = start.elapsed().as_secs_f64();
    let after_serial = peak_mib();
    let start = std::time::Instant::now();
    let reader = MoleculeReader::open(&path, &ReadParams::default()).unwrap();
    let total: u64 = map_in_order(reader, |row| row.unwrap().text.len() as u64 / 10_000 + 1).sum();
    assert_eq!(total, N);
    let parallel = start.elapsed().as_secs_f64();
    let after = peak_mib();
    println!(
        "read: {:.2} million lines/s, through map_in_order: {:.2}",
        N as f64 / serial / 1e6,
        N as f64 / parallel / 1e6
    );
    println!("peak memory in MiB: before {before:?}, after reading {after_serial:?}, after mapping {after:?}");
    if let (Some(before), Some(after)) = (before, after) {
        assert!(after - before < 64, "grew by {} MiB", after - before);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in 0..5) {
        let format = [Format::Detect, Format::Smi, Format::Csv, Format::Tsv, Format::Sdf][kind as usize];
        let params = ReadParams { format, max_row_bytes: 64, ..ReadParams::default() };
        if let Ok(rows) = read("x", &bytes, &params) {
            prop_assert!(rows.len() <= 300);
        }
    }

    #[test]
    fn a_damaged_sdf_is_read_without_panic(at in 0_usize..200, byte in any::<u8>(), cut in 0_usize..200) {
        let mut bytes = METHANOL.as_bytes().to_vec();
        let n = bytes.len();
        bytes[at % n] = byte;
        bytes.truncate(n - cut % n);
        for text in [bytes.clone(), String::from_utf8_lossy(&bytes).replace("V2000", "V3000").into_bytes()] {
            let _ = read("x.sdf", &text, &ReadParams::default());
        }
    }

    #[test]
    fn a_written_table_is_read_back(values in proptest::collection::vec("[a,\"\t é\n;]{0,12}", 3), tab in any::<bool>()) {
        let (delimiter, format) = if tab { ('\t', Format::Tsv) } else { (',', Format::Csv) };
        let mut table = TableWriter::new(Vec::new(), delimiter, &["smiles", "x", "y", "z"]).unwrap();
        let row = ["C", &values[0], &values[1], &values[2]];
        table.write_row(&row).unwrap();
        let params = ReadParams { format, ..ReadParams::default() };
        let rows = read("x", &table.into_inner(), &params).unwrap();
        prop_assert_eq!(&rows[0].as_ref().unwrap().fields, &row.map(str::to_owned));
        prop_assert_eq!(rows.len(), 1);
    }
}
