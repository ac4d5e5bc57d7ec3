//! Whether a region holds a point.

use super::{Region, RegionError, box_from_latent, distance2};
use crate::landscape::search::lockstep::{Event, Search, run};
use crate::landscape::search::minimise::{MinimiseParams, minimise};
use crate::landscape::{SamePoint, Surface};
use std::ops::ControlFlow;

/// The coordinates a landscape was explored in, where these are fewer than those of latent space.
pub trait Coordinates: Sync {
    /// How many there are.
    fn n(&self) -> usize;
    /// The coordinates of a latent point, shape `(d,)`, kept in the unit box: what lies across them is dropped.
    fn of_latent(&self, latent: &[f32]) -> Vec<f64>;
    /// The latent point of coordinates in the unit box, shape `(n,)`.
    fn lift(&self, x: &[f64]) -> Vec<f32>;
    /// Half the width of the box along a coordinate, in latent units, above 0.
    fn half_width(&self, coordinate: usize) -> f64;
}

/// The landscape that a basin belongs to.
#[derive(Clone, Copy)]
pub struct Terrain<'a> {
    /// The surface, over the unit box of its coordinates.
    pub surface: &'a dyn Surface,
    /// What those are; none when they are those of latent space. A landscape knows nothing of what lies across its
    /// coordinates, so a point belongs to the basin that its place along them belongs to.
    pub coordinates: Option<&'a dyn Coordinates>,
    /// When two ends of descents are the same minimum.
    pub same_point: &'a SamePoint,
    /// The descents: those that found the minima, so that the same points flow to the same places.
    pub descent: &'a MinimiseParams,
    /// Threads.
    pub threads: usize,
}

impl Region {
    /// Whether the region holds a point of latent space, shape `(d,)`.
    ///
    /// # Errors
    /// When the region is a basin and there is no terrain.
    pub fn contains(&self, point: &[f32], terrain: Option<&Terrain>) -> Result<bool, RegionError> {
        Ok(self.contains_all(&[point], terrain)?[0])
    }

    /// Whether the region holds each of many points. A point with a coordinate that is no number is nowhere.
    ///
    /// Only points that the answer still hangs on are tested by parts of a combination, the basins among them: these
    /// cost a minimisation a point.
    ///
    /// # Errors
    /// When the region is a basin and there is no terrain.
    pub fn contains_all(&self, points: &[&[f32]], terrain: Option<&Terrain>) -> Result<Vec<bool>, RegionError> {
        let each = |test: &dyn Fn(&[f32]) -> bool| {
            Ok(points.iter().map(|p| p.iter().all(|x| x.is_finite()) && test(p)).collect())
        };
        match self {
            Self::Everywhere => each(&|_| true),
            Self::Balls(balls) => each(&|p| {
                let mut balls = balls.centres.iter().zip(&balls.radii);
                balls.any(|(centre, radius)| distance2(centre, p) <= f64::from(*radius).powi(2))
            }),
            Self::Box { lower, upper } => {
                each(&|p| p.iter().zip(lower.iter().zip(upper)).all(|(x, (l, u))| l <= x && x <= u))
            }
            Self::HalfSpaces(spaces) => each(&|p| {
                spaces.iter().all(|space| {
                    let along: f64 = space.normal.iter().zip(p).map(|(n, x)| f64::from(*n) * f64::from(*x)).sum();
                    along <= f64::from(space.offset)
                })
            }),
            Self::Basin { minimum, .. } => basin_holds(minimum, points, terrain.ok_or(RegionError::NeedsTerrain)?),
            Self::Union(parts) => {
                let mut held = vec![false; points.len()];
                for part in parts {
                    part.refine(points, &mut held, false, terrain)?;
                }
                Ok(held)
            }
            Self::Intersection(parts) => {
                let mut held = Self::Everywhere.contains_all(points, terrain)?;
                for part in parts {
                    part.refine(points, &mut held, true, terrain)?;
                }
                Ok(held)
            }
            Self::Difference(parts) => {
                let mut held = parts[0].contains_all(points, terrain)?;
                let mut removed = held.clone();
                parts[1].refine(points, &mut removed, true, terrain)?;
                held.iter_mut().zip(removed).for_each(|(held, removed)| *held &= !removed);
                Ok(held)
            }
        }
    }

