//! Rows of CSV and TSV: RFC 4180, forgiving about ragged rows.

use std::collections::VecDeque;

use super::RowProblem;
use super::error::shortened;
use super::source::{Lines, NumberedLine};

/// One row of a table, and the line on which it begins.
pub(super) struct TableRow {
    pub(super) line: u64,
    pub(super) fields: Vec<String>,
}

/// What is wrong with a row: line, field from 1, how it begins, why.
pub(super) type TableProblem = (u64, Option<usize>, String, RowProblem);

/// Rows of a table. Quotes count only at the start of a field; a quoted field may hold delimiters, doubled quotes and
/// line ends. When nothing closes a quote, its line alone is bad and reading goes on with the next line.
pub(super) struct TableRows {
    lines: Lines,
    /// Lines that were read ahead in search of a closing quote.
    ahead: VecDeque<NumberedLine>,
    /// How many of these, from the front, leave a quote open that is open where they begin, and their bytes. Whichever
    /// row a quote is opened in, the line that ends the row is the same: so no line is looked at twice.
    open: usize,
    open_bytes: usize,
    delimiter: char,
}

/// Why no line closes a quote, or where one does.
enum Close {
    /// So many of the lines ahead belong to the row.
    After(usize),
    Nowhere,
}

impl TableRows {
    pub(super) fn new(lines: Lines, delimiter: char) -> Self {
        Self { lines, ahead: VecDeque::new(), open: 0, open_bytes: 0, delimiter }
    }

    /// Lets the first row decide: the commonest of comma, tab and semicolon outside quotes.
    pub(super) fn detect_delimiter(mut lines: Lines) -> Self {
        let first = lines.next_used();
        let delimiter = first.as_ref().and_then(|(_, line)| line.as_ref().ok()).map_or(',', |line| commonest(line));
        let mut this = Self::new(lines, delimiter);
        this.ahead.extend(first);
        this
    }

    /// The next line, from those read ahead or from the text.
    fn next_line(&mut self) -> Option<NumberedLine> {
        let Some(line) = self.ahead.pop_front() else { return self.lines.next_used() };
        if self.open > 0 {
            self.open -= 1;
            self.open_bytes -= line.1.as_ref().map_or(0, |text| text.len() + 1);
        }
        Some(line)
    }

    /// Looks for the line that ends a row whose first line, `n_bytes` long, leaves a quote open.
    fn find_close(&mut self, n_bytes: usize) -> Close {
        loop {
            if n_bytes + self.open_bytes > self.lines.limit() {
                return Close::Nowhere;
            }
            if self.open == self.ahead.len() {
                match self.lines.next() {
                    Some(line) => self.ahead.push_back(line),
                    None => return Close::Nowhere,
                }
            }
            let Ok(line) = &self.ahead[self.open].1 else { return Close::Nowhere };
            let mut splitter = Splitter::in_quotes(self.delimiter);
            splitter.feed(line);
            if !splitter.in_quotes {
                return Close::After(self.open + 1);
            }
            self.open += 1;
            self.open_bytes += line.len() + 1;
        }
    }
}

impl Iterator for TableRows {
    type Item = Result<TableRow, TableProblem>;

    fn next(&mut self) -> Option<Self::Item> {
        let (first, line) = match self.next_line()? {
            (first, Ok(line)) => (first, line),
            (number, Err((problem, text))) => return Some(Err((number, None, text, problem))),
        };
        let mut splitter = Splitter::new(self.delimiter);
        splitter.feed(&line);
        if splitter.in_quotes {
            match self.find_close(line.len() + 1) {
                Close::After(n_lines) => {
                    for _ in 0..n_lines {
                        if let Some((_, Ok(line))) = self.next_line() {
                            splitter.feed(&line);
                        }
                    }
                }
                Close::Nowhere => {
                    let field = splitter.fields.len() + 1;
                    return Some(Err((first, Some(field), shortened(&line, 200), RowProblem::UnclosedQuote)));
                }
            }
        }
        Some(Ok(TableRow { line: first, fields: splitter.finish() }))
    }
}

fn commonest(line: &str) -> char {
    let mut splitter = Splitter::new('\0');
    splitter.feed(line);
    let outside_quotes = splitter.finish().concat();
    let text = if line.starts_with('"') { line } else { &outside_quotes };
    // The first of equals wins, a comma when there is none.
    let count = |delimiter: char| text.matches(delimiter).count();
    [',', '\t', ';'].into_iter().rev().max_by_key(|&delimiter| count(delimiter)).unwrap_or(',')
}

