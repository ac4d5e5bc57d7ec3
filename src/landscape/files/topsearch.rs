//! TopSearch's text files, as version 0.0.3 writes them.
//!
//! | file | a line is |
//! | --- | --- |
//! | `min.data` | row number, energy (`%.16e`) |
//! | `min.coords` | the d coordinates of that minimum (`%.18e`) |
//! | `ts.data` | the row numbers of the two minima, energy |
//! | `ts.coords` | the d coordinates of that transition state |
//! | `pairlist` | the row numbers of two minima that a search was made between |
//!
//! A suffix may follow every name (`min.data.minima_only`). Row numbers count from 0.

use super::text::{Row, Separator, TextFile, push_scientific};
use super::{FilesError, NetworkFiles, write_atomically};
use crate::landscape::{KineticTransitionNetwork, MinimumId, SamePoint, Support};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Digits after the point of an energy: enough to read the same number back.
const ENERGY_DIGITS: usize = 16;
/// Digits after the point of a coordinate.
const COORDINATE_DIGITS: usize = 18;

/// Reads `min.data{suffix}` and its companions from a folder.
///
/// Ids are the row numbers. `ts.data` and `ts.coords` may both be missing, and so may `pairlist`. The files say
/// nothing of the box, so the network gets the reference's duplicate test for the unit box.
///
/// # Errors
/// When a file cannot be read, is malformed, names a minimum that is not there, or the files do not fit together.
pub fn read_topsearch(folder: &Path, suffix: &str) -> Result<NetworkFiles, FilesError> {
    let path = |name: &str| folder.join(format!("{name}{suffix}"));
    let energies = read_minima_data(&path("min.data"))?;
    let (coordinates, n_dims) = read_coordinates(&path("min.coords"), None)?;
    same_rows(&path("min.coords"), rows(&coordinates, n_dims), &path("min.data"), energies.len())?;
    let mut network = new_network(n_dims);
    for (row, (&energy, x)) in energies.iter().zip(coordinates.chunks(n_dims.max(1))).enumerate() {
        let pushed = network.push_minimum(x.to_vec(), energy, Support::default());
        pushed.map_err(|source| FilesError::Network { path: path("min.data"), row, source })?;
    }
    if path("ts.data").exists() || path("ts.coords").exists() {
        let joins = read_transition_state_data(&path("ts.data"), energies.len())?;
        let (coordinates, _) = read_coordinates(&path("ts.coords"), Some(n_dims))?;
        same_rows(&path("ts.coords"), rows(&coordinates, n_dims), &path("ts.data"), joins.len())?;
        for (row, (&(ends, energy), x)) in joins.iter().zip(coordinates.chunks(n_dims.max(1))).enumerate() {
            let pushed = network.push_transition_state(x.to_vec(), energy, ends, Support::default());
            pushed.map_err(|source| FilesError::Network { path: path("ts.data"), row, source })?;
        }
    }
    let pairs = if path("pairlist").exists() { read_pairs(&path("pairlist"), energies.len())? } else { Vec::new() };
    Ok(NetworkFiles { network, pairs })
}

/// Writes a network as TopSearch reads it; the folder is made if it is missing.
///
/// Minima are numbered by their row, so ids with gaps are closed up. Lists without entries become empty files.
/// Support is not part of the format.
///
/// # Errors
/// When a file cannot be written, or a pair names a minimum that the network does not hold.
pub fn write_topsearch(folder: &Path, suffix: &str, files: &NetworkFiles) -> Result<(), FilesError> {
    let network = &files.network;
    let path = |name: &str| folder.join(format!("{name}{suffix}"));
    fs::create_dir_all(folder).map_err(|source| FilesError::Write { path: folder.into(), source })?;
    let row_of = |id: MinimumId| network.minimum_position(id).expect("every end is a minimum held");
    let pairs = write_pairs(network, &files.pairs, &path("pairlist"))?;

    let mut data = String::new();
    for (row, m) in network.minima().iter().enumerate() {
        let _ = write!(data, "{row} ");
        push_scientific(&mut data, m.energy, ENERGY_DIGITS);
        data.push('\n');
    }
    write(&path("min.data"), &data)?;
    write(&path("min.coords"), &coordinates_text(network.minima().iter().map(|m| m.x.as_slice())))?;

    let mut data = String::new();
    for t in network.transition_states() {
        let _ = write!(data, "{} {} ", row_of(t.minima.0), row_of(t.minima.1));
        push_scientific(&mut data, t.energy, ENERGY_DIGITS);
        data.push('\n');
    }
    write(&path("ts.data"), &data)?;
    write(&path("ts.coords"), &coordinates_text(network.transition_states().iter().map(|t| t.x.as_slice())))?;
    write(&path("pairlist"), &pairs)
}

fn write_pairs(
    network: &KineticTransitionNetwork,
    pairs: &[(MinimumId, MinimumId)],
    path: &Path,
) -> Result<String, FilesError> {
    let mut text = String::new();
    for (row, &(a, b)) in pairs.iter().enumerate() {
        let row_of = |id| {
            let unknown = crate::landscape::NetworkError::UnknownMinimum(id);
            network.minimum_position(id).ok_or(FilesError::Network { path: path.into(), row, source: unknown })
        };
        let _ = writeln!(text, "{} {}", row_of(a)?, row_of(b)?);
    }
    Ok(text)
}

