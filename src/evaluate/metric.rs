//! How good predictions are.

use serde::{Deserialize, Serialize};

/// A score of predictions against what was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Area under the receiver operating characteristic: the chance that a positive is ranked above a negative, ties
    /// counting half.
    RocAuc,
    /// Average precision: the area under the precision-recall curve by steps.
    AveragePrecision,
    /// Root of the mean squared error, in the units of the label.
    Rmse,
    /// Mean absolute error, in the units of the label.
    Mae,
    /// Part of the variance explained.
    R2,
    /// Spearman's rank correlation.
    Spearman,
}

impl Metric {
    /// True when more is better.
    pub fn is_gain(self) -> bool {
        !matches!(self, Self::Rmse | Self::Mae)
    }

    /// True for metrics of labels that are 0 or 1.
    pub fn is_of_classes(self) -> bool {
        matches!(self, Self::RocAuc | Self::AveragePrecision)
    }

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::RocAuc => "ROC-AUC",
            Self::AveragePrecision => "average precision",
            Self::Rmse => "RMSE",
            Self::Mae => "MAE",
            Self::R2 => "R²",
            Self::Spearman => "Spearman",
        }
    }

    /// (new − base) / |base|, negated where less is better: positive is better.
    pub fn relative_change(self, base: f64, new: f64) -> f64 {
        let gain = if self.is_gain() { new - base } else { base - new };
        // Equal scores differ by nothing, a score of zero included.
        if gain == 0.0 { 0.0 } else { gain / base.abs() }
    }
}

impl std::fmt::Display for Metric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
