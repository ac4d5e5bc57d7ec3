//! The list at the left: search, models, data, landscapes, regions, runs.

use eframe::egui::{self, RichText, Role, ScrollArea, TextEdit, Ui, WidgetInfo};

use crate::app::action::{Found, PictureAction, StudyAction, WindowAction};
use crate::app::command::Command;
use crate::app::data::{Query, SetOperation};
use crate::app::model_session::thousands;
use crate::app::picture::{NamedSelection, Step};
use crate::app::theme::space;
use crate::app::widgets::{View, command_button, section};

/// What the search field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    #[default]
    Text,
    Smarts,
    Nearest,
    Range,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Text, Self::Smarts, Self::Nearest, Self::Range];

    fn label(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Smarts => "SMARTS",
            Self::Nearest => "Nearest",
            Self::Range => "Range",
        }
    }
}

/// The panel at the left.
#[derive(Debug)]
pub struct Explorer {
    kind: Kind,
    text: String,
    n_nearest: usize,
    range: [f64; 2],
    renaming: Option<(usize, String)>,
}

impl Default for Explorer {
    fn default() -> Self {
        Self { kind: Kind::Text, text: String::new(), n_nearest: 20, range: [0.0, 1.0], renaming: None }
    }
}

impl Explorer {
    /// Draws the panel.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            if view.state.data.is_some() {
                self.search_ui(ui, view);
            }
            models_ui(ui, view);
            data_ui(ui, view);
            landscapes_ui(ui, view);
            self.regions_ui(ui, view);
            runs_ui(ui, view);
        });
    }

    fn search_ui(&mut self, ui: &mut Ui, view: &mut View) {
        let palette = view.palette;
        ui.label(RichText::new("Find").small().color(palette.ink_weak));
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            for kind in Kind::ALL {
                if ui.selectable_label(self.kind == kind, RichText::new(kind.label()).small()).clicked() {
                    self.kind = kind;
                }
            }
        });
        let mut entered = false;
        match self.kind {
            Kind::Text | Kind::Smarts => {
                let (hint, name) = if self.kind == Kind::Text {
                    ("name, SMILES or word", "Find by text")
                } else {
                    ("for example c1ccncc1", "Find by SMARTS")
                };
                let field = ui.add(TextEdit::singleline(&mut self.text).hint_text(hint).desired_width(f32::INFINITY));
                field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, name));
                if view.state.focus_search {
                    field.request_focus();
                    view.ask(WindowAction::SearchFocused);
                }
                entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            }
            Kind::Nearest => {
                ui.horizontal(|ui| {
                    let field = ui.add(egui::DragValue::new(&mut self.n_nearest).range(1..=100_000));
                    field.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "How many nearest"));
                    ui.label("nearest to the selected one");
                });
            }
            Kind::Range => self.range_ui(ui, view),
        }
        let query = self.query(view);
        ui.horizontal(|ui| {
            let why = query.as_ref().err().cloned().unwrap_or_default();
            let mut button = |ui: &mut Ui, words: &str, hint: &str, found: Found| {
                let response = ui.add_enabled(query.is_ok(), egui::Button::new(words)).on_hover_text(hint);
                let clicked = response.on_disabled_hover_text(&why).clicked();
                if let (true, Ok(query)) = (clicked || (entered && found == Found::Select), &query) {
                    view.ask(StudyAction::Search(query.clone(), found));
                }
            };
            button(ui, "Select", "Select what matches (Enter)", Found::Select);
            button(ui, "Show only", "Hide what does not match", Found::ShowOnly);
            if view.state.picture.filter.is_some()
                && ui.button("Show all").on_hover_text("Take the filter away").clicked()
            {
                view.ask(PictureAction::ShowAll);
            }
        });
    }

    fn range_ui(&mut self, ui: &mut Ui, view: &mut View) {
        match colour_range(view) {
            Some((title, _)) => {
                ui.add(egui::Label::new(title).truncate());
                ui.horizontal(|ui| {
                    for (value, name) in self.range.iter_mut().zip(["Least value", "Greatest value"]) {
                        let field = ui.add(egui::DragValue::new(value).speed(0.01));
                        field.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, name));
                    }
                });
            }
            None => {
                ui.label(RichText::new("Colour the map by a number first").color(view.palette.ink_weak));
            }
        }
    }

    fn query(&self, view: &View) -> Result<Query, String> {
        match self.kind {
            Kind::Text | Kind::Smarts if self.text.trim().is_empty() => Err("Type something to look for".into()),
            Kind::Text => Ok(Query::Text(self.text.trim().to_owned())),
            Kind::Smarts => Ok(Query::Smarts(self.text.trim().to_owned())),
            Kind::Nearest => {
                let row = view.state.picture.selection.iter().next().ok_or("Select a molecule first")?;
                let latents = view.state.data.as_ref().is_some_and(|data| data.latents.is_some());
                if !latents {
                    return Err("These molecules have no latent vectors: encode them first (Data menu)".into());
                }
                Ok(Query::Nearest { row, n: self.n_nearest })
            }
            Kind::Range => {
                let (_, column) = colour_range(view).ok_or("Colour the map by a number first")?;
                Ok(Query::Range { column, low: self.range[0], high: self.range[1] })
            }
        }
    }

    fn regions_ui(&mut self, ui: &mut Ui, view: &mut View) {
        section(ui, &view.palette, "Regions and selections");
        let named: Vec<NamedSelection> = view.state.picture.named.clone();
        if named.is_empty() {
            ui.label(RichText::new("None yet: select molecules on the map, then").color(view.palette.ink_weak));
            command_button(ui, view, Command::NameSelection);
            return;
        }
        for (at, named) in named.iter().enumerate() {
            self.named_ui(ui, view, at, named);
        }
    }

    fn named_ui(&mut self, ui: &mut Ui, view: &mut View, at: usize, named: &NamedSelection) {
        if let Some((_, text)) = self.renaming.as_mut().filter(|(row, _)| *row == at) {
            let field = ui.add(TextEdit::singleline(text).desired_width(f32::INFINITY));
            field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "New name"));
            if !field.has_focus() && !field.lost_focus() {
                field.request_focus();
            }
            if field.lost_focus() {
                if ui.input(|input| input.key_pressed(egui::Key::Enter)) {
                    view.ask(PictureAction::Rename(at, text.clone()));
                }
                self.renaming = None;
            }
            return;
        }
        let on = *view.state.picture.selection == *named.rows;
        let words = format!("{}  ({})", named.name, thousands(named.rows.len()));
        let response = ui
            .selectable_label(on, words)
            .on_hover_text("Click selects, Shift adds, Alt subtracts, right click for more");
        if response.clicked() {
            view.ask(PictureAction::UseNamed(at, operation(ui.input(|input| input.modifiers))));
        }
        response.context_menu(|ui| {
            for operation in SetOperation::ALL {
                if ui.button(operation.label()).clicked() {
                    view.ask(PictureAction::UseNamed(at, operation));
                    ui.close();
                }
            }
            ui.separator();
            if ui.button("Rename…").clicked() {
                self.renaming = Some((at, named.name.clone()));
                ui.close();
            }
            if ui.button("Forget").clicked() {
                view.ask(PictureAction::RemoveNamed(at));
                ui.close();
            }
        });
    }
}

