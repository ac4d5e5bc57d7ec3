//! Step 5: the molecules of the map under the base model and under a tuned one, in the base's frame.

use std::sync::Arc;

use eframe::egui::{self, FontId, Key, Rect, RichText, Role, Sense, Ui, WidgetInfo};

use crate::app::action::WindowAction;
use crate::app::command::Command;
use crate::app::data::{MapPlaces, RowSet, number};
use crate::app::map::{Legend, Lens, home, legends_ui, theme};
use crate::app::picture::Camera;
use crate::app::theme::space;
use crate::app::tuning::{BeforeAfter, TuningAction};
use crate::app::widgets::{View, empty, primary_button};
use crate::render::{
    ColourMap, ColourScale, Edge, EdgeLayer, GridIndex, MapReport, PointColours, PointLayer, PointMark, Positions,
    Scene, Shared, paint_map,
};

/// The maps of a window are told apart by a number; the main map has 1.
const VIEW: u64 = 2;
/// Seconds of a flip.
const FLIP_SECS: f32 = 0.5;
/// Length of an arrow's head, as a part of the map.
const HEAD: f32 = 0.006;
/// How near the pointer must be to a dot, in points.
const PICK_RADIUS: f32 = 8.0;

/// Which molecules have an arrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Arrows {
    #[default]
    Farthest,
    All,
    None,
}

impl Arrows {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Farthest, "Farthest 10 %"), (Self::All, "All"), (Self::None, "None")];
}

/// What colours the dots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Colour {
    #[default]
    Neighbourhood,
    Distance,
}

/// What was built from what.
#[derive(Debug)]
struct Built {
    checkpoint: String,
    serial: u64,
    colour: Colour,
    arrows: Arrows,
    before: Positions,
    after: Positions,
    values: PointColours,
    scale: ColourScale,
    edges: Shared<Vec<Edge>>,
    /// Picking among the dots before, and after.
    index: [GridIndex; 2],
    marks: Option<(Arc<RowSet>, Shared<Vec<u8>>)>,
}

/// The view.
#[derive(Debug, Default)]
pub struct BeforeAfterPanel {
    after: bool,
    /// How far the flip has come, 0 to 1.
    part: f32,
    arrows: Arrows,
    colour: Colour,
    camera: Option<Camera>,
    built: Option<Built>,
    report: MapReport,
}

