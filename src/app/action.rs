//! What the person asked for. Panels return actions; only `App::apply` carries them out.

use std::path::PathBuf;
use std::sync::Arc;

use super::data::{Export, Query, RowSet, SetOperation};
use super::figure::ViewExport;
use super::landscape::{Figure, LayoutRequest};
use super::picture::{Camera, Heatmap, Layer, Sort, Step};
use super::study::NewStudy;
use super::teach::Method;
use super::theme::ThemeChoice;
use super::tuning::{Draft, TuningAction};
use crate::projection::ProjectionParams;
use crate::render::{Camera3d, ColourMap};
use crate::workspace::recipe::{LandscapeParams, SamplesParams};
use crate::workspace::{ArtefactId, NamedRegion};

/// A wish.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Take the last change back.
    Undo,
    /// Make it again.
    Redo,
    /// Go to a place in the history: how many changes are to be in force.
    GoToChange(usize),
    /// A change of what is seen; all of these can be undone.
    Picture(PictureAction),
    /// Open, close, save.
    Study(StudyAction),
    /// Something for the model of step 1.
    Model(ModelAction),
    /// A landscape step or a network.
    Landscape(LandscapeAction),
    /// A lesson.
    Lesson(LessonAction),
    /// A search in slow motion.
    Film(FilmAction),
    /// Generating, tuning, comparing.
    Tuning(TuningAction),
    /// Running jobs.
    Job(JobAction),
    /// The window itself.
    Window(WindowAction),
}

/// Changes of the picture.
#[derive(Debug, Clone, PartialEq)]
pub enum PictureAction {
    /// Show a step.
    GoTo(Step),
    /// Colour points by a column, or by none.
    ColourBy(Option<String>),
    /// Use other colours.
    Gradient(ColourMap),
    /// Show or hide a layer.
    ToggleLayer(Layer),
    /// Diameter of points.
    PointSize(f32),
    /// Look at a part of the map, or all of it.
    Camera(Option<Camera>),
    /// See the map in space, or from above.
    InSpace(bool),
    /// Turn the view of space, or see all of it from the usual angle.
    Orbit(Option<Camera3d>),
    /// Join rows to the selection.
    Select {
        /// The rows.
        rows: Arc<RowSet>,
        /// How.
        operation: SetOperation,
        /// With which tool, for the history.
        by: &'static str,
    },
    /// Select what is not selected.
    Invert,
    /// Give the selection a name.
    Name(String),
    /// Give a named selection another name.
    Rename(usize, String),
    /// Forget a named selection.
    RemoveNamed(usize),
    /// Join a named selection to the selection.
    UseNamed(usize, SetOperation),
    /// Show only what is selected.
    ShowOnlySelection,
    /// Show everything.
    ShowAll,
    /// Keep a card on the map, or take it off.
    TogglePin(usize),
    /// Order the table.
    Sort(Option<Sort>),
    /// Change what the heatmap shows.
    Heatmap(Heatmap),
    /// Change the regions.
    Region(RegionEdit),
    /// Change the settings of steps 4 and 5.
    Draft {
        /// The settings.
        draft: Arc<Draft>,
        /// What was changed, for the history.
        what: &'static str,
        /// Whether many in a row are one change.
        joins: bool,
    },
}

/// Changes of the regions.
#[derive(Debug, Clone, PartialEq)]
pub enum RegionEdit {
    /// Add a region and look at it; another name is taken when one has this already.
    Add(NamedRegion),
    /// Look at a region, or at none.
    Show(Option<String>),
    /// Give a region another name.
    Rename(String, String),
    /// Forget a region.
    Remove(String),
    /// Fill a region, or the whole landscape.
    Fill(Option<String>),
}

impl RegionEdit {
    fn label(&self) -> String {
        match self {
            Self::Add(region) => format!("Region “{}”", region.name),
            Self::Show(Some(name)) => format!("Look at “{name}”"),
            Self::Show(None) => "Look at no region".into(),
            Self::Rename(_, name) => format!("Rename to “{name}”"),
            Self::Remove(name) => format!("Forget “{name}”"),
            Self::Fill(Some(name)) => format!("Fill “{name}”"),
            Self::Fill(None) => "Fill the whole landscape".into(),
        }
    }
}

/// What is done with what search finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Found {
    /// It becomes the selection.
    #[default]
    Select,
    /// Only it is shown.
    ShowOnly,
}

