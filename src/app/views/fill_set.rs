//! The review of a fill set: every molecule drawn, with what is known of it; accepted, or turned down and replaced.

use std::collections::HashSet;
use std::sync::Arc;

use eframe::egui::{
    self, Align2, ComboBox, FontId, Rect, RichText, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2,
    vec2,
};

use crate::app::action::PictureAction;
use crate::app::command::Command;
use crate::app::data::{DataSet, Values, number};
use crate::app::model_session::thousands;
use crate::app::study::FillSet;
use crate::app::theme::space;
use crate::app::tuning::{Draft, Work, region_words};
use crate::app::widgets::{View, empty, paint_molecule, primary_button};
use crate::fill::FillReport;

/// Which molecules are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Show {
    #[default]
    All,
    Accepted,
    Rejected,
}

/// The view.
#[derive(Debug)]
pub struct FillSetPanel {
    chosen: usize,
    sort: usize,
    descending: bool,
    show: Show,
}

impl Default for FillSetPanel {
    fn default() -> Self {
        Self { chosen: 0, sort: 0, descending: false, show: Show::All }
    }
}

/// Width and height of a card, at least.
const CARD: egui::Vec2 = vec2(168.0, 178.0);
const GAP: f32 = 6.0;

impl FillSetPanel {
    /// Draws the view.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let palette = view.palette;
        let Some(study) = view.state.study.as_ref().filter(|study| !study.fill_sets.is_empty()) else {
            let text = "Molecules generated for the rough places appear here for review, and the model is tuned on them beside its controls.";
            return empty(ui, &palette, "No fill set yet", text, |ui| {
                primary_button(ui, view, Command::Primary, "Generate molecules");
            });
        };
        self.chosen = self.chosen.min(study.fill_sets.len() - 1);
        let set = &study.fill_sets[self.chosen];
        let is_fill = set.name == "fill";
        let draft = view.state.draft();
        let rejected: HashSet<&str> = draft
            .as_deref()
            .filter(|_| is_fill)
            .map(|d| d.rejected().iter().map(String::as_str).collect())
            .unwrap_or_default();
        egui::Frame::new().inner_margin(space::S).show(ui, |ui| {
            self.head_ui(ui, view, set, draft.as_deref());
            let rows = self.rows(&set.data, &rejected);
            if rows.is_empty() {
                ui.add_space(space::M);
                let text = match self.show {
                    Show::Rejected => "No molecule of this set has been turned down.",
                    Show::Accepted | Show::All => "No molecule is left: take some back, or generate anew.",
                };
                ui.label(RichText::new(text).color(palette.ink_weak));
                return;
            }
            self.grid_ui(ui, view, set, &rows, &rejected, draft.as_deref().filter(|_| is_fill));
        });
    }

    fn head_ui(&mut self, ui: &mut Ui, view: &mut View, set: &FillSet, draft: Option<&Draft>) {
        let palette = view.palette;
        let Some(study) = view.state.study.as_ref() else { return };
        ui.horizontal_wrapped(|ui| {
            for (k, set) in study.fill_sets.iter().enumerate() {
                ui.selectable_value(&mut self.chosen, k, format!("{} ({})", set_words(&set.name), set.molecules.len()));
            }
            ui.separator();
            let columns = &set.data.columns;
            self.sort = self.sort.min(columns.len().saturating_sub(1));
            let shown = columns.get(self.sort).map_or_else(String::new, |column| column.name.clone());
            let combo = ComboBox::from_id_salt("sort molecules").selected_text(shown).show_ui(ui, |ui| {
                for (k, column) in columns.iter().enumerate() {
                    ui.selectable_value(&mut self.sort, k, column.title());
                }
            });
            combo.response.on_hover_text("Sort the molecules by this property");
            let order = if self.descending { "Highest first" } else { "Lowest first" };
            if ui.button(order).on_hover_text("Turn the order round").clicked() {
                self.descending = !self.descending;
            }
            ui.separator();
            for (show, words) in [(Show::All, "All"), (Show::Accepted, "Accepted"), (Show::Rejected, "Rejected")] {
                ui.selectable_value(&mut self.show, show, words);
            }
        });
        ui.label(RichText::new(report_words(&set.report)).color(palette.ink_weak));
        if let Some(shortfall) = set.report.shortfall() {
            ui.colored_label(palette.warn, shortfall);
        }
        if set.name == "fill"
            && let Some(draft) = draft
        {
            edits_ui(ui, view, set, draft);
        }
        ui.add_space(space::XS);
    }

    /// Rows in the chosen order; those without a value stand last.
    fn rows(&self, data: &DataSet, rejected: &HashSet<&str>) -> Vec<usize> {
        let passes = |row: &usize| match self.show {
            Show::All => true,
            Show::Accepted => !rejected.contains(data.smiles[*row].as_str()),
            Show::Rejected => rejected.contains(data.smiles[*row].as_str()),
        };
        let mut rows: Vec<usize> = (0..data.n_rows()).filter(passes).collect();
        if let Some(Values::Number(values)) = data.columns.get(self.sort).map(|column| &column.values) {
            rows.sort_by(|a, b| {
                let (x, y) = (values[*a], values[*b]);
                let order = if self.descending { y.total_cmp(&x) } else { x.total_cmp(&y) };
                x.is_nan().cmp(&y.is_nan()).then(order)
            });
        }
        rows
    }

    fn grid_ui(
        &self,
        ui: &mut Ui,
        view: &mut View,
        set: &FillSet,
        rows: &[usize],
        rejected: &HashSet<&str>,
        draft: Option<&Draft>,
    ) {
        let room = ui.available_width() - 14.0;
        let columns = (((room + GAP) / (CARD.x + GAP)) as usize).max(1);
        let size = vec2((room - GAP * (columns - 1) as f32) / columns as f32, CARD.y);
        ui.spacing_mut().item_spacing = vec2(GAP, GAP);
        let lines = rows.len().div_ceil(columns);
        ScrollArea::vertical().auto_shrink(false).show_rows(ui, size.y, lines, |ui, seen| {
            for line in seen {
                ui.horizontal(|ui| {
                    for &row in &rows[line * columns..((line + 1) * columns).min(rows.len())] {
                        let out = rejected.contains(set.data.smiles[row].as_str());
                        self.card_ui(ui, view, set, row, size, out, draft);
                    }
                });
            }
        });
    }

    #[expect(clippy::too_many_arguments, reason = "what a card shows and where")]
    fn card_ui(
        &self,
        ui: &mut Ui,
        view: &mut View,
        set: &FillSet,
        row: usize,
        size: egui::Vec2,
        out: bool,
        draft: Option<&Draft>,
    ) {
        let palette = view.palette;
        let data = &set.data;
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        if !ui.is_rect_visible(rect) {
            return;
        }
        let value = data
            .columns
            .get(self.sort)
            .map_or_else(String::new, |column| format!("{} {}", column.name, some_text(&column.text(row))));
        let flags = flags(view, set, row);
        let verdict = if out { ", rejected" } else { "" };
        response.widget_info(|| {
            let words = format!("Molecule {} of {}: {}, {value}{verdict}", data.ids[row], set.name, data.smiles[row]);
            WidgetInfo::labeled(Role::Image, true, words)
        });
        let stroke = Stroke::new(1.0, if out { palette.danger } else { palette.line });
        ui.painter().rect(rect, 6.0, palette.raised, stroke, StrokeKind::Inside);
        let drawing = Rect::from_min_max(rect.min + vec2(6.0, 6.0), pos2(rect.right() - 6.0, rect.bottom() - 62.0));
        paint_molecule(ui, view, &data.smiles[row], drawing);
        if out {
            ui.painter().rect_filled(drawing, 4.0, palette.raised.gamma_multiply(0.72));
            ui.painter().line_segment(
                [drawing.left_bottom(), drawing.right_top()],
                Stroke::new(1.5, palette.danger.gamma_multiply(0.8)),
            );
        }
        let text = ui.painter().with_clip_rect(rect.shrink(6.0));
        let small = FontId::proportional(11.0);
        let left = rect.left() + 8.0;
        text.text(pos2(left, rect.bottom() - 56.0), Align2::LEFT_TOP, &value, small.clone(), palette.ink);
        let colour = if flags.is_empty() { palette.ink_weak } else { palette.warn };
        let words = if flags.is_empty() { "new to the corpus".to_owned() } else { flags.join(" · ") };
        text.text(pos2(left, rect.bottom() - 41.0), Align2::LEFT_TOP, words, small.clone(), colour);
        let base = pos2(left, rect.bottom() - 13.0);
        text.text(base, Align2::LEFT_CENTER, &data.ids[row], small, palette.ink_weak);
        response.on_hover_ui(|ui| details_ui(ui, data, row));
        let Some(draft) = draft else { return };
        let place = Rect::from_min_size(rect.right_bottom() - vec2(70.0, 26.0), vec2(62.0, 20.0));
        let words = if out { "Accept" } else { "Reject" };
        let button = egui::Button::new(RichText::new(words).small()).small();
        let button = ui.place(place, button);
        button.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{words} {}", data.ids[row])));
        let hint = if out {
            "Take the molecule back into the set"
        } else {
            "Turn the molecule down; the next candidate takes its place when the set is made again"
        };
        if button.on_hover_text(hint).clicked() {
            let mut draft = draft.clone();
            draft.toggle(&data.smiles[row]);
            let what = if out { "Accept a molecule" } else { "Reject a molecule" };
            view.ask(PictureAction::Draft { draft: Arc::new(draft), what, joins: false });
        }
    }
}

