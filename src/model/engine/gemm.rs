//! y = x Wᵀ + b for packed weights, and the same tile on matrices that are packed on the way (attention).
//!
//! A packed matrix is cut into panels of 16 output columns, each stored input by input, so that the inner loop reads it
//! straight through. A tile is some rows times some panels, as many as keep the multipliers busy and fit the registers.
//! Every output element is summed over the inputs in the same order, whatever the number of rows: a molecule's result does
//! not depend on the batch it is in.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

/// Output columns of a panel: one 512-bit or two 256-bit vectors, a cache line.
pub const PANEL: usize = 16;
/// Rows of a panel of rows: whole tiles of any height.
pub const ROWS: usize = 24;
/// Inputs that are summed in registers before the sums go to memory: a panel of them stays in the cache.
const BLOCK: usize = 512;
/// Rows that pass over all panels before the next ones do: what they give stays in the cache until it is whole.
const ROW_BLOCK: usize = 3 * ROWS;
/// Panels that all rows of a block pass over before the next panels: what the tiles of few rows read again is at hand.
const PANELS_TOGETHER: usize = 4;
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
        let product = Product {
            x: Rows { data: x, stride: self.n_in },
            panels: &self.panels,
            n_in: self.n_in,
            out,
            out_stride: self.n_out,
            n_rows,
            n_out: self.n_out,
            onto: Onto::Row(&self.bias),
        };
        Arch::new().dispatch(product);
    }
}

/// Rows of the largest tile on this processor: so many rows, or a multiple of them, take the least time each.
pub fn tile_rows() -> usize {
    struct TileRows;
    impl WithSimd for TileRows {
        type Output = usize;

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            match S::REGISTER_COUNT * S::F32_LANES / PANEL {
                32.. => 8,
                8.. => 6,
                4.. => 2,
                _ => 1,
            }
        }
    }
    Arch::new().dispatch(TileRows)
}

/// The first operand of a product. Each kind has code of its own: chosen within the loops, it costs a tenth of the speed.
pub trait Operand: Copy {
    /// Rows `row..row + R` times panels, of which `depth` inputs from `first` on are given; `n_in` is the length of all.
    fn tile<S: Simd, const R: usize, const P: usize, const VECS: usize>(
        self,
        simd: S,
        row: usize,
        first: usize,
        n_in: usize,
        panels: [&[Line]; P],
    ) -> Sums<S, R, P, VECS>;
}

/// Rows, `stride` apart.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// Starts at the first input of the first row.
    pub data: &'a [f32],
    /// Distance of two rows.
    pub stride: usize,
}

/// Panels of [`ROWS`] rows, each stored input by input: what a matrix whose columns are the rows packs into.
#[derive(Debug, Clone, Copy)]
pub struct RowPanels<'a>(pub &'a [[f32; ROWS]]);

/// What a product is added to.
#[derive(Debug, Clone, Copy)]
pub enum Onto<'a> {
    /// Nothing: what was in the output is overwritten.
    Zero,
    /// What is in the output.
    Output,
    /// The same row of `n_out` for every row of the output: a bias.
    Row(&'a [f32]),
}

/// out = x B, added to what `onto` says, with B in panels.
pub struct Product<'a, X> {
    /// Rows of inputs.
    pub x: X,
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
    /// What the product is added to.
    pub onto: Onto<'a>,
}

impl<X: Operand> WithSimd for Product<'_, X> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            16 => self.run::<S, 1>(simd),
            8 => self.run::<S, 2>(simd),
            4 => self.run::<S, 4>(simd),
            _ => self.run::<S, PANEL>(simd),
        }
    }
}

/// A block of rows, some panels, and the inputs `first..first + depth`.
struct Part {
    rows: Range<usize>,
    panels: Range<usize>,
    first: usize,
    depth: usize,
}

