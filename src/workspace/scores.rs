//! Runs and scores in one SQLite file, so that thousands of them stay searchable. Everything in it is also in the
//! artefacts: a lost or damaged file is built again from them.

use super::{Artefact, ArtefactKind, Study, StudyError};
use crate::evaluate::Comparison;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params, params_from_iter};
use std::path::{Path, PathBuf};

/// The file.
pub const SCORES_FILE: &str = "scores.sqlite";
/// Layout of its tables, as SQLite's `user_version`.
const VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS runs (
        artefact TEXT PRIMARY KEY, kind TEXT NOT NULL, step TEXT NOT NULL, made TEXT NOT NULL, seed INTEGER NOT NULL,
        device TEXT NOT NULL, seconds REAL NOT NULL, stop_reason TEXT NOT NULL, program_version TEXT NOT NULL,
        parameters TEXT NOT NULL, summary TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS runs_by_step ON runs (step, made);
    CREATE TABLE IF NOT EXISTS scores (
        comparison TEXT NOT NULL, task TEXT NOT NULL, arm TEXT NOT NULL, learner TEXT NOT NULL, seed INTEGER NOT NULL,
        metric TEXT NOT NULL, value REAL,
        PRIMARY KEY (comparison, task, arm, learner, seed, metric));
    CREATE INDEX IF NOT EXISTS scores_by_task ON scores (task, arm, learner);
";

/// Why the file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ScoresError {
    /// SQLite.
    #[error(
        "could not use the file of runs and scores; it can be removed, and `fillscape study check` builds it again ({path:?})"
    )]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// Written by a newer program.
    #[error(
        "the file of runs and scores has layout {found}, but this program knows {VERSION}: use the newer program ({path:?})"
    )]
    Newer {
        /// Layout found.
        found: i64,
        /// The file.
        path: PathBuf,
    },
}

/// A run: an artefact and how it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// The artefact.
    pub artefact: String,
    /// Its step.
    pub step: String,
    /// When it was made.
    pub made: String,
    /// Its seed.
    pub seed: u64,
    /// Seconds of work.
    pub seconds: f64,
    /// Why it ended.
    pub stop_reason: String,
    /// Parameters as JSON.
    pub parameters: String,
    /// Headline figures as JSON.
    pub summary: String,
}

/// A score.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreRow {
    /// The comparison.
    pub comparison: String,
    /// The task.
    pub task: String,
    /// The arm.
    pub arm: String,
    /// The learner.
    pub learner: String,
    /// The seed.
    pub seed: u64,
    /// The metric.
    pub metric: String,
    /// Its value; none where it could not be computed.
    pub value: Option<f64>,
}

/// Which scores to find; empty fields match everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScoreQuery {
    /// The task.
    pub task: Option<String>,
    /// The arm.
    pub arm: Option<String>,
    /// The learner.
    pub learner: Option<String>,
}

/// The open file.
pub struct Scores {
    connection: Connection,
    path: PathBuf,
}

impl Scores {
    /// Opens or makes the file in a study's folder.
    ///
    /// # Errors
    /// When it cannot be opened, or is of a newer program.
    pub fn open(folder: &Path) -> Result<Self, ScoresError> {
        let path = folder.join(SCORES_FILE);
        let this = Connection::open(&path).map(|connection| Self { connection, path: path.clone() });
        let this = this.map_err(|source| ScoresError::Sqlite { path, source })?;
        let found: i64 = this.ask(|c| c.query_row("PRAGMA user_version", [], |row| row.get(0)))?;
        if found > VERSION {
            return Err(ScoresError::Newer { found, path: this.path });
        }
        this.ask(|c| c.execute_batch(TABLES))?;
        this.ask(|c| c.pragma_update(None, "user_version", VERSION))?;
        Ok(this)
    }

    /// The runs and scores of a study, to look at: writes nothing. Where the file is not there or was never filled, they
    /// are read from the artefacts.
    ///
    /// # Errors
    /// When the file cannot be read or is of a newer program; when an artefact cannot be read.
    pub fn to_read(study: &Study) -> Result<Self, StudyError> {
        let path = study.folder().join(SCORES_FILE);
        let fail = |source| ScoresError::Sqlite { path: path.clone(), source };
        if path.exists() {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let this = Connection::open_with_flags(&path, flags).map_err(fail)?;
            let this = Self { connection: this, path: path.clone() };
            match this.ask(|c| c.query_row("PRAGMA user_version", [], |row| row.get(0)))? {
                0 => {}
                VERSION => return Ok(this),
                found => return Err(ScoresError::Newer { found, path }.into()),
            }
        }
        let connection = Connection::open_in_memory().map_err(fail)?;
        connection.execute_batch(TABLES).map_err(fail)?;
        let mut this = Self { connection, path: path.clone() };
        for artefact in study.artefacts()?.artefacts {
            this.insert(&artefact, comparison_of(&artefact)?.as_ref())?;
        }
        Ok(this)
    }

