//! Every contribution to the frustration, as a table, with what the metric means in words.

use std::sync::Arc;

use eframe::egui::{self, RichText, Role, Sense, Ui, WidgetInfo, vec2};
use egui_extras::{Column as Width, TableBuilder};

use super::minimum_card::toggled;
use super::path::between_marked_ui;
use super::tree::no_landscape_ui;
use crate::app::action::LandscapeAction;
use crate::app::data::number;
use crate::app::study::Landscape;
use crate::app::theme::space;
use crate::app::widgets::View;
use crate::landscape::FrustrationContribution;

/// The columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Minimum,
    TransitionState,
    Barrier,
    Distance,
    Frustration,
    Support,
}

/// Each column with its heading, a shorter one for narrow tiles, and what it means.
const COLUMNS: [(By, [&str; 2], &str); 6] = [
    (
        By::Minimum,
        ["Minimum", "Min."],
        "Its id; a click marks it everywhere, a double click shows the path over the transition state",
    ),
    (By::TransitionState, ["Transition state", "State"], "Id of the transition state"),
    (By::Barrier, ["Barrier (E)", "Barrier"], "In units of E: max(0, E of the transition state − E of the minimum)"),
    (By::Distance, ["Distance", "Dist."], "Between the two, in units of the box"),
    (By::Frustration, ["Frustration (E)", "Frustr."], "In units of E: barrier · exp(−distance² / 2ℓ²)"),
    (
        By::Support,
        ["Nearest sample", "Sample"],
        "Distance of the transition state to the nearest measured point: far means weakly supported",
    ),
];

/// What the order of rows follows from: landscape, length scale, column, direction, least value, minima.
type OrderKey = (usize, usize, By, bool, f64, Option<Vec<u64>>);

/// The table.
#[derive(Debug)]
pub struct ContributionsPanel {
    scale: usize,
    by: By,
    descending: bool,
    least: f64,
    marked_only: bool,
    rows: Option<(OrderKey, Vec<u32>)>,
}

impl Default for ContributionsPanel {
    fn default() -> Self {
        Self { scale: 1, by: By::Frustration, descending: true, least: 0.0, marked_only: false, rows: None }
    }
}

