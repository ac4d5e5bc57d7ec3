//! Carrying out what lessons and films ask for.

use std::path::PathBuf;

use eframe::egui;

use super::lesson_run::LessonRun;
use super::slow_motion::Screening;
use crate::app::action::{Dialog, FilmAction, LessonAction, PictureAction};
use crate::app::app::App;
use crate::app::picture::Step;
use crate::app::state::Weight;

/// The name under which lessons open the bundled study.
const BUNDLED: &str = "bundled";

impl App {
    /// Carries out what a lesson asks for.
    pub(in crate::app) fn apply_lesson(&mut self, ctx: &egui::Context, action: LessonAction) {
        match action {
            LessonAction::List => self.state.dialog = Some(Dialog::Lessons),
            LessonAction::Start(number) => self.start_lesson(number),
            LessonAction::Leave => self.state.lesson = None,
            LessonAction::Guess(guess) => {
                if let Some(run) = self.state.lesson.as_mut() {
                    run.guess = Some(guess);
                }
            }
            LessonAction::Answer(number) => {
                if let Some(run) = self.state.lesson.as_mut() {
                    run.answer = Some(number);
                }
            }
            LessonAction::Next => {
                if let Some(run) = self.state.lesson.as_mut() {
                    run.go_on();
                }
            }
            LessonAction::ShowMe => self.show_solution(ctx),
        }
    }

    fn start_lesson(&mut self, number: usize) {
        let Some(lesson) = self.state.lessons.get(number).cloned() else { return };
        let path = match lesson.opens.as_str() {
            BUNDLED => self.state.places.study.clone(),
            other => Some(PathBuf::from(other)),
        };
        let Some(path) = path else {
            return self.say(Weight::Warning, "This lesson needs the bundled study, which is not beside the program");
        };
        self.state.settings.welcomed = true;
        self.state.lesson = Some(LessonRun::new(number, lesson));
        let open = self.state.study.as_ref().is_some_and(|study| study.folder == path);
        if open {
            self.change(PictureAction::GoTo(Step::Landscape));
        } else {
            self.open_path(path, false);
        }
    }

    fn show_solution(&mut self, ctx: &egui::Context) {
        let Some(task) = self.state.lesson.as_ref().and_then(|run| run.task().cloned()) else { return };
        for deed in &task.solution {
            match deed.actions(&self.state) {
                Ok(actions) => actions.into_iter().for_each(|action| self.apply(ctx, action)),
                Err(why) => return self.say(Weight::Warning, format!("This cannot be shown: {why}")),
            }
        }
    }

    /// Carries out what a film asks for.
    pub(in crate::app) fn apply_film(&mut self, action: FilmAction) {
        if let FilmAction::Record(method) = action {
            return match Screening::record(method, &self.state) {
                Ok(screening) => self.state.screening = Some(screening),
                Err(why) => self.say(Weight::Warning, why),
            };
        }
        let Some(screening) = self.state.screening.as_mut() else { return };
        match action {
            FilmAction::Seek(at) => {
                screening.seek(at);
                screening.plays = false;
            }
            FilmAction::Play(plays) => {
                if plays && screening.is_over() {
                    screening.seek(0);
                }
                screening.plays = plays;
            }
            FilmAction::Speed(speed) => screening.speed = speed.clamp(1.0, 60.0),
            FilmAction::Close => self.state.screening = None,
            FilmAction::Record(_) => {}
        }
    }

    /// Once a frame: the film goes on, and a task that is done is revealed.
    pub(in crate::app) fn go_on_teaching(&mut self, ctx: &egui::Context) {
        if let Some(screening) = self.state.screening.as_mut()
            && screening.advance(ctx.input(|input| input.stable_dt))
        {
            ctx.request_repaint();
        }
        let met = self.state.lesson.as_ref().is_some_and(|run| !run.revealed && run.is_met(&self.state));
        if let Some(run) = self.state.lesson.as_mut().filter(|_| met) {
            run.revealed = true;
            ctx.request_repaint();
        }
    }

    /// Whether the lesson under way stands on what it is played on.
    pub(super) fn lesson_is_open(&self) -> bool {
        let (Some(run), Some(study)) = (&self.state.lesson, &self.state.study) else { return false };
        match run.lesson.opens.as_str() {
            BUNDLED => self.state.places.study.as_ref() == Some(&study.folder),
            other => study.folder.as_os_str() == other,
        }
    }

    /// Whether the task of the lesson is done.
    pub(super) fn lesson_revealed(&self) -> bool {
        self.state.lesson.as_ref().is_some_and(|run| run.revealed)
    }

    /// What the window said last.
    pub(super) fn last_words(&self) -> String {
        self.state.log.back().map_or_else(|| "nothing was said".into(), |line| line.text.clone())
    }
}
