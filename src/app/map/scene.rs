//! What the window knows, as the scene that the renderer draws. Large parts are kept and shared by identity.

use std::sync::Arc;

use eframe::egui::Color32;

use super::home;
use super::legend::{ShapeCounts, shape_counts, shapes_legend};
use crate::app::data::{DataSet, MapPlaces, RowSet, Values};
use crate::app::picture::{Heatmap, Layer};
use crate::app::state::State;
use crate::app::study::{Field, NetworkOnMap};
use crate::app::theme::Palette;
use crate::render::{
    ColourMap, ColourScale, Edge, EdgeLayer, FieldGrid, FieldLayer, Glyph, GlyphLayer, GlyphShape, GridFrame,
    PointColours, PointLayer, PointMark, Positions, Rgba, Scene, Shared, Theme, density, even_levels,
};

/// What the legend says.
#[derive(Debug, Clone, PartialEq)]
pub enum Legend {
    /// A colour bar.
    Scale(ColourScale),
    /// A colour bar of a field that is hatched where support is weak.
    HatchedScale(ColourScale),
    /// A colour a word, with how often it occurs.
    Words(String, Vec<(String, Rgba, usize)>),
    /// Kinds of stationary points, with how many there are.
    Shapes(Vec<(GlyphShape, Rgba, usize)>),
}

/// Colours of categories that colour-blind readers tell apart (Okabe and Ito, 2008), for light and dark grounds.
const CATEGORIES: [Rgba; 8] = [
    [230, 159, 0, 255],
    [86, 180, 233, 255],
    [0, 158, 115, 255],
    [213, 94, 0, 255],
    [0, 114, 178, 255],
    [204, 121, 167, 255],
    [240, 228, 66, 255],
    [140, 140, 140, 255],
];

/// Part of the heatmap's colours that is used: dots stay visible on its highest places.
const HEATMAP_PART: f32 = 0.9;
/// Width of the rim around dots that lie on a field, in points.
const RIM: f32 = 0.7;
/// Dots that get a rim, at most.
const MOST_RIMMED: usize = 50_000;
/// Cells of the density along the map.
const DENSITY_CELLS: usize = 192;
/// Standard deviation of the density's smoothing, as a part of the map.
const DENSITY_SIGMA: f64 = 0.015;

type ColourKey = (Option<String>, ColourMap, bool);
type MarksKey = (Arc<RowSet>, Option<Arc<RowSet>>);
/// A network, the energy up to which it is flooded, and whether it is seen in space.
type FloodKey = (Arc<NetworkOnMap>, Option<f64>, bool);
/// What was drawn of which network, with how many glyphs there are of each shape.
type DrawnNetwork = (FloodKey, Shared<Vec<Edge>>, Shared<Vec<Glyph>>, ShapeCounts);

/// Kept pieces of the scene with what they were made from.
#[derive(Debug, Default)]
pub struct SceneCache {
    serial: u64,
    positions: Option<Positions>,
    /// The same with their third coordinates.
    with_heights: Option<Positions>,
    /// The places on the map before, while dots are on their way from there.
    moving_from: Option<Positions>,
    colours: Option<(ColourKey, PointColours, Option<Legend>)>,
    marks: Option<(MarksKey, Shared<Vec<u8>>)>,
    density: Option<(Option<Arc<RowSet>>, Shared<FieldGrid>)>,
    network: Option<DrawnNetwork>,
    /// A field, and the same without hatches.
    unhatched: Option<(Shared<FieldGrid>, Shared<FieldGrid>)>,
}

impl SceneCache {
    /// Forgets what belongs to other data. When the same molecules stand elsewhere, they are on their way there.
    pub fn renew(&mut self, state: &State, map: &MapPlaces) {
        if self.serial == state.data_serial {
            return;
        }
        let before = self.positions.take().filter(|before| before.len() == map.places.len());
        *self = Self { serial: state.data_serial, ..Self::default() };
        let now = self.positions(map);
        self.moving_from = before.filter(|before| **before != *now);
    }

    /// Whether dots are on their way from another map.
    pub fn is_moving(&self) -> bool {
        self.moving_from.is_some()
    }

    /// Dots have come to their places.
    pub fn arrive(&mut self) {
        self.moving_from = None;
    }

