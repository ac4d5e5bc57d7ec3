//! A page, or the part of one, that needs no other file.

use super::{forest_plot, headline};
use crate::evaluate::comparison::{Comparison, RoughnessScore, Verdict};
use crate::evaluate::percent;

/// Styles of [`html_section`] and the forest plots: light and dark, as the reader's system has it.
pub fn style() -> &'static str {
    ":root { color-scheme: light dark; --ink: #1b1f24; --dim: #57606a; --paper: #ffffff; --rule: #d0d7de; --mark: #0b62b0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9aa4af; --paper: #0f1318; --rule: #30363d; --mark: #6cb6ff; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2, h3 { line-height: 1.2; }
table { border-collapse: collapse; margin: .8rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid var(--rule); text-align: right; }
th:first-child, td:first-child { text-align: left; }
.dim { color: var(--dim); }
.found { font-weight: 600; }
.wide { overflow-x: auto; }
.result { border-left: 4px solid var(--mark); padding: .1rem 1rem; margin: 1rem 0; font-size: 17px; }
.findings :is(th, td):is(:nth-child(-n+3), :last-child) { text-align: left; }
summary { cursor: pointer; }
svg.forest { width: 100%; max-width: 760px; height: auto; font: 12px system-ui, sans-serif; }
svg.forest text { fill: var(--ink); }
svg.forest text.tick { fill: var(--dim); }
svg.forest .grid { stroke: var(--rule); }
svg.forest .zero { stroke: var(--ink); }
svg.forest .interval { stroke: var(--mark); stroke-width: 2; }
svg.forest .seed { fill: var(--dim); }
svg.forest .mark { fill: var(--paper); stroke: var(--mark); stroke-width: 2; }
svg.forest .mark.found { fill: var(--mark); }
"
}

/// A page with the whole comparison.
pub fn html(comparison: &Comparison) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Comparison</title>\n\
         <style>\n{}</style>\n</head>\n<body>\n<h1>Comparison</h1>\n{}</body>\n</html>\n",
        style(),
        html_section(comparison)
    )
}

/// What was found, a forest plot for each pair and learner, the scores, and the roughness: for the body of a page.
pub fn html_section(comparison: &Comparison) -> String {
    let mut text = String::new();
    if !comparison.is_complete {
        text += "<p class=\"found\">Stopped before its end: only the tasks below were compared.</p>\n";
    }
    text += &findings(comparison);
    text += &plots(comparison);
    text += &scores(comparison);
    text += &roughness(comparison);
    text += &settings(comparison);
    text
}

/// The result in words, and every pooled difference with its numbers.
fn findings(comparison: &Comparison) -> String {
    if comparison.pooled.is_empty() {
        return String::new();
    }
    let sentences: String = headline(comparison).iter().map(|said| format!("<p>{}</p>\n", escaped(said))).collect();
    let mut text = format!("<h2>What was found</h2>\n<div class=\"result\">\n{sentences}</div>\n");
    text += &format!(
        "<p class=\"dim\">Mean relative change over all tasks, in percent, positive is better; {} % intervals over test \
         molecules and seeds; p after Holm's correction over all rows.</p>\n",
        100.0 * comparison.params.confidence
    );
    text += "<div class=\"wide\"><table class=\"findings\">\n<tr><th>model</th><th>against</th><th>learner</th><th>change</th>\
             <th>interval</th><th>p</th><th>tasks better</th><th>finding</th></tr>\n";
    for p in &comparison.pooled {
        let (class, finding) = match p.verdict {
            Verdict::Better => (" class=\"found\"", "better"),
            Verdict::Worse => (" class=\"found\"", "worse"),
            Verdict::NoDetectableDifference => ("", "no detectable difference"),
        };
        text += &format!(
            "<tr{class}><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{} to {}</td><td>{:.3}</td><td>{} of {}</td>\
             <td>{finding}</td></tr>\n",
            escaped(&p.pair.new),
            escaped(&p.pair.base),
            p.learner,
            percent(p.change),
            percent(p.interval.low),
            percent(p.interval.high),
            p.p_holm,
            p.n_better,
            p.n_tasks
        );
    }
    text + "</table></div>\n"
}

/// Plots of the second arm are open; those of its controls against the base wait behind a click.
fn plots(comparison: &Comparison) -> String {
    let subject = comparison.arms().get(1).map(|arm| (*arm).to_owned());
    let (mut open, mut folded) = (String::new(), String::new());
    for pair in &comparison.params.pairs {
        for learner in &comparison.params.learners {
            let name = learner.name();
            let plot = forest_plot(comparison, pair, name);
            if plot.is_empty() {
                continue;
            }
            let text = if Some(&pair.new) == subject.as_ref() { &mut open } else { &mut folded };
            *text += &format!("<h3>{} against {}, {name}</h3>\n{plot}", escaped(&pair.new), escaped(&pair.base));
            let new_tasks = comparison.pooled_difference(pair, name).and_then(|pooled| pooled.interval_of_new_tasks);
            if let Some(interval) = new_tasks {
                *text += &format!(
                    "<p class=\"dim\">For tasks like these, not these alone: {} to {} %.</p>\n",
                    percent(interval.low),
                    percent(interval.high)
                );
            }
        }
    }
    if !folded.is_empty() {
        open += &format!("<details><summary>Other pairs</summary>\n{folded}</details>\n");
    }
    open
}

