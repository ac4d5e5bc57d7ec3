//! SELFIES to a molecule: the derivation, in which every symbol takes no more bonds than are free.

use super::error::{SelfiesError, SelfiesProblem, Task, quote};
use super::smiles_reader::Refusal;
use super::smiles_writer::{self, WriterMemory};
use super::symbols::{BondSign, Meaning, Symbol, SymbolTable, append_smiles, key_in, rare_atom};
use super::text::Piece;

/// No atom, no ring.
pub(super) const NONE: u32 = u32::MAX;

/// An atom as derived. Atoms come in the order in which SMILES writes them: a parent, its branches, the chain.
#[derive(Debug, Clone, Copy)]
pub(super) struct DerivedAtom {
    pub text: AtomText,
    /// [`NONE`] for the first atom of a fragment.
    pub parent: u32,
    /// Its last child so far; that one continues the chain, the others are branches.
    pub last_child: u32,
    /// First and last end of a ring bond here, as places in [`Derivation::ring_ends`].
    pub first_ring: u32,
    pub last_ring: u32,
    /// Bond to the parent.
    pub order: u8,
    pub stereo: u8,
    pub capacity: u8,
    /// Sum of its bond orders.
    pub bonds: u8,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum AtomText {
    Short(Piece),
    /// From `start` to `end` of [`Derivation::long_texts`].
    Long {
        start: u32,
        end: u32,
    },
}

/// One end of a ring bond; the ends 2i and 2i + 1 belong together.
#[derive(Debug, Clone, Copy)]
pub(super) struct RingEnd {
    pub atom: u32,
    /// The next ring bond of the same atom.
    pub next: u32,
    pub order: u8,
    pub stereo: u8,
}

/// A molecule on its way from SELFIES to SMILES.
#[derive(Debug, Default)]
pub(super) struct Derivation {
    pub atoms: Vec<DerivedAtom>,
    pub ring_ends: Vec<RingEnd>,
    pub long_texts: Vec<u8>,
}

/// A ring bond asked for; made when all atoms are there.
#[derive(Debug, Clone, Copy)]
struct RingWish {
    ends: [u32; 2],
    order: u8,
    stereo: [u8; 2],
}

/// A chain that waits for its branch to end.
#[derive(Debug, Clone, Copy)]
struct Chain {
    /// Bonds free at its last atom; 0 when it has none, [`ENDED`] after its end.
    free: u8,
    /// Its last atom.
    last: u32,
    /// Symbols it may take and has taken, those of its branches included.
    budget: u64,
    taken: u64,
}

/// No further symbol of the chain has an effect.
const ENDED: u8 = u8::MAX;

/// Writes SMILES; reusable, so that many molecules need no new memory.
#[derive(Debug, Default)]
pub struct Decoder {
    derivation: Derivation,
    wishes: Vec<RingWish>,
    chains: Vec<Chain>,
    writer: WriterMemory,
}

impl Decoder {
    /// The SMILES of a SELFIES string; see [`super::decode`].
    ///
    /// # Errors
    /// A symbol without closing bracket, or one that has no meaning and is in a place where it matters.
    pub fn decode(&mut self, selfies: &str) -> Result<String, SelfiesError> {
        self.derive(selfies).map_err(|(problem, at)| SelfiesError::new(Task::Decode, problem, selfies, at))?;
        self.make_rings();
        Ok(smiles_writer::write(&self.derivation, &mut self.writer).to_owned())
    }

    fn derive(&mut self, selfies: &str) -> Result<(), Refusal> {
        if selfies.len() >= NONE as usize {
            return Err((SelfiesProblem::TooLong, 0));
        }
        self.derivation.atoms.clear();
        self.derivation.ring_ends.clear();
        self.derivation.long_texts.clear();
        self.wishes.clear();
        let mut tokens = Tokens::new(selfies.as_bytes());
        while tokens.enter_fragment() {
            self.derive_fragment(&mut tokens)?;
        }
        Ok(())
    }