impl<X: Operand> Product<'_, X> {
    #[inline(always)]
    fn run<S: Simd, const VECS: usize>(mut self, simd: S) {
        let n_panels = self.n_out.div_ceil(PANEL);
        for first in (0..self.n_in).step_by(BLOCK) {
            let depth = BLOCK.min(self.n_in - first);
            for row in (0..self.n_rows).step_by(ROW_BLOCK) {
                let rows = row..(row + ROW_BLOCK).min(self.n_rows);
                for panel in (0..n_panels).step_by(PANELS_TOGETHER) {
                    let panels = panel..(panel + PANELS_TOGETHER).min(n_panels);
                    self.part::<S, VECS>(simd, Part { rows: rows.clone(), panels, first, depth });
                }
            }
        }
    }

    /// All rows of a part, in tiles: large ones first, then what is left. Two multipliers with a latency of four or five
    /// want ten sums under way; a tile of R rows and P panels has R · P · VECS.
    #[inline(always)]
    fn part<S: Simd, const VECS: usize>(&mut self, simd: S, mut part: Part) {
        match S::REGISTER_COUNT / VECS {
            // 512-bit vectors
            32.. => {
                self.tiles::<S, 8, 2, VECS>(simd, &mut part);
                self.tiles::<S, 4, 2, VECS>(simd, &mut part);
                self.tiles::<S, 2, 4, VECS>(simd, &mut part);
                self.tiles::<S, 1, 4, VECS>(simd, &mut part);
            }
            // 256-bit vectors, or 128-bit ones where there are 32 of them
            8.. => {
                self.tiles::<S, 6, 1, VECS>(simd, &mut part);
                self.tiles::<S, 5, 1, VECS>(simd, &mut part);
                self.tiles::<S, 4, 1, VECS>(simd, &mut part);
                self.tiles::<S, 2, 2, VECS>(simd, &mut part);
                self.tiles::<S, 1, 4, VECS>(simd, &mut part);
            }
            4.. => {
                self.tiles::<S, 2, 1, VECS>(simd, &mut part);
                self.tiles::<S, 1, 1, VECS>(simd, &mut part);
            }
            _ => self.tiles::<S, 1, 1, VECS>(simd, &mut part),
        }
    }

    /// Takes whole tiles of `R` rows from the front of a part.
    #[inline(always)]
    fn tiles<S: Simd, const R: usize, const P: usize, const VECS: usize>(&mut self, simd: S, part: &mut Part) {
        let rows = part.rows.start..part.rows.start + part.rows.len() / R * R;
        part.rows.start = rows.end;
        let mut panel = part.panels.start;
        while panel < part.panels.end && !rows.is_empty() {
            if part.panels.end - panel >= P {
                self.tile_column::<S, R, P, VECS>(simd, rows.clone(), panel, part);
                panel += P;
            } else {
                self.tile_column::<S, R, 1, VECS>(simd, rows.clone(), panel, part);
                panel += 1;
            }
        }
    }

    /// Tiles one below the other: `rows` times the `P` panels from `panel` on.
    #[inline(always)]
    fn tile_column<S: Simd, const R: usize, const P: usize, const VECS: usize>(
        &mut self,
        simd: S,
        rows: Range<usize>,
        panel: usize,
        &Part { first, depth, .. }: &Part,
    ) {
        let panels: [&[Line]; P] = std::array::from_fn(|p| &self.panels[(panel + p) * self.n_in + first..][..depth]);
        let column = panel * PANEL;
        let onto = match self.onto {
            _ if first > 0 => Onto::Output,
            Onto::Row(bias) => Onto::Row(&bias[column..]),
            onto => onto,
        };
        for row in rows.step_by(R) {
            let sums = self.x.tile::<S, R, P, VECS>(simd, row, first, self.n_in, panels);
            for (r, sums) in sums.into_iter().enumerate() {
                let out = &mut self.out[(row + r) * self.out_stride..][column..];
                let n = out.len().min(self.n_out - column).min(P * PANEL);
                store::<S, P, VECS>(simd, sums, &mut out[..n], onto);
            }
        }
    }
}

/// The sums of a tile: R rows, P panels.
pub type Sums<S, const R: usize, const P: usize, const VECS: usize> = [[[<S as Simd>::f32s; VECS]; P]; R];

