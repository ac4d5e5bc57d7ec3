//! The forest plot of a pair: a row a task with its interval, seeds as dots, and the pooled effect below.

use std::fmt::Write;

use super::html::escaped;
use crate::evaluate::comparison::{Comparison, Interval, Pair, Verdict};
use crate::evaluate::percent;

const WIDTH: f64 = 760.0;
const ROW: f64 = 26.0;
const TOP: f64 = 14.0;
/// Left and right ends of the axis; names stand before it, numbers behind.
const AXIS: [f64; 2] = [150.0, 540.0];

/// A line of the plot.
struct Line {
    name: String,
    change: f64,
    interval: Interval,
    seeds: Vec<f64>,
    verdict: Verdict,
    is_pooled: bool,
    p: f64,
}

/// The plot as SVG, drawn with the classes of [`super::style`]: filled marks are detectable differences, hollow ones are
/// not, and the numbers stand beside them. Empty where the pair or learner has no difference.
pub fn forest_plot(comparison: &Comparison, pair: &Pair, learner: &str) -> String {
    let lines = lines(comparison, pair, learner);
    if lines.is_empty() {
        return String::new();
    }
    let values =
        lines.iter().flat_map(|line| [line.interval.low, line.interval.high].into_iter().chain(line.seeds.clone()));
    // At least ±0.1 %, so that a comparison of equal models has an axis.
    let (low, high) = values.fold((-1e-3_f64, 1e-3_f64), |(low, high), v| (low.min(v), high.max(v)));
    let margin = 0.04 * (high - low);
    let (low, high) = (low - margin, high + margin);
    let x = |value: f64| AXIS[0] + (value - low) / (high - low) * (AXIS[1] - AXIS[0]);
    let bottom = TOP + ROW * lines.len() as f64;
    let height = bottom + 42.0;
    let title = format!("{} against {} with {learner}: relative change in percent", pair.new, pair.base);
    let mut svg = format!(
        "<svg class=\"forest\" role=\"img\" viewBox=\"0 0 {WIDTH} {height}\" xmlns=\"http://www.w3.org/2000/svg\">\n\
         <title>{}</title>\n",
        escaped(&title)
    );
    for tick in ticks(low, high) {
        let (at, class) = (x(tick), if tick == 0.0 { "zero" } else { "grid" });
        line(&mut svg, class, [at, TOP - 6.0, at, bottom]);
        text(&mut svg, "tick", [at, bottom + 16.0], &percent(tick), "middle");
    }
    let caption = "relative change in %, positive is better; dots are seeds";
    text(&mut svg, "tick", [f64::midpoint(AXIS[0], AXIS[1]), bottom + 34.0], caption, "middle");
    for (k, row) in lines.iter().enumerate() {
        let y = TOP + ROW * (k as f64 + 0.5);
        if row.is_pooled {
            line(&mut svg, "grid", [8.0, y - 0.5 * ROW, WIDTH - 8.0, y - 0.5 * ROW]);
        }
        text(&mut svg, "name", [AXIS[0] - 12.0, y + 4.0], &row.name, "end");
        for seed in &row.seeds {
            let _ = writeln!(svg, "<circle class=\"seed\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.6\"/>", x(*seed), y + 8.0);
        }
        line(&mut svg, "interval", [x(row.interval.low), y, x(row.interval.high), y]);
        let class = if row.verdict == Verdict::NoDetectableDifference { "mark" } else { "mark found" };
        let (at, r) = (x(row.change), if row.is_pooled { 6.5 } else { 4.5 });
        let shape = if row.is_pooled {
            format!("M{:.1} {y:.1}L{at:.1} {:.1}L{:.1} {y:.1}L{at:.1} {:.1}Z", at - r, y - r, at + r, y + r)
        } else {
            format!("M{:.1} {:.1}h{d}v{d}h-{d}Z", at - r, y - r, d = 2.0 * r)
        };
        let _ = writeln!(svg, "<path class=\"{class}\" d=\"{shape}\"/>");
        let Interval { low, high } = row.interval;
        let numbers = format!("{} [{}, {}]  p {:.3}", percent(row.change), percent(low), percent(high), row.p);
        text(&mut svg, "number", [AXIS[1] + 14.0, y + 4.0], &numbers, "start");
    }
    svg += "</svg>\n";
    svg
}

/// The plot as a file of its own: black on white, in a font that is everywhere. Empty as [`forest_plot`].
pub fn forest_plot_file(comparison: &Comparison, pair: &Pair, learner: &str) -> String {
    let plot = forest_plot(comparison, pair, learner);
    // The title comes right after the opening tag.
    plot.replacen(
        "<title>",
        &format!("<style>\n{FILE_STYLE}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n<title>"),
        1,
    )
}

/// The colours of a page in the light scheme.
const FILE_STYLE: &str = "svg { font: 12px Helvetica, Arial, 'DejaVu Sans', sans-serif; }
text { fill: #1b1f24; }
text.tick { fill: #57606a; }
.grid { stroke: #d0d7de; }
.zero { stroke: #1b1f24; }
.interval { stroke: #0b62b0; stroke-width: 2; }
.seed { fill: #57606a; }
.mark { fill: #ffffff; stroke: #0b62b0; stroke-width: 2; }
.mark.found { fill: #0b62b0; }
";

fn lines(comparison: &Comparison, pair: &Pair, learner: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = comparison
        .tasks
        .iter()
        .filter_map(|task| comparison.difference(pair, learner, &task.name))
        .map(|d| Line {
            name: format!("{} ({})", d.task, d.metric),
            change: d.change,
            interval: d.interval,
            seeds: d.seeds.iter().map(|s| s.change).collect(),
            verdict: d.verdict,
            is_pooled: false,
            p: d.p_holm,
        })
        .collect();
    if let Some(pooled) = comparison.pooled_difference(pair, learner) {
        lines.push(Line {
            name: format!("mean of {}", pooled.n_tasks),
            change: pooled.change,
            interval: pooled.interval,
            seeds: Vec::new(),
            verdict: pooled.verdict,
            is_pooled: true,
            p: pooled.p_holm,
        });
    }
    lines
}

fn line(svg: &mut String, class: &str, [x1, y1, x2, y2]: [f64; 4]) {
    let _ = writeln!(svg, "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>");
}

fn text(svg: &mut String, class: &str, [x, y]: [f64; 2], content: &str, anchor: &str) {
    let content = escaped(content);
    let _ =
        writeln!(svg, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{content}</text>");
}

/// Round numbers over a range: five or so, zero among them.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 5.0;
    let power = 10.0_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|&s| s >= rough).unwrap_or(10.0 * power);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(|k| k as f64 * step).collect()
}
