//! The lowest-barrier path between two minima: its energies, the molecules along it, and where it runs on the map.

use std::sync::Arc;

use eframe::egui::{
    self, Align2, CursorIcon, DragValue, FontId, Rect, RichText, Role, ScrollArea, Sense, Slider, Stroke, Ui,
    WidgetInfo, pos2, vec2,
};

use super::export_figure::ExportFigure;
use super::tree::no_landscape_ui;
use crate::app::action::LandscapeAction;
use crate::app::data::number;
use crate::app::landscape::{Answer, Figure, FoundPath};
use crate::app::map;
use crate::app::study::Landscape;
use crate::app::theme::{Palette, space};
use crate::app::widgets::{View, accent_button, empty, paint_molecule};
use crate::render::figure::{LEAST_WITH_LEGEND, ProfileFrame, curve_energy, path_profile};

/// Width of the card beside the profile.
const CARD: f32 = 190.0;
/// Width from which the whole footer fits.
const WIDE_FOOTER: f32 = 620.0;
/// Height of the molecules below the profile.
const STRIP: f32 = 96.0;

/// The view.
#[derive(Debug, Default)]
pub struct PathPanel {
    from: u64,
    to: u64,
    known: Option<(u64, Option<u64>)>,
    export: ExportFigure,
}

impl PathPanel {
    /// Draws the view.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let Some(landscape) = view.state.study.as_ref().and_then(|study| study.landscape.clone()) else {
            let text = "A path shows the energies between two minima and the molecules on the way.";
            return no_landscape_ui(ui, view, "No landscape yet", text);
        };
        if self.known != view.state.focus.ends {
            self.known = view.state.focus.ends;
            if let Some((from, to)) = self.known {
                (self.from, self.to) = (from, to.unwrap_or(self.to));
            }
        }
        let bar = egui::Frame::new().fill(view.palette.panel).inner_margin(egui::Margin::symmetric(8, 4));
        egui::Panel::top("path tools").frame(bar).show(ui, |ui| self.tools_ui(ui, view, &landscape));
        match view.state.focus.path.clone() {
            Answer::None => nothing_ui(ui, view, &landscape),
            Answer::Pending => {
                let palette = view.palette;
                empty(ui, &palette, "Looking for the path…", "It appears here in a moment.", |_| {});
            }
            Answer::Ready(Err(problem)) => {
                let palette = view.palette;
                empty(ui, &palette, "There is no such path", &problem, |ui| farthest_ui(ui, view, &palette));
            }
            Answer::Ready(Ok(path)) => path_ui(ui, view, &path),
        }
    }

    fn tools_ui(&mut self, ui: &mut Ui, view: &mut View, landscape: &Landscape) {
        let most = landscape.network.minima().last().map_or(0, |m| u64::from(m.id.0));
        ui.horizontal_wrapped(|ui| {
            let mut entered = false;
            for (value, word, name) in [
                (&mut self.from, "From", "First minimum of the path"),
                (&mut self.to, "to", "Last minimum of the path"),
            ] {
                ui.label(word);
                let field = ui.add(DragValue::new(value).range(0..=most).speed(0.2));
                field.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, name));
                entered |= field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            }
            let find = ui.button("Find the path").on_hover_text("The path whose highest transition state is lowest");
            if find.clicked() || entered {
                view.ask(LandscapeAction::Path(Some(self.from), Some(self.to)));
            }
            if ui.button("Swap").on_hover_text("From the other end").clicked() {
                view.ask(LandscapeAction::Path(Some(self.to), Some(self.from)));
            }
            between_marked_ui(ui, view);
            let farthest = ui.button("Hardest to reach");
            if farthest.on_hover_text("From the first minimum to the one with the highest barrier to it").clicked() {
                view.ask(LandscapeAction::Path(Some(self.from), None));
            }
            if let Some(path) = view.state.focus.path.ok().cloned() {
                ui.separator();
                let words = format!(
                    "barrier {} forward, {} back · {} transition states",
                    number(path.lowest.barrier_forward),
                    number(path.lowest.barrier_back),
                    path.lowest.points.len() / 2
                );
                ui.label(RichText::new(words).color(view.palette.ink_weak));
                self.export.ui(ui, view, "path", |view| Figure::Drawing(figure(view, &path, [900.0, 420.0], true)));
            }
        });
    }
}

