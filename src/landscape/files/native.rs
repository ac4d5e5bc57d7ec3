//! Our own network format: a folder of tables and arrays that NumPy and pandas open as they are.
//!
//! | file | holds |
//! | --- | --- |
//! | `network.toml` | format, version, counts, the next free ids, the duplicate test, checksums of the other files |
//! | `minima.csv` | `id,energy` and the support of each minimum |
//! | `minima.npy` | their coordinates, shape `(n_minima, n_dims)`, `f64` |
//! | `transition_states.csv` | `id,minimum_a,minimum_b,energy` and the support of each transition state |
//! | `transition_states.npy` | their coordinates, shape `(n_transition_states, n_dims)`, `f64` |
//! | `pairs.csv` | `minimum_a,minimum_b` of the pairs searched |
//!
//! Numbers are written with as many digits as give the same `f64` back. An empty word means “not computed”.
//! `network.toml` is written last; its checksums tell when another file is not of the same writing.

use super::text::{Row, Separator, TextFile};
use super::{FilesError, NetworkFiles, write_atomically};
use crate::landscape::{
    KineticTransitionNetwork, Minimum, MinimumId, NpyError, SamePoint, Support, TransitionState, TransitionStateId,
};
use crate::npy::{npy_bytes, parse_npy};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// The file that makes a folder a network.
pub const NETWORK_FILE: &str = "network.toml";
/// The newest version of the format, and the one that is written.
pub const NETWORK_FORMAT_VERSION: u32 = 1;

const FORMAT: &str = "fillscape network";
const SUPPORT_COLUMNS: &str = "n_bound,distance_to_nearest_sample,free_gradient_norm,lowest_eigenvalue";

/// What stands in `network.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: String,
    version: u32,
    n_dims: usize,
    n_minima: usize,
    n_transition_states: usize,
    n_pairs: usize,
    next_minimum: u32,
    next_transition_state: u32,
    same_point: SamePoint,
    /// By file name: FNV-1a of its bytes, hexadecimal. May be left out.
    #[serde(default)]
    checksums: BTreeMap<String, String>,
}

/// Writes a network with everything it knows; the folder is made if it is missing.
///
/// # Errors
/// When a file cannot be written, or a pair names a minimum that the network does not hold.
pub fn write_native(folder: &Path, files: &NetworkFiles) -> Result<(), FilesError> {
    let network = &files.network;
    for (row, &(a, b)) in files.pairs.iter().enumerate() {
        if let Some(id) = [a, b].into_iter().find(|&id| network.minimum(id).is_none()) {
            let source = crate::landscape::NetworkError::UnknownMinimum(id);
            return Err(FilesError::Network { path: folder.join("pairs.csv"), row, source });
        }
    }
    fs::create_dir_all(folder).map_err(|source| FilesError::Write { path: folder.into(), source })?;
    let n_dims = network.n_dims();
    let coordinates = |points: Vec<&[f64]>| npy_bytes(&[points.len(), n_dims], &points.concat());
    let bodies: [(&str, Vec<u8>); 5] = [
        ("minima.csv", minima_csv(network).into_bytes()),
        ("minima.npy", coordinates(network.minima().iter().map(|m| m.x.as_slice()).collect())),
        ("transition_states.csv", transition_states_csv(network).into_bytes()),
        ("transition_states.npy", coordinates(network.transition_states().iter().map(|t| t.x.as_slice()).collect())),
        ("pairs.csv", pairs_csv(&files.pairs).into_bytes()),
    ];
    let (next_minimum, next_transition_state) = network.next_ids();
    let head = Head {
        format: FORMAT.into(),
        version: NETWORK_FORMAT_VERSION,
        n_dims,
        n_minima: network.minima().len(),
        n_transition_states: network.transition_states().len(),
        n_pairs: files.pairs.len(),
        next_minimum,
        next_transition_state,
        same_point: network.same_point().clone(),
        checksums: bodies.iter().map(|(name, bytes)| ((*name).into(), checksum(bytes))).collect(),
    };
    for (name, bytes) in &bodies {
        write(&folder.join(name), bytes)?;
    }
    let path = folder.join(NETWORK_FILE);
    let text = toml::to_string(&head).map_err(|e| FilesError::Head { path: path.clone(), message: e.to_string() })?;
    write(&path, text.as_bytes())
}

