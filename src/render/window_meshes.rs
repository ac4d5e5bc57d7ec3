//! What egui draws, on adapters that are programs on the processor.
//!
//! The shader of `egui-wgpu` 0.37 chooses by a uniform how it filters a texture. A software adapter (Mesa's llvmpipe)
//! computes both ways at every pixel, among them 24 integer divisions that the other way would need: nine tenths of the
//! time of a frame. Here the triangles of a frame go through a shader without that choice, and large areas of plain colour
//! through one that reads no texture. On hardware, where a branch that is not taken costs nothing, egui draws by itself.

use std::mem;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::gpu::is_software;
use super::pipeline::{OVER, PipelineParts, buffer, extent, group, layout, render_pipeline, uniform_entry, view};
use eframe::egui;
use eframe::egui::epaint::{self, ClippedPrimitive, ClippedShape, ImageData, ImageDelta, Primitive, Shape, Vertex};
use eframe::egui_wgpu::{self, CallbackResources, CallbackTrait, ScreenDescriptor, wgpu};

/// Takes over what egui draws if the adapter is a program on the processor; call it before the first frame.
pub fn install_meshes(ctx: &egui::Context, state: &egui_wgpu::RenderState) {
    if is_software(&state.adapter.get_info()) {
        take_over(ctx, state);
    }
}

/// As [`install_meshes`] on any adapter.
pub fn take_over(ctx: &egui::Context, state: &egui_wgpu::RenderState) {
    let meshes = WindowMeshes::new(&state.device, state.target_format);
    state.renderer.write().callback_resources.insert(meshes);
    ctx.add_plugin(MeshPlugin { atlas: Arc::default() });
}

/// Changes of egui's texture that were not yet written: one frame may be skipped, and its changes must not be.
type AtlasChanges = Arc<Mutex<Vec<ImageDelta>>>;

/// Turns the shapes of a frame into callbacks that draw them.
struct MeshPlugin {
    atlas: AtlasChanges,
}

impl egui::Plugin for MeshPlugin {
    fn debug_name(&self) -> &'static str {
        "meshes for software adapters"
    }

    fn output_hook(&mut self, ctx: &egui::Context, output: &mut egui::FullOutput) {
        let changes = output.textures_delta.set.get(&epaint::TextureId::default()).into_iter().flatten();
        self.atlas.lock().unwrap_or_else(PoisonError::into_inner).extend(changes.cloned());
        let primitives = ctx.tessellate(mem::take(&mut output.shapes), output.pixels_per_point);
        let screen = ctx.viewport_rect();
        let mut runs = Vec::new();
        let mut run = Vec::new();
        let end_run = |run: &mut Vec<_>, shapes: &mut Vec<ClippedShape>| {
            if !run.is_empty() {
                let number = shapes.len();
                let meshes = MeshRun { number, meshes: mem::take(run), atlas: Arc::clone(&self.atlas) };
                let shape = egui_wgpu::Callback::new_paint_callback(screen, meshes);
                shapes.push(ClippedShape::new(screen, shape));
            }
        };
        for ClippedPrimitive { clip_rect, primitive } in primitives {
            let left_to_egui: Shape = match primitive {
                Primitive::Mesh(mesh) if mesh.texture_id == epaint::TextureId::default() => {
                    run.push((clip_rect, mesh));
                    continue;
                }
                // Of another texture we know nothing.
                Primitive::Mesh(mesh) => Shape::mesh(mesh),
                Primitive::Callback(callback) => callback.into(),
            };
            end_run(&mut run, &mut runs);
            runs.push(ClippedShape::new(clip_rect, left_to_egui));
        }
        end_run(&mut run, &mut runs);
        output.shapes = runs;
    }
}

/// The pipeline, the atlas and what the runs of a frame are drawn from.
struct WindowMeshes {
    textured: wgpu::RenderPipeline,
    plain: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
    sampler: wgpu::Sampler,
    atlas: Option<wgpu::Texture>,
    /// By the number of the run.
    runs: Vec<Option<RunBuffers>>,
}

struct RunBuffers {
    group: wgpu::BindGroup,
    vertices: wgpu::Buffer,
    indices: wgpu::Buffer,
    draws: Vec<Draw>,
}

