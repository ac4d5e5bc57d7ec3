//! A laid-out network as edges and glyphs, kept between frames.

use std::collections::{BTreeMap, BTreeSet};

use super::neighbourhood::Neighbourhood;
use crate::app::map::{Legend, home, shape_counts, shapes_legend};
use crate::app::picture::Camera;
use crate::app::study::Landscape;
use crate::landscape::disconnectivity::{LowestPath, PointId};
use crate::landscape::{MinimumId, NetworkLayout, Support, TransitionState, TransitionStateId};
use crate::render::{ColourMap, ColourScale, Edge, EdgeLayer, Glyph, GlyphLayer, GlyphShape, Shared, Theme};

/// What the colour of an edge says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EdgeValue {
    /// The barrier above the lower end.
    #[default]
    Barrier,
    /// The frustration of the transition state.
    Frustration,
}

impl EdgeValue {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Barrier, Self::Frustration];

    /// The word on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Barrier => "Barrier",
            Self::Frustration => "Frustration",
        }
    }

    /// What it means.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Barrier => "Energy of the transition state above the lower of its two minima",
            Self::Frustration => "The larger contribution of the transition state to its two minima, ℓ = 0.8",
        }
    }
}

/// What the shapes follow from.
#[derive(Debug, Clone, PartialEq)]
pub struct ShapesKey {
    /// Which layout.
    pub layout: usize,
    /// What edges say.
    pub value: EdgeValue,
    /// Whether boundary and degenerate transition states are marked.
    pub special: bool,
    /// Version of the neighbourhood; 0 for the whole network.
    pub shown: u64,
    /// Only what lies below this energy is joined.
    pub flood: Option<f64>,
    /// On dark ground.
    pub dark: bool,
}

/// A network as it is drawn.
#[derive(Debug)]
pub struct Shapes {
    /// Ids of the minima shown, ascending; their glyphs come first and in this order.
    pub ids: Vec<u32>,
    /// Where they stand.
    pub places: Vec<[f32; 2]>,
    /// The edges.
    pub edges: Shared<Vec<Edge>>,
    /// What the colours mean.
    pub legends: Vec<Legend>,
    /// The camera that shows all.
    pub home: Camera,
    transition_states: Vec<TransitionStateId>,
    glyphs: Shared<Vec<Glyph>>,
    edge_scale: ColourScale,
    glyph_scale: ColourScale,
}

impl Shapes {
    /// Draws the minima that are shown, an edge for every transition state between two of them, and marks for those on
    /// the boundary (half way) and those that return to their own minimum (beside it).
    pub fn new(
        landscape: &Landscape,
        layout: &NetworkLayout,
        around: Option<&Neighbourhood>,
        key: &ShapesKey,
        theme: &Theme,
    ) -> Self {
        let ktn = &landscape.network;
        let shown = |id: MinimumId| around.is_none_or(|around| around.holds(id));
        let place = |id: MinimumId| layout.place(id).map(|[x, y]| [x as f32, y as f32]);
        let wet = |energy: f64| key.flood.is_none_or(|flood| energy <= flood);
        let (mut ids, mut places, mut glyphs) = (Vec::new(), Vec::new(), Vec::new());
        let n = around.map_or(ktn.minima().len(), Neighbourhood::len);
        let radius = radius_for(n);
        for m in ktn.minima().iter().filter(|m| shown(m.id)) {
            let Some([x, y]) = place(m.id) else { continue };
            ids.push(m.id.0);
            places.push([x, y]);
            let radius = if wet(m.energy) { radius } else { 0.5 * radius };
            let shape = GlyphShape::of_minimum(on_boundary(&m.support));
            glyphs.push(Glyph { place: [x, y, 0.0], shape, value: m.energy as f32, radius });
        }
        let frustrated = match key.value {
            EdgeValue::Barrier => BTreeMap::new(),
            EdgeValue::Frustration => largest_contributions(landscape),
        };
        let value = |t: &TransitionState| match key.value {
            EdgeValue::Barrier => {
                let energy = |id| ktn.minimum(id).map_or(t.energy, |m| m.energy);
                (t.energy - energy(t.minima.0).min(energy(t.minima.1))).max(0.0) as f32
            }
            EdgeValue::Frustration => frustrated.get(&t.id).copied().unwrap_or(0.0) as f32,
        };
        let mut edges = Vec::new();
        let mut transition_states = Vec::new();
        let mark = |place: [f32; 2], shape| Glyph {
            place: [place[0], place[1], 0.0],
            shape,
            value: f32::NAN,
            radius: 0.8 * radius,
        };
        for t in ktn.transition_states() {
            if !(shown(t.minima.0) && shown(t.minima.1) && wet(t.energy)) {
                continue;
            }
            let (Some(a), Some(b)) = (place(t.minima.0), place(t.minima.1)) else { continue };
            if t.is_degenerate() {
                if key.special {
                    glyphs.push(mark([a[0] + 0.12, a[1] + 0.12], GlyphShape::Cross));
                }
                continue;
            }
            transition_states.push(t.id);
            edges.push(Edge { from: [a[0], a[1], 0.0], to: [b[0], b[1], 0.0], value: value(t) });
            if key.special && on_boundary(&t.support) {
                glyphs.push(mark([0, 1].map(|k| f32::midpoint(a[k], b[k])), GlyphShape::Triangle));
            }
        }
        let values: Vec<f32> = edges.iter().map(|edge| edge.value).collect();
        let edge_scale =
            ColourScale::over(ColourMap::Magma, &values, key.value.label(), "units of E").visible_on(theme);
        let energies: Vec<f32> = glyphs[..ids.len()].iter().map(|glyph| glyph.value).collect();
        let glyph_scale = ColourScale::over(ColourMap::Viridis, &energies, "E of the minima", "scaled");
        let mut legends = vec![shapes_legend(shape_counts(&glyphs), theme), Legend::Scale(glyph_scale.clone())];
        if !edges.is_empty() {
            legends.push(Legend::Scale(edge_scale.clone()));
        }
        Self {
            home: home(&places),
            ids,
            places,
            edges: Shared::new(edges),
            legends,
            transition_states,
            glyphs: Shared::new(glyphs),
            edge_scale,
            glyph_scale,
        }
    }

