use std::fmt::Write as _;
use std::io::Write;

use chematic::mol as toolkit;
use chematic::smiles as smiles_toolkit;
use serde::{Deserialize, Serialize};

use super::FileError;
use super::writer::one_line;
use crate::chem::Molecule;

/// Which kind of mol block is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SdfVersion {
    /// V2000, and V3000 for more than 999 atoms or bonds.
    #[default]
    V2000,
    /// Always V3000.
    V3000,
}

/// What stands beside the molecule in one record.
#[derive(Debug, Clone, Copy, Default)]
pub struct SdfEntry<'a> {
    /// The title line.
    pub name: &'a str,
    /// A place for every atom of [`Molecule::atoms`], in ångström; `None`: a drawing is made.
    pub coordinates: Option<&'a [[f64; 2]]>,
    /// Data items, in order.
    pub properties: &'a [(String, String)],
}

/// Writes an SDF.
pub struct SdfWriter<W: Write> {
    to: W,
    version: SdfVersion,
}

impl<W: Write> SdfWriter<W> {
    /// Writes to `to`; wrap a file or a pipe into a buffer first.
    pub fn new(to: W, version: SdfVersion) -> Self {
        Self { to, version }
    }

    /// Writes one record, with wedges that carry the stereo of the molecule.
    ///
    /// A data item cannot hold an empty line or a line that begins with `$$$$`: such lines get a blank in front.
    ///
    /// # Errors
    /// [`FileError::NotWritable`] when the coordinates do not fit, or the drawing cannot express the stereo; when the
    /// bytes cannot be written.
    pub fn write(&mut self, molecule: &Molecule, entry: &SdfEntry<'_>) -> Result<(), FileError> {
        let mut record = mol_block(molecule, entry, self.version)?;
        for (name, value) in entry.properties {
            push_item(&mut record, name, value);
        }
        record.push_str("$$$$\n");
        self.to.write_all(record.as_bytes())?;
        Ok(())
    }

    /// Gives back what was written to, for flushing or [`crate::atomic_file::AtomicFile::commit`].
    pub fn into_inner(self) -> W {
        self.to
    }
}

fn push_item(record: &mut String, name: &str, value: &str) {
    let name = one_line(name).replace(['<', '>'], "_");
    let _ = writeln!(record, ">  <{name}>");
    for line in value.lines() {
        let line: String = line.chars().map(|c| if c == '\0' || c == '\r' { ' ' } else { c }).collect();
        let guard = if line.is_empty() || line.starts_with("$$$$") { " " } else { "" };
        let _ = writeln!(record, "{guard}{line}");
    }
    record.push('\n');
}

fn mol_block(molecule: &Molecule, entry: &SdfEntry<'_>, version: SdfVersion) -> Result<String, FileError> {
    let given = entry.coordinates.map(|given| given.iter().map(|&[x, y]| (x, y)).collect::<Vec<_>>());
    if let Some(given) = &given {
        check_places(given, molecule.atoms().len())?;
    }
    let n_largest = molecule.atoms().len().max(molecule.bonds().len());
    let version = if n_largest > MAX_V2000 { SdfVersion::V3000 } else { version };
    // A drawing after RDKit's manner; where that leaves no bond for a wedge, the toolkit's own (an empty slice).
    let drawings = match given {
        Some(given) => vec![given],
        None => drawn(molecule).into_iter().chain([Vec::new()]).collect(),
    };
    let mut reason = String::new();
    for places in drawings {
        match written(molecule, entry.name, &places, version) {
            Ok(block) => return Ok(block),
            Err(loss) => reason = loss,
        }
    }
    Err(FileError::NotWritable { reason })
}

/// The most atoms or bonds that the three digits of V2000 can count.
const MAX_V2000: usize = 999;

fn check_places(places: &[(f64, f64)], n_atoms: usize) -> Result<(), FileError> {
    let refused = |reason: String| Err(FileError::NotWritable { reason });
    if places.len() != n_atoms {
        return refused(format!("{} places for {n_atoms} atoms", places.len()));
    }
    match places.iter().position(|(x, y)| !(x.abs() < 9_999.0 && y.abs() < 9_999.0)) {
        Some(bad) => refused(format!("the place of atom {} is not a number below 9999 Å", bad + 1)),
        None => Ok(()),
    }
}

fn drawn(molecule: &Molecule) -> Option<Vec<(f64, f64)>> {
    let places = smiles_toolkit::rdkit_2d_coords(&molecule.source).ok()?;
    (places.len() == molecule.atoms().len()).then(|| places.iter().map(|&[x, y]| (x, y)).collect())
}

/// The mol block, or which stereo it would lose.
fn written(molecule: &Molecule, name: &str, places: &[(f64, f64)], version: SdfVersion) -> Result<String, String> {
    let metadata = toolkit::MolMetadata::default().with_name(&one_line(name));
    let source = molecule.perceived();
    let (block, loss) = match version {
        SdfVersion::V2000 => toolkit::write_mol_with_stereo_report(source, &metadata, places),
        SdfVersion::V3000 => toolkit::write_mol_v3000_with_stereo_report(source, &metadata, places),
    };
    if !loss.is_empty() {
        return Err(loss.to_string());
    }
    Ok(if version == SdfVersion::V2000 { with_bare_atoms(block, molecule) } else { block })
}

/// Says of every lone atom without hydrogens that it has none: readers would make `[NaH]` of `[Na]`.
fn with_bare_atoms(block: String, molecule: &Molecule) -> String {
    /// Lines before the first atom, and where an atom line holds the valence; 15 stands for none.
    const HEADING: usize = 4;
    const VALENCE: std::ops::Range<usize> = 48..51;
    let bare = |i: usize| molecule.neighbours(i).is_empty() && molecule.atoms()[i].n_hydrogens == 0;
    if !(0..molecule.atoms().len()).any(bare) {
        return block;
    }
    let mut lines: Vec<String> = block.lines().map(str::to_owned).collect();
    for i in (0..molecule.atoms().len()).filter(|&i| bare(i)) {
        if let Some(line) = lines.get_mut(HEADING + i).filter(|line| line.len() >= VALENCE.end && line.is_ascii()) {
            line.replace_range(VALENCE, " 15");
        }
    }
    lines.join("\n") + "\n"
}
