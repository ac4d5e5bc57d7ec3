//! Merge trees, graphs, persistence and paths; oracles: Floyd–Warshall minimax, flood fill, enumeration of all paths.

use fillscape::landscape::disconnectivity::svg::{SvgParams, svg};
use fillscape::landscape::disconnectivity::{
    BranchStyle, Components, DisconnectivityGraph, GraphError, LayoutParams, LeafOrder, Levels, MergeTree, PathError,
    PointId, PruneParams, TreeLayout, hardest_to_reach, lowest_barrier_path, lowest_joined, persistence,
};
use fillscape::landscape::{KineticTransitionNetwork, MinimumId, Support, TransitionStateId};
use proptest::prelude::*;

/// Builds a 1-d network from energies of minima and (end, end, energy, place) of transition states.
fn network(minima: &[f64], transition_states: &[(u32, u32, f64, f64)]) -> KineticTransitionNetwork {
    let mut ktn = KineticTransitionNetwork::in_unit_box(1);
    for (k, &energy) in minima.iter().enumerate() {
        ktn.push_minimum(vec![k as f64], energy, Support::default()).unwrap();
    }
    for &(a, b, energy, x) in transition_states {
        ktn.push_transition_state(vec![x], energy, (MinimumId(a), MinimumId(b)), Support::default()).unwrap();
    }
    ktn
}

/// Up to ten minima, up to twenty transition states with few distinct energies, so that ties are common; parallel and
/// degenerate ones and disconnected parts included. Transition states may lie below a minimum.
fn random_network() -> impl Strategy<Value = KineticTransitionNetwork> {
    (1_usize..10).prop_flat_map(|n| {
        let minima = prop::collection::vec((0_i32..8).prop_map(f64::from), n);
        let end = 0..n as u32;
        let transition_state = (end.clone(), end, (4_i32..14).prop_map(f64::from), 0.0..10.0_f64);
        (minima, prop::collection::vec(transition_state, 0..20)).prop_map(|(m, t)| network(&m, &t))
    })
}

/// The minimax energy of every pair by Floyd and Warshall; infinite where no path joins.
fn minimax(ktn: &KineticTransitionNetwork) -> Vec<Vec<f64>> {
    let n = ktn.minima().len();
    let mut e = vec![vec![f64::INFINITY; n]; n];
    for t in ktn.transition_states() {
        let (a, b) = (t.minima.0.0 as usize, t.minima.1.0 as usize);
        e[a][b] = e[a][b].min(t.energy);
        e[b][a] = e[a][b];
    }
    for k in 0..n {
        for i in 0..n {
            for j in 0..n {
                e[i][j] = e[i][j].min(e[i][k].max(e[k][j]));
            }
        }
    }
    for (i, row) in e.iter_mut().enumerate() {
        row[i] = ktn.minima()[i].energy;
    }
    e
}

fn id(k: usize) -> MinimumId {
    MinimumId(k as u32)
}