impl BeforeAfterPanel {
    /// Draws the view.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let palette = view.palette;
        let map = view.state.data.as_ref().and_then(|data| data.map.clone());
        let has_runs = view.state.study.as_ref().is_some_and(|study| !study.runs.is_empty());
        let (Some(map), true) = (map, has_runs) else {
            let text = "With a tuned model, the molecules of the map are encoded again and shown where they went, in the same frame.";
            return empty(ui, &palette, "Nothing to flip yet", text, |ui| {
                primary_button(ui, view, Command::Primary, "Do the next part of this step");
            });
        };
        egui::Frame::new().inner_margin(egui::Margin::symmetric(8, 4)).show(ui, |ui| self.tools_ui(ui, view));
        let moved = view.state.tuning.moved.clone().filter(|found| found.moved.places.len() == map.places.len());
        let Some(moved) = moved else { return nothing_ui(ui, view) };
        let rect = ui.available_rect_before_wrap();
        self.build(view, &map, &moved);
        self.canvas_ui(ui, view, &map, &moved, rect);
    }

    fn tools_ui(&mut self, ui: &mut Ui, view: &mut View) {
        let Some(study) = view.state.study.as_ref() else { return };
        let shown = view.state.tuning.moved.as_ref().map(|found| found.checkpoint.clone());
        let mut wanted = None;
        ui.horizontal_wrapped(|ui| {
            for run in study.runs.iter().filter(|run| run.shown) {
                let id = run.artefact.id();
                let hint = "Encode the molecules of the map with this checkpoint";
                if ui.selectable_label(shown.as_ref() == Some(id), run.step()).on_hover_text(hint).clicked() {
                    wanted = Some(id.clone());
                }
            }
            if shown.is_none() {
                return;
            }
            ui.separator();
            ui.selectable_value(&mut self.after, false, "Before").on_hover_text("The base model (Space flips)");
            ui.selectable_value(&mut self.after, true, "After").on_hover_text("The tuned model (Space flips)");
            ui.separator();
            ui.label("Arrows");
            for (arrows, words) in Arrows::ALL {
                ui.selectable_value(&mut self.arrows, arrows, words);
            }
            ui.separator();
            ui.label("Colour");
            ui.selectable_value(&mut self.colour, Colour::Neighbourhood, "Changed neighbours")
                .on_hover_text("Share of the 10 nearest neighbours in latent space that are others afterwards");
            ui.selectable_value(&mut self.colour, Colour::Distance, "Distance")
                .on_hover_text("Euclidean distance between the latent vectors before and after");
            if ui.button("Whole map").on_hover_text("Look at everything").clicked() {
                self.camera = None;
            }
        });
        if let Some(checkpoint) = wanted {
            view.ask(TuningAction::Compare(checkpoint));
        }
    }

    fn build(&mut self, view: &View, map: &MapPlaces, found: &BeforeAfter) {
        let checkpoint = found.checkpoint.to_string();
        let serial = view.state.data_serial;
        let same = |built: &Built| {
            built.checkpoint == checkpoint
                && built.serial == serial
                && built.colour == self.colour
                && built.arrows == self.arrows
        };
        if self.built.as_ref().is_some_and(same) {
            return;
        }
        let flat = |places: &[[f32; 2]]| places.iter().map(|[x, y]| [*x, *y, 0.0]).collect::<Vec<[f32; 3]>>();
        let (before, after) = (flat(&map.places), flat(&found.moved.places));
        let (values, label) = match self.colour {
            Colour::Neighbourhood => (&found.moved.change, "Neighbours that changed"),
            Colour::Distance => (&found.moved.distance, "Distance in latent space"),
        };
        let mut scale = ColourScale::over(ColourMap::Viridis, values, label, "");
        scale.range[0] = 0.0;
        if self.colour == Colour::Neighbourhood {
            scale.range[1] = 1.0;
        }
        let edges = arrows(&before, &after, &found.moved.distance, self.arrows, home(&map.places).span);
        self.built = Some(Built {
            checkpoint,
            serial,
            colour: self.colour,
            arrows: self.arrows,
            index: [GridIndex::new(&before), GridIndex::new(&after)],
            before: Shared::new(before),
            after: Shared::new(after),
            values: PointColours::Values { values: Shared::new(values.clone()), scale: scale.clone() },
            scale,
            edges: Shared::new(edges),
            marks: None,
        });
    }

    fn canvas_ui(&mut self, ui: &mut Ui, view: &mut View, map: &MapPlaces, found: &BeforeAfter, rect: Rect) {
        let response = ui.interact(rect, ui.scope_id().with("before and after"), Sense::click_and_drag());
        let n = map.places.len();
        let words = summary(found);
        response.widget_info(|| {
            let which = if self.after { "after" } else { "before" };
            let text = format!("Map of {n} molecules {which} tuning, {}: {words}", found.step);
            WidgetInfo::labeled(Role::Image, true, text)
        });
        let flips = response.hovered() && ui.input(|input| input.key_pressed(Key::Space));
        if flips {
            self.after = !self.after;
        }
        self.animate(ui, view);
        let lens = Lens::new(self.camera.unwrap_or_else(|| home(&map.places)), rect);
        self.navigate(ui, &response, &lens);
        let painter = ui.painter().with_clip_rect(rect);
        painter.rect_filled(rect, 0.0, view.palette.canvas);
        let Some(scene) = self.scene(view, n) else { return };
        painter.add(paint_map(rect, VIEW, Arc::new(scene), lens.render_camera(), &self.report));
        let Some(built) = &self.built else { return };
        legends_ui(ui, &view.palette, rect, &[Legend::Scale(built.scale.clone())]);
        if let Some(at) = response.hover_pos() {
            let reach = f64::from(PICK_RADIUS / lens.points_per_unit());
            let row = built.index[usize::from(self.after)].nearest(lens.world(at).map(f64::from), reach, |_| true);
            let row = row.map(|row| row as usize);
            if row != view.state.hovered {
                view.ask(WindowAction::Hover(row));
            }
        }
        let title = if self.after { format!("After: {}", found.step) } else { "Before: the base model".to_owned() };
        let margin = egui::vec2(space::M, space::S);
        let at = rect.left_top() + margin;
        let title = painter.layout_no_wrap(title, FontId::proportional(15.0), view.palette.ink);
        let frame = format!("{words}. Frame: {}, fitted on the base model", map.method);
        let (ink, width) = (view.palette.ink_weak, rect.width() - 2.0 * margin.x);
        let frame = painter.layout(frame, FontId::proportional(11.0), ink, width);
        let below = at + egui::vec2(0.0, title.size().y + 2.0);
        let words = Rect::from_min_size(at, title.size()).union(Rect::from_min_size(below, frame.size()));
        painter.rect_filled(words.expand2(egui::vec2(6.0, 4.0)), 4.0, view.palette.canvas.gamma_multiply(0.85));
        painter.galley(at, title, view.palette.ink);
        painter.galley(below, frame, ink);
    }

    fn animate(&mut self, ui: &Ui, view: &View) {
        let target = if self.after { 1.0 } else { 0.0 };
        if view.state.settings.reduced_motion {
            self.part = target;
        }
        if self.part != target {
            let step = ui.input(|input| input.stable_dt).min(0.1) / FLIP_SECS;
            self.part =
                if self.part < target { (self.part + step).min(target) } else { (self.part - step).max(target) };
            ui.ctx().request_repaint();
        }
    }

    fn navigate(&mut self, ui: &Ui, response: &egui::Response, lens: &Lens) {
        if response.dragged() && response.drag_delta() != egui::Vec2::ZERO {
            self.camera = Some(lens.panned(response.drag_delta()).camera());
        }
        let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
        let factor = (scroll * 0.0035).exp() * pinch;
        if let Some(at) = response.hover_pos().filter(|_| (factor - 1.0).abs() > 1e-4) {
            self.camera = Some(lens.zoomed(factor, at).camera());
        }
    }

    fn scene(&mut self, view: &View, n: usize) -> Option<Scene> {
        let built = self.built.as_mut()?;
        let selection = &view.state.picture.selection;
        if built.marks.as_ref().is_none_or(|(known, _)| !Arc::ptr_eq(known, selection)) {
            let mut marks = vec![0u8; n];
            selection.iter().filter(|&row| row < n).for_each(|row| marks[row] |= PointMark::SELECTED);
            built.marks = Some((selection.clone(), Shared::new(marks)));
        }
        let mut points = PointLayer::new(built.after.clone(), [0; 4]);
        points.moving_from = Some(built.before.clone());
        // Slow at both ends.
        points.transition = self.part * self.part * (3.0 - 2.0 * self.part);
        points.colours = built.values.clone();
        points.marks = built.marks.as_ref().filter(|_| !selection.is_empty()).map(|(_, marks)| marks.clone());
        points.hovered = view.state.hovered.filter(|&row| row < n).map(|row| row as u32);
        points.opacity = 0.9;
        let edges = EdgeLayer {
            edges: built.edges.clone(),
            scale: None,
            plain: true,
            widths: [1.0, 1.0],
            opacity: 0.55,
            selected: Vec::new(),
        };
        Some(Scene {
            theme: theme(&view.palette),
            points: Some(points),
            edges: (!built.edges.is_empty()).then_some(edges),
            ..Scene::default()
        })
    }
}

