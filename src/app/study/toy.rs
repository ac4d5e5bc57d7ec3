//! Toy surfaces in the views of a study: points over the box, and the landscape explored by the code that explores a
//! model's.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::fields::fields;
use super::on_map::{NetworkOnMap, network_at};
use super::open::landscape_of;
use super::{Item, OpenStudy, StudyIds};
use crate::app::data::{Column, DataSet, MapPlaces, Values};
use crate::app::event::told;
use crate::app::picture::{Picture, Step};
use crate::jobs::{Observe, Progress};
use crate::landscape::{
    Exploration, ExploreParams, KineticTransitionNetwork, Normalisation, Surface, Toy, explore, latin_hypercube,
};

/// Where a path to a toy begins: `toy:camelback` opens like a file.
const PREFIX: &str = "toy:";
/// Points along an edge of the box.
const SIDE: usize = 96;
/// Given starts of the exploration.
const STARTS: usize = 64;
/// The column that colours the map at first. E is cut where nothing happens any more: far above the highest transition
/// state, some toys rise by decades.
const SHOWN: &str = "E, cut at the top";
/// Where it is cut, in heights of the highest transition state above the lowest minimum.
const CUT: f64 = 1.6;

/// A toy that can be shown on a map: it has two coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToyName {
    /// As [`Toy::by_name`] knows it.
    pub name: &'static str,
    /// As people write it.
    pub title: &'static str,
}

/// All of them, the simplest first.
pub const TOYS: [ToyName; 4] = [
    ToyName { name: "muller-brown", title: "Müller–Brown" },
    ToyName { name: "camelback", title: "Camelback" },
    ToyName { name: "well-cluster", title: "Three wells in a funnel" },
    ToyName { name: "schwefel", title: "Schwefel" },
];

impl ToyName {
    /// The path that opens it.
    pub fn path(self) -> PathBuf {
        PathBuf::from(format!("{PREFIX}{}", self.name))
    }

    /// The toy that a path names.
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.to_str()?.strip_prefix(PREFIX)?;
        TOYS.into_iter().find(|toy| toy.name == name)
    }
}

/// Explores a toy and lays points over its box. Cancelled, there is nothing to show.
///
/// # Errors
/// A sentence; none of the toys of [`TOYS`] has given one.
pub fn open_toy(toy: ToyName, observe: Observe) -> Result<(OpenStudy, DataSet, Picture), String> {
    let surface = Toy::by_name(toy.name).map_err(|error| told(&error))?;
    let network = explored(&surface, observe)?;
    let data = points_over(toy, &surface, &network);
    let on_map = as_drawn(&surface, &network);
    let places = data.map.as_ref().map(|map| map.places.clone()).unwrap_or_default();
    let landscape = landscape_of(network);
    let summary = format!(
        "{} minima, {} transition states; F = {} at ℓ = 0.8",
        landscape.network.minima().len(),
        landscape.network.transition_states().len(),
        crate::app::data::number(landscape.frustration[0]),
    );
    let study = OpenStudy {
        study: None,
        name: format!("{} (toy)", toy.title),
        folder: toy.path(),
        read_only: Some("A toy surface is computed when it is opened: nothing of it is kept".into()),
        faults: Vec::new(),
        items: vec![Item { name: format!("landscape of {}", toy.title), detail: summary, step: Step::Landscape }],
        facts: vec![
            ("Surface".into(), toy.title.into()),
            ("Box".into(), box_words(&surface)),
            ("Exploration".into(), "tolerances of the preset thorough, fewer starts, seed 0".into()),
        ],
        fields: fields(Some((&landscape, &on_map)), None, &places),
        other_landscapes: Vec::new(),
        ids: StudyIds::default(),
        model_digest: None,
        model_folder: None,
        draw_seed: 0,
        samples: None,
        network_on_map: Some(Arc::new(on_map)),
        landscape: Some(Arc::new(landscape)),
        fill_sets: Vec::new(),
        runs: Vec::new(),
        comparison: None,
        frustration: None,
        frustration_changes: Vec::new(),
        report: None,
        asked: None,
        steps_done: Vec::new(),
        projection: None,
        done: vec![Step::Landscape],
        planned: Vec::new(),
        toy: Some(Arc::new(surface)),
    };
    let n = data.n_rows();
    let picture = Picture {
        step: Step::Landscape,
        colour_by: Some(SHOWN.into()),
        selection: crate::app::data::RowSet::empty(n).into(),
        ..Picture::default()
    };
    Ok((study, data, picture))
}

fn box_words(surface: &Toy) -> String {
    let side = |(low, high): (&f64, &f64)| format!("[{low}, {high}]");
    surface.lower().iter().zip(surface.upper()).map(side).collect::<Vec<_>>().join(" × ")
}