/// The button that takes two marked minima as the ends; it stands in every view that marks minima.
pub fn between_marked_ui(ui: &mut Ui, view: &mut View) {
    let marked = view.state.marked_minima.clone();
    let ends = if let [a, b] = marked[..] { Ok((a, b)) } else { Err(marked.len()) };
    let button = ui.add_enabled(ends.is_ok(), egui::Button::new("Path between the marked"));
    let clicked = button
        .on_hover_text("The lowest-barrier path between the two marked minima")
        .on_disabled_hover_text(format!(
            "Mark two minima first (click one, Shift click the other): {} are marked",
            ends.err().unwrap_or(2)
        ))
        .clicked();
    if let (true, Ok((a, b))) = (clicked, ends) {
        view.ask(LandscapeAction::Path(Some(a), Some(b)));
    }
}

fn nothing_ui(ui: &mut Ui, view: &mut View, landscape: &Landscape) {
    let palette = view.palette;
    if landscape.network.minima().len() < 2 {
        let text = "The landscape has fewer than two minima: there is nothing to join.";
        return empty(ui, &palette, "No path", text, |_| {});
    }
    let text = "Choose two minima above, or mark them in the network, the graph, the map or the table (click one, Shift \
                click the other). The path between them whose highest transition state is lowest appears here, with the \
                molecules on the way.";
    empty(ui, &palette, "No path chosen", text, |ui| farthest_ui(ui, view, &palette));
}

fn farthest_ui(ui: &mut Ui, view: &mut View, palette: &Palette) {
    let button = accent_button(ui, palette, "From the lowest minimum");
    if button.on_hover_text("To the minimum that is hardest to reach from it").clicked() {
        view.ask(LandscapeAction::Path(None, None));
    }
}

fn figure(view: &View, path: &FoundPath, size: [f32; 2], alone: bool) -> crate::render::Drawing {
    let title = if alone {
        format!("Lowest-barrier path from minimum {} to {}", path.ends[0], path.ends[1])
    } else {
        String::new()
    };
    let footer = if alone {
        format!(
            "barrier {:.4} forward, {:.4} back; only the marked points are data",
            path.lowest.barrier_forward, path.lowest.barrier_back
        )
    } else if size[0] >= WIDE_FOOTER {
        "The curve joins the marked points; dots: the surface on the straight lines between them".to_owned()
    } else {
        "Dots: the surface on straight lines between the points".to_owned()
    };
    let axes = ["length of the path, in units of the box", "E (similarity, scaled)"];
    path_profile(&path.profile, axes[0], axes[1], &title, &footer, &map::theme(&view.palette), size)
}

fn path_ui(ui: &mut Ui, view: &mut View, path: &Arc<FoundPath>) {
    let rect = ui.available_rect_before_wrap();
    let image = view.state.focus.image.min(path.images.len().saturating_sub(1));
    let below = if rect.height() > 300.0 { STRIP } else { 0.0 };
    let beside = if rect.width() > 520.0 { CARD } else { 0.0 };
    let plot = Rect::from_min_max(rect.min, rect.max - vec2(beside, below + 30.0));
    profile_ui(ui, view, path, image, plot);
    if beside > 0.0 {
        let card = Rect::from_min_max(pos2(plot.right(), rect.top()), pos2(rect.right(), plot.bottom()));
        card_ui(ui, view, path, image, card.shrink(space::S));
    }
    let line = Rect::from_min_max(pos2(rect.left(), plot.bottom()), pos2(rect.right(), plot.bottom() + 30.0));
    ui.scope_builder(egui::UiBuilder::new().max_rect(line.shrink2(vec2(space::M, 4.0))), |ui| {
        let mut wanted = image;
        ui.spacing_mut().slider_width = (ui.available_width() - 150.0).max(60.0);
        let last = path.images.len().saturating_sub(1);
        let slider = ui.add(Slider::new(&mut wanted, 0..=last).text("image")).on_hover_text(
            "Moves along the path; the marker on the map and the molecule follow. Arrow keys move by one image.",
        );
        slider.widget_info(|| WidgetInfo::slider(true, wanted as f64, "Image of the path"));
        if wanted != image {
            view.ask(LandscapeAction::Image(wanted));
        }
    });
    if below > 0.0 {
        let strip = Rect::from_min_max(pos2(rect.left(), line.bottom()), rect.max);
        ui.scope_builder(egui::UiBuilder::new().max_rect(strip.shrink2(vec2(space::S, 2.0))), |ui| {
            strip_ui(ui, view, path, image);
        });
    }
}

