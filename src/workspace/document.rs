//! The document of a study: what the person decided. What the program found is in the artefacts.

use super::StudyError;
use super::artefact::ArtefactId;
use super::files::{check_name, read_text};
use super::recipe::Recipe;
use super::staging::to_toml;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The file of the document.
pub const DOCUMENT_FILE: &str = "study.toml";
/// The newest version of its format.
pub const FORMAT_VERSION: u32 = 2;

/// Everything that is saved, undone and redone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Version of this format.
    pub format_version: u32,
    /// What the study is called.
    pub name: String,
    /// When it was made, UTC.
    pub created: String,
    /// Version of the program that wrote it last.
    pub program_version: String,
    /// Inputs and parameters of every step.
    pub recipe: Recipe,
    /// Chosen molecules, by name.
    #[serde(default)]
    pub selections: Vec<Selection>,
    /// Chosen parts of latent space, by name.
    #[serde(default)]
    pub regions: Vec<NamedRegion>,
    /// What the window keeps: tiles, camera, colours, filters. Nothing but the window reads it.
    #[serde(default)]
    pub layout: toml::Table,
    /// By step: the artefact that is shown. It is stale when the recipe asks for another one. Not part of undo.
    #[serde(default)]
    pub results: BTreeMap<String, ArtefactId>,
}

/// Molecules that were chosen, by their ids.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// Its name, unique in the study.
    pub name: String,
    /// The artefact with the molecules.
    pub points: Option<ArtefactId>,
    /// Ids of molecules, as in `molecules.csv`.
    pub molecules: Vec<String>,
}

/// A part of latent space with a name. Its definition is compact; `workspace::regions` makes it a [`crate::fill::Region`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedRegion {
    /// Its name, unique in the study.
    pub name: String,
    /// What it is.
    pub definition: RegionDefinition,
}

/// What a region is, in terms of the artefacts it was chosen on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegionDefinition {
    /// Around chosen molecules: a lasso or rectangle on the map. Each ball reaches to half the distance of the nearest
    /// molecule that was not chosen, and at most to the median distance between neighbours among the chosen ones (see
    /// [`crate::fill::Region::around`]).
    Around {
        /// The artefact with the molecules.
        points: ArtefactId,
        /// Ids of the chosen ones.
        molecules: Vec<String>,
    },
    /// Whatever flows down to a minimum.
    Basin {
        /// The landscape.
        landscape: ArtefactId,
        /// Id of the minimum.
        minimum: u32,
    },
    /// Around the most frustrated pairs of minimum and transition state.
    TopContributions {
        /// The landscape.
        landscape: ArtefactId,
        /// Share of all contributions, in percent, above 0 up to 100.
        percent: f64,
    },
    /// Given in latent coordinates.
    Given(crate::fill::Region),
    /// In any of these.
    Union(Vec<RegionDefinition>),
    /// In all of these.
    Intersection(Vec<RegionDefinition>),
    /// In the first but not in the second.
    Difference(Box<[RegionDefinition; 2]>),
    /// Another region of the study.
    Named(String),
}

impl RegionDefinition {
    /// Adds the artefacts it was chosen on.
    pub(super) fn artefacts(&self, to: &mut std::collections::BTreeSet<ArtefactId>) {
        match self {
            Self::Around { points: id, .. }
            | Self::Basin { landscape: id, .. }
            | Self::TopContributions { landscape: id, .. } => {
                to.insert(id.clone());
            }
            Self::Union(parts) | Self::Intersection(parts) => parts.iter().for_each(|part| part.artefacts(to)),
            Self::Difference(parts) => parts.iter().for_each(|part| part.artefacts(to)),
            Self::Given(_) | Self::Named(_) => {}
        }
    }
}

impl Document {
    /// A new document.
    pub fn new(name: &str, recipe: Recipe) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            name: name.to_owned(),
            created: super::staging::now(),
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            recipe,
            selections: Vec::new(),
            regions: Vec::new(),
            layout: toml::Table::new(),
            results: BTreeMap::new(),
        }
    }

    /// Reads a document of this or an older format.
    ///
    /// # Errors
    /// When it cannot be read, is of a newer format, or is no document; the message has line and column.
    pub fn read(path: &Path) -> Result<Self, StudyError> {
        Self::parse(path, &read_text(path)?)
    }

    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, StudyError> {
        let document = Self::parse_any(path, text)?;
        // Names of steps become names of files.
        document.results.keys().try_for_each(|step| check_name(step))?;
        Ok(document)
    }

    fn parse_any(path: &Path, text: &str) -> Result<Self, StudyError> {
        let what = "the document of the study";
        let format = |problem: String| StudyError::Format { what, problem, path: path.to_owned() };
        let mut table: toml::Table = super::files::parse_toml(what, path, text)?;
        let found = table.get("format_version").and_then(toml::Value::as_integer);
        match found.map(u32::try_from) {
            // The last table is always written: without it, what is missing would be read as defaults.
            Some(Ok(version)) if version == FORMAT_VERSION && !table.contains_key("results") => {
                Err(format("it ends before its last table, [results]: the file was cut short".to_owned()))
            }
            Some(Ok(version)) if version == FORMAT_VERSION => super::files::parse_toml(what, path, text),
            Some(Ok(found)) if found > FORMAT_VERSION => {
                Err(StudyError::Newer { found, known: FORMAT_VERSION, path: path.to_owned() })
            }
            Some(Ok(found)) if found > 0 => {
                super::migrations::migrate(&mut table, found).map_err(format)?;
                table.try_into().map_err(|error: toml::de::Error| format(error.to_string().trim_end().to_owned()))
            }
            _ => Err(format("it has no format_version, expected a whole number from 1".to_owned())),
        }
    }

    /// The document as TOML.
    ///
    /// # Errors
    /// When a number does not fit TOML.
    pub fn to_toml(&self) -> Result<String, StudyError> {
        to_toml("the document of the study", self)
    }

    /// The region of this name.
    pub fn region(&self, name: &str) -> Option<&NamedRegion> {
        self.regions.iter().find(|region| region.name == name)
    }

    /// The selection of this name.
    pub fn selection(&self, name: &str) -> Option<&Selection> {
        self.selections.iter().find(|selection| selection.name == name)
    }
}
