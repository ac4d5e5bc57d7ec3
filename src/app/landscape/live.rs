//! Points of an exploration as they are found, so that the map fills while it runs.

use std::sync::{Arc, Mutex, OnceLock};

use crate::app::data::DataSet;
use crate::app::picture::Picture;
use crate::app::study::OpenStudy;
use crate::landscape::explore::SightingKind;
use crate::projection::{MapPoint, Projection};
use crate::workspace::pipeline::Sighted;

/// Points kept of each kind; of more, the newest.
const MOST: usize = 3000;

/// Where searches have ended, on the map.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Ends of hops, the newest last.
    pub hops: Vec<MapPoint>,
    /// Minima.
    pub minima: Vec<MapPoint>,
    /// Transition states.
    pub transition_states: Vec<MapPoint>,
    /// How many there were of each kind, kept or not.
    pub counts: [u64; 3],
}

/// The study as it stands when its molecules are placed.
pub type Ground = (OpenStudy, Option<DataSet>, Option<Picture>);

/// What the job that explores and the map share. Clones share the same points.
#[derive(Debug, Clone, Default)]
pub struct Live {
    projection: Arc<OnceLock<Arc<Projection>>>,
    found: Arc<Mutex<Found>>,
    /// Whether a map is to be shown as soon as there is one.
    awaits_ground: bool,
    ground: Arc<Mutex<Option<Box<Ground>>>>,
}

impl Live {
    /// Nothing yet. Without a projection, points are shown from when the molecules are placed.
    pub fn new(projection: Option<Arc<Projection>>) -> Self {
        let awaits_ground = projection.is_none();
        let known = OnceLock::new();
        if let Some(projection) = projection {
            known.get_or_init(|| projection);
        }
        Self { projection: Arc::new(known), awaits_ground, ..Self::default() }
    }

    /// Whether there is nothing yet to show points on, and [`Self::show_on`] is waited for.
    pub fn awaits_ground(&self) -> bool {
        self.awaits_ground && self.projection.get().is_none()
    }

    /// The molecules are placed: points are shown on their map from now on.
    pub fn show_on(&self, ground: Ground) {
        let Some(projection) = ground.0.projection.clone() else { return };
        if self.projection.set(projection).is_ok()
            && let Ok(mut slot) = self.ground.lock()
        {
            *slot = Some(Box::new(ground));
        }
    }

    /// The study with its molecules, once.
    pub fn take_ground(&self) -> Option<Box<Ground>> {
        self.ground.lock().ok()?.take()
    }

    /// Notes where a search ended. Hops are many: they are noted only where a place on the map costs next to nothing.
    pub fn note(&self, sighted: &Sighted) {
        let Some(projection) = self.projection.get() else { return };
        if sighted.kind == SightingKind::Hop && projection.plane().is_none() {
            return;
        }
        let Ok(places) = projection.transform(&sighted.latent) else { return };
        let Some(place) = places.first().copied() else { return };
        let Ok(mut found) = self.found.lock() else { return };
        let (kind, list) = match sighted.kind {
            SightingKind::Hop => (0, &mut found.hops),
            SightingKind::Minimum => (1, &mut found.minima),
            SightingKind::TransitionState => (2, &mut found.transition_states),
        };
        if list.len() >= MOST {
            list.drain(..MOST / 2);
        }
        list.push(place);
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
