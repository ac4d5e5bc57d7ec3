//! A data set in memory: immutable once it is shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::projection::MapPoint;

/// The values of a column, one a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers; not-a-number where there is none.
    Number(Vec<f64>),
    /// Words.
    Text(Vec<String>),
}

/// A property of every molecule.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its heading.
    pub name: String,
    /// Its unit, empty where it has none.
    pub unit: String,
    /// One value a row.
    pub values: Values,
}

/// Latent vectors, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Latents {
    /// Coordinates of a vector.
    pub dim: usize,
    /// All vectors, one after the other, in the decoder's box.
    pub values: Vec<f32>,
}

/// Where the molecules stand on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct MapPlaces {
    /// One place a row.
    pub places: Vec<[f32; 2]>,
    /// Third coordinate of each row, where the map is one of space; empty on a plane.
    pub heights: Vec<f32>,
    /// What the three axes are called in a view of space.
    pub axes: [&'static str; 3],
    /// How the map was made, for the legend.
    pub method: String,
    /// The seed of the map.
    pub seed: u64,
    /// Share of neighbours on the map that are neighbours in latent space, 0 to 1, where it was measured.
    pub trustworthiness: Option<f64>,
    /// Share of neighbours in latent space that are neighbours on the map, 0 to 1, where it was measured.
    pub continuity: Option<f64>,
}

impl MapPlaces {
    /// Names of axes that have none of their own: they are numbered.
    pub const NUMBERED: [&'static str; 3] = ["1", "2", "3"];

    /// Whether it has a third coordinate.
    pub fn is_space(&self) -> bool {
        !self.heights.is_empty()
    }

    /// Where a row stands in space; on the plane where there is no third coordinate.
    pub fn in_space(&self, row: usize) -> Option<MapPoint> {
        let [x, y] = *self.places.get(row)?;
        Some([x, y, self.heights.get(row).copied().unwrap_or(0.0)])
    }
}

/// Molecules with what is known about them.
#[derive(Debug, Clone, Default)]
pub struct DataSet {
    /// What it is called.
    pub name: String,
    /// Stable name of each molecule.
    pub ids: Vec<String>,
    /// Each molecule as SMILES; empty where there is none.
    pub smiles: Vec<String>,
    /// Properties.
    pub columns: Vec<Column>,
    /// Latent vectors, where they are known.
    pub latents: Option<Arc<Latents>>,
    /// Places on the map, where it was made.
    pub map: Option<Arc<MapPlaces>>,
    /// Rows of the source that could not be used, with the reason.
    pub rejected: Vec<String>,
    /// Where it comes from: name and value, in order.
    pub provenance: Vec<(String, String)>,
}

impl Column {
    /// Heading and unit.
    pub fn title(&self) -> String {
        if self.unit.is_empty() { self.name.clone() } else { format!("{} ({})", self.name, self.unit) }
    }

    /// The value of a row as text.
    pub fn text(&self, row: usize) -> String {
        match &self.values {
            Values::Number(values) => number(values.get(row).copied().unwrap_or(f64::NAN)),
            Values::Text(values) => values.get(row).cloned().unwrap_or_default(),
        }
    }

    /// Smallest and largest finite number.
    pub fn range(&self) -> Option<[f64; 2]> {
        let Values::Number(values) = &self.values else { return None };
        let finite = values.iter().copied().filter(|value| value.is_finite());
        finite.fold(None, |range, value| match range {
            None => Some([value, value]),
            Some([low, high]) => Some([value.min(low), value.max(high)]),
        })
    }

    /// The different words and how often each occurs, the most frequent first, then by name.
    pub fn words(&self) -> Vec<(String, usize)> {
        let Values::Text(values) = &self.values else { return Vec::new() };
        let mut counts = BTreeMap::new();
        for value in values {
            *counts.entry(value.as_str()).or_insert(0) += 1;
        }
        let mut words: Vec<(String, usize)> = counts.into_iter().map(|(word, n)| (word.to_owned(), n)).collect();
        words.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        words
    }
}

impl Latents {
    /// The vector of a row.
    pub fn row(&self, row: usize) -> Option<&[f32]> {
        self.values.chunks_exact(self.dim.max(1)).nth(row)
    }
}

impl DataSet {
    /// How many molecules there are.
    pub fn n_rows(&self) -> usize {
        self.ids.len()
    }

    /// Whether any row is a molecule; the points of a toy surface are none.
    pub fn has_molecules(&self) -> bool {
        self.smiles.iter().any(|smiles| !smiles.is_empty())
    }

    /// The column of a name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The unit that is usual for a descriptor of RDKit's name, empty for others.
    pub fn usual_unit(name: &str) -> &'static str {
        match name {
            "MolWt" => "g/mol",
            "TPSA" => "Å²",
            _ => "",
        }
    }
}

/// A number as it is read on screen: at most four significant digits after the point, no trailing zeros.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return String::new();
    }
    if value == 0.0 {
        return "0".into();
    }
    let size = value.abs();
    if !(1e-4..1e7).contains(&size) {
        return format!("{value:.3e}");
    }
    let digits = (3 - size.log10().floor() as i32).clamp(0, 7) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_short_and_keep_four_digits() {
        let cases = [
            (0.0, "0"),
            (1.0, "1"),
            (312.402_5, "312.4"),
            (0.012_345, "0.01235"),
            (-2.5, "-2.5"),
            (1_234_567.0, "1234567"),
            (1e-9, "1.000e-9"),
            (f64::NAN, ""),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text, "{value}");
        }
    }
}
