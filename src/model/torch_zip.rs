//! State dicts that `torch.save` wrote (`pytorch_model.bin`, `projector_*.pth`): a zip archive of a pickle that
//! describes the tensors and one entry of raw bytes for each storage.
//!
//! The pickle is read by a small machine that builds plain values; it calls nothing, whatever the file asks for. Every
//! size the file claims is checked against what is there before anything is allocated.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use candle_core::DType;

use super::CheckpointError;
use super::stored::{Source, StoredTensor, StoredTensors};

/// Lists the tensors of a state dict; those nested one level under `state_dict` or `model_state_dict` as well.
///
/// # Errors
/// The file is no such archive, is cut short, contradicts itself, or holds something other than a state dict.
pub fn open_torch_zip(path: &Path) -> Result<StoredTensors, CheckpointError> {
    let source = Source::open(path)?;
    let broken = |what: String| CheckpointError::TorchZip { what, path: path.to_owned() };
    if source.len > 0 {
        super::stored::not_weights(&source, path)?;
    }
    let mut start = [0u8; 4];
    let n_start =
        (&source.file).read(&mut start).map_err(|e| CheckpointError::Read { path: path.to_owned(), source: e })?;
    if n_start < 4 || start != *b"PK\x03\x04" {
        let what = if start[0] == 0x80 {
            "it is in torch's format from before version 1.6: open it in torch and save it again with torch.save"
        } else {
            "it does not begin like a zip archive"
        };
        return Err(broken(what.to_owned()));
    }
    let mut archive = zip::ZipArchive::new(&source.file).map_err(|error| broken(error.to_string()))?;
    let entries = list_entries(&mut archive, source.len).map_err(&broken)?;
    let mut pickles = entries.keys().filter(|name| name.ends_with("/data.pkl"));
    let (Some(pickle), None) = (pickles.next(), pickles.next()) else {
        return Err(broken("it holds no entry data.pkl, or several".to_owned()));
    };
    let base = pickle.trim_end_matches("data.pkl");
    let entry = entries[pickle];
    if entry.len > MAX_PICKLE {
        return Err(broken(format!("data.pkl has {} bytes, at most {MAX_PICKLE} are read", entry.len)));
    }
    let dict =
        Machine::default().run(&source.map(entry.start, entry.len as usize)?).map_err(&broken)?.ok_or_else(|| {
            broken("it holds no state dict: save model.state_dict() in torch instead of the model".to_owned())
        })?;
    let mut tensors = StoredTensors::new();
    for (key, value) in &dict {
        let Value::Text(name) = key else { continue };
        let tensor = describe(value).map_err(|what| broken(format!("{name}: {what}")))?;
        let Some(tensor) = tensor else { continue };
        let entry = entries
            .get(&format!("{base}data/{}", tensor.storage))
            .ok_or_else(|| broken(format!("{name} lies in data/{}, which is missing", tensor.storage)))?;
        let stored = tensor.locate(&source, *entry).map_err(|what| broken(format!("{name}: {what}")))?;
        let name = name.strip_prefix("module.").unwrap_or(name);
        tensors.insert(name.to_owned(), stored);
    }
    Ok(tensors)
}

/// A state dict's pickle is a few hundred bytes for each tensor.
const MAX_PICKLE: u64 = 16 << 20;
/// Storages in a file; more than any model has tensors.
const MAX_ENTRIES: usize = 100_000;

#[derive(Debug, Clone, Copy)]
struct Entry {
    start: u64,
    len: u64,
}

fn list_entries(
    archive: &mut zip::ZipArchive<&std::fs::File>,
    file_len: u64,
) -> Result<HashMap<String, Entry>, String> {
    if archive.len() > MAX_ENTRIES {
        return Err(format!("the archive lists {} entries, at most {MAX_ENTRIES} are read", archive.len()));
    }
    let mut entries = HashMap::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|error| error.to_string())?;
        let name = entry.name().map_err(|error| error.to_string())?.into_owned();
        if entry.compression() != zip::CompressionMethod::Stored || entry.size() != entry.compressed_size() {
            return Err(format!("its entry {name} is compressed, but torch stores tensors as they are"));
        }
        let start = entry.data_start().ok_or_else(|| format!("its entry {name} has no place in the file"))?;
        let len = entry.size();
        if start.checked_add(len).is_none_or(|end| end > file_len) {
            return Err(format!("its entry {name} claims {len} bytes from {start}, but the file has {file_len}"));
        }
        entries.insert(name, Entry { start, len });
    }
    Ok(entries)
}

