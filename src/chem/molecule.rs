use std::sync::{Arc, OnceLock};

use chematic::core as toolkit;

use super::smiles::{self, SmilesError};
use super::{Element, plain_valence};

/// One atom of a sanitised molecule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Atom {
    /// Element, or the wildcard.
    pub element: Element,
    /// Mass number, when one is given.
    pub isotope: Option<u16>,
    /// Formal charge in elementary charges.
    pub charge: i8,
    /// Hydrogens that are not atoms of the graph.
    pub n_hydrogens: u8,
    /// Part of an aromatic ring.
    pub aromatic: bool,
    /// Part of any ring.
    pub in_ring: bool,
    /// The atom-map number of a reaction SMILES, when one is given.
    pub map_number: Option<u16>,
}

/// The order of a bond after aromaticity perception.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BondOrder {
    /// One electron pair.
    Single,
    /// Two electron pairs.
    Double,
    /// Three electron pairs.
    Triple,
    /// Four electron pairs, between metals.
    Quadruple,
    /// Delocalised in an aromatic ring.
    Aromatic,
    /// From a donor (`begin`) to a metal (`end`).
    Dative,
    /// Joined without a stated order.
    Unspecified,
}

/// One bond of a sanitised molecule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bond {
    /// Index of the first atom.
    pub begin: usize,
    /// Index of the second atom.
    pub end: usize,
    /// Order after aromaticity perception.
    pub order: BondOrder,
    /// Part of any ring.
    pub in_ring: bool,
}

impl Bond {
    /// The atom at the other end from `atom`.
    pub fn other(&self, atom: usize) -> usize {
        if atom == self.begin { self.end } else { self.begin }
    }
}

/// A molecule that passed sanitisation: valences are possible, aromatic systems have a Kekulé structure,
/// aromaticity is perceived as RDKit does it.
///
/// Atoms keep the order of the SMILES; explicit hydrogens (`[H]`) without a special role are folded into
/// [`Atom::n_hydrogens`]. The graph is worked out when it is first asked for, so that reading millions of molecules for
/// their canonical forms or fingerprints stays fast.
#[derive(Clone)]
pub struct Molecule {
    /// As read, before sanitisation: the toolkit's writers start from here.
    pub(in crate::chem) source: toolkit::Molecule,
    graph: OnceLock<Arc<Graph>>,
}

/// The sanitised graph in plain terms, and the toolkit's molecule that it was read from.
struct Graph {
    atoms: Vec<Atom>,
    bonds: Vec<Bond>,
    neighbours: Vec<Vec<(usize, usize)>>,
    perceived: toolkit::Molecule,
}

impl Molecule {
    /// Reads and sanitises a SMILES.
    ///
    /// # Errors
    /// A [`SmilesError`] with the character position and the reason, when the string is malformed, a valence is
    /// impossible, or an aromatic system has no Kekulé structure.
    pub fn from_smiles(smiles: &str) -> Result<Self, SmilesError> {
        let source = smiles::parse(smiles)?;
        let graph = OnceLock::new();
        if !plain_valence::is_certainly_valid(&source) {
            let perceived = smiles::sanitise(smiles, &source)?;
            let _ = graph.set(Arc::new(Graph::new(perceived)));
        }
        Ok(Self { source, graph })
    }

    /// Sanitises a graph that another reader of the toolkit made.
    ///
    /// # Errors
    /// As [`Molecule::from_smiles`], without positions.
    pub(in crate::chem) fn from_toolkit(source: toolkit::Molecule) -> Result<Self, SmilesError> {
        let perceived = smiles::sanitise("", &source)?;
        Ok(Self { source, graph: OnceLock::from(Arc::new(Graph::new(perceived))) })
    }

    /// The atoms; never more than 100,000.
    pub fn atoms(&self) -> &[Atom] {
        &self.graph().atoms
    }

    /// The bonds, each once.
    pub fn bonds(&self) -> &[Bond] {
        &self.graph().bonds
    }

    /// The neighbours of `atom`, each with the index of the bond that leads to it, in the order of the bonds.
    pub fn neighbours(&self, atom: usize) -> &[(usize, usize)] {
        &self.graph().neighbours[atom]
    }

    /// The smallest set of smallest rings, symmetrised as RDKit's `SymmetrizeSSSR`: atom indices around each ring.
    pub fn rings(&self) -> Vec<Vec<usize>> {
        let rings = chematic::perception::find_symmetrized_sssr(self.perceived());
        rings.rings().iter().map(|ring| ring.iter().map(|a| a.0 as usize).collect()).collect()
    }

    /// Bond orders of one Kekulé structure: no order is `Aromatic`.
    pub fn kekule_orders(&self) -> Vec<BondOrder> {
        let perceived = self.perceived();
        let kekule = toolkit::kekulize(perceived).expect("sanitisation found a Kekulé structure");
        let kekulised = toolkit::apply_kekule(perceived, &kekule);
        kekulised.bonds().map(|(_, bond)| plain_order(bond.order)).collect()
    }

    /// The toolkit's sanitised molecule, same atom order as [`Molecule::atoms`].
    pub(in crate::chem) fn perceived(&self) -> &toolkit::Molecule {
        &self.graph().perceived
    }

    fn graph(&self) -> &Graph {
        self.graph.get_or_init(|| {
            let perceived = smiles::sanitise("", &self.source).expect("the molecule was found valid when it was read");
            Arc::new(Graph::new(perceived))
        })
    }
}

impl Graph {
    fn new(perceived: toolkit::Molecule) -> Self {
        let ring_bonds = chematic::perception::ring_bond_flags(&perceived);
        let mut atoms: Vec<Atom> = perceived.atoms().map(|(i, _)| plain_atom(&perceived, i)).collect();
        let mut neighbours = vec![Vec::new(); atoms.len()];
        let mut bonds = Vec::with_capacity(perceived.bond_count());
        for (index, bond) in perceived.bonds() {
            let (begin, end) = (bond.atom1.0 as usize, bond.atom2.0 as usize);
            let in_ring = ring_bonds[index.0 as usize];
            if in_ring {
                atoms[begin].in_ring = true;
                atoms[end].in_ring = true;
            }
            neighbours[begin].push((end, bonds.len()));
            neighbours[end].push((begin, bonds.len()));
            bonds.push(Bond { begin, end, order: plain_order(bond.order), in_ring });
        }
        Self { atoms, bonds, neighbours, perceived }
    }
}

impl std::fmt::Debug for Molecule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Molecule({})", self.canonical_smiles().unwrap_or_else(|e| e.to_string()))
    }
}

fn plain_atom(molecule: &toolkit::Molecule, index: toolkit::AtomIdx) -> Atom {
    let atom = molecule.atom(index);
    let element = if atom.wildcard {
        Element::WILDCARD
    } else {
        Element::from_atomic_number(atom.element.atomic_number()).unwrap_or(Element::WILDCARD)
    };
    Atom {
        element,
        isotope: atom.isotope,
        charge: atom.charge,
        n_hydrogens: toolkit::implicit_hcount(molecule, index),
        aromatic: atom.aromatic,
        in_ring: false,
        map_number: atom.atom_map,
    }
}

fn plain_order(order: toolkit::BondOrder) -> BondOrder {
    use toolkit::BondOrder as T;
    match order {
        T::Single | T::Up | T::Down => BondOrder::Single,
        T::Double => BondOrder::Double,
        T::Triple => BondOrder::Triple,
        T::Quadruple => BondOrder::Quadruple,
        T::Aromatic => BondOrder::Aromatic,
        T::Dative => BondOrder::Dative,
        _ => BondOrder::Unspecified,
    }
}
