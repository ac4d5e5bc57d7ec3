//! From the world of a map to the screen: a plane seen from above, or space seen from a turning point of view.
//!
//! Screen places are in points from the upper left corner, y down. World coordinates are those of the map, y up.

use serde::{Deserialize, Serialize};

/// How close and how far the map can be zoomed, relative to the frame that shows all of it.
const ZOOM_RANGE: [f64; 2] = [1e-6, 1e9];

/// A plane seen from above.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Camera2d {
    /// The world place in the middle of the screen.
    pub centre: [f64; 2],
    /// Points on the screen for one unit of the world; > 0.
    pub points_per_unit: f64,
}

impl Camera2d {
    /// Shows `corners` (lower left, upper right) with `margin` points around them.
    pub fn framing(corners: [[f64; 2]; 2], size: [f64; 2], margin: f64) -> Self {
        let centre = [0, 1].map(|k| f64::midpoint(corners[0][k], corners[1][k]));
        let fits = [0, 1].map(|k| {
            let room = (size[k] - 2.0 * margin).max(0.25 * size[k]);
            room / (corners[1][k] - corners[0][k]).max(0.0)
        });
        let scale = fits[0].min(fits[1]);
        // A single point, or none, has no extent: one unit then fills the frame.
        let points_per_unit = if scale.is_finite() && scale > 0.0 { scale } else { 0.5 * size[0].min(size[1]) };
        let centre = centre.map(|c| if c.is_finite() { c } else { 0.0 });
        Self { centre, points_per_unit: points_per_unit.max(f64::MIN_POSITIVE) }
    }

    /// Where a world place is on the screen.
    pub fn screen_from_world(&self, [x, y]: [f64; 2], size: [f64; 2]) -> [f64; 2] {
        [
            0.5 * size[0] + (x - self.centre[0]) * self.points_per_unit,
            0.5 * size[1] - (y - self.centre[1]) * self.points_per_unit,
        ]
    }

    /// Which world place is at a place of the screen.
    pub fn world_from_screen(&self, [x, y]: [f64; 2], size: [f64; 2]) -> [f64; 2] {
        [
            self.centre[0] + (x - 0.5 * size[0]) / self.points_per_unit,
            self.centre[1] - (y - 0.5 * size[1]) / self.points_per_unit,
        ]
    }

    /// Moved so that what was under the pointer stays under it after a drag by `delta` points.
    #[must_use]
    pub fn panned(self, delta: [f64; 2]) -> Self {
        let scale = self.points_per_unit;
        Self { centre: [self.centre[0] - delta[0] / scale, self.centre[1] + delta[1] / scale], ..self }
    }

    /// Magnified by `factor`, the world place under `pointer` staying where it is.
    #[must_use]
    pub fn zoomed(self, factor: f64, pointer: [f64; 2], size: [f64; 2]) -> Self {
        if !(factor.is_finite() && factor > 0.0) {
            return self;
        }
        let held = self.world_from_screen(pointer, size);
        let points_per_unit = (self.points_per_unit * factor).clamp(ZOOM_RANGE[0], ZOOM_RANGE[1]);
        let centre = [
            held[0] - (pointer[0] - 0.5 * size[0]) / points_per_unit,
            held[1] + (pointer[1] - 0.5 * size[1]) / points_per_unit,
        ];
        Self { centre, points_per_unit }
    }

    /// Lower left and upper right world corner of what is seen.
    pub fn seen(&self, size: [f64; 2]) -> [[f64; 2]; 2] {
        [self.world_from_screen([0.0, size[1]], size), self.world_from_screen([size[0], 0.0], size)]
    }
}

/// Space seen from a point of view that turns around a target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Camera3d {
    /// The world place that is looked at.
    pub target: [f64; 3],
    /// Turn around the vertical axis, radians.
    pub yaw: f64,
    /// Height above the horizon, radians, within ±π/2.
    pub pitch: f64,
    /// From the eye to the target, in units of the world; > 0.
    pub distance: f64,
    /// Vertical angle of view, radians.
    pub field_of_view: f64,
}

impl Camera3d {
    /// Shows the box between two corners from an angle.
    pub fn framing(corners: [[f64; 3]; 2], size: [f64; 2]) -> Self {
        let target = [0, 1, 2].map(|k| f64::midpoint(corners[0][k], corners[1][k]));
        let radius = 0.5 * [0, 1, 2].map(|k| (corners[1][k] - corners[0][k]).powi(2)).iter().sum::<f64>().sqrt();
        let radius = if radius.is_finite() && radius > 0.0 { radius } else { 1.0 };
        let field_of_view = 0.6;
        let narrow = (size[0] / size[1].max(1.0)).clamp(0.1, 1.0);
        let distance = radius / f64::sin(0.5 * field_of_view) / narrow;
        let target = target.map(|c| if c.is_finite() { c } else { 0.0 });
        Self { target, yaw: 0.7, pitch: 0.45, distance, field_of_view }
    }

