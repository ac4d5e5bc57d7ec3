//! Arrays in NumPy's `.npy` format: any real number type in, `f64` out.
//!
//! Source: NumPy enhancement proposal 1 and `numpy.lib.format` (versions 1 to 3 of the format).

use crate::atomic_file;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// An array of numbers in row-major order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NpyArray {
    /// Length along each axis; empty for a single number.
    pub shape: Vec<usize>,
    /// The numbers, the last axis fastest.
    pub data: Vec<f64>,
}

impl NpyArray {
    /// Rows and columns of a two-dimensional array; a list counts as one column. `None` for other shapes.
    pub fn rows_columns(&self) -> Option<(usize, usize)> {
        match self.shape[..] {
            [rows] => Some((rows, 1)),
            [rows, columns] => Some((rows, columns)),
            _ => None,
        }
    }
}

/// Why an array could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum NpyError {
    /// The file could not be read.
    #[error("could not read the array {path:?}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file could not be written.
    #[error("could not write the array {path:?}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file is not in the format.
    #[error("not a NumPy array: {problem} (in {path:?}); save it with numpy.save")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The numbers are of a type that is not real.
    #[error(
        "found an array of type {descr:?}, expected real numbers such as <f8, <f4 or <i8 (in {path:?}); convert it with astype(float)"
    )]
    Type {
        /// The file.
        path: PathBuf,
        /// NumPy's name of the type.
        descr: String,
    },
    /// The file is shorter or longer than its shape says.
    #[error(
        "found {found} bytes of numbers, expected {expected} for shape {shape:?}: the file is cut off or damaged (in {path:?})"
    )]
    Length {
        /// The file.
        path: PathBuf,
        /// Bytes after the header.
        found: usize,
        /// Bytes that the shape asks for.
        expected: usize,
        /// The shape.
        shape: Vec<usize>,
    },
}

/// Reads an array. NaN and infinities are passed on: whoever uses the numbers checks them.
///
/// # Errors
/// When the file cannot be read, is not an array, holds no real numbers, or is cut off.
pub fn read_npy(path: &Path) -> Result<NpyArray, NpyError> {
    let bytes = fs::read(path).map_err(|source| NpyError::Read { path: path.into(), source })?;
    parse_npy(path, &bytes)
}

/// Writes an array of `f64`, atomically.
///
/// # Errors
/// When the file cannot be written.
///
/// # Panics
/// When `data` has not as many numbers as `shape` asks for.
pub fn write_npy(path: &Path, shape: &[usize], data: &[f64]) -> Result<(), NpyError> {
    atomic_file::write(path, npy_bytes(shape, data))
        .map_err(|error| NpyError::Write { path: path.into(), source: error.source })
}

/// The bytes of an array of `f64`, format version 1, little endian.
pub(crate) fn npy_bytes(shape: &[usize], data: &[f64]) -> Vec<u8> {
    assert_eq!(data.len(), shape.iter().product::<usize>(), "the shape is that of the data");
    let axes: Vec<String> = shape.iter().map(ToString::to_string).collect();
    let tuple = if axes.len() == 1 { format!("({},)", axes[0]) } else { format!("({})", axes.join(", ")) };
    let mut header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {tuple}, }}");
    let unpadded = MAGIC.len() + 4 + header.len() + 1;
    header.push_str(&" ".repeat(unpadded.next_multiple_of(64) - unpadded));
    header.push('\n');
    let mut bytes = Vec::with_capacity(10 + header.len() + 8 * data.len());
    bytes.extend(MAGIC);
    bytes.extend([1, 0]);
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

const MAGIC: &[u8] = b"\x93NUMPY";

/// What stands before the numbers.
pub struct NpyHeader {
    /// Length along each axis; empty for a single number.
    pub shape: Vec<usize>,
    /// The first axis is the fastest.
    pub column_major: bool,
    /// Bytes of one number.
    pub number_bytes: usize,
    /// Bytes before the first number.
    pub start: usize,
    read: NumberReader,
}

/// A header says little; a longer one is no header.
const MAX_HEADER: usize = 1 << 16;
/// Bytes before the text of the header, at most.
const MAX_PREFIX: usize = 12;

impl NpyHeader {
    /// Bytes from the beginning of a file that hold any header.
    pub const MOST_BYTES: usize = MAX_PREFIX + MAX_HEADER;

