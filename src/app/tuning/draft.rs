//! What the person has set for steps 4 and 5 but not yet run: parts of the recipe, kept and undone with the picture.

use serde::{Deserialize, Serialize};

use crate::app::data::{DataSet, RowSet};
use crate::fill::ControlKind;
use crate::train::tune::TuneParams;
use crate::workspace::recipe::{FillParams, FrustrationParams, Recipe, TuneRun};
use crate::workspace::{ArtefactId, RegionDefinition};

/// Points of the region that are measured while a model is tuned, unless the person says otherwise.
pub const WATCHED_POINTS: usize = 40;

/// Settings of the fill set, the controls and the tuning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// Molecules, screening, region.
    pub fill: FillParams,
    /// Control sets.
    pub controls: Vec<ControlKind>,
    /// The first run.
    pub tune: TuneParams,
    /// Seeds of every run.
    pub tune_seeds: Vec<u64>,
    /// Further runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<TuneRun>,
    /// Frustration while and after a model is tuned.
    pub frustration: FrustrationParams,
    /// What decodes and measures.
    pub device: String,
}

impl Draft {
    /// The settings of a recipe.
    pub fn of(recipe: &Recipe) -> Self {
        Self {
            fill: recipe.fill.clone(),
            controls: recipe.controls.clone(),
            tune: recipe.tune.clone(),
            tune_seeds: recipe.tune_seeds.clone(),
            runs: recipe.runs.clone(),
            frustration: recipe.frustration.clone(),
            device: recipe.model.device.to_string(),
        }
    }

    /// The recipe with these settings.
    ///
    /// # Errors
    /// A sentence when there is no such device, or the recipe cannot be followed.
    pub fn applied(&self, recipe: &Recipe) -> Result<Recipe, String> {
        let mut changed = recipe.clone();
        changed.fill = self.fill.clone();
        changed.controls.clone_from(&self.controls);
        changed.tune = self.tune.clone();
        changed.tune_seeds.clone_from(&self.tune_seeds);
        changed.runs.clone_from(&self.runs);
        changed.frustration = self.frustration.clone();
        changed.model.device = self.device.parse().map_err(|error: crate::model::DeviceError| error.to_string())?;
        if self.tune_seeds.len() > 1 {
            // With several checkpoints an arm, each is a seed of the comparison.
            changed.compare.seeds.clone_from(&self.tune_seeds);
        }
        changed.check()?;
        Ok(changed)
    }

    /// The same without the region, which may name thousands of molecules: cheap to copy, compare and check.
    #[must_use]
    pub fn light(&self) -> Self {
        let FillParams { set, draw, .. } = &self.fill;
        let fill = FillParams { set: set.clone(), region: None, draw: *draw };
        Self {
            fill,
            controls: self.controls.clone(),
            tune: self.tune.clone(),
            tune_seeds: self.tune_seeds.clone(),
            runs: self.runs.clone(),
            frustration: self.frustration.clone(),
            device: self.device.clone(),
        }
    }

    /// Whether a recipe has other settings.
    pub fn differs(&self, recipe: &Recipe) -> bool {
        self.fills_otherwise(recipe)
            || self.controls != recipe.controls
            || self.tune != recipe.tune
            || self.tune_seeds != recipe.tune_seeds
            || self.runs != recipe.runs
            || self.frustration != recipe.frustration
    }

    /// Canonical SMILES of molecules turned down by hand.
    pub fn rejected(&self) -> &[String] {
        &self.fill.set.screening.rejected
    }

    /// Turns a molecule down, or takes that back.
    pub fn toggle(&mut self, smiles: &str) {
        let rejected = &mut self.fill.set.screening.rejected;
        match rejected.iter().position(|known| known == smiles) {
            Some(at) => {
                rejected.remove(at);
            }
            None => rejected.push(smiles.to_owned()),
        }
    }

    /// Whether the fill set would come out otherwise than that of `recipe`.
    pub fn fills_otherwise(&self, recipe: &Recipe) -> bool {
        self.fill != recipe.fill || self.device != recipe.model.device.to_string()
    }

