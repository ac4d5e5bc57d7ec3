//! A network of stationary points as edges and glyphs.

use super::colour_map::{ColourMap, ColourScale};
use super::scene::{Edge, EdgeLayer, Glyph, GlyphLayer, GlyphShape};
use super::shared::Shared;
use crate::landscape::{KineticTransitionNetwork, NetworkLayout};

/// Edges and glyphs of a network whose stationary points were placed on a map.
///
/// * `minima`, `transition_states` – their places, in the order of the network
///
/// Every transition state is joined to its minima by an edge each, whose value is the barrier
/// max(0, `E_ts` − `E_min`); a degenerate one has a single edge. Glyphs come in the order: minima, then transition
/// states.
///
/// # Panics
/// When there is not a place for every point.
pub fn network_layers(
    ktn: &KineticTransitionNetwork,
    minima: &[[f32; 3]],
    transition_states: &[[f32; 3]],
) -> (EdgeLayer, GlyphLayer) {
    assert_eq!(minima.len(), ktn.minima().len(), "a place for every minimum");
    assert_eq!(transition_states.len(), ktn.transition_states().len(), "a place for every transition state");
    let mut edges = Vec::new();
    for (t, place) in ktn.transition_states().iter().zip(transition_states) {
        let ends = if t.is_degenerate() { vec![t.minima.0] } else { vec![t.minima.0, t.minima.1] };
        for end in ends {
            let position = ktn.minimum_position(end).expect("every end is a minimum held");
            let value = (t.energy - ktn.minima()[position].energy).max(0.0) as f32;
            edges.push(Edge { from: minima[position], to: *place, value });
        }
    }
    let radius = glyph_radius(minima.len() + transition_states.len());
    let mut glyphs: Vec<Glyph> = minima.iter().zip(ktn.minima()).map(|(place, m)| minimum(*place, m, radius)).collect();
    glyphs.extend(transition_states.iter().zip(ktn.transition_states()).map(|(place, t)| {
        let shape = GlyphShape::of_transition_state(on_boundary(t.support), t.is_degenerate());
        Glyph { place: *place, shape, value: t.energy as f32, radius: 0.85 * radius }
    }));
    (edge_layer(edges), glyph_layer(glyphs, None))
}

/// Edges and glyphs of a network laid out by its connections: minima coloured by energy, joined by edges whose value
/// is the height of the transition state above the lower of the two.
pub fn laid_out_network(ktn: &KineticTransitionNetwork, layout: &NetworkLayout) -> (EdgeLayer, GlyphLayer) {
    let place = |id| {
        let [x, y] = layout.place(id).unwrap_or([f64::NAN; 2]);
        [x as f32, y as f32, 0.0]
    };
    let mut edges = Vec::new();
    for t in ktn.transition_states().iter().filter(|t| !t.is_degenerate()) {
        let energy = |id| ktn.minimum(id).map_or(t.energy, |m| m.energy);
        let value = (t.energy - energy(t.minima.0).min(energy(t.minima.1))).max(0.0) as f32;
        edges.push(Edge { from: place(t.minima.0), to: place(t.minima.1), value });
    }
    let radius = glyph_radius(ktn.minima().len());
    let glyphs: Vec<Glyph> = ktn.minima().iter().map(|m| minimum(place(m.id), m, radius)).collect();
    let energies: Vec<f32> = ktn.minima().iter().map(|m| m.energy as f32).collect();
    let scale = ColourScale::over(ColourMap::Viridis, &energies, "energy", "");
    (edge_layer(edges), glyph_layer(glyphs, Some(scale)))
}

fn minimum(place: [f32; 3], m: &crate::landscape::Minimum, radius: f32) -> Glyph {
    Glyph { place, shape: GlyphShape::of_minimum(on_boundary(m.support)), value: m.energy as f32, radius }
}

fn on_boundary(support: crate::landscape::Support) -> bool {
    support.n_bound.is_some_and(|n| n > 0)
}

fn glyph_radius(n: usize) -> f32 {
    match n {
        0..=60 => 6.5,
        61..=400 => 4.5,
        401..=3000 => 3.2,
        _ => 2.2,
    }
}

fn edge_layer(edges: Vec<Edge>) -> EdgeLayer {
    let values: Vec<f32> = edges.iter().map(|e| e.value).collect();
    let scale = ColourScale::over(ColourMap::Magma, &values, "barrier", "");
    let (widths, opacity) = if edges.len() > 2000 { ([0.4, 1.6], 0.45) } else { ([0.7, 3.0], 0.7) };
    EdgeLayer { edges: Shared::new(edges), scale: Some(scale), plain: false, widths, opacity, selected: Vec::new() }
}

fn glyph_layer(glyphs: Vec<Glyph>, scale: Option<ColourScale>) -> GlyphLayer {
    GlyphLayer { glyphs: Shared::new(glyphs), scale, selected: Vec::new(), hovered: None }
}
