//! The map in space: the same dots and network from a point of view that turns, with the same tools.

use std::sync::Arc;

use eframe::egui::{self, Align2, CursorIcon, FontId, Painter, Pos2, Rect, Stroke, Ui, pos2, vec2};

use super::{Drag, MapPanel, click, hover, legend, minima, note_ui, overlay};
use crate::app::action::{PictureAction, Tool};
use crate::app::data::{DataSet, MapPlaces, RowSet};
use crate::app::picture::Layer;
use crate::app::shell::operation;
use crate::app::widgets::View;
use crate::render::figure::scene_corners;
use crate::render::{
    Area, Camera, Camera3d, CameraMotion, Positions, Scene, inside_on_screen, paint_map, pick_on_screen,
};

/// How near the pointer must be to a dot, in points.
const PICK_RADIUS: f64 = 8.0;
/// How near it must be to a minimum.
const MINIMUM_RADIUS: f64 = 7.0;
/// Length of the axes in the corner, in points.
const AXIS: f32 = 26.0;

/// The view of everything in a scene from the usual angle.
pub fn whole(scene: &Scene, size: [f64; 2]) -> Camera3d {
    Camera3d::framing(scene_corners(scene).map(|corner| corner.map(f64::from)), size)
}

/// The camera over a tile.
#[derive(Debug, Clone, Copy)]
struct Sight {
    camera: Camera,
    rect: Rect,
}

impl Sight {
    fn size(&self) -> [f64; 2] {
        [f64::from(self.rect.width()), f64::from(self.rect.height())]
    }

    /// Where a place of space is on the screen; none behind the eye, or where it is not known.
    fn screen(&self, place: [f32; 3]) -> Option<Pos2> {
        let [x, y] = self.camera.screen_from_world(place, self.size())?;
        (x.is_finite() && y.is_finite()).then(|| self.rect.min + vec2(x as f32, y as f32))
    }

    /// A place of the screen in points of the tile.
    fn inside(&self, at: Pos2) -> [f64; 2] {
        let at = at - self.rect.min;
        [f64::from(at.x), f64::from(at.y)]
    }

    /// Where a place of the tile is on the screen.
    fn of_tile(&self, [x, y]: [f32; 2]) -> Pos2 {
        self.rect.min + vec2(x, y)
    }

    fn nearest(&self, places: &[[f32; 3]], at: Pos2, reach: f64, passes: impl Fn(u32) -> bool + Sync) -> Option<u32> {
        pick_on_screen(places, &self.camera, self.size(), self.inside(at), reach, passes)
    }
}

impl MapPanel {
    /// Draws the map in space.
    pub(super) fn space_ui(
        &mut self,
        ui: &mut Ui,
        view: &mut View,
        data: &DataSet,
        map: &MapPlaces,
        response: &egui::Response,
    ) {
        let rect = response.rect;
        self.cache.arrive();
        let (scene, legends) = self.cache.scene(view.state, &view.palette, data, map, 1.0);
        let wanted = view.state.picture.orbit;
        let wanted = wanted.unwrap_or_else(|| whole(&scene, [f64::from(rect.width()), f64::from(rect.height())]));
        let sight = Sight { camera: self.glide_in_space(ui, view, Camera::Space(wanted)), rect };
        let positions = self.cache.in_space(map);
        let glyphs = scene.glyphs.as_ref().map(|layer| layer.glyphs.clone());
        let painter = ui.painter().with_clip_rect(rect);
        painter.rect_filled(rect, 0.0, view.palette.canvas);
        painter.add(paint_map(rect, 1, Arc::new(scene), sight.camera, &self.report));
        if let Some(error) = self.report.get().error {
            painter.text(rect.center(), Align2::CENTER_CENTER, error, FontId::proportional(13.0), view.palette.danger);
        }
        let row_at = |view: &View, at: Pos2| {
            let passes = |row: u32| view.state.picture.passes(row as usize);
            sight.nearest(&positions, at, PICK_RADIUS, passes).map(|row| row as usize)
        };
        let network = view.state.study.as_ref().and_then(|study| study.network_on_map.clone());
        let minimum_at = |at: Pos2| {
            // Minima stand first among the glyphs, in their own order.
            let network = network.as_ref()?;
            let places: Vec<[f32; 3]> =
                glyphs.as_ref()?.iter().take(network.minima.len()).map(|glyph| glyph.place).collect();
            let found = sight.nearest(&places, at, MINIMUM_RADIUS, |_| true)?;
            Some(network.minima.get(found as usize)?.id)
        };
        let still = self.drag.is_none();
        hover(response, view, |view, at| if still { row_at(view, at) } else { None });
        self.tools_in_space(ui, response, view, sight, wanted, &positions);
        if !minima::follow(ui, response, view, &minimum_at) {
            click(ui, response, view, row_at);
        }
        overlay::ui(ui, &painter, view, &|place| sight.screen(place));
        if let Some(drag) = &self.drag {
            drag.paint(&painter, view, |place| sight.of_tile(place));
        }
        axes_ui(&painter, view, map, sight, wanted);
        legend::ui(ui, &view.palette, rect, &legends);
        let hidden = [Layer::Heatmap, Layer::Density].iter().any(|layer| view.state.picture.shows(*layer));
        let more = if hidden { " · heatmap and density: not in 3-D" } else { "" };
        note_ui(ui, view, map, more, rect);
        if view.state.picture.shows(Layer::Points) {
            let at = |row: usize| map.in_space(row).and_then(|place| sight.screen(place));
            super::cards::ui(ui, view, data, &at, rect, response.hovered() && self.drag.is_none());
        }
    }

