use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// What a reader took in another way than it stands in the file. Clones share one account, which grows while rows are
/// read: ask for it beforehand, look at it afterwards.
#[derive(Debug, Clone, Default)]
pub struct Notes(Arc<Mutex<Account>>);

/// Rows of one kind: how many, and the line of the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Rows {
    n: u64,
    first_line: u64,
}

impl Rows {
    fn add(&mut self, line: u64) {
        if self.n == 0 {
            self.first_line = line;
        }
        self.n += 1;
    }
}

#[derive(Debug, Default)]
struct Account {
    recoded: Rows,
    extensions: Rows,
    column: Option<(String, Vec<String>)>,
    is_table: bool,
    gzip_padding: bool,
    broken_off: Option<String>,
}

impl Notes {
    fn change(&self, change: impl FnOnce(&mut Account)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// A line that is no UTF-8 was read as Windows-1252.
    pub(super) fn recoded(&self, line: u64) {
        self.change(|account| account.recoded.add(line));
    }

    /// A CXSMILES extension was left out.
    pub(super) fn extension(&self, line: u64) {
        self.change(|account| account.extensions.add(line));
    }

    /// A column was chosen though others could have been meant.
    pub(super) fn column(&self, taken: &str, others: Vec<String>) {
        self.change(|account| account.column = Some((taken.to_owned(), others)));
    }

    /// A `.smi` file is read as a table.
    pub(super) fn is_table(&self) {
        self.change(|account| account.is_table = true);
    }

    /// Zeros follow a gzip stream.
    pub(super) fn gzip_padding(&self) {
        self.change(|account| account.gzip_padding = true);
    }

    /// The file cannot be read to its end.
    pub(super) fn broken_off(&self, row: &str) {
        self.change(|account| account.broken_off = Some(row.to_owned()));
    }

    /// Where and why the file cannot be read to its end: what follows is lost, and what was read is a part. `None` for a
    /// whole file.
    pub fn part_of_a_file(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).broken_off.clone()
    }

    /// One sentence for each kind of note about the file `path`, without a full stop; none when all was taken as it
    /// stands.
    pub fn sentences(&self, path: &Path) -> Vec<String> {
        let account = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let file = path.display();
        let mut sentences = Vec::new();
        if let Some((taken, others)) = &account.column {
            let others: Vec<String> = others.iter().map(|name| format!("“{name}”")).collect();
            sentences.push(format!(
                "{file}: the molecules are taken from the column “{taken}”; {} could be meant as well: --column chooses",
                others.join(", ")
            ));
        }
        if account.is_table {
            sentences.push(format!("{file} is read as a table with commas, as its heading says"));
        }
        if account.gzip_padding {
            sentences.push(format!("{file}: the zeros after the end of the gzip stream are left out"));
        }
        let Rows { n, first_line } = account.recoded;
        if n > 0 {
            sentences
                .push(format!("{n} lines are no UTF-8 and are read as Windows-1252, the first is {file}:{first_line}"));
        }
        let Rows { n, first_line } = account.extensions;
        if n > 0 {
            sentences.push(format!(
                "the CXSMILES extensions (|…|) of {n} rows are left out, the first is in {file}:{first_line}"
            ));
        }
        sentences
    }
}