    /// Reads the header at the beginning of a file of `file_bytes` bytes.
    ///
    /// # Errors
    /// When it is none, the numbers are not real, or the file has another length than it announces.
    pub fn parse(path: &Path, bytes: &[u8], file_bytes: u64) -> Result<Self, NpyError> {
        let problem = |problem: &str| NpyError::Format { path: path.into(), problem: problem.into() };
        let rest =
            bytes.strip_prefix(MAGIC).ok_or_else(|| problem("the file does not begin with the NumPy signature"))?;
        let cut = || problem("the header is cut off");
        let version = *rest.first().ok_or_else(cut)?;
        let (length, text) = match version {
            1 => (rest.get(2..4).map(|b| usize::from(u16::from_le_bytes([b[0], b[1]]))).ok_or_else(cut)?, 4),
            2 | 3 => {
                let b = rest.get(2..6).ok_or_else(cut)?;
                (u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize, 6)
            }
            _ => return Err(problem(&format!("format version {version} is not known (expected 1, 2 or 3)"))),
        };
        if length > MAX_HEADER {
            return Err(problem(&format!("the header claims {length} bytes, at most {MAX_HEADER} are read")));
        }
        let header = rest.get(text..).and_then(|rest| rest.get(..length)).ok_or_else(cut)?;
        let header = std::str::from_utf8(header).map_err(|_| problem("the header is not text"))?;
        let start = MAGIC.len() + text + length;

        let descr = value_of(header, "descr").and_then(quoted).ok_or_else(|| problem("the header names no type"))?;
        let order = value_of(header, "fortran_order").map(|v| v.starts_with("True"));
        let column_major = order.ok_or_else(|| problem("the header does not say its order"))?;
        let shape =
            value_of(header, "shape").and_then(tuple).ok_or_else(|| problem("the header has no usable shape"))?;
        let (read, number_bytes) =
            reader(descr).ok_or_else(|| NpyError::Type { path: path.into(), descr: descr.into() })?;
        let expected = shape.iter().try_fold(number_bytes, |n, &axis| n.checked_mul(axis));
        let expected = expected.ok_or_else(|| problem("the shape is larger than any file"))?;
        let found = file_bytes.saturating_sub(start as u64) as usize;
        if found != expected {
            return Err(NpyError::Length { path: path.into(), found, expected, shape });
        }
        Ok(Self { shape, column_major, number_bytes, start, read })
    }

    /// One number, from its [`NpyHeader::number_bytes`] bytes.
    pub fn number(&self, bytes: &[u8]) -> f64 {
        (self.read)(bytes)
    }
}

pub(crate) fn parse_npy(path: &Path, bytes: &[u8]) -> Result<NpyArray, NpyError> {
    let header = NpyHeader::parse(path, bytes, bytes.len() as u64)?;
    let data: Vec<f64> = bytes[header.start..].chunks_exact(header.number_bytes).map(|b| header.number(b)).collect();
    let data = if header.column_major { row_major(&header.shape, &data) } else { data };
    Ok(NpyArray { shape: header.shape, data })
}

/// What follows `'key':` in the header's dictionary.
fn value_of<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let quotes = [format!("'{key}'"), format!("\"{key}\"")];
    let at = quotes.iter().find_map(|quoted| header.find(quoted.as_str()).map(|at| at + quoted.len()))?;
    header[at..].trim_start().strip_prefix(':').map(str::trim_start)
}

fn quoted(value: &str) -> Option<&str> {
    let quote = value.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    value[1..].split_once(quote).map(|(inside, _)| inside)
}

fn tuple(value: &str) -> Option<Vec<usize>> {
    let (inside, _) = value.strip_prefix('(')?.split_once(')')?;
    inside.split(',').map(str::trim).filter(|word| !word.is_empty()).map(|word| word.parse().ok()).collect()
}

type NumberReader = Box<dyn Fn(&[u8]) -> f64 + Send + Sync>;

