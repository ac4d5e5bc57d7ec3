//! The one list of commands: buttons, menus, keys and the palette all read it.

use eframe::egui::{self, Key, KeyboardShortcut, Modifiers};

use super::action::{
    Action, Dialog, FilmAction, LandscapeAction, LessonAction, PictureAction, StudyAction, Tool, WindowAction,
};
use super::data::{RowSet, SetOperation};
use super::picture::{Layer, Step};
use super::settings::SCALES;
use super::state::State;
use super::study::{TOYS, ToyName};
use super::teach::Method;
use crate::projection::ProjectionParams;

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
    /// A study of one's own.
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

#[expect(clippy::unnecessary_wraps, reason = "the list below reads better with keys and None side by side")]
const fn plain(key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(Modifiers::NONE, key))
}

#[expect(clippy::unnecessary_wraps, reason = "as above")]
const fn ctrl(key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(Modifiers::COMMAND, key))
}

const CTRL_SHIFT: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };

const fn entry(
    command: Command,
    menu: Menu,
    label: &'static str,
    tooltip: &'static str,
    key: Option<KeyboardShortcut>,
) -> Entry {
    Entry { command, label, tooltip, menu, key, headless: None }
}

const fn toy(toy: ToyName, label: &'static str, headless: &'static str) -> Entry {
    let tooltip = "A surface in two dimensions, explored by the code that explores the model's";
    Entry { headless: Some(headless), ..entry(Command::Toy(toy), Menu::Teach, label, tooltip, None) }
}

