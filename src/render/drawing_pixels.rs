//! Drawings into pixels, without a window and without a graphics device.
//!
//! egui lays out the text and cuts shapes into triangles; the triangles are filled here. Fonts, glyphs and
//! anti-aliasing are therefore those of the window.

use super::drawing::{Drawing, Mark};
use super::raster::Picture;
use eframe::egui;
use egui::epaint::{ClippedPrimitive, ImageData, Primitive, Vertex};
use std::collections::HashMap;

/// Pixels of a texture: colours multiplied by opacity.
struct Texture {
    size: [usize; 2],
    pixels: Vec<[f32; 4]>,
}

impl Drawing {
    /// The drawing in pixels, `px_per_point` of them a point.
    pub fn pixels(&self, px_per_point: f32) -> Picture {
        let size = self.size.map(|v| (v * px_per_point).round().max(1.0) as u32);
        let mut picture = Picture::filled(size, self.background);
        self.draw_onto(&mut picture, px_per_point);
        picture
    }

    /// Puts the drawing over a picture.
    pub fn draw_onto(&self, picture: &mut Picture, px_per_point: f32) {
        // Text and shapes between two images are drawn together.
        let context = egui::Context::default();
        let mut textures = HashMap::new();
        let mut first = 0;
        for at in 0..=self.marks.len() {
            let image = match self.marks.get(at) {
                Some(Mark::Image { corners, picture }) => Some((corners, picture)),
                Some(_) => continue,
                None => None,
            };
            let part = Self { marks: self.marks[first..at].to_vec(), ..Self::new(self.size, [0; 4]) };
            if !part.marks.is_empty() {
                draw_shapes(&context, &mut textures, &part, picture, px_per_point);
            }
            if let Some((corners, image)) = image {
                draw_image(picture, image, corners.map(|c| c.map(|v| v * px_per_point)));
            }
            first = at + 1;
        }
    }
}

fn draw_shapes(
    context: &egui::Context,
    textures: &mut HashMap<egui::TextureId, Texture>,
    drawing: &Drawing,
    picture: &mut Picture,
    px_per_point: f32,
) {
    let mut input = egui::RawInput {
        screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, drawing.size.into())),
        max_texture_side: Some(8192),
        ..egui::RawInput::default()
    };
    input.viewports.entry(egui::ViewportId::ROOT).or_default().native_pixels_per_point = Some(px_per_point);
    context.begin_pass(input);
    drawing.paint(&context.layer_painter(egui::LayerId::background()), egui::Pos2::ZERO);
    let mut output = context.end_pass();
    for (id, delta) in output.textures_delta.set.iter().flat_map(|(id, deltas)| deltas.iter().map(move |d| (id, d))) {
        let ImageData::Color(image) = &delta.image;
        let pixels = image.pixels.iter().map(|c| c.to_array().map(|v| f32::from(v) / 255.0));
        match delta.pos {
            None => {
                textures.insert(*id, Texture { size: image.size, pixels: pixels.collect() });
            }
            Some([x0, y0]) => {
                if let Some(texture) = textures.get_mut(id) {
                    for (k, pixel) in pixels.enumerate() {
                        let (x, y) = (x0 + k % image.size[0], y0 + k / image.size[0]);
                        texture.pixels[y * texture.size[0] + x] = pixel;
                    }
                }
            }
        }
    }
    output.textures_delta.clear();
    for ClippedPrimitive { primitive, .. } in context.tessellate(output.shapes, output.pixels_per_point) {
        let Primitive::Mesh(mesh) = primitive else { continue };
        let Some(texture) = textures.get(&mesh.texture_id) else { continue };
        for corners in mesh.indices.as_chunks::<3>().0 {
            let corners = corners.map(|k| mesh.vertices[k as usize]);
            fill_triangle(picture, corners, texture, output.pixels_per_point);
        }
    }
}

