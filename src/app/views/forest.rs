//! Step 5: paired differences with their intervals.

use eframe::egui::{
    self, Align2, FontId, Pos2, Rect, RichText, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2,
};

use super::tune_settings::offer;
use crate::app::action::{Dialog, WindowAction};
use crate::app::command::Command;
use crate::app::theme::{Palette, space};
use crate::app::widgets::{View, empty, primary_button};
use crate::evaluate::comparison::Interval;
use crate::evaluate::{Comparison, Pair, Verdict, percent};
use crate::render::ticks;

/// The forest plot.
#[derive(Debug, Default)]
pub struct ForestPanel {
    base: usize,
    learner: usize,
    /// Arms that are not shown.
    hidden: Vec<String>,
}

/// A line of the plot.
struct Line {
    name: String,
    change: f64,
    interval: Interval,
    seeds: Vec<f64>,
    verdict: Verdict,
    sentence: String,
    pooled: bool,
}

const ROW: f32 = 30.0;
const NAMES: f32 = 170.0;
const WORDS: f32 = 190.0;

impl ForestPanel {
    /// Draws the forest plot.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let Some(comparison) = view.state.study.as_ref().and_then(|study| study.comparison.clone()) else {
            return nothing_ui(
                ui,
                view,
                "No comparison yet",
                "Paired differences between models appear here, with 95 % intervals.",
            );
        };
        egui::Frame::new().inner_margin(space::M).show(ui, |ui| {
            again_ui(ui, view);
            self.choice_ui(ui, view, &comparison);
            let lines = self.lines(&comparison);
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                findings_ui(ui, view, &lines);
                plot_ui(ui, view, &comparison, &lines);
            });
        });
    }

    fn choice_ui(&mut self, ui: &mut Ui, view: &mut View, comparison: &Comparison) {
        let (bases, learners) = (bases(comparison), learners(comparison));
        self.base = self.base.min(bases.len().saturating_sub(1));
        self.learner = self.learner.min(learners.len().saturating_sub(1));
        ui.horizontal_wrapped(|ui| {
            ui.label("Against").on_hover_text("What every difference is counted from");
            for (k, base) in bases.iter().enumerate() {
                ui.selectable_value(&mut self.base, k, base);
            }
            ui.separator();
            let arms = bases.get(self.base).map(|base| arms_against(comparison, base)).unwrap_or_default();
            for arm in &arms {
                let mut shown = !self.hidden.contains(arm);
                if ui.checkbox(&mut shown, arm).on_hover_text("Show this model in the plot").changed() {
                    self.hidden.retain(|hidden| hidden != arm);
                    if !shown {
                        self.hidden.push(arm.clone());
                    }
                }
            }
            ui.separator();
            for (k, learner) in learners.iter().enumerate() {
                ui.selectable_value(&mut self.learner, k, learner).on_hover_text("What learned from the embeddings");
            }
            ui.separator();
            export_button(ui, view);
            if !comparison.is_complete {
                ui.colored_label(view.palette.warn, "Cancelled before all scores were there");
            }
        });
    }

    /// The lines by task, those of every shown arm together, and the means last.
    fn lines(&self, comparison: &Comparison) -> Vec<Line> {
        let (bases, learners) = (bases(comparison), learners(comparison));
        let (Some(base), Some(learner)) = (bases.get(self.base), learners.get(self.learner)) else { return Vec::new() };
        let mut arms = arms_against(comparison, base);
        arms.retain(|arm| !self.hidden.contains(arm));
        let several = arms.len() > 1;
        let name = |what: &str, arm: &str| if several { format!("{what} · {arm}") } else { what.to_owned() };
        let mut lines = Vec::new();
        for task in &comparison.tasks {
            for arm in &arms {
                let pair = Pair { base: base.clone(), new: arm.clone() };
                let Some(d) = comparison.difference(&pair, learner, &task.name) else { continue };
                lines.push(Line {
                    name: name(&d.task, arm),
                    change: d.change,
                    interval: d.interval,
                    seeds: d.seeds.iter().map(|seed| seed.change).collect(),
                    verdict: d.verdict,
                    sentence: d.sentence(),
                    pooled: false,
                });
            }
        }
        for arm in &arms {
            let pair = Pair { base: base.clone(), new: arm.clone() };
            let Some(d) = comparison.pooled_difference(&pair, learner) else { continue };
            lines.push(Line {
                name: name(&format!("Mean of {} tasks", d.n_tasks), arm),
                change: d.change,
                interval: d.interval,
                seeds: Vec::new(),
                verdict: d.verdict,
                sentence: d.sentence(),
                pooled: true,
            });
        }
        lines
    }
}

