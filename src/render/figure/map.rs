//! The map as a figure: layers, legend, title and what is shown of how much.

use super::legend::{Legend, legend};
use super::{SMALL, TITLE};
use crate::render::camera::Camera;
use crate::render::drawing::{Anchor, Drawing, Mark};
use crate::render::gpu::{Gpu, GpuError};
use crate::render::layers::{LineInstance, Paint, glyph_fill, outline_lines, still_lines};
use crate::render::map_renderer::{Drawn, picture};
use crate::render::raster::{Frame, Picture, present_place};
use crate::render::scene::{PointMark, Scene};
use crate::render::theme::{Rgba, faded};
use crate::render::viewport::Viewport;
use std::sync::Arc;

/// Points above which an SVG holds them as an embedded picture.
pub const MOST_VECTOR_POINTS: usize = 5000;

/// A map on a page.
#[derive(Debug, Clone, PartialEq)]
pub struct MapFigure {
    /// What is shown.
    pub scene: Scene,
    /// From where; framed to fit when absent.
    pub camera: Option<Camera>,
    /// Line of text above; empty for none.
    pub title: String,
    /// Line of text below, for example how the map was made; the numbers of points are added to it.
    pub footer: String,
    /// Width and height in points.
    pub size: [f32; 2],
    /// What lies over the layers of the scene.
    pub overlays: Vec<Overlay>,
}

/// Something that lies over a map, in places of its world.
#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    /// A line through places, for example a path between minima.
    Line {
        /// The places, in order.
        places: Vec<[f32; 3]>,
        /// Its colour.
        colour: Rgba,
        /// Its width in points.
        width: f32,
    },
    /// A small cross at every place, for example where samples will fall.
    Crosses {
        /// The places.
        places: Vec<[f32; 3]>,
        /// Their colour.
        colour: Rgba,
    },
}

/// Half the side of a cross, in points.
const CROSS: f32 = 3.5;

/// Where the parts of the page are.
struct Page {
    /// Upper left and lower right corner of the map, in whole points.
    map: [[f32; 2]; 2],
    legend_x: f32,
}

impl MapFigure {
    fn page(&self, content: &Legend) -> Page {
        const MARGIN: f32 = 16.0;
        let legend_width = if content.is_empty() { 0.0 } else { content.width().ceil() + MARGIN };
        let top = if self.title.is_empty() { MARGIN } else { 40.0 };
        let right = (self.size[0] - MARGIN - legend_width).max(MARGIN + 1.0);
        let bottom = (self.size[1] - 30.0).max(top + 1.0);
        Page { map: [[MARGIN, top], [right.round(), bottom.round()]], legend_x: right.round() + MARGIN }
    }

    /// The size of the map itself on the page, in points.
    pub fn map_size(&self) -> [f64; 2] {
        let map = self.page(&Legend::of(&self.scene)).map;
        [0, 1].map(|k| f64::from(map[1][k] - map[0][k]))
    }

    fn camera(&self) -> Camera {
        self.camera.unwrap_or_else(|| Camera::framing(scene_corners(&self.scene), true, self.map_size()))
    }

    /// What is shown of how much.
    pub fn drawn(&self) -> Drawn {
        self.scene.points.as_ref().map_or_else(Drawn::default, |layer| {
            let paint = Paint::new(layer, &self.scene.theme);
            Drawn { shown: paint.n_shown, loaded: paint.packed.len(), sampled: paint.sampled }
        })
    }

