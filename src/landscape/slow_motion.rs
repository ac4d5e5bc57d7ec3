//! Slow motion: a search recorded look by look, for showing how it works.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::Surface;
use super::search::basin_hopping::{BasinHoppingParams, accepts, displace};
use super::search::eigenvector_following::{FollowingParams, follow};
use super::search::elastic_band::{ElasticBandParams, relax_band};
use super::search::lockstep::{TraceStep, trace};
use super::search::minimise::minimise;

/// What a frame of the film shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// A start, or a jump to a new one.
    Jump,
    /// A step of a search under way.
    Step,
    /// A minimisation ended, and the Metropolis rule took its end.
    Accepted,
    /// A minimisation ended, and the Metropolis rule refused its end.
    Refused,
    /// The search ended where it wanted to.
    Converged,
    /// The search ended elsewhere.
    Failed,
}

/// One look of a search at its surface.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The points looked at, shape (n, d): one, or all images of a band from end to end.
    pub xs: Vec<f64>,
    /// Their energies, shape (n,).
    pub energies: Vec<f64>,
    /// What it shows.
    pub happening: Happening,
}

/// A search in slow motion.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Film {
    /// Coordinates of a point.
    pub dim: usize,
    /// One a look, in order.
    pub frames: Vec<Frame>,
}

/// Looks of one search that are recorded at most.
const MAX_LOOKS: usize = 2000;

/// Basin-hopping from `start`: the same minimisations, jumps and Metropolis rule as
/// [`basin_hop`](super::search::basin_hopping::basin_hop), one after the other.
pub fn film_basin_hopping(surface: &dyn Surface, start: &[f64], params: &BasinHoppingParams, seed: u64) -> Film {
    let mut film = Film { dim: surface.dim(), frames: Vec::new() };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut current: Option<(Vec<f64>, f64)> = None;
    let mut trial = start.to_vec();
    for _ in 0..=params.n_steps {
        let (from, settings) = (trial.clone(), params.minimise.clone());
        let (end, looks) =
            trace(surface, MAX_LOOKS, |oracle| Box::pin(async move { minimise(&oracle, &from, &settings).await }));
        let first = film.frames.len();
        film.frames.extend(looks.into_iter().map(|look| frame(look, Happening::Step)));
        if let Some(frame) = film.frames.get_mut(first) {
            frame.happening = Happening::Jump;
        }
        if let Some(end) = end.filter(|end| end.energy.is_finite()) {
            let rise = current.as_ref().map_or(0.0, |(_, energy)| end.energy - energy);
            let accepted = accepts(rise, params.temperature, &mut rng);
            let happening = if accepted { Happening::Accepted } else { Happening::Refused };
            film.frames.push(Frame { xs: end.x.clone(), energies: vec![end.energy], happening });
            if accepted {
                current = Some((end.x, end.energy));
            }
        }
        trial = current.as_ref().map_or_else(|| start.to_vec(), |(x, _)| x.clone());
        displace(surface, &mut trial, params.displacement, &mut rng);
    }
    film
}

/// A nudged elastic band relaxing between two points, every frame with all its images.
pub fn film_elastic_band(surface: &dyn Surface, from: &[f64], to: &[f64], params: &ElasticBandParams) -> Film {
    let d = surface.dim();
    let (a, b, settings) = (from.to_vec(), to.to_vec(), params.clone());
    let (band, looks) =
        trace(surface, MAX_LOOKS, |oracle| Box::pin(async move { relax_band(&oracle, &a, &b, &settings).await }));
    let mut film = Film { dim: d, frames: Vec::new() };
    let mut ends: Option<(TraceStep, TraceStep)> = None;
    for look in looks {
        let n = look.energies.len();
        match &ends {
            // The first look holds the ends as well; they stay where they are.
            None if n >= 2 => {
                let end =
                    |i: usize| TraceStep { xs: look.xs[i * d..(i + 1) * d].to_vec(), energies: vec![look.energies[i]] };
                ends = Some((end(0), end(n - 1)));
                film.frames.push(frame(look, Happening::Jump));
            }
            None => {}
            Some((first, last)) => {
                let xs = [first.xs.as_slice(), &look.xs, &last.xs].concat();
                let energies = [first.energies.as_slice(), &look.energies, &last.energies].concat();
                film.frames.push(Frame { xs, energies, happening: Happening::Step });
            }
        }
    }
    finish(&mut film, band.is_some_and(|band| band.converged || !band.candidates.is_empty()));
    film
}

