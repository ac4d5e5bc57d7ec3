//! One test a kind of file, each through the door that the program itself uses.

use std::fs;
use std::path::Path;

use fillscape::chem::canonical_smiles;
use fillscape::chem::files::{MoleculeReader, ReadParams, Record};
use fillscape::evaluate::Task;
use fillscape::landscape::files::{NETWORK_FILE, NetworkFiles, read_network, write_native, write_topsearch};

use fillscape::landscape::{KineticTransitionNetwork, MinimumId, Support, read_npy};

use fillscape::model::stored::{open_safetensors, write_safetensors};
use fillscape::model::{StoredTensors, open_torch_zip};
use fillscape::workspace::{Document, Recipe, Study};

use super::mutation::{attack, attack_in};

const V2000: &str = "ethanol\n  test\n\n  3  2  0  0  0  0  0  0  0  0999 V2000\n    0.0000    0.0000    0.0000 C   0  0\n    \
1.2990    0.7500    0.0000 C   0  0\n    2.5981   -0.0000    0.0000 O   0  0\n  1  2  1  0\n  2  3  1  0\n\
M  CHG  1   3  -1\nM  ISO  1   1  13\nM  END\n> <name>\nethanol\n\n> <y>\n1.5\n\n$$$$\n";
const V3000: &str = "ethanol\n  test\n\n  0  0  0     0  0            999 V3000\nM  V30 BEGIN CTAB\n\
M  V30 COUNTS 3 2 0 0 0\nM  V30 BEGIN ATOM\nM  V30 1 C 0 0 0 0 MASS=13\nM  V30 2 C 1.299 0.75 0 0 CFG=1\n\
M  V30 3 O 2.598 0 0 0 CHG=-1\nM  V30 END ATOM\nM  V30 BEGIN BOND\nM  V30 1 1 1 2\nM  V30 2 1 2 3 CFG=1\n\
M  V30 END BOND\nM  V30 END CTAB\nM  END\n$$$$\n";

/// Whether every row of a file of molecules is read and understood.
fn all_rows_are_good(path: &Path) -> bool {
    let Ok(reader) = MoleculeReader::open(path, &ReadParams::default()) else { return false };
    let mut good = true;
    for record in reader {
        match record {
            Ok(Record { text, .. }) => good &= canonical_smiles(&text).is_ok(),
            Err(_) => good = false,
        }
    }
    good
}

#[test]
fn sdf() {
    let two = format!("{V2000}{V3000}");
    attack("sdf", "x.sdf", &[V2000.into(), V3000.into(), two.into()], all_rows_are_good);
}

#[test]
fn csv_of_molecules() {
    let seeds = [
        "id,smiles,y\na,CCO,1\nb,\"c1ccccc1\",2.5\n\"c,d\",C[C@H](N)O,-1e-3\n",
        "smiles;name\r\nCC;\"one \"\"x\"\"\"\r\nCCC;two\r\n",
        "SMILES\tid\nCCO\t1\nCCN\t2\n",
    ];
    attack("csv", "x.csv", &seeds.map(|seed| seed.as_bytes().to_vec()), all_rows_are_good);
}

#[test]
fn csv_of_a_task() {
    let rows: String = (1..30).map(|n| format!("{}O,{},{}\n", "C".repeat(n), n % 2, n)).collect();
    let seed = format!("smiles,active,y\n{rows}");
    attack("task", "x.csv", &[seed.into_bytes()], |path| {
        let named = fillscape::evaluate::TaskParams { labels: vec!["active".to_owned()], ..Default::default() };
        let _ = Task::open(path);
        Task::open_with(path, &named).is_ok_and(|task| task.bad_rows.is_empty())
    });
}

/// An array as NumPy writes it.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let mut head = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    while (head.len() + 11) % 64 != 0 {
        head.push(' ');
    }
    let head = format!("{head}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((head.len() as u16).to_le_bytes());
    bytes.extend(head.as_bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn npy_arrays() {
    let doubles: Vec<u8> = (0..12).flat_map(|k| f64::from(k).to_le_bytes()).collect();
    let floats: Vec<u8> = (0_i16..12).flat_map(|k| f32::from(k).to_le_bytes()).collect();
    let integers: Vec<u8> = (0_i32..12).flat_map(i32::to_be_bytes).collect();
    let seeds = [npy("<f8", "(3, 4)", &doubles), npy("<f4", "(12,)", &floats), npy(">i4", "(3, 2, 2)", &integers)];
    attack("npy", "x.npy", &seeds, |path| read_npy(path).is_ok());
}

/// Whether all tensors that a file announces can be read.
fn all_values(tensors: &StoredTensors) -> bool {
    tensors.values().all(|tensor| tensor.values().is_ok())
}

#[test]
fn safetensors() {
    let folder = tempfile::tempdir().unwrap();
    let tensors = open_torch_zip(&tiny_pth()).unwrap();
    let path = folder.path().join("x.safetensors");
    write_safetensors(&path, &tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect::<Vec<_>>())
        .unwrap();
    attack("safetensors", "x.safetensors", &[fs::read(&path).unwrap()], |path| {
        open_safetensors(path).is_ok_and(|tensors| all_values(&tensors))
    });
}

/// A state dict of two tensors in torch's layout.
fn tiny_pth() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/attack/tiny.pth")
}

#[test]
fn pickles_of_torch() {
    attack("pickle", "x.pth", &[fs::read(tiny_pth()).unwrap()], |path| {
        open_torch_zip(path).is_ok_and(|tensors| all_values(&tensors))
    });
}

#[test]
fn recipes() {
    let example = |name: &str| fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)).unwrap();
    attack("recipe", "x.toml", &[example("quick.toml"), example("paper.toml")], |path| Recipe::read(path).is_ok());
}