fn nothing_ui(ui: &mut Ui, view: &mut View) {
    let palette = view.palette;
    let runs = view.state.study.as_ref().map(|study| study.runs.as_slice()).unwrap_or_default();
    let first = runs.iter().find(|run| run.shown && run.step().starts_with("tune-fill"));
    let first = first.or_else(|| runs.first()).map(|run| (run.artefact.id().clone(), run.step().to_owned()));
    let text = match &view.state.tuning.problem {
        Some(problem) => format!("The molecules could not be encoded again: {problem}"),
        None => "Choose a checkpoint: the molecules of the map are encoded with it and placed by the projection that was fitted on the base model.".to_owned(),
    };
    empty(ui, &palette, "Before and after", &text, |ui| {
        let Some((id, step)) = first else { return };
        let words = RichText::new(format!("Encode with {step}")).color(palette.on_accent);
        if ui.add(egui::Button::new(words).fill(palette.accent).min_size(egui::vec2(0.0, 26.0))).clicked() {
            view.ask(TuningAction::Compare(id));
        }
    });
}

/// What has moved, in a sentence.
fn summary(found: &BeforeAfter) -> String {
    let moved = &found.moved;
    let mut distance = moved.distance.clone();
    distance.sort_by(f32::total_cmp);
    let median = distance.get(distance.len() / 2).copied().unwrap_or(0.0);
    let mean = moved.change.iter().sum::<f32>() / moved.change.len().max(1) as f32;
    format!(
        "Median move {} in latent space, {} of {} neighbours changed on average",
        number(f64::from(median)),
        number(f64::from(mean * moved.n_neighbours as f32)),
        moved.n_neighbours
    )
}

