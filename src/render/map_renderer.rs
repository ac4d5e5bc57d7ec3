//! Scenes into textures: what was uploaded is kept, and nothing is drawn twice.

use super::camera::Camera;
use super::gpu::{Gpu, GpuError};
use super::layers::{
    FieldPipeline, GlyphPipeline, LineInstance, LinePipeline, Paint, PaintBuffers, PointBuffers, PointPipelines,
    PositionBuffers, glyph_instances, outline_lines, still_lines,
};
use super::pipeline::{DEPTHS, PICTURE, buffer, extent, group, layout, target, uniform_entry, view, write_texture};
use super::raster::{self, Frame, Picture};
use super::scene::{FieldLayer, Positions, Scene};
use super::viewport::Viewport;
use eframe::egui_wgpu::wgpu;
use std::collections::HashMap;

/// What a picture shows, for the readout `shown / loaded`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drawn {
    /// Points that are drawn.
    pub shown: usize,
    /// Points of the data set.
    pub loaded: usize,
    /// Whether a seeded sample is drawn instead of all that is not hidden.
    pub sampled: bool,
}

/// Who turns geometry into pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The shaders.
    Shaders,
    /// Their twins on the processor; the device only shows the result. Faster on a software adapter.
    Processor,
}

impl Method {
    /// Shaders on hardware, the processor on a software adapter.
    pub fn for_gpu(gpu: &Gpu) -> Self {
        if gpu.is_software() { Self::Processor } else { Self::Shaders }
    }
}

/// Pictures that nobody has asked for during this many drawings of others give their memory back.
const KEEP_FOR: u64 = 240;

/// Draws scenes with one device. Several views (tiles of the window) share what is uploaded.
pub struct MapRenderer {
    gpu: Gpu,
    method: Method,
    frame_layout: wgpu::BindGroupLayout,
    points: PointPipelines,
    lines: LinePipeline,
    glyphs: GlyphPipeline,
    fields: FieldPipeline,
    positions: HashMap<u64, (PositionBuffers, u64)>,
    views: HashMap<u64, View>,
    clock: u64,
}

/// One picture and what it was made from.
struct View {
    viewport: Viewport,
    picture: wgpu::Texture,
    depths: wgpu::Texture,
    drawn_from: Option<(Scene, Camera)>,
    paint: Option<(PaintKey, Paint, Option<PaintBuffers>)>,
    /// Buffers of the paint before, to be written over.
    spare_paint: Option<PaintBuffers>,
    still: Option<StillLines>,
    fields: Vec<(FieldLayer, bool, Option<wgpu::BindGroup>)>,
    used: u64,
}

/// Lines that stay where they are while the camera moves: contours are costly to find.
struct StillLines {
    key: StillKey,
    lines: Vec<LineInstance>,
    /// On the device, where shaders draw and there are any.
    buffer: Option<wgpu::Buffer>,
}

/// What paint depends on.
#[derive(PartialEq)]
struct PaintKey(
    super::theme::Theme,
    Positions,
    super::scene::PointColours,
    Option<super::Shared<Vec<u8>>>,
    Option<usize>,
);

/// What still lines depend on.
#[derive(PartialEq)]
struct StillKey(super::theme::Theme, Vec<FieldLayer>, Option<super::scene::EdgeLayer>);

impl MapRenderer {
    /// A renderer; shaders on hardware, the processor on a software adapter.
    pub fn new(gpu: Gpu) -> Self {
        let method = Method::for_gpu(&gpu);
        Self::with_method(gpu, method)
    }

    /// A renderer that uses `method`.
    pub fn with_method(gpu: Gpu, method: Method) -> Self {
        let device = &gpu.device;
        let frame_layout = layout(device, &[uniform_entry(0)]);
        Self {
            points: PointPipelines::new(device, &frame_layout),
            lines: LinePipeline::new(device, &frame_layout),
            glyphs: GlyphPipeline::new(device, &frame_layout),
            fields: FieldPipeline::new(device, &frame_layout),
            frame_layout,
            positions: HashMap::new(),
            views: HashMap::new(),
            clock: 0,
            method,
            gpu,
        }
    }

