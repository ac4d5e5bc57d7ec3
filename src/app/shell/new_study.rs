//! The dialog that asks what a new study is to be.

use std::path::PathBuf;

use eframe::egui::{RichText, Role, TextEdit, Ui, WidgetInfo};

use crate::app::action::{StudyAction, WindowAction};
use crate::app::study::{NewStudy, StudySize};
use crate::app::theme::space;
use crate::app::widgets::{View, accent_button};
use crate::model::FoundationModel;

/// What is half typed.
#[derive(Debug, Default)]
pub struct NewStudyForm {
    folder: String,
    name: String,
    molecules: String,
    task: String,
    /// Whether the open model is taken instead of the bundled one.
    open_model: bool,
    size: StudySize,
    /// Whether the fields were filled, and the file that was open then.
    filled: bool,
    filled_for: Option<PathBuf>,
}

impl NewStudyForm {
    /// What is open stands in the fields; what was refused stays in them.
    pub fn begin(&mut self, view: &View) {
        let made = view.state.study.as_ref().is_some_and(|study| study.folder == self.folder());
        if self.filled && self.filled_for == view.state.open_file && !made {
            return;
        }
        let open = view.state.open_file.as_ref();
        let name = open.and_then(|path| path.file_stem()).map(|name| name.to_string_lossy().into_owned());
        *self = Self {
            folder: folder_beside(open, name.as_deref()),
            name: name.unwrap_or_else(|| "My study".into()),
            molecules: open.map(|path| path.display().to_string()).unwrap_or_default(),
            open_model: other_model(view).is_some(),
            filled: true,
            filled_for: view.state.open_file.clone(),
            ..Self::default()
        };
    }

    /// Draws the form.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let palette = view.palette;
        ui.heading("New study");
        let text = "A folder that holds the recipe, and takes everything that is made by it. Every setting can be changed afterwards, in its step or in study.toml.";
        ui.label(RichText::new(text).color(palette.ink_weak));
        ui.add_space(space::XS);
        field(ui, view, ["Folder", "Folder of the study"], "new or empty", &mut self.folder);
        field(ui, view, ["Name", "Name of the study"], "a few words", &mut self.name);
        let molecules = "file of molecules; empty for the program's own library";
        field(ui, view, ["Molecules", "Molecules of the corpus"], molecules, &mut self.molecules);
        let task = "table with a column to predict; empty for computed properties";
        field(ui, view, ["Task", "Task to compare on"], task, &mut self.task);
        ui.add_space(space::XS);
        ui.horizontal(|ui| {
            ui.label("Model");
            ui.radio_value(&mut self.open_model, false, "Bundled").on_hover_text("the one that ships with the program");
            let other = other_model(view);
            let words =
                view.state.model.as_ref().filter(|_| other.is_some()).map_or("The open one", |m| m.model_name());
            ui.add_enabled_ui(other.is_some(), |ui| {
                ui.radio_value(&mut self.open_model, true, words)
                    .on_disabled_hover_text("Open another model in step 1 first");
            });
        });
        for size in StudySize::ALL {
            let [name, what] = size.words();
            ui.radio_value(&mut self.size, size, name);
            ui.indent(name, |ui| ui.label(RichText::new(what).small().color(palette.ink_weak)));
        }
        ui.add_space(space::S);
        ui.horizontal(|ui| {
            let ready = !self.folder.trim().is_empty() && !self.name.trim().is_empty();
            ui.add_enabled_ui(ready, |ui| {
                if accent_button(ui, &palette, "Make the study").clicked() {
                    view.ask(WindowAction::CloseDialog);
                    view.ask(StudyAction::New(Box::new(self.asked(view))));
                }
            });
            if ui.button("Cancel").clicked() {
                view.ask(WindowAction::CloseDialog);
            }
        });
    }

    /// The whole path: a study is found again from wherever the program is started.
    fn folder(&self) -> PathBuf {
        std::path::absolute(self.folder.trim()).unwrap_or_else(|_| self.folder.trim().into())
    }

    fn asked(&self, view: &View) -> NewStudy {
        let path = |text: &str| Some(PathBuf::from(text.trim())).filter(|path| !path.as_os_str().is_empty());
        NewStudy {
            folder: self.folder(),
            name: self.name.trim().to_owned(),
            model: other_model(view).filter(|_| self.open_model),
            molecules: path(&self.molecules),
            task: path(&self.task),
            size: self.size,
        }
    }
}

/// A folder beside the open file, or in the working folder.
fn folder_beside(open: Option<&PathBuf>, name: Option<&str>) -> String {
    let folder = name.map_or_else(|| "my-study".to_owned(), |name| format!("{name}-study"));
    open.map_or_else(|| PathBuf::from(&folder), |open| open.with_file_name(&folder)).display().to_string()
}

/// The folder of the open model, where it is not the bundled one.
fn other_model(view: &View) -> Option<PathBuf> {
    let path = PathBuf::from(view.state.model.as_ref()?.model.provenance().path.as_ref()?);
    (view.state.places.model.as_ref() != Some(&path)).then_some(path)
}

/// A line of text under its short name; the long one is for those who do not see the form.
fn field(ui: &mut Ui, view: &View, [short, name]: [&str; 2], hint: &str, text: &mut String) {
    ui.label(RichText::new(short).small().color(view.palette.ink_weak));
    let response = ui.add(TextEdit::singleline(text).hint_text(hint).desired_width(f32::INFINITY));
    response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, name));
}
