//! y = x Wᵀ + b for packed weights, and the same tile on matrices that are packed on the way (attention).
//!
//! A packed matrix is cut into panels of 32 output columns, each stored input by input, so that the inner loop reads it
//! straight through. Every output element is summed over the inputs in the same order, whatever the number of rows: a
//! molecule's result does not depend on the batch it is in.

use pulp::{Arch, Simd, WithSimd};

/// Output columns of a panel: two 512-bit or four 256-bit vectors.
pub const PANEL: usize = 32;
/// Rows that share a pass over a panel.
const ROWS: usize = 8;
/// Inputs that are summed in registers before the sums go to memory: a panel of them stays in the cache.
const BLOCK: usize = 512;
/// Inputs between two looks at where the slices end: a check that could fail inside the innermost loop would make the
/// compiler store all sums at every input.
const GROUP: usize = 32;

/// A linear layer with its weights in panels.
#[derive(Debug, Clone)]
pub struct PackedLinear {
    panels: Vec<f32>,
    bias: Vec<f32>,
    n_in: usize,
    n_out: usize,
}

impl PackedLinear {
    /// Packs `weight` `(n_out, n_in)`, row-major, and `bias` `(n_out,)`.
    pub fn new(weight: &[f32], bias: Vec<f32>, n_in: usize) -> Self {
        assert_eq!(weight.len(), n_in * bias.len(), "a weight matrix of {} x {n_in}", bias.len());
        let rows = |first: usize, rows: &mut [f32]| -> Result<(), std::convert::Infallible> {
            rows.copy_from_slice(&weight[first * n_in..][..rows.len()]);
            Ok(())
        };
        let Ok(packed) = Self::from_rows(bias, n_in, rows);
        packed
    }

    /// Packs a weight matrix that `rows` writes a panel at a time: the rows from its first argument on, as many as its
    /// second holds. The matrix never lies in memory twice.
    ///
    /// # Errors
    /// What `rows` reports.
    pub fn from_rows<E>(
        bias: Vec<f32>,
        n_in: usize,
        mut rows: impl FnMut(usize, &mut [f32]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let n_out = bias.len();
        let mut panels = vec![0.0; n_out.div_ceil(PANEL) * PANEL * n_in];
        let mut buffer = vec![0.0; PANEL.min(n_out) * n_in];
        for (p, panel) in panels.chunks_exact_mut(PANEL * n_in).enumerate() {
            let buffer = &mut buffer[..PANEL.min(n_out - p * PANEL) * n_in];
            rows(p * PANEL, buffer)?;
            for (column, row) in buffer.chunks_exact(n_in).enumerate() {
                for (slot, &w) in panel[column..].iter_mut().step_by(PANEL).zip(row) {
                    *slot = w;
                }
            }
        }
        Ok(Self { panels, bias, n_in, n_out })
    }

    /// Outputs.
    pub fn n_out(&self) -> usize {
        self.n_out
    }

    /// Inputs.
    pub fn n_in(&self) -> usize {
        self.n_in
    }

    /// Bytes of the packed weights.
    pub fn n_bytes(&self) -> usize {
        (self.panels.len() + self.bias.len()) * size_of::<f32>()
    }

    /// Writes x Wᵀ + b for the rows of `x` `(rows, n_in)` into `out` `(rows, n_out)`.
    pub fn apply(&self, x: &[f32], out: &mut [f32]) {
        let n_rows = x.len() / self.n_in;
        assert_eq!(x.len(), n_rows * self.n_in, "rows of {} inputs", self.n_in);
        assert_eq!(out.len(), n_rows * self.n_out, "rows of {} outputs", self.n_out);
        for row in out.chunks_exact_mut(self.n_out) {
            row.copy_from_slice(&self.bias);
        }
        let product = Product {
            x,
            x_stride: self.n_in,
            panels: &self.panels,
            n_in: self.n_in,
            out,
            out_stride: self.n_out,
            n_rows,
            n_out: self.n_out,
        };
        Arch::new().dispatch(product);
    }
}

/// out += x B, with B in panels.
pub struct Product<'a> {
    /// Rows of inputs, `x_stride` apart.
    pub x: &'a [f32],
    /// Distance of two rows of `x`.
    pub x_stride: usize,
    /// Panels of `(n_in, PANEL)`.
    pub panels: &'a [f32],
    /// Inputs of a row.
    pub n_in: usize,
    /// Rows of outputs, `out_stride` apart; added to.
    pub out: &'a mut [f32],
    /// Distance of two rows of `out`.
    pub out_stride: usize,
    /// Rows.
    pub n_rows: usize,
    /// Outputs of a row.
    pub n_out: usize,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            16 => self.run::<S, 2>(simd),
            8 => self.run::<S, 4>(simd),
            4 => self.run::<S, 8>(simd),
            _ => self.run::<S, PANEL>(simd),
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn run<S: Simd, const VECS: usize>(self, simd: S) {
        let Self { x, x_stride, panels, n_in, out, out_stride, n_rows, n_out } = self;
        for first in (0..n_in).step_by(BLOCK) {
            let depth = BLOCK.min(n_in - first);
            for (p, panel) in panels.chunks_exact(PANEL * n_in).enumerate().take(n_out.div_ceil(PANEL)) {
                let panel = &panel[first * PANEL..(first + depth) * PANEL];
                let column = p * PANEL;
                let width = PANEL.min(n_out - column);
                let mut row = 0;
                while row < n_rows {
                    let x = &x[row * x_stride + first..];
                    let out = &mut out[row * out_stride + column..];
                    let strides = (x_stride, out_stride);
                    // Few registers hold few rows; the order of summation is the same for each number of rows.
                    let left = if S::REGISTER_COUNT >= 32 { n_rows - row } else { (n_rows - row).min(2) };
                    row += match left {
                        ROWS.. => tile::<S, ROWS, VECS>(simd, x, panel, out, strides, depth, width),
                        4.. => tile::<S, 4, VECS>(simd, x, panel, out, strides, depth, width),
                        2.. => tile::<S, 2, VECS>(simd, x, panel, out, strides, depth, width),
                        _ => tile::<S, 1, VECS>(simd, x, panel, out, strides, depth, width),
                    };
                }
            }
        }
    }
}