/// Opening and writing.
#[derive(Debug, Clone, PartialEq)]
pub enum StudyAction {
    /// Open whatever stands at this path: a study, a model, a file of molecules.
    Open(PathBuf),
    /// Read a file even though it is large.
    OpenLarge(PathBuf),
    /// Open the study that ships with the program.
    OpenBundled,
    /// Make a study, and open it.
    New(Box<NewStudy>),
    /// Copy the open study into a new folder, and open the copy.
    Copy(PathBuf),
    /// Search the data set.
    Search(Query, Found),
    /// Write rows to a file: the selection, or all that are shown.
    Export {
        /// Where and how.
        to: Export,
        /// Only what is selected.
        selection_only: bool,
    },
    /// Make what a step of the study's recipe has not yet.
    RunStep(Step),
    /// Change where the response is measured and how the landscape is explored.
    SetExploration(Box<(SamplesParams, LandscapeParams)>),
    /// Fit another map to the latent vectors.
    Project(ProjectionParams),
    /// Compute the usual descriptors of every molecule.
    Describe,
    /// Encode every molecule with the open model and draw the map of the latent vectors.
    MakeMap,
}

/// Step 1.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelAction {
    /// Load the model that ships with the program.
    OpenBundled,
    /// Load a folder.
    OpenFolder(PathBuf),
    /// Load from the cache of the hub, or fetch.
    OpenHub(String),
    /// Encode and decode a SMILES.
    Try(String),
    /// Walk between two molecules through latent space in so many steps.
    Walk {
        /// SMILES of the start.
        from: String,
        /// SMILES of the end.
        to: String,
        /// Molecules in all.
        n: usize,
    },
    /// Decode points around the latent vector of a SMILES.
    Neighbours {
        /// The molecule.
        smiles: String,
        /// Distance in latent space.
        radius: f32,
        /// The seed of the directions.
        seed: u64,
    },
}

/// Landscape views.
#[derive(Debug, Clone, PartialEq)]
pub enum LandscapeAction {
    /// Mark minima by id; replaces what was marked.
    SelectMinima(Vec<u64>),
    /// Flood the landscape up to an energy, or not at all.
    Flood(Option<f64>),
    /// The minimum under the pointer.
    Hover(Option<u64>),
    /// Find the lowest-barrier path from a minimum (the lowest one that is joined to others, when left out) to another
    /// (the one hardest to reach).
    Path(Option<u64>, Option<u64>),
    /// Look at an image of the path.
    Image(usize),
    /// Lay the network out.
    LayOut(LayoutRequest),
    /// Show or hide where samples of the region will fall.
    ShowPreview(bool),
    /// Compute the roughness field in the plane of the map.
    Exact,
    /// Take the difference to another landscape of the study.
    Difference(ArtefactId),
    /// Write a view as SVG or PNG.
    Export(Box<Figure>, PathBuf),
}

/// Lessons.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LessonAction {
    /// Show the list.
    List,
    /// Begin one, by its place in the list.
    Start(usize),
    /// Choose an answer to the question of the task.
    Guess(usize),
    /// Type the number that the task asks for.
    Answer(f64),
    /// Do what the task asks for.
    ShowMe,
    /// Go on to the next task.
    Next,
    /// End it.
    Leave,
}

/// Searches in slow motion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FilmAction {
    /// Record a search on the open toy and play it.
    Record(Method),
    /// Show a frame; past the end, the last one.
    Seek(usize),
    /// Play or hold.
    Play(bool),
    /// Frames a second.
    Speed(f32),
    /// Take the film off the map.
    Close,
}

/// Jobs by their id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobAction {
    /// Stop at the next unit and keep what there is.
    Cancel(u64),
    /// Rest at the next unit.
    Pause(u64),
    /// Go on.
    Resume(u64),
    /// Take an ended job off the list.
    Dismiss(u64),
}

/// What a click or drag on the map does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tool {
    /// Move the map.
    #[default]
    Pan,
    /// Draw around points.
    Lasso,
    /// Draw a rectangle.
    Rectangle,
}

impl Tool {
    /// All, in the order of the toolbar.
    pub const ALL: [Self; 3] = [Self::Pan, Self::Lasso, Self::Rectangle];

    /// The word on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Pan => "Pan",
            Self::Lasso => "Lasso",
            Self::Rectangle => "Rectangle",
        }
    }
}

/// A dialog of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dialog {
    /// Choose what to open.
    Open,
    /// Choose where to write rows.
    ExportRows,
    /// Choose where to write the picture.
    ExportView,
    /// Choose how the map is made.
    Projection,
    /// Choose where to write the report.
    ExportReport,
    /// Choose where to copy the study.
    CopyStudy,
    /// What a new study is to be.
    NewStudy,
    /// Name the selection.
    NameSelection,
    /// Keys and what they do.
    Keys,
    /// Preferences.
    Settings,
    /// Jobs run and the window is to close.
    Quit,
    /// Choose a lesson.
    Lessons,
    /// A file is large: its path and its size in bytes.
    LargeFile(PathBuf, u64),
}

