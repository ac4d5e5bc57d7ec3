//! What is asked of the landscape, carried out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::live::Live;
use super::{
    Answer, DECODE, DecodedImages, FIND, Figure, FoundPath, LAY_OUT, LayoutRequest, MEASURE, decode_images, find_path,
    lay_out, measure_images, measure_toy,
};
use crate::app::App;
use crate::app::action::{LandscapeAction, PictureAction};
use crate::app::event::Event;
use crate::app::picture::{Heatmap, Layer, Step};
use crate::app::state::Weight;
use crate::app::study::{Field, exact_field, read_difference};
use crate::landscape::NetworkLayout;
use crate::render::FieldGrid;
use crate::workspace::ArtefactId;
use crate::workspace::recipe::{LandscapeParams, SamplesParams};

impl App {
    pub(in crate::app) fn apply_landscape(&mut self, action: LandscapeAction) {
        match action {
            LandscapeAction::SelectMinima(minima) => self.state.marked_minima = minima,
            LandscapeAction::Flood(energy) => self.state.flood = energy,
            LandscapeAction::Hover(minimum) => self.state.focus.hovered = minimum,
            LandscapeAction::Path(from, to) => self.find_path(from, to),
            LandscapeAction::Image(image) => self.state.focus.image = image,
            LandscapeAction::LayOut(request) => self.lay_out(request),
            LandscapeAction::ShowPreview(on) => self.state.regions.hide_preview = !on,
            LandscapeAction::Exact => self.compute_exact_field(true),
            LandscapeAction::Difference(other) => self.take_difference_to(other),
            LandscapeAction::Export(figure, path) => self.export_figure(figure, path),
        }
    }

    fn find_path(&mut self, from: Option<u64>, to: Option<u64>) {
        let Some(study) = &self.state.study else { return };
        let Some(landscape) = study.landscape.clone() else { return };
        let (projection, toy) = (study.projection.clone(), study.toy.clone());
        let serial = self.state.data_serial;
        self.state.focus.path = Answer::Pending;
        self.state.focus.molecules = Answer::None;
        self.state.focus.energies = Answer::None;
        self.state.focus.ends = from.map(|from| (from, to));
        self.state.focus.image = 0;
        let started = self.board.start(
            FIND,
            move |_| find_path(&landscape, projection.as_deref(), toy.as_deref(), from, to),
            move |result| Event::PathFound(serial, result),
        );
        self.told_start(started);
    }

    pub(in crate::app) fn take_path(&mut self, serial: u64, result: Result<FoundPath, String>) {
        if serial != self.state.data_serial {
            return;
        }
        if let Ok(path) = &result {
            self.state.focus.ends = Some((path.ends[0], Some(path.ends[1])));
            self.state.marked_minima = path.ends.to_vec();
        }
        self.state.focus.path = Answer::Ready(result.map(Arc::new));
        self.measure_path();
        self.decode_path();
    }

    /// Asks the surface for its energy at the images of the path, in a job.
    fn measure_path(&mut self) {
        let Some(study) = &self.state.study else { return };
        if let (Some(toy), Some(path)) = (&study.toy, self.state.focus.path.ok()) {
            self.state.focus.energies = Answer::Ready(Ok(Arc::new(measure_toy(toy, path))));
            return;
        }
        let (Some(path), Some(landscape)) = (self.state.focus.path.ok().cloned(), study.ids.landscape.clone()) else {
            return;
        };
        let folder = study.folder.clone();
        self.state.focus.energies = Answer::Pending;
        let shown = path.clone();
        let started = self.board.queue(
            MEASURE,
            move |_| measure_images(&folder, &landscape, &path),
            move |result| Event::PathMeasured(shown, result),
        );
        self.told_start(started);
    }

    pub(in crate::app) fn take_path_energies(&mut self, path: &Arc<FoundPath>, result: Result<Vec<f64>, String>) {
        if self.state.focus.path.ok().is_some_and(|shown| Arc::ptr_eq(shown, path)) {
            self.state.focus.energies = Answer::Ready(result.map(Arc::new));
        }
    }

    /// Decodes the images of the path with the open model, in a job.
    pub(in crate::app) fn decode_path(&mut self) {
        let Some(path) = self.state.focus.path.ok().cloned() else { return };
        let model = match self.state.model_of_study() {
            Ok(Some(model)) => model,
            Ok(None) => return,
            Err(foreign) => {
                self.state.focus.molecules = Answer::Ready(Err(foreign.to_string()));
                return;
            }
        };
        self.state.focus.molecules = Answer::Pending;
        let shown = path.clone();
        let started = self.board.queue(
            DECODE,
            move |observe| decode_images(&path, &model, observe),
            move |result| Event::PathDecoded(shown, result),
        );
        self.told_start(started);
    }

    pub(in crate::app) fn take_path_molecules(&mut self, path: &Arc<FoundPath>, result: Result<DecodedImages, String>) {
        if self.state.focus.path.ok().is_some_and(|shown| Arc::ptr_eq(shown, path)) {
            self.state.focus.molecules = Answer::Ready(result.map(Arc::new));
        }
    }

