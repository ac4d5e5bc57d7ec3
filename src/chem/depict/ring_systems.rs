//! Ring systems: rings that share bonds, and so move as one body in a drawing.

use std::collections::HashMap;

use super::super::Molecule;

/// A 2-connected part of the molecule: rings fused or bridged by shared bonds.
pub(super) struct RingSystem {
    /// Atoms of the molecule, ascending.
    pub(super) atoms: Vec<usize>,
    /// Bonds of the molecule between them.
    pub(super) bonds: Vec<usize>,
    /// Each ring as atoms of the molecule in order around it.
    pub(super) rings: Vec<Vec<usize>>,
}

/// Groups rings into systems; spiro atoms belong to two systems.
pub(super) fn ring_systems(molecule: &Molecule, rings: &[Vec<usize>]) -> Vec<RingSystem> {
    let mut group: Vec<usize> = (0..rings.len()).collect();
    let mut first_ring_of_bond: HashMap<usize, usize> = HashMap::new();
    let ring_bonds: Vec<Vec<usize>> = rings.iter().map(|ring| bonds_around(molecule, ring)).collect();
    for (ring, bonds) in ring_bonds.iter().enumerate() {
        for &bond in bonds {
            let first = *first_ring_of_bond.entry(bond).or_insert(ring);
            let (a, b) = (root(&mut group, first), root(&mut group, ring));
            group[a.max(b)] = a.min(b);
        }
    }
    let mut systems: Vec<RingSystem> = Vec::new();
    let mut system_of_root: HashMap<usize, usize> = HashMap::new();
    for ring in 0..rings.len() {
        let root = root(&mut group, ring);
        let system = *system_of_root.entry(root).or_insert_with(|| {
            systems.push(RingSystem { atoms: Vec::new(), bonds: Vec::new(), rings: Vec::new() });
            systems.len() - 1
        });
        systems[system].atoms.extend(&rings[ring]);
        systems[system].bonds.extend(&ring_bonds[ring]);
        systems[system].rings.push(rings[ring].clone());
    }
    for system in &mut systems {
        system.atoms.sort_unstable();
        system.atoms.dedup();
        system.bonds.sort_unstable();
        system.bonds.dedup();
    }
    systems
}

/// The bonds between consecutive atoms of a ring.
pub(super) fn bonds_around(molecule: &Molecule, ring: &[usize]) -> Vec<usize> {
    (0..ring.len()).filter_map(|i| bond_between(molecule, ring[i], ring[(i + 1) % ring.len()])).collect()
}

pub(super) fn bond_between(molecule: &Molecule, a: usize, b: usize) -> Option<usize> {
    molecule.neighbours(a).iter().find(|&&(other, _)| other == b).map(|&(_, bond)| bond)
}

fn root(group: &mut [usize], mut i: usize) -> usize {
    while group[i] != i {
        group[i] = group[group[i]];
        i = group[i];
    }
    i
}
