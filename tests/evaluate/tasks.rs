//! Tasks from tables and folders.

use std::collections::BTreeSet;
use std::path::Path;

use fillscape::chem::Molecule;
use fillscape::evaluate::task::{RowFault, SplitParams};
use fillscape::evaluate::{Metric, Task, TaskError, TaskKind, TaskParams};

use super::support::{shared, table};

fn labelled(label: &str) -> TaskParams {
    TaskParams { labels: vec![label.to_owned()], ..TaskParams::default() }
}

#[test]
fn moleculenet_tasks_have_the_rows_that_their_readme_counts() {
    let Some(shared) = shared() else { return };
    // Rows and unparsable SMILES by the README of the data.
    for (name, rows, n_bad, n_labels, metric) in [
        ("bbbp", [1639, 205, 194], 7, 1, Metric::RocAuc),
        ("bace", [1209, 151, 152], 0, 1, Metric::RocAuc),
        ("clintox", [1185, 148, 143], 3, 2, Metric::RocAuc),
        ("sider", [1140, 143, 143], 0, 27, Metric::RocAuc),
        ("tox21", [6264, 783, 783], 8, 12, Metric::RocAuc),
        ("esol", [901, 113, 113], 0, 1, Metric::Rmse),
        ("freesolv", [512, 64, 65], 0, 1, Metric::Rmse),
        ("lipophilicity", [3360, 420, 420], 0, 1, Metric::Rmse),
    ] {
        let task = Task::open(&shared.join("data/moleculenet").join(name)).unwrap();
        assert_eq!((task.metric, task.labels.len()), (metric, n_labels), "{name}");
        let n_all = rows.iter().sum::<usize>();
        assert_eq!(task.rows.len() + task.bad_rows.len(), n_all, "{name}");
        // Every SMILES that RDKit refuses is left out; a few more may be that SELFIES cannot write.
        assert!(task.bad_rows.len() >= n_bad && task.bad_rows.len() <= n_bad + 12, "{name}: {}", task.bad_rows.len());
        for ((part, found), expected) in task.fold.parts().iter().zip(rows) {
            assert!(found.len() <= expected && found.len() + 12 >= expected, "{name} {part}: {}", found.len());
        }
        println!("{name}: {} left out, {:?}", task.bad_rows.len(), task.bad_rows.first().map(ToString::to_string));
    }
}

#[test]
fn bad_rows_are_told_with_their_place_and_never_end_the_reading() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my.csv");
    let good: String = (1..40).map(|n| format!("{}O,{n}\n", "C".repeat(n))).collect();
    std::fs::write(&path, format!("smiles,y\nC1CC,1\n\"CO\",many\nCCO,\n,3\n{good}CC(C)C,inf\n")).unwrap();
    let task = Task::open_with(&path, &labelled("y")).unwrap();
    assert_eq!((task.rows.len(), task.kind, task.metric), (39, TaskKind::Regression, Metric::Rmse));
    let lines: Vec<u64> = task.bad_rows.iter().map(|row| row.line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 45]);
    assert!(matches!(task.bad_rows[0].fault, RowFault::Smiles { .. }));
    assert!(matches!(&task.bad_rows[1].fault, RowFault::Label { found, .. } if found == "many"));
    assert_eq!(task.bad_rows[2].fault, RowFault::NoLabel);
    assert!(task.bad_rows[1].to_string().contains("my.csv:3: the label y is “many”, expected a number"));
}

#[test]
fn single_tables_are_split_by_column_at_random_or_by_scaffold() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("size.csv");
    std::fs::write(&path, table()).unwrap();
    let open = |split| Task::open_with(&path, &TaskParams { split, ..labelled("size") }).unwrap();
    let sizes = |task: &Task| task.fold.parts().map(|(_, rows)| rows.len());
    assert_eq!(sizes(&open(SplitParams::Given)), [144, 18, 18]);
    let random = |seed| open(SplitParams::Random { train: 0.5, valid: 0.25, seed });
    assert_eq!(sizes(&random(1)), [90, 45, 45]);
    assert_eq!(random(1).fold, random(1).fold);
    assert_ne!(random(1).fold, random(2).fold);
    assert_ne!(random(1).digest, random(2).digest);

    let by_scaffold = open(SplitParams::Scaffold { train: 0.8, valid: 0.05 });
    let scaffolds = |rows: &[usize]| -> BTreeSet<String> {
        rows.iter().map(|&k| Molecule::from_smiles(&by_scaffold.rows[k].smiles).unwrap().scaffold().unwrap()).collect()
    };
    let parts = by_scaffold.fold.parts().map(|(_, rows)| scaffolds(rows));
    assert!(parts[0].is_disjoint(&parts[1]) && parts[0].is_disjoint(&parts[2]) && parts[1].is_disjoint(&parts[2]));

    let given = folder.path().join("given.csv");
    std::fs::write(&given, "smiles,y,Split\nCO,1,train\nCCO,2,val\nCCCO,3,test\nCCCCO,4,somewhere\n").unwrap();
    let task = Task::open(&given).unwrap();
    assert_eq!((sizes(&task), task.labels.clone()), ([1, 1, 1], vec!["y".to_owned()]));
    assert_eq!(task.bad_rows[0].fault, RowFault::Split { found: "somewhere".to_owned() });
}

#[test]
fn impossible_tasks_say_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    assert!(matches!(Task::open(&empty), Err(TaskError::NoFiles { .. })));
    assert!(matches!(Task::open(Path::new("/nowhere/at/all.csv")), Err(TaskError::File(_))));
    write("two.csv", "smiles,a,b\nCO,1,2\n");
    let error = Task::open(&folder.path().join("two.csv")).unwrap_err().to_string();
    assert!(error.contains("“a”, “b”"), "{error}");
    let error = Task::open_with(&folder.path().join("two.csv"), &labelled("c")).unwrap_err().to_string();
    assert!(error.contains("“c”") && error.contains("“smiles”"), "{error}");
    write("few.csv", "smiles,y\nCO,1\nC1C,2\n");
    assert!(matches!(Task::open(&folder.path().join("few.csv")), Err(TaskError::EmptyPart { n_bad: 1, .. })));
    assert!(matches!(Task::open(folder.path()), Err(TaskError::ManyFiles { .. })));
    let wrong = TaskParams { split: SplitParams::Scaffold { train: 0.9, valid: 0.1 }, ..labelled("a") };
    assert!(matches!(Task::open_with(&folder.path().join("two.csv"), &wrong), Err(TaskError::Fractions { .. })));
    let wrong = TaskParams { metric: Some(Metric::RocAuc), ..labelled("size") };
    write("size.csv", &table());
    assert!(matches!(Task::open_with(&folder.path().join("size.csv"), &wrong), Err(TaskError::Metric { .. })));
}
