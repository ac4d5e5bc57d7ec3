//! Matrix products on slices: packed on the way, or with a matrix that many products share.
//!
//! Everything sums in an order that depends on the shapes alone.

use std::cell::RefCell;

use pulp::Arch;
use rayon::prelude::*;

pub use crate::model::engine::gemm::Onto;
use crate::model::engine::gemm::{Line, PANEL, Product, ROWS, RowPanels, Rows};

/// A row-major matrix inside a slice; rows are `stride` apart.
#[derive(Clone, Copy)]
pub struct View<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    stride: usize,
}

impl<'a> View<'a> {
    /// All of `data` as rows of `columns`.
    pub fn new(data: &'a [f32], columns: usize) -> Self {
        Self { data, rows: data.len() / columns, columns, stride: columns }
    }

    /// `columns` columns of each row, the rows `stride` apart; `data` starts at the first element.
    pub fn strided(data: &'a [f32], rows: usize, columns: usize, stride: usize) -> Self {
        Self { data: &data[..(rows - 1) * stride + columns], rows, columns, stride }
    }

    /// Rows from `first`, at most `n`.
    fn rows(self, first: usize, n: usize) -> Self {
        let rows = n.min(self.rows - first);
        Self::strided(&self.data[first * self.stride..], rows, self.columns, self.stride)
    }

    /// Columns from `first`, at most `n`.
    fn columns(self, first: usize, n: usize) -> Self {
        let columns = n.min(self.columns - first);
        Self::strided(&self.data[first..], self.rows, columns, self.stride)
    }

    fn row(&self, r: usize) -> &'a [f32] {
        &self.data[r * self.stride..][..self.columns]
    }
}

/// Which operand of a product is transposed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Transposed {
    /// A B.
    None,
    /// A Bᵀ.
    Second,
    /// Aᵀ B.
    First,
}

/// Terms that are summed before the second operand is packed anew: what is packed stays in the cache.
const DEPTH: usize = 512;

