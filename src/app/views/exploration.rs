//! Exploring from the window: where the response is measured, how the landscape is searched, and the run itself.

use eframe::egui::{self, DragValue, RichText, Role, ScrollArea, Ui, WidgetInfo};

use crate::app::action::StudyAction;
use crate::app::command::Command;
use crate::app::picture::{Step, StepState};
use crate::app::theme::{Palette, space};
use crate::app::widgets::{View, accent_button, bar, empty, primary_button, section};
use crate::landscape::ExploreParams;
use crate::workspace::recipe::{LandscapeParams, SampleSource, SamplesParams};

/// A set of settings with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Preset {
    Reference,
    Thorough,
    Quick,
}

impl Preset {
    const ALL: [Self; 3] = [Self::Quick, Self::Reference, Self::Thorough];

    fn label(self) -> &'static str {
        match self {
            Self::Quick => "Quick look",
            Self::Reference => "Reference",
            Self::Thorough => "Thorough",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Quick => "As the reference, with one hop a start and three neighbours: a first impression in seconds",
            Self::Reference => "The budgets and tolerances of the published run",
            Self::Thorough => {
                "Converges tightly and searches until rounds bring nothing new; for few dimensions or few data"
            }
        }
    }

    fn params(self, seed: u64) -> ExploreParams {
        let params = match self {
            Self::Reference => ExploreParams::reference(),
            Self::Thorough => ExploreParams::thorough(),
            Self::Quick => {
                let mut params = ExploreParams::reference();
                params.basin_hopping.n_steps = 1;
                params.n_neighbours = 3;
                params
            }
        };
        ExploreParams { seed, ..params }
    }
}

type Settings = (SamplesParams, LandscapeParams);

/// The view.
#[derive(Debug, Default)]
pub struct ExplorationPanel {
    /// As the study has them, and as they are being changed.
    settings: Option<(Settings, Settings)>,
}

impl ExplorationPanel {
    /// Draws the view.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let palette = view.palette;
        let Some(study) = view.state.study.as_ref() else {
            let text = "An exploration measures the model's response at many points of latent space, fits a surface, and \
                        searches it for minima and transition states. It belongs to a study.";
            return empty(ui, &palette, "No study is open", text, |ui| {
                primary_button(ui, view, Command::Open, "Open a study…");
            });
        };
        if let Some(recipe) = study.recipe() {
            let kept = (recipe.samples.clone(), recipe.landscape.clone());
            if self.settings.as_ref().is_none_or(|(known, _)| *known != kept) {
                self.settings = Some((kept.clone(), kept));
            }
        }
        egui::Frame::new().inner_margin(space::S).show(ui, |ui| {
            self.run_ui(ui, view);
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                let can_change = view.state.study.as_ref().is_some_and(crate::app::study::OpenStudy::can_run);
                if let Some((_, settings)) = &mut self.settings {
                    ui.add_enabled_ui(can_change, |ui| settings_ui(ui, &palette, settings));
                }
            });
        });
    }

    fn run_ui(&mut self, ui: &mut Ui, view: &mut View) {
        let palette = view.palette;
        ui.horizontal_wrapped(|ui| {
            if view.state.running.contains(&Step::Landscape) {
                let job = view.state.jobs.iter().find(|job| job.is_active() && job.name.contains("Landscape")).cloned();
                if let Some(job) = job {
                    bar(ui, &palette, job.share(), 160.0, "Exploration");
                    ui.label(job.line());
                    if ui.button("Cancel").on_hover_text("Stops at the next unit; running again goes on").clicked() {
                        view.ask(crate::app::action::Action::Job(crate::app::action::JobAction::Cancel(job.id)));
                    }
                }
                return;
            }
            let changed = self.settings.as_ref().is_some_and(|(kept, now)| kept != now);
            let state = view.state.step_state(Step::Landscape);
            if changed {
                if accent_button(ui, &palette, "Keep and run")
                    .on_hover_text("A new landscape beside the old one")
                    .clicked()
                    && let Some((_, now)) = &self.settings
                {
                    view.ask(StudyAction::SetExploration(Box::new(now.clone())));
                    view.ask(StudyAction::RunStep(Step::Landscape));
                }
                if ui.button("Back to what the study has").clicked()
                    && let Some((kept, now)) = &mut self.settings
                {
                    now.clone_from(kept);
                }
            } else {
                let words = match state {
                    StepState::Stale => "Run with these settings",
                    StepState::Ready => "Run, or go on",
                    _ => "Run",
                };
                primary_button(ui, view, Command::Primary, words);
            }
            let words = match (state, changed) {
                (_, true) => "The settings are changed and not kept yet; the landscape shown, if any, has others.",
                (StepState::Done, _) => "The landscape shown was made with these settings.",
                (StepState::Stale, _) => "The landscape shown was made with other settings or another model.",
                (StepState::Ready, _) => "Not explored yet; a run that was stopped goes on where it was.",
                _ => "",
            };
            ui.label(RichText::new(words).color(palette.ink_weak));
            if let Some(why) = view.state.study.as_ref().and_then(|study| study.read_only.clone()) {
                ui.label(RichText::new(why).color(palette.warn));
            }
        });
    }
}

