//! `fillscape render`: figures without a window.

mod inputs;
mod landscape_views;
mod map_view;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{CliError, Output};
use crate::atomic_file;
use crate::render::figure::MapFigure;
use crate::render::{Drawing, Gpu, GpuError, Theme};
use inputs::Inputs;

/// Draw a map, a disconnectivity tree, a network or a path as PNG or SVG, without a window
#[derive(Debug, Args)]
pub struct RenderCommand {
    /// A study's folder, or “bundled”
    #[arg(long, value_name = "PATH")]
    study: Option<PathBuf>,
    /// Rows of latent space to show instead of a study's, a NumPy array of n x d
    #[arg(long, value_name = "FILE", conflicts_with = "study")]
    points: Option<PathBuf>,
    /// Their places on a map, a NumPy array of n x 2 or 3
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// A fitted projection, from `fillscape project fit`
    #[arg(long, value_name = "FILE")]
    projection: Option<PathBuf>,
    /// A value for each point, a NumPy array of n
    #[arg(long, value_name = "FILE")]
    values: Option<PathBuf>,
    /// Colour by this column of the study's molecules
    #[arg(long, value_name = "NAME", conflicts_with = "values")]
    colour: Option<String>,
    /// What the values are, for the legend
    #[arg(long, default_value = "value")]
    label: String,
    /// Their unit
    #[arg(long, default_value = "")]
    unit: String,
    /// A network's folder to show instead of a study's
    #[arg(long, value_name = "DIR", conflicts_with = "study")]
    landscape: Option<PathBuf>,
    /// What to draw
    #[arg(long, value_enum, default_value_t = View::Map)]
    view: View,
    /// Layers of the map, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Layer::Heatmap, Layer::Points, Layer::Glyphs])]
    layers: Vec<Layer>,
    /// First minimum of the path; the lowest when not given
    #[arg(long, value_name = "ID")]
    from: Option<u32>,
    /// Last minimum of the path; the one with the highest barrier to the first when not given
    #[arg(long, value_name = "ID")]
    to: Option<u32>,
    /// Width and height in points, as 1280x800
    #[arg(long, default_value = "1280x800", value_parser = parse_size)]
    size: [f32; 2],
    /// Pixels a point, for PNG
    #[arg(long, default_value_t = 1.0, value_name = "N")]
    scale: f32,
    /// Colours
    #[arg(long, value_enum, default_value_t = ThemeFlag::Light)]
    theme: ThemeFlag,
    /// Line of text above
    #[arg(long, default_value = "")]
    title: String,
    /// The file; .png or .svg
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// What can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum View {
    /// Latent space, projected
    Map,
    /// The disconnectivity graph
    Tree,
    /// The network, laid out by its connections
    Network,
    /// The energy along the lowest-barrier path between two minima
    Path,
}

/// Layers of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Layer {
    /// Molecules
    Points,
    /// Point density with contours
    Density,
    /// Roughness: every barrier as a Gaussian where it projects
    Heatmap,
    /// Edges of the network
    Network,
    /// Stationary points
    Glyphs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ThemeFlag {
    /// Dark ink on white
    Light,
    /// Light ink on near-black
    Dark,
    /// Black on white
    HighContrast,
}

impl ThemeFlag {
    fn theme(self) -> Theme {
        match self {
            Self::Light => Theme::LIGHT,
            Self::Dark => Theme::DARK,
            Self::HighContrast => Theme::HIGH_CONTRAST,
        }
    }
}

/// What a view becomes before it is written.
enum Page {
    Map(Box<MapFigure>),
    Drawing(Drawing),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Png,
    Svg,
}

impl RenderCommand {
    /// Draws and writes one figure.
    ///
    /// # Errors
    /// When the inputs cannot be read, do not fit together, or the file cannot be written.
    pub fn run(&self, out: Output) -> Result<(), CliError> {
        let format = self.format()?;
        if !(self.scale.is_finite() && (0.1..=20.0).contains(&self.scale)) {
            return Err(format!("found --scale {}, expected 0.1 to 20", self.scale).into());
        }
        let inputs = Inputs::read(self)?;
        let page = match self.view {
            View::Map | View::Network => Page::Map(Box::new(self.map_figure(&inputs)?)),
            View::Tree => Page::Drawing(self.tree(&inputs)?),
            View::Path => Page::Drawing(self.path(&inputs)?),
        };
        let (bytes, adapter) = match (&page, format) {
            (Page::Map(figure), Format::Png) => {
                let gpu = Gpu::off_screen();
                if let Err(error @ GpuError::Device { .. }) = &gpu {
                    tracing::warn!("{error}; the processor draws");
                }
                let gpu = gpu.ok();
                let picture = figure.pixels(gpu.as_ref(), self.scale)?;
                let adapter = gpu.as_ref().map_or_else(|| "no adapter: the processor".to_owned(), Gpu::label);
                (picture.png(self.scale)?, Some(adapter))
            }
            (Page::Map(figure), Format::Svg) => (figure.drawing().svg()?.into_bytes(), None),
            (Page::Drawing(drawing), Format::Png) => (drawing.pixels(self.scale).png(self.scale)?, None),
            (Page::Drawing(drawing), Format::Svg) => (drawing.svg()?.into_bytes(), None),
        };
        atomic_file::write(&self.out, &bytes)?;
        let drawn = if let Page::Map(figure) = &page { figure.drawn() } else { crate::render::Drawn::default() };
        if out.json {
            say!(
                "{}",
                json!({
                    "out": self.out, "bytes": bytes.len(), "shown": drawn.shown, "loaded": drawn.loaded,
                    "sampled": drawn.sampled, "adapter": adapter, "notes": inputs.notes,
                })
            );
        } else {
            inputs.notes.iter().for_each(|note| tell!("note: {note}"));
        }
        Ok(())
    }

    fn format(&self) -> Result<Format, CliError> {
        match self.out.extension().and_then(|e| e.to_str()).map(str::to_lowercase).as_deref() {
            Some("png") => Ok(Format::Png),
            Some("svg") => Ok(Format::Svg),
            _ => Err(format!("a figure's file must end in .png or .svg (found {:?})", self.out).into()),
        }
    }
}

fn parse_size(text: &str) -> Result<[f32; 2], String> {
    let wrong = || format!("“{text}” is no size; write width x height in points, from 64 to 16000, as 1280x800");
    let (width, height) = text.split_once('x').ok_or_else(wrong)?;
    let side =
        |t: &str| t.parse::<u32>().ok().filter(|n| (64..=16_000).contains(n)).map(|n| n as f32).ok_or_else(wrong);
    Ok([side(width)?, side(height)?])
}
