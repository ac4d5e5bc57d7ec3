//! `fillscape doctor`: what this machine offers, and what will be used.

use serde_json::json;

use super::{CliError, Output};

/// What this machine offers: graphics adapters, limits, display, fonts, accelerators, memory; and what will be used
#[derive(Debug, clap::Args)]
pub struct DoctorCommand {}

/// Variables that decide whether and how a window can be shown.
const DISPLAY_VARIABLES: [&str; 8] = [
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XDG_SESSION_TYPE",
    "XDG_RUNTIME_DIR",
    "VK_DRIVER_FILES",
    "VK_ICD_FILENAMES",
    "WGPU_BACKEND",
    "LIBGL_ALWAYS_SOFTWARE",
];

impl DoctorCommand {
    /// Prints what was found. Exit code 0 even when something is missing: that is what it is asked to say.
    ///
    /// # Errors
    /// Never; the signature is that of all commands.
    #[allow(clippy::unnecessary_wraps, clippy::unused_self)]
    pub fn run(&self, out: Output) -> Result<(), CliError> {
        let variables: Vec<(&str, Option<String>)> =
            DISPLAY_VARIABLES.iter().map(|name| (*name, std::env::var(name).ok())).collect();
        let memory = memory();
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let graphics = graphics();
        let advice = advice(&graphics, &variables);
        if out.json {
            let set: serde_json::Map<String, serde_json::Value> =
                variables.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            say!(
                "{}",
                json!({
                    "version": env!("CARGO_PKG_VERSION"), "system": std::env::consts::OS,
                    "architecture": std::env::consts::ARCH, "cores": cores, "memory": memory,
                    "window": cfg!(feature = "gui"), "cuda": cfg!(feature = "cuda"), "metal": cfg!(feature = "metal"),
                    "adapters": graphics.adapters, "device": graphics.device, "fonts": fonts(),
                    "environment": set, "advice": advice,
                })
            );
            return Ok(());
        }
        say!("Fillscape {} on {} ({})", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
        say!("processor    {cores} threads");
        match memory {
            Some([total, available]) => {
                say!("memory       {} in all, {} available", bytes(total), bytes(available));
            }
            None => say!("memory       not known on this system"),
        }
        let built = |on: bool| if on { "built in" } else { "not built in" };
        say!(
            "models       processor; CUDA {}, Metal {}",
            built(cfg!(feature = "cuda")),
            built(cfg!(feature = "metal"))
        );
        say!("window       {}", built(cfg!(feature = "gui")));
        say!("fonts        {}", fonts());
        say!("display");
        for (name, value) in &variables {
            say!("  {name:<22} {}", value.as_deref().unwrap_or("not set"));
        }
        say!("graphics adapters, in the order they are tried");
        graphics.lines.iter().for_each(|line| say!("  {line}"));
        if graphics.lines.is_empty() {
            say!("  none");
        }
        say!("will be used");
        say!("  {}", graphics.device);
        for line in advice {
            say!("note: {line}");
        }
        Ok(())
    }
}

/// What is known of graphics.
struct Graphics {
    adapters: serde_json::Value,
    lines: Vec<String>,
    device: String,
    software: bool,
}

#[cfg(feature = "gui")]
fn graphics() -> Graphics {
    use crate::render::{Gpu, Method, adapters};
    let found = adapters();
    let lines = found.iter().flat_map(|a| {
        let yes = |b: bool| if b { "yes" } else { "no" };
        let limits = format!(
            "    textures to {} px, buffers to {}, storage to {}, compute {}, timestamps {}",
            a.max_texture_px,
            bytes(a.max_buffer_bytes),
            bytes(a.max_storage_binding_bytes),
            yes(a.compute),
            yes(a.timestamps)
        );
        [format!("{} · {} · {} · {}", a.name, a.backend, a.kind, a.driver), limits]
    });
    let lines = lines.collect();
    let (device, software) = match Gpu::off_screen() {
        Ok(gpu) => {
            let by = match Method::for_gpu(&gpu) {
                Method::Shaders => "shaders draw",
                Method::Processor => "the processor draws the map, the adapter shows it",
            };
            (format!("{}: {by}", gpu.label()), gpu.is_software())
        }
        Err(error) => (format!("no device: {error}; pictures are drawn on the processor, no window opens"), true),
    };
    Graphics { adapters: serde_json::to_value(&found).unwrap_or_default(), lines, device, software }
}

#[cfg(not(feature = "gui"))]
fn graphics() -> Graphics {
    Graphics {
        adapters: json!([]),
        lines: Vec::new(),
        device: "nothing: this program was built without the window".to_owned(),
        software: true,
    }
}

/// What the person can do about what is missing.
fn advice(graphics: &Graphics, variables: &[(&str, Option<String>)]) -> Vec<String> {
    let mut out = Vec::new();
    let is_set = |name: &str| variables.iter().any(|(n, v)| *n == name && v.as_deref().is_some_and(|v| !v.is_empty()));
    if cfg!(target_os = "linux") && !is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY") {
        out.push(
            "no display is named: the window cannot open here; every step has a command, and `fillscape render` draws \
             figures without a display"
                .to_owned(),
        );
    }
    if graphics.lines.is_empty() && cfg!(feature = "gui") {
        out.push("no graphics adapter: install a Vulkan driver (Debian, Ubuntu: mesa-vulkan-drivers)".to_owned());
    } else if graphics.software && cfg!(feature = "gui") {
        out.push(
            "the adapter is a program on the processor: fine up to a few hundred thousand points; a graphics card with \
             its driver is faster"
                .to_owned(),
        );
    }
    out
}

fn fonts() -> &'static str {
    if cfg!(feature = "gui") { "Ubuntu Light and Hack, built in; no system font is needed" } else { "none needed" }
}

/// Bytes of memory: in all, and available; `None` where the system does not tell in a file.
fn memory() -> Option<[u64; 2]> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let kilobytes = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    Some([1024 * kilobytes("MemTotal:")?, 1024 * kilobytes("MemAvailable:")?])
}

fn bytes(n: u64) -> String {
    match n {
        0..=1_048_575 => format!("{} KiB", n / 1024),
        1_048_576..=1_073_741_823 => format!("{} MiB", n / 1_048_576),
        _ => format!("{:.1} GiB", n as f64 / 1_073_741_824.0),
    }
}
