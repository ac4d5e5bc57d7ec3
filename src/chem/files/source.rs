//! Bytes from a file or a pipe, decompressed, and cut into lines of bounded length.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::{FileError, Notes, RowProblem};

/// Bytes that are taken from the system at a time.
const BUFFER_BYTES: usize = 128 * 1024;

pub(super) type Bytes = Box<dyn BufRead + Send>;

/// Opens a file as text.
pub(super) fn open(path: &Path, notes: &Notes) -> Result<Bytes, FileError> {
    let failed = |source| FileError::Open { path: path.into(), source };
    if std::fs::metadata(path).map_err(failed)?.is_dir() {
        return Err(FileError::Folder { path: path.into() });
    }
    text_of(File::open(path).map_err(failed)?, path, notes)
}

/// Decompresses what begins like gzip or zstd, drops a byte order mark, and refuses what is certainly no text.
pub(super) fn text_of(bytes: impl Read + Send + 'static, path: &Path, notes: &Notes) -> Result<Bytes, FileError> {
    let failed = |source| FileError::Open { path: path.into(), source };
    let (head, raw) = peek(Box::new(BufReader::with_capacity(BUFFER_BYTES, bytes))).map_err(failed)?;
    if head.is_empty() {
        return Err(FileError::Empty { path: path.into() });
    }
    let text: Bytes = match &head[..] {
        [0x1f, 0x8b, ..] => Box::new(BufReader::with_capacity(BUFFER_BYTES, GzipMembers::new(raw, notes.clone()))),
        head if is_zstd(head) => Box::new(BufReader::with_capacity(BUFFER_BYTES, ZstdFrames::new(raw))),
        _ => raw,
    };
    let (head, text) = match peek(text) {
        Ok(both) => both,
        Err(source) => return Err(failed(source)),
    };
    if head.is_empty() {
        return Err(FileError::Empty { path: path.into() });
    }
    if let Some((found, remedy)) = binary_kind(&head) {
        return Err(FileError::NotText { found, remedy, path: path.into() });
    }
    skip_byte_order_mark(text, &head).map_err(failed)
}

/// The first bytes (at most 64), and the stream with them still in it.
fn peek(mut bytes: Bytes) -> io::Result<(Vec<u8>, Bytes)> {
    let mut head = Vec::new();
    Read::take(&mut bytes, 64).read_to_end(&mut head)?;
    let joined = io::Cursor::new(head.clone()).chain(bytes);
    Ok((head, Box::new(joined)))
}

