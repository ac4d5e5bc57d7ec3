//! When a task is done: conditions on the state, whatever way led there.

use serde::Deserialize;

use super::quantity::{Quantity, basins_below, lowest_two, top_rows};
use super::slow_motion::Method;
use crate::app::data::Values;
use crate::app::picture::{Layer, Step};
use crate::app::state::State;
use crate::evaluate::{Comparison, Verdict};

/// A condition on what the window shows.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Goal {
    /// A layer of the map is shown.
    Layer {
        /// Which.
        layer: Layer,
    },
    /// A step is shown.
    Step {
        /// Which.
        step: Step,
    },
    /// A column colours the map.
    ColourBy {
        /// Its name.
        column: String,
    },
    /// The selection holds at least so many rows, and their mean of a column is above that of all.
    SelectedAbove {
        /// The column.
        column: String,
        /// Rows at least.
        at_least: usize,
        /// The mean must reach the least value of this upper share of all rows, 0 to 1.
        share: f64,
    },
    /// At least so many selections have names.
    Named {
        /// How many.
        at_least: usize,
    },
    /// So many separate basins lie below the energy line.
    Basins {
        /// How many.
        n: usize,
    },
    /// The lowest minimum is marked, alone or with others.
    LowestMarked,
    /// The two lowest minima are marked.
    LowestTwoMarked,
    /// A film of this method has been played to its end.
    Film {
        /// Which.
        method: Method,
    },
    /// A number was typed that agrees with the computed one.
    Answer {
        /// What it should be.
        quantity: Quantity,
        /// Relative difference that is allowed.
        tolerance: f64,
    },
    /// All of these.
    All {
        /// The conditions.
        of: Vec<Goal>,
    },
}

impl Goal {
    /// Whether the state fulfils it; `answer` is the number typed last.
    pub fn is_met(&self, state: &State, answer: Option<f64>) -> bool {
        match self {
            Self::Layer { layer } => state.picture.shows(*layer) && state.layer_available(*layer).is_ok(),
            Self::Step { step } => state.picture.step == *step,
            Self::ColourBy { column } => state.picture.colour_by.as_ref() == Some(column),
            Self::SelectedAbove { column, at_least, share } => selected_above(state, column, *at_least, *share),
            Self::Named { at_least } => state.picture.named.len() >= *at_least,
            Self::Basins { n } => state.flood.and_then(|energy| basins_below(state, energy)) == Some(*n),
            Self::LowestMarked => {
                lowest_two(state).is_some_and(|[(lowest, _), _]| state.marked_minima.contains(&lowest))
            }
            Self::LowestTwoMarked => {
                lowest_two(state).is_some_and(|pair| pair.iter().all(|(id, _)| state.marked_minima.contains(id)))
            }
            Self::Film { method } => {
                state.screening.as_ref().is_some_and(|screening| screening.method == *method && screening.is_over())
            }
            Self::Answer { quantity, tolerance } => answer.zip(quantity.of(state)).is_some_and(|(given, wanted)| {
                (given - wanted).abs() <= tolerance * wanted.abs().max(f64::MIN_POSITIVE)
            }),
            Self::All { of } => of.iter().all(|goal| goal.is_met(state, answer)),
        }
    }

    /// Whether a number is to be typed.
    pub fn asks_for_number(&self) -> bool {
        match self {
            Self::Answer { .. } => true,
            Self::All { of } => of.iter().any(Self::asks_for_number),
            _ => false,
        }
    }
}

fn selected_above(state: &State, column: &str, at_least: usize, share: f64) -> bool {
    let Some(data) = state.data.as_ref() else { return false };
    let Some(Values::Number(values)) = data.column(column).map(|column| &column.values) else { return false };
    let selection = &state.picture.selection;
    let chosen: Vec<f64> =
        selection.iter().filter_map(|row| values.get(row).copied()).filter(|value| value.is_finite()).collect();
    let threshold = top_rows(state, column, share).and_then(|rows| rows.last().map(|&row| values[row]));
    chosen.len() >= at_least.max(1)
        && threshold.is_some_and(|threshold| chosen.iter().sum::<f64>() / chosen.len() as f64 >= threshold)
}

/// Pooled differences of a comparison that are detectable.
pub fn detectable(comparison: &Comparison) -> usize {
    comparison.pooled.iter().filter(|pooled| pooled.verdict != Verdict::NoDetectableDifference).count()
}
