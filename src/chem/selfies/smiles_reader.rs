//! SMILES to [`SmilesGraph`], in one pass over the text and with the grammar that SELFIES accepts.
//!
//! That is `OpenSMILES` without `$`, `*`, `%(nnn)` and extended chirality. A bond before the first atom of a fragment,
//! empty fragments after the first and a ring number after a branch are let through, as the reference does.

use super::bracket::{BadBracket, BracketAtom};
use super::elements::{self, Element};
use super::error::{SelfiesProblem, quote};
use super::smiles_graph::{AromaticBond, Atom, NONE, Order, SmilesGraph};

/// Why and at which byte a SMILES was refused.
pub(super) type Refusal = (SelfiesProblem, usize);

/// A ring number that waits for its second appearance.
#[derive(Debug, Clone, Copy)]
struct OpenRing {
    /// The edge kept free at the opening atom; [`NONE`] when the number is not in use.
    edge: u32,
    atom: u32,
    /// The bond symbol at the opening, 0 for none.
    bond: u8,
    at: u32,
}

/// One-digit numbers, then two-digit ones: `1` and `%01` are different rings.
const RING_NUMBERS: usize = 110;
const UNUSED: OpenRing = OpenRing { edge: NONE, atom: NONE, bond: 0, at: 0 };

/// Reusable memory of the reader.
#[derive(Debug)]
pub(super) struct ReaderMemory {
    /// Atom before each open branch, and where the branch opens.
    branches: Vec<(u32, u32)>,
    rings: [OpenRing; RING_NUMBERS],
    n_open_rings: usize,
}

impl Default for ReaderMemory {
    fn default() -> Self {
        Self { branches: Vec::new(), rings: [UNUSED; RING_NUMBERS], n_open_rings: 0 }
    }
}

/// Reads `smiles` into `graph`, replacing what was there.
pub(super) fn read(smiles: &str, graph: &mut SmilesGraph, memory: &mut ReaderMemory) -> Result<(), Refusal> {
    graph.clear();
    memory.branches.clear();
    if memory.n_open_rings > 0 {
        memory.rings = [UNUSED; RING_NUMBERS];
        memory.n_open_rings = 0;
    }
    Reader { smiles, text: smiles.as_bytes(), graph, memory, previous: NONE, atom_due: true, bond: 0, bond_at: 0 }
        .read()
}

struct Reader<'a> {
    smiles: &'a str,
    text: &'a [u8],
    graph: &'a mut SmilesGraph,
    memory: &'a mut ReaderMemory,
    /// The atom the next one binds to; [`NONE`] at the start of a fragment.
    previous: u32,
    /// At the start of a fragment or branch.
    atom_due: bool,
    /// A bond symbol that waits for its atom or ring number, 0 for none.
    bond: u8,
    bond_at: usize,
}

