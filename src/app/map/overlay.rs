//! What is painted over the map for a while: points as they are found, samples to come, the path under the hand.

use eframe::egui::{
    Align2, Color32, CornerRadius, FontId, Painter, Pos2, Role, Sense, Shape, Stroke, Ui, WidgetInfo, vec2,
};

use super::scene::rgba;
use crate::app::model_session::thousands;
use crate::app::picture::Step;
use crate::app::region::RegionCard;
use crate::app::widgets::View;
use crate::projection::MapPoint;
use crate::render::figure::Overlay;

/// Paints what a running exploration has found, where samples of a region will fall, the minimum under the pointer of
/// another view, and the path between two minima with the image of it that is looked at.
///
/// * `at` – where a place of the map is on the screen; none where it cannot be seen
pub fn ui(ui: &Ui, painter: &Painter, view: &View, at: &dyn Fn(MapPoint) -> Option<Pos2>) {
    live_ui(ui, painter, view, at);
    preview_ui(ui, painter, view, at);
    hovered_ui(painter, view, at);
    path_ui(painter, view, at);
}

/// What of it belongs into a figure: the path, and where samples will fall.
pub fn in_figure(view: &View) -> Vec<Overlay> {
    let path = view.state.focus.path.ok().map(|path| Overlay::Line {
        places: path.images.iter().filter_map(|image| image.place).map(|place| on_figure(view, place)).collect(),
        colour: rgba(view.palette.accent),
        width: 2.0,
    });
    let samples = previewed(view).map(|card| Overlay::Crosses {
        places: card.places.iter().map(|place| on_figure(view, *place)).collect(),
        colour: rgba(view.palette.warn),
    });
    path.into_iter().chain(samples).collect()
}

/// The third coordinate counts in space only.
fn on_figure(view: &View, [x, y, z]: MapPoint) -> MapPoint {
    [x, y, if view.state.sees_space() { z } else { 0.0 }]
}

/// What the running exploration has found so far.
fn live_ui(ui: &Ui, painter: &Painter, view: &View, at: &dyn Fn(MapPoint) -> Option<Pos2>) {
    let Some(found) = view.state.live.so_far() else { return };
    let palette = &view.palette;
    for place in found.hops.iter().filter_map(|place| at(*place)) {
        painter.circle_filled(place, 1.5, palette.ink_weak.gamma_multiply(0.7));
    }
    for (places, colour) in [(&found.minima, palette.accent), (&found.transition_states, palette.warn)] {
        for place in places.iter().filter_map(|place| at(*place)) {
            painter.circle(place, 3.0, colour, Stroke::new(1.0, palette.canvas));
        }
    }
    let [hops, minima, states] = found.counts;
    let words = format!(
        "Exploring: {} hops, {} minima, {} transition states, repeats not yet sorted out",
        thousands(hops as usize),
        thousands(minima as usize),
        thousands(states as usize)
    );
    line_ui(ui, painter, view, &words, palette.ink);
}

/// A line of words on a ground of its own, in the upper left corner of the map.
fn line_ui(ui: &Ui, painter: &Painter, view: &View, words: &str, colour: Color32) {
    let palette = &view.palette;
    let galley = painter.layout_no_wrap(words.to_owned(), FontId::proportional(12.0), colour);
    // Below the line that says how the map was made.
    let at = painter.clip_rect().left_top() + vec2(14.0, 36.0);
    let ground = Align2::LEFT_TOP.anchor_size(at, galley.size()).expand2(vec2(6.0, 3.0));
    painter.rect_filled(ground, CornerRadius::same(4), palette.raised.gamma_multiply(0.92));
    painter.galley(at, galley, colour);
    let response = ui.interact(ground, ui.scope_id().with("line over the map"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
}

/// Where samples of the region that is looked at will fall.
fn preview_ui(ui: &Ui, painter: &Painter, view: &View, at: &dyn Fn(MapPoint) -> Option<Pos2>) {
    let Some(card) = previewed(view) else { return };
    let palette = &view.palette;
    for at in card.places.iter().filter_map(|place| at(*place)) {
        for (width, colour) in [(3.0, palette.canvas), (1.4, palette.warn)] {
            for along in [vec2(3.5, 3.5), vec2(3.5, -3.5)] {
                painter.line_segment([at - along, at + along], Stroke::new(width, colour));
            }
        }
    }
    let words = format!("× {} samples of “{}”, as a fill set will draw them", card.places.len(), region_name(view));
    line_ui(ui, painter, view, &words, palette.ink);
}

/// The region whose samples are shown.
fn previewed<'a>(view: &'a View) -> Option<&'a RegionCard> {
    let state = view.state;
    let region = state.picture.shown_region().filter(|_| state.picture.step == Step::Region)?;
    let card = state.regions.get(region, state.data_serial).filter(|_| !state.regions.hide_preview)?;
    card.as_deref().ok()
}

fn region_name<'a>(view: &'a View) -> &'a str {
    view.state.picture.region.as_deref().unwrap_or_default()
}

fn hovered_ui(painter: &Painter, view: &View, at: &dyn Fn(MapPoint) -> Option<Pos2>) {
    let network = view.state.study.as_ref().and_then(|study| study.network_on_map.as_ref());
    let Some((network, id)) = network.zip(view.state.focus.hovered) else { return };
    let minimum = network.position(id).map(|k| &network.minima[k]);
    if let Some(place) = minimum.and_then(|minimum| at([minimum.place[0], minimum.place[1], minimum.height])) {
        painter.circle_stroke(place, 8.0, Stroke::new(2.0, view.palette.accent));
    }
}

fn path_ui(painter: &Painter, view: &View, at: &dyn Fn(MapPoint) -> Option<Pos2>) {
    let Some(path) = view.state.focus.path.ok() else { return };
    let palette = &view.palette;
    let places: Vec<_> = path.images.iter().filter_map(|image| at(image.place?)).collect();
    painter.add(Shape::line(places.clone(), Stroke::new(4.0, palette.canvas.gamma_multiply(0.8))));
    painter.add(Shape::line(places, Stroke::new(2.0, palette.accent)));
    if let Some(at) = path.images.get(view.state.focus.image).and_then(|image| at(image.place?)) {
        painter.circle(at, 8.0, palette.canvas.gamma_multiply(0.6), Stroke::new(3.0, palette.accent));
        painter.circle_filled(at, 2.5, palette.accent);
    }
}
