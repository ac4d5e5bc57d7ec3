//! What goes wrong is said in words.

use egui_kittest::kittest::Queryable;

use super::support::{N, Opening, own_study, settle};

fn opened(path: &std::path::Path) -> String {
    let mut opening = Opening::default();
    opening.start.open = Some(path.to_owned());
    opening.open().state().notice().unwrap_or_default().to_owned()
}

#[test]
fn paths_that_cannot_be_opened_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let told = opened(&folder.path().join("missing"));
    assert!(told.contains("Could not open"), "{told}");
    let told = opened(folder.path());
    assert!(told.contains("neither a study") && told.contains("model"), "{told}");
    let file = folder.path().join("broken.smi");
    std::fs::write(&file, "C(\n").unwrap();
    let told = opened(&file);
    assert!(told.contains("none of the 1 rows is a molecule"), "{told}");
}

#[test]
fn a_study_of_a_newer_version_is_told_as_such() {
    let folder = own_study();
    let path = folder.path().join("study.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let line = text.lines().find(|line| line.starts_with("format_version")).unwrap().to_owned();
    std::fs::write(&path, text.replacen(&line, "format_version = 9999", 1)).unwrap();
    let told = opened(folder.path());
    assert!(told.contains("9999"), "{told}");
}

#[test]
fn damaged_layout_and_settings_are_replaced_and_told() {
    let config = tempfile::tempdir().unwrap();
    std::fs::write(config.path().join("layout.json"), "{\"version\": 1, \"steps\": [").unwrap();
    std::fs::write(config.path().join("settings.json"), "[]").unwrap();
    let mut opening = Opening::with_study();
    opening.start.config = Some(config.path().to_owned());
    let window = opening.open();
    assert_eq!(window.state().n_molecules(), N);
    assert!(window.state().notice().is_some_and(|text| text.contains("damaged")));
    assert!(config.path().join("layout.broken.json").exists());
}

#[test]
fn a_folder_of_preferences_that_cannot_be_written_is_told_once_and_the_window_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let mut opening = Opening::with_study();
    opening.start.config = Some(file);
    let mut window = opening.open();
    window.get_by_label("Close").click();
    settle(&mut window);
    assert!(window.state().notice().is_some_and(|text| text.contains("Preferences")));
    assert_eq!(window.state().n_molecules(), N);
}
