//! Continued pretraining: every strategy on a tiny model, resumed, refused, stopped early, diverged.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use fillscape::chem::selfies;
use fillscape::jobs::{Progress, silent};
use fillscape::model::engine::Engine as Inference;
use fillscape::model::stored::open_safetensors;
use fillscape::model::{Checkpoint, DeviceChoice, FoundationModel, SelfiesTed, Unknown};
use fillscape::train::StopReason;
use fillscape::train::corpus::{Corpus, spaced};
use fillscape::train::denoising::{DenoisingParams, Roles, denoising_batch};
use fillscape::train::engine::{Engine, PooledBatch};
use fillscape::train::optimiser::{Decay, Schedule};
use fillscape::train::random::Generator;
use fillscape::train::tune::{
    Clustering, EarlyStop, LoraParams, PrototypeParams, ReplayParams, Strategy, TuneError, TuneParams, Tuned, Tuning,
    tune,
};

use super::pretraining::{RECIPE, go_on, prepare, same_bits, setup};

/// A tiny pretrained model and molecules for it.
struct Bench {
    folder: tempfile::TempDir,
    base: PathBuf,
    fill: Vec<String>,
    corpus: Vec<String>,
    validation: Vec<String>,
}

fn texts(smiles: &[String]) -> Vec<String> {
    smiles.iter().map(|s| selfies::encode(s).unwrap()).collect()
}

