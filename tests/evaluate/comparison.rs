//! Whole comparisons with the bundled model on a small table.

use std::ops::ControlFlow;
use std::path::Path;

use fillscape::evaluate::comparison::{Folds, RoughnessParams};
use fillscape::evaluate::embeddings::Features;
use fillscape::evaluate::learner::{LinearParams, Problem};
use fillscape::evaluate::{
    Comparison, ComparisonParams, EvaluateError, Learner, NamedModel, Pair, Task, TaskKind, TaskParams, Verdict,
    compare, report,
};
use fillscape::jobs::{Progress, silent};

use super::support::{bundled_model, table, tuned};

fn tasks(folder: &Path) -> Vec<Task> {
    let open = |label: &str| {
        let path = folder.join(format!("{label}.csv"));
        std::fs::write(&path, table()).unwrap();
        Task::open_with(&path, &TaskParams { labels: vec![label.to_owned()], ..TaskParams::default() }).unwrap()
    };
    vec![open("size"), open("active")]
}

fn params() -> ComparisonParams {
    ComparisonParams {
        learners: Learner::all().to_vec(),
        seeds: vec![0, 1],
        min_per_class: 2,
        n_bootstrap: 200,
        n_permutations: 200,
        roughness: Some(RoughnessParams { max_molecules: 100 }),
        ..ComparisonParams::default()
    }
}

fn model(arm: &str, seed: Option<u64>, path: &Path) -> NamedModel {
    NamedModel { arm: arm.to_owned(), seed, path: path.to_owned() }
}

fn pair(base: &str, new: &str) -> Pair {
    Pair { base: base.to_owned(), new: new.to_owned() }
}

#[test]
fn model_against_itself_has_no_detectable_difference() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let tasks = tasks(folder.path());
    assert_eq!((tasks[0].kind, tasks[1].kind), (TaskKind::Regression, TaskKind::Classification));
    let models = [model("base", None, &bundled_model()), model("copy", None, &bundled_model())];
    let found = compare(&models, &tasks, &params(), &cache, &mut silent).unwrap();
    assert_eq!(found.params.pairs, [pair("base", "copy")]);
    assert_eq!(found.differences.len(), 2 * 4);
    for difference in &found.differences {
        assert_eq!((difference.change, difference.p_value, difference.p_holm), (0.0, 1.0, 1.0));
        assert_eq!((difference.interval.low, difference.interval.high), (0.0, 0.0));
        assert_eq!(difference.verdict, Verdict::NoDetectableDifference);
        assert!(difference.sentence().starts_with("no detectable difference between copy and base"));
    }
    assert_eq!(found.pooled.len(), 4);
    assert!(found.pooled.iter().all(|p| p.verdict == Verdict::NoDetectableDifference && p.change == 0.0));
    // The embeddings carry the labels: learners do better than chance and than the mean.
    for score in &found.scores {
        if score.task == "active" {
            assert!(score.value > 0.7, "{score:?}");
        } else {
            assert!(score.value < 2.0, "{score:?}");
        }
    }
    assert_eq!(found.roughness.len(), 4);
    assert!(found.roughness.iter().all(|r| r.n_molecules == 100 && r.n_all == 180 && r.rogi > 0.0 && r.rogi_xd > 0.0));
    let page = report::html(&found);
    assert!(page.contains("no detectable difference") && !page.contains("NaN"), "{page}");
}

#[test]
fn comparison_is_the_same_from_the_cache_and_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let tasks = tasks(folder.path());
    let other = [tuned(folder.path(), 3e-3, 0), tuned(folder.path(), 3e-3, 1)];
    let models = [
        model("base", None, &bundled_model()),
        model("fill", Some(0), &other[0]),
        model("fill", Some(1), &other[1]),
        model("control", None, &other[1]),
    ];
    let on = |threads: usize, cache: &str| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let cache = folder.path().join(cache);
        pool.install(|| compare(&models, &tasks, &params(), &cache, &mut silent).unwrap())
    };
    let first = on(1, "a");
    assert_eq!(first, on(3, "b"));
    // Damaged embeddings are made again, others are read.
    let file = std::fs::read_dir(folder.path().join("a")).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&file, b"nothing").unwrap();
    let mut embedded = 0;
    let mut observe = |progress: Progress| {
        embedded += u32::from(progress.stage == "encode" && Some(progress.done) == progress.total);
        ControlFlow::Continue(())
    };
    let again = compare(&models, &tasks, &params(), &folder.path().join("a"), &mut observe).unwrap();
    assert_eq!((again, embedded), (first.clone(), 1));

    assert_eq!(first.params.pairs, [pair("base", "fill"), pair("base", "control"), pair("control", "fill")]);
    let change = first.difference(&pair("base", "fill"), "linear", "size").unwrap();
    assert_eq!(change.seeds.len(), 2);
    assert!(change.seeds[0].new != change.seeds[1].new && change.seeds[0].base == change.seeds[1].base);
    let expected = (change.seeds[0].base - change.seeds[0].new) / change.seeds[0].base;
    assert!((change.seeds[0].change - expected).abs() < 1e-12, "an error that shrinks is a gain");

    // The document, and the tables.
    let text = serde_json::to_string(&first).unwrap();
    assert_eq!(serde_json::from_str::<Comparison>(&text).unwrap(), first);
    let csv = report::csv(&first);
    assert_eq!(csv.lines().count(), 1 + 2 * 3 * 4 * 2);
    assert_eq!(&report::parquet(&first).unwrap()[..4], b"PAR1");
    let latex = report::latex(&first);
    assert!(latex.contains("\\begin{tabular}{lrrr}") && latex.contains("size & "), "{latex}");
    let svg = report::forest_plot(&first, &pair("base", "fill"), "trees");
    assert_eq!(svg.matches("class=\"seed\"").count(), 4, "two seeds on two tasks");
    assert!(report::forest_plot(&first, &pair("fill", "base"), "trees").is_empty());
    assert!(report::html(&first).contains("prefers-color-scheme: dark"));
}

