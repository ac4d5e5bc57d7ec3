//! Network files: what is written comes back; malformed files are errors with file, line and column.

use fillscape::landscape::files::{
    FilesError, NETWORK_FILE, NetworkFiles, read_native, read_network, read_topsearch, write_native, write_topsearch,
};
use fillscape::landscape::{KineticTransitionNetwork, MinimumId, NetworkError, SamePoint, Support};
use proptest::prelude::*;
use std::fs;
use std::path::Path;

fn sample() -> NetworkFiles {
    let same_point = SamePoint { scale: vec![0.04, 0.1], energy: f64::INFINITY };
    let mut network = KineticTransitionNetwork::new(same_point).unwrap();
    for k in 0..4 {
        let support = Support { n_bound: Some(k), lowest_eigenvalue: Some(-0.1 / 3.0), ..Support::default() };
        let x = vec![f64::from(k) / 3.0, -0.0];
        network.push_minimum(x, 1.0 / f64::from(k + 7), if k == 2 { Support::default() } else { support }).unwrap();
    }
    network.remove_minima(&[MinimumId(1)]);
    let ends = (MinimumId(3), MinimumId(0));
    network.push_transition_state(vec![1e-300, 5e-324], 2.0 / 3.0, ends, Support::default()).unwrap();
    network.push_transition_state(vec![0.1, 0.2], 0.7, (ends.0, ends.0), Support::default()).unwrap();
    NetworkFiles { network, pairs: vec![(MinimumId(2), MinimumId(3)), (MinimumId(0), MinimumId(3))] }
}

#[test]
fn own_format_keeps_everything() {
    let folder = tempfile::tempdir().unwrap();
    let files = sample();
    write_native(folder.path(), &files).unwrap();
    assert_eq!(read_native(folder.path()).unwrap(), files);
    assert_eq!(read_network(folder.path()).unwrap(), files);
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 6, "no temporary files are left: {left:?}");
    let mut back = read_native(folder.path()).unwrap().network;
    assert_eq!(back.push_minimum(vec![0.0, 0.0], 0.0, Support::default()).unwrap(), MinimumId(4));
}

#[test]
fn topsearch_format_closes_gaps_in_ids() {
    let folder = tempfile::tempdir().unwrap();
    write_topsearch(folder.path(), ".part", &sample()).unwrap();
    assert_eq!(
        fs::read_to_string(folder.path().join("ts.data.part")).unwrap(),
        "2 0 6.6666666666666663e-01\n2 2 6.9999999999999996e-01\n"
    );
    assert_eq!(fs::read_to_string(folder.path().join("pairlist.part")).unwrap(), "1 2\n0 2\n");
    let back = read_topsearch(folder.path(), ".part").unwrap();
    assert_eq!(back.network.minima().iter().map(|m| m.id.0).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(back.network.minima()[1].x, sample().network.minima()[1].x);
    assert_eq!(back.network.transition_states()[0].x, [1e-300, 5e-324]);
}

#[test]
fn empty_network_is_written_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let files = NetworkFiles { network: KineticTransitionNetwork::in_unit_box(3), pairs: Vec::new() };
    write_native(folder.path(), &files).unwrap();
    assert_eq!(read_native(folder.path()).unwrap(), files);
    write_topsearch(folder.path(), "", &files).unwrap();
    let back = read_topsearch(folder.path(), "").unwrap();
    assert!(back.network.minima().is_empty() && back.network.transition_states().is_empty());
}

/// Writes TopSearch files of two minima and a transition state with one of them replaced, and reads them.
fn read_with(name: &str, text: &str) -> Result<NetworkFiles, FilesError> {
    let folder = tempfile::tempdir().unwrap();
    for (file, good) in [
        ("min.data", "0 -1.0\n1 -2.0\n"),
        ("min.coords", "0.0 0.1\n0.2 0.3\n"),
        ("ts.data", "0 1 0.5\n"),
        ("ts.coords", "0.1 0.2\n"),
        ("pairlist", "0 1\n"),
    ] {
        fs::write(folder.path().join(file), if file == name { text } else { good }).unwrap();
    }
    read_topsearch(folder.path(), "")
}

#[test]
fn malformed_topsearch_files_name_file_line_and_column() {
    assert!(read_with("none", "").is_ok());
    assert!(read_with("min.data", "# a comment\r\n\r\n0 -1.0 \r\n  1\t-2.0").is_ok());
    for (name, text, line, column, found) in [
        ("min.data", "0 -1.0\n1 nan\n", 2, 3, "“nan”"),
        ("min.data", "0 -1.0\n1 -inf\n", 2, 3, "“-inf”"),
        ("min.data", "0 -1.0\n2 -2.0\n", 2, 1, "“2”"),
        ("min.data", "0 -1.0\n1\n", 2, 2, "the end of the line"),
        ("min.data", "0 -1.0 7\n1 -2.0\n", 1, 8, "“7”"),
        ("min.data", "0 -1.0\n1 1,5\n", 2, 3, "“1,5”"),
        ("min.coords", "0.0 0.1\n0.2\n", 2, 4, "the end of the line"),
        ("min.coords", "0.0 0.1\n0.2 0.3 0.4\n", 2, 9, "“0.4”"),
        ("min.coords", "0.0 x\n0.2 0.3\n", 1, 5, "“x”"),
        ("ts.data", "0 2 0.5\n", 1, 3, "“2”"),
        ("ts.data", "-1 0 0.5\n", 1, 1, "“-1”"),
        ("ts.data", "0 1 NaN\n", 1, 5, "“NaN”"),
        ("ts.coords", "0.1 0.2 0.3\n", 1, 9, "“0.3”"),
        ("pairlist", "0 1\n\n1\n", 3, 2, "the end of the line"),
    ] {
        match read_with(name, text) {
            Err(FilesError::Syntax { path, line: l, column: c, found: f, .. }) => {
                assert!(path.ends_with(name), "{path:?}");
                assert_eq!((l, c, f.as_str()), (line, column, found), "{name}: {text}");
            }
            other => panic!("{name} {text:?}: {other:?}"),
        }
    }
    for (name, text) in [("min.data", ""), ("min.coords", ""), ("ts.data", ""), ("ts.coords", "0 0\n0 0\n")] {
        let result = read_with(name, text);
        assert!(
            matches!(result, Err(FilesError::Rows { .. } | FilesError::Syntax { .. })),
            "{name} {text:?}: {result:?}"
        );
    }
    assert!(matches!(read_topsearch(Path::new("no/such/folder"), ""), Err(FilesError::Read { .. })));
    assert!(matches!(read_network(Path::new("no/such/folder")), Err(FilesError::NoNetwork(_))));
}

