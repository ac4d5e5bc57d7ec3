//! `fillscape lesson`: the lessons of the Teach menu.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{CliError, Output};
use crate::app::{LessonReport, check_lessons, shipped};

/// Lessons: check that each can be completed
#[derive(Debug, Args)]
pub struct LessonCommand {
    #[command(subcommand)]
    command: LessonSubcommand,
}

#[derive(Debug, Subcommand)]
enum LessonSubcommand {
    /// Play every lesson through the window's own actions, without a screen; exit code 1 when one cannot be completed
    #[command(after_help = "Example: fillscape lesson check assets/lessons")]
    Check(CheckCommand),
}

#[derive(Debug, Args)]
struct CheckCommand {
    /// Folder of lessons; those that ship with the program if left out
    folder: Option<PathBuf>,
}

impl LessonCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// When a lesson cannot be read or completed.
    pub fn run(&self, out: Output) -> Result<(), CliError> {
        let LessonSubcommand::Check(command) = &self.command;
        let shipped = shipped();
        let folder = command.folder.clone().or_else(|| shipped.lessons.clone()).ok_or(
            "there are no lessons beside the program: expected a folder assets/lessons, or name one after the command",
        )?;
        // No lesson needs the model: what it reads of the study is on disk.
        let reports = check_lessons(&folder, &crate::app::Start { bundled_model: None, lessons: None, ..shipped })?;
        let n_faulty = reports.iter().filter(|report| !report.faults.is_empty()).count();
        if out.json {
            say!("{}", serde_json::Value::from(reports.iter().map(as_json).collect::<Vec<_>>()));
        } else {
            reports.iter().for_each(tell);
        }
        if n_faulty > 0 {
            return Err(
                format!("{n_faulty} of {} lessons cannot be completed as they are written", reports.len()).into()
            );
        }
        Ok(())
    }
}

fn tell(report: &LessonReport) {
    let verdict = if report.faults.is_empty() { "can be completed" } else { "cannot be completed" };
    say!("{}: {} ({} tasks) {verdict}", report.name, report.title, report.n_tasks);
    for fault in &report.faults {
        match fault.task {
            Some(task) => say!("  task {task} {}", fault.what),
            None => say!("  {}", fault.what),
        }
    }
}

fn as_json(report: &LessonReport) -> serde_json::Value {
    let fault = |fault: &crate::app::LessonFault| serde_json::json!({ "task": fault.task, "what": fault.what });
    serde_json::json!({
        "name": report.name,
        "title": report.title,
        "n_tasks": report.n_tasks,
        "faults": report.faults.iter().map(fault).collect::<Vec<_>>(),
    })
}