#[test]
fn resampled_folds_and_stopped_comparisons_are_marked() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let tasks = tasks(folder.path());
    let models = [model("base", None, &bundled_model())];
    let mut params = ComparisonParams { folds: Folds::Resampled, roughness: None, ..params() };
    params.learners = vec![Learner::Linear(LinearParams::default())];
    let found = compare(&models, &tasks, &params, &cache, &mut silent).unwrap();
    assert!(found.scores[0].value != found.scores[1].value, "another fold, another score");
    assert!(found.differences.is_empty() && found.is_complete);

    let mut n = 0;
    let mut observe = |progress: Progress| {
        n += u32::from(progress.stage == "fit");
        if n > 1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let part = compare(&models, &tasks, &params, &cache, &mut observe).unwrap();
    assert!(!part.is_complete && part.tasks.len() < 2);
    assert!(report::html(&part).contains("Stopped before its end"));
}

#[test]
fn impossible_comparisons_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let tasks = tasks(folder.path());
    let base = model("base", None, &bundled_model());
    let run = |models: &[NamedModel], tasks: &[Task], params: &ComparisonParams| match compare(
        models,
        tasks,
        params,
        &cache,
        &mut silent,
    ) {
        Err(EvaluateError::Params { what }) => what,
        other => panic!("{other:?}"),
    };
    assert!(run(&[], &tasks, &params()).contains("no model"));
    assert!(run(std::slice::from_ref(&base), &[], &params()).contains("no task"));
    let part = [base.clone(), model("fill", Some(0), &bundled_model())];
    assert!(run(&part, &tasks, &params()).contains("one for each of [0, 1]"));
    let twice = [tasks[0].clone(), tasks[0].clone()];
    assert!(run(std::slice::from_ref(&base), &twice, &params()).contains("two tasks"));
    let unknown = ComparisonParams { pairs: vec![pair("base", "fil")], ..params() };
    assert!(run(std::slice::from_ref(&base), &tasks, &unknown).contains("\"fil\""));
    for wrong in [
        ComparisonParams { seeds: vec![], ..params() },
        ComparisonParams { seeds: vec![1, 1], ..params() },
        ComparisonParams { n_bootstrap: 3, ..params() },
        ComparisonParams { confidence: 95.0, ..params() },
    ] {
        run(std::slice::from_ref(&base), &tasks, &wrong);
    }
    let missing = model("base", None, Path::new("nowhere"));
    assert!(matches!(compare(&[missing], &tasks, &params(), &cache, &mut silent), Err(EvaluateError::Model { .. })));
}

#[test]
fn learners_learn_what_is_there_and_repeat_themselves() {
    // Two informative coordinates of six, the rest wiggles.
    let n = 240;
    let values: Vec<f32> = (0..6 * n).map(|k| ((k * 7919 % 1009) as f32 / 504.5) - 1.0).collect();
    let features = Features { values, dim: 6 };
    let number = |k: usize| f64::from(features.row(k)[0]) * 2.0 + (3.0 * f64::from(features.row(k)[1])).sin();
    let rows = |range: std::ops::Range<usize>| range.collect::<Vec<usize>>();
    let (train, valid, test) = (rows(0..160), rows(160..200), rows(200..240));
    for kind in [TaskKind::Regression, TaskKind::Classification] {
        let class = |y: f64| if kind == TaskKind::Classification { f64::from(y > 0.0) } else { y };
        let targets: Vec<f64> = (0..n).map(|k| class(number(k))).collect();
        let problem =
            Problem { features: &features, targets: &targets, train: &train, valid: &valid, test: &test, kind };
        let metric = if kind == TaskKind::Regression {
            fillscape::evaluate::Metric::R2
        } else {
            fillscape::evaluate::Metric::RocAuc
        };
        for learner in Learner::all() {
            let found = learner.predict(&problem, 1).unwrap();
            let y: Vec<f64> = test.iter().map(|&k| targets[k]).collect();
            let score = fillscape::evaluate::statistics::score(metric, &y, &found).unwrap();
            println!("{} {metric} {score:.3}", learner.name());
            assert!(score > if kind == TaskKind::Regression { 0.6 } else { 0.85 }, "{}: {score}", learner.name());
            assert_eq!(learner.predict(&problem, 1).unwrap(), found, "{}", learner.name());
            let other = learner.predict(&problem, 2).unwrap();
            assert_eq!(other != found, learner.is_random(), "{}", learner.name());
            // Without validation molecules, and with a coordinate that does not vary.
            let mut values = features.values.clone();
            values.iter_mut().skip(5).step_by(6).for_each(|x| *x = 0.25);
            let flat = Features { values, dim: 6 };
            learner.predict(&Problem { features: &flat, valid: &[], ..problem }, 1).unwrap();
        }
    }
}
