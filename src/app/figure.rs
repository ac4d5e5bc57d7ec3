//! The map as a picture in a file, and what is kept of the picture on screen.

use std::path::PathBuf;

use super::app::App;
use super::event::told;
use super::state::Weight;
use super::widgets::View;
use crate::atomic_file;
use crate::render::{self, Camera, Camera2d, Viewport};

/// Width and height of an exported picture, in pixels.
const SIZE: [u32; 2] = [2560, 1600];
/// Pixels a point of the screen.
const PX_PER_POINT: f32 = 2.0;

impl App {
    /// Writes the map as it is seen as a PNG, in a job.
    pub(super) fn export_view(&mut self, path: PathBuf) {
        let figure = {
            let view = View::new(&self.state, &mut self.drawings);
            self.panels.figure(&view)
        };
        let Some((scene, camera)) = figure else {
            return self.say(Weight::Warning, "There is no map to export yet");
        };
        let viewport = Viewport { size_px: SIZE, px_per_point: PX_PER_POINT };
        let side = viewport.size()[0].min(viewport.size()[1]);
        let camera = Camera::Plane(Camera2d {
            centre: camera.centre.map(f64::from),
            points_per_unit: side / f64::from(camera.span.max(f32::MIN_POSITIVE)),
        });
        let shown = path.clone();
        let started = self.board.start(
            "Export view",
            move |_| -> Result<(), String> {
                let picture = render::picture(None, &scene, &camera, viewport).map_err(|error| told(&error))?;
                let bytes = png_bytes(&picture).map_err(|error| format!("could not encode the picture: {error}"))?;
                atomic_file::write(&path, bytes).map_err(|error| told(&error))
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

fn png_bytes(picture: &render::Picture) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.size[0], picture.size[1]);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&picture.rgba)?;
    Ok(bytes)
}