/// What a system file dialog is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choose {
    /// A folder to open.
    OpenFolder,
    /// A file to open.
    OpenFile,
    /// A file to write.
    Save,
}

/// The window.
#[derive(Debug, Clone, PartialEq)]
pub enum WindowAction {
    /// Take a tool.
    Tool(Tool),
    /// The row under the pointer.
    Hover(Option<usize>),
    /// Look at the selection, or everything.
    FrameSelection,
    /// Put the tiles back as they were.
    ResetLayout,
    /// Show or hide the Explorer.
    ToggleExplorer,
    /// Show or hide the Inspector.
    ToggleInspector,
    /// Show or hide jobs, log and history.
    ToggleBottom,
    /// Use other colours.
    Theme(ThemeChoice),
    /// Scale everything.
    Scale(f32),
    /// Larger type and keys on screen, for an audience.
    TogglePresenter,
    /// Open or close the command palette.
    TogglePalette,
    /// Put the cursor into the search field.
    FocusSearch,
    /// Open a dialog.
    Show(Dialog),
    /// Close the dialog.
    CloseDialog,
    /// Ask the system's file dialog.
    Choose(Choose),
    /// The first steps have been read.
    Welcomed,
    /// Copy a text.
    Copy(String),
    /// Say something in the log.
    Say(String),
    /// Take the sentence off the screen.
    Dismiss,
    /// The search field has the cursor.
    SearchFocused,
    /// No animations.
    ReducedMotion(bool),
    /// Write the picture of the map.
    ExportView(ViewExport),
    /// Close the window, asking first when jobs run.
    Quit,
    /// Close the window now.
    QuitNow,
}

impl From<PictureAction> for Action {
    fn from(action: PictureAction) -> Self {
        Self::Picture(action)
    }
}

impl From<WindowAction> for Action {
    fn from(action: WindowAction) -> Self {
        Self::Window(action)
    }
}

impl From<StudyAction> for Action {
    fn from(action: StudyAction) -> Self {
        Self::Study(action)
    }
}

impl From<LandscapeAction> for Action {
    fn from(action: LandscapeAction) -> Self {
        Self::Landscape(action)
    }
}

impl From<LessonAction> for Action {
    fn from(action: LessonAction) -> Self {
        Self::Lesson(action)
    }
}

impl From<FilmAction> for Action {
    fn from(action: FilmAction) -> Self {
        Self::Film(action)
    }
}

impl From<TuningAction> for Action {
    fn from(action: TuningAction) -> Self {
        Self::Tuning(action)
    }
}

impl From<ModelAction> for Action {
    fn from(action: ModelAction) -> Self {
        Self::Model(action)
    }
}

impl PictureAction {
    /// Its name in the history.
    pub fn label(&self) -> String {
        match self {
            Self::GoTo(step) => format!("Step {}", step.label()),
            Self::ColourBy(Some(column)) => format!("Colour by {column}"),
            Self::ColourBy(None) => "Colour by nothing".into(),
            Self::Gradient(gradient) => format!("Colours {}", gradient.label()),
            Self::ToggleLayer(layer) => format!("Layer {}", layer.label()),
            Self::PointSize(_) => "Point size".into(),
            Self::Camera(None) => "Show the whole map".into(),
            Self::Camera(Some(_)) => "Move the map".into(),
            Self::InSpace(true) => "See the map in space".into(),
            Self::InSpace(false) => "See the map from above".into(),
            Self::Orbit(None) => "Show all of space".into(),
            Self::Orbit(Some(_)) => "Turn the map".into(),
            Self::Select { operation: SetOperation::Replace, by, .. } => format!("Select by {by}"),
            Self::Select { operation, by, .. } => format!("{} by {by}", operation.label()),
            Self::Invert => "Invert the selection".into(),
            Self::Name(name) => format!("Name “{name}”"),
            Self::Rename(_, name) => format!("Rename to “{name}”"),
            Self::RemoveNamed(_) => "Forget a named selection".into(),
            Self::UseNamed(_, operation) => format!("{} a named selection", operation.label()),
            Self::ShowOnlySelection => "Show only the selection".into(),
            Self::ShowAll => "Show all".into(),
            Self::TogglePin(_) => "Pin".into(),
            Self::Sort(_) => "Sort".into(),
            Self::Heatmap(heatmap) => format!("Heatmap of {}", heatmap.field.label().to_lowercase()),
            Self::Region(edit) => edit.label(),
            Self::Draft { what, .. } => (*what).into(),
        }
    }

    /// Whether many in a row are one change.
    pub fn joins(&self) -> bool {
        matches!(
            self,
            Self::PointSize(_) | Self::Camera(Some(_)) | Self::Orbit(Some(_)) | Self::Draft { joins: true, .. }
        )
    }
}
