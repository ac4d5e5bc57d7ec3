//! `fillscape mol`: molecules in, one row a molecule out.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::depict::DepictCommand;
use super::library::LibraryCommand;
use super::rows::{Cells, Reading, RowsIn, write_rows};
use super::{CliError, Output};
use crate::chem::files::{Notation, map_in_order};
use crate::chem::{
    Descriptors, Fingerprint, FingerprintSet, Molecule, MorganParams, canonical_smiles, morgan, selfies,
};

/// Canonical forms, SELFIES, fingerprints, descriptors, similarity, depiction
#[derive(Debug, Args)]
pub struct MolCommand {
    #[command(subcommand)]
    command: MolSubcommand,
}

#[derive(Debug, Subcommand)]
enum MolSubcommand {
    /// Canonical SMILES: `input,canonical,error`
    #[command(after_help = "Example: fillscape mol canonical molecules.smi --out canonical.csv")]
    Canonical {
        #[command(flatten)]
        rows: RowsIn,
        /// Write a Kekulé structure instead of aromatic atoms
        #[arg(long)]
        kekule: bool,
        /// Leave out stereo marks and isotopes
        #[arg(long, conflicts_with = "kekule")]
        no_stereo: bool,
    },
    /// SMILES to SELFIES: `input,selfies,error`
    #[command(after_help = "Example: echo 'CC(=O)Oc1ccccc1C(=O)O' | fillscape mol selfies")]
    Selfies {
        #[command(flatten)]
        rows: RowsIn,
    },
    /// SELFIES to SMILES: `input,smiles,error`
    #[command(after_help = "Example: echo '[C][C][O]' | fillscape mol smiles")]
    Smiles {
        #[command(flatten)]
        rows: RowsIn,
    },
    /// Morgan fingerprints: `input,on_bits,error`
    #[command(after_help = "Example: fillscape mol fingerprint --radius 3 --bits 2048 molecules.csv --column smiles")]
    Fingerprint {
        #[command(flatten)]
        rows: RowsIn,
        #[command(flatten)]
        morgan: MorganFlags,
    },
    /// Weight, logP, TPSA, donors, acceptors, rotatable bonds, rings, sp3, QED, atoms, charge
    #[command(after_help = "Example: fillscape mol descriptors molecules.smi.gz --out descriptors.csv")]
    Descriptors {
        #[command(flatten)]
        rows: RowsIn,
    },
    /// Tanimoto similarity to given molecules: input, one column a query, error
    #[command(after_help = "Example: fillscape mol similarity --query 'CCO' --query 'c1ccccc1' molecules.smi")]
    Similarity {
        #[command(flatten)]
        rows: RowsIn,
        #[command(flatten)]
        morgan: MorganFlags,
        /// A SMILES to compare with; may be given several times
        #[arg(long, required_unless_present = "against", value_name = "SMILES")]
        query: Vec<String>,
        /// A file of molecules: columns `nearest` and `tanimoto` name the most similar of them
        #[arg(long, conflicts_with = "query", value_name = "FILE")]
        against: Option<PathBuf>,
    },
    #[command(
        after_help = "Example: fillscape mol depict --smiles 'CC(=O)Oc1ccccc1C(=O)O' --highlight 'C(=O)O' --out aspirin.svg"
    )]
    Depict(DepictCommand),
    #[command(after_help = "Example: fillscape mol library -n 1000 --seed 7 --out library.smi")]
    Library(LibraryCommand),
}

/// The fingerprint to use.
#[derive(Debug, Args)]
struct MorganFlags {
    /// Radius of the environments in bonds, 0 to 3
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(0..=3))]
    radius: u8,
    /// Length after folding
    #[arg(long, default_value_t = 2048, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    bits: u32,
}

impl MorganFlags {
    fn of(&self, smiles: &str) -> Result<Fingerprint, CliError> {
        let params = MorganParams { radius: self.radius, n_bits: self.bits as usize };
        Ok(morgan(&Molecule::from_smiles(smiles)?, params)?)
    }
}

