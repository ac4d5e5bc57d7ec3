//! Small models and tasks.

use std::fmt::Write;
use std::path::{Path, PathBuf};

pub fn bundled_model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/model")
}

pub fn shared() -> Option<PathBuf> {
    let shared = std::env::var_os("FILLSCAPE_SHARED").map(PathBuf::from);
    if shared.is_none() {
        println!("skipped: FILLSCAPE_SHARED is not set");
    }
    shared
}

/// Some 180 molecules with a number that follows from their atoms, and a class that follows from the number.
pub fn table() -> String {
    let mut text = "name,smiles,size,active\n".to_owned();
    for (k, head) in ["C", "N", "O", "CC", "C=C", "c1ccccc1", "C1CC1", "FC", "ClC"].iter().enumerate() {
        for n in 0..4 {
            for (j, tail) in ["O", "N", "C(=O)O", "Cl", "C#N"].iter().enumerate() {
                let size = 1.5 * n as f64 + k as f64 * 0.3 - j as f64 * 0.5;
                let wobble = ((k * 7 + n * 3 + j * 5) % 11) as f64 * 0.1;
                let class = u8::from(size + wobble > 2.0);
                writeln!(text, "m{k}{n}{j},{head}{}{tail},{},{class}", "C".repeat(n), size + wobble).unwrap();
            }
        }
    }
    text
}

/// A tuned copy of the bundled model.
pub fn tuned(folder: &Path, learning_rate: f64, seed: u64) -> PathBuf {
    use fillscape::train::tune::{TuneParams, tune};
    let fill: Vec<String> = (1..12).map(|n| format!("{}[O]", "[C]".repeat(n))).collect();
    let mut params = TuneParams { seed, epochs: 4, ..TuneParams::script() };
    params.schedule.learning_rate = learning_rate;
    let path = folder.join(format!("tuned-{learning_rate}-{seed}"));
    tune(&bundled_model(), &fill, &[], &[], &params, &path, &mut fillscape::jobs::silent).unwrap();
    path
}
