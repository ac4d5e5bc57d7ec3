//! Teaching: lessons that ask, let do and reveal, and searches in slow motion.

mod apply;
mod check;
mod deed;
mod film_bar;
mod goal;
mod lesson;
mod lesson_panel;
mod lesson_run;
mod quantity;
mod slow_motion;

pub use check::{LessonFault, LessonReport, check_lessons};
pub use film_bar::{film_bar_ui, paint_film};
pub use lesson::{Lesson, LessonError, read_lessons};
pub use lesson_panel::{lesson_ui, lessons_ui};
pub use lesson_run::LessonRun;
pub use slow_motion::{Method, Screening};
