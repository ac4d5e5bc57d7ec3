//! Lessons as data: what is asked, what is to be done, how its being done is seen, and what it shows.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::deed::Deed;
use super::goal::Goal;
use super::quantity::Quantity;

/// A lesson.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// Its name.
    pub title: String,
    /// What it is played on: `bundled`, or a toy such as `toy:camelback`.
    pub opens: String,
    /// What it is about, in one or two sentences.
    pub about: String,
    /// Its tasks, in order.
    #[serde(rename = "task")]
    pub tasks: Vec<Task>,
}

/// One round of predict, do, reveal.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// The question before anything is done.
    pub predict: Predict,
    /// What to do, in words.
    #[serde(rename = "do")]
    pub to_do: String,
    /// When it is done.
    pub goal: Goal,
    /// How it can be done, for “Show me” and for the check of the lesson.
    pub solution: Vec<Deed>,
    /// What it shows.
    pub reveal: String,
}

/// A question with answers to choose from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predict {
    /// The question.
    pub ask: String,
    /// The answers.
    pub answers: Vec<String>,
    /// Which is right, counted from 0.
    pub right: usize,
    /// The number that the right answer is, where it can be computed: the check compares them.
    pub quantity: Option<Quantity>,
}

/// Why a lesson cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LessonError {
    /// A file or folder cannot be read.
    #[error("could not read the lessons in {path:?}: {reason}; expected a folder of TOML files such as assets/lessons")]
    Read {
        /// Where.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// A file is no lesson.
    #[error("could not read the lesson {path:?}: {reason}")]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Line, column and reason.
        reason: String,
    },
    /// There are no lessons.
    #[error("could not find a lesson in {path:?}: expected files that end in .toml")]
    None {
        /// Where.
        path: PathBuf,
    },
}

impl Lesson {
    /// A lesson from the text of its file.
    ///
    /// # Errors
    /// A sentence with line and column, or with the task that cannot be asked.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lesson: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if lesson.tasks.is_empty() {
            return Err("found no task, expected at least one [[task]]".into());
        }
        for (k, task) in lesson.tasks.iter().enumerate() {
            let n = task.predict.answers.len();
            if n < 2 || task.predict.right >= n {
                return Err(format!(
                    "task {} has {n} answers of which number {} is right: expected at least 2 answers and a right one among them, counted from 0",
                    k + 1,
                    task.predict.right
                ));
            }
        }
        Ok(lesson)
    }
}

/// The lessons of a folder in the order of their file names, with the name of each file.
///
/// # Errors
/// [`LessonError`] when the folder or a file cannot be read, or there are none.
pub fn read_lessons(folder: &Path) -> Result<Vec<(String, Lesson)>, LessonError> {
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |reason| LessonError::Read { path, reason }
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fail(folder))? {
        let path = entry.map_err(fail(folder))?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(LessonError::None { path: folder.to_owned() });
    }
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).map_err(fail(&path))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Lesson::parse(&text).map(|lesson| (name, lesson)).map_err(|reason| LessonError::Parse { path, reason })
    };
    files.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: &str = r#"
        title = "t"
        opens = "bundled"
        about = "a"
        [[task]]
        do = "d"
        reveal = "r"
        goal = { kind = "layer", layer = "heatmap" }
        solution = [ { kind = "layer", layer = "heatmap" } ]
        predict = { ask = "q", answers = ["a", "b"], right = RIGHT }
    "#;

    #[test]
    fn a_right_answer_that_is_not_among_the_answers_is_refused() {
        assert!(Lesson::parse(&TASK.replace("RIGHT", "1")).is_ok());
        let fault = Lesson::parse(&TASK.replace("RIGHT", "2")).unwrap_err();
        assert!(fault.contains("task 1") && fault.contains("2 answers"), "{fault}");
    }

    #[test]
    fn a_misspelt_word_is_named_with_its_line() {
        let fault = Lesson::parse(&TASK.replace("RIGHT", "1").replace("heatmap", "heatmop")).unwrap_err();
        assert!(fault.contains("heatmop") && fault.contains("line 8"), "{fault}");
        assert!(Lesson::parse("title = 't'\nopens = 'bundled'\nabout = 'a'\ntask = []").is_err());
    }
}
