//! All checkpoints on all tasks.

use super::error::StepError;
use super::plan::Step;
use super::run::{Made, Sitting, StepEnd, count, summary};
use super::tasks::tasks;
use super::tune::divergence;
use crate::evaluate::{ComparisonParams, NamedModel, Pair, compare, report};
use crate::workspace::{Artefact, Recipe, Staging, StudyError, checkpoints};
use serde::{Deserialize, Serialize};

/// The file of the whole comparison.
pub(super) const COMPARISON_FILE: &str = "comparison.json";
/// The file of what the comparison had to do without; there only when there is something.
const LEFT_OUT_FILE: &str = "left_out.json";

/// A tuning run that the comparison is without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The arm.
    pub arm: String,
    /// Its tuning seed.
    pub seed: u64,
    /// Why.
    pub reason: String,
}

/// A tuning run: its arm, its seed, and its artefact or why there is no checkpoint.
type Tuned = (String, u64, Result<Artefact, String>);

/// The pairs that are compared: those of the recipe or, with several runs and none given, the base with every arm, the
/// fill set of each run with its controls, and the fill set of the first run with that of each further one. Empty where
/// the comparison's own rule says the same.
pub(super) fn pairs(recipe: &Recipe) -> Vec<Pair> {
    if recipe.runs.is_empty() || !recipe.compare.pairs.is_empty() {
        return recipe.compare.pairs.clone();
    }
    let arms = recipe.arms();
    let pair = |base: &str, new: &str| Pair { base: base.to_owned(), new: new.to_owned() };
    let mut pairs: Vec<Pair> = arms.iter().map(|arm| pair("base", &arm.name)).collect();
    for fill in arms.iter().filter(|arm| arm.set == "fill") {
        let controls = arms.iter().filter(|arm| arm.run == fill.run && arm.set != "fill");
        pairs.extend(controls.map(|control| pair(&fill.name, &control.name)));
        if fill.run.is_some() {
            pairs.push(pair("fill", &fill.name));
        }
    }
    pairs
}

/// Scores the base model and every tuned checkpoint, and compares them in pairs.
pub(super) fn comparison(sitting: &mut Sitting, staging: &Staging) -> StepEnd {
    let recipe = &sitting.study.document().recipe;
    let mut p = ComparisonParams { pairs: pairs(recipe), ..recipe.compare.clone() };
    let mut models = vec![NamedModel { arm: "base".to_owned(), seed: None, path: sitting.inputs.model.clone() }];
    let (compared, left_out) = in_pairs(tuned(sitting)?);
    // With a single checkpoint the arm stands for all seeds of the comparison.
    let is_each = recipe.tune_seeds.len() > 1;
    for (arm, seed, artefact) in &compared {
        let path = checkpoints::whole(sitting.study, artefact, &sitting.inputs.model)?;
        models.push(NamedModel { arm: arm.clone(), seed: is_each.then_some(*seed), path });
    }
    let is_model = |arm: &String| arm == "base" || compared.iter().any(|(kept, ..)| kept == arm);
    if !recipe.runs.is_empty() {
        p.pairs.retain(|pair| is_model(&pair.base) && is_model(&pair.new));
    }
    if is_each {
        let is_compared = |seed: &u64| compared.is_empty() || compared.iter().any(|(_, kept, _)| kept == seed);
        p.seeds.retain(|seed| is_compared(seed) || !recipe.tune_seeds.contains(seed));
    }
    let tasks = tasks(sitting)?;
    let cache = staging.work().join("embeddings");
    let found = compare(&models, &tasks, &p, &cache, &mut |x| sitting.observe(x))?;
    if sitting.stopped && !found.is_complete {
        return Ok(None);
    }
    staging.write_json(COMPARISON_FILE, &found)?;
    staging.write("scores.csv", report::csv(&found))?;
    if !left_out.is_empty() {
        staging.write_json(LEFT_OUT_FILE, &left_out)?;
    }
    let better = |verdict| found.differences.iter().filter(|d| d.verdict == verdict).count();
    Ok(Some(Made::finished(summary([
        ("n_scores", count(found.scores.len())),
        ("n_better", count(better(crate::evaluate::Verdict::Better))),
        ("n_worse", count(better(crate::evaluate::Verdict::Worse))),
        ("n_no_difference", count(better(crate::evaluate::Verdict::NoDetectableDifference))),
        ("n_left_out", count(left_out.len())),
    ]))))
}

/// Every tuning run of the recipe.
fn tuned(sitting: &Sitting) -> Result<Vec<Tuned>, StepError> {
    let recipe = &sitting.study.document().recipe;
    let mut runs = Vec::new();
    for arm in recipe.arms().into_iter().map(|arm| arm.name) {
        for &seed in &recipe.tune_seeds {
            let artefact = sitting.result(&Step::Tune { arm: arm.clone(), seed }.to_string())?;
            let outcome = match divergence(&artefact) {
                Some(reason) => Err(format!("the tuning diverged: {reason}")),
                None => Ok(artefact),
            };
            runs.push((arm.clone(), seed, outcome));
        }
    }
    Ok(runs)
}

