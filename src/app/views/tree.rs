//! The disconnectivity graph: how minima join as the landscape fills, with an energy line that floods the map.

use std::sync::Arc;

use eframe::egui::{
    self, Align2, CursorIcon, FontId, Painter, Pos2, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2,
};

use crate::app::action::{Action, LandscapeAction};
use crate::app::command::Command;
use crate::app::data::number;
use crate::app::study::Landscape;
use crate::app::theme::space;
use crate::app::widgets::{View, empty, paint_molecule, primary_button};
use crate::landscape::MinimumId;
use crate::landscape::disconnectivity::{
    BranchStyle, Components, DisconnectivityGraph, LayoutParams, Levels, MergeTree, PruneParams, TreeLayout,
};

/// What a drawing follows from.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    landscape: usize,
    prune: PruneParams,
    style: BranchStyle,
}

#[derive(Debug)]
struct Drawn {
    tree: MergeTree,
    graph: DisconnectivityGraph,
    layout: TreeLayout,
}

/// The view.
#[derive(Debug)]
pub struct TreePanel {
    prune: PruneParams,
    style: BranchStyle,
    min_barrier: f64,
    drawn: Option<(Key, Result<Arc<Drawn>, String>)>,
    dragging_line: bool,
}

impl Default for TreePanel {
    fn default() -> Self {
        Self {
            prune: PruneParams::default(),
            style: BranchStyle::Slanted,
            min_barrier: 0.0,
            drawn: None,
            dragging_line: false,
        }
    }
}

