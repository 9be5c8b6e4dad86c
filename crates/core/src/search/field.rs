//! The first part of a condition: which field it looks at.

use super::condition::{Field, NumberField, Part};
use super::error::ConditionFault;
use crate::near::near;
use serde_json_path::JsonPath;

/// Deepest nesting of brackets in a JSON path; its parser recurses.
const PATH_DEPTH: usize = 16;
/// Most `..` in a JSON path: each multiplies the nodes that are visited.
const PATH_DESCENTS: usize = 2;
/// Characters of operators: they end a field's name.
pub(super) const SYMBOLS: [char; 5] = ['=', '!', '<', '>', '~'];

const FIELD_NAMES: [&str; 8] = [
    "key",
    "value",
    "header.",
    "$.",
    "offset",
    "partition",
    "timestamp",
    "size",
];

/// The field, its name as written, and the rest.
pub(super) fn field(text: &str) -> Result<(Field, String, &str), ConditionFault> {
    for (prefix, part) in [
        ("key.$", Part::Key),
        ("value.$", Part::Value),
        ("$", Part::Value),
    ] {
        if text.starts_with(prefix) {
            let (name, rest) = text.split_at(path_end(text, prefix.len()));
            let path = name.get(prefix.len() - 1..).unwrap_or_default();
            return Ok((Field::Path(part, json_path(path)?), name.into(), rest));
        }
    }
    if let Some(after) = text.strip_prefix("header.") {
        return header(after);
    }
    let end = text
        .find(|c: char| c.is_whitespace() || SYMBOLS.contains(&c))
        .unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let field = match word {
        "key" => Field::Text(Part::Key),
        "value" => Field::Text(Part::Value),
        "offset" => Field::Number(NumberField::Offset),
        "partition" => Field::Number(NumberField::Partition),
        "timestamp" => Field::Number(NumberField::Timestamp),
        "size" => Field::Number(NumberField::Size),
        "header" => {
            return Err(ConditionFault::HeaderName {});
        }
        _ => {
            return Err(ConditionFault::UnknownField {
                near: nearest_field(word),
                word: word.to_owned(),
            });
        }
    };
    Ok((field, word.to_owned(), rest))
}

fn nearest_field(word: &str) -> Option<String> {
    for (wrong, right) in [
        ("key.", "key.$."),
        ("value.", "$."),
        ("headers.", "header."),
    ] {
        if let Some(name) = word.strip_prefix(wrong).filter(|name| !name.is_empty()) {
            return Some(format!("{right}{name}"));
        }
    }
    near(word, FIELD_NAMES, 1).first().map(|name| match *name {
        "header." => "header.NAME".to_owned(),
        "$." => "$.path".to_owned(),
        name => name.to_owned(),
    })
}

fn header(after: &str) -> Result<(Field, String, &str), ConditionFault> {
    let missing = || ConditionFault::HeaderName {};
    let (name, rest) = if after.starts_with('"') {
        let end = quoted_end(after).ok_or_else(missing)?;
        let (quoted, rest) = after.split_at(end);
        let name: String = serde_json::from_str(quoted).map_err(|_| missing())?;
        (name, rest)
    } else {
        let end = after
            .find(|c: char| c.is_whitespace() || SYMBOLS.contains(&c))
            .unwrap_or(after.len());
        let (name, rest) = after.split_at(end);
        (name.to_owned(), rest)
    };
    if name.is_empty() {
        return Err(missing());
    }
    let shown = format!("header.{name}");
    Ok((Field::Header(name), shown, rest))
}

/// Byte index after the closing quote of a string that begins with one.
fn quoted_end(text: &str) -> Option<usize> {
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

/// Where a JSON path that begins before byte `from` ends: at the first blank or operator outside
/// of brackets and quotes.
fn path_end(text: &str, from: usize) -> usize {
    let mut depth = 0usize;
    let mut quote = None;
    let mut escaped = false;
    for (index, c) in text.char_indices().skip_while(|(index, _)| *index < from) {
        if let Some(open) = quote {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if c == open => quote = None,
                _ => {}
            }
            continue;
        }
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            '\'' | '"' if depth > 0 => quote = Some(c),
            _ if depth == 0 && (c.is_whitespace() || SYMBOLS.contains(&c)) => return index,
            _ => {}
        }
    }
    text.len()
}

fn json_path(path: &str) -> Result<JsonPath, ConditionFault> {
    let wrong = |reason: String| ConditionFault::Path {
        path: path.to_owned(),
        reason,
    };
    let (mut depth, mut deepest) = (0usize, 0usize);
    for c in path.chars() {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    if deepest > PATH_DEPTH {
        return Err(wrong(format!("brackets nest deeper than {PATH_DEPTH}")));
    }
    if path.matches("..").count() > PATH_DESCENTS {
        return Err(wrong(format!("more than {PATH_DESCENTS} descents (`..`)")));
    }
    JsonPath::parse(path).map_err(|error| {
        wrong(format!(
            "{} at position {}",
            error.message(),
            error.position() + 1
        ))
    })
}
