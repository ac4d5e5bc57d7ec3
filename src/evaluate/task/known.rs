//! The tasks of MoleculeNet by the names of their folders: which columns are labels, and how they are scored.

use crate::evaluate::metric::Metric;

/// What is known of a task.
pub(super) struct Known {
    /// Columns of labels; empty: all but the molecule and the names in `not_labels`.
    pub labels: &'static [&'static str],
    pub not_labels: &'static [&'static str],
    pub metric: Metric,
}

/// What is known of a task of this name (doi:10.1039/C7SC02664A; the nine of METHOD section 9).
pub(super) fn known(name: &str) -> Option<Known> {
    let of = |labels, not_labels, metric| Some(Known { labels, not_labels, metric });
    match name.to_lowercase().as_str() {
        "bbbp" => of(&["p_np"], &[], Metric::RocAuc),
        "bace" => of(&["Class"], &[], Metric::RocAuc),
        "clintox" => of(&["FDA_APPROVED", "CT_TOX"], &[], Metric::RocAuc),
        "hiv" => of(&["HIV_active"], &[], Metric::RocAuc),
        "sider" => of(&[], &[], Metric::RocAuc),
        "tox21" => of(&[], &["mol_id"], Metric::RocAuc),
        "esol" => of(&["measured log solubility in mols per litre"], &[], Metric::Rmse),
        "freesolv" => of(&["expt"], &[], Metric::Rmse),
        "lipophilicity" => of(&["y"], &[], Metric::Rmse),
        _ => None,
    }
}
