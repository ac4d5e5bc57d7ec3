//! The map and the network as figures.

use super::inputs::Inputs;
use super::{Layer, RenderCommand, View};
use crate::cli::CliError;
use crate::fill::{RoughnessField, RoughnessFieldParams};
use crate::jobs::silent;
use crate::landscape::{
    KineticTransitionNetwork, NetworkLayoutParams, ParallelConvention, SAMPLING_LENGTH_SCALE, contributions,
    network_layout,
};
use crate::projection::{MapPoint, Projection};
use crate::render::figure::MapFigure;
use crate::render::{
    Camera, ColourMap, ColourScale, FieldGrid, FieldLayer, GridFrame, PointColours, PointLayer, Scene, Shared, Theme,
    corners_of, density, even_levels, laid_out_network, mark_support, network_layers, splat,
};

/// Cells of fields along the longer side.
const FIELD_CELLS: usize = 320;
/// Points within a kernel's reach that support a cell.
const LEAST_SUPPORT: f64 = 1.5;

impl RenderCommand {
    pub(super) fn map_figure(&self, inputs: &Inputs) -> Result<MapFigure, CliError> {
        let theme = self.theme.theme();
        let (scene, footer) = match self.view {
            View::Network => (network_scene(inputs.network()?, theme), network_footer(inputs.network()?)),
            _ => self.map_scene(inputs, theme)?,
        };
        let mut figure =
            MapFigure { scene, camera: None, title: self.title.clone(), footer, size: self.size, overlays: Vec::new() };
        let in_space = |map: &&Vec<MapPoint>| self.view == View::Map && map.iter().any(|p| p[2] != 0.0);
        if let Some(map) = inputs.map.as_ref().filter(in_space) {
            let corners = corners_of(map).unwrap_or([[-1.0; 3], [1.0; 3]]);
            figure.camera = Some(Camera::framing(corners, false, figure.map_size()));
        }
        Ok(figure)
    }

    fn map_scene(&self, inputs: &Inputs, theme: Theme) -> Result<(Scene, String), CliError> {
        let map = inputs.map.as_ref().ok_or("the map needs points: give --study, or --points, or --map")?;
        let wants = |layer| self.layers.contains(&layer);
        let mut scene = Scene { theme, ..Scene::default() };
        let mut footer = inputs.projection.as_ref().map_or_else(String::new, projection_words);
        let corners = corners_of(map).ok_or("the map has no point with finite coordinates")?;
        let flat = [0, 1].map(|k| [0, 1].map(|axis| f64::from(corners[k][axis])));
        let frame = GridFrame::around(flat, FIELD_CELLS, 0.05);
        let longest = (flat[1][0] - flat[0][0]).max(flat[1][1] - flat[0][1]);
        let sigma = smoothing(map.len()) * longest.max(f64::MIN_POSITIVE);
        let points_density = || density(map, |_| true, frame, sigma);
        if wants(Layer::Density) {
            scene.fields.push(density_layer(points_density()));
        }
        if let (Some(ktn), Some(projection)) = (&inputs.ktn, &inputs.projection) {
            if wants(Layer::Heatmap) {
                let mut grid = roughness_grid(ktn, projection, frame, sigma)?;
                if grid.range()[1] > 0.0 {
                    mark_support(&mut grid, &points_density(), LEAST_SUPPORT, sigma);
                    scene.fields.push(heatmap_layer(grid));
                    footer += " · roughness: every barrier where it projects (ℓ = 80)";
                } else {
                    footer += " · no roughness on this part of the map: the network has no barrier here";
                }
            }
            let minima: Vec<MapPoint> = place(projection, ktn.minima().iter().map(|m| m.x.as_slice()))?;
            let states: Vec<MapPoint> = place(projection, ktn.transition_states().iter().map(|t| t.x.as_slice()))?;
            let (mut edges, glyphs) = network_layers(ktn, &minima, &states);
            if wants(Layer::Network) {
                // Told apart from the heatmap's colours.
                if wants(Layer::Heatmap) {
                    edges.scale = edges.scale.map(|scale| ColourScale { map: ColourMap::Viridis, ..scale });
                }
                edges.scale = edges.scale.map(|scale| scale.visible_on(&theme));
                scene.edges = Some(edges);
            }
            if wants(Layer::Glyphs) {
                scene.glyphs = Some(glyphs);
            }
        }
        if wants(Layer::Points) {
            scene.points = Some(self.point_layer(inputs, map, theme, !scene.fields.is_empty()));
        }
        Ok((scene, footer))
    }

