/// A small generator of our own (`SplitMix64`, public domain, Vigna), so that a seed means the same on every platform and
/// with every version of every dependency. Each candidate molecule has its own, so threads do not matter.
pub(super) struct Random(u64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// The generator of candidate `index` of the library with this seed.
    pub(super) fn new(seed: u64, index: u64) -> Self {
        Self(mix(mix(seed.wrapping_add(STEP)) ^ index.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(STEP)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number from 0 to `n` − 1; `n` > 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }

    /// True `percent` times of a hundred.
    pub(super) fn percent(&mut self, percent: u8) -> bool {
        self.below(100) < usize::from(percent)
    }

    /// An index, as often as its weight says; the weights must not all be 0.
    pub(super) fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let total: u64 = weights.clone().map(u64::from).sum();
        let mut left = self.below(total as usize) as u64;
        for (index, weight) in weights.enumerate() {
            match left.checked_sub(u64::from(weight)) {
                Some(rest) => left = rest,
                None => return index,
            }
        }
        unreachable!("the number drawn is below the sum of the weights")
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // First outputs of SplitMix64 from state 1234567, as printed in the reference implementation's tests.
        let mut random = Random(1_234_567);
        let found = [random.next(), random.next(), random.next()];
        assert_eq!(found, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn weights_are_kept() {
        let mut random = Random::new(1, 2);
        let mut counts = [0; 3];
        for _ in 0..30_000 {
            counts[random.weighted([1, 0, 5].into_iter())] += 1;
        }
        // 5000 ± 4 standard deviations of 65.
        assert!(counts[1] == 0 && (4_740..=5_260).contains(&counts[0]), "{counts:?}");
    }
}
