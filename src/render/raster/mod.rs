//! The twins of the shaders on the processor: the same formulas, pixel by pixel.
//!
//! They are what shaders are tested against, what draws on software adapters (where they are several times faster
//! than the same shader run by a driver on the processor), and what draws where there is no adapter.

mod bands;
mod field;
mod frame;
mod glyphs;
mod lines;
mod picture;
mod points;

pub use picture::Picture;

pub(crate) use field::cell_values;
pub(crate) use frame::Frame;
pub(crate) use picture::over;
pub(crate) use points::present_place;

use super::camera::Camera;
use super::layers::{LineInstance, Paint, glyph_instances, outline_lines, still_lines};
use super::scene::Scene;
use super::viewport::Viewport;

/// Draws a scene.
pub fn draw(scene: &Scene, camera: &Camera, viewport: Viewport) -> Picture {
    let paint = scene.points.as_ref().map(|layer| Paint::new(layer, &scene.theme));
    draw_painted(scene, paint.as_ref(), &still_lines(scene), camera, viewport)
}

/// Draws a scene whose points have their paint and whose still lines are known already.
pub(crate) fn draw_painted(
    scene: &Scene,
    paint: Option<&Paint>,
    still: &[LineInstance],
    camera: &Camera,
    viewport: Viewport,
) -> Picture {
    let frame = Frame::new(camera, viewport);
    let mut picture = Picture::filled(viewport.size_px, scene.theme.background);
    for layer in &scene.fields {
        field::draw(&mut picture, &frame, layer, &scene.theme);
    }
    if let (Some(layer), Some(paint)) = (&scene.points, paint) {
        points::draw(&mut picture, &frame, layer, paint, &scene.theme);
    }
    lines::draw(&mut picture, &frame, still);
    lines::draw(&mut picture, &frame, &outline_lines(scene, &frame));
    glyphs::draw(&mut picture, &frame, &glyph_instances(scene), &scene.theme);
    picture
}
