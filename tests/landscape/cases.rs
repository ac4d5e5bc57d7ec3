//! What users bring to `fillscape landscape`: the practice cases.

use std::path::Path;
use std::process::{Command, Stdio};

/// Standard output, standard error and the exit code; words that begin with `case:` name a file of the cases.
fn fillscape(line: &str, out: &Path) -> (String, String, i32) {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cases/practice/landscape");
    let word = |word: &str| match word.strip_prefix("case:") {
        Some(name) => cases.join(name).to_string_lossy().into_owned(),
        None => word.replace("OUT", &out.to_string_lossy()),
    };
    let output = Command::new(env!("CARGO_BIN_EXE_fillscape"))
        .args(line.split(' ').map(word))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr), output.status.code().unwrap())
}

#[test]
fn a_response_that_does_not_vary_is_told_as_the_response() {
    let folder = tempfile::tempdir().unwrap();
    let line = "landscape explore --points case:points.npy --response case:constant_response.npy --out OUT";
    let (_, said, code) = fillscape(line, &folder.path().join("n"));
    assert_eq!(code, 1);
    assert!(said.contains("the response is 1 at every point") && !said.contains("column"), "{said}");
}

#[test]
fn the_same_place_twice_needs_smoothing() {
    let folder = tempfile::tempdir().unwrap();
    let line = "landscape explore --points case:points_twice.npy --response case:response_twice.npy --seed 1 --out OUT";
    let (_, said, code) = fillscape(line, &folder.path().join("n"));
    assert_eq!(code, 0, "{said}");
    let (_, said, code) = fillscape(&format!("{line} --smoothing 0"), &folder.path().join("m"));
    assert_eq!(code, 1);
    assert!(said.contains("points 3 and 10"), "{said}");
}

#[test]
fn the_lower_of_two_transition_states_makes_the_barrier() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _, code) = fillscape("landscape path case:two_states_between --from 0 --to 1", folder.path());
    assert_eq!(code, 0);
    assert!(path.contains("barrier  1.2 forward"), "{path}");
    let (tree, _, code) = fillscape("landscape tree case:two_states_between", folder.path());
    assert_eq!(code, 0);
    assert!(tree.contains("transition states  3") && tree.contains("0.200000     1.200000"), "{tree}");
}

#[test]
fn files_of_pathsample_are_told_by_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let (_, said, code) = fillscape("landscape tree case:pathsample", folder.path());
    assert_eq!(code, 1);
    assert!(said.contains("PATHSAMPLE") && said.contains("min.data"), "{said}");
}

#[test]
fn points_without_a_place_or_a_response_are_left_out_and_told() {
    use fillscape::landscape::{read_npy, write_npy};
    let folder = tempfile::tempdir().unwrap();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cases/practice/landscape");
    let points = read_npy(&cases.join("points_twice.npy")).unwrap();
    let response = read_npy(&cases.join("response_twice.npy")).unwrap();
    let dim = points.shape[1];
    let with_gap = |mut data: Vec<f64>, width: usize| {
        data.splice(2 * width..2 * width, vec![f64::NAN; width]);
        data
    };
    let (p, r) = (folder.path().join("p.npy"), folder.path().join("r.npy"));
    write_npy(&p, &[points.shape[0] + 1, dim], &with_gap(points.data.clone(), dim)).unwrap();
    write_npy(&r, &[points.shape[0] + 1], &with_gap(response.data.clone(), 1)).unwrap();
    let whole =
        "landscape explore --points case:points_twice.npy --response case:response_twice.npy --seed 1 --out OUT";
    assert_eq!(fillscape(whole, &folder.path().join("whole")).2, 0);
    let line = format!("landscape explore --points {} --response {} --seed 1 --out OUT", p.display(), r.display());
    let (_, said, code) = fillscape(&line, &folder.path().join("part"));
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("1 of") && said.contains("(rows, from 0: 2)"), "{said}");
    let read = |name: &str| std::fs::read(folder.path().join(name).join("minima.npy")).unwrap();
    assert!(read("whole") == read("part"), "the same points without the gap give the same landscape");
}
