//! A quick proof that a molecule passes sanitisation, for the great majority made of plain organic atoms.
//!
//! “No” means “not shown here”: the caller then asks the toolkit's full sanitisation, which is ten times as slow. “Yes”
//! is only said where RDKit's rules leave no doubt, and a test compares both on mutated strings.

use chematic::core::{Atom, AtomIdx, BondOrder, Chirality, Molecule, kekulize_with};
use chematic::perception::ring_bond_flags;

/// True when every atom is plain, no valence is exceeded, and the aromatic systems have a Kekulé structure.
pub(super) fn is_certainly_valid(molecule: &Molecule) -> bool {
    let mut any_aromatic = false;
    for (index, atom) in molecule.atoms() {
        any_aromatic |= atom.aromatic;
        if !(is_plain(atom) && valence_fits(molecule, index, atom)) {
            return false;
        }
    }
    !any_aromatic || aromatic_systems_fit(molecule)
}

fn is_plain(atom: &Atom) -> bool {
    let plain_chirality =
        matches!(atom.chirality, Chirality::None | Chirality::Clockwise | Chirality::CounterClockwise);
    !atom.wildcard && plain_chirality && max_valence(atom).is_some()
}

/// The largest valence that sanitisation permits without changing anything, for the commonest atoms.
fn max_valence(atom: &Atom) -> Option<u8> {
    Some(match (atom.element.atomic_number(), atom.charge) {
        (6, 0) | (7, 1) => 4,
        (7, 0) | (8, 1) => 3,
        (8, 0) => 2,
        (9 | 17 | 35 | 53, 0) | (8, -1) => 1,
        (16, 0) => 6,
        (9 | 17 | 35 | 53, -1) => 0,
        _ => return None,
    })
}

/// Bonds and bracket hydrogens within the limit; an aromatic bond counts one, its double bond is matched later.
fn valence_fits(molecule: &Molecule, index: AtomIdx, atom: &Atom) -> bool {
    let Some(limit) = max_valence(atom) else { return false };
    let hydrogens = atom.hydrogen_count.unwrap_or(0);
    let (mut sum, mut n_aromatic, mut n_multiple) = (hydrogens, 0, 0);
    for &(_, bond) in molecule.neighbor_slice(index) {
        let order = match molecule.bond(bond).order {
            BondOrder::Single | BondOrder::Up | BondOrder::Down => 1,
            BondOrder::Double => 2,
            BondOrder::Triple => 3,
            BondOrder::Aromatic => {
                n_aromatic += 1;
                1
            }
            _ => return false,
        };
        n_multiple += u8::from(order > 1);
        sum = sum.saturating_add(order);
    }
    if !atom.aromatic {
        return n_aromatic == 0 && sum <= limit;
    }
    match (atom.element.atomic_number(), atom.charge) {
        // Three neighbours or two and a hydrogen, or a double bond out of the ring.
        (6, 0) => {
            n_aromatic >= 2 && atom.hydrogen_count.is_none_or(|h| h == 1) && {
                if n_multiple == 0 { sum <= 3 } else { n_multiple == 1 && sum == 4 && hydrogens == 0 }
            }
        }
        (7, 0) => n_aromatic >= 2 && n_multiple == 0 && sum <= 3,
        (7, 1) => n_aromatic >= 2 && n_multiple == 0 && sum == 3,
        (8 | 16, 0) => n_aromatic == 2 && n_multiple == 0 && sum == 2,
        _ => false,
    }
}

/// Aromatic atoms lie in rings, and a perfect matching gives each that needs one its double bond.
fn aromatic_systems_fit(molecule: &Molecule) -> bool {
    let in_ring = ring_bond_flags(molecule);
    let all_in_rings =
        molecule.bonds().all(|(index, bond)| bond.order != BondOrder::Aromatic || in_ring[index.0 as usize]);
    all_in_rings && kekulize_with(molecule, |atom| needs_double_bond(molecule, atom)).is_ok()
}

fn needs_double_bond(molecule: &Molecule, index: AtomIdx) -> bool {
    let atom = molecule.atom(index);
    let connections = molecule.degree(index) + usize::from(atom.hydrogen_count.unwrap_or(0));
    match (atom.element.atomic_number(), atom.charge) {
        (6, _) => molecule.neighbor_slice(index).iter().all(|&(_, b)| molecule.bond(b).order != BondOrder::Double),
        (7, 0) => connections == 2,
        (7, _) => true,
        _ => false,
    }
}
