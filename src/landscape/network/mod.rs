//! The kinetic transition network: minima joined by transition states.
//!
//! Ids are handed out in order and never reused, so an id means the same point for the whole life of a network,
//! through removals, merges and files. Several transition states between the same two minima are kept (“parallel”),
//! and so is one that returns to its own minimum (“degenerate”). All iteration is in the order of ids.

mod error;
mod points;
mod record;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::same_point::{PointIndex, SamePoint};
pub use error::{Added, Merged, NetworkError};
pub use points::{Minimum, MinimumId, Support, TransitionState, TransitionStateId};
use record::NetworkRecord;

/// Minima joined by transition states; see the module's first paragraph.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "NetworkRecord", into = "NetworkRecord")]
pub struct KineticTransitionNetwork {
    same_point: SamePoint,
    minima: Vec<Minimum>,
    transition_states: Vec<TransitionState>,
    next_minimum: u32,
    next_transition_state: u32,
    /// Beside `minima`: the transition states of each in the order of ids; a degenerate one is listed once.
    adjacency: Vec<Vec<TransitionStateId>>,
    minimum_index: PointIndex,
    transition_state_index: PointIndex,
}

impl PartialEq for KineticTransitionNetwork {
    fn eq(&self, other: &Self) -> bool {
        self.same_point == other.same_point
            && self.minima == other.minima
            && self.transition_states == other.transition_states
            && (self.next_minimum, self.next_transition_state) == (other.next_minimum, other.next_transition_state)
    }
}

impl KineticTransitionNetwork {
    /// An empty network of the dimension of `same_point`, the test that decides which points are duplicates.
    ///
    /// # Errors
    /// [`NetworkError::Test`] when a scale is not finite and > 0, or the energy tolerance is not > 0.
    pub fn new(same_point: SamePoint) -> Result<Self, NetworkError> {
        let bad = same_point.scale.iter().position(|s| !(s.is_finite() && *s > 0.0));
        if bad.is_some() || same_point.energy.is_nan() || same_point.energy <= 0.0 {
            let index = bad.unwrap_or(0);
            let scale = same_point.scale.get(index).copied().unwrap_or(f64::NAN);
            return Err(NetworkError::Test { index, scale, energy: same_point.energy });
        }
        let n_dims = same_point.n_dims();
        Ok(Self {
            same_point,
            minima: Vec::new(),
            transition_states: Vec::new(),
            next_minimum: 0,
            next_transition_state: 0,
            adjacency: Vec::new(),
            minimum_index: PointIndex::new(n_dims),
            transition_state_index: PointIndex::new(n_dims),
        })
    }

    /// An empty network in the unit box with the reference's duplicate test.
    pub fn in_unit_box(n_dims: usize) -> Self {
        Self::new(SamePoint::unit_box(n_dims)).expect("the reference's tolerances are positive")
    }

    /// Number of coordinates of every point.
    pub fn n_dims(&self) -> usize {
        self.same_point.n_dims()
    }

    /// The test that decides which points are duplicates.
    pub fn same_point(&self) -> &SamePoint {
        &self.same_point
    }

    /// The minima, in the order of ids.
    pub fn minima(&self) -> &[Minimum] {
        &self.minima
    }

    /// The transition states, in the order of ids.
    pub fn transition_states(&self) -> &[TransitionState] {
        &self.transition_states
    }

    /// The minimum with this id, unless it was removed.
    pub fn minimum(&self, id: MinimumId) -> Option<&Minimum> {
        self.minimum_position(id).map(|position| &self.minima[position])
    }

    /// The transition state with this id, unless it was removed.
    pub fn transition_state(&self, id: TransitionStateId) -> Option<&TransitionState> {
        self.transition_state_position(id).map(|position| &self.transition_states[position])
    }

    /// Where the minimum stands in [`Self::minima`]; O(log N).
    pub fn minimum_position(&self, id: MinimumId) -> Option<usize> {
        position_by_id(&self.minima, id.0, |m| m.id.0)
    }

    /// Where the transition state stands in [`Self::transition_states`]; O(log N).
    pub fn transition_state_position(&self, id: TransitionStateId) -> Option<usize> {
        position_by_id(&self.transition_states, id.0, |t| t.id.0)
    }

    /// The transition states at a minimum, in the order of ids; a degenerate one comes once. Empty for an unknown id.
    pub fn transition_states_of(&self, id: MinimumId) -> impl Iterator<Item = &TransitionState> {
        let ids = self.minimum_position(id).map_or(&[][..], |position| self.adjacency[position].as_slice());
        ids.iter().map(|&t| self.transition_state(t).expect("the adjacency lists only transition states held"))
    }

