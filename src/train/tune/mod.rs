//! Continued pretraining on a fill set (METHOD section 7): the objective of pretraining, few steps, and strategies that
//! hold on to what the model knew. Only the transformer learns; the projectors stay as they are.
//!
//! What frustration a region has before and after is not computed here: `train` knows no landscape.

mod adapters;
pub mod clusters;
mod error;
mod folder;
mod log;
mod molecules;
mod params;
mod run;
mod trial;
mod tuned;
mod tuning;

use std::path::Path;

use crate::jobs::Observe;

pub use error::TuneError;
pub use params::{Clustering, EarlyStop, LoraParams, PrototypeParams, ReplayParams, Strategy, TuneParams};
pub use trial::Trial;
pub use tuned::{Metrics, Sizes, Tuned, Validation};
pub use tuning::{Live, Snapshot, Tuning};

/// Tunes the checkpoint in `base` on a fill set, or goes on where the run saved in `folder` stands.
///
/// * `fill`, `corpus`, `validation` – molecules as SELFIES, with or without spaces between symbols; the corpus is for
///   replay and prototypes and may be empty for strategies without, the validation set may be empty
/// * `folder` – where the tuned checkpoint goes: a Hugging Face folder with `log.csv` (a row a step), `tuning.json`
///   ([`Tuned`]), `timing.json` and, for adapters, `adapter` with the adapters alone as peft reads them
/// * `observe` – asked at every step; when it breaks, the state is saved and the result says so
///
/// A folder whose run is done is not computed again: its result is read back.
///
/// # Errors
/// The checkpoint cannot be read or trained; no molecule can be used; files cannot be read or written; `folder` holds
/// something else.
pub fn tune(
    base: &Path,
    fill: &[String],
    corpus: &[String],
    validation: &[String],
    params: &TuneParams,
    folder: &Path,
    observe: Observe,
) -> Result<Tuned, TuneError> {
    Tuning::prepare(base, [fill, corpus, validation], params)?.run(folder, observe, &mut |_| {})
}
