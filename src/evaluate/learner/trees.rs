//! Gradient-boosted trees by forust.

use forust_ml::metric::Metric;
use forust_ml::objective::ObjectiveType;
use forust_ml::sampler::SampleMethod;
use forust_ml::{GradientBooster, Matrix};

use super::{Problem, TreeParams};
use crate::evaluate::task::TaskKind;

/// Predictions for the test rows: log-odds for classes, numbers otherwise.
pub(super) fn predict(params: &TreeParams, problem: &Problem, seed: u64) -> Result<Vec<f64>, String> {
    let columns = |rows: &[usize]| -> Vec<f64> {
        (0..problem.features.dim)
            .flat_map(|c| rows.iter().map(move |&row| f64::from(problem.features.row(row)[c])))
            .collect()
    };
    let dim = problem.features.dim;
    let [train, valid, test] = [problem.train, problem.valid, problem.test].map(columns);
    let y = problem.targets_of(problem.train);
    let y_valid = problem.targets_of(problem.valid);
    // The crate's own choice for numbers, the error of logarithms, has no value for negative labels.
    let (objective, watched) = match problem.kind {
        TaskKind::Classification => (ObjectiveType::LogLoss, Metric::LogLoss),
        TaskKind::Regression => (ObjectiveType::SquaredLoss, Metric::RootMeanSquaredError),
    };
    let mut booster = GradientBooster::default()
        .set_objective_type(objective)
        .set_evaluation_metric(Some(watched))
        .set_iterations(params.n_trees)
        .set_learning_rate(params.learning_rate)
        .set_max_depth(params.max_depth)
        .set_l2(params.l2)
        .set_min_leaf_weight(params.min_leaf_weight)
        .set_subsample(params.subsample)
        .set_sample_method(if params.subsample < 1.0 { SampleMethod::Random } else { SampleMethod::None })
        .set_colsample_bytree(params.colsample)
        .set_initialize_base_score(true)
        .set_early_stopping_rounds((params.patience > 0 && !y_valid.is_empty()).then_some(params.patience))
        .set_seed(seed)
        // Fits run side by side already.
        .set_parallel(false);
    let weights = vec![1.0; y_valid.len()];
    let matrix = Matrix::new(&valid, y_valid.len(), dim);
    let evaluation = (!y_valid.is_empty()).then(|| vec![(matrix, &y_valid[..], &weights[..])]);
    booster.fit_unweighted(&Matrix::new(&train, y.len(), dim), &y, evaluation).map_err(|error| error.to_string())?;
    Ok(booster.predict(&Matrix::new(&test, problem.test.len(), dim), false))
}
