//! What is to be seen, in plain values. Comparing two scenes is cheap: large data are compared by identity.

use super::colour_map::ColourScale;
use super::shared::Shared;
use super::theme::{Rgba, Theme};
use serde::{Deserialize, Serialize};

/// A picture of a map. Layers are drawn in the order of the fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scene {
    /// Colours of everything but data.
    pub theme: Theme,
    /// Fields on the plane z = 0: frustration, density.
    pub fields: Vec<FieldLayer>,
    /// Points.
    pub points: Option<PointLayer>,
    /// Edges of a network.
    pub edges: Option<EdgeLayer>,
    /// Stationary points.
    pub glyphs: Option<GlyphLayer>,
    /// Lassos and regions.
    pub outlines: Vec<Outline>,
}

/// Places of points in the world of the map; on a plane the third coordinate is 0.
pub type Positions = Shared<Vec<[f32; 3]>>;

/// Points of one data set.
#[derive(Debug, Clone, PartialEq)]
pub struct PointLayer {
    /// Where they are. The buffer is uploaded once.
    pub positions: Positions,
    /// Where they come from while one projection turns into another: the same points in the same order.
    pub moving_from: Option<Positions>,
    /// How far the transition has come, 0 to 1; only with `moving_from`.
    pub transition: f32,
    /// Their colours.
    pub colours: PointColours,
    /// [`PointMark`] bits of each; none when absent.
    pub marks: Option<Shared<Vec<u8>>>,
    /// Radius in points; in space at the distance of the target.
    pub radius: f32,
    /// Opacity of each, 0 to 1; overlapping ones add up, in no particular order.
    pub opacity: f32,
    /// Width in points of a rim in the colour [`Theme::halo`] around each that is not selected, so that it stands out
    /// from a field behind it; 0 for none.
    pub rim: f32,
    /// Opacity of what is not selected, relative to `opacity`, when something is selected.
    pub dimmed: f32,
    /// The point under the pointer.
    pub hovered: Option<u32>,
    /// Draw no more than this many of the points that are not hidden: a seeded sample of all. What was drawn is
    /// reported in [`super::Drawn`].
    pub at_most: Option<usize>,
}

impl PointLayer {
    /// Points in one colour, without marks.
    pub fn new(positions: Positions, colour: Rgba) -> Self {
        let radius = radius_for(positions.len());
        Self {
            positions,
            moving_from: None,
            transition: 1.0,
            colours: PointColours::One(colour),
            marks: None,
            radius,
            opacity: 0.8,
            rim: 0.0,
            dimmed: 0.3,
            hovered: None,
            at_most: None,
        }
    }

    /// Lower and upper corner of all finite places; `None` when there is no point.
    pub fn corners(&self) -> Option<[[f32; 3]; 2]> {
        corners_of(&self.positions)
    }
}

/// A radius at which `n` points fill a map without drowning it, in points.
fn radius_for(n: usize) -> f32 {
    match n {
        0..=3_000 => 3.5,
        3_001..=30_000 => 2.5,
        30_001..=300_000 => 1.5,
        _ => 1.0,
    }
}

/// Lower and upper corner of all finite places; `None` when there is none.
pub fn corners_of(places: &[[f32; 3]]) -> Option<[[f32; 3]; 2]> {
    let mut corners = [[f32::INFINITY; 3], [f32::NEG_INFINITY; 3]];
    for place in places.iter().filter(|place| place.iter().all(|v| v.is_finite())) {
        for k in 0..3 {
            corners[0][k] = corners[0][k].min(place[k]);
            corners[1][k] = corners[1][k].max(place[k]);
        }
    }
    (corners[0][0] <= corners[1][0]).then_some(corners)
}

/// Colours of points.
#[derive(Debug, Clone, PartialEq)]
pub enum PointColours {
    /// All the same.
    One(Rgba),
    /// By a value each; those without a finite one take [`Theme::unknown`].
    Values {
        /// One for each point.
        values: Shared<Vec<f32>>,
        /// Their colours.
        scale: ColourScale,
    },
    /// A colour each, for categories.
    Each(Shared<Vec<Rgba>>),
}

/// Bits of a point's mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PointMark;

impl PointMark {
    /// Not drawn, not picked.
    pub const HIDDEN: u8 = 1;
    /// Drawn above the others, with a ring.
    pub const SELECTED: u8 = 2;
}

/// Values on an even grid over a rectangle of the plane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldGrid {
    /// Columns and rows.
    pub size: [usize; 2],
    /// Lower left and upper right corner. The outermost values stand half a cell inside.
    pub corners: [[f64; 2]; 2],
    /// Values, row by row from the lowest, left to right.
    pub values: Vec<f32>,
    /// Whether each is well supported by data; empty when all are. Weakly supported cells are hatched.
    pub supported: Vec<bool>,
}

impl FieldGrid {
    /// Least and greatest finite value.
    pub fn range(&self) -> [f32; 2] {
        ColourScale::over(super::ColourMap::Viridis, &self.values, "", "").range
    }