/// Where the settings have changed since: the way to compare again, and what is made first.
fn again_ui(ui: &mut Ui, view: &mut View) {
    let Ok(action) = view.state.compare_action() else { return };
    ui.horizontal_wrapped(|ui| {
        ui.colored_label(view.palette.warn, "This comparison is of earlier settings.");
        offer(ui, view, "Compare again", "Scores every model of the settings on screen", Ok(action), true);
        missing_ui(ui, view);
    });
}

/// What a comparison would make first.
fn missing_ui(ui: &mut Ui, view: &View) {
    let missing = view.state.missing_checkpoints();
    if !missing.is_empty() {
        let text = format!("Tuned first: {}", missing.join(", "));
        ui.label(RichText::new(text).color(view.palette.ink_weak));
    }
}

/// The pooled findings in words, above the plot.
fn findings_ui(ui: &mut Ui, view: &View, lines: &[Line]) {
    for line in lines.iter().filter(|line| line.pooled) {
        let mut sentence = line.sentence.clone();
        if let Some(first) = sentence.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let colour = match line.verdict {
            Verdict::Better => view.palette.ok,
            Verdict::Worse => view.palette.danger,
            Verdict::NoDetectableDifference => view.palette.ink,
        };
        ui.add(egui::Label::new(RichText::new(sentence).color(colour)).wrap());
    }
    ui.add_space(space::XS);
}

/// Opens the dialog for the report, or says why there is none.
pub fn export_button(ui: &mut Ui, view: &mut View) {
    let report = view.state.study.as_ref().is_some_and(|study| study.report.is_some());
    let button = ui.add_enabled(report, egui::Button::new("Export report…"));
    let hint = "The report as HTML with its figures, and the scores as CSV, Parquet and LaTeX, in a new folder";
    if button.on_hover_text(hint).on_disabled_hover_text("There is no report yet: compare first").clicked() {
        view.ask(WindowAction::Show(Dialog::ExportReport));
    }
}

/// What differences are counted from, in the order of the comparison.
fn bases(comparison: &Comparison) -> Vec<String> {
    let mut bases: Vec<String> = Vec::new();
    for difference in &comparison.differences {
        if !bases.contains(&difference.pair.base) {
            bases.push(difference.pair.base.clone());
        }
    }
    bases
}

/// The arms that are compared with a base.
fn arms_against(comparison: &Comparison, base: &str) -> Vec<String> {
    let mut arms: Vec<String> = Vec::new();
    for difference in comparison.differences.iter().filter(|d| d.pair.base == base) {
        if !arms.contains(&difference.pair.new) {
            arms.push(difference.pair.new.clone());
        }
    }
    arms
}

/// What learned, in the order of the comparison.
pub fn learners(comparison: &Comparison) -> Vec<String> {
    let mut learners: Vec<String> = Vec::new();
    for difference in &comparison.differences {
        if !learners.contains(&difference.learner) {
            learners.push(difference.learner.clone());
        }
    }
    learners
}

