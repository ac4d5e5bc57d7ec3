//! Single-precision arrays in NumPy's format; `landscape::write_npy` writes double precision.

use super::StudyError;
use crate::atomic_file;
use std::path::Path;

/// Writes rows of single-precision numbers, shape (n, `columns`), row major.
///
/// # Errors
/// When the file cannot be written.
///
/// # Panics
/// When the numbers do not fill whole rows.
pub fn write_npy_f32(path: &Path, columns: usize, values: &[f32]) -> Result<(), StudyError> {
    assert!(columns > 0 && values.len().is_multiple_of(columns), "the numbers must fill whole rows");
    let shape = format!("({}, {columns})", values.len() / columns);
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    // Magic, version and length take ten bytes, the line feed one; the numbers begin at a multiple of 64.
    let padding = (64 - (header.len() + 11) % 64) % 64;
    header.push_str(&" ".repeat(padding));
    header.push('\n');
    let mut bytes = Vec::with_capacity(10 + header.len() + 4 * values.len());
    bytes.extend_from_slice(b"\x93NUMPY\x01\x00");
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    values.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
    Ok(atomic_file::write(path, bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        let values = [0.1f32, -1.0, f32::MIN_POSITIVE, 3.0, 4.0, 5.5];
        write_npy_f32(&path, 3, &values).unwrap();
        let array = crate::landscape::read_npy(&path).unwrap();
        assert_eq!(array.shape, [2, 3]);
        assert!(array.data.iter().zip(&values).all(|(a, b)| *a == f64::from(*b)));
        assert_eq!((std::fs::metadata(&path).unwrap().len() - 24) % 64, 0);
    }
}
