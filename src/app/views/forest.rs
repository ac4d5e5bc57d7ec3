//! Step 5: paired differences with their intervals, and the scores behind them.

use eframe::egui::{
    self, Align2, FontId, Pos2, Rect, RichText, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2,
};
use egui_extras::{Column as Width, TableBuilder};

use crate::app::command::Command;
use crate::app::data::number;
use crate::app::theme::{Palette, space};
use crate::app::widgets::{View, empty, primary_button};
use crate::evaluate::comparison::Interval;
use crate::evaluate::{Comparison, Verdict};

/// The views of a comparison.
#[derive(Debug, Default)]
pub struct ForestPanel {
    pair: usize,
    learner: usize,
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
const NAMES: f32 = 150.0;
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
            self.choice_ui(ui, view, &comparison);
            let lines = self.lines(&comparison);
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| plot_ui(ui, view, &comparison, &lines));
        });
    }

    fn choice_ui(&mut self, ui: &mut Ui, view: &View, comparison: &Comparison) {
        let pairs = pairs(comparison);
        let learners = learners(comparison);
        ui.horizontal_wrapped(|ui| {
            for (k, (base, new)) in pairs.iter().enumerate() {
                ui.selectable_value(&mut self.pair, k, format!("{base} → {new}"));
            }
            ui.separator();
            for (k, learner) in learners.iter().enumerate() {
                ui.selectable_value(&mut self.learner, k, learner);
            }
            if !comparison.is_complete {
                ui.colored_label(view.palette.warn, "Cancelled before all scores were there");
            }
        });
        self.pair = self.pair.min(pairs.len().saturating_sub(1));
        self.learner = self.learner.min(learners.len().saturating_sub(1));
    }

    fn lines(&self, comparison: &Comparison) -> Vec<Line> {
        let (pairs, learners) = (pairs(comparison), learners(comparison));
        let (Some(pair), Some(learner)) = (pairs.get(self.pair), learners.get(self.learner)) else { return Vec::new() };
        let wanted = |base: &str, new: &str, of: &str| base == pair.0 && new == pair.1 && of == learner;
        let tasks =
            comparison.differences.iter().filter(|d| wanted(&d.pair.base, &d.pair.new, &d.learner)).map(|d| Line {
                name: d.task.clone(),
                change: d.change,
                interval: d.interval,
                seeds: d.seeds.iter().map(|seed| seed.change).collect(),
                verdict: d.verdict,
                sentence: d.sentence(),
                pooled: false,
            });
        let pooled = comparison.pooled.iter().filter(|d| wanted(&d.pair.base, &d.pair.new, &d.learner)).map(|d| Line {
            name: format!("Mean of {} tasks", d.n_tasks),
            change: d.change,
            interval: d.interval,
            seeds: Vec::new(),
            verdict: d.verdict,
            sentence: d.sentence(),
            pooled: true,
        });
        tasks.chain(pooled).collect()
    }
}

fn pairs(comparison: &Comparison) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for difference in &comparison.differences {
        let pair = (difference.pair.base.clone(), difference.pair.new.clone());
        if !pairs.contains(&pair) {
            pairs.push(pair);
        }
    }
    pairs
}

fn learners(comparison: &Comparison) -> Vec<String> {
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
    for part in [-1.0, -0.5, 0.5, 1.0] {
        let at = x(part * reach / 1.1);
        painter.line_segment([pos2(at, plot.top()), pos2(at, plot.bottom())], Stroke::new(0.5, palette.line));
        let text = format!("{:+.2} %", 100.0 * part * reach / 1.1);
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
    let text = format!("{:+.2} %  {verdict}", 100.0 * line.change);
    painter.text(pos2(rect.right() - WORDS + 12.0, y), Align2::LEFT_CENTER, text, FontId::proportional(12.0), colour);
}

/// What views of a comparison say when there is none.
pub fn nothing_ui(ui: &mut Ui, view: &mut View, title: &str, text: &str) {
    let palette = view.palette;
    empty(ui, &palette, title, text, |ui| {
        primary_button(ui, view, Command::Primary, "Compare now");
        ui.add_space(space::XS);
        ui.label(RichText::new("Or open a study with a finished comparison.").color(palette.ink_weak));
    });
}

/// The scores of every task, arm, learner and seed.
pub fn scores_ui(ui: &mut Ui, view: &mut View) {
    let Some(comparison) = view.state.study.as_ref().and_then(|study| study.comparison.clone()) else {
        return nothing_ui(ui, view, "No scores yet", "Every score of every seed is listed here.");
    };
    egui::Frame::new().inner_margin(space::S).show(ui, |ui| {
        let names = ["Task", "Arm", "Learner", "Seed", "Metric", "Score"];
        let mut table = TableBuilder::new(ui).id_salt("scores").striped(true).auto_shrink(false);
        for _ in names {
            table = table.column(Width::initial(118.0).at_least(60.0).clip(true).resizable(true));
        }
        table
            .header(22.0, |mut header| {
                for name in names {
                    header.col(|ui| {
                        ui.label(RichText::new(name).color(view.palette.ink_weak));
                    });
                }
            })
            .body(|body| {
                body.rows(19.0, comparison.scores.len(), |mut line| {
                    let score = &comparison.scores[line.index()];
                    let metric = format!("{:?}", score.metric);
                    let fields = [
                        &score.task,
                        &score.arm,
                        &score.learner,
                        &score.seed.to_string(),
                        &metric,
                        &number(score.value),
                    ];
                    for field in fields {
                        line.col(|ui| {
                            ui.add(egui::Label::new(field.as_str()).truncate());
                        });
                    }
                });
            });
    });
}
