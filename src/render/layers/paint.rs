//! Colour and flags of every point, packed as the shaders read them.

use crate::render::scene::{PointColours, PointLayer, PointMark};
use crate::render::theme::{Rgba, Theme};
use rayon::prelude::*;

/// Four bytes a point: red, green, blue, flags.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Paint {
    pub packed: Vec<u32>,
    /// Points that are drawn: neither hidden, nor left out of the sample, nor without a place.
    pub n_shown: usize,
    /// Points that are not hidden.
    pub n_visible: usize,
    /// Selected points that are drawn.
    pub n_selected: usize,
    /// Whether a sample is drawn instead of all.
    pub sampled: bool,
}

impl Paint {
    pub fn new(layer: &PointLayer, theme: &Theme) -> Self {
        let n = layer.positions.len();
        let mark = |i: usize| layer.marks.as_ref().and_then(|marks| marks.get(i)).copied().unwrap_or(0);
        let drawable = |i: usize| layer.positions[i].iter().all(|v| v.is_finite());
        let n_visible =
            (0..n).into_par_iter().with_min_len(1 << 14).filter(|&i| mark(i) & PointMark::HIDDEN == 0).count();
        let threshold = match layer.at_most {
            Some(most) if most < n_visible => (most as f64 / n_visible as f64 * 2.0_f64.powi(32)) as u64,
            _ => u64::MAX,
        };
        let of_point = |i: usize| {
            let mut flags = mark(i) & (PointMark::HIDDEN | PointMark::SELECTED);
            let kept = u64::from(scrambled(i as u32)) < threshold || flags & PointMark::SELECTED != 0;
            if !kept || !drawable(i) {
                flags |= PointMark::HIDDEN;
            }
            let [r, g, b, _] = colour_of(&layer.colours, i, theme);
            u32::from_le_bytes([r, g, b, flags])
        };
        let packed: Vec<u32> = (0..n).into_par_iter().with_min_len(1 << 14).map(of_point).collect();
        let count = |flags: u8, expected: u8| {
            packed.par_iter().with_min_len(1 << 16).filter(|p| (*p >> 24) as u8 & flags == expected).count()
        };
        Self {
            n_shown: count(PointMark::HIDDEN, 0),
            n_selected: count(PointMark::HIDDEN | PointMark::SELECTED, PointMark::SELECTED),
            n_visible,
            sampled: threshold != u64::MAX,
            packed,
        }
    }

    /// Opacity of the points that are not selected.
    pub fn opacity(&self, layer: &PointLayer) -> f32 {
        layer.opacity * if self.n_selected > 0 { layer.dimmed } else { 1.0 }
    }
}

fn colour_of(colours: &PointColours, index: usize, theme: &Theme) -> Rgba {
    match colours {
        PointColours::One(colour) => *colour,
        PointColours::Values { values, scale } => {
            values.get(index).and_then(|&value| scale.colour(value)).unwrap_or(theme.unknown)
        }
        PointColours::Each(each) => each.get(index).copied().unwrap_or(theme.unknown),
    }
}

/// A bijection of 32 bits that looks random (Mueller's “hash prospector” constants): the sample is spread over the
/// data, the same on every machine, and a smaller one is part of a larger one.
fn scrambled(mut x: u32) -> u32 {
    x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Shared;

    fn layer(n: usize) -> PointLayer {
        PointLayer::new(Shared::new(vec![[0.0; 3]; n]), [1, 2, 3, 255])
    }

    #[test]
    fn samples_are_counted_and_nested() {
        let mut layer = layer(100_000);
        assert_eq!(Paint::new(&layer, &Theme::LIGHT).n_shown, 100_000);
        layer.at_most = Some(20_000);
        let larger = Paint::new(&layer, &Theme::LIGHT);
        assert!(larger.sampled && larger.n_visible == 100_000);
        assert!((19_500..20_500).contains(&larger.n_shown), "{}", larger.n_shown);
        layer.at_most = Some(5_000);
        let smaller = Paint::new(&layer, &Theme::LIGHT);
        let nested = smaller.packed.iter().zip(&larger.packed).all(|(s, l)| s >> 24 != 0 || l >> 24 == 0);
        assert!(nested, "a smaller sample is part of a larger one");
    }

    #[test]
    fn hidden_and_placeless_points_are_not_drawn() {
        let mut layer = layer(4);
        let mut places = layer.positions.to_vec();
        places[3] = [f32::NAN, 0.0, 0.0];
        layer.positions = Shared::new(places);
        layer.marks = Some(Shared::new(vec![PointMark::HIDDEN, PointMark::SELECTED, 0, 0]));
        let paint = Paint::new(&layer, &Theme::LIGHT);
        assert_eq!((paint.n_shown, paint.n_visible, paint.n_selected), (2, 3, 1));
        assert_eq!(paint.packed[2].to_le_bytes(), [1, 2, 3, 0]);
    }
}
