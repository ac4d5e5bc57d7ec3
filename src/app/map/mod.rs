//! The map: every molecule a dot, with its tools, layers, legends and cards.

mod camera;
mod cards;
mod coach;
mod heatmap_menu;
mod in_space;
mod legend;
mod minima;
mod overlay;
mod scene;

use std::sync::Arc;

use eframe::egui::{self, CursorIcon, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo, vec2};

pub use camera::{Lens, camera_around, home};
pub use legend::{shape_counts, shapes_legend, ui as legends_ui};
pub use overlay::in_figure as overlays;
pub use scene::{Legend, theme};
use scene::{SceneCache, forming_scene};

use super::action::{PictureAction, Tool, WindowAction};
use super::command::Command;
use super::data::{DataSet, MapPlaces, RowSet};
use super::figure::Seen;
use super::model_session::thousands;
use super::picture::{Camera, Layer, Step};
use super::shell::{colour_by_ui, operation};
use super::study::Field;
use super::teach::{film_bar_ui, paint_film};
use super::theme::space;
use super::widgets::{View, command_button, empty, primary_button};
use crate::render::{Area, CameraMotion, GridIndex, MapReport, Positions, paint_map};

/// A page of usual proportions: how far away the eye stands in space depends on them.
pub const PAGE: [f64; 2] = [4.0, 3.0];
/// How near the pointer must be to a dot, in points.
const PICK_RADIUS: f32 = 8.0;

/// A lasso or a rectangle that is drawn.
#[derive(Debug, Clone)]
struct Drag {
    tool: Tool,
    /// Corners of the lasso, or two opposite ones of the rectangle: places of the plane, in space those of the tile.
    path: Vec<[f32; 2]>,
}

impl Drag {
    /// Follows the pointer; `place` and `screen` lead from the screen to where corners are kept, and back.
    fn follow(
        drag: &mut Option<Self>,
        response: &egui::Response,
        tool: Tool,
        place: impl Fn(Pos2) -> [f32; 2],
        screen: impl Fn([f32; 2]) -> Pos2,
    ) {
        let Some(at) = response.interact_pointer_pos() else { return };
        if response.drag_started_by(egui::PointerButton::Primary) {
            let start = response.ctx.input(|input| input.pointer.press_origin()).unwrap_or(at);
            *drag = Some(Self { tool, path: vec![place(start)] });
        }
        let Some(drag) = drag.as_mut().filter(|_| response.dragged_by(egui::PointerButton::Primary)) else { return };
        if drag.tool == Tool::Rectangle {
            drag.path.truncate(1);
            drag.path.push(place(at));
        } else if drag.path.last().is_none_or(|last| screen(*last).distance(at) > 3.0) {
            drag.path.push(place(at));
        }
    }

    fn polygon(&self) -> Vec<[f32; 2]> {
        match (self.tool, self.path.as_slice()) {
            (Tool::Rectangle, [a, b]) => vec![*a, [b[0], a[1]], *b, [a[0], b[1]]],
            (_, path) => path.to_vec(),
        }
    }

    /// With which tool, for the history.
    fn by(&self) -> &'static str {
        if self.tool == Tool::Lasso { "lasso" } else { "rectangle" }
    }

    fn paint(&self, painter: &egui::Painter, view: &View, screen: impl Fn([f32; 2]) -> Pos2) {
        let corners: Vec<Pos2> = self.polygon().into_iter().map(screen).collect();
        painter.add(Shape::closed_line(corners.clone(), Stroke::new(3.5, view.palette.canvas.gamma_multiply(0.7))));
        painter.add(Shape::closed_line(corners, Stroke::new(1.5, view.palette.accent)));
    }
}

/// The map's own state.
#[derive(Default)]
pub struct MapPanel {
    cache: SceneCache,
    index: Option<(u64, GridIndex)>,
    drag: Option<Drag>,
    report: MapReport,
    /// Where the camera is while it glides to where it should be.
    shown: Option<(u64, Camera)>,
    /// When dots left the map before, in seconds of the window.
    moving_since: Option<f64>,
    /// The camera of space on its way, and of which map.
    space: Option<(u64, CameraMotion)>,
}