thread_local! {
    static SCRATCH: RefCell<(Vec<Line>, Vec<[f32; ROWS]>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

/// out = A B (with the transposition given), or out += A B.
///
/// * `out` – starts at the first element; rows `out_stride` apart
pub fn product(out: &mut [f32], out_stride: usize, add: bool, a: View, b: View, transposed: Transposed) {
    let (n_rows, depth, n_out) = match transposed {
        Transposed::None => (a.rows, a.columns, b.columns),
        Transposed::Second => (a.rows, a.columns, b.rows),
        Transposed::First => (a.columns, a.rows, b.columns),
    };
    SCRATCH.with_borrow_mut(|(panels, turned)| {
        for first in (0..depth).step_by(DEPTH) {
            let (a, b) = match transposed {
                Transposed::None => (a.columns(first, DEPTH), b.rows(first, DEPTH)),
                Transposed::Second => (a.columns(first, DEPTH), b.columns(first, DEPTH)),
                Transposed::First => (a.rows(first, DEPTH), b.rows(first, DEPTH)),
            };
            let n_in = DEPTH.min(depth - first);
            panels.resize(n_out.div_ceil(PANEL) * n_in, Line::default());
            for (p, panel) in panels.chunks_exact_mut(n_in).enumerate() {
                pack(b, p, transposed == Transposed::Second, panel);
            }
            let onto = if add || first > 0 { Onto::Output } else { Onto::Zero };
            if transposed == Transposed::First {
                turned.resize(n_rows.div_ceil(ROWS) * n_in, [0.0; ROWS]);
                for (p, panel) in turned.chunks_exact_mut(n_in).enumerate() {
                    copy_columns(a.columns(p * ROWS, ROWS), panel.iter_mut());
                }
                let x = RowPanels(turned);
                Arch::new().dispatch(Product { x, panels, n_in, out, out_stride, n_rows, n_out, onto });
            } else {
                let x = Rows { data: a.data, stride: a.stride };
                Arch::new().dispatch(Product { x, panels, n_in, out, out_stride, n_rows, n_out, onto });
            }
        }
    });
}

/// Packs panel `p` of B, or of Bᵀ. The last panel is filled up with zeros.
fn pack(b: View, p: usize, transposed: bool, panel: &mut [Line]) {
    if transposed {
        copy_turned(b.rows(p * PANEL, PANEL), panel);
    } else {
        copy_columns(b.columns(p * PANEL, PANEL), panel.iter_mut().map(|line| &mut line.0));
    }
}

/// Writes each row to a line of `W` values, filled up with zeros.
fn copy_columns<'a, const W: usize>(a: View, lines: impl Iterator<Item = &'a mut [f32; W]>) {
    for (r, line) in lines.enumerate() {
        let row = a.row(r);
        if let Some(row) = row.first_chunk() {
            *line = *row;
        } else {
            line[..row.len()].copy_from_slice(row);
            line[row.len()..].fill(0.0);
        }
    }
}

/// Writes each of at most [`PANEL`] rows to a place in all lines, in squares that are read and written along their rows.
fn copy_turned(a: View, lines: &mut [Line]) {
    const SIDE: usize = 16;
    let (rows, columns) = (a.rows / SIDE * SIDE, a.columns / SIDE * SIDE);
    for r in (0..rows).step_by(SIDE) {
        for c in (0..columns).step_by(SIDE) {
            let square: [&[f32; SIDE]; SIDE] =
                std::array::from_fn(|j| a.row(r + j)[c..].first_chunk().expect("a row of a square"));
            for (k, line) in lines[c..c + SIDE].iter_mut().enumerate() {
                let line: &mut [f32; SIDE] = line.0[r..].first_chunk_mut().expect("a row of a turned square");
                for j in 0..SIDE {
                    line[j] = square[j][k];
                }
            }
        }
    }
    for r in 0..a.rows {
        let first = if r < rows { columns } else { 0 };
        for (line, &value) in lines[first..].iter_mut().zip(&a.row(r)[first..]) {
            line.0[r] = value;
        }
    }
    if a.rows < PANEL {
        lines.iter_mut().for_each(|line| line.0[a.rows..].fill(0.0));
    }
}

/// A weight matrix in panels, for products that share it.
pub struct Packed {
    panels: Vec<Line>,
    n_in: usize,
    n_out: usize,
}

impl Packed {
    /// Packs `weight` `(n_out, n_in)` for dy W, or its transpose for x Wᵀ, on this thread.
    pub fn new(weight: &[f32], n_in: usize, transposed: bool) -> Self {
        let (view, mut packed) = Self::empty(weight, n_in, transposed);
        for (p, panel) in packed.panels.chunks_exact_mut(packed.n_in).enumerate() {
            pack(view, p, transposed, panel);
        }
        packed
    }

    /// As [`Packed::new`] on all threads.
    pub fn side_by_side(weight: &[f32], n_in: usize, transposed: bool) -> Self {
        let (view, mut packed) = Self::empty(weight, n_in, transposed);
        let panels = packed.panels.par_chunks_exact_mut(packed.n_in).enumerate();
        panels.for_each(|(p, panel)| pack(view, p, transposed, panel));
        packed
    }

    fn empty(weight: &[f32], n_in: usize, transposed: bool) -> (View<'_>, Self) {
        let view = View::new(weight, n_in);
        let (n_in, n_out) = if transposed { (n_in, view.rows) } else { (view.rows, n_in) };
        (view, Self { panels: vec![Line::default(); n_out.div_ceil(PANEL) * n_in], n_in, n_out })
    }

    /// out = x times the packed matrix, added to what `onto` says.
    pub fn multiply(&self, x: &[f32], out: &mut [f32], onto: Onto) {
        let Self { panels, n_in, n_out } = self;
        let (n_in, n_out) = (*n_in, *n_out);
        let (n_rows, x) = (x.len() / n_in, Rows { data: x, stride: n_in });
        Arch::new().dispatch(Product { x, panels, n_in, out, out_stride: n_out, n_rows, n_out, onto });
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

    /// Aᵀ of a matrix of `columns`.
    fn turned(a: &[f32], columns: usize) -> Vec<f32> {
        (0..columns).flat_map(|c| a.iter().skip(c).step_by(columns).copied()).collect()
    }

    #[test]
    fn products_are_the_sums_they_stand_for() {
        for (rows, depth, n_out) in [(1, 1, 1), (5, 3, 33), (8, 16, 32), (67, 40, 70), (13, 1030, 31), (130, 513, 17)] {
            let (a, b) = (numbers(rows * depth, 1), numbers(depth * n_out, 2));
            let (a_turned, b_turned) = (turned(&a, depth), turned(&b, n_out));
            let term = |k: usize, i: usize| f64::from(a[k / n_out * depth + i]) * f64::from(b[i * n_out + k % n_out]);
            let exact: Vec<f64> = (0..rows * n_out).map(|k| (0..depth).map(|i| term(k, i)).sum()).collect();
            for (transposed, a, b) in [
                (Transposed::None, View::new(&a, depth), View::new(&b, n_out)),
                (Transposed::Second, View::new(&a, depth), View::new(&b_turned, depth)),
                (Transposed::First, View::new(&a_turned, rows), View::new(&b, n_out)),
            ] {
                // Rows of the result lie apart; what is between them is left alone.
                let stride = n_out + 3;
                let mut out = vec![f32::NAN; rows * stride];
                product(&mut out, stride, false, a, b, transposed);
                product(&mut out, stride, true, a, b, transposed);
                for (k, exact) in exact.iter().enumerate() {
                    let found = f64::from(out[k / n_out * stride + k % n_out]);
                    let bound = 4e-5 * (depth as f64).sqrt();
                    assert!((found - 2.0 * exact).abs() < bound, "{rows} {depth} {n_out}: {found} for {exact}");
                }
                assert!(out.chunks(stride).all(|row| row[n_out..].iter().all(|x| x.is_nan())));
            }
        }
    }

    #[test]
    fn a_packed_matrix_gives_the_product() {
        let (rows, n_in, n_out) = (9, 45, 67);
        let (x, dy, weight) = (numbers(rows * n_in, 1), numbers(rows * n_out, 2), numbers(n_out * n_in, 3));
        let (mut expected, mut found) = (vec![0.0; rows * n_out], vec![f32::NAN; rows * n_out]);
        product(&mut expected, n_out, false, View::new(&x, n_in), View::new(&weight, n_in), Transposed::Second);
        Packed::new(&weight, n_in, true).multiply(&x, &mut found, Onto::Zero);
        assert_eq!(found, expected);
        let (mut expected, mut found) = (vec![0.0; rows * n_in], vec![f32::NAN; rows * n_in]);
        product(&mut expected, n_in, false, View::new(&dy, n_out), View::new(&weight, n_in), Transposed::None);
        Packed::side_by_side(&weight, n_in, false).multiply(&dy, &mut found, Onto::Zero);
        assert_eq!(found, expected);
    }
}