    /// The scene of the state, and the legends of its layers.
    ///
    /// * `transition` – how far dots have come from the map before, 0 to 1
    pub fn scene(
        &mut self,
        state: &State,
        palette: &Palette,
        data: &DataSet,
        map: &MapPlaces,
        transition: f32,
    ) -> (Scene, Vec<Legend>) {
        self.renew(state, map);
        let picture = &state.picture;
        let in_space = state.sees_space();
        let mut legends = Vec::new();
        let mut scene = Scene { theme: theme(palette), ..Scene::default() };
        // Fields lie on the plane: in space there is nothing to lay them on.
        if picture.shows(Layer::Heatmap)
            && !in_space
            && let Some(grid) = state.study.as_ref().and_then(|study| study.fields.get(picture.heatmap.field))
        {
            let layer = self.heatmap(grid, picture.heatmap, palette.dark);
            let hatched = layer.grid.supported.iter().any(|supported| !supported);
            let legend = if hatched { Legend::HatchedScale } else { Legend::Scale };
            legends.push(legend(layer.scale.clone()));
            scene.fields.push(layer);
        }
        if picture.shows(Layer::Density) && !in_space {
            let grid = self.density(state, map);
            let scale = ColourScale::over(ColourMap::Cividis, &grid.values, "Density", "per unit²");
            legends.push(Legend::Scale(scale.clone()));
            let contours = even_levels(scale.range, 6);
            scene.fields.push(FieldLayer { grid, scale, opacity: 0.7, fade: 0.3, contours });
        }
        if picture.shows(Layer::Points) {
            let (colours, legend) = self.colours(state, palette, data);
            legends.extend(legend);
            let mut layer = self.points(state, map, colours, transition);
            if !scene.fields.is_empty() {
                put_on_field(&mut layer, palette);
            }
            scene.points = Some(layer);
        }
        if picture.shows(Layer::Network)
            && let Some(network) = state.study.as_ref().and_then(|study| study.network_on_map.clone())
        {
            let (scale, counts) = self.network(state, &network, &mut scene);
            legends.extend(scale.map(Legend::Scale));
            legends.push(shapes_legend(counts, &scene.theme));
        }
        (scene, legends)
    }

    fn heatmap(&mut self, grid: Shared<FieldGrid>, look: Heatmap, dark: bool) -> FieldLayer {
        let [title, unit] = look.field.title();
        let mut scale = ColourScale::over(look.field.colours(), &grid.values, title, unit);
        let rises = look.field.colours() == ColourMap::Magma;
        if rises {
            scale.range[0] = 0.0;
        }
        let contours = even_levels(scale.range, look.levels);
        if rises {
            // Dots stay visible on the highest places.
            scale.range[1] = scale.range[1].max(f32::MIN_POSITIVE) / HEATMAP_PART;
        }
        // Without hatches every cell counts as supported; the grid is made anew only when that changes.
        let grid = match (&self.unhatched, look.hatched || grid.supported.is_empty()) {
            (_, true) => grid,
            (Some((of, plain)), false) if *of == grid => plain.clone(),
            _ => {
                let plain = Shared::new(FieldGrid { supported: Vec::new(), ..(*grid).clone() });
                self.unhatched = Some((grid, plain.clone()));
                plain
            }
        };
        // What is low says something as well, but for roughness: there it is the ground.
        let fade = match look.field {
            // The dark end of the colours would be soot on a light ground.
            Field::Roughness | Field::Frustration | Field::Exact if !dark => 0.42,
            Field::Roughness | Field::Frustration | Field::Exact | Field::Support => 0.22,
            Field::Similarity | Field::Difference => 0.0,
        };
        FieldLayer { grid, scale, opacity: 0.92, fade, contours }
    }

    fn points(&mut self, state: &State, map: &MapPlaces, colours: PointColours, transition: f32) -> PointLayer {
        let in_space = state.sees_space();
        let positions = if in_space { self.in_space(map) } else { self.positions(map) };
        let picture = &state.picture;
        let n = map.places.len();
        let marked = !picture.selection.is_empty() || picture.filter.is_some();
        let mut layer = PointLayer::new(positions, [0; 4]);
        layer.radius = picture.point_size * 0.5 * radius_share(n);
        layer.colours = colours;
        layer.hovered = state.hovered.filter(|&row| row < n).map(|row| row as u32);
        layer.marks = marked.then(|| self.marks(state, n));
        layer.moving_from = self.moving_from.clone().filter(|_| !in_space);
        layer.transition = transition;
        layer.opacity = 0.9;
        layer.dimmed = 0.35;
        layer
    }

    fn positions(&mut self, map: &MapPlaces) -> Positions {
        let flat = || Shared::new(map.places.iter().map(|[x, y]| [*x, *y, 0.0]).collect());
        self.positions.get_or_insert_with(flat).clone()
    }

    /// Where rows stand in space.
    pub fn in_space(&mut self, map: &MapPlaces) -> Positions {
        let all = || Shared::new((0..map.places.len()).filter_map(|row| map.in_space(row)).collect());
        self.with_heights.get_or_insert_with(all).clone()
    }

