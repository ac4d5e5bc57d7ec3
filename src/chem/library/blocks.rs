//! Building blocks: SMILES with marked sites, read once.

use std::fmt::Write;
use std::sync::OnceLock;

use super::linkers::LINKERS;
use super::random::Random;
use super::rings::RINGS;
use super::substituents::SUBSTITUENTS;

/// What the atom at the end of a linker or substituent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Saturated carbon that bears no heteroatom.
    Alkyl,
    /// Saturated carbon that bears a heteroatom, or a carboxylic acid's carbon: not on nitrogen.
    HeteroAlkyl,
    /// Carbonyl carbon that may sit on an amine.
    Carbonyl,
    /// Sulfonyl sulfur.
    Sulfonyl,
    /// Nitrogen.
    Nitrogen,
    /// Nitrogen of a nitro group.
    Nitro,
    /// Oxygen.
    Oxygen,
    /// Sulfur of a thioether.
    Sulfur,
    /// Chlorine, bromine, iodine.
    Halogen,
    /// Fluorine.
    Fluorine,
    /// Carbon of a nitrile or alkyne.
    Cyano,
}

/// What the atom of a ring's site is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Unsaturated carbon.
    Unsaturated,
    /// Carbon of furan, pyrrole, thiophene or an alkene, where amines and ethers do not last.
    ElectronRich,
    /// Carbon of an azole, where a hydroxyl group would be another tautomer.
    Azole,
    /// Carbon of an azole with three or more heteroatoms, where halogens would be leaving groups.
    NitrogenRich,
    /// Saturated carbon.
    Saturated,
    /// Saturated carbon beside a heteroatom of the ring, where another heteroatom would make an acetal.
    BesideHetero,
    /// Amine nitrogen.
    Amine,
    /// Nitrogen of an amide or an aromatic ring.
    Amide,
}

impl Kind {
    /// Whether this end makes a stable bond here: no acetal, aminal, hydrazine, N–O bond, enol or alkyl halide.
    pub(super) fn accepts(self, end: End) -> bool {
        use End as E;
        match self {
            Self::Unsaturated => true,
            Self::ElectronRich => !matches!(end, E::Nitrogen | E::Oxygen | E::Fluorine),
            Self::Azole => !matches!(end, E::Oxygen | E::Fluorine),
            Self::NitrogenRich => {
                !matches!(end, E::Oxygen | E::Fluorine | E::Halogen | E::Cyano | E::Nitro | E::Sulfonyl)
            }
            Self::Saturated => !matches!(end, E::Halogen | E::Sulfonyl | E::Nitro),
            Self::BesideHetero => matches!(end, E::Alkyl | E::HeteroAlkyl | E::Carbonyl),
            Self::Amine => matches!(end, E::Alkyl | E::Carbonyl | E::Sulfonyl),
            Self::Amide => end == E::Alkyl,
        }
    }

    pub(super) fn is_nitrogen(self) -> bool {
        matches!(self, Self::Amine | Self::Amide)
    }

    fn is_aromatic_carbon(self) -> bool {
        matches!(self, Self::Unsaturated | Self::ElectronRich | Self::Azole | Self::NitrogenRich)
    }

    /// Whether two rings may be joined by a bond between such atoms.
    pub(super) fn bonds_to(self, other: Self) -> bool {
        let (a, b) = if self.is_nitrogen() { (self, other) } else { (other, self) };
        match (a, b) {
            (a, b) if a.is_nitrogen() => b.is_aromatic_carbon() || b == Self::Saturated,
            (Self::BesideHetero, b) | (b, Self::BesideHetero) => b.is_aromatic_carbon(),
            _ => true,
        }
    }

    fn of_mark(mark: char) -> Self {
        match mark {
            'a' => Self::Unsaturated,
            'e' => Self::ElectronRich,
            'h' => Self::Azole,
            't' => Self::NitrogenRich,
            'c' | 'q' => Self::Saturated,
            's' => Self::BesideHetero,
            'n' => Self::Amine,
            'm' => Self::Amide,
            _ => panic!("a ring is marked with {mark:?}"),
        }
    }
}

