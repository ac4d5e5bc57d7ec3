//! A laid-out disconnectivity graph as an SVG document: plain text, the same on every machine.

use super::graph::DisconnectivityGraph;
use super::layout::TreeLayout;
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// A value for each minimum drawn, shown as the colour of its mark.
#[derive(Debug, Clone, PartialEq)]
pub struct LeafColours {
    /// What the values are, with units, for the colour bar.
    pub label: String,
    /// Beside [`TreeLayout::leaves`]; not finite means “unknown” and is drawn grey.
    pub values: Vec<f64>,
}

/// How the document looks. Lengths are in CSS pixels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SvgParams {
    /// Whole width.
    pub width_px: f64,
    /// Whole height.
    pub height_px: f64,
    /// Font size of tick labels; other text follows from it.
    pub font_px: f64,
    /// Width of the branches.
    pub line_px: f64,
    /// Label of the energy axis.
    pub energy_label: String,
    /// Line of text above the graph; none if empty.
    pub title: String,
    /// Write the id of each minimum under its mark (only where there is room).
    pub label_minima: bool,
}

impl Default for SvgParams {
    fn default() -> Self {
        Self {
            width_px: 720.0,
            height_px: 540.0,
            font_px: 13.0,
            line_px: 1.2,
            energy_label: "Energy".into(),
            title: String::new(),
            label_minima: false,
        }
    }
}

const INK: &str = "#1a1a1a";
const FAINT: &str = "#8a8a8a";
const UNKNOWN: &str = "#b5b5b5";
const LOWEST: &str = "#c1272d";
/// Viridis at eleven equal steps (Smith and van der Walt, 2015): perceptually even, safe for colour-blind readers.
const VIRIDIS: [[u8; 3]; 11] = [
    [68, 1, 84],
    [72, 36, 117],
    [65, 68, 135],
    [53, 95, 141],
    [42, 120, 142],
    [33, 145, 140],
    [34, 168, 132],
    [66, 190, 113],
    [122, 209, 81],
    [189, 223, 38],
    [253, 231, 37],
];

/// Writes the document.
///
/// The legend names the marks and states what is not drawn: pruned minima, other components, points that lie above
/// the superbasin they join. An empty graph becomes a document that says so.
pub fn svg(
    graph: &DisconnectivityGraph,
    layout: &TreeLayout,
    colours: Option<&LeafColours>,
    params: &SvgParams,
) -> String {
    let mut out = String::new();
    let (w, h) = (params.width_px, params.height_px);
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
         font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\" font-size=\"{}\" fill=\"{INK}\">",
        params.font_px
    );
    let _ = writeln!(out, "<rect width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>");
    if layout.leaves.is_empty() {
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">The network has no minima</text>\n</svg>",
            w / 2.0,
            h / 2.0
        );
        return out;
    }
    let frame = Frame::new(layout, colours.is_some(), params);
    frame.write_title(&mut out, params);
    frame.write_axis(&mut out, params);
    frame.write_branches(&mut out, layout, params);
    frame.write_leaves(&mut out, graph, layout, colours, params);
    frame.write_legend(&mut out, graph, layout, params);
    if let Some(colours) = colours {
        frame.write_colour_bar(&mut out, colours, params);
    }
    out.push_str("</svg>\n");
    out
}

/// Where the graph stands on the page, and the ticks of its axis.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    /// Lower end of the axis.
    bottom: f64,
    /// Place of the lowest energy: above the lower end, so that marks and labels have room.
    floor: f64,
    leaves: f64,
    energies: [f64; 2],
    ticks: Ticks,
}

impl Frame {
    fn new(layout: &TreeLayout, has_colours: bool, params: &SvgParams) -> Self {
        let font = params.font_px;
        let [low, high] = layout.energy_range;
        let ticks = Ticks::between(low, high, 6);
        let label_width = ticks.values.iter().map(|v| ticks.label(*v).chars().count()).max().unwrap_or(1) as f64;
        let energies = [low.min(ticks.values[0]), high.max(*ticks.values.last().unwrap_or(&high))];
        let bottom = params.height_px - font * 4.0;
        Self {
            left: font * (3.2 + 0.62 * label_width),
            right: params.width_px - font * if has_colours { 8.5 } else { 1.2 },
            top: font * if params.title.is_empty() { 1.2 } else { 3.0 },
            bottom,
            floor: bottom - font * if params.label_minima { 1.8 } else { 0.8 },
            leaves: layout.width,
            energies,
            ticks,
        }
    }