/// Cuts text into fields, line by line.
struct Splitter {
    delimiter: char,
    fields: Vec<String>,
    field: String,
    in_quotes: bool,
    n_lines: usize,
}

impl Splitter {
    fn new(delimiter: char) -> Self {
        Self { delimiter, fields: Vec::new(), field: String::new(), in_quotes: false, n_lines: 0 }
    }

    /// One that stands at the beginning of a line, inside quotes.
    fn in_quotes(delimiter: char) -> Self {
        Self { in_quotes: true, n_lines: 1, ..Self::new(delimiter) }
    }

    /// Takes one line without its end.
    fn feed(&mut self, line: &str) {
        if self.n_lines > 0 {
            self.field.push('\n');
        }
        self.n_lines += 1;
        let mut rest = line;
        if self.n_lines == 1 && !line.contains('"') {
            self.fields.extend(line.split(self.delimiter).map(str::to_owned));
            self.field = self.fields.pop().unwrap_or_default();
            return;
        }
        let mut at_field_start = self.n_lines == 1;
        loop {
            if self.in_quotes {
                let Some((inside, after)) = rest.split_once('"') else {
                    self.field.push_str(rest);
                    return;
                };
                self.field.push_str(inside);
                if let Some(after) = after.strip_prefix('"') {
                    self.field.push('"');
                    rest = after;
                } else {
                    self.in_quotes = false;
                    rest = after;
                }
                at_field_start = false;
            } else if let Some(quoted) = rest.strip_prefix('"').filter(|_| at_field_start) {
                self.in_quotes = true;
                rest = quoted;
            } else {
                let Some((last, after)) = rest.split_once(self.delimiter) else {
                    self.field.push_str(rest);
                    return;
                };
                self.field.push_str(last);
                self.fields.push(std::mem::take(&mut self.field));
                at_field_start = true;
                rest = after;
            }
        }
    }

    fn finish(mut self) -> Vec<String> {
        self.fields.push(self.field);
        self.fields
    }
}

#[cfg(test)]
mod tests {
    use super::super::notes::Notes;
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &str, delimiter: char) -> Vec<Result<Vec<String>, (u64, RowProblem)>> {
        let lines = Lines::new(Box::new(std::io::Cursor::new(text.to_owned())), 1000, Notes::default());
        let rows = TableRows::new(lines, delimiter);
        rows.map(|row| row.map(|row| row.fields).map_err(|(line, _, _, problem)| (line, problem))).collect()
    }

    #[test]
    fn quoted_fields_hold_delimiters_quotes_and_line_ends() {
        let text = "a,\"b,\"\"c\"\"\r\nd\",e\r\n\"\",x\"y\",\"p\"q\n";
        let expected = [vec!["a", "b,\"c\"\nd", "e"], vec!["", "x\"y\"", "pq"]];
        assert_eq!(rows(text, ','), expected.map(|row| Ok(row.into_iter().map(str::to_owned).collect())));
    }

    #[test]
    fn a_quote_that_nothing_closes_spoils_one_line_only() {
        let found = rows("a,b\n\"c,d\ne,f\n", ',');
        assert_eq!(found[1], Err((2, RowProblem::UnclosedQuote)));
        assert_eq!(found[2], Ok(vec!["e".to_owned(), "f".to_owned()]));
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn the_delimiter_of_the_first_row_is_found() {
        assert_eq!(commonest("a,b;c"), ',');
        assert_eq!(commonest("a\tb,c\td"), '\t');
        assert_eq!(commonest("a;b;c"), ';');
        assert_eq!(commonest("smiles"), ',');
    }

    proptest! {
        #[test]
        fn any_row_is_read_as_the_csv_crate_reads_it(text in "[a,\"\t xé\n]{0,40}") {
            // The crate ends an unclosed quote at the end of the text; only closed ones are compared.
            let mut outside = Splitter::new(',');
            text.split('\n').for_each(|line| {
                if outside.in_quotes { outside.feed(line) } else { outside = Splitter::new(','); outside.feed(line) }
            });
            prop_assume!(!outside.in_quotes);
            let mut oracle = csv::ReaderBuilder::new();
            let mut oracle = oracle.has_headers(false).flexible(true).from_reader(text.as_bytes());
            let expected: Vec<Vec<String>> =
                oracle.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
            let found: Vec<Vec<String>> = rows(&text, ',').into_iter().map(Result::unwrap).collect();
            // The crate skips empty lines.
            let found: Vec<_> = found.into_iter().filter(|row| row.iter().any(|f| !f.trim().is_empty())).collect();
            let expected: Vec<_> = expected.into_iter().filter(|row| row.iter().any(|f| !f.trim().is_empty())).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
