//! What can be seen of an exploration while it runs, and the alternative saddle searches.

use std::ops::ControlFlow;

use fillscape::jobs::silent;
use fillscape::landscape::explore::{SightingKind, Stage, explore_watching};
use fillscape::landscape::search::eigenvector_following::{FollowingMethod, FollowingParams, follow};
use fillscape::landscape::search::lockstep::trace;
use fillscape::landscape::{Exploration, ExploreParams, Surface, Toy, explore};

fn params(method: FollowingMethod) -> ExploreParams {
    let mut params = ExploreParams::reference();
    params.n_random_starts = 40;
    params.n_modes_from_minima = 2;
    params.following = FollowingParams { method, max_step: 0.05, positive_mode_step: 0.05, ..params.following };
    params
}

#[test]
fn every_way_to_follow_a_mode_finds_the_transition_states_of_muller_brown() {
    let toy = Toy::muller_brown();
    for method in [FollowingMethod::FullSpectrum, FollowingMethod::Hybrid, FollowingMethod::Dimer] {
        let mut exploration = Exploration::new(&toy, &[], params(method)).unwrap();
        explore(&toy, &mut exploration, 2, &mut silent).unwrap();
        let network = exploration.network();
        for known in [[-0.822_001_558_732, 0.624_312_802_814], [0.212_486_582_001, 0.292_988_325_107]] {
            let near =
                network.transition_states().iter().any(|t| t.x.iter().zip(known).all(|(a, b)| (a - b).abs() < 1e-6));
            assert!(near, "{method:?} misses {known:?}, has {:?}", network.transition_states());
        }
        assert!(network.transition_states().iter().all(|t| t.support.lowest_eigenvalue.unwrap() < 0.0));
    }
}

#[test]
fn every_point_of_the_network_was_sighted() {
    let toy = Toy::camelback();
    let mut exploration = Exploration::new(&toy, &[], params(FollowingMethod::Auto)).unwrap();
    let mut seen = Vec::new();
    explore_watching(&toy, &mut exploration, 2, &mut silent, &mut |sighting| {
        seen.push((sighting.kind, sighting.x.to_vec(), sighting.energy));
    })
    .unwrap();
    let network = exploration.network();
    assert!(network.minima().len() >= 6 && !network.transition_states().is_empty());
    for m in network.minima() {
        assert!(seen.contains(&(SightingKind::Minimum, m.x.clone(), m.energy)), "{:?}", m.x);
    }
    for t in network.transition_states() {
        assert!(seen.contains(&(SightingKind::TransitionState, t.x.clone(), t.energy)), "{:?}", t.x);
    }
}

#[test]
fn cancelled_stage_shows_what_it_found() {
    let toy = Toy::schwefel(3);
    let mut exploration = Exploration::new(&toy, &[], params(FollowingMethod::Auto)).unwrap();
    let mut stopped = false;
    explore(&toy, &mut exploration, 1, &mut |progress| {
        stopped |= progress.stage == Stage::Refinement.name() && progress.done >= 5;
        if stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    assert_eq!(exploration.stage(), Stage::Refinement);
    assert!(exploration.network().minima().is_empty());
    let so_far = exploration.network_so_far(&toy);
    assert!(!so_far.minima().is_empty());
    explore(&toy, &mut exploration, 2, &mut silent).unwrap();
    let whole = exploration.network();
    assert!(so_far.minima().iter().all(|m| whole.find_minimum(&m.x, m.energy).is_some()));
    assert_eq!(&exploration.network_so_far(&toy), whole);
}

#[test]
fn trace_shows_a_saddle_search_step_by_step() {
    let toy = Toy::muller_brown();
    let params = FollowingParams { max_step: 0.05, positive_mode_step: 0.05, ..FollowingParams::default() };
    let search = |max_steps| {
        trace(&toy, max_steps, |oracle| {
            let params = &params;
            Box::pin(async move { follow(&oracle, &[-0.9, 0.7], params).await })
        })
    };
    let (found, steps) = search(1000);
    let saddle = found.unwrap().unwrap();
    assert_eq!(steps[0].xs, [-0.9, 0.7]);
    assert!(steps.iter().all(|step| step.xs.len() == 2 && step.energies[0] == toy.energy(&step.xs)));
    let last = &steps.last().unwrap().xs;
    assert!(last.iter().zip(&saddle.x).all(|(a, b)| (a - b).abs() < 1e-6), "{last:?} and {:?}", saddle.x);
    let (none, few) = search(3);
    assert!(none.is_none() && few.len() == 3 && few[..] == steps[..3]);
}