impl MolCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// When the input cannot be opened or the output cannot be written; a bad row is a row of the output.
    pub fn run(&self, out: Output) -> Result<(), CliError> {
        match &self.command {
            MolSubcommand::Depict(command) => command.run(out),
            MolSubcommand::Library(command) => command.run(out),
            MolSubcommand::Canonical { rows, kekule, no_stereo } => write_rows(rows, out, &["canonical"], |smiles| {
                let canonical = match (kekule, no_stereo) {
                    (true, _) => Molecule::from_smiles(smiles)?.kekule_smiles()?,
                    (_, true) => Molecule::from_smiles(smiles)?.canonical_smiles_without_stereo()?,
                    _ => canonical_smiles(smiles)?,
                };
                Ok(Cells::text([canonical]))
            }),
            MolSubcommand::Selfies { rows } => {
                write_rows(rows, out, &["selfies"], |smiles| Ok(Cells::text([selfies::encode(smiles)?])))
            }
            MolSubcommand::Smiles { rows } => write_rows(&rows.of(Notation::Selfies), out, &["smiles"], |symbols| {
                let symbols: String = symbols.split_whitespace().collect();
                Ok(Cells::text([selfies::decode(&symbols)?]))
            }),
            MolSubcommand::Fingerprint { rows, morgan } => write_rows(rows, out, &["on_bits"], |smiles| {
                let on_bits: Vec<String> = morgan.of(smiles)?.on_bits().map(|bit| bit.to_string()).collect();
                Ok(Cells::text([on_bits.join(" ")]))
            }),
            MolSubcommand::Descriptors { rows } => write_rows(rows, out, &Descriptors::NAMES, |smiles| {
                Ok(Cells::numbers(&Descriptors::of(&Molecule::from_smiles(smiles)?).values()))
            }),
            MolSubcommand::Similarity { rows, morgan, query, against: None } => similarity(rows, out, morgan, query),
            MolSubcommand::Similarity { rows, morgan, against: Some(file), .. } => nearest(rows, out, morgan, file),
        }
    }
}

fn similarity(rows: &RowsIn, out: Output, morgan: &MorganFlags, queries: &[String]) -> Result<(), CliError> {
    let fingerprints: Vec<Fingerprint> = queries
        .iter()
        .map(|smiles| morgan.of(smiles).map_err(|e| format!("could not read the query {smiles:?}: {e}").into()))
        .collect::<Result<_, CliError>>()?;
    let names: Vec<String> = match queries {
        [_] => vec!["tanimoto".into()],
        _ => (1..=queries.len()).map(|i| format!("tanimoto_{i}")).collect(),
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    write_rows(rows, out, &names, |smiles| {
        let fingerprint = morgan.of(smiles)?;
        let similarities: Vec<f64> = fingerprints.iter().map(|f| crate::chem::tanimoto(f, &fingerprint)).collect();
        Ok(Cells::numbers(&similarities))
    })
}

fn nearest(rows: &RowsIn, out: Output, morgan: &MorganFlags, file: &std::path::Path) -> Result<(), CliError> {
    let how = Reading::default();
    let reader = how.open(file)?;
    let notes = reader.notes();
    let known = map_in_order(reader, |row| {
        row.map_err(|bad| CliError::from(bad.to_string()))
            .and_then(|record| Ok((morgan.of(&record.text)?, record.text)))
    });
    let (mut fingerprints, mut names, mut n_bad) = (Vec::new(), Vec::new(), 0);
    for result in known {
        match result {
            Ok((fingerprint, smiles)) => {
                fingerprints.push(fingerprint);
                names.push(smiles);
            }
            Err(_) => n_bad += 1,
        }
    }
    how.close(&notes, file)?;
    if n_bad > 0 {
        tracing::warn!("{n_bad} rows of {file:?} are no molecules and were left out");
    }
    let set = FingerprintSet::new(morgan.bits as usize, &fingerprints);
    write_rows(rows, out, &["nearest", "tanimoto"], |smiles| {
        let (index, similarity) = set.nearest(&morgan.of(smiles)?).ok_or("no molecule to compare with")?;
        Ok(Cells::text([names[index].clone(), similarity.to_string()]))
    })
}
