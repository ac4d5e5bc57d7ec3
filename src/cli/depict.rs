//! `fillscape mol depict`: structure drawings as SVG.

use std::io::Write;

use super::rows::RowsIn;
use super::{CliError, Output};
use crate::atomic_file;
use crate::chem::depict::{DepictParams, Depiction, GridParams, Palette, SvgParams, depict, grid, svg};
use crate::chem::{Molecule, Smarts};

/// Draw molecules as one SVG: a single structure, or a grid
#[derive(Debug, clap::Args)]
pub struct DepictCommand {
    #[command(flatten)]
    rows: RowsIn,
    /// A molecule to draw instead of a file's; may be given several times
    #[arg(long, conflicts_with = "file")]
    smiles: Vec<String>,
    /// Molecules in a row of the grid
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=100))]
    columns: u16,
    /// Width and height of each drawing in pixels, as 240x180
    #[arg(long, default_value = "240x180", value_parser = parse_size)]
    size: (f64, f64),
    /// Light ink on a dark background
    #[arg(long)]
    dark: bool,
    /// Circles in aromatic rings in place of alternating double bonds
    #[arg(long)]
    aromatic_circles: bool,
    /// Highlight what matches this SMARTS pattern
    #[arg(long, value_name = "SMARTS")]
    highlight: Option<String>,
    /// Write the name (or the SMILES) below each drawing
    #[arg(long)]
    legend: bool,
}

impl DepictCommand {
    /// Draws the molecules; rows that cannot be read are named on standard error and left out.
    ///
    /// # Errors
    /// When the input or the pattern cannot be read, no molecule could be drawn, or the file cannot be written.
    pub fn run(&self, out: Output) -> Result<(), CliError> {
        let pattern = self.highlight.as_deref().map(Smarts::parse).transpose()?;
        let mut cells: Vec<(Depiction, String)> = Vec::new();
        let mut n_failed = 0;
        for (smiles, name) in self.molecules(&mut n_failed)? {
            match Molecule::from_smiles(&smiles) {
                Ok(molecule) => cells.push((self.draw(&molecule, pattern.as_ref()), name.unwrap_or(smiles))),
                Err(error) => {
                    n_failed += 1;
                    tracing::warn!("{error}\n{}", error.caret());
                }
            }
        }
        if cells.is_empty() {
            return Err("no molecule to draw: give --smiles, a file, or lines on standard input".into());
        }
        let n_drawn = cells.len();
        let text = self.write(cells);
        match &self.rows.out {
            Some(path) => atomic_file::write(path, text)?,
            None => std::io::stdout().write_all(text.as_bytes())?,
        }
        if out.json && self.rows.out.is_some() {
            say!("{}", serde_json::json!({ "drawn": n_drawn, "failed": n_failed, "out": self.rows.out }));
        }
        Ok(())
    }

    /// SMILES and names; a row that cannot be read is told and counted.
    fn molecules(&self, n_failed: &mut usize) -> Result<Vec<(String, Option<String>)>, CliError> {
        if !self.smiles.is_empty() {
            return Ok(self.smiles.iter().map(|smiles| (smiles.clone(), None)).collect());
        }
        let reader = self.rows.read()?;
        let notes = reader.notes();
        let rows = reader.filter_map(|row| {
            row.map_err(|bad| {
                *n_failed += 1;
                tracing::warn!("{bad}");
            })
            .ok()
        });
        let rows = rows.map(|record| (record.text, record.name)).collect();
        self.rows.close(&notes)?;
        Ok(rows)
    }

    fn draw(&self, molecule: &Molecule, pattern: Option<&Smarts>) -> Depiction {
        let highlight_atoms = pattern.map_or_else(Vec::new, |p| p.matches(molecule).concat());
        depict(
            molecule,
            &DepictParams { aromatic_circles: self.aromatic_circles, highlight_atoms, ..DepictParams::default() },
        )
    }

    fn write(&self, mut cells: Vec<(Depiction, String)>) -> String {
        let palette = if self.dark { Palette::Dark } else { Palette::Light };
        let size = [self.size.0, self.size.1];
        let mut cell = SvgParams { size, palette, ..SvgParams::default() };
        if !self.legend && cells.len() == 1 {
            cell.title.clone_from(&cells[0].1);
            return svg(&cells[0].0, &cell);
        }
        cell.title = format!("{} molecules", cells.len());
        if !self.legend {
            cells.iter_mut().for_each(|c| c.1.clear());
        }
        grid(&cells, &GridParams { columns: self.columns.into(), cell })
    }
}

fn parse_size(text: &str) -> Result<(f64, f64), String> {
    let wrong = || format!("“{text}” is no size; write width x height in pixels, from 16 to 20000, as 240x180");
    let (width, height) = text.split_once('x').ok_or_else(wrong)?;
    let pixels = |t: &str| t.parse::<f64>().ok().filter(|p| (16.0..=20_000.0).contains(p)).ok_or_else(wrong);
    Ok((pixels(width)?, pixels(height)?))
}
