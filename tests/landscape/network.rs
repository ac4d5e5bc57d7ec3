//! The kinetic transition network: ids, duplicates, removal, merge, saving; oracle: the plain loop over all pairs.

use fillscape::landscape::{
    Added, KineticTransitionNetwork, MinimumId, NetworkError, SamePoint, Support, TransitionStateId,
};
use proptest::prelude::*;

const NONE: Support =
    Support { n_bound: None, distance_to_nearest_sample: None, free_gradient_norm: None, lowest_eigenvalue: None };

fn chain(n: u32) -> KineticTransitionNetwork {
    let mut ktn = KineticTransitionNetwork::in_unit_box(2);
    for i in 0..n {
        ktn.add_minimum(vec![f64::from(i) / f64::from(n), 0.5], f64::from(i), NONE).unwrap();
    }
    for i in 1..n {
        let x = vec![(f64::from(i) - 0.5) / f64::from(n), 0.1];
        ktn.add_transition_state(x, 10.0 + f64::from(i), (MinimumId(i - 1), MinimumId(i)), NONE).unwrap();
    }
    ktn
}

fn ids(ktn: &KineticTransitionNetwork, id: u32) -> Vec<u32> {
    ktn.transition_states_of(MinimumId(id)).map(|t| t.id.0).collect()
}

#[test]
fn same_point_is_known_and_a_different_energy_makes_it_new() {
    let mut ktn = KineticTransitionNetwork::in_unit_box(2);
    assert_eq!(ktn.add_minimum(vec![0.5, 0.5], 1.0, NONE).unwrap(), Added::New(MinimumId(0)));
    assert_eq!(ktn.add_minimum(vec![0.5 + 0.0199, 0.5], 1.04, NONE).unwrap(), Added::Known(MinimumId(0)));
    assert_eq!(ktn.add_minimum(vec![0.5 + 0.0201, 0.5], 1.0, NONE).unwrap(), Added::New(MinimumId(1)));
    assert_eq!(ktn.add_minimum(vec![0.5, 0.5], 1.06, NONE).unwrap(), Added::New(MinimumId(2)));
    assert_eq!(ktn.minima()[0].energy, 1.0, "what is held stays");
}

#[test]
fn parallel_and_degenerate_transition_states_are_kept() {
    let mut ktn = chain(3);
    let (a, b) = (MinimumId(0), MinimumId(1));
    ktn.add_transition_state(vec![0.2, 0.9], 11.0, (b, a), NONE).unwrap();
    ktn.add_transition_state(vec![0.9, 0.9], 12.0, (a, a), NONE).unwrap();
    assert_eq!(ids(&ktn, 0), [0, 2, 3]);
    assert_eq!(ids(&ktn, 1), [0, 1, 2]);
    assert!(ktn.transition_states()[3].is_degenerate());
    assert_eq!(ktn.transition_states()[2].other_end(a), Some(b));
    assert_eq!(ktn.transition_states()[2].other_end(MinimumId(2)), None);
}

#[test]
fn ids_are_never_reused_and_removal_takes_the_transition_states_along() {
    let mut ktn = chain(5);
    assert_eq!(ktn.remove_minima(&[MinimumId(1), MinimumId(99)]), (1, 2));
    assert_eq!(ktn.minima().iter().map(|m| m.id.0).collect::<Vec<_>>(), [0, 2, 3, 4]);
    assert_eq!(ktn.transition_states().iter().map(|t| t.id.0).collect::<Vec<_>>(), [2, 3]);
    assert_eq!((ids(&ktn, 0), ids(&ktn, 2), ids(&ktn, 1)), (vec![], vec![2], vec![]));
    assert_eq!(ktn.push_minimum(vec![0.2, 0.5], 1.0, NONE).unwrap(), MinimumId(5));
    assert_eq!(ktn.find_minimum(&[0.2, 0.5], 1.0), Some(MinimumId(5)), "the removed one is forgotten");
    assert_eq!(ktn.remove_transition_states(&[TransitionStateId(3), TransitionStateId(3)]), 1);
    assert_eq!(ids(&ktn, 4), Vec::<u32>::new());
    assert_eq!(ktn.transition_state(TransitionStateId(3)), None);
}

#[test]
fn joining_two_minima_moves_their_transition_states() {
    let mut ktn = chain(4);
    ktn.join_minima(MinimumId(1), MinimumId(2)).unwrap();
    assert_eq!(ids(&ktn, 1), [0, 1, 2]);
    assert!(ktn.transition_states()[1].is_degenerate());
    assert_eq!(ktn.transition_states()[2].minima, (MinimumId(1), MinimumId(3)));
    assert_eq!(ktn.minimum(MinimumId(2)), None);
    assert_eq!(ktn.join_minima(MinimumId(1), MinimumId(2)), Err(NetworkError::UnknownMinimum(MinimumId(2))));
}

#[test]
fn replaced_minimum_is_found_at_its_new_place() {
    let mut ktn = chain(3);
    ktn.replace_minimum(MinimumId(1), vec![0.9, 0.9], -3.0, NONE).unwrap();
    assert_eq!(ktn.find_minimum(&[0.9, 0.9], -3.0), Some(MinimumId(1)));
    assert_eq!(ktn.find_minimum(&[1.0 / 3.0, 0.5], 1.0), None);
    assert_eq!(ids(&ktn, 1), [0, 1]);
}

