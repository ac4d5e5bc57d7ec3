//! From a transition state down to the minima on its two sides.

use serde::{Deserialize, Serialize};

use super::basin_hopping::find_minimum;
use super::bounds::{clip, free_coordinates, free_gradient_norm, is_bound, mean_width, norm};
use super::lockstep::Oracle;
use super::minimise::MinimiseParams;
use super::stationary::{Spectrum, StationaryPoint, refine};

/// Settings of a descent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DescentParams {
    /// Length of the first step off the transition state along its mode, as a share of the mean width of the box.
    pub push_off: f64,
    /// Whether to integrate the steepest-descent path itself; otherwise L-BFGS with short steps.
    pub exact_path: bool,
    /// Longest step, as a share of the mean width of the box.
    pub max_step: f64,
    /// L-BFGS tolerance, in units of E per unit of x.
    pub gradient_tolerance: f64,
}

impl Default for DescentParams {
    fn default() -> Self {
        Self { push_off: 5e-3, exact_path: false, max_step: 0.1, gradient_tolerance: 1e-4 }
    }
}

/// The minima on both sides of a transition state; `None` where a descent ended in no minimum.
pub async fn both_ends(
    oracle: &Oracle<'_>,
    saddle: &StationaryPoint,
    params: &DescentParams,
) -> [Option<StationaryPoint>; 2] {
    let surface = oracle.surface();
    let push = params.push_off * mean_width(surface);
    let mut ends = [None, None];
    for (end, sign) in ends.iter_mut().zip([1.0, -1.0]) {
        // Short of the energy of the saddle the push has not left its top.
        let mut length = push;
        for _ in 0..12 {
            let mut x: Vec<f64> =
                saddle.x.iter().zip(&saddle.lowest_mode).map(|(x, v)| x + sign * length * v).collect();
            clip(surface, &mut x);
            let (energy, gradient) = oracle.energy_gradient(&x).await;
            if energy < saddle.energy {
                let slope = free_gradient_norm(surface, &x, &gradient);
                *end = descend(oracle, &x, slope, params).await;
                break;
            }
            length *= 0.5;
        }
    }
    ends
}

/// The minimum that descent from `start`, where the free gradient is `slope`, ends in.
async fn descend(oracle: &Oracle<'_>, start: &[f64], slope: f64, params: &DescentParams) -> Option<StationaryPoint> {
    let width = mean_width(oracle.surface());
    let quick = MinimiseParams {
        // Beside a flat saddle the slope is small to begin with.
        gradient_tolerance: params.gradient_tolerance.min(0.1 * slope),
        max_step: Some(params.max_step * width),
        max_iterations: 1000,
        ..MinimiseParams::default()
    };
    if !params.exact_path {
        return find_minimum(oracle, start, &quick).await;
    }
    match steepest_path(oracle, start, params.max_step * width).await {
        PathEnd::Minimum(minimum) => Some(*minimum),
        PathEnd::At(x) => find_minimum(oracle, &x, &quick).await,
    }
}

enum PathEnd {
    Minimum(Box<StationaryPoint>),
    /// The path was cut here.
    At(Vec<f64>),
}

/// Steps of a path at most.
const MAX_PATH_STEPS: usize = 4000;
/// Error allowed in one step, as a share of the longest step.
const PATH_TOLERANCE: f64 = 1e-3;
/// Steps between looks at the Hessian.
const LOOK_EVERY: usize = 8;

/// Integrates dx/ds = −∇E/|∇E| (on a face: its projection) with the third-order Bogacki–Shampine pair until a
/// positive definite Hessian puts the minimum within reach.
async fn steepest_path(oracle: &Oracle<'_>, start: &[f64], max_step: f64) -> PathEnd {
    let surface = oracle.surface();
    let width = mean_width(surface);
    let mut x = start.to_vec();
    let (_, mut gradient) = oracle.energy_gradient(&x).await;
    let mut h = 0.01 * max_step;
    for step in 0..MAX_PATH_STEPS {
        if step % LOOK_EVERY == 0
            && let Some(end) = minimum_within_reach(oracle, &x, &gradient, 0.01 * width).await
        {
            return PathEnd::Minimum(Box::new(end));
        }
        let moved = |shares: &[(&[f64], f64)], h: f64| -> Vec<f64> {
            let mut y = x.clone();
            for (slope, share) in shares {
                for (y, k) in y.iter_mut().zip(*slope) {
                    *y += h * share * k;
                }
            }
            clip(surface, &mut y);
            y
        };
        let k1 = downhill(oracle, &x, &gradient);
        if norm(&k1) == 0.0 {
            break;
        }
        let y = moved(&[(&k1, 0.5)], h);
        let k2 = downhill(oracle, &y, &oracle.energy_gradient(&y).await.1);
        let y = moved(&[(&k2, 0.75)], h);
        let k3 = downhill(oracle, &y, &oracle.energy_gradient(&y).await.1);
        let next = moved(&[(&k1, 2.0 / 9.0), (&k2, 1.0 / 3.0), (&k3, 4.0 / 9.0)], h);
        let next_gradient = oracle.energy_gradient(&next).await.1;
        let k4 = downhill(oracle, &next, &next_gradient);
        let low = moved(&[(&k1, 7.0 / 24.0), (&k2, 0.25), (&k3, 1.0 / 3.0), (&k4, 0.125)], h);
        let error = norm(&next.iter().zip(&low).map(|(a, b)| a - b).collect::<Vec<_>>());
        let allowed = PATH_TOLERANCE * max_step;
        if error <= allowed || h <= 1e-7 * width {
            (x, gradient) = (next, next_gradient);
        }
        h *= (0.9 * (allowed / error.max(1e-300)).cbrt()).clamp(0.2, 3.0);
        h = h.clamp(1e-7 * width, max_step);
    }
    PathEnd::At(x)
}

/// −∇E/|∇E| over the coordinates that are not held on a face.
fn downhill(oracle: &Oracle<'_>, x: &[f64], gradient: &[f64]) -> Vec<f64> {
    let surface = oracle.surface();
    let mut v: Vec<f64> =
        (0..x.len()).map(|k| if is_bound(surface, x, gradient, k) { 0.0 } else { -gradient[k] }).collect();
    let length = norm(&v);
    if length > 0.0 {
        v.iter_mut().for_each(|v| *v /= length);
    }
    v
}

/// The minimum that Newton's method reaches from here, when the surface is convex here and the way is short.
async fn minimum_within_reach(oracle: &Oracle<'_>, x: &[f64], gradient: &[f64], reach: f64) -> Option<StationaryPoint> {
    let free = free_coordinates(oracle.surface(), x, gradient);
    let spectrum = Spectrum::of(&oracle.free_hessian(x, &free), free.len())?;
    if spectrum.values.first().is_some_and(|v| *v <= 0.0) {
        return None;
    }
    let way2: f64 = (0..free.len())
        .map(|k| {
            let along: f64 = spectrum.vector(k).iter().zip(&free).map(|(v, &i)| v * gradient[i]).sum();
            (along / spectrum.values[k]).powi(2)
        })
        .sum();
    if way2.sqrt() > reach {
        return None;
    }
    let minimum = refine(oracle, x, 0, reach).await.ok()?;
    let moved = norm(&minimum.x.iter().zip(x).map(|(a, b)| a - b).collect::<Vec<_>>());
    (moved <= 2.0 * way2.sqrt() + 1e-9).then_some(minimum)
}
