//! Adapters: which there are, which is taken, and in words why there is none.

use eframe::egui_wgpu::{WgpuSetup, WgpuSetupCreateNew, wgpu};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Why there is no device to draw with.
#[derive(Debug, thiserror::Error)]
pub enum GpuError {
    /// No adapter at all.
    #[error(
        "found no graphics adapter, expected at least a software one: install a Vulkan driver (on Debian and Ubuntu \
         `mesa-vulkan-drivers`, which brings a software adapter), or see what `fillscape doctor` says"
    )]
    NoAdapter,
    /// The adapter gave no device.
    #[error("the graphics adapter {adapter:?} gave no device: update its driver, or see what `fillscape doctor` says")]
    Device {
        /// Its name.
        adapter: String,
        /// What it said.
        #[source]
        source: wgpu::RequestDeviceError,
    },
    /// Pixels could not be read back.
    #[error("could not read the picture back from the graphics device: it was lost or is out of memory")]
    ReadBack,
    /// A picture larger than the device can hold.
    #[error("a picture of {width} x {height} pixels is larger than this graphics adapter allows ({limit} a side)")]
    TooLarge {
        /// Width asked for.
        width: u32,
        /// Height asked for.
        height: u32,
        /// The device's limit.
        limit: u32,
    },
}

/// What is known of an adapter.
#[derive(Debug, Clone, serde::Serialize)]
pub struct AdapterReport {
    /// Its name.
    pub name: String,
    /// “discrete GPU”, “integrated GPU”, “virtual GPU”, “software” or “other”.
    pub kind: &'static str,
    /// “Vulkan”, “Metal”, “DX12” or “GL”.
    pub backend: String,
    /// Driver and its version.
    pub driver: String,
    /// Largest side of a texture, in pixels.
    pub max_texture_px: u32,
    /// Largest buffer, in bytes.
    pub max_buffer_bytes: u64,
    /// Largest storage buffer that a shader can see, in bytes.
    pub max_storage_binding_bytes: u64,
    /// Whether compute shaders run.
    pub compute: bool,
    /// Optional features that are used when present.
    pub timestamps: bool,
    /// Whether this is the adapter that will be used.
    pub chosen: bool,
}

/// The order in which adapters are tried, best first: discrete, integrated, virtual, other, software; among equals
/// Vulkan, Metal and DX12 before GL.
pub fn rank(info: &wgpu::AdapterInfo) -> (u8, u8) {
    let kind = match info.device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    };
    // Software GL calls itself “other”.
    let software = info.name.contains("llvmpipe") || info.name.contains("softpipe");
    (if software { 4 } else { kind }, u8::from(info.backend == wgpu::Backend::Gl))
}

/// Whether the adapter is a program on the processor.
pub(crate) fn is_software(info: &wgpu::AdapterInfo) -> bool {
    rank(info).0 == 4
}

fn kind_of(info: &wgpu::AdapterInfo) -> &'static str {
    match rank(info).0 {
        0 => "discrete GPU",
        1 => "integrated GPU",
        2 => "virtual GPU",
        3 => "other",
        _ => "software",
    }
}

/// The limits that we ask of an adapter: the usual ones as far as it has them, with large pictures and buffers.
pub fn device_descriptor(adapter: &wgpu::Adapter) -> wgpu::DeviceDescriptor<'static> {
    let has = adapter.limits();
    let usual = if adapter.get_info().backend == wgpu::Backend::Gl {
        wgpu::Limits::downlevel_webgl2_defaults()
    } else {
        wgpu::Limits::default()
    };
    let mut limits = usual.or_worse_values_from(&has);
    limits.max_texture_dimension_2d = has.max_texture_dimension_2d.min(16_384);
    limits.max_buffer_size = has.max_buffer_size.min(1 << 30).max(limits.max_buffer_size);
    wgpu::DeviceDescriptor {
        label: Some("fillscape"),
        required_features: adapter.features() & wgpu::Features::TIMESTAMP_QUERY,
        required_limits: limits,
        ..wgpu::DeviceDescriptor::default()
    }
}

/// A device to draw with, and what it is.
#[derive(Debug, Clone)]
pub struct Gpu {
    /// The device.
    pub device: wgpu::Device,
    /// Its queue.
    pub queue: wgpu::Queue,
    info: wgpu::AdapterInfo,
    lost: Arc<AtomicBool>,
}

impl Gpu {
    /// A device of the window's framework.
    pub fn of_window(state: &eframe::egui_wgpu::RenderState) -> Self {
        Self::new(state.device.clone(), state.queue.clone(), state.adapter.get_info())
    }