    /// The device.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// Who draws.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Brings the picture of a view up to date; true when something was drawn. `view_id` tells views apart.
    ///
    /// # Errors
    /// When the picture is larger than the device allows.
    pub fn draw(&mut self, view_id: u64, scene: &Scene, camera: &Camera, viewport: Viewport) -> Result<bool, GpuError> {
        let [width, height] = viewport.size_px;
        let limit = self.gpu.device.limits().max_texture_dimension_2d;
        if width.max(height) > limit {
            return Err(GpuError::TooLarge { width, height, limit });
        }
        self.clock += 1;
        let clock = self.clock;
        self.views.retain(|id, view| *id == view_id || clock - view.used < KEEP_FOR);
        let mut view = match self.views.remove(&view_id) {
            Some(view) if view.viewport == viewport => view,
            kept => View::new(&self.gpu.device, viewport, self.method, kept),
        };
        view.used = clock;
        let changed = view.drawn_from.as_ref().is_none_or(|(s, c)| s != scene || c != camera);
        if changed {
            view.update_paint(scene);
            view.update_still_lines(scene);
            match self.method {
                Method::Processor => self.draw_on_processor(&view, scene, camera),
                Method::Shaders => self.draw_with_shaders(&mut view, scene, camera),
            }
            view.drawn_from = Some((scene.clone(), *camera));
        }
        self.views.insert(view_id, view);
        self.positions.retain(|_, (_, used)| clock - *used < KEEP_FOR);
        Ok(changed)
    }

    /// What the picture of a view shows.
    pub fn drawn(&self, view_id: u64) -> Drawn {
        let Some((_, paint, _)) = self.views.get(&view_id).and_then(|view| view.paint.as_ref()) else {
            return Drawn::default();
        };
        Drawn { shown: paint.n_shown, loaded: paint.packed.len(), sampled: paint.sampled }
    }

    /// The picture of a view, as a texture of display values.
    pub(crate) fn texture(&self, view_id: u64) -> Option<&wgpu::Texture> {
        self.views.get(&view_id).map(|view| &view.picture)
    }

    /// The picture of a view, read back.
    ///
    /// # Errors
    /// When the device is lost, or nothing was drawn for this view.
    pub fn read_back(&self, view_id: u64) -> Result<Picture, GpuError> {
        let view = self.views.get(&view_id).ok_or(GpuError::ReadBack)?;
        read_back(&self.gpu, &view.picture, view.viewport.size_px)
    }

    fn draw_on_processor(&self, view: &View, scene: &Scene, camera: &Camera) {
        let paint = view.paint.as_ref().map(|(_, paint, _)| paint);
        let still = view.still.as_ref().map_or(&[][..], |still| &still.lines);
        let picture = raster::draw_painted(scene, paint, still, camera, view.viewport);
        write_texture(&self.gpu.queue, &view.picture, picture.size, &picture.rgba);
    }

