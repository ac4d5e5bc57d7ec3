//! The training engine against `PyTorch`: losses, gradients and `AdamW` steps of `reference/selfies_ted/training.json`
//! (torch 2.15.0, transformers 5.23.0, float64; script `reference/generate/ted_shared.py`), and against candle's
//! autograd on the latent path, which that reference does not cover.

use std::collections::HashMap;
use std::path::PathBuf;

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::VarBuilder;
use fillscape::model::{BartConfig, Checkpoint, NoDropout, ProjectorConfig, SelfiesTedNet};
use fillscape::train::engine::{DenoisingBatch, Engine, LatentBatch, LatentWeights, Layout};
use fillscape::train::optimiser::{AdamParams, AdamW, Decay, Schedule};
use fillscape::train::random::Generator;
use serde_json::Value;

fn reference() -> Option<PathBuf> {
    let shared = std::env::var_os("FILLSCAPE_SHARED");
    if shared.is_none() {
        println!("skipped: FILLSCAPE_SHARED is not set");
    }
    shared.map(|shared| PathBuf::from(shared).join("reference/selfies_ted"))
}

fn numbers(json: &Value) -> Vec<f64> {
    json.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn ids(json: &Value) -> Vec<u32> {
    json.as_array().unwrap().iter().flat_map(numbers).map(|x| x as u32).collect()
}

/// Decoder inputs: the start token, then the targets but the last.
fn shifted(targets: &[u32], seq: usize, start: u32) -> Vec<u32> {
    targets.chunks(seq).flat_map(|row| std::iter::once(start).chain(row[..seq - 1].iter().copied())).collect()
}

struct Reference {
    engine: Engine,
    params: Vec<f32>,
    batch: DenoisingBatch,
    json: Value,
    path: PathBuf,
}

fn open() -> Option<Reference> {
    let path = reference()?;
    let checkpoint = Checkpoint::open(&path).unwrap();
    let engine = Engine::new(&checkpoint.config, None).unwrap();
    let params = engine.layout.tensors.iter().flat_map(|(name, ..)| checkpoint.values(name).unwrap()).collect();
    let json: Value = serde_json::from_slice(&std::fs::read(path.join("training.json")).unwrap()).unwrap();
    let targets = ids(&json["labels"]);
    let seq = json["labels"][0].as_array().unwrap().len();
    let batch = DenoisingBatch {
        ids: ids(&json["input_ids"]),
        encoder_seq: seq,
        hidden: Some(ids(&json["attention_mask"]).iter().map(|&seen| seen == 0).collect()),
        decoder_ids: shifted(&targets, seq, checkpoint.config.decoder_start_token_id),
        decoder_seq: seq,
        weights: vec![1.0; targets.len()],
        targets,
        readout: None,
    };
    Some(Reference { engine, params, batch, json, path })
}

fn norm(x: impl IntoIterator<Item = f32>) -> f64 {
    x.into_iter().map(|v| f64::from(v).powi(2)).sum::<f64>().sqrt()
}

/// |found − expected| / |expected|, both as vectors.
fn relative_error(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    norm(found.iter().zip(expected).map(|(a, b)| a - b)) / norm(expected.iter().copied()).max(1e-30)
}

fn read(path: &std::path::Path) -> HashMap<String, Vec<f32>> {
    let tensors = candle_core::safetensors::load(path, &Device::Cpu).unwrap();
    let flat = |tensor: Tensor| tensor.flatten_all().unwrap().to_vec1().unwrap();
    tensors.into_iter().map(|(name, tensor)| (name, flat(tensor))).collect()
}

#[test]
fn loss_and_every_gradient_meet_pytorch() {
    let Some(Reference { engine, params, batch, json, path }) = open() else { return };
    let mut g = vec![0.0; params.len()];
    let loss = engine.denoising(&params, &batch, &mut g).total;
    let expected = json["loss_per_step"][0].as_f64().unwrap();
    assert!((loss / expected - 1.0).abs() < 1e-5, "loss {loss}, PyTorch {expected}");

    let gradients = read(&path.join("training_grads_step0.safetensors"));
    let mut worst: f64 = 0.0;
    let mut compared = 0;
    for (name, _, place) in &engine.layout.tensors {
        let Some(expected) = gradients.get(name) else {
            assert_eq!(name, "final_logits_bias", "PyTorch has a gradient for every parameter");
            continue;
        };
        let scale = norm(expected.iter().copied());
        if scale < 1e-9 {
            // The bias of a key projection cancels in the softmax: its gradient is zero but for rounding.
            assert!(name.ends_with("k_proj.bias"), "{name} has no gradient in PyTorch");
            assert!(norm(g[place.clone()].iter().copied()) < 1e-4, "{name}");
            compared += 1;
            continue;
        }
        let error = relative_error(&g[place.clone()], expected);
        assert!(error < 1e-3, "{name}: relative error {error:.2e}");
        worst = worst.max(error);
        compared += 1;
    }
    assert_eq!(compared, gradients.len());
    println!("{compared} gradients, worst relative error {worst:.2e}");
}

#[test]
fn four_adamw_steps_follow_pytorch() {
    let Some(Reference { engine, mut params, batch, json, path }) = open() else { return };
    let n_steps = json["steps"].as_u64().unwrap();
    let learning_rate = json["lr0"].as_f64().unwrap();
    let schedule = Schedule { learning_rate, decay: Decay::Linear, ..Schedule::default() };
    let mut optimiser = AdamW::new(params.len(), AdamParams::default());
    // `final_logits_bias` is a buffer in transformers: no gradient, not trained.
    let all = 0..engine.layout.len;
    let losses = numbers(&json["loss_per_step"]);
    let norms = numbers(&json["grad_norm_per_step_before_clip"]);
    for step in 0..n_steps {
        let mut g = vec![0.0; params.len()];
        let loss = engine.denoising(&params, &batch, &mut g).total;
        let expected = losses[step as usize];
        assert!((loss / expected - 1.0).abs() < 1e-3, "step {step}: loss {loss}, PyTorch {expected}");
        let norm = optimiser.step(&mut params, &g, std::slice::from_ref(&all), schedule.at(step, n_steps));
        let expected = norms[step as usize];
        assert!((norm / expected - 1.0).abs() < 1e-3, "step {step}: gradient norm {norm}, PyTorch {expected}");
    }
    let after = engine.denoising(&params, &batch, &mut vec![0.0; params.len()]).total;
    let expected = json["loss_after"].as_f64().unwrap();
    assert!((after / expected - 1.0).abs() < 1e-3, "loss {after}, PyTorch {expected}");
    let expected = read(&path.join("training_params_after.safetensors"));
    for (name, _, place) in &engine.layout.tensors {
        if let Some(expected) = expected.get(name) {
            // A key bias moves by the sign of rounding noise; it changes nothing that the model computes.
            if name.ends_with("k_proj.bias") {
                continue;
            }
            let error = relative_error(&params[place.clone()], expected);
            assert!(error < 1e-3, "{name}: relative error {error:.2e}");
        }
    }
}

/// A network of each kind of part with seeded weights, on the flat vector and as candle variables.
fn both(seed: u64) -> (Engine, Vec<f32>, SelfiesTedNet, HashMap<String, Var>) {
    let bart = BartConfig {
        vocab_size: 23,
        d_model: 24,
        encoder_layers: 2,
        decoder_layers: 2,
        encoder_attention_heads: 4,
        decoder_attention_heads: 2,
        encoder_ffn_dim: 32,
        decoder_ffn_dim: 20,
        max_position_embeddings: 16,
        scale_embedding: true,
        pad_token_id: 0,
        bos_token_id: 2,
        eos_token_id: 3,
        decoder_start_token_id: 3,
        forced_eos_token_id: None,
        ..BartConfig::default()
    };
    let projectors = ProjectorConfig::new(12, 24, 40, 10);
    let engine = Engine::new(&bart, Some(&projectors)).unwrap();
    let mut generator = Generator::new(seed, &[]);
    let params: Vec<f32> = (0..engine.layout.len).map(|_| 0.2 * generator.normal() as f32).collect();
    let mut params = params;
    for (name, _, place) in &engine.layout.tensors {
        if name.contains("norm") && name.ends_with(".weight") {
            params[place.clone()].iter_mut().for_each(|w| *w += 1.0);
        }
    }
    let mut variables = HashMap::new();
    let mut tensors = HashMap::new();
    for (name, shape, place) in &engine.layout.tensors {
        let tensor = Tensor::from_slice(&params[place.clone()], shape.clone(), &Device::Cpu).unwrap();
        let variable = Var::from_tensor(&tensor).unwrap();
        tensors.insert(name.clone(), variable.as_tensor().clone());
        variables.insert(name.clone(), variable);
    }
    let vb = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
    let net = SelfiesTedNet::new(&bart, Some(&projectors), &vb).unwrap();
    (engine, params, net, variables)
}

/// Without padding, whose embedding candle gives a gradient that `PyTorch` does not.
fn random_ids(generator: &mut Generator, n: usize) -> Vec<u32> {
    (0..n).map(|_| 1 + generator.below(22) as u32).collect()
}

fn tensor(values: &[u32], seq: usize) -> Tensor {
    Tensor::from_slice(values, (values.len() / seq, seq), &Device::Cpu).unwrap()
}

/// Σ w (−ln p(target)) / Σ w.
fn cross_entropy(logits: &Tensor, targets: &[u32], weights: &[f32]) -> Tensor {
    let logits = logits.flatten_to(1).unwrap();
    let log_p = candle_nn::ops::log_softmax(&logits, 1).unwrap();
    let targets = Tensor::from_slice(targets, (targets.len(), 1), &Device::Cpu).unwrap();
    let of_target = log_p.gather(&targets, 1).unwrap().squeeze(1).unwrap();
    let sum = f64::from(weights.iter().sum::<f32>());
    let weights = Tensor::from_slice(weights, weights.len(), &Device::Cpu).unwrap();
    ((of_target * weights).unwrap().sum_all().unwrap() * (-1.0 / sum)).unwrap()
}

fn compare(layout: &Layout, g: &[f32], loss: &Tensor, variables: &HashMap<String, Var>, skip: impl Fn(&str) -> bool) {
    let store = loss.backward().unwrap();
    for (name, _, place) in &layout.tensors {
        if name == "final_logits_bias" || skip(name) {
            continue;
        }
        let expected = store.get(&variables[name]).unwrap_or_else(|| panic!("{name} has no gradient in candle"));
        let expected: Vec<f32> = expected.flatten_all().unwrap().to_vec1().unwrap();
        let scale = norm(expected.iter().copied());
        if name.ends_with("k_proj.bias") {
            assert!(norm(g[place.clone()].iter().copied()) < 1e-4, "{name}: only rounding");
            continue;
        }
        assert!(scale > 1e-6, "{name} has a gradient");
        let error = relative_error(&g[place.clone()], &expected);
        assert!(error < 1e-3, "{name}: relative error {error:.2e} of {scale:.2e}");
    }
}

#[test]
fn denoising_gradient_of_every_variable_meets_candle() {
    let (engine, params, net, variables) = both(3);
    let mut generator = Generator::new(4, &[]);
    let (n, e, d) = (7, 12, 9);
    let mut hidden = vec![false; n * e];
    for row in hidden.chunks_mut(e) {
        let first = 3 + generator.below(9) as usize;
        row[first..].fill(true);
    }
    let batch = DenoisingBatch {
        ids: random_ids(&mut generator, n * e),
        encoder_seq: e,
        hidden: Some(hidden.clone()),
        decoder_ids: random_ids(&mut generator, n * d),
        decoder_seq: d,
        targets: random_ids(&mut generator, n * d),
        weights: (0..n * d).map(|k| (k % 3) as f32).collect(),
        readout: Some((random_ids(&mut generator, n * e), (0..n * e).map(|k| (k % 2) as f32).collect())),
    };
    let mut g = vec![0.0; params.len()];
    let found = engine.denoising(&params, &batch, &mut g);

    let mask = Tensor::from_vec(hidden.iter().map(|&h| f32::from(!h)).collect(), (n, e), &Device::Cpu).unwrap();
    let states = net.bart.encode(&tensor(&batch.ids, e), Some(&mask), &NoDropout).unwrap();
    let out = net.bart.decode(&tensor(&batch.decoder_ids, d), &states, Some(&mask), &NoDropout).unwrap();
    let decoder = cross_entropy(&net.bart.logits(&out).unwrap(), &batch.targets, &batch.weights);
    let (targets, weights) = batch.readout.as_ref().unwrap();
    let readout = cross_entropy(&net.bart.logits(&states).unwrap(), targets, weights);
    let loss = (decoder + readout).unwrap();
    let expected = f64::from(loss.to_scalar::<f32>().unwrap());
    assert!((found.total / expected - 1.0).abs() < 1e-5, "loss {}, candle {expected}", found.total);
    let is_projector = |name: &str| name.contains("projector.");
    compare(&engine.layout, &g, &loss, &variables, is_projector);
}

#[test]
fn latent_gradient_of_every_trained_variable_meets_candle() {
    let (engine, params, net, variables) = both(5);
    let mut generator = Generator::new(6, &[]);
    let (n, e, d) = (9, 12, 8);
    let batch = LatentBatch {
        ids: random_ids(&mut generator, n * e),
        readout_weights: (0..n * e).map(|k| (k % 4) as f32).collect(),
        decoder_ids: random_ids(&mut generator, n * d),
        decoder_seq: d,
        targets: random_ids(&mut generator, n * d),
        weights: (0..n * d).map(|k| (k % 3) as f32).collect(),
    };
    let terms = LatentWeights { states: 0.7, readout: 1.3, decoder: 0.9, bounds: 0.4, limit: 0.05 };
    let mut g = vec![0.0; params.len()];
    let found = engine.latent(&params, &batch, &terms, &mut g);

    let projectors = net.projectors.as_ref().unwrap();
    let states = net.bart.encode(&tensor(&batch.ids, e), None, &NoDropout).unwrap().detach();
    let latent = projectors.latent(&states).unwrap();
    let restored = projectors.states(&latent).unwrap();
    let out = net.bart.decode(&tensor(&batch.decoder_ids, d), &restored, None, &NoDropout).unwrap();
    let decoder = cross_entropy(&net.bart.logits(&out).unwrap(), &batch.targets, &batch.weights);
    let readout = cross_entropy(&net.bart.logits(&restored).unwrap(), &batch.ids, &batch.readout_weights);
    let squares = (restored - &states).unwrap().sqr().unwrap().mean_all().unwrap();
    let beyond = (latent.abs().unwrap() - f64::from(terms.limit)).unwrap().relu().unwrap();
    let bounds = (beyond.sqr().unwrap().sum_all().unwrap() / n as f64).unwrap();
    let weighed = |term: &Tensor, weight: f32| (term * f64::from(weight)).unwrap();
    let loss = [
        weighed(&decoder, terms.decoder),
        weighed(&readout, terms.readout),
        weighed(&squares, terms.states),
        weighed(&bounds, terms.bounds),
    ]
    .into_iter()
    .reduce(|a, b| (a + b).unwrap())
    .unwrap();
    let expected = f64::from(loss.to_scalar::<f32>().unwrap());
    assert!((found.total / expected - 1.0).abs() < 1e-5, "loss {}, candle {expected}", found.total);
    let is_not_trained = |name: &str| name.starts_with("model.encoder") || name == "model.shared.weight";
    compare(&engine.layout, &g, &loss, &variables, is_not_trained);
}

#[test]
fn gradient_has_the_same_bits_on_one_and_on_three_threads() {
    let (engine, params, ..) = both(7);
    let mut generator = Generator::new(8, &[]);
    let batch = LatentBatch {
        ids: random_ids(&mut generator, 50 * 12),
        readout_weights: vec![1.0; 50 * 12],
        decoder_ids: random_ids(&mut generator, 50 * 8),
        decoder_seq: 8,
        targets: random_ids(&mut generator, 50 * 8),
        weights: vec![1.0; 50 * 8],
    };
    let terms = LatentWeights { states: 1.0, readout: 1.0, decoder: 1.0, bounds: 1.0, limit: 0.1 };
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut g = vec![0.0; params.len()];
        pool.install(|| engine.latent(&params, &batch, &terms, &mut g));
        g
    };
    assert!(on(1).iter().zip(&on(3)).all(|(a, b)| a.to_bits() == b.to_bits()));
}
