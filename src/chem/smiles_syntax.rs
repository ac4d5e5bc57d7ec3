//! What the grammar of SMILES forbids and the toolkit's reader lets pass, and where each atom stands in the text.

use super::smiles::SmilesProblem;

/// Finds the first fault that the toolkit's reader would overlook: (what, byte position).
pub(super) fn check(text: &str) -> Result<(), (SmilesProblem, usize)> {
    let bytes = text.as_bytes();
    if bytes.is_empty() {
        return Err((SmilesProblem::Empty, 0));
    }
    let mut i = 0;
    let mut before = b'.'; // what stands before the present byte, brackets skipped
    let mut open = Vec::new(); // where branches that are not closed yet begin
    while i < bytes.len() {
        let byte = bytes[i];
        match byte {
            b'[' => {
                i = bracket_end(bytes, i)?;
                before = b']';
                continue;
            }
            b')' if before == b'(' => return Err((SmilesProblem::EmptyBranch, i)),
            b'(' | b')' | b'.' if is_bond(before) => return Err((SmilesProblem::DanglingBond, i - 1)),
            b')' if before == b'.' && i > 0 => return Err((SmilesProblem::UnexpectedCharacter('.'), i - 1)),
            b'.' if matches!(before, b'.' | b'(') => return Err((SmilesProblem::UnexpectedCharacter('.'), i)),
            b'%' if bytes.get(i + 1) == Some(&b'0') => return Err((SmilesProblem::UnexpectedCharacter('0'), i + 1)),
            b'@' => return Err((SmilesProblem::UnexpectedCharacter('@'), i)),
            b'~' => return Err((SmilesProblem::UnexpectedCharacter('~'), i)),
            b'(' => open.push(i),
            b')' if open.pop().is_none() => return Err((SmilesProblem::Parentheses, i)),
            _ => {}
        }
        before = byte;
        i += 1;
    }
    if let Some(&unclosed) = open.last() {
        return Err((SmilesProblem::Parentheses, unclosed));
    }
    match before {
        b if is_bond(b) => Err((SmilesProblem::DanglingBond, bytes.len() - 1)),
        b'.' => Err((SmilesProblem::UnexpectedCharacter('.'), bytes.len() - 1)),
        _ => Ok(()),
    }
}

fn is_bond(byte: u8) -> bool {
    matches!(byte, b'-' | b'=' | b'#' | b'$' | b':' | b'/' | b'\\' | b'~')
}

/// The byte after the bracket atom that begins at `start`.
fn bracket_end(bytes: &[u8], start: usize) -> Result<usize, (SmilesProblem, usize)> {
    let Some(length) = bytes[start..].iter().position(|&b| b == b']') else {
        return Err((SmilesProblem::BracketAtom("it is never closed".into()), start));
    };
    let end = start + length;
    if bytes[end - 1] == b':' {
        return Err((SmilesProblem::BracketAtom("the map number is missing".into()), end));
    }
    // The toolkit keeps maps in 16 bits and would cut a larger one.
    if let Some(colon) = bytes[start..end].iter().rposition(|&b| b == b':') {
        let digits = &bytes[start + colon + 1..end];
        let number = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        if let Some(number) = number.filter(|number| number.parse::<u16>().is_err()) {
            let what = format!("the map number {number} is above {}, the largest that is read", u16::MAX);
            return Err((SmilesProblem::BracketAtom(what), start + colon + 1));
        }
    }
    let isotope = bytes[start + 1..end].iter().take_while(|b| b.is_ascii_digit()).count();
    let symbol_start = start + 1 + isotope;
    let symbol: Vec<u8> = bytes[symbol_start..end].iter().copied().take_while(u8::is_ascii_lowercase).collect();
    if !symbol.is_empty() && !AROMATIC_SYMBOLS.contains(&symbol.as_slice()) {
        let symbol = String::from_utf8_lossy(&symbol).into_owned();
        return Err((SmilesProblem::UnknownElement(symbol), symbol_start));
    }
    Ok(end + 1)
}

/// Elements that may be aromatic, as they stand in brackets.
const AROMATIC_SYMBOLS: [&[u8]; 10] = [b"b", b"c", b"n", b"o", b"p", b"s", b"as", b"se", b"te", b"si"];

/// Moves the parts that follow a dot inside a branch to the end, where the toolkit's reader expects them:
/// `C(O.N)C` becomes `C(O)C.N`. Ring bonds get numbers of their own, for the parts change places. `None` when there is
/// no such dot. The text has passed [`check`].
pub(super) fn without_dots_in_branches(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if !dot_in_branch(bytes) {
        return None;
    }
    let mut open_rings: std::collections::BTreeMap<u32, usize> = std::collections::BTreeMap::new();
    let mut n_rings = 0;
    let mut parts: Vec<String> = vec![String::new()];
    let mut part_of_branch: Vec<usize> = Vec::new(); // to which part each open branch belongs
    let mut present = 0;
    let mut i = 0;
    while i < bytes.len() {
        let byte = bytes[i];
        match byte {
            b'(' => part_of_branch.push(present),
            b')' => present = part_of_branch.pop().unwrap_or(0),
            b'.' if !part_of_branch.is_empty() => {
                parts.push(String::new());
                present = parts.len() - 1;
                i += 1;
                continue;
            }
            _ => {}
        }
        let end = match byte {
            b'[' => bracket_end(bytes, i).ok()?,
            b'0'..=b'9' | b'%' => {
                let (label, end) = ring_label(bytes, i)?;
                let number = open_rings.remove(&label).unwrap_or_else(|| {
                    n_rings += 1;
                    open_rings.insert(label, n_rings);
                    n_rings
                });
                let label = match number {
                    0..10 => number.to_string(),
                    10..100 => format!("%{number}"),
                    _ => format!("%({number})"),
                };
                parts[present].push_str(&label);
                i = end;
                continue;
            }
            _ => i + text[i..].chars().next()?.len_utf8(),
        };
        parts[present].push_str(&text[i..end]);
        i = end;
    }
    Some(parts.join("."))
}

fn dot_in_branch(bytes: &[u8]) -> bool {
    let mut depth = 0_usize;
    bytes.iter().any(|byte| {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *byte == b'.' && depth > 0
    })
}

/// The number of the ring bond that begins at `start` (`1`, `%12`, `%(123)`) and the byte after it.
fn ring_label(bytes: &[u8], start: usize) -> Option<(u32, usize)> {
    let digits = |from: usize, to: usize| std::str::from_utf8(bytes.get(from..to)?).ok()?.parse().ok();
    if bytes[start] != b'%' {
        return Some((digits(start, start + 1)?, start + 1));
    }
    if bytes.get(start + 1) == Some(&b'(') {
        let end = start + bytes[start..].iter().position(|&b| b == b')')?;
        return Some((digits(start + 2, end)?, end + 1));
    }
    Some((digits(start + 1, start + 3)?, start + 3))
}

/// The byte at which atom `index` (from 0) of a well-formed SMILES begins.
pub(super) fn atom_position(text: &str, index: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut i, mut seen) = (0, 0);
    while i < bytes.len() {
        let length = match bytes[i] {
            b'[' => bracket_end(bytes, i).ok()? - i,
            b'C' if bytes.get(i + 1) == Some(&b'l') => 2,
            b'B' if bytes.get(i + 1) == Some(&b'r') => 2,
            b'A'..=b'Z' | b'a'..=b'z' | b'*' => 1,
            _ => {
                i += 1;
                continue;
            }
        };
        if seen == index {
            return Some(i);
        }
        seen += 1;
        i += length;
    }
    None
}
