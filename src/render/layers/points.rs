//! Points on the device: places uploaded once in chunks, paint whenever colours or marks change.

use super::paint::Paint;
use crate::render::pipeline::{
    ADD, DEPTHS, OVER, PICTURE, PipelineParts, buffer, group, layout, per_instance, render_pipeline, texture_entry,
    uniform_entry,
};
use crate::render::scene::{PointLayer, Positions};
use crate::render::theme::{Rgba, Theme};
use bytemuck::{Pod, Zeroable};
use eframe::egui_wgpu::wgpu;

/// Points of one chunk, where the device allows: 48 MiB of places.
const CHUNK: usize = 1 << 22;

/// The shaders' `Points`.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct PointsUniform {
    radius: f32,
    opacity: f32,
    transition: f32,
    selected: u32,
    /// Colour, and width in points.
    rim: [f32; 4],
}

const _: () = assert!(size_of::<PointsUniform>() == 32);

/// Places of one data set.
pub(crate) struct PositionBuffers {
    chunks: Vec<wgpu::Buffer>,
    chunk_points: usize,
}

impl PositionBuffers {
    pub fn upload(device: &wgpu::Device, positions: &Positions) -> Self {
        let chunk_points = chunk_points(device);
        let upload = |chunk| buffer(device, "point places", chunk, wgpu::BufferUsages::VERTEX);
        Self { chunks: positions.chunks(chunk_points).map(upload).collect(), chunk_points }
    }
}

fn chunk_points(device: &wgpu::Device) -> usize {
    CHUNK.min(device.limits().max_buffer_size as usize / size_of::<[f32; 3]>()).max(1)
}

/// Paint of one layer.
pub(crate) struct PaintBuffers {
    chunks: Vec<(wgpu::Buffer, u32)>,
}

impl PaintBuffers {
    pub fn upload(device: &wgpu::Device, queue: &wgpu::Queue, paint: &Paint, kept: Option<Self>) -> Self {
        let chunk_points = chunk_points(device);
        let usage = wgpu::BufferUsages::VERTEX | wgpu::BufferUsages::COPY_DST;
        let fits = |kept: &Self| {
            let sizes = kept.chunks.iter().map(|(_, n)| *n as usize);
            sizes.eq(paint.packed.chunks(chunk_points).map(<[u32]>::len))
        };
        if let Some(kept) = kept.filter(fits) {
            for ((buffer, _), chunk) in kept.chunks.iter().zip(paint.packed.chunks(chunk_points)) {
                queue.write_buffer(buffer, 0, bytemuck::cast_slice(chunk));
            }
            return kept;
        }
        let upload = |chunk: &[u32]| (buffer(device, "point paint", chunk, usage), chunk.len() as u32);
        Self { chunks: paint.packed.chunks(chunk_points).map(upload).collect() }
    }
}

/// The pipelines of points.
pub(crate) struct PointPipelines {
    add: wgpu::RenderPipeline,
    resolve: wgpu::RenderPipeline,
    selected: wgpu::RenderPipeline,
    uniform_layout: wgpu::BindGroupLayout,
    depths_layout: wgpu::BindGroupLayout,
}

impl PointPipelines {
    pub fn new(device: &wgpu::Device, frame: &wgpu::BindGroupLayout) -> Self {
        let uniform_layout = layout(device, &[uniform_entry(0)]);
        let depths_layout = layout(device, &[texture_entry(0)]);
        let place = wgpu::vertex_attr_array![0 => Float32x3];
        let earlier = wgpu::vertex_attr_array![1 => Float32x3];
        let paint = wgpu::vertex_attr_array![2 => Uint32];
        let buffers = [per_instance(12, &place), per_instance(12, &earlier), per_instance(4, &paint)];
        let common = concat!(
            include_str!("../../../shaders/common/frame.wgsl"),
            include_str!("../../../shaders/common/points.wgsl")
        );
        let of_points = |label, source: &str, format, blend| {
            let source = format!("{common}{source}");
            let groups = &[frame, &uniform_layout];
            let parts =
                PipelineParts { label, source, constants: &[], groups, buffers: &buffers, format, blend: Some(blend) };
            render_pipeline(device, parts)
        };
        let resolve = PipelineParts {
            label: "points_resolve",
            source: include_str!("../../../shaders/points_resolve.wgsl").to_owned(),
            constants: &[],
            groups: &[&depths_layout],
            buffers: &[],
            format: PICTURE,
            blend: Some(OVER),
        };
        Self {
            add: of_points("points", include_str!("../../../shaders/points.wgsl"), DEPTHS, ADD),
            selected: of_points(
                "points_selected",
                include_str!("../../../shaders/points_selected.wgsl"),
                PICTURE,
                OVER,
            ),
            resolve: render_pipeline(device, resolve),
            uniform_layout,
            depths_layout,
        }
    }

