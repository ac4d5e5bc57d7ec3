//! The colours of a picture that are not data.

use serde::{Deserialize, Serialize};

/// Red, green, blue and opacity, 0 to 255, not multiplied. All mixing happens in these display values.
pub type Rgba = [u8; 4];

/// Colours of everything but data. Text has a contrast of at least 4.5 : 1 on the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Theme {
    /// Behind everything.
    pub background: Rgba,
    /// Text and axes.
    pub ink: Rgba,
    /// Secondary text.
    pub faint: Rgba,
    /// Grid lines and frames.
    pub grid: Rgba,
    /// Points without a value.
    pub unknown: Rgba,
    /// Points when nothing is coloured by a value.
    pub point: Rgba,
    /// Network edges when they are not coloured by a value.
    pub edge: Rgba,
    /// Rings of what is selected, and the lasso.
    pub selection: Rgba,
    /// The ring of what the pointer is on.
    pub hover: Rgba,
    /// Minima.
    pub minimum: Rgba,
    /// Transition states.
    pub transition_state: Rgba,
    /// Between a glyph and what lies behind it.
    pub halo: Rgba,
}

impl Theme {
    /// Dark ink on white.
    pub const LIGHT: Self = Self {
        background: [255, 255, 255, 255],
        ink: [26, 26, 30, 255],
        faint: [96, 98, 106, 255],
        grid: [222, 224, 229, 255],
        unknown: [168, 170, 178, 255],
        point: [76, 104, 150, 255],
        edge: [92, 96, 108, 255],
        selection: [204, 62, 0, 255],
        hover: [26, 26, 30, 255],
        minimum: [24, 92, 164, 255],
        transition_state: [190, 74, 10, 255],
        halo: [255, 255, 255, 255],
    };

    /// Light ink on near-black.
    pub const DARK: Self = Self {
        background: [22, 24, 29, 255],
        ink: [232, 232, 236, 255],
        faint: [160, 163, 172, 255],
        grid: [52, 56, 65, 255],
        unknown: [98, 102, 112, 255],
        point: [126, 160, 214, 255],
        edge: [150, 155, 168, 255],
        selection: [255, 159, 67, 255],
        hover: [245, 245, 248, 255],
        minimum: [108, 180, 255, 255],
        transition_state: [255, 150, 84, 255],
        halo: [22, 24, 29, 255],
    };

    /// Black on white, for print and for readers who need the strongest contrast.
    pub const HIGH_CONTRAST: Self = Self {
        background: [255, 255, 255, 255],
        ink: [0, 0, 0, 255],
        faint: [40, 40, 40, 255],
        grid: [150, 150, 150, 255],
        unknown: [120, 120, 120, 255],
        point: [0, 60, 140, 255],
        edge: [30, 30, 30, 255],
        selection: [176, 0, 32, 255],
        hover: [0, 0, 0, 255],
        minimum: [0, 60, 140, 255],
        transition_state: [150, 40, 0, 255],
        halo: [255, 255, 255, 255],
    };

    /// Whether the background is dark.
    pub fn is_dark(&self) -> bool {
        luminance(self.background) < 0.2
    }
}

impl Default for Theme {
    fn default() -> Self {
        Self::LIGHT
    }
}

fn luminance([r, g, b, _]: Rgba) -> f64 {
    let linear = [r, g, b].map(|c| {
        let c = f64::from(c) / 255.0;
        if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

/// The colour with an opacity of `alpha` in 0 to 1.
pub(crate) fn faded([r, g, b, _]: Rgba, alpha: f32) -> Rgba {
    [r, g, b, (255.0 * alpha.clamp(0.0, 1.0)).round() as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contrast of two opaque colours, 1 to 21 (Web Content Accessibility Guidelines 2.1, “contrast ratio”).
    fn contrast(a: Rgba, b: Rgba) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_and_marks_stand_out() {
        for theme in [Theme::LIGHT, Theme::DARK, Theme::HIGH_CONTRAST] {
            for (colour, least) in [
                (theme.ink, 4.5),
                (theme.faint, 4.5),
                (theme.selection, 3.0),
                (theme.minimum, 3.0),
                (theme.transition_state, 3.0),
                (theme.edge, 3.0),
                (theme.hover, 4.5),
            ] {
                let found = contrast(colour, theme.background);
                assert!(found >= least, "{colour:?} on {:?}: {found:.2} < {least}", theme.background);
            }
        }
    }
}