/// A piece of a block's SMILES.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// Aromatic NH that loses its hydrogen when site `.0` is taken.
    AromaticNh(usize),
    /// CH that may become a stereo centre when site `.0` is taken (or always, without a site).
    Stereo(Option<usize>),
    /// The bond to what is attached at a site.
    Site(usize),
}

/// A SMILES with sites.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pieces: Vec<Piece>,
    /// What each site is; only for rings.
    pub(super) kinds: Vec<Kind>,
}

impl Block {
    fn ring(template: &str) -> Self {
        Self::read(template, |mark| Some(Kind::of_mark(mark)))
    }

    /// A linker or substituent; a substituent's one site is behind its first atom.
    fn group(template: &str) -> Self {
        if template.contains('{') {
            return Self::read(template, |_| None);
        }
        let first = match template.as_bytes() {
            [b'[', ..] => template.find(']').expect("brackets are closed") + 1,
            [b'C', b'l' | b'@', ..] | [b'B', b'r', ..] => 2,
            _ => 1,
        };
        let (atom, rest) = template.split_at(first);
        Self::read(&format!("{atom}{{1}}{rest}"), |_| None)
    }

    fn read(template: &str, kind_of: impl Fn(char) -> Option<Kind>) -> Self {
        let mut block = Self { pieces: Vec::new(), kinds: Vec::new() };
        let mut n_sites = 0;
        let mut text = String::new();
        let mut rest = template.chars();
        while let Some(c) = rest.next() {
            match c {
                '@' => {
                    assert_eq!(text.pop(), Some('C'), "stereo marks follow a carbon: {template}");
                    block.push_text(&mut text);
                    block.pieces.push(Piece::Stereo(None));
                }
                '{' => {
                    let mark = rest.next().expect("a mark follows the brace");
                    let kind = kind_of(mark);
                    assert_eq!(rest.next(), Some('}'), "a mark is one character: {template}");
                    if let Some(before) = text.strip_suffix("[nH]") {
                        text = before.to_owned();
                        block.push_text(&mut text);
                        block.pieces.push(Piece::AromaticNh(n_sites));
                    } else if matches!(mark, 'c' | 's') && text.ends_with('C') {
                        text.pop();
                        block.push_text(&mut text);
                        block.pieces.push(Piece::Stereo(Some(n_sites)));
                    }
                    block.push_text(&mut text);
                    block.pieces.push(Piece::Site(n_sites));
                    block.kinds.extend(kind);
                    n_sites += 1;
                }
                c => text.push(c),
            }
        }
        block.push_text(&mut text);
        block
    }

    fn push_text(&mut self, text: &mut String) {
        if !text.is_empty() {
            self.pieces.push(Piece::Text(std::mem::take(text)));
        }
    }

    /// Appends the SMILES; `joins` holds the number of the ring bond at each site that is taken.
    pub(super) fn write(&self, joins: &[Option<u8>], stereo_percent: u8, random: &mut Random, smiles: &mut String) {
        let taken = |site: usize| joins.get(site).copied().flatten();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => smiles.push_str(text),
                Piece::AromaticNh(site) => smiles.push_str(if taken(*site).is_some() { "n" } else { "[nH]" }),
                Piece::Stereo(site) => {
                    let centre = site.is_none_or(|site| taken(site).is_some()) && random.percent(stereo_percent);
                    smiles.push_str(match (centre, centre && random.percent(50)) {
                        (false, _) => "C",
                        (true, false) => "[C@H]",
                        (true, true) => "[C@@H]",
                    });
                }
                Piece::Site(site) => {
                    if let Some(number) = taken(*site) {
                        write!(smiles, "%{number}").expect("writing to a string succeeds");
                    }
                }
            }
        }
    }
}

