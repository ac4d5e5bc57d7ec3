//! Points of an exploration as they are found, so that the map fills while it runs.

use std::sync::{Arc, Mutex};

use crate::landscape::explore::SightingKind;
use crate::projection::Projection;
use crate::workspace::pipeline::Sighted;

/// Points kept of each kind; of more, the newest.
const MOST: usize = 3000;

/// Where searches have ended, on the map.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Ends of hops, the newest last.
    pub hops: Vec<[f32; 2]>,
    /// Minima.
    pub minima: Vec<[f32; 2]>,
    /// Transition states.
    pub transition_states: Vec<[f32; 2]>,
    /// How many there were of each kind, kept or not.
    pub counts: [u64; 3],
}

/// What the job that explores and the map share. Clones share the same points.
#[derive(Debug, Clone, Default)]
pub struct Live {
    projection: Option<Arc<Projection>>,
    found: Arc<Mutex<Found>>,
}

impl Live {
    /// Nothing yet; without a projection nothing is shown.
    pub fn new(projection: Option<Arc<Projection>>) -> Self {
        Self { projection, found: Arc::default() }
    }

    /// Notes where a search ended. Hops are many: they are noted only where a place on the map costs next to nothing.
    pub fn note(&self, sighted: &Sighted) {
        let Some(projection) = &self.projection else { return };
        if sighted.kind == SightingKind::Hop && projection.plane().is_none() {
            return;
        }
        let Ok(places) = projection.transform(&sighted.latent) else { return };
        let Some([x, y, _]) = places.first().copied() else { return };
        let Ok(mut found) = self.found.lock() else { return };
        let (kind, list) = match sighted.kind {
            SightingKind::Hop => (0, &mut found.hops),
            SightingKind::Minimum => (1, &mut found.minima),
            SightingKind::TransitionState => (2, &mut found.transition_states),
        };
        if list.len() >= MOST {
            list.drain(..MOST / 2);
        }
        list.push([x, y]);
        found.counts[kind] += 1;
    }

    /// What has been found so far; none before the first point.
    pub fn so_far(&self) -> Option<Found> {
        let found = self.found.lock().ok()?;
        (found.counts.iter().sum::<u64>() > 0).then(|| found.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::silent;
    use crate::projection::{ProjectionMethod, ProjectionParams, fit};

    #[test]
    fn points_are_counted_placed_and_never_too_many() {
        let rows: Vec<f32> = (0..60).map(|k| ((k * 7 % 11) as f32 - 5.0) / 5.0).collect();
        let projection = fit(&ProjectionParams::plane(ProjectionMethod::Pca, 0), &rows, 3, &mut silent).unwrap();
        let live = Live::new(Some(Arc::new(projection)));
        assert!(live.so_far().is_none());
        let sighted = |kind| Sighted { kind, latent: vec![0.1, 0.2, 0.3], energy: 0.0 };
        (0..MOST + 10).for_each(|_| live.note(&sighted(SightingKind::Hop)));
        live.clone().note(&sighted(SightingKind::TransitionState));
        let found = live.so_far().unwrap();
        assert_eq!(found.counts, [MOST as u64 + 10, 0, 1]);
        assert!(found.hops.len() <= MOST && found.hops.iter().flatten().all(|v| v.is_finite()));
        Live::default().note(&sighted(SightingKind::Minimum));
        assert!(Live::default().so_far().is_none());
    }
}
