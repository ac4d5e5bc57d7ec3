//! Dialogs of ours: each has a path field beside the system's dialog, which may be missing.

use std::path::PathBuf;

use eframe::egui::{self, Grid, Modal, RichText, Role, TextEdit, Ui, WidgetInfo, vec2};

use super::new_study::NewStudyForm;
use super::projection::ProjectionForm;
use crate::app::action::{Action, Choose, Dialog, ModelAction, PictureAction, StudyAction, WindowAction};
use crate::app::command::{COMMANDS, Menu};
use crate::app::data::{Export, ExportFormat};
use crate::app::figure::ViewExport;
use crate::app::model_session::thousands;
use crate::app::settings::SCALES;
use crate::app::teach::lessons_ui;
use crate::app::theme::{ThemeChoice, space};
use crate::app::tuning::TuningAction;
use crate::app::widgets::{View, accent_button};

/// What is half typed in the dialogs.
#[derive(Debug)]
pub struct Dialogs {
    shown: Option<Dialog>,
    path: String,
    hub_id: String,
    name: String,
    format: ExportFormat,
    all: bool,
    size: [u32; 2],
    density: u32,
    projection: ProjectionForm,
    new_study: NewStudyForm,
}

impl Default for Dialogs {
    fn default() -> Self {
        Self {
            shown: None,
            path: String::new(),
            hub_id: String::new(),
            name: String::new(),
            format: ExportFormat::default(),
            all: false,
            size: [1280, 800],
            density: 2,
            projection: ProjectionForm::default(),
            new_study: NewStudyForm::default(),
        }
    }
}

impl Dialogs {
    /// Draws the open dialog, if any.
    pub fn ui(&mut self, ctx: &egui::Context, view: &mut View) {
        let Some(dialog) = view.state.dialog.clone() else {
            self.shown = None;
            return;
        };
        let fresh = self.shown.as_ref() != Some(&dialog);
        if fresh {
            self.begin(&dialog, view);
        }
        if let Some(path) = &view.state.chosen
            && !fresh
        {
            let path = path.display().to_string();
            if self.path != path && view.state.chosen.is_some() {
                self.path = path;
            }
        }
        let modal = Modal::new(egui::Id::unique("dialog")).show(ctx, |ui| {
            ui.set_width(if matches!(dialog, Dialog::Keys | Dialog::Lessons) { 560.0 } else { 460.0 });
            match &dialog {
                Dialog::Open => self.open_ui(ui, view),
                Dialog::ExportRows => self.export_ui(ui, view, fresh),
                Dialog::ExportView => self.export_view_ui(ui, view),
                Dialog::Projection => self.projection.ui(ui, view),
                Dialog::ExportReport => self.export_report_ui(ui, view),
                Dialog::NewStudy => self.new_study.ui(ui, view),
                Dialog::CopyStudy => self.copy_study_ui(ui, view),
                Dialog::NameSelection => self.name_ui(ui, view, fresh),
                Dialog::Keys => keys_ui(ui, view),
                Dialog::Settings => settings_ui(ui, view),
                Dialog::Quit => quit_ui(ui, view),
                Dialog::Lessons => lessons_ui(ui, view),
                Dialog::LargeFile(path, bytes) => large_ui(ui, view, path, *bytes),
            }
        });
        if modal.should_close() {
            view.ask(WindowAction::CloseDialog);
        }
    }

    fn begin(&mut self, dialog: &Dialog, view: &View) {
        self.shown = Some(dialog.clone());
        self.path.clear();
        self.name = view.state.picture.free_name();
        match dialog {
            Dialog::ExportRows => {
                self.all = view.state.picture.selection.is_empty();
                self.path = format!("molecules.{}", self.format.ending());
            }
            Dialog::ExportView => self.path = "map.png".into(),
            Dialog::ExportReport => self.path = "report".into(),
            Dialog::CopyStudy => self.path = "my-study".into(),
            Dialog::NewStudy => self.new_study.begin(view),
            _ => {}
        }
    }

