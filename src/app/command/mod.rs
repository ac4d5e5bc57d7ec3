//! The one list of commands: buttons, menus, keys and the palette all read it.

mod keys;
mod list;

use eframe::egui::{self, KeyboardShortcut};

pub use keys::{pressed, pressed_in_dialog};
pub use list::COMMANDS;

use super::action::{
    Action, Dialog, FilmAction, LandscapeAction, LessonAction, PictureAction, StudyAction, Tool, WindowAction,
};
use super::data::{RowSet, SetOperation};
use super::picture::{Layer, Step};
use super::settings::SCALES;
use super::state::State;
use super::study::ToyName;
use super::teach::Method;
use crate::projection::{ProjectionMethod, ProjectionParams};

/// The menu a command stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Menu {
    /// Studies and files.
    File,
    /// Undo, selections.
    Edit,
    /// What is seen.
    View,
    /// Molecules and their numbers.
    Data,
    /// Toys, slow motion, lessons.
    Teach,
    /// How to.
    Help,
}

impl Menu {
    /// All, from left to right.
    pub const ALL: [Self; 6] = [Self::File, Self::Edit, Self::View, Self::Data, Self::Teach, Self::Help];

    /// The word in the menu bar.
    pub fn label(self) -> &'static str {
        match self {
            Self::File => "File",
            Self::Edit => "Edit",
            Self::View => "View",
            Self::Data => "Data",
            Self::Teach => "Teach",
            Self::Help => "Help",
        }
    }
}

/// A command that needs no further argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Choose what to open.
    Open,
    /// The study that ships with the program.
    OpenBundled,
    /// A study that begins.
    NewStudy,
    /// A study of one's own from the open one.
    CopyStudy,
    /// Write rows.
    ExportRows,
    /// Write the map.
    ExportView,
    /// Preferences.
    Settings,
    /// Close the window.
    Quit,
    /// Take back.
    Undo,
    /// Make again.
    Redo,
    /// Select every row that is shown.
    SelectAll,
    /// Select nothing.
    Clear,
    /// Select the others.
    Invert,
    /// Name the selection.
    NameSelection,
    /// Make a region of the selection.
    MakeRegion,
    /// Show only the selection.
    ShowOnly,
    /// Show all rows.
    ShowAll,
    /// Go to the search field.
    Find,
    /// One of the five steps.
    GoTo(Step),
    /// One of the tools.
    Tool(Tool),
    /// One of the layers.
    Layer(Layer),
    /// Look at the selection.
    Frame,
    /// Look at everything.
    FrameAll,
    /// In space or from above.
    Space,
    /// Explorer on and off.
    Explorer,
    /// Inspector on and off.
    Inspector,
    /// Jobs on and off.
    Jobs,
    /// The next theme.
    NextTheme,
    /// Larger.
    ScaleUp,
    /// Smaller.
    ScaleDown,
    /// 100 %.
    ScaleReset,
    /// Tiles as they were.
    ResetLayout,
    /// For an audience.
    Presenter,
    /// What the step is for.
    Primary,
    /// The path from the lowest minimum to the one hardest to reach.
    FarthestPath,
    /// Compute descriptors.
    Describe,
    /// Encode and draw a map.
    MakeMap,
    /// Choose a lesson.
    Lessons,
    /// Open a toy surface.
    Toy(ToyName),
    /// Watch a search on the open toy.
    Film(Method),
    /// Draw another map.
    Projection,
    /// All commands.
    Palette,
    /// Keys.
    Keys,
}

/// What is known about a command.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The command.
    pub command: Command,
    /// Its words, with an ellipsis when it asks for more.
    pub label: &'static str,
    /// What it does, in a sentence.
    pub tooltip: &'static str,
    /// The menu it stands in.
    pub menu: Menu,
    /// Its key.
    pub key: Option<KeyboardShortcut>,
    /// The same on the command line, where there is one.
    pub headless: Option<&'static str>,
}