impl TreePanel {
    /// Draws the view.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let Some(landscape) = view.state.study.as_ref().and_then(|study| study.landscape.clone()) else {
            return no_landscape_ui(ui, view, "No landscape yet", "The graph shows at which energies minima join.");
        };
        let bar = egui::Frame::new().fill(view.palette.panel).inner_margin(egui::Margin::symmetric(8, 4));
        let drawn = self.drawn(&landscape);
        egui::Panel::top("tree tools").frame(bar).show(ui, |ui| self.tools_ui(ui, view, drawn.as_ref().ok()));
        match drawn {
            Ok(drawn) => self.canvas_ui(ui, view, &drawn),
            Err(problem) => {
                ui.colored_label(view.palette.danger, problem);
            }
        }
    }

    fn drawn(&mut self, landscape: &Arc<Landscape>) -> Result<Arc<Drawn>, String> {
        let key = Key { landscape: Arc::as_ptr(landscape) as usize, prune: self.prune.clone(), style: self.style };
        if let Some((known, drawn)) = &self.drawn
            && *known == key
        {
            return drawn.clone();
        }
        let tree = MergeTree::new(&landscape.network);
        let drawn = DisconnectivityGraph::new(&landscape.network, &tree, Levels::Exact, &key.prune)
            .map(|graph| {
                let layout = TreeLayout::new(&graph, &LayoutParams { style: key.style, ..LayoutParams::default() });
                Arc::new(Drawn { tree, graph, layout })
            })
            .map_err(|error| error.to_string());
        self.drawn = Some((key, drawn.clone()));
        drawn
    }

    fn tools_ui(&mut self, ui: &mut Ui, view: &mut View, drawn: Option<&Arc<Drawn>>) {
        ui.horizontal_wrapped(|ui| {
            ui.label("Barrier at least");
            let barrier = ui.add(egui::DragValue::new(&mut self.min_barrier).range(0.0..=f64::MAX).speed(0.001));
            barrier.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "Barrier at least, in units of E"));
            self.prune.min_barrier = (self.min_barrier > 0.0).then_some(self.min_barrier);
            ui.checkbox(&mut self.prune.monotonic, "Monotonic basins only")
                .on_hover_text("Only minima without a transition state to a lower one");
            let mut all = self.prune.components == Components::All;
            if ui.checkbox(&mut all, "Single minima").on_hover_text("Also minima that nothing joins").changed() {
                self.prune.components = if all { Components::All } else { Components::Joined };
            }
            let mut square = self.style == BranchStyle::Square;
            if ui.checkbox(&mut square, "Square branches").changed() {
                self.style = if square { BranchStyle::Square } else { BranchStyle::Slanted };
            }
            if let Some(drawn) = drawn {
                let (shown, all) = (drawn.graph.n_leaves(), drawn.graph.n_minima);
                ui.separator();
                ui.label(format!("{shown} of {all} minima, hidden: {}", all - shown));
            }
            if view.state.flood.is_some() && ui.button("Drain").on_hover_text("Take the energy line away").clicked() {
                view.ask(Action::Landscape(LandscapeAction::Flood(None)));
            }
        });
    }

    fn canvas_ui(&mut self, ui: &mut Ui, view: &mut View, drawn: &Drawn) {
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
        let frame = Frame::new(rect, drawn);
        axis_ui(&painter, view, &frame);
        let pointer = response.hover_pos();
        let under = pointer.filter(|_| !self.dragging_line).and_then(|at| nearest_branch(drawn, &frame, at));
        branches_ui(&painter, view, drawn, &frame, under);
        self.line_ui(&painter, view, &response, drawn, &frame);
        leaves_ui(&painter, view, drawn, &frame);
        if let Some(node) = under {
            let node_energy = drawn.graph.nodes[node].energy;
            if drawn.graph.nodes[node].is_leaf() {
                leaf_card_ui(ui, view, drawn.graph.nodes[node].lowest, node_energy, &frame, drawn, node);
            }
            if response.clicked() {
                let minima = leaves_below(&drawn.graph, node).into_iter().map(|id| u64::from(id.0)).collect();
                view.ask(Action::Landscape(LandscapeAction::SelectMinima(minima)));
            }
        } else if response.clicked() {
            view.ask(Action::Landscape(LandscapeAction::SelectMinima(Vec::new())));
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
            view.ask(Action::Landscape(LandscapeAction::Flood(Some(wanted))));
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

/// From leaves and energies to the screen.
struct Frame {
    plot: Rect,
    width: f64,
    energies: [f64; 2],
}

impl Frame {
    fn new(rect: Rect, drawn: &Drawn) -> Self {
        let plot = Rect::from_min_max(rect.min + vec2(64.0, space::L), rect.max - vec2(space::L, space::XL));
        let [low, high] = drawn.layout.energy_range;
        let room = ((high - low) * 0.06).max(1e-9);
        Self { plot, width: drawn.layout.width.max(1.0), energies: [low - 0.4 * room, high + room] }
    }

    fn y(&self, energy: f64) -> f32 {
        let [low, high] = self.energies;
        self.plot.bottom() - ((energy - low) / (high - low)) as f32 * self.plot.height()
    }

    fn energy(&self, y: f32) -> f64 {
        let [low, high] = self.energies;
        low + f64::from((self.plot.bottom() - y) / self.plot.height()) * (high - low)
    }

    fn at(&self, [x, energy]: [f64; 2]) -> Pos2 {
        pos2(self.plot.left() + (x / self.width) as f32 * self.plot.width(), self.y(energy))
    }
}

fn axis_ui(painter: &Painter, view: &View, frame: &Frame) {
    let palette = view.palette;
    let [low, high] = frame.energies;
    let step = round_step((high - low) / 6.0);
    let mut tick = (low / step).ceil() * step;
    while tick <= high {
        let y = frame.y(tick);
        painter.line_segment([pos2(frame.plot.left(), y), pos2(frame.plot.right(), y)], Stroke::new(0.5, palette.line));
        let at = pos2(frame.plot.left() - 6.0, y);
        painter.text(
            at,
            Align2::RIGHT_CENTER,
            number((tick / step).round() * step),
            FontId::proportional(11.0),
            palette.ink_weak,
        );
        tick += step;
    }
    let at = frame.plot.left_top() + vec2(-58.0, -12.0);
    painter.text(at, Align2::LEFT_TOP, "E (similarity, scaled)", FontId::proportional(11.0), palette.ink_weak);
}

/// 1, 2 or 5 times a power of ten, near `wanted`.
fn round_step(wanted: f64) -> f64 {
    let power = 10f64.powf(wanted.max(1e-12).log10().floor());
    let lead = wanted / power;
    power
        * if lead < 1.5 {
            1.0
        } else if lead < 3.5 {
            2.0
        } else if lead < 7.5 {
            5.0
        } else {
            10.0
        }
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
    let room = frame.plot.width() / frame.width as f32;
    for leaf in &drawn.layout.leaves {
        let at = frame.at([leaf.x, leaf.energy]);
        let marked = view.state.marked_minima.contains(&u64::from(leaf.minimum.0));
        let colour = if marked { view.palette.accent } else { view.palette.ink };
        painter.circle_filled(at, if marked { 4.0 } else { (room * 0.3).clamp(1.0, 2.5) }, colour);
        if room > 26.0 {
            let text = leaf.minimum.to_string();
            painter.text(
                at + vec2(0.0, 5.0),
                Align2::CENTER_TOP,
                text,
                FontId::proportional(10.0),
                view.palette.ink_weak,
            );
        }
    }
}

fn leaf_card_ui(ui: &Ui, view: &mut View, id: MinimumId, energy: f64, frame: &Frame, drawn: &Drawn, node: usize) {
    let at = frame.at(drawn.layout.nodes[node]);
    let size = vec2(150.0, 130.0);
    let left = if at.x + size.x + 16.0 < frame.plot.right() { at.x + 12.0 } else { at.x - 12.0 - size.x };
    let top = (at.y - size.y - 6.0).max(frame.plot.top());
    let card = Rect::from_min_size(pos2(left, top), size);
    let palette = view.palette;
    ui.painter().rect(card, 6.0, palette.raised, Stroke::new(1.0, palette.line), egui::StrokeKind::Inside);
    let text = format!("Minimum {id} · E = {}", number(energy));
    ui.painter().text(
        card.left_bottom() + vec2(8.0, -6.0),
        Align2::LEFT_BOTTOM,
        text,
        FontId::proportional(11.0),
        palette.ink,
    );
    let drawing = Rect::from_min_max(card.min + vec2(4.0, 4.0), card.max - vec2(4.0, 22.0));
    match view.state.decoded_minima.get(&u64::from(id.0)).cloned() {
        Some(smiles) => paint_molecule(ui, view, &smiles, drawing),
        None => {
            let text = "open a model to decode it";
            ui.painter().text(
                drawing.center(),
                Align2::CENTER_CENTER,
                text,
                FontId::proportional(11.0),
                palette.ink_weak,
            );
        }
    }
}

/// The branch within 6 points of the pointer, if any.
fn nearest_branch(drawn: &Drawn, frame: &Frame, at: Pos2) -> Option<usize> {
    let distance = |a: Pos2, b: Pos2| {
        let along = b - a;
        let t = ((at - a).dot(along) / along.length_sq().max(1e-6)).clamp(0.0, 1.0);
        (a + along * t).distance(at)
    };
    let near = drawn.layout.segments.iter().map(|s| (distance(frame.at(s.from), frame.at(s.to)), s.node));
    near.min_by(|a, b| a.0.total_cmp(&b.0)).filter(|(distance, _)| *distance < 6.0).map(|(_, node)| node)
}

/// Beside the nodes: whether each lies in the superbasin of `top`.
fn below(graph: &DisconnectivityGraph, top: usize) -> Vec<bool> {
    let mut inside = vec![false; graph.nodes.len()];
    let mut open = vec![top];
    while let Some(node) = open.pop() {
        inside[node] = true;
        open.extend(&graph.nodes[node].children);
    }
    inside
}

fn leaves_below(graph: &DisconnectivityGraph, top: usize) -> Vec<MinimumId> {
    let inside = below(graph, top);
    graph
        .nodes
        .iter()
        .zip(inside)
        .filter(|(node, inside)| *inside && node.is_leaf())
        .map(|(node, _)| node.lowest)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::round_step;

    #[test]
    fn ticks_stand_at_round_numbers() {
        for (wanted, step) in [(0.013, 0.01), (0.19, 0.2), (4.0, 5.0), (88.0, 100.0)] {
            assert!((round_step(wanted) / step - 1.0).abs() < 1e-9, "{wanted}");
        }
    }
}
