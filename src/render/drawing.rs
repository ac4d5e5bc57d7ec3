//! Drawings: lines, shapes and words as plain values, the same in the window, in PNG and in SVG.
//!
//! Legends, trees, profiles and labels are drawings; `drawing_pixels` and `svg` turn them into files, and
//! [`Drawing::paint`] shows them in a window. Lengths are in points from the upper left corner.

use super::colour_map::ColourMap;
use super::raster::Picture;
use super::scene::GlyphShape;
use super::theme::Rgba;
use eframe::egui;
use std::sync::Arc;

/// Where a text stands relative to its place, along its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Anchor {
    /// It begins there.
    #[default]
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// One piece of a drawing.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// A line through places.
    Line {
        /// The places, in order.
        places: Vec<[f32; 2]>,
        /// Its colour.
        colour: Rgba,
        /// Its width.
        width: f32,
        /// Length of dashes and gaps; 0 for a solid line.
        dash: f32,
    },
    /// A filled shape.
    Area {
        /// Corners, in order; the shape must be convex.
        corners: Vec<[f32; 2]>,
        /// Its colour.
        fill: Rgba,
    },
    /// A circle.
    Disc {
        /// Its centre.
        centre: [f32; 2],
        /// Its radius.
        radius: f32,
        /// Its colour; transparent for none.
        fill: Rgba,
        /// Colour and width of its border; width 0 for none.
        border: (Rgba, f32),
    },
    /// A stationary point.
    Glyph {
        /// Where it stands.
        centre: [f32; 2],
        /// Its kind.
        shape: GlyphShape,
        /// Half of its height.
        radius: f32,
        /// Its colour.
        fill: Rgba,
        /// The colour around it; transparent for none.
        halo: Rgba,
        /// The colour of a ring around that; transparent for none.
        ring: Rgba,
    },
    /// A colour map from its lower end at the bottom to its upper end at the top.
    Bar {
        /// Upper left and lower right corner.
        corners: [[f32; 2]; 2],
        /// The map.
        map: ColourMap,
    },
    /// A line of text.
    Text {
        /// On the base line, see `anchor`.
        place: [f32; 2],
        /// What it says.
        text: String,
        /// Height of the font.
        size: f32,
        /// Its colour.
        colour: Rgba,
        /// Where the place lies in it.
        anchor: Anchor,
        /// Written from the bottom to the top.
        upward: bool,
    },
    /// A picture.
    Image {
        /// Upper left and lower right corner.
        corners: [[f32; 2]; 2],
        /// Its pixels, with colours already multiplied by opacity.
        picture: Arc<Picture>,
    },
}

/// A drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// Width and height in points.
    pub size: [f32; 2],
    /// Behind everything; transparent for none.
    pub background: Rgba,
    /// What it shows, from the back to the front.
    pub marks: Vec<Mark>,
    /// What it is, for readers who cannot see it.
    pub title: String,
}

impl Drawing {
    /// An empty drawing.
    pub fn new(size: [f32; 2], background: Rgba) -> Self {
        Self { size, background, marks: Vec::new(), title: String::new() }
    }

    pub(crate) fn line(&mut self, from: [f32; 2], to: [f32; 2], colour: Rgba, width: f32) {
        self.marks.push(Mark::Line { places: vec![from, to], colour, width, dash: 0.0 });
    }

    pub(crate) fn text(&mut self, place: [f32; 2], text: impl Into<String>, size: f32, colour: Rgba, anchor: Anchor) {
        self.marks.push(Mark::Text { place, text: text.into(), size, colour, anchor, upward: false });
    }

    /// Shows the drawing in a window, its corner at `origin`. Images are left out: the window's map draws itself.
    pub fn paint(&self, painter: &egui::Painter, origin: egui::Pos2) {
        for mark in &self.marks {
            for shape in shapes(mark, painter, origin.to_vec2()) {
                painter.add(shape);
            }
        }
    }
}

pub(crate) fn colour32([r, g, b, a]: Rgba) -> egui::Color32 {
    egui::Color32::from_rgba_unmultiplied(r, g, b, a)
}

