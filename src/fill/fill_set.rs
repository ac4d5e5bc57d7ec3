//! The fill set: molecules generated for a part of latent space, and what became of every candidate.

use super::screening::{KnownMolecules, Passed, Rejection, Screen, ScreeningParams};
use crate::chem::{Descriptors, Fingerprint, FingerprintSet, MorganParams, selfies};
use crate::jobs::{Observe, Progress, silent};
use crate::model::{FoundationModel, LatentVector, ModelError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many molecules, and what they must be like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FillSetParams {
    /// Molecules wanted, at least 1.
    pub n: usize,
    /// What a molecule must be like.
    pub screening: ScreeningParams,
}

impl Default for FillSetParams {
    /// The published size.
    fn default() -> Self {
        Self { n: 100, screening: ScreeningParams::default() }
    }
}

/// Why no fill set could be made.
#[derive(Debug, thiserror::Error)]
pub enum FillSetError {
    /// Settings that cannot be.
    #[error("could not make a fill set: {what}")]
    Params {
        /// What was found and what was expected.
        what: String,
    },
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The field.
    #[error(transparent)]
    Field(#[from] super::FieldError),
    /// The region.
    #[error(transparent)]
    Region(#[from] super::RegionError),
}

impl FillSetParams {
    fn check(&self) -> Result<(), FillSetError> {
        if self.n == 0 {
            return Err(FillSetError::Params { what: "n is 0, expected at least 1 molecule".to_owned() });
        }
        self.screening.check().map_err(|what| FillSetError::Params { what })
    }
}

/// A place to decode.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Candidate {
    /// The place, shape `(d,)`, in the decoder's box.
    pub latent: Vec<f32>,
    /// R there, where a field was asked.
    pub roughness: Option<f64>,
}

/// A molecule of a fill set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FillMolecule {
    /// Canonical SMILES.
    pub smiles: String,
    /// What is trained on: for decoded molecules the symbols as the model wrote them.
    pub selfies: String,
    /// Its index among the candidates, from 0.
    pub candidate: usize,
    /// R at the place it was decoded from.
    pub roughness: Option<f64>,
    /// Symbols.
    pub n_tokens: usize,
    /// Cut off at the token limit.
    pub capped: bool,
    /// Not in the corpus.
    pub novel: bool,
    /// Tanimoto similarity to the most similar molecule of the corpus.
    pub nearest: Option<f64>,
    /// Quantitative estimate of drug-likeness.
    pub qed: f64,
    /// Atoms other than hydrogen.
    pub n_heavy_atoms: usize,
}

/// A fill set, or a control set of the same make.
#[derive(Debug, Clone, PartialEq)]
pub struct FillSet {
    /// The molecules, in the order of the candidates.
    pub molecules: Vec<FillMolecule>,
    /// Where they were decoded from, beside `molecules`; empty when they were not.
    pub latents: Vec<Vec<f32>>,
    /// What became of the candidates.
    pub report: FillReport,
}

/// What became of every candidate.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FillReport {
    /// Molecules wanted.
    pub n_wanted: usize,
    /// Molecules that joined.
    pub n_accepted: usize,
    /// Candidates there were.
    pub n_candidates: usize,
    /// Candidates looked at, before the set was full.
    pub n_tried: usize,
    /// Those that did not join, by reason.
    pub rejections: BTreeMap<Rejection, usize>,
    /// Of those looked at, the share that are molecules at all.
    pub validity: f64,
    /// Of those looked at, the share cut off at the token limit.
    pub token_cap_rate: f64,
    /// Different molecules per valid candidate looked at.
    pub uniqueness: f64,
    /// Of the set, the share that the corpus does not hold.
    pub novelty: f64,
    /// Of the set, one minus the mean Tanimoto similarity over all pairs; 0 for fewer than two.
    pub diversity: f64,
    /// Of the set, the mean quantitative estimate of drug-likeness.
    pub mean_qed: f64,
    /// Of the set, the mean number of atoms other than hydrogen.
    pub mean_heavy_atoms: f64,
    /// Whether `observe` stopped it.
    pub cancelled: bool,
}