    /// The same minimum as (x, energy), if the network holds one: the nearest, then the one with the lowest id.
    pub fn find_minimum(&self, x: &[f64], energy: f64) -> Option<MinimumId> {
        let candidates = self.minimum_index.candidates(x, &self.same_point);
        let known = candidates.into_iter().filter_map(|id| self.minimum(MinimumId(id)));
        self.nearest_match(x, energy, known.map(|m| (m.id, m.x.as_slice(), m.energy)))
    }

    /// The same transition state as (x, energy), if the network holds one, whatever minima it joins.
    pub fn find_transition_state(&self, x: &[f64], energy: f64) -> Option<TransitionStateId> {
        let candidates = self.transition_state_index.candidates(x, &self.same_point);
        let known = candidates.into_iter().filter_map(|id| self.transition_state(TransitionStateId(id)));
        self.nearest_match(x, energy, known.map(|t| (t.id, t.x.as_slice(), t.energy)))
    }

    /// Adds a minimum unless the network holds the same one; what is held stays as it is.
    ///
    /// # Errors
    /// When the point has another dimension, or is not finite.
    pub fn add_minimum(
        &mut self,
        x: Vec<f64>,
        energy: f64,
        support: Support,
    ) -> Result<Added<MinimumId>, NetworkError> {
        self.check_point(&x, energy)?;
        if let Some(id) = self.find_minimum(&x, energy) {
            return Ok(Added::Known(id));
        }
        self.push_minimum(x, energy, support).map(Added::New)
    }

    /// Adds a minimum without the duplicate test, as readers of files must.
    ///
    /// # Errors
    /// When the point has another dimension, or is not finite.
    pub fn push_minimum(&mut self, x: Vec<f64>, energy: f64, support: Support) -> Result<MinimumId, NetworkError> {
        self.check_point(&x, energy)?;
        let id = MinimumId(self.next_minimum);
        self.next_minimum += 1;
        self.insert_minimum(Minimum { id, x, energy, support });
        Ok(id)
    }

    /// Adds a transition state between two minima of the network, unless the network holds the same point.
    ///
    /// # Errors
    /// When the point has another dimension, is not finite, or names a minimum the network does not hold.
    pub fn add_transition_state(
        &mut self,
        x: Vec<f64>,
        energy: f64,
        minima: (MinimumId, MinimumId),
        support: Support,
    ) -> Result<Added<TransitionStateId>, NetworkError> {
        self.check_point(&x, energy)?;
        self.check_ends(minima)?;
        if let Some(id) = self.find_transition_state(&x, energy) {
            return Ok(Added::Known(id));
        }
        self.push_transition_state(x, energy, minima, support).map(Added::New)
    }

    /// Adds a transition state without the duplicate test, as readers of files must.
    ///
    /// # Errors
    /// When the point has another dimension, is not finite, or names a minimum the network does not hold.
    pub fn push_transition_state(
        &mut self,
        x: Vec<f64>,
        energy: f64,
        minima: (MinimumId, MinimumId),
        support: Support,
    ) -> Result<TransitionStateId, NetworkError> {
        self.check_point(&x, energy)?;
        self.check_ends(minima)?;
        let id = TransitionStateId(self.next_transition_state);
        self.next_transition_state += 1;
        self.insert_transition_state(TransitionState { id, x, energy, minima, support });
        Ok(id)
    }

    /// Moves a minimum to a better converged place; its id and its transition states stay.
    ///
    /// # Errors
    /// When the network holds no such minimum, or the point has another dimension, or is not finite.
    pub fn replace_minimum(
        &mut self,
        id: MinimumId,
        x: Vec<f64>,
        energy: f64,
        support: Support,
    ) -> Result<(), NetworkError> {
        self.check_point(&x, energy)?;
        let position = self.minimum_position(id).ok_or(NetworkError::UnknownMinimum(id))?;
        self.minimum_index.remove(id.0, &self.minima[position].x, &self.same_point);
        self.minimum_index.insert(id.0, &x, &self.same_point);
        self.minima[position] = Minimum { id, x, energy, support };
        Ok(())
    }