impl Operand for Rows<'_> {
    #[inline(always)]
    fn tile<S: Simd, const R: usize, const P: usize, const VECS: usize>(
        self,
        simd: S,
        row: usize,
        first: usize,
        _: usize,
        panels: [&[Line]; P],
    ) -> Sums<S, R, P, VECS> {
        let depth = panels[0].len();
        let x: [&[f32]; R] = std::array::from_fn(|r| &self.data[(row + r) * self.stride + first..][..depth]);
        let mut sums = [[[simd.splat_f32s(0.0); VECS]; P]; R];
        let whole = depth / GROUP * GROUP;
        for k in (0..whole).step_by(GROUP) {
            let x: [&[f32; GROUP]; R] = std::array::from_fn(|r| x[r][k..].first_chunk().expect("a group of inputs"));
            let weights: [&[Line; GROUP]; P] =
                std::array::from_fn(|p| panels[p][k..].first_chunk().expect("their weights"));
            sums = add_group(simd, x, weights, sums);
        }
        for k in whole..depth {
            let x: [&[f32; 1]; R] = std::array::from_fn(|r| x[r][k..].first_chunk().expect("an input"));
            let weights: [&[Line; 1]; P] = std::array::from_fn(|p| panels[p][k..].first_chunk().expect("its weights"));
            sums = add_group(simd, x, weights, sums);
        }
        sums
    }
}

/// Sums of `N` inputs further. Nothing in here can fail, so that the sums stay in registers.
#[inline(always)]
fn add_group<S: Simd, const R: usize, const P: usize, const VECS: usize, const N: usize>(
    simd: S,
    x: [&[f32; N]; R],
    weights: [&[Line; N]; P],
    mut sums: Sums<S, R, P, VECS>,
) -> Sums<S, R, P, VECS> {
    for k in 0..N {
        let weights: [&[S::f32s; VECS]; P] = std::array::from_fn(|p| vectors::<S, VECS>(&weights[p][k]));
        for r in 0..R {
            let x = simd.splat_f32s(x[r][k]);
            for p in 0..P {
                for v in 0..VECS {
                    sums[r][p][v] = simd.mul_add_f32s(x, weights[p][v], sums[r][p][v]);
                }
            }
        }
    }
    sums
}

impl Operand for RowPanels<'_> {
    #[inline(always)]
    fn tile<S: Simd, const R: usize, const P: usize, const VECS: usize>(
        self,
        simd: S,
        row: usize,
        first: usize,
        n_in: usize,
        panels: [&[Line]; P],
    ) -> Sums<S, R, P, VECS> {
        let (x, row) = (&self.0[row / ROWS * n_in + first..][..panels[0].len()], row % ROWS);
        let mut sums = [[[simd.splat_f32s(0.0); VECS]; P]; R];
        let (x_groups, x_rest) = x.as_chunks::<GROUP>();
        for (g, x) in x_groups.iter().enumerate() {
            let x: [&[f32; R]; GROUP] = std::array::from_fn(|k| x[k][row..].first_chunk().expect("rows of a panel"));
            let weights: [&[Line; GROUP]; P] =
                std::array::from_fn(|p| panels[p][g * GROUP..].first_chunk().expect("a group of weights"));
            sums = add_turned_group(simd, x, weights, sums);
        }
        for (k, x) in (x_groups.len() * GROUP..).zip(x_rest) {
            let x: [&[f32; R]; 1] = [x[row..].first_chunk().expect("rows of a panel")];
            let weights: [&[Line; 1]; P] =
                std::array::from_fn(|p| panels[p][k..].first_chunk().expect("their weights"));
            sums = add_turned_group(simd, x, weights, sums);
        }
        sums
    }
}

/// As [`add_group`], written out: behind a closure that both could share the compiler keeps the sums in memory.
#[inline(always)]
fn add_turned_group<S: Simd, const R: usize, const P: usize, const VECS: usize, const N: usize>(
    simd: S,
    x: [&[f32; R]; N],
    weights: [&[Line; N]; P],
    mut sums: Sums<S, R, P, VECS>,
) -> Sums<S, R, P, VECS> {
    for k in 0..N {
        let weights: [&[S::f32s; VECS]; P] = std::array::from_fn(|p| vectors::<S, VECS>(&weights[p][k]));
        for r in 0..R {
            let x = simd.splat_f32s(x[k][r]);
            for p in 0..P {
                for v in 0..VECS {
                    sums[r][p][v] = simd.mul_add_f32s(x, weights[p][v], sums[r][p][v]);
                }
            }
        }
    }
    sums
}

/// The vectors of a line.
#[inline(always)]
fn vectors<S: Simd, const VECS: usize>(line: &Line) -> &[S::f32s; VECS] {
    S::as_simd_f32s(&line.0).0.first_chunk().expect("vectors of a panel")
}

