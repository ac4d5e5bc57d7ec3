//! Records of an SDF: a mol block (V2000 or V3000), data items, `$$$$`. A lone mol file is an SDF of one record.

use std::collections::VecDeque;

use chematic::{core, mol as toolkit};
use rayon::prelude::*;

use super::RowProblem;
use super::reader::{RawRow, Record, Structure};
use super::source::Lines;
use crate::chem::Molecule;

/// Records that are read ahead and turned into molecules on all threads.
const BATCH: usize = 64;
/// Text of a batch, in bytes, beyond which no further record is read ahead.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Rows of an SDF.
pub(super) struct SdfRows {
    lines: Lines,
    ready: VecDeque<RawRow>,
}

/// The text of one record, or what spoils it.
struct Block {
    line: u64,
    text: String,
    spoilt: Option<(u64, String, RowProblem)>,
}

impl SdfRows {
    pub(super) fn new(lines: Lines) -> Self {
        Self { lines, ready: VecDeque::new() }
    }

    /// The text up to `$$$$` or the end; `None` when nothing but blank lines follows.
    fn next_block(&mut self) -> Option<Block> {
        let mut block = Block { line: 0, text: String::new(), spoilt: None };
        let mut any = false;
        while let Some((number, line)) = self.lines.next() {
            if block.line == 0 {
                block.line = number;
            }
            match line {
                Ok(line) if line.starts_with("$$$$") => return Some(block),
                Ok(line) => {
                    any |= !line.trim().is_empty();
                    if block.spoilt.is_none() {
                        block.text.push_str(&line);
                        block.text.push('\n');
                    }
                }
                Err((problem, text)) => {
                    any = true;
                    let ends = matches!(problem, RowProblem::Unreadable { .. });
                    if block.spoilt.is_none() || ends {
                        block.spoilt = Some((number, text, problem));
                    }
                }
            }
            if block.text.len() > self.lines.limit() && block.spoilt.is_none() {
                let title = block.text.lines().next().unwrap_or_default().to_owned();
                block.spoilt = Some((block.line, title, RowProblem::TooLong { limit: self.lines.limit() }));
            }
            if block.spoilt.is_some() {
                block.text = String::new();
            }
        }
        any.then_some(block)
    }
}

impl Iterator for SdfRows {
    type Item = RawRow;

    fn next(&mut self) -> Option<RawRow> {
        if self.ready.is_empty() {
            let (mut blocks, mut n_bytes) = (Vec::new(), 0);
            while blocks.len() < BATCH && n_bytes < BATCH_BYTES {
                let Some(block) = self.next_block() else { break };
                n_bytes += block.text.len();
                blocks.push(block);
            }
            self.ready = blocks.into_par_iter().map(row).collect::<Vec<_>>().into();
        }
        self.ready.pop_front()
    }
}

fn row(block: Block) -> RawRow {
    if let Some((line, text, problem)) = block.spoilt {
        return RawRow::bad(line, None, text, problem);
    }
    let title = block.text.lines().next().unwrap_or_default().trim().to_owned();
    let (mol_block, items) = split(&block.text);
    let read = structure(mol_block).and_then(|structure| {
        let smiles = structure.molecule.canonical_smiles().map_err(|error| (0, error.problem.to_string()))?;
        Ok((structure, smiles))
    });
    match read {
        Ok((mut structure, text)) => {
            structure.properties = properties(items);
            let name = (!title.is_empty()).then_some(title);
            let structure = Some(Box::new(structure));
            RawRow::Good(Record { line: block.line, text, name, structure, ..Record::default() })
        }
        Err((line_within, reason)) => {
            let line = block.line + (line_within as u64).saturating_sub(1);
            RawRow::bad(line, None, super::error::shortened(&title, 200), RowProblem::MolBlock { reason })
        }
    }
}

/// The mol block up to `M  END`, and the data items below.
fn split(text: &str) -> (&str, &str) {
    let end = text.find("\nM  END").map(|at| at + "\nM  END".len());
    let end = end.or_else(|| text.find("\n> ").map(|at| at + 1)).unwrap_or(text.len());
    let (block, rest) = text.split_at(end);
    (block, rest)
}

