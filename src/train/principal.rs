//! A start for the projectors: the principal axes of the flattened encoder states, as perceptrons.
//!
//! Started at random, the way through the latent vector learns little for thousands of steps. Started from the axes of
//! largest variance it carries most tokens before any training (METHOD, section 10).

use faer::Mat;
use rayon::prelude::*;

use super::engine::{PerceptronAt, Transposed, View, product};
use super::random::Generator;

/// Principal axes of a set of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct PrincipalAxes {
    /// Mean row, `(width,)`.
    pub mean: Vec<f32>,
    /// Orthonormal axes by falling variance, `(n_axes, width)`.
    pub axes: Vec<f32>,
    /// Standard deviation along each axis.
    pub deviations: Vec<f32>,
    /// Part of the total variance that the axes hold.
    pub explained: f64,
}

/// Passes of the subspace iteration, enough for axes that agree to a few per cent where variances are close.
const PASSES: usize = 4;
/// Axes beyond those asked for, which keep the last ones accurate.
const SPARE: usize = 16;
/// Rows that one task works on.
const ROWS: usize = 64;

/// Finds the `n_axes` principal axes of `rows` `(n, width)` by randomised subspace iteration (Halko, Martinsson and
/// Tropp, arXiv 0909.4061). The rows are centred in place.
///
/// # Panics
/// If there are fewer rows or columns than axes.
pub fn principal_axes(rows: &mut [f32], width: usize, n_axes: usize, generator: &mut Generator) -> PrincipalAxes {
    let n = rows.len() / width;
    assert!(n_axes <= width && n_axes <= n, "{n_axes} axes of {n} rows of {width}");
    let mean = column_means(rows, width);
    rows.par_chunks_mut(width).for_each(|row| row.iter_mut().zip(&mean).for_each(|(x, m)| *x -= m));
    let r = (n_axes + SPARE).min(width).min(n);
    let mut basis: Vec<f32> = (0..r * width).map(|_| generator.normal() as f32).collect(); // (r, width)
    orthonormalise(&mut basis, width);
    for _ in 0..PASSES {
        let scores = scores(rows, &basis, width); // (n, r)
        basis = back(rows, &scores, width);
        orthonormalise(&mut basis, width);
    }
    let scores = scores(rows, &basis, width);
    let mut covariance = vec![0.0; r * r];
    product(&mut covariance, r, false, View::new(&scores, r), View::new(&scores, r), Transposed::First);
    let covariance = Mat::from_fn(r, r, |i, j| f64::from(covariance[i * r + j]) / n as f64);
    let eigen = covariance.self_adjoint_eigen(faer::Side::Lower).expect("a finite symmetric matrix has eigenvalues");
    let (vectors, values) = (eigen.U(), eigen.S().column_vector());

    let mut rotation = vec![0.0; n_axes * r]; // eigenvalues ascend: the last are the largest
    for a in 0..n_axes {
        for j in 0..r {
            rotation[a * r + j] = vectors[(j, r - 1 - a)] as f32;
        }
    }
    let mut axes = vec![0.0; n_axes * width];
    product(&mut axes, width, false, View::new(&rotation, r), View::new(&basis, width), Transposed::None);
    let variances: Vec<f64> = (0..n_axes).map(|a| values[r - 1 - a].max(0.0)).collect();
    let squares: Vec<f64> = rows.par_chunks(width).map(|row| row.iter().map(|&x| f64::from(x).powi(2)).sum()).collect();
    let total: f64 = squares.iter().sum::<f64>() / n as f64;
    PrincipalAxes {
        mean,
        axes,
        deviations: variances.iter().map(|v| v.sqrt() as f32).collect(),
        explained: variances.iter().sum::<f64>() / total.max(f64::MIN_POSITIVE),
    }
}