/// Neighbouring triangles that are drawn at once.
struct Draw {
    clip: egui::Rect,
    indices: Range<u32>,
    first_vertex: i32,
    is_plain: bool,
}

/// Plain triangles are drawn apart from others from so many square points on: changing the shader has its cost, too.
const LARGE: f32 = 2000.0;

/// Cuts a mesh into large areas of plain colour and what is between them; `first_index` and `first_vertex` are its place in
/// the buffers of its run.
fn draws_of(mesh: &epaint::Mesh, clip: egui::Rect, first_index: u32, first_vertex: i32) -> Vec<Draw> {
    let mut draws: Vec<Draw> = Vec::new();
    let triangles = mesh.indices.as_chunks::<3>().0;
    let is_plain = |triangle: &[u32; 3]| triangle.iter().all(|&k| mesh.vertices[k as usize].uv == epaint::WHITE_UV);
    let area = |triangle: &[u32; 3]| {
        let [a, b, c] = triangle.map(|k| mesh.vertices[k as usize].pos);
        let (ab, ac) = (b - a, c - a);
        0.5 * (ab.x * ac.y - ab.y * ac.x).abs()
    };
    let mut first = first_index;
    for alike in triangles.chunk_by(|a, b| is_plain(a) == is_plain(b)) {
        let is_plain = is_plain(&alike[0]) && alike.iter().map(area).sum::<f32>() >= LARGE;
        let indices = first..first + 3 * alike.len() as u32;
        first = indices.end;
        match draws.last_mut().filter(|last| last.is_plain == is_plain) {
            Some(last) => last.indices.end = indices.end,
            None => draws.push(Draw { clip, indices, first_vertex, is_plain }),
        }
    }
    draws
}

impl WindowMeshes {
    fn new(device: &wgpu::Device, format: wgpu::TextureFormat) -> Self {
        let atlas = wgpu::BindGroupLayoutEntry {
            binding: 1,
            visibility: wgpu::ShaderStages::FRAGMENT,
            ty: wgpu::BindingType::Texture {
                sample_type: wgpu::TextureSampleType::Float { filterable: true },
                view_dimension: wgpu::TextureViewDimension::D2,
                multisampled: false,
            },
            count: None,
        };
        let sampler = wgpu::BindGroupLayoutEntry {
            binding: 2,
            ty: wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering),
            ..atlas
        };
        let layout = layout(device, &[uniform_entry(0), atlas, sampler]);
        let vertex = wgpu::VertexBufferLayout {
            array_stride: size_of::<Vertex>() as u64,
            step_mode: wgpu::VertexStepMode::Vertex,
            attributes: &wgpu::vertex_attr_array![0 => Float32x2, 1 => Float32x2, 2 => Unorm8x4],
        };
        let source =
            concat!(include_str!("../../shaders/common/target.wgsl"), include_str!("../../shaders/meshes.wgsl"));
        let pipeline = |plain: f64| {
            let parts = PipelineParts {
                label: "meshes",
                source: source.to_owned(),
                constants: &[("LINEAR", f64::from(u8::from(format.is_srgb()))), ("PLAIN", plain)],
                groups: &[&layout],
                buffers: &[Some(vertex.clone())],
                format,
                blend: Some(OVER),
            };
            render_pipeline(device, parts)
        };
        let (textured, plain) = (pipeline(0.0), pipeline(1.0));
        let sampler = device.create_sampler(&wgpu::SamplerDescriptor {
            mag_filter: wgpu::FilterMode::Linear,
            min_filter: wgpu::FilterMode::Linear,
            ..wgpu::SamplerDescriptor::default()
        });
        Self { textured, plain, layout, sampler, atlas: None, runs: Vec::new() }
    }

    fn change_atlas(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, change: &ImageDelta) {
        let ImageData::Color(image) = &change.image;
        let size = image.size.map(|side| side as u32);
        if change.pos.is_none() {
            self.atlas = Some(device.create_texture(&wgpu::TextureDescriptor {
                label: Some("atlas"),
                size: extent(size),
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format: wgpu::TextureFormat::Rgba8Unorm,
                usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
                view_formats: &[],
            }));
        }
        let Some(atlas) = &self.atlas else { return };
        let [x, y] = change.pos.unwrap_or_default().map(|place| place as u32);
        let part = wgpu::TexelCopyTextureInfo { origin: wgpu::Origin3d { x, y, z: 0 }, ..atlas.as_image_copy() };
        let rows = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(4 * size[0]), rows_per_image: None };
        queue.write_texture(part, bytemuck::cast_slice(&image.pixels), rows, extent(size));
    }

    fn prepare_run(&mut self, run: &MeshRun, device: &wgpu::Device, screen: &ScreenDescriptor) {
        let Some(atlas) = &self.atlas else { return };
        let vertices: Vec<Vertex> = run.meshes.iter().flat_map(|(_, mesh)| &mesh.vertices).copied().collect();
        let indices: Vec<u32> = run.meshes.iter().flat_map(|(_, mesh)| &mesh.indices).copied().collect();
        let mut draws = Vec::new();
        let (mut first_index, mut first_vertex) = (0, 0);
        for (clip, mesh) in &run.meshes {
            draws.extend(draws_of(mesh, *clip, first_index, first_vertex));
            first_index += mesh.indices.len() as u32;
            first_vertex += mesh.vertices.len() as i32;
        }
        let size_points = screen.size_in_pixels.map(|side| side as f32 / screen.pixels_per_point);
        let size = buffer(device, "screen", &[size_points, [0.0; 2]], wgpu::BufferUsages::UNIFORM);
        let atlas = view(atlas);
        let resources = [
            size.as_entire_binding(),
            wgpu::BindingResource::TextureView(&atlas),
            wgpu::BindingResource::Sampler(&self.sampler),
        ];
        let buffers = RunBuffers {
            group: group(device, &self.layout, &resources),
            vertices: buffer(device, "vertices", &vertices, wgpu::BufferUsages::VERTEX),
            indices: buffer(device, "indices", &indices, wgpu::BufferUsages::INDEX),
            draws,
        };
        if self.runs.len() <= run.number {
            self.runs.resize_with(run.number + 1, || None);
        }
        self.runs[run.number] = Some(buffers);
    }
}

