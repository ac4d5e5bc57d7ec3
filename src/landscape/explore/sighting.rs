//! Points as they are found, for whoever watches an exploration.

use super::units::Outcome;

/// A point that a search has just ended at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sighting<'a> {
    /// What it is.
    pub kind: SightingKind,
    /// Place, shape (d,).
    pub x: &'a [f64],
    /// Its energy.
    pub energy: f64,
}

/// What was sighted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SightingKind {
    /// The end of a hop: near a minimum, not refined yet.
    Hop,
    /// A refined minimum.
    Minimum,
    /// A refined transition state.
    TransitionState,
}

impl Outcome {
    pub(super) fn sightings(&self, watch: &mut dyn FnMut(Sighting<'_>)) {
        let mut tell = |kind, x, energy| watch(Sighting { kind, x, energy });
        match self {
            Self::Hops(hops) => hops.ends.iter().for_each(|(x, energy)| tell(SightingKind::Hop, x, *energy)),
            Self::Minimum(Some(found)) => tell(SightingKind::Minimum, &found.x, found.energy),
            Self::Saddle(Ok(found)) => tell(SightingKind::TransitionState, &found.x, found.energy),
            Self::Ends(ends) => {
                ends.iter().flatten().for_each(|found| tell(SightingKind::Minimum, &found.x, found.energy));
            }
            _ => {}
        }
    }
}