impl Command {
    /// What is known about it.
    pub fn entry(self) -> &'static Entry {
        COMMANDS.iter().find(|entry| entry.command == self).unwrap_or(&COMMANDS[0])
    }

    /// What it asks for now, or why it cannot.
    ///
    /// # Errors
    /// A sentence for the tooltip of the disabled button.
    pub fn action(self, state: &State) -> Result<Action, String> {
        let selected = state.picture.selection.len();
        let needs_data =
            || state.data.as_ref().map(|_| ()).ok_or_else(|| "Open a study or a file of molecules first".to_owned());
        let needs_selection = |n: usize| {
            if n > 0 {
                Ok(())
            } else {
                Err("Select molecules on the map, in the grid or in the table first".to_owned())
            }
        };
        Ok(match self {
            Self::Open => WindowAction::Show(Dialog::Open).into(),
            Self::OpenBundled => {
                if state.places.study.is_none() {
                    return Err("This copy of the program ships without a study".into());
                }
                StudyAction::OpenBundled.into()
            }
            Self::NewStudy => WindowAction::Show(Dialog::NewStudy).into(),
            Self::CopyStudy => {
                let study = state.study.as_ref().filter(|study| study.folder.is_dir());
                study.ok_or_else(|| "Open a study first".to_owned())?;
                WindowAction::Show(Dialog::CopyStudy).into()
            }
            Self::ExportRows => {
                needs_data()?;
                WindowAction::Show(Dialog::ExportRows).into()
            }
            Self::ExportView => {
                needs_data()?;
                WindowAction::Show(Dialog::ExportView).into()
            }
            Self::Settings => WindowAction::Show(Dialog::Settings).into(),
            Self::Quit => WindowAction::Quit.into(),
            Self::Undo => {
                state.history.next_undo().ok_or("There is nothing to take back")?;
                Action::Undo
            }
            Self::Redo => {
                state.history.next_redo().ok_or("There is nothing to make again")?;
                Action::Redo
            }
            Self::SelectAll => {
                needs_data()?;
                let all = || RowSet::full(state.n_rows()).into();
                let rows = state.picture.filter.as_ref().map_or_else(all, |filter| filter.rows.clone());
                PictureAction::Select { rows, operation: SetOperation::Replace, by: "command" }.into()
            }
            Self::Clear => {
                needs_selection(selected)?;
                let rows = RowSet::empty(state.n_rows()).into();
                PictureAction::Select { rows, operation: SetOperation::Replace, by: "clearing" }.into()
            }
            Self::Invert => {
                needs_data()?;
                PictureAction::Invert.into()
            }
            Self::NameSelection => {
                needs_selection(selected)?;
                WindowAction::Show(Dialog::NameSelection).into()
            }
            Self::MakeRegion => return super::region::of_selection(state),
            Self::FarthestPath => {
                let known = state.study.as_ref().is_some_and(|study| study.landscape.is_some());
                known.then_some(()).ok_or("There is no landscape yet: run step 2 first")?;
                LandscapeAction::Path(None, None).into()
            }
            Self::ShowOnly => {
                needs_selection(selected)?;
                PictureAction::ShowOnlySelection.into()
            }
            Self::ShowAll => {
                state.picture.filter.as_ref().ok_or("All molecules are shown")?;
                PictureAction::ShowAll.into()
            }
            Self::Find => {
                needs_data()?;
                WindowAction::FocusSearch.into()
            }
            Self::GoTo(step) => PictureAction::GoTo(step).into(),
            Self::Tool(tool) => WindowAction::Tool(tool).into(),
            Self::Layer(layer) => {
                state.layer_available(layer)?;
                PictureAction::ToggleLayer(layer).into()
            }
            Self::Frame => {
                needs_data()?;
                WindowAction::FrameSelection.into()
            }
            Self::FrameAll => {
                needs_data()?;
                if state.sees_space() { PictureAction::Orbit(None).into() } else { PictureAction::Camera(None).into() }
            }
            Self::Space => {
                let data = state.data.as_ref().ok_or("Open a study or a file of molecules first")?;
                let map = data.map.as_ref().ok_or("There is no map yet")?;
                if map.is_space() {
                    return Ok(PictureAction::InSpace(!state.picture.in_space).into());
                }
                data.latents.as_ref().ok_or("The molecules have no latent vectors to place them in space")?;
                let params = state.projection_params();
                if matches!(&params.method, ProjectionMethod::Plane { points } if points.len() < 4) {
                    return Err(
                        "Three minima span no space: mark a fourth one and draw the map again (Projection…)".into()
                    );
                }
                StudyAction::Project(ProjectionParams { n_dims: 3, ..params }).into()
            }
            Self::Explorer => WindowAction::ToggleExplorer.into(),
            Self::Inspector => WindowAction::ToggleInspector.into(),
            Self::Jobs => WindowAction::ToggleBottom.into(),
            Self::NextTheme => {
                let all = super::theme::ThemeChoice::ALL;
                let at = all.iter().position(|theme| *theme == state.settings.theme).unwrap_or(0);
                WindowAction::Theme(all[(at + 1) % all.len()]).into()
            }
            Self::ScaleUp | Self::ScaleDown => {
                let by = if self == Self::ScaleUp { 0.1 } else { -0.1 };
                let scale = ((state.settings.scale + by) * 10.0).round() / 10.0;
                if !SCALES.contains(&scale) {
                    return Err("The scale goes from 80 % to 200 %".into());
                }
                WindowAction::Scale(scale).into()
            }
            Self::ScaleReset => WindowAction::Scale(1.0).into(),
            Self::ResetLayout => WindowAction::ResetLayout.into(),
            Self::Presenter => WindowAction::TogglePresenter.into(),
            Self::Primary => return state.primary_action(),
            Self::Describe => {
                needs_data()?;
                StudyAction::Describe.into()
            }
            Self::MakeMap => {
                needs_data()?;
                if state.model.is_none() {
                    return Err("Open a model in step 1 first".into());
                }
                StudyAction::MakeMap.into()
            }
            Self::Lessons => LessonAction::List.into(),
            Self::Toy(toy) => StudyAction::Open(toy.path()).into(),
            Self::Film(method) => {
                let toy = state.study.as_ref().is_some_and(|study| study.toy.is_some());
                if !toy {
                    return Err("Slow motion needs a toy surface: open one in the Teach menu".into());
                }
                FilmAction::Record(method).into()
            }
            Self::Projection => {
                let latents = state.data.as_ref().is_some_and(|data| data.latents.is_some());
                if !latents {
                    return Err("The molecules have no latent vectors yet: encode them first".into());
                }
                WindowAction::Show(Dialog::Projection).into()
            }
            Self::Palette => WindowAction::TogglePalette.into(),
            Self::Keys => WindowAction::Show(Dialog::Keys).into(),
        })
    }

    /// Whether it shows something that is on now.
    pub fn is_on(self, state: &State) -> bool {
        match self {
            Self::GoTo(step) => state.picture.step == step,
            Self::Tool(tool) => state.tool == tool,
            Self::Layer(layer) => state.picture.shows(layer),
            Self::Explorer => state.settings.explorer,
            Self::Inspector => state.settings.inspector,
            Self::Jobs => state.settings.bottom,
            Self::Presenter => state.presenter,
            Self::Space => state.sees_space(),
            _ => false,
        }
    }
}

