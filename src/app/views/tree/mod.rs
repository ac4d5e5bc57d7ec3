//! The disconnectivity graph: how minima join as the landscape fills, with an energy line that floods the map.

mod frame;
mod look;
mod molecules;

use std::sync::Arc;

use eframe::egui::{self, Align2, CursorIcon, FontId, Painter, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::export_figure::ExportFigure;
use super::minimum_card::minimum_card_ui;
use super::path::between_marked_ui;
use crate::app::action::LandscapeAction;
use crate::app::command::Command;
use crate::app::data::number;
use crate::app::landscape::Figure;
use crate::app::map::{self, Legend};
use crate::app::study::Landscape;
use crate::app::widgets::{View, empty, primary_button};
use crate::landscape::MinimumId;
use crate::landscape::disconnectivity::{BranchStyle, Components, LeafOrder};
use frame::{Frame, axis_ui, below, leaves_below, nearest_branch};
use look::{Drawn, KeptTree, LeafColour, TreeLook};

/// The view.
#[derive(Debug, Default)]
pub struct TreePanel {
    look: TreeLook,
    min_barrier: f64,
    lowest: usize,
    molecules: bool,
    drawn: KeptTree,
    dragging_line: bool,
    export: ExportFigure,
}

impl TreePanel {
    /// Draws the view.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let Some(landscape) = view.state.study.as_ref().and_then(|study| study.landscape.clone()) else {
            return no_landscape_ui(ui, view, "No landscape yet", "The graph shows at which energies minima join.");
        };
        let bar = egui::Frame::new().fill(view.palette.panel).inner_margin(egui::Margin::symmetric(8, 4));
        let drawn = self.drawn.get(&landscape, &self.look);
        egui::Panel::top("tree tools").frame(bar).show(ui, |ui| self.tools_ui(ui, view, drawn.as_ref().ok()));
        match drawn {
            Ok(drawn) => self.canvas_ui(ui, view, &landscape, &drawn),
            Err(problem) => {
                ui.colored_label(view.palette.danger, problem);
            }
        }
    }

    fn tools_ui(&mut self, ui: &mut Ui, view: &mut View, drawn: Option<&Arc<Drawn>>) {
        ui.horizontal_wrapped(|ui| {
            self.filters_ui(ui, drawn);
            ui.separator();
            self.look_ui(ui);
            ui.separator();
            if view.state.flood.is_some() && ui.button("Drain").on_hover_text("Take the energy line away").clicked() {
                view.ask(LandscapeAction::Flood(None));
            }
            between_marked_ui(ui, view);
            if let Some(drawn) = drawn.cloned() {
                self.export.ui(ui, view, "disconnectivity_graph", move |view| {
                    let theme = map::theme(&view.palette);
                    Figure::Drawing(drawn.figure(&view.state.marked_minima, &theme, [1000.0, 640.0]))
                });
            }
        });
    }

    fn filters_ui(&mut self, ui: &mut Ui, drawn: Option<&Arc<Drawn>>) {
        ui.label("Barrier at least");
        let barrier = ui.add(egui::DragValue::new(&mut self.min_barrier).range(0.0..=f64::MAX).speed(0.001));
        barrier.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "Barrier at least, in units of E"));
        let prune = &mut self.look.prune;
        prune.min_barrier = (self.min_barrier > 0.0).then_some(self.min_barrier);
        ui.label("lowest");
        let lowest = ui.add(
            egui::DragValue::new(&mut self.lowest)
                .range(0..=1_000_000)
                .custom_formatter(|n, _| if n < 1.0 { "all".to_owned() } else { format!("{n:.0}") }),
        );
        lowest
            .on_hover_text("Only so many of the lowest minima; 0 for all")
            .widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "Only so many of the lowest minima"));
        prune.lowest = (self.lowest > 0).then_some(self.lowest);
        ui.checkbox(&mut prune.monotonic, "Monotonic basins only")
            .on_hover_text("Only minima without a transition state to a lower one");
        let mut all = prune.components == Components::All;
        if ui.checkbox(&mut all, "Single minima").on_hover_text("Also minima that nothing joins").changed() {
            prune.components = if all { Components::All } else { Components::Joined };
        }
        if let Some(drawn) = drawn {
            let (shown, all) = (drawn.graph.n_leaves(), drawn.graph.n_minima);
            let words = format!("{shown} of {all} minima, hidden: {}", all - shown);
            ui.add(egui::Label::new(words).extend());
        }
    }

    fn look_ui(&mut self, ui: &mut Ui) {
        let look = &mut self.look;
        let colour = look.colour;
        choice_ui(ui, "Colour leaves by", colour.label(), |ui| {
            for wanted in LeafColour::ALL {
                ui.selectable_value(&mut look.colour, wanted, wanted.label()).on_hover_text(wanted.hint());
            }
        });
        let words = |order: LeafOrder| match order {
            LeafOrder::Balanced => "deepest in the middle",
            LeafOrder::Deepest => "deepest at the left",
            LeafOrder::Largest => "largest at the left",
        };
        choice_ui(ui, "Order", words(look.order), |ui| {
            for wanted in [LeafOrder::Balanced, LeafOrder::Deepest, LeafOrder::Largest] {
                ui.selectable_value(&mut look.order, wanted, words(wanted));
            }
        });
        let mut square = look.style == BranchStyle::Square;
        if ui.checkbox(&mut square, "Square branches").changed() {
            look.style = if square { BranchStyle::Square } else { BranchStyle::Slanted };
        }
        ui.checkbox(&mut self.molecules, "Molecules")
            .on_hover_text("Draw what the lowest minima decode to below the graph, as many as fit");
    }

    fn canvas_ui(&mut self, ui: &mut Ui, view: &mut View, landscape: &Landscape, drawn: &Drawn) {
        let rect = ui.available_rect_before_wrap();
        let response = ui.interact(rect, ui.scope_id().with("tree canvas"), Sense::click_and_drag());
        let n = drawn.graph.n_leaves();
        response.widget_info(|| {
            WidgetInfo::labeled(
                Role::Image,
                true,
                format!("Disconnectivity graph of {n} minima; the table of contributions holds the same barriers"),
            )
        });
        let painter = ui.painter().with_clip_rect(rect);
        painter.rect_filled(rect, 0.0, view.palette.canvas);
        if n == 0 {
            let text = "No minimum passes these filters";
            painter.text(rect.center(), Align2::CENTER_CENTER, text, FontId::proportional(13.0), view.palette.ink_weak);
            return;
        }
        let below = if self.molecules { molecules::HEIGHT } else { 0.0 };
        let frame = Frame::new(rect, drawn, below);
        axis_ui(&painter, view, &frame);
        let pointer = response.hover_pos();
        let under = pointer.filter(|_| !self.dragging_line).and_then(|at| nearest_branch(drawn, &frame, at));
        branches_ui(&painter, view, drawn, &frame, under);
        self.line_ui(&painter, view, &response, drawn, &frame);
        leaves_ui(&painter, view, drawn, &frame);
        if self.molecules {
            molecules::ui(ui, view, drawn, &frame, rect);
        }
        if let Some((_, scale)) = &drawn.colours {
            map::legends_ui(ui, &view.palette, frame.plot, &[Legend::Scale(scale.clone())]);
        }
        let leaf = under.filter(|node| drawn.graph.nodes[*node].is_leaf());
        let hovered = leaf.map(|node| u64::from(drawn.graph.nodes[node].lowest.0));
        if response.hovered() && hovered != view.state.focus.hovered {
            view.ask(LandscapeAction::Hover(hovered));
        }
        if let Some(node) = leaf {
            let id = drawn.graph.nodes[node].lowest;
            let joined = landscape.network.transition_states_of(id).count();
            let (at, line) = (frame.at(drawn.layout.nodes[node]), format!("{joined} transition states"));
            let energy = drawn.graph.nodes[node].energy;
            minimum_card_ui(ui, view, u64::from(id.0), energy, &line, at, frame.plot);
        }
        if response.clicked() {
            let shift = ui.input(|input| input.modifiers.shift);
            view.ask(LandscapeAction::SelectMinima(clicked(view, drawn, under, shift)));
        }
    }

    fn line_ui(&mut self, painter: &Painter, view: &mut View, response: &egui::Response, drawn: &Drawn, frame: &Frame) {
        let [low, high] = frame.energies;
        // At rest the line waits above the graph, where it floods nothing away.
        let energy = view.state.flood.unwrap_or(high);
        let y = frame.y(energy);
        let on_line = response.hover_pos().is_some_and(|at| (at.y - y).abs() < 6.0);
        if response.drag_started() {
            let start = response.ctx.input(|input| input.pointer.press_origin());
            self.dragging_line = start.is_some_and(|at| (at.y - y).abs() < 8.0);
        }
        if self.dragging_line
            && let Some(at) = response.interact_pointer_pos()
        {
            let wanted = frame.energy(at.y).clamp(low, high);
            view.ask(LandscapeAction::Flood(Some(wanted)));
        }
        if response.drag_stopped() {
            self.dragging_line = false;
        }
        if on_line || self.dragging_line {
            response.ctx.set_cursor_icon(CursorIcon::ResizeVertical);
        }
        let colour = view.palette.warn;
        painter.line_segment(
            [pos2(frame.plot.left(), y), pos2(frame.plot.right(), y)],
            Stroke::new(if on_line { 2.5 } else { 1.5 }, colour),
        );
        let text = match view.state.flood {
            Some(energy) => {
                let basins = drawn.tree.basins_at(energy);
                let mut distinct: Vec<MinimumId> = basins.iter().flatten().copied().collect();
                distinct.sort_unstable();
                distinct.dedup();
                let flooded = basins.iter().flatten().count();
                format!("E = {} · {} basins of {flooded} minima", number(energy), distinct.len())
            }
            None => "Drag this line down to flood the map".to_owned(),
        };
        let at = pos2(frame.plot.right() - 4.0, y + 3.0);
        painter.text(at, Align2::RIGHT_TOP, text, FontId::proportional(12.0), colour);
    }
}