    /// Title, legend, frame and footer, without the map.
    fn around(&self, page: &Page, content: &Legend) -> Drawing {
        let theme = &self.scene.theme;
        let mut out = Drawing::new(self.size, theme.background);
        out.title.clone_from(&self.title);
        let [[x0, y0], [x1, y1]] = page.map;
        let frame = vec![[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]];
        out.marks.push(Mark::Line { places: frame, colour: theme.grid, width: 1.0, dash: 0.0 });
        if !self.title.is_empty() {
            out.text([x0, 26.0], self.title.clone(), TITLE, theme.ink, Anchor::Start);
        }
        let drawn = self.drawn();
        let points = match drawn.loaded {
            0 => String::new(),
            loaded if drawn.sampled => {
                format!("{} of {} points, a seeded sample", grouped(drawn.shown), grouped(loaded))
            }
            loaded if drawn.shown < loaded => format!("{} of {} points", grouped(drawn.shown), grouped(loaded)),
            loaded => format!("{} points", grouped(loaded)),
        };
        let footer: Vec<&str> = [points.as_str(), self.footer.as_str()].into_iter().filter(|s| !s.is_empty()).collect();
        out.text([x0, self.size[1] - 10.0], footer.join(" · "), SMALL, theme.faint, Anchor::Start);
        for mark in legend(content, theme, y1 - y0).marks {
            out.marks.push(moved(mark, [page.legend_x, y0 + 4.0]));
        }
        out
    }

    /// The overlays on their page.
    fn overlay_marks(&self, page: &Page) -> Vec<Mark> {
        let size = [0, 1].map(|k| page.map[1][k] - page.map[0][k]);
        let camera = self.camera();
        let at = |place: &[f32; 3]| {
            let at = camera.screen_from_world(*place, size.map(f64::from))?.map(|v| v as f32);
            at.iter().all(|v| v.is_finite()).then_some(at)
        };
        let mut marks = Vec::new();
        let mut line = |ends: [[f32; 2]; 2], colour: Rgba, width: f32| {
            let places = clipped(ends, size);
            marks.extend(places.map(|places| Mark::Line { places: places.to_vec(), colour, width, dash: 0.0 }));
        };
        let halo = self.scene.theme.background;
        for overlay in &self.overlays {
            match overlay {
                Overlay::Line { places, colour, width } => {
                    let places: Vec<[f32; 2]> = places.iter().filter_map(at).collect();
                    for (colour, width) in [(halo, width + 2.0), (*colour, *width)] {
                        places.windows(2).for_each(|pair| line([pair[0], pair[1]], colour, width));
                    }
                }
                Overlay::Crosses { places, colour } => {
                    for [x, y] in places.iter().filter_map(at) {
                        for (colour, width) in [(halo, 3.0), (*colour, 1.4)] {
                            line([[x - CROSS, y - CROSS], [x + CROSS, y + CROSS]], colour, width);
                            line([[x - CROSS, y + CROSS], [x + CROSS, y - CROSS]], colour, width);
                        }
                    }
                }
            }
        }
        marks.into_iter().map(|mark| moved(mark, page.map[0])).collect()
    }

    /// The figure in pixels.
    ///
    /// # Errors
    /// When the device is lost, or the figure is larger than it allows.
    pub fn pixels(&self, gpu: Option<&Gpu>, px_per_point: f32) -> Result<Picture, GpuError> {
        let content = Legend::of(&self.scene);
        let page = self.page(&content);
        let corner_px = page.map[0].map(|v| (v * px_per_point).round());
        let size_px = [0, 1].map(|k| ((page.map[1][k] * px_per_point).round() - corner_px[k]).max(1.0) as u32);
        let viewport = Viewport { size_px, px_per_point };
        let map = picture(gpu, &self.scene, &self.camera(), viewport)?;
        let size = self.size.map(|v| (v * px_per_point).round().max(1.0) as u32);
        let mut out = Picture::filled(size, self.scene.theme.background);
        out.put(&map, corner_px.map(|v| v as u32));
        let mut over = Drawing::new(self.size, [0; 4]);
        over.marks = self.overlay_marks(&page);
        over.draw_onto(&mut out, px_per_point);
        self.around(&page, &content).draw_onto(&mut out, px_per_point);
        Ok(out)
    }

    /// The figure as a drawing for SVG: fields as pictures, points as discs or above [`MOST_VECTOR_POINTS`] as a
    /// picture, all else as lines and shapes.
    pub fn drawing(&self) -> Drawing {
        let content = Legend::of(&self.scene);
        let page = self.page(&content);
        let mut around = self.around(&page, &content);
        let size = [0, 1].map(|k| page.map[1][k] - page.map[0][k]);
        let inside = scene_marks(&self.scene, &self.camera(), size, MOST_VECTOR_POINTS);
        let mut marks: Vec<Mark> = inside.into_iter().map(|mark| moved(mark, page.map[0])).collect();
        marks.extend(self.overlay_marks(&page));
        marks.append(&mut around.marks);
        around.marks = marks;
        around
    }
}