/// Every command, in the order of menus and palette.
pub const COMMANDS: &[Entry] = &[
    entry(Command::Open, Menu::File, "Open…", "Open a study, a model or a file of molecules", ctrl(Key::O)),
    entry(
        Command::OpenBundled,
        Menu::File,
        "Open the bundled study",
        "Open the study that ships with the program",
        None,
    ),
    Entry {
        headless: Some("fillscape study copy PATH --into DIR"),
        ..entry(
            Command::CopyStudy,
            Menu::File,
            "Copy the study…",
            "Copy the open study into a folder of your own, where it can be changed",
            None,
        )
    },
    entry(
        Command::ExportRows,
        Menu::File,
        "Export molecules…",
        "Write molecules as CSV, SMILES, SDF or Parquet",
        Some(KeyboardShortcut::new(CTRL_SHIFT, Key::E)),
    ),
    Entry {
        headless: Some("fillscape render --study PATH --view map --size 1280x800 --out map.png"),
        ..entry(Command::ExportView, Menu::File, "Export view…", "Write the map as a picture", ctrl(Key::E))
    },
    entry(Command::Settings, Menu::File, "Settings…", "Theme, scale, motion", ctrl(Key::Comma)),
    entry(Command::Quit, Menu::File, "Quit", "Close the window; asks first when jobs run", ctrl(Key::Q)),
    entry(Command::Undo, Menu::Edit, "Undo", "Take the last change back", ctrl(Key::Z)),
    entry(
        Command::Redo,
        Menu::Edit,
        "Redo",
        "Make the last undone change again",
        Some(KeyboardShortcut::new(CTRL_SHIFT, Key::Z)),
    ),
    entry(Command::SelectAll, Menu::Edit, "Select all", "Select every molecule that is shown", ctrl(Key::A)),
    entry(Command::Clear, Menu::Edit, "Clear the selection", "Select nothing", plain(Key::Escape)),
    entry(Command::Invert, Menu::Edit, "Invert the selection", "Select what is not selected", ctrl(Key::I)),
    entry(
        Command::NameSelection,
        Menu::Edit,
        "Name the selection…",
        "Keep the selection under a name, as a region",
        plain(Key::G),
    ),
    entry(
        Command::MakeRegion,
        Menu::Edit,
        "Make a region of the selection",
        "A part of latent space around the selected molecules, which a fill set can be drawn from",
        Some(KeyboardShortcut::new(Modifiers::SHIFT, Key::G)),
    ),
    entry(Command::ShowOnly, Menu::Edit, "Show only the selection", "Hide every molecule that is not selected", None),
    entry(Command::ShowAll, Menu::Edit, "Show all molecules", "Take the filter away", None),
    entry(
        Command::Find,
        Menu::Edit,
        "Find molecules",
        "By text, by substructure, or nearest in latent space",
        ctrl(Key::F),
    ),
    entry(Command::GoTo(Step::Model), Menu::View, "Step 1: Model", Step::Model.purpose(), plain(Key::Num1)),
    entry(Command::GoTo(Step::Landscape), Menu::View, "Step 2: Landscape", Step::Landscape.purpose(), plain(Key::Num2)),
    entry(Command::GoTo(Step::Region), Menu::View, "Step 3: Region", Step::Region.purpose(), plain(Key::Num3)),
    entry(Command::GoTo(Step::FillTune), Menu::View, "Step 4: Fill-tune", Step::FillTune.purpose(), plain(Key::Num4)),
    entry(Command::GoTo(Step::Compare), Menu::View, "Step 5: Compare", Step::Compare.purpose(), plain(Key::Num5)),
    entry(Command::Tool(Tool::Pan), Menu::View, "Pan", "Drag moves the map, a click selects", plain(Key::V)),
    entry(
        Command::Tool(Tool::Lasso),
        Menu::View,
        "Lasso",
        "Draw around points; Shift adds, Alt subtracts",
        plain(Key::L),
    ),
    entry(
        Command::Tool(Tool::Rectangle),
        Menu::View,
        "Rectangle",
        "Draw a rectangle; Shift adds, Alt subtracts",
        plain(Key::R),
    ),
    entry(Command::Layer(Layer::Points), Menu::View, "Points", "One dot a molecule", plain(Key::P)),
    entry(Command::Layer(Layer::Density), Menu::View, "Density", "How many molecules there are", plain(Key::D)),
    entry(Command::Layer(Layer::Heatmap), Menu::View, "Heatmap", "How rough the landscape is", plain(Key::H)),
    entry(
        Command::Layer(Layer::Network),
        Menu::View,
        "Network",
        "Minima and the transition states between them",
        plain(Key::N),
    ),
    entry(Command::Frame, Menu::View, "Frame the selection", "Look at the selection, or at everything", plain(Key::F)),
    entry(
        Command::FrameAll,
        Menu::View,
        "Whole map",
        "Look at everything",
        Some(KeyboardShortcut::new(Modifiers::SHIFT, Key::F)),
    ),
    entry(
        Command::Space,
        Menu::View,
        "3-D",
        "See the map in space: a drag turns it, at any tool that of the right button; with Shift it moves; a scroll zooms",
        plain(Key::O),
    ),
    entry(Command::Explorer, Menu::View, "Explorer", "Show or hide the list at the left", ctrl(Key::B)),
    entry(
        Command::Inspector,
        Menu::View,
        "Inspector",
        "Show or hide the details at the right",
        Some(KeyboardShortcut::new(CTRL_SHIFT, Key::B)),
    ),
    entry(Command::Jobs, Menu::View, "Jobs, log and history", "Show or hide the panel below", ctrl(Key::J)),
    entry(Command::NextTheme, Menu::View, "Next theme", "Light, dark, high contrast", None),
    entry(Command::ScaleUp, Menu::View, "Larger", "Scale everything up by 10 %", ctrl(Key::Plus)),
    entry(Command::ScaleDown, Menu::View, "Smaller", "Scale everything down by 10 %", ctrl(Key::Minus)),
    entry(Command::ScaleReset, Menu::View, "Actual size", "Scale 100 %", ctrl(Key::Num0)),
    entry(Command::ResetLayout, Menu::View, "Reset the layout", "Put the tiles of this step back as they were", None),
    entry(Command::Presenter, Menu::View, "Presenter mode", "Larger type, and keys shown on screen", plain(Key::F11)),
    entry(
        Command::Primary,
        Menu::Data,
        "Do what this step is for",
        "The primary action of the step",
        Some(KeyboardShortcut::new(Modifiers::COMMAND, Key::Enter)),
    ),
    Entry {
        headless: Some("fillscape render --study PATH --view path --out path.svg"),
        ..entry(
            Command::FarthestPath,
            Menu::Data,
            "Path from the lowest minimum",
            "The lowest-barrier path to the minimum that is hardest to reach",
            None,
        )
    },
    Entry {
        headless: Some("fillscape mol descriptors --in molecules.csv --out descriptors.csv"),
        ..entry(
            Command::Describe,
            Menu::Data,
            "Compute descriptors",
            "Weight, logP, QED and others for every molecule",
            None,
        )
    },
    Entry {
        headless: Some("fillscape model encode bundled --in molecules.csv --kind latent --out latents.npy"),
        ..entry(
            Command::MakeMap,
            Menu::Data,
            "Encode and draw the map",
            "Latent vectors by the open model, then their principal axes",
            None,
        )
    },
    Entry {
        headless: Some("fillscape lesson check"),
        ..entry(Command::Lessons, Menu::Teach, "Lessons…", "Eight short lessons: predict, do, see", None)
    },
    toy(TOYS[0], "Toy: Müller–Brown", "fillscape landscape toy muller-brown --preset thorough --out network"),
    toy(TOYS[1], "Toy: Camelback", "fillscape landscape toy camelback --preset thorough --out network"),
    toy(
        TOYS[2],
        "Toy: Three wells in a funnel",
        "fillscape landscape toy well-cluster --preset thorough --out network",
    ),
    toy(TOYS[3], "Toy: Schwefel", "fillscape landscape toy schwefel --preset thorough --out network"),
    entry(
        Command::Film(Method::BasinHopping),
        Menu::Teach,
        "Watch basin-hopping",
        "In slow motion on the open toy, from the selected point or a usual one",
        None,
    ),
    entry(
        Command::Film(Method::ElasticBand),
        Menu::Teach,
        "Watch an elastic band",
        "In slow motion on the open toy, between two marked minima or the two lowest",
        None,
    ),
    entry(
        Command::Film(Method::SaddleSearch),
        Menu::Teach,
        "Watch a saddle search",
        "In slow motion on the open toy, from the selected point or from half-way between two minima",
        None,
    ),
    Entry {
        headless: Some("fillscape project fit latents.npy --method umap --out projection.json"),
        ..entry(
            Command::Projection,
            Menu::Data,
            "Projection…",
            "Draw the map by other means: diffusion map, t-SNE, UMAP, a plane through minima",
            None,
        )
    },
    entry(Command::Palette, Menu::Help, "Command palette", "Find any command by its words", ctrl(Key::K)),
    entry(Command::Keys, Menu::Help, "Keys", "Every key and what it does", plain(Key::F1)),
];

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
                StudyAction::Project(ProjectionParams { n_dims: 3, ..state.projection_params() }).into()
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

