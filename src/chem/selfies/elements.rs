//! The elements SELFIES knows, how many bonds each may form, and when an aromatic atom needs a double bond.

/// An element, as its place in [`SYMBOLS`].
pub(super) type Element = u8;

/// The 114 symbols that SELFIES accepts, in alphabetical order.
pub(super) const SYMBOLS: [&str; 114] = [
    "Ac", "Ag", "Al", "Am", "Ar", "As", "At", "Au", "B", "Ba", "Be", "Bh", "Bi", "Bk", "Br", "C", "Ca", "Cd", "Ce",
    "Cf", "Cl", "Cm", "Cn", "Co", "Cr", "Cs", "Cu", "Db", "Ds", "Dy", "Er", "Es", "Eu", "F", "Fe", "Fl", "Fm", "Fr",
    "Ga", "Gd", "Ge", "H", "He", "Hf", "Hg", "Ho", "Hs", "I", "In", "Ir", "K", "Kr", "La", "Li", "Lr", "Lu", "Lv",
    "Md", "Mg", "Mn", "Mo", "Mt", "N", "Na", "Nb", "Nd", "Ne", "Ni", "No", "Np", "O", "Os", "P", "Pa", "Pb", "Pd",
    "Pm", "Po", "Pr", "Pt", "Pu", "Ra", "Rb", "Re", "Rf", "Rg", "Rh", "Rn", "Ru", "S", "Sb", "Sc", "Se", "Sg", "Si",
    "Sm", "Sn", "Sr", "Ta", "Tb", "Tc", "Te", "Th", "Ti", "Tl", "Tm", "U", "V", "W", "Xe", "Y", "Yb", "Zn", "Zr",
];

/// Most bonds an element forms at charge −1, 0 and +1; any other element or charge may form [`DEFAULT_BONDS`].
///
/// The default constraints of SELFIES, from Krenn et al., Mach. Learn.: Sci. Technol. 1, 045024 (2020).
pub(super) const BONDS: [(&str, [u8; 3]); 11] = [
    ("H", [DEFAULT_BONDS, 1, DEFAULT_BONDS]),
    ("F", [DEFAULT_BONDS, 1, DEFAULT_BONDS]),
    ("Cl", [DEFAULT_BONDS, 1, DEFAULT_BONDS]),
    ("Br", [DEFAULT_BONDS, 1, DEFAULT_BONDS]),
    ("I", [DEFAULT_BONDS, 1, DEFAULT_BONDS]),
    ("B", [4, 3, 2]),
    ("O", [1, 2, 3]),
    ("N", [2, 3, 4]),
    ("C", [3, 4, 3]),
    ("P", [6, 5, 4]),
    ("S", [5, 6, 5]),
];

/// Most bonds of an atom that [`BONDS`] does not name.
pub(super) const DEFAULT_BONDS: u8 = 8;

/// Atoms written without brackets in SMILES.
const ORGANIC: [&str; 10] = ["B", "C", "N", "O", "P", "S", "F", "Cl", "Br", "I"];

/// How an element takes part in a delocalised system.
#[derive(Clone, Copy)]
struct Aromaticity {
    /// Numbers of bonds at which a neutral atom is saturated, ascending.
    valences: [i64; 2],
    /// Electrons in the outer shell.
    electrons: i64,
}

struct Facts {
    /// At charge −1, 0 and +1.
    bonds: [u8; 3],
    organic: bool,
    aromaticity: Option<Aromaticity>,
}

static FACTS: [Facts; SYMBOLS.len()] = facts();
static BY_LETTERS: [u8; 26 * 27] = by_letters();

/// The element whose symbol is one capital and at most one small letter (`0` for none).
pub(super) fn element(capital: u8, small: u8) -> Option<Element> {
    if !capital.is_ascii_uppercase() || !(small == 0 || small.is_ascii_lowercase()) {
        return None;
    }
    let element = BY_LETTERS[place(capital, small)];
    (element != NONE).then_some(element)
}

