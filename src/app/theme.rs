//! The look: colours, spaces and type sizes by name, so that nothing else in the window holds a number of its own.

use eframe::egui::{self, Color32, CornerRadius, FontFamily, FontId, Margin, Stroke, TextStyle, Visuals};
use serde::{Deserialize, Serialize};

/// Spaces between things, in points.
pub mod space {
    /// Between an icon and its word.
    pub const XS: f32 = 4.0;
    /// Between things that belong together.
    pub const S: f32 = 8.0;
    /// Around a panel's content.
    pub const M: f32 = 12.0;
    /// Between groups.
    pub const L: f32 = 16.0;
    /// Below an axis.
    pub const XL: f32 = 24.0;
}

/// Which colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThemeChoice {
    /// Light panels.
    Light,
    /// Dark panels.
    #[default]
    Dark,
    /// Black and white with thick lines.
    HighContrast,
}

impl ThemeChoice {
    /// All of them, in the order of menus.
    pub const ALL: [Self; 3] = [Self::Light, Self::Dark, Self::HighContrast];

    /// The word on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Light => "Light",
            Self::Dark => "Dark",
            Self::HighContrast => "High contrast",
        }
    }

    /// Its colours.
    pub fn palette(self) -> Palette {
        match self {
            Self::Light => LIGHT,
            Self::Dark => DARK,
            Self::HighContrast => HIGH_CONTRAST,
        }
    }
}

/// The colours of one theme.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Palette {
    /// Whether light text stands on dark panels.
    pub dark: bool,
    /// Behind everything, and bars.
    pub base: Color32,
    /// Panels at the sides.
    pub panel: Color32,
    /// Cards, popups.
    pub raised: Color32,
    /// The map and other places for data.
    pub canvas: Color32,
    /// Fields and buttons.
    pub control: Color32,
    /// Under the pointer.
    pub hovered: Color32,
    /// Lines between panels.
    pub line: Color32,
    /// Text.
    pub ink: Color32,
    /// Text of less weight.
    pub ink_weak: Color32,
    /// The one accent: what is chosen, and the primary action.
    pub accent: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// Behind chosen rows and tabs.
    pub accent_soft: Color32,
    /// What is done.
    pub ok: Color32,
    /// What is stale or needs thought.
    pub warn: Color32,
    /// What failed.
    pub danger: Color32,
    /// Points that are not coloured by a value.
    pub point: Color32,
    /// Points without a value.
    pub missing: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

const LIGHT: Palette = Palette {
    dark: false,
    base: rgb(0x00EC_EEF2),
    panel: rgb(0x00F7_F8FA),
    raised: rgb(0x00FF_FFFF),
    canvas: rgb(0x00FF_FFFF),
    control: rgb(0x00E6_E9EE),
    hovered: rgb(0x00DA_DFE7),
    line: rgb(0x00D5_D9E0),
    ink: rgb(0x001B_1F26),
    ink_weak: rgb(0x0055_5D6B),
    accent: rgb(0x001F_5FBF),
    on_accent: rgb(0x00FF_FFFF),
    accent_soft: rgb(0x00D6_E4FA),
    ok: rgb(0x001B_7A43),
    warn: rgb(0x0095_5A00),
    danger: rgb(0x00B3_261E),
    point: rgb(0x004A_6FA5),
    missing: rgb(0x00B4_BAC4),
};

const DARK: Palette = Palette {
    dark: true,
    base: rgb(0x0014_161B),
    panel: rgb(0x001B_1E24),
    raised: rgb(0x0023_272F),
    canvas: rgb(0x0011_1317),
    control: rgb(0x002B_3039),
    hovered: rgb(0x0037_3E4A),
    line: rgb(0x0031_363F),
    ink: rgb(0x00E6_E8EC),
    ink_weak: rgb(0x009B_A3B0),
    accent: rgb(0x0063_A4FF),
    on_accent: rgb(0x000B_1626),
    accent_soft: rgb(0x0023_3B5E),
    ok: rgb(0x005C_C98A),
    warn: rgb(0x00F0_B34A),
    danger: rgb(0x00FF_8A80),
    point: rgb(0x007F_A7DB),
    missing: rgb(0x0050_5661),
};

const HIGH_CONTRAST: Palette = Palette {
    dark: true,
    base: rgb(0x0000_0000),
    panel: rgb(0x0000_0000),
    raised: rgb(0x0000_0000),
    canvas: rgb(0x0000_0000),
    control: rgb(0x001A_1A1A),
    hovered: rgb(0x0040_4040),
    line: rgb(0x00FF_FFFF),
    ink: rgb(0x00FF_FFFF),
    ink_weak: rgb(0x00E0_E0E0),
    accent: rgb(0x00FF_D400),
    on_accent: rgb(0x0000_0000),
    accent_soft: rgb(0x0050_4500),
    ok: rgb(0x007C_FFB0),
    warn: rgb(0x00FF_D400),
    danger: rgb(0x00FF_9C94),
    point: rgb(0x00FF_FFFF),
    missing: rgb(0x0080_8080),
};

/// Name of the text style of titles of panels.
pub const TITLE: &str = "title";

