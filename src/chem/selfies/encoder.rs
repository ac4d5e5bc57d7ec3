//! SMILES to SELFIES.

use super::elements::SYMBOLS;
use super::error::{SelfiesError, SelfiesProblem, Task, quote};
use super::kekule::{self, KekuleMemory};
use super::smiles_graph::{Atom, Edge, NONE, Order, SmilesGraph};
use super::smiles_reader::{self, ReaderMemory, Refusal};
use super::text::Piece;

/// Symbols that count when they follow a branch or ring symbol, by value: the digits of base 16.
pub(super) const INDEX_SYMBOLS: [&str; 16] = [
    "[C]",
    "[Ring1]",
    "[Ring2]",
    "[Branch1]",
    "[=Branch1]",
    "[#Branch1]",
    "[Branch2]",
    "[=Branch2]",
    "[#Branch2]",
    "[O]",
    "[N]",
    "[=N]",
    "[=C]",
    "[#C]",
    "[S]",
    "[P]",
];

/// An edge of an atom to go on with, or [`NONE`] when there are no more.
#[derive(Debug, Clone, Copy)]
struct Place {
    atom: u32,
    edge: u32,
}

/// Writes SELFIES; reusable, so that many molecules need no new memory.
#[derive(Debug, Default)]
pub struct Encoder {
    graph: SmilesGraph,
    reader: ReaderMemory,
    kekule: KekuleMemory,
    /// For every atom the number of symbols of its chain from there on, branches included.
    sizes: Vec<u32>,
    /// Where to go on when the branch at hand ends.
    resume: Vec<Place>,
    text: Vec<u8>,
}

impl Encoder {
    /// The SELFIES of a SMILES string; see [`super::encode`].
    ///
    /// # Errors
    /// The string is no SMILES, cannot be kekulised, or has an atom with more bonds than the default constraints allow.
    pub fn encode(&mut self, smiles: &str) -> Result<String, SelfiesError> {
        match self.write(smiles) {
            Ok(()) => Ok(std::str::from_utf8(&self.text).expect("symbols are ASCII").to_owned()),
            Err((problem, at)) => Err(SelfiesError::new(Task::Encode, problem, smiles, at)),
        }
    }

    fn write(&mut self, smiles: &str) -> Result<(), Refusal> {
        if smiles.len() >= NONE as usize {
            return Err((SelfiesProblem::TooLong, 0));
        }
        smiles_reader::read(smiles, &mut self.graph, &mut self.reader)?;
        kekule::kekulise(&mut self.graph, &mut self.kekule)?;
        check_bonds(&self.graph, smiles.as_bytes())?;

        count_symbols(&self.graph, &mut self.sizes);
        self.text.clear();
        let Self { graph, sizes, resume, text, .. } = self;
        let mut writer = Writer { graph, smiles: smiles.as_bytes(), sizes, resume, text };
        for root in 0..graph.atoms.len() as u32 {
            if graph.atoms[root as usize].parent == NONE {
                if root > 0 {
                    writer.text.push(b'.');
                }
                writer.fragment(root);
            }
        }
        Ok(())
    }
}

fn check_bonds(graph: &SmilesGraph, smiles: &[u8]) -> Result<(), Refusal> {
    for atom in &graph.atoms {
        let most = graph.capacity(atom);
        if i64::from(atom.bonds) > i64::from(most) {
            let mut text = SYMBOLS[atom.element as usize].as_bytes().to_vec();
            if atom.bracket != NONE {
                text.clear();
                write_bracket(graph, atom, smiles, 0, false, &mut text);
            }
            let problem = SelfiesProblem::TooManyBonds { atom: quote(&text), found: atom.bonds, most };
            return Err((problem, atom.start as usize));
        }
    }
    Ok(())
}

/// The distance a ring symbol states when `edge` of atom `from` closes a ring, which it does at its second atom.
fn ring_span(edge: &Edge, from: u32) -> Option<u32> {
    (edge.reverse != NONE && edge.to < from).then(|| from - edge.to)
}

/// From the last atom back, since a chain's length includes those of its branches.
fn count_symbols(graph: &SmilesGraph, sizes: &mut Vec<u32>) {
    sizes.clear();
    sizes.resize(graph.atoms.len(), 0);
    for (index, atom) in graph.atoms.iter().enumerate().rev() {
        let mut size = 1;
        let mut at = atom.first_edge;
        while at != NONE {
            let edge = graph.edge(at);
            if edge.reverse == NONE {
                let branch = sizes[edge.to as usize];
                size += branch;
                if edge.next != NONE {
                    size += 1 + n_digits(branch - 1);
                }
            } else if let Some(span) = ring_span(edge, index as u32) {
                size += 1 + n_digits(span - 1);
            }
            at = edge.next;
        }
        sizes[index] = size;
    }
}

/// Digits of a number in base 16, at least one.
fn n_digits(number: u32) -> u32 {
    (35 - (number | 1).leading_zeros()) / 4
}

struct Writer<'a> {
    graph: &'a SmilesGraph,
    smiles: &'a [u8],
    sizes: &'a [u32],
    resume: &'a mut Vec<Place>,
    text: &'a mut Vec<u8>,
}

