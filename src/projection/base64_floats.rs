//! Arrays of 32-bit floats in JSON: base64 (RFC 4648) of their little-endian bytes. Exact, and a third of the size of
//! decimal numbers.

use serde::{Deserialize, Deserializer, Serializer, de::Error};

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn serialize<S: Serializer>(values: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    serializer.serialize_str(&encode(&bytes))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f32>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = decode(&text).ok_or_else(|| D::Error::custom("an array is not in base64"))?;
    let (floats, rest) = bytes.as_chunks::<4>();
    let values: Vec<f32> = floats.iter().map(|b| f32::from_le_bytes(*b)).collect();
    if rest.is_empty() && values.iter().all(|v| v.is_finite()) {
        Ok(values)
    } else {
        Err(D::Error::custom("an array is cut off or holds numbers that are not finite"))
    }
}

/// The same for points of a map.
pub(super) mod points {
    use super::{Deserializer, Error, Serializer};

    pub fn serialize<S: Serializer>(points: &[[f32; 3]], serializer: S) -> Result<S::Ok, S::Error> {
        super::serialize(points.as_flattened(), serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<[f32; 3]>, D::Error> {
        let values = super::deserialize(deserializer)?;
        let (points, rest) = values.as_chunks::<3>();
        if rest.is_empty() { Ok(points.to_vec()) } else { Err(D::Error::custom("a map is cut off")) }
    }
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word = group.iter().fold(0u32, |word, b| word << 8 | u32::from(*b)) << (8 * (3 - group.len()));
        for k in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * k) & 63) as usize] as char;
            text.push(if k <= group.len() { digit } else { '=' });
        }
    }
    text
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| DIGITS.iter().position(|d| *d == c).map(|p| p as u32);
    let mut lookup = [None; 256];
    for (c, place) in lookup.iter_mut().enumerate() {
        *place = digit(c as u8);
    }
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(4) {
        return None;
    }
    let n_padding = bytes.iter().rev().take_while(|c| **c == b'=').count();
    if n_padding > 2 {
        return None;
    }
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3);
    for (index, group) in bytes.chunks(4).enumerate() {
        let last = 4 * (index + 1) == bytes.len();
        let n_digits = if last { 4 - n_padding } else { 4 };
        let mut word = 0;
        for k in 0..4 {
            word = word << 6 | if k < n_digits { lookup[usize::from(group[k])]? } else { 0 };
        }
        out.extend_from_slice(&word.to_be_bytes()[1..n_digits]);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        // RFC 4648, section 10.
        let examples = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        for (n, text) in examples.iter().enumerate() {
            assert_eq!(encode(&b"foobar"[..n]), *text);
            assert_eq!(decode(text).unwrap(), &b"foobar"[..n]);
        }
        for wrong in ["Zg", "Z===", "Zm9v!A==", "====", "Z=9v"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