    /// Tests again those points whose answer so far is `open`, and replaces it.
    fn refine(
        &self,
        points: &[&[f32]],
        held: &mut [bool],
        open: bool,
        terrain: Option<&Terrain>,
    ) -> Result<(), RegionError> {
        let at: Vec<usize> = (0..points.len()).filter(|&k| held[k] == open).collect();
        let asked: Vec<&[f32]> = at.iter().map(|&k| points[k]).collect();
        for (k, answer) in at.into_iter().zip(self.contains_all(&asked, terrain)?) {
            held[k] = answer;
        }
        Ok(())
    }
}

impl Terrain<'_> {
    fn place(&self, latent: &[f32]) -> Vec<f64> {
        self.coordinates.map_or_else(|| box_from_latent(latent), |coordinates| coordinates.of_latent(latent))
    }
}

/// Whether descents from the points end where one from the minimum does. (Along other coordinates the minimum may come
/// back a hair beside itself, so that it is asked as well.)
fn basin_holds(minimum: &[f32], points: &[&[f32]], terrain: &Terrain) -> Result<Vec<bool>, RegionError> {
    let expected = terrain.surface.dim();
    if terrain.coordinates.is_none() && minimum.len() != expected {
        return Err(RegionError::Dimension { part: "minimum", found: minimum.len(), expected });
    }
    let place = |p: &[f32]| p.iter().all(|x| x.is_finite()).then(|| terrain.place(p));
    let starts: Vec<Option<Vec<f64>>> = std::iter::once(&minimum).chain(points).map(|p| place(p)).collect();
    let mut ends: Vec<Option<(Vec<f64>, f64)>> = vec![None; starts.len()];
    if terrain.coordinates.is_none()
        && let Some(start) = &starts[0]
    {
        ends[0] = Some((start.clone(), terrain.surface.energy(start)));
    }
    let indices: Vec<usize> = (0..starts.len()).filter(|&k| starts[k].is_some() && ends[k].is_none()).collect();
    run(
        terrain.surface,
        terrain.threads,
        &indices,
        &|index, oracle| -> Search<'_, (Vec<f64>, f64)> {
            let start = starts[index].clone().unwrap_or_default();
            Box::pin(async move {
                let end = minimise(&oracle, &start, terrain.descent).await;
                (end.x, end.energy)
            })
        },
        &mut |event| {
            if let Event::Done(index, end) = event {
                ends[index] = Some(end);
            }
            ControlFlow::Continue(())
        },
    );
    let mut ends = ends.into_iter();
    let Some(Some((bottom, lowest))) = ends.next() else { return Ok(vec![false; points.len()]) };
    let same = |end: Option<(Vec<f64>, f64)>| {
        end.is_some_and(|(x, energy)| terrain.same_point.matches(&x, energy, &bottom, lowest))
    };
    Ok(ends.map(same).collect())
}

#[cfg(test)]
mod tests {
    use super::super::{Balls, HalfSpace};
    use super::*;
    use proptest::prelude::*;

    fn ball(x: f32, y: f32, r: f32) -> Region {
        Region::Balls(Balls { centres: vec![vec![x, y]], radii: vec![r] })
    }

    fn half(nx: f32, ny: f32, offset: f32) -> Region {
        Region::HalfSpaces(vec![HalfSpace { normal: vec![nx, ny], offset }])
    }

