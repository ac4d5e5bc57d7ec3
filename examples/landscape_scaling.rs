//! How the fitted surface scales: seconds of the fit, microseconds of a value with its gradient and of a product of
//! Hessian and vector, on one and on two threads, beside a plain matrix product.
//!
//! `cargo run --release --example landscape_scaling -- [--sizes 500,2000] [--dims 2,16,128]` prints a table.

use std::time::Instant;

use faer::{Mat, Par};
use fillscape::landscape::{Surface, ThinPlate, latin_hypercube};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Points evaluated at a time, as many as the searches of one thread ask for.
const BATCH: usize = 192;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let numbers = |name: &str, default: &str| -> Vec<usize> {
        let at = arguments.iter().position(|a| a == name);
        let text = at.map_or(default.to_owned(), |i| arguments[i + 1].clone());
        text.split(',').map(|v| v.parse().expect("whole numbers")).collect()
    };
    let plain = [1, 2].map(plain_product);
    println!("plain product: {:.0} Gflop/s on one thread, {:.0} on two\n", plain[0], plain[1]);
    println!(
        "| N | d | fit, 1 thread | fit, 2 | value + gradient, 1 | 2 | H v, 1 | 2 | Gflop/s, 1 | 2 | share, 1 | 2 |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    for n in numbers("--sizes", "500,2000,5000,10000,20000") {
        for &dim in &numbers("--dims", "2,16,128,256") {
            if dim + 1 < n {
                row(n, dim, plain);
            }
        }
    }
}

fn row(n: usize, dim: usize, plain: [f64; 2]) {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let points = latin_hypercube(n, dim, &mut rng);
    let response: Vec<f64> = (0..n).map(|_| rng.random()).collect();
    let mut surface = None;
    let fits = [1, 2].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        let started = Instant::now();
        surface = Some(pool.install(|| ThinPlate::fit_in_unit_box(&points, dim, &response, 1e-4)).expect("a fit"));
        started.elapsed().as_secs_f64()
    });
    let surface = surface.expect("fitted above");
    let queries = latin_hypercube(BATCH, dim, &mut rng);
    let (mut gradients, mut products) = ([0.0; 2], [0.0; 2]);
    for threads in [1, 2] {
        gradients[threads - 1] = microseconds(threads, || {
            let (mut e, mut g) = (vec![0.0; BATCH], vec![0.0; BATCH * dim]);
            surface.energy_gradient_batch(&queries, &mut e, &mut g);
        });
        products[threads - 1] = microseconds(threads, || {
            surface.hessian_vector_batch(&queries, &queries, &mut vec![0.0; BATCH * dim]);
        });
    }
    let rates = gradients.map(|us| surface.flops_per_gradient() / us * 1e-3);
    println!(
        "| {n} | {dim} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.0} | {:.0} | {:.0} % | {:.0} % |",
        fits[0],
        fits[1],
        gradients[0],
        gradients[1],
        products[0],
        products[1],
        rates[0],
        rates[1],
        100.0 * rates[0] / plain[0],
        100.0 * rates[1] / plain[1]
    );
}

/// Microseconds a point when every thread evaluates batches of its own; the best of several.
fn microseconds(threads: usize, batch: impl Fn() + Sync) -> f64 {
    let mut best = f64::INFINITY;
    let mut repeats = 1;
    for _ in 0..5 {
        let started = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| (0..repeats).for_each(|_| batch()));
            }
        });
        let seconds = started.elapsed().as_secs_f64();
        best = best.min(seconds * 1e6 / (repeats * threads * BATCH) as f64);
        repeats = ((0.2 / seconds * repeats as f64) as usize).clamp(1, 100_000);
    }
    best
}

fn plain_product(threads: usize) -> f64 {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    let a = Mat::from_fn(2048, 2048, |i, j| ((i * 31 + j * 17) % 97) as f64);
    let mut c = Mat::<f64>::zeros(2048, 2048);
    let mut best = 0.0_f64;
    for _ in 0..4 {
        let started = Instant::now();
        pool.install(|| {
            let par = Par::rayon(threads);
            faer::linalg::matmul::matmul(c.as_mut(), faer::Accum::Replace, a.as_ref(), a.as_ref(), 1.0, par);
        });
        best = best.max(2.0 * 2048_f64.powi(3) / started.elapsed().as_secs_f64() * 1e-9);
    }
    best
}
