//! The stages of an exploration and the value that carries it from one to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::Instant;

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::pairs::nearest_pairs;
use super::params::ExploreParams;
use super::sighting::Sighting;
use super::units::{Outcome, Unit, random_start, search, stream_of};
use crate::jobs::{Observe, Progress};
use crate::landscape::search::bounds::{clip, mean_width};
use crate::landscape::search::lockstep::{Evaluations, Event, run};
use crate::landscape::search::stationary::{Spectrum, StationaryPoint};
use crate::landscape::{KineticTransitionNetwork, MinimumId, SamePoint, Support, Surface};

/// Where an exploration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Basin-hopping.
    Minima,
    /// Newton's method on the distinct ends of the hops.
    Refinement,
    /// Bands between near minima.
    Paths,
    /// Saddle searches.
    Saddles,
    /// Descents from the transition states.
    Descents,
    /// A fresh look at every stationary point.
    Validation,
    /// Nothing is left to do.
    Finished,
}

impl Stage {
    /// The stage in the words of progress and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Minima => "minima",
            Self::Refinement => "refinement",
            Self::Paths => "paths",
            Self::Saddles => "saddles",
            Self::Descents => "descents",
            Self::Validation => "validation",
            Self::Finished => "finished",
        }
    }
}

/// Why an exploration is not running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// New points stopped appearing (or the one round of a preset was done).
    Converged,
    /// The last round allowed still found something.
    RoundLimit,
    /// It was asked to stop and can be resumed.
    Cancelled,
}

/// Why no exploration could start.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ExploreError {
    /// The starts are not rows of the surface's dimension.
    #[error("could not explore: {found} start coordinates are no rows of {dim}")]
    Starts {
        /// Coordinates found.
        found: usize,
        /// Dimension of the surface.
        dim: usize,
    },
    /// A start is NaN or infinite.
    #[error("could not explore: start {index} holds a coordinate that is not finite")]
    NotFinite {
        /// The first bad start, counted from 0.
        index: usize,
    },
    /// There is nowhere to start from.
    #[error("could not explore: there are no starts, neither given nor random; give points or set n_random_starts")]
    NoStarts,
    /// The surface has the same energy at all starts.
    #[error(
        "could not explore: the energy is {energy} at every start, a flat surface has no isolated stationary points"
    )]
    Flat {
        /// The energy.
        energy: f64,
    },
    /// A saved exploration belongs to another surface.
    #[error("could not resume: the saved exploration has {found} dimensions, but the surface has {expected}")]
    OtherSurface {
        /// Dimension of the saved exploration.
        found: usize,
        /// Dimension of the surface.
        expected: usize,
    },
    /// The duplicate test cannot be made from the settings.
    #[error("could not explore with same_distance {distance} and same_energy {energy}: both must be finite and > 0")]
    Tolerances {
        /// `same_distance`
        distance: f64,
        /// `same_energy`
        energy: f64,
    },
}

/// An exploration under way, finished or waiting: everything needed to carry on is in here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exploration {
    params: ExploreParams,
    /// Given starts, shape (n, d); for a fitted surface its data points.
    starts: Vec<f64>,
    network: KineticTransitionNetwork,
    stage: Stage,
    round: usize,
    quiet: usize,
    /// Minima and transition states when the round began.
    before_round: (usize, usize),
    units: Vec<Unit>,
    outcomes: Vec<Option<Outcome>>,
    /// Starts of the next saddle searches, from the bands.
    candidates: Vec<Vec<f64>>,
    /// Pairs of minima a band was laid between.
    tried: BTreeSet<(MinimumId, MinimumId)>,
    /// Minima saddle searches were started from: ids below this.
    followed: u32,
    failures: BTreeMap<String, u64>,
    evaluations: BTreeMap<String, Evaluations>,
    seconds: BTreeMap<String, f64>,
    stop_reason: StopReason,
}

