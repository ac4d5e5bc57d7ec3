//! A lesson under way.

use std::sync::Arc;

use super::lesson::{Lesson, Task};
use crate::app::state::State;

/// Where the person stands in a lesson.
#[derive(Debug, Clone, PartialEq)]
pub struct LessonRun {
    /// The lesson.
    pub lesson: Arc<Lesson>,
    /// Its place in the list, from 0.
    pub number: usize,
    /// The task, from 0; the number of tasks once all are done.
    pub at: usize,
    /// The answer chosen to the question of the task.
    pub guess: Option<usize>,
    /// The number typed last.
    pub answer: Option<f64>,
    /// Whether the task has been done.
    pub revealed: bool,
}

impl LessonRun {
    /// The beginning of a lesson.
    pub fn new(number: usize, lesson: Arc<Lesson>) -> Self {
        Self { lesson, number, at: 0, guess: None, answer: None, revealed: false }
    }

    /// The task; none when all are done.
    pub fn task(&self) -> Option<&Task> {
        self.lesson.tasks.get(self.at)
    }

    /// Whether the task counts as done now: a guess was made, and the state is as it should be.
    pub fn is_met(&self, state: &State) -> bool {
        self.guess.is_some() && self.task().is_some_and(|task| task.goal.is_met(state, self.answer))
    }

    /// Goes on to the next task.
    pub fn go_on(&mut self) {
        if self.revealed {
            (self.guess, self.answer, self.revealed) = (None, None, false);
            self.at += 1;
        }
    }
}
