//! SELFIES symbols: splitting a string into them and what each means.

use std::sync::LazyLock;

use super::bracket::BracketAtom;
use super::elements::{self, SYMBOLS};
use super::encoder::INDEX_SYMBOLS;
use super::error::{SelfiesError, SelfiesProblem, Task};
use super::text::Piece;

/// The symbols of a SELFIES string and the dots between fragments, in order.
///
/// What stands before the first `[` is skipped; text between two symbols joins the second. The iterator ends after an
/// error, which says where a symbol is never closed.
///
/// ```
/// let symbols: Result<Vec<_>, _> = fillscape::chem::selfies::split("[C][=O].[Na+1]").collect();
/// assert_eq!(symbols.unwrap(), ["[C]", "[=O]", ".", "[Na+1]"]);
/// ```
pub fn split(selfies: &str) -> impl Iterator<Item = Result<&str, SelfiesError>> {
    let bytes = selfies.as_bytes();
    let mut at = find(bytes, 0, b'[').unwrap_or(bytes.len());
    let mut dot_next = false;
    std::iter::from_fn(move || {
        if std::mem::take(&mut dot_next) {
            at += 1;
            return Some(Ok(&selfies[at - 1..at]));
        }
        if at >= bytes.len() {
            return None;
        }
        let from = at;
        let Some(end) = find(bytes, from + 1, b']') else {
            at = bytes.len();
            return Some(Err(SelfiesError::new(Task::Split, SelfiesProblem::HangingSymbol, selfies, from)));
        };
        at = end + 1;
        dot_next = bytes.get(at) == Some(&b'.');
        Some(Ok(&selfies[from..at]))
    })
}

/// The number of symbols and dots: how long a sequence the string is for a model.
///
/// ```
/// assert_eq!(fillscape::chem::selfies::length("[C][=O].[Na+1]"), 4);
/// ```
pub fn length(selfies: &str) -> usize {
    selfies.bytes().filter(|c| matches!(c, b'[' | b'.')).count()
}

/// The place of `wanted` in `bytes` from `from` on.
pub(super) fn find(bytes: &[u8], from: usize, wanted: u8) -> Option<usize> {
    bytes.get(from..)?.iter().position(|&c| c == wanted).map(|i| from + i)
}

/// What a symbol asks of the decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Takes no part at all.
    Nop,
    Branch {
        order: u8,
        n_digits: u8,
    },
    /// The directions are those at the first and second atom of the ring bond, 0 for none.
    Ring {
        order: u8,
        n_digits: u8,
        stereo: [u8; 2],
    },
    /// An atom that can be stated in a few bytes.
    Atom(SmallAtom),
    /// Any other text; perhaps an atom.
    Rare,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SmallAtom {
    /// As SMILES writes it, with brackets if it needs them.
    pub smiles: Piece,
    pub sign: BondSign,
    /// Bonds it may form.
    pub capacity: u8,
}

/// The bond an atom symbol asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BondSign {
    pub order: u8,
    /// `/` or `\`, 0 for none.
    pub stereo: u8,
}

impl BondSign {
    /// The sign at the start of an atom symbol and the rest of it.
    pub fn read(inside: &[u8]) -> (Self, &[u8]) {
        let sign = |order, stereo| Self { order, stereo };
        match inside {
            [b'=', rest @ ..] => (sign(2, 0), rest),
            [b'#', rest @ ..] => (sign(3, 0), rest),
            [c @ (b'/' | b'\\'), rest @ ..] => (sign(1, *c), rest),
            _ => (sign(1, 0), inside),
        }
    }
}

/// A symbol found in the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Symbol {
    pub meaning: Meaning,
    /// Its value as a digit of base 16; 0 for all symbols that are no digit.
    pub digit: u8,
}

impl Symbol {
    pub const RARE: Symbol = Symbol { meaning: Meaning::Rare, digit: 0 };
}

/// What an atom symbol says, for one that is not in the table; `None` when it is no atom.
pub(super) fn rare_atom(inside: &[u8], offset: u32) -> Option<(BondSign, BracketAtom)> {
    let (sign, rest) = BondSign::read(inside);
    let atom = BracketAtom::from_selfies(rest, offset + (inside.len() - rest.len()) as u32)?;
    (atom.capacity() >= 0).then_some((sign, atom))
}

/// Appends an atom in SMILES; `inside` is what the symbol has after its bond sign.
pub(super) fn append_smiles(atom: &BracketAtom, inside_len: usize, text: &[u8], out: &mut Vec<u8>) {
    let symbol = SYMBOLS[atom.element as usize];
    if inside_len == symbol.len() && elements::is_organic(atom.element) {
        out.extend_from_slice(symbol.as_bytes());
    } else {
        out.push(b'[');
        atom.write(text, atom.chirality, out);
        out.push(b']');
    }
}

