//! Tensors where they lie: in a mapped region of a file, or in memory. Read one at a time, so that opening a large
//! checkpoint never holds the file and the model at once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use serde_json::Value;

use super::CheckpointError;

/// An open file with its path, for messages.
#[derive(Debug)]
pub(super) struct Source {
    pub path: PathBuf,
    pub file: File,
    pub len: u64,
}

impl Source {
    pub fn open(path: &Path) -> Result<Arc<Self>, CheckpointError> {
        let read = |source| CheckpointError::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(read)?;
        let len = file.metadata().map_err(read)?.len();
        Ok(Arc::new(Self { path: path.to_owned(), file, len }))
    }

    /// Maps `len` bytes from `offset`.
    #[allow(unsafe_code)]
    pub fn map(&self, offset: u64, len: usize) -> Result<memmap2::Mmap, CheckpointError> {
        let end = offset.checked_add(len as u64).filter(|&end| end <= self.len);
        if end.is_none() {
            return Err(CheckpointError::Truncated {
                found: self.len,
                expected: offset.saturating_add(len as u64),
                path: self.path.clone(),
            });
        }
        // SAFETY: the bytes are only read, and copied out before the map is dropped. Another program that shortens
        // the file in between can end the process with a bus error; it cannot make us read anything else.
        unsafe { memmap2::MmapOptions::new().offset(offset).len(len).map(&self.file) }
            .map_err(|source| CheckpointError::Read { path: self.path.clone(), source })
    }
}

/// Bytes that are mapped at a time where a tensor is read in order; a multiple of every element's size.
const PIECE_BYTES: usize = 8 << 20;

#[derive(Debug, Clone)]
enum Place {
    File {
        source: Arc<Source>,
        offset: u64,
    },
    /// Elements of a file that do not lie in row-major order (a transposed tensor that torch saved as it was).
    Strided {
        source: Arc<Source>,
        offset: u64,
        strides: Vec<usize>,
    },
    Memory(Vec<u8>),
}

/// One tensor: element type, shape, and where its bytes are.
#[derive(Debug, Clone)]
pub struct StoredTensor {
    dtype: DType,
    shape: Vec<usize>,
    place: Place,
}

impl StoredTensor {
    /// A tensor in memory.
    ///
    /// # Errors
    /// What candle reports while copying it from its device.
    pub fn from_tensor(tensor: &Tensor) -> Result<Self, CheckpointError> {
        let dtype = tensor.dtype();
        let shape = tensor.dims().to_vec();
        let flat = tensor.flatten_all()?.to_device(&Device::Cpu)?;
        let bytes = match dtype {
            DType::F32 => le_bytes(&flat.to_vec1::<f32>()?, |x| x.to_le_bytes()),
            DType::F64 => le_bytes(&flat.to_vec1::<f64>()?, |x| x.to_le_bytes()),
            DType::F16 => le_bytes(&flat.to_vec1::<half::f16>()?, |x| x.to_le_bytes()),
            DType::BF16 => le_bytes(&flat.to_vec1::<half::bf16>()?, |x| x.to_le_bytes()),
            DType::I64 => le_bytes(&flat.to_vec1::<i64>()?, |x| x.to_le_bytes()),
            DType::U32 => le_bytes(&flat.to_vec1::<u32>()?, |x| x.to_le_bytes()),
            DType::U8 => flat.to_vec1::<u8>()?,
            other => return Err(CheckpointError::Dtype { found: format!("{other:?}"), name: String::new() }),
        };
        Ok(Self { dtype, shape, place: Place::Memory(bytes) })
    }

    /// A contiguous tensor in a file; the region is checked against the file's length.
    pub(super) fn in_file(
        source: &Arc<Source>,
        offset: u64,
        dtype: DType,
        shape: Vec<usize>,
        strides: Option<Vec<usize>>,
    ) -> Self {
        let source = source.clone();
        let place = match strides {
            None => Place::File { source, offset },
            Some(strides) => Place::Strided { source, offset, strides },
        };
        Self { dtype, shape, place }
    }

