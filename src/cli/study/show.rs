//! `fillscape study open`, `status`, `check`, `prune`, `export` and `runs`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::{CliError, Output, ShowStudy, WindowError, bundled_study, plan_of, say_access};
use crate::workspace::pipeline::{StepState, divergence};
use crate::workspace::{Access, ArtefactId, Scores, Study};

#[derive(Debug, Args)]
pub(super) struct OpenCommand {
    /// The folder of the study
    folder: PathBuf,
    /// Print what the study holds instead of opening the window
    #[arg(long)]
    facts: bool,
}

impl OpenCommand {
    pub(super) fn run(&self, out: Output, window: Option<ShowStudy>) -> Result<(), CliError> {
        if self.facts || out.json {
            return self.print(out);
        }
        // What cannot be opened is told here, and the lock is left to the window.
        drop(Study::open_read_only(&self.folder)?);
        let why = match window {
            None => "this program was built without a window".to_owned(),
            Some(show) => match show(&self.folder) {
                Ok(()) => return Ok(()),
                Err(WindowError::Impossible(why)) => why,
                Err(error) => return Err(error.into()),
            },
        };
        tell!("no window: {why}");
        self.print(out)
    }

    fn print(&self, out: Output) -> Result<(), CliError> {
        // Whether another instance works on it shows by its lock; where there is none, a look makes none.
        let has_lock = self.folder.join("study.lock").exists();
        let study = if has_lock { Study::open(&self.folder)? } else { Study::open_read_only(&self.folder)? };
        let may_write = std::fs::metadata(&self.folder).is_ok_and(|folder| !folder.permissions().readonly());
        let writable = if has_lock { *study.access() == Access::Write } else { may_write };
        let document = study.document();
        let listing = study.artefacts()?;
        let bytes: u64 = listing.artefacts.iter().flat_map(|a| a.provenance.files.values()).map(|f| f.bytes).sum();
        if out.json {
            let artefacts: Vec<String> = listing.artefacts.iter().map(|a| a.id().to_string()).collect();
            let facts = json!({
                "name": document.name, "created": document.created, "format_version": document.format_version,
                "writable": writable, "results": document.results, "artefacts": artefacts,
                "bytes": bytes, "regions": document.regions.len(), "undo": study.history().undo_label(),
            });
            say!("{facts}");
            return Ok(());
        }
        if has_lock {
            say_access(&study);
        }
        say!("{} (made {}, seed {})", document.name, document.created, document.recipe.seed);
        say!(
            "{} artefacts, {:.1} MB; {} regions, {} selections",
            listing.artefacts.len(),
            bytes as f64 / 1e6,
            document.regions.len(),
            document.selections.len()
        );
        for (step, id) in &document.results {
            say!("{step:<24} {id}");
        }
        Ok(())
    }
}

#[derive(Debug, Args)]
pub(super) struct StatusCommand {
    /// The folder of the study
    folder: PathBuf,
}

impl StatusCommand {
    pub(super) fn run(&self, out: Output) -> Result<(), CliError> {
        let study = Study::open_read_only(&self.folder)?;
        let plan = plan_of(&study)?;
        if out.json {
            let steps: Vec<_> = plan
                .steps
                .iter()
                .map(|step| {
                    json!({
                        "step": step.name, "state": plan.state(&study, step), "artefact": step.id,
                        "diverged": divergence_of(&study, &step.id), "shortfall": shortfall_of(&study, &step.id),
                    })
                })
                .collect();
            say!("{}", json!({ "name": study.document().name, "steps": steps }));
            return Ok(());
        }
        for step in &plan.steps {
            let state = match plan.state(&study, step) {
                StepState::Empty => "empty",
                StepState::Ready => "ready",
                StepState::Begun => "begun",
                StepState::Done => "done",
                StepState::Stale => "stale",
            };
            let diverged = divergence_of(&study, &step.id).map_or(String::new(), |why| format!("  diverged: {why}"));
            let short = shortfall_of(&study, &step.id)
                .map_or(String::new(), |[found, wanted]| format!("  only {found} of {wanted} molecules"));
            say!("{state:<6} {:<24} {}{diverged}{short}", step.name, step.id);
        }
        Ok(())
    }
}

/// Why the run behind an artefact diverged; none when it did not, or there is none.
fn divergence_of(study: &Study, id: &ArtefactId) -> Option<String> {
    divergence(&study.artefact(id).ok()?)
}

fn shortfall_of(study: &Study, id: &ArtefactId) -> Option<[i64; 2]> {
    study.artefact(id).ok()?.shortfall()
}