    fn x(&self, leaf: f64) -> f64 {
        let margin = 0.02 * (self.right - self.left);
        self.left + margin + leaf / self.leaves * (self.right - self.left - 2.0 * margin)
    }

    fn y(&self, energy: f64) -> f64 {
        let [low, high] = self.energies;
        self.floor - (energy - low) / (high - low) * (self.floor - self.top)
    }

    fn write_title(&self, out: &mut String, params: &SvgParams) {
        if !params.title.is_empty() {
            let _ = writeln!(
                out,
                "<text x=\"{:.2}\" y=\"{:.2}\" font-size=\"{:.1}\" font-weight=\"bold\">{}</text>",
                self.left,
                params.font_px * 1.7,
                params.font_px * 1.15,
                escaped(&params.title)
            );
        }
    }

    fn write_axis(&self, out: &mut String, params: &SvgParams) {
        let font = params.font_px;
        let _ = writeln!(out, "<g stroke=\"{INK}\" stroke-width=\"1\" fill=\"none\">");
        let _ = writeln!(out, "<path d=\"M{0:.2} {1:.2}V{2:.2}\"/>", self.left, self.top, self.bottom);
        for &value in &self.ticks.values {
            let _ = writeln!(out, "<path d=\"M{:.2} {:.2}h{:.2}\"/>", self.left, self.y(value), -0.45 * font);
        }
        for value in self.ticks.minor() {
            if value >= self.energies[0] && value <= self.energies[1] {
                let _ = writeln!(out, "<path d=\"M{:.2} {:.2}h{:.2}\"/>", self.left, self.y(value), -0.25 * font);
            }
        }
        out.push_str("</g>\n<g text-anchor=\"end\">\n");
        for &value in &self.ticks.values {
            let _ = writeln!(
                out,
                "<text x=\"{:.2}\" y=\"{:.2}\">{}</text>",
                self.left - 0.7 * font,
                self.y(value) + 0.35 * font,
                self.ticks.label(value)
            );
        }
        out.push_str("</g>\n");
        let (x, y) = (1.3 * font, 0.5 * (self.top + self.bottom));
        let _ = writeln!(
            out,
            "<text x=\"{x:.2}\" y=\"{y:.2}\" text-anchor=\"middle\" transform=\"rotate(-90 {x:.2} {y:.2})\" \
             font-size=\"{:.1}\">{}</text>",
            1.08 * font,
            escaped(&params.energy_label)
        );
    }

    /// All branches as one path: a drawing program can restyle it at once, and the file stays small.
    fn write_branches(&self, out: &mut String, layout: &TreeLayout, params: &SvgParams) {
        // Very many leaves need thinner lines to stay apart.
        let spacing = (self.right - self.left) / self.leaves;
        let width = params.line_px.min((0.5 * spacing).max(0.25));
        let _ = write!(
            out,
            "<path fill=\"none\" stroke=\"{INK}\" stroke-width=\"{width:.2}\" stroke-linecap=\"round\" \
             stroke-linejoin=\"round\" d=\""
        );
        let mut pen: Option<[f64; 2]> = None;
        for segment in &layout.segments {
            if pen != Some(segment.from) {
                let _ = write!(out, "M{:.2} {:.2}", self.x(segment.from[0]), self.y(segment.from[1]));
            }
            let _ = write!(out, "L{:.2} {:.2}", self.x(segment.to[0]), self.y(segment.to[1]));
            pen = Some(segment.to);
        }
        out.push_str("\"/>\n");
    }

    fn write_leaves(
        &self,
        out: &mut String,
        graph: &DisconnectivityGraph,
        layout: &TreeLayout,
        colours: Option<&LeafColours>,
        params: &SvgParams,
    ) {
        let spacing = (self.right - self.left) / self.leaves;
        let radius = (0.34 * spacing).clamp(0.8, 0.3 * params.font_px);
        if let Some(colours) = colours {
            let range = finite_range(&colours.values);
            for (leaf, &value) in layout.leaves.iter().zip(&colours.values) {
                let fill = range.filter(|_| value.is_finite()).map_or(UNKNOWN.into(), |r| viridis(value, r));
                let (x, y) = (self.x(leaf.x), self.y(leaf.energy));
                let _ = writeln!(out, "<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{radius:.2}\" fill=\"{fill}\"/>");
            }
        }
        if let Some(lowest) = lowest_leaf(graph, layout) {
            let (x, y) = (self.x(lowest.x), self.y(lowest.energy));
            Self::write_lowest_mark(out, x, y, params);
        }
        let small = 0.8 * params.font_px;
        let widest = layout.leaves.iter().map(|leaf| leaf.minimum.to_string().len()).max().unwrap_or(1) as f64;
        if params.label_minima && spacing >= 0.62 * small * widest {
            let _ = writeln!(out, "<g font-size=\"{small:.1}\" text-anchor=\"middle\">");
            for leaf in &layout.leaves {
                let (x, y) = (self.x(leaf.x), self.y(leaf.energy) + 1.5 * small);
                let _ = writeln!(out, "<text x=\"{x:.2}\" y=\"{y:.2}\">{}</text>", leaf.minimum);
            }
            out.push_str("</g>\n");
        }
    }