/// Adds a row of a tile to what `onto` says; the last panel may be wider than `out`.
#[inline(always)]
fn store<S: Simd, const P: usize, const VECS: usize>(simd: S, sums: [[S::f32s; VECS]; P], out: &mut [f32], onto: Onto) {
    for (p, (out, sums)) in out.chunks_mut(PANEL).zip(sums).enumerate() {
        if let Some(out) = out.first_chunk_mut::<PANEL>() {
            let start = match onto {
                Onto::Zero => [0.0; PANEL],
                Onto::Output => *out,
                Onto::Row(row) => *row[p * PANEL..].first_chunk().expect("a bias for each column"),
            };
            let start = S::as_simd_f32s(&start).0;
            for ((out, start), sum) in S::as_mut_simd_f32s(out).0.iter_mut().zip(start).zip(sums) {
                *out = simd.add_f32s(*start, sum);
            }
        } else {
            let mut whole = [0.0; PANEL];
            S::as_mut_simd_f32s(&mut whole).0.copy_from_slice(&sums);
            for (k, (out, sum)) in out.iter_mut().zip(whole).enumerate() {
                *out = match onto {
                    Onto::Zero => sum,
                    Onto::Output => *out + sum,
                    Onto::Row(row) => row[p * PANEL + k] + sum,
                };
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
        for (rows, n_in, n_out) in [(1, 1, 1), (3, 5, 33), (8, 64, 64), (11, 45, 130), (13, 700, 40), (70, 1100, 31)] {
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
        assert_eq!(asked, [(0, 16), (16, 16), (32, 16), (48, 16), (64, 11)]);
        assert_eq!(packed.unwrap().panels, PackedLinear::new(&w, b.clone(), n_in).panels);
        assert_eq!(PackedLinear::from_rows(b, n_in, |_, _| Err("cut short")).unwrap_err(), "cut short");
    }

    #[test]
    fn a_row_does_not_depend_on_its_batch() {
        let (n_in, n_out) = (600, 50);
        let linear = PackedLinear::new(&numbers(n_in * n_out, 2), numbers(n_out, 3), n_in);
        let x = numbers(23 * n_in, 1);
        let mut together = vec![0.0; 23 * n_out];
        linear.apply(&x, &mut together);
        for (row, expected) in x.chunks_exact(n_in).zip(together.chunks_exact(n_out)) {
            let mut alone = vec![0.0; n_out];
            linear.apply(row, &mut alone);
            assert_eq!(alone, expected);
        }
    }

    /// The tiles of 512-bit vectors, on whatever vectors this processor has.
    struct WideTiles<'a>(Product<'a, Rows<'a>>);

    impl WithSimd for WideTiles<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            match S::F32_LANES {
                16 => self.run::<S, 1>(simd),
                8 => self.run::<S, 2>(simd),
                4 => self.run::<S, 4>(simd),
                _ => self.run::<S, PANEL>(simd),
            }
        }
    }

    impl WideTiles<'_> {
        #[inline(always)]
        fn run<S: Simd, const VECS: usize>(mut self, simd: S) {
            let Product { n_rows, n_in, n_out, .. } = self.0;
            let mut part = Part { rows: 0..n_rows, panels: 0..n_out.div_ceil(PANEL), first: 0, depth: n_in };
            self.0.tiles::<S, 8, 2, VECS>(simd, &mut part);
            self.0.tiles::<S, 4, 2, VECS>(simd, &mut part);
            self.0.tiles::<S, 2, 4, VECS>(simd, &mut part);
            self.0.tiles::<S, 1, 4, VECS>(simd, &mut part);
        }
    }

    #[test]
    fn tiles_of_every_shape_give_the_same_bits() {
        let (n_rows, n_in, n_out) = (31, 75, 85);
        let (x, bias) = (numbers(n_rows * n_in, 1), numbers(n_out, 3));
        let linear = PackedLinear::new(&numbers(n_in * n_out, 2), bias, n_in);
        let (mut expected, mut out) = (vec![f32::NAN; n_rows * n_out], vec![f32::NAN; n_rows * n_out]);
        linear.apply(&x, &mut expected);
        Arch::new().dispatch(WideTiles(Product {
            x: Rows { data: &x, stride: n_in },
            panels: &linear.panels,
            n_in,
            out: &mut out,
            out_stride: n_out,
            n_rows,
            n_out,
            onto: Onto::Row(&linear.bias),
        }));
        assert_eq!(out, expected);
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
