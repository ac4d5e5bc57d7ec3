//! A film over the map: the trail of the search, and the bar that plays it.

use eframe::egui::{self, Align2, Color32, Painter, Pos2, Rect, Role, Shape, Slider, Stroke, Ui, WidgetInfo, vec2};

use super::slow_motion::{Method, Screening};
use crate::app::action::FilmAction;
use crate::app::map::Lens;
use crate::app::theme::{Palette, space};
use crate::app::widgets::View;
use crate::landscape::{Frame, Happening};

/// Draws what the search has done so far.
pub fn paint_film(painter: &Painter, palette: &Palette, screening: &Screening, lens: &Lens) {
    let shown = &screening.film.frames[..screening.film.frames.len().min(screening.at + 1)];
    match screening.method {
        Method::ElasticBand => paint_band(painter, palette, shown, lens),
        Method::BasinHopping | Method::SaddleSearch => paint_trail(painter, palette, shown, lens),
    }
}

fn places(frame: &Frame, lens: &Lens) -> Vec<Pos2> {
    frame.xs.chunks_exact(2).map(|x| lens.screen([x[0] as f32, x[1] as f32])).collect()
}

fn paint_band(painter: &Painter, palette: &Palette, shown: &[Frame], lens: &Lens) {
    // Where the band was before stays as a faint mark.
    for frame in shown.iter().rev().skip(1).step_by(4).take(8) {
        painter.add(Shape::line(places(frame, lens), Stroke::new(1.0, palette.accent.gamma_multiply(0.35))));
    }
    let Some(last) = shown.last() else { return };
    let band = places(last, lens);
    painter.add(Shape::line(band.clone(), Stroke::new(4.5, palette.canvas)));
    painter.add(Shape::line(band.clone(), Stroke::new(2.0, palette.accent)));
    let highest = (0..last.energies.len()).max_by(|&a, &b| last.energies[a].total_cmp(&last.energies[b]));
    for (k, at) in band.into_iter().enumerate() {
        let top = Some(k) == highest;
        dot(painter, palette, at, if top { 6.0 } else { 3.5 }, if top { palette.warn } else { palette.accent });
    }
}

fn paint_trail(painter: &Painter, palette: &Palette, shown: &[Frame], lens: &Lens) {
    for pair in shown.windows(2) {
        let (Some(from), Some(to)) = (places(&pair[0], lens).first().copied(), places(&pair[1], lens).first().copied())
        else {
            continue;
        };
        if pair[1].happening == Happening::Jump {
            let stroke = Stroke::new(1.0, palette.ink_weak.gamma_multiply(0.8));
            painter.extend(Shape::dashed_line(&[from, to], stroke, 5.0, 5.0));
        } else {
            painter.line_segment([from, to], Stroke::new(4.0, palette.canvas.gamma_multiply(0.7)));
            painter.line_segment([from, to], Stroke::new(2.0, palette.accent));
        }
    }
    for frame in shown {
        let colour = match frame.happening {
            Happening::Accepted | Happening::Converged => palette.ok,
            Happening::Refused | Happening::Failed => palette.danger,
            Happening::Jump => palette.ink_weak,
            Happening::Step => continue,
        };
        places(frame, lens).first().into_iter().for_each(|&at| dot(painter, palette, at, 4.5, colour));
    }
    if let Some(at) = shown.last().and_then(|frame| places(frame, lens).first().copied()) {
        dot(painter, palette, at, 6.5, palette.accent);
    }
}

fn dot(painter: &Painter, palette: &Palette, at: Pos2, radius: f32, colour: Color32) {
    painter.circle(at, radius, colour, Stroke::new(1.5, palette.canvas));
}

/// Draws the bar at the lower edge of the map.
pub fn film_bar_ui(ui: &Ui, view: &mut View, rect: Rect) {
    let Some(screening) = view.state.screening.clone() else { return };
    let palette = view.palette;
    let width = (rect.width() - 2.0 * space::L).clamp(240.0, 560.0);
    egui::Area::new(ui.scope_id().with("film"))
        .order(egui::Order::Middle)
        .pivot(Align2::CENTER_BOTTOM)
        .fixed_pos(rect.center_bottom() - vec2(0.0, space::XL + space::S))
        .show(ui.ctx(), |ui| {
            egui::Frame::popup(ui.style()).inner_margin(space::S).show(ui, |ui| {
                ui.set_width(width);
                ui.horizontal(|ui| {
                    ui.strong(screening.method.label());
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        if ui.button("Close film").on_hover_text("Take the film off the map").clicked() {
                            view.ask(FilmAction::Close);
                        }
                    });
                });
                ui.label(screening.words());
                ui.horizontal(|ui| controls_ui(ui, view, &screening, width));
                ui.colored_label(palette.ink_weak, "Every look of the search at the surface is one frame.");
            });
        });
}

fn controls_ui(ui: &mut Ui, view: &mut View, screening: &Screening, width: f32) {
    let n = screening.film.frames.len();
    let play = if screening.plays { "Pause" } else { "Play" };
    if ui.button("Back").on_hover_text("One frame back").clicked() {
        view.ask(FilmAction::Seek(screening.at.saturating_sub(1)));
    }
    if ui.button(play).on_hover_text("Play from here, or hold").clicked() {
        view.ask(FilmAction::Play(!screening.plays));
    }
    if ui.button("Forward").on_hover_text("One frame on").clicked() {
        view.ask(FilmAction::Seek(screening.at + 1));
    }
    let mut at = screening.at + 1;
    ui.spacing_mut().slider_width = (width - 330.0).max(60.0);
    let slider = ui.add(Slider::new(&mut at, 1..=n.max(1)).suffix(format!(" of {n}")));
    slider.widget_info(|| WidgetInfo::slider(true, at as f64, "Frame of the film"));
    if slider.changed() {
        view.ask(FilmAction::Seek(at - 1));
    }
    let mut speed = screening.speed;
    let field = ui.add(egui::DragValue::new(&mut speed).range(1.0..=60.0).speed(0.2).suffix("/s"));
    field.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "Frames a second"));
    if field.changed() {
        view.ask(FilmAction::Speed(speed));
    }
}
