use crate::evaluate::comparison::Comparison;
use crate::parquet_table::{self, Column, ParquetTableError};

/// `scores.csv`: a row a score.
pub fn csv(comparison: &Comparison) -> String {
    let mut text = "task,arm,learner,seed,metric,value,n_labels,n_left_out\n".to_owned();
    for s in &comparison.scores {
        let names = [&s.task, &s.arm, &s.learner].map(|name| quoted(name)).join(",");
        let metric = quoted(s.metric.name());
        text += &format!("{names},{},{metric},{},{},{}\n", s.seed, s.value, s.n_labels, s.n_left_out);
    }
    text
}

fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

/// `scores.parquet`: the same table.
///
/// # Errors
/// What the format's library reports.
pub fn parquet(comparison: &Comparison) -> Result<Vec<u8>, ParquetTableError> {
    let scores = &comparison.scores;
    let whole = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let columns = [
        ("task", Column::Text(scores.iter().map(|s| s.task.clone()).collect())),
        ("arm", Column::Text(scores.iter().map(|s| s.arm.clone()).collect())),
        ("learner", Column::Text(scores.iter().map(|s| s.learner.clone()).collect())),
        ("seed", Column::I64(scores.iter().map(|s| whole(s.seed)).collect())),
        ("metric", Column::Text(scores.iter().map(|s| s.metric.name().to_owned()).collect())),
        ("value", Column::F64(scores.iter().map(|s| s.value).collect())),
        ("n_labels", Column::I64(scores.iter().map(|s| whole(s.n_labels as u64)).collect())),
        ("n_left_out", Column::I64(scores.iter().map(|s| whole(s.n_left_out as u64)).collect())),
    ];
    parquet_table::bytes(&columns, &[("program_version", &comparison.program_version)])
}