fn scores(comparison: &Comparison) -> String {
    let arms = comparison.arms();
    let mut text = "<h2>Scores</h2>\n<p class=\"dim\">Means over seeds.</p>\n".to_owned();
    for learner in &comparison.params.learners {
        let heads: String = arms.iter().map(|arm| format!("<th>{}</th>", escaped(arm))).collect();
        text += &format!(
            "<h3>{}</h3>\n<div class=\"wide\"><table>\n<tr><th>task</th><th>metric</th>{heads}</tr>\n",
            learner.name()
        );
        for task in &comparison.tasks {
            let cells: String = arms
                .iter()
                .map(|arm| match comparison.mean_score(arm, learner.name(), &task.name) {
                    Some(value) => format!("<td>{value:.4}</td>"),
                    None => "<td class=\"dim\">no value</td>".to_owned(),
                })
                .collect();
            text += &format!("<tr><td>{}</td><td>{}</td>{cells}</tr>\n", escaped(&task.name), task.metric);
        }
        text += "</table></div>\n";
    }
    text
}

fn roughness(comparison: &Comparison) -> String {
    if comparison.roughness.is_empty() {
        return String::new();
    }
    let arms = comparison.arms();
    let heads: String = arms.iter().map(|arm| format!("<th>{}</th>", escaped(arm))).collect();
    let mut text = format!(
        "<h2>Roughness of the labels</h2>\n<p class=\"dim\">ROGI / ROGI-XD, less is smoother; means over checkpoints of an \
         arm; molecules used of all.</p>\n<div class=\"wide\"><table>\n<tr><th>task</th>{heads}<th>molecules</th></tr>\n"
    );
    for task in &comparison.tasks {
        let of_task = || comparison.roughness.iter().filter(|r| r.task == task.name);
        let mean = |arm: &str, of: fn(&RoughnessScore) -> f64| {
            let values: Vec<f64> = of_task().filter(|r| r.arm == arm).map(of).collect();
            values.iter().sum::<f64>() / values.len().max(1) as f64
        };
        let cell = |arm: &&str| format!("<td>{:.3} / {:.3}</td>", mean(arm, |r| r.rogi), mean(arm, |r| r.rogi_xd));
        let cells: String = arms.iter().map(cell).collect();
        let used = of_task().next().map_or(String::new(), |r| format!("{} of {}", r.n_molecules, r.n_all));
        text += &format!("<tr><td>{}</td>{cells}<td class=\"dim\">{used}</td></tr>\n", escaped(&task.name));
    }
    text += "</table></div>\n";
    text
}

fn settings(comparison: &Comparison) -> String {
    let mut text =
        "<h2>Models, tasks, settings</h2>\n<details><summary>Checkpoints and their digests</summary>\n<table>\n<tr><th>arm</th><th>seed</th><th>model</th><th>digest</th></tr>\n"
            .to_owned();
    for model in &comparison.models {
        let seed = model.seed.map_or("all".to_owned(), |seed| seed.to_string());
        let (arm, name, digest) =
            (escaped(&model.arm), escaped(&model.name), &model.digest[..model.digest.len().min(16)]);
        text += &format!("<tr><td>{arm}</td><td>{seed}</td><td>{name}</td><td>{digest}</td></tr>\n");
    }
    text += "</table>\n</details>\n<table>\n<tr><th>task</th><th>labels</th><th>train</th><th>valid</th><th>test</th><th>left out</th></tr>\n";
    for task in &comparison.tasks {
        let [train, valid, test] = task.n_molecules;
        text += &format!(
            "<tr><td>{}</td><td>{}</td><td>{train}</td><td>{valid}</td><td>{test}</td><td>{}</td></tr>\n",
            escaped(&task.name),
            task.n_labels,
            task.n_bad
        );
    }
    text += "</table>\n";
    let notes = comparison.tasks.iter().flat_map(|task| task.notes.iter().map(move |note| (&task.name, note)));
    let notes: String = notes.map(|(task, note)| format!("<li>{}: {}</li>\n", escaped(task), escaped(note))).collect();
    if !notes.is_empty() {
        text += &format!("<ul>\n{notes}</ul>\n");
    }
    let p = &comparison.params;
    let seeds = p.seeds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    text += &format!(
        "<p class=\"dim\">Seeds {seeds}. {} bootstrap samples over test molecules and seeds, {} permutations, \
         {} % confidence, Holm's correction. Fillscape {}.</p>\n",
        p.n_bootstrap,
        p.n_permutations,
        100.0 * p.confidence,
        escaped(&comparison.program_version)
    );
    text
}

/// Text for the inside of an element or an attribute.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