    /// Turned by a drag of `delta` points over a screen of `size`.
    #[must_use]
    pub fn turned(self, delta: [f64; 2], size: [f64; 2]) -> Self {
        let turn = std::f64::consts::PI / size[1].max(1.0);
        let limit = 0.499 * std::f64::consts::PI;
        let pitch = (self.pitch + delta[1] * turn).clamp(-limit, limit);
        Self { yaw: (self.yaw - delta[0] * turn) % std::f64::consts::TAU, pitch, ..self }
    }

    /// Moved along the screen by a drag of `delta` points.
    #[must_use]
    pub fn panned(self, delta: [f64; 2], size: [f64; 2]) -> Self {
        let unit = 2.0 * self.distance * (0.5 * self.field_of_view).tan() / size[1].max(1.0);
        let [right, up, _] = self.axes();
        let target = [0, 1, 2].map(|k| self.target[k] + unit * (delta[1] * up[k] - delta[0] * right[k]));
        Self { target, ..self }
    }

    /// Nearer by `factor`; the place under `pointer` at the depth of the target stays where it is.
    #[must_use]
    pub fn zoomed(self, factor: f64, pointer: [f64; 2], size: [f64; 2]) -> Self {
        if !(factor.is_finite() && factor > 0.0) {
            return self;
        }
        let from_middle = [pointer[0] - 0.5 * size[0], pointer[1] - 0.5 * size[1]];
        let distance = (self.distance / factor).clamp(1e-9, 1e12);
        let before = self.panned(from_middle.map(|v| -v), size);
        Self { distance, ..before }.panned(from_middle, size)
    }

    /// Right, up and backward (from target to eye) unit vectors of the view.
    fn axes(&self) -> [[f64; 3]; 3] {
        let (sy, cy) = self.yaw.sin_cos();
        let (sp, cp) = self.pitch.sin_cos();
        let back = [cp * sy, -cp * cy, sp]; // z is up
        let right = [cy, sy, 0.0];
        let up = [-sp * sy, sp * cy, cp];
        [right, up, back]
    }
}

/// Either kind of view.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Camera {
    /// A plane from above; a third coordinate is not seen.
    Plane(Camera2d),
    /// Space.
    Space(Camera3d),
}

/// A 4 × 4 matrix, columns first, as shaders have it.
pub(crate) type Matrix = [[f32; 4]; 4];

impl Camera {
    /// Shows all of a box: from above if `flat`, else in space.
    pub fn framing(corners: [[f32; 3]; 2], flat: bool, size: [f64; 2]) -> Self {
        let corners = corners.map(|corner| corner.map(f64::from));
        if flat {
            Self::Plane(Camera2d::framing(corners.map(|[x, y, _]| [x, y]), size, 24.0))
        } else {
            Self::Space(Camera3d::framing(corners, size))
        }
    }

    /// Homogeneous clip coordinates (x right, y up, depth 0 to 1) from world places. w is 1 in a plane, the distance
    /// from the eye in space.
    pub(crate) fn clip_from_world(&self, size: [f64; 2]) -> Matrix {
        match self {
            Self::Plane(camera) => {
                let s = [0, 1].map(|k| 2.0 * camera.points_per_unit / size[k]);
                let columns = [
                    [s[0], 0.0, 0.0, 0.0],
                    [0.0, s[1], 0.0, 0.0],
                    [0.0, 0.0, 0.0, 0.0],
                    [-s[0] * camera.centre[0], -s[1] * camera.centre[1], 0.5, 1.0],
                ];
                columns.map(|column| column.map(|v| v as f32))
            }
            Self::Space(camera) => {
                let [right, up, back] = camera.axes();
                let eye = [0, 1, 2].map(|k| camera.target[k] + camera.distance * back[k]);
                let f = 1.0 / (0.5 * camera.field_of_view).tan();
                let (fx, fy) = (f * size[1] / size[0].max(1.0), f);
                let near = 0.01 * camera.distance;
                let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
                let column = |k: usize| [fx * right[k], fy * up[k], -back[k], -back[k]].map(|v| v as f32);
                let depth = dot(back, eye);
                let last = [-fx * dot(right, eye), -fy * dot(up, eye), depth - near, depth];
                [column(0), column(1), column(2), last.map(|v| v as f32)]
            }
        }
    }

