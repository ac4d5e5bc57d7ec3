//! The region step: regions made in the window, measured, undone, kept with the study, and filled by it.

use std::path::Path;

use eframe::egui::{self, Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use fillscape::app::App;
use fillscape::fill::Region;
use fillscape::landscape::read_npy;
use fillscape::model::Checkpoint;
use fillscape::workspace::pipeline::StoredTerrain;
use fillscape::workspace::regions::resolve;
use fillscape::workspace::{RegionDefinition, Study};

use super::faults::drop_on;
use super::landscape::{explored, look, run, tab};
use super::support::{Opening, click, drag_over_map, model_folder, press, settle};

/// Molecules of the study.
const N: usize = 60;
const AROUND: [[f32; 2]; 5] = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8], [0.2, 0.2]];

fn window(study: &Path) -> Harness<'static, App> {
    let mut opening = Opening::default();
    opening.start.open = Some(study.to_owned());
    let mut window = opening.open();
    click(&mut window, "Close");
    press(&mut window, Modifiers::NONE, Key::Num3);
    window
}

fn has(window: &Harness<'_, App>, words: &str) -> bool {
    window.query_all_by_label_contains(words).next().is_some()
}

#[test]
fn a_lasso_becomes_a_measured_region_that_undo_takes_back_and_the_study_keeps() {
    let folder = tempfile::tempdir().unwrap();
    explored(folder.path());
    let mut window = window(folder.path());
    assert!(has(&window, "No region is looked at"));
    press(&mut window, Modifiers::NONE, Key::L);
    drag_over_map(&mut window, &AROUND, Modifiers::NONE);
    let n = window.state().n_selected();
    assert!((2..N).contains(&n), "{n} molecules are selected");
    click(&mut window, &format!("Selection ({n})"));
    assert!(has(&window, &format!("{n} of {N} (")), "exactly the selected molecules lie in it");
    assert!(has(&window, "256 drawn of"), "samples were drawn");
    assert!(has(&window, "32 samples decoded:"), "the probe was decoded");
    assert!(has(&window, "Frustration, map"), "the map's frustration is asked for");
    look(&mut window, "region_lasso");

    // A second one of the molecules above a threshold, and what lies in either.
    window.get_by_label_contains("Make (").click();
    settle(&mut window);
    assert!(has(&window, "Overlap with other regions"));
    // The list is longer than its panel.
    window.get_by_label("In either").scroll_to_me();
    settle(&mut window);
    click(&mut window, "In either");
    assert!(has(&window, "Selection or") || has(&window, "or Selection"));
    press(&mut window, Modifiers::COMMAND, Key::Z);
    let buttons = window.query_all_by_role(egui::accesskit::Role::Button);
    let left = buttons.filter(|node| node.accesskit_node().label().is_some_and(|label| label.contains("or Selection")));
    assert_eq!(left.count(), 0, "undo takes the last region back");

    window.get_by_role_and_label(egui::accesskit::Role::Button, "Selection").scroll_to_me();
    settle(&mut window);
    window.get_by_role_and_label(egui::accesskit::Role::Button, "Selection").click();
    settle(&mut window);
    click(&mut window, "Fill this region");
    assert!(has(&window, "to be filled"));
    window.state_mut().keep();
    drop(window);
    let document = Study::open_read_only(folder.path()).unwrap().document().clone();
    assert_eq!(document.recipe.fill.region, Some(RegionDefinition::Named("Selection".into())));
    let RegionDefinition::Around { molecules, .. } = &document.region("Selection").unwrap().definition else {
        panic!("a lasso is kept as the molecules it enclosed");
    };
    assert_eq!(molecules.len(), n);
}

#[test]
fn a_basin_chosen_in_the_window_is_what_the_fill_step_draws_from() {
    let folder = tempfile::tempdir().unwrap();
    explored(folder.path());
    let mut window = window(folder.path());
    press(&mut window, Modifiers::NONE, Key::Num2);
    tab(&mut window, "Path");
    click(&mut window, "From the lowest minimum");
    assert!(has(&window, "Energies along the path from minimum"), "there are two joined minima");
    press(&mut window, Modifiers::NONE, Key::Num3);
    click(&mut window, "Basins of the marked (2)");
    assert!(has(&window, "what flows down to minimum"));
    assert!(has(&window, "256 drawn of"), "points were drawn from the basins");
    assert!(has(&window, "difference"), "the frustration inside is compared with the rest");
    look(&mut window, "region_basin");
    click(&mut window, "Fill this region");
    window.state_mut().keep();
    drop(window);

    let mut study = Study::open(folder.path()).unwrap();
    let name = "Basins of the marked (2)";
    assert_eq!(study.document().recipe.fill.region, Some(RegionDefinition::Named(name.into())));
    run(&mut study, "fill");
    let region = resolve(&study.document().region(name).unwrap().definition, &study).unwrap();
    assert!(matches!(region, Region::Union(_)), "two basins");
    let landscape = study.result("landscape").unwrap().unwrap();
    let terrain = StoredTerrain::read(&study, &landscape).unwrap();
    let fill = study.result("fill").unwrap().unwrap();
    let latents = read_npy_f32(&fill.path("latents.npy"));
    assert!(!latents.is_empty(), "molecules were made");
    let rows: Vec<&[f32]> = latents.iter().map(Vec::as_slice).collect();
    let held = region.contains_all(&rows, Some(&terrain.terrain(2))).unwrap();
    assert!(held.iter().all(|held| *held), "{held:?}: every molecule was decoded from the region");
}

fn read_npy_f32(path: &Path) -> Vec<Vec<f32>> {
    let array = read_npy(path).unwrap();
    let dimension = array.shape[1];
    array.data.chunks_exact(dimension).map(|row| row.iter().map(|x| *x as f32).collect()).collect()
}

#[test]
fn another_model_never_decodes_what_belongs_to_a_study() {
    let folder = tempfile::tempdir().unwrap();
    let (study, foreign) = (folder.path().join("study"), folder.path().join("foreign"));
    explored(&study);
    // The same architecture with other weights: what it decodes from the study's latent vectors are other molecules.
    let mut checkpoint = Checkpoint::open(&model_folder()).unwrap();
    let n = checkpoint.config.vocab_size;
    let bias: Vec<f32> = (0..n).map(|k| (k % 7) as f32).collect();
    let bias = candle_core::Tensor::from_vec(bias, (1, n), &candle_core::Device::Cpu).unwrap();
    checkpoint.set("final_logits_bias", &bias).unwrap();
    checkpoint.save(&foreign, None).unwrap();
    let mut window = window(&study);
    drop_on(&mut window, &foreign);
    press(&mut window, Modifiers::NONE, Key::Num3);
    press(&mut window, Modifiers::NONE, Key::L);
    drag_over_map(&mut window, &AROUND, Modifiers::NONE);
    let n = window.state().n_selected();
    click(&mut window, &format!("Selection ({n})"));
    assert!(!has(&window, "samples decoded:"), "the foreign model decoded the region");
    assert!(has(&window, "is not the one that this study was made with"));
}