impl Reader<'_> {
    fn read(mut self) -> Result<(), Refusal> {
        let mut at = 0;
        while let Some(&c) = self.text.get(at) {
            at = match c {
                b'C' if self.text.get(at + 1) == Some(&b'l') => self.plain_atom(b'C', b'l', false, at, 2),
                b'B' if self.text.get(at + 1) == Some(&b'r') => self.plain_atom(b'B', b'r', false, at, 2),
                b'B' | b'C' | b'F' | b'I' | b'N' | b'O' | b'P' | b'S' => self.plain_atom(c, 0, false, at, 1),
                b'b' | b'c' | b'n' | b'o' | b'p' | b's' => self.plain_atom(c - 32, 0, true, at, 1),
                b'[' => self.bracket_atom(at)?,
                b'-' | b'=' | b'#' | b':' | b'/' | b'\\' => {
                    self.no_bond_waits()?;
                    (self.bond, self.bond_at) = (c, at);
                    at + 1
                }
                b'(' => self.open_branch(at)?,
                b')' => self.close_branch(at)?,
                b'0'..=b'9' => self.ring(usize::from(c - b'0'), at, 1)?,
                b'%' => match self.text.get(at + 1..at + 3) {
                    Some(&[tens @ b'0'..=b'9', ones @ b'0'..=b'9']) => {
                        self.ring(10 + usize::from(tens - b'0') * 10 + usize::from(ones - b'0'), at, 3)?
                    }
                    _ => return Err((SelfiesProblem::BadRingNumber, at)),
                },
                b'.' => {
                    self.end_fragment(at)?;
                    at + 1
                }
                _ => {
                    let found = self.smiles[at..].chars().next().unwrap_or(char::REPLACEMENT_CHARACTER);
                    return Err((SelfiesProblem::UnknownCharacter(found), at));
                }
            };
        }
        self.end_fragment(at)
    }

    fn no_bond_waits(&self) -> Result<(), Refusal> {
        if self.bond == 0 { Ok(()) } else { Err((SelfiesProblem::HangingBond, self.bond_at)) }
    }

    #[inline]
    fn plain_atom(&mut self, capital: u8, small: u8, aromatic: bool, at: usize, len: usize) -> usize {
        if let Some(element) = elements::element(capital, small) {
            self.add_atom(element, aromatic, NONE, at);
        }
        at + len
    }

    fn bracket_atom(&mut self, at: usize) -> Result<usize, Refusal> {
        let rest = &self.text[at + 1..];
        let len = rest.iter().position(|&c| c == b']').ok_or((SelfiesProblem::UnclosedBracket, at))?;
        let inside = &rest[..len];
        let (atom, aromatic) = BracketAtom::from_smiles(inside, at as u32 + 1).map_err(|bad| match bad {
            BadBracket::Syntax => (SelfiesProblem::BadBracketAtom(quote(&self.text[at..at + len + 2])), at),
            BadBracket::Element => (SelfiesProblem::UnknownElement(quote(inside)), at),
        })?;
        let bracket = self.graph.brackets.len() as u32;
        let element = atom.element;
        self.graph.brackets.push(atom);
        self.add_atom(element, aromatic, bracket, at);
        Ok(at + len + 2)
    }

    fn add_atom(&mut self, element: Element, aromatic: bool, bracket: u32, at: usize) {
        let index = self.graph.atoms.len() as u32;
        let parent = self.previous;
        self.graph.atoms.push(Atom {
            first_edge: NONE,
            last_edge: NONE,
            parent,
            bonds: 0,
            bracket,
            start: at as u32,
            element,
            aromatic,
            in_ring_bond: false,
        });
        if parent != NONE {
            let (order, stereo) = self.meaning(self.bond, parent, index);
            let edge = self.graph.add_edge(parent, index, order, stereo);
            self.count_bond(parent, index, order, edge);
        }
        self.previous = index;
        self.atom_due = false;
        self.bond = 0;
    }

    /// Order and direction of a bond symbol, or of none, between two atoms.
    fn meaning(&self, bond: u8, a: u32, b: u32) -> (Order, u8) {
        match bond {
            b'=' => (Order::Double, 0),
            b'#' => (Order::Triple, 0),
            b':' => (Order::Aromatic, 0),
            b'/' | b'\\' => (Order::Single, bond),
            0 if self.graph.atoms[a as usize].aromatic && self.graph.atoms[b as usize].aromatic => (Order::Aromatic, 0),
            _ => (Order::Single, 0),
        }
    }

    fn count_bond(&mut self, a: u32, b: u32, order: Order, edge: u32) {
        for atom in [a, b] {
            self.graph.atoms[atom as usize].bonds += order.count();
        }
        if order == Order::Aromatic {
            self.graph.aromatic_bonds.push(AromaticBond { ends: [a, b], edge });
        }
    }

    fn open_branch(&mut self, at: usize) -> Result<usize, Refusal> {
        self.no_bond_waits()?;
        self.no_atom_due(at)?;
        self.memory.branches.push((self.previous, at as u32));
        self.atom_due = true;
        Ok(at + 1)
    }

    fn close_branch(&mut self, at: usize) -> Result<usize, Refusal> {
        self.no_bond_waits()?;
        self.no_atom_due(at)?;
        (self.previous, _) = self.memory.branches.pop().ok_or((SelfiesProblem::UnopenedBranch, at))?;
        Ok(at + 1)
    }

    fn no_atom_due(&self, at: usize) -> Result<(), Refusal> {
        if self.atom_due { Err((SelfiesProblem::ExpectedAtom, at)) } else { Ok(()) }
    }

    /// Opens or closes ring `number`, whose text starts at `at` and has `len` bytes.
    fn ring(&mut self, number: usize, at: usize, len: usize) -> Result<usize, Refusal> {
        self.no_atom_due(at)?;
        let atom = self.previous;
        let bond = std::mem::take(&mut self.bond);
        let open = std::mem::replace(&mut self.memory.rings[number], UNUSED);
        if open.edge == NONE {
            let edge = self.graph.add_edge(atom, NONE, Order::Single, 0);
            self.memory.rings[number] = OpenRing { edge, atom, bond, at: at as u32 };
            self.memory.n_open_rings += 1;
            return Ok(at + len);
        }
        self.memory.n_open_rings -= 1;
        self.close_ring(open, atom, bond).map_err(|problem| (problem, at))?;
        Ok(at + len)
    }

    fn close_ring(&mut self, open: OpenRing, atom: u32, bond: u8) -> Result<(), SelfiesProblem> {
        let is_direction = |c| matches!(c, b'/' | b'\\');
        let agree = open.bond == bond || open.bond == 0 || bond == 0 || (is_direction(open.bond) && is_direction(bond));
        if open.atom == atom {
            return Err(SelfiesProblem::BondToItself);
        }
        if !agree {
            return Err(SelfiesProblem::RingBondMismatch);
        }
        if self.graph.are_bonded(open.atom, atom) {
            return Err(SelfiesProblem::DoubledBond);
        }
        let (order, _) = self.meaning(if bond == 0 { open.bond } else { bond }, open.atom, atom);
        let direction = |c| if is_direction(c) { c } else { 0 };
        let closing = self.graph.add_edge(atom, open.atom, order, direction(bond));
        self.graph.edges[closing as usize].reverse = open.edge;
        let opening = &mut self.graph.edges[open.edge as usize];
        (opening.to, opening.reverse, opening.order, opening.stereo) = (atom, closing, order, direction(open.bond));
        for end in [open.atom, atom] {
            self.graph.atoms[end as usize].in_ring_bond = true;
        }
        self.count_bond(open.atom, atom, order, closing);
        Ok(())
    }

    fn end_fragment(&mut self, at: usize) -> Result<(), Refusal> {
        self.no_bond_waits()?;
        if let Some(&(_, opened)) = self.memory.branches.first() {
            return Err((SelfiesProblem::UnclosedBranch, opened as usize));
        }
        if self.memory.n_open_rings > 0 {
            let opened = self.memory.rings.iter().filter(|ring| ring.edge != NONE).map(|ring| ring.at).min();
            return Err((SelfiesProblem::UnclosedRing, opened.unwrap_or(0) as usize));
        }
        if self.graph.atoms.is_empty() {
            return Err((SelfiesProblem::NoAtom, at));
        }
        self.previous = NONE;
        self.atom_due = true;
        Ok(())
    }
}