/// Writes the sample in our own format, changes one file (and takes the checksums away if asked), and reads it.
fn read_changed(name: &str, from: &str, to: &str, keep_checksums: bool) -> Result<NetworkFiles, FilesError> {
    let folder = tempfile::tempdir().unwrap();
    write_native(folder.path(), &sample()).unwrap();
    let replace = |name: &str, from: &str, to: &str| {
        let path = folder.path().join(name);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from:?} in {text}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
    };
    replace(name, from, to);
    if !keep_checksums {
        let path = folder.path().join(NETWORK_FILE);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.split("[checksums]").next().unwrap()).unwrap();
    }
    read_native(folder.path())
}

#[test]
fn malformed_own_files_are_errors() {
    assert!(matches!(read_changed("minima.csv", "0.1", "0.2", true), Err(FilesError::Checksum { .. })));
    assert!(read_changed("minima.csv", "0.1", "0.2", false).is_ok(), "changed on purpose");
    let network_error = |result| match result {
        Err(FilesError::Network { path, row, source }) => (path.file_name().unwrap().to_owned(), row, source),
        other => panic!("{other:?}"),
    };
    let (file, row, source) = network_error(read_changed("minima.csv", "\n2,", "\n9,", false));
    assert_eq!((file.to_str(), row), (Some("minima.csv"), 1));
    assert_eq!(source, NetworkError::Order { kind: "minimum", id: 9, next: 4 });
    let (file, row, source) = network_error(read_changed("transition_states.csv", "\n1,3,3", "\n1,3,1", false));
    assert_eq!(
        (file.to_str(), row, source),
        (Some("transition_states.csv"), 1, NetworkError::UnknownMinimum(MinimumId(1)))
    );
    let (file, row, _) = network_error(read_changed("pairs.csv", "\n0,3", "\n0,1", false));
    assert_eq!((file.to_str(), row), (Some("pairs.csv"), 1));
    let syntax = read_changed("transition_states.csv", "0.7", "NaN", false);
    assert!(matches!(syntax, Err(FilesError::Syntax { line: 3, column: 7, .. })), "{syntax:?}");
    assert!(matches!(
        read_changed("pairs.csv", "0,3\n", "", false),
        Err(FilesError::Rows { found: 1, expected: 2, .. })
    ));
    assert!(matches!(
        read_changed(NETWORK_FILE, "version = 1", "version = 2", false),
        Err(FilesError::Version { version: 2, .. })
    ));
    assert!(matches!(read_changed(NETWORK_FILE, "fillscape network", "x", false), Err(FilesError::Version { .. })));
    assert!(matches!(read_changed(NETWORK_FILE, "n_dims = 2", "n_dims = 3", false), Err(FilesError::Head { .. })));
    assert!(matches!(
        read_changed(NETWORK_FILE, "n_minima = 3", "n_minima = 4", false),
        Err(FilesError::Rows { .. } | FilesError::Shape { .. })
    ));
    assert!(matches!(read_changed(NETWORK_FILE, "n_dims", "n_dim", false), Err(FilesError::Head { .. })));
}

proptest! {
    // Each case flushes eleven files to disk.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_number_survives_both_formats(values in prop::collection::vec(any::<f64>().prop_filter("finite", |v| v.is_finite()), 1..8)) {
        let mut network = KineticTransitionNetwork::in_unit_box(values.len());
        let id = network.push_minimum(values.clone(), values[0], Support::default()).unwrap();
        network.push_transition_state(values.clone(), values[0], (id, id), Support::default()).unwrap();
        let files = NetworkFiles { network, pairs: vec![(id, id)] };
        let folder = tempfile::tempdir().unwrap();
        write_topsearch(folder.path(), "", &files).unwrap();
        prop_assert_eq!(&read_topsearch(folder.path(), "").unwrap(), &files);
        write_native(folder.path(), &files).unwrap();
        prop_assert_eq!(&read_native(folder.path()).unwrap(), &files);
    }

    #[test]
    fn no_text_makes_a_reader_panic(name in prop::sample::select(vec!["min.data", "min.coords", "ts.data", "ts.coords", "pairlist"]), text in "[0-9 .,eé+\\-\n#\u{2003}a]{0,40}") {
        let _ = read_with(name, &text);
    }
}
