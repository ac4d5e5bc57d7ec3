//! Frustration, merge tree, drawing, path, field and layout at large sizes, up to 100 000 transition states.
//!
//! Run: `cargo bench --bench landscape_network`. Each line is the best of three runs.

use fillscape::fill::{RoughnessField, RoughnessFieldParams};
use fillscape::jobs::silent;
use fillscape::landscape::disconnectivity::svg::{SvgParams, svg};
use fillscape::landscape::disconnectivity::{
    DisconnectivityGraph, LayoutParams, Levels, MergeTree, PruneParams, TreeLayout, lowest_barrier_path, persistence,
};
use fillscape::landscape::{
    KineticTransitionNetwork, MinimumId, NetworkLayoutParams, ParallelConvention, Support, contributions, frustration,
    network_layout,
};
use std::hint::black_box;
use std::time::Instant;

fn main() {
    let random = |k: u64| {
        let mut z = k.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    for (n_minima, n_states, d) in [(1_200_u32, 1_200_u32, 128), (50_000, 100_000, 16), (50_000, 100_000, 128)] {
        println!("\n{n_minima} minima, {n_states} transition states, d = {d}");
        let build = || {
            let mut ktn = KineticTransitionNetwork::in_unit_box(d);
            let point = |k: u64| (0..d as u64).map(|j| random(k * 1009 + j)).collect::<Vec<f64>>();
            for k in 0..u64::from(n_minima) {
                ktn.add_minimum(point(k), random(k), Support::default()).unwrap();
            }
            for k in 0..u64::from(n_states) {
                // Mostly near neighbours in a list, so that the tree is deep and the plane layout has a shape.
                let a = (random(7 * k) * f64::from(n_minima)) as u32;
                let b = (a + 1 + (random(7 * k + 1).powi(4) * 50.0) as u32) % n_minima;
                let energy = 1.0 + random(7 * k + 2);
                let x = point(1_000_000_007 + k);
                ktn.add_transition_state(x, energy, (MinimumId(a), MinimumId(b)), Support::default()).unwrap();
            }
            ktn
        };
        let ktn = timed("add all, with the duplicate test", build);
        timed("frustration", || frustration(&ktn, 0.8));
        timed("contributions, sorted", || contributions(&ktn, 80.0, ParallelConvention::Each));
        let tree = timed("merge tree", || MergeTree::new(&ktn));
        timed("persistence", || persistence(&tree));
        let graph = timed("graph, 200 levels", || {
            DisconnectivityGraph::new(&ktn, &tree, Levels::Count(200), &PruneParams::default()).unwrap()
        });
        let layout = timed("tree layout", || TreeLayout::new(&graph, &LayoutParams::default()));
        timed("SVG", || svg(&graph, &layout, None, &SvgParams::default()));
        let (from, to) = (MinimumId(0), MinimumId(n_minima / 2));
        timed("lowest-barrier path", || lowest_barrier_path(&ktn, &tree, from, to).is_ok());
        let field = timed("make the field", || RoughnessField::new(&ktn, &RoughnessFieldParams::script()).unwrap());
        let x = vec![0.5; d];
        let mut gradient = vec![0.0; d];
        timed("field value and gradient, one point", || field.value_gradient(&x, &mut gradient));
        timed("plane layout", || network_layout(&ktn, &NetworkLayoutParams::default(), None, &mut silent));
    }
}

fn timed<T>(what: &str, mut work: impl FnMut() -> T) -> T {
    let mut best = f64::INFINITY;
    let mut last = None;
    for _ in 0..3 {
        let start = Instant::now();
        last = Some(black_box(work()));
        best = best.min(start.elapsed().as_secs_f64());
        if best > 5.0 {
            break; // slow enough to be measured well once
        }
    }
    println!("{what:<36} {:>12.3} ms", 1e3 * best);
    last.expect("it ran at least once")
}
