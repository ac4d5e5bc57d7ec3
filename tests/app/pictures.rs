//! Pictures for what words cannot check: small, light and dark.

use eframe::egui::{Key, Modifiers, vec2};
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable;

use super::support::{Opening, click, press, settle, study};

/// Puts a copy of the small study where a person can open it: set FILLSCAPE_KEEP_STUDY to a folder.
#[test]
#[ignore = "only to look at the study in the real window"]
fn keep_the_small_study() {
    let Some(target) = std::env::var_os("FILLSCAPE_KEEP_STUDY") else { return };
    super::support::copy(study(), target.as_ref());
}

#[test]
fn the_map_in_light_and_dark() {
    let mut results = SnapshotResults::new();
    for theme in ["Light", "Dark"] {
        let mut opening = Opening::with_study();
        opening.size = vec2(900.0, 560.0);
        let mut window = opening.open();
        click(&mut window, "Close");
        press(&mut window, Modifiers::COMMAND, Key::Comma);
        window.get_by_label(theme).click();
        settle(&mut window);
        press(&mut window, Modifiers::NONE, Key::Escape);
        // The time of a frame and the place of temporary folders differ from run to run: they are left out.
        press(&mut window, Modifiers::COMMAND, Key::B);
        press(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::B);
        let map = window.get_by_label_contains("Map of").rect();
        // No card of a molecule that the pointer happens to rest on.
        window.hover_at(map.left_bottom() + vec2(2.0, 30.0));
        settle(&mut window);
        for rect in
            [eframe::egui::Rect::everything_above(map.top()), eframe::egui::Rect::everything_below(map.bottom())]
        {
            window
                .mask(rect.intersect(eframe::egui::Rect::from_min_size(eframe::egui::Pos2::ZERO, vec2(900.0, 560.0))));
        }
        results.add(window.try_snapshot(format!("map_{}", theme.to_lowercase())));
    }
}