/// A regular grid over the box; there are no molecules.
fn points_over(toy: ToyName, surface: &Toy, network: &KineticTransitionNetwork) -> DataSet {
    let at = |k: usize, i: usize| {
        let (low, high) = (surface.lower()[k], surface.upper()[k]);
        low + (high - low) * i as f64 / (SIDE - 1) as f64
    };
    let (mut xs, mut ys, mut energies) = (Vec::new(), Vec::new(), Vec::new());
    for j in 0..SIDE {
        for i in 0..SIDE {
            let place = [at(0, i), at(1, j)];
            xs.push(place[0]);
            ys.push(place[1]);
            energies.push(surface.energy(&place));
        }
    }
    let [_, cut] = shown_energies(network);
    let places = xs.iter().zip(&ys).map(|(x, y)| [*x as f32, *y as f32]).collect();
    let height = height(surface, network);
    let heights = energies.iter().map(|energy| height(*energy)).collect();
    let column = |name: &str, unit: &str, values: Vec<f64>| Column {
        name: name.into(),
        unit: unit.into(),
        values: Values::Number(values),
    };
    let n = xs.len();
    DataSet {
        name: toy.title.into(),
        ids: (0..n).map(|row| format!("{},{}", row % SIDE, row / SIDE)).collect(),
        smiles: vec![String::new(); n],
        columns: vec![
            column(SHOWN, "units of E", energies.iter().map(|e| e.min(cut)).collect()),
            column("E", "units of E", energies),
            column("x", "", xs),
            column("y", "", ys),
        ],
        latents: None,
        map: Some(Arc::new(MapPlaces {
            places,
            heights,
            axes: ["x", "y", "E"],
            method: "The two coordinates of the surface themselves".into(),
            seed: 0,
            trustworthiness: None,
            continuity: None,
        })),
        rejected: Vec::new(),
        provenance: vec![("Points".into(), format!("{SIDE} × {SIDE} grid"))],
    }
}

fn explored(surface: &Toy, observe: Observe) -> Result<KineticTransitionNetwork, String> {
    let mut rng = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(0);
    let unit = latin_hypercube(STARTS, surface.dim(), &mut rng);
    let to_box = Normalisation { lower: surface.lower().to_vec(), upper: surface.upper().to_vec() };
    // Two dimensions need few starts; the tests hold these to the known lists.
    let params = ExploreParams {
        n_random_starts: 64,
        n_random_saddle_starts: 128,
        max_rounds: 4,
        quiet_rounds: 1,
        ..ExploreParams::thorough()
    };
    let mut exploration = Exploration::new(surface, &to_box.undo(&unit), params).map_err(|error| told(&error))?;
    let _ = observe(Progress::new("exploration", 0, None));
    explore(surface, &mut exploration, rayon::current_num_threads(), observe).map_err(|error| told(&error))?;
    Ok(exploration.network().clone())
}

/// The lowest energy of the network, and the highest that is told apart.
fn shown_energies(network: &KineticTransitionNetwork) -> [f64; 2] {
    let lowest = network.minima().iter().map(|minimum| minimum.energy).fold(f64::INFINITY, f64::min);
    let highest = network.transition_states().iter().map(|state| state.energy).fold(lowest, f64::max);
    [lowest, lowest + CUT * (highest - lowest)]
}

/// How high an energy stands over the plane: the highest that is told apart at half the shorter side of the box.
pub fn height(surface: &Toy, network: &KineticTransitionNetwork) -> impl Fn(f64) -> f32 {
    let [lowest, cut] = shown_energies(network);
    let side = (0..2).map(|k| surface.upper()[k] - surface.lower()[k]).fold(f64::INFINITY, f64::min);
    let per_energy = 0.5 * side / (cut - lowest).max(f64::MIN_POSITIVE);
    move |energy| (per_energy * (energy.min(cut) - lowest)) as f32
}

/// The network where it stands: the map of a toy is the toy's own plane.
fn as_drawn(surface: &Toy, network: &KineticTransitionNetwork) -> NetworkOnMap {
    let height = height(surface, network);
    let place = |x: &[f64], energy: f64| [x[0] as f32, x[1] as f32, height(energy)];
    let minima: Vec<_> = network.minima().iter().map(|minimum| place(&minimum.x, minimum.energy)).collect();
    let states: Vec<_> = network.transition_states().iter().map(|state| place(&state.x, state.energy)).collect();
    network_at(network, &minima, &states)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::silent;

    #[test]
    fn muller_brown_has_its_three_minima_and_two_transition_states() {
        let (study, data, _) = open_toy(TOYS[0], &mut silent).unwrap();
        let landscape = study.landscape.unwrap();
        assert_eq!(landscape.network.minima().len(), 3);
        assert_eq!(landscape.network.transition_states().len(), 2);
        assert_eq!(data.n_rows(), SIDE * SIDE);
        let lowest = data.columns[1].range().unwrap()[0];
        assert!((-146.71..-140.0).contains(&lowest), "the lowest grid point is {lowest}, the minimum −146.70");
    }

    #[test]
    fn every_toy_has_all_its_minima() {
        // The six-hump camel; three wells of the triangle; Schwefel's function of two coordinates in [−500, 500]² has a
        // minimum for each pair of the one-dimensional ones, those on the faces included.
        let count = |toy| open_toy(toy, &mut silent).unwrap().0.landscape.unwrap().network.minima().len();
        assert_eq!(count(TOYS[1]), 6);
        assert_eq!(count(TOYS[2]), 3);
        let one_dimension = minima_of_schwefel_along_a_line();
        assert_eq!(count(TOYS[3]), one_dimension * one_dimension);
    }

    /// Counted on a fine grid, with the ends of the interval.
    fn minima_of_schwefel_along_a_line() -> usize {
        let line = Toy::schwefel(1);
        let energies: Vec<f64> = (0..=100_000).map(|k| line.energy(&[-500.0 + 0.01 * f64::from(k)])).collect();
        let inner = energies.windows(3).filter(|e| e[1] < e[0] && e[1] < e[2]).count();
        let n = energies.len();
        inner + usize::from(energies[0] < energies[1]) + usize::from(energies[n - 1] < energies[n - 2])
    }

    #[test]
    fn paths_name_toys_and_nothing_else() {
        for toy in TOYS {
            assert_eq!(ToyName::of(&toy.path()), Some(toy));
            assert_eq!(Toy::by_name(toy.name).unwrap().dim(), 2);
        }
        assert_eq!(ToyName::of(Path::new("toy:nowhere")), None);
        assert_eq!(ToyName::of(Path::new("molecules.csv")), None);
    }
}
