//! y = x Wᵀ + b for packed weights, and the same tile on matrices that are packed on the way (attention).
//!
//! A packed matrix is cut into panels of 32 output columns, each stored input by input, so that the inner loop reads it
//! straight through. Every output element is summed over the inputs in the same order, whatever the number of rows: a
//! molecule's result does not depend on the batch it is in.

use pulp::{Arch, Simd, WithSimd};

/// Output columns of a panel: two 512-bit or four 256-bit vectors.
pub const PANEL: usize = 32;
/// Rows that share a pass over a panel, where there are registers enough.
pub const ROWS: usize = 8;
/// Inputs that are summed in registers before the sums go to memory: a panel of them stays in the cache.
const BLOCK: usize = 512;
/// Rows that pass over all panels before the next ones do: what they give stays in the cache until it is whole.
const ROW_BLOCK: usize = 64;
/// Inputs between two looks at where the slices end: a check that could fail inside the innermost loop would make the
/// compiler store all sums at every input.
const GROUP: usize = 32;

/// One input's weights of a panel. On whole cache lines: a vector that straddles two of them takes two loads.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[repr(align(64))]
pub struct Line(pub [f32; PANEL]);

/// A linear layer with its weights in panels.
#[derive(Debug, Clone)]
pub struct PackedLinear {
    panels: Vec<Line>,
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
        let mut panels = vec![Line::default(); n_out.div_ceil(PANEL) * n_in];
        let mut buffer = vec![0.0; PANEL.min(n_out) * n_in];
        for (p, panel) in panels.chunks_exact_mut(n_in).enumerate() {
            let buffer = &mut buffer[..PANEL.min(n_out - p * PANEL) * n_in];
            rows(p * PANEL, buffer)?;
            for (column, row) in buffer.chunks_exact(n_in).enumerate() {
                for (line, &w) in panel.iter_mut().zip(row) {
                    line.0[column] = w;
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
        size_of_val(self.panels.as_slice()) + size_of_val(self.bias.as_slice())
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
            x: Inputs::Rows { data: x, stride: self.n_in },
            panels: &self.panels,
            n_in: self.n_in,
            out,
            out_stride: self.n_out,
            n_rows,
            n_out: self.n_out,
            add: true,
        };
        Arch::new().dispatch(product);
    }
}

/// The first operand of a product.
#[derive(Debug, Clone, Copy)]
pub enum Inputs<'a> {
    /// Row-major, the rows `stride` apart.
    Rows {
        /// Starts at the first input of the first row.
        data: &'a [f32],
        /// Distance of two rows.
        stride: usize,
    },
    /// Panels of [`ROWS`] rows, each stored input by input: what a matrix whose columns are the rows packs into.
    Panels(&'a [[f32; ROWS]]),
}

/// out = x B or out += x B, with B in panels.
pub struct Product<'a> {
    /// Rows of inputs.
    pub x: Inputs<'a>,
    /// Panels of `(n_in, PANEL)`.
    pub panels: &'a [Line],
    /// Inputs of a row, at least one.
    pub n_in: usize,
    /// Rows of outputs, `out_stride` apart.
    pub out: &'a mut [f32],
    /// Distance of two rows of `out`.
    pub out_stride: usize,
    /// Rows.
    pub n_rows: usize,
    /// Outputs of a row.
    pub n_out: usize,
    /// Whether the product is added to what is in `out`.
    pub add: bool,
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
        let Self { x, panels, n_in, out, out_stride, n_rows, n_out, add } = self;
        // Few registers hold few rows; the order of summation is the same for each number of rows.
        let most = (S::REGISTER_COUNT / VECS / 2).max(1);
        for first in (0..n_in).step_by(BLOCK) {
            let depth = BLOCK.min(n_in - first);
            for start in (0..n_rows).step_by(ROW_BLOCK) {
                let end = (start + ROW_BLOCK).min(n_rows);
                for (p, panel) in panels.chunks_exact(n_in).enumerate().take(n_out.div_ceil(PANEL)) {
                    let (panel, column) = (&panel[first..first + depth], p * PANEL);
                    let width = PANEL.min(n_out - column);
                    let mut row = start;
                    while row < end {
                        let out = &mut out[row * out_stride + column..];
                        let to = Target { out, stride: out_stride, width, add: add || first > 0 };
                        let left = (end - row).min(most);
                        row += match x {
                            Inputs::Rows { data, stride } => {
                                rows_by_panel::<S, VECS>(simd, &data[row * stride + first..], stride, left, panel, to)
                            }
                            Inputs::Panels(rows) => {
                                let rows = &rows[row / ROWS * n_in + first..][..depth];
                                turned_by_panel::<S, VECS>(simd, rows, row % ROWS, left, panel, to)
                            }
                        };
                    }
                }
            }
        }
    }
}

/// As many rows as a tile takes, at most `left`; returns how many.
#[inline(always)]
fn rows_by_panel<S: Simd, const VECS: usize>(
    simd: S,
    x: &[f32],
    stride: usize,
    left: usize,
    panel: &[Line],
    to: Target,
) -> usize {
    match left {
        ROWS.. => tile::<S, ROWS, VECS>(simd, x, stride, panel, to),
        4.. => tile::<S, 4, VECS>(simd, x, stride, panel, to),
        2.. => tile::<S, 2, VECS>(simd, x, stride, panel, to),
        _ => tile::<S, 1, VECS>(simd, x, stride, panel, to),
    }
}

