//! What the heatmap shows: field, contours, hatches, and the landscape it is compared with.

use eframe::egui::containers::menu::{MenuButton, MenuConfig};
use eframe::egui::{Align, Label, PopupCloseBehavior, RichText, Slider, Ui, WidgetInfo};

use crate::app::action::{LandscapeAction, PictureAction};
use crate::app::picture::{Heatmap, Layer};
use crate::app::study::Field;
use crate::app::widgets::{View, section};

/// A button that opens the choices.
pub fn ui(ui: &mut Ui, view: &mut View) {
    let now = view.state.picture.heatmap;
    let stays = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let words = format!("{}…", now.field.label());
    let (button, _) = MenuButton::new(words).config(stays).ui(ui, |ui| {
        ui.set_width(300.0);
        choices_ui(ui, view, now);
    });
    button.on_hover_text("What the heatmap shows: field, contours, hatches");
}

fn choices_ui(ui: &mut Ui, view: &mut View, now: Heatmap) {
    let mut wanted = now;
    section(ui, &view.palette, "Heatmap of");
    for field in Field::KNOWN {
        let known = view.state.study.as_ref().is_some_and(|study| study.fields.get(field).is_some());
        ui.add_enabled_ui(known, |ui| {
            let why = if field == Field::Similarity || field == Field::Support {
                "Needs measured samples: run step 2"
            } else {
                "Needs an explored landscape: run step 2"
            };
            ui.radio_value(&mut wanted.field, field, field.label())
                .on_hover_text(field.hint())
                .on_disabled_hover_text(why);
        });
    }
    small(ui, view, wanted.field.hint());
    exact_ui(ui, view);
    difference_ui(ui, view, now);
    section(ui, &view.palette, "Look");
    let slider = ui.add(Slider::new(&mut wanted.levels, 0..=20).text("contour levels"));
    slider.widget_info(|| WidgetInfo::slider(true, wanted.levels as f64, "Contour levels"));
    ui.checkbox(&mut wanted.hatched, "Hatch where support is weak")
        .on_hover_text("Cells without a molecule or a measured point nearby");
    if wanted != now {
        view.ask(PictureAction::Heatmap(wanted));
        if wanted.field != now.field && !view.state.picture.shows(Layer::Heatmap) {
            view.ask(PictureAction::ToggleLayer(Layer::Heatmap));
        }
    }
}

fn small(ui: &mut Ui, view: &View, words: &str) {
    let words = RichText::new(words).small().color(view.palette.ink_weak);
    ui.add(Label::new(words).wrap().halign(Align::LEFT));
}

/// The field itself in the plane of the map, where the map is one.
fn exact_ui(ui: &mut Ui, view: &mut View) {
    section(ui, &view.palette, "In the plane of the map");
    let study = view.state.study.as_ref();
    let explored = study.is_some_and(|study| study.landscape.is_some() && study.asked.is_some());
    let flat = study.and_then(|study| study.projection.as_ref()).is_some_and(|projection| projection.plane().is_some());
    let toy = study.is_some_and(|study| study.toy.is_some());
    let why = if toy {
        "A toy's map shows the surface itself"
    } else if explored {
        "This map is no plane of latent space: draw it by principal components or a plane through minima"
    } else {
        "Needs an explored landscape: run step 2"
    };
    let button = ui.add_enabled(explored && flat, eframe::egui::Button::new(Field::Exact.label()));
    if button.on_hover_text(Field::Exact.hint()).on_disabled_hover_text(why).clicked() {
        view.ask(LandscapeAction::Exact);
    }
}

fn difference_ui(ui: &mut Ui, view: &mut View, now: Heatmap) {
    section(ui, &view.palette, "Difference of roughness to");
    let others = view.state.study.as_ref().map(|study| study.other_landscapes.clone()).unwrap_or_default();
    if others.is_empty() {
        let words =
            "The study holds one landscape: explore another one, with other settings or another model, to compare.";
        small(ui, view, words);
    }
    for other in others {
        let button =
            ui.button(other.to_string()).on_hover_text("Roughness of that landscape minus that of the one shown");
        if button.clicked() {
            view.ask(LandscapeAction::Difference(other));
        }
    }
    if !Field::KNOWN.contains(&now.field) && ui.button("Back to roughness").clicked() {
        view.ask(PictureAction::Heatmap(Heatmap { field: Field::Roughness, ..now }));
    }
}
