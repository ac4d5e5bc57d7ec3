//! Sampling the roughness field: the places to decode, the roughest first.

use super::roughness_field::{FieldError, RoughnessField, RoughnessSurface};
use crate::jobs::{Observe, Progress};
use crate::landscape::search::lockstep::{Evaluations, Event, Oracle, Search, run};
use crate::landscape::search::minimise::{MinimiseParams, minimise};
use crate::landscape::{
    KineticTransitionNetwork, REFERENCE_DISTANCE_TOLERANCE, REFERENCE_ENERGY_TOLERANCE, SamePoint, Support,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// How the field is sampled. The defaults are the reference's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FillSampleParams {
    /// Decides the displacements.
    pub seed: u64,
    /// Basin-hopping steps from each centre; 0 only descends.
    pub n_steps: usize,
    /// Temperature of the acceptance test, in the units of R; ≥ 0.
    pub temperature: f64,
    /// Largest displacement of a coordinate, as a part of its range, in [0, 1].
    pub max_displacement: f64,
    /// A descent ends when no free gradient component is larger, in the units of R per unit of x.
    pub gradient_tolerance: f64,
    /// Steps of a descent at most.
    pub max_iterations: usize,
    /// Points where R is not above this are dropped.
    pub min_roughness: f64,
    /// Two points are the same when they are this near, as a part of each range (see [`SamePoint`]).
    pub distance_tolerance: f64,
    /// And when R differs by less than this.
    pub roughness_tolerance: f64,
}

impl Default for FillSampleParams {
    fn default() -> Self {
        Self {
            seed: 0,
            n_steps: 5,
            temperature: 100.0,
            max_displacement: 0.5,
            gradient_tolerance: 0.5,
            max_iterations: 200,
            min_roughness: 0.1,
            distance_tolerance: REFERENCE_DISTANCE_TOLERANCE,
            roughness_tolerance: REFERENCE_ENERGY_TOLERANCE,
        }
    }
}

impl FillSampleParams {
    fn check(&self) -> Result<(), FieldError> {
        let positive = |v: f64| v.is_finite() && v > 0.0;
        let checks = [
            ("temperature", self.temperature, "a number ≥ 0", self.temperature >= 0.0),
            (
                "max_displacement",
                self.max_displacement,
                "a number from 0 to 1",
                (0.0..=1.0).contains(&self.max_displacement),
            ),
            ("gradient_tolerance", self.gradient_tolerance, "a finite number > 0", positive(self.gradient_tolerance)),
            ("min_roughness", self.min_roughness, "a finite number", self.min_roughness.is_finite()),
            ("distance_tolerance", self.distance_tolerance, "a finite number > 0", positive(self.distance_tolerance)),
            ("roughness_tolerance", self.roughness_tolerance, "a number > 0", self.roughness_tolerance > 0.0),
        ];
        match checks.into_iter().find(|check| !check.3) {
            Some((name, value, expected, _)) => Err(FieldError::Parameter { name, value, expected }),
            None => Ok(()),
        }
    }
}

/// A place where the field is high.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoughPoint {
    /// The place in the box of the field, shape `(d,)`.
    pub x: Vec<f64>,
    /// R(x).
    pub roughness: f64,
    /// The Gaussian whose centre the search started from.
    pub start: usize,
}

/// What sampling found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FillSample {
    /// Distinct places, the roughest first; equal ones in the order of their starts.
    pub points: Vec<RoughPoint>,
    /// Searches made, one a Gaussian.
    pub n_starts: usize,
    /// Descents that reached the gradient tolerance.
    pub n_converged: usize,
    /// Descents that did not within `max_iterations`; their ends are dropped, as the reference does.
    pub n_unconverged: usize,
    /// Converged ends that were dropped because the field is not above `min_roughness` there.
    pub n_below: usize,
    /// Whether `observe` stopped the sampling: then only the searches that had ended count.
    pub cancelled: bool,
    /// How often the field was evaluated.
    pub evaluations: Evaluations,
}