impl Writer<'_> {
    /// Writes every chain to its end, each branch where it leaves its chain.
    fn fragment(&mut self, root: u32) {
        self.atom(root, 0);
        let mut place = Place { atom: root, edge: self.graph.atoms[root as usize].first_edge };
        loop {
            if let Some(edge) = self.next_bond(place) {
                self.atom(edge.to, bond_sign(edge.order, edge.stereo));
                place = Place { atom: edge.to, edge: self.graph.atoms[edge.to as usize].first_edge };
            } else if let Some(left) = self.resume.pop() {
                place = left;
            } else {
                return;
            }
        }
    }

    /// Writes ring symbols up to the next bond to a new atom, with the branch symbol when more follows it.
    fn next_bond(&mut self, Place { atom, edge: mut at }: Place) -> Option<Edge> {
        while at != NONE {
            let edge = *self.graph.edge(at);
            if edge.reverse == NONE {
                if edge.next != NONE {
                    self.resume.push(Place { atom, edge: edge.next });
                    self.counted(b'B', edge.order, 0, 0, self.sizes[edge.to as usize] - 1);
                }
                return Some(edge);
            }
            if let Some(span) = ring_span(&edge, atom) {
                let opening = self.graph.edge(edge.reverse).stereo;
                self.counted(b'R', edge.order, opening, edge.stereo, span - 1);
            }
            at = edge.next;
        }
        None
    }

    fn atom(&mut self, index: u32, sign: u8) {
        let atom = &self.graph.atoms[index as usize];
        if atom.bracket == NONE {
            PLAIN[sign_place(sign)][atom.element as usize].append_to(self.text);
            return;
        }
        let flip = atom.in_ring_bond && self.graph.brackets[atom.bracket as usize].chirality > 0 && self.turns(index);
        write_bracket(self.graph, atom, self.smiles, sign, flip, self.text);
    }

    /// A branch or ring symbol and the digits of `number` after it.
    ///
    /// The directions of a ring bond are those at its first and second atom; 0 for none.
    fn counted(&mut self, kind: u8, order: Order, first: u8, second: u8, number: u32) {
        let n_digits = n_digits(number);
        self.text.push(b'[');
        if order == Order::Single && (first, second) != (0, 0) {
            self.text.extend([first, second].map(|c| if c == 0 { b'-' } else { c }));
        } else if order != Order::Single {
            self.text.push(bond_sign(order, 0));
        }
        let name = if kind == b'B' { const { Piece::of(&["Branch"]) } } else { const { Piece::of(&["Ring"]) } };
        name.append_to(self.text);
        self.text.extend([b'0' + n_digits as u8, b']']);
        for digit in (0..n_digits).rev() {
            INDEX[(number >> (4 * digit)) as usize & 15].append_to(self.text);
        }
    }

    /// Whether SELFIES lists the neighbours of a stereocentre in an order of other parity than the SMILES did.
    ///
    /// Decoding puts ring bonds closed at the atom first, then those it opens by their other atom, then the rest.
    fn turns(&self, index: u32) -> bool {
        let rank = |edge: &Edge| match edge.reverse {
            NONE => (2, 0),
            _ if edge.to > index => (1, edge.to),
            _ => (0, 0),
        };
        let mut n_swaps = 0;
        let mut at = self.graph.atoms[index as usize].first_edge;
        while at != NONE {
            let mut later = self.graph.edge(at).next;
            while later != NONE {
                n_swaps += u32::from(rank(self.graph.edge(later)) < rank(self.graph.edge(at)));
                later = self.graph.edge(later).next;
            }
            at = self.graph.edge(at).next;
        }
        n_swaps % 2 == 1
    }
}

/// The sign of a bond before an atom; a direction only where the order leaves room for it, 0 for a plain single bond.
fn bond_sign(order: Order, stereo: u8) -> u8 {
    match order {
        Order::Double => b'=',
        Order::Triple => b'#',
        Order::Single | Order::Aromatic => stereo,
    }
}

fn write_bracket(graph: &SmilesGraph, atom: &Atom, smiles: &[u8], sign: u8, flip: bool, text: &mut Vec<u8>) {
    let bracket = &graph.brackets[atom.bracket as usize];
    let chirality = if flip { 3 - bracket.chirality } else { bracket.chirality };
    text.push(b'[');
    if sign != 0 {
        text.push(sign);
    }
    bracket.write(smiles, chirality, text);
    text.push(b']');
}

const SIGNS: [&str; 5] = ["", "=", "#", "/", "\\"];

fn sign_place(sign: u8) -> usize {
    match sign {
        b'=' => 1,
        b'#' => 2,
        b'/' => 3,
        b'\\' => 4,
        _ => 0,
    }
}

/// Symbols of atoms without brackets, by bond sign and element.
static PLAIN: [[Piece; SYMBOLS.len()]; SIGNS.len()] = plain();
static INDEX: [Piece; INDEX_SYMBOLS.len()] = index();

const fn plain() -> [[Piece; SYMBOLS.len()]; SIGNS.len()] {
    let mut table = [[Piece::EMPTY; SYMBOLS.len()]; SIGNS.len()];
    let mut i = 0;
    while i < SIGNS.len() {
        let mut k = 0;
        while k < SYMBOLS.len() {
            table[i][k] = Piece::of(&["[", SIGNS[i], SYMBOLS[k], "]"]);
            k += 1;
        }
        i += 1;
    }
    table
}

const fn index() -> [Piece; INDEX_SYMBOLS.len()] {
    let mut table = [Piece::EMPTY; INDEX_SYMBOLS.len()];
    let mut i = 0;
    while i < INDEX_SYMBOLS.len() {
        table[i] = Piece::of(&[INDEX_SYMBOLS[i]]);
        i += 1;
    }
    table
}
