//! Metrics of predictions, plain, weighted, or with the two models' predictions exchanged for some molecules.

use crate::evaluate::metric::Metric;

/// One label of one seed under two models.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelPredictions {
    /// The molecule of each prediction: its row in the task.
    pub rows: Vec<usize>,
    /// What was measured.
    pub y: Vec<f64>,
    /// What the learner made of the base's embedding.
    pub base: Vec<f64>,
    /// What it made of the other's.
    pub new: Vec<f64>,
}

/// The score of one model's predictions.
///
/// * `y`, `predictions` – of the same length, without NaN
/// * returns none where the metric has no value: a single class, or labels that do not vary
pub fn score(metric: Metric, y: &[f64], predictions: &[f64]) -> Option<f64> {
    let label = LabelPredictions {
        rows: (0..y.len()).collect(),
        y: y.to_vec(),
        base: predictions.to_vec(),
        new: predictions.to_vec(),
    };
    Prepared::new(metric, &label).scores(&Plain, &mut Vec::new()).map(|[base, _]| base)
}

/// How much each molecule counts, and whether its two predictions change places.
pub(super) trait Draw {
    fn weight(&self, row: usize) -> f64;
    fn is_exchanged(&self, row: usize) -> bool;
}

/// Every molecule once.
pub(super) struct Plain;

impl Draw for Plain {
    fn weight(&self, _: usize) -> f64 {
        1.0
    }

    fn is_exchanged(&self, _: usize) -> bool {
        false
    }
}

/// A label's predictions in the form that its metric needs: places in the order of values for metrics of ranks, so that
/// predictions of both models are on one scale when they change places; values otherwise.
pub(super) struct Prepared<'a> {
    metric: Metric,
    rows: &'a [usize],
    y: &'a [f64],
    values: [Vec<f64>; 2],
    /// Ranks of y, for Spearman.
    ranks: Vec<f64>,
}

impl<'a> Prepared<'a> {
    pub fn new(metric: Metric, label: &'a LabelPredictions) -> Self {
        let by_rank = matches!(metric, Metric::RocAuc | Metric::AveragePrecision | Metric::Spearman);
        let prepare = |values: &[f64]| if by_rank { doubled_ranks(values) } else { values.to_vec() };
        let ranks = if metric == Metric::Spearman { doubled_ranks(&label.y) } else { Vec::new() };
        Self { metric, rows: &label.rows, y: &label.y, values: [prepare(&label.base), prepare(&label.new)], ranks }
    }

    /// Scores of both models under a draw; none where one has no value.
    ///
    /// * `scratch` – kept by the caller between calls
    pub fn scores(&self, draw: &impl Draw, scratch: &mut Vec<[f64; 2]>) -> Option<[f64; 2]> {
        Some([self.of(0, draw, scratch)?, self.of(1, draw, scratch)?])
    }

    fn of(&self, model: usize, draw: &impl Draw, scratch: &mut Vec<[f64; 2]>) -> Option<f64> {
        // Weight, measured value, prediction.
        let items = || {
            self.rows.iter().enumerate().map(|(k, &row)| {
                let side = if draw.is_exchanged(row) { 1 - model } else { model };
                (k, draw.weight(row), self.values[side][k])
            })
        };
        match self.metric {
            Metric::RocAuc | Metric::AveragePrecision => {
                scratch.clear();
                scratch.resize(2 * self.rows.len() + 1, [0.0; 2]);
                for (k, weight, place) in items() {
                    scratch[place as usize][usize::from(self.y[k] > 0.5)] += weight;
                }
                if self.metric == Metric::RocAuc { roc_auc(scratch) } else { average_precision(scratch) }
            }
            Metric::Rmse | Metric::Mae => {
                let power = if self.metric == Metric::Rmse { 2 } else { 1 };
                let (mut sum, mut total) = (0.0, 0.0);
                for (k, weight, value) in items() {
                    sum += weight * (value - self.y[k]).abs().powi(power);
                    total += weight;
                }
                (total > 0.0).then(|| if power == 2 { (sum / total).sqrt() } else { sum / total })
            }
            Metric::R2 => {
                let (mut residual, mut total, mut sum, mut squares) = (0.0, 0.0, 0.0, 0.0);
                for (k, weight, value) in items() {
                    residual += weight * (value - self.y[k]).powi(2);
                    total += weight;
                    sum += weight * self.y[k];
                    squares += weight * self.y[k].powi(2);
                }
                let spread = squares - sum * sum / total;
                (total > 0.0 && spread > 1e-12 * squares).then(|| 1.0 - residual / spread)
            }
            Metric::Spearman => {
                let mut s = [0.0; 6];
                for (k, w, value) in items() {
                    let (x, y) = (value, self.ranks[k]);
                    for (s, term) in s.iter_mut().zip([1.0, x, y, x * x, y * y, x * y]) {
                        *s += w * term;
                    }
                }
                let [n, x, y, xx, yy, xy] = s;
                let (vx, vy) = (xx - x * x / n, yy - y * y / n);
                (n > 0.0 && vx > 0.0 && vy > 0.0).then(|| (xy - x * y / n) / (vx * vy).sqrt())
            }
        }
    }
}

