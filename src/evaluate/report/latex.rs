use crate::evaluate::comparison::{Comparison, Interval, Verdict};
use crate::evaluate::percent;

/// A table for a paper (needs the package booktabs): tasks down, pairs across, one part for each learner. Each entry is
/// the mean relative change in percent with its interval; detectable differences are bold.
pub fn latex(comparison: &Comparison) -> String {
    let pairs = &comparison.params.pairs;
    let mut text = "% Relative change in percent, positive is better; bold where detectable.\n".to_owned();
    text += &format!("\\begin{{tabular}}{{l{}}}\n\\toprule\n", "r".repeat(pairs.len()));
    let heads = pairs.iter().map(|pair| format!("{} vs {}", escaped(&pair.new), escaped(&pair.base)));
    text += &format!("task & {} \\\\\n", heads.collect::<Vec<_>>().join(" & "));
    for learner in &comparison.params.learners {
        let name = learner.name();
        text += &format!("\\midrule\n\\multicolumn{{{}}}{{l}}{{\\emph{{{name}}}}} \\\\\n", pairs.len() + 1);
        for task in &comparison.tasks {
            let entries = pairs.iter().map(|pair| {
                let found = comparison.difference(pair, name, &task.name);
                found.map_or("--".to_owned(), |d| entry(d.change, d.interval, d.verdict))
            });
            text += &format!("{} & {} \\\\\n", escaped(&task.name), entries.collect::<Vec<_>>().join(" & "));
        }
        let pooled = pairs.iter().map(|pair| {
            let found = comparison.pooled_difference(pair, name);
            found.map_or("--".to_owned(), |d| entry(d.change, d.interval, d.verdict))
        });
        text += &format!("mean & {} \\\\\n", pooled.collect::<Vec<_>>().join(" & "));
    }
    text += "\\bottomrule\n\\end{tabular}\n";
    text
}

fn entry(change: f64, interval: Interval, verdict: Verdict) -> String {
    let text = format!("{} [{}, {}]", percent(change), percent(interval.low), percent(interval.high));
    let text = text.replace('−', "$-$").replace('+', "$+$");
    if verdict == Verdict::NoDetectableDifference { text } else { format!("\\textbf{{{text}}}") }
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' => out += "\\textbackslash{}",
            '~' => out += "\\textasciitilde{}",
            '^' => out += "\\textasciicircum{}",
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}
