//! Colours of drawings: light and dark, told apart by colour-blind readers, and always beside the letter that says the same.

use serde::{Deserialize, Serialize};

/// Red, green and blue, 0 to 255.
pub type Colour = [u8; 3];

/// The colours of one drawing. Text has a contrast of at least 4.5 : 1 on background and highlight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Palette {
    /// Dark ink on white.
    #[default]
    Light,
    /// Light ink on a near-black background.
    Dark,
    /// Black on white.
    Monochrome,
}

impl Palette {
    /// Behind the drawing.
    pub fn background(self) -> Colour {
        match self {
            Self::Light | Self::Monochrome => [255, 255, 255],
            Self::Dark => [22, 24, 29],
        }
    }

    /// Bonds, carbon and legends.
    pub fn ink(self) -> Colour {
        match self {
            Self::Light => [26, 26, 30],
            Self::Dark => [232, 232, 236],
            Self::Monochrome => [0, 0, 0],
        }
    }

    /// Discs and bands behind what is highlighted.
    pub fn highlight(self) -> Colour {
        match self {
            Self::Light => [255, 226, 140],
            Self::Dark => [74, 62, 14],
            Self::Monochrome => [220, 220, 220],
        }
    }

    /// The label of an element by atomic number.
    pub fn element(self, atomic_number: u8) -> Colour {
        let (light, dark) = match atomic_number {
            7 => ([18, 60, 190], [146, 180, 255]),
            8 => ([176, 12, 32], [255, 140, 128]),
            9 | 17 => ([0, 92, 46], [120, 222, 150]),
            35 => ([122, 48, 8], [236, 166, 122]),
            53 => ([104, 24, 140], [216, 166, 255]),
            16 | 34 => ([104, 76, 0], [236, 200, 84]),
            15 => ([138, 56, 0], [255, 172, 100]),
            5 => ([120, 40, 84], [244, 160, 200]),
            _ => (Self::Light.ink(), Self::Dark.ink()),
        };
        match self {
            Self::Light => light,
            Self::Dark => dark,
            Self::Monochrome => self.ink(),
        }
    }
}

/// Contrast of two colours, 1 to 21 (Web Content Accessibility Guidelines 2.1, “contrast ratio”).
pub fn contrast(a: Colour, b: Colour) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(colour: Colour) -> f64 {
    let linear = colour.map(|c| {
        let c = f64::from(c) / 255.0;
        if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_is_readable_on_background_and_highlight() {
        for palette in [Palette::Light, Palette::Dark, Palette::Monochrome] {
            for number in 0..=118 {
                for behind in [palette.background(), palette.highlight()] {
                    let ratio = contrast(palette.element(number), behind);
                    assert!(ratio >= 4.5, "{palette:?} element {number} on {behind:?}: {ratio:.2} < 4.5");
                }
            }
        }
    }
}