fn column_means(rows: &[f32], width: usize) -> Vec<f32> {
    let mut sums = vec![0.0_f64; width];
    for row in rows.chunks_exact(width) {
        for (sum, &x) in sums.iter_mut().zip(row) {
            *sum += f64::from(x);
        }
    }
    let n = (rows.len() / width) as f64;
    sums.iter().map(|sum| (sum / n) as f32).collect()
}

/// rows · basisᵀ, `(n, r)`.
fn scores(rows: &[f32], basis: &[f32], width: usize) -> Vec<f32> {
    let r = basis.len() / width;
    let mut scores = vec![0.0; rows.len() / width * r];
    scores.par_chunks_mut(ROWS * r).zip(rows.par_chunks(ROWS * width)).for_each(|(scores, rows)| {
        product(scores, r, false, View::new(rows, width), View::new(basis, width), Transposed::Second);
    });
    scores
}

/// scoresᵀ · rows, `(r, width)`.
fn back(rows: &[f32], scores: &[f32], width: usize) -> Vec<f32> {
    let r = scores.len() / (rows.len() / width);
    let n = rows.len() / width;
    let mut out = vec![0.0; r * width];
    out.par_chunks_mut(ROWS * width).enumerate().for_each(|(part, out)| {
        let columns = out.len() / width;
        let scores = View::strided(&scores[part * ROWS..], n, columns, r);
        product(out, width, false, scores, View::new(rows, width), Transposed::First);
    });
    out
}

/// Gram–Schmidt on rows, twice for accuracy.
fn orthonormalise(basis: &mut [f32], width: usize) {
    let r = basis.len() / width;
    for k in 0..r {
        let (before, row) = basis.split_at_mut(k * width);
        let row = &mut row[..width];
        for _ in 0..2 {
            for other in before.chunks_exact(width) {
                let along = dot(row, other) as f32;
                row.iter_mut().zip(other).for_each(|(x, o)| *x -= along * o);
            }
        }
        let length = dot(row, row).sqrt().max(f64::MIN_POSITIVE) as f32;
        for x in row.iter_mut() {
            *x /= length;
        }
    }
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.chunks(256).zip(b.chunks(256)).map(|(a, b)| f64::from(a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>())).sum()
}

/// Sets both perceptrons so that the pair carries rows along the principal axes: the latent coordinate of an axis is
/// the distance from the mean along it, divided by `n_deviations` standard deviations.
///
/// A pair of hidden units +x, −x carries a linear map through a leaky rectifier of slope s, for
/// max(x, s x) − max(−x, −s x) = (1 + s) x. Units beyond these pairs get small random weights in and none out, so
/// that they change nothing at first but receive gradients.
///
/// # Panics
/// If a hidden layer has fewer than two units for each axis.
pub fn start_from_axes(
    p: &mut [f32],
    [down, up]: [&PerceptronAt; 2],
    axes: &PrincipalAxes,
    n_deviations: f32,
    generator: &mut Generator,
) {
    let width = axes.mean.len();
    let n_axes = axes.deviations.len();
    let scales: Vec<f32> = axes.deviations.iter().map(|d| 1.0 / (n_deviations * d.max(1e-6))).collect();
    // Rows of the axes squeeze; the scale is applied behind them, with the offset of the mean.
    let mut latent_of_axis = vec![0.0; n_axes * n_axes];
    let mut axis_of_latent = vec![0.0; n_axes * n_axes];
    let mut offset = vec![0.0; n_axes];
    for a in 0..n_axes {
        latent_of_axis[a * n_axes + a] = scales[a];
        axis_of_latent[a * n_axes + a] = 1.0 / scales[a];
        offset[a] = -scales[a] * dot(&axes.axes[a * width..(a + 1) * width], &axes.mean) as f32;
    }
    set_linear(p, down, &axes.axes, &latent_of_axis, &offset, generator);
    let mut columns = vec![0.0; width * n_axes];
    for a in 0..n_axes {
        for k in 0..width {
            columns[k * n_axes + a] = axes.axes[a * width + k];
        }
    }
    set_linear(p, up, &axis_of_latent, &columns, &axes.mean, generator);
}

