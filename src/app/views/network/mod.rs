//! The network of minima and transition states: who is joined to whom, how high the barriers are.

mod neighbourhood;
mod shapes;

use std::sync::Arc;

use eframe::egui::{self, CursorIcon, Pos2, Rect, RichText, Role, Sense, Ui, WidgetInfo};

use super::export_figure::ExportFigure;
use super::minimum_card::minimum_card_ui;
use super::path::between_marked_ui;
use super::tree::no_landscape_ui;
use crate::app::action::{LandscapeAction, PictureAction};
use crate::app::landscape::{Answer, Figure, LayoutRequest, Placing};
use crate::app::map::{self, Legend, Lens};
use crate::app::model_session::thousands;
use crate::app::picture::{Camera, Layer};
use crate::app::study::Landscape;
use crate::app::widgets::{View, empty};
use crate::landscape::{MinimumId, NetworkLayout};
use crate::render::figure::MapFigure;
use crate::render::{GridIndex, MapReport, Scene, paint_map};
use neighbourhood::Neighbourhood;
use shapes::{EdgeValue, Shapes, ShapesKey};

/// How near the pointer must be to a minimum, in points.
const PICK_RADIUS: f32 = 9.0;
/// Legends that leave less of the canvas's height are drawn over instead of kept free.
const LEAST_FREE: f32 = 0.6;
/// The map of the window is 1.
const VIEW_ID: u64 = 2;

/// What was drawn, and for which key.
struct Drawn {
    key: ShapesKey,
    shapes: Shapes,
    index: GridIndex,
}

/// The view.
#[derive(Default)]
pub struct NetworkPanel {
    request: LayoutRequest,
    edge_value: EdgeValue,
    hide_special: bool,
    /// Only what was expanded so far; the whole network when there is none.
    around: Option<Neighbourhood>,
    drawn: Option<Drawn>,
    camera: Option<Camera>,
    /// What the legends leave of the canvas; the whole view is framed in it.
    free: Option<Rect>,
    report: MapReport,
    export: ExportFigure,
}

impl std::fmt::Debug for NetworkPanel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NetworkPanel").field("request", &self.request).finish_non_exhaustive()
    }
}