/// Reads a network in our own format.
///
/// # Errors
/// When a file cannot be read, is malformed, is of another writing, or the points do not make a network.
pub fn read_native(folder: &Path) -> Result<NetworkFiles, FilesError> {
    let head = read_head(&folder.join(NETWORK_FILE))?;
    let body = |name: &str| read_body(folder, name, &head);
    let table = |name: &str| {
        let path = folder.join(name);
        let text = String::from_utf8(body(name)?).map_err(|e| {
            let source = std::io::Error::new(std::io::ErrorKind::InvalidData, e);
            FilesError::Read { path: path.clone(), source }
        })?;
        Ok::<_, FilesError>((path, text))
    };
    let (path, text) = table("minima.csv")?;
    let xs = coordinates(folder, "minima.npy", head.n_minima, &head)?;
    let minima = read_table(&path, text, head.n_minima, |row, k| {
        let id = MinimumId(row.parse("the id of a minimum")?);
        let energy = row.finite("the energy, a finite number")?;
        Ok(Minimum { id, x: xs[k].clone(), energy, support: read_support(row)? })
    })?;
    let (path, text) = table("transition_states.csv")?;
    let xs = coordinates(folder, "transition_states.npy", head.n_transition_states, &head)?;
    let transition_states = read_table(&path, text, head.n_transition_states, |row, k| {
        let id = TransitionStateId(row.parse("the id of a transition state")?);
        let minima = read_pair(row)?;
        let energy = row.finite("the energy, a finite number")?;
        Ok(TransitionState { id, x: xs[k].clone(), energy, minima, support: read_support(row)? })
    })?;
    let (path, text) = table("pairs.csv")?;
    let pairs = read_table(&path, text, head.n_pairs, |row, _| read_pair(row))?;
    let network = KineticTransitionNetwork::from_parts(
        head.same_point,
        minima,
        transition_states,
        (head.next_minimum, head.next_transition_state),
    )
    .map_err(|(list, row, source)| FilesError::Network {
        path: folder.join(format!("{list}.csv")),
        row,
        source,
    })?;
    if let Some(row) = pairs.iter().position(|&(a, b)| network.minimum(a).is_none() || network.minimum(b).is_none()) {
        let (a, b) = pairs[row];
        let id = if network.minimum(a).is_none() { a } else { b };
        return Err(FilesError::Network { path, row, source: crate::landscape::NetworkError::UnknownMinimum(id) });
    }
    Ok(NetworkFiles { network, pairs })
}

fn read_head(path: &Path) -> Result<Head, FilesError> {
    /// Read first, so that a file of a later version is named as such and not as malformed.
    #[derive(Deserialize)]
    struct Version {
        format: String,
        version: u32,
    }
    let text = fs::read_to_string(path).map_err(|source| FilesError::Read { path: path.into(), source })?;
    let problem = |e: toml::de::Error| FilesError::Head { path: path.into(), message: e.to_string() };
    let Version { format, version } = toml::from_str(&text).map_err(problem)?;
    if format != FORMAT || version == 0 || version > NETWORK_FORMAT_VERSION {
        let (expected, newest) = (FORMAT, NETWORK_FORMAT_VERSION);
        return Err(FilesError::Version { path: path.into(), found: format, version, expected, newest });
    }
    let head: Head = toml::from_str(&text).map_err(problem)?;
    if head.same_point.n_dims() != head.n_dims {
        let message =
            format!("found {} scales of the duplicate test, expected {}", head.same_point.n_dims(), head.n_dims);
        return Err(FilesError::Head { path: path.into(), message });
    }
    Ok(head)
}

fn read_body(folder: &Path, name: &str, head: &Head) -> Result<Vec<u8>, FilesError> {
    let path = folder.join(name);
    let bytes = fs::read(&path).map_err(|source| FilesError::Read { path: path.clone(), source })?;
    match head.checksums.get(name) {
        Some(expected) if *expected != checksum(&bytes) => Err(FilesError::Checksum { path }),
        _ => Ok(bytes),
    }
}