/// Makes a perceptron compute second · (first · x) + offset, `first` `(r, n_in)`, `second` `(n_out, r)`.
fn set_linear(
    p: &mut [f32],
    perceptron: &PerceptronAt,
    first: &[f32],
    second: &[f32],
    offset: &[f32],
    generator: &mut Generator,
) {
    let [l1, l2, l3, l4] = perceptron.layers;
    let hidden = l1.n_out;
    let r = first.len() / l1.n_in;
    assert!(hidden >= 2 * r, "{hidden} hidden units for {r} axes: at least two each");
    let gain = 1.0 / (1.0 + perceptron.slope);
    let mut fill = |weight: &mut [f32], deviation: f32| {
        for w in weight.iter_mut() {
            *w = deviation * generator.normal() as f32;
        }
    };

    let (weight, bias) = l1.both_mut(p);
    bias.fill(0.0);
    let (pairs, free) = weight.split_at_mut(2 * r * l1.n_in);
    pairs[..r * l1.n_in].copy_from_slice(first);
    pairs[r * l1.n_in..].iter_mut().zip(first).for_each(|(w, f)| *w = -f);
    fill(free, 0.5 / (l1.n_in as f32).sqrt());

    for layer in [l2, l3] {
        let (weight, bias) = layer.both_mut(p);
        bias.fill(0.0);
        let (pairs, free) = weight.split_at_mut(2 * r * hidden);
        pairs.fill(0.0);
        for a in 0..r {
            for (row, sign) in [(a, gain), (r + a, -gain)] {
                pairs[row * hidden + a] = sign;
                pairs[row * hidden + r + a] = -sign;
            }
        }
        fill(free, 1.0 / (hidden as f32).sqrt());
    }

    let (weight, bias) = l4.both_mut(p);
    bias.copy_from_slice(offset);
    weight.fill(0.0);
    for (row, second) in weight.chunks_exact_mut(hidden).zip(second.chunks_exact(r)) {
        for (a, s) in second.iter().enumerate() {
            row[a] = gain * s;
            row[r + a] = -gain * s;
        }
    }
}