    /// Element type on disk.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Shape, row-major.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Number of elements.
    pub fn n_elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// Bytes on disk.
    pub fn n_bytes(&self) -> usize {
        self.n_elements() * self.dtype.size_in_bytes()
    }

    /// Calls `read` with the little-endian bytes in row-major order.
    pub(super) fn with_bytes<T>(&self, read: impl FnOnce(&[u8]) -> T) -> Result<T, CheckpointError> {
        match &self.place {
            _ if self.n_bytes() == 0 => Ok(read(&[])),
            Place::Memory(bytes) => Ok(read(bytes)),
            Place::File { source, offset } => Ok(read(&source.map(*offset, self.n_bytes())?)),
            Place::Strided { source, offset, strides } => {
                let size = self.dtype.size_in_bytes();
                let last: usize = self.shape.iter().zip(strides).map(|(&n, &s)| (n - 1) * s).sum();
                let map = source.map(*offset, (last + 1) * size)?;
                let mut bytes = Vec::with_capacity(self.n_bytes());
                gather(&map, &self.shape, strides, size, 0, &mut bytes);
                Ok(read(&bytes))
            }
        }
    }

    /// The little-endian bytes in row-major order.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn bytes(&self) -> Result<Vec<u8>, CheckpointError> {
        self.with_bytes(<[u8]>::to_vec)
    }

    /// As [`StoredTensor::with_bytes`], a piece after another, so that little of a file is mapped at a time.
    pub(super) fn for_each_piece(&self, mut read: impl FnMut(&[u8])) -> Result<(), CheckpointError> {
        let Place::File { source, offset } = &self.place else { return self.with_bytes(read) };
        let n_bytes = self.n_bytes();
        for first in (0..n_bytes).step_by(PIECE_BYTES) {
            read(&source.map(offset + first as u64, PIECE_BYTES.min(n_bytes - first))?);
        }
        Ok(())
    }

    /// Writes the values from element `first` on into `out`, widened or rounded as in [`StoredTensor::values`].
    pub(super) fn read_into(&self, first: usize, out: &mut [f32]) -> Result<(), CheckpointError> {
        let size = self.dtype.size_in_bytes();
        match &self.place {
            _ if out.is_empty() => Ok(()),
            Place::File { source, offset } => {
                for (k, out) in out.chunks_mut(PIECE_BYTES / size).enumerate() {
                    let at = first + k * (PIECE_BYTES / size);
                    self.widen(&source.map(offset + (at * size) as u64, out.len() * size)?, out)?;
                }
                Ok(())
            }
            Place::Memory(_) | Place::Strided { .. } => {
                self.with_bytes(|bytes| self.widen(&bytes[first * size..(first + out.len()) * size], out))?
            }
        }
    }

    /// The tensor itself, or a copy in memory where its elements do not lie in order.
    pub(super) fn in_order(&self) -> Result<Cow<'_, Self>, CheckpointError> {
        Ok(match &self.place {
            Place::Strided { .. } => {
                Cow::Owned(Self { dtype: self.dtype, shape: self.shape.clone(), place: Place::Memory(self.bytes()?) })
            }
            _ => Cow::Borrowed(self),
        })
    }

    fn widen(&self, bytes: &[u8], out: &mut [f32]) -> Result<(), CheckpointError> {
        match self.dtype {
            DType::F32 => from_le(bytes, out, f32::from_le_bytes),
            DType::F16 => from_le(bytes, out, |b| half::f16::from_le_bytes(b).to_f32()),
            DType::BF16 => from_le(bytes, out, |b| half::bf16::from_le_bytes(b).to_f32()),
            DType::F64 => from_le(bytes, out, |b| f64::from_le_bytes(b) as f32),
            other => return Err(CheckpointError::Dtype { found: format!("{other:?}"), name: String::new() }),
        }
        Ok(())
    }

    /// The values as f32, row-major; half precision is widened, double precision rounded.
    ///
    /// # Errors
    /// The file cannot be read, or the elements are no floating-point numbers.
    pub fn values(&self) -> Result<Vec<f32>, CheckpointError> {
        let mut values = vec![0.0; self.n_elements()];
        self.read_into(0, &mut values)?;
        Ok(values)
    }

    /// The values as an f32 tensor on `device`.
    ///
    /// # Errors
    /// As [`StoredTensor::values`], and what candle reports.
    pub fn tensor(&self, device: &Device) -> Result<Tensor, CheckpointError> {
        Ok(Tensor::from_vec(self.values()?, self.shape.clone(), device)?)
    }

    /// The same values in another element type, in memory; the same tensor if it has that type.
    ///
    /// # Errors
    /// As [`StoredTensor::tensor`].
    pub fn to_dtype(&self, dtype: DType) -> Result<Self, CheckpointError> {
        if dtype == self.dtype {
            Ok(self.clone())
        } else {
            Self::from_tensor(&self.tensor(&Device::Cpu)?.to_dtype(dtype)?)
        }
    }
}