/// What the modifiers held during a click or drag mean for the selection.
pub fn operation(modifiers: egui::Modifiers) -> SetOperation {
    match (modifiers.shift, modifiers.alt) {
        (true, true) => SetOperation::Intersect,
        (true, false) => SetOperation::Add,
        (false, true) => SetOperation::Subtract,
        (false, false) => SetOperation::Replace,
    }
}

fn colour_range(view: &View) -> Option<(String, String)> {
    let data = view.state.data.as_ref()?;
    let column = data.column(view.state.picture.colour_by.as_deref()?)?;
    let [low, high] = column.range()?;
    let unit = if column.unit.is_empty() { String::new() } else { format!(" {}", column.unit) };
    let title = format!("{}: {} to {}{unit}", column.name, number(low), number(high));
    Some((title, column.name.clone()))
}

fn number(value: f64) -> String {
    crate::app::data::number(value)
}

/// One line of the list: a name, and what it is.
fn item(ui: &mut Ui, view: &mut View, on: bool, name: &str, detail: &str, step: Step) {
    let response = ui.add(egui::Button::selectable(on, name).truncate()).on_hover_text(detail);
    if response.clicked() {
        view.ask(PictureAction::GoTo(step));
    }
}

fn models_ui(ui: &mut Ui, view: &mut View) {
    section(ui, &view.palette, "Models");
    match view.state.model.clone() {
        Some(model) => {
            let on = view.state.picture.step == Step::Model;
            item(ui, view, on, model.model_name(), "The open model: click for its card", Step::Model);
        }
        None => {
            ui.label(RichText::new("None open").color(view.palette.ink_weak));
        }
    }
}

fn data_ui(ui: &mut Ui, view: &mut View) {
    section(ui, &view.palette, "Data sets");
    match view.state.data.clone().filter(|data| data.n_rows() > 0) {
        Some(data) => {
            let words = format!("{}  ({})", data.name, thousands(data.n_rows()));
            let on = view.state.picture.step == Step::Landscape;
            item(ui, view, on, &words, "The molecules on screen", Step::Landscape);
        }
        None => {
            ui.label(RichText::new("None open").color(view.palette.ink_weak));
        }
    }
}

fn landscapes_ui(ui: &mut Ui, view: &mut View) {
    let Some(study) = view.state.study.as_ref() else { return };
    let items: Vec<(String, String, Step)> = study
        .items
        .iter()
        .filter(|item| item.step != Step::FillTune && item.step != Step::Compare)
        .map(|i| (i.name.clone(), i.detail.clone(), i.step))
        .collect();
    if items.is_empty() {
        return;
    }
    section(ui, &view.palette, "Landscapes and maps");
    for (name, detail, step) in items {
        item(ui, view, false, &name, &detail, step);
    }
}

fn runs_ui(ui: &mut Ui, view: &mut View) {
    let Some(study) = view.state.study.as_ref() else { return };
    let items: Vec<(String, String, Step)> = study
        .items
        .iter()
        .filter(|item| matches!(item.step, Step::FillTune | Step::Compare))
        .map(|i| (i.name.clone(), i.detail.clone(), i.step))
        .collect();
    if items.is_empty() {
        return;
    }
    section(ui, &view.palette, "Fill sets, runs, comparisons");
    ui.spacing_mut().item_spacing.y = space::XS;
    for (name, detail, step) in items {
        item(ui, view, false, &name, &detail, step);
    }
}
