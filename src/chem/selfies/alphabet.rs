//! Sets of symbols: those of a corpus and those from which every string is a molecule.

use std::collections::BTreeSet;

use super::elements::{BONDS, DEFAULT_BONDS};
use super::symbols;

/// The distinct symbols of many SELFIES strings, dots left out.
///
/// A string with a symbol that is never closed contributes those before it; [`super::split`] says which it is.
pub fn alphabet<'a>(corpus: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for selfies in corpus {
        for symbol in symbols::split(selfies).map_while(Result::ok).filter(|&symbol| symbol != ".") {
            if !found.contains(symbol) {
                found.insert(symbol.to_owned());
            }
        }
    }
    found
}

/// The semantic robust alphabet under the default constraints: any sequence of these decodes to a valid molecule.
///
/// Every constrained atom with each bond it can form, all branch symbols, rings closed by single and double bonds.
pub fn robust_alphabet() -> BTreeSet<String> {
    let bonds = [("", 1), ("=", 2), ("#", 3)];
    let mut symbols = BTreeSet::new();
    for (sign, order) in bonds {
        for (element, capacities) in BONDS {
            for (charge, capacity) in ["-1", "", "+1"].iter().zip(capacities) {
                // Halogens and hydrogen are constrained only when neutral.
                let is_constrained = capacity != DEFAULT_BONDS;
                if is_constrained && order <= capacity {
                    symbols.insert(format!("[{sign}{element}{charge}]"));
                }
            }
        }
        for n_digits in 1..=3 {
            symbols.insert(format!("[{sign}Branch{n_digits}]"));
            // A triple bond that closes a ring can be read, but is left out of this alphabet.
            if order < 3 {
                symbols.insert(format!("[{sign}Ring{n_digits}]"));
            }
        }
    }
    symbols
}