impl MapPanel {
    /// Draws the toolbar and the map.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let data = view.state.data.clone().filter(|data| data.n_rows() > 0);
        let Some(data) = data else { return nothing_ui(ui, view) };
        let Some(map) = data.map.clone() else { return no_map_ui(ui, view, &data) };
        let bar = egui::Frame::new().fill(view.palette.panel).inner_margin(egui::Margin::symmetric(8, 4));
        egui::Panel::top("map tools").frame(bar).show(ui, |ui| toolbar_ui(ui, view, &data));
        let rect = ui.available_rect_before_wrap();
        self.canvas_ui(ui, view, &data, &map, rect);
    }

    fn canvas_ui(&mut self, ui: &mut Ui, view: &mut View, data: &DataSet, map: &MapPlaces, rect: Rect) {
        let response = ui.interact(rect, ui.scope_id().with("map canvas"), Sense::click_and_drag());
        let n = data.n_rows();
        let (n_shown, n_selected) = (view.state.picture.n_shown(n), view.state.picture.selection.len());
        response.widget_info(|| {
            let text = format!(
                "Map of {} molecules{}, {} shown, {} selected; the table holds the same rows",
                thousands(n),
                if view.state.sees_space() { " seen in space" } else { "" },
                thousands(n_shown),
                thousands(n_selected)
            );
            WidgetInfo::labeled(Role::Image, true, text)
        });
        if let Some(places) = view.state.forming.clone() {
            return self.forming_ui(ui, view, data, &places, rect);
        }
        self.cache.renew(view.state, map);
        if view.state.sees_space() {
            return self.space_ui(ui, view, data, map, &response);
        }
        let transition = self.transition(ui, view);
        let wanted = view.state.picture.camera.unwrap_or_else(|| whole(view, map));
        let camera = self.glide(ui, view, wanted);
        let lens = Lens::new(camera, rect);
        let painter = ui.painter().with_clip_rect(rect);
        let (scene, legends) = self.cache.scene(view.state, &view.palette, data, map, transition);
        painter.rect_filled(rect, 0.0, view.palette.canvas);
        painter.add(paint_map(rect, 1, Arc::new(scene), lens.render_camera(), &self.report));
        if let Some(error) = self.report.get().error {
            painter.text(
                rect.center(),
                egui::Align2::CENTER_CENTER,
                error,
                egui::FontId::proportional(13.0),
                view.palette.danger,
            );
        }
        if self.index.as_ref().is_none_or(|(serial, _)| *serial != view.state.data_serial) {
            let places: Vec<[f32; 3]> = map.places.iter().map(|[x, y]| [*x, *y, 0.0]).collect();
            self.index = Some((view.state.data_serial, GridIndex::new(&places)));
        }
        let still = self.drag.is_none();
        hover(&response, view, |view, at| if still { self.row_at(view, &lens, at) } else { None });
        self.tools(ui, &response, view, &lens);
        overlay::ui(ui, &painter, view, &|[x, y, _]| Some(lens.screen([x, y])));
        if let Some(drag) = &self.drag {
            drag.paint(&painter, view, |place| lens.screen(place));
        }
        if let Some(screening) = &view.state.screening {
            paint_film(&painter, &view.palette, screening, &lens);
            film_bar_ui(ui, view, rect);
        }
        legend::ui(ui, &view.palette, rect, &legends);
        note_ui(ui, view, map, "", rect);
        let grid = view.state.study.as_ref().and_then(|study| study.fields.get(Field::Roughness));
        if let Some(grid) = grid.filter(|_| view.state.coach && self.drag.is_none()) {
            coach::ui(ui, &view.palette, &grid, &lens, rect);
        }
        if view.state.picture.shows(Layer::Points) {
            let at = |row: usize| map.places.get(row).map(|place| lens.screen(*place));
            cards::ui(ui, view, data, &at, rect, response.hovered() && self.drag.is_none());
        }
    }

    /// The molecules while another map forms; nothing can be picked yet.
    fn forming_ui(&mut self, ui: &Ui, view: &mut View, data: &DataSet, places: &Positions, rect: Rect) {
        let flat: Vec<[f32; 2]> = places.iter().map(|[x, y, _]| [*x, *y]).collect();
        let lens = Lens::new(home(&flat), rect);
        let scene = forming_scene(view.state, &view.palette, data, places.clone());
        let painter = ui.painter().with_clip_rect(rect);
        painter.rect_filled(rect, 0.0, view.palette.canvas);
        painter.add(paint_map(rect, 1, Arc::new(scene), lens.render_camera(), &self.report));
        tag_ui(ui, view, "The map forms. The job can be cancelled below; the map then stays as it was.", rect);
    }

    /// How far dots have come from the map before to this one, 0 to 1.
    fn transition(&mut self, ui: &Ui, view: &View) -> f32 {
        const SECONDS: f64 = 0.6;
        if !self.cache.is_moving() || view.state.settings.reduced_motion {
            self.cache.arrive();
            self.moving_since = None;
            return 1.0;
        }
        let now = ui.input(|input| input.time);
        let part = ((now - *self.moving_since.get_or_insert(now)) / SECONDS).min(1.0) as f32;
        if part >= 1.0 {
            self.cache.arrive();
            self.moving_since = None;
        } else {
            ui.ctx().request_repaint();
        }
        part * part * (3.0 - 2.0 * part)
    }

    /// Moves the camera a part of the way in each frame; at once while the person drags.
    fn glide(&mut self, ui: &Ui, view: &View, wanted: Camera) -> Camera {
        let still = view.state.settings.reduced_motion
            || ui.input(|input| input.pointer.any_down() || input.smooth_scroll_delta().length_sq() > 0.0);
        let same = |serial: u64| serial == view.state.data_serial || self.cache.is_moving();
        let from = self.shown.filter(|(serial, _)| same(*serial)).map(|(_, camera)| camera);
        let camera = match from {
            Some(from) if !still && from != wanted => {
                let share = 1.0 - (-ui.input(|input| input.stable_dt).min(0.1) * 14.0).exp();
                let mix = |a: f32, b: f32| a + share * (b - a);
                let next = Camera {
                    centre: [0, 1].map(|k| mix(from.centre[k], wanted.centre[k])),
                    span: (mix(from.span.ln(), wanted.span.ln())).exp(),
                };
                let near = [0, 1].iter().all(|&k| (next.centre[k] - wanted.centre[k]).abs() < 1e-3 * wanted.span)
                    && (next.span / wanted.span - 1.0).abs() < 1e-3;
                if near {
                    wanted
                } else {
                    ui.ctx().request_repaint();
                    next
                }
            }
            _ => wanted,
        };
        self.shown = Some((view.state.data_serial, camera));
        camera
    }

    fn row_at(&self, view: &View, lens: &Lens, at: Pos2) -> Option<usize> {
        let (_, index) = self.index.as_ref()?;
        let reach = f64::from(PICK_RADIUS.max(view.state.picture.point_size) / lens.points_per_unit());
        let passes = |row: u32| view.state.picture.passes(row as usize);
        index.nearest(lens.world(at).map(f64::from), reach, passes).map(|row| row as usize)
    }

    /// The rows inside an outline of the map that pass the filter.
    fn rows_inside(&self, view: &View, outline: Vec<[f32; 2]>) -> RowSet {
        let n = view.state.n_rows();
        let Some((_, index)) = &self.index else { return RowSet::empty(n) };
        let rows = index.inside(&Area::Lasso(outline)).into_iter().map(|row| row as usize);
        RowSet::of(n, rows.filter(|&row| view.state.picture.passes(row)))
    }

    fn tools(&mut self, ui: &Ui, response: &egui::Response, view: &mut View, lens: &Lens) {
        let tool = view.state.tool;
        let modifiers = ui.input(|input| input.modifiers);
        if response.hovered() {
            let scroll = ui.input(|input| input.smooth_scroll_delta().y);
            let pinch = ui.input(|input| input.zoom_delta());
            let factor = (scroll * 0.0035).exp() * pinch;
            if let Some(at) = response.hover_pos().filter(|_| (factor - 1.0).abs() > 1e-4) {
                view.ask(PictureAction::Camera(Some(lens.zoomed(factor, at).camera())));
            }
            ui.ctx().set_cursor_icon(match tool {
                Tool::Pan if response.dragged() => CursorIcon::Grabbing,
                Tool::Pan => CursorIcon::Grab,
                Tool::Lasso | Tool::Rectangle => CursorIcon::Crosshair,
            });
        }
        let pans = response.dragged_by(egui::PointerButton::Middle)
            || (tool == Tool::Pan && response.dragged_by(egui::PointerButton::Primary));
        if pans && response.drag_delta() != egui::Vec2::ZERO {
            view.ask(PictureAction::Camera(Some(lens.panned(response.drag_delta()).camera())));
        }
        if tool != Tool::Pan {
            Drag::follow(&mut self.drag, response, tool, |at| lens.world(at), |place| lens.screen(place));
            if response.drag_stopped()
                && let Some(drag) = self.drag.take()
            {
                let rows = Arc::new(self.rows_inside(view, drag.polygon()));
                view.ask(PictureAction::Select { rows, operation: operation(modifiers), by: drag.by() });
            }
        }
        if ui.input(|input| input.key_pressed(egui::Key::Escape)) {
            self.drag = None;
        }
        let network = view.state.study.as_ref().and_then(|study| study.network_on_map.clone());
        let reach = minima::PICK_RADIUS / lens.points_per_unit();
        let minimum_at = |at: Pos2| network.as_ref()?.nearest(lens.world(at), reach).map(|minimum| minimum.id);
        if !minima::follow(ui, response, view, &minimum_at) {
            click(ui, response, view, |view, at| self.row_at(view, lens, at));
        }
    }

    /// The scene and camera of what is seen, for a picture of any size.
    pub fn figure(&mut self, view: &View) -> Option<(crate::render::Scene, Seen)> {
        let data = view.state.data.clone()?;
        let map = data.map.clone()?;
        let (mut scene, _) = self.cache.scene(view.state, &view.palette, &data, &map, 1.0);
        if let Some(points) = scene.points.as_mut() {
            points.hovered = None;
        }
        let seen = if view.state.sees_space() {
            Seen::Space(view.state.picture.orbit.unwrap_or_else(|| in_space::whole(&scene, PAGE)))
        } else {
            Seen::Plane(view.state.picture.camera.unwrap_or_else(|| whole(view, &map)))
        };
        Some((scene, seen))
    }
}

