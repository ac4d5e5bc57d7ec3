//! The arrows between the folders of `src/` point one way: a folder uses only those that its row allows.

use std::fs;
use std::path::{Path, PathBuf};

/// Folder, and the folders that its `use crate::…` lines may name.
const MAY_USE: &[(&str, &[&str])] = &[
    ("atomic_file", &[]),
    ("parquet_table", &["atomic_file"]),
    ("npy", &["atomic_file"]),
    ("jobs", &[]),
    ("chem", &["atomic_file"]),
    ("landscape", &["atomic_file", "npy", "jobs"]),
    ("projection", &["jobs"]),
    ("model", &["atomic_file", "jobs", "chem"]),
    ("train", &["atomic_file", "jobs", "chem", "model"]),
    ("fill", &["atomic_file", "jobs", "chem", "model", "landscape"]),
    ("evaluate", &["atomic_file", "parquet_table", "jobs", "chem", "model"]),
    (
        "workspace",
        &[
            "atomic_file",
            "parquet_table",
            "npy",
            "jobs",
            "chem",
            "model",
            "train",
            "landscape",
            "fill",
            "evaluate",
            "projection",
        ],
    ),
    ("render", &["chem", "landscape"]),
    (
        "cli",
        &[
            "atomic_file",
            "parquet_table",
            "npy",
            "jobs",
            "chem",
            "model",
            "train",
            "landscape",
            "fill",
            "evaluate",
            "projection",
            "workspace",
            "render",
            "app",
        ],
    ),
    (
        "app",
        &[
            "atomic_file",
            "parquet_table",
            "npy",
            "jobs",
            "chem",
            "model",
            "train",
            "landscape",
            "fill",
            "evaluate",
            "projection",
            "workspace",
            "render",
        ],
    ),
];

/// Crates that draw on a screen, and the folders that may know of them.
const SCREEN_CRATES: &[&str] = &["egui", "eframe", "egui_plot", "egui_tiles", "egui_extras", "wgpu", "rfd"];
const SHELLS: &[&str] = &["render", "app"];

#[test]
fn no_arrow_turns_round() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut faults = Vec::new();
    let mut n_files = 0;
    for path in rust_files(&source) {
        let inside = path.strip_prefix(&source).unwrap();
        let folder = inside.iter().next().unwrap().to_string_lossy().trim_end_matches(".rs").to_owned();
        if matches!(folder.as_str(), "lib" | "main") {
            continue;
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == folder) else {
            faults.push(format!("{}: the folder “{folder}” has no row in this test", inside.display()));
            continue;
        };
        n_files += 1;
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.starts_with("//") {
                continue;
            }
            for named in crate_paths(line) {
                if named != folder && is_folder(&named) && !allowed.contains(&named.as_str()) {
                    faults.push(format!("{}:{}: {folder} may not use {named}", inside.display(), number + 1));
                }
            }
            let draws = SCREEN_CRATES.iter().any(|name| line.contains(&format!("{name}::")));
            if draws && !SHELLS.contains(&folder.as_str()) {
                faults.push(format!("{}:{}: only {SHELLS:?} know of a screen", inside.display(), number + 1));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(n_files > 5, "the test found only {n_files} files");
}

fn is_folder(name: &str) -> bool {
    MAY_USE.iter().any(|(folder, _)| *folder == name)
}

/// The first names after `crate::` in a line, those of `crate::{a, b}` included.
fn crate_paths(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let group = group.split('}').next().unwrap_or(group);
            names.extend(group.split(',').map(|part| first_name(part.trim())));
        } else {
            names.push(first_name(rest));
        }
    }
    names
}

fn first_name(path: &str) -> String {
    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[test]
fn nothing_is_printed_but_through_the_writer_whose_errors_are_told() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in rust_files(&root) {
        let text = fs::read_to_string(&path).unwrap();
        let product = text.split("#[cfg(test)]").next().unwrap_or(&text);
        for (number, line) in product.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for print in ["println!(", "print!(", "dbg!("] {
                assert!(!line.contains(print), "{}:{}: {print} panics when nobody reads", path.display(), number + 1);
            }
        }
    }
}