fn is_zstd(head: &[u8]) -> bool {
    matches!(head, [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

fn binary_kind(head: &[u8]) -> Option<(&'static str, &'static str)> {
    const UNPACK: &str = "unpack it first";
    const UTF8: &str = "save it as UTF-8";
    Some(match head {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => ("UTF-16 text", UTF8),
        [b'P', b'K', 3, 4, ..] => ("a zip archive or a spreadsheet", "unpack it, or save the sheet as CSV"),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => ("compressed with bzip2", UNPACK),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => ("compressed with xz", UNPACK),
        [0x1f, 0x8b, ..] => ("compressed twice", UNPACK),
        head if is_zstd(head) => ("compressed twice", UNPACK),
        [b'P', b'A', b'R', b'1', ..] => ("a Parquet table", "save it as CSV"),
        [0x7f, b'E', b'L', b'F', ..] => ("a program", "name a file of molecules"),
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] => ("an Arrow (Feather) table", "save it as CSV"),
        [0x80, 2..=5, ..] => ("a Python pickle", "open it in Python and save it as CSV"),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => ("an old Excel or Word document", "save the sheet as CSV"),
        [0x89, b'H', b'D', b'F', ..] => ("an HDF5 file", "save its table as CSV"),
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => ("a NumPy array", "name a file of molecules"),
        head if head.starts_with(b"SQLite format 3") => ("an SQLite database", "save its table as CSV"),
        head if head.starts_with(b"version https://git-lfs") => ("a pointer of Git LFS", "run git lfs pull"),
        head if begins_with_tag(head, &["!doctype html", "html", "?xml"]) => {
            ("a web page or XML", "download it again, or save it as CSV")
        }
        head if begins_with_tag(head, &["datawarrior"]) => ("a DataWarrior table", "save it there as SDF or CSV"),
        _ => return None,
    })
}

/// Whether a text begins with one of these tags, in any case.
fn begins_with_tag(head: &[u8], tags: &[&str]) -> bool {
    let text = head.trim_ascii_start().to_ascii_lowercase();
    text.strip_prefix(b"<").is_some_and(|rest| tags.iter().any(|tag| rest.starts_with(tag.as_bytes())))
}

/// All members of a gzip stream one after the other. Zeros behind the last one are padding, as gzip itself has it.
struct GzipMembers {
    /// `None` behind the last member.
    member: Option<GzDecoder<Bytes>>,
    notes: Notes,
}

impl GzipMembers {
    fn new(source: Bytes, notes: Notes) -> Self {
        Self { member: Some(GzDecoder::new(source)), notes }
    }

    /// Begins the member that follows in `source`, if one does.
    fn next_member(&mut self, mut source: Bytes) -> io::Result<()> {
        loop {
            let buffer = source.fill_buf()?;
            let Some(&first) = buffer.first() else { return Ok(()) };
            if first != 0 {
                break;
            }
            self.notes.gzip_padding();
            let n_zeros = buffer.iter().take_while(|&&b| b == 0).count();
            source.consume(n_zeros);
        }
        self.member = Some(GzDecoder::new(source));
        Ok(())
    }
}

impl Read for GzipMembers {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let n = member.read(buffer)?;
            if n > 0 || buffer.is_empty() {
                return Ok(n);
            }
            if let Some(member) = self.member.take() {
                self.next_member(member.into_inner())?;
            }
        }
        Ok(0)
    }
}

fn skip_byte_order_mark(mut text: Bytes, head: &[u8]) -> io::Result<Bytes> {
    if head.starts_with(&[0xef, 0xbb, 0xbf]) {
        text.read_exact(&mut [0; 3])?;
    }
    Ok(text)
}

/// All frames of a zstd stream one after the other; the decoder of the crate knows only one.
struct ZstdFrames {
    source: Bytes,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl ZstdFrames {
    fn new(source: Bytes) -> Self {
        Self { source, decoder: FrameDecoder::new(), in_frame: false }
    }

    /// Begins the next frame; false at the end of the stream.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            // A decoder that has decoded a frame refuses wide windows that a new one accepts.
            self.decoder = FrameDecoder::new();
            match self.decoder.init(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let length = u64::from(length);
                    if io::copy(&mut Read::take(&mut self.source, length), &mut io::sink())? < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }

    fn check_sum(&self) -> io::Result<()> {
        match self.decoder.get_checksum_from_data() {
            Some(sum) if Some(sum) != self.decoder.get_calculated_checksum() => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum of the zstd frame is wrong"))
            }
            _ => Ok(()),
        }
    }
}

impl Read for ZstdFrames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.in_frame {
                if !self.next_frame()? {
                    return Ok(0);
                }
                self.in_frame = true;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let step = BlockDecodingStrategy::UptoBytes(buffer.len());
                self.decoder.decode_blocks(&mut self.source, step).map_err(io::Error::other)?;
            }
            let n = self.decoder.read(buffer)?;
            if n > 0 {
                return Ok(n);
            }
            self.check_sum()?;
            self.in_frame = false;
        }
    }
}

/// Lines of a text, each with its number, none longer than a limit. A line ends with a line feed, a carriage return, or
/// both.
pub(super) struct Lines {
    bytes: Bytes,
    /// Number of the line that was read last, from 1.
    line: u64,
    limit: usize,
    ended: bool,
    /// Blank lines that count only if something follows them.
    blank: std::ops::Range<u64>,
    /// What follows the blank lines.
    held: Option<NumberedLine>,
    /// The last line ended with a carriage return: a line feed right behind it belongs to that end.
    after_return: bool,
    notes: Notes,
}

/// One line without its end, or what is wrong with it and how it begins.
pub(super) type LineResult = Result<String, (RowProblem, String)>;

