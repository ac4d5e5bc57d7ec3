//! The roughness field itself on the plane of latent space that the map shows.

use super::Landscape;
use crate::app::event::told;
use crate::fill::{RoughnessField, RoughnessFieldParams};
use crate::projection::Projection;
use crate::render::{FieldGrid, Gaussians, Gpu, PlaneCut, field_on_plane, field_on_plane_by};

/// R(x) in units of E at the points of latent space that stand on the map, over the cells of `over` and hatched as it is.
/// A hardware device computes it where there is one, else all cores.
///
/// # Errors
/// A sentence: the map is no plane of latent space, or is of another one than the landscape.
pub fn exact_field(
    landscape: &Landscape,
    projection: &Projection,
    params: &RoughnessFieldParams,
    over: &FieldGrid,
) -> Result<FieldGrid, String> {
    let (origin, axes) = projection.plane().ok_or(
        "this map is no plane of latent space: draw it by principal components, a random plane or a plane through minima",
    )?;
    let field = RoughnessField::new(&landscape.network, params).map_err(|error| told(&error))?;
    let d = origin.len();
    if field.n_dims() != d {
        return Err(format!("the landscape has {} dimensions, but the map is of {d}", field.n_dims()));
    }
    // The field is one of the unit box, the map one of the decoder's box, twice as wide.
    let cut = PlaneCut {
        origin: origin.iter().map(|z| f64::midpoint(*z, 1.0)).collect(),
        axes: [axes[..d].to_vec(), axes[d..2 * d].to_vec()],
        corners: over.corners.map(|corner| corner.map(|v| 0.5 * v)),
        size: over.size,
    };
    let (heights, means, directions, inverse_variances) = field.arrays();
    let gaussians = Gaussians { heights, means, directions, inverse_variances };
    let device = Gpu::off_screen().ok().filter(|gpu| !gpu.is_software());
    let by_device = device.and_then(|gpu| field_on_plane_by(&gpu, gaussians, &cut).ok());
    let grid = by_device.unwrap_or_else(|| field_on_plane(gaussians, &cut));
    Ok(FieldGrid { corners: over.corners, supported: over.supported.clone(), ..grid })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::silent;
    use crate::landscape::{KineticTransitionNetwork, Support};
    use crate::projection::{DiffusionMapParams, ProjectionMethod, ProjectionParams, fit};

    /// Two minima and the state between them in three dimensions, off the plane of the map.
    fn landscape() -> Landscape {
        let mut network = KineticTransitionNetwork::in_unit_box(3);
        let a = network.push_minimum(vec![0.2, 0.3, 0.5], -1.0, Support::default()).unwrap();
        let b = network.push_minimum(vec![0.8, 0.6, 0.4], -0.5, Support::default()).unwrap();
        network.push_transition_state(vec![0.5, 0.5, 0.6], 0.5, (a, b), Support::default()).unwrap();
        Landscape { network, contributions: [Vec::new(), Vec::new()], frustration: [0.0; 2] }
    }

    #[test]
    fn every_cell_holds_the_field_at_its_point_of_latent_space() {
        let rows: Vec<f32> = (0..90).map(|k| ((k * 37 % 101) as f32 / 50.0 - 1.0) * [0.9, 0.5, 0.2][k % 3]).collect();
        let projection = fit(&ProjectionParams::plane(ProjectionMethod::Pca, 0), &rows, 3, &mut silent).unwrap();
        let landscape = landscape();
        let params = RoughnessFieldParams::script();
        let over = FieldGrid {
            size: [9, 7],
            corners: [[-1.0, -0.8], [1.0, 0.8]],
            values: vec![0.0; 63],
            supported: vec![true; 63],
        };
        let grid = exact_field(&landscape, &projection, &params, &over).unwrap();
        let field = RoughnessField::new(&landscape.network, &params).unwrap();
        let (origin, axes) = projection.plane().unwrap();
        for k in 0..63 {
            let [u, v] = over.place(k % 9, k / 9);
            let x: Vec<f64> = (0..3).map(|i| f64::midpoint(origin[i] + u * axes[i] + v * axes[3 + i], 1.0)).collect();
            let expected = field.value(&x);
            let found = f64::from(grid.values[k]);
            assert!((found - expected).abs() < 1e-5 * expected.abs().max(1e-3), "{found} is not {expected}");
        }
        assert!(grid.values.iter().any(|value| *value > 0.01) && grid.supported == over.supported);
        let curved = ProjectionParams::plane(ProjectionMethod::DiffusionMap(DiffusionMapParams::default()), 0);
        let curved = fit(&curved, &rows, 3, &mut silent).unwrap();
        assert!(exact_field(&landscape, &curved, &params, &over).unwrap_err().contains("no plane"));
    }
}