fn profile_ui(ui: &mut Ui, view: &mut View, path: &FoundPath, image: usize, rect: Rect) {
    let size = [rect.width(), rect.height()];
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect_filled(rect, 0.0, view.palette.canvas);
    figure(view, path, size, false).paint(&painter, rect.min);
    let frame = ProfileFrame::new(&path.profile, false, size[0] >= LEAST_WITH_LEGEND, size);
    if let Some(energies) = view.state.focus.energies.ok() {
        for (image, energy) in path.images.iter().zip(energies.iter()).filter(|(image, _)| image.stop.is_none()) {
            let at = rect.min + vec2(frame.x(image.length), frame.y(*energy));
            painter.circle_filled(at, 1.8, view.palette.ink_weak);
        }
    }
    let length = path.images.get(image).map_or(0.0, |image| image.length);
    let energy = curve_energy(&path.profile, length).unwrap_or(0.0);
    let at = rect.min + vec2(frame.x(length), frame.y(energy));
    let [_, top, _, bottom] = frame.edges;
    let colour = view.palette.accent;
    painter.line_segment(
        [pos2(at.x, rect.top() + top), pos2(at.x, rect.top() + bottom)],
        Stroke::new(1.0, colour.gamma_multiply(0.6)),
    );
    painter.circle(at, 6.0, view.palette.canvas, Stroke::new(2.5, colour));
    let response = ui.interact(rect, ui.scope_id().with("path canvas"), Sense::click_and_drag());
    response.widget_info(|| {
        let words = format!(
            "Energies along the path from minimum {} to {}, {} stationary points; at {}",
            path.ends[0],
            path.ends[1],
            path.profile.len(),
            path.describe(image)
        );
        WidgetInfo::labeled(Role::Image, true, words)
    });
    if response.hovered() {
        ui.ctx().set_cursor_icon(CursorIcon::ResizeHorizontal);
    }
    if (response.dragged() || response.clicked())
        && let Some(pointer) = response.interact_pointer_pos()
    {
        let wanted = path.nearest_image(frame.length(pointer.x - rect.left()));
        if wanted != image {
            view.ask(LandscapeAction::Image(wanted));
        }
    }
}

fn card_ui(ui: &Ui, view: &mut View, path: &FoundPath, image: usize, card: Rect) {
    let palette = view.palette;
    let painter = ui.painter().with_clip_rect(card);
    painter.rect(card, 6.0, palette.raised, Stroke::new(1.0, palette.line), egui::StrokeKind::Inside);
    let inner = card.shrink(space::S);
    let line = |y: f32, text: String, colour| {
        painter.text(inner.left_bottom() - vec2(0.0, y), Align2::LEFT_BOTTOM, text, FontId::proportional(12.0), colour);
    };
    let found = &path.images[image];
    line(32.0, path.describe(image), palette.ink);
    let energy = match (found.stop, &view.state.focus.energies) {
        (Some(stop), _) => format!("E = {}", number(path.profile[stop].energy)),
        (None, Answer::Ready(Ok(all))) => {
            all.get(image).map_or_else(String::new, |e| format!("E = {} on the way", number(*e)))
        }
        (None, Answer::Ready(Err(_))) => "E is not known: no surface".to_owned(),
        (None, Answer::Pending) => "E is being measured…".to_owned(),
        (None, Answer::None) => "E is known at stationary points".to_owned(),
    };
    line(16.0, energy, palette.ink_weak);
    line(0.0, format!("at {} of {}", number(found.length), number(path.lowest.length)), palette.ink_weak);
    molecule_ui(ui, view, image, Rect::from_min_max(inner.min, inner.max - vec2(0.0, 50.0)));
}

