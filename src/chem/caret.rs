/// Characters shown on either side of the place that is meant.
const CONTEXT: usize = 36;

/// Two lines: the text, cut around `character` (from 1) when it is long, and a caret below that character.
pub(in crate::chem) fn caret(text: &str, character: Option<usize>) -> String {
    let characters: Vec<char> = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let at = character.unwrap_or(1).saturating_sub(1).min(characters.len());
    let from = at.saturating_sub(CONTEXT);
    let to = (at + CONTEXT).min(characters.len());
    let mut line = String::new();
    if from > 0 {
        line.push('…');
    }
    let indent = line.chars().count() + at - from;
    line.extend(&characters[from..to]);
    if to < characters.len() {
        line.push('…');
    }
    if character.is_none() { line } else { format!("{line}\n{}^", " ".repeat(indent)) }
}