/// The marked minima after a click on a branch: its basin, with Shift added to those marked.
fn clicked(view: &View, drawn: &Drawn, under: Option<usize>, shift: bool) -> Vec<u64> {
    let basin: Vec<u64> = under
        .map_or_else(Vec::new, |node| leaves_below(&drawn.graph, node).into_iter().map(|id| u64::from(id.0)).collect());
    match basin[..] {
        _ if !shift => basin,
        [one] => super::minimum_card::toggled(&view.state.marked_minima, Some(one), true),
        _ => {
            let mut marked = view.state.marked_minima.clone();
            marked.extend(basin.iter().filter(|id| !view.state.marked_minima.contains(id)));
            marked
        }
    }
}

fn choice_ui(ui: &mut Ui, name: &str, now: &str, items: impl FnOnce(&mut Ui)) {
    let choice = egui::ComboBox::from_id_salt(name).selected_text(format!("{name}: {now}")).show_ui(ui, items);
    choice.response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ComboBox, true, name);
        info.current_text_value = Some(now.to_owned());
        info
    });
}

/// What views of a landscape say when there is none.
pub fn no_landscape_ui(ui: &mut Ui, view: &mut View, title: &str, text: &str) {
    let palette = view.palette;
    empty(ui, &palette, title, text, |ui| {
        if view.state.study.is_some() {
            primary_button(ui, view, Command::Primary, "Explore the landscape now");
        } else {
            primary_button(ui, view, Command::Open, "Open a study…");
        }
    });
}