/// What has been changed since the set was made, and the way to make it anew.
fn edits_ui(ui: &mut Ui, view: &mut View, set: &FillSet, draft: &Draft) {
    let palette = view.palette;
    let Some(study) = view.state.study.as_ref() else { return };
    let here = set.data.smiles.iter().filter(|smiles| draft.rejected().contains(smiles)).count();
    let earlier = draft.rejected().len() - here;
    let otherwise = study.fills_otherwise(draft);
    ui.horizontal_wrapped(|ui| {
        let mut words = vec![format!("From: {}", region_words(draft.fill.region.as_ref()).to_lowercase())];
        if here > 0 {
            words.push(format!("{} turned down", thousands(here)));
        }
        if earlier > 0 {
            words.push(format!("{} turned down and replaced earlier", thousands(earlier)));
        }
        ui.label(words.join(" · "));
        if otherwise {
            let label = if here > 0 { "Replace what was rejected" } else { "Generate again" };
            let hint = "The set on screen was made with other settings; molecules that pass again keep their order";
            match view.state.make(Work::Generate) {
                Ok(action) => {
                    let button = egui::Button::new(RichText::new(label).color(palette.on_accent)).fill(palette.accent);
                    if ui.add(button).on_hover_text(hint).clicked() {
                        view.ask(action);
                    }
                }
                Err(why) => {
                    ui.add_enabled(false, egui::Button::new(label)).on_disabled_hover_text(why);
                }
            }
        }
    });
}

