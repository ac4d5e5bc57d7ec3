//! Step 4, left: where to generate and how many, how to tune, what it will cost, and the runs.

use std::sync::Arc;

use eframe::egui::{self, ComboBox, DragValue, Response, RichText, ScrollArea, TextEdit, Ui};

use crate::app::action::{Action, PictureAction, RegionEdit};
use crate::app::board::duration;
use crate::app::theme::space;
use crate::app::tuning::{Draft, Estimate, TuningAction, WATCHED_POINTS, Work, region_of, region_words};
use crate::app::widgets::{View, empty, section};
use crate::fill::ControlKind;
use crate::train::optimiser::Decay;
use crate::train::tune::{Clustering, EarlyStop, LoraParams, PrototypeParams, ReplayParams, Strategy, TuneParams};
use crate::workspace::NamedRegion;
use crate::workspace::recipe::TuneRun;

/// The panel.
#[derive(Debug, Default)]
pub struct TuneSettingsPanel {
    /// The run whose settings are shown; none for the first.
    run: Option<String>,
    name: String,
}

/// Width of the names of settings.
const NAMES: f32 = 128.0;

impl TuneSettingsPanel {
    /// Draws the panel.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let palette = view.palette;
        let Some(draft) = view.state.draft() else {
            let text = "Open a study to generate molecules and tune its model on them.";
            return empty(ui, &palette, "No study", text, |_| {});
        };
        if self.run.as_deref().is_some_and(|run| draft.run(Some(run)).is_none()) {
            self.run = None;
        }
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            egui::Frame::new().inner_margin(space::M).show(ui, |ui| {
                let light = draft.light();
                let mut changed = light.clone();
                section(ui, &palette, "What to generate");
                region_ui(ui, view, &draft);
                generate_ui(ui, view, &draft, &mut changed);
                let filled = changed != light;
                self.tune_ui(ui, view, &mut changed);
                controls_ui(ui, view, &mut changed);
                if changed != light {
                    changed.fill.region.clone_from(&draft.fill.region);
                    let what = if filled { "Settings of the fill set" } else { "Settings of the tuning" };
                    view.ask(PictureAction::Draft { draft: Arc::new(changed), what, joins: true });
                }
                self.cost_ui(ui, view, &draft);
                self.start_ui(ui, view, &draft);
                ui.add_space(space::L);
            });
        });
    }

    fn tune_ui(&mut self, ui: &mut Ui, view: &mut View, draft: &mut Draft) {
        let palette = view.palette;
        section(ui, &palette, "Runs");
        ui.horizontal_wrapped(|ui| {
            ui.selectable_value(&mut self.run, None, "First run").on_hover_text("The study's own tuning");
            for run in &draft.runs {
                ui.selectable_value(&mut self.run, Some(run.name.clone()), &run.name)
                    .on_hover_text("A further tuning of the same sets, for comparison");
            }
        });
        ui.horizontal(|ui| {
            if self.name.is_empty() {
                self.name = draft.free_name();
            }
            let field = ui.add(TextEdit::singleline(&mut self.name).desired_width(96.0));
            field.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Name of a further run"));
            let free = draft.runs.iter().all(|run| run.name != self.name);
            let plain =
                self.name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) && !self.name.is_empty();
            let add = ui.add_enabled(free && plain, egui::Button::new("Add a run"));
            let add = add.on_disabled_hover_text("Choose another name: letters, digits, - and _");
            if add.on_hover_text("Tune the same sets in another way as well, and compare all").clicked() {
                let tune = draft.run(self.run.as_deref()).cloned().unwrap_or_else(TuneParams::script);
                draft.runs.push(TuneRun { name: self.name.clone(), controls: true, tune });
                self.run = Some(std::mem::take(&mut self.name));
            }
            if let Some(run) = self.run.clone()
                && ui.button("Remove").on_hover_text("Forget this run; its checkpoints stay on disk").clicked()
            {
                draft.runs.retain(|known| known.name != run);
                self.run = None;
            }
        });
        section(ui, &palette, "How to tune");
        let name = self.run.clone();
        let Some(tune) = draft.run_mut(name.as_deref()) else { return };
        ui.horizontal(|ui| {
            ui.label("Presets").on_hover_text("Published variants; each fills in everything below but the strategy");
            let strategy = tune.strategy.clone();
            let mut preset = |ui: &mut Ui, words: &str, hint: &str, params: TuneParams| {
                let wanted = TuneParams { strategy: strategy.clone(), seed: tune.seed, ..params };
                if ui.selectable_label(*tune == wanted, words).on_hover_text(hint).clicked() {
                    *tune = wanted;
                }
            };
            let script =
                "As the published script: one epoch of batches of 256 at 5e-5, which is one step for 100 molecules";
            preset(ui, "script", script, TuneParams::script());
            let paper = "As the paper's text: up to 50 epochs, stopped early on training and validation loss";
            preset(ui, "paper", paper, TuneParams::paper());
        });
        strategy_ui(ui, &mut tune.strategy);
        schedule_ui(ui, tune);
        ui.collapsing("More settings", |ui| more_ui(ui, tune));
    }

    fn cost_ui(&self, ui: &mut Ui, view: &mut View, draft: &Draft) {
        let palette = view.palette;
        section(ui, &palette, "What it will cost");
        let Some(params) = draft.run(self.run.as_deref()) else { return };
        let why = match view.state.study.as_ref() {
            Some(study) if study.fill_set("fill").is_some() => params.check().err(),
            _ => Some("Generate molecules first: the trial trains on them".to_owned()),
        };
        let button = ui.add_enabled(why.is_none(), egui::Button::new("Estimate time and memory"));
        let hint = "Takes up to four steps with these settings on the set on screen, and throws them away";
        if button.on_hover_text(hint).on_disabled_hover_text(why.unwrap_or_default()).clicked() {
            view.ask(TuningAction::Estimate(Box::new(params.clone())));
        }
        match &view.state.tuning.estimate {
            Some((with, found)) if with == params => {
                ui.label(estimate_words(found));
            }
            Some(_) => {
                ui.label(RichText::new("The last trial was made with other settings.").color(palette.ink_weak));
            }
            None => {
                let text = "Not measured yet; it depends on this machine.";
                ui.label(RichText::new(text).color(palette.ink_weak));
            }
        }
    }

    fn start_ui(&self, ui: &mut Ui, view: &mut View, draft: &Draft) {
        let palette = view.palette;
        ui.add_space(space::M);
        let waits = !view.state.running.is_empty();
        let verb = if waits { "Queue" } else { "Start" };
        let which = self.run.clone().unwrap_or_else(|| "first run".into());
        ui.horizontal_wrapped(|ui| {
            let hint = "Makes what is missing: the fill set, its controls, and a checkpoint of each arm and seed. Other runs can be lined up behind it.";
            let work = Work::Tune(self.run.clone());
            let done = view.state.is_made(&work);
            let action = match view.state.make(work) {
                Ok(_) if done => Err("This run is tuned already: change a setting, or compare it in step 5".to_owned()),
                other => other,
            };
            offer(ui, view, &format!("{verb} {which}"), hint, action, true);
            if draft.runs.is_empty() {
                return;
            }
            let hint = "Lines all runs up, one after the other";
            match view.state.make(Work::Tune(None)) {
                Ok(_) => {
                    if ui.button("Queue every run").on_hover_text(hint).clicked() {
                        let all = std::iter::once(None).chain(draft.runs.iter().map(|run| Some(run.name.clone())));
                        for run in all {
                            if let Ok(action) = view.state.make(Work::Tune(run)) {
                                view.ask(action);
                            }
                        }
                    }
                }
                Err(why) => {
                    ui.add_enabled(false, egui::Button::new("Queue every run")).on_disabled_hover_text(why);
                }
            }
        });
        ui.label(
            RichText::new("Tuning runs on the processor. Cancelled, a run keeps its state: starting it again goes on.")
                .small()
                .color(palette.ink_weak),
        );
    }
}