impl FillReport {
    /// Why there are fewer molecules than wanted, in words; none when there are as many.
    pub fn shortfall(&self) -> Option<String> {
        if self.n_accepted >= self.n_wanted {
            return None;
        }
        let reasons: Vec<String> = self.rejections.iter().map(|(r, n)| format!("{n} {}", r.words())).collect();
        let reasons = if reasons.is_empty() { "none was turned down".to_owned() } else { reasons.join(", ") };
        let stopped = if self.cancelled { ", and it was stopped" } else { "" };
        Some(format!(
            "only {} of {} molecules: all {} of {} candidates were tried ({reasons}){stopped}",
            self.n_accepted, self.n_wanted, self.n_tried, self.n_candidates
        ))
    }
}

/// Places that are decoded together.
const PORTION: usize = 128;

impl FillSet {
    /// Decodes candidates in their order and lets molecules join until there are as many as wanted.
    ///
    /// The result does not depend on threads. Fewer molecules than wanted are no error: the report says why.
    ///
    /// # Errors
    /// Settings that cannot be; candidates that do not fit the model.
    pub fn generate(
        model: &dyn FoundationModel,
        candidates: &[Candidate],
        known: &KnownMolecules,
        params: &FillSetParams,
        observe: Observe<'_>,
    ) -> Result<Self, FillSetError> {
        params.check()?;
        let mut builder = Builder::new(params, known, candidates.len());
        'portions: for (k, portion) in candidates.chunks(PORTION).enumerate() {
            let latents: Vec<LatentVector> = portion.iter().map(|c| LatentVector(c.latent.clone())).collect();
            for (j, decoded) in model.decode(&latents, &mut silent)?.into_iter().enumerate() {
                let text = Text { selfies: decoded.selfies, n_tokens: decoded.n_tokens, capped: decoded.capped };
                let candidate = &portion[j];
                builder.offer(decoded.smiles.as_deref(), text, k * PORTION + j, candidate.roughness, &candidate.latent);
                if builder.is_full() {
                    break 'portions;
                }
            }
            if observe(builder.progress()).is_break() {
                builder.report.cancelled = true;
                break;
            }
        }
        Ok(builder.finish())
    }

    /// Lets given molecules join in their order until there are as many as wanted: for controls.
    ///
    /// # Errors
    /// Settings that cannot be.
    pub fn choose(
        smiles: &[String],
        known: &KnownMolecules,
        params: &FillSetParams,
        observe: Observe<'_>,
    ) -> Result<Self, FillSetError> {
        params.check()?;
        let mut builder = Builder::new(params, known, smiles.len());
        for (k, smiles) in smiles.iter().enumerate() {
            let text = selfies::encode(smiles).unwrap_or_default();
            let n_tokens = text.matches('[').count();
            // A molecule that has no SELFIES cannot be trained on, so it counts as none.
            let smiles = (n_tokens > 0).then_some(smiles.as_str());
            builder.offer(smiles, Text { selfies: text, n_tokens, capped: false }, k, None, &[]);
            if builder.is_full() {
                break;
            }
            if k % PORTION == PORTION - 1 && observe(builder.progress()).is_break() {
                builder.report.cancelled = true;
                break;
            }
        }
        Ok(builder.finish())
    }

    /// The texts to train on.
    pub fn selfies(&self) -> Vec<String> {
        self.molecules.iter().map(|molecule| molecule.selfies.clone()).collect()
    }
}

struct Text {
    selfies: String,
    n_tokens: usize,
    capped: bool,
}

/// A fill set in the making.
struct Builder<'a> {
    screen: Screen<'a>,
    set: Vec<FillMolecule>,
    latents: Vec<Vec<f32>>,
    fingerprints: Vec<Fingerprint>,
    n_capped: usize,
    report: FillReport,
}

impl<'a> Builder<'a> {
    fn new(params: &'a FillSetParams, known: &'a KnownMolecules, n_candidates: usize) -> Self {
        Self {
            screen: Screen::new(&params.screening, known),
            set: Vec::new(),
            latents: Vec::new(),
            fingerprints: Vec::new(),
            n_capped: 0,
            report: FillReport { n_wanted: params.n, n_candidates, ..FillReport::default() },
        }
    }

    fn is_full(&self) -> bool {
        self.set.len() >= self.report.n_wanted
    }

    fn progress(&self) -> Progress {
        let detail = format!("{} candidates tried", self.report.n_tried);
        let (done, total) = (self.set.len() as u64, self.report.n_wanted as u64);
        Progress { detail, ..Progress::new("fill set", done, Some(total)) }
    }