/// A tensor as the pickle describes it; offset and strides count elements.
struct Description {
    storage: String,
    dtype: DType,
    n_storage: usize,
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

impl Description {
    fn locate(self, source: &Arc<Source>, entry: Entry) -> Result<StoredTensor, String> {
        let size = self.dtype.size_in_bytes();
        if self.n_storage.checked_mul(size).map(|n| n as u64) != Some(entry.len) {
            return Err(format!("its storage claims {} elements, but holds {} bytes", self.n_storage, entry.len));
        }
        if self.shape.len() != self.strides.len() {
            return Err(format!("shape {:?} and strides {:?} differ in length", self.shape, self.strides));
        }
        let n = self.shape.iter().try_fold(1usize, |n, &k| n.checked_mul(k));
        let reach = self.shape.iter().zip(&self.strides).try_fold(self.offset, |at, (&n, &stride)| {
            n.saturating_sub(1).checked_mul(stride).and_then(|step| at.checked_add(step))
        });
        let (Some(n), Some(reach)) = (n, reach) else {
            return Err(format!("shape {:?} with strides {:?} overflows", self.shape, self.strides));
        };
        if n > self.n_storage || (n > 0 && reach >= self.n_storage) {
            return Err(format!(
                "shape {:?} from element {} does not fit into a storage of {} elements",
                self.shape, self.offset, self.n_storage
            ));
        }
        let mut contiguous = vec![1; self.shape.len()];
        for k in (1..self.shape.len()).rev() {
            contiguous[k - 1] = contiguous[k] * self.shape[k].max(1);
        }
        let in_order = self.shape.iter().zip(&self.strides).zip(&contiguous).all(|((&n, a), b)| n <= 1 || a == b);
        let strides = if in_order { None } else { Some(self.strides) };
        let at = entry.start + (self.offset * size) as u64;
        Ok(StoredTensor::in_file(source, at, self.dtype, self.shape, strides))
    }
}

/// What a pickle can hold for us. Compound values are shared, so that the memo costs nothing.
#[derive(Debug, Clone)]
enum Value {
    Mark,
    Other,
    Int(i64),
    Text(Rc<str>),
    Global(Rc<(String, String)>),
    /// A dict by number in [`Machine::dicts`], for it changes after it was put into the memo.
    Dict(usize),
    Tuple(Rc<Compound>),
    /// A call that is not made: the callable and its arguments.
    Call(Rc<Compound>),
    /// The description of a storage.
    Persistent(Rc<Compound>),
}

/// Members, and how deep they nest.
#[derive(Debug)]
struct Compound {
    depth: usize,
    members: Vec<Value>,
}

impl Value {
    fn depth(&self) -> usize {
        match self {
            Self::Tuple(compound) | Self::Call(compound) | Self::Persistent(compound) => compound.depth,
            _ => 0,
        }
    }
}

/// Builds the values of a pickle on a stack.
#[derive(Default)]
struct Machine {
    stack: Vec<Value>,
    memo: HashMap<u32, Value>,
    dicts: Vec<Vec<(Value, Value)>>,
}

/// Nesting at most, for dropping a deep value would exhaust the stack; a state dict nests five deep.
const MAX_DEPTH: usize = 64;

impl Machine {
    /// The items of the state dict: those of the dict itself, or of the one under a usual key in it.
    fn run(mut self, bytes: &[u8]) -> Result<Option<Vec<(Value, Value)>>, String> {
        let mut input = bytes;
        loop {
            let at = bytes.len() - input.len();
            match self.step(&mut input) {
                Ok(false) => {}
                Ok(true) => break,
                Err(what) => return Err(format!("byte {at} of data.pkl: {what}")),
            }
        }
        let Value::Dict(outer) = self.pop()? else { return Ok(None) };
        let under = |wanted: &str| {
            self.dicts[outer].iter().find_map(|(key, value)| match (key, value) {
                (Value::Text(key), Value::Dict(inner)) if &**key == wanted => Some(*inner),
                _ => None,
            })
        };
        let number = ["state_dict", "model_state_dict", "model"].into_iter().find_map(under).unwrap_or(outer);
        Ok(Some(std::mem::take(&mut self.dicts[number])))
    }

