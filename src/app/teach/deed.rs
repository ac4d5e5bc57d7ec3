//! The solution of a task: deeds that go through the same actions as the person's.

use std::sync::Arc;

use serde::Deserialize;

use super::quantity::{Quantity, energy_with_basins, lowest_two, top_rows};
use super::slow_motion::Method;
use crate::app::action::{Action, FilmAction, LandscapeAction, LessonAction, PictureAction};
use crate::app::data::{RowSet, SetOperation};
use crate::app::picture::{Layer, Step};
use crate::app::state::State;

/// Something that a person could do.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Deed {
    /// Show a layer of the map.
    Layer {
        /// Which.
        layer: Layer,
    },
    /// Go to a step.
    Step {
        /// Which.
        step: Step,
    },
    /// Colour the map by a column.
    ColourBy {
        /// Its name.
        column: String,
    },
    /// Select the rows with the greatest values of a column.
    SelectTop {
        /// The column.
        column: String,
        /// Which share of all, 0 to 1.
        share: f64,
    },
    /// Name the selection.
    Name {
        /// The name.
        name: String,
    },
    /// Move the energy line to where so many basins are separate.
    Flood {
        /// How many.
        basins: usize,
    },
    /// Mark the lowest minimum.
    MarkLowest,
    /// Mark the two lowest minima.
    MarkLowestTwo,
    /// Record a search and look at it to its end.
    Film {
        /// Which.
        method: Method,
    },
    /// Type the number asked for.
    Answer {
        /// Which.
        quantity: Quantity,
    },
}

impl Deed {
    /// What it asks of the window now.
    ///
    /// # Errors
    /// Why it cannot be done in this state.
    pub fn actions(&self, state: &State) -> Result<Vec<Action>, String> {
        let no_landscape = || "there is no landscape".to_owned();
        Ok(match self {
            Self::Layer { layer } => {
                state.layer_available(*layer)?;
                let shown = state.picture.shows(*layer);
                if shown { Vec::new() } else { vec![PictureAction::ToggleLayer(*layer).into()] }
            }
            Self::Step { step } => vec![PictureAction::GoTo(*step).into()],
            Self::ColourBy { column } => {
                let known = state.data.as_ref().is_some_and(|data| data.column(column).is_some());
                if !known {
                    return Err(format!("there is no column “{column}”"));
                }
                vec![PictureAction::ColourBy(Some(column.clone())).into()]
            }
            Self::SelectTop { column, share } => {
                let rows = top_rows(state, column, *share).ok_or_else(|| format!("there is no number “{column}”"))?;
                let rows = Arc::new(RowSet::of(state.n_rows(), rows));
                vec![PictureAction::Select { rows, operation: SetOperation::Replace, by: "lesson" }.into()]
            }
            Self::Name { name } => vec![PictureAction::Name(name.clone()).into()],
            Self::Flood { basins } => {
                let energy = energy_with_basins(state, *basins)
                    .ok_or_else(|| format!("no energy leaves exactly {basins} basins apart"))?;
                vec![LandscapeAction::Flood(Some(energy)).into()]
            }
            Self::MarkLowest => {
                let [(lowest, _), _] = lowest_two(state).ok_or_else(no_landscape)?;
                vec![LandscapeAction::SelectMinima(vec![lowest]).into()]
            }
            Self::MarkLowestTwo => {
                let pair = lowest_two(state).ok_or_else(no_landscape)?;
                vec![LandscapeAction::SelectMinima(pair.iter().map(|(id, _)| *id).collect()).into()]
            }
            Self::Film { method } => {
                vec![FilmAction::Record(*method).into(), FilmAction::Seek(usize::MAX).into()]
            }
            Self::Answer { quantity } => {
                let value = quantity.of(state).ok_or_else(|| format!("{quantity:?} cannot be computed here"))?;
                vec![LessonAction::Answer(value).into()]
            }
        })
    }
}
