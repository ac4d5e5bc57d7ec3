//! Parameters side by side: what tells runs apart, and nothing else.

use super::Artefact;
use std::collections::{BTreeMap, BTreeSet};

/// A parameter and its value in each artefact; none where it has no such parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterRow {
    /// Its name; dots go into tables.
    pub name: String,
    /// One value an artefact, as text.
    pub values: Vec<Option<String>>,
}

impl ParameterRow {
    /// Whether not all values are the same.
    pub fn differs(&self) -> bool {
        self.values.windows(2).any(|pair| pair[0] != pair[1])
    }
}

/// What artefacts were made from, side by side: parameters by dotted name, then inputs, then parents by the step that
/// made them. `step_of` names the step of a parent.
pub fn side_by_side(artefacts: &[&Artefact], step_of: &dyn Fn(&str) -> Option<String>) -> Vec<ParameterRow> {
    let facts: Vec<BTreeMap<String, String>> = artefacts.iter().map(|artefact| facts(artefact, step_of)).collect();
    let names: BTreeSet<&String> = facts.iter().flat_map(BTreeMap::keys).collect();
    let row = |name: &String| ParameterRow {
        name: name.clone(),
        values: facts.iter().map(|facts| facts.get(name).cloned()).collect(),
    };
    names.into_iter().map(row).collect()
}

fn facts(artefact: &Artefact, step_of: &dyn Fn(&str) -> Option<String>) -> BTreeMap<String, String> {
    let provenance = &artefact.provenance;
    let mut facts = BTreeMap::new();
    flatten("", &toml::Value::Table(provenance.parameters.clone()), &mut facts);
    for (role, digest) in &provenance.inputs {
        facts.insert(format!("input {role}"), digest.chars().take(12).collect());
    }
    for (k, parent) in provenance.parents.iter().enumerate() {
        let id = parent.to_string();
        let value = step_of(&id).map_or_else(|| id.clone(), |step| format!("{step} ({id})"));
        facts.insert(format!("made from, {}", k + 1), value);
    }
    facts
}

fn flatten(prefix: &str, value: &toml::Value, facts: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten(&name, value, facts);
            }
        }
        toml::Value::String(text) => {
            facts.insert(prefix.to_owned(), text.clone());
        }
        plain => {
            facts.insert(prefix.to_owned(), plain.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{ArtefactId, ArtefactKind, Provenance, StopReason};

    fn artefact(parameters: &str, parent: &str) -> Artefact {
        let id = ArtefactId::new(ArtefactKind::Checkpoint, parent);
        let provenance = Provenance {
            format_version: 1,
            id: id.clone(),
            key: String::new(),
            step: String::new(),
            program_version: String::new(),
            seed: 0,
            device: String::new(),
            made: String::new(),
            seconds: 0.0,
            stop_reason: StopReason::Finished,
            parents: vec![id],
            inputs: BTreeMap::new(),
            parameters: toml::from_str(parameters).unwrap(),
            summary: toml::Table::new(),
            files: BTreeMap::new(),
        };
        Artefact { folder: std::path::PathBuf::new(), provenance }
    }

    #[test]
    fn parameters_stand_side_by_side_and_say_where_they_differ() {
        let a = artefact("epochs = 1\nstrategy = 'full'\n[adam]\nclip = 1.0", "0123456789abcdef");
        let b = artefact("epochs = 50\n[strategy.lora]\nrank = 16\n[adam]\nclip = 1.0", "0123456789abcdef");
        let rows = side_by_side(&[&a, &b], &|_| Some("fill".to_owned()));
        let differing: Vec<&str> = rows.iter().filter(|row| row.differs()).map(|row| row.name.as_str()).collect();
        assert_eq!(differing, ["epochs", "strategy", "strategy.lora.rank"]);
        let clip = rows.iter().find(|row| row.name == "adam.clip").unwrap();
        assert_eq!(clip.values, [Some("1.0".to_owned()), Some("1.0".to_owned())]);
        let strategy = rows.iter().find(|row| row.name == "strategy").unwrap();
        assert_eq!(strategy.values, [Some("full".to_owned()), None]);
        assert!(rows.iter().any(|row| row.values[0].as_ref().is_some_and(|v| v.starts_with("fill ("))));
    }
}
