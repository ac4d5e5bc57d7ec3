//! The two standard streams. A reader that has seen enough (`| head`) and a full device never end the work of a command
//! half-way: what cannot be written is remembered, and the program's exit tells.

use std::borrow::Cow;
use std::fmt::Arguments;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

/// Why standard output takes no more, once it does not.
static FAULT: Mutex<Option<io::Error>> = Mutex::new(None);

/// Writes one line to standard output; [`close`] tells when it could not be.
pub(super) fn line(text: Arguments<'_>) {
    let mut fault = FAULT.lock().unwrap_or_else(PoisonError::into_inner);
    if fault.is_none() {
        *fault = writeln!(io::stdout().lock(), "{}", plain(&text.to_string())).err();
    }
}

/// Writes one line to standard error; where there is none, nobody is there to be told.
pub(super) fn error_line(text: Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{}", plain(&text.to_string()));
}

/// The text with its control characters escaped, but for line ends and tabs: names and messages of strangers must not
/// move the cursor or change the colours of a terminal.
fn plain(text: &str) -> Cow<'_, str> {
    let is_harmful = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let escaped = |c: char| if is_harmful(c) { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(escaped).collect())
}

/// Rewrites the last line of standard error.
pub(super) fn error_text(text: Arguments<'_>) {
    let _ = write!(io::stderr().lock(), "{text}");
}

/// Brings out what is buffered.
///
/// # Errors
/// The first reason for which something could not be written.
pub(super) fn close() -> io::Result<()> {
    let fault = FAULT.lock().unwrap_or_else(PoisonError::into_inner).take();
    fault.map_or_else(|| io::stdout().lock().flush(), Err)
}

/// `println!` that never panics.
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::stdout::line(format_args!($($text)*)) };
}

/// `eprintln!` that never panics.
macro_rules! tell {
    ($($text:tt)*) => { $crate::cli::stdout::error_line(format_args!($($text)*)) };
}

/// `eprint!` that never panics.
macro_rules! tell_in_place {
    ($($text:tt)*) => { $crate::cli::stdout::error_text(format_args!($($text)*)) };
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        assert_eq!(plain("a\tb\nc é"), "a\tb\nc é");
        assert_eq!(plain("\u{1b}[31mred\u{7}\u{9b}"), "\\u{1b}[31mred\\u{7}\\u{9b}");
    }
}