/// The actions of the keys that were pressed in this frame. While a field has the focus, only keys with Ctrl
/// count, and of these none that a field takes itself.
pub fn pressed(ctx: &egui::Context, state: &State) -> Vec<Action> {
    let typing = ctx.text_edit_focused();
    let mut entries: Vec<&Entry> = COMMANDS.iter().filter(|entry| entry.key.is_some()).collect();
    // Shortcuts with more modifiers first, so that Ctrl Shift Z is not taken for Ctrl Z.
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.key.map_or(0, |key| n_modifiers(key.modifiers))));
    let mut actions = Vec::new();
    for entry in entries {
        let Some(key) = entry.key else { continue };
        if typing && !is_function_key(key.logical_key) && (!key.modifiers.command || edits_text(key.logical_key)) {
            continue;
        }
        if ctx.input_mut(|input| input.consume_shortcut(&key)) {
            match entry.command.action(state) {
                Ok(action) => actions.push(action),
                // Escape with nothing selected is no wish.
                Err(_) if entry.command == Command::Clear => {}
                Err(why) => actions.push(WindowAction::Say(format!("{}: {why}", entry.label)).into()),
            }
        }
    }
    actions
}

/// As [`pressed`] while the palette or a dialog is open: only Escape, which closes it, and the palette's own key.
pub fn pressed_in_dialog(ctx: &egui::Context, state: &State) -> Vec<Action> {
    let escape = ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
    let palette =
        state.palette && Command::Palette.entry().key.is_some_and(|key| ctx.input_mut(|i| i.consume_shortcut(&key)));
    if state.palette && (escape || palette) {
        vec![WindowAction::TogglePalette.into()]
    } else if escape {
        vec![WindowAction::CloseDialog.into()]
    } else {
        Vec::new()
    }
}

fn n_modifiers(modifiers: Modifiers) -> usize {
    [modifiers.alt, modifiers.shift, modifiers.command || modifiers.ctrl].into_iter().filter(|on| *on).count()
}

/// Keys that, with Ctrl, mean something in a field.
fn edits_text(key: Key) -> bool {
    matches!(key, Key::A | Key::Z)
}

fn is_function_key(key: Key) -> bool {
    matches!(key, Key::F1 | Key::F11)
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
