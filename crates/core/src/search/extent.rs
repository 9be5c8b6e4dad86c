//! Where the operand of a condition ends.
//!
//! An operand without quotes goes on to the end of the text, so that `value contains rock and
//! roll` means what it says. It ends before:
//! - ` and ` or ` or ` when what follows begins like a condition (a field and one of its operators,
//!   possibly behind `not` and `(`), outside of parentheses that the operand itself opens and
//!   closes;
//! - the `)` that closes a group around the condition.
//!
//! A JSON object or array is taken whole. In quotes an operand holds whatever it likes.

use super::field::opens;
use serde_json::Value;

/// Length of `word` when `text` begins with it, case ignored, and it ends there.
pub(super) fn keyword(text: &str, word: &str) -> Option<usize> {
    let head = text.get(..word.len())?;
    let rest = text.get(word.len()..)?;
    let ends = rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace() || c == '(');
    (head.eq_ignore_ascii_case(word) && ends).then_some(word.len())
}

/// Whether a condition may end before `text`.
pub(super) fn ends(text: &str) -> bool {
    let text = text.trim_start();
    text.is_empty()
        || text.starts_with(')')
        || keyword(text, "and").is_some()
        || keyword(text, "or").is_some()
}

/// Byte after the closing quote of a string that begins with one.
pub(super) fn quoted_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(index + 1),
            _ => {}
        }
    }
    None
}

/// Bytes of the operand without quotes that `text` begins with, and whether it holds `and` or
/// `or`. `pattern` takes backslashes as those of a regular expression.
pub(super) fn bare(text: &str, grouped: bool, pattern: bool) -> (usize, bool) {
    let from = structure(text);
    let closing = closings(text, pattern);
    let mut debatable = false;
    let mut behind = 0;
    let mut escaped = false;
    for (index, c) in text.char_indices() {
        if index < from.max(behind) {
            continue;
        }
        if escaped {
            escaped = false;
            continue;
        }
        match c {
            '\\' if pattern => escaped = true,
            '(' => {
                if let Some(end) = closing.get(index).copied().filter(|end| *end > 0) {
                    behind = end;
                }
            }
            ')' if grouped => return (index, debatable),
            _ if c.is_whitespace() => {
                let rest = text.get(index..).unwrap_or_default().trim_start();
                for word in ["and", "or"] {
                    if let Some(length) = keyword(rest, word) {
                        if follows(rest.get(length..).unwrap_or_default()) {
                            return (index, debatable);
                        }
                        debatable = true;
                    }
                }
            }
            _ => {}
        }
    }
    (text.len(), debatable)
}

/// Bytes of the JSON object or array that `text` begins with, when the operand ends with it.
fn structure(text: &str) -> usize {
    if !text.starts_with(['{', '[']) {
        return 0;
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    match values.next() {
        Some(Ok(_)) if ends(text.get(values.byte_offset()..).unwrap_or_default()) => {
            values.byte_offset()
        }
        _ => 0,
    }
}

/// For every `(` that is closed in the text: the byte after its `)`. Else 0.
fn closings(text: &str, pattern: bool) -> Vec<usize> {
    let mut closing = vec![0; text.len()];
    let mut open = Vec::new();
    let mut escaped = false;
    for (index, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if pattern => escaped = true,
            '(' => open.push(index),
            ')' => {
                if let Some(slot) = open.pop().and_then(|at: usize| closing.get_mut(at)) {
                    *slot = index + 1;
                }
            }
            _ => {}
        }
    }
    closing
}

/// Whether a condition follows, possibly behind `not` and `(`.
fn follows(text: &str) -> bool {
    let mut text = text.trim_start();
    loop {
        if let Some(inner) = text.strip_prefix('(') {
            text = inner.trim_start();
        } else if let Some(length) = keyword(text, "not") {
            text = text.get(length..).unwrap_or_default().trim_start();
        } else {
            return opens(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operand_ends_where_a_condition_begins_or_its_group_ends() {
        let table = [
            ("rock and roll", false, "rock and roll"),
            ("a and key = b", false, "a"),
            ("a AND NOT (key = b)", false, "a"),
            ("a or not pepper", false, "a or not pepper"),
            ("a and (roll)", false, "a and (roll)"),
            ("a and key", false, "a and key"),
            ("a and key =", false, "a and key ="),
            ("a and that = 5", false, "a and that = 5"),
            ("a and keyy = 5", false, "a"),
            ("a and $5 = cheap", false, "a and $5 = cheap"),
            ("a or $.x exists", false, "a"),
            ("f(x) or key = k", false, "f(x)"),
            ("f(x or key = k)", false, "f(x or key = k)"),
            ("f( or key = k", false, "f("),
            ("f(x))", true, "f(x)"),
            ("a)", false, "a)"),
            ("a) and key = k", true, "a"),
            (
                "{\"a\":\"x and key = y\"} and key = k",
                false,
                "{\"a\":\"x and key = y\"}",
            ),
            ("[a-z]+ and key = k", false, "[a-z]+"),
            ("and key = k", false, "and key = k"),
        ];
        for (text, grouped, operand) in table {
            let (end, _) = bare(text, grouped, false);
            assert_eq!(&text[..end], operand, "{text}");
        }
        assert_eq!(bare("\\(a) or key = k", true, true).0, 3);
    }
}
