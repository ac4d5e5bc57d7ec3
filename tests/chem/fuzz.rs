//! Random and mutated strings: nothing panics, nothing hangs, and the quick proof of validity never errs.

use std::time::{Duration, Instant};

use fillscape::chem::{Molecule, canonical_smiles, selfies};
use rayon::prelude::*;

/// A small generator (`SplitMix64`), so that a failing string can be found again from its number.
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

const SEEDS: [&str; 24] = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "CN1CCC[C@H]1c1cccnc1",
    "C/C=C/C=C\\C",
    "[NH3+][C@@H](Cc1c[nH]c2ccccc12)C([O-])=O",
    "O=c1[nH]cnc2nc[nH]c12",
    "C1CC2CCC1CC2",
    "c1ccc2c(c1)ccc1ccccc12",
    "F[C@](Cl)(Br)I",
    "[2H]C([2H])([2H])[13CH3]",
    "CS(=O)(=O)N1CCN(CC1)C(=S)N",
    "[Na+].[Cl-].OC(=O)CC(O)(CC(=O)O)C(=O)O",
    "C%10CCCCC%10",
    "*c1ccccc1",
    "[Fe+2].[O-]S(=O)(=O)[O-]",
    "CP(=O)(O)OP(=O)(O)O",
    "N#CC1=CC=C[N+](=O)1",
    "[O-][N+](=O)c1ccccc1",
    "O=[Se]=O",
    "C12C3C4C1C5C2C3C45",
    "c1ccc(cc1)-c1ccccc1",
    "CC(C)(C)OC(=O)N[C@@H]1CC[C@H](N)CC1",
    "O=C1c2ccccc2C(=O)c2ccccc21",
    "C[Si](C)(C)C#C",
    "n1c[nH]cc1",
];
const PIECES: [&str; 56] = [
    "C", "N", "O", "S", "P", "F", "Cl", "Br", "I", "B", "c", "n", "o", "s", "p", "(", ")", "[", "]", "=", "#", "$",
    ":", "-", "/", "\\", ".", "%", "1", "2", "3", "9", "0", "@", "@@", "+", "-", "H", "*", "~", "%12", "%(123)",
    "[nH]", "[C@H]", "[C@@]", "[O-]", "[N+]", "[2H]", "[Fe]", "[Si]", "[te]", "[CH5]", "é", "\u{0}", "(((", ")))",
];

fn mutated(number: u64) -> String {
    let mut stream = Stream(number);
    let mut text: Vec<char> = match stream.below(4) {
        0 => Vec::new(),
        1 => {
            // Two molecules run into one another.
            let (a, b) = (SEEDS[stream.below(SEEDS.len())], SEEDS[stream.below(SEEDS.len())]);
            a.chars().take(stream.below(a.len() + 1)).chain(b.chars().skip(stream.below(b.len()))).collect()
        }
        _ => SEEDS[stream.below(SEEDS.len())].chars().collect(),
    };
    let n_changes = if text.is_empty() { 1 + stream.below(24) } else { stream.below(4) };
    for _ in 0..n_changes {
        let at = stream.below(text.len() + 1);
        let piece: Vec<char> = PIECES[stream.below(PIECES.len())].chars().collect();
        let until = if stream.below(2) == 0 { at } else { (at + 1 + stream.below(2)).min(text.len()) };
        text.splice(at..until, piece);
    }
    text.into_iter().collect()
}

/// Long enough that a busy machine is not mistaken for a hang; what a line really takes is in `benches`.
const HANG: Duration = Duration::from_secs(2);

#[test]
fn a_million_mutated_strings_neither_panic_nor_hang() {
    let n_read = (0..1_000_000_u64)
        .into_par_iter()
        .filter(|&number| {
            let text = mutated(number);
            let start = Instant::now();
            let molecule = Molecule::from_smiles(&text);
            let canonical = canonical_smiles(&text);
            // The canonical writer always runs the full sanitisation: it must agree with the quick proof.
            assert_eq!(
                molecule.is_ok(),
                canonical.is_ok(),
                "string {number}, {text:?}: {molecule:?} but {canonical:?}"
            );
            if let (Ok(molecule), Ok(canonical)) = (&molecule, canonical) {
                assert_eq!(molecule.canonical_smiles().as_ref(), Ok(&canonical), "string {number}, {text:?}");
                assert!(!molecule.atoms().is_empty(), "string {number}, {text:?}");
            }
            if let Ok(symbols) = selfies::encode(&text) {
                // Like the reference, the encoder writes charges of two digits that the decoder then refuses.
                let _ = selfies::decode(&symbols);
            }
            let _ = selfies::decode(&text);
            assert!(start.elapsed() < HANG, "string {number}, {text:?} took {:?}", start.elapsed());
            molecule.is_ok()
        })
        .count();
    assert!(n_read > 50_000, "only {n_read} of the strings are molecules: the test has lost its bite");
}

#[test]
fn hostile_lines_are_answered_quickly() {
    let mut lines = vec![
        "C(".repeat(100_000),
        "(".repeat(100_000),
        format!("{}{}", "C(".repeat(400), ")".repeat(400)),
        format!("{}C{}", "C(".repeat(2_000), ")".repeat(2_000)),
        "[".repeat(100_000),
        "[C".repeat(50_000),
        "C1".repeat(50_000),
        "1".repeat(100_000),
        "%99".repeat(30_000),
        "=".repeat(100_000),
        ".".repeat(100_000),
        "C.".repeat(20_000),
        "\\".repeat(100_000),
        "@".repeat(100_000),
        "[C@@@@@@@@@@@H]".to_owned(),
        format!("[{}C]", "9".repeat(100_000)),
        format!("[C+{}]", "9".repeat(1_000)),
        format!("[CH{}]", "9".repeat(1_000)),
        "\u{0}".to_owned(),
        "🧪🧪🧪".to_owned(),
        "C🧪".to_owned(),
        "c1ccccc1".repeat(200),
    ];
    lines.push(format!("C1{}C1", "C".repeat(3_000)));
    for line in &lines {
        let start = Instant::now();
        let _ = Molecule::from_smiles(line).map(|m| m.canonical_smiles());
        let _ = selfies::encode(line);
        let _ = selfies::decode(line);
        let shown: String = line.chars().take(20).collect();
        assert!(start.elapsed() < HANG, "{shown}… ({} bytes) took {:?}", line.len(), start.elapsed());
    }
}
