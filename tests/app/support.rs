//! A small real study, made once by our own pipeline, and a harness around the window.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use eframe::egui;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use fillscape::app::{App, Start};
use fillscape::chem::library::{Library, LibraryParams};
use fillscape::chem::{Descriptors, Molecule, selfies};
use fillscape::jobs::silent;
use fillscape::landscape::{Exploration, ExploreParams, ThinPlate, explore, files};
use fillscape::model::{
    DeviceChoice, FoundationModel, LatentVector, ResponseParams, SelfiesTed, Unknown, similarity_response,
};
use fillscape::workspace::{
    ArtefactKind, ArtefactRequest, Document, MoleculeTable, NumericColumn, Points, StopReason, Study,
};

/// Molecules of the study.
pub const N: usize = 240;

pub fn model_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/model")
}

/// A study of `N` molecules of our library, encoded by the bundled model, with a small explored landscape. It is made
/// once for all tests of a process.
pub fn study() -> &'static Path {
    static STUDY: OnceLock<tempfile::TempDir> = OnceLock::new();
    STUDY
        .get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            make_study(folder.path());
            folder
        })
        .path()
}

/// The study in a folder of its own, which a test may change.
pub fn own_study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(study(), folder.path());
    folder
}

pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else if path.file_name().unwrap() != "study.lock" {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

fn make_study(folder: &Path) {
    let recipe = toml::from_str("name = 'Small study'\nseed = 5\n[corpus]\nn = 240\n").unwrap();
    let study = Study::create(folder, Document::new("Small study", recipe)).unwrap();
    let model = SelfiesTed::open(&model_folder(), DeviceChoice::Cpu).unwrap();
    let points = points(&model);
    let request = |kind, step: &str, parents: Vec<_>| ArtefactRequest {
        kind,
        step: step.into(),
        revision: 1,
        parents,
        inputs: BTreeMap::new(),
        parameters: toml::Table::new(),
        seed: 5,
        device: "cpu".into(),
    };
    let staging = study.begin(request(ArtefactKind::Points, "points", Vec::new())).unwrap();
    points.write(staging.output()).unwrap();
    let made = staging.finish(StopReason::Finished, toml::Table::new()).unwrap();
    let staging = study.begin(request(ArtefactKind::Landscape, "landscape", vec![made.id().clone()])).unwrap();
    files::write_native(staging.output(), &landscape(&model, &points)).unwrap();
    staging.finish(StopReason::Finished, toml::Table::new()).unwrap();
}

fn points(model: &SelfiesTed) -> Points {
    let params = LibraryParams { seed: 5, ..LibraryParams::default() };
    let mut molecules = MoleculeTable::default();
    let mut properties = vec![Vec::new(); Descriptors::NAMES.len()];
    for smiles in Library::new(params).unwrap() {
        let text = selfies::encode(&smiles).unwrap();
        if model.vocabulary().encode(&text, usize::MAX, Unknown::Refuse).is_err() {
            continue;
        }
        let values = Descriptors::of(&Molecule::from_smiles(&smiles).unwrap()).values();
        properties.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
        molecules.ids.push(format!("lib-{:04}", molecules.ids.len()));
        molecules.smiles.push(smiles);
        molecules.selfies.push(text);
        if molecules.len() == N {
            break;
        }
    }
    molecules.numbers = Descriptors::NAMES
        .into_iter()
        .zip(properties)
        .map(|(name, values)| NumericColumn { name: name.to_owned(), values })
        .collect();
    let latents = model.encode_latent(&molecules.selfies, Unknown::Refuse, &mut silent).unwrap();
    let latents = latents.into_iter().flat_map(|row| row.0).collect();
    Points { molecules, dimension: 128, latents }
}

/// The similarity response at the molecules, a spline through it, and a short exploration.
fn landscape(model: &SelfiesTed, points: &Points) -> files::NetworkFiles {
    let latents: Vec<LatentVector> = points.rows().map(|row| LatentVector(row.to_vec())).collect();
    let params = ResponseParams { n_neighbours: 4, ..ResponseParams::default() };
    let response = similarity_response(model, &latents, 0, &params, &mut silent).unwrap();
    let places: Vec<f64> = points.latents.iter().map(|x| f64::midpoint(f64::from(*x), 1.0)).collect();
    let surface = ThinPlate::fit_in_unit_box(&places, 128, &response, 1e-4).unwrap();
    let mut params = ExploreParams::reference();
    params.basin_hopping.n_steps = 1;
    params.n_neighbours = 3;
    let starts = &places[..24 * 128];
    let mut exploration = Exploration::new(&surface, starts, params).unwrap();
    explore(&surface, &mut exploration, 2, &mut silent).unwrap();
    files::NetworkFiles { network: exploration.network().clone(), pairs: Vec::new() }
}

/// How a window is opened in a test.
pub struct Opening {
    pub start: Start,
    pub size: egui::Vec2,
}

impl Default for Opening {
    fn default() -> Self {
        let start = Start { bundled_model: Some(model_folder()), ..Start::default() };
        Self { start, size: egui::vec2(1280.0, 800.0) }
    }
}

impl Opening {
    /// The bundled study and model.
    pub fn with_study() -> Self {
        let mut opening = Self::default();
        opening.start.bundled_study = Some(study().to_owned());
        opening
    }

    /// The study that ships with the program: every step of it is done. Without a model, so that nothing is decoded.
    pub fn bundled() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/study");
        Self { start: Start { bundled_study: Some(folder), ..Start::default() }, ..Self::default() }
    }

    /// Opens the window and waits until nothing runs.
    pub fn open(self) -> Harness<'static, App> {
        let start = self.start;
        let mut harness = Harness::builder().with_size(self.size).with_max_steps(64).wgpu().build_eframe(move |cc| {
            if let Some(state) = &cc.wgpu_render_state {
                fillscape::render::install(state);
                fillscape::render::install_meshes(&cc.egui_ctx, state);
            }
            App::new(&cc.egui_ctx, start)
        });
        settle(&mut harness);
        harness
    }
}