/// Notes the row under the pointer, as `row_at` finds it.
fn hover(response: &egui::Response, view: &mut View, row_at: impl Fn(&View, Pos2) -> Option<usize>) {
    let pointer = response.hover_pos().filter(|_| view.state.picture.shows(Layer::Points));
    let row = pointer.and_then(|at| row_at(view, at));
    if response.hovered() || response.contains_pointer() {
        if row != view.state.hovered {
            view.ask(WindowAction::Hover(row));
        }
    } else if view.state.hovered.is_some() && response.ctx.input(|input| input.pointer.delta() != egui::Vec2::ZERO) {
        // Other panels set the hovered row after this one; here it only ends.
        view.ask(WindowAction::Hover(None));
    }
}

/// Selects the row that was clicked, or nothing beside all rows; a double click pins its card.
fn click(ui: &Ui, response: &egui::Response, view: &mut View, row_at: impl Fn(&View, Pos2) -> Option<usize>) {
    if response.double_clicked() {
        if let Some(row) = view.state.hovered {
            view.ask(PictureAction::TogglePin(row));
        }
    } else if response.clicked() && response.hover_pos().is_some() {
        let found = response.interact_pointer_pos().and_then(|at| row_at(view, at));
        let operation = operation(ui.input(|input| input.modifiers));
        let replaces = operation == super::data::SetOperation::Replace;
        if found.is_some() || (replaces && !view.state.picture.selection.is_empty()) {
            let rows = Arc::new(RowSet::of(view.state.n_rows(), found));
            view.ask(PictureAction::Select { rows, operation, by: "click" });
        }
    }
}

