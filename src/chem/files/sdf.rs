//! Records of an SDF: a mol block (V2000 or V3000), data items, `$$$$`. A lone mol file is an SDF of one record.

use std::collections::VecDeque;

use chematic::mol as toolkit;
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
    let counts = block.lines().nth(3).ok_or_else(|| (0, "it ends before the line with the counts".to_owned()))?;
    let with_end = format!("{block}\n");
    let report = if counts.contains("V3000") {
        toolkit::read_mol_v3000_with_diagnostics(&with_end)
    } else if counts.contains("V2000") {
        toolkit::read_mol_with_diagnostics(&with_end)
    } else {
        return Err((4, "the line with the counts names neither V2000 nor V3000".to_owned()));
    };
    let report = report.map_err(describe)?;
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

/// Data items: `> <NAME>`, lines of the value, an empty line.
fn properties(text: &str) -> Vec<(String, String)> {
    let mut items: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if !inside && line.starts_with('>') {
            let name = line.split_once('<').and_then(|(_, rest)| rest.rsplit_once('>')).map_or("", |(name, _)| name);
            items.push((name.to_owned(), String::new()));
            inside = true;
        } else if line.is_empty() {
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
    }
}
