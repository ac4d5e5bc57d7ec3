//! Fields over the map: what the heatmap can show.

use serde::{Deserialize, Serialize};

use super::Landscape;
use super::on_map::{NetworkOnMap, frustration_splats};
use crate::projection::Projection;
use crate::render::{ColourMap, FieldGrid, GridFrame, Shared, corners_of, density, mark_support, splat};
use crate::workspace::pipeline::StoredSamples;

/// What the heatmap shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Barriers, wherever they are (ℓ = 80): what a fill set is drawn from.
    #[default]
    Roughness,
    /// Barriers, near ones first (ℓ = 0.8): the metric.
    Frustration,
    /// The similarity response that was measured.
    Similarity,
    /// The roughness field at the points of latent space that the map shows.
    Exact,
    /// How many points were measured.
    Support,
    /// Roughness of another landscape of the study minus that of this one.
    Difference,
}

impl Field {
    /// All, in the order of menus.
    pub const ALL: [Self; 6] =
        [Self::Roughness, Self::Frustration, Self::Similarity, Self::Support, Self::Exact, Self::Difference];

    /// Those that are there as soon as there is a landscape or samples; others are computed when asked for.
    pub const KNOWN: [Self; 4] = [Self::Roughness, Self::Frustration, Self::Similarity, Self::Support];

    /// The word on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Roughness => "Roughness",
            Self::Frustration => "Frustration",
            Self::Similarity => "Similarity",
            Self::Support => "Support",
            Self::Exact => "Exact roughness",
            Self::Difference => "Difference",
        }
    }

    /// What it means.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Roughness => {
                "Every barrier as a Gaussian on the map, three quarters of the way to its transition state, as high as the \
                 barrier (ℓ = 80)"
            }
            Self::Frustration => "The same with the weight of the metric, ℓ = 0.8: only near barriers count",
            Self::Similarity => {
                "Mean similarity response (0 to 1) of the measured points around each place: how alike the molecules of a \
                 point and its neighbours are"
            }
            Self::Support => "Measured points per square unit of the map: where there are few, the surface is a guess",
            Self::Exact => {
                "R(x) with the recipe's settings of the field, from which fill sets are drawn, at the points of latent \
                 space that lie in the plane of the map: contributions off the plane fade with their distance to it"
            }
            Self::Difference => "Roughness of another landscape of the study minus that of the one shown",
        }
    }

    /// What the legend says.
    pub fn title(self) -> [&'static str; 2] {
        match self {
            Self::Roughness => ["Roughness on the map", "units of E"],
            Self::Frustration => ["Frustration on the map", "units of E"],
            Self::Similarity => ["Similarity response", "0 to 1"],
            Self::Support => ["Support", "points per area"],
            Self::Exact => ["Roughness in the plane", "units of E"],
            Self::Difference => ["Difference of roughness", "units of E"],
        }
    }

    /// The colours it is shown in.
    pub fn colours(self) -> ColourMap {
        match self {
            Self::Roughness | Self::Frustration | Self::Exact => ColourMap::Magma,
            Self::Similarity => ColourMap::Viridis,
            Self::Support => ColourMap::Cividis,
            Self::Difference => ColourMap::BlueRed,
        }
    }
}

/// The fields of a study.
#[derive(Debug, Clone, Default)]
pub struct Fields(Vec<(Field, Shared<FieldGrid>)>);

impl Fields {
    /// A field, if it is known.
    pub fn get(&self, field: Field) -> Option<Shared<FieldGrid>> {
        self.0.iter().find(|(known, _)| *known == field).map(|(_, grid)| grid.clone())
    }

    /// Adds or replaces a field.
    pub fn put(&mut self, field: Field, grid: FieldGrid) {
        self.0.retain(|(known, _)| *known != field);
        self.0.push((field, Shared::new(grid)));
    }
}

/// Cells of a field along the map.
const CELLS: usize = 192;
/// Standard deviation of a Gaussian on the map, as a part of the map's extent.
const SPREAD: f64 = 0.028;
/// Measured points that a cell needs nearby to count as supported.
const LEAST_SUPPORT: f64 = 0.5;

/// Everything that can be shown of a landscape and its samples over a map of molecules.
pub fn fields(
    landscape: Option<(&Landscape, &NetworkOnMap)>,
    samples: Option<(&StoredSamples, &Projection)>,
    molecules: &[[f32; 2]],
) -> Fields {
    let mut all = Fields::default();
    let molecules = flat(molecules);
    if let Some((landscape, network)) = landscape {
        for (field, scale) in [(Field::Frustration, 0), (Field::Roughness, 1)] {
            let (centres, weights) = frustration_splats(&landscape.contributions[scale], network);
            let everything: Vec<[f32; 3]> = molecules.iter().copied().chain(flat(&centres)).collect();
            if let Some((frame, sigma)) = frame_of(&everything).filter(|_| !centres.is_empty()) {
                all.put(field, supported(splat(&centres, &weights, frame, sigma), &molecules, frame, sigma));
            }
        }
    }
    let measured = samples.and_then(|(samples, projection)| {
        let places = projection.transform(&samples.latents).ok()?;
        Some((places.iter().map(|[x, y, _]| [*x, *y]).collect::<Vec<[f32; 2]>>(), &samples.response))
    });
    if let Some((places, response)) = measured {
        let everything: Vec<[f32; 3]> = molecules.iter().copied().chain(flat(&places)).collect();
        if let Some((frame, sigma)) = frame_of(&everything) {
            let sigma = 1.5 * sigma;
            let count = splat(&places, &vec![1.0; places.len()], frame, sigma);
            let response: Vec<f32> = response.iter().map(|r| *r as f32).collect();
            let mut mean = splat(&places, &response, frame, sigma);
            for (value, n) in mean.values.iter_mut().zip(&count.values) {
                *value = if *n > 1e-6 { *value / n } else { f32::NAN };
            }
            all.put(Field::Similarity, supported(mean, &flat(&places), frame, sigma));
            all.put(Field::Support, density(&flat(&places), |_| true, frame, sigma));
        }
    }
    all
}