/// The camera that shows the molecules and, where it is drawn, the landscape.
fn whole(view: &View, map: &MapPlaces) -> Camera {
    let network = view.state.study.as_ref().and_then(|study| study.network_on_map.clone());
    let network = network.filter(|_| view.state.picture.shows(Layer::Network));
    let minima = network.iter().flat_map(|network| network.minima.iter().map(|minimum| minimum.place));
    camera::home_of(map.places.iter().copied().chain(minima))
}

fn toolbar_ui(ui: &mut Ui, view: &mut View, data: &DataSet) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(3.0, space::XS);
        for tool in Tool::ALL {
            command_button(ui, view, Command::Tool(tool));
        }
        ui.add_space(space::S);
        for layer in Layer::ALL {
            command_button(ui, view, Command::Layer(layer));
        }
        heatmap_menu::ui(ui, view);
        ui.add_space(space::XS);
        colour_by_ui(ui, view, data);
        command_button(ui, view, Command::FrameAll);
        command_button(ui, view, Command::Space);
        command_button(ui, view, Command::Projection);
    });
}

/// How the map was made and how far to trust it, and what `more` says.
fn note_ui(ui: &Ui, view: &View, map: &MapPlaces, more: &str, rect: Rect) {
    let mut text = format!("{} · seed {}", map.method, map.seed);
    for (name, value) in [("trustworthiness", map.trustworthiness), ("continuity", map.continuity)] {
        if let Some(value) = value {
            text.push_str(&format!(" · {name} {value:.2}"));
        }
    }
    text.push_str(more);
    tag_ui(ui, view, &text, rect);
}

