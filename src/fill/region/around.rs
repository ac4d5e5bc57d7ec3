//! From points enclosed on a map to a region of latent space.

use super::{Balls, Region, RegionError, distance};
use rayon::prelude::*;

impl Region {
    /// Balls around enclosed points, so that a 2-D lasso means something in d dimensions.
    ///
    /// The radius of a ball is the median distance from an enclosed point to its nearest enclosed neighbour, but never
    /// more than half the distance to the nearest point that was left out: so every enclosed point is in the region, and
    /// no other point is. (A point that lies exactly on one left out has a ball of radius 0, its place alone.) With a
    /// single enclosed point the ball reaches half way to the nearest other point.
    ///
    /// * `points` – all points of the map, shape `(n, d)`
    /// * `enclosed` – which of them are inside the lasso, shape `(n,)`
    ///
    /// Costs n_enclosed · n · d.
    ///
    /// # Errors
    /// When nothing is enclosed.
    pub fn around(points: &[&[f32]], enclosed: &[bool]) -> Result<Self, RegionError> {
        assert_eq!(points.len(), enclosed.len(), "every point is either enclosed or not");
        let chosen: Vec<usize> = (0..points.len()).filter(|&k| enclosed[k]).collect();
        if chosen.is_empty() {
            return Err(RegionError::Empty);
        }
        let nearest: Vec<[f32; 2]> = chosen
            .par_iter()
            .map(|&k| {
                // The nearest point left out, and the nearest other one inside.
                let mut nearest = [f32::INFINITY; 2];
                for (other, point) in points.iter().enumerate().filter(|(other, _)| *other != k) {
                    let slot = &mut nearest[usize::from(enclosed[other])];
                    *slot = slot.min(distance(points[k], point));
                }
                nearest
            })
            .collect();
        let mut gaps: Vec<f32> = nearest.iter().map(|n| n[1]).filter(|gap| gap.is_finite()).collect();
        gaps.sort_by(f32::total_cmp);
        let median = gaps.get(gaps.len() / 2).copied().unwrap_or(f32::INFINITY);
        // Half the distance, and a hair less, so that rounding cannot let the other point in.
        let radius = |n: &[f32; 2]| median.min(0.499 * n[0]);
        let radii = nearest.iter().map(radius).map(|r| if r.is_finite() { r } else { 0.0 }).collect();
        Ok(Self::Balls(Balls { centres: chosen.iter().map(|&k| points[k].to_vec()).collect(), radii }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};

    #[test]
    fn a_lasso_holds_what_it_encloses_and_nothing_else() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let points: Vec<Vec<f32>> = (0..300).map(|_| (0..16).map(|_| rng.random_range(-1.0..1.0)).collect()).collect();
        let rows: Vec<&[f32]> = points.iter().map(Vec::as_slice).collect();
        let enclosed: Vec<bool> = points.iter().map(|p| p[0] + p[1] > 0.4).collect();
        let region = Region::around(&rows, &enclosed).unwrap();
        region.check(16).unwrap();
        assert_eq!(region.contains_all(&rows, None).unwrap(), enclosed);
        let Region::Balls(balls) = region else { panic!("a lasso is balls") };
        assert!(balls.radii.iter().all(|&r| r > 0.0));
    }

    #[test]
    fn one_point_duplicates_and_nothing_are_handled() {
        let points = [[0.0f32, 0.0], [1.0, 0.0], [1.0, 0.0]];
        let rows: Vec<&[f32]> = points.iter().map(<[f32; 2]>::as_slice).collect();
        assert_eq!(Region::around(&rows, &[false; 3]), Err(RegionError::Empty));
        let Region::Balls(one) = Region::around(&rows, &[true, false, false]).unwrap() else { panic!() };
        assert_eq!(one.radii, [0.499]);
        let Region::Balls(twin) = Region::around(&rows, &[false, true, false]).unwrap() else { panic!() };
        assert_eq!(twin.radii, [0.0]);
        let Region::Balls(all) = Region::around(&rows, &[true; 3]).unwrap() else { panic!() };
        assert!(all.radii.iter().all(|r| r.is_finite()));
    }
}
