//! Views of the landscape: path, network, disconnectivity graph, contributions. On the study that ships with the program.

use std::ops::ControlFlow;
use std::path::Path;

use eframe::egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use fillscape::app::App;
use fillscape::workspace::pipeline::{Inputs, RunEnd, run_only};
use fillscape::workspace::{Document, Study};

use super::support::{Opening, click, model_folder, press, settle, type_into};

/// The window with the bundled study, on its landscape step; without a model, so that nothing is decoded.
pub fn demo(theme: &str) -> Harness<'static, App> {
    let mut opening = Opening::default();
    opening.start.bundled_model = None;
    opening.start.bundled_study = Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/study"));
    opening.size = vec2(1280.0, 800.0);
    let mut window = opening.open();
    click(&mut window, "Close");
    if theme == "Light" {
        press(&mut window, Modifiers::COMMAND, Key::Comma);
        click(&mut window, theme);
        press(&mut window, Modifiers::NONE, Key::Escape);
    }
    press(&mut window, Modifiers::NONE, Key::Num2);
    window
}

/// Keeps a picture for a person to look at, where FILLSCAPE_LOOK names a folder.
pub fn look(window: &mut Harness<'_, App>, name: &str) {
    if let Some(folder) = std::env::var_os("FILLSCAPE_LOOK") {
        let picture = window.render().unwrap();
        picture.save(Path::new(&folder).join(format!("{name}.png"))).unwrap();
    }
}

/// Shows the view of this name: its tab stands before any button of the same word.
pub fn tab(window: &mut Harness<'_, App>, name: &str) {
    window.get_all_by_label(name).next().unwrap().click();
    settle(window);
}

/// A study of a few molecules, explored along three axes, and nothing after that.
pub fn explored(folder: &Path) {
    let recipe = "name = 'Along axes'\nseed = 11\n[corpus]\nn = 60\n[samples]\nn = 40\n[samples.source.principal]\n\
                  components = 3\nreach = 2.0\n[samples.response]\nn_neighbours = 2\nradius = 0.05\nseed = 0\n\
                  fingerprint = { radius = 3, n_bits = 2048 }\n[fill.set]\nn = 5\n[fill.draw]\nn = 40\n";
    let recipe = toml::from_str(recipe).unwrap();
    let mut study = Study::create(folder, Document::new("Along axes", recipe)).unwrap();
    run(&mut study, "landscape");
}

pub fn run(study: &mut Study, step: &str) {
    let inputs = Inputs::read(&study.document().recipe, &model_folder(), study.folder()).unwrap();
    let folder = study.folder().to_owned();
    let end = run_only(study, step, &inputs, &folder, 2, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(end, RunEnd::Finished);
}

fn has(window: &Harness<'_, App>, words: &str) -> bool {
    window.query_all_by_label_contains(words).next().is_some()
}

fn write_figure(window: &mut Harness<'_, App>, file: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    click(window, "Export figure…");
    type_into(window, "File of the figure", path.to_str().unwrap());
    click(window, "Write figure");
    std::fs::read_to_string(&path).unwrap()
}

#[test]
fn a_path_shows_energies_and_molecules_and_is_scrubbed_and_exported() {
    let folder = tempfile::tempdir().unwrap();
    explored(folder.path());
    let mut opening = Opening::default();
    opening.start.open = Some(folder.path().to_owned());
    let mut window = opening.open();
    click(&mut window, "Close");
    press(&mut window, Modifiers::NONE, Key::Num2);
    tab(&mut window, "Path");
    assert!(has(&window, "No path chosen"));
    look(&mut window, "path_empty");
    click(&mut window, "From the lowest minimum");
    assert!(has(&window, "Energies along the path from minimum"), "there is a profile");
    assert!(has(&window, "Images 1 to"), "the images are decoded");
    assert!(has(&window, "; at Minimum"), "the first image is a minimum");
    window.get_by_label("Image of the path").focus();
    press(&mut window, Modifiers::NONE, Key::ArrowRight);
    assert!(has(&window, "; at Image 2 of"), "an arrow moves by one image");
    look(&mut window, "path_dark");
    let svg = write_figure(&mut window, "path.svg");
    assert!(svg.starts_with("<?xml") || svg.starts_with("<svg"), "{}", &svg[..40]);
    assert!(svg.contains("Lowest-barrier path from minimum"));
    // The ends are marked everywhere; the path stands on the map.
    tab(&mut window, "Map");
    look(&mut window, "path_on_map");
    tab(&mut window, "Path");
    click(&mut window, "Swap");
    assert!(has(&window, "Energies along the path from minimum"));
}

#[test]
fn the_network_is_laid_out_coloured_expanded_and_exported() {
    let mut window = demo("Light");
    tab(&mut window, "Network");
    assert!(has(&window, "Network of 149 minima and"), "all minima are there");
    assert!(has(&window, "149 of 149 minima, hidden: 0"));
    assert!(has(&window, "Legend: Barrier"));
    look(&mut window, "network_light");
    click(&mut window, "Frustration");
    assert!(has(&window, "Legend: Frustration"));
    // A path marks its ends, and the network grows from them.
    tab(&mut window, "Path");
    click(&mut window, "From the lowest minimum");
    tab(&mut window, "Network");
    click(&mut window, "Only around the marked");
    assert!(!has(&window, "hidden: 0"), "only a part is shown");
    look(&mut window, "network_around");
    click(&mut window, "One step further");
    click(&mut window, "Whole network");
    assert!(has(&window, "hidden: 0"));
    let svg = write_figure(&mut window, "network.svg");
    assert!(svg.contains("minimum"), "the legend names the kinds");
}

#[test]
fn the_tree_is_pruned_coloured_drawn_with_molecules_and_exported() {
    let mut window = demo("Dark");
    tab(&mut window, "Disconnectivity graph");
    assert!(has(&window, "hidden:"));
    click(&mut window, "Molecules");
    window.get_by_label("Colour leaves by").click();
    settle(&mut window);
    click(&mut window, "persistence");
    assert!(has(&window, "Legend: persistence"));
    look(&mut window, "tree_dark");
    let svg = write_figure(&mut window, "tree.svg");
    assert!(svg.contains("coloured by persistence"));
}
