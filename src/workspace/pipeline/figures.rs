//! Figures of the report as SVG: plain text, the same on every machine.

use std::fmt::Write;

const INK: &str = "#1a1a1a";
const FAINT: &str = "#8a8a8a";
/// Okabe and Ito's palette, safe for colour-blind readers.
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000"];

/// Text that can stand in SVG and HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn opening(width: f64, height: f64, title: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} \
         {height}\" font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\" font-size=\"12\" fill=\"{INK}\">\n\
         <title>{}</title>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n",
        escaped(title)
    )
}

/// Round steps that divide `span` into about five parts.
fn tick_step(span: f64) -> f64 {
    let rough = span / 5.0;
    let power = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|step| *step >= rough).unwrap_or(10.0 * power)
}

/// A line of a plot of losses.
pub(super) struct Curve {
    /// Its name.
    pub name: String,
    /// Steps and losses.
    pub points: Vec<[f64; 2]>,
}

/// Losses by step.
pub(super) fn loss_curves(title: &str, curves: &[Curve]) -> String {
    let (width, height, left, top, right, below) = (640.0, 300.0, 60.0, 30.0, 170.0, 40.0);
    let mut out = opening(width, height, title);
    let _ = writeln!(out, "<text x=\"12\" y=\"18\" font-weight=\"bold\">{}</text>", escaped(title));
    let all = || curves.iter().flat_map(|c| &c.points).filter(|p| p[1].is_finite());
    let range = |k: usize| all().fold([f64::INFINITY, f64::NEG_INFINITY], |r, p| [r[0].min(p[k]), r[1].max(p[k])]);
    let ([x0, x1], [y0, y1]) = (range(0), range(1));
    if !(x0.is_finite() && y0.is_finite()) {
        let _ = writeln!(out, "<text x=\"60\" y=\"150\">No losses were recorded</text>\n</svg>");
        return out;
    }
    let (x1, y1) = (if x1 > x0 { x1 } else { x0 + 1.0 }, if y1 > y0 { y1 } else { y0 + 1e-3 });
    let x = |v: f64| left + (v - x0) / (x1 - x0) * (width - left - right);
    let y = |v: f64| height - below - (v - y0) / (y1 - y0) * (height - top - below - 6.0);
    let spacing = tick_step(y1 - y0);
    for k in (y0 / spacing).ceil() as i64..=(y1 / spacing).floor() as i64 {
        let v = k as f64 * spacing;
        let _ = writeln!(
            out,
            "<line x1=\"{left}\" x2=\"{}\" y1=\"{1:.1}\" y2=\"{1:.1}\" stroke=\"#dddddd\"/>",
            width - right,
            y(v)
        );
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"{FAINT}\">{}</text>",
            left - 6.0,
            y(v) + 4.0,
            short(v)
        );
    }
    let spacing = tick_step(x1 - x0).max(1.0);
    for k in (x0 / spacing).ceil() as i64..=(x1 / spacing).floor() as i64 {
        let v = k as f64 * spacing;
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"{FAINT}\">{}</text>",
            x(v),
            height - below + 16.0,
            short(v)
        );
    }
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">optimiser step</text>",
        f64::midpoint(left, width - right),
        height - 8.0
    );
    for (k, curve) in curves.iter().enumerate() {
        let colour = COLOURS[k % COLOURS.len()];
        let points: Vec<String> = curve
            .points
            .iter()
            .filter(|p| p[1].is_finite())
            .map(|p| format!("{:.1},{:.1}", x(p[0]), y(p[1])))
            .collect();
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\"/>",
            points.join(" ")
        );
        for point in points.iter().take(60) {
            let Some((cx, cy)) = point.split_once(',') else { continue };
            let _ = writeln!(out, "<circle cx=\"{cx}\" cy=\"{cy}\" r=\"2\" fill=\"{colour}\"/>");
        }
        let ly = top + 10.0 + 18.0 * k as f64;
        let _ = writeln!(
            out,
            "<line x1=\"{0}\" x2=\"{1}\" y1=\"{ly}\" y2=\"{ly}\" stroke=\"{colour}\" stroke-width=\"2\"/><text x=\"{2}\" y=\"{3}\">{4}</text>",
            width - right + 12.0,
            width - right + 34.0,
            width - right + 40.0,
            ly + 4.0,
            escaped(&curve.name)
        );
    }
    out.push_str("</svg>\n");
    out
}

/// A tick label without needless zeros.
fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_labels_short() {
        assert_eq!(tick_step(10.0), 2.0);
        assert_eq!(tick_step(0.7), 0.2);
        assert_eq!((short(0.1 + 0.2), short(-0.0), short(3.0)), ("0.3".to_owned(), "0".to_owned(), "3".to_owned()));
    }

    #[test]
    fn plots_of_nothing_and_of_one_point_are_still_plots() {
        assert!(loss_curves("Loss & <more>", &[]).contains("Loss &amp; &lt;more&gt;"));
        let one = Curve { name: "fill".to_owned(), points: vec![[1.0, 2.5], [2.0, f64::NAN]] };
        let text = loss_curves("Loss", &[one]);
        assert!(!text.contains("NaN") && text.ends_with("</svg>\n"), "{text}");
    }
}