/// The text style of the largest words: names of steps, of the study.
pub fn title() -> TextStyle {
    TextStyle::Name(TITLE.into())
}

/// Puts a theme and a scale (1 = 100 %) into force.
pub fn apply(ctx: &egui::Context, choice: ThemeChoice, scale: f32, reduced_motion: bool) {
    let palette = choice.palette();
    let theme = if palette.dark { egui::Theme::Dark } else { egui::Theme::Light };
    ctx.set_theme(theme);
    ctx.set_zoom_factor(scale);
    ctx.all_styles_mut(|style| {
        style.visuals = visuals(&palette, choice == ThemeChoice::HighContrast);
        style.text_styles = type_scale();
        style.spacing.item_spacing = egui::vec2(space::S, 6.0);
        style.spacing.button_padding = egui::vec2(8.0, 3.0);
        style.spacing.interact_size = egui::vec2(32.0, 22.0);
        style.spacing.menu_margin = Margin::same(6);
        style.spacing.window_margin = Margin::same(12);
        style.spacing.tooltip_width = 320.0;
        style.interaction.selectable_labels = false;
        style.animation_time = if reduced_motion { 0.0 } else { 0.1 };
    });
}

fn type_scale() -> std::collections::BTreeMap<TextStyle, FontId> {
    let proportional = |size| FontId::new(size, FontFamily::Proportional);
    [
        (TextStyle::Small, proportional(11.0)),
        (TextStyle::Body, proportional(13.0)),
        (TextStyle::Button, proportional(13.0)),
        (TextStyle::Heading, proportional(15.0)),
        (title(), proportional(20.0)),
        (TextStyle::Monospace, FontId::new(12.0, FontFamily::Monospace)),
    ]
    .into()
}

fn visuals(palette: &Palette, thick: bool) -> Visuals {
    let mut visuals = if palette.dark { Visuals::dark() } else { Visuals::light() };
    let line = Stroke::new(if thick { 1.5 } else { 1.0 }, palette.line);
    visuals.override_text_color = None;
    visuals.weak_text_color = Some(palette.ink_weak);
    visuals.panel_fill = palette.panel;
    visuals.window_fill = palette.raised;
    visuals.window_stroke = line;
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CornerRadius::same(6);
    visuals.extreme_bg_color = palette.canvas;
    visuals.text_edit_bg_color = Some(if palette.dark { palette.canvas } else { palette.raised });
    visuals.faint_bg_color = palette.ink.gamma_multiply(if palette.dark { 0.025 } else { 0.03 });
    visuals.code_bg_color = palette.control;
    visuals.hyperlink_color = palette.accent;
    visuals.warn_fg_color = palette.warn;
    visuals.error_fg_color = palette.danger;
    visuals.selection.bg_fill = palette.accent_soft;
    visuals.selection.stroke = Stroke::new(1.0, if palette.dark { palette.ink } else { palette.accent });
    visuals.slider_trailing_fill = true;
    visuals.striped = false;
    let widgets = &mut visuals.widgets;
    widgets.noninteractive.bg_stroke = line;
    widgets.noninteractive.fg_stroke = Stroke::new(1.0, palette.ink);
    widgets.noninteractive.bg_fill = palette.panel;
    let states = [
        (&mut widgets.inactive, palette.control, palette.ink),
        (&mut widgets.hovered, palette.hovered, palette.ink),
        (&mut widgets.active, palette.hovered, palette.ink),
        (&mut widgets.open, palette.hovered, palette.ink),
    ];
    for (state, fill, ink) in states {
        state.bg_fill = fill;
        state.weak_bg_fill = fill;
        state.fg_stroke = Stroke::new(1.0, ink);
        // Without an outline an empty box or circle is lost on a card.
        state.bg_stroke = if thick { line } else { Stroke::new(1.0, palette.ink_weak.gamma_multiply(0.3)) };
        state.corner_radius = CornerRadius::same(4);
        state.expansion = 0.0;
    }
    widgets.noninteractive.corner_radius = CornerRadius::same(4);
    widgets.hovered.bg_stroke = Stroke::new(1.0, palette.ink_weak.gamma_multiply(0.6));
    widgets.active.bg_stroke = Stroke::new(1.0, palette.accent);
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chem::depict::contrast;

    #[test]
    fn every_text_can_be_read_on_its_ground() {
        let rgb = |colour: Color32| [colour.r(), colour.g(), colour.b()];
        for choice in ThemeChoice::ALL {
            let p = choice.palette();
            for ground in [p.base, p.panel, p.raised, p.canvas] {
                for ink in [p.ink, p.ink_weak, p.ok, p.warn, p.danger, p.accent] {
                    let found = contrast(rgb(ink), rgb(ground));
                    assert!(found >= 4.5, "{choice:?}: {ink:?} on {ground:?} has a contrast of {found:.2}, wants 4.5");
                }
            }
            for (ink, ground) in
                [(p.on_accent, p.accent), (p.ink, p.control), (p.ink, p.accent_soft), (p.ink, p.hovered)]
            {
                let found = contrast(rgb(ink), rgb(ground));
                assert!(found >= 4.5, "{choice:?}: {ink:?} on {ground:?} has a contrast of {found:.2}, wants 4.5");
            }
        }
    }
}
