//! The window: state, actions, panels. Draws what the core computed and computes nothing itself.
//!
//! A frame reads the `State` and returns `Action`s; only `App::apply` carries them out.
//! Everything that can be asked for without a further argument stands in one list, `command::COMMANDS`, which serves
//! buttons, menus, keys and the palette. Long work runs on the job board (`board`) and comes back as events (`event`).

mod action;
mod apply;
mod bench;
mod board;
mod command;
mod data;
mod drawings;
mod event;
mod figure;
mod history;
mod landscape;
mod launch;
mod map;
mod model_session;
mod picture;
mod project;
mod region;
mod settings;
mod shell;
mod state;
mod study;
mod teach;
mod theme;
mod tuning;
mod views;
mod widgets;

#[expect(clippy::module_inception, reason = "the window is the app")]
mod app;

pub use app::{App, Revival, Start};
pub use bench::bench_ui;
pub use launch::{LaunchError, launch, shipped};
pub use teach::{LessonError, LessonFault, LessonReport, check_lessons};
