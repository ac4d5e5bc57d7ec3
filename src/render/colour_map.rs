//! Values into colours: perceptually even maps that colour-blind readers can follow.

use super::theme::Rgba;
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

/// A colour map. The tables are those that matplotlib 3.11 publishes at 256 steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColourMap {
    /// Dark blue over green to yellow (Smith and van der Walt, 2015; CC0).
    #[default]
    Viridis,
    /// Blue to yellow, the same to readers with and without red–green blindness (Nuñez et al., 2018; CC0).
    Cividis,
    /// Black over purple to cream (Smith and van der Walt, 2015; CC0).
    Magma,
    /// Blue over white to red, for values around a middle (ColorBrewer “RdBu”, reversed).
    BlueRed,
}

impl ColourMap {
    /// All maps, in the order of menus.
    pub const ALL: [Self; 4] = [Self::Viridis, Self::Cividis, Self::Magma, Self::BlueRed];

    /// Its name in menus.
    pub fn label(self) -> &'static str {
        match self {
            Self::Viridis => "Viridis",
            Self::Cividis => "Cividis",
            Self::Magma => "Magma",
            Self::BlueRed => "Blue–red (diverging)",
        }
    }

    /// Whether the map has a middle that means “neither”.
    pub fn is_diverging(self) -> bool {
        self == Self::BlueRed
    }

    /// The colours at 256 even steps.
    pub fn table(self) -> &'static [[u8; 3]; 256] {
        static TABLES: [OnceLock<[[u8; 3]; 256]>; 4] = [const { OnceLock::new() }; 4];
        TABLES[self as usize].get_or_init(|| {
            parse(match self {
                Self::Viridis => include_str!("colour_tables/viridis.hex"),
                Self::Cividis => include_str!("colour_tables/cividis.hex"),
                Self::Magma => include_str!("colour_tables/magma.hex"),
                Self::BlueRed => include_str!("colour_tables/blue_red.hex"),
            })
        })
    }

    /// The colour at `part` of the map, 0 to 1; clamped, and the lower end for NaN.
    pub fn colour(self, part: f32) -> Rgba {
        let step = (part.clamp(0.0, 1.0) * 255.0 + 0.5) as usize;
        let [r, g, b] = self.table()[step.min(255)];
        [r, g, b, 255]
    }
}

fn parse(hex: &str) -> [[u8; 3]; 256] {
    let digits: Vec<u8> = hex
        .bytes()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| (c as char).to_digit(16).expect("tables are hexadecimal") as u8)
        .collect();
    assert_eq!(digits.len(), 256 * 6, "a table has 256 colours");
    std::array::from_fn(|k| [0, 1, 2].map(|c| 16 * digits[6 * k + 2 * c] + digits[6 * k + 2 * c + 1]))
}

/// A colour map over a range of values, with what the legend says about them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColourScale {
    /// The map.
    pub map: ColourMap,
    /// The values at its two ends; what lies beyond takes the colour of the end.
    pub range: [f32; 2],
    /// What the values are.
    pub label: String,
    /// Their unit; empty for none.
    pub unit: String,
}

impl ColourScale {
    /// A scale over the finite values given: from least to greatest, or symmetric around 0 for a diverging map.
    pub fn over(map: ColourMap, values: &[f32], label: &str, unit: &str) -> Self {
        let finite = || values.iter().copied().filter(|v| v.is_finite());
        let mut range = [finite().fold(f32::INFINITY, f32::min), finite().fold(f32::NEG_INFINITY, f32::max)];
        if range[0] > range[1] {
            range = [0.0, 1.0];
        }
        if map.is_diverging() {
            let most = range[0].abs().max(range[1].abs());
            range = [-most, most];
        }
        Self { map, range, label: label.to_owned(), unit: unit.to_owned() }
    }

    /// The same scale with room at the end that would vanish into the background, so that thin lines stay visible:
    /// the upper end on light themes, the lower end on dark ones.
    #[must_use]
    pub fn visible_on(mut self, theme: &super::Theme) -> Self {
        /// Part of the map that is used.
        const USED: f32 = 0.75;
        let width = self.range[1] - self.range[0];
        if width > 0.0 && !self.map.is_diverging() {
            if theme.is_dark() {
                // A scale of what cannot be negative stays one.
                self.range[0] = (self.range[1] - width / USED).max(self.range[0].min(0.0));
            } else {
                self.range[1] = self.range[0] + width / USED;
            }
        }
        self
    }

    /// Where a value lies in the range, 0 to 1; ½ when the range is a single value; `None` for NaN and infinities.
    pub fn part(&self, value: f32) -> Option<f32> {
        if !value.is_finite() {
            return None;
        }
        let width = self.range[1] - self.range[0];
        Some(if width > 0.0 { ((value - self.range[0]) / width).clamp(0.0, 1.0) } else { 0.5 })
    }

    /// The colour of a value; `None` for NaN and infinities.
    pub fn colour(&self, value: f32) -> Option<Rgba> {
        self.part(value).map(|part| self.map.colour(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_those_published() {
        // First, middle and last colour of matplotlib 3.11.
        for (map, first, middle, last) in [
            (ColourMap::Viridis, [68, 1, 84], [33, 145, 140], [253, 231, 37]),
            (ColourMap::Cividis, [0, 34, 78], [125, 124, 120], [254, 232, 56]),
            (ColourMap::Magma, [0, 0, 4], [183, 55, 121], [252, 253, 191]),
            (ColourMap::BlueRed, [5, 48, 97], [247, 246, 246], [103, 0, 31]),
        ] {
            let table = map.table();
            let near = |a: [u8; 3], b: [u8; 3]| a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= 2);
            assert!(near(table[0], first) && near(table[128], middle) && near(table[255], last), "{map:?}");
        }
    }

    #[test]
    fn sequential_maps_grow_lighter_at_every_step() {
        for map in [ColourMap::Viridis, ColourMap::Cividis, ColourMap::Magma] {
            let light = |[r, g, b]: [u8; 3]| 0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b);
            let table = map.table();
            assert!(table.windows(8).all(|w| light(w[7]) >= light(w[0]) - 0.5), "{map:?}");
        }
    }

    #[test]
    fn hostile_values_have_no_colour() {
        let scale = ColourScale::over(ColourMap::Viridis, &[f32::NAN, 2.0, f32::INFINITY, 4.0], "x", "");
        assert_eq!(scale.range, [2.0, 4.0]);
        assert_eq!(scale.colour(f32::NAN), None);
        assert_eq!(scale.colour(f32::INFINITY), None);
        assert_eq!(scale.part(9.0), Some(1.0));
        let empty = ColourScale::over(ColourMap::Magma, &[], "x", "");
        assert_eq!(empty.range, [0.0, 1.0]);
        let flat = ColourScale::over(ColourMap::Magma, &[3.0, 3.0], "x", "");
        assert_eq!(flat.part(3.0), Some(0.5));
        let around = ColourScale::over(ColourMap::BlueRed, &[-1.0, 3.0], "x", "");
        assert_eq!(around.range, [-3.0, 3.0]);
    }
}