/// Steps until no job runs and every drawing is made.
pub fn settle(harness: &mut Harness<'_, App>) {
    let start = Instant::now();
    loop {
        harness.run_steps(2);
        if harness.state().is_idle() {
            break;
        }
        assert!(start.elapsed() < Duration::from_mins(2), "the window does not come to rest");
        std::thread::sleep(Duration::from_millis(5));
    }
    harness.run_steps(6);
}

/// Clicks the only control of this label and waits.
pub fn click(harness: &mut Harness<'_, App>, label: &str) {
    harness.get_by_label(label).click();
    settle(harness);
}

/// Presses and releases a key.
pub fn press(harness: &mut Harness<'_, App>, modifiers: egui::Modifiers, key: egui::Key) {
    harness.key_press_modifiers(modifiers, key);
    settle(harness);
}

/// Drags over the map along places given as parts of its width and height.
pub fn drag_over_map(harness: &mut Harness<'_, App>, path: &[[f32; 2]], modifiers: egui::Modifiers) {
    let map = harness.get_by_label_contains("Map of").rect();
    let at = |[x, y]: [f32; 2]| map.min + egui::vec2(x * map.width(), y * map.height());
    harness.event(egui::Event::ModifiersChanged(modifiers));
    harness.hover_at(at(path[0]));
    harness.step();
    let button =
        |pressed, pos| egui::Event::PointerButton { pos, button: egui::PointerButton::Primary, pressed, modifiers };
    harness.event(button(true, at(path[0])));
    harness.step();
    for pair in path.windows(2) {
        for k in 1..=6 {
            let t = k as f32 / 6.0;
            let place = [0, 1].map(|c| pair[0][c] + t * (pair[1][c] - pair[0][c]));
            harness.hover_at(at(place));
            harness.step();
        }
    }
    harness.event(button(false, at(path[path.len() - 1])));
    harness.step();
    harness.event(egui::Event::ModifiersChanged(egui::Modifiers::NONE));
    settle(harness);
}

/// Replaces what stands in the only field of this label.
pub fn type_into(harness: &mut Harness<'_, App>, label: &str, text: &str) {
    harness.get_by_label(label).focus();
    harness.step();
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    harness.step();
    harness.get_by_label(label).type_text(text);
    harness.run_steps(2);
}