    fn take_difference_to(&mut self, other: ArtefactId) {
        let Some(study) = &self.state.study else { return };
        let shown = study.landscape.clone().zip(study.network_on_map.clone());
        let places = self.state.data.as_ref().and_then(|data| data.map.clone());
        let (Some((landscape, network)), Some(projection), Some(places)) = (shown, study.projection.clone(), places)
        else {
            return self.say(Weight::Warning, "A difference needs an explored landscape and a map");
        };
        let (serial, folder) = (self.state.data_serial, study.folder.clone());
        let started = self.board.start(
            "Difference of two landscapes",
            move |_| read_difference(&folder, &other, (&landscape, &network), &projection, &places.places),
            move |result| Event::FieldMade(serial, Field::Difference, result, true),
        );
        self.told_start(started);
    }

    /// Computes the roughness field in the plane of the map, in a job, to `show` it or only to have it.
    pub(in crate::app) fn compute_exact_field(&mut self, show: bool) {
        let Some(study) = &self.state.study else { return };
        if study.fields.get(Field::Exact).is_some() && show {
            return self.show_field(Field::Exact);
        }
        let over = study.fields.get(Field::Roughness);
        let (Some(landscape), Some(projection), Some(asked), Some(over)) =
            (study.landscape.clone(), study.projection.clone(), &study.asked, over)
        else {
            return self.say(Weight::Warning, "The field needs an explored landscape and a map");
        };
        let (serial, params) = (self.state.data_serial, asked.recipe.landscape.field.clone());
        let started = self.board.start(
            "Roughness in the plane of the map",
            move |_| exact_field(&landscape, &projection, &params, &over),
            move |result| Event::FieldMade(serial, Field::Exact, result, show),
        );
        self.told_start(started);
    }

    pub(in crate::app) fn take_field(
        &mut self,
        serial: u64,
        field: Field,
        result: Result<FieldGrid, String>,
        show: bool,
    ) {
        let Some(study) = self.state.study.as_mut().filter(|_| serial == self.state.data_serial) else { return };
        match result {
            Ok(grid) => {
                study.fields.put(field, grid);
                if show {
                    self.show_field(field);
                }
            }
            Err(problem) => self.say(Weight::Failure, format!("Could not compute the heatmap: {problem}")),
        }
    }

    fn show_field(&mut self, field: Field) {
        self.change(PictureAction::Heatmap(Heatmap { field, ..self.state.picture.heatmap }));
        if !self.state.picture.shows(Layer::Heatmap) {
            self.change(PictureAction::ToggleLayer(Layer::Heatmap));
        }
    }

    /// Writes new settings of the exploration into the study and finds out what now is stale.
    pub(in crate::app) fn set_exploration(&mut self, (samples, landscape): (SamplesParams, LandscapeParams)) {
        let Some(study) = self.state.study.as_mut() else { return };
        let changed = study.edit_recipe("Exploration", |recipe| {
            recipe.samples = samples;
            recipe.landscape = landscape;
        });
        match changed {
            Ok(()) => self.look_what_is_stale(),
            Err(problem) => self.say(Weight::Failure, format!("The settings could not be kept: {problem}")),
        }
    }

    /// What shows points while step 2 runs; nothing for other steps.
    pub(in crate::app) fn begin_live(&mut self, step: Step) -> Live {
        let projection = self.state.study.as_ref().and_then(|study| study.projection.clone());
        self.state.live = if step == Step::Landscape { Live::new(projection) } else { Live::default() };
        self.state.live.clone()
    }

    fn lay_out(&mut self, request: LayoutRequest) {
        let Some(study) = &self.state.study else { return };
        let Some(landscape) = study.landscape.clone() else { return };
        let on_map = study.network_on_map.clone();
        let serial = self.state.data_serial;
        self.state.focus.layout_asked = Some(request);
        self.state.focus.layout = Answer::Pending;
        let started = self.board.queue(
            LAY_OUT,
            move |observe| lay_out(&landscape, on_map.as_deref(), request, observe),
            move |result| Event::LaidOut(serial, request, result),
        );
        self.told_start(started);
    }

    pub(in crate::app) fn take_layout(
        &mut self,
        serial: u64,
        request: LayoutRequest,
        result: Result<NetworkLayout, String>,
    ) {
        if serial == self.state.data_serial && self.state.focus.layout_asked == Some(request) {
            self.state.focus.layout = Answer::Ready(result.map(Arc::new));
        }
    }

    fn export_figure(&mut self, figure: Box<Figure>, path: PathBuf) {
        let shown = path.clone();
        let started = self.board.start(
            "Export figure",
            move |_| figure.write(&path),
            move |result| Event::FigureExported(shown, result),
        );
        self.told_start(started);
    }

    pub(in crate::app) fn take_figure(&mut self, path: &Path, result: Result<(), String>) {
        match result {
            Ok(()) => self.say(Weight::Note, format!("The figure was written to {}", path.display())),
            Err(problem) => self.say(Weight::Failure, format!("Could not export the figure: {problem}")),
        }
    }
}
