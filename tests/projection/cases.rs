//! What users bring to `fillscape project`: the practice cases.

use std::path::Path;
use std::process::{Command, Stdio};

use fillscape::landscape::{read_npy, write_npy};

fn fit(rows: &Path, more: &[&str]) -> (String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_fillscape"))
        .args(["project", "fit", &rows.to_string_lossy()])
        .args(more)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&said).into_owned(), output.status.code().unwrap())
}

fn case(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cases/practice/arrays").join(name)
}

#[test]
fn a_map_of_few_rows_takes_no_longer_than_one_of_many() {
    let folder = tempfile::tempdir().unwrap();
    let map = folder.path().join("m.npy");
    let (said, code) = fit(&case("rows20.npy"), &["--method", "tsne", "--map", &map.to_string_lossy()]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("perplexity was lowered"), "{said}");
    let places = read_npy(&map).unwrap();
    assert_eq!(places.shape, [20, 2]);
    // On a grid this map took hundreds of times the work; what it takes is bounded by its spread no more.
    assert!(places.data.iter().all(|x| x.is_finite()));
}

#[test]
fn half_precision_and_equal_rows_are_read() {
    let (said, code) = fit(&case("float16.npy"), &["--method", "pca"]);
    assert_eq!(code, 0, "{said}");
    let folder = tempfile::tempdir().unwrap();
    let map = folder.path().join("m.npy");
    let (said, code) = fit(&case("half_the_same.npy"), &["--method", "umap", "--map", &map.to_string_lossy()]);
    assert_eq!(code, 0, "{said}");
    assert!(read_npy(&map).unwrap().data.iter().all(|x| x.is_finite()));
}

#[test]
fn rows_of_nan_become_gaps_of_the_map() {
    let folder = tempfile::tempdir().unwrap();
    let (rows, map) = (folder.path().join("rows.npy"), folder.path().join("map.npy"));
    let mut data: Vec<f64> = (0..60).map(|k| f64::from(k * k % 17)).collect();
    data[9..12].fill(f64::NAN);
    write_npy(&rows, &[20, 3], &data).unwrap();
    let (said, code) = fit(&rows, &["--method", "pca", "--map", &map.to_string_lossy()]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("1 of 20 rows") && said.contains("(rows, from 0: 3)"), "{said}");
    let places = read_npy(&map).unwrap();
    assert_eq!(places.shape, [20, 2]);
    let gaps: Vec<usize> = (0..20).filter(|row| places.data[2 * row].is_nan()).collect();
    assert_eq!(gaps, [3]);
}