#[derive(Debug, Args)]
pub(super) struct CheckCommand {
    /// The folder of the study
    folder: PathBuf,
    /// Remove damaged artefacts, so that the next run makes them again
    #[arg(long)]
    remove_damaged: bool,
}

impl CheckCommand {
    pub(super) fn run(&self, out: Output) -> Result<(), CliError> {
        // A look leaves nothing behind, not even the file of a lock.
        let study = if self.remove_damaged { Study::open(&self.folder)? } else { Study::open_read_only(&self.folder)? };
        let plan = plan_of(&study).ok();
        let report = study.check(plan.as_ref())?;
        if out.json {
            say!("{}", serde_json::to_string(&report)?);
        } else {
            for fault in &report.faults {
                say!("{}: {}", fault.artefact.as_deref().unwrap_or("study"), fault.problem);
                say!("  {}", fault.remedy);
            }
            for stranger in &report.strangers {
                say!("{stranger} is not of the study; it does no harm and is left alone");
            }
            say!("{} artefacts are sound, {} faults", report.n_sound, report.faults.len());
        }
        if self.remove_damaged {
            for id in report.faults.iter().filter_map(|fault| fault.artefact.as_ref()?.parse().ok()) {
                study.remove_artefact(&id)?;
            }
        }
        match report.faults.len() {
            0 => Ok(()),
            1 => Err("the study has 1 fault".into()),
            n => Err(format!("the study has {n} faults").into()),
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct PruneCommand {
    /// The folder of the study
    folder: PathBuf,
    /// Only say what would be removed
    #[arg(long)]
    dry_run: bool,
}

impl PruneCommand {
    pub(super) fn run(&self, out: Output) -> Result<(), CliError> {
        let study = Study::open(&self.folder)?;
        let pruned = study.prune(&plan_of(&study)?, self.dry_run)?;
        if out.json {
            say!("{}", serde_json::to_string(&pruned)?);
            return Ok(());
        }
        pruned.strangers.iter().for_each(|name| say!("left alone, as it is not of the study: {name}"));
        pruned.removed.iter().for_each(|name| say!("{name}"));
        let verb = if self.dry_run { "would be removed" } else { "removed" };
        say!("{} {verb}, {:.1} MB", pruned.removed.len(), pruned.bytes as f64 / 1e6);
        Ok(())
    }
}

#[derive(Debug, Args)]
pub(super) struct ExportCommand {
    /// The folder of the study
    folder: PathBuf,
    /// The folder to write, new or empty
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl ExportCommand {
    pub(super) fn run(&self, out: Output) -> Result<(), CliError> {
        let study = Study::open_read_only(&self.folder)?;
        let n = study.export(&self.out)?;
        if out.json {
            say!("{}", json!({ "files": n, "folder": self.out }));
        } else {
            say!("{n} files: {}", self.out.display());
        }
        Ok(())
    }
}

#[derive(Debug, Args)]
pub(super) struct CopyCommand {
    /// The folder of the study, or bundled
    folder: PathBuf,
    /// The folder to write, new or empty
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
}

impl CopyCommand {
    pub(super) fn run(&self, out: Output) -> Result<(), CliError> {
        let bundled = self.folder == Path::new("bundled");
        let folder = if bundled { bundled_study()? } else { self.folder.clone() };
        let n = Study::open_read_only(&folder)?.copy_to(&self.into)?;
        if out.json {
            say!("{}", json!({ "files": n, "folder": self.into }));
        } else {
            say!("{n} files: {}", self.into.display());
        }
        Ok(())
    }
}

#[derive(Debug, Args)]
pub(super) struct RunsCommand {
    /// The folder of the study
    folder: PathBuf,
    /// Words that must all occur
    words: Vec<String>,
    /// Most runs to list
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

impl RunsCommand {
    pub(super) fn run(&self, out: Output) -> Result<(), CliError> {
        let study = Study::open_read_only(&self.folder)?;
        let runs = Scores::to_read(&study)?.runs(&self.words.join(" "), self.limit)?;
        for run in runs {
            if out.json {
                say!(
                    "{}",
                    json!({
                        "artefact": run.artefact, "step": run.step, "made": run.made, "seed": run.seed,
                        "seconds": run.seconds, "stop_reason": run.stop_reason, "summary": run.summary,
                    })
                );
            } else {
                say!("{} {:>8.1} s {:<20} {} {}", run.made, run.seconds, run.step, run.artefact, run.summary);
            }
        }
        Ok(())
    }
}