    fn open_ui(&mut self, ui: &mut Ui, view: &mut View) {
        ui.heading("Open");
        ui.label(
            RichText::new("A study folder, a model folder, or a file of molecules (CSV, TSV, SMILES, SDF; gzip and zstd too). You can also drop any of them on the window.")
                .color(view.palette.ink_weak),
        );
        ui.add_space(space::S);
        let entered = path_field(ui, &mut self.path, "Path to open");
        let has_path = !self.path.trim().is_empty();
        ui.horizontal(|ui| {
            if ui.button("Choose a file…").on_hover_text("The system's file dialog").clicked() {
                view.ask(WindowAction::Choose(Choose::OpenFile));
            }
            if ui.button("Choose a folder…").on_hover_text("The system's file dialog").clicked() {
                view.ask(WindowAction::Choose(Choose::OpenFolder));
            }
            let open = ui.add_enabled(has_path, egui::Button::new("Open this path"));
            if open.clicked() || (entered && has_path) {
                view.ask(WindowAction::CloseDialog);
                view.ask(StudyAction::Open(PathBuf::from(self.path.trim())));
            }
        });
        ui.add_space(space::S);
        ui.separator();
        ui.label(RichText::new("Model of a hub, fetched once and kept").small().color(view.palette.ink_weak));
        ui.horizontal(|ui| {
            let field = ui.add(
                TextEdit::singleline(&mut self.hub_id)
                    .hint_text("ibm-research/materials.selfies-ted2m")
                    .desired_width(300.0),
            );
            field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Hub id"));
            let valid = !self.hub_id.trim().is_empty();
            if ui
                .add_enabled(valid, egui::Button::new("Open model"))
                .on_hover_text("The only thing here that uses the network")
                .clicked()
            {
                view.ask(WindowAction::CloseDialog);
                view.ask(ModelAction::OpenHub(self.hub_id.trim().to_owned()));
            }
        });
        ui.horizontal(|ui| {
            let bundled = view.state.places.model.is_some();
            if ui.add_enabled(bundled, egui::Button::new("Open the bundled model")).clicked() {
                view.ask(WindowAction::CloseDialog);
                view.ask(ModelAction::OpenBundled);
            }
            let study = view.state.places.study.is_some();
            let button = ui.add_enabled(study, egui::Button::new("Open the bundled study"));
            if button.on_disabled_hover_text("This copy of the program ships without a study").clicked() {
                view.ask(WindowAction::CloseDialog);
                view.ask(StudyAction::OpenBundled);
            }
        });
        cancel_ui(ui, view);
    }

    fn export_ui(&mut self, ui: &mut Ui, view: &mut View, fresh: bool) {
        ui.heading("Export molecules");
        let n_selected = view.state.picture.selection.len();
        let n_shown = view.state.picture.n_shown(view.state.n_rows());
        ui.horizontal(|ui| {
            ui.add_enabled_ui(n_selected > 0, |ui| {
                ui.radio_value(&mut self.all, false, format!("The selection ({})", thousands(n_selected)));
            });
            ui.radio_value(&mut self.all, true, format!("All that are shown ({})", thousands(n_shown)));
        });
        ui.horizontal(|ui| {
            for format in ExportFormat::ALL {
                if ui.radio_value(&mut self.format, format, format.label()).clicked() {
                    self.path = PathBuf::from(&self.path).with_extension(format.ending()).display().to_string();
                }
            }
        });
        let _ = fresh;
        let entered = path_field(ui, &mut self.path, "File to write");
        if let Some(format) = ExportFormat::of_path(&PathBuf::from(&self.path)) {
            self.format = format;
        }
        ui.horizontal(|ui| {
            if ui.button("Choose where…").on_hover_text("The system's file dialog").clicked() {
                view.ask(WindowAction::Choose(Choose::Save));
            }
            let button = accent_button(ui, &view.palette, "Export");
            if (button.clicked() || entered) && !self.path.trim().is_empty() {
                let to = Export { format: self.format, path: PathBuf::from(self.path.trim()) };
                view.ask(StudyAction::Export { to, selection_only: !self.all });
            }
            cancel_ui(ui, view);
        });
    }