/// Meshes that are drawn one after the other, each in its clip rectangle.
struct MeshRun {
    number: usize,
    meshes: Vec<(egui::Rect, epaint::Mesh)>,
    atlas: AtlasChanges,
}

impl CallbackTrait for MeshRun {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        screen: &ScreenDescriptor,
        _encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        if let Some(window) = resources.get_mut::<WindowMeshes>() {
            for change in mem::take(&mut *self.atlas.lock().unwrap_or_else(PoisonError::into_inner)) {
                window.change_atlas(device, queue, &change);
            }
            window.prepare_run(self, device, screen);
        }
        Vec::new()
    }

    fn paint(
        &self,
        info: egui::PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        let Some(window) = resources.get::<WindowMeshes>() else { return };
        let Some(Some(buffers)) = window.runs.get(self.number) else { return };
        pass.set_bind_group(0, &buffers.group, &[]);
        pass.set_vertex_buffer(0, buffers.vertices.slice(..));
        pass.set_index_buffer(buffers.indices.slice(..), wgpu::IndexFormat::Uint32);
        for draw in &buffers.draws {
            let [x, y, width, height] = clip_px(&draw.clip, info.pixels_per_point, info.screen_size_px);
            if width > 0 && height > 0 {
                pass.set_pipeline(if draw.is_plain { &window.plain } else { &window.textured });
                pass.set_scissor_rect(x, y, width, height);
                pass.draw_indexed(draw.indices.clone(), draw.first_vertex, 0..1);
            }
        }
    }
}

/// Left, top, width and height of a clip rectangle on the screen, in pixels.
fn clip_px(clip: &egui::Rect, px_per_point: f32, screen_px: [u32; 2]) -> [u32; 4] {
    let px = |points: f32, most: u32| ((points * px_per_point).round() as u32).min(most);
    let (left, top) = (px(clip.min.x, screen_px[0]), px(clip.min.y, screen_px[1]));
    let (right, bottom) = (px(clip.max.x, screen_px[0]), px(clip.max.y, screen_px[1]));
    [left, top, right.saturating_sub(left), bottom.saturating_sub(top)]
}