    proptest! {
        #[test]
        fn set_algebra_agrees_with_logic(
            x in -1.0f32..1.0, y in -1.0f32..1.0,
            a in (-1.0f32..1.0, -1.0f32..1.0, 0.0f32..1.5), b in (-1.0f32..1.0, -1.0f32..1.0, -0.5f32..0.5),
        ) {
            let p = [x, y];
            let (ball, half) = (ball(a.0, a.1, a.2), half(b.0 + 2.0, b.1, b.2));
            let (in_ball, in_half) = (ball.contains(&p, None).unwrap(), half.contains(&p, None).unwrap());
            let holds = |region: Region| region.contains(&p, None).unwrap();
            prop_assert_eq!(holds(Region::Union(vec![ball.clone(), half.clone()])), in_ball || in_half);
            prop_assert_eq!(holds(Region::Intersection(vec![ball.clone(), half.clone()])), in_ball && in_half);
            prop_assert_eq!(holds(ball.clone().without(half.clone())), in_ball && !in_half);
            prop_assert_eq!(holds(Region::Everywhere.without(ball)), !in_ball);
        }
    }

    #[test]
    fn bounds_belong_to_the_region_and_numbers_that_are_none_do_not() {
        let square = Region::Box { lower: vec![0.0, 0.0], upper: vec![1.0, 1.0] };
        for (point, inside) in
            [([0.0, 1.0], true), ([0.5, 0.5], true), ([1.0001, 0.5], false), ([f32::NAN, 0.5], false)]
        {
            assert_eq!(square.contains(&point, None), Ok(inside), "{point:?}");
        }
        assert_eq!(ball(0.0, 0.0, 1.0).contains(&[1.0, 0.0], None), Ok(true));
        assert_eq!(Region::Everywhere.contains(&[f32::INFINITY, 0.0], None), Ok(false));
        assert_eq!(Region::Union(vec![]).contains(&[0.0, 0.0], None), Ok(false));
        assert_eq!(Region::Intersection(vec![]).contains(&[0.0, 0.0], None), Ok(true));
    }

    #[test]
    fn a_basin_needs_its_landscape_and_then_knows_its_side_of_the_ridge() {
        // Two wells on a grid of the unit box, with the ridge between them at x = 0.5.
        let grid: Vec<[f64; 2]> = (0..169).map(|k| [f64::from(k % 13) / 12.0, f64::from(k / 13) / 12.0]).collect();
        let energy = |x: f64, y: f64| (4.0 * std::f64::consts::PI * x).cos() + 8.0 * (y - 0.5).powi(2);
        let response: Vec<f64> = grid.iter().map(|p| energy(p[0], p[1])).collect();
        let surface = crate::landscape::ThinPlate::fit_in_unit_box(&grid.concat(), 2, &response, 0.0).unwrap();
        let descent = MinimiseParams { gradient_tolerance: 1e-6, ..MinimiseParams::default() };
        let same_point = SamePoint::unit_box(2);
        let terrain =
            Terrain { surface: &surface, coordinates: None, same_point: &same_point, descent: &descent, threads: 1 };
        let left = (0..2_500).map(|k| [f64::from(k % 50) / 100.0, f64::from(k / 50) / 50.0]);
        let lowest = left.min_by(|a, b| surface.energy(a).total_cmp(&surface.energy(b))).unwrap();
        let basin = Region::Basin { minimum: super::super::latent_from_box(&lowest), reach: 0.5 };
        assert_eq!(basin.contains(&[-0.5, 0.0], None), Err(RegionError::NeedsTerrain));
        let points = [[-0.9f32, 0.3], [-0.2, -0.8], [0.2, 0.0], [0.9, -0.9], [f32::NAN, 0.0]];
        let rows: Vec<&[f32]> = points.iter().map(<[f32; 2]>::as_slice).collect();
        assert_eq!(basin.contains_all(&rows, Some(&terrain)), Ok(vec![true, true, false, false, false]));
        let other = Region::Everywhere.without(basin);
        assert_eq!(other.contains_all(&rows, Some(&terrain)), Ok(vec![false, false, true, true, false]));
    }

