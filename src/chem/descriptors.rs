//! Descriptors of a molecule, with RDKit's definitions and names.

use chematic::chem as toolkit;
use serde::Serialize;

use super::Molecule;

/// The descriptors of one molecule, under RDKit's names.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Descriptors {
    /// Average molecular weight in g/mol.
    pub mol_wt: f64,
    /// Crippen's octanol–water partition coefficient, log10 (doi:10.1021/ci990307l).
    #[serde(rename = "MolLogP")]
    pub mol_log_p: f64,
    /// Topological polar surface area of N and O in Å² (doi:10.1021/jm000942e).
    #[serde(rename = "TPSA")]
    pub tpsa: f64,
    /// Hydrogen-bond donors.
    #[serde(rename = "NumHDonors")]
    pub n_h_donors: usize,
    /// Hydrogen-bond acceptors.
    #[serde(rename = "NumHAcceptors")]
    pub n_h_acceptors: usize,
    /// Rotatable bonds, RDKit's strict definition.
    #[serde(rename = "NumRotatableBonds")]
    pub n_rotatable_bonds: usize,
    /// Rings of the smallest set of smallest rings.
    pub ring_count: usize,
    /// Share of carbons that are sp3, 0 to 1; 0 without carbon.
    #[serde(rename = "FractionCSP3")]
    pub fraction_csp3: f64,
    /// Quantitative estimate of drug-likeness, 0 to 1 (doi:10.1038/nchem.1243).
    #[serde(rename = "QED")]
    pub qed: f64,
    /// Atoms other than hydrogen.
    pub heavy_atom_count: usize,
    /// Sum of formal charges in elementary charges.
    pub formal_charge: i32,
}

impl Descriptors {
    /// The names, in the order of [`Descriptors::values`].
    pub const NAMES: [&str; 11] = [
        "MolWt",
        "MolLogP",
        "TPSA",
        "NumHDonors",
        "NumHAcceptors",
        "NumRotatableBonds",
        "RingCount",
        "FractionCSP3",
        "QED",
        "HeavyAtomCount",
        "FormalCharge",
    ];

    /// Computes them all; about a millisecond, nearly all of it QED's structural alerts.
    pub fn of(molecule: &Molecule) -> Self {
        let source = &molecule.source;
        Self {
            mol_wt: toolkit::rdkit_molecular_weight(source),
            mol_log_p: toolkit::logp_crippen(source),
            tpsa: toolkit::rdkit_tpsa(source),
            n_h_donors: toolkit::hbd_count(source),
            n_h_acceptors: toolkit::rdkit_hba_count(source),
            n_rotatable_bonds: toolkit::rotatable_bond_count(source),
            ring_count: toolkit::rdkit_num_rings(source),
            fraction_csp3: toolkit::fsp3(source),
            qed: toolkit::qed(source),
            heavy_atom_count: toolkit::heavy_atom_count(source),
            formal_charge: toolkit::formal_charge_sum(source),
        }
    }

    /// The values, in the order of [`Descriptors::NAMES`].
    pub fn values(&self) -> [f64; 11] {
        [
            self.mol_wt,
            self.mol_log_p,
            self.tpsa,
            self.n_h_donors as f64,
            self.n_h_acceptors as f64,
            self.n_rotatable_bonds as f64,
            self.ring_count as f64,
            self.fraction_csp3,
            self.qed,
            self.heavy_atom_count as f64,
            f64::from(self.formal_charge),
        ]
    }
}