/// A button for an action, or disabled with the reason.
pub fn offer(ui: &mut Ui, view: &mut View, words: &str, hint: &str, action: Result<Action, String>, primary: bool) {
    let palette = view.palette;
    let text = RichText::new(words);
    match action {
        Ok(action) => {
            let button = if primary {
                egui::Button::new(text.color(palette.on_accent)).fill(palette.accent).min_size(egui::vec2(0.0, 26.0))
            } else {
                egui::Button::new(text)
            };
            if ui.add(button).on_hover_text(hint).clicked() {
                view.ask(action);
            }
        }
        Err(why) => {
            ui.add_enabled(false, egui::Button::new(text)).on_disabled_hover_text(format!("{hint}\n{why}"));
        }
    }
}

/// A setting with its name; both explain it.
fn setting(ui: &mut Ui, name: &str, hint: &str, add: impl FnOnce(&mut Ui) -> Response) {
    ui.horizontal(|ui| {
        let size = egui::vec2(NAMES, ui.spacing().interact_size.y);
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        let label = ui.allocate_ui_with_layout(size, layout, |ui| {
            ui.set_min_width(NAMES);
            ui.label(name).on_hover_text(hint)
        });
        add(ui).labelled_by(label.inner.id).on_hover_text(hint);
    });
}

