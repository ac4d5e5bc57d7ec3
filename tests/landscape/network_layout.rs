//! The network on a plane: determinism, stability, and that distances on the plane follow the springs.

use fillscape::jobs::silent;
use fillscape::landscape::{
    KineticTransitionNetwork, MinimumId, NetworkLayout, NetworkLayoutParams, SpringStrength, Support, network_layout,
};
use std::ops::ControlFlow;

fn network(n: u32, joins: impl Iterator<Item = (u32, u32)>) -> KineticTransitionNetwork {
    let mut ktn = KineticTransitionNetwork::in_unit_box(1);
    for k in 0..n {
        ktn.push_minimum(vec![f64::from(k)], 0.0, Support::default()).unwrap();
    }
    for (a, b) in joins {
        ktn.push_transition_state(vec![0.5], 1.0, (MinimumId(a), MinimumId(b)), Support::default()).unwrap();
    }
    ktn
}

fn grid(side: u32) -> KineticTransitionNetwork {
    let at = move |i: u32, j: u32| i * side + j;
    let cells = (0..side).flat_map(move |i| (0..side).map(move |j| (i, j)));
    let joins = cells.flat_map(move |(i, j)| {
        [(i + 1 < side).then(|| (at(i, j), at(i + 1, j))), (j + 1 < side).then(|| (at(i, j), at(i, j + 1)))]
    });
    network(side * side, joins.flatten())
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

#[test]
fn layout_is_the_same_whatever_the_thread_count_and_differs_by_seed() {
    let ktn = grid(40);
    let layout = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let params = NetworkLayoutParams { seed, max_steps: 40, ..NetworkLayoutParams::default() };
        pool.install(|| network_layout(&ktn, &params, None, &mut silent))
    };
    let one = layout(1, 7);
    assert_eq!(one, layout(2, 7));
    assert_eq!(one, layout(5, 7));
    assert_ne!(one, layout(1, 8));
}

#[test]
fn grid_unfolds() {
    let ktn = grid(30);
    let layout = network_layout(&ktn, &NetworkLayoutParams::default(), None, &mut silent);
    let at = |k: u32| layout.place(MinimumId(k)).unwrap();
    let lengths: Vec<f64> =
        ktn.transition_states().iter().map(|t| distance(at(t.minima.0.0), at(t.minima.1.0))).collect();
    let mean = lengths.iter().sum::<f64>() / lengths.len() as f64;
    let longest = lengths.iter().copied().fold(0.0, f64::max);
    assert!(longest < 3.0 * mean, "no spring is stretched by a fold: {longest} against {mean}");
    let corner_to_corner = distance(at(0), at(899));
    assert!(corner_to_corner > 25.0 * mean, "opposite corners are far apart: {corner_to_corner} against {mean}");
}

#[test]
fn what_is_easily_reached_stands_near() {
    let mut ktn = network(3, std::iter::empty());
    for (a, b, energy) in [(0, 1, 0.1), (1, 2, 10.0)] {
        let ends = (MinimumId(a), MinimumId(b));
        ktn.push_transition_state(vec![0.5], energy, ends, Support::default()).unwrap();
    }
    let lengths = |springs| {
        let params = NetworkLayoutParams { springs, ..NetworkLayoutParams::default() };
        let layout = network_layout(&ktn, &params, None, &mut silent);
        let at = |k| layout.place(MinimumId(k)).unwrap();
        [distance(at(0), at(1)), distance(at(1), at(2))]
    };
    let equal = lengths(SpringStrength::Equal);
    assert!((equal[0] / equal[1] - 1.0).abs() < 0.1, "{equal:?}");
    let by_barrier = lengths(SpringStrength::ByBarrier);
    assert!(by_barrier[0] < 0.8 * by_barrier[1], "the low barrier is the shorter way: {by_barrier:?}");
}

#[test]
fn places_of_a_map_are_scaled_to_springs_of_length_1() {
    let ktn = network(3, [(0, 1), (1, 2)].into_iter());
    let places = [[10.0, 5.0], [10.2, 5.0], [10.2, 5.6]];
    let places = places.into_iter().enumerate().map(|(k, place)| (MinimumId(k as u32), place)).collect();
    let scaled = NetworkLayout { places, converged: false }.scaled_to_springs(&ktn);
    let at = |k| scaled.place(MinimumId(k)).unwrap();
    let lengths = [distance(at(0), at(1)), distance(at(1), at(2))];
    assert!(
        (lengths[0] + lengths[1] - 2.0).abs() < 1e-12 && (lengths[1] / lengths[0] - 3.0).abs() < 1e-9,
        "{lengths:?}"
    );
    let corners = scaled.corners();
    assert!((0..2).all(|k| (corners[0][k] + corners[1][k]).abs() < 1e-9), "they stand around 0: {corners:?}");
}

#[test]
fn growing_network_keeps_its_places() {
    let mut ktn = grid(15);
    let params = NetworkLayoutParams::default();
    let first = network_layout(&ktn, &params, None, &mut silent);
    let new = ktn.push_minimum(vec![0.0], 0.0, Support::default()).unwrap();
    ktn.push_transition_state(vec![0.5], 1.0, (new, MinimumId(0)), Support::default()).unwrap();
    let second = network_layout(&ktn, &params, Some(&first), &mut silent);
    let moved: f64 = first.places.iter().map(|(id, &at)| distance(at, second.place(*id).unwrap())).sum();
    assert!(moved / 225.0 < 0.5, "the old points move by {} each", moved / 225.0);
    assert!(distance(second.place(new).unwrap(), second.place(MinimumId(0)).unwrap()) < 4.0);
}

#[test]
fn hostile_networks_have_finite_places() {
    let star = network(200, (1..200).map(|k| (0, k)));
    let scattered = network(300, std::iter::empty());
    let looped = network(3, [(0, 0), (1, 1), (1, 2), (2, 1)].into_iter());
    for ktn in [network(0, std::iter::empty()), network(1, std::iter::empty()), star, scattered, looped] {
        let layout = network_layout(&ktn, &NetworkLayoutParams::default(), None, &mut silent);
        assert_eq!(layout.places.len(), ktn.minima().len());
        assert!(layout.places.values().flatten().all(|v| v.is_finite() && v.abs() < 1e3));
    }
}

#[test]
fn stopped_layout_has_a_place_for_every_minimum() {
    let ktn = grid(30);
    for stop_at in [1, 50, 400] {
        let mut asked = 0;
        let layout = network_layout(&ktn, &NetworkLayoutParams::default(), None, &mut |progress| {
            asked += 1;
            assert!(progress.done <= progress.total.unwrap());
            if asked == stop_at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!((layout.places.len(), layout.converged), (900, false));
    }
}
