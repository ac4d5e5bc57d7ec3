//! A map inside an egui frame: drawn into a texture of its own before the frame, copied into it by a paint callback.

use super::camera::Camera;
use super::gpu::Gpu;
use super::map_renderer::{Drawn, MapRenderer};
use super::pipeline::{PipelineParts, buffer, group, layout, render_pipeline, texture_entry, uniform_entry, view};
use super::scene::Scene;
use super::viewport::Viewport;
use bytemuck::{Pod, Zeroable};
use eframe::egui;
use eframe::egui_wgpu::{self, CallbackResources, CallbackTrait, wgpu};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// The shader's `Image`.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct ImageUniform {
    origin_px: [f32; 2],
    padding: [f32; 2],
}

const _: () = assert!(size_of::<ImageUniform>() == 16);

/// What the window's renderer keeps for maps.
struct WindowMaps {
    renderer: MapRenderer,
    copy: wgpu::RenderPipeline,
    copy_layout: wgpu::BindGroupLayout,
}

/// Tells whether the device of a window was lost.
#[derive(Debug, Clone, Default)]
pub struct DeviceWatch(Arc<AtomicBool>);

impl DeviceWatch {
    /// Whether the device was lost: the window must be made anew.
    pub fn is_lost(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes the device for lost, whatever it says.
    pub fn report_lost(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Prepares the window's renderer for maps; call it once, when the window is made (and after a lost device).
pub fn install(state: &egui_wgpu::RenderState) -> DeviceWatch {
    let device = &state.device;
    let copy_layout = layout(device, &[uniform_entry(0), texture_entry(1)]);
    let parts = PipelineParts {
        label: "image",
        source: concat!(include_str!("../../shaders/common/target.wgsl"), include_str!("../../shaders/image.wgsl"))
            .to_owned(),
        constants: &[("LINEAR", f64::from(u8::from(state.target_format.is_srgb())))],
        groups: &[&copy_layout],
        buffers: &[],
        format: state.target_format,
        blend: None,
    };
    let gpu = Gpu::of_window(state);
    let watch = DeviceWatch(gpu.lost());
    let maps = WindowMaps { renderer: MapRenderer::new(gpu), copy: render_pipeline(device, parts), copy_layout };
    state.renderer.write().callback_resources.insert(maps);
    watch
}

/// What the last frame drew of a view, written by the callback and read by the status line.
#[derive(Debug, Clone, Default)]
pub struct MapReport(Arc<Mutex<MapState>>);

/// The content of a [`MapReport`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MapState {
    /// Points shown and loaded.
    pub drawn: Drawn,
    /// How long the last drawing took on this side of the device, in seconds.
    pub draw_secs: f64,
    /// Why nothing could be drawn, in words.
    pub error: Option<String>,
}

impl MapReport {
    /// The state after the last frame.
    pub fn get(&self) -> MapState {
        self.0.lock().map(|state| state.clone()).unwrap_or_default()
    }
}

/// A shape that shows a scene in `rect`. `view_id` tells the maps of a window apart.
///
/// Needs [`install`] to have been called. The scene is compared with the one drawn before; an unchanged one costs a
/// copy of pixels.
pub fn paint_map(
    rect: egui::Rect,
    view_id: u64,
    scene: Arc<Scene>,
    camera: Camera,
    report: &MapReport,
) -> egui::PaintCallback {
    let callback = MapCallback { rect, view_id, scene, camera, report: report.clone() };
    egui_wgpu::Callback::new_paint_callback(rect, callback)
}

struct MapCallback {
    rect: egui::Rect,
    view_id: u64,
    scene: Arc<Scene>,
    camera: Camera,
    report: MapReport,
}

impl MapCallback {
    fn viewport(&self, px_per_point: f32) -> Viewport {
        let side = |points: f32| (points * px_per_point).round().max(1.0) as u32;
        Viewport { size_px: [side(self.rect.width()), side(self.rect.height())], px_per_point }
    }
}

/// The group that copies a view's picture into the frame.
struct CopyGroups(HashMap<u64, wgpu::BindGroup>);

impl CallbackTrait for MapCallback {
    fn prepare(
        &self,
        device: &wgpu::Device,
        _queue: &wgpu::Queue,
        screen: &egui_wgpu::ScreenDescriptor,
        _encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        let Some(maps) = resources.get_mut::<WindowMaps>() else { return Vec::new() };
        let started = std::time::Instant::now();
        let viewport = self.viewport(screen.pixels_per_point);
        let result = maps.renderer.draw(self.view_id, &self.scene, &self.camera, viewport);
        if let Ok(mut state) = self.report.0.lock() {
            state.drawn = maps.renderer.drawn(self.view_id);
            if matches!(result, Ok(true)) {
                state.draw_secs = started.elapsed().as_secs_f64();
            }
            state.error = result.err().map(|error| error.to_string());
        }
        let corner = self.rect.min * screen.pixels_per_point;
        let uniform = ImageUniform { origin_px: [corner.x.round(), corner.y.round()], padding: [0.0; 2] };
        if let Some(texture) = maps.renderer.texture(self.view_id) {
            let uniform = buffer(device, "image", &[uniform], wgpu::BufferUsages::UNIFORM);
            let source = view(texture);
            let parts = [uniform.as_entire_binding(), wgpu::BindingResource::TextureView(&source)];
            let made = group(device, &maps.copy_layout, &parts);
            let groups = resources.entry::<CopyGroups>().or_insert_with(|| CopyGroups(HashMap::new()));
            groups.0.insert(self.view_id, made);
        }
        Vec::new()
    }

    fn paint(
        &self,
        _info: egui::PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        let group = resources.get::<CopyGroups>().and_then(|groups| groups.0.get(&self.view_id));
        if let (Some(maps), Some(group)) = (resources.get::<WindowMaps>(), group) {
            pass.set_pipeline(&maps.copy);
            pass.set_bind_group(0, group, &[]);
            pass.draw(0..3, 0..1);
        }
    }
}