/// As [`rows_by_panel`] from row `first` of a panel of rows.
#[inline(always)]
fn turned_by_panel<S: Simd, const VECS: usize>(
    simd: S,
    x: &[[f32; ROWS]],
    first: usize,
    left: usize,
    panel: &[Line],
    to: Target,
) -> usize {
    match left.min(ROWS - first) {
        ROWS.. => turned_tile::<S, ROWS, VECS>(simd, x, 0, panel, to),
        4.. => turned_tile::<S, 4, VECS>(simd, x, first, panel, to),
        2.. => turned_tile::<S, 2, VECS>(simd, x, first, panel, to),
        _ => turned_tile::<S, 1, VECS>(simd, x, first, panel, to),
    }
}

/// Where a tile goes.
struct Target<'a> {
    out: &'a mut [f32],
    stride: usize,
    width: usize,
    add: bool,
}

/// Takes `R` rows of `x`, `stride` apart, times one panel to where they go; returns `R`.
#[inline(always)]
fn tile<S: Simd, const R: usize, const VECS: usize>(
    simd: S,
    x: &[f32],
    stride: usize,
    panel: &[Line],
    to: Target,
) -> usize {
    let rows: [&[f32]; R] = std::array::from_fn(|r| &x[r * stride..][..panel.len()]);
    let (groups, rest) = panel.as_chunks::<GROUP>();
    let mut sums = [[simd.splat_f32s(0.0); VECS]; R];
    for (g, weights) in groups.iter().enumerate() {
        let x: [&[f32; GROUP]; R] =
            std::array::from_fn(|r| rows[r][g * GROUP..].first_chunk().expect("a group of inputs"));
        sums = add_group(simd, x, weights, sums);
    }
    for (k, weights) in (groups.len() * GROUP..).zip(rest.as_chunks::<1>().0) {
        let x: [&[f32; 1]; R] = std::array::from_fn(|r| rows[r][k..].first_chunk().expect("an input"));
        sums = add_group(simd, x, weights, sums);
    }
    store::<S, R, VECS>(simd, sums, to);
    R
}

/// Sums of `N` inputs further. Nothing in here can fail, so that the sums stay in registers.
#[inline(always)]
fn add_group<S: Simd, const R: usize, const VECS: usize, const N: usize>(
    simd: S,
    x: [&[f32; N]; R],
    weights: &[Line; N],
    mut sums: [[S::f32s; VECS]; R],
) -> [[S::f32s; VECS]; R] {
    for k in 0..N {
        let weights = S::as_simd_f32s(&weights[k].0).0.first_chunk::<VECS>().expect("vectors of a panel");
        for r in 0..R {
            let x = simd.splat_f32s(x[r][k]);
            for v in 0..VECS {
                sums[r][v] = simd.mul_add_f32s(x, weights[v], sums[r][v]);
            }
        }
    }
    sums
}

/// As [`tile`] from `R` neighbouring rows of a panel of rows. Written out: behind what both could share, a trait or a closure,
/// the compiler keeps the sums in memory, at a quarter of the speed.
#[inline(always)]
fn turned_tile<S: Simd, const R: usize, const VECS: usize>(
    simd: S,
    x: &[[f32; ROWS]],
    first: usize,
    panel: &[Line],
    to: Target,
) -> usize {
    let (groups, rest) = panel.as_chunks::<GROUP>();
    let (x_groups, x_rest) = x.as_chunks::<GROUP>();
    let mut sums = [[simd.splat_f32s(0.0); VECS]; R];
    for (x, weights) in x_groups.iter().zip(groups) {
        let x: [&[f32; R]; GROUP] = std::array::from_fn(|k| x[k][first..].first_chunk().expect("rows of a panel"));
        sums = add_turned_group(simd, x, weights, sums);
    }
    for (x, weights) in x_rest.iter().zip(rest.as_chunks::<1>().0) {
        let x: [&[f32; R]; 1] = [x[first..].first_chunk().expect("rows of a panel")];
        sums = add_turned_group(simd, x, weights, sums);
    }
    store::<S, R, VECS>(simd, sums, to);
    R
}

/// As [`add_group`].
#[inline(always)]
fn add_turned_group<S: Simd, const R: usize, const VECS: usize, const N: usize>(
    simd: S,
    x: [&[f32; R]; N],
    weights: &[Line; N],
    mut sums: [[S::f32s; VECS]; R],
) -> [[S::f32s; VECS]; R] {
    for k in 0..N {
        let weights = S::as_simd_f32s(&weights[k].0).0.first_chunk::<VECS>().expect("vectors of a panel");
        for r in 0..R {
            let x = simd.splat_f32s(x[k][r]);
            for v in 0..VECS {
                sums[r][v] = simd.mul_add_f32s(x, weights[v], sums[r][v]);
            }
        }
    }
    sums
}

#[inline(always)]
fn store<S: Simd, const R: usize, const VECS: usize>(simd: S, sums: [[S::f32s; VECS]; R], to: Target) {
    let Target { out, stride, width, add } = to;
    for r in 0..R {
        let out = &mut out[r * stride..][..width];
        if width == PANEL {
            for (out, sum) in S::as_mut_simd_f32s(out).0.iter_mut().zip(sums[r]) {
                *out = if add { simd.add_f32s(*out, sum) } else { sum };
            }
        } else {
            let mut whole = [0.0; PANEL];
            for (slot, sum) in S::as_mut_simd_f32s(&mut whole).0.iter_mut().zip(sums[r]) {
                *slot = sum;
            }
            for (out, sum) in out.iter_mut().zip(whole) {
                *out = if add { *out + sum } else { sum };
            }
        }
    }
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