fn generate_ui(ui: &mut Ui, view: &mut View, shown: &Draft, draft: &mut Draft) {
    let set = &mut draft.fill.set;
    setting(ui, "Molecules", "How many the fill set shall hold; published: 100", |ui| {
        ui.add(DragValue::new(&mut set.n).range(1..=100_000))
    });
    let screening = &mut set.screening;
    let hint = "Turn down molecules that the decoder was still writing at its token limit; published: kept, three quarters of the set";
    ui.checkbox(&mut screening.only_complete, "Only complete molecules").on_hover_text(hint);
    ui.checkbox(&mut screening.only_novel, "Only molecules that the corpus does not hold")
        .on_hover_text("Turn down molecules of the corpus");
    limit_ui(
        ui,
        "Most similar",
        "Turn down molecules more similar than this to one accepted before (Tanimoto, Morgan radius 3)",
        &mut screening.max_similarity,
        0.9,
    );
    limit_ui(
        ui,
        "Least QED",
        "Turn down molecules with a lower quantitative estimate of drug-likeness",
        &mut screening.min_qed,
        0.3,
    );
    if shown.fill.region.is_some() {
        let hint =
            "Points drawn from the region beside the maxima of the roughness field; the roughest are decoded first";
        setting(ui, "Points of the region", hint, |ui| {
            ui.add(DragValue::new(&mut draft.fill.draw.n).range(10..=1_000_000))
        });
    }
    device_ui(ui, draft);
    let study = view.state.study.as_ref();
    let current = study.is_some_and(|study| !study.fills_otherwise(shown));
    let action = match view.state.make(Work::Generate) {
        Ok(_) if current => Err("The set on screen is what these settings give".to_owned()),
        other => other,
    };
    let primary = !current;
    let words = format!("Generate {} molecules", draft.fill.set.n);
    offer(ui, view, &words, "Decodes the roughest places of the region and screens what comes out", action, primary);
}

/// Where to generate: the whole landscape, a region of step 3, or one made here of what is selected on the map.
fn region_ui(ui: &mut Ui, view: &mut View, draft: &Draft) {
    let Some(study) = view.state.study.as_ref() else { return };
    let picture = &view.state.picture;
    let mut chosen: Vec<RegionEdit> = Vec::new();
    let hint = "Where molecules are generated: the roughest places of the whole landscape, or of a part of latent space around chosen molecules";
    setting(ui, "Region", hint, |ui| {
        let shown = region_words(draft.fill.region.as_ref());
        let combo = ComboBox::from_id_salt("region").selected_text(shown).width(150.0).show_ui(ui, |ui| {
            if ui.selectable_label(draft.fill.region.is_none(), "Whole landscape").clicked() {
                chosen.push(RegionEdit::Fill(None));
            }
            if let (Some(data), Some(points)) = (view.state.data.as_ref(), study.ids.points.as_ref())
                && !picture.selection.is_empty()
            {
                let words = format!("Selection on the map ({} molecules)", picture.selection.len());
                if ui.selectable_label(false, words).clicked() {
                    let name = picture.free_region_name("Selection");
                    let definition = region_of(&picture.selection, data, points);
                    chosen.push(RegionEdit::Add(NamedRegion { name: name.clone(), definition }));
                    chosen.push(RegionEdit::Fill(Some(name)));
                }
            }
            for region in &picture.regions {
                let same = picture.fill_region.as_ref() == Some(&region.name);
                if ui.selectable_label(same, format!("Region “{}”", region.name)).clicked() {
                    chosen.push(RegionEdit::Fill(Some(region.name.clone())));
                }
            }
        });
        combo.response
    });
    for edit in chosen {
        view.ask(PictureAction::Region(edit));
    }
}

fn limit_ui(ui: &mut Ui, name: &str, hint: &str, limit: &mut Option<f64>, usual: f64) {
    ui.horizontal(|ui| {
        let mut on = limit.is_some();
        if ui.checkbox(&mut on, name).on_hover_text(hint).changed() {
            *limit = on.then_some(usual);
        }
        if let Some(value) = limit {
            let field = ui.add(DragValue::new(value).range(0.0..=1.0).speed(0.01));
            field.widget_info(|| egui::WidgetInfo::drag_value(true, *value));
        }
    });
}

