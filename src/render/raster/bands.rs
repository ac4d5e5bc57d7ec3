//! Shapes on a picture, drawn in bands of rows side by side; within a band in their order, so that the result does not depend
//! on the number of threads.

use std::ops::Range;

use rayon::prelude::*;

use super::picture::Picture;

/// Rows of a band.
const BAND_ROWS: usize = 32;

/// Rows of a picture that one thread draws into.
pub(super) struct Band<'a> {
    rows: Range<usize>,
    width: usize,
    rgba: &'a mut [u8],
}

impl Band<'_> {
    /// Those of the rows that lie in the band.
    pub fn within(&self, rows: &Range<usize>) -> Range<usize> {
        rows.start.max(self.rows.start)..rows.end.min(self.rows.end)
    }

    /// The pixels of a row of the band.
    pub fn row(&mut self, y: usize) -> &mut [[u8; 4]] {
        let first = 4 * (y - self.rows.start) * self.width;
        self.rgba[first..first + 4 * self.width].as_chunks_mut::<4>().0
    }
}

/// Draws shapes one over the other.
///
/// * `rows` – the rows of the picture that a shape can reach
/// * `draw` – draws the part of a shape that lies in a band
pub(super) fn draw_shapes<T: Sync>(
    picture: &mut Picture,
    shapes: &[T],
    rows: impl Fn(&T) -> Range<usize> + Sync,
    draw: impl Fn(&mut Band, &T) + Sync,
) {
    let width = picture.size[0] as usize;
    if shapes.is_empty() || width == 0 {
        return;
    }
    picture.rgba.par_chunks_mut(4 * width * BAND_ROWS).enumerate().for_each(|(k, rgba)| {
        let first = k * BAND_ROWS;
        let mut band = Band { rows: first..first + rgba.len() / (4 * width), width, rgba };
        for shape in shapes {
            if !band.within(&rows(shape)).is_empty() {
                draw(&mut band, shape);
            }
        }
    });
}