impl Entry {
    /// Its key as text, empty without one.
    pub fn key_text(&self, ctx: &egui::Context) -> String {
        self.key.map(|key| ctx.format_shortcut(&key)).unwrap_or_default()
    }

    /// Tooltip with the key.
    pub fn hint(&self, ctx: &egui::Context) -> String {
        let key = self.key_text(ctx);
        if key.is_empty() { self.tooltip.to_owned() } else { format!("{} ({key})", self.tooltip) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_commands_share_a_key_or_a_label() {
        let mut keys = BTreeSet::new();
        let mut labels = BTreeSet::new();
        for entry in COMMANDS {
            assert!(labels.insert(entry.label), "the label “{}” occurs twice", entry.label);
            assert!(!entry.tooltip.is_empty(), "{} has no tooltip", entry.label);
            if let Some(key) = entry.key {
                assert!(keys.insert(format!("{key:?}")), "the key of “{}” is taken", entry.label);
            }
        }
    }

    #[test]
    fn every_command_stands_in_the_list() {
        for step in Step::ALL {
            assert_eq!(Command::GoTo(step).entry().command, Command::GoTo(step));
            assert_eq!(Command::GoTo(step).entry().tooltip, step.purpose());
        }
        for layer in Layer::ALL {
            assert_eq!(Command::Layer(layer).entry().command, Command::Layer(layer));
        }
        for tool in Tool::ALL {
            assert_eq!(Command::Tool(tool).entry().command, Command::Tool(tool));
        }
    }
}