/// Twice the rank of each value from 1, equal values sharing their mean rank: whole numbers up to 2 n.
fn doubled_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    while first < order.len() {
        let mut last = first;
        while last + 1 < order.len() && values[order[last + 1]] == values[order[first]] {
            last += 1;
        }
        // Ranks first + 1 ..= last + 1.
        order[first..=last].iter().for_each(|&k| ranks[k] = (first + last + 2) as f64);
        first = last + 1;
    }
    ranks
}

/// From the weights of negatives and positives at each place, ascending.
fn roc_auc(places: &[[f64; 2]]) -> Option<f64> {
    let (mut below, mut area, mut positives) = (0.0, 0.0, 0.0);
    for [negative, positive] in places {
        area += positive * (below + 0.5 * negative);
        below += negative;
        positives += positive;
    }
    (below > 0.0 && positives > 0.0).then(|| area / (below * positives))
}

fn average_precision(places: &[[f64; 2]]) -> Option<f64> {
    let (mut found, mut seen, mut sum) = (0.0, 0.0, 0.0);
    for [negative, positive] in places.iter().rev() {
        found += positive;
        seen += negative + positive;
        if *positive > 0.0 {
            sum += positive * found / seen;
        }
    }
    (found > 0.0 && seen > found).then(|| sum / found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_meet_scikit_learn() {
        // scikit-learn 1.7.2 and scipy 1.16: roc_auc_score, average_precision_score, mean squared and absolute error,
        // r2_score, spearmanr of these vectors.
        let y = [0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0];
        let p = [0.1, 0.9, 0.4, 0.4, 0.35, 0.8, 0.05, 0.7];
        let close = |metric, y: &[f64], p: &[f64], expected: f64| {
            let found = score(metric, y, p).unwrap();
            assert!((found - expected).abs() < 1e-12, "{metric}: {found}, expected {expected}");
        };
        // By hand: of 16 pairs, 0.9 wins 4, 0.7 wins 3, 0.4 wins 2 and ties 1, 0.35 wins 2.
        close(Metric::RocAuc, &y, &p, 11.5 / 16.0);
        // Thresholds 0.9, 0.8, 0.7, 0.4 (one of each class), 0.35: precisions 1, 2/3, 3/5, 4/6.
        close(Metric::AveragePrecision, &y, &p, (1.0 + 2.0 / 3.0 + 3.0 / 5.0 + 4.0 / 6.0) / 4.0);
        let (y, p) = ([1.0, 2.0, 4.0, 3.0], [1.5, 1.5, 5.0, 2.0]);
        close(Metric::Rmse, &y, &p, (2.5_f64 / 4.0).sqrt());
        close(Metric::Mae, &y, &p, 0.75);
        close(Metric::R2, &y, &p, 0.5);
        // Ranks 1.5 1.5 4 3 against 1 2 4 3.
        close(Metric::Spearman, &y, &p, 4.5 / (4.5_f64 * 5.0).sqrt());
    }

    #[test]
    fn no_value_without_both_classes_or_without_spread() {
        assert_eq!(score(Metric::RocAuc, &[1.0, 1.0], &[0.1, 0.2]), None);
        assert_eq!(score(Metric::AveragePrecision, &[0.0, 0.0], &[0.1, 0.2]), None);
        assert_eq!(score(Metric::R2, &[2.0, 2.0], &[0.1, 0.2]), None);
        assert_eq!(score(Metric::Spearman, &[2.0, 3.0], &[0.1, 0.1]), None);
        assert_eq!(score(Metric::Rmse, &[], &[]), None);
    }

    #[test]
    fn area_is_the_share_of_pairs_in_order() {
        let y: Vec<f64> = (0..60).map(|k| f64::from(k * 7 % 3 == 0)).collect();
        let p: Vec<f64> = (0..60).map(|k| f64::from(k * 13 % 11)).collect();
        let (mut won, mut pairs) = (0.0, 0.0);
        for (i, j) in (0..60).flat_map(|i| (0..60).map(move |j| (i, j))).filter(|&(i, j)| y[i] > y[j]) {
            pairs += 1.0;
            won += if p[i] > p[j] {
                1.0
            } else if p[i] == p[j] {
                0.5
            } else {
                0.0
            };
        }
        assert!((score(Metric::RocAuc, &y, &p).unwrap() - won / pairs).abs() < 1e-12);
    }
}
