//! Pixels.

use crate::render::theme::Rgba;

/// An image: 8 bits a channel, rows from the top, opaque where a background was drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// Red, green, blue and opacity of each pixel, row by row.
    pub rgba: Vec<u8>,
}

/// Red, green and blue already multiplied by the opacity, all in 0 to 1.
pub(super) type Premultiplied = [f32; 4];

impl Picture {
    /// A picture in one colour.
    pub fn filled(size: [u32; 2], colour: Rgba) -> Self {
        let n_pixels = size[0] as usize * size[1] as usize;
        Self { size, rgba: colour.repeat(n_pixels) }
    }

    /// The pixel of a column and a row.
    pub fn pixel(&self, x: usize, y: usize) -> Rgba {
        let at = 4 * (y * self.size[0] as usize + x);
        [0, 1, 2, 3].map(|k| self.rgba[at + k])
    }

    /// Copies another picture into this one, its corner at `at`; what lies outside is cut off.
    pub fn put(&mut self, other: &Self, at: [u32; 2]) {
        let width = other.size[0].min(self.size[0].saturating_sub(at[0])) as usize;
        let height = other.size[1].min(self.size[1].saturating_sub(at[1])) as usize;
        for row in 0..height {
            let from = 4 * row * other.size[0] as usize;
            let to = 4 * ((at[1] as usize + row) * self.size[0] as usize + at[0] as usize);
            self.rgba[to..to + 4 * width].copy_from_slice(&other.rgba[from..from + 4 * width]);
        }
    }

    /// Number of pixels that differ from `other` by more than `tolerance` in some channel, and the largest difference.
    pub fn difference(&self, other: &Self, tolerance: u8) -> (usize, u8) {
        assert_eq!(self.size, other.size, "pictures of one size can be compared");
        let (a, b) = (self.rgba.as_chunks::<4>().0, other.rgba.as_chunks::<4>().0);
        let of_pixel = |(a, b): (&Rgba, &Rgba)| a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0);
        let differences = a.iter().zip(b).map(of_pixel);
        differences.fold((0, 0), |(n, most), d| (n + usize::from(d > tolerance), most.max(d)))
    }
}

/// Puts a colour over a pixel.
pub(crate) fn over(pixel: &mut [u8], colour: Premultiplied) {
    let rest = 1.0 - colour[3];
    for (channel, add) in pixel.iter_mut().zip(colour) {
        let mixed = 255.0 * add + rest * f32::from(*channel);
        *channel = (mixed + 0.5).clamp(0.0, 255.0) as u8;
    }
}

/// A colour over another one.
pub(crate) fn mixed_over(top: Premultiplied, below: Premultiplied) -> Premultiplied {
    let rest = 1.0 - top[3];
    [0, 1, 2, 3].map(|k| top[k] + rest * below[k])
}

/// A colour at a part of its opacity.
pub(crate) fn premultiplied([r, g, b, a]: Rgba, coverage: f32) -> Premultiplied {
    let opacity = f32::from(a) / 255.0 * coverage;
    let part = |c: u8| f32::from(c) / 255.0 * opacity;
    [part(r), part(g), part(b), opacity]
}
