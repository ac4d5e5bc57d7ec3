//! Bounds of the numbers and texts of a recipe, checked before any step runs.

use toml::Value;

/// Counts that cost memory or time of their own, by where they stand; the largest that is accepted.
const COUNTS: [(&str, i64); 4] =
    [("samples.n", 100_000), ("corpus.n", 10_000_000), ("fill.set.n", 1_000_000), ("fill.draw.n", 10_000_000)];
/// The largest of all other counts.
const LARGEST_COUNT: i64 = 100_000_000;
/// The largest of all other numbers, on either side of zero: far beyond any that a step can use.
const LARGEST_NUMBER: f64 = 1e60;

/// Refuses the first value of a recipe, as TOML, that no step can use.
///
/// # Errors
/// Its key, what was found and what was expected; a text is shown with its control characters escaped.
pub(super) fn check(recipe: &toml::Table) -> Result<(), String> {
    recipe.iter().try_for_each(|(key, value)| check_value(key, value))
}

fn check_value(path: &str, value: &Value) -> Result<(), String> {
    let is_seed = path.rsplit('.').next().is_some_and(|key| key.contains("seed"));
    match value {
        Value::Integer(n) if !is_seed => {
            let named = COUNTS.iter().find(|(key, _)| *key == path);
            let most = named.map_or(LARGEST_COUNT, |(_, most)| *most);
            if *n > most {
                return Err(format!("{path} is {n}, expected at most {most}"));
            }
        }
        Value::Float(x) if !(x.is_finite() && x.abs() <= LARGEST_NUMBER) => {
            return Err(format!("{path} is {x:e}, expected a number within ±{LARGEST_NUMBER:e}"));
        }
        Value::String(text) if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') => {
            return Err(format!("{path} is {text:?}, expected a text without control characters"));
        }
        Value::Array(values) => return values.iter().try_for_each(|value| check_value(path, value)),
        Value::Table(table) => {
            return table.iter().try_for_each(|(key, value)| check_value(&format!("{path}.{key}"), value));
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_step_can_use_is_refused_by_its_key() {
        let said = |text: &str| check(&toml::from_str(text).unwrap()).err().unwrap_or_default();
        for (text, words) in [
            ("[landscape.field]\ncentre = -1e308", "landscape.field.centre is -1e308"),
            ("[samples]\nn = 999999999999", "samples.n is 999999999999, expected at most 100000"),
            ("[corpus]\nn = 1000000000000", "corpus.n is 1000000000000"),
            ("[fill]\nlength_scale = inf", "fill.length_scale is inf"),
            ("[samples.source]\nreach = 1e300", "samples.source.reach is 1e300"),
            ("controls = [\"\\u001b[31m\"]", r#"controls is "\u{1b}[31m""#),
            ("[[task]]\nname = \"x\"\n[task.library]\nn = 200000000", "task.library.n is 200000000"),
        ] {
            assert!(said(text).contains(words), "{text}: {}", said(text));
        }
        assert_eq!(said("seed = 9000000000000000000\ntune_seeds = [5000000000]\nx = 1e9"), "");
    }
}