    fn write_lowest_mark(out: &mut String, x: f64, y: f64, params: &SvgParams) {
        let r = 0.42 * params.font_px;
        let _ = writeln!(
            out,
            "<path d=\"M{x:.2} {:.2}l{r:.2} {r:.2}l{:.2} {r:.2}l{:.2} {:.2}z\" fill=\"none\" stroke=\"{LOWEST}\" \
             stroke-width=\"1.6\"/>",
            y - r,
            -r,
            -r,
            -r
        );
    }

    fn write_legend(&self, out: &mut String, graph: &DisconnectivityGraph, layout: &TreeLayout, params: &SvgParams) {
        let font = params.font_px;
        let y = params.height_px - 2.1 * font;
        let [x_branch, x_lowest] = [self.left, self.left + 11.0 * font];
        let _ = writeln!(
            out,
            "<path d=\"M{:.2} {:.2}h{:.2}\" stroke=\"{INK}\" stroke-width=\"{:.2}\"/>\n\
             <text x=\"{:.2}\" y=\"{y:.2}\">superbasin</text>",
            x_branch,
            y - 0.35 * font,
            1.6 * font,
            params.line_px,
            x_branch + 2.1 * font
        );
        Self::write_lowest_mark(out, x_lowest, y - 0.35 * font, params);
        let lowest = lowest_leaf(graph, layout).map_or(String::new(), |leaf| {
            let which = if graph.lowest == Some(leaf.minimum) { "lowest minimum" } else { "lowest minimum drawn" };
            format!("{which} (no. {}, E = {})", leaf.minimum, short(leaf.energy))
        });
        let _ = writeln!(out, "<text x=\"{:.2}\" y=\"{y:.2}\">{lowest}</text>", x_lowest + 0.9 * font);
        let _ = writeln!(
            out,
            "<text x=\"{:.2}\" y=\"{:.2}\" font-size=\"{:.1}\" fill=\"{FAINT}\">{}</text>",
            self.left,
            y + 1.5 * font,
            0.85 * font,
            escaped(&summary(graph))
        );
    }

    fn write_colour_bar(&self, out: &mut String, colours: &LeafColours, params: &SvgParams) {
        let Some(range) = finite_range(&colours.values) else { return };
        let font = params.font_px;
        let (x, width) = (self.right + 1.2 * font, 0.9 * font);
        let (top, height) = (self.top + 0.5 * font, 0.55 * (self.bottom - self.top));
        out.push_str("<defs><linearGradient id=\"bar\" x1=\"0\" y1=\"1\" x2=\"0\" y2=\"0\">");
        for (k, [r, g, b]) in VIRIDIS.iter().enumerate() {
            let _ = write!(out, "<stop offset=\"{}%\" stop-color=\"#{r:02x}{g:02x}{b:02x}\"/>", 10 * k);
        }
        out.push_str("</linearGradient></defs>\n");
        let _ = writeln!(
            out,
            "<rect x=\"{x:.2}\" y=\"{top:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"url(#bar)\"/>"
        );
        let ticks = Ticks::between(range[0], range[1], 4);
        for &value in ticks.values.iter().filter(|v| **v >= range[0] && **v <= range[1]) {
            let part = if range[1] > range[0] { (value - range[0]) / (range[1] - range[0]) } else { 0.5 };
            let y = top + height * (1.0 - part);
            let _ = writeln!(
                out,
                "<path d=\"M{:.2} {y:.2}h{:.2}\" stroke=\"{INK}\"/><text x=\"{:.2}\" y=\"{:.2}\" \
                 font-size=\"{:.1}\">{}</text>",
                x + width,
                0.3 * font,
                x + width + 0.5 * font,
                y + 0.3 * font,
                0.88 * font,
                ticks.label(value)
            );
        }
        if colours.values.iter().any(|v| !v.is_finite()) {
            let y = top + height + 1.5 * font;
            let (circle, text) = (x + 0.5 * width, x + width + 0.5 * font);
            let _ = writeln!(
                out,
                "<circle cx=\"{circle:.2}\" cy=\"{y:.2}\" r=\"{:.2}\" fill=\"{UNKNOWN}\"/>\
                 <text x=\"{text:.2}\" y=\"{:.2}\" font-size=\"{:.1}\">none</text>",
                0.3 * font,
                y + 0.3 * font,
                0.88 * font
            );
        }
        let (x, y) = (params.width_px - 0.8 * font, top + 0.5 * height);
        let _ = writeln!(
            out,
            "<text x=\"{x:.2}\" y=\"{y:.2}\" text-anchor=\"middle\" transform=\"rotate(-90 {x:.2} {y:.2})\">{}</text>",
            escaped(&colours.label)
        );
    }
}

/// Round values along an axis.
struct Ticks {
    values: Vec<f64>,
    step: f64,
}

impl Ticks {
    /// Multiples of 1, 2 or 5 · 10ᵏ inside [low, high], about `wanted` of them and at least one.
    fn between(low: f64, high: f64, wanted: usize) -> Self {
        let range = if high > low { high - low } else { 1.0 };
        let raw = range / wanted as f64;
        let power = 10_f64.powf(raw.log10().floor());
        let step = power * [1.0, 2.0, 5.0, 10.0].into_iter().find(|m| m * power >= raw).unwrap_or(10.0);
        let first = (low / step).ceil() as i64;
        let last = ((high / step).floor() as i64).max(first);
        Self { values: (first..=last).map(|k| k as f64 * step).collect(), step }
    }

