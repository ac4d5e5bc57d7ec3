//! A molecule as its SMILES wrote it: atoms and bonds in the order of the text, nothing normalised.

use super::bracket::BracketAtom;
use super::elements::{self, Element};

/// No atom, no edge, no bracket.
pub(super) const NONE: u32 = u32::MAX;

/// An order of a bond; an aromatic one becomes single or double when the graph is kekulised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Order {
    Single = 1,
    Double = 2,
    Triple = 3,
    Aromatic = 4,
}

impl Order {
    /// What the bond adds to the count of its atoms; an aromatic bond its σ part.
    pub fn count(self) -> u32 {
        match self {
            Order::Single | Order::Aromatic => 1,
            Order::Double => 2,
            Order::Triple => 3,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Atom {
    /// First and last of the edges that leave this atom, in the order of the text.
    pub first_edge: u32,
    pub last_edge: u32,
    /// The atom before it in the text; [`NONE`] for the first of a fragment.
    pub parent: u32,
    /// Sum of bond orders, each aromatic bond counted once until kekulised.
    pub bonds: u32,
    /// Place in [`SmilesGraph::brackets`], or [`NONE`] for a plain atom.
    pub bracket: u32,
    /// Byte in the text.
    pub start: u32,
    pub element: Element,
    pub aromatic: bool,
    pub in_ring_bond: bool,
}

/// A bond seen from one of its atoms. A ring bond has two edges, any other only the one from parent to child.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    /// The next edge of the same atom.
    pub next: u32,
    pub to: u32,
    /// The other edge of a ring bond; [`NONE`] otherwise.
    pub reverse: u32,
    pub order: Order,
    /// `/` or `\`, 0 for none.
    pub stereo: u8,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct AromaticBond {
    pub ends: [u32; 2],
    /// One of its edges.
    pub edge: u32,
}

/// Reusable: cleared and filled by [`super::smiles_reader::read`].
#[derive(Debug, Default)]
pub(super) struct SmilesGraph {
    pub atoms: Vec<Atom>,
    pub edges: Vec<Edge>,
    pub brackets: Vec<BracketAtom>,
    /// In the order in which they were completed.
    pub aromatic_bonds: Vec<AromaticBond>,
}

impl SmilesGraph {
    pub fn clear(&mut self) {
        self.atoms.clear();
        self.edges.clear();
        self.brackets.clear();
        self.aromatic_bonds.clear();
    }

    pub fn edge(&self, edge: u32) -> &Edge {
        &self.edges[edge as usize]
    }

    /// Appends an edge to those of `from`.
    pub fn add_edge(&mut self, from: u32, to: u32, order: Order, stereo: u8) -> u32 {
        let edge = self.edges.len() as u32;
        self.edges.push(Edge { next: NONE, to, reverse: NONE, order, stereo });
        let atom = &mut self.atoms[from as usize];
        let last = std::mem::replace(&mut atom.last_edge, edge);
        if last == NONE {
            atom.first_edge = edge;
        } else {
            self.edges[last as usize].next = edge;
        }
        edge
    }

    /// Sets the order of a bond through one of its edges.
    pub fn set_order(&mut self, edge: u32, order: Order) {
        self.edges[edge as usize].order = order;
        let reverse = self.edge(edge).reverse;
        if reverse != NONE {
            self.edges[reverse as usize].order = order;
        }
    }

    /// Whether two atoms share a bond; takes as long as the shorter of their edge lists.
    pub fn are_bonded(&self, a: u32, b: u32) -> bool {
        let (of_a, of_b) = (&self.atoms[a as usize], &self.atoms[b as usize]);
        if of_a.parent == b || of_b.parent == a {
            return true;
        }
        let (mut at_a, mut at_b) = (of_a.first_edge, of_b.first_edge);
        while at_a != NONE && at_b != NONE {
            let (edge_a, edge_b) = (self.edge(at_a), self.edge(at_b));
            if edge_a.to == b || edge_b.to == a {
                return true;
            }
            (at_a, at_b) = (edge_a.next, edge_b.next);
        }
        false
    }

    pub fn bracket(&self, atom: &Atom) -> Option<&BracketAtom> {
        self.brackets.get(atom.bracket as usize)
    }

    /// Bonds the atom may form beside those to explicit hydrogens; negative when these are too many.
    pub fn capacity(&self, atom: &Atom) -> i32 {
        match self.bracket(atom) {
            Some(bracket) => bracket.capacity(),
            None => i32::from(elements::most_bonds(atom.element, 0)),
        }
    }
}
