//! Whether every lesson can be completed: the window plays each by itself, without a screen.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui;

use super::lesson::{Lesson, LessonError, read_lessons};
use crate::app::action::LessonAction;
use crate::app::app::{App, Start};

/// How a lesson went.
#[derive(Debug, Clone, PartialEq)]
pub struct LessonReport {
    /// Name of its file.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Tasks.
    pub n_tasks: usize,
    /// What is wrong with it; nothing when it can be completed.
    pub faults: Vec<LessonFault>,
}

/// Something that keeps a lesson from being completed as it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct LessonFault {
    /// The task, from 1; none when it is the lesson itself.
    pub task: Option<usize>,
    /// What was tried, found and expected.
    pub what: String,
}

/// Longest time that opening or doing may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// Plays every lesson of a folder through the window's own actions: it opens what it plays on, every task is not yet
/// done before its solution and done after it, and predictions that can be computed agree with what is computed.
///
/// # Errors
/// [`LessonError`] when the folder or a file cannot be read.
pub fn check_lessons(folder: &Path, start: &Start) -> Result<Vec<LessonReport>, LessonError> {
    let lessons = read_lessons(folder)?;
    Ok(lessons
        .into_iter()
        .map(|(name, lesson)| LessonReport {
            name,
            title: lesson.title.clone(),
            n_tasks: lesson.tasks.len(),
            faults: play(lesson, start.clone()),
        })
        .collect())
}

fn play(lesson: Lesson, start: Start) -> Vec<LessonFault> {
    let mut faults = Vec::new();
    let mut fault = |task: Option<usize>, what: String| faults.push(LessonFault { task, what });
    let ctx = egui::Context::default();
    let mut app = App::new(&ctx, Start { open: None, config: None, ..start });
    let lesson = Arc::new(lesson);
    app.state.lessons = vec![lesson.clone()];
    let opened = settle(&mut app, &ctx).and_then(|()| {
        app.apply(&ctx, LessonAction::Start(0).into());
        settle(&mut app, &ctx)
    });
    if let Err(what) = opened.and_then(|()| app.lesson_is_open().then_some(()).ok_or_else(|| app.last_words())) {
        fault(None, format!("could not open “{}”: {what}", lesson.opens));
        return faults;
    }
    for (k, task) in lesson.tasks.iter().enumerate() {
        let number = Some(k + 1);
        app.apply(&ctx, LessonAction::Guess(task.predict.right).into());
        app.poll(&ctx);
        if app.lesson_revealed() {
            fault(number, "is done before anything was done: its goal asks for too little".into());
        } else {
            app.apply(&ctx, LessonAction::ShowMe.into());
            if let Err(what) = settle(&mut app, &ctx) {
                fault(number, what);
            }
            app.poll(&ctx);
        }
        if !app.lesson_revealed() {
            fault(number, format!("is not done after its solution ({})", app.last_words()));
            break;
        }
        if let Some(quantity) = task.predict.quantity {
            let answer = &task.predict.answers[task.predict.right];
            match (quantity.of(&app.state), answer.replace('−', "-").parse::<f64>()) {
                (Some(computed), Ok(told)) if (computed - told).abs() <= 5e-3 * computed.abs().max(1e-12) => {}
                (Some(computed), _) => fault(number, format!("calls “{answer}” right, but {computed} is computed")),
                (None, _) => fault(number, format!("asks for {quantity:?}, which cannot be computed here")),
            }
        }
        app.apply(&ctx, LessonAction::Next.into());
    }
    faults
}

fn settle(app: &mut App, ctx: &egui::Context) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        app.poll(ctx);
        if app.is_idle() {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!("took longer than {} s", PATIENCE.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
