//! `fillscape mol library`: drug-like molecules composed from hand-written blocks.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{CliError, Output};
use crate::atomic_file::AtomicFile;
use crate::chem::library::{Library, LibraryError, LibraryParams};

/// Compose drug-like molecules: one canonical SMILES a line, no molecule twice
#[derive(Debug, Args)]
pub struct LibraryCommand {
    /// Number of molecules
    #[arg(short, default_value_t = 1000, value_name = "N")]
    n: usize,
    /// Which library; the same seed gives the same molecules everywhere
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Molecular weight in g/mol, from and to
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"], default_values_t = [200.0, 500.0])]
    weight: Vec<f64>,
    /// Crippen's logP, from and to
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"], default_values_t = [-1.0, 5.0], allow_negative_numbers = true)]
    logp: Vec<f64>,
    /// Most hydrogen-bond donors
    #[arg(long, default_value_t = 5)]
    max_donors: usize,
    /// Most hydrogen-bond acceptors
    #[arg(long, default_value_t = 10)]
    max_acceptors: usize,
    /// Most rotatable bonds
    #[arg(long, default_value_t = 10)]
    max_rotatable: usize,
    /// Share of the possible stereo centres that are set, in percent
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u8).range(0..=100))]
    stereo: u8,
    /// Write here instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl LibraryCommand {
    /// Writes the library; with `--json` one object a line.
    ///
    /// # Errors
    /// When the limits contradict themselves or admit too few molecules, or the output cannot be written.
    pub fn run(&self, out: Output) -> Result<(), CliError> {
        let mut library = Library::new(self.params())?;
        match &self.out {
            Some(path) => {
                let mut file = AtomicFile::create(path)?;
                self.write(&mut library, &mut file, out)?;
                file.commit()?;
            }
            None => self.write(&mut library, &mut BufWriter::new(std::io::stdout().lock()), out)?,
        }
        Ok(())
    }

    fn params(&self) -> LibraryParams {
        LibraryParams {
            seed: self.seed,
            mol_wt: self.weight[0]..=self.weight[1],
            mol_log_p: self.logp[0]..=self.logp[1],
            max_h_donors: self.max_donors,
            max_h_acceptors: self.max_acceptors,
            max_rotatable_bonds: self.max_rotatable,
            stereo_percent: self.stereo,
        }
    }

    fn write(&self, library: &mut Library, to: &mut impl Write, out: Output) -> Result<(), CliError> {
        let mut found = 0;
        for smiles in library.by_ref().take(self.n) {
            found += 1;
            if out.json {
                writeln!(to, "{}", json!({ "smiles": smiles }))?;
            } else {
                writeln!(to, "{smiles}")?;
            }
        }
        to.flush()?;
        if found < self.n {
            return Err(LibraryError::Exhausted { found, wanted: self.n, tried: library.n_tried() }.into());
        }
        Ok(())
    }
}