impl Exploration {
    /// A new exploration of `surface` from `starts`, shape (n, d): the data points of a fitted surface.
    ///
    /// # Errors
    /// [`ExploreError`] when there is nothing to explore or the starts do not fit.
    pub fn new(surface: &dyn Surface, starts: &[f64], params: ExploreParams) -> Result<Self, ExploreError> {
        let dim = surface.dim();
        if !starts.len().is_multiple_of(dim) {
            return Err(ExploreError::Starts { found: starts.len(), dim });
        }
        if let Some(at) = starts.iter().position(|x| !x.is_finite()) {
            return Err(ExploreError::NotFinite { index: at / dim });
        }
        if starts.is_empty() && params.n_random_starts == 0 {
            return Err(ExploreError::NoStarts);
        }
        check_not_flat(surface, starts)?;
        let (distance, energy) = (params.same_distance, params.same_energy);
        let same = SamePoint::in_box(surface.lower(), surface.upper(), distance, energy);
        let network = KineticTransitionNetwork::new(same).map_err(|_| ExploreError::Tolerances { distance, energy })?;
        let mut exploration = Self {
            params,
            starts: starts.to_vec(),
            network,
            stage: Stage::Minima,
            round: 0,
            quiet: 0,
            before_round: (0, 0),
            units: Vec::new(),
            outcomes: Vec::new(),
            candidates: Vec::new(),
            tried: BTreeSet::new(),
            followed: 0,
            failures: BTreeMap::new(),
            evaluations: BTreeMap::new(),
            seconds: BTreeMap::new(),
            stop_reason: StopReason::Cancelled,
        };
        exploration.begin_round(surface);
        Ok(exploration)
    }

    /// The network so far: everything of the stages that are finished.
    pub fn network(&self) -> &KineticTransitionNetwork {
        &self.network
    }

    /// The network with what the stage under way has found as well: every point in it is converged and of its index,
    /// but repeats may be told apart otherwise once the stage is complete. For showing what a cancelled run came to.
    pub fn network_so_far(&self, surface: &dyn Surface) -> KineticTransitionNetwork {
        let mut copy = self.clone();
        let outcomes = std::mem::take(&mut copy.outcomes);
        let done = std::mem::take(&mut copy.units).into_iter().zip(outcomes);
        let (units, outcomes): (Vec<Unit>, Vec<Outcome>) =
            done.filter_map(|(unit, outcome)| outcome.map(|outcome| (unit, outcome))).unzip();
        match self.stage {
            Stage::Refinement => copy.file_minima(surface, outcomes),
            Stage::Descents => copy.file_transition_states(surface, &units, outcomes),
            _ => {}
        }
        copy.network
    }

    /// The settings.
    pub fn params(&self) -> &ExploreParams {
        &self.params
    }

    /// The starts it was made with, shape (n, d).
    pub fn starts(&self) -> &[f64] {
        &self.starts
    }

    /// Whether nothing is left to do.
    pub fn is_finished(&self) -> bool {
        self.stage == Stage::Finished
    }

    /// Where it stands.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Why it is not running.
    pub fn stop_reason(&self) -> StopReason {
        self.stop_reason
    }

    /// Rounds finished.
    pub fn rounds(&self) -> usize {
        self.round
    }

    /// Searches that found nothing, by reason.
    pub fn failures(&self) -> &BTreeMap<String, u64> {
        &self.failures
    }

    /// Evaluations by stage.
    pub fn evaluations(&self) -> &BTreeMap<String, Evaluations> {
        &self.evaluations
    }

    /// Wall-clock seconds by stage.
    pub fn seconds(&self) -> &BTreeMap<String, f64> {
        &self.seconds
    }

    /// Adds the seconds of work done outside, such as the fit.
    pub fn add_seconds(&mut self, stage: &str, seconds: f64) {
        *self.seconds.entry(stage.to_owned()).or_default() += seconds;
    }

