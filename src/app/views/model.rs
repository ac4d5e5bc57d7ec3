//! Step 1: the card of the model, and three ways to try it.

use eframe::egui::{self, RichText, Role, ScrollArea, Sense, TextEdit, Ui, WidgetInfo, vec2};

use crate::app::action::{Dialog, ModelAction, WindowAction};
use crate::app::data::number;
use crate::app::model_session::{FIRST_MOLECULE, LoadedModel, Reading, Trial};
use crate::app::theme::space;
use crate::app::widgets::{View, accent_button, card, empty, fact, molecule};

/// Room for the latent vector and what is said of it.
const VECTOR: f32 = 300.0;
/// Width of a drawn molecule below which the vector stands under the cards.
const NARROW: f32 = 160.0;
/// What stands around a drawn molecule: the margins of its card, and the gap to the next.
const CARD_MARGINS: f32 = 26.0;

/// The panel with what is typed in it.
#[derive(Debug)]
pub struct ModelPanel {
    smiles: String,
    from: String,
    to: String,
    n_steps: usize,
    centre: String,
    radius: f32,
    seed: u64,
}

impl Default for ModelPanel {
    fn default() -> Self {
        Self {
            smiles: FIRST_MOLECULE.into(),
            from: "CC(=O)Oc1ccccc1C(=O)O".into(),
            to: "CN1C=NC2=C1C(=O)N(C(=O)N2C)C".into(),
            n_steps: 9,
            centre: "CC(=O)Oc1ccccc1C(=O)O".into(),
            radius: 0.2,
            seed: 1,
        }
    }
}

impl ModelPanel {
    /// Draws the panel.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let Some(model) = view.state.model.clone() else {
            return no_model_ui(ui, view);
        };
        egui::Frame::new().inner_margin(space::L).show(ui, |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                let palette = view.palette;
                if let Some(problem) = view.state.session.problem.clone() {
                    ui.label(RichText::new(problem).color(palette.danger));
                    ui.add_space(space::S);
                }
                self.try_ui(ui, view);
                ui.add_space(space::L);
                self.walk_ui(ui, view);
                ui.add_space(space::L);
                self.neighbours_ui(ui, view);
                ui.add_space(space::L);
                card_ui(ui, view, &model);
            });
        });
    }

    fn try_ui(&mut self, ui: &mut Ui, view: &mut View) {
        ui.label(RichText::new("Try a molecule").heading());
        ui.label(
            RichText::new("Through the latent vector and back: what the model keeps of a molecule, and what it loses.")
                .color(view.palette.ink_weak),
        );
        let asked = ui
            .horizontal(|ui| {
                ui.spacing_mut().interact_size.y = 26.0;
                let entered = smiles_field(ui, &mut self.smiles, "SMILES to try", 360.0);
                accent_button(ui, &view.palette, "Encode and decode").clicked() || entered
            })
            .inner;
        if asked {
            view.ask(ModelAction::Try(self.smiles.clone()));
        }
        if let Some(trial) = view.state.session.trial.clone() {
            trial_ui(ui, view, &trial);
        }
    }

    fn walk_ui(&mut self, ui: &mut Ui, view: &mut View) {
        ui.label(RichText::new("Walk between two molecules").heading());
        ui.label(
            RichText::new("Equal steps on the straight line between their latent vectors.")
                .color(view.palette.ink_weak),
        );
        let asked = ui
            .horizontal_wrapped(|ui| {
                let mut entered = smiles_field(ui, &mut self.from, "SMILES of the start", 230.0);
                ui.label("to");
                entered |= smiles_field(ui, &mut self.to, "SMILES of the end", 230.0);
                let steps = ui.add(egui::DragValue::new(&mut self.n_steps).range(2..=40).suffix(" molecules"));
                steps.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "Molecules of the walk"));
                ui.button("Walk").clicked() || entered
            })
            .inner;
        if asked {
            view.ask(ModelAction::Walk { from: self.from.clone(), to: self.to.clone(), n: self.n_steps });
        }
        if let Some((_, _, molecules)) = view.state.session.walk.clone() {
            let n = molecules.len();
            let title = |k: usize| match k {
                0 => "start".to_owned(),
                k if k + 1 == n => "end".to_owned(),
                k => format!("{:.0} %", 100.0 * k as f32 / (n - 1) as f32),
            };
            strip_ui(ui, view, &molecules, "walk", "similarity to the start", title);
        }
    }

    fn neighbours_ui(&mut self, ui: &mut Ui, view: &mut View) {
        ui.label(RichText::new("Neighbours of a latent point").heading());
        ui.label(
            RichText::new("Twelve random points on a sphere around a molecule's latent vector. Where they differ much, the landscape is rough.")
                .color(view.palette.ink_weak),
        );
        let asked = ui
            .horizontal_wrapped(|ui| {
                let mut asked = smiles_field(ui, &mut self.centre, "SMILES of the centre", 230.0);
                let radius =
                    ui.add(egui::DragValue::new(&mut self.radius).range(0.01..=5.0).speed(0.01).prefix("radius "));
                radius.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "Radius in latent space"));
                let seed = ui.add(egui::DragValue::new(&mut self.seed).prefix("seed "));
                seed.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "Seed of the directions"));
                asked |= ui.button("Decode neighbours").clicked();
                asked
            })
            .inner;
        if asked {
            view.ask(ModelAction::Neighbours { smiles: self.centre.clone(), radius: self.radius, seed: self.seed });
        }
        if let Some((_, _, molecules)) = view.state.session.neighbours.clone() {
            strip_ui(ui, view, &molecules, "neighbours", "similarity to the centre", |k| format!("{}", k + 1));
        }
    }
}

