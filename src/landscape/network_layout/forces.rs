//! Moving points along their forces with steps that adapt.

use super::NetworkLayoutParams;
use super::coarsen::Springs;
use super::quadtree::Quadtree;
use rayon::prelude::*;

/// How fast steps shrink when forces grew, and grow after several successes.
const STEP_FACTOR: f64 = 0.9;
/// So many falls in a row let the step grow.
const SUCCESSES: usize = 5;
/// A point with fewer neighbours than this is not worth a thread of its own.
const POINTS_PER_TASK: usize = 512;

/// Relaxes the springs from `places`; returns whether the points came to rest. `stop` is asked after every step.
///
/// Each point feels d² along every spring, m/d from every other point and a pull to the centre. All points move by
/// the same length along their forces; that length shrinks by a tenth when the forces grew, and grows again after
/// five falls in a row.
pub(super) fn relax(
    springs: &Springs,
    places: &mut [[f64; 2]],
    first_step: f64,
    params: &NetworkLayoutParams,
    stop: &mut dyn FnMut(usize) -> bool,
) -> bool {
    let mut step = first_step;
    let mut last_energy = f64::INFINITY;
    let mut successes = 0;
    for done in 1..=params.max_steps {
        let forces = forces(springs, places, params);
        let mut energy = 0.0;
        let mut moved = 0.0;
        for (place, force) in places.iter_mut().zip(&forces) {
            let norm = force[0].hypot(force[1]);
            energy += norm * norm;
            if norm > 0.0 {
                // A point that is nearly at rest must not be thrown about by the common step.
                let length = step.min(norm);
                moved += length;
                place[0] += force[0] / norm * length;
                place[1] += force[1] / norm * length;
            }
        }
        if stop(done) {
            return false;
        }
        if moved <= params.tolerance * places.len() as f64 {
            return true;
        }
        if energy < last_energy {
            successes += 1;
            if successes >= SUCCESSES {
                successes = 0;
                step /= STEP_FACTOR;
            }
        } else {
            successes = 0;
            step *= STEP_FACTOR;
        }
        last_energy = energy;
    }
    false
}

/// The force on every point. Each is summed on its own in a fixed order, so threads do not change a bit.
fn forces(springs: &Springs, places: &[[f64; 2]], params: &NetworkLayoutParams) -> Vec<[f64; 2]> {
    let tree = Quadtree::new(places, &springs.masses);
    let force = |k: usize| {
        let at = places[k];
        let repulsion = tree.repulsion(at, k as u32, params.opening);
        let pull = params.gravity;
        let mut sum = [repulsion[0] - pull * at[0], repulsion[1] - pull * at[1]];
        for &(other, strength) in springs.neighbours(k) {
            let d = [places[other as usize][0] - at[0], places[other as usize][1] - at[1]];
            let length = d[0].hypot(d[1]);
            sum[0] += strength * length * d[0];
            sum[1] += strength * length * d[1];
        }
        // Heavy points stand for many: they feel all their forces and move like one.
        sum.map(|f| f / springs.masses[k])
    };
    (0..places.len()).into_par_iter().with_min_len(POINTS_PER_TASK).map(force).collect()
}