impl NetworkPanel {
    /// Draws the view.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let Some(landscape) = view.state.study.as_ref().and_then(|study| study.landscape.clone()) else {
            let text = "The network shows which minima are joined, and how high the barriers between them are.";
            return no_landscape_ui(ui, view, "No landscape yet", text);
        };
        if self.around.as_ref().is_some_and(|around| !around.is_of(&landscape)) {
            (self.around, self.camera) = (None, None);
        }
        let bar = egui::Frame::new().fill(view.palette.panel).inner_margin(egui::Margin::symmetric(8, 4));
        egui::Panel::top("network tools").frame(bar).show(ui, |ui| self.tools_ui(ui, view, &landscape));
        if view.state.focus.layout_asked != Some(self.request) {
            view.ask(LandscapeAction::LayOut(self.request));
            self.camera = None;
        }
        let palette = view.palette;
        match view.state.focus.layout.clone() {
            Answer::Ready(Ok(layout)) => self.canvas_ui(ui, view, &landscape, &layout),
            Answer::Ready(Err(problem)) => empty(ui, &palette, "No layout", &problem, |_| {}),
            Answer::None | Answer::Pending => {
                let n = thousands(landscape.network.transition_states().len());
                let text = format!("Laying out {n} transition states; the job below says how far it has come.");
                empty(ui, &palette, "Laying the network out…", &text, |_| {});
            }
        }
    }

    fn tools_ui(&mut self, ui: &mut Ui, view: &mut View, landscape: &Arc<Landscape>) {
        ui.horizontal_wrapped(|ui| {
            self.placing_ui(ui, view);
            ui.separator();
            ui.label("Edges");
            for value in EdgeValue::ALL {
                ui.radio_value(&mut self.edge_value, value, value.label()).on_hover_text(value.hint());
            }
            let mut special = !self.hide_special;
            ui.checkbox(&mut special, "Boundary and degenerate").on_hover_text(
                "Mark transition states on a face of the box, and those that return to their own minimum",
            );
            self.hide_special = !special;
            ui.separator();
            self.around_ui(ui, view, landscape);
            between_marked_ui(ui, view);
            if self.camera.is_some() && ui.button("Whole view").on_hover_text("Look at everything shown").clicked() {
                self.camera = None;
            }
            if let Some(drawn) = &self.drawn {
                let scene = scene_of(&drawn.shapes, view, &[], None);
                let footer = format!("{}, seed {}", self.request.placing.label(), self.request.seed);
                self.export.ui(ui, view, "network", move |_| {
                    let title = String::new();
                    Figure::Map(MapFigure {
                        scene,
                        camera: None,
                        title,
                        footer,
                        size: [1000.0, 700.0],
                        overlays: Vec::new(),
                    })
                });
            }
        });
    }

    fn placing_ui(&mut self, ui: &mut Ui, view: &View) {
        let now = self.request.placing;
        let has_map = view.state.study.as_ref().is_some_and(|study| study.network_on_map.is_some());
        let choice = egui::ComboBox::from_id_salt("placing").selected_text(now.label()).show_ui(ui, |ui| {
            for placing in Placing::ALL {
                let possible = placing == Placing::Barriers || has_map;
                let item = ui.add_enabled(possible, egui::Button::selectable(now == placing, placing.label()));
                if item.on_hover_text(placing.hint()).on_disabled_hover_text("There is no map").clicked() {
                    self.request.placing = placing;
                }
            }
        });
        choice.response.on_hover_text(now.hint()).widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::ComboBox, true, "Place minima by");
            info.current_text_value = Some(now.label().to_owned());
            info
        });
        if now != Placing::Map {
            ui.label("seed");
            let seed = ui.add(egui::DragValue::new(&mut self.request.seed).range(0..=9999));
            seed.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "Seed of the layout"));
        }
    }

    fn around_ui(&mut self, ui: &mut Ui, view: &mut View, landscape: &Arc<Landscape>) {
        let marked = view.state.marked_minima.clone();
        let only = ui.add_enabled(!marked.is_empty(), egui::Button::new("Only around the marked"));
        if only
            .on_hover_text("Show the marked minima and those joined to them; a double click on a minimum does the same")
            .on_disabled_hover_text("Mark a minimum first: click it")
            .clicked()
        {
            self.start_around(landscape, &marked);
        }
        if let Some(around) = &mut self.around {
            let more = ui.button("One step further");
            if more.on_hover_text("Also show what is joined to the minima shown").clicked() {
                around.expand_all(landscape);
            }
            if ui.button("Whole network").clicked() {
                (self.around, self.camera) = (None, None);
            }
        }
        let n = landscape.network.minima().len();
        let shown = self.around.as_ref().map_or(n, Neighbourhood::len);
        let words = format!("{} of {} minima, hidden: {}", thousands(shown), thousands(n), thousands(n - shown));
        ui.add(egui::Label::new(RichText::new(words).color(view.palette.ink_weak)).extend());
    }

    fn start_around(&mut self, landscape: &Arc<Landscape>, minima: &[u64]) {
        let mut around = Neighbourhood::new(landscape, minima);
        around.expand_all(landscape);
        (self.around, self.camera) = (Some(around), None);
    }

    fn canvas_ui(&mut self, ui: &mut Ui, view: &mut View, landscape: &Arc<Landscape>, layout: &Arc<NetworkLayout>) {
        self.draw(view, landscape, layout);
        let Some(drawn) = &self.drawn else { return };
        let rect = ui.available_rect_before_wrap();
        let response = ui.interact(rect, ui.scope_id().with("network canvas"), Sense::click_and_drag());
        let n_edges = drawn.shapes.edges.len();
        response.widget_info(|| {
            let words = format!(
                "Network of {} minima and {} edges; the table of contributions holds the same barriers",
                thousands(drawn.shapes.ids.len()),
                thousands(n_edges)
            );
            WidgetInfo::labeled(Role::Image, true, words)
        });
        let lens = match (self.camera, self.free) {
            (Some(camera), _) => Lens::new(camera, rect),
            (None, Some(free)) if free.height() > LEAST_FREE * rect.height() => {
                Lens::framing(drawn.shapes.home, free, rect)
            }
            (None, _) => Lens::new(drawn.shapes.home, rect),
        };
        let under = response.hover_pos().and_then(|at| drawn.pick(&lens, at));
        let hovered = under.or_else(|| drawn.position(view.state.focus.hovered));
        let scene = scene_of(&drawn.shapes, view, &view.state.marked_minima, hovered);
        let painter = ui.painter().with_clip_rect(rect);
        painter.rect_filled(rect, 0.0, view.palette.canvas);
        painter.add(paint_map(rect, VIEW_ID, Arc::new(scene), lens.render_camera(), &self.report));
        if let Some(error) = self.report.get().error {
            ui.painter().text(
                rect.center(),
                egui::Align2::CENTER_CENTER,
                error,
                egui::FontId::proportional(13.0),
                view.palette.danger,
            );
        }
        let legends: Vec<Legend> = drawn.shapes.legends.clone();
        let free = Some(map::legends_ui(ui, &view.palette, rect, &legends));
        if free != self.free {
            self.free = free;
            ui.ctx().request_repaint();
        }
        if let Some(at) = under {
            let id = drawn.shapes.ids[at];
            let place = lens.screen(drawn.shapes.places[at]);
            let found = landscape.network.minimum(MinimumId(id));
            let joined = landscape.network.transition_states_of(MinimumId(id)).count();
            let line = format!("{joined} transition states");
            let energy = found.map_or(f64::NAN, |m| m.energy);
            minimum_card_ui(ui, view, u64::from(id), energy, &line, place, rect);
        }
        let picked = under.map(|at| u64::from(drawn.shapes.ids[at]));
        self.follow(ui, &response, view, &lens, picked, landscape);
    }

    /// Makes the shapes anew when something they follow from has changed.
    fn draw(&mut self, view: &View, landscape: &Arc<Landscape>, layout: &Arc<NetworkLayout>) {
        let key = ShapesKey {
            layout: Arc::as_ptr(layout) as usize,
            value: self.edge_value,
            special: !self.hide_special,
            shown: self.around.as_ref().map_or(0, Neighbourhood::version),
            flood: view.state.flood,
            dark: view.palette.dark,
        };
        if self.drawn.as_ref().is_some_and(|drawn| drawn.key == key) {
            return;
        }
        let theme = map::theme(&view.palette);
        let shapes = Shapes::new(landscape, layout, self.around.as_ref(), &key, &theme);
        let places: Vec<[f32; 3]> = shapes.places.iter().map(|[x, y]| [*x, *y, 0.0]).collect();
        self.drawn = Some(Drawn { key, index: GridIndex::new(&places), shapes });
    }

    fn follow(
        &mut self,
        ui: &Ui,
        response: &egui::Response,
        view: &mut View,
        lens: &Lens,
        picked: Option<u64>,
        landscape: &Arc<Landscape>,
    ) {
        if response.hovered() {
            if picked != view.state.focus.hovered {
                view.ask(LandscapeAction::Hover(picked));
            }
            let scroll = ui.input(|input| input.smooth_scroll_delta().y);
            let factor = (scroll * 0.0035).exp() * ui.input(|input| input.zoom_delta());
            if let Some(at) = response.hover_pos().filter(|_| (factor - 1.0).abs() > 1e-4) {
                self.camera = Some(lens.zoomed(factor, at).camera());
            }
            ui.ctx().set_cursor_icon(match picked {
                Some(_) => CursorIcon::PointingHand,
                None if response.dragged() => CursorIcon::Grabbing,
                None => CursorIcon::Grab,
            });
        }
        if response.dragged() && response.drag_delta() != egui::Vec2::ZERO {
            self.camera = Some(lens.panned(response.drag_delta()).camera());
        }
        if response.double_clicked() {
            if let Some(id) = picked {
                match &mut self.around {
                    Some(around) => around.expand(landscape, id),
                    None => self.start_around(landscape, &[id]),
                }
            }
        } else if response.clicked() {
            let shift = ui.input(|input| input.modifiers.shift);
            let marked = super::minimum_card::toggled(&view.state.marked_minima, picked, shift);
            view.ask(LandscapeAction::SelectMinima(marked));
            if picked.is_some() && !view.state.picture.shows(Layer::Network) && view.state.study.is_some() {
                // What is marked here is to be seen on the map as well.
                if view.state.layer_available(Layer::Network).is_ok() {
                    view.ask(PictureAction::ToggleLayer(Layer::Network));
                }
            }
        }
    }
}

impl Drawn {
    fn pick(&self, lens: &Lens, at: Pos2) -> Option<usize> {
        let reach = f64::from(PICK_RADIUS / lens.points_per_unit());
        self.index.nearest(lens.world(at).map(f64::from), reach, |_| true).map(|k| k as usize)
    }

    fn position(&self, id: Option<u64>) -> Option<usize> {
        let id = u32::try_from(id?).ok()?;
        self.shapes.ids.binary_search(&id).ok()
    }
}

/// The scene of some shapes, with rings around the marked minima.
fn scene_of(shapes: &Shapes, view: &View, marked: &[u64], hovered: Option<usize>) -> Scene {
    let mut scene = Scene { theme: map::theme(&view.palette), ..Scene::default() };
    let (mut edges, mut glyphs) = shapes.layers();
    let position = |id: &u64| shapes.ids.binary_search(&u32::try_from(*id).ok()?).ok();
    glyphs.selected = marked.iter().filter_map(position).map(|at| at as u32).collect();
    glyphs.hovered = hovered.map(|at| at as u32);
    edges.selected = shapes.edges_of_path(view.state.focus.path.ok().map(|path| &path.lowest));
    scene.edges = Some(edges);
    scene.glyphs = Some(glyphs);
    scene
}