fn le_bytes<T: Copy, const N: usize>(values: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&x| bytes(x)).collect()
}

fn from_le<const N: usize>(bytes: &[u8], out: &mut [f32], value: impl Fn([u8; N]) -> f32) {
    for (out, &chunk) in out.iter_mut().zip(bytes.as_chunks::<N>().0) {
        *out = value(chunk);
    }
}

fn gather(map: &[u8], shape: &[usize], strides: &[usize], size: usize, at: usize, out: &mut Vec<u8>) {
    match shape {
        [] => out.extend_from_slice(&map[at * size..(at + 1) * size]),
        [n, rest @ ..] => {
            for k in 0..*n {
                gather(map, rest, &strides[1..], size, at + k * strides[0], out);
            }
        }
    }
}

/// Named tensors, by name.
pub type StoredTensors = BTreeMap<String, StoredTensor>;

/// Lists the tensors of a safetensors file without reading their data.
///
/// # Errors
/// The file cannot be read, is cut short, or its header is none.
pub fn open_safetensors(path: &Path) -> Result<StoredTensors, CheckpointError> {
    let source = Source::open(path)?;
    let broken = |what: String| CheckpointError::Safetensors { what, path: path.to_owned() };
    if source.len < 8 {
        return Err(broken(format!("the file has {} bytes, too few for a header", source.len)));
    }
    let head = source.map(0, 8)?;
    not_weights(&source, path)?;
    let header_len = u64::from_le_bytes(head[..8].try_into().expect("eight bytes"));
    if header_len > MAX_HEADER.min(source.len - 8) {
        return Err(broken(format!(
            "the header claims {header_len} bytes, but {} follow (at most {MAX_HEADER} are read)",
            source.len - 8
        )));
    }
    let header = source.map(8, header_len as usize)?;
    let header: BTreeMap<String, Value> =
        serde_json::from_slice(&header).map_err(|error| broken(format!("its header: {error}")))?;
    let mut tensors = StoredTensors::new();
    let mut places = Vec::new();
    for (name, info) in header {
        if name == "__metadata__" {
            continue;
        }
        let info: TensorInfo =
            serde_json::from_value(info).map_err(|error| broken(format!("its header, at {name}: {error}")))?;
        let dtype = dtype_named(&info.dtype)
            .ok_or_else(|| CheckpointError::Dtype { found: info.dtype.clone(), name: name.clone() })?;
        let [begin, end] = info.data_offsets;
        let expected = info.shape.iter().try_fold(dtype.size_in_bytes(), |product, &n| product.checked_mul(n));
        if expected.is_none() || end.checked_sub(begin) != expected.map(|n| n as u64) {
            return Err(broken(format!("{name} claims the shape {:?} but the place {begin}..{end}", info.shape)));
        }
        let past_end = end.saturating_add(8 + header_len);
        if past_end > source.len {
            return Err(CheckpointError::Truncated { found: source.len, expected: past_end, path: path.to_owned() });
        }
        places.push((begin, end, name.clone()));
        tensors.insert(name, StoredTensor::in_file(&source, begin + 8 + header_len, dtype, info.shape, None));
    }
    places.sort();
    if let Some(both) = places.windows(2).find(|both| both[0].1 > both[1].0) {
        return Err(broken(format!("{} and {} claim the same bytes", both[0].2, both[1].2)));
    }
    Ok(tensors)
}