/// A search for a transition state from `start`.
pub fn film_saddle_search(surface: &dyn Surface, start: &[f64], params: &FollowingParams) -> Film {
    let (from, settings) = (start.to_vec(), params.clone());
    let (found, looks) =
        trace(surface, MAX_LOOKS, |oracle| Box::pin(async move { follow(&oracle, &from, &settings).await.ok() }));
    let frames = looks.into_iter().map(|look| frame(look, Happening::Step)).collect();
    let mut film = Film { dim: surface.dim(), frames };
    if let Some(first) = film.frames.first_mut() {
        first.happening = Happening::Jump;
    }
    let found = found.flatten();
    if let Some(point) = &found {
        film.frames.push(Frame { xs: point.x.clone(), energies: vec![point.energy], happening: Happening::Step });
    }
    finish(&mut film, found.is_some());
    film
}

fn frame(look: TraceStep, happening: Happening) -> Frame {
    Frame { xs: look.xs, energies: look.energies, happening }
}

fn finish(film: &mut Film, converged: bool) {
    if let Some(last) = film.frames.last_mut() {
        last.happening = if converged { Happening::Converged } else { Happening::Failed };
    }
}

#[cfg(test)]
mod tests {
    use super::super::Toy;
    use super::super::search::basin_hopping::basin_hop;
    use super::super::search::lockstep::Search;
    use super::*;

    #[test]
    fn the_film_of_basin_hopping_ends_where_the_search_itself_ends() {
        let toy = Toy::camelback();
        let params = BasinHoppingParams { n_steps: 6, temperature: 0.5, ..BasinHoppingParams::default() };
        let film = film_basin_hopping(&toy, &[1.0, -1.5], &params, 7);
        let ends: Vec<(Vec<f64>, f64)> = film
            .frames
            .iter()
            .filter(|frame| matches!(frame.happening, Happening::Accepted | Happening::Refused))
            .map(|frame| (frame.xs.clone(), frame.energies[0]))
            .collect();
        let wanted = params.clone();
        let (hops, _) = trace(&toy, 100_000, |oracle| -> Search<'_, _> {
            let rng = ChaCha8Rng::seed_from_u64(7);
            Box::pin(async move { basin_hop(&oracle, &[1.0, -1.5], &wanted, rng).await })
        });
        assert_eq!(ends, hops.unwrap().ends);
        assert_eq!(film.frames.iter().filter(|frame| frame.happening == Happening::Jump).count(), 7);
    }

    #[test]
    fn a_band_keeps_its_ends_and_falls_into_the_valley() {
        let toy = Toy::muller_brown();
        let (a, b) = ([-0.558, 1.442], [0.623, 0.028]);
        let film = film_elastic_band(&toy, &a, &b, &ElasticBandParams::default());
        let n = film.frames[0].energies.len();
        for frame in &film.frames {
            assert_eq!(frame.energies.len(), n);
            assert_eq!(frame.xs.len(), 2 * n);
            assert_eq!(frame.xs[..2], a);
            let end = &frame.xs[2 * n - 2..];
            assert!((0..2).all(|k| (end[k] - b[k]).abs() < 1e-12), "{end:?} is not {b:?}");
        }
        let highest = |frame: &Frame| frame.energies.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (first, last) = (&film.frames[0], film.frames.last().unwrap());
        assert!(highest(last) < highest(first) - 10.0, "{} did not fall below {}", highest(last), highest(first));
        assert_eq!(last.happening, Happening::Converged);
    }

    #[test]
    fn a_saddle_search_ends_at_the_transition_state_of_the_textbook() {
        let toy = Toy::muller_brown();
        let film = film_saddle_search(&toy, &[-0.75, 0.7], &FollowingParams::default());
        let last = film.frames.last().unwrap();
        assert_eq!(last.happening, Happening::Converged);
        // Müller & Brown 1979: the highest transition state lies at (−0.822, 0.624) with E = −40.66.
        assert!((last.xs[0] + 0.822).abs() < 1e-3 && (last.xs[1] - 0.624).abs() < 1e-3, "{:?}", last.xs);
        assert!((last.energies[0] + 40.66).abs() < 0.01, "{}", last.energies[0]);
    }
}
