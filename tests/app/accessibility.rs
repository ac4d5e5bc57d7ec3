//! Every control has a name.

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use fillscape::app::App;

use super::support::{Opening, press};

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
    for node in window.get_all(egui_kittest::kittest::by()) {
        let inner = node.accesskit_node();
        let named = inner.label().is_some_and(|label| !label.trim().is_empty()) || inner.labelled_by().next().is_some();
        if ACTIVE.contains(&inner.role()) && !named {
            faults.push(format!("{:?} with the value {:?} at {:?}", inner.role(), inner.value(), inner.bounding_box()));
        }
    }
    faults
}

#[test]
fn every_control_of_every_step_has_a_name() {
    let mut window = Opening::with_study().open();
    for key in [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5] {
        press(&mut window, Modifiers::NONE, key);
        let faults = unnamed(&window);
        assert!(faults.is_empty(), "{key:?}: controls without a name:\n{}", faults.join("\n"));
    }
    press(&mut window, Modifiers::COMMAND, Key::K);
    let faults = unnamed(&window);
    assert!(faults.is_empty(), "palette: controls without a name:\n{}", faults.join("\n"));
    press(&mut window, Modifiers::NONE, Key::Escape);
    for (modifiers, key) in [
        (Modifiers::COMMAND, Key::O),
        (Modifiers::COMMAND | Modifiers::SHIFT, Key::E),
        (Modifiers::COMMAND, Key::Comma),
        (Modifiers::NONE, Key::F1),
    ] {
        press(&mut window, modifiers, key);
        let faults = unnamed(&window);
        assert!(faults.is_empty(), "{key:?}: controls without a name:\n{}", faults.join("\n"));
        press(&mut window, Modifiers::NONE, Key::Escape);
    }
}
