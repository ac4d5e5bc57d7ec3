//! Every file of `shaders/` parses and is valid.

use std::fs;
use std::path::Path;

/// A shader as pipelines get it: the shared pieces that it uses, then the file itself.
fn whole_source(folder: &Path, name: &str) -> String {
    let file = fs::read_to_string(folder.join(name)).unwrap();
    let common = |name: &str| fs::read_to_string(folder.join("common").join(name)).unwrap();
    let mut source = String::new();
    if file.contains("frame.") || file.contains("PointIn") {
        source += &common("frame.wgsl");
    }
    if file.contains("to_target(") {
        source += &common("target.wgsl");
    }
    if file.contains("PointIn") {
        source += &common("points.wgsl");
    }
    source + &file
}

#[test]
fn every_shader_is_valid_and_says_what_it_draws() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    let mut n_checked = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if Path::new(&name).extension().is_none_or(|end| end != "wgsl") {
            continue;
        }
        let source = whole_source(&folder, &name);
        let module = naga::front::wgsl::parse_str(&source)
            .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&source)));
        let flags = naga::valid::ValidationFlags::all();
        naga::valid::Validator::new(flags, naga::valid::Capabilities::default())
            .validate(&module)
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert!(!module.entry_points.is_empty(), "{name} has no entry point");
        for point in &module.entry_points {
            assert!(["vs_main", "fs_main", "cs_main"].contains(&point.name.as_str()), "{name}: {}", point.name);
        }
        let head = fs::read_to_string(folder.join(&name)).unwrap();
        assert!(head.starts_with("// ") && head.to_lowercase().contains("twin"), "{name}: no header, or no twin");
        n_checked += 1;
    }
    assert!(n_checked >= 7, "found only {n_checked} shaders");
}
