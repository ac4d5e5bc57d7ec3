//! `fillscape bench network`: how fast this machine lays out and draws networks.

use std::time::Instant;

use clap::Args;
use serde::Serialize;

use super::bench::{SIZE, frames, ms};
use super::{CliError, Output};
use crate::jobs::silent;
use crate::landscape::{KineticTransitionNetwork, MinimumId, NetworkLayoutParams, Support, network_layout};
use crate::render::{Camera, Gpu, MapRenderer, Method, Scene, Theme, corners_of, laid_out_network};

/// Layout and frame times of networks of 10³ to 10⁵ edges.
#[derive(Debug, Args)]
pub struct NetworkBench {
    /// Numbers of transition states
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000])]
    edges: Vec<usize>,
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
    edges: usize,
    minima: usize,
    /// Seconds of the force layout.
    layout_s: f64,
    /// Milliseconds to the first picture.
    first_ms: f64,
    /// Median and 95th percentile of frames while the camera moves, in milliseconds.
    frame_ms: f64,
    frame_p95_ms: f64,
    /// Milliseconds of a frame in which nothing moves.
    still_ms: f64,
}

impl NetworkBench {
    /// Runs the measurement.
    ///
    /// # Errors
    /// When there is no adapter.
    pub fn run(&self, out: Output) -> Result<(), CliError> {
        let gpu = Gpu::off_screen()?;
        let method = if self.shaders { Method::Shaders } else { Method::for_gpu(&gpu) };
        if !out.json {
            say!("{}; {method:?}; {} x {} pixels", gpu.label(), SIZE.size_px[0], SIZE.size_px[1]);
            say!(
                "{:>8} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9}",
                "edges",
                "minima",
                "layout s",
                "first ms",
                "frame ms",
                "95 % ms",
                "still ms"
            );
        }
        let mut lines = Vec::new();
        for &n in &self.edges {
            let line = self.measure(&gpu, method, n)?;
            if !out.json {
                say!(
                    "{:>8} {:>8} {:>9.2} {:>9.1} {:>9.1} {:>9.1} {:>9.2}",
                    line.edges,
                    line.minima,
                    line.layout_s,
                    line.first_ms,
                    line.frame_ms,
                    line.frame_p95_ms,
                    line.still_ms
                );
            }
            lines.push(line);
        }
        if out.json {
            say!("{}", serde_json::json!({ "adapter": gpu.label(), "lines": lines }));
        }
        Ok(())
    }

    fn measure(&self, gpu: &Gpu, method: Method, n: usize) -> Result<Line, CliError> {
        let ktn = network(n)?;
        let started = Instant::now();
        let layout = network_layout(&ktn, &NetworkLayoutParams::default(), None, &mut silent);
        let layout_s = started.elapsed().as_secs_f64();
        let (edges, glyphs) = laid_out_network(&ktn, &layout);
        let places: Vec<[f32; 3]> = glyphs.glyphs.iter().map(|glyph| glyph.place).collect();
        let corners = corners_of(&places).ok_or("the network has no minima")?;
        let scene = Scene { theme: Theme::LIGHT, edges: Some(edges), glyphs: Some(glyphs), ..Scene::default() };
        let camera = Camera::framing(corners, true, SIZE.size());
        let mut renderer = MapRenderer::with_method(gpu.clone(), method);
        let first = Instant::now();
        renderer.draw(0, &scene, &camera, SIZE)?;
        gpu.wait();
        let first_ms = ms(first);
        let moving = frames(&mut renderer, &scene, camera, self.seconds)?;
        renderer.draw(0, &scene, &camera, SIZE)?;
        gpu.wait();
        let still = Instant::now();
        renderer.draw(0, &scene, &camera, SIZE)?;
        gpu.wait();
        Ok(Line {
            edges: ktn.transition_states().len(),
            minima: ktn.minima().len(),
            layout_s,
            first_ms,
            frame_ms: moving[moving.len() / 2],
            frame_p95_ms: moving[moving.len() * 95 / 100],
            still_ms: ms(still),
        })
    }
}

/// A network of `n_edges` transition states between minima on a square grid, three for each minimum: to the right, up,
/// and across, so that it has many cycles, as explored networks have.
fn network(n_edges: usize) -> Result<KineticTransitionNetwork, CliError> {
    let side = ((n_edges as f64 / 3.0).sqrt().ceil() as usize).max(2);
    let mut ktn = KineticTransitionNetwork::in_unit_box(1);
    let unit = |k: usize| (k * 2_654_435_761 % 1_000_003) as f64 / 1_000_003.0;
    for k in 0..side * side {
        ktn.push_minimum(vec![unit(k)], unit(k + 7), Support::default())?;
    }
    let mut left = n_edges;
    for k in 0..side * side {
        let (x, y) = (k % side, k / side);
        for (dx, dy) in [(1, 0), (0, 1), (1, 1)] {
            if left > 0 && x + dx < side && y + dy < side {
                let ends = (MinimumId(k as u32), MinimumId((k + dx + dy * side) as u32));
                ktn.push_transition_state(vec![unit(k + left)], 1.0 + unit(k + 3 * left), ends, Support::default())?;
                left -= 1;
            }
        }
    }
    Ok(ktn)
}