/// Adds `R` rows of `x` times one panel to `out`; returns `R`.
#[inline(always)]
fn tile<S: Simd, const R: usize, const VECS: usize>(
    simd: S,
    x: &[f32],
    panel: &[f32],
    out: &mut [f32],
    (x_stride, out_stride): (usize, usize),
    depth: usize,
    width: usize,
) -> usize {
    let rows: [&[f32]; R] = std::array::from_fn(|r| &x[r * x_stride..][..depth]);
    let (groups, rest) = panel[..depth * PANEL].as_chunks::<{ GROUP * PANEL }>();
    let mut sums = [[simd.splat_f32s(0.0); VECS]; R];
    for (g, weights) in groups.iter().enumerate() {
        let x: [&[f32; GROUP]; R] =
            std::array::from_fn(|r| rows[r][g * GROUP..].first_chunk().expect("a group of inputs"));
        sums = add_group(simd, x, weights, sums);
    }
    for (k, weights) in (groups.len() * GROUP..depth).zip(rest.as_chunks::<PANEL>().0) {
        let x: [&[f32; 1]; R] = std::array::from_fn(|r| rows[r][k..].first_chunk().expect("an input"));
        sums = add_group(simd, x, weights, sums);
    }
    for r in 0..R {
        let out = &mut out[r * out_stride..][..width];
        if width == PANEL {
            for (out, sum) in S::as_mut_simd_f32s(out).0.iter_mut().zip(sums[r]) {
                *out = simd.add_f32s(*out, sum);
            }
        } else {
            let mut whole = [0.0; PANEL];
            for (slot, sum) in S::as_mut_simd_f32s(&mut whole).0.iter_mut().zip(sums[r]) {
                *slot = sum;
            }
            for (out, sum) in out.iter_mut().zip(whole) {
                *out += sum;
            }
        }
    }
    R
}