/// Bytes of a header: some 200,000 tensors, more than any model has.
const MAX_HEADER: u64 = 16 << 20;

/// Refuses what stands where weights should be after a download that fetched something else.
pub(super) fn not_weights(source: &Source, path: &Path) -> Result<(), CheckpointError> {
    let start = source.map(0, source.len.min(64) as usize)?;
    let text = start.trim_ascii_start().to_ascii_lowercase();
    let (found, remedy) = if text.starts_with(b"version https://git-lfs") {
        ("a pointer of Git LFS", "run git lfs pull in its folder")
    } else if text.starts_with(b"<!doctype") || text.starts_with(b"<html") || text.starts_with(b"<?xml") {
        ("a web page", "the download was refused or led elsewhere: fetch the file again")
    } else {
        return Ok(());
    };
    Err(CheckpointError::NotWeights { found, remedy, path: path.to_owned() })
}

#[derive(serde::Serialize, serde::Deserialize)]
struct TensorInfo {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [u64; 2],
}

/// Writes named tensors as safetensors, one in memory at a time, in an order that keeps every element aligned.
///
/// # Errors
/// A tensor cannot be read or the file not written; what was written so far stays behind.
pub fn write_safetensors(path: &Path, tensors: &[(&str, &StoredTensor)]) -> Result<(), CheckpointError> {
    let write = |source| CheckpointError::Write { path: path.to_owned(), source };
    let mut ordered = tensors.to_vec();
    ordered.sort_by_key(|(name, tensor)| (std::cmp::Reverse(tensor.dtype.size_in_bytes()), *name));
    let mut header = serde_json::Map::new();
    header.insert("__metadata__".to_owned(), serde_json::json!({"format": "pt"}));
    let mut offset = 0;
    for (name, tensor) in &ordered {
        let dtype = dtype_name(tensor.dtype)
            .ok_or_else(|| CheckpointError::Dtype { found: format!("{:?}", tensor.dtype), name: (*name).to_owned() })?;
        let end = offset + tensor.n_bytes() as u64;
        let info = TensorInfo { dtype: dtype.to_owned(), shape: tensor.shape.clone(), data_offsets: [offset, end] };
        header.insert((*name).to_owned(), serde_json::to_value(info).expect("plain numbers and text"));
        offset = end;
    }
    let mut header = serde_json::to_vec(&header).expect("plain numbers and text");
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).map_err(write)?);
    file.write_all(&(header.len() as u64).to_le_bytes()).map_err(write)?;
    file.write_all(&header).map_err(write)?;
    for (_, tensor) in &ordered {
        let mut written = Ok(());
        tensor.for_each_piece(|bytes| {
            if written.is_ok() {
                written = file.write_all(bytes);
            }
        })?;
        written.map_err(write)?;
    }
    file.into_inner().map_err(|error| write(error.into_error()))?.sync_all().map_err(write)
}

const DTYPES: [(&str, DType); 7] = [
    ("U8", DType::U8),
    ("U32", DType::U32),
    ("I64", DType::I64),
    ("BF16", DType::BF16),
    ("F16", DType::F16),
    ("F32", DType::F32),
    ("F64", DType::F64),
];

fn dtype_named(name: &str) -> Option<DType> {
    DTYPES.iter().find(|(known, _)| *known == name).map(|&(_, dtype)| dtype)
}

fn dtype_name(dtype: DType) -> Option<&'static str> {
    DTYPES.iter().find(|(_, known)| *known == dtype).map(|&(name, _)| name)
}
