//! Searches on a toy surface, recorded and played look by look.

use std::sync::Arc;

use serde::Deserialize;

use crate::app::state::State;
use crate::landscape::{
    ExploreParams, Film, Happening, Surface, Toy, film_basin_hopping, film_elastic_band, film_saddle_search,
};

use super::quantity::lowest_two;

/// A search that can be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Minimise, jump, minimise again.
    BasinHopping,
    /// A chain of images sinks into the valleys between two minima.
    ElasticBand,
    /// Uphill along the softest mode.
    SaddleSearch,
}

impl Method {
    /// All, in the order in which an exploration uses them.
    pub const ALL: [Self; 3] = [Self::BasinHopping, Self::ElasticBand, Self::SaddleSearch];

    /// Its name.
    pub fn label(self) -> &'static str {
        match self {
            Self::BasinHopping => "Basin-hopping",
            Self::ElasticBand => "Elastic band",
            Self::SaddleSearch => "Saddle search",
        }
    }
}

/// A film on the map.
#[derive(Debug, Clone)]
pub struct Screening {
    /// The search.
    pub method: Method,
    /// What it did.
    pub film: Arc<Film>,
    /// The frame that is shown, from 0.
    pub at: usize,
    /// Whether it goes on by itself.
    pub plays: bool,
    /// Frames a second.
    pub speed: f32,
    /// Part of the next frame's time that has passed, 0 to 1.
    pub due: f32,
}

/// Frames a second at first.
const SPEED: f32 = 12.0;
/// Hops of the film.
const HOPS: usize = 12;
/// Temperature of the hops, as a share of the height of the highest transition state above the lowest minimum: uphill
/// moves are taken often enough to be seen.
const TEMPERATURE: f64 = 0.25;
/// Largest displacement of the hops, as a share of the box.
const DISPLACEMENT: f64 = 0.3;

impl Screening {
    /// Records a search: from the first selected point, or between the first two marked minima, or from a usual place.
    ///
    /// # Errors
    /// In words, when there is no toy to search on.
    pub fn record(method: Method, state: &State) -> Result<Self, String> {
        let study = state.study.as_ref();
        let toy = study
            .and_then(|study| study.toy.clone())
            .ok_or("Slow motion needs a toy surface, which can be evaluated at once: open one in the Teach menu")?;
        let thorough = ExploreParams::thorough();
        let film = match method {
            Method::BasinHopping => {
                let mut params = thorough.basin_hopping;
                params.n_steps = HOPS;
                params.temperature = TEMPERATURE * depth(state).unwrap_or(1.0);
                params.displacement = DISPLACEMENT;
                let start = selected_place(state).unwrap_or_else(|| share_of_box(&toy, [0.3, 0.2]));
                film_basin_hopping(&*toy, &start, &params, 0)
            }
            Method::ElasticBand => {
                let [a, b] = two_minima(state)?;
                film_elastic_band(&*toy, &a, &b, &thorough.elastic_band)
            }
            Method::SaddleSearch => {
                let start = match selected_place(state) {
                    Some(place) => place,
                    None => highest_between(&toy, two_minima(state)?),
                };
                film_saddle_search(&*toy, &start, &thorough.following)
            }
        };
        Ok(Self { method, film: Arc::new(film), at: 0, plays: true, speed: SPEED, due: 0.0 })
    }

    /// Goes on by `seconds`; whether it wants to be drawn again.
    pub fn advance(&mut self, seconds: f32) -> bool {
        if !self.plays {
            return false;
        }
        self.due += seconds.clamp(0.0, 0.25) * self.speed;
        let whole = self.due.floor();
        self.due -= whole;
        self.seek(self.at.saturating_add(whole as usize));
        if self.is_over() {
            self.plays = false;
        }
        true
    }

    /// Goes to a frame, or to the last one.
    pub fn seek(&mut self, at: usize) {
        self.at = at.min(self.film.frames.len().saturating_sub(1));
    }