fn write(path: &Path, text: &str) -> Result<(), FilesError> {
    write_atomically(path, text.as_bytes()).map_err(|source| FilesError::Write { path: path.into(), source })
}

fn coordinates_text<'a>(points: impl Iterator<Item = &'a [f64]>) -> String {
    let mut text = String::new();
    for x in points {
        for (j, &value) in x.iter().enumerate() {
            if j > 0 {
                text.push(' ');
            }
            push_scientific(&mut text, value, COORDINATE_DIGITS);
        }
        text.push('\n');
    }
    text
}

fn new_network(n_dims: usize) -> KineticTransitionNetwork {
    KineticTransitionNetwork::new(SamePoint::unit_box(n_dims)).expect("the reference's tolerances are positive")
}

fn rows(coordinates: &[f64], n_dims: usize) -> usize {
    coordinates.len() / n_dims.max(1)
}

fn same_rows(path: &Path, found: usize, other: &Path, expected: usize) -> Result<(), FilesError> {
    if found == expected {
        return Ok(());
    }
    Err(FilesError::Rows { path: path.into(), found, other: PathBuf::from(other), expected })
}

/// The ends of a transition state and its energy.
type Join = ((MinimumId, MinimumId), f64);

fn read_minima_data(path: &Path) -> Result<Vec<f64>, FilesError> {
    let file = TextFile::read(path)?;
    let mut energies = Vec::new();
    for mut row in file.rows(Separator::Blank) {
        let word = row.next_word();
        if word.and_then(|word| word.parse().ok()) != Some(energies.len()) {
            // PATHSAMPLE's min.data: energy, logarithm of frequencies, order of the point group, moments of inertia.
            let is_pathsample =
                energies.is_empty() && word.is_some_and(|w| w.contains('.') && w.parse::<f64>().is_ok());
            let expected = if is_pathsample {
                "the row number 0, as TopSearch writes it; a line that begins with an energy is PATHSAMPLE's format, \
                 which is not read: write one line `row energy` for each minimum, and `row row energy` in ts.data"
                    .to_owned()
            } else {
                format!("the row number {} (TopSearch numbers minima by row)", energies.len())
            };
            return Err(row.error(word, &expected));
        }
        energies.push(row.finite("the energy, a finite number")?);
        row.end()?;
    }
    Ok(energies)
}

fn read_transition_state_data(path: &Path, n_minima: usize) -> Result<Vec<Join>, FilesError> {
    let file = TextFile::read(path)?;
    let mut joins = Vec::new();
    for mut row in file.rows(Separator::Blank) {
        let ends = (minimum(&mut row, n_minima)?, minimum(&mut row, n_minima)?);
        joins.push((ends, row.finite("the energy, a finite number")?));
        row.end()?;
    }
    Ok(joins)
}

fn read_pairs(path: &Path, n_minima: usize) -> Result<Vec<(MinimumId, MinimumId)>, FilesError> {
    let file = TextFile::read(path)?;
    let mut pairs = Vec::new();
    for mut row in file.rows(Separator::Blank) {
        pairs.push((minimum(&mut row, n_minima)?, minimum(&mut row, n_minima)?));
        row.end()?;
    }
    Ok(pairs)
}

fn minimum(row: &mut Row<'_>, n_minima: usize) -> Result<MinimumId, FilesError> {
    let word = row.next_word();
    match word.and_then(|word| word.parse::<u32>().ok()) {
        Some(id) if (id as usize) < n_minima => Ok(MinimumId(id)),
        _ => {
            Err(row.error(word, &format!("the row number of one of the {n_minima} minima of min.data, counted from 0")))
        }
    }
}

/// Coordinates in one row-major list, and how many a row has: `n_dims`, or what the first row has.
fn read_coordinates(path: &Path, n_dims: Option<usize>) -> Result<(Vec<f64>, usize), FilesError> {
    let file = TextFile::read(path)?;
    let mut coordinates = Vec::new();
    let mut n_dims = n_dims;
    for mut row in file.rows(Separator::Blank) {
        let start = coordinates.len();
        let expected = match n_dims {
            Some(n_dims) => format!("a finite coordinate ({n_dims} a line)"),
            None => "a finite coordinate".into(),
        };
        while let Some(word) = row.next_word() {
            let value = word.parse().ok().filter(|v: &f64| v.is_finite());
            let value = value.filter(|_| n_dims.is_none_or(|n| coordinates.len() - start < n));
            coordinates.push(value.ok_or_else(|| {
                let full = n_dims.is_some_and(|n| coordinates.len() - start >= n);
                row.error(Some(word), if full { "the end of the line" } else { &expected })
            })?);
        }
        let found = coordinates.len() - start;
        if found < *n_dims.get_or_insert(found) {
            return Err(row.error(None, &expected));
        }
    }
    Ok((coordinates, n_dims.unwrap_or(0)))
}
