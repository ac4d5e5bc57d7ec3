//! All checkpoints on all tasks.

use super::error::StepError;
use super::plan::{Plan, Step};
use super::run::{Made, Sitting, StepEnd, count, summary};
use super::tasks::tasks;
use crate::evaluate::{ComparisonParams, NamedModel, compare, report};
use crate::workspace::{Staging, checkpoints};

/// The file of the whole comparison.
pub(super) const COMPARISON_FILE: &str = "comparison.json";

/// Scores the base model and every tuned checkpoint, and compares them in pairs.
pub(super) fn comparison(sitting: &mut Sitting, staging: &Staging) -> StepEnd {
    let recipe = &sitting.study.document().recipe;
    let p: ComparisonParams = recipe.compare.clone();
    let mut models = vec![NamedModel { arm: "base".to_owned(), seed: None, path: sitting.inputs.model.clone() }];
    for arm in Plan::arms(recipe) {
        for &seed in &recipe.tune_seeds {
            let artefact = sitting.result(&Step::Tune { arm: arm.clone(), seed }.to_string())?;
            let path = checkpoints::whole(sitting.study, &artefact, &sitting.inputs.model)?;
            // With a single checkpoint the arm stands for all seeds of the comparison.
            let seed = (recipe.tune_seeds.len() > 1).then_some(seed);
            models.push(NamedModel { arm: arm.clone(), seed, path });
        }
    }
    let tasks = tasks(sitting)?;
    let cache = staging.work().join("embeddings");
    let found = compare(&models, &tasks, &p, &cache, &mut |x| sitting.observe(x))?;
    if sitting.stopped && !found.is_complete {
        return Ok(None);
    }
    staging.write_json(COMPARISON_FILE, &found)?;
    staging.write("scores.csv", report::csv(&found))?;
    let better = |verdict| found.differences.iter().filter(|d| d.verdict == verdict).count();
    Ok(Some(Made::finished(summary([
        ("n_scores", count(found.scores.len())),
        ("n_better", count(better(crate::evaluate::Verdict::Better))),
        ("n_worse", count(better(crate::evaluate::Verdict::Worse))),
        ("n_no_difference", count(better(crate::evaluate::Verdict::NoDetectableDifference))),
    ]))))
}

/// The comparison of an artefact.
pub(super) fn read(artefact: &crate::workspace::Artefact) -> Result<crate::evaluate::Comparison, StepError> {
    let bytes = artefact.read(COMPARISON_FILE)?;
    let parsed = serde_json::from_slice(&bytes);
    Ok(parsed.map_err(|error| crate::workspace::StudyError::Format {
        what: "a comparison",
        problem: error.to_string(),
        path: artefact.path(COMPARISON_FILE),
    })?)
}