impl ContributionsPanel {
    /// Draws the table.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let Some(landscape) = view.state.study.as_ref().and_then(|study| study.landscape.clone()) else {
            return no_landscape_ui(ui, view, "No landscape yet", "The table lists what makes the landscape rough.");
        };
        egui::Frame::new().inner_margin(space::S).show(ui, |ui| {
            self.head_ui(ui, view, &landscape);
            self.sort(&landscape, &view.state.marked_minima);
            self.table_ui(ui, view, &landscape);
        });
    }

    fn head_ui(&mut self, ui: &mut Ui, view: &mut View, landscape: &Landscape) {
        let n = landscape.network.minima().len();
        ui.horizontal_wrapped(|ui| {
            ui.radio_value(&mut self.scale, 0, "ℓ = 0.8").on_hover_text("The metric: near barriers weigh most");
            ui.radio_value(&mut self.scale, 1, "ℓ = 80")
                .on_hover_text("The sampling: the weight is about 1, so this is the barrier");
            ui.separator();
            ui.label(RichText::new(format!("F = {}", number(landscape.frustration[self.scale]))).strong());
            ui.label(
                RichText::new(meaning(self.scale, landscape.frustration[self.scale], n)).color(view.palette.ink_weak),
            );
        });
        ui.horizontal_wrapped(|ui| {
            ui.label("Frustration at least");
            let field = ui.add(egui::DragValue::new(&mut self.least).range(0.0..=f64::MAX).speed(0.001));
            field.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "Frustration at least, in units of E"));
            ui.checkbox(&mut self.marked_only, "Only of marked minima")
                .on_hover_text("Only rows of the minima that are marked in any view");
            let all = landscape.contributions[self.scale].len();
            let shown = self.rows.as_ref().map_or(all, |(_, rows)| rows.len());
            ui.label(RichText::new(format!("{shown} of {all}")).color(view.palette.ink_weak));
            histogram_ui(ui, view, &landscape.contributions[self.scale]);
            between_marked_ui(ui, view);
        });
    }

    fn sort(&mut self, landscape: &Arc<Landscape>, marked: &[u64]) {
        let only = self.marked_only.then(|| marked.to_vec());
        let key = (Arc::as_ptr(landscape) as usize, self.scale, self.by, self.descending, self.least, only);
        if self.rows.as_ref().is_some_and(|(known, _)| *known == key) {
            return;
        }
        let all = &landscape.contributions[self.scale];
        let passes = |row: &FrustrationContribution| {
            let of_marked = !self.marked_only || marked.contains(&u64::from(row.minimum.0));
            row.frustration >= self.least && of_marked
        };
        let mut rows: Vec<u32> = (0..all.len()).filter(|&k| passes(&all[k])).map(|k| k as u32).collect();
        let value = |k: u32| value_of(landscape, &all[k as usize], self.by);
        rows.sort_by(|a, b| value(*a).total_cmp(&value(*b)).then(a.cmp(b)));
        if self.descending {
            rows.reverse();
        }
        self.rows = Some((key, rows));
    }

    fn table_ui(&mut self, ui: &mut Ui, view: &mut View, landscape: &Landscape) {
        let Some((_, rows)) = &self.rows else { return };
        let all = &landscape.contributions[self.scale];
        let (by, descending) = (self.by, self.descending);
        let mut wanted = None;
        let ui_width = ui.available_width();
        let mut table =
            TableBuilder::new(ui).id_salt("contributions").striped(true).sense(Sense::click()).auto_shrink(false);
        // All columns are seen where the tile is narrow, and none is wider than it needs to be.
        let width = (ui_width / COLUMNS.len() as f32 - COLUMN_GAP).clamp(66.0, 112.0);
        for _ in COLUMNS {
            table = table.column(Width::initial(width).at_least(60.0).clip(true).resizable(true));
        }
        table
            .header(22.0, |mut header| {
                for (column, [name, short], hint) in COLUMNS {
                    header.col(|ui| {
                        let shown = if width < WIDE_COLUMN { short } else { name };
                        let words = RichText::new(shown).color(view.palette.ink_weak);
                        let response = ui.add(egui::Button::new(words).frame(false).truncate()).on_hover_text(hint);
                        let order = match (column == by, descending) {
                            (false, _) => "",
                            (true, true) => ", now falling",
                            (true, false) => ", now rising",
                        };
                        let spoken = format!("Sort by {name}{order}");
                        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &spoken));
                        if column == by {
                            order_mark(ui, &response, descending, view.palette.accent);
                        }
                        if response.clicked() {
                            wanted = Some(column);
                        }
                    });
                }
            })
            .body(|body| {
                body.rows(19.0, rows.len(), |mut line| {
                    let row = &all[rows[line.index()] as usize];
                    let minimum = u64::from(row.minimum.0);
                    line.set_selected(view.state.marked_minima.contains(&minimum));
                    for (column, _, _) in COLUMNS {
                        line.col(|ui| {
                            let text = match column {
                                By::Minimum => row.minimum.to_string(),
                                By::TransitionState => row.transition_state.to_string(),
                                _ => {
                                    let value = value_of(landscape, row, column);
                                    if value.is_finite() { number(value) } else { "not known".into() }
                                }
                            };
                            ui.add(egui::Label::new(text).truncate().selectable(false));
                        });
                    }
                    line.set_hovered(view.state.focus.hovered == Some(minimum));
                    let response = line.response();
                    if response.hovered() && view.state.focus.hovered != Some(minimum) {
                        view.ask(LandscapeAction::Hover(Some(minimum)));
                    }
                    if response.clicked() {
                        let shift = response.ctx.input(|input| input.modifiers.shift);
                        let marked = toggled(&view.state.marked_minima, Some(minimum), shift);
                        view.ask(LandscapeAction::SelectMinima(marked));
                    }
                    if response.double_clicked()
                        && let Some(other) = other_end(landscape, row)
                    {
                        view.ask(LandscapeAction::Path(Some(minimum), Some(other)));
                    }
                });
            });
        if let Some(column) = wanted {
            self.descending = if self.by == column { !self.descending } else { true };
            self.by = column;
        }
    }
}

