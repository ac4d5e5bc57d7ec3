//! Drawings as self-contained SVG: one molecule, or a grid with legends.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::draw::Depiction;
use super::geometry::Point;
use super::palette::{Colour, Palette};

/// Bond width, in bond lengths.
const STROKE: f64 = 0.062;
/// Capitals are this high, relative to the font size: half of it lowers text that is centred.
const CAP_HEIGHT: f64 = 0.72;

/// How a drawing is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SvgParams {
    /// Width and height in pixels; the drawing fills them without distortion.
    pub size: [f64; 2],
    /// The longest that a bond is drawn, in pixels, so that small molecules do not look huge.
    pub max_bond: f64,
    /// Colours.
    pub palette: Palette,
    /// The accessible name; empty for none.
    pub title: String,
    /// Leave the background transparent.
    pub transparent: bool,
}

impl Default for SvgParams {
    fn default() -> Self {
        Self { size: [300.0, 220.0], max_bond: 34.0, palette: Palette::Light, title: String::new(), transparent: false }
    }
}

/// How many drawings are set in a grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GridParams {
    /// Drawings in a row; at least 1.
    pub columns: usize,
    /// One cell's size, colours and title; the title is that of the whole grid.
    pub cell: SvgParams,
}

impl Default for GridParams {
    fn default() -> Self {
        Self { columns: 4, cell: SvgParams { size: [220.0, 180.0], max_bond: 26.0, ..SvgParams::default() } }
    }
}

/// One molecule as an SVG document.
pub fn svg(depiction: &Depiction, params: &SvgParams) -> String {
    let [width, height] = sane(params.size);
    let mut out = opening(width, height, params);
    write_drawing(&mut out, depiction, [0.0, 0.0], [width, height], params);
    out.push_str("</svg>\n");
    out
}

