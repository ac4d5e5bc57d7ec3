//! Whole pretraining runs on a tiny corpus: resumed, refused, stopped early, diverged.

use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use fillscape::jobs::Progress;
use fillscape::model::Checkpoint;
use fillscape::model::engine::Engine as Inference;
use fillscape::train::log::Record;
use fillscape::train::run_state::RunState;
use fillscape::train::{PretrainError, Pretraining, Recipe, StopReason};

pub const RECIPE: &str = r#"
name = "tiny"
seed = 5
[corpus]
train = ["train.smi"]
valid = ["valid.smi"]
max_symbols = 14
min_count = 2
[model]
d_model = 16
layers = [1, 1]
heads = 2
ffn = 16
max_positions = 24
latent_positions = 16
projector_hidden = 24
latent_dim = 8
dropout = 0.1
[watch]
log_every = 3
validate_every = 5
n_valid = 8
n_random = 8
[[stage]]
objective = "denoising"
steps = 12
batch_size = 8
hide_rate = 0.2
schedule = { learning_rate = 2e-3, warm_up = 3 }
[[stage]]
objective = "projectors"
steps = 8
batch_size = 16
schedule = { learning_rate = 1e-3, decay = "cosine" }
[[stage]]
objective = "joint"
steps = 9
batch_size = 16
hide_rate = 0.3
denoise_every = 3
schedule = { learning_rate = 1e-3, decay = "constant" }
"#;

/// Chains, rings and branches with a few hetero atoms: some hundred molecules.
pub fn write_corpus(folder: &Path) {
    let mut train = String::new();
    let mut valid = String::new();
    for (k, head) in ["C", "N", "O", "CC", "C=C", "c1ccccc1", "C1CC1", "FC"].iter().enumerate() {
        for n in 0..6 {
            for (j, tail) in ["O", "N", "C(=O)O", "Cl", "C#N"].iter().enumerate() {
                let out = if (k + n + j) % 7 == 0 { &mut valid } else { &mut train };
                writeln!(out, "{head}{}{tail} name", "C".repeat(n)).unwrap();
            }
        }
    }
    std::fs::write(folder.join("train.smi"), train).unwrap();
    std::fs::write(folder.join("valid.smi"), valid).unwrap();
}

fn recipe(text: &str, folder: &Path) -> Result<Recipe, PretrainError> {
    let path = folder.join("recipe.toml");
    std::fs::write(&path, text).unwrap();
    Recipe::read(&path)
}

pub fn prepare(folder: &Path, text: &str) -> Pretraining {
    Pretraining::prepare(recipe(text, folder).unwrap(), folder).unwrap()
}

pub fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

pub fn setup() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    write_corpus(folder.path());
    let work = folder.path().join("work");
    (folder, work)
}

pub fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

#[test]
fn resumed_run_is_the_uninterrupted_run_bit_for_bit() {
    let (folder, work) = setup();
    let pretraining = prepare(folder.path(), RECIPE);
    let whole = pretraining.run(&work, &mut go_on).unwrap();
    assert_eq!(whole.stop_reason, StopReason::Finished);
    assert_eq!(whole.state.position.total_steps, 29);
    assert!(whole.state.parameters.iter().all(|p| p.is_finite()));

    // Stopped in each stage, each time by another process that knows nothing but the files.
    let broken = folder.path().join("broken");
    for stop_after in [5, 10, 4] {
        let mut n = 0;
        let mut observe = |_: Progress| {
            n += 1;
            if n > stop_after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let part = prepare(folder.path(), RECIPE).run(&broken, &mut observe).unwrap();
        assert_eq!(part.stop_reason, StopReason::Cancelled);
    }
    let resumed = prepare(folder.path(), RECIPE).run(&broken, &mut go_on).unwrap();
    assert!(same_bits(&whole.state.parameters, &resumed.state.parameters));
    assert!(same_bits(&whole.state.optimiser.second, &resumed.state.optimiser.second));

    let validations = |work: &Path| -> Vec<Record> {
        let text = std::fs::read_to_string(work.join("log.jsonl")).unwrap();
        let records = text.lines().map(|line| serde_json::from_str::<Record>(line).unwrap());
        records.filter(|r| r.validation).map(|r| Record { seconds: 0.0, ..r }).collect()
    };
    assert_eq!(validations(&work), validations(&broken));
    assert!(validations(&work).last().unwrap().reconstruction.is_some());
}

#[test]
fn run_does_not_depend_on_the_number_of_threads() {
    let (folder, work) = setup();
    let on = |threads, work: PathBuf| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| prepare(folder.path(), RECIPE).run(&work, &mut go_on).unwrap().state)
    };
    assert!(same_bits(&on(1, work.join("1")).parameters, &on(3, work.join("3")).parameters));
}

