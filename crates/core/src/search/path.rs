//! JSON paths that may be asked for: those whose cost grows with the document and with nothing
//! else.
//!
//! The library that follows them is correct for every path of RFC 9535, and that RFC allows paths
//! whose cost is a power of the document's size. They are refused here by their form:
//! - each `..` visits a node once for every ancestor that an earlier `..` found, so one is allowed;
//! - `[*,*][*,*]` doubles the nodes with every step;
//! - `$[?count($[*]) > 1]` walks the whole document for each of its nodes, so inside of a filter an
//!   absolute path has to name one node;
//! - `match` and `search` compile their pattern for every node, so it has to be written out, small.

use super::error::ConditionFault;
use regex::RegexBuilder;
use serde_json_path::JsonPath;

/// Deepest nesting of brackets in a JSON path; its parser recurses.
const DEPTH: usize = 16;
/// Most nodes that one node may turn into by selectors side by side (`[*,*]`).
const BRANCHES: usize = 32;
/// Bound on the compiled pattern of `match` and `search`, bytes.
const PATTERN_BYTES: usize = 64 << 10;

/// Parses a path.
pub(super) fn json_path(path: &str) -> Result<JsonPath, ConditionFault> {
    let wrong = |reason: String| ConditionFault::Path {
        path: path.to_owned(),
        reason,
    };
    shape(path).map_err(wrong)?;
    JsonPath::parse(path).map_err(|error| {
        wrong(format!(
            "{} at position {}",
            error.message(),
            error.position() + 1
        ))
    })
}

/// A bracket that is open.
struct Open {
    /// `[`, not `(`.
    square: bool,
    /// Whether it holds the arguments of `match` or `search`.
    pattern: bool,
    selectors: usize,
}

/// Goes over the path once, without knowing more of its grammar than quotes and brackets.
fn shape(path: &str) -> Result<(), String> {
    let mut open: Vec<Open> = Vec::new();
    let mut branches = 1usize;
    let mut descended = false;
    let mut at = 0;
    while let Some(c) = path.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = path.get(at..).unwrap_or_default();
        let mut step = c.len_utf8();
        match c {
            '\'' | '"' => step = quoted(rest),
            '[' | '(' => {
                let before = path.get(..at).unwrap_or_default().trim_end();
                open.push(Open {
                    square: c == '[',
                    pattern: c == '(' && (before.ends_with("match") || before.ends_with("search")),
                    selectors: 1,
                });
                if open.len() > DEPTH {
                    return Err(format!("brackets nest deeper than {DEPTH}"));
                }
            }
            ']' | ')' => {
                if let Some(closed) = open.pop() {
                    branches = branches.saturating_mul(closed.selectors);
                }
            }
            ',' => {
                if let Some(last) = open.last_mut() {
                    last.selectors += usize::from(last.square);
                    if last.pattern {
                        pattern(rest.get(1..).unwrap_or_default())?;
                    }
                }
            }
            '.' if rest.starts_with("..") => {
                if descended {
                    return Err("more than 1 descent (`..`): each visits every node once for each node that the one before found".into());
                }
                descended = true;
                step = 2;
            }
            '$' if !open.is_empty() => {
                step = 1 + singular(rest.get(1..).unwrap_or_default());
                let after = rest.get(step..).unwrap_or_default().trim_start();
                if after.starts_with(['.', '[']) {
                    return Err("inside of a filter a path from `$` may only name one node, such as `$.limit` or `$['limit'][0]`; others are walked anew for every node".into());
                }
            }
            _ => {}
        }
        at += step;
    }
    if branches > BRANCHES {
        return Err(format!(
            "selectors side by side multiply to {branches}; at most {BRANCHES}"
        ));
    }
    Ok(())
}

/// Bytes of the quoted string that `text` begins with, to the end when it is not closed.
fn quoted(text: &str) -> usize {
    let mut chars = text.char_indices();
    let Some((_, quote)) = chars.next() else {
        return 0;
    };
    let mut escaped = false;
    for (index, c) in chars {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return index + 1,
            _ => {}
        }
    }
    text.len()
}

/// Bytes of names and indexes that `text` begins with: `.a['b'][0]`.
fn singular(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let blanks = rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        let step = if let Some(name) = rest.strip_prefix('.') {
            let name = name
                .find(|c: char| !(c.is_alphanumeric() || c == '_' || !c.is_ascii()))
                .unwrap_or(name.len());
            1 + name
        } else if let Some(inner) = rest.strip_prefix('[') {
            let trimmed = inner.trim_start();
            let token = if trimmed.starts_with(['\'', '"']) {
                quoted(trimmed)
            } else {
                trimmed
                    .find(|c: char| !(c.is_ascii_digit() || c == '-'))
                    .unwrap_or(trimmed.len())
            };
            let tail = trimmed.get(token..).unwrap_or_default();
            let closing = tail.trim_start().strip_prefix(']');
            match closing {
                Some(after) if token > 0 => rest.len() - after.len(),
                _ => 0,
            }
        } else {
            0
        };
        if step <= 1 {
            return at;
        }
        at += blanks + step;
    }
}

/// The second argument of `match` and `search`.
fn pattern(argument: &str) -> Result<(), String> {
    let argument = argument.trim_start();
    if !argument.starts_with(['\'', '"']) {
        return Err("`match` and `search` take their pattern in quotes".into());
    }
    let inner = argument
        .get(1..quoted(argument).saturating_sub(1))
        .unwrap_or_default()
        .replace("\\\\", "\\");
    RegexBuilder::new(&format!("(?R)^({inner})$"))
        .size_limit(PATTERN_BYTES)
        .build()
        .map(drop)
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => format!(
                "the pattern is compiled for every node, and compiled it is larger than {PATTERN_BYTES} bytes; use `$.path ~ PATTERN`"
            ),
            _ => "the pattern in quotes is no regular expression".into(),
        })
}
