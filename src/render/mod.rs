//! Pictures by wgpu: plain descriptions ([`Scene`], [`Camera`]) into pixels, in the window or off screen.
//!
//! A [`Scene`] says what is to be seen, in plain values; a [`MapRenderer`] draws it into a texture, keeps immutable
//! buffers for every data set it has seen, and draws again only when something changed. [`paint_map`] puts that texture
//! into an egui frame; [`picture`] makes an image of any size without a window. Every layer has a twin on the
//! processor in [`raster`], against which its shader is tested and which draws where there is no adapter at all.
//!
//! What is *not* here: what to draw. Panels, tools and documents belong to the window; networks, trees and fields come
//! from `landscape` and `fill` as plain numbers.

mod camera;
mod colour_map;
mod contours;
mod drawing;
mod drawing_pixels;
mod field_plane;
pub mod figure;
mod frame_times;
mod gpu;
mod grid_index;
mod layers;
mod map_renderer;
mod network_layers;
mod pipeline;
mod png_file;
pub mod raster;
mod scene;
mod shared;
mod splat;
mod svg;
mod theme;
mod ticks;
mod ui_bench;
mod viewport;
mod window;
mod window_meshes;

pub use camera::{Camera, Camera2d, Camera3d, CameraMotion};
pub use colour_map::{ColourMap, ColourScale};
pub use contours::{contours, even_levels};
pub use drawing::{Anchor, Drawing, Mark};
pub use field_plane::{Gaussians, PlaneCut, field_on_plane, field_on_plane_by};
pub use frame_times::{FrameSummary, FrameTimes};
pub use gpu::{AdapterReport, Gpu, GpuError, adapters, device_descriptor, rank, window_setup};
pub use grid_index::{Area, GridIndex, inside_on_screen, pick_on_screen};
pub use map_renderer::{Drawn, MapRenderer, Method, picture};
pub use network_layers::{laid_out_network, network_layers};
pub use png_file::PngError;
pub use raster::Picture;
pub use scene::{
    Edge, EdgeLayer, FieldGrid, FieldLayer, Glyph, GlyphLayer, GlyphShape, Outline, PointColours, PointLayer,
    PointMark, Positions, Scene, corners_of,
};
pub use shared::Shared;
pub use splat::{GridFrame, density, mark_support, splat};
pub use theme::{Rgba, Theme};
pub use ticks::ticks;
pub use ui_bench::{FRAME_LIMIT, RunUiBench, UiBench, UiPhase};
pub use viewport::Viewport;
pub use window::{DeviceWatch, MapReport, MapState, install, paint_map};
pub use window_meshes::{install_meshes, take_over};