    fn ask<T>(&self, question: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, ScoresError> {
        question(&self.connection).map_err(|source| ScoresError::Sqlite { path: self.path.clone(), source })
    }

    /// Whether an artefact is in it.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn holds(&self, artefact: &Artefact) -> Result<bool, ScoresError> {
        let id = artefact.id().to_string();
        let found =
            self.ask(|c| c.query_row("SELECT 1 FROM runs WHERE artefact = ?1", [&id], |_| Ok(())).optional())?;
        Ok(found.is_some())
    }

    /// Takes an artefact in, with the scores of a comparison; all of it or nothing.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn insert(&mut self, artefact: &Artefact, comparison: Option<&Comparison>) -> Result<(), ScoresError> {
        let path = self.path.clone();
        let fail = |source| ScoresError::Sqlite { path: path.clone(), source };
        let transaction = self.connection.transaction().map_err(fail)?;
        let p = &artefact.provenance;
        let id = p.id.to_string();
        let json = |table: &toml::Table| serde_json::to_string(table).unwrap_or_default();
        let stop =
            serde_json::to_value(p.stop_reason).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        transaction
            .execute(
                "INSERT OR REPLACE INTO runs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                params![
                    id,
                    p.id.kind().name(),
                    p.step,
                    p.made,
                    p.seed as i64,
                    p.device,
                    p.seconds,
                    stop,
                    p.program_version,
                    json(&p.parameters),
                    json(&p.summary)
                ],
            )
            .map_err(fail)?;
        for s in comparison.iter().flat_map(|comparison| &comparison.scores) {
            let value = s.value.is_finite().then_some(s.value);
            transaction
                .execute(
                    "INSERT OR REPLACE INTO scores VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    params![id, s.task, s.arm, s.learner, s.seed as i64, s.metric.name(), value],
                )
                .map_err(fail)?;
        }
        transaction.commit().map_err(fail)
    }

    /// Forgets an artefact.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn remove(&mut self, artefact: &str) -> Result<(), ScoresError> {
        self.ask(|c| c.execute("DELETE FROM scores WHERE comparison = ?1", [artefact]))?;
        self.ask(|c| c.execute("DELETE FROM runs WHERE artefact = ?1", [artefact]))?;
        Ok(())
    }

    /// Runs whose step, artefact, parameters or figures hold every word of `text`, the newest first.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn runs(&self, text: &str, limit: usize) -> Result<Vec<RunRow>, ScoresError> {
        let words: Vec<String> = text.split_whitespace().map(|word| format!("%{}%", escaped(word))).collect();
        let field = "(step || ' ' || artefact || ' ' || parameters || ' ' || summary || ' ' || made)";
        let conditions: String = (1..=words.len()).map(|k| format!(" AND {field} LIKE ?{k} ESCAPE '\\'")).collect();
        let sql = format!(
            "SELECT artefact, step, made, seed, seconds, stop_reason, parameters, summary FROM runs WHERE 1{conditions} \
             ORDER BY made DESC, artefact LIMIT {limit}"
        );
        self.ask(|c| {
            let mut statement = c.prepare(&sql)?;
            let rows = statement.query_map(params_from_iter(&words), |row| {
                Ok(RunRow {
                    artefact: row.get(0)?,
                    step: row.get(1)?,
                    made: row.get(2)?,
                    seed: row.get::<_, i64>(3)? as u64,
                    seconds: row.get(4)?,
                    stop_reason: row.get(5)?,
                    parameters: row.get(6)?,
                    summary: row.get(7)?,
                })
            })?;
            rows.collect()
        })
    }

    /// Scores that match, in the order of task, arm, learner and seed.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn scores(&self, query: &ScoreQuery) -> Result<Vec<ScoreRow>, ScoresError> {
        let sql = "SELECT comparison, task, arm, learner, seed, metric, value FROM scores
            WHERE (?1 IS NULL OR task = ?1) AND (?2 IS NULL OR arm = ?2) AND (?3 IS NULL OR learner = ?3)
            ORDER BY comparison, task, arm, learner, seed, metric";
        self.ask(|c| {
            let mut statement = c.prepare(sql)?;
            let rows = statement.query_map(params![query.task, query.arm, query.learner], |row| {
                Ok(ScoreRow {
                    comparison: row.get(0)?,
                    task: row.get(1)?,
                    arm: row.get(2)?,
                    learner: row.get(3)?,
                    seed: row.get::<_, i64>(4)? as u64,
                    metric: row.get(5)?,
                    value: row.get(6)?,
                })
            })?;
            rows.collect()
        })
    }
}

/// The comparison of an artefact that holds one; none for other kinds.
///
/// # Errors
/// When its file is missing, damaged or no comparison.
pub fn comparison_of(artefact: &Artefact) -> Result<Option<Comparison>, StudyError> {
    if artefact.id().kind() != ArtefactKind::Comparison {
        return Ok(None);
    }
    let name = "comparison.json";
    let parsed = serde_json::from_slice(&artefact.read(name)?);
    parsed.map(Some).map_err(|error| StudyError::Format {
        what: "a comparison",
        problem: error.to_string(),
        path: artefact.path(name),
    })
}

/// A word in which SQLite's wildcards stand for themselves.
fn escaped(word: &str) -> String {
    word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
