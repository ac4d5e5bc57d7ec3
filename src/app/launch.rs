//! Starting the window: where things are kept, which adapter draws, and in words why there is no window.

use eframe::egui;
use std::path::{Path, PathBuf};

use super::app::{App, Revival, Start};
use crate::render;

/// Why the window did not open.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// There is no display.
    #[error(
        "found no display, expected a desktop session: start the program there, set DISPLAY or WAYLAND_DISPLAY, or use a command (`fillscape --help`), which needs none"
    )]
    NoDisplay,
    /// There is no adapter.
    #[error(
        "found no graphics adapter, expected at least a software one: install a Vulkan driver (on Debian and Ubuntu mesa-vulkan-drivers), or use a command (`fillscape --help`), which needs none"
    )]
    NoAdapter,
    /// The window system said no.
    #[error("the window could not be opened: {what}; `fillscape --help` lists the commands, which need no window")]
    Window {
        /// What it said.
        what: String,
    },
}

/// Makes the window's app over a context.
pub(super) type MakeApp = Box<dyn FnOnce(&egui::Context, Start) -> Box<dyn eframe::App>>;

/// Opens the window and returns when it is closed.
///
/// # Errors
/// In words: no display, no adapter, or what the window system said.
pub fn launch(open: Option<&Path>) -> Result<(), LaunchError> {
    check_screen()?;
    let revival = Revival::default();
    // A driver that is reset again and again is not worth another window.
    for _ in 0..MAX_WINDOWS {
        let start = Start { open: open.map(Path::to_owned), revival: revival.clone(), ..start() };
        run_window(start, [1280.0, 800.0], Box::new(|ctx, start| Box::new(App::new(ctx, start))))?;
        if !revival.is_waiting() {
            return Ok(());
        }
    }
    Err(LaunchError::Window { what: format!("the graphics device was lost {MAX_WINDOWS} times in a row") })
}

/// How many windows are opened one after the other when the device is lost.
const MAX_WINDOWS: usize = 4;

/// What ships with the program, and where the person's things are on this machine.
pub(super) fn start() -> Start {
    Start { config: config_folder(), hub_cache: hub_cache(), ..shipped() }
}

/// Refuses where there is nothing to open a window on.
pub(super) fn check_screen() -> Result<(), LaunchError> {
    if !has_display() {
        return Err(LaunchError::NoDisplay);
    }
    if render::adapters().is_empty() {
        return Err(LaunchError::NoAdapter);
    }
    Ok(())
}

/// Opens a window of this size over an app.
pub(super) fn run_window(start: Start, size: [f32; 2], make: MakeApp) -> Result<(), LaunchError> {
    let mut options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Fillscape")
            .with_app_id("fillscape")
            .with_inner_size(size)
            .with_min_inner_size([800.0, 500.0])
            .with_drag_and_drop(true),
        renderer: eframe::Renderer::Wgpu,
        ..eframe::NativeOptions::default()
    };
    options.wgpu_options.wgpu_setup = render::window_setup();
    eframe::run_native(
        "fillscape",
        options,
        Box::new(move |cc| {
            let mut start = start;
            if let Some(state) = &cc.wgpu_render_state {
                start.device = render::install(state);
                render::install_meshes(&cc.egui_ctx, state);
                let info = state.adapter.get_info();
                start.adapter = format!("{} ({:?})", info.name, info.backend);
                start.adapter_details = format!(
                    "{}\n{:?}, {:?}\nDriver {} {}",
                    info.name, info.device_type, info.backend, info.driver, info.driver_info
                );
            }
            Ok(make(&cc.egui_ctx, start))
        }),
    )
    .map_err(|error| {
        // The last part says what happened; those before it say where in the sources.
        let what = error.to_string();
        LaunchError::Window { what: what.rsplit(": ").next().unwrap_or(&what).to_owned() }
    })
}

/// What ships with the program, and nothing of the person's.
pub fn shipped() -> Start {
    Start {
        bundled_study: bundled("assets/study", "study.toml"),
        bundled_model: bundled("assets/model", "config.json"),
        lessons: bundled("assets/lessons", "1-stationary-points.toml"),
        ..Start::default()
    }
}

/// Whether there is something to open a window on. Only X11 and Wayland can be asked beforehand.
fn has_display() -> bool {
    if cfg!(any(target_os = "windows", target_os = "macos")) {
        return true;
    }
    ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"].iter().any(|name| variable(name).is_some())
}

fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Where preferences are kept, after the habits of the system.
fn config_folder() -> Option<PathBuf> {
    let home = std::env::home_dir();
    let base = if cfg!(target_os = "windows") {
        variable("APPDATA").map(PathBuf::from)
    } else if cfg!(target_os = "macos") {
        home.map(|home| home.join("Library/Application Support"))
    } else {
        variable("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| home.map(|home| home.join(".config")))
    };
    base.map(|base| base.join("fillscape"))
}

/// A folder that ships with the program: beside the executable, or in the folder of the sources.
fn bundled(folder: &str, file: &str) -> Option<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join(folder)));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    beside.into_iter().chain([source]).find(|path| path.join(file).exists())
}

fn hub_cache() -> Option<PathBuf> {
    match (variable("HF_HUB_CACHE"), variable("HF_HOME"), std::env::home_dir()) {
        (Some(cache), _, _) => Some(PathBuf::from(cache)),
        (None, Some(home), _) => Some(PathBuf::from(home).join("hub")),
        (None, None, home) => home.map(|home| home.join(".cache/huggingface/hub")),
    }
}