/// A number with its name and what it does.
fn row(ui: &mut Ui, palette: &Palette, name: &str, explanation: &str, field: DragValue) {
    ui.horizontal(|ui| {
        let response = ui.add_sized([84.0, 20.0], field).on_hover_text(explanation);
        response.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, name));
        ui.vertical(|ui| {
            ui.label(name);
            ui.add(egui::Label::new(RichText::new(explanation).small().color(palette.ink_weak)).wrap());
        });
    });
}

fn switch(ui: &mut Ui, palette: &Palette, on: &mut bool, name: &str, explanation: &str) {
    ui.checkbox(on, name);
    ui.indent(name, |ui| ui.add(egui::Label::new(RichText::new(explanation).small().color(palette.ink_weak)).wrap()));
}

fn settings_ui(ui: &mut Ui, palette: &Palette, (samples, landscape): &mut Settings) {
    ui.horizontal_wrapped(|ui| {
        ui.label("Presets");
        for preset in Preset::ALL {
            let params = preset.params(landscape.explore.seed);
            let on = landscape.explore == params;
            if ui.selectable_label(on, preset.label()).on_hover_text(preset.hint()).clicked() {
                landscape.explore = params;
            }
        }
    });
    samples_ui(ui, palette, samples, landscape);
    explore_ui(ui, palette, &mut landscape.explore);
}

fn samples_ui(ui: &mut Ui, palette: &Palette, samples: &mut SamplesParams, landscape: &mut LandscapeParams) {
    section(ui, palette, "Where the response is measured");
    ui.horizontal_wrapped(|ui| {
        let sources = [
            (SampleSource::Hypercube, "Latin hypercube", "Points spread evenly over the whole latent box: the reference"),
            (SampleSource::Posterior { jitter: 0.0 }, "Encoded molecules", "At molecules of the corpus, moved a little"),
            (
                SampleSource::Principal { components: 6, reach: 2.5 },
                "Principal axes",
                "Spread evenly over the box that the corpus spans along its leading axes: few coordinates, much structure",
            ),
        ];
        for (source, words, hint) in sources {
            let on = std::mem::discriminant(&source) == std::mem::discriminant(&samples.source);
            if ui.radio(on, words).on_hover_text(hint).clicked() && !on {
                samples.source = source;
            }
        }
    });
    row(
        ui,
        palette,
        "Points",
        "How many points; the cost of measuring grows with it, that of the surface with its square",
        DragValue::new(&mut samples.n).range(8..=1_000_000),
    );
    match &mut samples.source {
        SampleSource::Hypercube => {}
        SampleSource::Posterior { jitter } => row(
            ui,
            palette,
            "Jitter",
            "Standard deviation by which each encoding is moved, in latent units; 0 leaves it where it is",
            DragValue::new(jitter).range(0.0..=1.0).speed(0.005),
        ),
        SampleSource::Principal { components, reach } => {
            row(
                ui,
                palette,
                "Axes",
                "How many principal axes of the corpus span the landscape; what lies across them is not seen",
                DragValue::new(components).range(1..=1024),
            );
            row(
                ui,
                palette,
                "Reach",
                "How far the box goes along each axis, in standard deviations to either side",
                DragValue::new(reach).range(0.1..=10.0).speed(0.05),
            );
        }
    }
    row(
        ui,
        palette,
        "Neighbours of a point",
        "Molecules around a point that its own is compared with: the response is their mean similarity",
        DragValue::new(&mut samples.response.n_neighbours).range(1..=1000),
    );
    row(
        ui,
        palette,
        "Radius",
        "Distance of these neighbours from the point, in latent units",
        DragValue::new(&mut samples.response.radius).range(0.0001..=10.0).speed(0.001),
    );
    row(
        ui,
        palette,
        "Smoothing λ",
        "How much the surface may miss the measured points, so as not to follow their noise; 0 goes through each",
        DragValue::new(&mut landscape.smoothing).range(0.0..=1.0).speed(0.0001).max_decimals(6),
    );
}

