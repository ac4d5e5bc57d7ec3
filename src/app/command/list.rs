//! Every command with its words, its key and what does the same without a screen.

use eframe::egui::{Key, KeyboardShortcut, Modifiers};

use super::{Command, Entry, Menu};
use crate::app::action::Tool;
use crate::app::picture::{Layer, Step};
use crate::app::study::{TOYS, ToyName};
use crate::app::teach::Method;

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
        headless: Some("fillscape study new PATH --recipe recipe.toml"),
        ..entry(
            Command::NewStudy,
            Menu::File,
            "New study…",
            "Begin a study of the open molecules, of a file, or of the program's own library",
            ctrl(Key::N),
        )
    },
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
        "See the map in space: drag to turn it (with the right button whatever the tool), Shift and drag to move, scroll to zoom",
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
