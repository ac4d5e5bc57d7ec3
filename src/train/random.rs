//! The seeded generator of everything random in training. candle's cannot be seeded on the CPU.

/// `SplitMix64` (Steele, Lea, Flood 2014): one state word, full period, passes `BigCrush`.
///
/// A stream is named by a seed and a path of numbers (stage, step, …), so a resumed run draws what the uninterrupted
/// one would have drawn, without saving the generator.
#[derive(Debug, Clone)]
pub struct Generator(u64);

const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Generator {
    /// The stream of `seed` named by `path`.
    pub fn new(seed: u64, path: &[u64]) -> Self {
        let mut state = mix(seed.wrapping_add(GAMMA));
        for &part in path {
            state = mix(state.wrapping_add(GAMMA) ^ mix(part.wrapping_add(GAMMA)));
        }
        Self(state)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mix(self.0)
    }

    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in 0 .. n, n > 0, without bias (Lemire's method).
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "a choice needs something to choose from");
        loop {
            let wide = u128::from(self.next_u64()) * u128::from(n);
            if (wide as u64) >= n.wrapping_neg() % n {
                return (wide >> 64) as u64;
            }
        }
    }

    /// Normal with mean 0 and variance 1 (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Fisher–Yates.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for k in (1..items.len()).rev() {
            items.swap(k, self.below(k as u64 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_meets_its_published_sequence() {
        // First outputs of the reference C code for state 1234567.
        let mut generator = Generator(1_234_567);
        assert_eq!(generator.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(generator.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn streams_of_other_names_differ() {
        let first = |path: &[u64]| Generator::new(7, path).next_u64();
        assert_ne!(first(&[1, 2]), first(&[2, 1]));
        assert_ne!(first(&[1]), first(&[1, 0]));
        assert_eq!(first(&[3, 4]), first(&[3, 4]));
    }

    #[test]
    fn normal_numbers_have_unit_variance() {
        let mut generator = Generator::new(1, &[]);
        let values: Vec<f64> = (0..20_000).map(|_| generator.normal()).collect();
        let mean = values.iter().sum::<f64>() / 2e4;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 2e4;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "mean {mean}, variance {variance}");
    }
}