    fn marks(&mut self, state: &State, n: usize) -> Shared<Vec<u8>> {
        let picture = &state.picture;
        let key = (picture.selection.clone(), picture.filter.as_ref().map(|filter| filter.rows.clone()));
        let same = |known: &MarksKey| {
            Arc::ptr_eq(&known.0, &key.0)
                && match (&known.1, &key.1) {
                    (None, None) => true,
                    (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                    _ => false,
                }
        };
        if let Some((known, marks)) = &self.marks
            && same(known)
        {
            return marks.clone();
        }
        let mut marks = vec![0u8; n];
        if let Some(rows) = &key.1 {
            marks.fill(PointMark::HIDDEN);
            rows.iter().filter(|&row| row < n).for_each(|row| marks[row] = 0);
        }
        key.0.iter().filter(|&row| row < n).for_each(|row| marks[row] |= PointMark::SELECTED);
        let marks = Shared::new(marks);
        self.marks = Some((key, marks.clone()));
        marks
    }

    fn colours(&mut self, state: &State, palette: &Palette, data: &DataSet) -> (PointColours, Option<Legend>) {
        let picture = &state.picture;
        let key = (picture.colour_by.clone(), picture.gradient, palette.dark);
        if let Some((known, colours, legend)) = &self.colours
            && *known == key
        {
            return (colours.clone(), legend.clone());
        }
        let (colours, legend) = colours_of(data, key.0.as_deref(), key.1, palette);
        self.colours = Some((key, colours.clone(), legend.clone()));
        (colours, legend)
    }

    fn density(&mut self, state: &State, map: &MapPlaces) -> Shared<FieldGrid> {
        let rows = state.picture.filter.as_ref().map(|filter| filter.rows.clone());
        if let Some((known, grid)) = &self.density
            && *known == rows
        {
            return grid.clone();
        }
        let camera = home(&map.places);
        let corner = |sign: f32| camera.centre.map(|c| f64::from(c + sign * 0.5 * camera.span));
        let frame = GridFrame::around([corner(-1.0), corner(1.0)], DENSITY_CELLS, 0.0);
        let sigma = DENSITY_SIGMA * f64::from(camera.span);
        let positions = self.positions(map);
        let grid = Shared::new(density(&positions, |row| state.picture.passes(row), frame, sigma));
        self.density = Some((rows, grid.clone()));
        grid
    }

    /// Puts the network into the scene; the scale of its edges, where their colours tell the barrier, and how many glyphs
    /// there are of each shape.
    fn network(
        &mut self,
        state: &State,
        network: &Arc<NetworkOnMap>,
        scene: &mut Scene,
    ) -> (Option<ColourScale>, ShapeCounts) {
        let (flood, in_space) = (state.flood, state.sees_space());
        let same = |(known, at, space): &FloodKey| Arc::ptr_eq(known, network) && (*at, *space) == (flood, in_space);
        let known = self.network.as_ref().filter(|(key, ..)| same(key));
        let (edges, glyphs, counts) = match known {
            Some((_, edges, glyphs, counts)) => (edges.clone(), glyphs.clone(), *counts),
            None => {
                let (edges, glyphs) = network_shapes(network, flood, in_space);
                let counts = shape_counts(&glyphs);
                (Shared::new(edges), Shared::new(glyphs), counts)
            }
        };
        self.network = Some(((network.clone(), flood, in_space), edges.clone(), glyphs.clone(), counts));
        let barriers: Vec<f32> = edges.iter().map(|edge| edge.value).collect();
        let scale = ColourScale::over(ColourMap::Cividis, &barriers, "Barrier", "E").visible_on(&scene.theme);
        // One colour bar at a time: over a field, the width alone tells the barrier.
        let plain = !scene.fields.is_empty();
        scene.edges = Some(EdgeLayer {
            edges,
            scale: Some(scale.clone()),
            plain,
            widths: if plain { [0.4, 1.6] } else { [0.7, 2.4] },
            opacity: if plain { 0.45 } else { 0.8 },
            selected: Vec::new(),
        });
        let selected = state.marked_minima.iter().filter_map(|id| network.position(*id)).map(|at| at as u32).collect();
        let hovered = state.focus.hovered.and_then(|id| network.position(id)).map(|at| at as u32);
        scene.glyphs = Some(GlyphLayer { glyphs, scale: None, selected, hovered });
        ((!plain && !barriers.is_empty()).then_some(scale), counts)
    }
}

/// The molecules where they are while another map forms.
pub fn forming_scene(state: &State, palette: &Palette, data: &DataSet, places: Positions) -> Scene {
    let (colours, _) = colours_of(data, state.picture.colour_by.as_deref(), state.picture.gradient, palette);
    let n = places.len();
    let mut layer = PointLayer::new(places, rgba(palette.point));
    layer.radius = state.picture.point_size * 0.5 * radius_share(n);
    layer.colours = colours;
    Scene { theme: theme(palette), points: Some(layer), ..Scene::default() }
}

/// Dots on a field are small and in one quiet colour unless they have values to show, with a rim to stand out.
fn put_on_field(layer: &mut PointLayer, palette: &Palette) {
    if matches!(layer.colours, PointColours::One(_)) {
        layer.colours = PointColours::One(rgba(palette.ink));
        layer.radius *= 0.5;
        layer.opacity = 0.55;
    }
    if layer.positions.len() <= MOST_RIMMED {
        layer.rim = RIM;
    }
}

/// Fewer points are drawn larger, so that the chosen size means the same at every number.
fn radius_share(n: usize) -> f32 {
    match n {
        0..=3_000 => 1.4,
        3_001..=30_000 => 1.0,
        30_001..=300_000 => 0.7,
        _ => 0.5,
    }
}

/// Edges and glyphs of a network; flooded up to an energy, only what lies below it is joined, and minima above it are
/// small.
fn network_shapes(network: &NetworkOnMap, flood: Option<f64>, in_space: bool) -> (Vec<Edge>, Vec<Glyph>) {
    let place = |[x, y]: [f32; 2], z: f32| [x, y, if in_space { z } else { 0.0 }];
    let wet = |energy: f64| flood.is_none_or(|flood| energy <= flood);
    let mut glyphs: Vec<Glyph> = network
        .minima
        .iter()
        .map(|minimum| Glyph {
            place: place(minimum.place, minimum.height),
            shape: GlyphShape::of_minimum(minimum.on_boundary),
            value: f32::NAN,
            radius: if wet(minimum.energy) { 3.0 } else { 1.5 },
        })
        .collect();
    let mut edges = Vec::new();
    for state in network.transition_states.iter().filter(|state| wet(state.energy)) {
        glyphs.push(Glyph {
            place: place(state.place, state.height),
            shape: GlyphShape::of_transition_state(state.on_boundary, state.degenerate),
            value: f32::NAN,
            radius: 2.2,
        });
        for [x, y, z] in state.ends {
            let from = place(state.place, state.height);
            edges.push(Edge { from, to: place([x, y], z), value: state.barrier as f32 });
        }
    }
    (edges, glyphs)
}

fn colours_of(
    data: &DataSet,
    column: Option<&str>,
    map: ColourMap,
    palette: &Palette,
) -> (PointColours, Option<Legend>) {
    let plain = PointColours::One(rgba(palette.point));
    let Some(column) = column.and_then(|name| data.column(name)) else { return (plain, None) };
    match &column.values {
        Values::Number(values) => {
            let values: Vec<f32> = values.iter().map(|value| *value as f32).collect();
            let scale = ColourScale::over(map, &values, &column.name, &column.unit);
            let colours = PointColours::Values { values: Shared::new(values), scale: scale.clone() };
            (colours, Some(Legend::Scale(scale)))
        }
        Values::Text(values) => {
            let words = column.words();
            let mut shown: Vec<(String, Rgba, usize)> = words
                .iter()
                .zip(CATEGORIES)
                .take(CATEGORIES.len() - 1)
                .map(|((word, n), colour)| (word.clone(), colour, *n))
                .collect();
            let others: usize = words.iter().skip(shown.len()).map(|(_, n)| n).sum();
            let other = CATEGORIES[CATEGORIES.len() - 1];
            let of = |value: &String| {
                shown.iter().find(|(word, _, _)| word == value).map_or(other, |(_, colour, _)| *colour)
            };
            let colours = PointColours::Each(Shared::new(values.iter().map(of).collect()));
            if others > 0 {
                shown.push((format!("{} other words", words.len() - shown.len()), other, others));
            }
            (colours, Some(Legend::Words(column.name.clone(), shown)))
        }
    }
}

/// A colour as the renderer has it.
pub fn rgba(colour: Color32) -> Rgba {
    colour.to_srgba_unmultiplied()
}

/// The renderer's colours of a theme.
pub fn theme(palette: &Palette) -> Theme {
    let usual = if palette.dark { Theme::DARK } else { Theme::LIGHT };
    Theme {
        background: rgba(palette.canvas),
        ink: rgba(palette.ink),
        faint: rgba(palette.ink_weak),
        grid: rgba(palette.line),
        unknown: rgba(palette.missing),
        point: rgba(palette.point),
        halo: rgba(palette.canvas),
        ..usual
    }
}