    /// Pairs of minima that bands were laid between.
    pub fn pairs(&self) -> impl Iterator<Item = (MinimumId, MinimumId)> {
        self.tried.iter().copied()
    }

    fn fail(&mut self, reason: &str, count: u64) {
        if count > 0 {
            *self.failures.entry(reason.to_owned()).or_default() += count;
        }
    }

    fn set_units(&mut self, stage: Stage, units: Vec<Unit>) {
        self.stage = stage;
        self.outcomes = vec![None; units.len()];
        self.units = units;
    }

    fn begin_round(&mut self, surface: &dyn Surface) {
        self.before_round = (self.network.minima().len(), self.network.transition_states().len());
        let mut units = Vec::new();
        let mut stream = (self.round as u64) << 32;
        if self.round == 0 {
            for start in self.starts.chunks_exact(surface.dim()) {
                stream += 1;
                units.push(Unit::Hop { start: start.to_vec(), stream });
            }
        }
        let mut rng = stream_of(self.params.seed, u64::MAX - 2 * self.round as u64);
        for _ in 0..self.params.n_random_starts {
            stream += 1;
            units.push(Unit::Hop { start: random_start(surface, &mut rng), stream });
        }
        self.set_units(Stage::Minima, units);
    }

    /// Files the outcomes of the stage that has ended and makes the units of the next one.
    fn advance(&mut self, surface: &dyn Surface) {
        let outcomes: Vec<Outcome> = std::mem::take(&mut self.outcomes).into_iter().flatten().collect();
        let units = std::mem::take(&mut self.units);
        match self.stage {
            Stage::Minima => self.begin_refinement(outcomes),
            Stage::Refinement => {
                self.file_minima(surface, outcomes);
                self.begin_paths();
            }
            Stage::Paths => {
                self.file_bands(outcomes);
                self.begin_saddles(surface);
            }
            Stage::Saddles => self.begin_descents(outcomes),
            Stage::Descents => {
                self.file_transition_states(surface, &units, outcomes);
                self.end_round(surface);
            }
            Stage::Validation => {
                self.file_validation(&outcomes);
                self.set_units(Stage::Finished, Vec::new());
            }
            Stage::Finished => {}
        }
    }

    fn begin_refinement(&mut self, outcomes: Vec<Outcome>) {
        // A second network finds repeats among the ends by its index.
        let mut seen = KineticTransitionNetwork::new(self.network.same_point().clone()).expect("checked before");
        let mut units = Vec::new();
        for outcome in outcomes {
            let Outcome::Hops(hops) = outcome else { continue };
            self.fail("minimisation reached its iteration limit (its end is still refined)", hops.n_unconverged);
            for (x, energy) in hops.ends {
                let known = self.network.find_minimum(&x, energy).is_some();
                let added = seen.add_minimum(x.clone(), energy, Support::default());
                if added.expect("ends of hops are finite").is_new() && !known {
                    units.push(Unit::Refine { start: x });
                }
            }
        }
        self.set_units(Stage::Refinement, units);
    }

    fn file_minima(&mut self, surface: &dyn Surface, outcomes: Vec<Outcome>) {
        for outcome in outcomes {
            match outcome {
                Outcome::Minimum(Some(minimum)) => {
                    self.add_minimum(surface, minimum);
                }
                Outcome::Minimum(None) => self.fail("minimisation ended in no minimum", 1),
                _ => {}
            }
        }
    }

    fn add_minimum(&mut self, surface: &dyn Surface, minimum: StationaryPoint) -> MinimumId {
        if let Some(known) = self.network.find_minimum(&minimum.x, minimum.energy) {
            return known;
        }
        let support = self.support(surface, &minimum);
        self.network.push_minimum(minimum.x, minimum.energy, support).expect("searches return finite points")
    }

