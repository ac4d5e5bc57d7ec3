//! Short pieces of text that are appended often.

/// Up to [`Piece::ROOM`] bytes, kept in place so that appending is one fixed-size store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    bytes: [u8; Piece::ROOM],
    len: u8,
}

impl Piece {
    pub const ROOM: usize = 11;
    pub const EMPTY: Piece = Piece { bytes: [0; Piece::ROOM], len: 0 };

    /// The parts one after the other; does not compile, or panics, when they do not fit.
    pub const fn of(parts: &[&str]) -> Self {
        let mut piece = Self::EMPTY;
        let mut i = 0;
        while i < parts.len() {
            let part = parts[i].as_bytes();
            let mut k = 0;
            while k < part.len() {
                piece.bytes[piece.len as usize] = part[k];
                piece.len += 1;
                k += 1;
            }
            i += 1;
        }
        piece
    }

    /// The bytes as a piece, when they fit.
    pub fn fitting(text: &[u8]) -> Option<Self> {
        let mut piece = Self::EMPTY;
        piece.bytes.get_mut(..text.len())?.copy_from_slice(text);
        piece.len = text.len() as u8;
        Some(piece)
    }

    #[inline]
    pub fn append_to(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes);
        out.truncate(out.len() - Self::ROOM + self.len as usize);
    }
}

/// Appends a number in decimal digits.
pub(super) fn append_number(number: u32, out: &mut Vec<u8>) {
    if number >= 10 {
        append_number(number / 10, out);
    }
    out.push(b'0' + (number % 10) as u8);
}
