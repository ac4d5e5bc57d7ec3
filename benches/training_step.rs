//! Time of a training step (forward, backward, clipping, `AdamW`) of the real small size: batch 64, length 128, `d_model` 256.
//!
//! `cargo bench --bench training_step [vocabulary] [steps]`. The twin in `PyTorch` is `benches/training_step.py`.

use std::time::Instant;

use fillscape::model::BartConfig;
use fillscape::train::engine::{DenoisingBatch, Engine};
use fillscape::train::optimiser::{AdamParams, AdamW};
use fillscape::train::random::Generator;

const BATCH: usize = 64;
const LENGTH: usize = 128;

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let vocab_size = numbers.first().copied().unwrap_or(137);
    let n_steps = numbers.get(1).copied().unwrap_or(5);
    let config = BartConfig {
        vocab_size,
        d_model: 256,
        encoder_layers: 2,
        decoder_layers: 2,
        encoder_attention_heads: 4,
        decoder_attention_heads: 4,
        encoder_ffn_dim: 256,
        decoder_ffn_dim: 256,
        max_position_embeddings: 128,
        pad_token_id: 0,
        bos_token_id: 2,
        eos_token_id: 3,
        decoder_start_token_id: 3,
        forced_eos_token_id: Some(3),
        ..BartConfig::default()
    };
    let engine = Engine::new(&config, None).expect("gelu");
    let mut generator = Generator::new(1, &[]);
    let mut parameters: Vec<f32> = (0..engine.layout.len).map(|_| 0.02 * generator.normal() as f32).collect();
    let mut ids = || (0..BATCH * LENGTH).map(|_| generator.below(vocab_size as u64) as u32).collect::<Vec<_>>();
    let batch = DenoisingBatch {
        ids: ids(),
        encoder_seq: LENGTH,
        hidden: Some(vec![false; BATCH * LENGTH]),
        decoder_ids: ids(),
        decoder_seq: LENGTH,
        targets: ids(),
        weights: vec![1.0; BATCH * LENGTH],
        readout: None,
    };
    let n_weights = engine.layout.len - (2 * 130 + vocab_size) * 256;
    let tokens = (BATCH * LENGTH) as f64;
    // Encoder weights see the source, decoder weights the target (the keys and values of cross-attention the source);
    // attention costs two products of LENGTH x d_model a token, six times.
    let flops =
        6.0 * tokens * (n_weights as f64 + (vocab_size * 256) as f64) + 6.0 * 6.0 * 2.0 * tokens * 128.0 * 256.0;
    let mut optimiser = AdamW::new(parameters.len(), AdamParams::default());
    let mut gradient = vec![0.0; parameters.len()];
    let mut seconds: Vec<f64> = (0..=n_steps)
        .map(|_| {
            let start = Instant::now();
            gradient.fill(0.0);
            engine.denoising(&parameters, &batch, &mut gradient);
            let all = 0..parameters.len();
            optimiser.step(&mut parameters, &gradient, std::slice::from_ref(&all), 1e-4);
            start.elapsed().as_secs_f64()
        })
        .skip(1)
        .collect();
    seconds.sort_by(f64::total_cmp);
    let median = seconds[seconds.len() / 2];
    println!(
        "vocabulary {vocab_size}, threads {}: step {median:.3} s (best {:.3} s), {:.0} Gflop/s",
        rayon::current_num_threads(),
        seconds[0],
        flops / median / 1e9
    );
}