fn shapes(mark: &Mark, painter: &egui::Painter, offset: egui::Vec2) -> Vec<egui::Shape> {
    let at = |[x, y]: [f32; 2]| egui::pos2(x, y) + offset;
    match mark {
        Mark::Line { places, colour, width, dash } => {
            let path: Vec<egui::Pos2> = places.iter().map(|p| at(*p)).collect();
            let stroke = egui::Stroke::new(*width, colour32(*colour));
            if *dash > 0.0 {
                egui::Shape::dashed_line(&path, stroke, *dash, *dash)
            } else {
                vec![egui::Shape::line(path, stroke)]
            }
        }
        Mark::Area { corners, fill } => {
            let path = corners.iter().map(|p| at(*p)).collect();
            vec![egui::Shape::convex_polygon(path, colour32(*fill), egui::Stroke::NONE)]
        }
        Mark::Disc { centre, radius, fill, border } => vec![egui::Shape::Circle(egui::epaint::CircleShape {
            center: at(*centre),
            radius: *radius,
            fill: colour32(*fill),
            stroke: egui::Stroke::new(border.1, colour32(border.0)),
        })],
        Mark::Glyph { centre, shape, radius, fill, halo, ring } => {
            let mut out = Vec::new();
            for (grown, colour) in [(3.2, ring), (1.2, halo), (0.0, fill)] {
                if colour[3] > 0 {
                    for part in glyph_parts(*shape, *radius, grown) {
                        let path = part.iter().map(|p| at([centre[0] + p[0], centre[1] + p[1]])).collect();
                        out.push(egui::Shape::convex_polygon(path, colour32(*colour), egui::Stroke::NONE));
                    }
                }
            }
            out
        }
        Mark::Bar { corners, map } => vec![egui::Shape::mesh(bar_mesh(corners.map(at), *map))],
        Mark::Text { place, text, size, colour, anchor, upward } => {
            vec![text_shape(painter, at(*place), text, *size, colour32(*colour), *anchor, *upward)]
        }
        Mark::Image { .. } => Vec::new(),
    }
}

fn bar_mesh([upper, lower]: [egui::Pos2; 2], map: ColourMap) -> egui::Mesh {
    const STEPS: u32 = 64;
    let mut mesh = egui::Mesh::default();
    for k in 0..=STEPS {
        let part = k as f32 / STEPS as f32;
        let y = lower.y + part * (upper.y - lower.y);
        for x in [upper.x, lower.x] {
            mesh.colored_vertex(egui::pos2(x, y), colour32(map.colour(part)));
        }
    }
    for k in 0..STEPS {
        mesh.add_triangle(2 * k, 2 * k + 1, 2 * k + 2);
        mesh.add_triangle(2 * k + 2, 2 * k + 1, 2 * k + 3);
    }
    mesh
}

fn text_shape(
    painter: &egui::Painter,
    place: egui::Pos2,
    text: &str,
    size: f32,
    colour: egui::Color32,
    anchor: Anchor,
    upward: bool,
) -> egui::Shape {
    let galley = painter.layout_no_wrap(text.to_owned(), egui::FontId::proportional(size), colour);
    let back = galley.size().x
        * match anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => 0.5,
            Anchor::End => 1.0,
        };
    // The base line of the font lies about four fifths down its row.
    let up = galley.rows.first().map_or(0.8 * size, |row| row.glyphs.first().map_or(0.8 * size, |g| g.pos.y));
    if upward {
        let corner = place + egui::vec2(-up, back);
        let mut shape = egui::epaint::TextShape::new(corner, galley, colour);
        shape.angle = -std::f32::consts::FRAC_PI_2;
        shape.into()
    } else {
        egui::epaint::TextShape::new(place - egui::vec2(back, up), galley, colour).into()
    }
}

/// The outline of a glyph around 0, grown by `grown` on all sides, as convex parts; y is down. The shapes are those of
/// `shaders/glyphs.wgsl`.
pub(crate) fn glyph_parts(shape: GlyphShape, radius: f32, grown: f32) -> Vec<Vec<[f32; 2]>> {
    use std::f32::consts::{FRAC_1_SQRT_2, TAU};
    let ring = |n: usize, r: f32, turn: f32| -> Vec<[f32; 2]> {
        let angle = |k: usize| TAU * k as f32 / n as f32 + turn;
        (0..n).map(|k| [r * angle(k).cos(), r * angle(k).sin()]).collect()
    };
    let bar = |half: [f32; 2]| -> Vec<[f32; 2]> {
        let corners = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]];
        let turned = |[x, y]: [f32; 2]| {
            let (x, y) = (x * half[0], y * half[1]);
            [FRAC_1_SQRT_2 * (x - y), FRAC_1_SQRT_2 * (x + y)]
        };
        corners.map(turned).to_vec()
    };
    match shape {
        GlyphShape::Disc => vec![ring(32, radius + grown, 0.0)],
        GlyphShape::Square => {
            let h = 0.86 * radius + grown;
            vec![vec![[-h, -h], [h, -h], [h, h], [-h, h]]]
        }
        GlyphShape::Diamond => vec![bar([0.84 * radius + grown; 2])],
        // Growing an equilateral triangle by g moves its corners out by 2 g.
        GlyphShape::Triangle => vec![ring(3, 1.25 * radius + 2.0 * grown, -0.25 * TAU)],
        GlyphShape::Cross => {
            let (long, thin) = (1.1 * radius + grown, 0.3 * radius + grown);
            vec![bar([long, thin]), bar([thin, long])]
        }
    }
}
