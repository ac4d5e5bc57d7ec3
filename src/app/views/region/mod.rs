//! The region step: choosing parts of latent space, and what is known of the one that is looked at.

mod card;
mod make;

use std::sync::Arc;

use eframe::egui::{self, RichText, Role, ScrollArea, TextEdit, Ui, WidgetInfo};

use crate::app::action::{LandscapeAction, PictureAction, RegionEdit};
use crate::app::command::Command;
use crate::app::theme::space;
use crate::app::widgets::{View, accent_button, empty, primary_button, section};
use crate::workspace::NamedRegion;
use make::Making;

/// Width of the list at the left.
const LIST: f32 = 270.0;
/// Width from which the list stands beside the region.
const BESIDE: f32 = 560.0;
/// What to do while no region is looked at.
const NOTHING: &str = "Draw around molecules on the map (L is the lasso, R a rectangle), mark a branch of the graph, or \
                       choose the roughest part; then make a region of it. Its card shows what it holds, how rough it \
                       is, and what the model writes there, before anything is generated.";

/// The view.
#[derive(Debug, Default)]
pub struct RegionPanel {
    making: Making,
    /// The region whose name is being changed, and the name so far.
    name: Option<(String, String)>,
}

impl RegionPanel {
    /// Draws the view.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let palette = view.palette;
        let has_points = view.state.study.as_ref().is_some_and(|study| study.ids.points.is_some());
        if !has_points {
            let text = "A region is a part of latent space with a name, chosen on the map, on the graph or by a rule. It \
                        belongs to a study, whose fill set is drawn from it.";
            return empty(ui, &palette, "No study is open", text, |ui| {
                primary_button(ui, view, Command::Open, "Open a study…");
            });
        }
        if ui.available_width() < BESIDE {
            return self.stacked_ui(ui, view);
        }
        let ground = egui::Frame::new().fill(palette.panel).inner_margin(egui::Margin::same(8));
        egui::Panel::left("regions").frame(ground).resizable(true).default_size(LIST).min_size(220.0).show(ui, |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                list_ui(ui, view);
                self.making.ui(ui, view);
            });
        });
        egui::Frame::new().inner_margin(space::S).show(ui, |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| match view.state.picture.shown_region().cloned() {
                Some(region) => self.shown_ui(ui, view, &region),
                None => nothing_ui(ui, view),
            });
        });
    }

    /// Everything below each other.
    fn stacked_ui(&mut self, ui: &mut Ui, view: &mut View) {
        egui::Frame::new().inner_margin(space::S).show(ui, |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                list_ui(ui, view);
                self.making.ui(ui, view);
                ui.separator();
                match view.state.picture.shown_region().cloned() {
                    Some(region) => self.shown_ui(ui, view, &region),
                    None => {
                        ui.label("No region is looked at");
                        ui.label(RichText::new(NOTHING).color(view.palette.ink_weak));
                    }
                }
            });
        });
    }

    fn shown_ui(&mut self, ui: &mut Ui, view: &mut View, region: &Arc<NamedRegion>) {
        ui.horizontal_wrapped(|ui| {
            self.name_ui(ui, view, region);
            fill_ui(ui, view, region);
            let mut preview = !view.state.regions.hide_preview;
            if ui.checkbox(&mut preview, "Preview on the map").on_hover_text("Where samples will fall").changed() {
                view.ask(LandscapeAction::ShowPreview(preview));
            }
            if ui.button("Forget").on_hover_text("Take the region away; undo brings it back").clicked() {
                view.ask(PictureAction::Region(RegionEdit::Remove(region.name.clone())));
            }
        });
        ui.label(RichText::new(kind(region)).color(view.palette.ink_weak));
        ui.add_space(space::XS);
        card::ui(ui, view, region);
    }

    fn name_ui(&mut self, ui: &mut Ui, view: &mut View, region: &NamedRegion) {
        if self.name.as_ref().is_none_or(|(of, _)| *of != region.name) {
            self.name = Some((region.name.clone(), region.name.clone()));
        }
        let Some((of, text)) = self.name.as_mut() else { return };
        let field = ui.add(TextEdit::singleline(text).desired_width(180.0));
        field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Name of the region"));
        if field.lost_focus() && text.trim() != of {
            view.ask(PictureAction::Region(RegionEdit::Rename(of.clone(), text.clone())));
            self.name = None;
        }
    }
}

fn list_ui(ui: &mut Ui, view: &mut View) {
    section(ui, &view.palette, "Regions");
    let (regions, shown) = (view.state.picture.regions.clone(), view.state.picture.region.clone());
    if regions.is_empty() {
        ui.label(RichText::new("None yet").color(view.palette.ink_weak));
    }
    for region in regions {
        let on = shown.as_ref() == Some(&region.name);
        let fills = view.state.picture.fill_region.as_ref() == Some(&region.name);
        let words = if fills { format!("{}  · to be filled", region.name) } else { region.name.clone() };
        let line = ui.add(egui::Button::selectable(on, words).truncate());
        if line.on_hover_text(kind(&region)).clicked() {
            let wanted = (!on).then(|| region.name.clone());
            view.ask(PictureAction::Region(RegionEdit::Show(wanted)));
        }
    }
}

fn fill_ui(ui: &mut Ui, view: &mut View, region: &NamedRegion) {
    let fills = view.state.picture.fill_region.as_ref() == Some(&region.name);
    if fills {
        let button = ui.button("Fill everywhere instead");
        if button.on_hover_text("The fill set is drawn from the whole landscape").clicked() {
            view.ask(PictureAction::Region(RegionEdit::Fill(None)));
        }
        return;
    }
    let hint = "The next fill set is drawn from this region; what was made before becomes stale, and stays";
    let palette = view.palette;
    if accent_button(ui, &palette, "Fill this region").on_hover_text(hint).clicked() {
        view.ask(PictureAction::Region(RegionEdit::Fill(Some(region.name.clone()))));
    }
}

fn nothing_ui(ui: &mut Ui, view: &mut View) {
    let palette = view.palette;
    empty(ui, &palette, "No region is looked at", NOTHING, |_| {});
}

/// What a region is, in words.
fn kind(region: &NamedRegion) -> String {
    make::words(&region.definition)
}