/// A line and its number, from 1.
pub(super) type NumberedLine = (u64, LineResult);

impl Lines {
    pub(super) fn new(bytes: Bytes, limit: usize, notes: Notes) -> Self {
        Self { bytes, line: 0, limit, ended: false, blank: 0..0, held: None, after_return: false, notes }
    }

    /// The longest line that is read, in bytes.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// The next line, as long as a line that is not blank follows.
    pub(super) fn next_used(&mut self) -> Option<NumberedLine> {
        if self.held.is_none() {
            let is_blank = |line: &LineResult| line.as_ref().is_ok_and(|line| line.trim().is_empty());
            self.blank = self.line + 1..self.line + 1;
            loop {
                let (number, line) = self.next()?;
                if !is_blank(&line) {
                    self.held = Some((number, line));
                    break;
                }
                self.blank.end += 1;
            }
        }
        match self.blank.next() {
            Some(number) => Some((number, Ok(String::new()))),
            None => self.held.take(),
        }
    }

    /// The next line; `None` at the end of the text.
    pub(super) fn next(&mut self) -> Option<NumberedLine> {
        if let Some(line) = self.next_used_if_held() {
            return Some(line);
        }
        let line = self.read_line()?;
        Some((self.line, line))
    }

    fn next_used_if_held(&mut self) -> Option<NumberedLine> {
        if self.held.is_some() { self.next_used() } else { None }
    }

    fn read_line(&mut self) -> Option<LineResult> {
        if self.ended {
            return None;
        }
        let mut line = Vec::new();
        let mut n_bytes = 0_usize;
        loop {
            let chunk = match self.bytes.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Some(self.broken_off(&error, &line)),
            };
            if chunk.is_empty() {
                self.ended = true;
                if n_bytes == 0 {
                    return None;
                }
                break;
            }
            if std::mem::take(&mut self.after_return) && chunk[0] == b'\n' {
                self.bytes.consume(1);
                continue;
            }
            let end = chunk.iter().position(|&b| matches!(b, b'\n' | b'\r'));
            let used = end.unwrap_or(chunk.len());
            let room = self.limit.saturating_sub(line.len());
            line.extend_from_slice(&chunk[..used.min(room)]);
            n_bytes = n_bytes.saturating_add(used);
            self.after_return = end.is_some_and(|end| chunk[end] == b'\r');
            self.bytes.consume(used + usize::from(end.is_some()));
            if end.is_some() {
                break;
            }
        }
        self.line += 1;
        if n_bytes > self.limit {
            return Some(Err((RowProblem::TooLong { limit: self.limit }, beginning(&line))));
        }
        Some(self.checked(line))
    }

    /// The text of a line. Names and units are often written in Windows-1252 where the molecules are plain ASCII: what
    /// is no UTF-8 is read so, and counted.
    fn checked(&self, line: Vec<u8>) -> LineResult {
        if line.contains(&0) {
            return Err((RowProblem::ZeroByte, beginning(&line)));
        }
        Ok(String::from_utf8(line).unwrap_or_else(|error| {
            self.notes.recoded(self.line);
            error.as_bytes().iter().map(|&byte| windows_1252(byte)).collect()
        }))
    }

    fn broken_off(&mut self, error: &io::Error, line: &[u8]) -> LineResult {
        self.ended = true;
        self.line += 1;
        let reason = match error.kind() {
            io::ErrorKind::UnexpectedEof => "the compressed data break off".to_owned(),
            _ => error.to_string(),
        };
        Err((RowProblem::Unreadable { reason }, beginning(line)))
    }
}

/// The character of a byte of Windows-1252; its five unused bytes become U+FFFD.
///
/// Source: the WHATWG's Encoding Standard, index windows-1252, without its control characters.
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{fffd}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{fffd}', 'Ž', '\u{fffd}',
        '\u{fffd}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{fffd}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// What can be shown of a line that is not text.
fn beginning(line: &[u8]) -> String {
    super::error::shortened(&String::from_utf8_lossy(&line[..line.len().min(800)]), 200)
}
