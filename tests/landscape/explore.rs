//! Explorations against complete lists of stationary points, and what must not change a result.

use std::ops::ControlFlow;

use fillscape::jobs::silent;
use fillscape::landscape::{
    Exploration, ExploreParams, KineticTransitionNetwork, Surface, ThinPlate, Toy, explore, read_npy,
};
use serde_json::Value;

fn thorough(surface: &dyn Surface, starts: &[f64]) -> KineticTransitionNetwork {
    let mut exploration = Exploration::new(surface, starts, ExploreParams::thorough()).unwrap();
    explore(surface, &mut exploration, 2, &mut silent).unwrap();
    println!(
        "{} rounds, failures {:?}, seconds {:?}",
        exploration.rounds(),
        exploration.failures(),
        exploration.seconds()
    );
    exploration.network().clone()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

/// Asserts that two lists hold the same points within `tolerance`, in any order.
fn assert_same_points(what: &str, found: &[Vec<f64>], expected: &[Vec<f64>], tolerance: f64) {
    for e in expected {
        assert!(found.iter().any(|f| distance(f, e) <= tolerance), "{what}: {e:?} was not found");
    }
    for f in found {
        assert!(expected.iter().any(|e| distance(f, e) <= tolerance), "{what}: {f:?} is not in the complete list");
    }
    assert_eq!(found.len(), expected.len(), "{what}: number of points");
}

fn on_the_box(surface: &dyn Surface, x: &[f64]) -> bool {
    x.iter().zip(surface.lower()).zip(surface.upper()).any(|((x, l), u)| x <= l || x >= u)
}

#[test]
fn thorough_finds_the_complete_lists_of_the_test_functions() {
    let Some(path) = crate::common::shared("reference/surface/test_functions.json") else { return };
    let lists: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for list in lists["functions"].as_array().unwrap() {
        let name = list["function"].as_str().unwrap();
        let toy = Toy::by_name(&name.trim_end_matches("2d").replace('_', "-")).unwrap();
        let width = toy.upper()[0] - toy.lower()[0];
        let network = thorough(&toy, &[]);
        let listed = |kind: &str| -> Vec<Vec<f64>> {
            list[kind].as_array().unwrap().iter().map(|p| numbers(&p["coords"])).collect()
        };
        // The list holds interior points only; points on the box are checked for themselves.
        let minima: Vec<_> = network.minima().iter().map(|m| m.x.clone()).filter(|x| !on_the_box(&toy, x)).collect();
        let saddles: Vec<_> =
            network.transition_states().iter().map(|t| t.x.clone()).filter(|x| !on_the_box(&toy, x)).collect();
        assert_same_points(&format!("{name} minima"), &minima, &listed("minima"), 1e-6 * width);
        assert_same_points(&format!("{name} transition states"), &saddles, &listed("saddles"), 1e-6 * width);
        let listed_minima = listed("minima");
        for saddle in list["saddles"].as_array().unwrap() {
            let at = numbers(&saddle["coords"]);
            let found = network.transition_states().iter().find(|t| distance(&t.x, &at) <= 1e-6 * width).unwrap();
            let mut ends: Vec<String> = [found.minima.0, found.minima.1]
                .iter()
                .map(|&id| {
                    let x = &network.minimum(id).unwrap().x;
                    match listed_minima.iter().position(|m| distance(m, x) <= 1e-6 * width) {
                        Some(k) => k.to_string(),
                        None => "bounds".to_owned(),
                    }
                })
                .collect();
            let mut expected: Vec<String> = saddle["connects_minima"]
                .as_array()
                .unwrap()
                .iter()
                .map(|c| c.as_u64().map_or_else(|| end_beyond(c.as_str().unwrap(), &listed_minima), |k| k.to_string()))
                .collect();
            ends.sort();
            expected.sort();
            assert_eq!(ends, expected, "{name}: connections of the transition state at {at:?}");
        }
    }
}

/// What an end called “bounds [x, y]” stands for: a place on the box, or, where a coordinate is 0, the flat inflection
/// of Schwefel's function at which the oracle's descent stood still; the way on leads to the minimum at 5.239….
fn end_beyond(label: &str, minima: &[Vec<f64>]) -> String {
    let place: Vec<f64> = serde_json::from_str(label.trim_start_matches("bounds ")).unwrap();
    if place.iter().all(|v| v.abs() > 1e-9) {
        return "bounds".to_owned();
    }
    let on: Vec<f64> = place.iter().map(|&v| if v.abs() > 1e-9 { v } else { 5.239_199_300_195_525 }).collect();
    minima.iter().position(|m| distance(m, &on) < 1e-3).unwrap().to_string()
}

#[test]
fn thorough_finds_every_point_of_the_exhaustive_surfaces() {
    let Some(path) = crate::common::shared("reference/surface/rbf2d_stationary.json") else { return };
    let lists: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for list in lists["surfaces"].as_array().unwrap() {
        let x: Vec<f64> = list["x"].as_array().unwrap().iter().flat_map(numbers).collect();
        let surface =
            ThinPlate::fit_in_unit_box(&x, 2, &numbers(&list["y"]), list["smoothing"].as_f64().unwrap()).unwrap();
        let network = thorough(&surface, &x);
        let listed = |kind: &str, flag: &str| -> Vec<Vec<f64>> {
            let interior = list["interior"][kind].as_array().unwrap().iter();
            let edges = list["edges"].as_array().unwrap().iter().chain(list["corners"].as_array().unwrap());
            let bound = edges.filter(|p| p[flag].as_bool() == Some(true));
            interior.chain(bound).map(|p| numbers(&p["coords"])).collect()
        };
        let what = format!("seed {}", list["seed"]);
        let minima: Vec<_> = network.minima().iter().map(|m| m.x.clone()).collect();
        let saddles: Vec<_> = network.transition_states().iter().map(|t| t.x.clone()).collect();
        assert_same_points(&format!("{what} minima"), &minima, &listed("minima", "is_bound_minimum"), 1e-6);
        assert_same_points(&format!("{what} transition states"), &saddles, &listed("saddles", "is_bound_saddle"), 1e-6);
    }
}

#[test]
fn the_network_depends_on_neither_threads_nor_interruptions() {
    let toy = Toy::schwefel(3);
    let mut params = ExploreParams::reference();
    params.n_random_starts = 150;
    params.n_modes_from_minima = 2;
    let fresh = || Exploration::new(&toy, &[], params.clone()).unwrap();
    let mut whole = fresh();
    explore(&toy, &mut whole, 1, &mut silent).unwrap();
    assert!(whole.network().minima().len() > 100, "{} minima", whole.network().minima().len());

    let mut parallel = fresh();
    explore(&toy, &mut parallel, 3, &mut silent).unwrap();
    assert_eq!(parallel.network(), whole.network(), "three threads");

    let mut interrupted = fresh();
    let mut n_stops = 0;
    while interrupted.stage() != whole.stage() {
        let mut n_units = 0;
        explore(&toy, &mut interrupted, 2, &mut |_| {
            n_units += 1;
            if n_units > 700 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
        n_stops += 1;
        let saved = serde_json::to_string(&interrupted).unwrap();
        interrupted = serde_json::from_str(&saved).unwrap();
    }
    assert!(n_stops > 2, "stopped {n_stops} times");
    assert_eq!(interrupted.network(), whole.network(), "interrupted {n_stops} times");
    assert_eq!(interrupted.failures(), whole.failures());
}

/// Points of `refined.json` that are what they claim and stationary for the box: what a complete search must find.
fn confirmed(refined: &Value, kind: &str, index: u64) -> Vec<Vec<f64>> {
    let points = refined[kind].as_array().unwrap().iter();
    let right = points.filter(|p| {
        p["converged"].as_bool() == Some(true)
            && p["moved"].as_f64().unwrap() < 0.02
            && p["negative_eigenvalues"].as_u64() == Some(index)
            && p["bound_gradient_points_out"].as_bool() == Some(true)
    });
    let mut distinct: Vec<Vec<f64>> = Vec::new();
    for point in right.map(|p| numbers(&p["coords"])) {
        if distinct.iter().all(|d| distance(d, &point) > 1e-5) {
            distinct.push(point);
        }
    }
    distinct
}

fn check_reference_case(case: &str) {
    let Some(folder) = crate::common::shared(&format!("reference/landscape/{case}")) else { return };
    let refined = crate::common::json(folder.join("refined.json"));
    let (surface, starts): (Box<dyn Surface>, Vec<f64>) = if case == "camelback" {
        (Box::new(Toy::camelback()), Vec::new())
    } else {
        let points = read_npy(&folder.join("training_normalised.npy")).unwrap();
        let response = read_npy(&folder.join("response_normalised.npy")).unwrap();
        let dim = points.rows_columns().unwrap().1;
        (Box::new(ThinPlate::fit_in_unit_box(&points.data, dim, &response.data, 1e-4).unwrap()), points.data)
    };
    let network = thorough(surface.as_ref(), &starts);
    let (minima, saddles) = (confirmed(&refined, "minima", 0), confirmed(&refined, "edges", 1));
    println!(
        "{case}: {} minima and {} transition states; the reference's confirmed: {} and {}",
        network.minima().len(),
        network.transition_states().len(),
        minima.len(),
        saddles.len()
    );
    let missing = |expected: &[Vec<f64>], found: Vec<&[f64]>| {
        expected.iter().filter(|e| found.iter().all(|f| distance(f, e) > 1e-5)).cloned().collect::<Vec<_>>()
    };
    let missing_minima = missing(&minima, network.minima().iter().map(|m| m.x.as_slice()).collect());
    let missing_saddles = missing(&saddles, network.transition_states().iter().map(|t| t.x.as_slice()).collect());
    assert!(missing_minima.is_empty(), "{case}: minima not found: {missing_minima:?}");
    assert!(missing_saddles.is_empty(), "{case}: transition states not found: {missing_saddles:?}");
    let points =
        network.minima().iter().map(|m| (&m.x, 0)).chain(network.transition_states().iter().map(|t| (&t.x, 1)));
    for (x, index) in points {
        assert_is_stationary(surface.as_ref(), x, index);
    }
}

/// Re-derives, with plain loops, that a point is stationary in its free coordinates and has the right index.
fn assert_is_stationary(surface: &dyn Surface, x: &[f64], index: usize) {
    let d = surface.dim();
    let mut gradient = vec![0.0; d];
    surface.energy_gradient(x, &mut gradient);
    let mut free = Vec::new();
    for k in 0..d {
        let held =
            (x[k] == surface.lower()[k] && gradient[k] > 0.0) || (x[k] == surface.upper()[k] && gradient[k] < 0.0);
        assert!(held || gradient[k].abs() <= 1e-6, "gradient component {k} is {} at {x:?}", gradient[k]);
        if !held {
            free.push(k);
        }
    }
    let mut full = vec![0.0; d * d];
    surface.hessian(x, &mut full);
    // By Sylvester's law of inertia the pivots of LDLᵀ have the signs of the eigenvalues.
    let n = free.len();
    let mut a: Vec<f64> =
        free.iter().flat_map(|&i| free.iter().map(|&j| full[i * d + j]).collect::<Vec<_>>()).collect();
    let mut n_negative = 0;
    for p in 0..n {
        n_negative += usize::from(a[p * n + p] < 0.0);
        for i in p + 1..n {
            let factor = a[i * n + p] / a[p * n + p];
            for j in p..n {
                a[i * n + j] -= factor * a[p * n + j];
            }
        }
    }
    assert_eq!(n_negative, index, "negative free eigenvalues at {x:?}");
}

#[test]
fn camelback_holds_every_confirmed_point_of_the_reference() {
    check_reference_case("camelback");
}

#[test]
fn hep_0_1_holds_every_confirmed_point_of_the_reference() {
    check_reference_case("hep_0_1");
}

#[test]
fn hep_1_2_holds_every_confirmed_point_of_the_reference() {
    check_reference_case("hep_1_2");
}

#[test]
fn hep_1_3_holds_every_confirmed_point_of_the_reference() {
    check_reference_case("hep_1_3");
}

#[test]
fn hep_2_3_holds_every_confirmed_point_of_the_reference() {
    check_reference_case("hep_2_3");
}

#[test]
fn synth4d_holds_every_confirmed_point_of_the_reference() {
    check_reference_case("synth4d120tight");
}

#[test]
fn synth8d_holds_every_confirmed_point_of_the_reference() {
    check_reference_case("synth8d150");
}

#[test]
fn rough16d_holds_every_confirmed_point_of_the_reference() {
    check_reference_case("rough16d200");
}
