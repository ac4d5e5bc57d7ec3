//! The full-size exploration, timed: N points of a Latin hypercube in d dimensions with published responses.
//!
//! `cargo run --release --example full_size -- RESPONSES [--dim 128] [--points 5000] [--threads 2] [--preset reference]
//! [--starts K] [--limit-seconds S] [--fit-only] [--check-threads]` explores from all points, or from the first K, and
//! prints the summary as JSON, then what a plain matrix product reaches on the same threads.

use std::ops::ControlFlow;
use std::time::Instant;

use faer::{Mat, Par};
use fillscape::landscape::{
    Exploration, ExploreParams, KineticTransitionNetwork, Normalisation, Summary, Surface, ThinPlate, explore,
    latin_hypercube,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str, default: &str| {
        let at = arguments.iter().position(|a| a == name);
        at.map_or(default.to_owned(), |i| arguments[i + 1].clone())
    };
    let number = |name: &str, default: &str| option(name, default).parse::<usize>().expect("a whole number");
    let (dim, threads) = (number("--dim", "128"), number("--threads", "2"));
    let text = std::fs::read_to_string(&arguments[1]).expect("the response file");
    let responses: Vec<f64> = text.split_whitespace().map(|v| v.parse().expect("a number")).collect();
    let n = number("--points", "5000");
    // Beyond the published responses they repeat, at other points.
    let response: Vec<f64> = responses.iter().copied().cycle().take(n).collect();
    let points = latin_hypercube(n, dim, &mut ChaCha8Rng::seed_from_u64(42));
    let points = Normalisation::of(&points, dim).expect("a hypercube has width").apply(&points);
    let response = Normalisation::of(&response, 1).expect("responses differ").apply(&response);

    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    pool.expect("the first pool");
    let started = Instant::now();
    let surface = ThinPlate::fit_in_unit_box(&points, dim, &response, 1e-4).expect("a fit");
    let fit = started.elapsed().as_secs_f64();
    eprintln!("fit: {fit:.2} s");
    if arguments.iter().any(|a| a == "--fit-only") {
        print_peak_memory();
        return;
    }
    let params = ExploreParams::by_name(&option("--preset", "reference")).expect("a preset");
    let n_starts = number("--starts", "1000000").min(n);
    let mut exploration = Exploration::new(&surface, &points[..n_starts * dim], params).expect("an exploration");
    exploration.add_seconds("fit", fit);
    let limit = number("--limit-seconds", "100000") as u64;
    let mut shown = Instant::now();
    let clock = Instant::now();
    let mut observe = |p: fillscape::jobs::Progress| {
        if shown.elapsed().as_secs() >= 2 {
            shown = Instant::now();
            eprintln!("{:7.1} s {} {}/{:?} {}", clock.elapsed().as_secs_f64(), p.stage, p.done, p.total, p.detail);
        }
        if clock.elapsed().as_secs() > limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    explore(&surface, &mut exploration, threads, &mut observe).expect("the same surface");
    println!("{}", serde_json::to_string_pretty(&Summary::of(&exploration, threads)).expect("plain data"));
    println!("wall: {:.1} s with the fit", started.elapsed().as_secs_f64());
    check(&surface, exploration.network());
    if arguments.iter().any(|a| a == "--check-threads") {
        let mut alone =
            Exploration::new(&surface, &points[..n_starts * dim], exploration.params().clone()).expect("as before");
        explore(&surface, &mut alone, 1, &mut fillscape::jobs::silent).expect("the same surface");
        println!("the network of one thread is the same: {}", alone.network() == exploration.network());
    }

    let a = Mat::from_fn(2048, 2048, |i, j| ((i * 31 + j * 17) % 97) as f64);
    let mut c = Mat::<f64>::zeros(2048, 2048);
    let started = Instant::now();
    for _ in 0..5 {
        faer::linalg::matmul::matmul(
            c.as_mut(),
            faer::Accum::Replace,
            a.as_ref(),
            a.as_ref(),
            1.0,
            Par::rayon(threads),
        );
    }
    println!("plain product: {:.0} Gflop/s", 5.0 * 2.0 * 2048f64.powi(3) / started.elapsed().as_secs_f64() * 1e-9);
    print_peak_memory();
}

/// The most memory held so far, where the system tells.
fn print_peak_memory() {
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        status.lines().filter(|l| l.starts_with("VmHWM")).for_each(|l| println!("{l}"));
    }
}

/// Looks at every point again: the largest free gradient, and the points whose free Hessian has another index, by the
/// signs of the pivots of LDLᵀ.
fn check(surface: &dyn Surface, network: &KineticTransitionNetwork) {
    let minima = network.minima().iter().map(|m| (&m.x, 0));
    let points: Vec<_> = minima.chain(network.transition_states().iter().map(|t| (&t.x, 1))).collect();
    let (mut largest, mut n_wrong) = (0.0_f64, 0);
    for (x, index) in &points {
        let d = surface.dim();
        let mut gradient = vec![0.0; d];
        surface.energy_gradient(x, &mut gradient);
        let held = |k: usize| (x[k] == 0.0 && gradient[k] > 0.0) || (x[k] == 1.0 && gradient[k] < 0.0);
        let free: Vec<usize> = (0..d).filter(|&k| !held(k)).collect();
        largest = free.iter().fold(largest, |m, &k| m.max(gradient[k].abs()));
        let mut hessian = vec![0.0; d * d];
        surface.hessian(x, &mut hessian);
        let n = free.len();
        let mut rows: Vec<Vec<f64>> =
            free.iter().map(|&i| free.iter().map(|&j| hessian[i * d + j]).collect()).collect();
        for p in 0..n {
            let (above, below) = rows.split_at_mut(p + 1);
            for row in below {
                let factor = row[p] / above[p][p];
                row.iter_mut().zip(&above[p]).for_each(|(value, pivot)| *value -= factor * pivot);
            }
        }
        n_wrong += usize::from((0..n).filter(|&p| rows[p][p] < 0.0).count() != *index);
    }
    println!("{} points: largest free gradient {largest:.1e}, {n_wrong} of another index", points.len());
}