fn smiles_field(ui: &mut Ui, text: &mut String, name: &str, width: f32) -> bool {
    let width = width.min(ui.available_width() - 20.0).max(120.0);
    let field = ui.add(TextEdit::singleline(text).hint_text("SMILES").desired_width(width));
    field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, name));
    field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter))
}

fn no_model_ui(ui: &mut Ui, view: &mut View) {
    let palette = view.palette;
    let opening = view.state.jobs.iter().any(|job| job.is_active());
    let text = "A model turns molecules into latent vectors and back. Open a checkpoint folder, one from the hub, or the bundled one.";
    empty(ui, &palette, if opening { "Opening…" } else { "No model yet" }, text, |ui| {
        if view.state.places.model.is_some() && accent_button(ui, &palette, "Open the bundled model").clicked() {
            view.ask(ModelAction::OpenBundled);
        }
        if ui.button("Open another…").clicked() {
            view.ask(WindowAction::Show(Dialog::Open));
        }
    });
}

fn card_ui(ui: &mut Ui, view: &mut View, model: &LoadedModel) {
    let palette = view.palette;
    ui.horizontal(|ui| {
        ui.label(RichText::new("Model").heading());
        if ui.button("Open another…").clicked() {
            view.ask(WindowAction::Show(Dialog::Open));
        }
    });
    card(ui, &palette, |ui| {
        ui.set_width(ui.available_width().min(640.0));
        for (name, value) in &model.card {
            fact(ui, &palette, name, value);
        }
        fact(ui, &palette, "Loaded in", &format!("{:.2} s", model.loading.as_secs_f32()));
    });
}

fn trial_ui(ui: &mut Ui, view: &mut View, trial: &Trial) {
    let palette = view.palette;
    ui.add_space(space::S);
    let same = trial.back.canonical.as_ref() == Some(&trial.canonical);
    // Two cards and the vector beside each other; where there is less room, the vector below.
    let room = ui.available_width();
    let beside = room >= 2.0 * (NARROW + CARD_MARGINS) + VECTOR;
    let width = if beside { 0.5 * (room - VECTOR) - CARD_MARGINS } else { 0.5 * room - CARD_MARGINS };
    let width = width.clamp(120.0, 240.0);
    let pair = |ui: &mut Ui, view: &mut View| {
        drawn_ui(ui, view, "As it went in", &trial.canonical, None, width);
        let back = trial.back.canonical.clone().or_else(|| trial.back.decoded.smiles.clone()).unwrap_or_default();
        let title = if same { "As it came back: the same molecule" } else { "As it came back: another molecule" };
        drawn_ui(ui, view, title, &back, trial.back.similarity, width);
    };
    let vector = |ui: &mut Ui, view: &mut View| {
        ui.vertical(|ui| {
            ui.set_width(VECTOR - 20.0);
            ui.label(
                RichText::new(format!("Latent vector, {} coordinates", trial.latent.len()))
                    .small()
                    .color(palette.ink_weak),
            );
            latent_ui(ui, view, &trial.latent);
            ui.add_space(space::XS);
            let capped = if trial.back.decoded.capped { ", cut at the limit" } else { "" };
            fact(ui, &palette, "Tokens in", &trial.tokens.len().to_string());
            fact(ui, &palette, "Tokens out", &format!("{}{capped}", trial.back.decoded.n_tokens));
            fact(ui, &palette, "SELFIES out", &trial.back.decoded.selfies);
        });
    };
    ui.horizontal_top(|ui| {
        pair(ui, view);
        if beside {
            vector(ui, view);
        }
    });
    if !beside {
        vector(ui, view);
    }
    ui.add_space(space::XS);
    ui.label(RichText::new("Tokens").small().color(palette.ink_weak));
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(3.0, 3.0);
        for (token, id) in &trial.tokens {
            let text = RichText::new(format!(" {token} ")).monospace().background_color(palette.control);
            ui.label(text).on_hover_text(format!("Token {id}"));
        }
    });
}