fn device_ui(ui: &mut Ui, draft: &mut Draft) {
    let mut devices = vec!["cpu".to_owned()];
    if cfg!(feature = "cuda") {
        devices.push("cuda:0".into());
    }
    if cfg!(feature = "metal") {
        devices.push("metal:0".into());
    }
    if !devices.contains(&draft.device) {
        devices.push(draft.device.clone());
    }
    let hint = "What encodes, decodes and measures. It is part of every result, so another device makes all steps stale. Tuning always runs on the processor.";
    setting(ui, "Device", hint, |ui| {
        let combo = ComboBox::from_id_salt("device").selected_text(&draft.device).show_ui(ui, |ui| {
            for device in devices {
                ui.selectable_value(&mut draft.device, device.clone(), device);
            }
        });
        combo.response
    });
}

/// Name and meaning of a strategy.
pub fn strategy_words(strategy: &Strategy) -> (&'static str, &'static str) {
    match strategy {
        Strategy::Full => ("Full", "All of the transformer learns; the projectors never do"),
        Strategy::FreezeEncoder => (
            "Freeze embeddings and encoder",
            "Only the decoder learns. The pooled embedding comes out of the encoder, so downstream scores stay exactly as they were",
        ),
        Strategy::LastDecoderLayer => (
            "Last decoder layer",
            "Only the last block of the decoder learns; downstream scores stay exactly as they were",
        ),
        Strategy::Lora(_) => ("LoRA", "Low-rank adapters W + (alpha / r) B A on every linear layer, merged on saving"),
        Strategy::Replay(_) => {
            ("Replay", "Full, with molecules of the corpus as a second loss term against forgetting")
        }
        Strategy::Pseudolabels(_) => (
            "Pseudolabel replay",
            "Full, with the frozen original's predictions on corpus molecules as soft targets of a second loss term",
        ),
        Strategy::ReplayLora { .. } => {
            ("Replay + LoRA", "Adapters, with molecules of the corpus as a second loss term")
        }
        Strategy::Prototypes(_) => (
            "Prototype anchor",
            "Full, with embeddings held near the centres of the clusters they came from: adds λ · mean |z − prototype(z)|²",
        ),
    }
}

fn strategy_ui(ui: &mut Ui, strategy: &mut Strategy) {
    let (name, hint) = strategy_words(strategy);
    setting(ui, "Strategy", "What learns, and what holds on to what the model knew", |ui| {
        let combo = ComboBox::from_id_salt("strategy").selected_text(name).width(150.0).show_ui(ui, |ui| {
            for other in Strategy::all() {
                let (name, hint) = strategy_words(&other);
                let same = other.name() == strategy.name();
                if ui.selectable_label(same, name).on_hover_text(hint).clicked() && !same {
                    *strategy = other;
                }
            }
        });
        combo.response
    });
    ui.label(RichText::new(hint).small().weak());
    match strategy {
        Strategy::Lora(lora) => lora_ui(ui, lora),
        Strategy::Replay(replay) | Strategy::Pseudolabels(replay) => replay_ui(ui, replay),
        Strategy::ReplayLora { replay, lora } => {
            replay_ui(ui, replay);
            lora_ui(ui, lora);
        }
        Strategy::Prototypes(anchor) => anchor_ui(ui, anchor),
        Strategy::Full | Strategy::FreezeEncoder | Strategy::LastDecoderLayer => {}
    }
}

fn lora_ui(ui: &mut Ui, lora: &mut LoraParams) {
    setting(ui, "Rank r", "Columns of B and rows of A; published trials: 4, 16, 64", |ui| {
        ui.add(DragValue::new(&mut lora.rank).range(1..=1024))
    });
    setting(ui, "Alpha", "The adapter is scaled by alpha / r", |ui| {
        ui.add(DragValue::new(&mut lora.alpha).range(0.1..=1024.0).speed(0.5))
    });
}

fn replay_ui(ui: &mut Ui, replay: &mut ReplayParams) {
    setting(ui, "Replay ratio", "Corpus molecules for each fill-set molecule of a step", |ui| {
        ui.add(DragValue::new(&mut replay.ratio).range(0.01..=100.0).speed(0.05))
    });
    setting(ui, "Replay weight", "Weight of the second loss term", |ui| {
        ui.add(DragValue::new(&mut replay.weight).range(0.0..=100.0).speed(0.05))
    });
}

