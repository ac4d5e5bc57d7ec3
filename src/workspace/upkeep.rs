//! Looking after a study: finding damage, reclaiming room, handing it on.

use super::artefact::{Artefact, ArtefactId, ArtefactKind, PROVENANCE_FILE};
use super::files::files_below;
use super::pipeline::Plan;
use super::scores::{Scores, comparison_of};
use super::staging::{create_folder, remove_folder};
use super::times::REPORT_FILE;
use super::{Study, StudyError, is_disk_full};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What `study check` found.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct CheckReport {
    /// Artefacts whose every file is as it was written.
    pub n_sound: usize,
    /// What is wrong, and what to do.
    pub faults: Vec<Fault>,
    /// What lies among artefacts and work and is not of the study; it does no harm.
    pub strangers: Vec<String>,
}

/// Something wrong in a study.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fault {
    /// The artefact; none for the study itself.
    pub artefact: Option<String>,
    /// The step that makes it, when known.
    pub step: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

/// What `study prune` would remove, or has removed.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Pruned {
    /// Names of artefacts and folders of work.
    pub removed: Vec<String>,
    /// Their length.
    pub bytes: u64,
    /// What lies among them and is not of the study; it is left alone.
    pub strangers: Vec<String>,
}

impl Study {
    /// Compares every file of every artefact with its hash and looks for what the document shows but is not there.
    ///
    /// With `plan`, artefacts that the recipe asks for are told from those of earlier recipes. The file of runs and
    /// scores is built again when it lacks something, where the study can be written.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn check(&self, plan: Option<&Plan>) -> Result<CheckReport, StudyError> {
        let mut report = CheckReport::default();
        let listing = self.artefacts()?;
        let folder = self.folder().display();
        let again = |step: Option<&str>| match step {
            Some(step) => format!(
                "remove the artefact and run `fillscape study run`: the step {step} makes it again, and nothing else is recomputed ({folder})"
            ),
            None => format!("remove the artefact and run `fillscape study run` ({folder})"),
        };
        for (id, fault) in &listing.faults {
            let (artefact, problem) = (Some(id.to_string()), causes(fault));
            report.faults.push(Fault { artefact, step: None, problem, remedy: again(None) });
        }
        report.strangers = self.strangers();
        let mut sound = BTreeMap::new();
        for artefact in &listing.artefacts {
            match verify(artefact) {
                Ok(()) => {
                    report.n_sound += 1;
                    sound.insert(artefact.id().clone(), artefact);
                }
                Err(problem) => {
                    let step = &artefact.provenance.step;
                    let artefact = Some(artefact.id().to_string());
                    let remedy = again(Some(step));
                    report.faults.push(Fault { artefact, step: Some(step.clone()), problem, remedy });
                }
            }
        }
        let mut needed: BTreeMap<&ArtefactId, &str> = BTreeMap::new();
        for (step, id) in &self.document().results {
            needed.insert(id, step);
        }
        for step in plan.iter().flat_map(|plan| &plan.steps) {
            if self.document().results.contains_key(&step.name) {
                needed.insert(&step.id, &step.name);
            }
        }
        for (id, step) in needed {
            if !self.has(id) {
                report.faults.push(Fault {
                    artefact: Some(id.to_string()),
                    step: Some(step.to_owned()),
                    problem: "the artefact is missing".to_owned(),
                    remedy: format!("run `fillscape study run`: the step {step} makes it again ({folder})"),
                });
            }
        }
        self.check_scores(&sound, &mut report);
        Ok(report)
    }

    fn check_scores(&self, sound: &BTreeMap<ArtefactId, &Artefact>, report: &mut CheckReport) {
        if self.check_writable("build the file of runs").is_err() {
            return;
        }
        let rebuilt = || -> Result<usize, Box<dyn std::error::Error>> {
            let mut scores = Scores::open(self.folder())?;
            let mut n = 0;
            for artefact in sound.values() {
                if !scores.holds(artefact)? {
                    scores.insert(artefact, comparison_of(artefact)?.as_ref())?;
                    n += 1;
                }
            }
            Ok(n)
        };
        if let Err(error) = rebuilt() {
            let remedy = if is_disk_full(&*error) {
                "make room on the disk and check again"
            } else {
                "remove scores.sqlite and check again: it is built from the artefacts"
            };
            let remedy = remedy.to_owned();
            report.faults.push(Fault { artefact: None, step: None, problem: causes(&*error), remedy });
        }
    }

    /// Removes the copies of whole checkpoints that [`super::checkpoints::whole`] made.
    ///
    /// # Errors
    /// When a folder cannot be removed.
    pub fn clear_whole_checkpoints(&self) -> Result<(), StudyError> {
        self.check_writable("clear the work folder")?;
        let Ok(entries) = fs::read_dir(self.work_folder()) else { return Ok(()) };
        let whole = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().ends_with(".whole"));
        whole.map(|entry| entry.path()).try_for_each(|path| remove_folder(&path))
    }

    /// Removes an artefact that `check` found damaged, so that the next run makes it again.
    ///
    /// # Errors
    /// When the study is read-only or the folder cannot be removed.
    pub fn remove_artefact(&self, id: &ArtefactId) -> Result<(), StudyError> {
        self.check_writable("remove an artefact")?;
        remove_folder(&self.artefacts_folder().join(id.to_string()))
    }

    /// What nothing refers to any more: artefacts that neither the document shows, nor `plan` asks for, nor any of these
    /// was made from; remains of unfinished work on others.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn unreferenced(&self, plan: &Plan) -> Result<Vec<PathBuf>, StudyError> {
        let listing = self.artefacts()?;
        let mut kept: BTreeSet<ArtefactId> = self.document().results.values().cloned().collect();
        kept.extend(plan.steps.iter().map(|step| step.id.clone()));
        kept.extend(self.document().selections.iter().filter_map(|selection| selection.points.clone()));
        self.document().regions.iter().for_each(|region| region.definition.artefacts(&mut kept));
        loop {
            let parents = listing.artefacts.iter().filter(|a| kept.contains(a.id()));
            let parents: Vec<ArtefactId> = parents.flat_map(|a| a.provenance.parents.clone()).collect();
            let before = kept.len();
            kept.extend(parents);
            if kept.len() == before {
                break;
            }
        }
        let unreferenced =
            |name: &str| of_artefact(name).is_some_and(|id| name.starts_with('.') || !kept.contains(&id));
        Ok(self.entries().into_iter().filter(|(name, _)| unreferenced(name)).map(|(_, path)| path).collect())
    }

    /// Names of what lies there and is not of the study.
    fn strangers(&self) -> Vec<String> {
        let names = self.entries().into_iter().map(|(name, _)| name);
        names.filter(|name| of_artefact(name).is_none()).collect()
    }

    /// Names and paths of what lies among the artefacts and the work under way, in order.
    fn entries(&self) -> Vec<(String, PathBuf)> {
        let mut found = Vec::new();
        for folder in [self.artefacts_folder(), self.work_folder()] {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            let named = |entry: fs::DirEntry| (entry.file_name().to_string_lossy().into_owned(), entry.path());
            found.extend(entries.flatten().map(named));
        }
        found.sort_by(|a, b| a.1.cmp(&b.1));
        found
    }

    /// Removes what nothing refers to; with `dry_run` only says what it would be.
    ///
    /// # Errors
    /// When the study is read-only or a folder cannot be removed.
    pub fn prune(&self, plan: &Plan, dry_run: bool) -> Result<Pruned, StudyError> {
        if !dry_run {
            self.check_writable("prune the study")?;
        }
        let mut pruned = Pruned { strangers: self.strangers(), ..Pruned::default() };
        for path in self.unreferenced(plan)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            pruned.bytes += files_below(&path)?
                .iter()
                .filter_map(|(_, file)| fs::metadata(file).ok())
                .map(|metadata| metadata.len())
                .sum::<u64>();
            if !dry_run {
                remove_folder(&path)?;
                if let Ok(mut scores) = Scores::open(self.folder()) {
                    // The artefact is gone either way; `check` repairs the rest.
                    let _ = scores.remove(&name);
                }
            }
            pruned.removed.push(name);
        }
        Ok(pruned)
    }

    /// Copies the report, its tables and figures, the sets and the provenance of everything into a new folder, with a
    /// table of times.
    ///
    /// # Errors
    /// When the folder exists and is not empty, an artefact is damaged, or something cannot be written.
    pub fn export(&self, to: &Path) -> Result<usize, StudyError> {
        if fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(StudyError::Occupied { path: to.to_owned() });
        }
        create_folder(to)?;
        let mut n_files = 0;
        let mut times = String::from("step,artefact,made,seconds,device,stop_reason\n");
        for (step, id) in &self.document().results {
            let artefact = self.artefact(id)?;
            let p = &artefact.provenance;
            let stop = serde_json::to_value(p.stop_reason).ok().and_then(|v| v.as_str().map(str::to_owned));
            times += &format!("{step},{id},{},{},{},{}\n", p.made, p.seconds, p.device, stop.unwrap_or_default());
            let whole = match id.kind() {
                ArtefactKind::Report => Some(to.to_owned()),
                ArtefactKind::FillSet | ArtefactKind::Comparison | ArtefactKind::Frustration => Some(to.join(step)),
                _ => None,
            };
            if let Some(folder) = whole {
                for name in p.files.keys() {
                    let mut bytes = artefact.read(name)?;
                    if id.kind() == ArtefactKind::Report && name == REPORT_FILE {
                        bytes = self.report_page()?.map_or(bytes, String::into_bytes);
                    }
                    let path = folder.join(name);
                    create_folder(path.parent().unwrap_or(&folder))?;
                    crate::atomic_file::write(&path, bytes)?;
                    n_files += 1;
                }
            }
            let text = super::files::read_text(&artefact.path(PROVENANCE_FILE))?;
            create_folder(&to.join("provenance"))?;
            crate::atomic_file::write(to.join("provenance").join(format!("{step}.toml")), text)?;
            n_files += 1;
        }
        crate::atomic_file::write(to.join("times.csv"), times)?;
        Ok(n_files + 1)
    }
}

/// The artefact that a folder belongs to, by its name: the artefact itself, one under construction, one that was put
/// aside, a whole checkpoint. None for what somebody else put there.
fn of_artefact(name: &str) -> Option<ArtefactId> {
    let bare = name.strip_prefix('.').unwrap_or(name);
    [".part", ".old", ".whole"].iter().find_map(|end| bare.strip_suffix(end)).unwrap_or(bare).parse().ok()
}

/// The first file that is not as it was written, in words.
fn verify(artefact: &Artefact) -> Result<(), String> {
    artefact.verify().map_err(|error| causes(&error))
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text += &format!(": {inner}");
        cause = inner.source();
    }
    text
}
