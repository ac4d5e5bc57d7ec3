//! The map and what shares its selection.

use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
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
    let shapes = |window: &egui_kittest::Harness<'_, fillscape::app::App>| {
        let legends = window.query_all_by_label_contains("Legend: ");
        let label = |node: egui_kittest::Node<'_>| node.accesskit_node().label().unwrap_or_default();
        legends.filter(|node| label(*node).contains("minimum")).count()
    };
    assert_eq!(shapes(&window), 1);
    press(&mut window, Modifiers::NONE, Key::N);
    assert_eq!(shapes(&window), 0);
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
fn a_map_in_space_is_turned_selected_from_written_and_left() {
    let folder = own_study();
    let opening = || {
        let mut opening = Opening::default();
        opening.start.open = Some(folder.path().to_owned());
        opening
    };
    let mut window = opening().open();
    click(&mut window, "Close");
    let in_space = |window: &egui_kittest::Harness<'_, fillscape::app::App>| {
        window.query_by_label_contains("seen in space").is_some()
    };
    assert!(!in_space(&window));
    // The map is a plane: a third coordinate is fitted first.
    press(&mut window, Modifiers::NONE, Key::O);
    assert!(in_space(&window));
    window.event(eframe::egui::Event::PointerGone);
    settle(&mut window);
    let before = map_pixels(&mut window);
    assert!(before.iter().any(|v| *v != before[0]), "nothing is drawn");
    drag_over_map(&mut window, &[[0.4, 0.6], [0.6, 0.4]], Modifiers::NONE);
    window.event(eframe::egui::Event::PointerGone);
    settle(&mut window);
    assert!(map_pixels(&mut window) != before, "it does not turn");

    press(&mut window, Modifiers::NONE, Key::L);
    drag_over_map(&mut window, &AROUND, Modifiers::NONE);
    let selected = window.state().n_selected();
    assert!((1..N).contains(&selected), "{selected} of {N} are selected");
    press(&mut window, Modifiers::NONE, Key::R);
    drag_over_map(&mut window, &[[0.0, 0.0], [1.0, 1.0]], Modifiers::NONE);
    assert_eq!(window.state().n_selected(), N);
    press(&mut window, Modifiers::COMMAND, Key::Z);
    assert_eq!(window.state().n_selected(), selected);

    let svg = folder.path().join("space.svg");
    press(&mut window, Modifiers::COMMAND, Key::E);
    type_into(&mut window, "Picture to write", svg.to_str().unwrap());
    click(&mut window, "Export picture");
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert!(std::fs::read_to_string(&svg).unwrap().contains("Principal components"));

    window.state_mut().keep();
    drop(window);
    let mut window = opening().open();
    assert!(in_space(&window), "it is not kept");
    click(&mut window, "Close");
    press(&mut window, Modifiers::NONE, Key::O);
    assert!(!in_space(&window));
    press(&mut window, Modifiers::COMMAND, Key::Z);
    assert!(in_space(&window));
}

#[test]
fn the_exact_field_is_computed_for_flat_maps_and_comes_back() {
    let mut window = Opening::bundled().open();
    click(&mut window, "Close");
    assert!(window.query_by_label_contains("Legend: Roughness on the map").is_some());
    click(&mut window, "Roughness…");
    click(&mut window, "Exact roughness");
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert!(window.query_by_label_contains("Legend: Roughness in the plane").is_some());
    // Another plane has another field; a curved map has none.
    for (method, has_one) in [("Random plane", true), ("Diffusion map", false)] {
        click(&mut window, "Projection…");
        click(&mut window, method);
        click(&mut window, "Draw the map");
        let shown = window.query_by_label_contains("Legend: Roughness in the plane").is_some();
        assert_eq!(shown, has_one, "{method}");
    }
    press(&mut window, Modifiers::COMMAND, Key::Z);
    assert!(window.query_by_label_contains("Legend: Roughness in the plane").is_some());
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