    /// Draws what is not selected into the summed depths.
    pub fn add(
        &self,
        device: &wgpu::Device,
        pass: &mut wgpu::RenderPass<'_>,
        layer: &PointLayer,
        theme: &Theme,
        opacity: f32,
        buffers: &PointBuffers<'_>,
    ) {
        pass.set_pipeline(&self.add);
        let rim = rim(theme.halo, layer.rim);
        let uniform = PointsUniform { radius: layer.radius, opacity, transition: layer.transition, selected: 0, rim };
        self.draw(device, pass, uniform, buffers);
    }

    /// Turns the summed depths into colours.
    pub fn resolve(&self, device: &wgpu::Device, pass: &mut wgpu::RenderPass<'_>, depths: &wgpu::TextureView) {
        let depths = group(device, &self.depths_layout, &[wgpu::BindingResource::TextureView(depths)]);
        pass.set_pipeline(&self.resolve);
        pass.set_bind_group(0, &depths, &[]);
        pass.draw(0..3, 0..1);
    }

    /// Draws what is selected.
    pub fn selected(
        &self,
        device: &wgpu::Device,
        pass: &mut wgpu::RenderPass<'_>,
        layer: &PointLayer,
        theme: &Theme,
        buffers: &PointBuffers<'_>,
    ) {
        pass.set_pipeline(&self.selected);
        let rim = rim(theme.selection, SELECTED_RING_POINTS);
        let uniform =
            PointsUniform { radius: layer.radius, opacity: 1.0, transition: layer.transition, selected: 1, rim };
        self.draw(device, pass, uniform, buffers);
    }

    fn draw(
        &self,
        device: &wgpu::Device,
        pass: &mut wgpu::RenderPass<'_>,
        uniform: PointsUniform,
        buffers: &PointBuffers<'_>,
    ) {
        let uniform = buffer(device, "points", &[uniform], wgpu::BufferUsages::UNIFORM);
        pass.set_bind_group(1, &group(device, &self.uniform_layout, &[uniform.as_entire_binding()]), &[]);
        let earlier = buffers.earlier.unwrap_or(buffers.places);
        assert_eq!(buffers.places.chunk_points, earlier.chunk_points, "chunks follow the device alone");
        for ((places, earlier), (paint, n)) in
            buffers.places.chunks.iter().zip(&earlier.chunks).zip(&buffers.paint.chunks)
        {
            pass.set_vertex_buffer(0, places.slice(..));
            pass.set_vertex_buffer(1, earlier.slice(..));
            pass.set_vertex_buffer(2, paint.slice(..));
            pass.draw(0..6, 0..*n);
        }
    }
}

/// Width of the ring around selected points, in points.
pub(crate) const SELECTED_RING_POINTS: f32 = 1.4;

fn rim([r, g, b, _]: Rgba, width: f32) -> [f32; 4] {
    let [r, g, b] = [r, g, b].map(|c| f32::from(c) / 255.0);
    [r, g, b, width]
}

/// What a draw of points reads.
pub(crate) struct PointBuffers<'a> {
    pub places: &'a PositionBuffers,
    pub earlier: Option<&'a PositionBuffers>,
    pub paint: &'a PaintBuffers,
}
