//! SELFIES against the Python package selfies 2.2.0 with its default constraints (Python 3.11, made by
//! `generate/chem_shared.py` of the shared reference data, seed 20240611): every row identical, refusals included.

use std::collections::BTreeSet;

use fillscape::chem::selfies::{self, SelfiesError, SelfiesProblem};
use serde_json::Value;

/// The rows of a fixture, or `None` where it is not at hand.
fn rows(file: &str, n_expected: usize) -> Option<Vec<Value>> {
    let Value::Array(rows) = crate::common::json(crate::common::shared("reference/chem")?.join(file)) else {
        panic!("{file} is not a list");
    };
    assert_eq!(rows.len(), n_expected, "{file} has changed");
    Some(rows)
}

/// Answers that differ from the reference's, which has a text or an error.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare(&mut self, input: &str, ours: &Result<String, SelfiesError>, text: &Value, error: &Value) {
        let agrees = match (ours, text.as_str(), error.as_str()) {
            (Ok(ours), Some(text), _) => ours == text,
            (Err(ours), None, Some(error)) => is_the_same_refusal(ours, error) && points_into(ours, input),
            _ => false,
        };
        if !agrees {
            self.0.push(format!("{input}\n  ours: {ours:?}\n  reference: {text} {error}"));
        }
    }

    fn assert_none(&self) {
        assert!(self.0.is_empty(), "{} rows differ:\n{}", self.0.len(), self.0.join("\n"));
    }
}

/// Whether the reference's message means the same; its crash on a ring bond from an atom to itself is a refusal here.
fn is_the_same_refusal(ours: &SelfiesError, error: &str) -> bool {
    let expected = match &ours.problem {
        SelfiesProblem::BondToItself => "IndexError".to_owned(),
        SelfiesProblem::NotKekulisable => "EncoderError: kekulization failed".to_owned(),
        SelfiesProblem::TooManyBonds { .. } => "EncoderError: input violates".to_owned(),
        SelfiesProblem::UnknownSymbol(symbol) => format!("DecoderError: invalid symbol '{symbol}'"),
        SelfiesProblem::HangingSymbol => "DecoderError: malformed".to_owned(),
        _ => "EncoderError: failed to parse".to_owned(),
    };
    error.starts_with(&expected)
}

fn points_into(error: &SelfiesError, input: &str) -> bool {
    (1..=input.chars().count() + 1).contains(&error.character) && error.caret().ends_with('^')
}

#[test]
fn molecules_are_encoded_and_decoded_as_by_the_reference() {
    let Some(rows) = rows("molecules.json", 2134) else { return };
    let mut different = Differences::default();
    for row in &rows {
        for (smiles, encoded) in [("smiles", "selfies_of_smiles"), ("canonical", "selfies_of_canonical")] {
            let smiles = row[smiles].as_str().unwrap();
            different.compare(smiles, &selfies::encode(smiles), &row[encoded], &row[format!("{encoded}_error")]);
            if let Some(text) = row[encoded].as_str() {
                let decoded = &row[format!("decoded_{encoded}")];
                different.compare(text, &selfies::decode(text), decoded, &Value::Null);
            }
        }
    }
    different.assert_none();
}

#[test]
fn random_selfies_are_decoded_as_by_the_reference() {
    let Some(rows) = rows("random_selfies.json", 500) else { return };
    let mut different = Differences::default();
    for row in &rows {
        let text = row["selfies"].as_str().unwrap();
        different.compare(text, &selfies::decode(text), &row["decoded"], &row["error"]);
    }
    different.assert_none();
}

#[test]
fn malformed_smiles_are_refused_as_by_the_reference() {
    let Some(rows) = rows("rejected_smiles.json", 129) else { return };
    let mut different = Differences::default();
    for row in &rows {
        let smiles = row["smiles"].as_str().unwrap();
        different.compare(smiles, &selfies::encode(smiles), &row["selfies"], &row["selfies_error"]);
    }
    different.assert_none();
}

#[test]
fn alphabets_are_those_of_the_reference() {
    let Some(rows) = rows("molecules.json", 2134) else { return };
    let expected = crate::common::json(crate::common::shared("reference/chem/selfies_alphabet.json").unwrap());
    let set = |value: &Value| -> BTreeSet<String> {
        value.as_array().unwrap().iter().map(|symbol| symbol.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(selfies::robust_alphabet(), set(&expected["semantic_robust_alphabet"]));
    let corpus = rows.iter().filter_map(|row| row["selfies_of_smiles"].as_str());
    assert_eq!(selfies::alphabet(corpus), set(&expected["alphabet_of_this_set"]));
}