    fn derive_fragment(&mut self, tokens: &mut Tokens<'_>) -> Result<(), Refusal> {
        self.chains.clear();
        let mut chain = Chain { free: 0, last: NONE, budget: u64::MAX, taken: 0 };
        while let Some(token) = tokens.next().map_err(Unclosed::refusal)? {
            chain.taken += 1;
            if chain.free != ENDED {
                match token.symbol.meaning {
                    Meaning::Branch { order, n_digits } if chain.free > 1 => {
                        let number = tokens.number(n_digits).map_err(Unclosed::refusal)?;
                        chain.taken += u64::from(n_digits);
                        let free = order.min(chain.free - 1);
                        chain.free -= free;
                        self.chains.push(chain);
                        chain = Chain { free, last: chain.last, budget: u64::from(number) + 1, taken: 0 };
                    }
                    Meaning::Ring { order, n_digits, stereo } if chain.free > 0 => {
                        let number = tokens.number(n_digits).map_err(Unclosed::refusal)?;
                        chain.taken += u64::from(n_digits);
                        let order = order.min(chain.free);
                        let first = chain.last.saturating_sub(number + 1);
                        self.wishes.push(RingWish { ends: [first, chain.last], order, stereo });
                        chain.use_up(order);
                    }
                    Meaning::Atom(atom) => {
                        self.add_atom(&mut chain, AtomText::Short(atom.smiles), atom.sign, atom.capacity);
                    }
                    Meaning::Rare => self.rare_symbol(&mut chain, tokens.text, &token)?,
                    Meaning::Branch { .. } | Meaning::Ring { .. } | Meaning::Nop => {}
                }
            }
            // A chain that has taken all it may gives way to the one it branches from.
            while chain.taken >= chain.budget {
                let Some(outer) = self.chains.pop() else { break };
                chain = Chain { taken: outer.taken + chain.taken, ..outer };
            }
        }
        Ok(())
    }

    /// Binds an atom to the chain, as strongly as both allow.
    fn add_atom(&mut self, chain: &mut Chain, text: AtomText, sign: BondSign, capacity: u8) {
        let is_first = chain.last == NONE;
        let order = if is_first { 0 } else { sign.order.min(chain.free).min(capacity) };
        if order == 0 && !is_first {
            chain.free = ENDED;
            return;
        }
        let index = self.derivation.atoms.len() as u32;
        if !is_first {
            let parent = &mut self.derivation.atoms[chain.last as usize];
            parent.last_child = index;
            parent.bonds += order;
        }
        self.derivation.atoms.push(DerivedAtom {
            text,
            parent: chain.last,
            last_child: NONE,
            first_ring: NONE,
            last_ring: NONE,
            order,
            stereo: sign.stereo,
            capacity,
            bonds: order,
        });
        chain.last = index;
        chain.free = capacity;
        chain.use_up(order);
    }

    /// A symbol that the table does not hold: an uncommon atom, or an end of the chain.
    #[cold]
    fn rare_symbol(&mut self, chain: &mut Chain, text: &[u8], token: &Token) -> Result<(), Refusal> {
        let symbol = &text[token.from..token.to];
        let inside = symbol.strip_prefix(b"[").map(|rest| &rest[..rest.len() - 1]);
        if let Some((sign, atom)) = inside.and_then(|inside| rare_atom(inside, token.from as u32 + 1)) {
            let capacity = atom.capacity() as u8;
            let after_sign = inside.map_or(0, |inside| BondSign::read(inside).1.len());
            let texts = &mut self.derivation.long_texts;
            let start = texts.len() as u32;
            append_smiles(&atom, after_sign, text, texts);
            let text = AtomText::Long { start, end: texts.len() as u32 };
            self.add_atom(chain, text, sign, capacity);
            return Ok(());
        }
        if is_epsilon(symbol) {
            if chain.last != NONE {
                chain.free = ENDED;
            }
            return Ok(());
        }
        Err((SelfiesProblem::UnknownSymbol(quote(symbol)), token.from))
    }

    /// Makes the ring bonds asked for, in that order, as far as bonds are free at both ends.
    fn make_rings(&mut self) {
        for i in 0..self.wishes.len() {
            let RingWish { ends: [a, b], order, stereo } = self.wishes[i];
            let free = |atom: u32| {
                let atom = &self.derivation.atoms[atom as usize];
                atom.capacity - atom.bonds
            };
            let order = order.min(free(a)).min(free(b));
            if a == b || order == 0 {
                continue;
            }
            let added = self.derivation.strengthen(a, b, order).unwrap_or_else(|| {
                self.derivation.add_ring([a, b], order, stereo);
                order
            });
            for atom in [a, b] {
                self.derivation.atoms[atom as usize].bonds += added;
            }
        }
    }
}

impl Chain {
    /// Takes `order` of the free bonds; without any left, the chain ends.
    fn use_up(&mut self, order: u8) {
        self.free = if self.free == order { ENDED } else { self.free - order };
    }
}

impl Derivation {
    /// Raises the order of a bond between `a` and the later atom `b` by up to `order`; `None` when there is no bond.
    fn strengthen(&mut self, a: u32, b: u32, order: u8) -> Option<u8> {
        let raised = |old: u8| (old + order).min(3);
        let later = &mut self.atoms[b as usize];
        if later.parent == a {
            let old = later.order;
            later.order = raised(old);
            return Some(later.order - old);
        }
        let mut at = later.first_ring;
        while at != NONE {
            if self.ring_ends[at as usize ^ 1].atom == a {
                let old = self.ring_ends[at as usize].order;
                for end in [at as usize, at as usize ^ 1] {
                    self.ring_ends[end].order = raised(old);
                }
                return Some(raised(old) - old);
            }
            at = self.ring_ends[at as usize].next;
        }
        None
    }