/// The corners of everything in a scene.
pub fn scene_corners(scene: &Scene) -> [[f32; 3]; 2] {
    let mut places: Vec<[f32; 3]> = Vec::new();
    if let Some([a, b]) = scene.points.as_ref().and_then(|points| points.corners()) {
        places.extend([a, b]);
    }
    if let Some(edges) = &scene.edges {
        places.extend(edges.edges.iter().flat_map(|edge| [edge.from, edge.to]));
    }
    if let Some(glyphs) = &scene.glyphs {
        places.extend(glyphs.glyphs.iter().map(|glyph| glyph.place));
    }
    if places.is_empty() {
        for field in &scene.fields {
            places.extend(field.grid.corners.map(|[x, y]| [x as f32, y as f32, 0.0]));
        }
    }
    crate::render::scene::corners_of(&places).unwrap_or([[-1.0; 3], [1.0; 3]])
}

/// A scene as marks on a page of `size` points; points above `most_vector_points` become one picture.
pub fn scene_marks(scene: &Scene, camera: &Camera, size: [f32; 2], most_vector_points: usize) -> Vec<Mark> {
    let viewport = Viewport::pixels(size[0].round() as u32, size[1].round() as u32);
    let frame = Frame::new(camera, viewport);
    let whole = [[0.0, 0.0], size];
    let mut marks = Vec::new();
    let as_picture = |part: Scene| {
        // Twice as dense as the page, on a transparent ground.
        let mut clear = part;
        clear.theme.background = [0; 4];
        let dense = Viewport { size_px: viewport.size_px.map(|n| 2 * n), px_per_point: 2.0 };
        Mark::Image { corners: whole, picture: Arc::new(crate::render::raster::draw(&clear, camera, dense)) }
    };
    if !scene.fields.is_empty() {
        let mut fields = scene.fields.clone();
        fields.iter_mut().for_each(|field| field.contours.clear());
        marks.push(as_picture(Scene { theme: scene.theme, fields, ..Scene::default() }));
    }
    if let Some(layer) = &scene.points {
        let paint = Paint::new(layer, &scene.theme);
        if paint.n_shown > most_vector_points {
            marks.push(as_picture(Scene { theme: scene.theme, points: Some(layer.clone()), ..Scene::default() }));
        } else {
            marks.extend(point_marks(scene, &paint, &frame));
        }
    }
    marks.extend(line_marks(scene, &frame));
    if let Some(layer) = &scene.glyphs {
        let mut order: Vec<usize> = (0..layer.glyphs.len()).collect();
        order.sort_by_key(|&k| (layer.selected.contains(&(k as u32)), layer.glyphs[k].shape.is_minimum()));
        for k in order {
            let glyph = &layer.glyphs[k];
            if let Some(centre) = on_page(&frame, glyph.place, 20.0) {
                let ring = if layer.selected.contains(&(k as u32)) { scene.theme.selection } else { [0; 4] };
                let fill = glyph_fill(layer, glyph, &scene.theme);
                let (shape, radius, halo) = (glyph.shape, glyph.radius, scene.theme.halo);
                marks.push(Mark::Glyph { centre, shape, radius, fill, halo, ring });
            }
        }
    }
    marks
}

fn point_marks(scene: &Scene, paint: &Paint, frame: &Frame) -> Vec<Mark> {
    let Some(layer) = &scene.points else { return Vec::new() };
    let mut marks = [Vec::new(), Vec::new()];
    for (index, packed) in paint.packed.iter().enumerate() {
        let [r, g, b, flags] = packed.to_le_bytes();
        let place = present_place(layer, index);
        let w = frame.clip(place)[3];
        let Some(centre) = on_page(frame, place, 20.0).filter(|_| flags & PointMark::HIDDEN == 0) else { continue };
        let radius = layer.radius * frame.reference_w / w;
        let selected = flags & PointMark::SELECTED != 0;
        let (fill, border) = if selected {
            ([r, g, b, 255], (scene.theme.selection, 1.4))
        } else {
            let opacity = paint.opacity(layer) * frame.depth_factor(w);
            (faded([r, g, b, 255], opacity), (faded(scene.theme.halo, opacity), layer.rim))
        };
        marks[usize::from(selected)].push(Mark::Disc { centre, radius, fill, border });
    }
    marks.concat()
}