fn explore_ui(ui: &mut Ui, palette: &Palette, p: &mut ExploreParams) {
    section(ui, palette, "Minima: basin-hopping");
    row(
        ui,
        palette,
        "Hops",
        "Steps from every start; more find more distant minima",
        DragValue::new(&mut p.basin_hopping.n_steps).range(0..=1000),
    );
    row(
        ui,
        palette,
        "Temperature",
        "How readily a hop uphill is accepted, in units of E; 100 accepts nearly all",
        DragValue::new(&mut p.basin_hopping.temperature).range(1e-6..=1e9).speed(0.5),
    );
    row(
        ui,
        palette,
        "Displacement",
        "Largest move of a coordinate in one hop, as a share of its range",
        DragValue::new(&mut p.basin_hopping.displacement).range(0.0..=1.0).speed(0.01),
    );
    row(
        ui,
        palette,
        "Random starts",
        "Starts beside the measured points, in each round",
        DragValue::new(&mut p.n_random_starts).range(0..=1_000_000),
    );
    row(
        ui,
        palette,
        "Same within",
        "Two points are one minimum within this share of each coordinate's range …",
        DragValue::new(&mut p.same_distance).range(1e-9..=1.0).speed(0.001).max_decimals(6),
    );
    row(
        ui,
        palette,
        "and energy within",
        "… and this difference of energy, in units of E",
        DragValue::new(&mut p.same_energy).range(1e-9..=10.0).speed(0.001).max_decimals(6),
    );
    section(ui, palette, "Transition states: bands and saddle searches");
    row(
        ui,
        palette,
        "Neighbours of a minimum",
        "Each minimum is joined to this many nearest ones by a band",
        DragValue::new(&mut p.n_neighbours).range(0..=1000),
    );
    row(
        ui,
        palette,
        "Spring of a band",
        "Stiffness between images, in units of E per squared unit of the box",
        DragValue::new(&mut p.elastic_band.spring).range(0.0..=1e6).speed(5.0),
    );
    row(
        ui,
        palette,
        "Images a length",
        "Images of a band for each unit of distance in the box",
        DragValue::new(&mut p.elastic_band.images_per_length).range(0.1..=1000.0).speed(0.5),
    );
    row(
        ui,
        palette,
        "Fewest images",
        "Of a band, its ends included",
        DragValue::new(&mut p.elastic_band.min_images).range(3..=1000),
    );
    row(
        ui,
        palette,
        "Most images",
        "Of a band, its ends included",
        DragValue::new(&mut p.elastic_band.max_images).range(3..=1000),
    );
    row(
        ui,
        palette,
        "Tolerance of a band",
        "It is relaxed when no component of its force is larger, in units of E per unit of x",
        DragValue::new(&mut p.elastic_band.tolerance).range(1e-9..=10.0).speed(0.01),
    );
    switch(
        ui,
        palette,
        &mut p.elastic_band.climbing,
        "Climbing image",
        "The highest image climbs to the pass instead of being held by springs",
    );
    row(
        ui,
        palette,
        "Steps of a saddle search",
        "Steps uphill at most, before a search gives up",
        DragValue::new(&mut p.following.max_steps).range(1..=100_000),
    );
    row(
        ui,
        palette,
        "Longest step",
        "Of a saddle search, as a share of the mean width of the box",
        DragValue::new(&mut p.following.max_step).range(1e-6..=1.0).speed(0.01),
    );
    row(
        ui,
        palette,
        "Searches along modes",
        "From each minimum, both ways along this many of its softest modes",
        DragValue::new(&mut p.n_modes_from_minima).range(0..=64),
    );
    row(
        ui,
        palette,
        "Random saddle starts",
        "Saddle searches from random points, in each round",
        DragValue::new(&mut p.n_random_saddle_starts).range(0..=1_000_000),
    );
    switch(
        ui,
        palette,
        &mut p.follow_from_starts,
        "Also from every start",
        "Saddle searches from every measured point, moved a little off it",
    );
    section(ui, palette, "Joining and ending");
    row(
        ui,
        palette,
        "Push off",
        "First step down from a transition state along its mode, as a share of the mean width of the box",
        DragValue::new(&mut p.descent.push_off).range(1e-9..=0.5).speed(0.001).max_decimals(6),
    );
    switch(
        ui,
        palette,
        &mut p.descent.exact_path,
        "Follow the steepest descent exactly",
        "Slower; decides without doubt which two minima a transition state joins",
    );
    row(
        ui,
        palette,
        "Rounds",
        "At most; each searches between what the last has found",
        DragValue::new(&mut p.max_rounds).range(1..=1000),
    );
    row(
        ui,
        palette,
        "Quiet rounds",
        "Ends after this many rounds in a row without a new point",
        DragValue::new(&mut p.quiet_rounds).range(1..=1000),
    );
    row(ui, palette, "Seed", "Decides all random numbers; 0 takes the study's", DragValue::new(&mut p.seed));
}

#[cfg(test)]
mod tests {
    use super::Preset;
    use crate::landscape::ExploreParams;

    #[test]
    fn presets_differ_and_keep_the_seed() {
        let all = Preset::ALL.map(|preset| preset.params(7));
        assert!(all.iter().all(|params| params.seed == 7));
        assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
        assert_eq!(all[1], ExploreParams { seed: 7, ..ExploreParams::reference() });
    }
}