    fn add_ring(&mut self, ends: [u32; 2], order: u8, stereo: [u8; 2]) {
        for (atom, stereo) in ends.into_iter().zip(stereo) {
            let place = self.ring_ends.len() as u32;
            self.ring_ends.push(RingEnd { atom, next: NONE, order, stereo });
            let derived = &mut self.atoms[atom as usize];
            let last = std::mem::replace(&mut derived.last_ring, place);
            if last == NONE {
                derived.first_ring = place;
            } else {
                self.ring_ends[last as usize].next = place;
            }
        }
    }
}

/// Whether a symbol that is no atom ends its chain: one with `eps` in it, unless it looks like a branch or ring.
fn is_epsilon(symbol: &[u8]) -> bool {
    let text = String::from_utf8_lossy(symbol);
    let before_last = |text: &str| text.char_indices().next_back().map_or(0, |(i, _)| i);
    let name = &text[..before_last(&text)];
    let name = &name[..before_last(name)];
    text.contains("eps") && !name.ends_with("ch") && !name.ends_with("ng")
}

struct Token {
    symbol: &'static Symbol,
    from: usize,
    to: usize,
}

/// The place of a symbol that is never closed.
struct Unclosed(usize);

impl Unclosed {
    fn refusal(self) -> Refusal {
        (SelfiesProblem::HangingSymbol, self.0)
    }
}

/// Reads symbol after symbol of a fragment, `[nop]` left out.
struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
    table: &'static SymbolTable,
}

impl<'a> Tokens<'a> {
    fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, table: SymbolTable::get() }
    }

    /// Goes to the first symbol of the next fragment, skipping what stands before it; false at the end of the text.
    fn enter_fragment(&mut self) -> bool {
        while let Some(&c) = self.text.get(self.at) {
            if c == b'[' {
                return true;
            }
            self.at += 1;
        }
        false
    }

    /// The next symbol; `None` at the end of the fragment, however often asked.
    #[inline]
    fn next(&mut self) -> Result<Option<Token>, Unclosed> {
        loop {
            let from = self.at;
            if matches!(self.text.get(from), None | Some(b'.')) {
                return Ok(None);
            }
            let (symbol, to) = match self.common_symbol() {
                Some(found) => found,
                None => (const { &Symbol::RARE }, self.end_of_rare()?),
            };
            self.at = to;
            if symbol.meaning != Meaning::Nop {
                return Ok(Some(Token { symbol, from, to }));
            }
        }
    }

    /// The symbol here and where it ends, if it is in the table.
    #[inline]
    fn common_symbol(&self) -> Option<(&'static Symbol, usize)> {
        let rest = &self.text[self.at..];
        let mut bytes = [0; 8];
        if let Some(next) = rest.get(1..9) {
            bytes.copy_from_slice(next);
        } else {
            bytes[..rest.len() - 1].copy_from_slice(&rest[1..]);
        }
        let (key, len) = key_in(u64::from_le_bytes(bytes));
        let symbol = self.table.find(key)?;
        (rest[0] == b'[' && rest.get(len + 1) == Some(&b']')).then_some((symbol, self.at + len + 2))
    }

    #[cold]
    fn end_of_rare(&self) -> Result<usize, Unclosed> {
        let rest = &self.text[self.at + 1..];
        match rest.iter().position(|c| matches!(c, b']' | b'.')) {
            Some(end) if rest[end] == b']' => Ok(self.at + end + 2),
            _ => Err(Unclosed(self.at)),
        }
    }

    /// The number that the next `n_digits` symbols state in base 16; missing ones and non-digits count as zero.
    fn number(&mut self, n_digits: u8) -> Result<u32, Unclosed> {
        let mut number = 0;
        for _ in 0..n_digits {
            let digit = self.next()?.map_or(0, |token| u32::from(token.symbol.digit));
            number = number << 4 | digit;
        }
        Ok(number)
    }
}