    fn new(device: wgpu::Device, queue: wgpu::Queue, info: wgpu::AdapterInfo) -> Self {
        let lost = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&lost);
        device.set_device_lost_callback(move |reason, _| {
            if reason != wgpu::DeviceLostReason::Destroyed {
                flag.store(true, Ordering::Relaxed);
            }
        });
        Self { device, queue, info, lost }
    }

    /// The best adapter, without a window.
    ///
    /// # Errors
    /// When there is none, or it gives no device.
    pub fn off_screen() -> Result<Self, GpuError> {
        pollster::block_on(async {
            let adapter = sorted().await.into_iter().next().ok_or(GpuError::NoAdapter)?;
            let info = adapter.get_info();
            let device = adapter.request_device(&device_descriptor(&adapter)).await;
            let (device, queue) = device.map_err(|source| GpuError::Device { adapter: info.name.clone(), source })?;
            Ok(Self::new(device, queue, info))
        })
    }

    /// “Name (backend, kind)”, for the status line and reports.
    pub fn label(&self) -> String {
        format!("{} ({:?}, {})", self.info.name, self.info.backend, kind_of(&self.info))
    }

    /// Whether the adapter is a program on the processor.
    pub fn is_software(&self) -> bool {
        is_software(&self.info)
    }

    /// Whether compute shaders can be used.
    pub fn has_compute(&self) -> bool {
        self.device.limits().max_compute_workgroup_size_x > 0
    }

    /// The bytes of a buffer that can be copied from.
    pub(crate) fn read_buffer(&self, source: &wgpu::Buffer) -> Result<Vec<u8>, GpuError> {
        let staging = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("read back"),
            size: source.size(),
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(source, 0, &staging, 0, source.size());
        self.queue.submit([encoder.finish()]);
        self.map_staging(&staging)
    }

    /// Waits for the device and takes the bytes of a staging buffer.
    pub(crate) fn map_staging(&self, staging: &wgpu::Buffer) -> Result<Vec<u8>, GpuError> {
        let (tell, told) = std::sync::mpsc::channel();
        staging.slice(..).map_async(wgpu::MapMode::Read, move |result| {
            tell.send(result).ok();
        });
        self.device.poll(wgpu::PollType::wait_indefinitely()).map_err(|_| GpuError::ReadBack)?;
        told.recv().ok().and_then(Result::ok).ok_or(GpuError::ReadBack)?;
        let bytes = staging.slice(..).get_mapped_range().map_err(|_| GpuError::ReadBack)?;
        Ok(bytes.to_vec())
    }

    /// Waits until all that was submitted is done.
    pub fn wait(&self) {
        self.device.poll(wgpu::PollType::wait_indefinitely()).ok();
    }

    /// The flag that is raised when the device is lost.
    pub(crate) fn lost(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.lost)
    }

    /// Whether the device was lost (driver reset, adapter removed): make a new one, and a new renderer with it.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }
}

/// The adapters, best first. GL is asked only where nothing better is, for asking it can be slow and noisy.
async fn sorted() -> Vec<wgpu::Adapter> {
    for backends in [wgpu::Backends::PRIMARY, wgpu::Backends::GL] {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
            backends,
            ..wgpu::InstanceDescriptor::new_without_display_handle()
        });
        let mut found = instance.enumerate_adapters(backends).await;
        found.sort_by_key(|adapter| rank(&adapter.get_info())); // stable: the system's order among equals
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// All adapters, best first; the first is the one that is used. Empty when there is none.
pub fn adapters() -> Vec<AdapterReport> {
    let found = pollster::block_on(sorted());
    let reports = found.iter().enumerate().map(|(k, adapter)| {
        let (info, limits) = (adapter.get_info(), adapter.limits());
        AdapterReport {
            kind: kind_of(&info),
            backend: format!("{:?}", info.backend),
            driver: [info.driver.as_str(), info.driver_info.as_str()].join(" ").trim().to_owned(),
            name: info.name,
            max_texture_px: limits.max_texture_dimension_2d,
            max_buffer_bytes: limits.max_buffer_size,
            max_storage_binding_bytes: limits.max_storage_buffer_binding_size,
            compute: limits.max_compute_workgroup_size_x > 0,
            timestamps: adapter.features().contains(wgpu::Features::TIMESTAMP_QUERY),
            chosen: k == 0,
        }
    });
    reports.collect()
}

/// How the window chooses its adapter: as [`Gpu::off_screen`] does, among those that can show a window.
pub fn window_setup() -> WgpuSetup {
    let mut setup = WgpuSetupCreateNew::without_display_handle();
    setup.instance_descriptor.backends = wgpu::Backends::PRIMARY | wgpu::Backends::GL;
    setup.native_adapter_selector = Some(Arc::new(|found, surface| {
        let fits = |adapter: &&wgpu::Adapter| surface.is_none_or(|s| adapter.is_surface_supported(s));
        let best = found.iter().filter(fits).min_by_key(|adapter| rank(&adapter.get_info()));
        best.cloned().ok_or_else(|| GpuError::NoAdapter.to_string())
    }));
    setup.device_descriptor = Arc::new(device_descriptor);
    WgpuSetup::CreateNew(setup)
}
