//! What goes wrong is said in words.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use eframe::egui::{self, Key, Modifiers};
use egui_kittest::kittest::Queryable;
use fillscape::app::Revival;
use fillscape::render::DeviceWatch;

use super::support::{N, Opening, click, own_study, press, settle};

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

/// A file that was dropped; the window has to open it by its path, not to ask for all of it at once.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("only the path is to be used".into())
    }
}

pub fn drop_on(window: &mut egui_kittest::Harness<'_, fillscape::app::App>, path: &Path) {
    window.input_mut().dropped_files.push(Arc::new(Dropped(path.to_owned())));
    settle(window);
}

#[test]
fn a_file_of_5_gib_dropped_by_mistake_is_asked_about_and_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trajectory.csv");
    File::create(&path).unwrap().set_len(5 << 30).unwrap();
    let mut window = Opening::with_study().open();
    drop_on(&mut window, &path);
    assert!(window.query_by_label("This is a large file").is_some());
    assert!(window.query_by_label_contains("5.0 GiB").is_some());
    click(&mut window, "Do not open it");
    assert!(window.query_by_label("This is a large file").is_none());
    assert_eq!(window.state().n_molecules(), N);
}

#[test]
fn what_is_dropped_is_opened_or_told() {
    let folder = tempfile::tempdir().unwrap();
    let molecules = folder.path().join("three.csv");
    std::fs::write(&molecules, "smiles\nCCO\nc1ccccc1\nCC(=O)O\n").unwrap();
    let mut window = Opening::with_study().open();
    drop_on(&mut window, &molecules);
    assert_eq!(window.state().n_molecules(), 3);
    assert!(window.query_by_label("There is no map yet").is_some());
    let other = folder.path().join("picture.png");
    std::fs::write(&other, [137, 80, 78, 71, 13, 10, 26, 10, 0, 0]).unwrap();
    drop_on(&mut window, &other);
    assert!(window.state().notice().is_some_and(|text| text.contains("Could not open")));
    assert_eq!(window.state().n_molecules(), 3);
    let study = own_study();
    drop_on(&mut window, study.path());
    assert_eq!(window.state().n_molecules(), N);
}

#[test]
fn a_lost_device_leaves_everything_to_the_next_window() {
    let (device, revival) = (DeviceWatch::default(), Revival::default());
    let mut opening = Opening::with_study();
    opening.start.device = device.clone();
    opening.start.revival = revival.clone();
    let mut window = opening.open();
    press(&mut window, Modifiers::COMMAND, Key::A);
    press(&mut window, Modifiers::NONE, Key::D);
    let before = window.state().picture_text();
    device.report_lost();
    window.run_steps(2);
    assert!(revival.is_waiting());
    drop(window);

    let mut opening = Opening::with_study();
    opening.start.revival = revival.clone();
    let window = opening.open();
    assert_eq!(window.state().picture_text(), before);
    assert!(window.state().notice().is_some_and(|text| text.contains("graphics device was lost")));
    assert!(!revival.is_waiting());
}

/// Runs the program without arguments in an environment of its own, and returns what it said when it failed.
fn failed_start(variables: &[(&str, &str)]) -> String {
    let home = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_fillscape"));
    program.env("HOME", home.path()).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET");
    let output = program.envs(variables.iter().copied()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{variables:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn without_a_display_the_program_says_so() {
    let told = failed_start(&[]);
    assert!(told.contains("found no display") && told.contains("fillscape --help"), "{told}");
}

#[test]
#[cfg(target_os = "linux")]
fn without_any_graphics_driver_the_program_says_so() {
    // Neither loader finds a driver in an empty place.
    let empty = tempfile::tempdir().unwrap();
    let nowhere = empty.path().to_str().unwrap();
    let told = failed_start(&[
        ("DISPLAY", ":1"),
        ("VK_DRIVER_FILES", nowhere),
        ("VK_ICD_FILENAMES", nowhere),
        ("__EGL_VENDOR_LIBRARY_DIRS", nowhere),
        ("LIBGL_DRIVERS_PATH", nowhere),
    ]);
    assert!(told.contains("found no graphics adapter") && told.contains("mesa-vulkan-drivers"), "{told}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_display_that_cannot_be_reached_is_told() {
    let told = failed_start(&[("DISPLAY", ":987")]);
    assert!(told.contains("fillscape --help"), "{told}");
}