#[test]
fn finished_model_fills_its_box_and_computes_what_it_did() {
    let (folder, work) = setup();
    let pretraining = prepare(folder.path(), RECIPE);
    let mut state = pretraining.run(&work, &mut go_on).unwrap().state;
    let before = Inference::load(&pretraining.checkpoint(&state).unwrap()).unwrap();
    let checkpoint = pretraining.finish(&mut state).unwrap();
    let quantiles = checkpoint.facts.latent_quantiles.clone().unwrap();
    assert_eq!(quantiles.values.len(), quantiles.levels.len());
    for (level, row) in quantiles.levels.iter().zip(&quantiles.values) {
        assert_eq!(row.len(), 8);
        assert!(row.iter().all(|z| z.abs() < 1.0), "quantile {level}: {row:?}");
    }
    let out = folder.path().join("model");
    checkpoint.save(&out, None).unwrap();
    let opened = Checkpoint::open(&out).unwrap();
    assert_eq!(opened.facts.latent_quantiles, checkpoint.facts.latent_quantiles);
    // A text begins with [CLS] and then an atom, in our own decoding and, by the same file, in transformers'.
    let excluded = &opened.config.decoding.begin_suppress_tokens;
    let is_excluded =
        |symbol: &str| opened.tokeniser.tokens().iter().any(|(id, token)| token == symbol && excluded.contains(id));
    assert!(is_excluded("[PAD]") && is_excluded("[SEP]") && !is_excluded("[C]"), "{excluded:?}");
    assert_eq!(opened.config.forced_bos_token_id, Some(2));
    let after = Inference::load(&opened).unwrap();
    let states: Vec<f32> = (0..16 * 16).map(|k| ((k * 37 % 101) as f32 / 50.0) - 1.0).collect();
    let through = |engine: &Inference| engine.unproject(&engine.project(&states));
    let difference = through(&before).iter().zip(through(&after)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(difference < 1e-3, "{difference}");
}

#[test]
fn stage_may_be_added_to_a_finished_run_but_nothing_else_changed() {
    let (folder, work) = setup();
    prepare(folder.path(), RECIPE).run(&work, &mut go_on).unwrap();
    let longer = format!(
        "{RECIPE}\n[[stage]]\nobjective = \"joint\"\nsteps = 4\nbatch_size = 8\nschedule = {{ learning_rate = 1e-4 }}\n"
    );
    let outcome = prepare(folder.path(), &longer).run(&work, &mut go_on).unwrap();
    assert_eq!(outcome.state.position.total_steps, 33);
    let other = RECIPE.replace("seed = 5", "seed = 6");
    let refused = prepare(folder.path(), &other).run(&work, &mut go_on);
    assert!(matches!(refused, Err(PretrainError::OtherRecipe)));
}

#[test]
fn diverging_run_stops_with_a_reason_and_keeps_the_last_state() {
    let (folder, work) = setup();
    let wild = RECIPE.replace("learning_rate = 2e-3, warm_up = 3", "learning_rate = 1e30");
    let outcome = prepare(folder.path(), &wild).run(&work, &mut go_on).unwrap();
    let StopReason::Diverged { what, .. } = outcome.stop_reason else { panic!("{:?}", outcome.stop_reason) };
    assert!(what.contains("loss"), "{what}");
    assert!(RunState::load(&work.join("state.bin")).unwrap().is_none(), "nothing was saved before");
}

#[test]
fn stage_that_gets_no_better_stops_early() {
    let (folder, work) = setup();
    // A learning rate that changes nothing a float can hold.
    let idle = RECIPE.replace(
        "steps = 12\nbatch_size = 8\nhide_rate = 0.2\nschedule = { learning_rate = 2e-3, warm_up = 3 }",
        "steps = 1000\npatience = 2\nbatch_size = 8\nschedule = { learning_rate = 1e-30 }",
    );
    let outcome = prepare(folder.path(), &idle).run(&work, &mut go_on).unwrap();
    // Validations after 5 (the first is the best), 10 and 15 steps; then the other stages.
    assert_eq!(outcome.stop_reason, StopReason::EarlyStop { step: 15 });
    assert_eq!(outcome.state.position.total_steps, 15 + 8 + 9);
}

#[test]
fn broken_state_and_impossible_recipes_are_refused() {
    let (folder, work) = setup();
    let mut once = |_: Progress| ControlFlow::Break(());
    let pretraining = prepare(folder.path(), RECIPE);
    pretraining.run(&work, &mut once).unwrap();
    let path = work.join("state.bin");
    let bytes = std::fs::read(&path).unwrap();
    for broken in [&bytes[..bytes.len() - 3], &bytes[..40], &bytes[..3], b"something else entirely"] {
        std::fs::write(&path, broken).unwrap();
        assert!(pretraining.run(&work, &mut go_on).is_err());
    }
    for (from, to, expected) in [
        ("heads = 2", "heads = 3", "divide"),
        ("projector_hidden = 24", "projector_hidden = 12", "twice"),
        ("max_symbols = 14", "max_symbols = 15", "positions"),
        ("hide_rate = 0.2", "hide_rate = 1.2", "[0, 1]"),
        ("seed = 5", "seed = 5\nsurprise = 1", "surprise"),
        ("learning_rate = 1e-3", "learning_rate = nan", "learning_rate"),
    ] {
        let error = recipe(&RECIPE.replacen(from, to, 1), folder.path()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    std::fs::write(folder.path().join("train.smi"), "\n\n").unwrap();
    let refused = Pretraining::prepare(recipe(RECIPE, folder.path()).unwrap(), folder.path());
    assert!(matches!(refused, Err(PretrainError::EmptyCorpus { .. })));
}