/// What speaks against a molecule, in words.
fn flags(view: &View, set: &FillSet, row: usize) -> Vec<String> {
    let molecule = &set.molecules[row];
    let mut flags = Vec::new();
    if molecule.capped {
        flags.push("cut at the token cap".to_owned());
    }
    if !molecule.novel {
        flags.push("in the corpus".to_owned());
    }
    let others = view.state.study.iter().flat_map(|study| &study.fill_sets).filter(|other| other.name != set.name);
    for other in others.filter(|other| other.data.smiles.contains(&molecule.smiles)) {
        flags.push(format!("also in {}", set_words(&other.name)));
    }
    flags
}

fn details_ui(ui: &mut Ui, data: &DataSet, row: usize) {
    ui.label(RichText::new(&data.smiles[row]).monospace());
    for column in &data.columns {
        ui.label(format!("{}: {}", column.title(), some_text(&column.text(row))));
    }
}

fn some_text(text: &str) -> String {
    if text.is_empty() { "not known".into() } else { text.to_owned() }
}

/// A set by the step that made it.
pub fn set_words(step: &str) -> &str {
    step.strip_prefix("control-").unwrap_or(step)
}

/// What became of the candidates, in a sentence.
fn report_words(report: &FillReport) -> String {
    let percent = |share: f64| format!("{:.0} %", 100.0 * share);
    let mut words = format!(
        "{} of {} molecules from {} candidates · {} valid · {} at the token cap · {} unique · {} new · diversity {} · mean QED {}",
        thousands(report.n_accepted),
        thousands(report.n_wanted),
        thousands(report.n_tried),
        percent(report.validity),
        percent(report.token_cap_rate),
        percent(report.uniqueness),
        percent(report.novelty),
        number(report.diversity),
        number(report.mean_qed),
    );
    let dropped: Vec<String> = report.rejections.iter().map(|(reason, n)| format!("{n} {}", reason.words())).collect();
    if !dropped.is_empty() {
        words.push_str(&format!(" · left out: {}", dropped.join(", ")));
    }
    words
}