/// Reads a mol block; the error holds the line within the block (from 1, 0 for all of it) and the reason.
fn structure(block: &str) -> Result<Structure, (usize, String)> {
    let (version, block) = prepared(block)?;
    let report = match version {
        Version::V3000 => toolkit::read_mol_v3000_with_diagnostics(&block),
        Version::V2000 => toolkit::read_mol_with_diagnostics(&block),
    };
    let mut report = report.map_err(describe)?;
    if version == Version::V2000 {
        take_radicals(&mut report.mol, &block)?;
    }
    let heights = report.conformer.as_ref().map(|c| c.points.iter().map(|p| p.z).collect::<Vec<f64>>());
    let places: Vec<[f64; 3]> = report
        .coords
        .iter()
        .enumerate()
        .map(|(i, &(x, y))| [x, y, heights.as_ref().and_then(|z| z.get(i)).copied().unwrap_or(0.0)])
        .collect();
    let is_hydrogen: Vec<bool> = report.mol.atoms().map(|(_, atom)| atom.element.atomic_number() == 1).collect();
    let molecule = Molecule::from_toolkit(report.mol).map_err(|error| (0, error.problem.to_string()))?;
    let coordinates = kept_places(&molecule, &places, &is_hydrogen);
    Ok(Structure { molecule, coordinates, properties: Vec::new() })
}

#[derive(Clone, Copy, PartialEq)]
enum Version {
    V2000,
    V3000,
}

/// A mol block as the toolkit's readers need it: with a version, with places that are numbers, `D` and `T` as isotopes
/// of hydrogen. The error is as in [`structure`].
fn prepared(block: &str) -> Result<(Version, String), (usize, String)> {
    let counts = block.lines().nth(3).ok_or_else(|| (0, "it ends before the line with the counts".to_owned()))?;
    if counts.contains("V3000") {
        let mut inside = false;
        for (k, line) in block.lines().enumerate() {
            inside = (inside || line.contains("BEGIN ATOM")) && !line.contains("END ATOM");
            if inside && !line.contains("BEGIN ATOM") {
                // M V30 index type x y z
                check_places(line.split_whitespace().skip(4).take(3), k + 1)?;
            }
        }
        return Ok((Version::V3000, format!("{block}\n")));
    }
    let has_version = counts.contains("V2000");
    let count = |from: usize| counts.get(from..from + 3).and_then(|text| text.trim().parse::<usize>().ok());
    let n_atoms = match (count(0), count(3)) {
        (Some(n_atoms), Some(_)) => n_atoms,
        _ if has_version => 0, // the toolkit tells what is wrong
        _ => return Err((4, "the line with the counts names neither V2000 nor V3000, and holds no counts".to_owned())),
    };
    let mut text = String::with_capacity(block.len() + 40);
    let mut isotopes = String::new();
    for (k, line) in block.lines().enumerate() {
        if k == 3 && !has_version {
            // Blocks from before there were versions are V2000 in all but the word.
            text.push_str(&format!("{:<33} V2000\n", counts.get(..33.min(counts.len())).unwrap_or(counts)));
            continue;
        }
        if (4..4 + n_atoms).contains(&k) {
            let places = (0..3).map(|axis| line.get(10 * axis..10 * (axis + 1)).unwrap_or("").trim());
            check_places(places.filter(|place| !place.is_empty()), k + 1)?;
            let mass = match line.get(31..34).map(str::trim) {
                Some("D") => 2,
                Some("T") => 3,
                _ => 0,
            };
            if mass > 0 {
                isotopes.push_str(&format!("M  ISO  1 {:3} {mass:3}\n", k - 3));
                text.push_str(&line[..31]);
                text.push_str("H  ");
                text.push_str(&line[34..]);
                text.push('\n');
                continue;
            }
        }
        if line.starts_with("M  END") {
            text.push_str(&std::mem::take(&mut isotopes));
        }
        text.push_str(line);
        text.push('\n');
    }
    text.push_str(&isotopes);
    text.push('\n');
    Ok((Version::V2000, text))
}

/// Applies the `M  RAD` lines of a V2000 block, which the toolkit's reader leaves out: a radical has fewer hydrogens than
/// its element would otherwise be given.
fn take_radicals(molecule: &mut core::Molecule, block: &str) -> Result<(), (usize, String)> {
    for (k, line) in block.lines().enumerate().filter(|(_, line)| line.starts_with("M  RAD")) {
        let numbers: Option<Vec<usize>> = line[6..].split_whitespace().skip(1).map(|word| word.parse().ok()).collect();
        let refuse = |what: String| Err((k + 1, format!("radical: {what}")));
        let Some(numbers) = numbers else { return refuse("its line holds more than whole numbers".to_owned()) };
        for pair in numbers.chunks_exact(2) {
            let (number, kind) = (pair[0], pair[1]);
            let missing = match kind {
                0 => continue,
                1 | 3 => 2, // a singlet or triplet carbene
                2 => 1,
                _ => return refuse(format!("its kind is {kind}, expected 1, 2 or 3")),
            };
            if !(1..=molecule.atom_count()).contains(&number) {
                return refuse(format!("there is no atom {number} among {}", molecule.atom_count()));
            }
            let index = core::AtomIdx(number as u32 - 1);
            let atom = molecule.atom(index);
            // An atom with a charge, or of another element, keeps the hydrogens that the block gives it.
            let valence = atom.element.normal_valences().first().copied();
            let (0, None, Some(valence)) = (atom.charge, atom.hydrogen_count, valence) else { continue };
            let is_aromatic = |bond| molecule.bond(bond).order == core::BondOrder::Aromatic;
            let n_aromatic = molecule.neighbors(index).filter(|&(_, bond)| is_aromatic(bond)).count() as u8;
            let orders = molecule.neighbors(index).map(|(_, bond)| molecule.bond(bond).order.order_int());
            let drawn = orders.fold(n_aromatic / 2, u8::saturating_add);
            molecule.set_hydrogen_count(index, Some(valence.saturating_sub(drawn.saturating_add(missing))));
        }
    }
    Ok(())
}