    /// Removes minima and every transition state at one of them; unknown ids are ignored. Returns how many of each
    /// went. O(N) for any number of ids.
    pub fn remove_minima(&mut self, ids: &[MinimumId]) -> (usize, usize) {
        let gone: BTreeSet<MinimumId> = ids.iter().copied().filter(|&id| self.minimum(id).is_some()).collect();
        let dangling: Vec<TransitionStateId> = self
            .transition_states
            .iter()
            .filter(|t| gone.contains(&t.minima.0) || gone.contains(&t.minima.1))
            .map(|t| t.id)
            .collect();
        let n_transition_states = self.remove_transition_states(&dangling);
        for m in self.minima.iter().filter(|m| gone.contains(&m.id)) {
            self.minimum_index.remove(m.id.0, &m.x, &self.same_point);
        }
        let mut minima = self.minima.iter();
        self.adjacency.retain(|_| minima.next().is_some_and(|m| !gone.contains(&m.id)));
        self.minima.retain(|m| !gone.contains(&m.id));
        (gone.len(), n_transition_states)
    }

    /// Removes transition states; unknown ids are ignored. Returns how many went. O(N) for any number of ids.
    pub fn remove_transition_states(&mut self, ids: &[TransitionStateId]) -> usize {
        let gone: BTreeSet<TransitionStateId> =
            ids.iter().copied().filter(|&id| self.transition_state(id).is_some()).collect();
        for t in self.transition_states.iter().filter(|t| gone.contains(&t.id)) {
            self.transition_state_index.remove(t.id.0, &t.x, &self.same_point);
            for end in [t.minima.0, t.minima.1] {
                let position = position_by_id(&self.minima, end.0, |m| m.id.0).expect("every end is a minimum");
                self.adjacency[position].retain(|id| *id != t.id);
            }
        }
        self.transition_states.retain(|t| !gone.contains(&t.id));
        gone.len()
    }

    /// Joins two minima that turned out to be one: the transition states of `gone` move to `kept`, `gone` is removed.
    ///
    /// # Errors
    /// When the network holds one of them not.
    pub fn join_minima(&mut self, kept: MinimumId, gone: MinimumId) -> Result<(), NetworkError> {
        self.check_ends((kept, gone))?;
        if kept == gone {
            return Ok(());
        }
        let position_of = |id| self.minimum_position(id).expect("both ends were checked");
        let (at_kept, at_gone) = (position_of(kept), position_of(gone));
        let moved = std::mem::take(&mut self.adjacency[at_gone]);
        for id in moved {
            let position = self.transition_state_position(id).expect("the adjacency lists only what is held");
            let t = &mut self.transition_states[position];
            let moved_end = |end: MinimumId| if end == gone { kept } else { end };
            t.minima = (moved_end(t.minima.0), moved_end(t.minima.1));
            let list = &mut self.adjacency[at_kept];
            if let Err(place) = list.binary_search(&id) {
                list.insert(place, id);
            }
        }
        self.remove_minima(&[gone]);
        Ok(())
    }

    /// Adds what another network holds and this one does not, under new ids; this network's duplicate test decides.
    ///
    /// # Errors
    /// [`NetworkError::Dimension`] when the networks differ in dimension; nothing is changed then.
    pub fn merge(&mut self, other: &Self) -> Result<Merged, NetworkError> {
        if other.n_dims() != self.n_dims() {
            return Err(NetworkError::Dimension { found: other.n_dims(), expected: self.n_dims() });
        }
        let mut minima = Vec::with_capacity(other.minima.len());
        for m in &other.minima {
            minima.push((m.id, self.add_minimum(m.x.clone(), m.energy, m.support)?));
        }
        let here = |id: MinimumId| {
            let position = minima.binary_search_by_key(&id, |(there, _)| *there).expect("every end is a minimum");
            minima[position].1.id()
        };
        let mut transition_states = Vec::with_capacity(other.transition_states.len());
        for t in &other.transition_states {
            let ends = (here(t.minima.0), here(t.minima.1));
            transition_states.push((t.id, self.add_transition_state(t.x.clone(), t.energy, ends, t.support)?));
        }
        Ok(Merged { minima, transition_states })
    }

    /// Changes the duplicate test for points added from now on; points already held stay, duplicates or not.
    ///
    /// # Errors
    /// When the test is not valid or has another dimension.
    pub fn set_same_point(&mut self, same_point: SamePoint) -> Result<(), NetworkError> {
        if same_point.n_dims() != self.n_dims() {
            return Err(NetworkError::Dimension { found: same_point.n_dims(), expected: self.n_dims() });
        }
        let mut fresh = Self::new(same_point)?;
        for m in &self.minima {
            fresh.minimum_index.insert(m.id.0, &m.x, &fresh.same_point);
        }
        for t in &self.transition_states {
            fresh.transition_state_index.insert(t.id.0, &t.x, &fresh.same_point);
        }
        self.same_point = fresh.same_point;
        self.minimum_index = fresh.minimum_index;
        self.transition_state_index = fresh.transition_state_index;
        Ok(())
    }