/// Roughness of another network minus that of the one shown, over the same places.
pub fn difference(
    shown: (&Landscape, &NetworkOnMap),
    other: (&Landscape, &NetworkOnMap),
    molecules: &[[f32; 2]],
) -> Option<FieldGrid> {
    let molecules = flat(molecules);
    let [a, b] = [shown, other].map(|(landscape, network)| frustration_splats(&landscape.contributions[1], network));
    let everything: Vec<[f32; 3]> = molecules.iter().copied().chain(flat(&a.0)).chain(flat(&b.0)).collect();
    let (frame, sigma) = frame_of(&everything)?;
    let mut grid = splat(&b.0, &b.1, frame, sigma);
    let minus = splat(&a.0, &a.1, frame, sigma);
    grid.values.iter_mut().zip(&minus.values).for_each(|(value, minus)| *value -= minus);
    Some(supported(grid, &molecules, frame, sigma))
}

fn flat(places: &[[f32; 2]]) -> Vec<[f32; 3]> {
    places.iter().map(|[x, y]| [*x, *y, 0.0]).collect()
}

/// A frame around places, and the width of Gaussians in it.
fn frame_of(places: &[[f32; 3]]) -> Option<(GridFrame, f64)> {
    let [low, high] = corners_of(places)?;
    let corners = [low, high].map(|corner| [f64::from(corner[0]), f64::from(corner[1])]);
    let extent = (corners[1][0] - corners[0][0]).max(corners[1][1] - corners[0][1]).max(1e-9);
    Some((GridFrame::around(corners, CELLS, 3.0 * SPREAD), SPREAD * extent))
}

/// Marks the cells without a point nearby.
fn supported(mut grid: FieldGrid, points: &[[f32; 3]], frame: GridFrame, sigma: f64) -> FieldGrid {
    mark_support(&mut grid, &density(points, |_| true, frame, 1.5 * sigma), LEAST_SUPPORT, 1.5 * sigma);
    grid
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::study::MinimumOnMap;
    use crate::landscape::{FrustrationContribution, KineticTransitionNetwork, MinimumId, TransitionStateId};

    fn network(at: f32) -> NetworkOnMap {
        let minimum = MinimumOnMap { id: 0, place: [at, 0.0], height: 0.0, energy: 0.0, on_boundary: false };
        let state = super::super::on_map::TransitionStateOnMap {
            id: 0,
            place: [at + 4.0, 0.0],
            height: 0.0,
            ends: [[at, 0.0, 0.0]; 2],
            energy: 1.0,
            barrier: 1.0,
            on_boundary: false,
            degenerate: false,
        };
        NetworkOnMap { minima: vec![minimum], transition_states: vec![state] }
    }

    fn landscape(barrier: f64) -> Landscape {
        let contribution = FrustrationContribution {
            minimum: MinimumId(0),
            transition_state: TransitionStateId(0),
            barrier,
            distance: 4.0,
            frustration: barrier,
        };
        Landscape {
            network: KineticTransitionNetwork::in_unit_box(2),
            contributions: [vec![contribution], vec![contribution]],
            frustration: [0.0; 2],
        }
    }

    fn at(grid: &FieldGrid, place: [f64; 2]) -> f32 {
        let off = |k: &usize| {
            let [x, y] = grid.place(k % grid.size[0], k / grid.size[0]);
            (x - place[0]).hypot(y - place[1])
        };
        let nearest = (0..grid.values.len()).min_by(|a, b| off(a).total_cmp(&off(b))).unwrap();
        grid.values[nearest]
    }

    #[test]
    fn the_heatmap_is_highest_three_quarters_of_the_way_and_hatched_without_molecules() {
        let (landscape, network) = (landscape(2.0), network(0.0));
        let all = fields(Some((&landscape, &network)), None, &[[0.0, 0.0], [5.0, 5.0]]);
        let grid = all.get(Field::Roughness).unwrap();
        assert!((at(&grid, [3.0, 0.0]) - 2.0).abs() < 0.1, "{}", at(&grid, [3.0, 0.0]));
        assert!(at(&grid, [0.0, 0.0]) < 0.1);
        assert!(!grid.supported.iter().all(|supported| *supported));
        assert!(all.get(Field::Similarity).is_none(), "nothing was measured");
    }

    #[test]
    fn a_difference_is_the_other_minus_the_one_shown() {
        let (low, high) = (landscape(1.0), landscape(3.0));
        let (here, there) = (network(0.0), network(0.0));
        let grid = difference((&low, &here), (&high, &there), &[[0.0, 0.0], [5.0, 5.0]]).unwrap();
        assert!((at(&grid, [3.0, 0.0]) - 2.0).abs() < 0.1);
        let same = difference((&low, &here), (&low, &there), &[[0.0, 0.0], [5.0, 5.0]]).unwrap();
        assert!(same.values.iter().all(|value| value.abs() < 1e-6));
    }
}
