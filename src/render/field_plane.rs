//! The exact roughness field on a plane through latent space: on the device, or by its twin on all cores.
//!
//! R(x) = Σ h exp(−½ (p²/s₁ + (r² − p²)/s₂)) with r = x − μ and p = r·u, as in `fill`. On the plane x = o + u e₁ + v e₂
//! both r² and p split into a part in the plane and one across it that is the same everywhere, so the cost of a value
//! does not depend on the dimension of latent space.

use super::gpu::{Gpu, GpuError};
use super::pipeline::{buffer, group, layout};
use super::scene::FieldGrid;
use bytemuck::{Pod, Zeroable};
use eframe::egui_wgpu::wgpu;
use rayon::prelude::*;

/// Gaussians in latent space, as plain arrays; n of them in d dimensions.
#[derive(Debug, Clone, Copy)]
pub struct Gaussians<'a> {
    /// Values at the centres, shape `(n,)`.
    pub heights: &'a [f64],
    /// Centres μ, shape `(n, d)`.
    pub means: &'a [f64],
    /// Unit directions u, shape `(n, d)`.
    pub directions: &'a [f64],
    /// 1/s₁ along u and 1/s₂ across it, shape `(n, 2)`.
    pub inverse_variances: &'a [[f64; 2]],
}

/// A rectangle of a plane: x = origin + u e₁ + v e₂.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaneCut {
    /// o, shape `(d,)`.
    pub origin: Vec<f64>,
    /// e₁ and e₂, orthonormal, each of shape `(d,)`.
    pub axes: [Vec<f64>; 2],
    /// Lower left and upper right (u, v).
    pub corners: [[f64; 2]; 2],
    /// Columns and rows of the grid.
    pub size: [usize; 2],
}

/// A Gaussian as seen from the plane; laid out as the shader's.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
struct PlaneGaussian {
    centre: [f32; 2],
    off2: f32,
    along_off: f32,
    direction: [f32; 2],
    inverse_along: f32,
    inverse_across: f32,
    height: f32,
    padding: [f32; 3],
}

const _: () = assert!(size_of::<PlaneGaussian>() == 48);

/// The shader's `Plane`.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct PlaneUniform {
    corner: [f32; 2],
    cell: [f32; 2],
    size: [u32; 2],
    n_gaussians: u32,
    padding: u32,
}

const _: () = assert!(size_of::<PlaneUniform>() == 32);

/// Cells and Gaussians of one submission: a few seconds even on a slow device, so that no watchdog stops it.
const MOST_TERMS: usize = 1 << 30;

impl PlaneCut {
    fn middle(&self) -> [f64; 2] {
        [0, 1].map(|k| f64::midpoint(self.corners[0][k], self.corners[1][k]))
    }

    fn cell(&self) -> [f64; 2] {
        [0, 1].map(|k| (self.corners[1][k] - self.corners[0][k]) / self.size[k].max(1) as f64)
    }

    fn grid(&self, values: Vec<f32>) -> FieldGrid {
        FieldGrid { size: self.size, corners: self.corners, values, supported: Vec::new() }
    }

    /// Gaussians brought to the plane, coordinates relative to the middle: single precision is then enough.
    fn seen(&self, gaussians: Gaussians<'_>) -> Vec<PlaneGaussian> {
        let d = self.origin.len();
        let middle = self.middle();
        let [e1, e2] = &self.axes;
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let of_one = |i: usize| {
            let mean = &gaussians.means[i * d..][..d];
            let direction = &gaussians.directions[i * d..][..d];
            let offset: Vec<f64> = mean.iter().zip(&self.origin).map(|(m, o)| m - o).collect();
            let (u, v) = (dot(&offset, e1), dot(&offset, e2));
            // What is left of (μ − o) across the plane.
            let across: Vec<f64> = (0..d).map(|k| offset[k] - u * e1[k] - v * e2[k]).collect();
            let [along, beside] = gaussians.inverse_variances[i];
            PlaneGaussian {
                centre: [(u - middle[0]) as f32, (v - middle[1]) as f32],
                off2: dot(&across, &across) as f32,
                along_off: -dot(&across, direction) as f32,
                direction: [dot(e1, direction) as f32, dot(e2, direction) as f32],
                inverse_along: along as f32,
                inverse_across: beside as f32,
                height: gaussians.heights[i] as f32,
                padding: [0.0; 3],
            }
        };
        (0..gaussians.heights.len()).into_par_iter().map(of_one).collect()
    }
}

