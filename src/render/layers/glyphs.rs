//! Stationary points, and the ring around the point under the pointer.

use crate::render::pipeline::{
    OVER, PICTURE, PipelineParts, buffer, group, layout, per_instance, render_pipeline, uniform_entry,
};
use crate::render::raster::present_place;
use crate::render::scene::{Glyph, GlyphLayer, PointLayer, Scene};
use crate::render::theme::{Rgba, Theme};
use bytemuck::{Pod, Zeroable};
use eframe::egui_wgpu::wgpu;

/// Width of the halo, in points.
pub(crate) const HALO_POINTS: f32 = 1.2;
/// Width of the ring, in points.
pub(crate) const RING_POINTS: f32 = 2.0;
const NO_RING: Rgba = [0; 4];

/// One glyph, as the shader reads it.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct GlyphInstance {
    pub place: [f32; 3],
    pub radius: f32,
    pub shape: u32,
    pub fill: Rgba,
    pub ring: Rgba,
}

const _: () = assert!(size_of::<GlyphInstance>() == 28);

/// All glyphs of a scene: transition states below minima, the hovered point last.
pub(crate) fn glyph_instances(scene: &Scene) -> Vec<GlyphInstance> {
    let mut out = Vec::new();
    if let Some(layer) = &scene.glyphs {
        let mut is_selected = vec![false; layer.glyphs.len()];
        for &k in layer.selected.iter().chain(&layer.hovered) {
            if let Some(is_selected) = is_selected.get_mut(k as usize) {
                *is_selected = true;
            }
        }
        for class in [(false, false), (false, true), (true, false), (true, true)] {
            let of_class = |&k: &usize| (is_selected[k], layer.glyphs[k].shape.is_minimum()) == class;
            out.extend(
                (0..layer.glyphs.len()).filter(of_class).map(|k| instance(layer, k, is_selected[k], &scene.theme)),
            );
        }
    }
    if let Some(ring) = scene.points.as_ref().and_then(|points| hover_ring(points, &scene.theme)) {
        out.push(ring);
    }
    out
}

fn instance(layer: &GlyphLayer, index: usize, is_selected: bool, theme: &Theme) -> GlyphInstance {
    let glyph = &layer.glyphs[index];
    let ring = if layer.hovered == Some(index as u32) {
        theme.hover
    } else if is_selected {
        theme.selection
    } else {
        NO_RING
    };
    GlyphInstance {
        place: glyph.place,
        radius: glyph.radius,
        shape: glyph.shape as u32,
        fill: glyph_fill(layer, glyph, theme),
        ring,
    }
}

/// The colour of a glyph.
pub(crate) fn glyph_fill(layer: &GlyphLayer, glyph: &Glyph, theme: &Theme) -> Rgba {
    let own = if glyph.shape.is_minimum() { theme.minimum } else { theme.transition_state };
    layer.scale.as_ref().and_then(|scale| scale.colour(glyph.value)).unwrap_or(own)
}

fn hover_ring(points: &PointLayer, theme: &Theme) -> Option<GlyphInstance> {
    let index = points.hovered? as usize;
    (index < points.positions.len()).then(|| GlyphInstance {
        place: present_place(points, index),
        radius: points.radius + 2.0,
        shape: 0,
        fill: [0; 4],
        ring: theme.hover,
    })
}

/// The shader's `Glyphs`.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct GlyphsUniform {
    halo: [f32; 4],
    halo_width: f32,
    ring_width: f32,
    padding: [f32; 2],
}

const _: () = assert!(size_of::<GlyphsUniform>() == 32);

/// The pipeline of glyphs.
pub(crate) struct GlyphPipeline {
    pipeline: wgpu::RenderPipeline,
    uniform_layout: wgpu::BindGroupLayout,
}

impl GlyphPipeline {
    pub fn new(device: &wgpu::Device, frame: &wgpu::BindGroupLayout) -> Self {
        let uniform_layout = layout(device, &[uniform_entry(0)]);
        let attributes =
            wgpu::vertex_attr_array![0 => Float32x3, 1 => Float32, 2 => Uint32, 3 => Unorm8x4, 4 => Unorm8x4];
        let source =
            concat!(include_str!("../../../shaders/common/frame.wgsl"), include_str!("../../../shaders/glyphs.wgsl"));
        let parts = PipelineParts {
            label: "glyphs",
            source: source.to_owned(),
            constants: &[],
            groups: &[frame, &uniform_layout],
            buffers: &[per_instance(size_of::<GlyphInstance>(), &attributes)],
            format: PICTURE,
            blend: Some(OVER),
        };
        Self { pipeline: render_pipeline(device, parts), uniform_layout }
    }

    /// Draws all of a buffer.
    pub fn draw(
        &self,
        device: &wgpu::Device,
        pass: &mut wgpu::RenderPass<'_>,
        glyphs: &wgpu::Buffer,
        n: u32,
        theme: &Theme,
    ) {
        let uniform = GlyphsUniform {
            halo: theme.halo.map(|c| f32::from(c) / 255.0),
            halo_width: HALO_POINTS,
            ring_width: RING_POINTS,
            padding: [0.0; 2],
        };
        let uniform = buffer(device, "glyphs", &[uniform], wgpu::BufferUsages::UNIFORM);
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(1, &group(device, &self.uniform_layout, &[uniform.as_entire_binding()]), &[]);
        pass.set_vertex_buffer(0, glyphs.slice(..));
        pass.draw(0..6, 0..n);
    }
}
