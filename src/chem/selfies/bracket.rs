//! Atoms with something to say beyond their element: read from SMILES and SELFIES brackets, written alike in both.

use super::elements::{self, Element, SYMBOLS};

/// A place in the string an atom was read from; numbers are kept as text, for they may have any length.
pub(super) type Span = std::ops::Range<u32>;

/// The contents of a bracket atom.
#[derive(Debug, Clone)]
pub(super) struct BracketAtom {
    pub element: Element,
    /// Digits without leading zeros.
    pub isotope: Option<Span>,
    /// `@` once or twice, 0 for none.
    pub chirality: u8,
    pub hydrogens: u8,
    /// Exact up to 18 digits; beyond, only sign, parity and "large" are kept.
    pub charge: i64,
    /// The digits of a charge written with a number.
    pub charge_digits: Option<Span>,
}

/// Why a SMILES bracket could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BadBracket {
    Syntax,
    Element,
}

impl BracketAtom {
    /// Reads what stands between the brackets of a SMILES atom; `offset` is where it starts in the whole string.
    ///
    /// Isotope, element (small letters: aromatic), `@` or `@@`, `H` and a digit, `+`, `++` or `+2`, `:` and a class,
    /// which is dropped. Returns the atom and whether it is aromatic.
    pub fn from_smiles(inside: &[u8], offset: u32) -> Result<(Self, bool), BadBracket> {
        let mut reader = Reader { inside, at: 0, offset };
        let isotope = reader.digits();
        let first = reader.next().filter(u8::is_ascii_alphabetic).ok_or(BadBracket::Syntax)?;
        let second = reader.take_if(|c| c.is_ascii_lowercase()).unwrap_or(0);
        let chirality = reader.ats();
        let hydrogens = match reader.take_if(|c| c == b'H') {
            Some(_) => reader.take_if(|c| c.is_ascii_digit()).map_or(1, |digit| digit - b'0'),
            None => 0,
        };
        let (charge, charge_digits) = reader.charge_from_smiles();
        if reader.take_if(|c| c == b':').is_some() && reader.digits().is_none() {
            return Err(BadBracket::Syntax);
        }
        if !reader.is_done() {
            return Err(BadBracket::Syntax);
        }
        let element = elements::element(first.to_ascii_uppercase(), second).ok_or(BadBracket::Element)?;
        let atom = Self { element, isotope, chirality, hydrogens, charge, charge_digits };
        Ok((atom, first.is_ascii_lowercase() && elements::can_be_aromatic(element)))
    }

    /// Reads what follows the bond sign of a SELFIES atom symbol, up to its closing bracket.
    ///
    /// As in SMILES, but hydrogens need their number, and so does the charge, without zeros; no class, no aromatics.
    pub fn from_selfies(inside: &[u8], offset: u32) -> Option<Self> {
        let mut reader = Reader { inside, at: 0, offset };
        let isotope = reader.digits();
        let capital = reader.next()?;
        let small = reader.take_if(|c| c.is_ascii_lowercase()).unwrap_or(0);
        let element = elements::element(capital, small)?;
        let chirality = reader.ats();
        let hydrogens = match reader.take_if(|c| c == b'H') {
            Some(_) => reader.take_if(|c| c.is_ascii_digit())? - b'0',
            None => 0,
        };
        let (charge, charge_digits) = match reader.take_if(|c| matches!(c, b'+' | b'-')) {
            Some(sign) => {
                let digits = reader.digits()?;
                let text = &inside[(digits.start - offset) as usize..(digits.end - offset) as usize];
                if text.contains(&b'0') {
                    return None;
                }
                (signed(sign, value(text)), Some(digits))
            }
            None => (0, None),
        };
        reader.is_done().then_some(Self { element, isotope, chirality, hydrogens, charge, charge_digits })
    }

    /// Bonds the atom may form beside those to its explicit hydrogens; negative when these are too many already.
    pub fn capacity(&self) -> i32 {
        i32::from(elements::most_bonds(self.element, self.charge)) - i32::from(self.hydrogens)
    }

    /// Appends isotope, element, chirality, hydrogens and charge as SELFIES and the decoder's SMILES write them.
    ///
    /// * `text` – the string this atom was read from
    /// * `chirality` – 0, 1 or 2 times `@`
    pub fn write(&self, text: &[u8], chirality: u8, out: &mut Vec<u8>) {
        let digits = |span: &Span| &text[span.start as usize..span.end as usize];
        if let Some(isotope) = &self.isotope {
            out.extend_from_slice(digits(isotope));
        }
        out.extend_from_slice(SYMBOLS[self.element as usize].as_bytes());
        out.extend_from_slice(&b"@@"[..chirality as usize]);
        let bare = self.isotope.is_none() && chirality == 0 && self.charge == 0;
        // A bare organic atom would get implicit hydrogens without its brackets: say that it has none.
        if self.hydrogens > 0 || (bare && elements::is_organic(self.element)) {
            out.extend_from_slice(&[b'H', b'0' + self.hydrogens]);
        }
        if self.charge != 0 {
            out.push(if self.charge < 0 { b'-' } else { b'+' });
            match &self.charge_digits {
                Some(span) => out.extend_from_slice(digits(span)),
                None => out.extend_from_slice(self.charge.unsigned_abs().to_string().as_bytes()),
            }
        }
    }
}

struct Reader<'a> {
    inside: &'a [u8],
    at: usize,
    offset: u32,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<u8> {
        self.take_if(|_| true)
    }

    fn take_if(&mut self, wanted: impl Fn(u8) -> bool) -> Option<u8> {
        let c = *self.inside.get(self.at)?;
        wanted(c).then(|| {
            self.at += 1;
            c
        })
    }

    fn is_done(&self) -> bool {
        self.at == self.inside.len()
    }

    /// A run of digits without its leading zeros (the last digit stays).
    fn digits(&mut self) -> Option<Span> {
        let from = self.at;
        while self.take_if(|c| c.is_ascii_digit()).is_some() {}
        let zeros = self.inside[from..self.at].iter().take_while(|&&c| c == b'0').count();
        let first = (from + zeros).min(self.at.saturating_sub(1));
        (self.at > from).then(|| self.offset + first as u32..self.offset + self.at as u32)
    }

    fn ats(&mut self) -> u8 {
        (0..2).filter(|_| self.take_if(|c| c == b'@').is_some()).count() as u8
    }

    fn charge_from_smiles(&mut self) -> (i64, Option<Span>) {
        let Some(sign) = self.take_if(|c| matches!(c, b'+' | b'-')) else {
            return (0, None);
        };
        if let Some(digits) = self.digits() {
            let text = &self.inside[(digits.start - self.offset) as usize..(digits.end - self.offset) as usize];
            return (signed(sign, value(text)), Some(digits));
        }
        let mut count = 1;
        while self.take_if(|c| c == sign).is_some() {
            count += 1;
        }
        (signed(sign, count), None)
    }
}

fn signed(sign: u8, magnitude: i64) -> i64 {
    if sign == b'-' { -magnitude } else { magnitude }
}

/// The number written by `digits`; a longer one becomes a large number of the same parity.
fn value(digits: &[u8]) -> i64 {
    const LARGE: i64 = 1_000_000_000_000_000_000;
    let last = i64::from(digits.last().map_or(0, |d| d - b'0'));
    if digits.len() > 18 {
        return LARGE + last;
    }
    digits.iter().fold(0, |sum, d| sum * 10 + i64::from(d - b'0'))
}