    fn minor(&self) -> impl Iterator<Item = f64> {
        let half = 0.5 * self.step;
        let first = self.values[0] - half;
        (0..=self.values.len()).map(move |k| first + k as f64 * self.step)
    }

    fn label(&self, value: f64) -> String {
        let decimals = (-self.step.log10().floor()).clamp(0.0, 12.0) as usize;
        if value.abs() >= 1e6 || self.step < 1e-9 {
            return format!("{value:e}").replace('-', "−");
        }
        format!("{:.decimals$}", if value == 0.0 { 0.0 } else { value }).replace('-', "−")
    }
}

fn lowest_leaf<'a>(graph: &DisconnectivityGraph, layout: &'a TreeLayout) -> Option<&'a super::LeafMark> {
    let lowest = graph.nodes[*graph.roots.first()?].lowest;
    layout.leaves.iter().find(|leaf| leaf.minimum == lowest)
}

/// What is drawn and what is not, in one line.
fn summary(graph: &DisconnectivityGraph) -> String {
    let mut text = format!("{} of {} drawn", graph.n_leaves(), count(graph.n_minima, "minimum", "minima"));
    let _ = write!(text, "; {}", count(graph.n_components, "component", "components"));
    if graph.n_isolated > 0 {
        let _ = write!(text, ", {} of them single minima", graph.n_isolated);
    }
    if graph.roots.len() < graph.n_components {
        let _ = write!(text, ", {} drawn", graph.roots.len());
    }
    if let Some(spacing) = graph.level_spacing {
        let _ = write!(text, "; joined at levels {} apart", short(spacing));
    }
    if graph.n_inverted > 0 {
        let _ = write!(text, "; {} above the superbasin it joins", count(graph.n_inverted, "minimum", "minima"));
    }
    text
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// Six significant digits.
fn short(value: f64) -> String {
    let digits = 5 - value.abs().max(1e-300).log10().floor() as i64;
    if (0..=9).contains(&digits) || value == 0.0 {
        format!("{value:.0$}", digits.clamp(0, 5) as usize).replace('-', "−")
    } else {
        format!("{value:.5e}").replace('-', "−")
    }
}

fn finite_range(values: &[f64]) -> Option<[f64; 2]> {
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let low = finite().fold(f64::INFINITY, f64::min);
    let high = finite().fold(f64::NEG_INFINITY, f64::max);
    (low <= high).then_some([low, high])
}

fn viridis(value: f64, [low, high]: [f64; 2]) -> String {
    let part = if high > low { (value - low) / (high - low) } else { 0.5 };
    let place = part.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let k = (place.floor() as usize).min(VIRIDIS.len() - 2);
    let mix = |channel: usize| {
        let [a, b] = [VIRIDIS[k][channel], VIRIDIS[k + 1][channel]].map(f64::from);
        (a + (b - a) * (place - k as f64)).round() as u8
    };
    format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