    fn pop(&mut self) -> Result<Value, String> {
        self.stack.pop().ok_or_else(|| "the stack is empty".to_owned())
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value>, String> {
        let mark = self.stack.iter().rposition(|value| matches!(value, Value::Mark)).ok_or("no mark on the stack")?;
        let values = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(values)
    }

    fn push_compound(&mut self, kind: fn(Rc<Compound>) -> Value, members: Vec<Value>) -> Result<(), String> {
        let depth = 1 + members.iter().map(Value::depth).max().unwrap_or(0);
        if depth > MAX_DEPTH {
            return Err(format!("it nests deeper than {MAX_DEPTH}, no state dict does"));
        }
        self.stack.push(kind(Rc::new(Compound { depth, members })));
        Ok(())
    }

    fn push_tuple(&mut self, n: usize) -> Result<(), String> {
        let at = self.stack.len().checked_sub(n).ok_or("the stack is empty")?;
        let values = self.stack.split_off(at);
        self.push_compound(Value::Tuple, values)
    }

    fn set_items(&mut self, items: Vec<Value>) -> Result<(), String> {
        let Some(Value::Dict(number)) = self.stack.last() else {
            return Err("items are set on something that is no dict".to_owned());
        };
        let dict = &mut self.dicts[*number];
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            dict.push((key, value));
        }
        Ok(())
    }

    /// Carries out one operation; true at the end. Operation codes as in Python's `pickletools`.
    fn step(&mut self, input: &mut &[u8]) -> Result<bool, String> {
        match take::<1>(input)?[0] {
            0x80 => drop(take::<1>(input)?), // PROTO
            0x95 => drop(take::<8>(input)?), // FRAME
            b'.' => return Ok(true),         // STOP
            b'(' => self.stack.push(Value::Mark),
            b'N' | 0x88 | 0x89 => self.stack.push(Value::Other), // NONE, NEWTRUE, NEWFALSE
            b'G' => {
                take::<8>(input)?; // BINFLOAT
                self.stack.push(Value::Other);
            }
            b'K' => self.stack.push(Value::Int(i64::from(take::<1>(input)?[0]))), // BININT1
            b'M' => self.stack.push(Value::Int(i64::from(u16::from_le_bytes(take(input)?)))), // BININT2
            b'J' => self.stack.push(Value::Int(i64::from(i32::from_le_bytes(take(input)?)))), // BININT
            0x8a => {
                let n = take::<1>(input)?[0] as usize; // LONG1
                let bytes = take_slice(input, n)?;
                self.stack.push(long(bytes).map_or(Value::Other, Value::Int));
            }
            b'X' => {
                let n = u32::from_le_bytes(take(input)?) as usize; // BINUNICODE
                self.push_text(take_slice(input, n)?)?;
            }
            0x8c => {
                let n = take::<1>(input)?[0] as usize; // SHORT_BINUNICODE
                self.push_text(take_slice(input, n)?)?;
            }
            b'c' => {
                let module = take_line(input)?; // GLOBAL
                let name = take_line(input)?;
                self.stack.push(Value::Global(Rc::new((module, name))));
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?); // STACK_GLOBAL
                let (Value::Text(name), Value::Text(module)) = (name, module) else {
                    return Err("a global has no name".to_owned());
                };
                self.stack.push(Value::Global(Rc::new((module.to_string(), name.to_string()))));
            }
            b')' => self.push_tuple(0)?,
            0x85 => self.push_tuple(1)?,
            0x86 => self.push_tuple(2)?,
            0x87 => self.push_tuple(3)?,
            b't' => {
                let values = self.pop_to_mark()?;
                self.push_compound(Value::Tuple, values)?;
            }
            b']' | 0x8f => self.stack.push(Value::Other), // EMPTY_LIST, EMPTY_SET: nothing we read lies in them
            b'a' => drop(self.pop()?),
            b'e' | 0x90 => drop(self.pop_to_mark()?),
            b'}' => self.push_dict(),
            b'd' => {
                let items = self.pop_to_mark()?;
                self.push_dict();
                self.set_items(items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set_items(vec![key, value])?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set_items(items)?;
            }
            b'R' | 0x81 => {
                let (arguments, callable) = (self.pop()?, self.pop()?); // REDUCE, NEWOBJ
                let is_dict = matches!(&callable, Value::Global(name) if name.0 == "collections");
                if is_dict {
                    self.push_dict();
                } else {
                    self.push_compound(Value::Call, vec![callable, arguments])?;
                }
            }
            b'b' => drop(self.pop()?), // BUILD: attributes of an object, such as the _metadata of a state dict
            b'Q' => {
                let id = self.pop()?; // BINPERSID
                self.push_compound(Value::Persistent, vec![id])?;
            }
            b'q' => self.remember(u32::from(take::<1>(input)?[0]))?, // BINPUT
            b'r' => self.remember(u32::from_le_bytes(take(input)?))?, // LONG_BINPUT
            0x94 => self.remember(self.memo.len() as u32)?,          // MEMOIZE
            b'h' => self.recall(u32::from(take::<1>(input)?[0]))?,   // BINGET
            b'j' => self.recall(u32::from_le_bytes(take(input)?))?,  // LONG_BINGET
            other => return Err(format!("operation {other:#04x} has no place in a state dict")),
        }
        Ok(false)
    }

