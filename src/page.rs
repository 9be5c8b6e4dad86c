//! Lists in pages: `limit`, and an opaque `cursor` that goes on where the last page ended.
//!
//! A cursor remembers the last row's name and a mark of the arguments. Rows that appear or vanish
//! between two pages move nothing else: the next page begins after that name.

use crate::problem::Error;
use crate::tool::JsonObject;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What was shown of how much.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Page {
    /// Rows that fit the question.
    pub total: usize,
    /// Rows in this answer; the rows themselves say it.
    #[serde(skip)]
    pub shown: usize,
    /// Pass as `cursor` for the next rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    #[serde(skip)]
    mark: u64,
    #[serde(skip)]
    start: usize,
    #[serde(skip)]
    only: bool,
}

#[derive(Serialize, Deserialize)]
struct Position {
    m: u64,
    n: String,
    i: usize,
}

/// A mark of what was asked, so that a cursor is not used with another question.
pub fn mark(question: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    question.hash(&mut hasher);
    hasher.finish() >> 16
}

/// Cuts sorted `rows` to the page that `cursor` and `limit` ask for. `name` gives a row's unique
/// name.
///
/// # Errors
/// [`Error::Argument`] for a cursor that is none, or belongs to another question.
pub fn page<T>(
    mut rows: Vec<T>,
    mark: u64,
    cursor: Option<&str>,
    limit: usize,
    name: impl Fn(&T) -> String,
) -> Result<(Vec<T>, Page), Error> {
    let total = rows.len();
    let start = match cursor {
        None => 0,
        Some(cursor) => {
            let position = decode(cursor, mark)?;
            match rows.iter().position(|row| name(row) == position.n) {
                Some(index) => index + 1,
                // The last row of the page before is gone: its old place is the next best.
                None => position.i.min(total),
            }
        }
    };
    let mut shown: Vec<T> = rows.split_off(start.min(total));
    shown.truncate(limit);
    let mut page = Page {
        total,
        shown: 0,
        next_cursor: None,
        mark,
        start,
        only: false,
    };
    page.keep(&shown, name);
    Ok((shown, page))
}

impl Page {
    /// A page after which there is none: what was asked happens once.
    #[must_use]
    pub fn only(mut self) -> Self {
        self.only = true;
        self.next_cursor = None;
        self
    }

    /// Says that this page shows `rows`: after paging, or after an answer was cut to them.
    pub fn keep<T>(&mut self, rows: &[T], name: impl Fn(&T) -> String) {
        self.shown = rows.len();
        let end = self.start + rows.len();
        self.next_cursor = rows
            .last()
            .filter(|_| end < self.total && !self.only)
            .map(|last| encode(self.mark, name(last), end));
    }

    /// "showing 50 of 1204 topics; cursor: ..." or nothing when all is shown.
    pub fn line(&self, what: &str) -> Option<String> {
        (self.shown < self.total).then(|| {
            let next = self
                .next_cursor
                .as_ref()
                .map(|c| format!("; more with cursor={c}"))
                .unwrap_or_default();
            format!("showing {} of {} {what}{next}", self.shown, self.total)
        })
    }
}

fn encode(mark: u64, name: String, index: usize) -> String {
    let text = serde_json::to_string(&Position {
        m: mark,
        n: name,
        i: index,
    })
    .unwrap_or_default();
    text.bytes().fold(String::new(), |mut hex, byte| {
        use std::fmt::Write;
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn decode(cursor: &str, mark: u64) -> Result<Position, Error> {
    let bad = |reason: &str| Error::Argument {
        path: "cursor".into(),
        reason: reason.into(),
        near: Vec::new(),
    };
    let none = || bad("is none that this tool gave; leave it out for the first page");
    let bytes: Option<Vec<u8>> = cursor
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            std::str::from_utf8(pair)
                .ok()
                .and_then(|p| u8::from_str_radix(p, 16).ok())
        })
        .collect();
    let position: Position = bytes
        .and_then(|b| serde_json::from_slice(&b).ok())
        .ok_or_else(none)?;
    if position.m != mark {
        return Err(bad(
            "belongs to other arguments; repeat those of the first page",
        ));
    }
    Ok(position)
}

/// `limit` within `1..=max`, or the default.
pub fn limit(asked: Option<u32>, default: usize) -> usize {
    asked
        .map_or(default, |l| usize::try_from(l).unwrap_or(default))
        .max(1)
}

/// Arguments that make up the question of a list, without those that only page it.
pub fn question(arguments: &impl Serialize) -> u64 {
    let mut object: JsonObject = match serde_json::to_value(arguments) {
        Ok(serde_json::Value::Object(object)) => object,
        _ => JsonObject::new(),
    };
    object.remove("cursor");
    object.remove("limit");
    mark(serde_json::Value::Object(object).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|i| format!("t{i:03}")).collect()
    }

    #[test]
    fn pages_cover_every_row_once_even_when_rows_vanish_between_them() {
        let mut rows = names(25);
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let (shown, page) =
                page(rows.clone(), 7, cursor.as_deref(), 10, String::clone).unwrap();
            seen.extend(shown);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
            rows.remove(0);
        }
        assert_eq!(seen, names(25));
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        let (_, first) = page(names(25), 7, None, 10, String::clone).unwrap();
        let error = page(
            names(25),
            8,
            first.next_cursor.as_deref(),
            10,
            String::clone,
        )
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "argument `cursor`: belongs to other arguments; repeat those of the first page"
        );
        for bad in ["", "zz", "é", "7b7d", "abc"] {
            assert!(
                page(names(3), 7, Some(bad), 10, String::clone).is_err(),
                "{bad}"
            );
        }
    }
}