/// Refuses a coordinate that is no finite number, or one that no molecule has.
fn check_places<'a>(places: impl Iterator<Item = &'a str>, line: usize) -> Result<(), (usize, String)> {
    /// In ångström; the toolkit's geometry overflows far beyond.
    const FURTHEST: f64 = 1e6;
    for place in places {
        match place.parse::<f64>() {
            Ok(number) if number.abs() <= FURTHEST => {}
            Ok(_) => {
                return Err((line, format!("atom: the coordinate {place} is no number within ±{FURTHEST} ångström")));
            }
            Err(_) => {} // the toolkit tells what is wrong
        }
    }
    Ok(())
}

/// Sanitisation folds plain hydrogens into their atoms; keeps the places of the atoms that stay.
fn kept_places(molecule: &Molecule, places: &[[f64; 3]], is_hydrogen: &[bool]) -> Option<Vec<[f64; 3]>> {
    if places.iter().flatten().all(|&x| x == 0.0) {
        return None;
    }
    let atoms = molecule.atoms();
    let mut kept = Vec::with_capacity(atoms.len());
    for (place, &hydrogen) in places.iter().zip(is_hydrogen) {
        let next_is_hydrogen = atoms.get(kept.len()).is_some_and(|atom| atom.element.atomic_number() == 1);
        if !hydrogen || next_is_hydrogen {
            kept.push(*place);
        }
    }
    (kept.len() == atoms.len()).then_some(kept)
}

fn describe(error: toolkit::MolParseError) -> (usize, String) {
    use toolkit::MolParseError as E;
    match error {
        E::InvalidHeader { line, detail } => (line, format!("heading: {detail}")),
        E::InvalidCountLine { line, detail } => (line, format!("counts: {detail}")),
        E::InvalidAtomLine { line, detail } => (line, format!("atom: {detail}")),
        E::InvalidBondLine { line, detail } => (line, format!("bond: {detail}")),
        E::InvalidPropertyLine { line, detail } => (line, format!("property: {detail}")),
        E::UnknownElement { symbol, line } => (line, format!("unknown element “{symbol}”")),
        E::V3000ParseError { line, msg } => (line, msg),
        E::UnexpectedEnd => (0, "it ends too early".to_owned()),
        other => (0, other.to_string()),
    }
}

/// Data items: `> <NAME>`, lines of the value, an empty line. A line of blanks is part of a value, unless the next item or
/// the end follows.
fn properties(text: &str) -> Vec<(String, String)> {
    let mut items: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let ends_item = line.trim().is_empty() && lines.peek().is_none_or(|next| next.starts_with('>'));
        if !inside && line.starts_with('>') {
            let name = line.split_once('<').and_then(|(_, rest)| rest.rsplit_once('>')).map_or("", |(name, _)| name);
            items.push((name.to_owned(), String::new()));
            inside = true;
        } else if line.is_empty() || ends_item {
            inside = false;
        } else if let Some((_, value)) = items.last_mut().filter(|_| inside) {
            if !value.is_empty() {
                value.push('\n');
            }
            value.push_str(line);
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::properties;

    #[test]
    fn data_items_keep_their_order_and_lines() {
        let text = "\n>  <B>  (7)\n1\n2\n\n> <A>\n\n> <C <d>>\nx\n\n";
        let expected = [("B", "1\n2"), ("A", ""), ("C <d>", "x")];
        assert_eq!(properties(text), expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
        let text = "\n> <A>\n1\n \n> <B>\n2\n \n3\n \n";
        assert_eq!(properties(text), [("A", "1"), ("B", "2\n \n3")].map(|(k, v)| (k.to_owned(), v.to_owned())));
    }
}