/// A group between two rings.
pub(super) struct Linker {
    pub(super) block: Block,
    pub(super) ends: [End; 2],
    pub(super) geminal: bool,
}

/// A group at the end of a chain.
pub(super) struct Substituent {
    pub(super) block: Block,
    pub(super) end: End,
    /// One of the few that a molecule may well have twice.
    pub(super) may_repeat: bool,
}

/// All blocks, each with its weight.
pub(super) struct Blocks {
    pub(super) rings: Vec<(u32, Block)>,
    pub(super) linkers: Vec<(u32, Linker)>,
    pub(super) substituents: Vec<(u32, Substituent)>,
}

/// The blocks, read once in a process.
pub(super) fn blocks() -> &'static Blocks {
    static BLOCKS: OnceLock<Blocks> = OnceLock::new();
    BLOCKS.get_or_init(|| Blocks {
        rings: RINGS.iter().map(|&(weight, template)| (weight, Block::ring(template))).collect(),
        linkers: LINKERS
            .iter()
            .map(|&(weight, template, first, second, geminal)| {
                (weight, Linker { block: Block::group(template), ends: [first, second], geminal })
            })
            .collect(),
        substituents: SUBSTITUENTS
            .iter()
            .map(|&(weight, template, end)| {
                let may_repeat = matches!(template, "C" | "F" | "Cl" | "OC");
                (weight, Substituent { block: Block::group(template), end, may_repeat })
            })
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chem::Molecule;

    fn written(block: &Block, joins: &[Option<u8>]) -> String {
        let mut smiles = String::new();
        block.write(joins, 100, &mut Random::new(0, 0), &mut smiles);
        smiles
    }

    #[test]
    fn every_ring_is_a_molecule_and_takes_a_group_at_every_site() {
        for (_, ring) in &blocks().rings {
            let bare = written(ring, &[]);
            let molecule = Molecule::from_smiles(&bare).unwrap_or_else(|e| panic!("{bare}: {e}"));
            for site in 0..ring.kinds.len() {
                let mut joins = vec![None; ring.kinds.len()];
                joins[site] = Some(10);
                let smiles = format!("{}.C%10", written(ring, &joins));
                let with = Molecule::from_smiles(&smiles).unwrap_or_else(|e| panic!("{smiles}: {e}"));
                assert_eq!(with.atoms().len(), molecule.atoms().len() + 1);
                let methyl = with.neighbours(molecule.atoms().len())[0].0;
                assert_eq!(with.atoms()[methyl].element.symbol() == "N", ring.kinds[site].is_nitrogen(), "{smiles}");
                let aromatic = with.atoms()[methyl].aromatic;
                let beside_hetero =
                    with.neighbours(methyl).iter().any(|&(a, _)| with.atoms()[a].element.symbol() != "C");
                match ring.kinds[site] {
                    Kind::Azole | Kind::NitrogenRich => assert!(aromatic, "{smiles}"),
                    Kind::Saturated => assert!(!aromatic && !beside_hetero, "{smiles} at {site}"),
                    Kind::BesideHetero => assert!(!aromatic && beside_hetero, "{smiles} at {site}"),
                    Kind::Amine => assert!(!aromatic, "{smiles}"),
                    Kind::Unsaturated | Kind::ElectronRich | Kind::Amide => {}
                }
            }
        }
    }

    #[test]
    fn every_linker_and_substituent_is_a_group() {
        for (_, linker) in &blocks().linkers {
            let smiles = format!("{}.C%10.C%11", written(&linker.block, &[Some(10), Some(11)]));
            Molecule::from_smiles(&smiles).unwrap_or_else(|e| panic!("{smiles}: {e}"));
        }
        for (_, group) in &blocks().substituents {
            let smiles = format!("{}.C%10", written(&group.block, &[Some(10)]));
            Molecule::from_smiles(&smiles).unwrap_or_else(|e| panic!("{smiles}: {e}"));
        }
    }
}