    fn support(&self, surface: &dyn Surface, point: &StationaryPoint) -> Support {
        let nearest2 = self
            .starts
            .chunks_exact(surface.dim())
            .map(|s| s.iter().zip(&point.x).map(|(a, b)| (a - b) * (a - b)).sum::<f64>())
            .fold(f64::INFINITY, f64::min);
        Support {
            n_bound: Some((surface.dim() - point.free.len()) as u32),
            distance_to_nearest_sample: nearest2.is_finite().then(|| nearest2.sqrt()),
            free_gradient_norm: Some(point.free_gradient_norm),
            lowest_eigenvalue: point.lowest_eigenvalue,
        }
    }

    fn begin_paths(&mut self) {
        let pairs = nearest_pairs(&self.network, self.params.n_neighbours, &self.tried);
        let place = |id| self.network.minimum(id).expect("pairs join minima of the network").x.clone();
        let units = pairs.iter().map(|&(a, b)| Unit::Band { from: place(a), to: place(b) }).collect();
        self.tried.extend(pairs);
        self.set_units(Stage::Paths, units);
    }

    fn file_bands(&mut self, outcomes: Vec<Outcome>) {
        for outcome in outcomes {
            if let Outcome::Band(band) = outcome {
                self.fail("band did not converge (its maxima are still searched)", u64::from(!band.converged));
                self.fail("band has no inner maximum", u64::from(band.candidates.is_empty()));
                self.candidates.extend(band.candidates);
            }
        }
    }

    fn begin_saddles(&mut self, surface: &dyn Surface) {
        let mut starts = std::mem::take(&mut self.candidates);
        let mut rng = stream_of(self.params.seed, u64::MAX - 2 * self.round as u64 - 1);
        let push = self.params.mode_push * mean_width(surface);
        if self.params.n_modes_from_minima > 0 {
            for minimum in self.network.minima().iter().filter(|m| m.id.0 >= self.followed) {
                starts.extend(starts_along_modes(surface, &minimum.x, self.params.n_modes_from_minima, push));
            }
            self.followed = self.network.minima().last().map_or(0, |m| m.id.0 + 1);
        }
        if self.params.follow_from_starts {
            for start in self.starts.chunks_exact(surface.dim()) {
                let mut x: Vec<f64> = start.iter().map(|x| x + push * rng.random_range(-1.0..=1.0)).collect();
                clip(surface, &mut x);
                starts.push(x);
            }
        }
        for _ in 0..self.params.n_random_saddle_starts {
            starts.push(random_start(surface, &mut rng));
        }
        self.set_units(Stage::Saddles, starts.into_iter().map(|start| Unit::Follow { start }).collect());
    }

    fn begin_descents(&mut self, outcomes: Vec<Outcome>) {
        // A second network finds repeats among the new saddles by its index.
        let mut seen = KineticTransitionNetwork::new(self.network.same_point().clone()).expect("checked before");
        let mut units = Vec::new();
        for outcome in outcomes {
            match outcome {
                Outcome::Saddle(Ok(saddle)) => {
                    let known = self.network.find_transition_state(&saddle.x, saddle.energy).is_some();
                    let added = seen.add_minimum(saddle.x.clone(), saddle.energy, Support::default());
                    if !known && added.expect("searches return finite points").is_new() {
                        units.push(Unit::Descend { saddle });
                    }
                }
                Outcome::Saddle(Err(failure)) => self.fail(failure.reason(), 1),
                _ => {}
            }
        }
        self.set_units(Stage::Descents, units);
    }

    fn file_transition_states(&mut self, surface: &dyn Surface, units: &[Unit], outcomes: Vec<Outcome>) {
        for (unit, outcome) in units.iter().zip(outcomes) {
            let (Unit::Descend { saddle }, Outcome::Ends(ends)) = (unit, outcome) else { continue };
            let [Some(a), Some(b)] = *ends else {
                self.fail("descent from a transition state ended in no minimum", 1);
                continue;
            };
            if a.energy >= saddle.energy || b.energy >= saddle.energy {
                self.fail("descent from a transition state ended no lower", 1);
                continue;
            }
            let ends = (self.add_minimum(surface, a), self.add_minimum(surface, b));
            if self.network.find_transition_state(&saddle.x, saddle.energy).is_some() {
                continue;
            }
            let support = self.support(surface, saddle);
            self.network
                .push_transition_state(saddle.x.clone(), saddle.energy, ends, support)
                .expect("its ends were just added");
        }
    }