/// Runs that can be compared in pairs, seed by seed: an arm without any checkpoint is left out, and so is every seed that
/// one of the others has none of. Where no seed would be left, the arms with the fewest checkpoints go first.
fn in_pairs(runs: Vec<Tuned>) -> (Vec<(String, u64, Artefact)>, Vec<LeftOut>) {
    let mut left_out = Vec::new();
    let mut kept: Vec<(String, u64, Artefact)> = Vec::new();
    for (arm, seed, outcome) in runs {
        match outcome {
            Ok(artefact) => kept.push((arm, seed, artefact)),
            Err(reason) => left_out.push(LeftOut { arm, seed, reason }),
        }
    }
    let mut arms: Vec<(String, Vec<u64>)> = Vec::new();
    for (arm, seed, _) in &kept {
        match arms.iter_mut().find(|(name, _)| name == arm) {
            Some((_, seeds)) => seeds.push(*seed),
            None => arms.push((arm.clone(), vec![*seed])),
        }
    }
    let is_common = |seed: &u64, arms: &[(String, Vec<u64>)]| arms.iter().all(|(_, seeds)| seeds.contains(seed));
    while !arms.is_empty() && !kept.iter().any(|(_, seed, _)| is_common(seed, &arms)) {
        let fewest = arms.iter().map(|(_, seeds)| seeds.len()).min().unwrap_or(0);
        let at = arms.iter().rposition(|(_, seeds)| seeds.len() == fewest).unwrap_or(0);
        arms.remove(at);
    }
    let (compared, others): (Vec<_>, Vec<_>) =
        kept.into_iter().partition(|(arm, seed, _)| arms.iter().any(|(name, _)| name == arm) && is_common(seed, &arms));
    left_out.extend(others.into_iter().map(|(arm, seed, _)| {
        let reason = "another arm has no checkpoint of this seed to compare it with".to_owned();
        LeftOut { arm, seed, reason }
    }));
    (compared, left_out)
}

/// The comparison of an artefact.
pub(super) fn read(artefact: &Artefact) -> Result<crate::evaluate::Comparison, StepError> {
    parsed(artefact, COMPARISON_FILE)
}

/// What the comparison of an artefact is without.
pub(super) fn read_left_out(artefact: &Artefact) -> Result<Vec<LeftOut>, StepError> {
    if artefact.provenance.files.contains_key(LEFT_OUT_FILE) {
        return parsed(artefact, LEFT_OUT_FILE);
    }
    Ok(Vec::new())
}

fn parsed<T: serde::de::DeserializeOwned>(artefact: &Artefact, name: &str) -> Result<T, StepError> {
    let parsed = serde_json::from_slice(&artefact.read(name)?);
    Ok(parsed.map_err(|error| StudyError::Format {
        what: "a comparison",
        problem: error.to_string(),
        path: artefact.path(name),
    })?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::artefact::{PROVENANCE_VERSION, Provenance};
    use crate::workspace::{ArtefactId, ArtefactKind, StopReason};

    fn artefact() -> Artefact {
        let provenance = Provenance {
            format_version: PROVENANCE_VERSION,
            id: ArtefactId::new(ArtefactKind::Checkpoint, "0123456789abcdef"),
            key: String::new(),
            step: String::new(),
            program_version: String::new(),
            seed: 0,
            device: String::new(),
            made: String::new(),
            seconds: 0.0,
            stop_reason: StopReason::Finished,
            parents: Vec::new(),
            inputs: std::collections::BTreeMap::new(),
            parameters: toml::Table::new(),
            summary: toml::Table::new(),
            files: std::collections::BTreeMap::new(),
        };
        Artefact { folder: std::path::PathBuf::new(), provenance }
    }

    /// Which (arm, seed) are compared when these are all runs; a seed below zero diverged.
    fn compared(runs: &[(&str, i64)]) -> (Vec<String>, usize) {
        let run = |(arm, seed): &(&str, i64)| {
            let outcome = if *seed < 0 { Err("NaN".to_owned()) } else { Ok(artefact()) };
            ((*arm).to_owned(), seed.unsigned_abs(), outcome)
        };
        let (kept, left_out) = in_pairs(runs.iter().map(run).collect());
        assert_eq!(kept.len() + left_out.len(), runs.len(), "every run is either compared or named");
        (kept.into_iter().map(|(arm, seed, _)| format!("{arm}{seed}")).collect(), left_out.len())
    }

    #[test]
    fn what_diverged_costs_no_more_than_it_must() {
        assert_eq!(compared(&[("a", 1), ("a", 2), ("b", 1), ("b", 2)]).0, ["a1", "a2", "b1", "b2"]);
        // One seed of one arm: that seed has no pair.
        assert_eq!(compared(&[("a", 1), ("a", 2), ("b", -1), ("b", 2)]), (vec!["a2".into(), "b2".into()], 2));
        // A whole arm: the others keep all seeds.
        assert_eq!(compared(&[("a", 1), ("a", 2), ("b", -1), ("b", -2)]), (vec!["a1".into(), "a2".into()], 2));
        // No seed in common: the later of two equals goes.
        assert_eq!(compared(&[("a", 1), ("a", -2), ("b", -1), ("b", 2)]), (vec!["a1".into()], 3));
        assert_eq!(compared(&[("a", -1), ("b", -1)]), (vec![], 2));
    }
}