fn line_marks(scene: &Scene, frame: &Frame) -> Vec<Mark> {
    let lines = still_lines(scene).into_iter().chain(outline_lines(scene, frame));
    let mark = |line: LineInstance| {
        let ends = [on_page(frame, line.from, f32::MAX)?, on_page(frame, line.to, f32::MAX)?];
        let ends = clipped(ends, frame.size_px)?;
        let (width, dash) = (line.pen[0], line.pen[1]);
        Some(Mark::Line { places: ends.to_vec(), colour: line.colour, width, dash })
    };
    lines.filter_map(mark).collect()
}

/// The part of a segment between the corner (0, 0) and `size`; `None` when all of it is outside. After Liang and Barsky,
/// ACM Transactions on Graphics 3, 1 (1984).
fn clipped([from, to]: [[f32; 2]; 2], size: [f32; 2]) -> Option<[[f32; 2]; 2]> {
    let along = [to[0] - from[0], to[1] - from[1]];
    let (mut enters, mut leaves) = (0.0_f32, 1.0_f32);
    for k in 0..2 {
        for (speed, room) in [(-along[k], from[k]), (along[k], size[k] - from[k])] {
            if speed == 0.0 && room < 0.0 {
                return None;
            } else if speed < 0.0 {
                enters = enters.max(room / speed);
            } else if speed > 0.0 {
                leaves = leaves.min(room / speed);
            }
        }
    }
    let at = |t: f32| [0, 1].map(|k| from[k] + t * along[k]);
    (enters <= leaves).then(|| [at(enters), at(leaves)])
}

/// Where a world place is on the page, in points; `None` behind the eye or further than `margin` outside.
fn on_page(frame: &Frame, place: [f32; 3], margin: f32) -> Option<[f32; 2]> {
    let clip = frame.clip(place);
    if clip[3].is_nan() || clip[3] < frame.near() {
        return None;
    }
    let at = frame.px_from_clip(clip);
    let near = |k: usize| at[k] > -margin && at[k] < frame.size_px[k] + margin;
    (near(0) && near(1)).then_some(at)
}

/// A mark moved by an offset.
pub(super) fn moved(mut mark: Mark, [dx, dy]: [f32; 2]) -> Mark {
    let shift = |place: &mut [f32; 2]| {
        place[0] += dx;
        place[1] += dy;
    };
    match &mut mark {
        Mark::Line { places, .. } | Mark::Area { corners: places, .. } => places.iter_mut().for_each(shift),
        Mark::Disc { centre: place, .. } | Mark::Glyph { centre: place, .. } | Mark::Text { place, .. } => shift(place),
        Mark::Bar { corners, .. } | Mark::Image { corners, .. } => corners.iter_mut().for_each(shift),
    }
    mark
}

/// Thousands apart.
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (k, digit) in digits.chars().enumerate() {
        if k > 0 && (digits.len() - k).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::clipped;

    #[test]
    fn segments_end_at_the_border() {
        let size = [10.0, 4.0];
        assert_eq!(clipped([[1.0, 1.0], [9.0, 3.0]], size), Some([[1.0, 1.0], [9.0, 3.0]]));
        assert_eq!(clipped([[-5.0, 2.0], [15.0, 2.0]], size), Some([[0.0, 2.0], [10.0, 2.0]]));
        assert_eq!(clipped([[5.0, 2.0], [5.0, 8.0]], size), Some([[5.0, 2.0], [5.0, 4.0]]));
        assert_eq!(clipped([[-1.0, 3.0], [2.0, 9.0]], size), None);
        assert_eq!(clipped([[11.0, 0.0], [11.0, 4.0]], size), None);
    }
}