    /// The layers, without marks of what is selected.
    pub fn layers(&self) -> (EdgeLayer, GlyphLayer) {
        let many = self.edges.len() > 2000;
        let (widths, opacity) = if many { ([0.4, 1.6], 0.45) } else { ([0.8, 2.6], 0.75) };
        let edges = EdgeLayer {
            edges: self.edges.clone(),
            scale: Some(self.edge_scale.clone()),
            plain: false,
            widths,
            opacity,
            selected: Vec::new(),
        };
        let glyphs = GlyphLayer {
            glyphs: self.glyphs.clone(),
            scale: Some(self.glyph_scale.clone()),
            selected: Vec::new(),
            hovered: None,
        };
        (edges, glyphs)
    }

    /// The edges that a path runs over.
    pub fn edges_of_path(&self, path: Option<&LowestPath>) -> Vec<u32> {
        let Some(path) = path else { return Vec::new() };
        let on_path: BTreeSet<TransitionStateId> = path
            .points
            .iter()
            .filter_map(|point| match point.point {
                PointId::TransitionState(id) => Some(id),
                PointId::Minimum(_) => None,
            })
            .collect();
        let at = self.transition_states.iter().enumerate().filter(|(_, id)| on_path.contains(id));
        at.map(|(at, _)| at as u32).collect()
    }
}

fn radius_for(n: usize) -> f32 {
    match n {
        0..=60 => 6.5,
        61..=400 => 4.5,
        401..=3000 => 3.2,
        _ => 2.0,
    }
}

fn on_boundary(support: &Support) -> bool {
    support.n_bound.is_some_and(|n| n > 0)
}

fn largest_contributions(landscape: &Landscape) -> BTreeMap<TransitionStateId, f64> {
    let mut largest = BTreeMap::new();
    for c in &landscape.contributions[0] {
        let value = largest.entry(c.transition_state).or_insert(0.0_f64);
        *value = value.max(c.frustration);
    }
    largest
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::landscape::KineticTransitionNetwork;

    /// 0 – 1 – 2 with a state on the boundary between 1 and 2, and a degenerate one at 0.
    fn landscape() -> (Arc<Landscape>, NetworkLayout) {
        let mut network = KineticTransitionNetwork::in_unit_box(1);
        let ids: Vec<MinimumId> =
            [0.1, 0.5, 0.9].iter().map(|&x| network.push_minimum(vec![x], x, Support::default()).unwrap()).collect();
        let bound = Support { n_bound: Some(1), ..Support::default() };
        network.push_transition_state(vec![0.3], 1.0, (ids[0], ids[1]), Support::default()).unwrap();
        network.push_transition_state(vec![0.7], 2.0, (ids[1], ids[2]), bound).unwrap();
        network.push_transition_state(vec![0.05], 3.0, (ids[0], ids[0]), Support::default()).unwrap();
        let places = ids.iter().enumerate().map(|(k, id)| (*id, [k as f64, 0.0])).collect();
        let all = crate::landscape::contributions(&network, 0.8, crate::landscape::ParallelConvention::Each);
        let landscape = Landscape { contributions: [all.clone(), all], frustration: [0.0; 2], network };
        (Arc::new(landscape), NetworkLayout { places, converged: true })
    }

    fn key() -> ShapesKey {
        ShapesKey { layout: 0, value: EdgeValue::Barrier, special: true, shown: 0, flood: None, dark: false }
    }

    #[test]
    fn every_kind_is_marked_and_edges_carry_barriers() {
        let (landscape, layout) = landscape();
        let shapes = Shapes::new(&landscape, &layout, None, &key(), &Theme::LIGHT);
        assert_eq!(shapes.ids, [0, 1, 2]);
        let barriers: Vec<f32> = shapes.edges.iter().map(|edge| edge.value).collect();
        assert!((barriers[0] - 0.9).abs() < 1e-6 && (barriers[1] - 1.5).abs() < 1e-6, "{barriers:?}");
        let kinds: Vec<GlyphShape> = shapes.glyphs.iter().skip(3).map(|glyph| glyph.shape).collect();
        assert_eq!(kinds, [GlyphShape::Triangle, GlyphShape::Cross]);
        let plain = Shapes::new(&landscape, &layout, None, &ShapesKey { special: false, ..key() }, &Theme::LIGHT);
        assert_eq!(plain.glyphs.len(), 3);
    }

    #[test]
    fn a_flood_hides_what_lies_above_it_and_a_neighbourhood_what_is_farther() {
        let (landscape, layout) = landscape();
        let low = Shapes::new(&landscape, &layout, None, &ShapesKey { flood: Some(1.5), ..key() }, &Theme::LIGHT);
        assert_eq!(low.edges.len(), 1);
        let mut around = Neighbourhood::new(&landscape, &[0]);
        assert_eq!(around.len(), 1);
        around.expand(&landscape, 0);
        assert_eq!(around.len(), 2);
        let near = Shapes::new(&landscape, &layout, Some(&around), &key(), &Theme::LIGHT);
        assert_eq!((near.ids.len(), near.edges.len()), (2, 1));
        around.expand_all(&landscape);
        assert_eq!(around.len(), 3);
    }
}