    /// Two coordinates along the axes 0 and 2 of a space of three.
    struct Plane;

    impl Coordinates for Plane {
        fn n(&self) -> usize {
            2
        }

        fn of_latent(&self, z: &[f32]) -> Vec<f64> {
            [z[0], z[2]].iter().map(|z| f64::midpoint(f64::from(*z) / 0.5, 1.0).clamp(0.0, 1.0)).collect()
        }

        fn lift(&self, x: &[f64]) -> Vec<f32> {
            let z = |x: f64| (0.5 * (2.0 * x - 1.0)) as f32;
            vec![z(x[0]), 0.1, z(x[1])]
        }

        fn half_width(&self, _coordinate: usize) -> f64 {
            0.5
        }
    }

    #[test]
    fn a_basin_of_a_landscape_along_axes_holds_what_lies_beside_them_and_is_drawn_from_along_them() {
        let grid: Vec<[f64; 2]> = (0..169).map(|k| [f64::from(k % 13) / 12.0, f64::from(k / 13) / 12.0]).collect();
        let energy = |x: f64, y: f64| (4.0 * std::f64::consts::PI * x).cos() + 8.0 * (y - 0.5).powi(2);
        let response: Vec<f64> = grid.iter().map(|p| energy(p[0], p[1])).collect();
        let surface = crate::landscape::ThinPlate::fit_in_unit_box(&grid.concat(), 2, &response, 0.0).unwrap();
        let descent = MinimiseParams { gradient_tolerance: 1e-6, ..MinimiseParams::default() };
        let same_point = SamePoint::unit_box(2);
        let coordinates: Option<&dyn Coordinates> = Some(&Plane);
        let terrain =
            Terrain { surface: &surface, coordinates, same_point: &same_point, descent: &descent, threads: 1 };
        let basin = Region::Basin { minimum: Plane.lift(&[0.25, 0.5]), reach: 0.2 };
        // The ridge stands at x = 0.5 of the box, which is 0 in latent space; the second coordinate does not matter.
        let points = [[-0.3f32, 0.9, 0.1], [-0.1, -0.9, -0.2], [0.1, 0.1, 0.0], [f32::NAN, 0.0, 0.0]];
        let rows: Vec<&[f32]> = points.iter().map(<[f32; 3]>::as_slice).collect();
        assert_eq!(basin.contains_all(&rows, Some(&terrain)), Ok(vec![true, true, false, false]));
        let params = crate::fill::region::SampleParams { n: 60, ..Default::default() };
        let sample = basin.sample(3, Some(&terrain), &params, &mut crate::jobs::silent).unwrap();
        assert_eq!(sample.points.len(), 60);
        let far = |p: &Vec<f32>| (p[0] + 0.25).hypot(p[2]) > 0.05;
        assert!(sample.points.iter().all(|p| (p[1] - 0.1).abs() < 1e-6), "points lie on the plane that was explored");
        assert!(sample.points.iter().filter(|p| far(p)).count() > 20, "points reach away from the minimum");
    }

    #[test]
    fn regions_that_cannot_be_are_refused() {
        let bad = [
            ball(f32::NAN, 0.0, 1.0),
            ball(0.0, 0.0, -1.0),
            half(0.0, 0.0, 1.0),
            Region::Box { lower: vec![1.0, 0.0], upper: vec![0.0, 1.0] },
            Region::Box { lower: vec![0.0], upper: vec![1.0] },
            Region::Balls(Balls { centres: vec![vec![0.0, 0.0]], radii: vec![] }),
            Region::Union(vec![Region::Everywhere, ball(0.0, 0.0, f32::INFINITY)]),
        ];
        for region in bad {
            assert!(region.check(2).is_err(), "{region:?}");
        }
        assert_eq!(ball(0.0, 0.0, 1.0).check(2), Ok(()));
    }
}