proptest! {
    #[test]
    fn merge_energy_is_the_minimax_barrier(ktn in random_network()) {
        let tree = MergeTree::new(&ktn);
        for (i, row) in minimax(&ktn).iter().enumerate() {
            for (j, &expected) in row.iter().enumerate() {
                prop_assert_eq!(tree.merge_energy(id(i), id(j)).unwrap_or(f64::INFINITY), expected, "{} {}", i, j);
            }
        }
    }

    #[test]
    fn basins_are_what_flooding_joins(ktn in random_network(), level in 0_i32..15) {
        let level = f64::from(level);
        let e = minimax(&ktn);
        let rank = |k: usize| (ktn.minima()[k].energy, k);
        for (i, basin) in MergeTree::new(&ktn).basins_at(level).into_iter().enumerate() {
            let expected = (ktn.minima()[i].energy <= level).then(|| {
                let reached = (0..e.len()).filter(|&j| j == i || e[i][j] <= level);
                id(reached.min_by(|&a, &b| rank(a).partial_cmp(&rank(b)).unwrap()).unwrap())
            });
            prop_assert_eq!(basin, expected);
        }
    }

    #[test]
    fn persistence_is_the_lowest_minimax_barrier_to_a_deeper_minimum(ktn in random_network()) {
        let tree = MergeTree::new(&ktn);
        let e = minimax(&ktn);
        let energy = |k: usize| ktn.minima()[k].energy;
        let deeper = |a: usize, b: usize| (energy(a), a) < (energy(b), b);
        for (i, p) in persistence(&tree).into_iter().enumerate() {
            let reachable = || (0..e.len()).filter(|&j| j != i && e[i][j].is_finite());
            let to_deeper = reachable().filter(|&j| deeper(j, i)).map(|j| e[i][j]).reduce(f64::min);
            prop_assert_eq!(p.to_deeper.map(|escape| escape.merge_energy), to_deeper);
            let lowest = reachable().fold(i, |best, j| if deeper(j, best) { j } else { best });
            let expected = (lowest != i).then(|| (id(lowest), e[i][lowest], (e[i][lowest] - energy(i)).max(0.0)));
            prop_assert_eq!(p.to_lowest.map(|escape| (escape.to, escape.merge_energy, escape.barrier)), expected);
        }
    }

    #[test]
    fn path_has_the_minimax_bottleneck_and_is_the_shortest_of_those(ktn in random_network(), i in 0_usize..10, j in 0_usize..10) {
        let n = ktn.minima().len();
        let (i, j) = (i % n, j % n);
        let tree = MergeTree::new(&ktn);
        let e = minimax(&ktn);
        let found = lowest_barrier_path(&ktn, &tree, id(i), id(j));
        if i != j && e[i][j].is_infinite() {
            let disconnected = matches!(found, Err(PathError::Disconnected { .. }));
            prop_assert!(disconnected);
            return Ok(());
        }
        let path = found.unwrap();
        prop_assert_eq!(path.points[0].point, PointId::Minimum(id(i)));
        prop_assert_eq!(path.points.last().unwrap().point, PointId::Minimum(id(j)));
        for step in path.points.windows(3).step_by(2) {
            let (PointId::Minimum(a), PointId::TransitionState(t), PointId::Minimum(b)) =
                (step[0].point, step[1].point, step[2].point) else { panic!("minima and transition states alternate") };
            prop_assert_eq!(ktn.transition_state(t).unwrap().other_end(a), Some(b));
        }
        let highest = path.points.iter().filter(|p| matches!(p.point, PointId::TransitionState(_))).map(|p| p.energy);
        if i != j {
            prop_assert_eq!(highest.reduce(f64::max), Some(e[i][j]));
            prop_assert_eq!(path.barrier_forward, (e[i][j] - ktn.minima()[i].energy).max(0.0));
            prop_assert_eq!(path.barrier_back, (e[i][j] - ktn.minima()[j].energy).max(0.0));
        }
        let expected = shortest_by_bellman_ford(&ktn, i, j, e[i][j]);
        prop_assert!((path.length - expected).abs() < 1e-12, "{} {}", path.length, expected);
    }

    #[test]
    fn pruned_graph_keeps_the_merge_energies_of_what_is_left(ktn in random_network(), lowest in 0_usize..10, least in 0_i32..6, monotonic: bool) {
        let tree = MergeTree::new(&ktn);
        let prune = PruneParams { components: Components::All, monotonic, min_barrier: Some(f64::from(least)), lowest: Some(lowest) };
        let graph = DisconnectivityGraph::new(&ktn, &tree, Levels::Exact, &prune).unwrap();
        prop_assert!(graph.n_leaves() <= lowest);
        let e = minimax(&ktn);
        let leaves: Vec<usize> = (0..graph.nodes.len()).filter(|&k| graph.nodes[k].is_leaf()).collect();
        prop_assert_eq!(leaves.len(), graph.n_leaves());
        for &a in &leaves {
            for &b in leaves.iter().filter(|&&b| b != a) {
                let joined = lowest_common_energy(&graph, a, b).unwrap_or(f64::INFINITY);
                prop_assert_eq!(joined, e[graph.nodes[a].lowest.0 as usize][graph.nodes[b].lowest.0 as usize]);
            }
        }
        for m in ktn.minima() {
            let p = persistence(&tree)[m.id.0 as usize].to_deeper;
            let has_lower = ktn.transition_states_of(m.id).any(|t| {
                let other = ktn.minimum(t.other_end(m.id).unwrap()).unwrap();
                (other.energy, other.id) < (m.energy, m.id)
            });
            let passes = p.is_none_or(|p| p.barrier >= f64::from(least)) && !(monotonic && has_lower);
            let drawn = leaves.iter().any(|&k| graph.nodes[k].lowest == m.id);
            prop_assert!(passes || !drawn);
            prop_assert!(drawn || !passes || graph.n_leaves() == lowest);
        }
    }

    #[test]
    fn levels_lift_merges_to_the_next_level(ktn in random_network(), spacing in 0.3..3.0_f64) {
        let tree = MergeTree::new(&ktn);
        let prune = PruneParams { components: Components::All, ..PruneParams::default() };
        let graph = DisconnectivityGraph::new(&ktn, &tree, Levels::Spaced { first: 0.1, spacing }, &prune).unwrap();
        for node in &graph.nodes {
            if !node.is_leaf() {
                let k = (node.energy - 0.1) / spacing;
                prop_assert!((k - k.round()).abs() < 1e-9);
                prop_assert!(node.children.len() >= 2);
            }
            if let Some(parent) = node.parent {
                prop_assert!(node.is_leaf() || node.energy < graph.nodes[parent].energy, "equal levels are one node");
            }
        }
        let e = minimax(&ktn);
        let leaf = |k: usize| graph.nodes.iter().position(|node| node.is_leaf() && node.lowest == id(k)).unwrap();
        for (i, row) in e.iter().enumerate() {
            for j in (0..i).filter(|&j| row[j].is_finite()) {
                let joined = lowest_common_energy(&graph, leaf(i), leaf(j)).unwrap();
                prop_assert!(joined >= row[j] - 1e-8 && joined < row[j] + spacing, "{} {}", joined, row[j]);
            }
        }
    }

    #[test]
    fn layout_has_no_crossing_branches(ktn in random_network(), square: bool, order in 0_usize..3, count in prop::option::of(1_usize..6)) {
        // Points that lie above their transition states can only be drawn by lifting superbasins: leave them out.
        let sound = ktn.transition_states().iter().filter(|t| {
            [t.minima.0, t.minima.1].iter().all(|&m| ktn.minimum(m).unwrap().energy < t.energy)
        });
        let sound: Vec<_> = sound.map(|t| (t.minima.0.0, t.minima.1.0, t.energy, t.x[0])).collect();
        let energies: Vec<f64> = ktn.minima().iter().map(|m| m.energy).collect();
        let ktn = network(&energies, &sound);
        let levels = count.map_or(Levels::Exact, Levels::Count);
        let prune = PruneParams { components: Components::All, ..PruneParams::default() };
        let graph = DisconnectivityGraph::new(&ktn, &MergeTree::new(&ktn), levels, &prune).unwrap();
        prop_assert_eq!(graph.n_inverted, 0);
        let style = if square { BranchStyle::Square } else { BranchStyle::Slanted };
        let order = [LeafOrder::Balanced, LeafOrder::Deepest, LeafOrder::Largest][order];
        let layout = TreeLayout::new(&graph, &LayoutParams { style, order, ..LayoutParams::default() });
        prop_assert_eq!(layout.leaves.len(), ktn.minima().len());
        prop_assert!(layout.leaves.windows(2).all(|w| w[0].x < w[1].x), "leaves come from the left");
        for (k, a) in layout.segments.iter().enumerate() {
            prop_assert!(a.from[1] >= a.to[1], "branches go down");
            for b in &layout.segments[..k] {
                prop_assert!(!properly_cross(a.from, a.to, b.from, b.to), "{:?} {:?}", a, b);
            }
        }
    }
}

