//! SELFIES round trip over a file of SMILES, one a line; the same file goes to `python/selfies_baseline.py`.
//!
//! ```sh
//! zcat $FILLSCAPE_SHARED/data/pretrain/zinc250k.valid.smi.gz | head -10000 > molecules.smi
//! cargo bench --bench chem_selfies -- molecules.smi
//! python benches/python/selfies_baseline.py molecules.smi
//! ```

use std::hint::black_box;
use std::time::Instant;

use fillscape::chem::selfies;
use rayon::prelude::*;

/// Passes over the file; the fastest counts.
const N_PASSES: usize = 30;

fn main() {
    let Some(path) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) else {
        println!("skipped: name a file of SMILES, one a line (cargo bench --bench chem_selfies -- molecules.smi)");
        return;
    };
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let smiles: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let encoded: Vec<String> = smiles.iter().filter_map(|smiles| selfies::encode(smiles).ok()).collect();
    println!("{} SMILES, {} of them encoded; fastest of {N_PASSES} passes", smiles.len(), encoded.len());

    report("encode, 1 thread", smiles.len(), || {
        for smiles in &smiles {
            drop(black_box(selfies::encode(smiles)));
        }
    });
    report("decode, 1 thread", encoded.len(), || {
        for text in &encoded {
            drop(black_box(selfies::decode(text)));
        }
    });
    report("round trip, 1 thread", smiles.len(), || smiles.iter().copied().for_each(round_trip));
    let threads = rayon::current_num_threads();
    report(&format!("round trip, {threads} threads"), smiles.len(), || {
        smiles.par_iter().for_each(|smiles| round_trip(smiles));
    });
}

fn round_trip(smiles: &str) {
    if let Ok(text) = selfies::encode(smiles) {
        drop(black_box(selfies::decode(&text)));
    }
}

fn report(what: &str, n: usize, pass: impl Fn()) {
    let seconds = (0..N_PASSES).map(|_| {
        let start = Instant::now();
        pass();
        start.elapsed().as_secs_f64()
    });
    let fastest = seconds.fold(f64::INFINITY, f64::min);
    println!("{what:<24} {:>9.3} ms {:>9.3} µs each", fastest * 1e3, fastest * 1e6 / n as f64);
}