    /// The camera on its way to where it should be; at once while the person drags.
    fn glide_in_space(&mut self, ui: &Ui, view: &View, wanted: Camera) -> Camera {
        let serial = view.state.data_serial;
        let still = view.state.settings.reduced_motion || ui.input(|input| input.pointer.any_down());
        let before = self.space.filter(|(of, _)| *of == serial && !still);
        let mut motion = before.map_or(CameraMotion::at(wanted), |(_, motion)| motion);
        motion.go(wanted);
        if motion.advance(f64::from(ui.input(|input| input.stable_dt.min(0.1)))) {
            ui.ctx().request_repaint();
        }
        self.space = Some((serial, motion));
        motion.now
    }

    fn tools_in_space(
        &mut self,
        ui: &Ui,
        response: &egui::Response,
        view: &mut View,
        sight: Sight,
        camera: Camera3d,
        positions: &Positions,
    ) {
        let tool = view.state.tool;
        let modifiers = ui.input(|input| input.modifiers);
        if response.hovered() {
            let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
            let factor = f64::from((scroll * 0.0035).exp() * pinch);
            if let Some(at) = response.hover_pos().filter(|_| (factor - 1.0).abs() > 1e-4) {
                view.ask(PictureAction::Orbit(Some(camera.zoomed(factor, sight.inside(at), sight.size()))));
            }
            ui.ctx().set_cursor_icon(match tool {
                Tool::Pan if response.dragged() => CursorIcon::Grabbing,
                Tool::Pan => CursorIcon::Grab,
                Tool::Lasso | Tool::Rectangle => CursorIcon::Crosshair,
            });
        }
        let delta = response.drag_delta();
        let delta = [f64::from(delta.x), f64::from(delta.y)];
        let primary = response.dragged_by(egui::PointerButton::Primary) && tool == Tool::Pan;
        let moves = response.dragged_by(egui::PointerButton::Middle) || (primary && modifiers.shift);
        let turns = primary || response.dragged_by(egui::PointerButton::Secondary);
        if (moves || turns) && delta != [0.0; 2] {
            let next = if moves { camera.panned(delta, sight.size()) } else { camera.turned(delta, sight.size()) };
            view.ask(PictureAction::Orbit(Some(next)));
        }
        if tool != Tool::Pan {
            let place = |at: Pos2| sight.inside(at).map(|v| v as f32);
            Drag::follow(&mut self.drag, response, tool, place, |place| sight.of_tile(place));
            if response.drag_stopped()
                && let Some(drag) = self.drag.take()
            {
                let area = Area::Lasso(drag.polygon());
                let rows = inside_on_screen(positions, &sight.camera, sight.size(), &area).into_iter();
                let rows = rows.map(|row| row as usize).filter(|&row| view.state.picture.passes(row));
                let rows = Arc::new(RowSet::of(view.state.n_rows(), rows));
                view.ask(PictureAction::Select { rows, operation: operation(modifiers), by: drag.by() });
            }
        }
        if ui.input(|input| input.key_pressed(egui::Key::Escape)) {
            self.drag = None;
        }
    }
}

/// The three axes of the map in the lower right corner, as they lie now.
fn axes_ui(painter: &Painter, view: &View, map: &MapPlaces, sight: Sight, camera: Camera3d) {
    let middle = pos2(sight.rect.right() - 48.0, sight.rect.bottom() - 48.0);
    // Lengths on the screen at the depth of the target, whatever the zoom.
    let step = 0.1 * camera.distance;
    let Some(origin) = sight.screen(camera.target.map(|v| v as f32)) else { return };
    let unit = AXIS / (sight.rect.height() * 0.5 * 0.1 / (0.5 * camera.field_of_view as f32).tan()).max(1.0);
    for (k, name) in map.axes.iter().enumerate() {
        let mut end = camera.target;
        end[k] += step;
        let Some(end) = sight.screen(end.map(|v| v as f32)) else { continue };
        let along = unit * (end - origin);
        painter.line_segment([middle, middle + along], Stroke::new(1.5, view.palette.ink_weak));
        let away = if along.length() > 1.0 { along + 9.0 * along.normalized() } else { vec2(9.0, -9.0) };
        painter.text(middle + away, Align2::CENTER_CENTER, *name, FontId::proportional(11.0), view.palette.ink);
    }
}