    fn end_round(&mut self, surface: &dyn Surface) {
        let now = (self.network.minima().len(), self.network.transition_states().len());
        self.quiet = if now == self.before_round { self.quiet + 1 } else { 0 };
        self.round += 1;
        let single = self.params.max_rounds <= 1;
        if self.quiet < self.params.quiet_rounds && self.round < self.params.max_rounds {
            self.begin_round(surface);
            return;
        }
        let settled = single || self.quiet >= self.params.quiet_rounds;
        self.stop_reason = if settled { StopReason::Converged } else { StopReason::RoundLimit };
        let minima = self.network.minima().iter().map(|m| Unit::Validate { x: m.x.clone(), index: 0 });
        let saddles = self.network.transition_states().iter().map(|t| Unit::Validate { x: t.x.clone(), index: 1 });
        let units = minima.chain(saddles).collect();
        self.set_units(Stage::Validation, units);
    }

    fn file_validation(&mut self, outcomes: &[Outcome]) {
        let n_minima = self.network.minima().len();
        let looked = |k: usize| match outcomes.get(k) {
            Some(Outcome::Valid(found)) => *found,
            _ => None,
        };
        let (mut minima, mut saddles) = (Vec::new(), Vec::new());
        for (k, mut minimum) in self.network.minima().to_vec().into_iter().enumerate() {
            let Some((slope, eigenvalue)) = looked(k) else {
                minima.push(minimum.id);
                continue;
            };
            minimum.support.free_gradient_norm = Some(slope);
            minimum.support.lowest_eigenvalue = eigenvalue;
            let replaced = self.network.replace_minimum(minimum.id, minimum.x, minimum.energy, minimum.support);
            replaced.expect("the minimum is in the network");
        }
        for (k, saddle) in self.network.transition_states().iter().enumerate() {
            if looked(n_minima + k).is_none() {
                saddles.push(saddle.id);
            }
        }
        self.fail("minimum failed validation", minima.len() as u64);
        self.fail("transition state failed validation", saddles.len() as u64);
        self.network.remove_transition_states(&saddles);
        self.network.remove_minima(&minima);
    }

    fn progress(&self, done: usize) -> Progress {
        let mut progress = Progress::new(self.stage.name(), done as u64, Some(self.units.len() as u64));
        let (minima, saddles) = (self.network.minima().len(), self.network.transition_states().len());
        progress.detail = format!("{minima} minima, {saddles} transition states");
        progress
    }
}

/// Carries the exploration on until it is finished or `observe` breaks; then it can be saved and carried on later.
///
/// The surface must be the one the exploration was made for. The network does not depend on `threads`, nor on whether
/// or where the exploration was interrupted.
///
/// # Errors
/// [`ExploreError::OtherSurface`] when the dimensions differ.
pub fn explore(
    surface: &dyn Surface,
    exploration: &mut Exploration,
    threads: usize,
    observe: Observe<'_>,
) -> Result<(), ExploreError> {
    explore_watching(surface, exploration, threads, observe, &mut |_| {})
}

