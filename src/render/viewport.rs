//! The pixels that a picture covers.

/// Size of a picture. Lengths in a scene (radii, widths, text) are in points, one of which is `px_per_point` pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Viewport {
    /// Width and height in pixels, each at least 1.
    pub size_px: [u32; 2],
    /// Pixels a point; 1 on an ordinary screen, 2 on a dense one.
    pub px_per_point: f32,
}

impl Viewport {
    /// A picture of this many pixels at one pixel a point.
    pub fn pixels(width: u32, height: u32) -> Self {
        Self { size_px: [width.max(1), height.max(1)], px_per_point: 1.0 }
    }

    /// Width and height in points.
    pub fn size(&self) -> [f64; 2] {
        self.size_px.map(|n| f64::from(n) / f64::from(self.px_per_point))
    }
}