/// What a value of the metric says, without pretending to a scale that it has not.
fn meaning(scale: usize, f: f64, n: usize) -> String {
    if n < 2 {
        return "fewer than two minima: nothing can be frustrated".into();
    }
    if scale == 0 {
        format!("mean over {n} minima of the barriers around each, near ones first; {} is a smooth funnel", number(0.0))
    } else {
        format!("mean over {n} minima of the sum of barriers out of each: on average {} units of E", number(f))
    }
}

/// The minimum at the other end of a row's transition state; none where it returns to its own.
fn other_end(landscape: &Landscape, row: &FrustrationContribution) -> Option<u64> {
    let other = landscape.network.transition_state(row.transition_state)?.other_end(row.minimum)?;
    (other != row.minimum).then_some(u64::from(other.0))
}

fn value_of(landscape: &Landscape, row: &FrustrationContribution, by: By) -> f64 {
    match by {
        By::Minimum => f64::from(row.minimum.0),
        By::TransitionState => f64::from(row.transition_state.0),
        By::Barrier => row.barrier,
        By::Distance => row.distance,
        By::Frustration => row.frustration,
        By::Support => landscape
            .network
            .transition_state(row.transition_state)
            .and_then(|state| state.support.distance_to_nearest_sample)
            .unwrap_or(f64::NAN),
    }
}

/// A triangle behind the heading of the column that rows are ordered by, pointing where they go.
fn order_mark(ui: &Ui, heading: &egui::Response, descending: bool, colour: egui::Color32) {
    let middle = heading.rect.right_center() + vec2(6.0, 0.0);
    let tip = if descending { 3.5 } else { -3.5 };
    let corners = [vec2(-4.0, -tip), vec2(4.0, -tip), vec2(0.0, tip)].map(|corner| middle + corner);
    ui.painter().add(egui::Shape::convex_polygon(corners.to_vec(), colour, egui::Stroke::NONE));
}

/// Columns from this width on have their whole heading.
const WIDE_COLUMN: f32 = 108.0;
/// Between two columns.
const COLUMN_GAP: f32 = 10.0;

fn histogram_ui(ui: &mut Ui, view: &View, rows: &[FrustrationContribution]) {
    const N: usize = 40;
    let (rect, response) = ui.allocate_exact_size(vec2(200.0, 24.0), Sense::hover());
    let most = rows.iter().map(|row| row.frustration).fold(0.0, f64::max);
    let mut counts = [0usize; N];
    for row in rows {
        let at = if most > 0.0 { (row.frustration / most * N as f64) as usize } else { 0 };
        counts[at.min(N - 1)] += 1;
    }
    let highest = counts.iter().copied().max().unwrap_or(1).max(1);
    let words = format!("Histogram of {} contributions from 0 to {}", rows.len(), number(most));
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &words));
    let width = rect.width() / N as f32;
    for (k, count) in counts.iter().enumerate() {
        let height = (*count as f32 / highest as f32).sqrt() * rect.height();
        let bar = egui::Rect::from_min_max(
            egui::pos2(rect.left() + k as f32 * width, rect.bottom() - height),
            egui::pos2(rect.left() + (k + 1) as f32 * width - 1.0, rect.bottom()),
        );
        ui.painter().rect_filled(bar, 0.0, view.palette.accent);
    }
    ui.painter().line_segment([rect.left_bottom(), rect.right_bottom()], egui::Stroke::new(1.0, view.palette.line));
    response.on_hover_text(format!("{words}; heights by square root, so that few are seen"));
}
