//! The report: one page that stands by itself, tables and figures. It holds no times and no paths, so that the same
//! recipe and seed give the same page.

use super::compare::{self, LeftOut};
use super::error::StepError;
use super::figures::{Curve, escaped, loss_curves};
use super::fill_sets::FillMolecules;
use super::frustration::{FRUSTRATION_FILE, FrustrationReport};
use super::landscape::StoredLandscape;
use super::plan::Step;
use super::run::{Made, Sitting, StepEnd, summary};
use crate::chem::Molecule;
use crate::chem::depict::{DepictParams, Depiction, GridParams, SvgParams as MoleculeSvg, depict, grid};
use crate::evaluate::{Comparison, report as tables};
use crate::landscape::disconnectivity::{
    Components, DisconnectivityGraph, LayoutParams, Levels, MergeTree, PruneParams, TreeLayout,
    svg::{LeafColours, SvgParams, svg},
};
use crate::landscape::{METRIC_LENGTH_SCALE, frustration_of_minima};
use crate::workspace::times::{PLACE_OF_TIMES, REPORT_FILE};
use crate::workspace::{Staging, StudyError};
use std::fmt::Write;

/// Molecules that are drawn at most; the page says how many there are.
const MAX_DRAWN: usize = 100;
/// Minima in the tree at most: the lowest; the figure says how many there are.
const MAX_LEAVES: usize = 150;

/// Writes the page, the tables and the figures.
pub(super) fn report(sitting: &mut Sitting, staging: &Staging) -> StepEnd {
    let recipe = sitting.study.document().recipe.clone();
    let mut page = Page::new(&recipe.name);
    page.paragraph(&format!(
        "Seed {} · base model {} · fillscape {}",
        recipe.seed,
        &sitting.inputs.model_digest[..12],
        env!("CARGO_PKG_VERSION")
    ));
    let library: Vec<&str> = recipe.tasks.iter().filter(|t| t.library.is_some()).map(|t| t.name.as_str()).collect();
    if !library.is_empty() {
        let which = if library.len() == 1 { "This task is" } else { "These tasks are" };
        page.paragraph(&format!(
            "{which} made of molecules from the program's own library, labelled with computed properties: {}. They try \
             the loop and say nothing about measured properties.",
            library.join(", ")
        ));
    }
    let mut n_sentences = 0;
    if !recipe.tasks.is_empty() {
        let artefact = sitting.result("comparison")?;
        page.left_out(&compare::read_left_out(&artefact)?);
        n_sentences = results(&mut page, staging, &compare::read(&artefact)?)?;
    }
    if sitting.plan.step("frustration").is_some() {
        frustration_section(&mut page, sitting)?;
    }
    landscape_section(&mut page, staging, sitting)?;
    sets_section(&mut page, staging, sitting)?;
    losses_section(&mut page, staging, sitting)?;
    page.heading("How long it took");
    page.body.push_str(PLACE_OF_TIMES);
    provenance_section(&mut page, sitting)?;
    staging.write(REPORT_FILE, page.finish())?;
    Ok(Some(Made::finished(summary([("n_findings", toml::Value::Integer(n_sentences))]))))
}

/// Findings in words, forest plots, scores and roughness; the tables as files.
fn results(page: &mut Page, staging: &Staging, found: &Comparison) -> Result<i64, StepError> {
    page.body.push_str(&tables::html_section(found));
    staging.write("scores.csv", tables::csv(found))?;
    let parquet = tables::parquet(found)
        .map_err(|error| StepError::Report { what: "scores.parquet", problem: error.to_string() })?;
    staging.write("scores.parquet", parquet)?;
    staging.write("comparison.tex", tables::latex(found))?;
    for pair in &found.params.pairs {
        for learner in &found.params.learners {
            let figure = tables::forest_plot_file(found, pair, learner.name());
            if !figure.is_empty() {
                staging.write(&format!("figures/forest-{}-{}-{}.svg", pair.new, pair.base, learner.name()), figure)?;
            }
        }
    }
    Ok(found.pooled.len() as i64)
}

fn frustration_section(page: &mut Page, sitting: &Sitting) -> Result<(), StepError> {
    let artefact = sitting.result("frustration")?;
    let found: FrustrationReport =
        serde_json::from_slice(&artefact.read(FRUSTRATION_FILE)?).map_err(|error| StudyError::Format {
            what: "a frustration report",
            problem: error.to_string(),
            path: artefact.path(FRUSTRATION_FILE),
        })?;
    page.heading("Frustration of the region, before and after");
    page.paragraph(&found.method);
    if found.arms.iter().all(|arm| arm.n_points == 0) {
        page.paragraph("No sample point lies in the region, so nothing was measured there.");
    }
    let rows = found.arms.iter().map(|arm| {
        let or_none = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
        vec![
            arm.arm.clone(),
            or_none(arm.frustration.map(|f| format!("{f:.4}"))),
            or_none(arm.n_minima.map(|n| n.to_string())),
            or_none((arm.n_points > 0).then(|| format!("{:.4}", arm.mean_response))),
            arm.n_points.to_string(),
        ]
    });
    page.table(&["checkpoint", "F", "minima", "mean response", "points"], rows);
    Ok(())
}

