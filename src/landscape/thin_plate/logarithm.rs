//! A natural logarithm that compilers turn into vector instructions.

/// ln x of a finite x > 0 that is not subnormal, within 2 ulp; branchless, so that a loop over it vectorises.
///
/// x = 2^k m with m in [√½, √2), then the odd series of ln m in s = (m − 1)/(m + 1), |s| ≤ 0.172.
#[inline(always)]
#[allow(clippy::inline_always)] // must be compiled with the vector instructions of its caller
pub fn ln(x: f64) -> f64 {
    /// The bits of √½: subtracting them before taking the exponent makes m start there.
    const SQRT_HALF: u64 = 0x3FE6_A09E_667F_3BCD;
    /// 2^52 as bits; an integer below 2^52 in the low bits of it is a float without a conversion instruction.
    const TWO_52: u64 = 0x4330_0000_0000_0000;
    const LN_2_HIGH: f64 = 6.931_471_803_691_238_164_90e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_700_02e-10;
    let offset = x.to_bits().wrapping_sub(SQRT_HALF).wrapping_add(1023 << 52);
    let k = f64::from_bits((offset >> 52) | TWO_52) - (4_503_599_627_370_496.0 + 1023.0);
    let m = f64::from_bits((offset & 0x000F_FFFF_FFFF_FFFF).wrapping_add(SQRT_HALF));
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    // ln m = 2 atanh s = 2 (s + s³/3 + s⁵/5 + …); the terms left out are below 2^-56 of the sum.
    let series =
        [1.0 / 19.0, 1.0 / 17.0, 1.0 / 15.0, 1.0 / 13.0, 1.0 / 11.0, 1.0 / 9.0, 1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0];
    let mut p = 1.0 / 21.0;
    for c in series {
        p = z.mul_add(p, c);
    }
    // 2 s = f − s f exactly to first order, which keeps the small arguments accurate.
    let tail = 2.0 * s * z * p;
    k.mul_add(LN_2_HIGH, f - (s * f - tail - k * LN_2_LOW))
}

#[cfg(test)]
mod tests {
    use super::ln;

    #[test]
    fn agrees_with_the_standard_library() {
        let mut x = 1e-300;
        while x < 1e300 {
            let (got, expected): (f64, f64) = (ln(x), x.ln());
            assert!(
                (got - expected).abs() <= 4.0 * f64::EPSILON * expected.abs(),
                "ln {x:e} = {got:e}, not {expected:e}"
            );
            x *= 1.37;
        }
        for i in 0..20_000 {
            let x = 0.5 + f64::from(i) * 1e-4;
            let (got, expected): (f64, f64) = (ln(x), x.ln());
            assert!(
                (got - expected).abs() <= 4.0 * f64::EPSILON * expected.abs(),
                "ln {x} = {got:e}, not {expected:e}"
            );
        }
    }
}
