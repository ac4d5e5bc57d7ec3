//! Small scenes that exercise every layer.

use fillscape::render::{
    Camera, ColourMap, ColourScale, Edge, EdgeLayer, FieldGrid, FieldLayer, Glyph, GlyphLayer, GlyphShape, Outline,
    PointColours, PointLayer, PointMark, Scene, Shared, Theme, Viewport, even_levels,
};

pub const VIEWPORT: Viewport = Viewport { size_px: [320, 200], px_per_point: 1.0 };

/// Numbers in [0, 1) that look random.
pub fn noise(seed: u64) -> impl FnMut() -> f32 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32
    }
}

pub fn places(n: usize, seed: u64, flat: bool) -> Vec<[f32; 3]> {
    let mut next = noise(seed);
    let mut place = || [2.0 * next() - 1.0, 1.2 * next() - 0.6, if flat { 0.0 } else { next() - 0.5 }];
    (0..n).map(|_| place()).collect()
}

pub fn points(n: usize, flat: bool) -> PointLayer {
    let positions = Shared::new(places(n, 7, flat));
    let values: Vec<f32> = positions.iter().map(|p| p[0] + p[1]).collect();
    let scale = ColourScale::over(ColourMap::Viridis, &values, "response", "");
    let mut layer = PointLayer::new(positions, Theme::LIGHT.point);
    layer.colours = PointColours::Values { values: Shared::new(values), scale };
    layer
}

pub fn selection(n: usize) -> Shared<Vec<u8>> {
    Shared::new((0..n).map(|i| if i % 9 == 0 { PointMark::SELECTED } else { u8::from(i % 11 == 0) }).collect())
}

pub fn field() -> FieldLayer {
    let mut grid =
        FieldGrid { size: [24, 16], corners: [[-1.0, -0.6], [1.0, 0.6]], values: Vec::new(), supported: Vec::new() };
    for y in 0..16 {
        for x in 0..24 {
            let [px, py] = grid.place(x, y);
            grid.values.push((-4.0 * (px * px + 2.0 * py * py)).exp() as f32 + 0.3 * px as f32);
            grid.supported.push(px < 0.5);
        }
    }
    let range = grid.range();
    let scale = ColourScale { map: ColourMap::Magma, range, label: "R".into(), unit: String::new() };
    FieldLayer { grid: Shared::new(grid), scale, opacity: 0.9, fade: 0.2, contours: even_levels(range, 4) }
}

pub fn edges() -> EdgeLayer {
    let ends = places(40, 21, true);
    let edge = |(k, w): (usize, &[[f32; 3]])| Edge { from: w[0], to: w[1], value: k as f32 };
    let edges: Vec<Edge> = ends.windows(2).enumerate().map(edge).collect();
    let values: Vec<f32> = edges.iter().map(|e| e.value).collect();
    let scale = ColourScale::over(ColourMap::Cividis, &values, "barrier", "");
    EdgeLayer {
        edges: Shared::new(edges),
        scale: Some(scale),
        plain: false,
        widths: [0.5, 4.0],
        opacity: 0.8,
        selected: vec![3],
    }
}

pub fn glyphs() -> GlyphLayer {
    let shape = |k: usize| GlyphShape::ALL[k % 5];
    let glyph = |(k, place): (usize, &[f32; 3])| Glyph { place: *place, shape: shape(k), value: f32::NAN, radius: 6.0 };
    let glyphs = places(25, 3, true).iter().enumerate().map(glyph).collect();
    GlyphLayer { glyphs: Shared::new(glyphs), scale: None, selected: vec![1, 7], hovered: Some(4) }
}

pub fn lasso() -> Outline {
    let at = |k: usize| {
        let turn = std::f32::consts::TAU * k as f32 / 40.0;
        [0.5 * turn.cos(), 0.4 * turn.sin() + 0.05]
    };
    let places = (0..40).map(at).collect();
    Outline { places, closed: true, colour: Theme::LIGHT.selection, width: 1.6, dash: 5.0 }
}

/// Every layer at once.
pub fn everything(theme: Theme) -> Scene {
    let mut layer = points(400, true);
    layer.marks = Some(selection(400));
    layer.hovered = Some(13);
    Scene {
        theme,
        fields: vec![field()],
        points: Some(layer),
        edges: Some(edges()),
        glyphs: Some(glyphs()),
        outlines: vec![lasso()],
    }
}

pub fn camera(flat: bool) -> Camera {
    Camera::framing([[-1.0, -0.6, -0.5], [1.0, 0.6, 0.5]], flat, VIEWPORT.size())
}