/// The shortest length over transition states at or below `ceiling`, by relaxing every one of them N times.
fn shortest_by_bellman_ford(ktn: &KineticTransitionNetwork, start: usize, end: usize, ceiling: f64) -> f64 {
    let n = ktn.minima().len();
    let mut length = vec![f64::INFINITY; n];
    length[start] = 0.0;
    for _ in 0..n {
        for t in ktn.transition_states().iter().filter(|t| t.energy <= ceiling) {
            let (a, b) = (t.minima.0.0 as usize, t.minima.1.0 as usize);
            let step = (t.x[0] - ktn.minima()[a].x[0]).abs() + (t.x[0] - ktn.minima()[b].x[0]).abs();
            length[a] = length[a].min(length[b] + step);
            length[b] = length[b].min(length[a] + step);
        }
    }
    length[end]
}

fn lowest_common_energy(graph: &DisconnectivityGraph, a: usize, b: usize) -> Option<f64> {
    let ancestors = |mut node: usize| {
        let mut list = vec![node];
        while let Some(parent) = graph.nodes[node].parent {
            list.push(parent);
            node = parent;
        }
        list
    };
    let of_b = ancestors(b);
    ancestors(a).into_iter().find(|node| of_b.contains(node)).map(|node| graph.nodes[node].energy)
}