    fn draw_with_shaders(&mut self, state: &mut View, scene: &Scene, camera: &Camera) {
        self.upload(state, scene);
        let device = &self.gpu.device;
        let frame = Frame::new(camera, state.viewport);
        let uniform = buffer(device, "frame", &[frame], wgpu::BufferUsages::UNIFORM);
        let frame_group = group(device, &self.frame_layout, &[uniform.as_entire_binding()]);
        let (picture, depths) = (view(&state.picture), view(&state.depths));
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let points = scene.points.as_ref().zip(self.point_buffers(state, scene));
        let opacity = |layer| state.paint.as_ref().map_or(1.0, |(_, paint, _)| paint.opacity(layer));
        if let Some((layer, buffers)) = &points {
            let mut pass = begin(&mut encoder, &depths, Some(wgpu::Color::TRANSPARENT));
            pass.set_bind_group(0, &frame_group, &[]);
            self.points.add(device, &mut pass, layer, &scene.theme, opacity(layer), buffers);
        }
        {
            let [r, g, b, a] = scene.theme.background.map(|c| f64::from(c) / 255.0);
            let mut pass = begin(&mut encoder, &picture, Some(wgpu::Color { r, g, b, a }));
            pass.set_bind_group(0, &frame_group, &[]);
            for field in state.fields.iter().filter_map(|(_, _, group)| group.as_ref()) {
                self.fields.draw(&mut pass, field);
            }
            if points.is_some() {
                self.points.resolve(device, &mut pass, &depths);
                pass.set_bind_group(0, &frame_group, &[]);
            }
            let has_selected = state.paint.as_ref().is_some_and(|(_, paint, _)| paint.n_selected > 0);
            if let Some((layer, buffers)) = points.as_ref().filter(|_| has_selected) {
                self.points.selected(device, &mut pass, layer, &scene.theme, buffers);
            }
            if let Some(StillLines { lines, buffer: Some(buffer), .. }) = &state.still {
                self.lines.draw(&mut pass, buffer, lines.len() as u32);
            }
            let outlines = outline_lines(scene, &frame);
            if !outlines.is_empty() {
                let lines = buffer(device, "outlines", &outlines, wgpu::BufferUsages::VERTEX);
                self.lines.draw(&mut pass, &lines, outlines.len() as u32);
            }
            let glyphs = glyph_instances(scene);
            if !glyphs.is_empty() {
                let instances = buffer(device, "glyphs", &glyphs, wgpu::BufferUsages::VERTEX);
                self.glyphs.draw(device, &mut pass, &instances, glyphs.len() as u32, &scene.theme);
            }
        }
        self.gpu.queue.submit([encoder.finish()]);
    }

    /// Uploads what the scene has and the device has not.
    fn upload(&mut self, state: &mut View, scene: &Scene) {
        let device = &self.gpu.device;
        if let Some(layer) = &scene.points {
            for positions in std::iter::once(&layer.positions).chain(&layer.moving_from) {
                let upload = || (PositionBuffers::upload(device, positions), 0);
                self.positions.entry(positions.id()).or_insert_with(upload).1 = self.clock;
            }
            if let Some((_, paint, buffers @ None)) = &mut state.paint {
                *buffers = Some(PaintBuffers::upload(device, &self.gpu.queue, paint, state.spare_paint.take()));
            }
        }
        if let Some(StillLines { lines, buffer: uploaded @ None, .. }) = &mut state.still
            && !lines.is_empty()
        {
            *uploaded = Some(buffer(device, "lines", lines, wgpu::BufferUsages::VERTEX));
        }
        let dark = scene.theme.is_dark();
        let mut kept = std::mem::take(&mut state.fields);
        for field in &scene.fields {
            let known = kept.iter().position(|(layer, was_dark, _)| layer == field && *was_dark == dark);
            state.fields.push(match known {
                Some(at) => kept.swap_remove(at),
                None => (field.clone(), dark, self.fields.group(device, &self.gpu.queue, field, &scene.theme)),
            });
        }
    }

    fn point_buffers<'a>(&'a self, state: &'a View, scene: &Scene) -> Option<PointBuffers<'a>> {
        let layer = scene.points.as_ref().filter(|layer| !layer.positions.is_empty())?;
        let from = layer.moving_from.as_ref().filter(|from| from.len() == layer.positions.len());
        Some(PointBuffers {
            places: &self.positions.get(&layer.positions.id())?.0,
            earlier: from.and_then(|from| Some(&self.positions.get(&from.id())?.0)),
            paint: state.paint.as_ref()?.2.as_ref()?,
        })
    }
}