fn anchor_ui(ui: &mut Ui, anchor: &mut PrototypeParams) {
    setting(ui, "Clustering", "How prototypes are found among the original embeddings", |ui| {
        let name = |clustering: Clustering| match clustering {
            Clustering::KMeans => "k-means",
            Clustering::GaussianMixture => "Gaussian mixture",
        };
        let combo = ComboBox::from_id_salt("clustering").selected_text(name(anchor.clustering)).show_ui(ui, |ui| {
            for other in [Clustering::KMeans, Clustering::GaussianMixture] {
                ui.selectable_value(&mut anchor.clustering, other, name(other));
            }
        });
        combo.response
    });
    setting(ui, "Clusters at most", "Their number is that of the lowest BIC up to this", |ui| {
        ui.add(DragValue::new(&mut anchor.max_clusters).range(1..=256))
    });
    setting(ui, "Lambda λ", "Nats for a squared distance of 1", |ui| {
        ui.add(DragValue::new(&mut anchor.lambda).range(0.0..=100.0).speed(0.01))
    });
}

fn schedule_ui(ui: &mut Ui, tune: &mut TuneParams) {
    setting(ui, "Epochs", "Passes over the fill set, at most; published: 1 (script) or 50 (paper)", |ui| {
        ui.add(DragValue::new(&mut tune.epochs).range(1..=100_000))
    });
    setting(ui, "Batch", "Fill-set molecules a step; published: 256", |ui| {
        ui.add(DragValue::new(&mut tune.batch_size).range(1..=4096))
    });
    setting(ui, "Learning rate", "The highest of the run; published: 5e-5", |ui| {
        let field = DragValue::new(&mut tune.schedule.learning_rate).range(1e-8..=1.0).speed(1e-6);
        ui.add(field.custom_formatter(|value, _| format!("{value:.1e}")))
    });
    setting(ui, "Masked share", "Part of a molecule's tokens that the encoder does not see; published: 0.15", |ui| {
        ui.add(DragValue::new(&mut tune.mask_rate).range(0.0..=1.0).speed(0.01))
    });
    let mut stops = tune.early_stop.is_some();
    let hint =
        "Stop when training or validation loss has found no new best for some validations, and keep the best weights";
    if ui.checkbox(&mut stops, "Stop early").on_hover_text(hint).changed() {
        tune.early_stop = stops.then(EarlyStop::default);
    }
    if let Some(stop) = &mut tune.early_stop {
        setting(ui, "Patience", "Validations without a new best", |ui| {
            ui.add(DragValue::new(&mut stop.patience).range(1..=1000))
        });
        setting(ui, "Least improvement", "A loss is a new best when it is lower by this part of the old one", |ui| {
            ui.add(DragValue::new(&mut stop.min_improvement).range(0.0..=1.0).speed(1e-4).max_decimals(6))
        });
    }
}

fn more_ui(ui: &mut Ui, tune: &mut TuneParams) {
    setting(ui, "Warm-up", "Steps over which the learning rate rises from zero", |ui| {
        ui.add(DragValue::new(&mut tune.schedule.warm_up).range(0..=1_000_000))
    });
    setting(ui, "Decay", "How the learning rate falls; published: linear", |ui| {
        let name = |decay: Decay| match decay {
            Decay::Constant => "constant",
            Decay::Linear => "linear",
            Decay::Cosine => "cosine",
        };
        let shown = name(tune.schedule.decay);
        let combo = ComboBox::from_id_salt("decay").selected_text(shown).show_ui(ui, |ui| {
            for other in [Decay::Constant, Decay::Linear, Decay::Cosine] {
                ui.selectable_value(&mut tune.schedule.decay, other, name(other));
            }
        });
        combo.response
    });
    setting(ui, "Last rate", "Where the learning rate ends, as a part of the highest", |ui| {
        ui.add(DragValue::new(&mut tune.schedule.floor).range(0.0..=1.0).speed(0.01))
    });
    let adam = &mut tune.adam;
    setting(ui, "Beta 1", "Decay of the mean gradient", |ui| {
        ui.add(DragValue::new(&mut adam.beta1).range(0.0..=0.9999).speed(0.001))
    });
    setting(ui, "Beta 2", "Decay of the mean squared gradient", |ui| {
        ui.add(DragValue::new(&mut adam.beta2).range(0.0..=0.99999).speed(0.001))
    });
    setting(ui, "Weight decay", "Pulls to zero, not to the pretrained weights: 0 unless you mean that", |ui| {
        ui.add(DragValue::new(&mut adam.weight_decay).range(0.0..=1.0).speed(0.001))
    });
    setting(ui, "Clip", "Longest gradient (Euclidean norm); 0 for no limit", |ui| {
        ui.add(DragValue::new(&mut adam.clip).range(0.0..=1e6).speed(0.05))
    });
    setting(ui, "Held-out molecules", "How many are measured at a validation, at most", |ui| {
        ui.add(DragValue::new(&mut tune.n_validation).range(0..=100_000))
    });
    setting(ui, "Validate every", "Epochs between validations", |ui| {
        ui.add(DragValue::new(&mut tune.validate_every).range(1..=10_000))
    });
    setting(ui, "Save every", "Steps between saved states: what a crash costs at most", |ui| {
        ui.add(DragValue::new(&mut tune.save_every).range(1..=100_000))
    });
}

