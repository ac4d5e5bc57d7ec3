//! What is painted over the map for a while: points as they are found, samples to come, the path under the hand.

use eframe::egui::{Align2, Color32, CornerRadius, FontId, Painter, Role, Sense, Shape, Stroke, Ui, WidgetInfo, vec2};

use super::camera::Lens;
use crate::app::model_session::thousands;
use crate::app::picture::Step;
use crate::app::widgets::View;

/// Paints what a running exploration has found, where samples of a region will fall, the minimum under the pointer of
/// another view, and the path between two minima with the image of it that is looked at.
pub fn ui(ui: &Ui, painter: &Painter, view: &View, lens: &Lens) {
    live_ui(ui, painter, view, lens);
    preview_ui(ui, painter, view, lens);
    hovered_ui(painter, view, lens);
    path_ui(painter, view, lens);
}

/// What the running exploration has found so far.
fn live_ui(ui: &Ui, painter: &Painter, view: &View, lens: &Lens) {
    let Some(found) = view.state.live.so_far() else { return };
    let palette = &view.palette;
    for place in &found.hops {
        painter.circle_filled(lens.screen(*place), 1.5, palette.ink_weak.gamma_multiply(0.7));
    }
    for (places, colour) in [(&found.minima, palette.accent), (&found.transition_states, palette.warn)] {
        for place in places {
            painter.circle(lens.screen(*place), 3.0, colour, Stroke::new(1.0, palette.canvas));
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
    let at = painter.clip_rect().left_top() + vec2(12.0, 8.0);
    let ground = Align2::LEFT_TOP.anchor_size(at, galley.size()).expand2(vec2(6.0, 3.0));
    painter.rect_filled(ground, CornerRadius::same(4), palette.raised.gamma_multiply(0.92));
    painter.galley(at, galley, colour);
    let response = ui.interact(ground, ui.scope_id().with("line over the map"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
}

/// Where samples of the region that is looked at will fall.
fn preview_ui(ui: &Ui, painter: &Painter, view: &View, lens: &Lens) {
    let state = &view.state;
    if state.picture.step != Step::Region || state.regions.hide_preview {
        return;
    }
    let card = state.picture.shown_region().and_then(|region| state.regions.get(region, state.data_serial));
    let Some(Ok(card)) = card else { return };
    let palette = &view.palette;
    for place in &card.places {
        let at = lens.screen(*place);
        for (width, colour) in [(3.0, palette.canvas), (1.4, palette.warn)] {
            for along in [vec2(3.5, 3.5), vec2(3.5, -3.5)] {
                painter.line_segment([at - along, at + along], Stroke::new(width, colour));
            }
        }
    }
    let words = format!("× {} samples of “{}”, as a fill set will draw them", card.places.len(), region_name(view));
    line_ui(ui, painter, view, &words, palette.ink);
}

fn region_name<'a>(view: &'a View) -> &'a str {
    view.state.picture.region.as_deref().unwrap_or_default()
}

fn hovered_ui(painter: &Painter, view: &View, lens: &Lens) {
    let network = view.state.study.as_ref().and_then(|study| study.network_on_map.as_ref());
    let Some((network, id)) = network.zip(view.state.focus.hovered) else { return };
    if let Some(at) = network.position(id) {
        painter.circle_stroke(lens.screen(network.minima[at].place), 8.0, Stroke::new(2.0, view.palette.accent));
    }
}

fn path_ui(painter: &Painter, view: &View, lens: &Lens) {
    let Some(path) = view.state.focus.path.ok() else { return };
    let palette = &view.palette;
    let places: Vec<_> = path.images.iter().filter_map(|image| image.place).map(|place| lens.screen(place)).collect();
    painter.add(Shape::line(places.clone(), Stroke::new(4.0, palette.canvas.gamma_multiply(0.8))));
    painter.add(Shape::line(places, Stroke::new(2.0, palette.accent)));
    if let Some(place) = path.images.get(view.state.focus.image).and_then(|image| image.place) {
        let at = lens.screen(place);
        painter.circle(at, 8.0, palette.canvas.gamma_multiply(0.6), Stroke::new(3.0, palette.accent));
        painter.circle_filled(at, 2.5, palette.accent);
    }
}