/// Sums of `N` inputs further. Nothing in here can fail, so that the sums stay in registers.
#[inline(always)]
fn add_group<S: Simd, const R: usize, const VECS: usize, const N: usize>(
    simd: S,
    x: [&[f32; N]; R],
    weights: &[f32],
    mut sums: [[S::f32s; VECS]; R],
) -> [[S::f32s; VECS]; R] {
    let weights = weights.as_chunks::<PANEL>().0.first_chunk::<N>().expect("weights of the inputs");
    for k in 0..N {
        let weights = S::as_simd_f32s(&weights[k]).0.first_chunk::<VECS>().expect("vectors of a panel");
        for r in 0..R {
            let x = simd.splat_f32s(x[r][k]);
            for v in 0..VECS {
                sums[r][v] = simd.mul_add_f32s(x, weights[v], sums[r][v]);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: u32) -> Vec<f32> {
        (0..n as u32)
            .map(|k| (k.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 8) as f32 / (1 << 23) as f32 - 1.0)
            .collect()
    }

    #[test]
    fn packed_product_is_the_product() {
        for (rows, n_in, n_out) in [(1, 1, 1), (3, 5, 33), (8, 64, 64), (13, 700, 40), (17, 1100, 31)] {
            let (x, w, b) = (numbers(rows * n_in, 1), numbers(n_in * n_out, 2), numbers(n_out, 3));
            let mut out = vec![f32::NAN; rows * n_out];
            PackedLinear::new(&w, b.clone(), n_in).apply(&x, &mut out);
            for r in 0..rows {
                for o in 0..n_out {
                    let exact: f64 = (0..n_in).map(|k| f64::from(x[r * n_in + k]) * f64::from(w[o * n_in + k])).sum();
                    let exact = exact + f64::from(b[o]);
                    let found = f64::from(out[r * n_out + o]);
                    assert!(
                        (found - exact).abs() < 2e-5 * (n_in as f64).sqrt(),
                        "{rows} {n_in} {n_out}: {found} {exact}"
                    );
                }
            }
        }
    }

    #[test]
    fn packing_asks_for_one_panel_at_a_time() {
        let (n_in, n_out) = (9, 75);
        let (w, b) = (numbers(n_in * n_out, 2), numbers(n_out, 3));
        let mut asked = Vec::new();
        let packed = PackedLinear::from_rows(b.clone(), n_in, |first, rows| -> Result<(), ()> {
            asked.push((first, rows.len() / n_in));
            rows.copy_from_slice(&w[first * n_in..][..rows.len()]);
            Ok(())
        });
        assert_eq!(asked, [(0, 32), (32, 32), (64, 11)]);
        assert_eq!(packed.unwrap().panels, PackedLinear::new(&w, b.clone(), n_in).panels);
        assert_eq!(PackedLinear::from_rows(b, n_in, |_, _| Err("cut short")).unwrap_err(), "cut short");
    }

    #[test]
    fn a_row_does_not_depend_on_its_batch() {
        let (n_in, n_out) = (600, 50);
        let linear = PackedLinear::new(&numbers(n_in * n_out, 2), numbers(n_out, 3), n_in);
        let x = numbers(15 * n_in, 1);
        let mut together = vec![0.0; 15 * n_out];
        linear.apply(&x, &mut together);
        for (row, expected) in x.chunks_exact(n_in).zip(together.chunks_exact(n_out)) {
            let mut alone = vec![0.0; n_out];
            linear.apply(row, &mut alone);
            assert_eq!(alone, expected);
        }
    }

    #[test]
    #[ignore = "measures"]
    fn speed() {
        for (rows, n_in, n_out) in [(16, 256, 768), (64, 256, 256), (64, 256, 768), (64, 512, 16384), (64, 16384, 512)]
        {
            let linear = PackedLinear::new(&numbers(n_in * n_out, 2), numbers(n_out, 3), n_in);
            let x = numbers(rows * n_in, 1);
            let mut out = vec![0.0; rows * n_out];
            let flops = 2.0 * (rows * n_in * n_out) as f64;
            let n = (4e9 / flops) as usize + 1;
            let start = std::time::Instant::now();
            for _ in 0..n {
                linear.apply(&x, &mut out);
            }
            let secs = start.elapsed().as_secs_f64();
            println!("{rows} x {n_in} x {n_out}: {:.1} Gflop/s", flops * n as f64 / secs / 1e9);
        }
    }
}