/// Several molecules as one SVG document, row by row; an empty legend takes no room.
pub fn grid(cells: &[(Depiction, String)], params: &GridParams) -> String {
    let columns = params.columns.max(1).min(cells.len().max(1));
    let rows = cells.len().div_ceil(columns);
    let [width, height] = sane(params.cell.size);
    let any_legend = cells.iter().any(|c| !c.1.is_empty());
    let legend_height = if any_legend { 20.0 } else { 0.0 };
    let mut out = opening(width * columns as f64, height * rows.max(1) as f64, &params.cell);
    for (index, (depiction, legend)) in cells.iter().enumerate() {
        let corner = [(index % columns) as f64 * width, (index / columns) as f64 * height];
        out.push_str("<g>");
        if !legend.is_empty() {
            let _ = write!(out, "<title>{}</title>", escaped(legend));
        }
        write_drawing(&mut out, depiction, corner, [width, height - legend_height], &params.cell);
        if !legend.is_empty() {
            let room = (width / 6.6) as usize;
            let short = shortened(legend, room);
            let [x, y] = [corner[0] + width / 2.0, corner[1] + height - 7.0];
            let ink = hex(params.cell.palette.ink());
            let _ = write!(
                out,
                r#"<text x="{}" y="{}" font-size="12" fill="{ink}">{}</text>"#,
                number(x),
                number(y),
                escaped(&short)
            );
        }
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

fn sane(size: [f64; 2]) -> [f64; 2] {
    size.map(|s| if s.is_finite() { s.clamp(16.0, 20_000.0) } else { 300.0 })
}

fn opening(width: f64, height: f64, params: &SvgParams) -> String {
    let (w, h) = (number(width), number(height));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\" \
         font-family=\"Arial, Helvetica, 'Liberation Sans', 'DejaVu Sans', sans-serif\" text-anchor=\"middle\">\n"
    );
    if !params.title.is_empty() {
        let _ = writeln!(out, "<title>{}</title>", escaped(&params.title));
    }
    if !params.transparent {
        let _ = writeln!(out, r#"<rect width="{w}" height="{h}" fill="{}"/>"#, hex(params.palette.background()));
    }
    out
}

/// From bond lengths (y up) to pixels (y down).
struct View {
    scale: f64,
    centre_in: Point,
    centre_out: Point,
}

impl View {
    fn fit(depiction: &Depiction, corner: Point, size: [f64; 2], max_bond: f64) -> Self {
        const PADDING: f64 = 8.0;
        let (low, high) = (depiction.low, depiction.high);
        let fit = |k: usize| (size[k] - 2.0 * PADDING).max(8.0) / (high[k] - low[k]).max(0.1);
        let middle = |k: usize| f64::midpoint(low[k], high[k]);
        Self {
            scale: fit(0).min(fit(1)).min(max_bond.max(1.0)),
            centre_in: [middle(0), middle(1)],
            centre_out: [corner[0] + size[0] / 2.0, corner[1] + size[1] / 2.0],
        }
    }

    fn at(&self, p: Point) -> Point {
        [
            self.centre_out[0] + self.scale * (p[0] - self.centre_in[0]),
            self.centre_out[1] - self.scale * (p[1] - self.centre_in[1]),
        ]
    }

    fn text(&self, p: Point) -> String {
        let [x, y] = self.at(p);
        format!("{} {}", number(x), number(y))
    }
}

fn write_drawing(out: &mut String, depiction: &Depiction, corner: Point, size: [f64; 2], params: &SvgParams) {
    let view = View::fit(depiction, corner, size, params.max_bond);
    let ink = hex(params.palette.ink());
    let glow = hex(params.palette.highlight());
    for disc in &depiction.discs {
        let [x, y] = view.at(disc.centre);
        let r = number(disc.radius * view.scale);
        let _ = write!(out, r#"<circle cx="{}" cy="{}" r="{r}" fill="{glow}"/>"#, number(x), number(y));
    }
    for band in &depiction.bands {
        let width = number(band.width * view.scale);
        let (from, to) = (view.text(band.from), view.text(band.to));
        let _ =
            write!(out, r#"<path d="M{from}L{to}" stroke="{glow}" stroke-width="{width}" stroke-linecap="round"/>"#);
    }
    let stroke = number(STROKE * view.scale);
    let strokes: String = depiction
        .lines
        .iter()
        .chain(&depiction.hashes)
        .map(|l| format!("M{}L{}", view.text(l.from), view.text(l.to)))
        .collect();
    if !strokes.is_empty() {
        let _ = write!(
            out,
            r#"<path d="{strokes}" stroke="{ink}" stroke-width="{stroke}" stroke-linecap="round" fill="none"/>"#
        );
    }
    let triangles: String = depiction
        .wedges
        .iter()
        .map(|w| format!("M{}L{}L{}Z", view.text(w.corners[0]), view.text(w.corners[1]), view.text(w.corners[2])))
        .collect();
    if !triangles.is_empty() {
        let _ = write!(out, r#"<path d="{triangles}" fill="{ink}"/>"#);
    }
    for circle in &depiction.circles {
        let [x, y] = view.at(circle.centre);
        let r = number(circle.radius * view.scale);
        let _ = write!(
            out,
            r#"<circle cx="{}" cy="{}" r="{r}" fill="none" stroke="{ink}" stroke-width="{stroke}"/>"#,
            number(x),
            number(y)
        );
    }
    for label in &depiction.labels {
        let colour = hex(params.palette.element(label.atomic_number));
        for run in &label.runs {
            let [x, y] = view.at(run.centre);
            let size = run.size * view.scale;
            let baseline = y + 0.5 * CAP_HEIGHT * size;
            let _ = write!(
                out,
                r#"<text x="{}" y="{}" font-size="{}" fill="{colour}">{}</text>"#,
                number(x),
                number(baseline),
                number(size),
                escaped(&run.text)
            );
        }
    }
    out.push('\n');
}

/// Up to two decimals, without trailing zeros.
fn number(x: f64) -> String {
    let text = format!("{x:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

fn hex(colour: Colour) -> String {
    format!("#{:02x}{:02x}{:02x}", colour[0], colour[1], colour[2])
}

/// Safe inside XML text; control characters, which XML forbids, become spaces.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn shortened(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(room.saturating_sub(1)).collect();
    short.push('…');
    short
}
