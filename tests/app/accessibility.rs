//! Every control has a name.

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable, by};
use fillscape::app::App;

use super::support::{Opening, click, press, settle};

/// Roles that a person can act on, or that stand for a picture.
const ACTIVE: [Role; 12] = [
    Role::Button,
    Role::CheckBox,
    Role::RadioButton,
    Role::TextInput,
    Role::MultilineTextInput,
    Role::Slider,
    Role::SpinButton,
    Role::ComboBox,
    Role::Image,
    Role::Link,
    Role::Tab,
    Role::MenuItem,
];

fn unnamed(window: &Harness<'_, App>) -> Vec<String> {
    let mut faults = Vec::new();
    for node in window.get_all(by()) {
        let inner = node.accesskit_node();
        let named = inner.label().is_some_and(|label| !label.trim().is_empty()) || inner.labelled_by().next().is_some();
        if ACTIVE.contains(&inner.role()) && !named {
            faults.push(format!("{:?} with the value {:?} at {:?}", inner.role(), inner.value(), inner.bounding_box()));
        }
    }
    faults
}

fn check(window: &Harness<'_, App>, place: &str) {
    let faults = unnamed(window);
    assert!(faults.is_empty(), "{place}: controls without a name:\n{}", faults.join("\n"));
}

const STEPS: [Key; 5] = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5];

/// The labels of the tabs that stand in the tiles now.
fn tabs(window: &Harness<'_, App>) -> Vec<String> {
    let all = [
        "Map",
        "Table",
        "Structures",
        "Disconnectivity graph",
        "Contributions",
        "Network",
        "Path",
        "Region",
        "Fill set",
        "Loss curves",
        "Forest plot",
        "Scores",
    ];
    let shown = |label: &&str| window.query_all_by_role_and_label(Role::Button, label).next().is_some();
    all.into_iter().filter(shown).map(str::to_owned).collect()
}

#[test]
fn every_control_of_every_step_and_tab_has_a_name() {
    let mut window = Opening::bundled().open();
    for (key, step) in STEPS.into_iter().zip(1..) {
        press(&mut window, Modifiers::NONE, key);
        check(&window, &format!("step {step}"));
        for tab in tabs(&window) {
            // The map has a button of the same name as a tab; it goes when another tab is shown.
            let Some(button) = window.query_all_by_role_and_label(Role::Button, &tab).next() else { continue };
            button.click();
            settle(&mut window);
            check(&window, &format!("step {step}, {tab}"));
        }
    }
}

#[test]
fn every_control_of_an_empty_window_has_a_name() {
    let mut opening = Opening::default();
    opening.start.bundled_model = None;
    let mut window = opening.open();
    for (key, step) in STEPS.into_iter().zip(1..) {
        press(&mut window, Modifiers::NONE, key);
        check(&window, &format!("step {step} of an empty window"));
    }
}

#[test]
fn every_control_of_every_dialog_has_a_name() {
    let mut window = Opening::with_study().open();
    click(&mut window, "Projection…");
    check(&window, "projection");
    press(&mut window, Modifiers::NONE, Key::Escape);
    press(&mut window, Modifiers::COMMAND, Key::A);
    let ctrl_shift = Modifiers::COMMAND | Modifiers::SHIFT;
    for (name, modifiers, key) in [
        ("palette", Modifiers::COMMAND, Key::K),
        ("open", Modifiers::COMMAND, Key::O),
        ("new study", Modifiers::COMMAND, Key::N),
        ("export molecules", ctrl_shift, Key::E),
        ("export view", Modifiers::COMMAND, Key::E),
        ("name the selection", Modifiers::NONE, Key::G),
        ("settings", Modifiers::COMMAND, Key::Comma),
        ("keys", Modifiers::NONE, Key::F1),
    ] {
        let before = window.get_all(by()).count();
        press(&mut window, modifiers, key);
        assert_ne!(window.get_all(by()).count(), before, "{name} did not open");
        check(&window, name);
        press(&mut window, Modifiers::NONE, Key::Escape);
    }
}

#[test]
fn every_line_of_menus_lists_and_panels_has_a_name() {
    let mut window = Opening::with_study().open();
    for menu in ["File", "Edit", "View", "Data", "Help"] {
        window.get_by_role_and_label(Role::Button, menu).click();
        settle(&mut window);
        assert!(window.query_all_by_role(Role::Button).count() > 12, "{menu} did not open");
        check(&window, menu);
        press(&mut window, Modifiers::NONE, Key::Escape);
    }
    window.get_all_by_label("Colour by").next().unwrap().click();
    settle(&mut window);
    check(&window, "the list of columns");
    press(&mut window, Modifiers::NONE, Key::Escape);
    press(&mut window, Modifiers::COMMAND, Key::J);
    for tab in ["Log", "History", "Jobs"] {
        click(&mut window, tab);
        check(&window, tab);
    }
    for kind in ["SMARTS", "Nearest", "Range", "Text"] {
        click(&mut window, kind);
        check(&window, kind);
    }
}