fn landscape_section(page: &mut Page, staging: &Staging, sitting: &Sitting) -> Result<(), StepError> {
    let stored = StoredLandscape::read(&sitting.result("landscape")?)?;
    let ktn = &stored.files.network;
    page.heading("Landscape of the base model");
    let s = &stored.summary;
    page.paragraph(&format!(
        "{} minima and {} transition states; frustration F = {:.4} (ℓ = 0.8); responses from {:.3} to {:.3}, scaled to 0 and 1.",
        s.n_minima, s.n_transition_states, s.frustration, s.response_range[0], s.response_range[1]
    ));
    let prune = PruneParams { components: Components::All, lowest: Some(MAX_LEAVES), ..PruneParams::default() };
    let tree = MergeTree::new(ktn);
    let fail = |problem: String| StepError::Report { what: "the disconnectivity graph", problem };
    let graph =
        DisconnectivityGraph::new(ktn, &tree, Levels::Exact, &prune).map_err(|error| fail(error.to_string()))?;
    let layout = TreeLayout::new(&graph, &LayoutParams::default());
    let of_minima = frustration_of_minima(ktn, METRIC_LENGTH_SCALE);
    let index_of = |id| ktn.minima().iter().position(|m| m.id == id);
    let values = layout.leaves.iter().map(|leaf| index_of(leaf.minimum).map_or(f64::NAN, |k| of_minima[k])).collect();
    let colours = LeafColours { label: "frustration of the minimum".to_owned(), values };
    let look = SvgParams { energy_label: "Similarity response, scaled".to_owned(), ..SvgParams::default() };
    let figure = svg(&graph, &layout, Some(&colours), &look);
    staging.write("figures/disconnectivity.svg", &figure)?;
    page.figure(&figure, "Disconnectivity graph: how minima join over transition states.");
    Ok(())
}

fn sets_section(page: &mut Page, staging: &Staging, sitting: &Sitting) -> Result<(), StepError> {
    page.heading("The sets that were trained on");
    let mut rows = Vec::new();
    let mut drawn = None;
    for step in sitting.study.document().recipe.sets() {
        let set = FillMolecules::read(&sitting.result(&step)?)?;
        let arm = step.strip_prefix("control-").unwrap_or(&step).to_owned();
        let r = &set.report;
        rows.push(vec![
            arm.clone(),
            format!("{} of {}", r.n_accepted, r.n_wanted),
            r.n_tried.to_string(),
            format!("{:.0} %", 100.0 * r.validity),
            format!("{:.0} %", 100.0 * r.token_cap_rate),
            format!("{:.0} %", 100.0 * r.novelty),
            format!("{:.3}", r.diversity),
            format!("{:.3}", r.mean_qed),
            r.shortfall().unwrap_or_default(),
        ]);
        if arm == "fill" {
            drawn = Some(set);
        }
    }
    let mut head =
        vec!["set", "molecules", "tried", "valid", "at token cap", "novel", "diversity", "mean QED", "shortfall"];
    if rows.iter().all(|row| row.last().is_some_and(String::is_empty)) {
        head.pop();
        rows.iter_mut().for_each(|row| row.truncate(head.len()));
    }
    page.table(&head, rows.into_iter());
    let Some(set) = drawn else { return Ok(()) };
    let cells: Vec<(Depiction, String)> = set
        .smiles
        .iter()
        .zip(&set.captions)
        .take(MAX_DRAWN)
        .filter_map(|(smiles, caption)| {
            Some((depict(&Molecule::from_smiles(smiles).ok()?, &DepictParams::default()), caption.clone()))
        })
        .collect();
    let cell = MoleculeSvg {
        size: [150.0, 120.0],
        max_bond: 18.0,
        title: "The fill set".to_owned(),
        ..MoleculeSvg::default()
    };
    let figure = grid(&cells, &GridParams { columns: 6, cell });
    staging.write("figures/fill_set.svg", &figure)?;
    page.figure(&figure, &format!("{} of {} molecules of the fill set.", cells.len(), set.smiles.len()));
    Ok(())
}

fn losses_section(page: &mut Page, staging: &Staging, sitting: &Sitting) -> Result<(), StepError> {
    let recipe = &sitting.study.document().recipe;
    let (mut training, mut validation) = (Vec::new(), Vec::new());
    for arm in recipe.arms().into_iter().map(|arm| arm.name) {
        let step = Step::Tune { arm: arm.clone(), seed: recipe.tune_seeds[0] };
        let log = sitting.result(&step.to_string())?.read_text("log.csv")?;
        training.push(Curve { name: arm.clone(), points: column(&log, "fill_loss") });
        validation.push(Curve { name: arm, points: column(&log, "validation_loss") });
    }
    page.heading("Losses");
    let masks = "First tuning seed. Every step masks other tokens, hence the ups and downs.";
    let held_out = "First tuning seed; the same molecules and masks each time. Step 0 is the base model.";
    for (name, title, curves, caption) in [
        ("loss-training", "Loss on the set trained on, nats a token", training, masks),
        ("loss-validation", "Loss on held-out corpus molecules, nats a token", validation, held_out),
    ] {
        let figure = loss_curves(title, &curves);
        staging.write(&format!("figures/{name}.svg"), &figure)?;
        page.figure(&figure, caption);
    }
    Ok(())
}