fn plot_ui(ui: &mut Ui, view: &View, comparison: &Comparison, lines: &[Line]) {
    let palette = view.palette;
    let height = ROW * lines.len() as f32 + 44.0;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let words: Vec<&str> = lines.iter().map(|line| line.sentence.as_str()).collect();
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Forest plot. {}", words.join(". "))));
    let reach = lines
        .iter()
        .flat_map(|line| {
            [line.interval.low.abs(), line.interval.high.abs()].into_iter().chain(line.seeds.iter().map(|s| s.abs()))
        })
        .filter(|x| x.is_finite())
        .fold(1e-4, f64::max)
        * 1.1;
    let plot = Rect::from_min_max(rect.min + vec2(NAMES, 4.0), rect.max - vec2(WORDS, 40.0));
    let x = |value: f64| plot.center().x + (value / reach).clamp(-1.0, 1.0) as f32 * plot.width() / 2.0;
    let painter = ui.painter();
    for (percent, words) in ticks(-100.0 * reach, 100.0 * reach, 5) {
        let at = x(percent / 100.0);
        painter.line_segment([pos2(at, plot.top()), pos2(at, plot.bottom())], Stroke::new(0.5, palette.line));
        let text = if percent > 0.0 { format!("+{words} %") } else { format!("{words} %") };
        painter.text(
            pos2(at, plot.bottom() + 3.0),
            Align2::CENTER_TOP,
            text,
            FontId::proportional(11.0),
            palette.ink_weak,
        );
    }
    painter.line_segment([pos2(x(0.0), plot.top()), pos2(x(0.0), plot.bottom())], Stroke::new(1.5, palette.ink_weak));
    let confidence = 100.0 * comparison.params.confidence;
    let axis = format!("Relative change, right is better; bars are {confidence:.0} % intervals, dots are seeds");
    painter.text(
        pos2(plot.center().x, plot.bottom() + 18.0),
        Align2::CENTER_TOP,
        axis,
        FontId::proportional(11.0),
        palette.ink_weak,
    );
    for (k, line) in lines.iter().enumerate() {
        let y = plot.top() + ROW * (k as f32 + 0.5);
        line_ui(ui, &palette, rect, line, y, &x);
        let row = Rect::from_min_max(pos2(rect.left(), y - ROW / 2.0), pos2(rect.right(), y + ROW / 2.0));
        if response.hover_pos().is_some_and(|at| row.contains(at)) {
            response.clone().on_hover_text_at_pointer(&line.sentence);
        }
    }
}

fn line_ui(ui: &Ui, palette: &Palette, rect: Rect, line: &Line, y: f32, x: &dyn Fn(f64) -> f32) {
    let painter = ui.painter();
    let (colour, verdict) = match line.verdict {
        Verdict::Better => (palette.ok, "better"),
        Verdict::Worse => (palette.danger, "worse"),
        Verdict::NoDetectableDifference => (palette.ink_weak, "no detectable difference"),
    };
    let names = painter.with_clip_rect(Rect::from_min_max(rect.min, pos2(rect.left() + NAMES - 8.0, rect.bottom())));
    let ink = if line.pooled { palette.accent } else { palette.ink };
    names.text(pos2(rect.left(), y), Align2::LEFT_CENTER, &line.name, FontId::proportional(13.0), ink);
    let bar = [pos2(x(line.interval.low), y), pos2(x(line.interval.high), y)];
    painter.line_segment(bar, Stroke::new(if line.pooled { 3.0 } else { 1.8 }, colour));
    for end in bar {
        painter.line_segment([end - vec2(0.0, 4.0), end + vec2(0.0, 4.0)], Stroke::new(1.5, colour));
    }
    for seed in &line.seeds {
        painter.circle_stroke(pos2(x(*seed), y), 3.0, Stroke::new(1.0, palette.ink_weak));
    }
    let middle = pos2(x(line.change), y);
    if line.pooled {
        let corner = |dx: f32, dy: f32| -> Pos2 { middle + vec2(dx, dy) };
        let diamond = vec![corner(-7.0, 0.0), corner(0.0, -6.0), corner(7.0, 0.0), corner(0.0, 6.0)];
        painter.add(egui::Shape::convex_polygon(diamond, colour, Stroke::NONE));
    } else {
        painter.rect_filled(Rect::from_center_size(middle, vec2(8.0, 8.0)), 1.0, colour);
    }
    let text = format!("{} %  {verdict}", percent(line.change));
    painter.text(pos2(rect.right() - WORDS + 12.0, y), Align2::LEFT_CENTER, text, FontId::proportional(12.0), colour);
}

/// What views of a comparison say when there is none.
pub fn nothing_ui(ui: &mut Ui, view: &mut View, title: &str, text: &str) {
    let palette = view.palette;
    empty(ui, &palette, title, text, |ui| {
        primary_button(ui, view, Command::Primary, "Compare now");
        missing_ui(ui, view);
        ui.add_space(space::XS);
        ui.label(RichText::new("Or open a study with a finished comparison.").color(palette.ink_weak));
    });
}