    fn push_dict(&mut self) {
        self.dicts.push(Vec::new());
        self.stack.push(Value::Dict(self.dicts.len() - 1));
    }

    fn push_text(&mut self, bytes: &[u8]) -> Result<(), String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "a text is not UTF-8")?;
        self.stack.push(Value::Text(text.into()));
        Ok(())
    }

    fn remember(&mut self, key: u32) -> Result<(), String> {
        let value = self.stack.last().ok_or("the stack is empty")?.clone();
        self.memo.insert(key, value);
        Ok(())
    }

    fn recall(&mut self, key: u32) -> Result<(), String> {
        let value = self.memo.get(&key).ok_or("nothing was remembered there")?.clone();
        self.stack.push(value);
        Ok(())
    }
}

fn take<const N: usize>(input: &mut &[u8]) -> Result<[u8; N], String> {
    let (head, rest) = input.split_first_chunk::<N>().ok_or("the pickle ends in the middle")?;
    *input = rest;
    Ok(*head)
}

fn take_slice<'a>(input: &mut &'a [u8], n: usize) -> Result<&'a [u8], String> {
    let (head, rest) =
        input.split_at_checked(n).ok_or_else(|| format!("{n} bytes are announced, {} follow", input.len()))?;
    *input = rest;
    Ok(head)
}

fn take_line(input: &mut &[u8]) -> Result<String, String> {
    let n = input.iter().position(|&b| b == b'\n').ok_or("a name has no end")?;
    let line = take_slice(input, n)?;
    take::<1>(input)?;
    Ok(String::from_utf8_lossy(line).trim_end_matches('\r').to_owned())
}

/// A little-endian two's complement number of up to eight bytes.
fn long(bytes: &[u8]) -> Option<i64> {
    let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
    let mut full = [if negative { 0xff } else { 0 }; 8];
    full.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(i64::from_le_bytes(full))
}

/// The tensor that a value describes; none for numbers and texts that lie beside the tensors.
fn describe(value: &Value) -> Result<Option<Description>, String> {
    let Value::Call(call) = value else { return Ok(None) };
    let [Value::Global(name), Value::Tuple(arguments)] = call.members.as_slice() else {
        return Err("it is an object of an unknown kind".to_owned());
    };
    match (name.0.as_str(), name.1.as_str(), arguments.members.as_slice()) {
        ("torch._utils", "_rebuild_tensor_v2", arguments) => describe_tensor(arguments).map(Some),
        // A parameter wraps a tensor; one nested level is followed for each level of the value, which is bounded.
        ("torch._utils", "_rebuild_parameter", [tensor, ..]) => describe(tensor),
        ("torch._tensor", "_rebuild_from_type_v2", [Value::Global(function), _, Value::Tuple(arguments), ..])
            if function.1 == "_rebuild_tensor_v2" =>
        {
            describe_tensor(&arguments.members).map(Some)
        }
        (module, name, _) => {
            Err(format!("it asks to call {module}.{name}, which is not done: save model.state_dict() in torch instead"))
        }
    }
}

fn describe_tensor(arguments: &[Value]) -> Result<Description, String> {
    let [storage, offset, shape, strides, ..] = arguments else {
        return Err("its description is cut short".to_owned());
    };
    let Value::Persistent(id) = storage else { return Err("it has no storage".to_owned()) };
    let [Value::Tuple(id)] = id.members.as_slice() else { return Err("its storage has no name".to_owned()) };
    let [_, Value::Global(kind), Value::Text(key), _, n] = id.members.as_slice() else {
        return Err("its storage is described in an unknown way".to_owned());
    };
    let dtype = match kind.1.as_str() {
        "FloatStorage" => DType::F32,
        "DoubleStorage" => DType::F64,
        "HalfStorage" => DType::F16,
        "BFloat16Storage" => DType::BF16,
        "ByteStorage" => DType::U8,
        "LongStorage" => DType::I64,
        other => return Err(format!("its elements are of the kind {other}, which is not read")),
    };
    Ok(Description {
        storage: key.to_string(),
        dtype,
        n_storage: size(n)?,
        offset: size(offset)?,
        shape: sizes(shape)?,
        strides: sizes(strides)?,
    })
}

fn size(value: &Value) -> Result<usize, String> {
    match value {
        Value::Int(n) if *n >= 0 => Ok(*n as usize),
        Value::Int(n) => Err(format!("a size is {n}")),
        _ => Err("a size is no number".to_owned()),
    }
}

fn sizes(value: &Value) -> Result<Vec<usize>, String> {
    match value {
        Value::Tuple(values) if values.members.len() <= 8 => values.members.iter().map(size).collect(),
        _ => Err("a shape is not a list of sizes".to_owned()),
    }
}
