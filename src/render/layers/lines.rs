//! Lines: edges of networks, contours of fields, outlines.

use crate::render::contours::contours;
use crate::render::pipeline::{OVER, PICTURE, PipelineParts, per_instance, render_pipeline};
use crate::render::raster::Frame;
use crate::render::scene::{Edge, EdgeLayer, FieldLayer, Outline, Scene};
use crate::render::theme::{Rgba, Theme, faded};
use bytemuck::{Pod, Zeroable};
use eframe::egui_wgpu::wgpu;
use rayon::prelude::*;

/// One straight line, as the shader reads it.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct LineInstance {
    pub from: [f32; 3],
    pub to: [f32; 3],
    pub colour: Rgba,
    /// Width, dash (0: none), place in the pattern; in points.
    pub pen: [f32; 3],
}

const _: () = assert!(size_of::<LineInstance>() == 40);

/// Lines that stay where they are in the world: contours, then edges, then selected edges.
pub(crate) fn still_lines(scene: &Scene) -> Vec<LineInstance> {
    let mut lines = Vec::new();
    for field in &scene.fields {
        contour_lines(field, &scene.theme, &mut lines);
    }
    if let Some(layer) = &scene.edges {
        edge_lines(layer, &scene.theme, &mut lines);
    }
    lines
}

fn contour_lines(field: &FieldLayer, theme: &Theme, lines: &mut Vec<LineInstance>) {
    // Opaque: the pieces of a line meet, and what is see-through would show as dots there.
    let colour = theme.faint;
    for &level in &field.contours {
        for [a, b] in contours(&field.grid, level) {
            let flat = |[x, y]: [f32; 2]| [x, y, 0.0];
            lines.push(LineInstance { from: flat(a), to: flat(b), colour, pen: [0.9, 0.0, 0.0] });
        }
    }
}

fn edge_lines(layer: &EdgeLayer, theme: &Theme, lines: &mut Vec<LineInstance>) {
    let has_selection = !layer.selected.is_empty();
    let opacity = layer.opacity * if has_selection { 0.5 } else { 1.0 };
    lines.par_extend(layer.edges.par_iter().with_min_len(1 << 12).map(|edge| {
        let (colour, width) = edge_look(layer, edge, theme);
        LineInstance { from: edge.from, to: edge.to, colour: faded(colour, opacity), pen: [width, 0.0, 0.0] }
    }));
    let selected = layer.selected.iter().filter_map(|&index| layer.edges.get(index as usize));
    lines.extend(selected.map(|edge| {
        let width = edge_look(layer, edge, theme).1 + 1.5;
        LineInstance { from: edge.from, to: edge.to, colour: theme.selection, pen: [width, 0.0, 0.0] }
    }));
}

/// Colour and width of an edge, from its value.
pub(crate) fn edge_look(layer: &EdgeLayer, edge: &Edge, theme: &Theme) -> (Rgba, f32) {
    let part = layer.scale.as_ref().and_then(|scale| scale.part(edge.value));
    let width = layer.widths[0] + part.unwrap_or(0.0) * (layer.widths[1] - layer.widths[0]);
    let scale = layer.scale.as_ref().filter(|_| !layer.plain);
    let colour = scale.zip(part).map_or(theme.edge, |(scale, part)| scale.map.colour(part));
    (colour, width)
}

/// Outlines: their dashes are even on the screen, so they depend on the camera.
pub(crate) fn outline_lines(scene: &Scene, frame: &Frame) -> Vec<LineInstance> {
    let mut lines = Vec::new();
    for outline in &scene.outlines {
        let mut travelled = 0.0;
        for (a, b) in sides(outline) {
            let (from, to) = ([a[0], a[1], 0.0], [b[0], b[1], 0.0]);
            let pen = [outline.width, outline.dash, travelled];
            lines.push(LineInstance { from, to, colour: outline.colour, pen });
            let [p, q] = [from, to].map(|place| frame.px_from_clip(frame.clip(place)));
            let length = (q[0] - p[0]).hypot(q[1] - p[1]) / frame.px_per_point;
            travelled = if length.is_finite() { (travelled + length) % (2.0 * outline.dash.max(1.0)) } else { 0.0 };
        }
    }
    lines
}

fn sides(outline: &Outline) -> impl Iterator<Item = ([f32; 2], [f32; 2])> {
    let last = outline.closed.then(|| Some((*outline.places.last()?, *outline.places.first()?))).flatten();
    outline.places.windows(2).map(|w| (w[0], w[1])).chain(last.filter(|_| outline.places.len() > 2))
}

/// The pipeline of lines.
pub(crate) struct LinePipeline(wgpu::RenderPipeline);

impl LinePipeline {
    pub fn new(device: &wgpu::Device, frame: &wgpu::BindGroupLayout) -> Self {
        let attributes = wgpu::vertex_attr_array![0 => Float32x3, 1 => Float32x3, 2 => Unorm8x4, 3 => Float32x3];
        let source =
            concat!(include_str!("../../../shaders/common/frame.wgsl"), include_str!("../../../shaders/lines.wgsl"));
        Self(render_pipeline(
            device,
            PipelineParts {
                label: "lines",
                source: source.to_owned(),
                constants: &[],
                groups: &[frame],
                buffers: &[per_instance(size_of::<LineInstance>(), &attributes)],
                format: PICTURE,
                blend: Some(OVER),
            },
        ))
    }

    /// Draws `n` lines of a buffer.
    pub fn draw(&self, pass: &mut wgpu::RenderPass<'_>, lines: &wgpu::Buffer, n: u32) {
        pass.set_pipeline(&self.0);
        pass.set_vertex_buffer(0, lines.slice(..));
        pass.draw(0..6, 0..n);
    }
}
