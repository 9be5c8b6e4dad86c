//! The types that a key's value may have: how each is read, described and shown.
//!
//! A type reads from the file's own types, and from text when the value comes from a variable or a
//! flag. It never looks at other keys: that is `build`'s part.

use super::address;
use super::error::{ConfigError, ConfigProblem, Fault, SECRET_FORMS, SECRET_TEXT_FORMS};
use super::keys::KeyInfo;
use super::node::{Node, Source, Table, Value};
use super::show::Setting;
use serde_json::json;
use std::path::{Path, PathBuf};

mod choice;
mod plain;
mod secret;

pub(crate) use plain::{Addresses, Bounded, FilePath, Hosts, Names, Origins, Text};

/// How a key is treated when the configuration is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Shown as it is.
    Public,
    /// A path; shown as it is.
    Path,
    /// Where a secret is; shown as a reference, never resolved.
    SecretReference,
    /// Further keys.
    Section,
}

/// What reading needs beside the value.
pub(crate) struct Reader<'a> {
    /// What relative paths of the file are relative to.
    pub(crate) directory: &'a Path,
    /// What `~/` stands for.
    pub(crate) home: Option<&'a Path>,
    /// Whether the file may name commands to run.
    pub(crate) trusted: bool,
    /// Faults so far.
    pub(crate) problems: Vec<ConfigProblem>,
}

impl Reader<'_> {
    /// Notes a fault.
    pub(crate) fn fault(&mut self, source: &Source, key: &str, fault: Fault) {
        self.problems.push(ConfigProblem {
            source: source.clone(),
            key: key.to_owned(),
            fault,
        });
    }

    /// Notes a value of the wrong type.
    pub(crate) fn mistyped(&mut self, node: &Node, key: &str, expected: &str) {
        self.fault(
            &node.source,
            key,
            Fault::Type {
                expected: expected.into(),
                found: node.value.kind(),
            },
        );
    }

    /// Notes a value that is not allowed; for keys that hold no secret.
    pub(crate) fn refused(&mut self, node: &Node, key: &str, expected: &str, found: &str) {
        self.fault(
            &node.source,
            key,
            Fault::Value {
                expected: expected.into(),
                found: address::shorten(found),
            },
        );
    }

    /// The faults as an error, if there are any.
    pub(crate) fn finish(mut self) -> Result<(), ConfigError> {
        if self.problems.is_empty() {
            return Ok(());
        }
        // Places of one file are put in its order; the sort is stable, so the rest stays.
        self.problems.sort_by_key(|problem| match &problem.source {
            Source::File { line, column, .. } => (0, *line, *column),
            Source::Default | Source::Path(_) => (1, 0, 0),
            Source::Environment(_) => (2, 0, 0),
            Source::Flag(_) => (3, 0, 0),
        });
        Err(ConfigError {
            problems: self.problems,
        })
    }
}

/// A type that a key's value may have.
pub(crate) trait Field: Sized {
    /// Whether it tells where a secret is.
    const SECRET: bool = false;
    /// An allowed value as the text of a variable; empty for sections.
    const EXAMPLE: &'static str = "";
    /// Whether it is a section that `true` or `false` may stand for.
    const SWITCH: bool = false;
    /// Keys below, when it is a section; the name `*` stands for any cluster.
    const KEYS: &'static [KeyInfo] = &[];

    /// An allowed value as the text of a variable, for docs and tests.
    fn example() -> String {
        Self::EXAMPLE.to_owned()
    }

    /// Reads a value; `None` after a fault was noted.
    fn read(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Self>;

    /// The value of a key that is not written and has no default.
    fn absent(_key: &str, _reader: &mut Reader<'_>) -> Option<Self> {
        None
    }

    /// JSON Schema of the value as it is written in the file.
    fn schema() -> serde_json::Value;

    /// The value as text; of a secret, where it is.
    fn show(&self) -> String;

    /// Adds the settings to be shown: one for a value, those below for a section.
    fn settings(&self, key: &str, class: Class, source: &Source, out: &mut Vec<Setting>) {
        out.push(Setting {
            key: key.to_owned(),
            value: self.show(),
            class,
            source: source.clone(),
        });
    }
}

/// A value that was given, or its default.
#[derive(Clone, Debug)]
pub(crate) struct Given<T> {
    /// `None`: neither given nor defaulted.
    pub(crate) value: Option<T>,
    /// Where it comes from.
    pub(crate) source: Source,
}

/// Reads one key of a section's table.
pub(crate) fn given<T: Field>(
    table: &Table,
    name: &str,
    prefix: &str,
    default: Option<T>,
    reader: &mut Reader<'_>,
) -> Given<T> {
    let key = join(prefix, name);
    match table.get(name) {
        Some(entry) => Given {
            value: T::read(&entry.node, &key, reader),
            source: entry.node.source.clone(),
        },
        None => Given {
            value: default.or_else(|| T::absent(&key, reader)),
            source: Source::Default,
        },
    }
}

/// `prefix.name`.
pub(crate) fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}

/// The items of a list: of the file's array, or of a variable's comma separated text.
fn items(node: &Node, key: &str, expected: &str, reader: &mut Reader<'_>) -> Option<Vec<Node>> {
    match &node.value {
        Value::List(items) => Some(items.clone()),
        Value::Text(text) if node.is_outer_text() => Some(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Node {
                    source: node.source.clone(),
                    value: Value::Text(item.to_owned()),
                })
                .collect(),
        ),
        _ => {
            reader.mistyped(node, key, expected);
            None
        }
    }
}

/// A path as the file means it.
fn resolve(path: &str, node: &Node, reader: &Reader<'_>) -> PathBuf {
    if let (Some(rest), Some(home)) = (path.strip_prefix("~/"), reader.home) {
        return home.join(rest);
    }
    if node.is_outer_text() {
        return path.into();
    }
    reader.directory.join(path)
}