impl View {
    fn new(device: &wgpu::Device, viewport: Viewport, method: Method, kept: Option<Self>) -> Self {
        let draw = wgpu::TextureUsages::RENDER_ATTACHMENT;
        let more = draw | wgpu::TextureUsages::COPY_SRC | wgpu::TextureUsages::COPY_DST;
        // The processor needs no sums on the device.
        let depths_size = if method == Method::Shaders { viewport.size_px } else { [1, 1] };
        let (paint, still, fields) =
            kept.map_or((None, None, Vec::new()), |kept| (kept.paint, kept.still, kept.fields));
        Self {
            viewport,
            picture: target(device, "picture", viewport.size_px, PICTURE, more),
            depths: target(device, "depths", depths_size, DEPTHS, draw),
            drawn_from: None,
            paint,
            spare_paint: None,
            still,
            fields,
            used: 0,
        }
    }

    fn update_paint(&mut self, scene: &Scene) {
        let Some(layer) = &scene.points else {
            self.paint = None;
            return;
        };
        let (colours, marks) = (layer.colours.clone(), layer.marks.clone());
        let key = PaintKey(scene.theme, layer.positions.clone(), colours, marks, layer.at_most);
        if self.paint.as_ref().is_none_or(|(known, _, _)| *known != key) {
            let kept = self.paint.take().and_then(|(_, _, buffers)| buffers);
            self.spare_paint = kept.or(self.spare_paint.take());
            self.paint = Some((key, Paint::new(layer, &scene.theme), None));
        }
    }

    fn update_still_lines(&mut self, scene: &Scene) {
        let key = StillKey(scene.theme, scene.fields.clone(), scene.edges.clone());
        if self.still.as_ref().is_none_or(|still| still.key != key) {
            self.still = Some(StillLines { key, lines: still_lines(scene), buffer: None });
        }
    }
}

fn begin<'a>(
    encoder: &'a mut wgpu::CommandEncoder,
    target: &wgpu::TextureView,
    clear: Option<wgpu::Color>,
) -> wgpu::RenderPass<'a> {
    encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        label: Some("map"),
        color_attachments: &[Some(wgpu::RenderPassColorAttachment {
            view: target,
            depth_slice: None,
            resolve_target: None,
            ops: wgpu::Operations {
                load: clear.map_or(wgpu::LoadOp::Load, wgpu::LoadOp::Clear),
                store: wgpu::StoreOp::Store,
            },
        })],
        depth_stencil_attachment: None,
        timestamp_writes: None,
        occlusion_query_set: None,
        multiview_mask: None,
    })
}

fn read_back(gpu: &Gpu, texture: &wgpu::Texture, size: [u32; 2]) -> Result<Picture, GpuError> {
    let row = 4 * size[0];
    let padded = row.next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
    let staging = gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("read back"),
        size: u64::from(padded) * u64::from(size[1]),
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(padded), rows_per_image: None };
    let into = wgpu::TexelCopyBufferInfo { buffer: &staging, layout };
    encoder.copy_texture_to_buffer(texture.as_image_copy(), into, extent(size));
    gpu.queue.submit([encoder.finish()]);
    let bytes = gpu.map_staging(&staging)?;
    let mut rgba = Vec::with_capacity((row * size[1]) as usize);
    for line in bytes.chunks_exact(padded as usize) {
        rgba.extend_from_slice(&line[..row as usize]);
    }
    Ok(Picture { size, rgba })
}

/// Draws a scene off screen.
///
/// With a device its shaders draw (its processor twins on a software adapter); without one the twins do.
///
/// # Errors
/// When the device is lost, or the picture is larger than it allows.
pub fn picture(gpu: Option<&Gpu>, scene: &Scene, camera: &Camera, viewport: Viewport) -> Result<Picture, GpuError> {
    match gpu.filter(|gpu| !gpu.is_software()) {
        None => Ok(raster::draw(scene, camera, viewport)),
        Some(gpu) => {
            let mut renderer = MapRenderer::new(gpu.clone());
            renderer.draw(0, scene, camera, viewport)?;
            renderer.read_back(0)
        }
    }
}