/// R on the grid of a plane, on all cores.
///
/// # Panics
/// Here and below: when the arrays do not belong together, or the plane has another dimension.
pub fn field_on_plane(gaussians: Gaussians<'_>, cut: &PlaneCut) -> FieldGrid {
    check(gaussians, cut);
    let seen = cut.seen(gaussians);
    let (cell, middle) = (cut.cell(), cut.middle());
    let corner = [0, 1].map(|k| cut.corners[0][k] - middle[k]);
    let value = |index: usize| {
        let column_row = [index % cut.size[0], index / cut.size[0]];
        let place = [0, 1].map(|k| corner[k] + (column_row[k] as f64 + 0.5) * cell[k]);
        let term = |g: &PlaneGaussian| {
            let offset = [0, 1].map(|k| place[k] - f64::from(g.centre[k]));
            let r2 = offset[0] * offset[0] + offset[1] * offset[1] + f64::from(g.off2);
            let p =
                offset[0] * f64::from(g.direction[0]) + offset[1] * f64::from(g.direction[1]) + f64::from(g.along_off);
            let across = (r2 - p * p).max(0.0);
            let exponent = -0.5 * (p * p * f64::from(g.inverse_along) + across * f64::from(g.inverse_across));
            f64::from(g.height) * exponent.exp()
        };
        seen.iter().map(term).sum::<f64>() as f32
    };
    cut.grid((0..cut.size[0] * cut.size[1]).into_par_iter().with_min_len(64).map(value).collect())
}

fn check(gaussians: Gaussians<'_>, cut: &PlaneCut) {
    let (n, d) = (gaussians.heights.len(), cut.origin.len());
    let whole = gaussians.means.len() == n * d && gaussians.directions.len() == n * d;
    assert!(whole && gaussians.inverse_variances.len() == n, "arrays of n Gaussians in d dimensions");
    assert!(cut.axes.iter().all(|axis| axis.len() == d), "axes of d dimensions");
}

/// [`field_on_plane`] by the device's compute shader; on the processor where the device has none.
///
/// # Errors
/// When the device is lost, or out of memory.
pub fn field_on_plane_by(gpu: &Gpu, gaussians: Gaussians<'_>, cut: &PlaneCut) -> Result<FieldGrid, GpuError> {
    check(gaussians, cut);
    let n_cells = cut.size[0] * cut.size[1];
    let limit = gpu.device.limits().max_storage_buffer_binding_size as usize;
    if !gpu.has_compute() || n_cells == 0 || 4 * n_cells > limit {
        return Ok(field_on_plane(gaussians, cut));
    }
    let seen = cut.seen(gaussians);
    let device = &gpu.device;
    let storage = |binding, read_only| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Storage { read_only },
            has_dynamic_offset: false,
            min_binding_size: None,
        },
        count: None,
    };
    let uniform = wgpu::BindGroupLayoutEntry {
        ty: wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Uniform,
            has_dynamic_offset: false,
            min_binding_size: None,
        },
        ..storage(0, true)
    };
    let layout = layout(device, &[uniform, storage(1, true), storage(2, false)]);
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some("field_plane"),
        source: wgpu::ShaderSource::Wgsl(include_str!("../../shaders/field_plane.wgsl").into()),
    });
    let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: None,
        bind_group_layouts: &[Some(&layout)],
        immediate_size: 0,
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some("field_plane"),
        layout: Some(&pipeline_layout),
        module: &module,
        entry_point: Some("cs_main"),
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    });
    let values = device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("field"),
        size: 4 * n_cells as u64,
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: false,
    });
    let (cell, middle) = (cut.cell(), cut.middle());
    let per_chunk = (MOST_TERMS / n_cells).clamp(1, limit / size_of::<PlaneGaussian>());
    for few in seen.chunks(per_chunk) {
        let uniform = PlaneUniform {
            corner: [0, 1].map(|k| (cut.corners[0][k] - middle[k]) as f32),
            cell: cell.map(|v| v as f32),
            size: cut.size.map(|n| n as u32),
            n_gaussians: few.len() as u32,
            padding: 0,
        };
        let uniform = buffer(device, "plane", &[uniform], wgpu::BufferUsages::UNIFORM);
        let few = buffer(device, "gaussians", few, wgpu::BufferUsages::STORAGE);
        let resources = [uniform.as_entire_binding(), few.as_entire_binding(), values.as_entire_binding()];
        let group = group(device, &layout, &resources);
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &group, &[]);
            let n_groups = n_cells.div_ceil(64) as u32;
            let across = n_groups.min(device.limits().max_compute_workgroups_per_dimension);
            pass.dispatch_workgroups(across, n_groups.div_ceil(across), 1);
        }
        gpu.queue.submit([encoder.finish()]);
    }
    let bytes = gpu.read_buffer(&values)?;
    Ok(cut.grid(bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()))
}