    /// The settings of a run: the first, or a further one by its name.
    pub fn run(&self, name: Option<&str>) -> Option<&TuneParams> {
        match name {
            None => Some(&self.tune),
            Some(name) => self.runs.iter().find(|run| run.name == name).map(|run| &run.tune),
        }
    }

    /// As [`Draft::run`], to be changed.
    pub fn run_mut(&mut self, name: Option<&str>) -> Option<&mut TuneParams> {
        match name {
            None => Some(&mut self.tune),
            Some(name) => self.runs.iter_mut().find(|run| run.name == name).map(|run| &mut run.tune),
        }
    }

    /// A name that no run has yet.
    pub fn free_name(&self) -> String {
        let taken = |name: &str| self.runs.iter().any(|run| run.name == name);
        (2..self.runs.len() + 3).map(|k| format!("run-{k}")).find(|name| !taken(name)).unwrap_or_default()
    }
}

/// The region around chosen molecules of the map.
pub fn region_of(rows: &RowSet, data: &DataSet, points: &ArtefactId) -> RegionDefinition {
    let molecules = rows.iter().filter_map(|row| data.ids.get(row).cloned()).collect();
    RegionDefinition::Around { points: points.clone(), molecules }
}

/// A region in a few words.
pub fn region_words(region: Option<&RegionDefinition>) -> String {
    match region {
        None => "Whole landscape".into(),
        Some(RegionDefinition::Named(name)) => format!("“{name}”"),
        Some(RegionDefinition::Around { molecules, .. }) => format!("Around {} molecules", molecules.len()),
        Some(RegionDefinition::Basin { minimum, .. }) => format!("Basin of minimum {minimum}"),
        Some(RegionDefinition::TopContributions { percent, .. }) => format!("Roughest {percent} % of pairs"),
        Some(RegionDefinition::Given(_)) => "Given in latent coordinates".into(),
        Some(RegionDefinition::Union(parts)) => format!("Union of {} regions", parts.len()),
        Some(RegionDefinition::Intersection(parts)) => format!("Common to {} regions", parts.len()),
        Some(RegionDefinition::Difference(_)) => "One region without another".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe() -> Recipe {
        toml::from_str("name = 'Test'\nseed = 3\n[corpus]\nn = 40\n").unwrap()
    }

    #[test]
    fn a_draft_of_a_recipe_changes_nothing_and_comes_back_from_the_document() {
        let recipe = recipe();
        let draft = Draft::of(&recipe);
        assert_eq!(draft.applied(&recipe).unwrap(), recipe);
        assert!(!draft.differs(&recipe));
        let kept = toml::Value::try_from(&draft).unwrap();
        assert_eq!(kept.try_into::<Draft>().unwrap(), draft);
    }

    #[test]
    fn a_molecule_is_turned_down_and_taken_back() {
        let recipe = recipe();
        let mut draft = Draft::of(&recipe);
        draft.toggle("CCO");
        assert_eq!(draft.rejected(), ["CCO"]);
        assert!(draft.fills_otherwise(&recipe));
        assert_eq!(draft.applied(&recipe).unwrap().fill.set.screening.rejected, ["CCO"]);
        draft.toggle("CCO");
        assert!(!draft.fills_otherwise(&recipe));
    }

    #[test]
    fn impossible_settings_are_told() {
        let recipe = recipe();
        let mut draft = Draft::of(&recipe);
        draft.device = "abacus".into();
        assert!(draft.applied(&recipe).unwrap_err().contains("abacus"));
        let mut draft = Draft::of(&recipe);
        draft.tune.epochs = 0;
        assert!(draft.applied(&recipe).unwrap_err().contains("epochs"));
        let mut draft = Draft::of(&recipe);
        draft.runs.push(TuneRun { name: "a b".into(), controls: true, tune: TuneParams::script() });
        assert!(draft.applied(&recipe).unwrap_err().contains("a b"));
    }
}