fn fill_triangle(picture: &mut Picture, mut corners: [Vertex; 3], texture: &Texture, scale: f32) {
    let at = |v: &Vertex| [f64::from(v.pos.x * scale), f64::from(v.pos.y * scale)];
    let doubled_area = |[a, b, c]: [[f64; 2]; 3]| (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    let mut places = [at(&corners[0]), at(&corners[1]), at(&corners[2])];
    let mut area = doubled_area(places);
    if area < 0.0 {
        corners.swap(1, 2);
        places.swap(1, 2);
        area = -area;
    }
    if area <= 0.0 || !area.is_finite() {
        return;
    }
    let bound = |axis: usize, last: u32| {
        let values = places.map(|p| p[axis]);
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (low - 0.5).ceil().max(0.0) as u32..((high - 0.5).floor() + 1.0).clamp(0.0, f64::from(last)) as u32
    };
    let (columns, rows) = (bound(0, picture.size[0]), bound(1, picture.size[1]));
    // A pixel on an edge that two triangles share belongs to one of them: to that for which it is a top or left edge.
    let owns = |a: [f64; 2], b: [f64; 2]| (a[1] == b[1] && b[0] > a[0]) || b[1] < a[1];
    let sides = [(1, 2), (2, 0), (0, 1)].map(|(i, j)| (places[i], places[j], owns(places[i], places[j])));
    for y in rows {
        for x in columns.clone() {
            let p = [f64::from(x) + 0.5, f64::from(y) + 0.5];
            let weights = sides.map(|(a, b, _)| doubled_area([a, b, p]));
            let inside = weights.iter().zip(&sides).all(|(w, (_, _, owns))| *w > 0.0 || (*w == 0.0 && *owns));
            if inside {
                let weights = weights.map(|w| (w / area) as f32);
                let mix = |f: &dyn Fn(&Vertex) -> f32| (0..3).map(|k| weights[k] * f(&corners[k])).sum::<f32>();
                let uv = [mix(&|v| v.uv.x), mix(&|v| v.uv.y)];
                let texel = sample(texture, uv);
                let colour = [0, 1, 2, 3].map(|k| mix(&|v| f32::from(v.color.to_array()[k])) / 255.0 * texel[k]);
                put_over(picture, x, y, colour);
            }
        }
    }
}

/// Between the four nearest texels.
fn sample(texture: &Texture, uv: [f32; 2]) -> [f32; 4] {
    let at = [0, 1].map(|k| uv[k] * texture.size[k] as f32 - 0.5);
    let low = at.map(f32::floor);
    let part = [at[0] - low[0], at[1] - low[1]];
    let texel = |dx: f32, dy: f32| {
        let x = (low[0] + dx).clamp(0.0, texture.size[0] as f32 - 1.0) as usize;
        let y = (low[1] + dy).clamp(0.0, texture.size[1] as f32 - 1.0) as usize;
        texture.pixels[y * texture.size[0] + x]
    };
    let (a, b, c, d) = (texel(0.0, 0.0), texel(1.0, 0.0), texel(0.0, 1.0), texel(1.0, 1.0));
    let mix = |a: f32, b: f32, t: f32| a + t * (b - a);
    [0, 1, 2, 3].map(|k| mix(mix(a[k], b[k], part[0]), mix(c[k], d[k], part[0]), part[1]))
}

fn put_over(picture: &mut Picture, x: u32, y: u32, colour: [f32; 4]) {
    if colour[3] > 0.0 {
        let at = 4 * (y as usize * picture.size[0] as usize + x as usize);
        super::raster::over(&mut picture.rgba[at..at + 4], colour);
    }
}

/// Puts an image into a rectangle of pixels, texel by texel.
fn draw_image(picture: &mut Picture, image: &Picture, [upper, lower]: [[f32; 2]; 2]) {
    let extent = [0, 1].map(|k| lower[k] - upper[k]);
    if extent.iter().any(|e| *e <= 0.0) || image.rgba.is_empty() {
        return;
    }
    let range = |k: usize| {
        let last = picture.size[k] as f32;
        (upper[k] - 0.5).ceil().clamp(0.0, last) as u32..((lower[k] - 0.5).floor() + 1.0).clamp(0.0, last) as u32
    };
    let (columns, rows) = (range(0), range(1));
    for y in rows {
        for x in columns.clone() {
            let texel = [0, 1].map(|k| {
                let part = ([x, y][k] as f32 + 0.5 - upper[k]) / extent[k];
                ((part * image.size[k] as f32) as usize).min(image.size[k] as usize - 1)
            });
            put_over(picture, x, y, image.pixel(texel[0], texel[1]).map(|c| f32::from(c) / 255.0));
        }
    }
}
