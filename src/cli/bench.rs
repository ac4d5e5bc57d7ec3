//! `fillscape bench`: how fast this machine draws.

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::bench_network::NetworkBench;
use super::{CliError, Output};
use crate::render::{
    Area, Camera, ColourMap, ColourScale, Gpu, GridIndex, MapRenderer, Method, PointColours, PointLayer, RunUiBench,
    Scene, Shared, Theme, UiBench, Viewport,
};

/// Measure this machine
#[derive(Debug, Args)]
pub struct BenchCommand {
    #[command(subcommand)]
    command: BenchSubcommand,
}

#[derive(Debug, Subcommand)]
enum BenchSubcommand {
    /// Frame times of maps from 10⁴ to 10⁷ points, picking and lasso times
    Render(RenderBench),
    /// Layout and frame times of networks of 10³ to 10⁵ edges
    Network(NetworkBench),
    /// Frame times of the real window while exploration, generation and tuning run; needs a display
    Ui(UiBenchCommand),
}

#[derive(Debug, Args)]
struct UiBenchCommand {
    /// A study to copy and run; the bundled one when left out
    #[arg(long, value_name = "DIR")]
    study: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct RenderBench {
    /// Numbers of points
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000, 1_000_000, 10_000_000])]
    points: Vec<usize>,
    /// Seconds of panning and zooming for each
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Draw by shaders even on a software adapter
    #[arg(long)]
    shaders: bool,
}

/// One line of the table.
#[derive(Debug, Serialize)]
struct Line {
    points: usize,
    /// Milliseconds from data in memory to the first picture.
    first_ms: f64,
    /// Median and 95th percentile of frames while the camera moves, drawing finished, in milliseconds.
    frame_ms: f64,
    frame_p95_ms: f64,
    fps: f64,
    /// Milliseconds for a new selection of a tenth of the points to be seen.
    reselect_ms: f64,
    /// Milliseconds to sort the points for picking, once.
    index_ms: f64,
    /// Median and worst milliseconds of a pick under the pointer.
    pick_ms: f64,
    pick_worst_ms: f64,
    /// Milliseconds of a lasso around about a third of the points.
    lasso_ms: f64,
    lasso_points: usize,
}

pub(super) const SIZE: Viewport = Viewport { size_px: [1280, 800], px_per_point: 1.0 };

impl BenchCommand {
    /// Runs the measurement.
    ///
    /// # Errors
    /// When there is no adapter.
    pub fn run(&self, out: Output, bench_ui: RunUiBench) -> Result<(), CliError> {
        match &self.command {
            BenchSubcommand::Render(bench) => bench.run(out),
            BenchSubcommand::Network(bench) => bench.run(out),
            BenchSubcommand::Ui(bench) => bench.run(out, bench_ui),
        }
    }
}

impl UiBenchCommand {
    fn run(&self, out: Output, bench_ui: RunUiBench) -> Result<(), CliError> {
        let found = bench_ui(self.study.clone())?;
        if out.json {
            say!("{}", serde_json::to_string(&found)?);
        } else {
            print_frames(&found);
        }
        match found.problem {
            Some(problem) => Err(format!("the measurement is not complete: {problem}").into()),
            None => Ok(()),
        }
    }
}

fn print_frames(found: &UiBench) {
    let UiBench { adapter, threads, size, n_molecules, phases, .. } = found;
    say!("{adapter}; {threads} threads; {} x {} points; {n_molecules} molecules", size[0], size[1]);
    say!(
        "{:<14} {:>8} {:>8}  {:<10} {:>8} {:>8} {:>8} {:>10} {:>8}",
        "while",
        "seconds",
        "frames",
        "ms",
        "median",
        "95 %",
        "99 %",
        "longest",
        "> 33 ms"
    );
    for phase in phases {
        let rows = [("work", Some(phase.work)), ("on a core", phase.on_cpu), ("interval", Some(phase.interval))];
        for (k, (what, times)) in rows.into_iter().enumerate() {
            let Some(times) = times else { continue };
            let (name, seconds) =
                if k == 0 { (phase.name.as_str(), format!("{:.1}", phase.seconds)) } else { ("", String::new()) };
            say!(
                "{name:<14} {seconds:>8} {:>8}  {what:<10} {:>8.1} {:>8.1} {:>8.1} {:>10.1} {:>8}",
                times.n,
                times.median_ms,
                times.p95_ms,
                times.p99_ms,
                times.longest_ms,
                times.n_over
            );
        }
    }
}

impl RenderBench {
    fn run(&self, out: Output) -> Result<(), CliError> {
        let gpu = Gpu::off_screen()?;
        let label = gpu.label();
        let method = if self.shaders { Method::Shaders } else { Method::for_gpu(&gpu) };
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if !out.json {
            say!("{label}; {method:?}; {cores} threads; {} x {} pixels", SIZE.size_px[0], SIZE.size_px[1]);
            say!(
                "{:>9}  {:>9}  {:>8}  {:>8}  {:>6}  {:>9}  {:>9}  {:>8}  {:>8}  {:>9}",
                "points",
                "first ms",
                "frame ms",
                "95 % ms",
                "fps",
                "select ms",
                "index ms",
                "pick ms",
                "worst ms",
                "lasso ms"
            );
        }
        let mut lines = Vec::new();
        for &n in &self.points {
            let line = self.measure(&gpu, method, n)?;
            if !out.json {
                say!(
                    "{:>9}  {:>9.1}  {:>8.2}  {:>8.2}  {:>6.0}  {:>9.1}  {:>9.1}  {:>8.3}  {:>8.3}  {:>9.2}",
                    line.points,
                    line.first_ms,
                    line.frame_ms,
                    line.frame_p95_ms,
                    line.fps,
                    line.reselect_ms,
                    line.index_ms,
                    line.pick_ms,
                    line.pick_worst_ms,
                    line.lasso_ms
                );
            }
            lines.push(line);
        }
        if out.json {
            let method = format!("{method:?}").to_lowercase();
            let value = serde_json::json!({
                "adapter": label, "method": method, "threads": cores, "size": SIZE.size_px, "lines": lines
            });
            say!("{value}");
        }
        Ok(())
    }

