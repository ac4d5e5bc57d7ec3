//! Carrying out the wishes of steps 4 and 5.

use std::sync::Arc;

use super::moved::before_after;
use super::work::{estimate, run};
use super::{Draft, Request, TuningAction, TuningEvent, Work};
use crate::app::action::Action;
use crate::app::app::App;
use crate::app::event::{Event, told};
use crate::app::picture::Picture;
use crate::app::state::{State, Weight};
use crate::app::study::{OpenStudy, Told};
use crate::workspace::pipeline::RunEnd;
use crate::workspace::{Recipe, RegionDefinition, Study};

impl State {
    /// The settings on screen: those of the person, or the recipe's; none without a study.
    pub fn draft(&self) -> Option<Arc<Draft>> {
        let asked = self.study.as_ref()?.asked.as_ref()?;
        let draft = self.picture.draft.as_ref().unwrap_or(&asked.settings);
        // The region is chosen in step 3; a recipe may fill one of its own making.
        let region = match (&self.picture.fill_region, &asked.recipe.fill.region) {
            (None, Some(own)) if !matches!(own, RegionDefinition::Named(_)) => Some(own.clone()),
            (chosen, _) => chosen.clone().map(RegionDefinition::Named),
        };
        if draft.fill.region == region {
            return Some(draft.clone());
        }
        let mut draft = draft.light();
        draft.fill.region = region;
        Some(Arc::new(draft))
    }

    /// Whether something of the study can be made, now or after what runs.
    ///
    /// # Errors
    /// Why not.
    pub fn can_make(&self) -> Result<(), String> {
        match &self.study {
            None => Err("Open a study first".into()),
            Some(study) => match &study.read_only {
                Some(reason) => Err(reason.clone()),
                None if study.can_run() || !self.running.is_empty() => Ok(()),
                None => Err("The study is being read".into()),
            },
        }
    }

    /// What makes `work` with the settings on screen.
    ///
    /// # Errors
    /// Why it cannot be done, for the tooltip.
    pub fn make(&self, work: Work) -> Result<Action, String> {
        self.can_make()?;
        self.wanted()?;
        Ok(Action::Tuning(TuningAction::Run(Request { work, draft: self.draft() })))
    }

    /// The recipe with the settings on screen, without the region.
    ///
    /// # Errors
    /// Why it cannot be followed.
    pub fn wanted(&self) -> Result<Recipe, String> {
        let asked = self.study.as_ref().and_then(|study| study.asked.as_ref());
        let (Some(asked), Some(draft)) = (asked, self.draft()) else { return Err("Open a study first".into()) };
        draft.light().applied(&asked.light)
    }

    /// Whether the settings on screen are not those of the recipe.
    fn is_changed(&self) -> bool {
        let asked = self.study.as_ref().and_then(|study| study.asked.as_ref());
        asked.zip(self.draft()).is_some_and(|(asked, draft)| draft.differs(&asked.recipe))
    }

    /// Whether everything that `work` asks for is there, made with the settings on screen.
    pub fn is_made(&self, work: &Work) -> bool {
        let Some(study) = self.study.as_ref().filter(|_| !self.is_changed()) else { return false };
        let Some(asked) = &study.asked else { return false };
        work.steps(&asked.light).iter().all(|step| study.is_done(step))
    }

    /// What Ctrl Enter does in step 4: molecules first, then the first run that is not done.
    ///
    /// # Errors
    /// Why there is nothing to do.
    pub fn fill_tune_action(&self) -> Result<Action, String> {
        let study = self.study.as_ref().ok_or("Open a study first")?;
        let draft = self.draft().ok_or("Open a study first")?;
        if study.fills_otherwise(&draft) {
            return self.make(Work::Generate);
        }
        let runs = std::iter::once(None).chain(draft.runs.iter().map(|run| Some(run.name.clone())));
        match runs.map(Work::Tune).find(|work| !self.is_made(work)) {
            Some(work) => self.make(work),
            None => Err("Every run is tuned: add another, or compare them in step 5".into()),
        }
    }

    /// What Ctrl Enter does in step 5.
    ///
    /// # Errors
    /// Why there is nothing to do.
    pub fn compare_action(&self) -> Result<Action, String> {
        if self.is_made(&Work::Compare) {
            return Err("The comparison on screen is of these settings".into());
        }
        self.make(Work::Compare)
    }

    /// Checkpoints that a comparison with the settings on screen would have to make first.
    pub fn missing_checkpoints(&self) -> Vec<String> {
        let (Some(study), Ok(recipe)) = (self.study.as_ref(), self.wanted()) else { return Vec::new() };
        let changed = self.is_changed();
        let runs = std::iter::once(None).chain(recipe.runs.iter().map(|run| Some(run.name.clone())));
        let steps = runs.flat_map(|run| Work::Tune(run).steps(&recipe));
        steps.filter(|step| changed || !study.is_done(step)).collect()
    }
}

