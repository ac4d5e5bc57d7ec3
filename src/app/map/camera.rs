//! Which part of the map is seen, independent of the size of the tile.

use eframe::egui::{self, Pos2, Rect, pos2};

use crate::app::data::RowSet;
use crate::app::picture::Camera;
use crate::render::{self, Camera2d};

/// The camera that shows every finite place with a margin; the unit square when there is none.
pub fn home(places: &[[f32; 2]]) -> Camera {
    home_of(places.iter().copied())
}

/// As [`home`], for places from several lists.
pub fn home_of(places: impl Iterator<Item = [f32; 2]>) -> Camera {
    around(places).unwrap_or(Camera { centre: [0.0, 0.0], span: 2.0 })
}

/// The camera that shows the given rows; none when they are none.
pub fn camera_around(places: &[[f32; 2]], rows: &RowSet) -> Option<Camera> {
    around(rows.iter().filter_map(|row| places.get(row).copied()))
}

fn around(places: impl Iterator<Item = [f32; 2]>) -> Option<Camera> {
    let mut corners: Option<[[f32; 2]; 2]> = None;
    for place in places.filter(|place| place.iter().all(|v| v.is_finite())) {
        let [low, high] = corners.unwrap_or([place, place]);
        corners = Some([[0, 1].map(|k| low[k].min(place[k])), [0, 1].map(|k| high[k].max(place[k]))]);
    }
    let [low, high] = corners?;
    let extent = (high[0] - low[0]).max(high[1] - low[1]);
    // A single place has no extent: it is shown with some room around it.
    let span = if extent > 0.0 { extent * 1.1 } else { 0.1 };
    Some(Camera { centre: [0, 1].map(|k| f32::midpoint(low[k], high[k])), span })
}

/// A camera over a tile.
#[derive(Debug, Clone, Copy)]
pub struct Lens {
    rect: Rect,
    camera: Camera2d,
}

impl Lens {
    /// The camera seen through `rect`.
    pub fn new(camera: Camera, rect: Rect) -> Self {
        let side = rect.width().min(rect.height()).max(1.0);
        let camera = Camera2d {
            centre: camera.centre.map(f64::from),
            points_per_unit: f64::from(side) / f64::from(camera.span.max(f32::MIN_POSITIVE)),
        };
        Self { rect, camera }
    }

    /// The camera seen through `rect`, with what it frames in the part `free`.
    pub fn framing(camera: Camera, free: Rect, rect: Rect) -> Self {
        Self { rect, ..Self::new(camera, free) }.panned(free.center() - rect.center())
    }

    /// The camera, independent of the tile.
    pub fn camera(&self) -> Camera {
        let side = f64::from(self.rect.width().min(self.rect.height()).max(1.0));
        Camera { centre: self.camera.centre.map(|c| c as f32), span: (side / self.camera.points_per_unit) as f32 }
    }

    /// The camera as the renderer takes it.
    pub fn render_camera(&self) -> render::Camera {
        render::Camera::Plane(self.camera)
    }

    /// Points of the screen for one unit of the map.
    pub fn points_per_unit(&self) -> f32 {
        self.camera.points_per_unit as f32
    }

    fn size(&self) -> [f64; 2] {
        [f64::from(self.rect.width()), f64::from(self.rect.height())]
    }

    /// Where a place of the map is on the screen.
    pub fn screen(&self, place: [f32; 2]) -> Pos2 {
        let [x, y] = self.camera.screen_from_world(place.map(f64::from), self.size());
        pos2(self.rect.left() + x as f32, self.rect.top() + y as f32)
    }

    /// Which place of the map is at a place of the screen.
    pub fn world(&self, at: Pos2) -> [f32; 2] {
        let at = at - self.rect.min;
        self.camera.world_from_screen([f64::from(at.x), f64::from(at.y)], self.size()).map(|v| v as f32)
    }

    /// Moved by a drag.
    pub fn panned(&self, delta: egui::Vec2) -> Self {
        Self { camera: self.camera.panned([f64::from(delta.x), f64::from(delta.y)]), ..*self }
    }

    /// Magnified towards the pointer.
    pub fn zoomed(&self, factor: f32, pointer: Pos2) -> Self {
        let at = pointer - self.rect.min;
        let camera = self.camera.zoomed(f64::from(factor), [f64::from(at.x), f64::from(at.y)], self.size());
        Self { camera, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screen_and_map_are_inverse_and_the_pointer_holds_its_place() {
        let rect = Rect::from_min_size(pos2(40.0, 30.0), egui::vec2(640.0, 400.0));
        let camera = home(&[[-3.0, 1.0], [5.0, 2.0], [f32::NAN, 9.0]]);
        let lens = Lens::new(camera, rect);
        for place in [[-3.0, 1.0], [5.0, 2.0], [0.3, 1.7]] {
            assert!(rect.contains(lens.screen(place)), "{place:?} is not seen");
            let back = lens.world(lens.screen(place));
            assert!(
                (back[0] - place[0]).abs() < 1e-4 && (back[1] - place[1]).abs() < 1e-4,
                "{back:?} is not {place:?}"
            );
        }
        let free = Rect::from_min_max(rect.min, pos2(rect.right(), rect.bottom() - 120.0));
        for place in [[-3.0, 1.0], [5.0, 2.0]] {
            let at = Lens::framing(camera, free, rect).screen(place);
            assert!(free.contains(at), "{place:?} is at {at:?}, not in {free:?}");
        }
        let pointer = pos2(200.0, 100.0);
        let held = lens.world(pointer);
        let near = lens.zoomed(3.0, pointer);
        assert!((near.screen(held) - pointer).length() < 1e-2);
        assert!((near.camera().span * 3.0 - camera.span).abs() < 1e-4);
    }
}