/// Steps and values of a column of `log.csv`; rows without one are left out.
fn column(log: &str, name: &str) -> Vec<[f64; 2]> {
    let mut lines = log.lines();
    let Some(at) = lines.next().and_then(|head| head.split(',').position(|column| column == name)) else {
        return Vec::new();
    };
    lines
        .filter_map(|line| {
            let words: Vec<&str> = line.split(',').collect();
            Some([words.first()?.parse().ok()?, words.get(at)?.parse().ok()?])
        })
        .collect()
}

fn provenance_section(page: &mut Page, sitting: &Sitting) -> Result<(), StepError> {
    page.heading("Where it comes from");
    let rows = sitting.plan.steps.iter().filter(|step| step.step != Step::Report);
    let rows = rows.map(|step| vec![step.name.clone(), step.id.to_string(), step.request.seed.to_string()]);
    page.table(&["step", "artefact", "seed"], rows);
    let text = crate::workspace::staging::to_toml("the recipe", &without_paths(&sitting.study.document().recipe))?;
    page.details("The recipe", &text);
    Ok(())
}

/// The recipe without the places of its files: these differ between machines and decide nothing.
fn without_paths(recipe: &crate::workspace::Recipe) -> crate::workspace::Recipe {
    let name_of = |path: &std::path::PathBuf| path.file_name().map(std::path::PathBuf::from).unwrap_or_default();
    let mut recipe = recipe.clone();
    recipe.corpus.file = recipe.corpus.file.as_ref().map(name_of);
    recipe.tasks.iter_mut().for_each(|task| task.path = task.path.as_ref().map(name_of));
    if recipe.model.checkpoint != "bundled" {
        recipe.model.checkpoint = name_of(&recipe.model.checkpoint.clone().into()).to_string_lossy().into_owned();
    }
    recipe
}

/// A page under construction.
struct Page {
    body: String,
}

/// Beside the style of the comparison: figures are black on white in either scheme.
const STYLE: &str = "figure { margin: 1em 0; overflow-x: auto; } figcaption { color: var(--dim); font-size: 13px; } \
    .plain td, .plain th { text-align: left; } \
    pre { padding: 1em; overflow-x: auto; font-size: 12px; border: 1px solid var(--rule); } \
    figure > svg { max-width: 100%; height: auto; background: #fff; }";

impl Page {
    fn new(title: &str) -> Self {
        let title = escaped(title);
        let body = format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>\n{}{STYLE}\n</style>\n<h1>{title}</h1>\n",
            tables::style()
        );
        Self { body }
    }

    fn heading(&mut self, text: &str) {
        let _ = writeln!(self.body, "<h2>{}</h2>", escaped(text));
    }

    fn paragraph(&mut self, text: &str) {
        let _ = writeln!(self.body, "<p>{}</p>", escaped(text));
    }

    /// Tuning runs that the comparison is without, before its results.
    fn left_out(&mut self, left_out: &[LeftOut]) {
        if left_out.is_empty() {
            return;
        }
        self.body.push_str("<p class=\"found\">The comparison is without these tuning runs:</p>\n<ul>\n");
        for LeftOut { arm, seed, reason } in left_out {
            let _ = writeln!(self.body, "<li>{}, seed {seed}: {}</li>", escaped(arm), escaped(reason));
        }
        self.body.push_str("</ul>\n");
    }

    fn table(&mut self, head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
        let head: String = head.iter().map(|cell| format!("<th>{}</th>", escaped(cell))).collect();
        let _ = writeln!(self.body, "<div class=\"wide\"><table>\n<tr>{head}</tr>");
        for row in rows {
            let cells: String = row.iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
            let _ = writeln!(self.body, "<tr>{cells}</tr>");
        }
        self.body.push_str("</table></div>\n");
    }

    fn figure(&mut self, svg: &str, caption: &str) {
        let caption =
            if caption.is_empty() { String::new() } else { format!("<figcaption>{}</figcaption>", escaped(caption)) };
        let _ = writeln!(self.body, "<figure>\n{svg}{caption}</figure>");
    }

    fn details(&mut self, title: &str, text: &str) {
        let _ =
            writeln!(self.body, "<details><summary>{}</summary><pre>{}</pre></details>", escaped(title), escaped(text));
    }

    fn finish(self) -> String {
        self.body + "</html>\n"
    }
}
