//! The first part of a condition: which field it looks at.

use super::condition::{Field, NumberField, Part};
use super::error::ConditionFault;
use super::extent::quoted_end;
use super::parse::{Kind, operator_follows};
use super::path::json_path;
use crate::near::near;
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
    let plain = !name.contains(|c: char| {
        c.is_whitespace() || SYMBOLS.contains(&c) || matches!(c, '"' | '(' | ')')
    });
    let shown = if plain {
        format!("header.{name}")
    } else {
        format!("header.{}", serde_json::Value::from(name.as_str()))
    };
    Ok((Field::Header(name), shown, rest))
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

/// Whether `text` begins like a condition: a field, or what is likely meant as one, and an operator
/// that it knows. Paths are not parsed, so that a broken one is told rather than taken for text.
pub(super) fn opens(text: &str) -> bool {
    for prefix in ["key.$", "value.$", "$"] {
        if let Some(path) = text.strip_prefix(prefix) {
            let end = path_end(text, prefix.len());
            return path.starts_with(['.', '['])
                && operator_follows(text.get(end..).unwrap_or_default(), Kind::Node);
        }
    }
    if let Some(after) = text.strip_prefix("header.") {
        return header(after).is_ok_and(|(_, _, rest)| operator_follows(rest, Kind::Node));
    }
    let end = text
        .find(|c: char| c.is_whitespace() || SYMBOLS.contains(&c))
        .unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let kind = match word {
        "key" | "value" => Kind::Text,
        "timestamp" => Kind::Time,
        "offset" | "partition" | "size" => Kind::Number,
        word if mistyped(word) => Kind::Node,
        _ => return false,
    };
    operator_follows(rest, kind)
}

/// Whether a word is a field but for one slip, so that it is refused with the field's name rather
/// than taken for text.
fn mistyped(word: &str) -> bool {
    if word.len() > 64 {
        return false;
    }
    let lower = word.to_lowercase();
    let slip = |name: &str| strsim::osa_distance(&lower, name) <= usize::from(lower.len() > 3);
    let prefixed = |prefix: &str| word.len() > prefix.len() && word.starts_with(prefix);
    ["key", "value", "offset", "partition", "timestamp", "size"]
        .into_iter()
        .any(slip)
        || ["key.", "value.", "headers."].into_iter().any(prefixed)
}
