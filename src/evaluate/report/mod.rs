//! A comparison as text: tables and parts of a page. Pure functions; whoever calls them writes the files.

use super::comparison::Comparison;

/// `scores.csv`: a row a score.
pub fn csv(comparison: &Comparison) -> String {
    let mut text = "task,arm,learner,seed,metric,value,n_labels,n_left_out\n".to_owned();
    for s in &comparison.scores {
        let fields = [quoted(&s.task), quoted(&s.arm), s.learner.clone(), s.seed.to_string()];
        text +=
            &format!("{},{},{},{},{}\n", fields.join(","), quoted(s.metric.name()), s.value, s.n_labels, s.n_left_out);
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
