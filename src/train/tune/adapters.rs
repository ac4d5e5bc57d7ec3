//! Low-rank adapters beside the frozen weights (Hu et al., arXiv 2106.09685).

use std::ops::Range;
use std::path::Path;

use candle_core::{Device, Tensor};

use super::error::TuneError;
use super::params::LoraParams;
use crate::atomic_file;
use crate::model::StoredTensor;
use crate::model::stored::write_safetensors;
use crate::train::engine::{Layout, Transposed, View, product};
use crate::train::random::Generator;

/// Standard deviation of A at the start; B starts at zero, so the adapted network starts as the original.
const DEVIATION: f64 = 1e-3;

/// The layers that adapters stand beside, by the last part of their names.
const ADAPTED: [&str; 6] = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"];

/// Where the adapters of each layer lie in the vector that learns: A of shape (r, n_in), then B of shape (n_out, r).
#[derive(Debug)]
pub(super) struct Adapters {
    layers: Vec<AdapterAt>,
    rank: usize,
    scale: f32,
    params: LoraParams,
    /// Numbers in all.
    pub len: usize,
}

#[derive(Debug)]
struct AdapterAt {
    /// Of the layer, without `.weight`.
    name: String,
    weight: Range<usize>,
    n_in: usize,
    n_out: usize,
    start: usize,
}

impl AdapterAt {
    fn a(&self, rank: usize) -> Range<usize> {
        self.start..self.start + rank * self.n_in
    }

    fn b(&self, rank: usize) -> Range<usize> {
        let start = self.start + rank * self.n_in;
        start..start + rank * self.n_out
    }
}

impl Adapters {
    pub fn new(layout: &Layout, params: LoraParams) -> Result<Self, TuneError> {
        let rank = params.rank;
        let mut layers = Vec::new();
        let mut len = 0;
        for (tensor, shape, place) in &layout.tensors {
            let Some(name) = tensor.strip_suffix(".weight") else { continue };
            let last = name.rsplit('.').next().unwrap_or(name);
            let &[n_out, n_in] = shape.as_slice() else { continue };
            if !ADAPTED.contains(&last) {
                continue;
            }
            if rank > n_out.min(n_in) {
                let what = format!("the rank of the adapters is {rank}, but {name} is {n_out} by {n_in}");
                return Err(TuneError::Params { what });
            }
            layers.push(AdapterAt { name: name.to_owned(), weight: place.clone(), n_in, n_out, start: len });
            len += rank * (n_in + n_out);
        }
        Ok(Self { layers, rank, scale: params.alpha / rank as f32, params, len })
    }

    /// The values at the start, from a stream of random numbers for each layer.
    pub fn start(&self, seed: u64, stream: u64) -> Vec<f32> {
        let mut values = vec![0.0; self.len];
        for (k, layer) in self.layers.iter().enumerate() {
            let mut generator = Generator::new(seed, &[stream, k as u64]);
            values[layer.a(self.rank)].iter_mut().for_each(|a| *a = (DEVIATION * generator.normal()) as f32);
        }
        values
    }

    /// W + (alpha / r) B A in the adapted layers of `p`, from the weights `base` of the same layout.
    pub fn merge(&self, base: &[f32], values: &[f32], p: &mut [f32]) {
        let r = self.rank;
        for layer in &self.layers {
            let (a, b) = (View::new(&values[layer.a(r)], layer.n_in), View::new(&values[layer.b(r)], r));
            let mut update = vec![0.0; layer.weight.len()];
            product(&mut update, layer.n_in, false, b, a, Transposed::None);
            let weights = p[layer.weight.clone()].iter_mut().zip(&base[layer.weight.clone()]);
            weights.zip(&update).for_each(|((p, w), u)| *p = w + self.scale * u);
        }
    }

    /// The gradient by the adapters, from that by the merged weights: dA = s Bᵀ dW, dB = s dW Aᵀ with s = alpha / r.
    pub fn gradient(&self, values: &[f32], dweights: &[f32], dvalues: &mut [f32]) {
        let r = self.rank;
        for layer in &self.layers {
            let (a, b) = (View::new(&values[layer.a(r)], layer.n_in), View::new(&values[layer.b(r)], r));
            let dweight = View::new(&dweights[layer.weight.clone()], layer.n_in);
            product(&mut dvalues[layer.a(r)], layer.n_in, false, b, dweight, Transposed::First);
            product(&mut dvalues[layer.b(r)], r, false, dweight, a, Transposed::Second);
        }
        dvalues.iter_mut().for_each(|x| *x *= self.scale);
    }

    /// Names of the tensors that the merged model has of its own.
    pub fn merged_tensors(&self) -> impl Iterator<Item = String> {
        self.layers.iter().map(|layer| format!("{}.weight", layer.name))
    }

    /// Writes the adapters alone into `folder`, as the Python package peft reads them.
    pub fn save(&self, values: &[f32], folder: &Path) -> Result<(), TuneError> {
        let write = |source| TuneError::Write { path: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(write)?;
        let mut tensors = Vec::new();
        for layer in &self.layers {
            let parts = [
                ("A", layer.a(self.rank), (self.rank, layer.n_in)),
                ("B", layer.b(self.rank), (layer.n_out, self.rank)),
            ];
            for (which, place, shape) in parts {
                let tensor = Tensor::from_slice(&values[place], shape, &Device::Cpu)
                    .map_err(crate::model::CheckpointError::from)?;
                let name = format!("base_model.model.{}.lora_{which}.weight", layer.name);
                tensors.push((name, StoredTensor::from_tensor(&tensor)?));
            }
        }
        let named: Vec<_> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
        write_safetensors(&folder.join("adapter_model.safetensors"), &named)?;
        let config = serde_json::json!({
            "peft_type": "LORA", "task_type": "SEQ_2_SEQ_LM", "r": self.rank, "lora_alpha": self.params.alpha,
            "lora_dropout": 0.0, "bias": "none", "fan_in_fan_out": false, "inference_mode": true,
            "target_modules": ADAPTED, "base_model_name_or_path": null,
        });
        let text = serde_json::to_vec_pretty(&config).expect("plain numbers and text");
        let path = folder.join("adapter_config.json");
        atomic_file::write(&path, text).map_err(|error| TuneError::Write { path, source: error.source })
    }
}