    /// The ids that the next minimum and the next transition state will get.
    pub(in crate::landscape) fn next_ids(&self) -> (u32, u32) {
        (self.next_minimum, self.next_transition_state)
    }

    /// A network from what a file holds: points in the order of ids, and the next free ids. An error comes with the
    /// list (“minima” or “`transition_states`”) and the row, counted from 0, of the point at fault.
    pub(in crate::landscape) fn from_parts(
        same_point: SamePoint,
        minima: Vec<Minimum>,
        transition_states: Vec<TransitionState>,
        next: (u32, u32),
    ) -> Result<Self, (&'static str, usize, NetworkError)> {
        let mut ktn = Self::new(same_point).map_err(|error| ("minima", 0, error))?;
        let (in_minima, in_states) = (at_row("minima"), at_row("transition_states"));
        check_order("minimum", minima.iter().map(|m| m.id.0), next.0).map_err(in_minima)?;
        check_order("transition state", transition_states.iter().map(|t| t.id.0), next.1).map_err(in_states)?;
        for (row, m) in minima.into_iter().enumerate() {
            ktn.check_point(&m.x, m.energy).map_err(|error| in_minima((row, error)))?;
            ktn.insert_minimum(m);
        }
        for (row, t) in transition_states.into_iter().enumerate() {
            let checked = ktn.check_point(&t.x, t.energy).and_then(|()| ktn.check_ends(t.minima));
            checked.map_err(|error| in_states((row, error)))?;
            ktn.insert_transition_state(t);
        }
        (ktn.next_minimum, ktn.next_transition_state) = next;
        Ok(ktn)
    }

    fn nearest_match<'a, Id: Ord + Copy>(
        &self,
        x: &[f64],
        energy: f64,
        known: impl Iterator<Item = (Id, &'a [f64], f64)>,
    ) -> Option<Id> {
        known
            .filter(|(_, other, other_energy)| self.same_point.matches(x, energy, other, *other_energy))
            .map(|(id, other, _)| (self.same_point.scaled_distance2(x, other), id))
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
            .map(|(_, id)| id)
    }

    fn check_point(&self, x: &[f64], energy: f64) -> Result<(), NetworkError> {
        if x.len() != self.n_dims() {
            return Err(NetworkError::Dimension { found: x.len(), expected: self.n_dims() });
        }
        if let Some(index) = x.iter().position(|v| !v.is_finite()) {
            return Err(NetworkError::Coordinate { index, value: x[index] });
        }
        if energy.is_finite() { Ok(()) } else { Err(NetworkError::Energy(energy)) }
    }

    fn check_ends(&self, minima: (MinimumId, MinimumId)) -> Result<(), NetworkError> {
        for end in [minima.0, minima.1] {
            self.minimum(end).ok_or(NetworkError::UnknownMinimum(end))?;
        }
        Ok(())
    }

    fn insert_minimum(&mut self, minimum: Minimum) {
        self.minimum_index.insert(minimum.id.0, &minimum.x, &self.same_point);
        self.adjacency.push(Vec::new());
        self.minima.push(minimum);
    }

    fn insert_transition_state(&mut self, t: TransitionState) {
        self.transition_state_index.insert(t.id.0, &t.x, &self.same_point);
        let position_of = |id| self.minimum_position(id).expect("the ends were checked");
        let (first, second) = (position_of(t.minima.0), position_of(t.minima.1));
        self.adjacency[first].push(t.id);
        if first != second {
            self.adjacency[second].push(t.id);
        }
        self.transition_states.push(t);
    }
}

/// Finds an id in a list sorted by id; ids without gaps are found at once.
fn position_by_id<T>(items: &[T], id: u32, id_of: impl Fn(&T) -> u32) -> Option<usize> {
    match items.get(id as usize) {
        Some(item) if id_of(item) == id => Some(id as usize),
        _ => items.binary_search_by_key(&id, id_of).ok(),
    }
}

fn at_row(list: &'static str) -> impl Fn((usize, NetworkError)) -> (&'static str, usize, NetworkError) + Copy {
    move |(row, error)| (list, row, error)
}

fn check_order(kind: &'static str, ids: impl Iterator<Item = u32>, next: u32) -> Result<(), (usize, NetworkError)> {
    let mut lowest = 0;
    for (row, id) in ids.enumerate() {
        if id < lowest || id >= next {
            return Err((row, NetworkError::Order { kind, id, next }));
        }
        lowest = id + 1;
    }
    Ok(())
}
