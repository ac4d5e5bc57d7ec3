//! Fields on the device: the grid as a texture, the colour map as another.

use crate::render::pipeline::{
    OVER, PICTURE, PipelineParts, buffer, group, layout, render_pipeline, target, texture_entry, uniform_entry, view,
    write_texture,
};
use crate::render::raster::cell_values;
use crate::render::scene::FieldLayer;
use crate::render::theme::{Rgba, Theme, faded};
use bytemuck::{Pod, Zeroable};
use eframe::egui_wgpu::wgpu;

/// Distance between hatch lines, in points.
pub(crate) const FIELD_HATCH_SPACING: f32 = 7.0;
/// Width of a hatch line, in points.
pub(crate) const FIELD_HATCH_WIDTH: f32 = 1.0;

/// The colour of hatching.
pub(crate) fn field_hatch(theme: &Theme) -> Rgba {
    faded(theme.faint, 0.45)
}

/// The shader's `Field`.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct FieldUniform {
    corners: [f32; 4],
    hatch: [f32; 4],
    opacity: f32,
    fade: f32,
    hatch_spacing: f32,
    hatch_width: f32,
}

const _: () = assert!(size_of::<FieldUniform>() == 48);

/// The pipeline of fields.
pub(crate) struct FieldPipeline {
    pipeline: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
}

impl FieldPipeline {
    pub fn new(device: &wgpu::Device, frame: &wgpu::BindGroupLayout) -> Self {
        let layout = layout(device, &[uniform_entry(0), texture_entry(1), texture_entry(2)]);
        let source =
            concat!(include_str!("../../../shaders/common/frame.wgsl"), include_str!("../../../shaders/field.wgsl"));
        let parts = PipelineParts {
            label: "field",
            source: source.to_owned(),
            constants: &[],
            groups: &[frame, &layout],
            buffers: &[],
            format: PICTURE,
            blend: Some(OVER),
        };
        Self { pipeline: render_pipeline(device, parts), layout }
    }

    /// Uploads a field and makes the group that draws it; `None` for an empty one or one larger than a texture.
    pub fn group(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        layer: &FieldLayer,
        theme: &Theme,
    ) -> Option<wgpu::BindGroup> {
        let grid = &*layer.grid;
        let size = grid.size.map(|n| n as u32);
        let limit = device.limits().max_texture_dimension_2d;
        if grid.values.is_empty() || size.iter().any(|&n| n == 0 || n > limit) {
            return None;
        }
        let cells: Vec<[f32; 2]> = (0..grid.values.len()).map(|k| cell_values(layer, k).into()).collect();
        let more = wgpu::TextureUsages::COPY_DST;
        let values = target(device, "field", size, wgpu::TextureFormat::Rg32Float, more);
        write_texture(queue, &values, size, bytemuck::cast_slice(&cells));
        let colours = target(device, "colour map", [256, 1], PICTURE, more);
        let table: Vec<u8> = layer.scale.map.table().iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect();
        write_texture(queue, &colours, [256, 1], &table);
        let [[x0, y0], [x1, y1]] = grid.corners;
        let uniform = FieldUniform {
            corners: [x0, y0, x1, y1].map(|v| v as f32),
            hatch: field_hatch(theme).map(|c| f32::from(c) / 255.0),
            opacity: layer.opacity,
            fade: layer.fade,
            hatch_spacing: FIELD_HATCH_SPACING,
            hatch_width: FIELD_HATCH_WIDTH,
        };
        let uniform = buffer(device, "field", &[uniform], wgpu::BufferUsages::UNIFORM);
        let resources = [
            uniform.as_entire_binding(),
            wgpu::BindingResource::TextureView(&view(&values)),
            wgpu::BindingResource::TextureView(&view(&colours)),
        ];
        Some(group(device, &self.layout, &resources))
    }

    /// Draws one field.
    pub fn draw(&self, pass: &mut wgpu::RenderPass<'_>, field: &wgpu::BindGroup) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(1, field, &[]);
        pass.draw(0..6, 0..1);
    }
}