    fn offer(&mut self, smiles: Option<&str>, text: Text, candidate: usize, roughness: Option<f64>, latent: &[f32]) {
        self.report.n_tried += 1;
        self.n_capped += usize::from(text.capped);
        let Text { selfies, n_tokens, capped } = text;
        match self.screen.pass(smiles, capped) {
            Err(rejection) => *self.report.rejections.entry(rejection).or_default() += 1,
            Ok(Passed { canonical, fingerprint, descriptors, novel, nearest }) => {
                let Descriptors { qed, heavy_atom_count, .. } = descriptors;
                self.set.push(FillMolecule {
                    smiles: canonical,
                    selfies,
                    candidate,
                    roughness,
                    n_tokens,
                    capped,
                    novel,
                    nearest,
                    qed,
                    n_heavy_atoms: heavy_atom_count,
                });
                self.fingerprints.push(fingerprint);
                if !latent.is_empty() {
                    self.latents.push(latent.to_vec());
                }
            }
        }
    }

    fn finish(mut self) -> FillSet {
        let n = self.set.len();
        let share = |part: usize, whole: usize| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        let mean = |value: &dyn Fn(&FillMolecule) -> f64| {
            if n == 0 { 0.0 } else { self.set.iter().map(value).sum::<f64>() / n as f64 }
        };
        let count = |rejection| self.report.rejections.get(&rejection).copied().unwrap_or(0);
        let n_valid = self.report.n_tried - count(Rejection::Invalid) - count(Rejection::Empty);
        let report = FillReport {
            n_accepted: n,
            validity: share(n_valid, self.report.n_tried),
            token_cap_rate: share(self.n_capped, self.report.n_tried),
            uniqueness: share(n_valid - count(Rejection::Duplicate), n_valid),
            novelty: mean(&|m| f64::from(u8::from(m.novel))),
            diversity: diversity(&self.fingerprints),
            mean_qed: mean(&|m| m.qed),
            mean_heavy_atoms: mean(&|m| m.n_heavy_atoms as f64),
            ..std::mem::take(&mut self.report)
        };
        FillSet { molecules: self.set, latents: self.latents, report }
    }
}

/// One minus the mean similarity over all pairs.
fn diversity(fingerprints: &[Fingerprint]) -> f64 {
    let n = fingerprints.len();
    if n < 2 {
        return 0.0;
    }
    let set = FingerprintSet::new(MorganParams::default().n_bits, fingerprints);
    let all: f64 = set.similarity_matrix(&set).iter().sum();
    let own: f64 = fingerprints.iter().map(|f| crate::chem::tanimoto(f, f)).sum();
    1.0 - (all - own) / (n * (n - 1)) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_set_is_filled_in_order_without_doubles_and_counts_what_it_turned_down() {
        let known = KnownMolecules::new(&texts(&["CCO"]));
        let params = FillSetParams { n: 3, ..FillSetParams::default() };
        let given = texts(&["OCC", "CCO", "nonsense", "c1ccccc1", "CCN", "CCCC"]);
        let set = FillSet::choose(&given, &known, &params, &mut silent).unwrap();
        let smiles: Vec<&str> = set.molecules.iter().map(|m| m.smiles.as_str()).collect();
        assert_eq!(smiles, ["CCO", "c1ccccc1", "CCN"]);
        assert_eq!(set.report.n_tried, 5);
        assert_eq!(set.report.rejections, BTreeMap::from([(Rejection::Invalid, 1), (Rejection::Duplicate, 1)]));
        assert_eq!((set.report.validity, set.report.uniqueness), (0.8, 0.75));
        assert!((set.report.novelty - 2.0 / 3.0).abs() < 1e-12);
        assert!(set.report.diversity > 0.5 && set.report.diversity <= 1.0);
        assert_eq!(set.report.shortfall(), None);
        assert_eq!(set.molecules[1].candidate, 3);
    }

    #[test]
    fn a_shortfall_says_how_many_and_why() {
        let known = KnownMolecules::new(&[]);
        let params = FillSetParams { n: 5, ..FillSetParams::default() };
        let set = FillSet::choose(&texts(&["CCO", "OCC", "C1CC"]), &known, &params, &mut silent).unwrap();
        let words = set.report.shortfall().unwrap();
        assert_eq!(
            words,
            "only 1 of 5 molecules: all 3 of 3 candidates were tried (1 no valid molecule, 1 the same molecule again)"
        );
        let none = FillSet::choose(&[], &known, &params, &mut silent).unwrap();
        assert_eq!((none.report.n_accepted, none.report.validity), (0, 0.0));
        assert!(FillSet::choose(&[], &known, &FillSetParams { n: 0, ..params }, &mut silent).is_err());
    }
}
