//! The picture on screen, kept with the study.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::OpenStudy;
use crate::app::data::{DataSet, RowSet};
use crate::app::event::told;
use crate::app::picture::{Filter, NamedSelection, Picture};
use crate::workspace::{Access, NamedRegion, RegionDefinition, Selection};

/// The key of the picture in the document's table for the window.
const PICTURE: &str = "picture";
/// Names of selections of the document that are no named ones of the person.
const CURRENT: &str = "(selected)";
const SHOWN: &str = "(shown)";

impl OpenStudy {
    /// Keeps the picture with the study: molecules by their ids, everything else as a table. A study that can only be
    /// looked at is left alone.
    ///
    /// # Errors
    /// A sentence when the document cannot be written.
    pub fn keep(&mut self, picture: &Picture, data: Option<&DataSet>) -> Result<(), String> {
        let (Some(study), Some(data)) = (self.study.as_mut(), data) else { return Ok(()) };
        if *study.access() != Access::Write {
            return Ok(());
        }
        let ids = |rows: &RowSet| rows.iter().filter_map(|row| data.ids.get(row).cloned()).collect::<Vec<String>>();
        let kept = |name: &str, rows: &RowSet| Selection { name: name.to_owned(), points: None, molecules: ids(rows) };
        let mut selections: Vec<Selection> = picture.named.iter().map(|named| kept(&named.name, &named.rows)).collect();
        if !picture.selection.is_empty() {
            selections.push(kept(CURRENT, &picture.selection));
        }
        if let Some(filter) = &picture.filter {
            selections.push(kept(SHOWN, &filter.rows));
        }
        let regions: Vec<NamedRegion> = picture.regions.iter().map(|region| (**region).clone()).collect();
        let fill_region = picture.fill_region.clone().map(RegionDefinition::Named);
        let bare = Picture {
            selection: Arc::default(),
            named: Vec::new(),
            regions: Vec::new(),
            filter: None,
            ..picture.clone()
        };
        let table = toml::Value::try_from(&bare).map_err(|error| format!("the view could not be kept: {error}"))?;
        let change = |document: &mut crate::workspace::Document| {
            document.layout.insert(PICTURE.into(), table);
            document.selections = selections;
            document.regions = regions;
            // A recipe may fill a region of its own making; only one that was chosen here is taken back here.
            let ours = matches!(document.recipe.fill.region, Some(RegionDefinition::Named(_)));
            if fill_region.is_some() || ours {
                document.recipe.fill.region = fill_region;
            }
        };
        study.edit_further("View", change).map_err(|error| format!("the view could not be kept: {}", told(&error)))
    }

    /// The regions of the study.
    pub fn regions(&self) -> Vec<Arc<NamedRegion>> {
        let regions = self.study.as_ref().map(|study| study.document().regions.clone()).unwrap_or_default();
        regions.into_iter().map(Arc::new).collect()
    }

    /// The region that the recipe fills, by name.
    pub fn fill_region(&self) -> Option<String> {
        match &self.study.as_ref()?.document().recipe.fill.region {
            Some(RegionDefinition::Named(name)) => Some(name.clone()),
            _ => None,
        }
    }

    /// The picture that was kept with the study, when it fits the molecules.
    pub(super) fn kept_picture(&self, data: Option<&DataSet>) -> Option<Picture> {
        let data = data?;
        let document = self.study.as_ref()?.document();
        let mut picture: Picture = document.layout.get(PICTURE)?.clone().try_into().ok()?;
        picture.regions = self.regions();
        picture.fill_region = self.fill_region();
        let n = data.n_rows();
        let row_of: BTreeMap<&str, usize> = data.ids.iter().enumerate().map(|(row, id)| (id.as_str(), row)).collect();
        let rows = |selection: &Selection| {
            Arc::new(RowSet::of(n, selection.molecules.iter().filter_map(|id| row_of.get(id.as_str()).copied())))
        };
        picture.selection = document.selection(CURRENT).map_or_else(|| Arc::new(RowSet::empty(n)), rows);
        picture.filter = document.selection(SHOWN).map(|shown| Filter { query: None, rows: rows(shown) });
        let is_named = |selection: &&Selection| selection.name != CURRENT && selection.name != SHOWN;
        picture.named = document
            .selections
            .iter()
            .filter(is_named)
            .map(|selection| NamedSelection { name: selection.name.clone(), rows: rows(selection) })
            .collect();
        picture.pinned.retain(|row| *row < n);
        Some(picture)
    }
}
