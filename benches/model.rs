//! Inference of SELFIES-TED on the CPU: decoding, encoding, the similarity response.
//!
//! Needs a checkpoint of the small published size (`benches/python/make_small_model.py`) and the data folder:
//! `FILLSCAPE_SHARED=… FILLSCAPE_MODEL=… cargo bench --bench model`. `benches/python/model_transformers.py` measures the
//! same work in transformers. `FILLSCAPE_BENCH=decode` (encode, response) runs one part, `FILLSCAPE_POINTS` sets the points
//! of the response. Prints seconds, rates, and Gflop/s counted from the architecture.

use std::path::PathBuf;
use std::time::Instant;

use fillscape::chem::selfies;
use fillscape::jobs::silent;
use fillscape::model::{
    Checkpoint, DeviceChoice, FoundationModel, LatentVector, ResponseParams, SelfiesTed, Unknown, similarity_response,
};

fn main() {
    let (Some(shared), Some(model)) = (std::env::var_os("FILLSCAPE_SHARED"), std::env::var_os("FILLSCAPE_MODEL"))
    else {
        println!("skipped: FILLSCAPE_SHARED and FILLSCAPE_MODEL are not set");
        return;
    };
    let only = std::env::var("FILLSCAPE_BENCH").unwrap_or_default();
    let wanted = |name: &str| only.is_empty() || only == name;
    let start = Instant::now();
    let checkpoint = Checkpoint::open(&PathBuf::from(model)).unwrap();
    let model = SelfiesTed::load(&checkpoint, DeviceChoice::Cpu).unwrap();
    println!("load: {:.2} s, {}", start.elapsed().as_secs_f64(), model.provenance().architecture);

    let n_points: usize = std::env::var("FILLSCAPE_POINTS").ok().and_then(|n| n.parse().ok()).unwrap_or(500);
    let latents = uniform_latents(n_points.max(2048), model.latent_box().unwrap().dim());
    if wanted("decode") {
        let start = Instant::now();
        let decoded = model.decode(&latents[..2048], &mut silent).unwrap();
        let secs = start.elapsed().as_secs_f64();
        let n_tokens: usize = decoded.iter().map(|d| d.n_tokens + 1).sum();
        let flops = decode_flops(&checkpoint, 2048, n_tokens);
        println!(
            "decode 2048 latents: {secs:.2} s, {:.0} molecules/s, {n_tokens} tokens, {:.0} Gflop/s",
            2048.0 / secs,
            flops / secs / 1e9
        );
    }
    let texts = molecules(&PathBuf::from(shared), 10_000);
    if wanted("encode") {
        for kind in ["latent", "pooled"] {
            let start = Instant::now();
            match kind {
                "latent" => drop(model.encode_latent(&texts, Unknown::Replace, &mut silent).unwrap()),
                _ => drop(model.encode_pooled(&texts, Unknown::Replace, &mut silent).unwrap()),
            }
            let secs = start.elapsed().as_secs_f64();
            println!("encode 10000 molecules ({kind}): {secs:.2} s, {:.0} molecules/s", 10_000.0 / secs);
        }
    }
    if wanted("response") {
        let start = Instant::now();
        let points = &latents[..n_points];
        let response = similarity_response(&model, points, 0, &ResponseParams::default(), &mut silent).unwrap();
        let secs = start.elapsed().as_secs_f64();
        println!(
            "response at {n_points} points ({} decodes): {secs:.2} s, so {:.2} min for 5000; mean {:.3}",
            n_points * 11,
            secs * 5000.0 / n_points as f64 / 60.0,
            response.iter().sum::<f64>() / n_points as f64
        );
    }
}

/// The same latents as the Python script draws: splitmix64 from 0, uniform in [−1, 1).
fn uniform_latents(n: usize, dim: usize) -> Vec<LatentVector> {
    let mut state = 0u64;
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (2.0 * ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64 - 1.0) as f32
    };
    (0..n).map(|_| LatentVector((0..dim).map(|_| next()).collect())).collect()
}

fn molecules(shared: &std::path::Path, n: usize) -> Vec<String> {
    let file = std::fs::File::open(shared.join("data/pretrain/zinc250k.valid.smi.gz")).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(file), &mut text).unwrap();
    let encoded = text.lines().filter_map(|line| selfies::encode(line.split_whitespace().next()?).ok());
    encoded.cycle().take(n).collect()
}

/// Multiplications and additions of decoding: per token the products of the decoder blocks and the head, per molecule
/// the inverse projector and the keys and values of the encoder states. Attention is left out (a few per cent), and so are the
/// first block's query, key and value, which are kept.
fn decode_flops(checkpoint: &Checkpoint, n: usize, n_tokens: usize) -> f64 {
    let c = &checkpoint.config;
    let (d, f, v, l) = (c.d_model as f64, c.decoder_ffn_dim as f64, c.vocab_size as f64, c.decoder_layers as f64);
    let p = checkpoint.projectors.as_ref().unwrap();
    let (h, latent, positions) = (p.invprojector.hidden_dim as f64, p.latent_dim() as f64, p.positions() as f64);
    let per_token = l * (6.0 * d * d + 2.0 * d * f) - 3.0 * d * d + d * v;
    let per_molecule = latent * h + 2.0 * h * h + h * positions * d + l * positions * 2.0 * d * d;
    2.0 * (per_token * n_tokens as f64 + per_molecule * n as f64)
}