/// The molecule of an image, or why there is none.
fn molecule_ui(ui: &Ui, view: &mut View, image: usize, rect: Rect) {
    let words = match &view.state.focus.molecules {
        Answer::Ready(Ok(all)) => match all.get(image) {
            Some(Ok(smiles)) => {
                let smiles = smiles.clone();
                return paint_molecule(ui, view, &smiles, rect);
            }
            Some(Err(why)) => why.clone(),
            None => "not decoded: the job was cancelled".to_owned(),
        },
        Answer::Ready(Err(problem)) => problem.clone(),
        Answer::Pending => "decoding…".to_owned(),
        Answer::None => "open a model to decode it".to_owned(),
    };
    let painter = ui.painter().with_clip_rect(rect);
    let galley = painter.layout(words, FontId::proportional(11.0), view.palette.ink_weak, rect.width());
    let corner = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), rect).min;
    painter.galley(corner, galley, view.palette.ink_weak);
}

/// Where the molecule changes along the path, and the last image before the next change.
fn runs(molecules: &[Result<String, String>]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (k, molecule) in molecules.iter().enumerate() {
        match runs.last_mut() {
            Some((first, last)) if molecules[*first] == *molecule => *last = k,
            _ => runs.push((k, k)),
        }
    }
    runs
}

/// Every molecule of the path once where it stands, from left to right.
fn strip_ui(ui: &mut Ui, view: &mut View, path: &FoundPath, image: usize) {
    let Some(molecules) = view.state.focus.molecules.ok().cloned() else {
        let words =
            if view.state.model.is_some() { "Decoding along the path…" } else { "Open a model to see molecules" };
        ui.label(RichText::new(words).color(view.palette.ink_weak));
        return;
    };
    let palette = view.palette;
    ScrollArea::horizontal().auto_shrink(false).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            for (first, last) in runs(&molecules) {
                let (rect, response) = ui.allocate_exact_size(vec2(92.0, STRIP - 14.0), Sense::click());
                let here = (first..=last).contains(&image);
                let line = if here { Stroke::new(2.0, palette.accent) } else { Stroke::new(1.0, palette.line) };
                ui.painter().rect(rect, 4.0, palette.raised, line, egui::StrokeKind::Inside);
                let words = match &molecules[first] {
                    Ok(smiles) => {
                        paint_molecule(ui, view, smiles, rect.shrink(3.0));
                        smiles.clone()
                    }
                    Err(why) => {
                        let font = FontId::proportional(10.0);
                        ui.painter().text(rect.center(), Align2::CENTER_CENTER, "no molecule", font, palette.ink_weak);
                        why.clone()
                    }
                };
                let name = format!("Images {} to {} of the path: {words}", first + 1, last + 1);
                response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
                if response.on_hover_text(&name).clicked() {
                    let stop = (first..=last).find(|k| path.images[*k].stop.is_some());
                    view.ask(LandscapeAction::Image(stop.unwrap_or(usize::midpoint(first, last))));
                }
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn equal_neighbours_are_one_run() {
        let molecule = |text: &str| Ok(text.to_owned());
        let path = [molecule("C"), molecule("C"), Err("no".into()), molecule("CC"), molecule("C")];
        assert_eq!(runs(&path), [(0, 1), (2, 2), (3, 3), (4, 4)]);
        assert!(runs(&[]).is_empty());
    }
}