    /// Whether the last frame is shown.
    pub fn is_over(&self) -> bool {
        self.at + 1 >= self.film.frames.len()
    }

    /// What the frame shows, in words.
    pub fn words(&self) -> String {
        let Some(frame) = self.film.frames.get(self.at) else { return "Nothing was recorded".into() };
        let energy = frame.energies.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let energy = crate::app::data::number(energy);
        match (self.method, frame.happening) {
            (Method::ElasticBand, Happening::Jump) => {
                format!("A straight band of images is laid; the highest: E = {energy}")
            }
            (Method::ElasticBand, Happening::Step) => {
                format!("Images slide across the band; the highest: E = {energy}")
            }
            (Method::ElasticBand, Happening::Converged) => format!("The band rests; the highest image: E = {energy}"),
            (Method::ElasticBand, _) => format!("The band did not come to rest; the highest image: E = {energy}"),
            (Method::BasinHopping, Happening::Jump) => format!("A jump to a new place: E = {energy}"),
            (_, Happening::Jump) => format!("The start: E = {energy}"),
            (Method::BasinHopping, Happening::Step) => format!("Downhill: E = {energy}"),
            (_, Happening::Step) => format!("Uphill along the softest direction, downhill across it: E = {energy}"),
            (_, Happening::Accepted) => format!("A minimum, accepted: E = {energy}"),
            (_, Happening::Refused) => format!("A minimum, refused because it is too high: E = {energy}"),
            (_, Happening::Converged) => format!("A transition state: E = {energy}"),
            (_, Happening::Failed) => format!("No transition state was found: E = {energy}"),
        }
    }
}

/// The height of the highest transition state above the lowest minimum.
fn depth(state: &State) -> Option<f64> {
    let network = &state.study.as_ref()?.landscape.as_ref()?.network;
    let low = network.minima().iter().map(|minimum| minimum.energy).fold(f64::INFINITY, f64::min);
    let high = network.transition_states().iter().map(|state| state.energy).fold(f64::NEG_INFINITY, f64::max);
    (high > low).then_some(high - low)
}

fn share_of_box(toy: &Toy, share: [f64; 2]) -> Vec<f64> {
    (0..2).map(|k| toy.lower()[k] + share[k] * (toy.upper()[k] - toy.lower()[k])).collect()
}

fn selected_place(state: &State) -> Option<Vec<f64>> {
    let row = state.picture.selection.iter().next()?;
    let place = *state.data.as_ref()?.map.as_ref()?.places.get(row)?;
    Some(place.map(f64::from).to_vec())
}

/// The first two marked minima, or the two lowest.
fn two_minima(state: &State) -> Result<[Vec<f64>; 2], String> {
    let landscape = state.study.as_ref().and_then(|study| study.landscape.clone());
    let landscape = landscape.ok_or("There is no landscape")?;
    let place = |id: u64| {
        let found = landscape.network.minima().iter().find(|minimum| u64::from(minimum.id.0) == id);
        found.map(|minimum| minimum.x.clone()).ok_or_else(|| format!("There is no minimum {id}"))
    };
    let ids = match state.marked_minima.as_slice() {
        [a, b, ..] => [*a, *b],
        _ => lowest_two(state).ok_or("A band needs two minima")?.map(|(id, _)| id),
    };
    Ok([place(ids[0])?, place(ids[1])?])
}

/// The highest of a few places on the straight line between two minima.
fn highest_between(toy: &Toy, [a, b]: [Vec<f64>; 2]) -> Vec<f64> {
    let at = |t: f64| a.iter().zip(&b).map(|(a, b)| a + t * (b - a)).collect::<Vec<f64>>();
    let places = (1..20).map(|k| at(f64::from(k) / 20.0));
    places.max_by(|p, q| toy.energy(p).total_cmp(&toy.energy(q))).unwrap_or(a.clone())
}
