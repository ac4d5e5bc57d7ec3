//! How frustration on the map changes with tuning: a difference of two fields over the same cells.

use super::Landscape;
use super::on_map::{frustration_splats, network_on_map};
use crate::app::event::told;
use crate::landscape::{METRIC_LENGTH_SCALE, ParallelConvention, contributions, files};
use crate::projection::Projection;
use crate::render::{FieldGrid, GridFrame, Shared, splat};
use crate::workspace::Artefact;
use crate::workspace::pipeline::NETWORKS_FOLDER;

/// Cells along the map.
const CELLS: usize = 160;
/// Standard deviation of a contribution on the map, as a part of the map's extent.
const SPREAD: f64 = 0.02;

/// By arm: frustration (the metric's, ℓ = 0.8, as in the table beside it) under the tuned model minus that under the base,
/// both as sums of Gaussians on the map. Empty when
/// the landscapes of the tuned models were not explored.
///
/// # Errors
/// A sentence when a network cannot be read or does not fit the map.
pub fn frustration_changes(
    artefact: &Artefact,
    base: &Landscape,
    projection: &Projection,
    molecules: &[[f32; 2]],
) -> Result<Vec<(String, Shared<FieldGrid>)>, String> {
    let prefix = format!("{NETWORKS_FOLDER}/");
    let mut arms: Vec<&str> = artefact
        .provenance
        .files
        .keys()
        .filter_map(|name| name.strip_prefix(&prefix)?.split_once('/').map(|(arm, _)| arm))
        .collect();
    arms.dedup();
    if arms.is_empty() {
        return Ok(Vec::new());
    }
    let on_map = network_on_map(&base.network, projection).map_err(|error| told(&error))?;
    let before = frustration_splats(&base.contributions[0], &on_map);
    let mut found = Vec::new();
    for arm in arms {
        let folder = artefact.path(NETWORKS_FOLDER).join(arm);
        let network = files::read_native(&folder).map_err(|error| told(&error))?.network;
        let on_map = network_on_map(&network, projection).map_err(|error| told(&error))?;
        let all = contributions(&network, METRIC_LENGTH_SCALE, ParallelConvention::Each);
        let after = frustration_splats(&all, &on_map);
        if let Some(grid) = difference(&before, &after, molecules) {
            found.push((arm.to_owned(), grid));
        }
    }
    Ok(found)
}

type Weighted = (Vec<[f32; 2]>, Vec<f32>);

/// After minus before, on cells that hold both and the molecules; none when neither has a contribution.
fn difference(before: &Weighted, after: &Weighted, molecules: &[[f32; 2]]) -> Option<Shared<FieldGrid>> {
    let everything: Vec<[f32; 2]> = molecules
        .iter()
        .chain(&before.0)
        .chain(&after.0)
        .copied()
        .filter(|p| p.iter().all(|v| v.is_finite()))
        .collect();
    if before.0.is_empty() && after.0.is_empty() || everything.is_empty() {
        return None;
    }
    let corner = |pick: fn(f64, f64) -> f64, from: f64| {
        [0, 1].map(|k| everything.iter().map(|place| f64::from(place[k])).fold(from, pick))
    };
    let corners = [corner(f64::min, f64::INFINITY), corner(f64::max, f64::NEG_INFINITY)];
    let extent = (corners[1][0] - corners[0][0]).max(corners[1][1] - corners[0][1]);
    let frame = GridFrame::around(corners, CELLS, 3.0 * SPREAD);
    let field = |(centres, weights): &Weighted| splat(centres, weights, frame, SPREAD * extent);
    let (mut grid, base) = (field(after), field(before));
    grid.values.iter_mut().zip(&base.values).for_each(|(after, before)| *after -= before);
    Some(Shared::new(grid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_falls_is_negative_and_what_rises_positive() {
        let molecules = [[0.0, 0.0], [1.0, 1.0]];
        let before = (vec![[0.25, 0.25], [0.75, 0.75]], vec![1.0, 1.0]);
        let after = (vec![[0.25, 0.25], [0.75, 0.75]], vec![0.5, 3.0]);
        let grid = difference(&before, &after, &molecules).unwrap();
        let least = grid.values.iter().copied().fold(f32::INFINITY, f32::min);
        let most = grid.values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        assert!(least < 0.0 && most > 0.0 && most > 3.0 * -least, "from {least} to {most}");
        assert!(difference(&before, &before, &molecules).unwrap().values.iter().all(|v| *v == 0.0));
        let none = (Vec::new(), Vec::new());
        assert!(difference(&none, &none, &molecules).is_none());
    }
}