    /// The place of a value.
    pub fn place(&self, column: usize, row: usize) -> [f64; 2] {
        let part = |k: usize, i: usize| {
            let [low, high] = [self.corners[0][k], self.corners[1][k]];
            low + (high - low) * (i as f64 + 0.5) / self.size[k] as f64
        };
        [part(0, column), part(1, row)]
    }
}

/// A field in colours.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldLayer {
    /// The values.
    pub grid: Shared<FieldGrid>,
    /// Their colours.
    pub scale: ColourScale,
    /// Opacity, 0 to 1.
    pub opacity: f32,
    /// Let low values fade out: opacity grows with the square of the value over this part of the range (0: no fading).
    pub fade: f32,
    /// Lines of equal value, if any.
    pub contours: Vec<f32>,
}

/// A straight line between two places.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    /// One end.
    pub from: [f32; 3],
    /// The other end.
    pub to: [f32; 3],
    /// What its colour and width say, for example a barrier.
    pub value: f32,
}

/// Edges of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct EdgeLayer {
    /// The edges.
    pub edges: Shared<Vec<Edge>>,
    /// Widths and colours by value; [`Theme::edge`] when absent.
    pub scale: Option<ColourScale>,
    /// All in [`Theme::edge`], whatever their value: what lies behind has the colours.
    pub plain: bool,
    /// Widths in points at the lower and the upper end of the scale.
    pub widths: [f32; 2],
    /// Opacity, 0 to 1.
    pub opacity: f32,
    /// Edges drawn above the others in the selection's colour.
    pub selected: Vec<u32>,
}

/// The shape of a glyph: kinds differ in shape, not in colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GlyphShape {
    /// A minimum inside the box.
    Disc = 0,
    /// A minimum on a face of the box.
    Square = 1,
    /// A transition state inside the box.
    Diamond = 2,
    /// A transition state on a face of the box.
    Triangle = 3,
    /// A transition state that joins a minimum to itself.
    Cross = 4,
}

impl GlyphShape {
    /// All shapes, in the order of legends.
    pub const ALL: [Self; 5] = [Self::Disc, Self::Square, Self::Diamond, Self::Triangle, Self::Cross];

    /// The shape of a minimum.
    pub fn of_minimum(on_boundary: bool) -> Self {
        if on_boundary { Self::Square } else { Self::Disc }
    }

    /// The shape of a transition state.
    pub fn of_transition_state(on_boundary: bool, degenerate: bool) -> Self {
        match (degenerate, on_boundary) {
            (true, _) => Self::Cross,
            (false, true) => Self::Triangle,
            (false, false) => Self::Diamond,
        }
    }

    /// What legends say.
    pub fn label(self) -> &'static str {
        match self {
            Self::Disc => "minimum",
            Self::Square => "minimum on the boundary",
            Self::Diamond => "transition state",
            Self::Triangle => "transition state on the boundary",
            Self::Cross => "degenerate transition state",
        }
    }

    /// Whether it stands for a minimum.
    pub fn is_minimum(self) -> bool {
        matches!(self, Self::Disc | Self::Square)
    }
}

/// A stationary point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Glyph {
    /// Where it is.
    pub place: [f32; 3],
    /// Its kind.
    pub shape: GlyphShape,
    /// What its colour says; NaN for the kind's own colour.
    pub value: f32,
    /// Half of its height, in points.
    pub radius: f32,
}

/// Stationary points.
#[derive(Debug, Clone, PartialEq)]
pub struct GlyphLayer {
    /// The points.
    pub glyphs: Shared<Vec<Glyph>>,
    /// Colours by value; the kind's colour when absent.
    pub scale: Option<ColourScale>,
    /// Glyphs with a ring in the selection's colour.
    pub selected: Vec<u32>,
    /// The glyph under the pointer.
    pub hovered: Option<u32>,
}

/// A line through places of the map.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// The places, in order.
    pub places: Vec<[f32; 2]>,
    /// Whether the last is joined to the first.
    pub closed: bool,
    /// Its colour.
    pub colour: Rgba,
    /// Width in points.
    pub width: f32,
    /// Length of dashes and of gaps in points; 0 for a solid line.
    pub dash: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_leave_out_what_is_not_finite() {
        assert_eq!(corners_of(&[]), None);
        assert_eq!(corners_of(&[[f32::NAN, 0.0, 0.0]]), None);
        let places = [[1.0, -2.0, 0.0], [f32::INFINITY, 9.0, 9.0], [-1.0, 4.0, 0.5]];
        assert_eq!(corners_of(&places), Some([[-1.0, -2.0, 0.0], [1.0, 4.0, 0.5]]));
    }

    #[test]
    fn every_kind_of_stationary_point_has_its_own_shape() {
        let kinds = [
            GlyphShape::of_minimum(false),
            GlyphShape::of_minimum(true),
            GlyphShape::of_transition_state(false, false),
            GlyphShape::of_transition_state(true, false),
            GlyphShape::of_transition_state(false, true),
        ];
        assert_eq!(kinds, GlyphShape::ALL);
    }
}