/// A shaft and two strokes of a head for each molecule that has an arrow.
fn arrows(before: &[[f32; 3]], after: &[[f32; 3]], distance: &[f32], which: Arrows, span: f32) -> Vec<Edge> {
    let mut rows: Vec<usize> = (0..before.len()).collect();
    match which {
        Arrows::None => return Vec::new(),
        Arrows::All => {}
        Arrows::Farthest => {
            rows.sort_by(|a, b| distance[*b].total_cmp(&distance[*a]));
            rows.truncate(before.len().div_ceil(10));
        }
    }
    let mut edges = Vec::with_capacity(3 * rows.len());
    for row in rows {
        let (from, to) = (before[row], after[row]);
        let along = [to[0] - from[0], to[1] - from[1]];
        let length = along[0].hypot(along[1]);
        if !(length.is_finite() && length > 0.0) {
            continue;
        }
        let head = (HEAD * span).min(0.5 * length);
        let unit = along.map(|v| v / length);
        edges.push(Edge { from, to, value: 1.0 });
        for side in [-0.5, 0.5] {
            let back = [to[0] - head * (unit[0] - side * unit[1]), to[1] - head * (unit[1] + side * unit[0]), 0.0];
            edges.push(Edge { from: to, to: back, value: 1.0 });
        }
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_leads_from_before_to_after_and_what_stays_has_none() {
        let before = [[0.0, 0.0, 0.0], [1.0, 1.0, 0.0]];
        let after = [[3.0, 4.0, 0.0], [1.0, 1.0, 0.0]];
        let edges = arrows(&before, &after, &[5.0, 0.0], Arrows::All, 10.0);
        assert_eq!(edges.len(), 3);
        assert_eq!((edges[0].from, edges[0].to), (before[0], after[0]));
        assert!(edges[1..].iter().all(|head| head.from == after[0]));
        assert!(arrows(&before, &after, &[5.0, 0.0], Arrows::None, 10.0).is_empty());
        assert_eq!(arrows(&before, &after, &[5.0, 0.0], Arrows::Farthest, 10.0).len(), 3);
    }
}
