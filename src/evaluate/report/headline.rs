//! What a comparison comes to, in a few sentences.

use crate::evaluate::comparison::{Comparison, Pair, PooledDifference, Verdict};
use crate::evaluate::percent;

/// What can be said of the second arm (a fill set, where there is one) over the mean of all tasks: against the base, then
/// against all later arms, its controls. Empty where nothing was compared.
pub fn headline(comparison: &Comparison) -> Vec<String> {
    let arms = comparison.arms();
    let [base, subject, controls @ ..] = arms.as_slice() else { return Vec::new() };
    let of = |against: &str| -> Vec<&PooledDifference> {
        let pair = Pair { base: against.to_owned(), new: (*subject).to_owned() };
        comparison.pooled.iter().filter(|pooled| pooled.pair == pair).collect()
    };
    let mut sentences: Vec<String> =
        verdict_against(subject, &format!("the {base} model"), &of(base)).into_iter().collect();
    let against_controls: Vec<&PooledDifference> = controls.iter().flat_map(|control| of(control)).collect();
    let name = match controls {
        [only] => format!("its control {only}"),
        several => format!("its controls ({})", several.join(", ")),
    };
    sentences.extend(verdict_against(subject, &name, &against_controls));
    sentences
}

/// “fill is better than its controls (…) in 2 of 6 comparisons …”; none where there are none.
fn verdict_against(subject: &str, against: &str, found: &[&PooledDifference]) -> Option<String> {
    let first = found.first()?;
    let tasks = if first.n_tasks == 1 { "1 task".to_owned() } else { format!("the mean of {} tasks", first.n_tasks) };
    let with = |verdict: Verdict| -> Vec<String> {
        let of_verdict = found.iter().filter(|pooled| pooled.verdict == verdict);
        of_verdict.map(|p| format!("{} with {}: {}", p.pair.base, p.learner, figures(p))).collect()
    };
    let (better, worse) = (with(Verdict::Better), with(Verdict::Worse));
    let n = found.len();
    let range = |of: &dyn Fn(&PooledDifference) -> f64| {
        let values = found.iter().map(|p| of(p));
        values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], v| [low.min(v), high.max(v)])
    };
    if better.is_empty() && worse.is_empty() {
        let ([low, high], [from, _], [_, to]) =
            (range(&|p| p.change), range(&|p| p.interval.low), range(&|p| p.interval.high));
        let changes = if n == 1 {
            format!("a change of {} %", percent(low))
        } else {
            format!("changes from {} to {} % in {n} comparisons", percent(low), percent(high))
        };
        return Some(format!(
            "No detectable difference between {subject} and {against} over {tasks}: {changes}, intervals within {} to {} %.",
            percent(from),
            percent(to)
        ));
    }
    let mut parts = Vec::new();
    for (verdict, which) in [("better", &better), ("worse", &worse)] {
        if !which.is_empty() {
            parts.push(format!("{verdict} in {} of {n} comparisons ({})", which.len(), which.join("; ")));
        }
    }
    let rest = n - better.len() - worse.len();
    if rest > 0 {
        parts.push(format!("without a detectable difference in {rest}"));
    }
    Some(format!("Over {tasks}, {subject} against {against} is {}.", parts.join(", ")))
}

/// “+0.75 %, interval +0.10 to +1.40 %”.
fn figures(pooled: &PooledDifference) -> String {
    let (low, high) = (percent(pooled.interval.low), percent(pooled.interval.high));
    format!("{} %, interval {low} to {high} %", percent(pooled.change))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::comparison::Interval;

    fn pooled(base: &str, learner: &str, change: f64, verdict: Verdict) -> PooledDifference {
        PooledDifference {
            pair: Pair { base: base.to_owned(), new: "fill".to_owned() },
            learner: learner.to_owned(),
            n_tasks: 3,
            n_better: 2,
            change,
            interval: Interval { low: change - 0.01, high: change + 0.01 },
            interval_of_new_tasks: None,
            p_value: 0.01,
            p_holm: 0.02,
            verdict,
        }
    }

    #[test]
    fn the_sentence_says_what_the_verdicts_say() {
        let none = Verdict::NoDetectableDifference;
        let said = |found: &[PooledDifference]| {
            verdict_against("fill", "its control random", &found.iter().collect::<Vec<_>>()).unwrap()
        };
        assert_eq!(
            said(&[pooled("random", "trees", 0.002, none), pooled("random", "linear", -0.001, none)]),
            "No detectable difference between fill and its control random over the mean of 3 tasks: changes from −0.10 to \
             +0.20 % in 2 comparisons, intervals within −1.10 to +1.20 %."
        );
        assert_eq!(
            said(&[pooled("random", "trees", 0.02, Verdict::Better), pooled("random", "linear", -0.001, none)]),
            "Over the mean of 3 tasks, fill against its control random is better in 1 of 2 comparisons (random with trees: \
             +2.00 %, interval +1.00 to +3.00 %), without a detectable difference in 1."
        );
        assert!(said(&[pooled("random", "trees", -0.02, Verdict::Worse)]).contains("worse in 1 of 1"));
        assert_eq!(verdict_against("fill", "x", &[]), None);
    }
}