fn branches_ui(painter: &Painter, view: &View, drawn: &Drawn, frame: &Frame, under: Option<usize>) {
    let palette = view.palette;
    let lit = under.map(|node| below(&drawn.graph, node));
    let marked: Vec<bool> = drawn
        .graph
        .nodes
        .iter()
        .map(|node| node.is_leaf() && view.state.marked_minima.contains(&u64::from(node.lowest.0)))
        .collect();
    for segment in &drawn.layout.segments {
        let flooded = view.state.flood.is_some_and(|energy| segment.from[1] <= energy);
        let colour = match (lit.as_ref().is_some_and(|lit| lit[segment.node]), marked[segment.node], flooded) {
            (true, _, _) | (_, true, _) => palette.accent,
            (_, _, true) => palette.warn,
            _ => palette.ink,
        };
        let width = if drawn.graph.n_leaves() > 400 { 0.8 } else { 1.3 };
        painter.line_segment([frame.at(segment.from), frame.at(segment.to)], Stroke::new(width, colour));
    }
}

fn leaves_ui(painter: &Painter, view: &View, drawn: &Drawn, frame: &Frame) {
    let palette = view.palette;
    let room = frame.plot.width() / frame.width as f32;
    for (k, leaf) in drawn.layout.leaves.iter().enumerate() {
        let at = frame.at([leaf.x, leaf.energy]);
        let id = u64::from(leaf.minimum.0);
        let (marked, hovered) = (view.state.marked_minima.contains(&id), view.state.focus.hovered == Some(id));
        let own = match &drawn.colours {
            Some((values, scale)) => {
                let [r, g, b, a] = scale.colour(values[k]).unwrap_or(map::theme(&palette).unknown);
                egui::Color32::from_rgba_unmultiplied(r, g, b, a)
            }
            None => palette.ink,
        };
        let least = if drawn.colours.is_some() { 2.5 } else { 1.0 };
        let radius = (room * 0.3).clamp(least, if drawn.colours.is_some() { 4.5 } else { 2.5 });
        if marked || hovered {
            painter.circle_filled(at, radius.max(3.0) + 2.0, palette.accent);
        }
        painter.circle_filled(at, radius.max(if marked { 2.5 } else { 0.0 }), own);
        if room > 26.0 {
            let text = leaf.minimum.to_string();
            painter.text(at + vec2(0.0, 5.0), Align2::CENTER_TOP, text, FontId::proportional(10.0), palette.ink_weak);
        }
    }
}