impl App {
    /// Carries a wish of steps 4 and 5 out.
    pub(in crate::app) fn apply_tuning(&mut self, action: TuningAction) {
        let (folder, bundled) =
            (self.state.study.as_ref().map(|study| study.folder.clone()), self.state.places.model.clone());
        let Some(folder) = folder else { return self.say(Weight::Warning, "Open a study first") };
        let serial = self.state.data_serial;
        let started = match action {
            TuningAction::Run(request) => return self.make(request),
            TuningAction::Estimate(params) => {
                let n = self.state.draft().map_or(1, |draft| (1 + draft.controls.len()) * draft.tune_seeds.len());
                let tried = params.clone();
                self.board.queue(
                    "Trial of the tuning",
                    move |observe| estimate(&folder, bundled.as_deref(), &tried, n, observe),
                    move |result| Event::Tuning(TuningEvent::Estimated(params, result)),
                )
            }
            TuningAction::Compare(checkpoint) => {
                let study = self.state.study.as_ref();
                let found = study.and_then(|study| Some((study.projection.clone()?, study.ids.points.clone()?)));
                let Some((projection, points)) = found else {
                    return self.say(Weight::Warning, "There is no map yet: run step 2 first");
                };
                self.board.queue(
                    "Encode with the tuned model",
                    move |observe| {
                        before_after(&folder, bundled.as_deref(), &points, &checkpoint, &projection, observe)
                    },
                    move |result| Event::Tuning(TuningEvent::Moved(serial, result)),
                )
            }
            TuningAction::ExportReport(to) => {
                self.state.dialog = None;
                let target = to.clone();
                self.board.start(
                    "Export the report",
                    move |_| {
                        let study = Study::open_read_only(&folder).map_err(|error| told(&error))?;
                        study.export(&target).map_err(|error| told(&error))
                    },
                    move |result| Event::Tuning(TuningEvent::ReportExported(to, result)),
                )
            }
        };
        self.told_start(started);
    }

    fn make(&mut self, request: Request) {
        if let Err(why) = self.state.can_make() {
            return self.say(Weight::Warning, why);
        }
        self.save_picture();
        let Some(study) = self.state.study.as_mut() else { return };
        study.let_go();
        let (folder, bundled) = (study.folder.clone(), self.state.places.model.clone());
        let (searches, tunings) = (self.begin_live(request.work.step()), self.state.tuning.live.clone());
        let (shown, work, step) = (folder.clone(), request.work.clone(), request.work.step());
        let started = self.board.queue(
            &request.work.label(),
            move |observe| {
                let told = Told { searches: &searches, tunings: &tunings };
                run(&folder, bundled.as_deref(), &request, told, observe)
            },
            move |result| Event::Tuning(TuningEvent::Made(shown, work, result)),
        );
        if let Ok(id) = started {
            self.step_jobs.push((id, step));
            self.state.running.push(step);
        }
        self.told_start(started);
    }

    /// The picture of a study that is read again: settings that are in the recipe by now are no draft any more.
    pub(in crate::app) fn picture_after_run(&self, study: &OpenStudy) -> Picture {
        let mut picture = self.state.picture.clone();
        let same = |draft: &Arc<Draft>| study.asked.as_ref().is_some_and(|asked| !draft.differs(&asked.recipe));
        if picture.draft.as_ref().is_some_and(same) {
            picture.draft = None;
        }
        self.state.tuning.live.forget(&study.steps_done);
        picture
    }

    /// Takes in the end of a job of steps 4 and 5.
    pub(in crate::app) fn take_tuning(&mut self, event: TuningEvent) {
        match event {
            TuningEvent::Made(folder, work, result) => {
                let label = work.label();
                match result {
                    Ok(RunEnd::Finished) => self.say(Weight::Note, format!("{label}: done")),
                    Ok(RunEnd::Paused(at)) => {
                        let text = format!("“{label}” stopped in {at}; starting it again goes on from there");
                        self.say(Weight::Note, text);
                    }
                    Err(problem) => self.say(Weight::Failure, format!("“{label}” failed: {problem}")),
                }
                // What was made is on disk: it is read anew, and the picture stays.
                self.open_path(folder, false);
            }
            TuningEvent::Estimated(params, Ok(Some(found))) => self.state.tuning.estimate = Some((*params, found)),
            TuningEvent::Estimated(_, Ok(None)) => {
                self.say(Weight::Note, "The trial was cancelled before its first step");
            }
            TuningEvent::Estimated(_, Err(problem)) => {
                self.say(Weight::Failure, format!("The trial failed: {problem}"));
            }
            TuningEvent::Moved(serial, Ok(Some(found))) if serial == self.state.data_serial => {
                self.state.tuning.moved = Some(found);
                self.state.tuning.problem = None;
            }
            TuningEvent::Moved(_, Ok(_)) => {}
            TuningEvent::Moved(_, Err(problem)) => {
                self.state.tuning.problem = Some(problem.clone());
                self.say(Weight::Failure, format!("The molecules could not be encoded again: {problem}"));
            }
            TuningEvent::ReportExported(to, Ok(n)) => {
                self.say(Weight::Note, format!("The report was written: {n} files in {}", to.display()));
            }
            TuningEvent::ReportExported(_, Err(problem)) => {
                self.say(Weight::Failure, format!("Could not export the report: {problem}"));
            }
        }
    }
}