    fn measure(&self, gpu: &Gpu, method: Method, n: usize) -> Result<Line, CliError> {
        let places = clusters(n);
        let values: Vec<f32> = places.iter().map(|p| p[0].sin() + p[1]).collect();
        let scale = ColourScale::over(ColourMap::Viridis, &values, "value", "");
        let index_started = Instant::now();
        let index = GridIndex::new(&places);
        let index_ms = ms(index_started);
        let mut layer = PointLayer::new(Shared::new(places), Theme::LIGHT.point);
        layer.colours = PointColours::Values { values: Shared::new(values), scale };
        let corners = layer.corners().ok_or("no points to draw")?;
        let mut scene = Scene { points: Some(layer), ..Scene::default() };
        let camera = Camera::framing(corners, true, SIZE.size());
        let mut renderer = MapRenderer::with_method(gpu.clone(), method);
        let first = Instant::now();
        renderer.draw(0, &scene, &camera, SIZE)?;
        gpu.wait();
        let first_ms = ms(first);
        let frames = frames(&mut renderer, &scene, camera, self.seconds)?;
        let frame_ms = frames[frames.len() / 2];
        let (pick_ms, pick_worst_ms) = picks(&index, camera);
        let lasso_started = Instant::now();
        let found = index.inside(&lasso(corners));
        let lasso_ms = ms(lasso_started);
        let mut marks = vec![0_u8; n];
        (0..n).step_by(10).for_each(|k| marks[k] = crate::render::PointMark::SELECTED);
        let select = Instant::now();
        if let Some(points) = &mut scene.points {
            points.marks = Some(Shared::new(marks));
        }
        renderer.draw(0, &scene, &camera, SIZE)?;
        gpu.wait();
        Ok(Line {
            points: n,
            first_ms,
            frame_ms,
            frame_p95_ms: frames[frames.len() * 95 / 100],
            fps: 1000.0 / frame_ms,
            reselect_ms: ms(select),
            index_ms,
            pick_ms,
            pick_worst_ms,
            lasso_ms,
            lasso_points: found.len(),
        })
    }
}

/// Frame times in rising order, while the camera pans and zooms.
pub(super) fn frames(
    renderer: &mut MapRenderer,
    scene: &Scene,
    camera: Camera,
    seconds: f64,
) -> Result<Vec<f64>, CliError> {
    let mut times = Vec::new();
    let started = Instant::now();
    while times.len() < 5 || (started.elapsed().as_secs_f64() < seconds && times.len() < 2000) {
        let turn = times.len() as f64 * 0.11;
        let moved = camera.panned([90.0 * turn.sin(), 60.0 * (1.3 * turn).cos()], SIZE.size()).zoomed(
            (0.8 * (0.7 * turn).sin()).exp(),
            [640.0, 400.0],
            SIZE.size(),
        );
        let frame = Instant::now();
        renderer.draw(0, scene, &moved, SIZE)?;
        renderer.gpu().wait();
        times.push(ms(frame));
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

pub(super) fn ms(since: Instant) -> f64 {
    1000.0 * since.elapsed().as_secs_f64()
}

/// Points in clusters of very different density, as embeddings are.
fn clusters(n: usize) -> Vec<[f32; 3]> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u64 << 24) as f32
    };
    (0..n)
        .map(|k| {
            let cluster = (k % 40) as f32;
            let width = 0.15 + 0.05 * (cluster % 7.0);
            let bell = |a: f32, b: f32, c: f32| (a + b + c - 1.5) * 2.0 * width;
            let centre = [3.0 * (0.7 * cluster).cos() * (cluster / 40.0).sqrt(), 2.0 * (0.7 * cluster).sin()];
            [centre[0] + bell(next(), next(), next()), centre[1] + bell(next(), next(), next()), 0.0]
        })
        .collect()
}

/// Median and worst time of a pick, at many places of the screen and several zooms.
fn picks(index: &GridIndex, camera: Camera) -> (f64, f64) {
    let mut times = Vec::new();
    for k in 0..600 {
        let pointer = [(k * 37 % 1280) as f64, (k * 91 % 800) as f64];
        let zoom = [0.2, 1.0, 12.0][k % 3];
        let Camera::Plane(plane) = camera.zoomed(zoom, [640.0, 400.0], SIZE.size()) else { continue };
        let started = Instant::now();
        let found = index.pick(&plane, pointer, SIZE.size(), 12.0, |_| true);
        times.push(ms(started));
        std::hint::black_box(found);
    }
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[times.len() - 1])
}

/// A hand-drawn line of 300 places around the middle.
fn lasso(corners: [[f32; 3]; 2]) -> Area {
    let at = |k: usize| {
        let turn = std::f32::consts::TAU * k as f32 / 300.0;
        let wobble = 0.3 + 0.04 * (9.0 * turn).sin();
        let middle = [0, 1].map(|k| f32::midpoint(corners[0][k], corners[1][k]));
        let extent = [0, 1].map(|k| corners[1][k] - corners[0][k]);
        [middle[0] + wobble * extent[0] * turn.cos(), middle[1] + wobble * extent[1] * turn.sin()]
    };
    Area::Lasso((0..300).map(at).collect())
}
