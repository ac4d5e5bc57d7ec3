//! The map as a picture in a file, and what is kept of the picture on screen.

use std::path::{Path, PathBuf};

use super::app::App;
use super::event::told;
use super::state::Weight;
use super::widgets::View;
use crate::atomic_file;
use crate::render::figure::MapFigure;
use crate::render::{Camera, Camera2d, Camera3d};

/// From where a figure shows the map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Seen {
    /// From above.
    Plane(super::picture::Camera),
    /// In space.
    Space(Camera3d),
}

/// How the map is written.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewExport {
    /// The file; its ending says PNG or SVG.
    pub path: PathBuf,
    /// Width and height of the page, in points: pixels of an SVG or of a PNG of one pixel a point.
    pub size: [u32; 2],
    /// Pixels a point of a PNG.
    pub px_per_point: u32,
}

impl ViewExport {
    /// Sides of a page, in points.
    pub const SIDES: std::ops::RangeInclusive<u32> = 200..=8000;
    /// Pixels a point.
    pub const DENSITIES: std::ops::RangeInclusive<u32> = 1..=4;

    /// Whether a path is of a vector figure.
    ///
    /// # Errors
    /// A sentence when its ending is of neither format.
    pub fn is_vector(path: &Path) -> Result<bool, String> {
        match path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).as_deref() {
            Some("png") => Ok(false),
            Some("svg") => Ok(true),
            _ => Err(format!("a figure is a .png or a .svg file, not {}", path.display())),
        }
    }
}

impl App {
    /// Writes the map as it is seen with its legend, in a job.
    pub(super) fn export_view(&mut self, to: ViewExport) {
        let vector = match ViewExport::is_vector(&to.path) {
            Ok(vector) => vector,
            Err(problem) => return self.say(Weight::Warning, format!("Could not export the view: {problem}")),
        };
        let scene = {
            let view = View::new(&self.state, &mut self.drawings);
            self.panels.figure(&view)
        };
        let Some((scene, seen)) = scene else {
            return self.say(Weight::Warning, "There is no map to export yet");
        };
        let overlays = super::map::overlays(&View::new(&self.state, &mut self.drawings));
        let data = self.state.data.as_deref();
        let map = data.and_then(|data| data.map.as_deref());
        let mut figure = MapFigure {
            scene,
            camera: None,
            title: data.map_or_else(String::new, |data| data.name.clone()),
            footer: map.map_or_else(String::new, |map| format!("{}, seed {}", map.method, map.seed)),
            size: to.size.map(|side| side as f32),
            overlays,
        };
        let [width, height] = figure.map_size();
        figure.camera = Some(match seen {
            Seen::Plane(camera) => Camera::Plane(Camera2d {
                centre: camera.centre.map(f64::from),
                points_per_unit: width.min(height) / f64::from(camera.span.max(f32::MIN_POSITIVE)),
            }),
            Seen::Space(camera) => Camera::Space(camera),
        });
        let shown = to.path.clone();
        let started = self.board.start(
            "Export view",
            move |_| -> Result<(), String> {
                let bytes = if vector {
                    figure.drawing().svg().map_err(|error| told(&error))?.into_bytes()
                } else {
                    let density = to.px_per_point as f32;
                    let picture = figure.pixels(None, density).map_err(|error| told(&error))?;
                    picture.png(density).map_err(|error| told(&error))?
                };
                atomic_file::write(&to.path, bytes).map_err(|error| told(&error))
            },
            move |result| super::event::Event::ViewExported(shown, result),
        );
        if let Err(problem) = started {
            self.say(Weight::Failure, problem);
        }
    }

    /// Keeps what is seen with the study, when it can be changed.
    pub(super) fn save_picture(&mut self) {
        let Some(study) = self.state.study.as_mut() else { return };
        if let Err(problem) = study.keep(&self.state.picture, self.state.data.as_deref()) {
            self.say(Weight::Warning, problem);
        }
    }
}