fn read(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

fn bench() -> Bench {
    let (folder, work) = setup();
    let pretraining = prepare(folder.path(), RECIPE);
    let state = pretraining.run(&work, &mut go_on).unwrap().state;
    let base = folder.path().join("base");
    pretraining.checkpoint(&state).unwrap().save(&base, Some(candle_core::DType::F16)).unwrap();
    let fill: Vec<String> = (0..20).map(|k| format!("O{}N{}C#N", "C".repeat(k % 5), "C".repeat(k / 5))).collect();
    let corpus = texts(&read(&folder.path().join("train.smi")));
    let validation = texts(&read(&folder.path().join("valid.smi")));
    Bench { base, fill: texts(&fill), corpus, validation, folder }
}

impl Bench {
    fn run(&self, name: &str, params: &TuneParams) -> Result<Tuned, TuneError> {
        self.run_with(name, params, &mut silent)
    }

    fn run_with(
        &self,
        name: &str,
        params: &TuneParams,
        observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Tuned, TuneError> {
        tune(&self.base, &self.fill, &self.corpus, &self.validation, params, &self.path(name), observe)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Names of the tensors whose bytes differ from the base's, or whose values do where they were widened.
    fn changed(&self, name: &str) -> Vec<String> {
        let (base, tuned) = (Checkpoint::open(&self.base).unwrap(), Checkpoint::open(&self.path(name)).unwrap());
        let names = base.tensors.keys().filter(|name| {
            let (a, b) = (&base.tensors[*name], &tuned.tensors[*name]);
            if a.dtype() == b.dtype() {
                a.bytes().unwrap() != b.bytes().unwrap()
            } else {
                !same_bits(&a.values().unwrap(), &b.values().unwrap())
            }
        });
        names.cloned().collect()
    }

    fn values(&self, name: &str) -> Vec<f32> {
        values(&Checkpoint::open(&self.path(name)).unwrap())
    }
}

fn values(checkpoint: &Checkpoint) -> Vec<f32> {
    let engine = Engine::new(&checkpoint.config, None).unwrap();
    engine.layout.tensors.iter().flat_map(|(name, ..)| checkpoint.values(name).unwrap()).collect()
}

/// Nine steps, three an epoch, fast enough to be seen.
fn params(strategy: Strategy) -> TuneParams {
    TuneParams {
        strategy,
        seed: 3,
        epochs: 3,
        batch_size: 8,
        schedule: Schedule { learning_rate: 2e-3, decay: Decay::Linear, ..Schedule::default() },
        n_validation: 16,
        save_every: 2,
        ..TuneParams::script()
    }
}

fn small_lora() -> LoraParams {
    LoraParams { rank: 4, alpha: 8.0 }
}

/// Every strategy, with adapters that fit the tiny model.
fn strategies() -> Vec<Strategy> {
    let replay = ReplayParams { ratio: 0.5, weight: 0.7 };
    vec![
        Strategy::Full,
        Strategy::FreezeEncoder,
        Strategy::LastDecoderLayer,
        Strategy::Lora(small_lora()),
        Strategy::Replay(replay),
        Strategy::Pseudolabels(replay),
        Strategy::ReplayLora { replay, lora: small_lora() },
        Strategy::Prototypes(PrototypeParams { clustering: Clustering::GaussianMixture, max_clusters: 4, lambda: 0.5 }),
    ]
}

/// Files of a folder with their bytes, times left out.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else if name != "timing.json" {
            found.insert(name, std::fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn tuned_folder_opens_as_a_model_and_says_where_it_came_from() {
    let bench = bench();
    let mut seen = Vec::new();
    let tuned = bench
        .run_with("full", &params(Strategy::Full), &mut |progress| {
            seen.push((progress.done, progress.total));
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(tuned.stop_reason, StopReason::Finished);
    assert_eq!((tuned.steps, tuned.kept_step, tuned.fill.n_used), (9, 9, 20));
    assert_eq!(seen, (0..9).map(|k| (k, Some(9))).collect::<Vec<_>>());
    let model = SelfiesTed::open(&bench.path("full"), DeviceChoice::Cpu).unwrap();
    assert_eq!(Some(&model.provenance().digest), tuned.digest.as_ref());
    let base = SelfiesTed::open(&bench.base, DeviceChoice::Cpu).unwrap();
    assert_eq!(base.provenance().digest, tuned.base_digest);
    let pooled = |model: &SelfiesTed| model.encode_pooled(&bench.fill, Unknown::Refuse, &mut silent).unwrap();
    assert_ne!(pooled(&model), pooled(&base));

    let written: Tuned =
        serde_json::from_slice(&std::fs::read(bench.path("full").join("tuning.json")).unwrap()).unwrap();
    assert_eq!(written, tuned);
    let log = std::fs::read_to_string(bench.path("full").join("log.csv")).unwrap();
    let rows: Vec<Vec<&str>> = log.lines().map(|row| row.split(',').collect()).collect();
    assert_eq!(rows.len(), 1 + 1 + 9, "a heading, the start and nine steps");
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    let loss = |row: usize| rows[row][2].parse::<f64>().unwrap();
    assert!(loss(10) < loss(2), "{} is not below {}", loss(10), loss(2));
    assert_eq!(rows[1][8].parse::<f64>().unwrap(), tuned.before.unwrap().loss);
    assert_eq!(rows[10][8].parse::<f64>().unwrap(), tuned.after.unwrap().loss);
    // Asked again, a run that is done is read back.
    let again = bench.run_with("full", &params(Strategy::Full), &mut |_| panic!("nothing is left to do")).unwrap();
    assert_eq!(again, tuned);
}

#[test]
fn only_what_a_strategy_trains_changes() {
    let bench = bench();
    for strategy in strategies() {
        let name = strategy.name();
        let tuned = bench.run(name, &params(strategy.clone())).unwrap();
        let changed = bench.changed(name);
        assert!(!changed.is_empty(), "{name} changed nothing");
        let is_allowed = |tensor: &String| match strategy {
            Strategy::FreezeEncoder => tensor.starts_with("model.decoder.layers."),
            Strategy::LastDecoderLayer => tensor.starts_with("model.decoder.layers.0."),
            Strategy::Lora(_) | Strategy::ReplayLora { .. } => {
                [".q_proj.weight", ".k_proj.weight", ".v_proj.weight", ".out_proj.weight", ".fc1.weight", ".fc2.weight"]
                    .iter()
                    .any(|end| tensor.ends_with(end))
            }
            _ => tensor.starts_with("model."),
        };
        let wrong: Vec<&String> = changed.iter().filter(|tensor| !is_allowed(tensor)).collect();
        assert!(wrong.is_empty(), "{name} changed {wrong:?}");
        assert!(!changed.iter().any(|tensor| tensor.contains("projector.")), "{name} changed a projector");
        assert!(tuned.n_trained[0] <= tuned.n_trained[1]);
    }
    let pooled = |path: &Path| {
        let model = SelfiesTed::open(path, DeviceChoice::Cpu).unwrap();
        model.encode_pooled(&bench.fill, Unknown::Refuse, &mut silent).unwrap()
    };
    assert_eq!(pooled(&bench.base), pooled(&bench.path("freeze_encoder")), "the encoder is frozen");
}

#[test]
fn merged_model_is_the_base_with_its_adapters() {
    let bench = bench();
    let lora = small_lora();
    bench.run("lora", &params(Strategy::Lora(lora))).unwrap();
    let (base, merged) = (Checkpoint::open(&bench.base).unwrap(), Checkpoint::open(&bench.path("lora")).unwrap());
    let adapters = open_safetensors(&bench.path("lora").join("adapter/adapter_model.safetensors")).unwrap();
    let mut n_layers = 0;
    for (name, a) in adapters.iter().filter(|(name, _)| name.ends_with("lora_A.weight")) {
        let layer = name.strip_prefix("base_model.model.").unwrap().strip_suffix(".lora_A.weight").unwrap();
        let b = adapters[&name.replace("lora_A", "lora_B")].values().unwrap();
        let (r, n_in) = (a.shape()[0], a.shape()[1]);
        let a = a.values().unwrap();
        assert!(b.iter().any(|&x| x != 0.0), "the adapter of {layer} did not learn");
        let (w, found) =
            (base.values(&format!("{layer}.weight")).unwrap(), merged.values(&format!("{layer}.weight")).unwrap());
        // By their definition, and as a sum of two ways that an input can take.
        let x: Vec<f64> = (0..n_in).map(|k| ((k * 7 % 11) as f64 - 5.0) / 5.0).collect();
        for (o, found) in found.chunks(n_in).enumerate() {
            let scale = f64::from(lora.alpha) / r as f64;
            let mut low_rank = 0.0;
            for k in 0..r {
                let down: f64 = (0..n_in).map(|i| f64::from(a[k * n_in + i]) * x[i]).sum();
                low_rank += scale * f64::from(b[o * r + k]) * down;
            }
            let plain: f64 = (0..n_in).map(|i| f64::from(w[o * n_in + i]) * x[i]).sum();
            let whole: f64 = (0..n_in).map(|i| f64::from(found[i]) * x[i]).sum();
            assert!((whole - plain - low_rank).abs() < 1e-5, "{layer}: {whole} is not {plain} + {low_rank}");
        }
        n_layers += 1;
    }
    // One block each: 4 + 2 layers in the encoder, 4 + 4 + 2 in the decoder.
    assert_eq!(n_layers, 16);
}

#[test]
fn gradient_of_the_adapters_is_that_of_the_loss() {
    // One step of plain descent is too blunt a look at a gradient; the loss along the adapters' path says more: with a
    // small learning rate nine steps must lower the fill loss monotonically on a fixed batch.
    let bench = bench();
    let mut params = params(Strategy::Lora(small_lora()));
    params.batch_size = 32;
    params.epochs = 40;
    params.mask_rate = 0.0;
    params.schedule.learning_rate = 1e-2;
    bench.run("lora", &params).unwrap();
    let log = std::fs::read_to_string(bench.path("lora").join("log.csv")).unwrap();
    let losses: Vec<f64> = log.lines().skip(2).map(|row| row.split(',').nth(3).unwrap().parse().unwrap()).collect();
    assert!(losses.windows(2).skip(2).all(|pair| pair[1] < pair[0] + 1e-4), "{losses:?}");
    assert!(losses[39] < 0.9 * losses[0], "{} after {}", losses[39], losses[0]);
}

#[test]
fn replay_of_weight_zero_is_full_tuning() {
    let bench = bench();
    bench.run("full", &params(Strategy::Full)).unwrap();
    bench.run("replay", &params(Strategy::Replay(ReplayParams { ratio: 2.0, weight: 0.0 }))).unwrap();
    assert!(same_bits(&bench.values("full"), &bench.values("replay")));
    bench.run("weighed", &params(Strategy::Replay(ReplayParams { ratio: 2.0, weight: 0.5 }))).unwrap();
    assert!(!same_bits(&bench.values("full"), &bench.values("weighed")), "a weight above zero has an effect");
}

fn roles(checkpoint: &Checkpoint) -> Roles {
    Roles { special: checkpoint.tokeniser.special(), start: checkpoint.config.decoder_start_token_id }
}

fn corpus(bench: &Bench, checkpoint: &Checkpoint) -> Corpus {
    let texts: Vec<String> = bench.corpus.iter().map(|text| spaced(text)).collect();
    Corpus::new(&texts, &checkpoint.tokeniser, 20).unwrap()
}

#[test]
fn pseudolabels_of_the_untouched_model_have_no_gradient() {
    let bench = bench();
    let checkpoint = Checkpoint::open(&bench.base).unwrap();
    let engine = Engine::new(&checkpoint.config, None).unwrap();
    let p = values(&checkpoint);
    let corpus = corpus(&bench, &checkpoint);
    let chosen: Vec<u32> = (0..30).collect();
    let masking = DenoisingParams::plain(0.15);
    let (batch, _) = denoising_batch(&corpus, &chosen, roles(&checkpoint), &masking, &mut Generator::new(1, &[]));
    let mut g = vec![0.0; p.len()];
    let loss = engine.pseudolabels(&p, &p, &batch, &mut g);
    assert_eq!(loss.total, 0.0);
    assert!(g.iter().all(|&x| x == 0.0));

    // Away from it the divergence is above zero, and its gradient that of central differences.
    let mut generator = Generator::new(2, &[]);
    let moved: Vec<f32> = p.iter().map(|x| x + 0.05 * generator.normal() as f32).collect();
    let loss = engine.pseudolabels(&moved, &p, &batch, &mut g).total;
    assert!(loss > 1e-3, "{loss}");
    // The bias of the logits is no parameter.
    let bias = engine.layout.place("final_logits_bias").unwrap();
    let mut direction: Vec<f32> = p.iter().map(|_| generator.normal() as f32).collect();
    direction[bias].fill(0.0);
    let at = |h: f32| {
        let p2: Vec<f32> = moved.iter().zip(&direction).map(|(x, d)| x + h * d).collect();
        engine.pseudolabels(&p2, &p, &batch, &mut vec![0.0; p.len()]).total
    };
    let slope = (at(1e-3) - at(-1e-3)) / 2e-3;
    let expected: f64 = g.iter().zip(&direction).map(|(g, d)| f64::from(g * d)).sum();
    assert!((slope / expected - 1.0).abs() < 1e-2, "difference {slope}, gradient {expected}");
}

#[test]
fn anchor_has_the_gradient_of_its_distance_and_pools_as_the_model_does() {
    let bench = bench();
    let checkpoint = Checkpoint::open(&bench.base).unwrap();
    let engine = Engine::new(&checkpoint.config, None).unwrap();
    let p = values(&checkpoint);
    let corpus = corpus(&bench, &checkpoint);
    let special = checkpoint.tokeniser.special();
    let seq = 16;
    let mut batch = PooledBatch { seq, ..PooledBatch::default() };
    for k in 0..25 {
        let row = corpus.row(k);
        let ids = std::iter::once(special.cls).chain(row.iter().map(|&id| u32::from(id))).chain([special.sep]);
        batch.ids.extend(ids.chain(std::iter::repeat(special.pad)).take(seq));
        batch.hidden.extend((0..seq).map(|place| place >= row.len() + 2));
    }
    let pooled = engine.pooled(&p, &batch);
    let model = SelfiesTed::load(&checkpoint, DeviceChoice::Cpu).unwrap();
    let expected = model.encode_pooled(&bench.corpus[..25], Unknown::Refuse, &mut silent).unwrap();
    for (found, expected) in pooled.chunks(16).zip(&expected) {
        let error = found.iter().zip(&expected.0).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(error < 1e-4, "pooled embeddings differ by {error}");
    }
    let mut generator = Generator::new(4, &[]);
    let targets: Vec<f32> = pooled.iter().map(|z| z + 0.3 * generator.normal() as f32).collect();
    let mut g = vec![0.0; p.len()];
    let distance = engine.anchor(&p, &batch, &targets, 0.5, &mut g);
    let by_hand = pooled.iter().zip(&targets).map(|(z, t)| f64::from(z - t).powi(2)).sum::<f64>() / 25.0;
    assert!((distance / by_hand - 1.0).abs() < 1e-5, "{distance}, by hand {by_hand}");
    let direction: Vec<f32> = p.iter().map(|_| generator.normal() as f32).collect();
    let at = |h: f32| {
        let p2: Vec<f32> = p.iter().zip(&direction).map(|(x, d)| x + h * d).collect();
        engine.anchor(&p2, &batch, &targets, 0.5, &mut vec![0.0; p.len()])
    };
    let slope = 0.5 * (at(1e-3) - at(-1e-3)) / 2e-3;
    let expected: f64 = g.iter().zip(&direction).map(|(g, d)| f64::from(g * d)).sum();
    assert!((slope / expected - 1.0).abs() < 1e-2, "difference {slope}, gradient {expected}");
}

#[test]
fn anchored_embeddings_stay_nearer_to_their_prototypes() {
    let bench = bench();
    let strategy =
        |lambda| Strategy::Prototypes(PrototypeParams { lambda, max_clusters: 3, ..PrototypeParams::default() });
    let distance = |name: &str, lambda: f32| {
        let mut params = params(strategy(lambda));
        params.batch_size = 32;
        params.epochs = 20;
        params.schedule.learning_rate = 5e-3;
        let tuned = bench.run(name, &params).unwrap();
        assert!(tuned.n_prototypes.is_some_and(|n| (1..=3).contains(&n)));
        let log = std::fs::read_to_string(bench.path(name).join("log.csv")).unwrap();
        log.lines().last().unwrap().split(',').nth(4).unwrap().parse::<f64>().unwrap()
    };
    let (held, free) = (distance("held", 5.0), distance("free", 0.0));
    assert!(held < 0.7 * free, "held {held}, free {free}");
}

#[test]
fn resumed_run_is_the_uninterrupted_run_file_by_file() {
    let bench = bench();
    for strategy in strategies() {
        let mut params = params(strategy.clone());
        params.early_stop = Some(EarlyStop { patience: 50, min_improvement: 0.0 });
        let whole = format!("{}_whole", strategy.name());
        bench.run(&whole, &params).unwrap();
        let broken = format!("{}_broken", strategy.name());
        for stop_after in [1, 3, 2] {
            let mut n = 0;
            let mut observe = |_: Progress| {
                n += 1;
                if n > stop_after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let part = bench.run_with(&broken, &params, &mut observe).unwrap();
            assert_eq!(part.stop_reason, StopReason::Cancelled);
            assert!(!part.is_done() && !bench.path(&broken).join("config.json").exists());
            // As a process that was killed between two saves: the log is ahead of the state.
            let log = bench.path(&broken).join("log.csv");
            let text = std::fs::read_to_string(&log).unwrap();
            std::fs::write(&log, format!("{text}99,9,1,1\n100,")).unwrap();
        }
        bench.run(&broken, &params).unwrap();
        let (whole, broken) = (files(&bench.path(&whole)), files(&bench.path(&broken)));
        assert_eq!(whole.keys().collect::<Vec<_>>(), broken.keys().collect::<Vec<_>>());
        for (name, bytes) in &whole {
            assert!(&broken[name] == bytes, "{}: {name} differs", strategy.name());
        }
    }
}

#[test]
fn weights_do_not_depend_on_the_number_of_threads() {
    let bench = bench();
    for strategy in strategies() {
        let on = |threads: usize| {
            let name = format!("{}_{threads}", strategy.name());
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| bench.run(&name, &params(strategy.clone())).unwrap());
            bench.values(&name)
        };
        assert!(same_bits(&on(1), &on(3)), "{}", strategy.name());
    }
    let mut other = params(Strategy::Full);
    other.seed = 4;
    bench.run("other", &other).unwrap();
    assert!(!same_bits(&bench.values("full_1"), &bench.values("other")), "another seed gives other weights");
}

#[test]
fn paper_preset_stops_early_and_keeps_the_best() {
    let bench = bench();
    let paper = TuneParams::paper();
    assert_eq!((paper.epochs, paper.batch_size, paper.mask_rate), (50, 256, 0.15));
    assert_eq!((paper.schedule.learning_rate, paper.schedule.decay), (5e-5, Decay::Linear));
    assert_eq!((paper.adam.weight_decay, TuneParams::script().epochs), (0.0, 1));

    // So fast that the held-out molecules soon suffer.
    let mut hasty = TuneParams { batch_size: 8, ..paper };
    hasty.schedule.learning_rate = 2e-2;
    let tuned = bench.run("paper", &hasty).unwrap();
    let StopReason::EarlyStop { step } = tuned.stop_reason else { panic!("{:?}", tuned.stop_reason) };
    assert!(step < 150 && tuned.kept_step < step, "stopped at {step}, kept {}", tuned.kept_step);
    let log = std::fs::read_to_string(bench.path("paper").join("log.csv")).unwrap();
    let validations: Vec<(u64, f64)> = log
        .lines()
        .skip(2)
        .filter_map(|row| {
            let fields: Vec<&str> = row.split(',').collect();
            Some((fields[0].parse().ok()?, fields[8].parse().ok()?))
        })
        .collect();
    let best = validations.iter().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
    assert_eq!((tuned.kept_step, tuned.after.unwrap().loss), *best);
    assert!(tuned.is_done() && tuned.forgetting().is_some());
}

#[test]
fn diverging_run_stops_with_a_reason_and_leaves_no_model() {
    let bench = bench();
    let mut wild = params(Strategy::Full);
    wild.schedule.learning_rate = 1e30;
    let tuned = bench.run("wild", &wild).unwrap();
    let StopReason::Diverged { what, .. } = &tuned.stop_reason else { panic!("{:?}", tuned.stop_reason) };
    assert!(what.contains("loss"), "{what}");
    assert!(!tuned.is_done() && tuned.digest.is_none());
    assert!(!bench.path("wild").join("config.json").exists());
}

#[test]
fn unusable_molecules_are_counted_and_unusable_sets_refused() {
    let bench = bench();
    let params = params(Strategy::Full);
    let mut fill = bench.fill.clone();
    fill.push("[Xe][C]".to_owned());
    fill.push("[C]".repeat(40));
    fill.push("[C] [C] [O]".to_owned());
    let tuned = tune(&bench.base, &fill, &[], &[], &params, &bench.path("some"), &mut silent).unwrap();
    assert_eq!((tuned.fill.n_used, tuned.fill.n_unknown, tuned.fill.n_long), (21, 1, 1));
    assert_eq!((tuned.before, tuned.after), (None, None));

    let run = |fill: &[String], params: &TuneParams, name: &str| {
        tune(&bench.base, fill, &[], &[], params, &bench.path(name), &mut silent)
    };
    let none = run(&["[Xe]".to_owned()], &params, "none");
    assert!(matches!(none, Err(TuneError::NoMolecules { role: "fill set", n_unknown: 1, .. })), "{none:?}");
    let replay = TuneParams { strategy: Strategy::Replay(ReplayParams::default()), ..params.clone() };
    assert!(matches!(run(&bench.fill, &replay, "none"), Err(TuneError::NoMolecules { role: "corpus", .. })));
    let wide = TuneParams { strategy: Strategy::Lora(LoraParams { rank: 17, alpha: 1.0 }), ..params.clone() };
    let refused = run(&bench.fill, &wide, "none").unwrap_err().to_string();
    assert!(refused.contains("rank of the adapters is 17"), "{refused}");
    for (change, expected) in [
        (TuneParams { epochs: 0, ..params.clone() }, "epochs is 0"),
        (TuneParams { mask_rate: 1.5, ..params.clone() }, "mask_rate is 1.5"),
        (TuneParams { schedule: Schedule { learning_rate: f64::NAN, ..params.schedule }, ..params.clone() }, "NaN"),
        (
            TuneParams { early_stop: Some(EarlyStop { patience: 0, min_improvement: 0.0 }), ..params.clone() },
            "patience",
        ),
    ] {
        let error = run(&bench.fill, &change, "none").unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn folder_of_another_run_or_of_something_else_is_refused() {
    let bench = bench();
    let first = params(Strategy::Full);
    bench.run("done", &first).unwrap();
    let other = TuneParams { seed: 9, ..first.clone() };
    let refused = bench.run("done", &other);
    assert!(matches!(refused, Err(TuneError::OtherRun { difference: "settings", .. })), "{refused:?}");
    let fewer = &bench.fill[..5];
    let refused = tune(&bench.base, fewer, &bench.corpus, &bench.validation, &first, &bench.path("done"), &mut silent);
    assert!(matches!(refused, Err(TuneError::OtherRun { difference: "fill set", .. })), "{refused:?}");
    // A model is not overwritten, nor is anything else.
    let refused = tune(&bench.base, fewer, &[], &[], &first, &bench.base, &mut silent);
    assert!(matches!(refused, Err(TuneError::OtherFolder { .. })), "{refused:?}");

    let mut observe =
        |progress: Progress| if progress.done > 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    bench.run_with("part", &first, &mut observe).unwrap();
    let path = bench.path("part").join("state.bin");
    let bytes = std::fs::read(&path).unwrap();
    for broken in [&bytes[..bytes.len() - 3], &bytes[..40], &bytes[..3], b"something else entirely"] {
        std::fs::write(&path, broken).unwrap();
        assert!(bench.run("part", &first).is_err());
    }
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(bench.run("part", &first).unwrap().stop_reason, StopReason::Finished);

    // A done run whose model was damaged says so.
    let model = bench.path("done").join("model.safetensors");
    let mut bytes = std::fs::read(&model).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&model, bytes).unwrap();
    assert!(matches!(bench.run("done", &first), Err(TuneError::State { .. })));
}

#[test]
fn strategies_and_presets_are_written_and_read() {
    for strategy in Strategy::all() {
        let params = TuneParams { strategy, ..TuneParams::paper() };
        let text = toml::to_string(&params).unwrap();
        assert_eq!(toml::from_str::<TuneParams>(&text).unwrap(), params, "{text}");
        let json = serde_json::to_string(&params).unwrap();
        assert_eq!(serde_json::from_str::<TuneParams>(&json).unwrap(), params);
        params.check().unwrap();
    }
    let short: TuneParams = toml::from_str("epochs = 2\n[strategy.lora]\nrank = 64\n").unwrap();
    assert_eq!(short.strategy.lora().unwrap(), LoraParams { rank: 64, ..LoraParams::default() });
    assert!(toml::from_str::<TuneParams>("epoch = 2").is_err());
}

#[test]
fn tuned_model_decodes_like_any_other() {
    let bench = bench();
    bench.run("full", &params(Strategy::Full)).unwrap();
    let checkpoint = Checkpoint::open(&bench.path("full")).unwrap();
    assert!(Inference::load(&checkpoint).is_ok());
    let model = SelfiesTed::load(&checkpoint, DeviceChoice::Cpu).unwrap();
    let latents = model.encode_latent(&bench.fill, Unknown::Refuse, &mut silent).unwrap();
    assert_eq!(model.decode(&latents, &mut silent).unwrap().len(), bench.fill.len());
}

#[test]
fn a_trial_tells_what_a_run_takes_and_leaves_nothing_behind() {
    let bench = bench();
    let sets = [bench.fill.as_slice(), &bench.corpus, &bench.validation];
    let params = TuneParams { epochs: 7, validate_every: 2, ..params(Strategy::Full) };
    let tuning = Tuning::prepare(&bench.base, sets, &params).unwrap();
    let trial = tuning.trial(4, &bench.path("trial"), &mut silent).unwrap().unwrap();
    assert!(!bench.path("trial").exists());
    // 20 molecules in batches of 8; validations before the first epoch, after 2, 4, 6, and after the last.
    assert_eq!((trial.n_tried, trial.n_steps, trial.n_validations), (4, 21, 5));
    assert!(trial.seconds_per_step > 0.0 && trial.seconds_per_validation > 0.0);
    let whole = 21.0 * trial.seconds_per_step + 5.0 * trial.seconds_per_validation;
    assert!((trial.seconds() - whole).abs() < 1e-9);
    // Base, weights, gradient; values and two moments: six vectors of f32.
    assert_eq!(trial.state_bytes, 24 * values(&Checkpoint::open(&bench.base).unwrap()).len() as u64);
    // The run itself counts the same.
    let tuned = bench.run("whole", &params).unwrap();
    assert_eq!(tuned.steps, 21);
    let log = std::fs::read_to_string(bench.path("whole").join("log.csv")).unwrap();
    let validations = log.lines().skip(1).filter(|row| !row.ends_with(',')).count();
    assert_eq!(validations, 5, "{log}");
    // Stopped at once, there is nothing to tell.
    let stop = &mut |_: Progress| ControlFlow::Break(());
    assert_eq!(tuning.trial(4, &bench.path("trial"), stop).unwrap(), None);
}

#[test]
fn the_weights_lent_after_the_last_step_are_those_of_the_checkpoint() {
    let bench = bench();
    let sets = [bench.fill.as_slice(), &bench.corpus, &bench.validation];
    for (name, strategy) in [("full", Strategy::Full), ("lora", Strategy::Lora(small_lora()))] {
        let tuning = Tuning::prepare(&bench.base, sets, &params(strategy)).unwrap();
        let (mut first, mut last) = (None, None);
        tuning
            .run_live(&bench.path(name), &mut silent, &mut |metrics, snapshot| {
                let lent = values(&snapshot.checkpoint().unwrap());
                if metrics.step == 0 {
                    first = Some(lent);
                } else {
                    last = Some(lent);
                }
            })
            .unwrap();
        assert!(same_bits(&first.unwrap(), &values(&Checkpoint::open(&bench.base).unwrap())), "{name}: before");
        assert!(same_bits(&last.unwrap(), &bench.values(name)), "{name}: after");
    }
}