/// Moves and stretches each latent coordinate, so that quantiles `low` become −`to` and `high` become `to`; projector
/// and inverse projector together compute what they did.
pub fn fit_box(p: &mut [f32], [down, up]: [&PerceptronAt; 2], low: &[f32], high: &[f32], to: f32) {
    let last = down.layers[3];
    let (weight, bias) = last.both_mut(p);
    let scale: Vec<f32> = low.iter().zip(high).map(|(l, h)| 2.0 * to / (h - l).max(1e-6)).collect();
    let centre: Vec<f32> = low.iter().zip(high).map(|(l, h)| 0.5 * (l + h)).collect();
    for (a, row) in weight.chunks_exact_mut(last.n_in).enumerate() {
        for w in row.iter_mut() {
            *w *= scale[a];
        }
        bias[a] = (bias[a] - centre[a]) * scale[a];
    }
    let first = up.layers[0];
    let (weight, bias) = first.both_mut(p);
    for (row, b) in weight.chunks_exact_mut(first.n_in).zip(bias) {
        for (a, w) in row.iter_mut().enumerate() {
            *b += *w * centre[a];
            *w /= scale[a];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BartConfig, ProjectorConfig};
    use crate::train::engine::Engine;

    /// Rows with standard deviations 9, 8, … along random orthonormal axes.
    fn rows(n: usize, width: usize) -> Vec<f32> {
        let mut generator = Generator::new(11, &[]);
        let mut basis: Vec<f32> = (0..9 * width).map(|_| generator.normal() as f32).collect();
        orthonormalise(&mut basis, width);
        let mut rows = vec![0.0; n * width];
        for row in rows.chunks_exact_mut(width) {
            for (k, axis) in basis.chunks_exact(width).enumerate() {
                let x = generator.normal() as f32 * (9 - k) as f32;
                row.iter_mut().zip(axis).for_each(|(r, a)| *r += x * a + 0.3 * a);
            }
        }
        rows
    }

    #[test]
    fn axes_are_those_of_the_covariance() {
        let (n, width) = (500, 60);
        let mut rows = rows(n, width);
        let found = principal_axes(&mut rows, width, 5, &mut Generator::new(1, &[]));
        let covariance = Mat::from_fn(width, width, |i, j| {
            rows.chunks_exact(width).map(|row| f64::from(row[i]) * f64::from(row[j])).sum::<f64>() / n as f64
        });
        let eigen = covariance.self_adjoint_eigen(faer::Side::Lower).unwrap();
        for a in 0..5 {
            let expected = eigen.S().column_vector()[width - 1 - a].sqrt();
            let deviation = f64::from(found.deviations[a]);
            assert!((deviation / expected - 1.0).abs() < 1e-3, "axis {a}: {deviation}, expected {expected}");
            let along: f64 =
                (0..width).map(|k| f64::from(found.axes[a * width + k]) * eigen.U()[(k, width - 1 - a)]).sum();
            assert!(along.abs() > 0.999, "axis {a} meets the eigenvector only by {along}");
        }
    }

    fn pair() -> (Engine, Vec<f32>) {
        let bart = BartConfig { vocab_size: 9, d_model: 12, max_position_embeddings: 8, pad_token_id: 0, ..tiny() };
        let projectors = ProjectorConfig::new(5, 12, 20, 9);
        let engine = Engine::new(&bart, Some(&projectors)).unwrap();
        let n = engine.layout.len;
        (engine, vec![0.0; n])
    }

    fn tiny() -> BartConfig {
        BartConfig {
            encoder_layers: 1,
            decoder_layers: 1,
            encoder_attention_heads: 2,
            decoder_attention_heads: 2,
            encoder_ffn_dim: 8,
            decoder_ffn_dim: 8,
            ..BartConfig::default()
        }
    }

    fn distance(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn started_perceptrons_restore_rows_that_lie_on_the_axes() {
        let (engine, mut p) = pair();
        let original = rows(200, 60);
        let axes = principal_axes(&mut original.clone(), 60, 9, &mut Generator::new(1, &[]));
        assert!(axes.explained > 0.999, "{}", axes.explained);
        let [down, up] = engine.projectors.as_ref().unwrap();
        start_from_axes(&mut p, [down, up], &axes, 3.0, &mut Generator::new(2, &[]));
        let latent = down.forward(&p, &original);
        let deviation = (latent.result().iter().map(|z| z * z).sum::<f32>() / (200.0 * 9.0)).sqrt();
        assert!((deviation - 1.0 / 3.0).abs() < 0.02, "{deviation}");
        let restored = up.forward(&p, latent.result());
        let error = distance(restored.result(), &original);
        assert!(error < 1e-2, "{error}");

        let n = original.len() / 60;
        let column = |a: usize| (0..n).map(|r| latent.result()[r * 9 + a]).collect::<Vec<f32>>();
        let low: Vec<f32> = (0..9).map(|a| column(a).into_iter().fold(f32::MAX, f32::min)).collect();
        let high: Vec<f32> = (0..9).map(|a| column(a).into_iter().fold(f32::MIN, f32::max)).collect();
        fit_box(&mut p, [down, up], &low, &high, 0.95);
        let boxed = down.forward(&p, &original);
        let widest = boxed.result().iter().fold(0.0_f32, |m, z| m.max(z.abs()));
        assert!((widest - 0.95).abs() < 1e-3, "{widest}");
        let again = up.forward(&p, boxed.result());
        assert!(distance(again.result(), restored.result()) < 1e-2);
    }
}