    /// The distance at which sizes are as stated: 1 in a plane.
    pub(crate) fn reference_w(&self) -> f32 {
        match self {
            Self::Plane(_) => 1.0,
            Self::Space(camera) => camera.distance as f32,
        }
    }

    /// Where a world place is on the screen, in points; `None` behind the eye.
    pub fn screen_from_world(&self, place: [f32; 3], size: [f64; 2]) -> Option<[f64; 2]> {
        let clip = project(&self.clip_from_world(size), place);
        (clip[3] > 0.0).then(|| {
            let ndc = [clip[0] / clip[3], clip[1] / clip[3]].map(f64::from);
            [0.5 * size[0] * (1.0 + ndc[0]), 0.5 * size[1] * (1.0 - ndc[1])]
        })
    }

    /// Moved by a drag of `delta` points.
    #[must_use]
    pub fn panned(self, delta: [f64; 2], size: [f64; 2]) -> Self {
        match self {
            Self::Plane(camera) => Self::Plane(camera.panned(delta)),
            Self::Space(camera) => Self::Space(camera.panned(delta, size)),
        }
    }

    /// Magnified by `factor` towards the pointer.
    #[must_use]
    pub fn zoomed(self, factor: f64, pointer: [f64; 2], size: [f64; 2]) -> Self {
        match self {
            Self::Plane(camera) => Self::Plane(camera.zoomed(factor, pointer, size)),
            Self::Space(camera) => Self::Space(camera.zoomed(factor, pointer, size)),
        }
    }
}

/// `matrix` times (place, 1), summed in the order of the shaders.
pub(crate) fn project(matrix: &Matrix, [x, y, z]: [f32; 3]) -> [f32; 4] {
    [0, 1, 2, 3].map(|row| matrix[0][row] * x + matrix[1][row] * y + matrix[2][row] * z + matrix[3][row])
}

/// A camera on its way: each step covers the same part of what is left, so that motion begins at once and ends
/// gently, whatever the frame rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CameraMotion {
    /// Where it is.
    pub now: Camera,
    /// Where it goes.
    pub goal: Camera,
}

impl CameraMotion {
    /// How long half of the way takes.
    const HALF_LIFE_SECS: f64 = 0.045;

    /// A camera at rest.
    pub fn at(camera: Camera) -> Self {
        Self { now: camera, goal: camera }
    }

    /// Goes to `goal` from now on.
    pub fn go(&mut self, goal: Camera) {
        self.goal = goal;
        if std::mem::discriminant(&self.now) != std::mem::discriminant(&goal) {
            self.now = goal;
        }
    }

