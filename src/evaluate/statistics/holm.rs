/// Holm's step-down correction (Scand. J. Stat. 6, 65 (1979)): p-values of a family such that calling those below a
/// level keeps the chance of any false alarm below it.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let n = p_values.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut corrected = vec![0.0; n];
    let mut largest = 0.0_f64;
    for (place, &k) in order.iter().enumerate() {
        largest = largest.max((p_values[k] * (n - place) as f64).min(1.0));
        corrected[k] = largest;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correction_is_that_of_r() {
        // p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.8), "holm")
        let found = holm(&[0.01, 0.04, 0.03, 0.005, 0.8]);
        for (found, expected) in found.iter().zip([0.04, 0.09, 0.09, 0.025, 0.8]) {
            assert!((found - expected).abs() < 1e-12, "{found}, expected {expected}");
        }
        assert!(holm(&[]).is_empty());
    }
}