    fn export_view_ui(&mut self, ui: &mut Ui, view: &mut View) {
        ui.heading("Export view");
        ui.label(
            RichText::new("The map as it is on screen, with its legend: .png of any size, or .svg for print.")
                .color(view.palette.ink_weak),
        );
        let entered = path_field(ui, &mut self.path, "Picture to write");
        let path = PathBuf::from(self.path.trim());
        let vector = ViewExport::is_vector(&path);
        ui.horizontal(|ui| {
            ui.label("Size");
            for (k, name) in ["Width in points", "Height in points"].into_iter().enumerate() {
                let field = ui.add(egui::DragValue::new(&mut self.size[k]).range(ViewExport::SIDES));
                field.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, name));
                ui.label(if k == 0 { "×" } else { "points" });
            }
            if vector == Ok(false) {
                let range = ViewExport::DENSITIES;
                let field = ui.add(egui::DragValue::new(&mut self.density).range(range).suffix(" pixels a point"));
                field.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "Pixels a point"));
            }
        });
        let words = match &vector {
            Ok(true) => "SVG: lines, shapes and text stay sharp at any size".to_owned(),
            Ok(false) => format!("PNG of {} × {} pixels", self.size[0] * self.density, self.size[1] * self.density),
            Err(problem) => problem.clone(),
        };
        ui.label(RichText::new(words).small().color(view.palette.ink_weak));
        ui.horizontal(|ui| {
            if ui.button("Choose where…").on_hover_text("The system's file dialog").clicked() {
                view.ask(WindowAction::Choose(Choose::Save));
            }
            let button = accent_button(ui, &view.palette, "Export picture");
            if (button.clicked() || entered) && vector.is_ok() {
                let to = ViewExport { path, size: self.size, px_per_point: self.density };
                view.ask(WindowAction::CloseDialog);
                view.ask(WindowAction::ExportView(to));
            }
            cancel_ui(ui, view);
        });
    }

    fn export_report_ui(&mut self, ui: &mut Ui, view: &mut View) {
        ui.heading("Export the report");
        let text = "A new or empty folder takes report.html with its figures, the scores as CSV, Parquet and LaTeX, the sets, and where everything comes from.";
        ui.label(RichText::new(text).color(view.palette.ink_weak));
        let entered = path_field(ui, &mut self.path, "Folder to write");
        ui.horizontal(|ui| {
            if ui.button("Choose where…").on_hover_text("The system's file dialog").clicked() {
                view.ask(WindowAction::Choose(Choose::Save));
            }
            let has_path = !self.path.trim().is_empty();
            if (accent_button(ui, &view.palette, "Export report").clicked() || entered) && has_path {
                view.ask(TuningAction::ExportReport(PathBuf::from(self.path.trim())));
            }
            cancel_ui(ui, view);
        });
    }

    fn copy_study_ui(&mut self, ui: &mut Ui, view: &mut View) {
        ui.heading("Copy the study");
        let text = "A new or empty folder takes everything that was made and all settings. The copy opens, and can be changed and run.";
        ui.label(RichText::new(text).color(view.palette.ink_weak));
        let entered = path_field(ui, &mut self.path, "Folder of the copy");
        ui.horizontal(|ui| {
            if ui.button("Choose where…").on_hover_text("The system's file dialog").clicked() {
                view.ask(WindowAction::Choose(Choose::Save));
            }
            let has_path = !self.path.trim().is_empty();
            if (accent_button(ui, &view.palette, "Copy and open").clicked() || entered) && has_path {
                view.ask(StudyAction::Copy(PathBuf::from(self.path.trim())));
            }
            cancel_ui(ui, view);
        });
    }

    fn name_ui(&mut self, ui: &mut Ui, view: &mut View, fresh: bool) {
        ui.heading("Name the selection");
        let n = view.state.picture.selection.len();
        ui.label(
            RichText::new(format!("{} molecules; a region can be selected again, combined and filled.", thousands(n)))
                .color(view.palette.ink_weak),
        );
        let field = ui.add(TextEdit::singleline(&mut self.name).desired_width(f32::INFINITY));
        field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Name of the selection"));
        if fresh {
            field.request_focus();
        }
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        ui.horizontal(|ui| {
            if accent_button(ui, &view.palette, "Keep").clicked() || entered {
                view.ask(PictureAction::Name(self.name.clone()));
                view.ask(WindowAction::CloseDialog);
            }
            cancel_ui(ui, view);
        });
    }
}

fn path_field(ui: &mut Ui, path: &mut String, name: &str) -> bool {
    let field = ui.add(TextEdit::singleline(path).hint_text("path").desired_width(f32::INFINITY));
    field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, name));
    field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter))
}

fn cancel_ui(ui: &mut Ui, view: &mut View) {
    if ui.button("Cancel").clicked() {
        view.ask(WindowAction::CloseDialog);
    }
}

