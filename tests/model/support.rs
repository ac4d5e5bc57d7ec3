//! What the model tests share: the reference fixture and comparisons.
#![allow(dead_code)]

use std::path::PathBuf;

use candle_core::{DType, Device, Tensor};
use fillscape::model::stored::open_safetensors;
use fillscape::model::{Checkpoint, StoredTensors, Tokens};
use serde::Deserialize;

/// The folder of reference material; without it tests say so and pass.
pub fn shared() -> Option<PathBuf> {
    let shared = std::env::var_os("FILLSCAPE_SHARED").map(PathBuf::from);
    if shared.is_none() {
        eprintln!("skipped: FILLSCAPE_SHARED is not set");
    }
    shared
}

#[derive(Debug, Clone, Deserialize)]
pub struct DecodedRow {
    pub ids: Vec<u32>,
    pub min_margin: f64,
    #[serde(default)]
    pub text: String,
    pub smiles: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Response {
    pub response: f64,
    pub similarities: Vec<f64>,
    pub neighbours: Vec<DecodedRow>,
}

#[derive(Debug, Deserialize)]
struct Json {
    texts: Vec<String>,
    ids64: Vec<Vec<u32>>,
    mask64: Vec<Vec<u32>>,
    ids128: Vec<Vec<u32>>,
    mask128: Vec<Vec<u32>>,
    decode_of_latent_samples: Vec<DecodedRow>,
    decode_of_text_latents: Vec<DecodedRow>,
    response: Vec<Response>,
}

pub struct Reference {
    pub checkpoint: Checkpoint,
    pub texts: Vec<String>,
    pub ids64: Vec<Vec<u32>>,
    pub mask64: Vec<Vec<u32>>,
    pub ids128: Vec<Vec<u32>>,
    pub mask128: Vec<Vec<u32>>,
    pub decode_of_latent_samples: Vec<DecodedRow>,
    pub decode_of_text_latents: Vec<DecodedRow>,
    pub response: Vec<Response>,
    tensors: StoredTensors,
}

/// The `selfies_ted` fixture.
pub fn fixture() -> Option<Reference> {
    let dir = shared()?.join("reference/selfies_ted");
    let json: Json = serde_json::from_slice(&std::fs::read(dir.join("reference.json")).unwrap()).unwrap();
    Some(Reference {
        checkpoint: Checkpoint::open(&dir).unwrap(),
        texts: json.texts,
        ids64: json.ids64,
        mask64: json.mask64,
        ids128: json.ids128,
        mask128: json.mask128,
        decode_of_latent_samples: json.decode_of_latent_samples,
        decode_of_text_latents: json.decode_of_text_latents,
        response: json.response,
        tensors: open_safetensors(&dir.join("reference.safetensors")).unwrap(),
    })
}

impl Reference {
    pub fn tensor(&self, name: &str) -> Tensor {
        self.tensors[name].tensor(&Device::Cpu).unwrap()
    }

    pub fn ids(&self, len: usize, n: usize) -> Tensor {
        Tensor::new(if len == 64 { self.ids64[..n].to_vec() } else { self.ids128[..n].to_vec() }, &Device::Cpu).unwrap()
    }

    pub fn mask(&self, len: usize, n: usize) -> Tensor {
        Tensor::new(if len == 64 { self.mask64[..n].to_vec() } else { self.mask128[..n].to_vec() }, &Device::Cpu)
            .unwrap()
    }

    /// Rows of the reference hold the start token and padding behind the end.
    pub fn assert_decodes(&self, what: &str, found: &[Tokens], expected: &[DecodedRow]) {
        assert_eq!(found.len(), expected.len(), "{what}");
        let config = &self.checkpoint.config;
        for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
            let end = expected.ids[1..]
                .iter()
                .position(|&id| id == config.eos_token_id)
                .map_or(expected.ids.len(), |at| at + 2);
            assert_eq!(found.ids, &expected.ids[1..end], "{what}, row {row}, smallest margin {}", expected.min_margin);
        }
    }
}

/// Parity tolerance: relative to the largest magnitude of the reference.
pub const TOLERANCE: f32 = 1e-4;

pub fn assert_close(what: &str, found: &Tensor, expected: &Tensor) {
    assert_eq!(found.dims(), expected.dims(), "{what}");
    let values = |t: &Tensor| t.to_dtype(DType::F32).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_values_close(what, &values(found), &values(expected));
}

pub fn assert_values_close(what: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(0.0f32, |m, x| m.max(x.abs()));
    let worst = found
        .iter()
        .zip(expected)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0f32, |m, x| if x.is_nan() { f32::NAN } else { m.max(x) });
    assert!(
        worst <= TOLERANCE * scale,
        "{what}: largest difference {worst:e} of scale {scale}, tolerance {TOLERANCE:e} relative"
    );
}
