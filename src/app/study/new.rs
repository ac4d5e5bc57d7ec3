//! A new study, from what is asked for in a few words.

use std::path::{Path, PathBuf};

use crate::app::event::told;
use crate::evaluate::{Task, TaskParams};
use crate::jobs::Observe;
use crate::workspace::pipeline::corpus_size;
use crate::workspace::recipe::{Recipe, TaskSource};
use crate::workspace::{Document, Study};

/// How much a study asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StudySize {
    /// The recipe of examples/quick.toml.
    #[default]
    Quick,
    /// As many samples and molecules as the paper.
    Published,
}

impl StudySize {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Quick, Self::Published];

    /// The words on screen.
    pub fn words(self) -> [&'static str; 2] {
        match self {
            Self::Quick => [
                "Quick look",
                "600 molecules, 600 samples along five principal axes, 40 molecules to fill: under three minutes on \
                 two cores, and far too small to say anything",
            ],
            Self::Published => [
                "Published size",
                "5,000 molecules, 5,000 samples in the whole box, 100 molecules to fill, as in the paper",
            ],
        }
    }
}

/// What is asked of a new study.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewStudy {
    /// Its folder, new or empty.
    pub folder: PathBuf,
    /// What it is called.
    pub name: String,
    /// The folder of its model; the bundled one when there is none.
    pub model: Option<PathBuf>,
    /// A file of molecules of the kind the model was trained on; the program's own library when there is none.
    pub molecules: Option<PathBuf>,
    /// A table or folder with labels to predict; properties that the program computes when there is none.
    pub task: Option<PathBuf>,
    /// How much.
    pub size: StudySize,
}

/// The recipe that a quick look starts from.
const QUICK: &str = include_str!("../../../examples/quick.toml");
/// Molecules of the corpus at the published size.
const N_PUBLISHED: usize = 5000;
/// Fewest molecules that a file must hold: there are to be some for every part.
const FEWEST: usize = 100;

impl NewStudy {
    /// Writes the study.
    ///
    /// # Errors
    /// A sentence: the folder is taken, a file cannot be read or holds too few molecules, or the recipe does not hold
    /// together.
    pub fn make(&self, observe: Observe) -> Result<(), String> {
        let mut recipe: Recipe = toml::from_str(QUICK).map_err(|error| error.to_string())?;
        if self.size == StudySize::Published {
            let whole: Recipe =
                toml::from_str(&format!("name = \"\"\n[corpus]\nn = {N_PUBLISHED}\n")).map_err(|e| e.to_string())?;
            recipe = Recipe { tasks: recipe.tasks, ..whole };
        }
        self.name.trim().clone_into(&mut recipe.name);
        if let Some(model) = &self.model {
            recipe.model.checkpoint = absolute(model)?.display().to_string();
        }
        if let Some(file) = &self.molecules {
            let found = corpus_size(file, recipe.corpus.n, observe).map_err(|error| told(&error))?;
            let n = found.ok_or("it was cancelled")?;
            if n < FEWEST {
                return Err(format!("{} holds {n} usable molecules, expected at least {FEWEST}", file.display()));
            }
            recipe.corpus.n = n;
            recipe.corpus.file = Some(absolute(file)?);
        }
        recipe.corpus.n_held_out = recipe.corpus.n / 6;
        if let Some(task) = &self.task {
            Task::open(task).map_err(|error| told(&error))?;
            let read = TaskSource {
                name: plain_name(task),
                path: Some(absolute(task)?),
                read: TaskParams::default(),
                library: None,
            };
            recipe.tasks = vec![read];
        }
        recipe.check()?;
        Study::create(&self.folder, Document::new(&recipe.name.clone(), recipe)).map_err(|error| told(&error))?;
        Ok(())
    }
}

fn absolute(path: &Path) -> Result<PathBuf, String> {
    std::path::absolute(path)
        .ok()
        .filter(|path| path.exists())
        .ok_or_else(|| format!("there is nothing at {}", path.display()))
}

/// The name of a file without its ending, in the letters that a task may have.
fn plain_name(path: &Path) -> String {
    let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    if name.is_empty() { "task".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chem::library::LibraryParams;
    use crate::jobs::silent;

    #[test]
    fn a_study_is_made_of_a_file_and_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mine.smi");
        let smiles = |n: usize| (1..=n).map(|k| format!("{}O\n", "C".repeat(k % 40 + 1))).collect::<String>();
        std::fs::write(&file, smiles(30)).unwrap();
        let new = NewStudy {
            folder: folder.path().join("study"),
            name: " Mine ".into(),
            molecules: Some(file.clone()),
            ..NewStudy::default()
        };
        let few = new.make(&mut silent).unwrap_err();
        assert!(few.contains("30 usable molecules") && few.contains("at least 100"), "{few}");
        let library: String = crate::chem::library::library(&LibraryParams::default(), 200)
            .unwrap()
            .into_iter()
            .map(|s| s + "\n")
            .collect();
        std::fs::write(&file, library).unwrap();
        new.make(&mut silent).unwrap();
        let recipe = Study::open_read_only(&new.folder).unwrap().document().recipe.clone();
        assert_eq!((recipe.name.as_str(), recipe.corpus.n_held_out), ("Mine", recipe.corpus.n / 6));
        assert!(recipe.corpus.n > 150 && recipe.corpus.file == Some(file), "{:?}", recipe.corpus);
        assert!(new.make(&mut silent).is_err(), "the folder is taken");
        let elsewhere = folder.path().join("other");
        let missing = NewStudy { folder: elsewhere.clone(), molecules: Some("nowhere.smi".into()), ..new.clone() };
        assert!(missing.make(&mut silent).unwrap_err().contains("nowhere.smi"));
        let unnamed = NewStudy { folder: elsewhere.clone(), name: " ".into(), ..new.clone() };
        assert!(unnamed.make(&mut silent).unwrap_err().contains("name"));
        assert!(!elsewhere.exists(), "what was refused left a folder");
        let task = folder.path().join("measured.csv");
        std::fs::write(&task, "smiles,a,b\nCCO,1.5,2\nCCN,2.5,3\n").unwrap();
        let unclear = NewStudy { folder: elsewhere.clone(), task: Some(task.clone()), ..new.clone() };
        assert!(unclear.make(&mut silent).is_err(), "two columns could be the label");
        let rows: String = (1..60).map(|k| format!("{}O,{k}.5\n", "C".repeat(k))).collect();
        std::fs::write(&task, format!("smiles,a\n{rows}")).unwrap();
        let published =
            NewStudy { folder: elsewhere, molecules: None, task: Some(task), size: StudySize::Published, ..new };
        published.make(&mut silent).unwrap();
        let recipe = Study::open_read_only(&published.folder).unwrap().document().recipe.clone();
        assert_eq!((recipe.corpus.n, recipe.samples.n, recipe.fill.set.n), (5000, 5000, 100));
        assert_eq!(recipe.tasks[0].name, "measured");
    }
}