fn keys_ui(ui: &mut Ui, view: &mut View) {
    ui.heading("Keys");
    egui::ScrollArea::vertical().max_height(440.0).show(ui, |ui| {
        for menu in Menu::ALL {
            ui.label(RichText::new(menu.label()).small().color(view.palette.ink_weak));
            Grid::new(menu.label()).num_columns(3).spacing(vec2(space::L, 3.0)).show(ui, |ui| {
                for entry in COMMANDS.iter().filter(|entry| entry.menu == menu && entry.key.is_some()) {
                    ui.label(RichText::new(entry.key_text(ui.ctx())).monospace());
                    ui.label(entry.label);
                    ui.label(RichText::new(entry.tooltip).color(view.palette.ink_weak));
                    ui.end_row();
                }
            });
            ui.add_space(space::S);
        }
        ui.label(RichText::new("On the map").small().color(view.palette.ink_weak));
        for line in [
            "Wheel zooms to the pointer; the middle button always pans",
            "A click selects a molecule, a double click pins its card",
            "With any tool: Shift adds to the selection, Alt subtracts, both intersect",
        ] {
            ui.label(line);
        }
    });
    if ui.button("Close").clicked() {
        view.ask(WindowAction::CloseDialog);
    }
}

fn settings_ui(ui: &mut Ui, view: &mut View) {
    ui.heading("Settings");
    let settings = view.state.settings.clone();
    Grid::new("settings").num_columns(2).spacing(vec2(space::L, space::S)).show(ui, |ui| {
        ui.label("Theme");
        ui.horizontal(|ui| {
            for choice in ThemeChoice::ALL {
                if ui.radio(settings.theme == choice, choice.label()).clicked() {
                    view.ask(WindowAction::Theme(choice));
                }
            }
        });
        ui.end_row();
        ui.label("Scale");
        let mut percent = (settings.scale * 100.0).round();
        let range = SCALES.start() * 100.0..=SCALES.end() * 100.0;
        let slider = ui.add(egui::Slider::new(&mut percent, range).step_by(5.0).suffix(" %"));
        slider.widget_info(|| WidgetInfo::slider(true, f64::from(percent), "Scale in percent"));
        // Scaling while the handle is held would move it away from the pointer.
        if slider.drag_stopped() || (slider.changed() && !slider.dragged()) {
            view.ask(WindowAction::Scale(percent / 100.0));
        }
        ui.end_row();
        ui.label("Motion");
        let mut reduced = settings.reduced_motion;
        if ui.checkbox(&mut reduced, "No animations").changed() {
            view.ask(WindowAction::ReducedMotion(reduced));
        }
        ui.end_row();
    });
    ui.add_space(space::S);
    if ui.button("Close").clicked() {
        view.ask(WindowAction::CloseDialog);
    }
}

fn quit_ui(ui: &mut Ui, view: &mut View) {
    ui.heading("Jobs are running");
    for job in view.state.jobs.iter().filter(|job| job.is_active()) {
        ui.label(format!("{}: {}", job.name, job.line()));
    }
    ui.label(
        RichText::new(
            "Closing cancels them at their next unit; what they have saved so far is kept and can go on later.",
        )
        .color(view.palette.ink_weak),
    );
    ui.add_space(space::S);
    ui.horizontal(|ui| {
        if accent_button(ui, &view.palette, "Keep working").clicked() {
            view.ask(WindowAction::CloseDialog);
        }
        if ui.button("Cancel the jobs and close").clicked() {
            view.ask(WindowAction::QuitNow);
        }
    });
}

fn large_ui(ui: &mut Ui, view: &mut View, path: &std::path::Path, bytes: u64) {
    ui.heading("This is a large file");
    ui.label(format!(
        "{} has {:.1} GiB. All of it would be read into memory, which takes about twice that; it can be cancelled at any time and keeps what was read.",
        path.display(),
        bytes as f64 / 1_073_741_824.0
    ));
    ui.add_space(space::S);
    ui.horizontal(|ui| {
        if accent_button(ui, &view.palette, "Do not open it").clicked() {
            view.ask(WindowAction::CloseDialog);
        }
        if ui.button("Read it").clicked() {
            view.ask(WindowAction::CloseDialog);
            view.ask(Action::Study(StudyAction::OpenLarge(path.to_owned())));
        }
    });
}