    fn point_layer(&self, inputs: &Inputs, map: &[MapPoint], theme: Theme, over_field: bool) -> PointLayer {
        let mut layer = PointLayer::new(Shared::new(map.to_vec()), theme.point);
        if let Some(values) = &inputs.values {
            let scale = ColourScale::over(ColourMap::Viridis, values, &inputs.label, &self.unit);
            layer.colours = PointColours::Values { values: Shared::new(values.clone()), scale };
        } else if over_field {
            layer.colours = PointColours::One(theme.faint);
            layer.radius *= 0.7;
            layer.opacity = 0.45;
        }
        layer
    }
}

/// Standard deviation of kernels on the map, as a part of its longer side: Scott's n^(-1/6), for clusters a third as
/// wide as the map.
fn smoothing(n_points: usize) -> f64 {
    0.09 * (n_points.max(1) as f64).powf(-1.0 / 6.0)
}

/// Stationary points of the unit box on the map of the decoder's box.
fn place<'a>(projection: &Projection, points: impl Iterator<Item = &'a [f64]>) -> Result<Vec<MapPoint>, CliError> {
    let mut rows = Vec::new();
    for point in points {
        if point.len() != projection.dimension() {
            return Err(format!(
                "the network has {} dimensions, but the projection was fitted to {}: they are not of one model",
                point.len(),
                projection.dimension()
            )
            .into());
        }
        rows.extend(point.iter().map(|v| (2.0 * v - 1.0) as f32));
    }
    Ok(projection.transform(&rows)?)
}

/// Every barrier as a Gaussian on the map: the weights of sampling (ℓ = 80), not those of the metric.
fn roughness_grid(
    ktn: &KineticTransitionNetwork,
    projection: &Projection,
    frame: GridFrame,
    sigma: f64,
) -> Result<FieldGrid, CliError> {
    let params = RoughnessFieldParams::script();
    let field = RoughnessField::new(ktn, &params)?;
    let places = place(projection, field.means())?;
    let all = contributions(ktn, SAMPLING_LENGTH_SCALE, ParallelConvention::Each);
    // A pair in one place has no direction and no Gaussian: as many are left out here.
    let weights = all.iter().map(|c| c.frustration as f32);
    let weights: Vec<f32> = if field.n_gaussians() == all.len() {
        weights.collect()
    } else {
        all.iter().filter(|c| c.distance > 0.0).map(|c| c.frustration as f32).collect()
    };
    let flat: Vec<[f32; 2]> = places.iter().map(|p| [p[0], p[1]]).collect();
    if flat.len() != weights.len() {
        return Err(format!("found {} contributions, but {} Gaussians", weights.len(), flat.len()).into());
    }
    Ok(splat(&flat, &weights, frame, 1.6 * sigma))
}

fn heatmap_layer(grid: FieldGrid) -> FieldLayer {
    let range = [0.0, grid.range()[1]];
    let scale =
        ColourScale { map: ColourMap::Magma, range, label: "roughness on the map".into(), unit: "units of E".into() };
    FieldLayer { grid: Shared::new(grid), scale, opacity: 0.92, fade: 0.25, contours: Vec::new() }
}

fn density_layer(grid: FieldGrid) -> FieldLayer {
    let range = [0.0, grid.range()[1]];
    let scale = ColourScale { map: ColourMap::Cividis, range, label: "points per area".into(), unit: String::new() };
    let contours = even_levels(range, 6);
    FieldLayer { grid: Shared::new(grid), scale, opacity: 0.9, fade: 0.12, contours }
}

fn projection_words(projection: &Projection) -> String {
    let params = projection.params();
    let variance = projection
        .explained_variance()
        .map_or_else(String::new, |parts| format!(", {:.0} % of the variance", 100.0 * parts.iter().sum::<f64>()));
    format!("{}{variance}, seed {}", params.method.label(), params.seed)
}

fn network_scene(ktn: &KineticTransitionNetwork, theme: Theme) -> Scene {
    let layout = network_layout(ktn, &NetworkLayoutParams::default(), None, &mut silent);
    let (mut edges, glyphs) = laid_out_network(ktn, &layout);
    edges.scale = edges.scale.map(|scale| scale.visible_on(&theme));
    Scene { theme, edges: Some(edges), glyphs: Some(glyphs), ..Scene::default() }
}

fn network_footer(ktn: &KineticTransitionNetwork) -> String {
    format!(
        "{} minima, {} transition states; laid out by connections, not by distance",
        ktn.minima().len(),
        ktn.transition_states().len()
    )
}