/// As [`explore`], telling `watch` of every point as it is found, before repeats are sorted out and points validated: a
/// map can fill while the exploration runs. The calls come on the calling thread, in no fixed order.
///
/// # Errors
/// As [`explore`].
pub fn explore_watching(
    surface: &dyn Surface,
    exploration: &mut Exploration,
    threads: usize,
    observe: Observe<'_>,
    watch: &mut dyn FnMut(Sighting<'_>),
) -> Result<(), ExploreError> {
    let (found, expected) = (exploration.network.n_dims(), surface.dim());
    if found != expected {
        return Err(ExploreError::OtherSurface { found, expected });
    }
    while exploration.stage != Stage::Finished {
        let started = Instant::now();
        let stage = exploration.stage.name().to_owned();
        let todo: Vec<usize> = (0..exploration.units.len()).filter(|&k| exploration.outcomes[k].is_none()).collect();
        let mut stopped = observe(exploration.progress(exploration.units.len() - todo.len())).is_break();
        if !stopped {
            let counts = run_units(surface, exploration, &todo, threads, (&mut *observe, &mut *watch), &mut stopped);
            exploration.evaluations.entry(stage.clone()).or_default().add(counts);
        }
        if exploration.outcomes.iter().all(Option::is_some) && !stopped {
            exploration.advance(surface);
        }
        exploration.add_seconds(&stage, started.elapsed().as_secs_f64());
        if stopped {
            exploration.stop_reason = StopReason::Cancelled;
            return Ok(());
        }
    }
    Ok(())
}

fn run_units(
    surface: &dyn Surface,
    exploration: &mut Exploration,
    todo: &[usize],
    threads: usize,
    (observe, watch): (Observe<'_>, &mut dyn FnMut(Sighting<'_>)),
    stopped: &mut bool,
) -> Evaluations {
    let mut outcomes = std::mem::take(&mut exploration.outcomes);
    let mut done = outcomes.len() - todo.len();
    let (units, params) = (&exploration.units, &exploration.params);
    let counts = run(surface, threads, todo, &|index, oracle| search(&units[index], params, oracle), &mut |event| {
        if let Event::Done(index, outcome) = event {
            outcome.sightings(&mut *watch);
            outcomes[index] = Some(outcome);
            done += 1;
        }
        let answer = observe(exploration.progress(done));
        *stopped |= answer.is_break();
        if *stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    exploration.outcomes = outcomes;
    counts
}

/// A few steps off a minimum, both ways along its softest free modes.
fn starts_along_modes(surface: &dyn Surface, x: &[f64], n_modes: usize, push: f64) -> Vec<Vec<f64>> {
    let mut gradient = vec![0.0; x.len()];
    surface.energy_gradient(x, &mut gradient);
    let free = crate::landscape::search::bounds::free_coordinates(surface, x, &gradient);
    let mut hessian = vec![0.0; free.len() * free.len()];
    surface.free_hessian(x, &free, &mut hessian);
    let Some(spectrum) = Spectrum::of(&hessian, free.len()) else { return Vec::new() };
    let mut starts = Vec::new();
    for mode in 0..n_modes.min(free.len()) {
        for sign in [push, -push] {
            let mut start = x.to_vec();
            for (&i, v) in free.iter().zip(spectrum.vector(mode)) {
                start[i] += sign * v;
            }
            clip(surface, &mut start);
            starts.push(start);
        }
    }
    starts
}

/// Refuses a surface that has one energy at all starts and at points between them.
fn check_not_flat(surface: &dyn Surface, starts: &[f64]) -> Result<(), ExploreError> {
    let d = surface.dim();
    let mut rng = stream_of(0, 0);
    let random: Vec<f64> = (0..8).flat_map(|_| random_start(surface, &mut rng)).collect();
    let probes: Vec<f64> = starts.iter().take(32 * d).copied().chain(random).collect();
    let n = probes.len() / d;
    let (mut energies, mut gradients) = (vec![0.0; n], vec![0.0; n * d]);
    surface.energy_gradient_batch(&probes, &mut energies, &mut gradients);
    let (low, high) = energies.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &e| (l.min(e), h.max(e)));
    if high - low <= 1e-10 * high.abs().max(1e-3) {
        return Err(ExploreError::Flat { energy: energies[0] });
    }
    Ok(())
}