fn coordinates(folder: &Path, name: &str, n: usize, head: &Head) -> Result<Vec<Vec<f64>>, FilesError> {
    let path = folder.join(name);
    let array = parse_npy(&path, &read_body(folder, name, head)?).map_err(|error| match error {
        NpyError::Read { path, source } => FilesError::Read { path, source },
        other => FilesError::Head { path: path.clone(), message: other.to_string() },
    })?;
    if array.shape != [n, head.n_dims] {
        return Err(FilesError::Shape { path, found: array.shape, expected: vec![n, head.n_dims] });
    }
    if head.n_dims == 0 {
        return Ok(vec![Vec::new(); n]);
    }
    Ok(array.data.chunks_exact(head.n_dims).map(<[f64]>::to_vec).collect())
}

/// Reads the rows under the line of column names.
fn read_table<T>(
    path: &Path,
    text: String,
    expected: usize,
    mut read: impl FnMut(&mut Row<'_>, usize) -> Result<T, FilesError>,
) -> Result<Vec<T>, FilesError> {
    let file = TextFile::from_text(path, text);
    let found = file.rows(Separator::Comma).count().saturating_sub(1);
    if found != expected {
        let other = path.with_file_name(NETWORK_FILE);
        return Err(FilesError::Rows { path: path.into(), found, other, expected });
    }
    let rows = file.rows(Separator::Comma).skip(1).enumerate();
    rows.map(|(k, mut row)| {
        let item = read(&mut row, k)?;
        row.end()?;
        Ok(item)
    })
    .collect()
}

fn read_support(row: &mut Row<'_>) -> Result<Support, FilesError> {
    Ok(Support {
        n_bound: row.optional("the number of coordinates on a bound, or nothing")?,
        distance_to_nearest_sample: row.optional("the distance to the nearest sample, or nothing")?,
        free_gradient_norm: row.optional("the norm of the free gradient, or nothing")?,
        lowest_eigenvalue: row.optional("the lowest eigenvalue, or nothing")?,
    })
}

fn read_pair(row: &mut Row<'_>) -> Result<(MinimumId, MinimumId), FilesError> {
    let a = row.parse("the id of a minimum")?;
    let b = row.parse("the id of a minimum")?;
    Ok((MinimumId(a), MinimumId(b)))
}

fn minima_csv(network: &KineticTransitionNetwork) -> String {
    let mut text = format!("id,energy,{SUPPORT_COLUMNS}\n");
    for m in network.minima() {
        let _ = writeln!(text, "{},{:?},{}", m.id, m.energy, support_words(&m.support));
    }
    text
}

fn transition_states_csv(network: &KineticTransitionNetwork) -> String {
    let mut text = format!("id,minimum_a,minimum_b,energy,{SUPPORT_COLUMNS}\n");
    for t in network.transition_states() {
        let (a, b) = t.minima;
        let _ = writeln!(text, "{},{a},{b},{:?},{}", t.id, t.energy, support_words(&t.support));
    }
    text
}

fn pairs_csv(pairs: &[(MinimumId, MinimumId)]) -> String {
    let mut text = String::from("minimum_a,minimum_b\n");
    for (a, b) in pairs {
        let _ = writeln!(text, "{a},{b}");
    }
    text
}

/// `{:?}` of an `f64` is the shortest form that reads back as the same number.
fn support_words(support: &Support) -> String {
    let number = |value: Option<f64>| value.map_or(String::new(), |v| format!("{v:?}"));
    format!(
        "{},{},{},{}",
        support.n_bound.map_or(String::new(), |n| n.to_string()),
        number(support.distance_to_nearest_sample),
        number(support.free_gradient_norm),
        number(support.lowest_eigenvalue)
    )
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), FilesError> {
    write_atomically(path, bytes).map_err(|source| FilesError::Write { path: PathBuf::from(path), source })
}

/// FNV-1a, 64 bits: enough to tell that a file is not the one that was written; no protection against intent.
fn checksum(bytes: &[u8]) -> String {
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}
