//! Fill sets and tuned checkpoints of a study, as the views of steps 4 and 5 show them.

use super::{FillSet, OpenStudy};
use crate::app::data::{Column, DataSet, Values};
use crate::app::event::told;
use crate::app::tuning::{Curve, Draft};
use crate::chem::{Descriptors, Molecule};
use crate::fill::{FillMolecule, FillReport};
use crate::train::tune::Tuned;
use crate::workspace::Artefact;

/// A tuned checkpoint.
#[derive(Debug)]
pub struct TunedRun {
    /// Its artefact.
    pub artefact: Artefact,
    /// What its `tuning.json` says.
    pub tuned: Tuned,
    /// The columns of its log.
    pub series: Vec<Curve>,
    /// Whether the study shows it: others were made with earlier settings.
    pub shown: bool,
}

impl TunedRun {
    /// The step that made it.
    pub fn step(&self) -> &str {
        &self.artefact.provenance.step
    }

    /// Reads a checkpoint's facts.
    ///
    /// # Errors
    /// A sentence when they cannot be read.
    pub fn read(artefact: &Artefact, shown: bool) -> Result<Self, String> {
        let fail = |error: &dyn std::fmt::Display| format!("the run {} cannot be read: {error}", artefact.id());
        let tuned = artefact.read("tuning.json").map_err(|error| told(&error))?;
        let tuned = serde_json::from_slice(&tuned).map_err(|error| fail(&error))?;
        let log = artefact.read("log.csv").map_err(|error| told(&error))?;
        let series = curves(&log).map_err(|error| fail(&error))?;
        Ok(Self { artefact: artefact.clone(), tuned, series, shown })
    }
}

/// The columns of a log but step and epoch; rows without a value are left out.
///
/// # Errors
/// When it is no table.
pub fn curves(log: &[u8]) -> Result<Vec<Curve>, csv::Error> {
    let mut reader = csv::Reader::from_reader(log);
    let headings = reader.headers()?.clone();
    let mut series: Vec<Curve> = headings.iter().map(|name| (name.to_owned(), Vec::new())).collect();
    for row in reader.records() {
        let row = row?;
        let step = row.get(0).and_then(|field| field.parse::<f64>().ok());
        for (column, field) in series.iter_mut().zip(&row) {
            if let (Some(step), Ok(value)) = (step, field.parse::<f64>()) {
                column.1.push([step, value]);
            }
        }
    }
    series.retain(|(name, points)| !matches!(name.as_str(), "step" | "epoch") && !points.is_empty());
    Ok(series)
}

impl FillSet {
    /// Reads a fill set or a control, with the usual descriptors of every molecule.
    ///
    /// # Errors
    /// A sentence when it cannot be read.
    pub fn read(artefact: &Artefact) -> Result<Self, String> {
        let fail = |error: &dyn std::fmt::Display| format!("the set {} cannot be read: {error}", artefact.id());
        let table = artefact.read("fill_set.csv").map_err(|error| told(&error))?;
        let rows: Result<Vec<FillMolecule>, csv::Error> = csv::Reader::from_reader(&table[..]).deserialize().collect();
        let molecules = rows.map_err(|error| fail(&error))?;
        let report = artefact.read("summary.json").map_err(|error| told(&error))?;
        let report: FillReport = serde_json::from_slice(&report).map_err(|error| fail(&error))?;
        Ok(Self {
            name: artefact.provenance.step.clone(),
            id: artefact.id().clone(),
            data: data_set(&molecules),
            molecules,
            report,
        })
    }
}

/// A number of a molecule, with its name.
type Named = (&'static str, fn(&FillMolecule) -> f64);

/// The molecules as rows with every number there is of them.
fn data_set(molecules: &[FillMolecule]) -> DataSet {
    use rayon::prelude::*;
    let own: [Named; 5] = [
        ("Order of generation", |m| m.candidate as f64),
        ("Roughness", |m| m.roughness.unwrap_or(f64::NAN)),
        ("Similarity to the corpus", |m| m.nearest.unwrap_or(f64::NAN)),
        ("Symbols", |m| m.n_tokens as f64),
        ("Heavy atoms", |m| m.n_heavy_atoms as f64),
    ];
    let descriptors: Vec<[f64; 11]> = molecules
        .par_iter()
        .map(|m| Molecule::from_smiles(&m.smiles).map_or([f64::NAN; 11], |m| Descriptors::of(&m).values()))
        .collect();
    let column = |name: &str, values: Vec<f64>| Column {
        name: name.to_owned(),
        unit: DataSet::usual_unit(name).to_owned(),
        values: Values::Number(values),
    };
    let mut columns: Vec<Column> =
        own.into_iter().map(|(name, of)| column(name, molecules.iter().map(of).collect())).collect();
    let usual = Descriptors::NAMES.iter().enumerate();
    columns.extend(usual.map(|(k, name)| column(name, descriptors.iter().map(|row| row[k]).collect())));
    DataSet {
        ids: (1..=molecules.len()).map(|k| format!("#{k}")).collect(),
        smiles: molecules.iter().map(|m| m.smiles.clone()).collect(),
        columns,
        ..DataSet::default()
    }
}

impl OpenStudy {
    /// The set that a step made, of those that are shown.
    pub fn fill_set(&self, step: &str) -> Option<&FillSet> {
        self.fill_sets.iter().find(|set| set.name == step)
    }

    /// Whether the fill set on screen is not what these settings give.
    pub fn fills_otherwise(&self, draft: &Draft) -> bool {
        !self.is_done("fill") || self.asked.as_ref().is_none_or(|asked| draft.fills_otherwise(&asked.recipe))
    }

    /// Whether a step of the pipeline has the artefact that the recipe asks for.
    pub fn is_done(&self, step: &str) -> bool {
        self.steps_done.iter().any(|done| done == step)
    }
}
