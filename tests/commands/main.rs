//! Every command of the program, found in its own list: closed and full standard output, and inputs that are none.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The names that lead to each command that has no commands below it.
fn leaves() -> Vec<Vec<String>> {
    fn walk(command: &clap::Command, names: &[String], leaves: &mut Vec<Vec<String>>) {
        let below: Vec<_> = command.get_subcommands().filter(|c| c.get_name() != "help").collect();
        if below.is_empty() {
            leaves.push(names.to_vec());
        }
        for command in below {
            walk(command, &[names, &[command.get_name().to_owned()]].concat(), leaves);
        }
    }
    let mut leaves = Vec::new();
    walk(&fillscape::cli::command(), &[], &mut leaves);
    leaves
}

/// What each command is given: `IN` is the file or folder that is tried, `OUT` a place for its result, `NPY` a sound
/// array. `None` for a command that reads nothing that a person names.
fn arguments(name: &str) -> Option<&'static str> {
    Some(match name {
        "mol canonical" | "mol selfies" | "mol smiles" | "mol fingerprint" | "mol descriptors" | "mol depict" => "IN",
        "mol similarity" => "--query CCO IN",
        "model pretrain" => "IN --work OUT --out OUT",
        "model info" => "IN",
        "model encode" => "bundled --in IN --kind latent --out OUT",
        "model decode" | "model reconstruct" | "model respond" => "bundled --in IN --out OUT",
        "model convert" => "IN --out OUT",
        "surface eval" => "--points IN --response IN --at IN --out OUT",
        "landscape explore" => "--points IN --response IN --out OUT",
        "landscape frustration" | "landscape tree" | "landscape layout" => "IN",
        "landscape path" => "IN --from 0 --to 1",
        "landscape convert" => "IN OUT --format fillscape",
        "fill field" => "IN --at NPY",
        "fill sample" => "IN --out OUT",
        "fill generate" => "--latents IN --out OUT",
        "fill controls" => "--from IN --out OUT",
        "tune" => "bundled --fill IN --out OUT",
        "evaluate" => "bundled --tasks IN --seeds 0",
        "compare" => "bundled --with a=bundled --tasks IN --seeds 0",
        "study new" => "OUT --recipe IN",
        "study run" => "IN --into OUT",
        "study open" => "IN --facts",
        "study status" | "study check" | "study prune" | "study runs" | "study estimate" | "study differences" => "IN",
        "study export" => "IN --out OUT",
        "study copy" => "IN --into OUT",
        "study moved" => "IN --checkpoint tune-fill-0 --out OUT",
        "project fit" => "IN --method pca",
        "project apply" => "IN NPY --map OUT",
        "render" => "IN --out OUT.svg",
        "lesson check" => "IN",
        "mol library" | "model download" | "landscape toy" | "doctor" | "bench render" | "bench network"
        | "bench ui" => {
            return None;
        }
        _ => panic!("the command {name:?} is not in the table of this test: add what it is given"),
    })
}

fn run(arguments: &[String]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fillscape")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// One sentence for a person: nothing of the program's insides.
fn assert_plain(said: &str, what: &str) {
    assert!(!said.trim().is_empty(), "{what} says nothing");
    for inside in ["panicked", "Os {", "Error {", "RUST_BACKTRACE", "unwrap"] {
        assert!(!said.contains(inside), "{what}: {said}");
    }
}

#[test]
fn an_input_that_is_none_is_refused_by_every_command_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    std::fs::write(at("empty"), "").unwrap();
    std::fs::create_dir(at("folder")).unwrap();
    let noise: Vec<u8> = (0..4_000_u32).map(|k| (k.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    std::fs::write(at("binary"), &noise).unwrap();
    let mut npy = b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }".to_vec();
    npy.resize(127, b' ');
    npy.push(b'\n');
    npy.extend([0; 32]);
    std::fs::write(at("sound.npy"), npy).unwrap();
    for names in leaves() {
        let name = names.join(" ");
        let Some(given) = arguments(&name) else { continue };
        for input in ["missing", "empty", "folder", "binary"] {
            let word = |word: &str| match word {
                "IN" => at(input),
                "NPY" => at("sound.npy"),
                _ => word.replace("OUT", &at("out")),
            };
            let all: Vec<String> = names.iter().cloned().chain(given.split(' ').map(word)).collect();
            let output = run(&all);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let what = format!("{name} with a {input} input");
            assert_plain(&said, &what);
            assert!(matches!(output.status.code(), Some(1 | 2)), "{what}: {:?} {said}", output.status);
            // What fails leaves nothing behind.
            let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
            assert_eq!(left.len(), 4, "{what} left something behind: {left:?}");
        }
    }
}

#[test]
fn a_reader_that_has_seen_enough_and_a_full_device_are_no_faults_of_a_command() {
    let mut commands: Vec<Vec<String>> =
        leaves().into_iter().map(|names| [names, vec!["--help".to_owned()]].concat()).collect();
    let study = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/study").to_string_lossy().into_owned();
    let words = |text: &str| text.split(' ').map(|word| word.replace("STUDY", &study)).collect::<Vec<String>>();
    for line in [
        "--version",
        "mol library -n 2000 --seed 7",
        "model info bundled",
        "doctor",
        "study open STUDY --facts",
        "study status STUDY",
        "study runs STUDY",
        "study differences STUDY",
        "--json study status STUDY",
    ] {
        commands.push(words(line));
    }
    for arguments in commands {
        let what = arguments.join(" ");
        let command = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_fillscape"));
            command.args(&arguments).stdin(Stdio::null()).stderr(Stdio::piped());
            command
        };
        // The end that is read from is closed before the command begins.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command().stdout(writer).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{what} | true: {said}");
        assert!(!said.contains("panicked") && !said.contains("Broken pipe"), "{what} | true: {said}");
        if !Path::new("/dev/full").exists() {
            eprintln!("skipped: this system has no /dev/full");
            continue;
        }
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = command().stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{what} > /dev/full: {said}");
        assert_plain(&said, &format!("{what} > /dev/full"));
        assert!(said.contains("No space left"), "{what} > /dev/full: {said}");
    }
}
