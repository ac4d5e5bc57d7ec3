//! The projectors: four linear layers with leaky rectifiers between, over a whole batch on all threads.
//!
//! They are much wider than the transformer, so here each product is shared out. The shares depend on the shapes alone.

use rayon::prelude::*;

use super::kernels::{column_sums, leaky_relu, leaky_relu_gradient};
use super::layout::{LinearAt, Places};
use super::product::{Onto, Packed, Transposed, View, product};

/// Rows of a batch that one task works on.
const ROWS: usize = 64;
/// Rows of a weight gradient that one task works on.
const OUTPUTS: usize = 128;

/// The places of the four layers.
#[derive(Debug, Clone)]
pub struct PerceptronAt {
    pub(in crate::train) layers: [LinearAt; 4],
    pub(in crate::train) slope: f32,
}

/// What comes out of each layer, after its rectifier; the last is the result.
#[derive(Debug)]
pub struct PerceptronTape {
    outputs: [Vec<f32>; 4],
}

impl PerceptronTape {
    /// The result, `(rows, n_out)`.
    pub fn result(&self) -> &[f32] {
        &self.outputs[3]
    }
}

impl PerceptronAt {
    pub(super) fn new(places: &Places, name: &str, slope: f32) -> Self {
        Self { layers: [1, 2, 3, 4].map(|k| places.linear(&format!("{name}.layer{k}"))), slope }
    }

    /// The result for rows `x` `(rows, n_in)`.
    pub fn forward(&self, p: &[f32], x: &[f32]) -> PerceptronTape {
        let mut outputs: [Vec<f32>; 4] = Default::default();
        for k in 0..4 {
            let input = if k == 0 { x } else { &outputs[k - 1] };
            let layer = self.layers[k];
            let mut y = vec![0.0; input.len() / layer.n_in * layer.n_out];
            let weight = Packed::side_by_side(layer.weight(p), layer.n_in, true);
            y.par_chunks_mut(ROWS * layer.n_out).zip(input.par_chunks(ROWS * layer.n_in)).for_each(|(y, x)| {
                weight.multiply(x, y, Onto::Row(layer.bias(p)));
                if k < 3 {
                    leaky_relu(y, self.slope);
                }
            });
            outputs[k] = y;
        }
        PerceptronTape { outputs }
    }

    /// Adds the weight gradients to `g`; returns the gradient by `x` when asked for.
    pub fn backward(
        &self,
        p: &[f32],
        g: &mut [f32],
        tape: &PerceptronTape,
        x: &[f32],
        dy: Vec<f32>,
        wants_input: bool,
    ) -> Option<Vec<f32>> {
        let mut dy = dy;
        for k in (0..4).rev() {
            let layer = self.layers[k];
            if k < 3 {
                let chunks = dy.par_chunks_mut(ROWS * layer.n_out).zip(tape.outputs[k].par_chunks(ROWS * layer.n_out));
                chunks.for_each(|(dy, y)| leaky_relu_gradient(y, dy, self.slope));
            }
            let input = if k == 0 { x } else { &tape.outputs[k - 1] };
            weight_gradient(&layer, g, input, &dy);
            if k == 0 && !wants_input {
                return None;
            }
            let mut dx = vec![0.0; dy.len() / layer.n_out * layer.n_in];
            let weight = Packed::side_by_side(layer.weight(p), layer.n_in, false);
            dx.par_chunks_mut(ROWS * layer.n_in)
                .zip(dy.par_chunks(ROWS * layer.n_out))
                .for_each(|(dx, dy)| weight.multiply(dy, dx, Onto::Zero));
            dy = dx;
        }
        Some(dy)
    }
}

fn weight_gradient(layer: &LinearAt, g: &mut [f32], x: &[f32], dy: &[f32]) {
    let (weight, bias) = layer.both_mut(g);
    let rows = dy.len() / layer.n_out;
    weight.par_chunks_mut(OUTPUTS * layer.n_in).enumerate().for_each(|(part, weight)| {
        let columns = weight.len() / layer.n_in;
        let dy = View::strided(&dy[part * OUTPUTS..], rows, columns, layer.n_out);
        product(weight, layer.n_in, true, dy, View::new(x, layer.n_in), Transposed::First);
    });
    column_sums(dy, bias);
}