#[test]
fn merge_adds_only_what_is_new() {
    let mut a = chain(4);
    let mut b = chain(4);
    b.remove_minima(&[MinimumId(0)]);
    let extra = b.push_minimum(vec![0.9, 0.9], -7.0, NONE).unwrap();
    b.push_transition_state(vec![0.8, 0.8], 20.0, (extra, MinimumId(1)), NONE).unwrap();
    let merged = a.merge(&b).unwrap();
    assert_eq!(a.minima().len(), 5);
    assert_eq!(a.transition_states().len(), 4);
    assert_eq!(merged.minima.last(), Some(&(extra, Added::New(MinimumId(4)))));
    assert_eq!(merged.minima[0], (MinimumId(1), Added::Known(MinimumId(1))));
    assert_eq!(a.transition_states()[3].minima, (MinimumId(4), MinimumId(1)));
    let other = KineticTransitionNetwork::in_unit_box(3);
    assert_eq!(a.merge(&other), Err(NetworkError::Dimension { found: 3, expected: 2 }));
}

#[test]
fn hostile_points_are_refused_with_the_number_that_is_wrong() {
    let mut ktn = chain(2);
    assert_eq!(ktn.add_minimum(vec![0.0], 0.0, NONE), Err(NetworkError::Dimension { found: 1, expected: 2 }));
    assert!(matches!(
        ktn.add_minimum(vec![0.0, f64::NAN], 0.0, NONE),
        Err(NetworkError::Coordinate { index: 1, value }) if value.is_nan()
    ));
    assert!(matches!(ktn.add_minimum(vec![0.0, 0.0], f64::NAN, NONE), Err(NetworkError::Energy(e)) if e.is_nan()));
    assert_eq!(ktn.push_minimum(vec![0.0, 0.0], f64::INFINITY, NONE), Err(NetworkError::Energy(f64::INFINITY)));
    let dangling = (MinimumId(0), MinimumId(7));
    assert_eq!(
        ktn.add_transition_state(vec![0.0, 0.0], 0.0, dangling, NONE),
        Err(NetworkError::UnknownMinimum(MinimumId(7)))
    );
    assert_eq!((ktn.minima().len(), ktn.transition_states().len()), (2, 1), "nothing was added");
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(KineticTransitionNetwork::new(SamePoint { scale: vec![1.0, scale], energy: 1.0 }).is_err());
    }
    assert!(KineticTransitionNetwork::new(SamePoint { scale: vec![1.0], energy: 0.0 }).is_err());
}

#[test]
fn saved_network_comes_back_the_same_and_a_broken_one_does_not_load() {
    let mut ktn = chain(4);
    ktn.remove_minima(&[MinimumId(1), MinimumId(3)]);
    let support = Support { n_bound: Some(1), lowest_eigenvalue: Some(0.25), ..NONE };
    ktn.push_minimum(vec![0.1, 0.9], -1.0, support).unwrap();
    let text = serde_json::to_string(&ktn).unwrap();
    let back: KineticTransitionNetwork = serde_json::from_str(&text).unwrap();
    assert_eq!(back, ktn);
    assert_eq!(back.minima()[2].support, support);
    let mut next = back.clone();
    assert_eq!(next.push_minimum(vec![0.1, 0.1], 0.0, NONE).unwrap(), MinimumId(5), "ids go on where they ended");
    for (from, to) in [
        (r#""next_minimum":5"#, r#""next_minimum":4"#),
        (r#""id":2"#, r#""id":0"#),
        (r#""energy":-1.0"#, r#""energy":null"#),
        (r#""x":[0.1,0.9]"#, r#""x":[0.1]"#),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        assert!(serde_json::from_str::<KineticTransitionNetwork>(&text.replacen(from, to, 1)).is_err(), "{to}");
    }
    let dangling = serde_json::to_string(&chain(2)).unwrap().replace(r#""minima":[0,1]"#, r#""minima":[0,9]"#);
    assert!(serde_json::from_str::<KineticTransitionNetwork>(&dangling).is_err());
}

/// Clustered points: many near-duplicates, some exactly on the tolerance, some on the faces of the box.
fn clustered_points(n_dims: usize) -> impl Strategy<Value = Vec<(Vec<f64>, f64)>> {
    let coordinate =
        (0_u32..4, -3_i32..4).prop_map(|(c, k)| (f64::from(c) / 3.0 + 0.01 * f64::from(k)).clamp(0.0, 1.0));
    prop::collection::vec(
        (prop::collection::vec(coordinate, n_dims), (0_u32..6).prop_map(|e| 0.03 * f64::from(e))),
        0..60,
    )
}

proptest! {
    #[test]
    fn neighbour_index_finds_what_the_loop_over_all_pairs_finds(
        points in (1_usize..6).prop_flat_map(clustered_points),
        removed in prop::collection::vec(0_u32..60, 0..10),
    ) {
        let n_dims = points.first().map_or(1, |p| p.0.len());
        let test = SamePoint::unit_box(n_dims);
        let mut ktn = KineticTransitionNetwork::in_unit_box(n_dims);
        for (k, (x, energy)) in points.iter().enumerate() {
            if k == 30 {
                ktn.remove_minima(&removed.iter().map(|&id| MinimumId(id)).collect::<Vec<_>>());
            }
            let by_loop = ktn
                .minima()
                .iter()
                .filter(|m| test.matches(x, *energy, &m.x, m.energy))
                .min_by(|a, b| {
                    let distance = |m: &&fillscape::landscape::Minimum| test.scaled_distance2(x, &m.x);
                    distance(a).total_cmp(&distance(b)).then(a.id.cmp(&b.id))
                })
                .map(|m| m.id);
            prop_assert_eq!(ktn.find_minimum(x, *energy), by_loop);
            let added = ktn.add_minimum(x.clone(), *energy, NONE).unwrap();
            prop_assert_eq!(added.is_new(), by_loop.is_none());
        }
        let again = ktn.clone().merge(&ktn).unwrap();
        prop_assert!(again.minima.iter().all(|(_, added)| !added.is_new()), "merging with itself adds nothing");
    }
}