/// How to read one number of a NumPy type, and its size in bytes.
#[allow(clippy::cast_lossless)] // the macro serves types with and without a lossless conversion
fn reader(descr: &str) -> Option<(NumberReader, usize)> {
    macro_rules! number {
        ($type:ty, $big:expr) => {{
            let size = size_of::<$type>();
            let read = move |bytes: &[u8]| {
                let bytes = bytes.try_into().expect("chunks have the size of the type");
                let value = if $big { <$type>::from_be_bytes(bytes) } else { <$type>::from_le_bytes(bytes) };
                value as f64
            };
            Some((Box::new(read) as NumberReader, size))
        }};
    }
    let (big, kind) = match descr.split_at_checked(1)? {
        (">", kind) => (true, kind),
        ("<" | "|" | "=", kind) => (false, kind),
        _ => return None,
    };
    match kind {
        "f8" => number!(f64, big),
        "f4" => number!(f32, big),
        "f2" => Some((
            Box::new(move |bytes: &[u8]| {
                let bytes = bytes.try_into().expect("chunks have the size of the type");
                let value = if big { half::f16::from_be_bytes(bytes) } else { half::f16::from_le_bytes(bytes) };
                value.to_f64()
            }),
            2,
        )),
        "i8" => number!(i64, big),
        "i4" => number!(i32, big),
        "i2" => number!(i16, big),
        "i1" => number!(i8, big),
        "u8" => number!(u64, big),
        "u4" => number!(u32, big),
        "u2" => number!(u16, big),
        "u1" | "b1" => number!(u8, big),
        _ => None,
    }
}

/// Reorders numbers whose first axis is fastest.
fn row_major(shape: &[usize], data: &[f64]) -> Vec<f64> {
    let mut strides = vec![1; shape.len()];
    for axis in 1..shape.len() {
        strides[axis] = strides[axis - 1] * shape[axis - 1];
    }
    let source = |index: usize| {
        let mut rest = index;
        let mut at = 0;
        for (length, stride) in shape.iter().zip(&strides).rev() {
            at += rest % length * stride;
            rest /= length;
        }
        data[at]
    };
    (0..data.len()).map(source).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, body: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(body);
        bytes
    }

    fn parse(bytes: &[u8]) -> Result<NpyArray, NpyError> {
        parse_npy(Path::new("x.npy"), bytes)
    }

    #[test]
    fn what_is_written_comes_back_bit_for_bit() {
        for (shape, data) in [
            (vec![2, 3], vec![0.1, -0.0, f64::INFINITY, 1e-320, 5.0, 6.0]),
            (vec![0, 7], vec![]),
            (vec![3], vec![1.0, 2.0, 3.0]),
            (vec![], vec![4.5]),
        ] {
            let bytes = npy_bytes(&shape, &data);
            assert_eq!((bytes.len() - 8 * data.len()) % 64, 0, "NumPy aligns the numbers");
            let back = parse(&bytes).unwrap();
            assert_eq!(back.shape, shape);
            assert!(back.data.iter().zip(&data).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
    }

    #[test]
    fn other_types_and_orders_are_converted() {
        let header = "{'descr': '>f4', 'fortran_order': True, 'shape': (2, 3), }\n";
        let body: Vec<u8> = [1_f32, 4.0, 2.0, 5.0, 3.0, 6.0].iter().flat_map(|v| v.to_be_bytes()).collect();
        let array = parse(&file(header, &body)).unwrap();
        assert_eq!((array.shape, array.data), (vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
        let header = "{\"shape\": (2,), \"fortran_order\": False, \"descr\": \"<i2\"}";
        assert_eq!(parse(&file(header, &[255, 255, 7, 0])).unwrap().data, [-1.0, 7.0]);
        let halves: Vec<u8> = [1.5, -2.0].iter().flat_map(|&v| half::f16::from_f32(v).to_le_bytes()).collect();
        assert_eq!(parse(&file(&header.replace("<i2", "<f2"), &halves)).unwrap().data, [1.5, -2.0]);
    }

    #[test]
    fn malformed_files_are_errors() {
        assert!(matches!(parse(b"id,energy\n"), Err(NpyError::Format { .. })));
        assert!(matches!(parse(b"\x93NUMPY"), Err(NpyError::Format { .. })));
        assert!(matches!(parse(b"\x93NUMPY\x09\x00\x00\x00"), Err(NpyError::Format { .. })));
        let good = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }";
        assert!(matches!(parse(&file(good, &[0; 15])), Err(NpyError::Length { found: 15, expected: 16, .. })));
        for (from, to) in [("<f8", "<c16"), ("<f8", "|O"), ("<f8", "é")] {
            assert!(matches!(parse(&file(&good.replace(from, to), &[0; 16])), Err(NpyError::Type { .. })));
        }
        for (from, to) in
            [("(2,)", "(-2,)"), ("(2,)", "2"), ("'shape'", "'form'"), ("(2,)", "(99999999999, 99999999999)")]
        {
            assert!(matches!(parse(&file(&good.replace(from, to), &[0; 16])), Err(NpyError::Format { .. })), "{to}");
        }
        assert!(matches!(read_npy(Path::new("no/such/file.npy")), Err(NpyError::Read { .. })));
    }
}
