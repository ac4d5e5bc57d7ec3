//! What the fields of a label column mean.

/// How the fields of a column are read; all of them in one way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reading {
    /// Numbers with a point.
    Point,
    /// Numbers with a comma before their decimals.
    Comma,
    /// Two words: the first is 1, the second 0.
    Words(&'static str, &'static str),
}

/// Pairs of words that have one meaning.
const PAIRS: [(&str, &str); 7] = [
    ("true", "false"),
    ("yes", "no"),
    ("active", "inactive"),
    ("positive", "negative"),
    ("pos", "neg"),
    ("toxic", "nontoxic"),
    ("toxic", "non-toxic"),
];

/// What stands where nothing was measured.
const MISSING: [&str; 10] = ["", "na", "nan", "none", "null", "n/a", "#n/a", "#na", "n.d.", "nd"];

/// A larger number is no measurement: a mark of an error, or a slip.
const LARGEST: f64 = 1e30;

pub(super) fn is_missing(field: &str) -> bool {
    MISSING.contains(&field.trim().to_lowercase().as_str())
}

impl Reading {
    /// The way in which the fields of a column can be read; none where there is no single one. Fields that say nothing
    /// count for nothing; of a hundred numbers, ten may be something else (`>3.5`), which are then bad rows.
    pub(super) fn of<'a>(fields: impl Iterator<Item = &'a str> + Clone) -> Option<Self> {
        let fields = fields.filter(|field| !is_missing(field));
        let n = fields.clone().count();
        let share = |reading: Self| fields.clone().filter(|field| reading.number(field).is_ok()).count();
        if n == 0 {
            return None;
        }
        let is_number = |reading: Self| 10 * share(reading) >= 9 * n;
        if is_number(Self::Point) {
            return Some(Self::Point);
        }
        if is_number(Self::Comma) {
            return Some(Self::Comma);
        }
        PAIRS.into_iter().map(|(one, zero)| Self::Words(one, zero)).find(|&pair| share(pair) == n)
    }

    /// The number of a field; none where nothing was measured.
    pub(super) fn number(self, field: &str) -> Result<Option<f64>, ()> {
        let field = field.trim();
        if is_missing(field) {
            return Ok(None);
        }
        let number = match self {
            Self::Point => field.parse().ok(),
            Self::Comma if field.contains('.') || field.matches(',').count() > 1 => None,
            Self::Comma => field.replace(',', ".").parse().ok(),
            Self::Words(one, zero) => {
                let word = field.to_lowercase();
                [(one, 1.0), (zero, 0.0)].into_iter().find(|(name, _)| *name == word).map(|(_, number)| number)
            }
        };
        number.filter(|value: &f64| value.abs() <= LARGEST).map(Some).ok_or(())
    }

    /// What a good field is, for messages.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Point => "a number within ±1e30",
            Self::Comma => "a number within ±1e30 with a decimal comma, as the others",
            Self::Words(..) => "one of the two words of the others",
        }
    }
}

/// Whether a field can be read with a decimal comma and with commas between thousands: `2,728`.
pub(super) fn is_ambiguous(field: &str) -> bool {
    let unsigned = field.trim().trim_start_matches(['+', '-']);
    let mut groups = unsigned.split(',');
    let first = groups.next().unwrap_or_default();
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let rest: Vec<&str> = groups.collect();
    !rest.is_empty()
        && is_digits(first)
        && first.len() <= 3
        && !first.starts_with('0')
        && rest.iter().all(|group| group.len() == 3 && is_digits(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[&str]) -> Option<Reading> {
        Reading::of(fields.iter().copied())
    }

    #[test]
    fn a_column_is_read_in_one_way_or_in_none() {
        assert_eq!(of(&["1", "2.5", "", "#N/A"]), Some(Reading::Point));
        assert_eq!(of(&["2,7", "3,375", "-0,1", "4"]), Some(Reading::Comma));
        assert_eq!(of(&["True", "False", "NA"]), Some(Reading::Words("true", "false")));
        assert_eq!(of(&["active", "inactive", "active"]), Some(Reading::Words("active", "inactive")));
        assert_eq!(of(&["blue", "red"]), None);
        assert_eq!(of(&["yes", "true"]), None);
        let mut bounds = vec!["1.5"; 20];
        bounds.push(">3.5");
        assert_eq!(of(&bounds), Some(Reading::Point));
        assert_eq!(Reading::Point.number(">3.5"), Err(()));
        assert_eq!(Reading::Point.number("1e300"), Err(()));
        assert_eq!(Reading::Comma.number("2,728"), Ok(Some(2.728)));
    }

    #[test]
    fn a_comma_before_three_digits_may_part_thousands() {
        for (field, ambiguous) in
            [("2,728", true), ("-12,345,678", true), ("0,123", false), ("2,7", false), ("2", false)]
        {
            assert_eq!(is_ambiguous(field), ambiguous, "{field}");
        }
    }
}
