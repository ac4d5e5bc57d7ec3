//! The map and what shares its selection.

use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use fillscape::chem::files::{MoleculeReader, ReadParams};

use super::support::{N, Opening, click, drag_over_map, own_study, press, settle, type_into};

const AROUND: [[f32; 2]; 5] = [[0.3, 0.25], [0.7, 0.25], [0.7, 0.75], [0.3, 0.75], [0.3, 0.25]];

#[test]
fn a_lasso_selects_names_exports_undoes_and_redoes() {
    let mut window = Opening::with_study().open();
    click(&mut window, "Close");
    press(&mut window, Modifiers::NONE, Key::L);
    drag_over_map(&mut window, &AROUND, Modifiers::NONE);
    let selected = window.state().n_selected();
    assert!((1..N).contains(&selected), "{selected} of {N} are selected");

    press(&mut window, Modifiers::NONE, Key::G);
    type_into(&mut window, "Name of the selection", "core");
    click(&mut window, "Keep");
    assert!(window.query_by_label_contains("core  (").is_some());

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("core.csv");
    press(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::E);
    type_into(&mut window, "File to write", path.to_str().unwrap());
    click(&mut window, "Export");
    let written = MoleculeReader::open(&path, &ReadParams::default()).unwrap().count();
    assert_eq!(written, selected);

    press(&mut window, Modifiers::COMMAND, Key::Z);
    assert!(window.query_by_label_contains("core  (").is_none());
    press(&mut window, Modifiers::COMMAND, Key::Z);
    assert_eq!(window.state().n_selected(), 0);
    press(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(window.state().n_selected(), selected);
    press(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert!(window.query_by_label_contains("core  (").is_some());
}

#[test]
fn shift_adds_and_alt_subtracts() {
    let mut window = Opening::with_study().open();
    click(&mut window, "Close");
    press(&mut window, Modifiers::NONE, Key::R);
    drag_over_map(&mut window, &[[0.0, 0.0], [0.5, 1.0]], Modifiers::NONE);
    let left = window.state().n_selected();
    drag_over_map(&mut window, &[[0.5, 0.0], [1.0, 1.0]], Modifiers::SHIFT);
    assert_eq!(window.state().n_selected(), N);
    drag_over_map(&mut window, &[[0.5, 0.0], [1.0, 1.0]], Modifiers::ALT);
    assert_eq!(window.state().n_selected(), left);
}

#[test]
fn colours_layers_and_searches_change_the_picture() {
    let mut window = Opening::with_study().open();
    click(&mut window, "Close");
    assert!(window.query_by_label_contains("Legend: QED").is_some());
    assert!(window.query_by_label_contains("Legend: Barrier").is_some());
    press(&mut window, Modifiers::NONE, Key::N);
    assert!(window.query_by_label_contains("Legend: Barrier").is_none());
    window.get_all_by_label("Colour by").next().unwrap().click();
    settle(&mut window);
    click(&mut window, "MolWt (g/mol)");
    assert!(window.query_by_label_contains("Legend: MolWt").is_some());
    press(&mut window, Modifiers::NONE, Key::D);
    assert!(window.query_by_label_contains("Legend: Density").is_some());

    click(&mut window, "SMARTS");
    type_into(&mut window, "Find by SMARTS", "c1ccccc1");
    click(&mut window, "Select");
    let aromatic = window.state().n_selected();
    assert!((1..N).contains(&aromatic), "{aromatic} of {N} hold a benzene ring");
    click(&mut window, "Show only");
    assert_eq!(window.state().n_shown(), aromatic);
    press(&mut window, Modifiers::COMMAND, Key::Z);
    assert_eq!(window.state().n_shown(), N);
    type_into(&mut window, "Find by SMARTS", "c1ccc");
    click(&mut window, "Select");
    assert!(window.state().notice().is_some_and(|text| text.contains("Could not search")));
}

#[test]
fn the_view_of_a_study_comes_back_when_it_is_opened_again() {
    let folder = own_study();
    let opening = || {
        let mut opening = Opening::default();
        opening.start.open = Some(folder.path().to_owned());
        opening
    };
    let mut window = opening().open();
    click(&mut window, "Close");
    press(&mut window, Modifiers::NONE, Key::L);
    drag_over_map(&mut window, &AROUND, Modifiers::NONE);
    press(&mut window, Modifiers::NONE, Key::G);
    type_into(&mut window, "Name of the selection", "kept");
    click(&mut window, "Keep");
    press(&mut window, Modifiers::NONE, Key::D);
    let before = window.state().picture_text();
    window.state_mut().keep();
    drop(window);
    let window = opening().open();
    assert_eq!(window.state().picture_text(), before);
}

/// The pixels of the map as they are on screen.
fn map_pixels(window: &mut egui_kittest::Harness<'_, fillscape::app::App>) -> Vec<u8> {
    let rect = window.get_by_label_contains("Map of").rect();
    let image = window.render().unwrap();
    let (x, y, w, h) = (rect.min.x as u32, rect.min.y as u32, rect.width() as u32, rect.height() as u32);
    (y..y + h).flat_map(|y| (x..x + w).map(move |x| (x, y))).flat_map(|(x, y)| image.get_pixel(x, y).0).collect()
}

#[test]
fn a_study_reopened_is_the_same_picture_to_the_pixel() {
    let folder = own_study();
    let opening = || {
        let mut opening = Opening::default();
        opening.start.open = Some(folder.path().to_owned());
        opening
    };
    let mut window = opening().open();
    click(&mut window, "Close");
    press(&mut window, Modifiers::NONE, Key::L);
    drag_over_map(&mut window, &AROUND, Modifiers::NONE);
    press(&mut window, Modifiers::NONE, Key::F);
    window.event(eframe::egui::Event::PointerGone);
    settle(&mut window);
    let before = map_pixels(&mut window);
    window.state_mut().keep();
    drop(window);
    let mut window = opening().open();
    click(&mut window, "Close");
    window.event(eframe::egui::Event::PointerGone);
    settle(&mut window);
    let after = map_pixels(&mut window);
    assert!(before.iter().any(|v| *v != before[0]), "nothing is drawn");
    let different = before.iter().zip(&after).filter(|(a, b)| a != b).count();
    assert!(before.len() == after.len() && different == 0, "{different} of {} values differ", before.len());
}

#[test]
fn the_view_is_written_as_png_and_svg_with_its_legend() {
    let mut window = Opening::bundled().open();
    click(&mut window, "Close");
    let folder = tempfile::tempdir().unwrap();
    let mut write = |name: &str| {
        let path = folder.path().join(name);
        press(&mut window, Modifiers::COMMAND, Key::E);
        type_into(&mut window, "Picture to write", path.to_str().unwrap());
        click(&mut window, "Export picture");
        press(&mut window, Modifiers::NONE, Key::Escape);
        std::fs::read(path)
    };
    let png = write("map.png").unwrap();
    let decoder = png::Decoder::new(std::io::Cursor::new(png));
    let info = decoder.read_info().unwrap();
    assert_eq!((info.info().width, info.info().height), (2560, 1600));
    let svg = String::from_utf8(write("map.svg").unwrap()).unwrap();
    for word in ["<svg", "Roughness", "transition state", "Fillscape demo"] {
        assert!(svg.contains(word), "{word} is missing");
    }
    assert!(write("map.gif").is_err(), "a format that is not known was written");
}

#[test]
fn another_projection_is_drawn_kept_and_undone() {
    let folder = own_study();
    let opening = || {
        let mut opening = Opening::default();
        opening.start.open = Some(folder.path().to_owned());
        opening
    };
    let mut window = opening().open();
    click(&mut window, "Close");
    let shows = |window: &egui_kittest::Harness<'_, fillscape::app::App>, method: &str| {
        window.query_by_label_contains(&format!("Map: {method}")).is_some()
    };
    assert!(shows(&window, "Principal components"));
    assert!(window.query_by_label_contains("Trustworthiness: ").is_some());
    click(&mut window, "Projection…");
    click(&mut window, "Random plane");
    click(&mut window, "Draw the map");
    assert!(shows(&window, "Random plane"));
    press(&mut window, Modifiers::COMMAND, Key::Z);
    assert!(shows(&window, "Principal components"));
    press(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert!(shows(&window, "Random plane"));
    window.state_mut().keep();
    drop(window);
    assert!(shows(&opening().open(), "Random plane"));
}