    /// Moves on by `seconds`; true while there is still way to go (ask for another frame then).
    pub fn advance(&mut self, seconds: f64) -> bool {
        if self.now == self.goal {
            return false;
        }
        let part = 1.0 - 0.5_f64.powf(seconds.max(0.0) / Self::HALF_LIFE_SECS);
        let mix = |a: f64, b: f64| a + part * (b - a);
        let (now, left) = match (self.now, self.goal) {
            (Camera::Plane(a), Camera::Plane(b)) => {
                // Interpolating 1/scale along with the centre keeps the place under the pointer fixed.
                let inverse = mix(1.0 / a.points_per_unit, 1.0 / b.points_per_unit);
                let centre = [0, 1].map(|k| mix(a.centre[k], b.centre[k]));
                let moved = Camera2d { centre, points_per_unit: 1.0 / inverse };
                let off = (b.points_per_unit * inverse - 1.0).abs();
                let shift = [0, 1].map(|k| (centre[k] - b.centre[k]).abs() * b.points_per_unit);
                (Camera::Plane(moved), off.max(0.01 * shift[0].max(shift[1])))
            }
            (Camera::Space(a), Camera::Space(b)) => {
                let moved = Camera3d {
                    target: [0, 1, 2].map(|k| mix(a.target[k], b.target[k])),
                    yaw: mix(a.yaw, b.yaw),
                    pitch: mix(a.pitch, b.pitch),
                    distance: mix(a.distance, b.distance),
                    field_of_view: mix(a.field_of_view, b.field_of_view),
                };
                let shift = [0, 1, 2].map(|k| (moved.target[k] - b.target[k]).abs() / b.distance);
                let turn = (moved.yaw - b.yaw).abs().max((moved.pitch - b.pitch).abs());
                let zoom = (moved.distance / b.distance - 1.0).abs();
                (Camera::Space(moved), shift.iter().fold(turn.max(zoom), |a, b| a.max(*b)))
            }
            _ => (self.goal, 0.0),
        };
        self.now = if left < 1e-3 { self.goal } else { now };
        self.now != self.goal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: [f64; 2] = [1280.0, 800.0];

    #[test]
    fn screen_and_world_are_inverse() {
        let camera = Camera2d::framing([[-3.0, 1.0], [5.0, 2.0]], SIZE, 20.0);
        for place in [[0.0, 0.0], [640.0, 400.0], [1280.0, 800.0], [17.0, 431.0]] {
            let back = camera.screen_from_world(camera.world_from_screen(place, SIZE), SIZE);
            assert!((back[0] - place[0]).abs() < 1e-9 && (back[1] - place[1]).abs() < 1e-9, "{place:?} {back:?}");
        }
        let left = camera.screen_from_world([-3.0, 1.5], SIZE);
        assert!((left[0] - 20.0).abs() < 1e-9 && (left[1] - 400.0).abs() < 1e-9, "{left:?}");
    }

    #[test]
    fn zoom_holds_what_is_under_the_pointer() {
        let plane = Camera::framing([[-1.0; 3], [1.0; 3]], true, SIZE);
        let space = Camera::framing([[-1.0; 3], [1.0; 3]], false, SIZE);
        let pointer = [300.0, 700.0];
        if let (Camera::Plane(before), Camera::Plane(after)) = (plane, plane.zoomed(7.5, pointer, SIZE)) {
            let held = before.world_from_screen(pointer, SIZE);
            let now = after.screen_from_world(held, SIZE);
            assert!((now[0] - 300.0).abs() < 1e-9 && (now[1] - 700.0).abs() < 1e-9, "{now:?}");
        }
        let Camera::Space(camera) = space else { panic!() };
        let under = camera.panned([640.0 - 300.0, 400.0 - 700.0], SIZE).target.map(|v| v as f32);
        let at = |camera: Camera| camera.screen_from_world(under, SIZE).unwrap();
        assert!((at(space)[0] - 300.0).abs() < 0.01 && (at(space)[1] - 700.0).abs() < 0.01, "{:?}", at(space));
        let after = at(space.zoomed(2.0, pointer, SIZE));
        assert!((after[0] - 300.0).abs() < 0.01 && (after[1] - 700.0).abs() < 0.01, "{after:?}");
    }

    #[test]
    fn space_is_right_handed_with_z_up() {
        let camera = Camera::framing([[-1.0; 3], [1.0; 3]], false, SIZE);
        let at = |p| camera.screen_from_world(p, SIZE).unwrap();
        let middle = at([0.0; 3]);
        assert!((middle[0] - 640.0).abs() < 1e-3 && (middle[1] - 400.0).abs() < 1e-3, "{middle:?}");
        assert!(at([0.0, 0.0, 1.0])[1] < middle[1], "z points up");
        assert!(at([1.0, 0.0, 0.0])[0] > middle[0], "x points right");
        for corner in 0..8 {
            let p = [0, 1, 2].map(|k| if corner >> k & 1 == 1 { 1.0 } else { -1.0 });
            let [x, y] = at(p);
            assert!((0.0..=SIZE[0]).contains(&x) && (0.0..=SIZE[1]).contains(&y), "{p:?} is outside: {x} {y}");
        }
    }

    #[test]
    fn motion_arrives_and_stops() {
        let from = Camera::framing([[-1.0; 3], [1.0; 3]], true, SIZE);
        let mut motion = CameraMotion::at(from);
        assert!(!motion.advance(0.016));
        motion.go(from.zoomed(8.0, [100.0, 100.0], SIZE));
        let mut n_frames = 0;
        while motion.advance(1.0 / 60.0) {
            n_frames += 1;
            assert!(n_frames < 60, "a second is enough");
        }
        assert_eq!(motion.now, motion.goal);
        assert!(n_frames > 5, "it is seen moving");
    }

    #[test]
    fn nothing_to_frame_still_gives_a_camera() {
        for corners in [[[f64::INFINITY; 2], [f64::NEG_INFINITY; 2]], [[2.0; 2], [2.0; 2]], [[f64::NAN; 2]; 2]] {
            let camera = Camera2d::framing(corners, SIZE, 10.0);
            assert!(camera.points_per_unit > 0.0 && camera.points_per_unit.is_finite(), "{camera:?}");
            assert!(camera.centre.iter().all(|c| c.is_finite()), "{camera:?}");
        }
    }
}