fn drawn_ui(ui: &mut Ui, view: &mut View, title: &str, smiles: &str, similarity: Option<f64>, width: f32) {
    let palette = view.palette;
    card(ui, &palette, |ui| {
        ui.vertical(|ui| {
            ui.set_width(width);
            ui.label(RichText::new(title).small().color(palette.ink_weak));
            molecule(ui, view, smiles, vec2(width, 150.0), Sense::hover());
            let line = match similarity {
                Some(similarity) => format!("Tanimoto similarity {}", number(similarity)),
                None => smiles.to_owned(),
            };
            ui.add(egui::Label::new(RichText::new(line).small()).truncate()).on_hover_text(smiles);
        });
    });
}

/// The vector as bars around zero, from −1 to 1.
fn latent_ui(ui: &mut Ui, view: &View, latent: &[f32]) {
    let palette = view.palette;
    let (rect, response) = ui.allocate_exact_size(vec2(VECTOR - 20.0, 72.0), Sense::hover());
    let range = latent.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), x| (low.min(*x), high.max(*x)));
    response.widget_info(|| {
        let text = format!("Latent vector of {} coordinates, from {:.3} to {:.3}", latent.len(), range.0, range.1);
        WidgetInfo::labeled(Role::Image, true, text)
    });
    let painter = ui.painter();
    painter.rect_filled(rect, 4.0, palette.canvas);
    let width = rect.width() / latent.len().max(1) as f32;
    for (k, x) in latent.iter().enumerate() {
        let left = rect.left() + k as f32 * width;
        let height = x.clamp(-1.0, 1.0) * (rect.height() * 0.5 - 3.0);
        let bar = egui::Rect::from_two_pos(
            egui::pos2(left, rect.center().y),
            egui::pos2(left + (width - 0.5).max(0.5), rect.center().y - height),
        );
        painter.rect_filled(bar, 0.0, palette.accent);
    }
    let label = |at, align, text: &str| {
        painter.text(at, align, text, egui::FontId::proportional(10.0), palette.ink_weak);
    };
    label(rect.left_top() + vec2(3.0, 1.0), egui::Align2::LEFT_TOP, "1");
    label(rect.left_bottom() + vec2(3.0, -1.0), egui::Align2::LEFT_BOTTOM, "−1");
    response.on_hover_text(format!("From {:.3} to {:.3}", range.0, range.1));
}

fn strip_ui(
    ui: &mut Ui,
    view: &mut View,
    molecules: &[Reading],
    id: &str,
    what: &str,
    title: impl Fn(usize) -> String,
) {
    let palette = view.palette;
    ui.add_space(space::XS);
    ScrollArea::horizontal().id_salt(id).auto_shrink([false, true]).show(ui, |ui| {
        ui.horizontal(|ui| {
            for (k, reading) in molecules.iter().enumerate() {
                card(ui, &palette, |ui| {
                    ui.vertical(|ui| {
                        ui.set_width(140.0);
                        ui.label(RichText::new(title(k)).small().color(palette.ink_weak));
                        let smiles =
                            reading.canonical.clone().or_else(|| reading.decoded.smiles.clone()).unwrap_or_default();
                        molecule(ui, view, &smiles, vec2(140.0, 110.0), Sense::hover()).on_hover_text(&smiles);
                        let line =
                            reading.similarity.map_or_else(|| "no molecule".to_owned(), |s| format!("{what} {s:.2}"));
                        ui.label(RichText::new(line).small());
                    });
                });
            }
        });
    });
}