/// Symbols worth knowing by heart, found by their bytes between the brackets: all of up to eight bytes.
pub(super) struct SymbolTable {
    keys: Box<[u64; SymbolTable::SIZE]>,
    symbols: Box<[Symbol; SymbolTable::SIZE]>,
}

impl SymbolTable {
    /// More than twice the number of symbols, so that probing is short.
    const SIZE: usize = 512;

    /// The table, made on first use.
    pub fn get() -> &'static Self {
        static TABLE: LazyLock<SymbolTable> = LazyLock::new(SymbolTable::new);
        &TABLE
    }

    /// The symbol with this [`key_in`].
    #[inline]
    pub fn find(&self, key: u64) -> Option<&Symbol> {
        let mut slot = Self::slot(key);
        loop {
            if self.keys[slot] == 0 {
                return None;
            }
            if self.keys[slot] == key {
                return Some(&self.symbols[slot]);
            }
            slot = (slot + 1) % Self::SIZE;
        }
    }

    fn slot(key: u64) -> usize {
        (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 55) as usize % Self::SIZE
    }

    fn new() -> Self {
        let mut table = Self { keys: Box::new([0; Self::SIZE]), symbols: Box::new([Symbol::RARE; Self::SIZE]) };
        table.add("nop", Meaning::Nop);
        for n_digits in 1..=3 {
            for (sign, order) in [("", 1), ("=", 2), ("#", 3)] {
                table.add(&format!("{sign}Branch{n_digits}"), Meaning::Branch { order, n_digits });
                table.add(&format!("{sign}Ring{n_digits}"), Meaning::Ring { order, n_digits, stereo: [0, 0] });
            }
            for (first, second) in ["-/", "-\\", "/-", "\\-", "//", "/\\", "\\/", "\\\\"].map(|s| s.split_at(1)) {
                let stereo = [first, second].map(|c| if c == "-" { 0 } else { c.as_bytes()[0] });
                table.add(&format!("{first}{second}Ring{n_digits}"), Meaning::Ring { order: 1, n_digits, stereo });
            }
        }
        for sign in ["", "=", "#", "/", "\\"] {
            for atom in COMMON_ATOMS {
                table.add_atom(&format!("{sign}{atom}"));
            }
        }
        for (digit, symbol) in INDEX_SYMBOLS.iter().enumerate() {
            let key = key_of(&symbol[1..symbol.len() - 1]);
            let slot = (0..Self::SIZE).find(|&slot| table.keys[slot] == key);
            table.symbols[slot.expect("every digit is in the table")].digit = digit as u8;
        }
        table
    }

    fn add(&mut self, inside: &str, meaning: Meaning) {
        let key = key_of(inside);
        let mut slot = Self::slot(key);
        while self.keys[slot] != 0 {
            slot = (slot + 1) % Self::SIZE;
        }
        (self.keys[slot], self.symbols[slot]) = (key, Symbol { meaning, digit: 0 });
    }

    fn add_atom(&mut self, inside: &str) {
        let text = inside.as_bytes();
        let Some((sign, atom)) = rare_atom(text, 0) else {
            return;
        };
        let mut smiles = Vec::new();
        append_smiles(&atom, BondSign::read(text).1.len(), text, &mut smiles);
        if let Some(smiles) = Piece::fitting(&smiles) {
            self.add(inside, Meaning::Atom(SmallAtom { smiles, sign, capacity: atom.capacity() as u8 }));
        }
    }
}

/// Atoms of everyday molecules, without bond sign.
const COMMON_ATOMS: [&str; 42] = [
    "C", "N", "O", "S", "P", "F", "Cl", "Br", "I", "B", "H", "C@", "C@@", "C@H1", "C@@H1", "CH1", "CH2", "CH0", "C+1",
    "C-1", "CH1-1", "N+1", "N-1", "NH0", "NH1", "NH1+1", "NH2+1", "NH3+1", "O-1", "O+1", "OH0", "S-1", "S+1", "S@",
    "S@@", "S@+1", "S@@+1", "P+1", "P-1", "B-1", "Si", "Se",
];

/// The key of the symbol whose bytes after its `[` are `next`, first byte lowest, and its length between the brackets.
///
/// The key keeps the closing bracket where that is among the eight bytes, so that no two symbols share one.
#[inline]
pub(super) fn key_in(next: u64) -> (u64, usize) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let differs = next ^ (ONES * u64::from(b']'));
    // The lowest byte that equals ']' has its high bit set here.
    let equal = differs.wrapping_sub(ONES) & !differs & (ONES << 7);
    if equal == 0 {
        return (next, 8);
    }
    let last_bit = equal.trailing_zeros();
    (next & (u64::MAX >> (63 - last_bit)), last_bit as usize / 8)
}

/// The key of a symbol given by its bytes between the brackets, at most eight.
fn key_of(inside: &str) -> u64 {
    let mut bytes = [b']'; 8];
    bytes[..inside.len()].copy_from_slice(inside.as_bytes());
    key_in(u64::from_le_bytes(bytes)).0
}