/// A study with one artefact of two files.
fn study(folder: &Path) -> std::path::PathBuf {
    let recipe: Recipe = toml::from_str("name = 'Test'\nseed = 3\n[corpus]\nn = 40\n").unwrap();
    let study = Study::create(folder, Document::new("Test", recipe)).unwrap();
    let request = toml::from_str::<toml::Table>("n = 40\nratio = 0.5\n[nested]\nword = 'x'\n").unwrap();
    let request = fillscape::workspace::ArtefactRequest {
        kind: fillscape::workspace::ArtefactKind::Corpus,
        step: "corpus".to_owned(),
        revision: 1,
        parents: Vec::new(),
        inputs: std::collections::BTreeMap::from([("model".to_owned(), "abc".to_owned())]),
        parameters: request,
        seed: 3,
        device: "cpu".to_owned(),
    };
    let staging = study.begin(request).unwrap();
    staging.write("molecules.csv", "id,smiles,selfies,part\n0,CCO,[C][C][O],train\n").unwrap();
    staging.write("below/notes.txt", "some text").unwrap();
    let artefact = staging.finish(fillscape::workspace::StopReason::Finished, toml::Table::new()).unwrap();
    artefact.folder
}

#[test]
fn provenance() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("inside").join("study");
    let path = study(&folder).join("provenance.toml");
    let seed = fs::read(&path).unwrap();
    attack_in("provenance", root.path(), &path, &[seed], || {
        let study = Study::open_read_only(&folder).unwrap();
        let listing = study.artefacts().unwrap();
        let sound = listing.artefacts.iter().all(|artefact| artefact.verify().is_ok());
        let report = study.check(None).unwrap();
        listing.faults.is_empty() && sound && report.faults.is_empty()
    });
}

#[test]
fn the_document_of_a_study() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("inside").join("study");
    study(&folder);
    let path = folder.join("study.toml");
    let seed = fs::read(&path).unwrap();
    attack_in("study.toml", root.path(), &path, &[seed], || {
        Study::open_read_only(&folder).is_ok_and(|study| study.check(None).is_ok_and(|found| found.faults.is_empty()))
    });
}

fn network() -> NetworkFiles {
    let mut network = KineticTransitionNetwork::in_unit_box(2);
    for k in 0..4 {
        let support = Support { n_bound: Some(k), lowest_eigenvalue: Some(0.1), ..Support::default() };
        network.push_minimum(vec![f64::from(k) / 4.0, 0.5], -1.0 / f64::from(k + 1), support).unwrap();
    }
    for (a, b) in [(0, 1), (1, 2), (2, 3), (0, 1)] {
        let ends = (MinimumId(a), MinimumId(b));
        network.push_transition_state(vec![0.1 * f64::from(a), 0.3], 0.5, ends, Support::default()).unwrap();
    }
    NetworkFiles { network, pairs: vec![(MinimumId(0), MinimumId(3))] }
}

#[test]
fn network_files() {
    for native in [true, false] {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("inside").join("network");
        fs::create_dir_all(&folder).unwrap();
        if native {
            write_native(&folder, &network()).unwrap();
            // Without the checksums, which may be left out, the readers themselves are tried.
            let head = folder.join(NETWORK_FILE);
            let text = fs::read_to_string(&head).unwrap();
            fs::write(&head, text.split("[checksums]").next().unwrap()).unwrap();
        } else {
            write_topsearch(&folder, "", &network()).unwrap();
        }
        let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        for path in names {
            let seed = fs::read(&path).unwrap();
            let kind = format!("network {}", path.file_name().unwrap().to_string_lossy());
            attack_in(&kind, root.path(), &path, std::slice::from_ref(&seed), || read_network(&folder).is_ok());
            fs::write(&path, seed).unwrap();
        }
    }
}
