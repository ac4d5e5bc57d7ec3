//! Explores the small reference cases and prints what was found for how much work.
//!
//! `cargo run --release --example landscape_cases -- FOLDER [--cases a,b] [--preset thorough] [--method auto] [--climbing]
//! [--threads 2] [--seed 0] [--rounds 12]`; FOLDER holds one folder a case with `training_normalised.npy` and
//! `response_normalised.npy`. Seconds are wall-clock and without the fit.

use std::path::Path;
use std::time::Instant;

use fillscape::jobs::silent;
use fillscape::landscape::{Exploration, ExploreParams, Surface, ThinPlate, Toy, explore, read_npy};

const CASES: &str = "camelback,hep_0_1,hep_1_2,hep_1_3,hep_2_3,synth4d120tight,synth8d150,rough16d200";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str, default: &str| {
        let at = arguments.iter().position(|a| a == name);
        at.map_or(default.to_owned(), |i| arguments[i + 1].clone())
    };
    let threads = option("--threads", "2").parse().expect("a number of threads");
    let mut params = ExploreParams::by_name(&option("--preset", "thorough")).expect("a preset");
    params.seed = option("--seed", "0").parse().expect("a seed");
    params.max_rounds = option("--rounds", &params.max_rounds.to_string()).parse().expect("a number of rounds");
    params.elastic_band.climbing = arguments.iter().any(|a| a == "--climbing");
    params.following.method = serde_json::from_str(&format!("{:?}", option("--method", "auto"))).expect("a method");
    println!("| case | minima | transition states | gradients | H v | Hessians | failed searches | seconds |");
    println!("|---|---|---|---|---|---|---|---|");
    for case in option("--cases", CASES).split(',') {
        let (surface, starts) = open(&Path::new(&arguments[1]).join(case), case);
        let started = Instant::now();
        let mut exploration = match Exploration::new(surface.as_ref(), &starts, params.clone()) {
            Ok(exploration) => exploration,
            // The preset `reference` starts from data, which a toy surface has none of.
            Err(error) => {
                println!("| {case} | {error} |");
                continue;
            }
        };
        explore(surface.as_ref(), &mut exploration, threads, &mut silent).expect("the same surface");
        let seconds = started.elapsed().as_secs_f64();
        let network = exploration.network();
        let mut counts = fillscape::landscape::search::lockstep::Evaluations::default();
        exploration.evaluations().values().for_each(|e| counts.add(*e));
        let searches = exploration.failures().iter().filter(|(reason, _)| reason.starts_with("saddle search"));
        println!(
            "| {case} | {} | {} | {} | {} | {} | {} | {seconds:.2} |",
            network.minima().len(),
            network.transition_states().len(),
            counts.gradients,
            counts.hessian_vectors,
            counts.hessians,
            searches.map(|(_, n)| n).sum::<u64>(),
        );
        eprintln!("{:?} {:?}", exploration.failures(), exploration.seconds());
    }
}

fn open(folder: &Path, case: &str) -> (Box<dyn Surface>, Vec<f64>) {
    if case == "camelback" {
        return (Box::new(Toy::camelback()), Vec::new());
    }
    let points = read_npy(&folder.join("training_normalised.npy")).expect("the points");
    let response = read_npy(&folder.join("response_normalised.npy")).expect("the responses");
    let dim = points.rows_columns().expect("rows of coordinates").1;
    (Box::new(ThinPlate::fit_in_unit_box(&points.data, dim, &response.data, 1e-4).expect("a fit")), points.data)
}
