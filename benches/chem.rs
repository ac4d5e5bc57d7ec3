//! Molecules a second: parsing, canonical SMILES, Morgan fingerprints, descriptors, SELFIES.
//!
//! `cargo bench --bench chem -- FILE` times the first 10,000 SMILES of a file (one a line) on one thread and on two.
//! `benches/python/chem_baseline.py FILE` times RDKit and selfies on the same ones.

use std::hint::black_box;
use std::time::Instant;

use fillscape::chem::{Descriptors, Molecule, MorganParams, canonical_smiles, morgan, selfies};
use rayon::prelude::*;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    // `cargo bench` adds `--bench`.
    let Some(path) = std::env::args().skip(1).find(|argument| !argument.starts_with("--")) else {
        println!("usage: cargo bench --bench chem -- FILE of SMILES, one a line");
        return;
    };
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let all: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().next()).take(10_000).collect();
    println!("{} molecules of {path}", all.len());
    println!("{:<34} {:>12} {:>12} {:>8}", "", "1 thread, s", "2 threads, s", "gain");

    let r2 = MorganParams { radius: 2, n_bits: 2048 };
    let r3 = MorganParams { radius: 3, n_bits: 2048 };
    let few = &all[..all.len().min(1000)];
    report("parse and check", &all, |s| Molecule::from_smiles(s).is_ok());
    report("parse + canonical SMILES", &all, |s| canonical_smiles(s).is_ok());
    report("parse + Morgan radius 2", &all, |s| Molecule::from_smiles(s).is_ok_and(|m| morgan(&m, r2).is_ok()));
    report("parse + Morgan radius 3", &all, |s| Molecule::from_smiles(s).is_ok_and(|m| morgan(&m, r3).is_ok()));
    report("SELFIES round trip", &all, |s| selfies::encode(s).is_ok_and(|symbols| selfies::decode(&symbols).is_ok()));
    report("descriptors, first 1,000", few, |s| Molecule::from_smiles(s).is_ok_and(|m| Descriptors::of(&m).qed > 0.0));
}

/// The best of three runs, on one thread and on two.
fn report(what: &str, smiles: &[&str], work: impl Fn(&str) -> bool + Sync) {
    let seconds = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().expect("threads can be started");
        let run = || {
            let start = Instant::now();
            let n_done = pool.install(|| smiles.par_iter().with_min_len(64).filter(|s| work(black_box(s))).count());
            assert!(n_done * 100 >= smiles.len() * 99, "{what}: only {n_done} of {} succeed", smiles.len());
            start.elapsed().as_secs_f64()
        };
        (0..3).map(|_| run()).fold(f64::INFINITY, f64::min)
    };
    let (one, two) = (seconds(1), seconds(2));
    println!("{what:<34} {one:>12.4} {two:>12.4} {:>7.2}x", one / two);
}
