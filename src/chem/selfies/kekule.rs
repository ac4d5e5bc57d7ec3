//! Aromatic bonds to alternating single and double ones.

use super::elements::{self, SYMBOLS};
use super::error::SelfiesProblem;
use super::matching::{Matching, NeighbourLists};
use super::smiles_graph::{Atom, NONE, Order, SmilesGraph};
use super::smiles_reader::Refusal;

/// Reusable memory.
#[derive(Debug, Default)]
pub(super) struct KekuleMemory {
    /// For every atom its vertex among those that need a double bond, or [`NONE`].
    vertices: Vec<u32>,
    /// The way back.
    atoms: Vec<u32>,
    graph: NeighbourLists,
    matching: Matching,
}

/// Gives every aromatic bond an order.
///
/// Atoms that are saturated already stay out; the others are paired off along aromatic bonds.
///
/// # Errors
/// An atom for which no double bond is left, or one that cannot be aromatic.
pub(super) fn kekulise(molecule: &mut SmilesGraph, memory: &mut KekuleMemory) -> Result<(), Refusal> {
    if molecule.aromatic_bonds.is_empty() {
        return Ok(());
    }
    memory.choose_vertices(molecule)?;
    memory.list_neighbours(molecule);
    let KekuleMemory { vertices, atoms, graph, matching } = memory;
    matching.solve(graph).map_err(|vertex| {
        let atom = &molecule.atoms[atoms[vertex as usize] as usize];
        (SelfiesProblem::NotKekulisable, atom.start as usize)
    })?;

    for i in 0..molecule.aromatic_bonds.len() {
        let bond = molecule.aromatic_bonds[i];
        let [a, b] = bond.ends.map(|atom| vertices[atom as usize]);
        let is_double = a != NONE && b != NONE && (matching.mate(a) == b || matching.mate(b) == a);
        molecule.set_order(bond.edge, if is_double { Order::Double } else { Order::Single });
        if is_double {
            bond.ends.iter().for_each(|&atom| molecule.atoms[atom as usize].bonds += 1);
        }
    }
    Ok(())
}

impl KekuleMemory {
    fn choose_vertices(&mut self, molecule: &SmilesGraph) -> Result<(), Refusal> {
        // First the number of aromatic bonds of each atom, then its vertex.
        self.vertices.clear();
        self.vertices.resize(molecule.atoms.len(), 0);
        for bond in &molecule.aromatic_bonds {
            bond.ends.iter().for_each(|&atom| self.vertices[atom as usize] += 1);
        }
        self.atoms.clear();
        for (index, (atom, vertex)) in molecule.atoms.iter().zip(&mut self.vertices).enumerate() {
            let n_aromatic = std::mem::replace(vertex, NONE);
            if n_aromatic > 0 && !elements::can_be_aromatic(atom.element) {
                return Err((SelfiesProblem::NeverAromatic(SYMBOLS[atom.element as usize]), atom.start as usize));
            }
            if n_aromatic > 0 && !is_saturated(molecule, atom, n_aromatic) {
                *vertex = self.atoms.len() as u32;
                self.atoms.push(index as u32);
            }
        }
        Ok(())
    }

    /// Neighbour lists along aromatic bonds, each in the order in which the bonds were completed.
    fn list_neighbours(&mut self, molecule: &SmilesGraph) {
        let vertices = &self.vertices;
        let pairs = || {
            let pair = |ends: [u32; 2]| ends.map(|atom| vertices[atom as usize]);
            molecule.aromatic_bonds.iter().map(move |bond| pair(bond.ends)).filter(|pair| !pair.contains(&NONE))
        };
        let NeighbourLists { starts, neighbours } = &mut self.graph;
        starts.clear();
        starts.resize(self.atoms.len() + 1, 0);
        pairs().flatten().for_each(|vertex| starts[vertex as usize + 1] += 1);
        for v in 0..self.atoms.len() {
            starts[v + 1] += starts[v];
        }
        neighbours.clear();
        neighbours.resize(starts[self.atoms.len()] as usize, NONE);
        // Fill each list through its start, then shift the starts back by one list.
        for [a, b] in pairs() {
            for (from, to) in [(a, b), (b, a)] {
                let place = &mut starts[from as usize];
                neighbours[*place as usize] = to;
                *place += 1;
            }
        }
        starts.rotate_right(1);
        starts[0] = 0;
    }
}

fn is_saturated(molecule: &SmilesGraph, atom: &Atom, n_aromatic: u32) -> bool {
    let (hydrogens, charge) = match molecule.bracket(atom) {
        Some(bracket) => (i64::from(bracket.hydrogens), Some(bracket.charge)),
        None => (0, None),
    };
    elements::is_saturated(atom.element, i64::from(atom.bonds) + hydrogens, i64::from(n_aromatic), charge)
}
