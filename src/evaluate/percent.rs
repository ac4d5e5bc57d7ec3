//! Relative changes as people read them.

/// A relative change in percent, with its sign: “+0.75”, “−1.20”.
pub fn percent(change: f64) -> String {
    // Rounding may leave a zero with a sign.
    let text = format!("{:+.2}", 100.0 * change);
    if text == "-0.00" { "+0.00".to_owned() } else { text.replace('-', "−") }
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn signs_are_written_as_such_and_zero_has_one() {
        assert_eq!([0.0075, -0.012, -0.000_01, 1.0].map(percent), ["+0.75", "−1.20", "+0.00", "+100.00"]);
    }
}
