//! A derived molecule to SMILES, atom after atom in the order of the derivation.

use super::decoder::{AtomText, Derivation, DerivedAtom, NONE};
use super::text::append_number;

/// Reusable memory of the writer.
#[derive(Debug, Default)]
pub(super) struct WriterMemory {
    /// The number of each ring bond; 0 until its first end is written.
    ring_numbers: Vec<u32>,
    n_rings: u32,
    text: Vec<u8>,
}

/// The SMILES of a molecule; ring numbers count up and are never used twice.
pub(super) fn write<'a>(molecule: &Derivation, memory: &'a mut WriterMemory) -> &'a str {
    memory.text.clear();
    memory.n_rings = 0;
    memory.ring_numbers.clear();
    memory.ring_numbers.resize(molecule.ring_ends.len() / 2, 0);
    for (index, atom) in molecule.atoms.iter().enumerate() {
        if atom.parent != NONE {
            close_branches(molecule, index as u32 - 1, atom.parent, &mut memory.text);
            if molecule.atoms[atom.parent as usize].last_child != index as u32 {
                memory.text.push(b'(');
            }
        } else if index > 0 {
            memory.text.push(b'.');
        }
        write_bond(atom.order, atom.stereo, &mut memory.text);
        match atom.text {
            AtomText::Short(text) => text.append_to(&mut memory.text),
            AtomText::Long { start, end } => {
                memory.text.extend_from_slice(&molecule.long_texts[start as usize..end as usize]);
            }
        }
        write_rings(molecule, atom, memory);
    }
    std::str::from_utf8(&memory.text).expect("atoms are ASCII")
}

/// Closes every branch that `last`, the atom just written, or an atom above it up to `parent` belongs to.
fn close_branches(molecule: &Derivation, last: u32, parent: u32, text: &mut Vec<u8>) {
    let mut atom = last;
    while atom != parent {
        let above = molecule.atoms[atom as usize].parent;
        if molecule.atoms[above as usize].last_child != atom {
            text.push(b')');
        }
        atom = above;
    }
}

fn write_rings(molecule: &Derivation, atom: &DerivedAtom, memory: &mut WriterMemory) {
    let mut at = atom.first_ring;
    while at != NONE {
        let end = &molecule.ring_ends[at as usize];
        let number = &mut memory.ring_numbers[at as usize / 2];
        if *number == 0 {
            memory.n_rings += 1;
            *number = memory.n_rings;
        }
        write_bond(end.order, end.stereo, &mut memory.text);
        if *number >= 10 {
            memory.text.push(b'%');
        }
        append_number(*number, &mut memory.text);
        at = end.next;
    }
}

fn write_bond(order: u8, stereo: u8, text: &mut Vec<u8>) {
    match (order, stereo) {
        (0, _) | (1, 0) => {}
        (1, direction) => text.push(direction),
        (2, _) => text.push(b'='),
        _ => text.push(b'#'),
    }
}