/// Basin-hopping on −R from the centre of every Gaussian, over lower ≤ x ≤ upper.
///
/// The same parameters give the same points whatever the thread count. `observe` is asked once a search ends, and
/// about ten times a second.
///
/// # Errors
/// When a parameter is out of its range, or the bounds do not fit the field.
pub fn sample_field(
    field: &RoughnessField,
    lower: &[f64],
    upper: &[f64],
    params: &FillSampleParams,
    threads: usize,
    observe: Observe<'_>,
) -> Result<FillSample, FieldError> {
    params.check()?;
    let surface = RoughnessSurface::new(field, lower.to_vec(), upper.to_vec())?;
    let starts: Vec<&[f64]> = field.means().collect();
    let mut ends: Vec<Option<Vec<End>>> = vec![None; starts.len()];
    let mut cancelled = false;
    let mut done = 0;
    let indices: Vec<usize> = (0..starts.len()).collect();
    let evaluations = run(
        &surface,
        threads,
        &indices,
        &|index, oracle| -> Search<'_, Vec<End>> { Box::pin(hop(oracle, starts[index], index as u64, params)) },
        &mut |event| {
            if let Event::Done(index, found) = event {
                ends[index] = Some(found);
                done += 1;
            }
            let flow = observe(Progress::new("sampling", done, Some(starts.len() as u64)));
            cancelled |= flow.is_break();
            flow
        },
    );
    let test = SamePoint::in_box(lower, upper, params.distance_tolerance, params.roughness_tolerance);
    let mut sample = FillSample {
        points: Vec::new(),
        n_starts: starts.len(),
        n_converged: 0,
        n_unconverged: 0,
        n_below: 0,
        cancelled: cancelled && ends.iter().any(Option::is_none),
        evaluations,
    };
    sample.collect(ends, test, params.min_roughness);
    Ok(sample)
}

/// x → 2 (x − lower) / (upper − lower) − 1: from the box of the field to the box [−1, 1] of the decoder.
///
/// A coordinate of zero width becomes 0.
pub fn decoder_box_from_field_box(x: &[f64], lower: &[f64], upper: &[f64]) -> Vec<f64> {
    let scaled = |((x, l), u): ((&f64, &f64), &f64)| if u > l { 2.0 * (x - l) / (u - l) - 1.0 } else { 0.0 };
    x.iter().zip(lower).zip(upper).map(scaled).collect()
}

/// Where a descent ended.
#[derive(Debug, Clone)]
struct End {
    x: Vec<f64>,
    roughness: f64,
    converged: bool,
}

/// Descends from `start`, then hops: displaces every coordinate, descends, and goes on from there if Metropolis' test
/// accepts. Every end counts, accepted or not.
async fn hop(oracle: Rc<Oracle<'_>>, start: &[f64], index: u64, params: &FillSampleParams) -> Vec<End> {
    let descent = MinimiseParams {
        gradient_tolerance: params.gradient_tolerance,
        max_iterations: params.max_iterations,
        ..MinimiseParams::default()
    };
    let mut random = ChaCha8Rng::seed_from_u64(params.seed);
    random.set_stream(index);
    let mut current = minimise(&oracle, start, &descent).await;
    let mut ends = vec![End { x: current.x.clone(), roughness: -current.energy, converged: current.converged }];
    for _ in 0..params.n_steps {
        let (lower, upper) = (oracle.surface().lower(), oracle.surface().upper());
        let displaced: Vec<f64> = current
            .x
            .iter()
            .zip(lower.iter().zip(upper))
            .map(|(x, (l, u))| (x + params.max_displacement * (u - l) * random.random_range(-1.0..=1.0)).clamp(*l, *u))
            .collect();
        let next = minimise(&oracle, &displaced, &descent).await;
        ends.push(End { x: next.x.clone(), roughness: -next.energy, converged: next.converged });
        let rise = next.energy - current.energy;
        let chance: f64 = random.random();
        if next.converged && (rise <= 0.0 || chance < (-rise / params.temperature).exp()) {
            current = next;
        }
    }
    ends
}

impl FillSample {
    /// Keeps the distinct, converged ends above `min_roughness`: the first of equal ones, in the order of starts.
    fn collect(&mut self, ends: Vec<Option<Vec<End>>>, test: SamePoint, min_roughness: f64) {
        let mut known = KineticTransitionNetwork::new(test).expect("the tolerances were checked");
        let mut starts = Vec::new();
        for (start, end) in
            ends.into_iter().enumerate().flat_map(|(k, ends)| ends.into_iter().flatten().map(move |end| (k, end)))
        {
            if !end.converged {
                self.n_unconverged += 1;
                continue;
            }
            self.n_converged += 1;
            if end.roughness <= min_roughness {
                self.n_below += 1;
                continue;
            }
            let added = known.add_minimum(end.x, -end.roughness, Support::default());
            if added.expect("the ends are finite points of the box").is_new() {
                starts.push(start);
            }
        }
        let points = known.minima().iter().zip(starts);
        self.points = points.map(|(m, start)| RoughPoint { x: m.x.clone(), roughness: -m.energy, start }).collect();
        self.points.sort_by(|a, b| b.roughness.total_cmp(&a.roughness)); // stable: ties keep the order of starts
    }
}