fn controls_ui(ui: &mut Ui, view: &View, draft: &mut Draft) {
    section(ui, &view.palette, "Controls and seeds");
    let mut kinds = vec![ControlKind::Random, ControlKind::Corpus];
    let asked = view.state.study.as_ref().and_then(|study| study.asked.as_ref());
    let tasks = asked.map(|asked| &asked.recipe.tasks);
    for task in tasks.into_iter().flatten() {
        kinds.push(ControlKind::Task(task.name.clone()));
    }
    if kinds.len() > 2 {
        kinds.push(ControlKind::Combined);
    }
    for kind in kinds {
        let mut on = draft.controls.contains(&kind);
        let (words, hint) = control_words(&kind);
        if ui.checkbox(&mut on, words).on_hover_text(hint).changed() {
            if on {
                draft.controls.push(kind);
            } else {
                draft.controls.retain(|known| *known != kind);
            }
        }
    }
    if draft.controls.is_empty() {
        let text = "Without a control nothing tells fill-tuning from tuning on any molecules at all.";
        ui.colored_label(view.palette.warn, text);
    }
    let mut n = draft.tune_seeds.len() as u64;
    setting(
        ui,
        "Seeds",
        "Checkpoints of every arm, each with its own seed; several also become the seeds of the comparison",
        |ui| {
            let field = ui.add(DragValue::new(&mut n).range(1..=20));
            if field.changed() {
                draft.tune_seeds = (0..n).collect();
            }
            field
        },
    );
    let mut watched = draft.frustration.while_tuning > 0;
    let hint = "At every validation the response is measured again at the region's most frustrated pairs: costs time, changes no result";
    if ui.checkbox(&mut watched, "Watch the region's frustration").on_hover_text(hint).changed() {
        draft.frustration.while_tuning = if watched { WATCHED_POINTS } else { 0 };
    }
}

fn control_words(kind: &ControlKind) -> (String, &'static str) {
    match kind {
        ControlKind::Random => {
            ("Random latent points".into(), "Decoded from random latent points: the same decoder, no landscape")
        }
        ControlKind::Corpus => ("Random corpus molecules".into(), "Random molecules of the corpus"),
        ControlKind::Task(task) => {
            (format!("Molecules of {task}"), "Random training molecules of this downstream task")
        }
        ControlKind::Combined => {
            ("Molecules of all tasks".into(), "Random training molecules of all downstream tasks together")
        }
    }
}

fn estimate_words(found: &Estimate) -> String {
    let trial = &found.trial;
    let time = |secs: f64| duration(std::time::Duration::from_secs_f64(secs.clamp(0.0, 1e9)));
    let n = found.n_checkpoints.max(1);
    let megabytes = |bytes: u64| format!("{:.0} MB", (bytes as f64 / 1e6).max(1.0));
    let memory = match found.peak_bytes {
        Some(bytes) => format!("the trial took {} in all", megabytes(bytes)),
        None => "this system does not tell what the trial took".to_owned(),
    };
    format!(
        "About {} on this machine: {n} checkpoints of {} steps ({:.0} ms each) and {} validations ({:.0} ms each); early stopping may take less. Memory: {} of weights and optimiser; {memory}.",
        time(n as f64 * trial.seconds()),
        trial.n_steps,
        1e3 * trial.seconds_per_step,
        trial.n_validations,
        1e3 * trial.seconds_per_validation,
        megabytes(trial.state_bytes),
    )
}
