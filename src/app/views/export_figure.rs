//! The button that writes a view as a figure.

use std::path::PathBuf;

use eframe::egui::containers::menu::{MenuButton, MenuConfig};
use eframe::egui::{self, Role, TextEdit, Ui, WidgetInfo};

use crate::app::action::LandscapeAction;
use crate::app::landscape::Figure;
use crate::app::widgets::{View, accent_button};

/// The path that is half typed.
#[derive(Debug, Default)]
pub struct ExportFigure {
    path: String,
}

impl ExportFigure {
    /// A button that opens a field for the file; `figure` makes what is written.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View, name: &str, figure: impl FnOnce(&View) -> Figure) {
        let mut wanted = false;
        let stays = MenuConfig::new().close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
        let (button, _) = MenuButton::new("Export figure…").config(stays).ui(ui, |ui| {
            ui.set_width(300.0);
            ui.label("File to write, .svg or .png");
            if self.path.is_empty() {
                self.path = format!("{name}.svg");
            }
            let field = ui.add(TextEdit::singleline(&mut self.path).desired_width(f32::INFINITY));
            field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "File of the figure"));
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            if accent_button(ui, &view.palette, "Write figure").clicked() || entered {
                wanted = true;
                ui.close();
            }
        });
        button.on_hover_text("Write this view as SVG for a paper, or as PNG");
        if wanted {
            let figure = Box::new(figure(view));
            view.ask(LandscapeAction::Export(figure, PathBuf::from(self.path.trim())));
        }
    }
}