/// Most bonds an atom may form, its hydrogens included.
pub(super) fn most_bonds(element: Element, charge: i64) -> u8 {
    match charge {
        -1..=1 => FACTS[element as usize].bonds[(charge + 1) as usize],
        _ => DEFAULT_BONDS,
    }
}

/// Whether SMILES writes the bare atom without brackets.
pub(super) fn is_organic(element: Element) -> bool {
    FACTS[element as usize].organic
}

/// Whether a small letter makes the element aromatic; others are read as if written with a capital.
pub(super) fn can_be_aromatic(element: Element) -> bool {
    FACTS[element as usize].aromaticity.is_some()
}

/// Whether an atom in a delocalised system takes no double bond of it.
///
/// True for an element that is never aromatic.
///
/// * `bonds` – σ bonds, hydrogens included; each aromatic bond counts once
/// * `aromatic_bonds` – how many of them are aromatic
/// * `bracket_charge` – charge of an atom in brackets; `None` for a plain one, whose hydrogens are implicit
pub(super) fn is_saturated(element: Element, bonds: i64, aromatic_bonds: i64, bracket_charge: Option<i64>) -> bool {
    let Some(Aromaticity { valences, electrons }) = FACTS[element as usize].aromaticity else {
        return true;
    };
    let Some(charge) = bracket_charge else {
        return valences.contains(&bonds);
    };
    if bonds > valences[1] - charge || valences.contains(&(bonds + charge)) {
        return true;
    }
    // Electrons outside σ bonds: bonds that could still be formed, one or two at most, and what an anion was given.
    // All in pairs, they need no π bond.
    let unbound = electrons - charge.max(0) - bonds;
    let most = if aromatic_bonds > 2 { 2 } else { 1 };
    (unbound.min(most) - charge.min(0)) % 2 == 0
}

const NONE: u8 = u8::MAX;

const fn place(capital: u8, small: u8) -> usize {
    let second = if small == 0 { 0 } else { small - b'a' + 1 };
    (capital - b'A') as usize * 27 + second as usize
}

const fn by_letters() -> [u8; 26 * 27] {
    let mut table = [NONE; 26 * 27];
    let mut i = 0;
    while i < SYMBOLS.len() {
        let letters = SYMBOLS[i].as_bytes();
        let small = if letters.len() == 2 { letters[1] } else { 0 };
        table[place(letters[0], small)] = i as u8;
        i += 1;
    }
    table
}

const fn facts() -> [Facts; SYMBOLS.len()] {
    let mut table = [const { Facts { bonds: [DEFAULT_BONDS; 3], organic: false, aromaticity: None } }; SYMBOLS.len()];
    let mut i = 0;
    while i < BONDS.len() {
        table[find(BONDS[i].0)].bonds = BONDS[i].1;
        i += 1;
    }
    i = 0;
    while i < ORGANIC.len() {
        table[find(ORGANIC[i])].organic = true;
        i += 1;
    }
    let families: [(&[&str], [i64; 2], i64); 4] = [
        (&["B", "Al"], [3, 3], 3),
        (&["C", "Si"], [4, 4], 4),
        (&["N", "P", "As"], [3, 5], 5),
        (&["O", "S", "Se", "Te"], [2, 4], 6),
    ];
    i = 0;
    while i < families.len() {
        let (members, valences, electrons) = families[i];
        let mut k = 0;
        while k < members.len() {
            table[find(members[k])].aromaticity = Some(Aromaticity { valences, electrons });
            k += 1;
        }
        i += 1;
    }
    table
}

const fn find(symbol: &str) -> usize {
    let letters = symbol.as_bytes();
    let mut i = 0;
    loop {
        let other = SYMBOLS[i].as_bytes();
        if other.len() == letters.len() && other[0] == letters[0] && (letters.len() == 1 || other[1] == letters[1]) {
            return i;
        }
        i += 1;
    }
}