/// A line of small words in the upper left corner of the map.
fn tag_ui(ui: &Ui, view: &View, text: &str, rect: Rect) {
    let painter = ui.painter().with_clip_rect(rect);
    let ink = view.palette.ink_weak;
    let mut job = egui::text::LayoutJob::simple(
        text.to_owned(),
        egui::FontId::proportional(11.0),
        ink,
        (rect.width() - 2.0 * space::L).max(40.0),
    );
    job.wrap.max_rows = 1;
    let galley = painter.layout_job(job);
    let ground = Rect::from_min_size(rect.left_top() + vec2(space::S, space::S), galley.size() + vec2(12.0, 6.0));
    painter.rect_filled(ground, 4.0, view.palette.canvas.gamma_multiply(0.8));
    painter.galley(ground.min + vec2(6.0, 3.0), galley, ink);
}

fn nothing_ui(ui: &mut Ui, view: &mut View) {
    let palette = view.palette;
    let running = view.state.jobs.iter().any(|job| job.is_active());
    if running {
        return empty(ui, &palette, "Opening…", "The map appears as soon as the file has been read.", |_| {});
    }
    let text = "The map shows every molecule as a dot, placed by the model's latent space.";
    empty(ui, &palette, "No molecules yet", text, |ui| {
        primary_button(ui, view, Command::Open, "Open…");
    });
}

fn no_map_ui(ui: &mut Ui, view: &mut View, data: &DataSet) {
    let palette = view.palette;
    let text = format!(
        "{} molecules are loaded. To place them, the open model encodes each into a latent vector, and the principal axes of these vectors become the map.",
        thousands(data.n_rows())
    );
    empty(ui, &palette, "There is no map yet", &text, |ui| {
        primary_button(ui, view, Command::MakeMap, "Encode and draw the map");
        ui.add_space(space::XS);
        command_button(
            ui,
            view,
            if view.state.model.is_none() { Command::GoTo(Step::Model) } else { Command::NewStudy },
        );
    });
}
