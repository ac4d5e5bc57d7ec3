//! Twin of `shaders/common/frame.wgsl`.

use crate::render::camera::{Camera, Matrix, project};
use crate::render::viewport::Viewport;
use bytemuck::{Pod, Zeroable};

/// The camera and the picture of one frame; laid out as the shaders' `Frame`.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Frame {
    pub clip_from_world: Matrix,
    pub size_px: [f32; 2],
    pub px_per_point: f32,
    pub reference_w: f32,
    pub depth_fade: f32,
    pub padding: [f32; 3],
}

const _: () = assert!(size_of::<Frame>() == 96);

impl Frame {
    pub fn new(camera: &Camera, viewport: Viewport) -> Self {
        Self {
            clip_from_world: camera.clip_from_world(viewport.size()),
            size_px: viewport.size_px.map(|n| n as f32),
            px_per_point: viewport.px_per_point,
            reference_w: camera.reference_w(),
            depth_fade: f32::from(u8::from(matches!(camera, Camera::Space(_)))),
            padding: [0.0; 3],
        }
    }

    /// The w below which nothing is drawn.
    pub fn near(&self) -> f32 {
        0.01 * self.reference_w
    }

    pub fn clip(&self, place: [f32; 3]) -> [f32; 4] {
        project(&self.clip_from_world, place)
    }

    pub fn px_from_clip(&self, clip: [f32; 4]) -> [f32; 2] {
        let ndc = [clip[0] / clip[3], clip[1] / clip[3]];
        [(0.5 + 0.5 * ndc[0]) * self.size_px[0], (0.5 - 0.5 * ndc[1]) * self.size_px[1]]
    }

    pub fn depth_factor(&self, w: f32) -> f32 {
        1.0 - self.depth_fade * 0.65 * ((w / self.reference_w - 0.7) / 0.6).clamp(0.0, 1.0)
    }

    /// The pixels of one axis whose centres lie within `reach` of `centre`, as a range that is empty outside.
    pub fn pixels(&self, axis: usize, low: f32, high: f32) -> std::ops::Range<usize> {
        let last = self.size_px[axis];
        let from = (low - 0.5).ceil().clamp(0.0, last);
        let to = ((high - 0.5).floor() + 1.0).clamp(from, last);
        from as usize..to as usize
    }
}