/// Whether two segments cross in a point inside both.
fn properly_cross(a: [f64; 2], b: [f64; 2], c: [f64; 2], d: [f64; 2]) -> bool {
    let side = |p: [f64; 2], q: [f64; 2], r: [f64; 2]| {
        let area = (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
        if area.abs() < 1e-9 { 0.0 } else { area.signum() }
    };
    side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0
}

/// Three minima in a row, a parallel pair, an island of two and a single one.
fn small() -> KineticTransitionNetwork {
    let minima = [0.0, 1.0, 0.5, 2.0, 3.0, 4.0];
    network(
        &minima,
        &[(0, 1, 5.0, 0.5), (1, 2, 3.0, 1.5), (0, 2, 6.0, 1.0), (3, 4, 7.0, 3.5), (0, 1, 5.0, 0.7), (2, 2, 1.0, 2.0)],
    )
}

#[test]
fn small_tree_is_the_one_drawn_by_hand() {
    let tree = MergeTree::new(&small());
    let merges: Vec<_> =
        tree.merges().iter().map(|m| (m.energy, m.transition_state.0, m.children, m.n_minima)).collect();
    assert_eq!(merges, [(3.0, 1, [2, 1], 2), (5.0, 0, [0, 6], 3), (7.0, 3, [3, 4], 2)]);
    assert_eq!(tree.roots(), [7, 8, 5]);
    assert_eq!(tree.merge_energy(id(0), id(2)), Some(5.0));
    assert_eq!(tree.merge_energy(id(0), id(3)), None);
    assert_eq!(tree.merge_energy(id(0), id(77)), None);
}

#[test]
fn path_takes_the_shorter_of_parallel_transition_states_and_states_components() {
    let ktn = small();
    let tree = MergeTree::new(&ktn);
    let path = lowest_barrier_path(&ktn, &tree, id(0), id(2)).unwrap();
    assert_eq!(path.bottleneck, Some(TransitionStateId(0)), "5.0 twice and equally long: the lower id");
    assert_eq!(path.points.iter().map(|p| p.energy).collect::<Vec<_>>(), [0.0, 5.0, 1.0, 3.0, 0.5]);
    assert_eq!((path.barrier_forward, path.barrier_back, path.length), (5.0, 4.5, 2.0));
    let none = lowest_barrier_path(&ktn, &tree, id(0), id(5)).unwrap_err();
    assert_eq!(none, PathError::Disconnected { from: id(0), to: id(5), size_from: 3, size_to: 1 });
    assert_eq!(lowest_barrier_path(&ktn, &tree, id(0), id(6)), Err(PathError::UnknownMinimum(id(6))));
    let here = lowest_barrier_path(&ktn, &tree, id(4), id(4)).unwrap();
    assert_eq!((here.points.len(), here.bottleneck, here.length), (1, None, 0.0));
}

#[test]
fn leaves_stand_in_the_order_asked_for() {
    let ktn = small();
    let prune = PruneParams { components: Components::All, ..PruneParams::default() };
    let graph = DisconnectivityGraph::new(&ktn, &MergeTree::new(&ktn), Levels::Exact, &prune).unwrap();
    let leaves = |order| {
        let layout = TreeLayout::new(&graph, &LayoutParams { order, ..LayoutParams::default() });
        layout.leaves.iter().map(|leaf| leaf.minimum.0).collect::<Vec<_>>()
    };
    assert_eq!(leaves(LeafOrder::Deepest), [0, 2, 1, 3, 4, 5]);
    assert_eq!(leaves(LeafOrder::Largest), [2, 1, 0, 3, 4, 5]);
}

#[test]
fn ends_of_a_path_are_found_when_left_open() {
    let ktn = small();
    let tree = MergeTree::new(&ktn);
    assert_eq!(lowest_joined(&ktn), Some(id(0)));
    assert_eq!(hardest_to_reach(&ktn, &tree, id(0)), id(1), "1 and 2 join at 5.0 alike: the first");
    assert_eq!(hardest_to_reach(&ktn, &tree, id(2)), id(0));
    assert_eq!(hardest_to_reach(&ktn, &tree, id(5)), id(5), "nothing is joined to it");
    let alone = network(&[3.0, 1.0, 2.0], &[(0, 2, 4.0, 0.5)]);
    assert_eq!(lowest_joined(&alone), Some(id(2)), "the lowest of all is joined to nothing");
    assert_eq!(lowest_joined(&network(&[], &[])), None);
}

#[test]
fn components_not_drawn_are_stated() {
    let ktn = small();
    let tree = MergeTree::new(&ktn);
    let graph = |components| {
        let prune = PruneParams { components, ..PruneParams::default() };
        DisconnectivityGraph::new(&ktn, &tree, Levels::Exact, &prune).unwrap()
    };
    let leaves = [Components::All, Components::Joined, Components::Lowest].map(|c| graph(c).n_leaves());
    assert_eq!(leaves, [6, 5, 3]);
    let joined = graph(Components::Joined);
    assert_eq!((joined.n_components, joined.n_isolated, joined.roots.len()), (3, 1, 2));
    let text = svg(&joined, &TreeLayout::new(&joined, &LayoutParams::default()), None, &SvgParams::default());
    assert!(text.contains("5 of 6 minima drawn; 3 components, 1 of them single minima, 2 drawn"), "{text}");
}

#[test]
fn empty_network_and_one_minimum_have_graphs() {
    for n in [0, 1] {
        let ktn = network(&[-1.5][..n], &[]);
        let tree = MergeTree::new(&ktn);
        assert_eq!((tree.n_nodes(), tree.roots().len()), (n, n));
        assert_eq!(persistence(&tree).len(), n);
        assert_eq!(tree.basins_at(0.0).len(), n);
        for levels in [Levels::Exact, Levels::Count(5)] {
            let graph = DisconnectivityGraph::new(&ktn, &tree, levels, &PruneParams::default()).unwrap();
            let layout = TreeLayout::new(&graph, &LayoutParams::default());
            assert_eq!(layout.segments.len(), n, "a stem for each");
            let text = svg(&graph, &layout, None, &SvgParams::default());
            assert!(text.ends_with("</svg>\n") && !text.contains("NaN") && !text.contains("inf"), "{text}");
        }
    }
}

#[test]
fn unusable_levels_and_barriers_are_errors() {
    let ktn = small();
    let tree = MergeTree::new(&ktn);
    let graph = |levels, prune: &PruneParams| DisconnectivityGraph::new(&ktn, &tree, levels, prune);
    let all = PruneParams::default();
    assert_eq!(graph(Levels::Count(0), &all), Err(GraphError::NoLevels));
    for spacing in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(graph(Levels::Spaced { first: 0.0, spacing }, &all), Err(GraphError::Levels { .. })));
    }
    let nan = PruneParams { min_barrier: Some(f64::NAN), ..all };
    assert!(matches!(graph(Levels::Exact, &nan), Err(GraphError::Barrier(_))));
}

#[test]
fn caterpillar_of_a_hundred_thousand_minima_does_not_overflow_the_stack() {
    let n = 100_000_u32;
    let minima: Vec<f64> = (0..n).map(|k| f64::from(k) * 1e-6).collect();
    let joins: Vec<_> = (1..n).map(|k| (0, k, 1.0 + f64::from(k) * 1e-6, 0.5)).collect();
    let ktn = network(&minima, &joins);
    let tree = MergeTree::new(&ktn);
    let graph = DisconnectivityGraph::new(&ktn, &tree, Levels::Exact, &PruneParams::default()).unwrap();
    let layout = TreeLayout::new(&graph, &LayoutParams::default());
    assert_eq!(layout.leaves.len(), n as usize);
    let deepest = layout.leaves.iter().find(|leaf| leaf.minimum == id(0)).unwrap();
    assert!((deepest.x - layout.width / 2.0).abs() <= 1.0, "the deepest minimum stands in the middle: {}", deepest.x);
}
