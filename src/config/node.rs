//! The configuration before it has types: a tree in which every value knows where it was written.
//!
//! File, environment and flags all become [`Node`]s, so that one reader checks them all and an
//! error can point at its cause. Nothing here judges a value.

use indexmap::IndexMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Written nowhere: the built-in value.
    Default,
    /// A place in the file; both count from 1, columns in characters.
    File {
        /// Path of the file as it was named or found.
        path: Arc<PathBuf>,
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// The file as a whole.
    Path(PathBuf),
    /// This environment variable.
    Environment(String),
    /// This command line flag, with its dashes.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line, column } => {
                write!(f, "{}:{line}:{column}", path.display())
            }
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A table's entries in the order in which they were written.
pub(crate) type Table = IndexMap<String, Entry>;

/// One entry of a table.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Where the key is written.
    pub(crate) key: Source,
    /// Its value.
    pub(crate) node: Node,
}

/// One value and where it is written.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) source: Source,
    pub(crate) value: Value,
}

/// What a value is before anybody knows what it should be.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    /// A number that is not a whole one in 64 bits.
    Number,
    Switch(bool),
    Date,
    List(Vec<Node>),
    Table(Table),
}

impl Value {
    /// What it is, for "found ...".
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "a whole number",
            Self::Number => "a number that is not a whole one, or too large",
            Self::Switch(_) => "true or false",
            Self::Date => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

impl Node {
    /// An empty table that nobody wrote.
    pub(crate) fn empty() -> Self {
        Self {
            source: Source::Default,
            value: Value::Table(Table::new()),
        }
    }

    /// Whether the value was given as the text of a variable or a flag, so that numbers, switches
    /// and lists have to be read out of a string.
    pub(crate) fn is_outer_text(&self) -> bool {
        matches!(self.source, Source::Environment(_) | Source::Flag(_))
    }

    /// Puts a value at a path, making tables on the way. What stands in the way and is no table
    /// (`tls = true`) gives way; a value of `true` leaves a table that is there as it is.
    pub(crate) fn set(&mut self, path: &[&str], source: &Source, value: Value) {
        let Some((first, rest)) = path.split_first() else {
            let switches_on = match &value {
                Value::Switch(switch) => *switch,
                Value::Text(text) => text == "true" || text == "1",
                _ => false,
            };
            if !(switches_on && matches!(self.value, Value::Table(_))) {
                self.source = source.clone();
                self.value = value;
            }
            return;
        };
        if !matches!(self.value, Value::Table(_)) {
            *self = Self {
                source: source.clone(),
                value: Value::Table(Table::new()),
            };
        }
        if let Value::Table(table) = &mut self.value {
            match table.get_mut(*first) {
                Some(entry) => entry.node.set(rest, source, value),
                None => {
                    let key = source.clone();
                    let node = Self::under(rest, source, value);
                    table.insert((*first).to_owned(), Entry { key, node });
                }
            }
        }
    }

    /// A value below a path of new tables.
    fn under(path: &[&str], source: &Source, value: Value) -> Self {
        let mut node = Self {
            source: source.clone(),
            value,
        };
        for name in path.iter().rev() {
            let key = source.clone();
            let entry = Entry { key, node };
            node = Self {
                source: source.clone(),
                value: Value::Table(Table::from([((*name).to_owned(), entry)])),
            };
        }
        node
    }

    /// The value at a path.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| match &node.value {
            Value::Table(table) => table.get(*key).map(|entry| &entry.node),
            _ => None,
        })
    }
}

/// A breach of TOML's syntax.
pub(crate) struct Broken {
    pub(crate) source: Source,
    pub(crate) reason: String,
}

/// Reads TOML. All breaches of the syntax are reported, without quoting the text: a line of the
/// file may hold a secret.
pub(crate) fn parse(text: &str, path: &Path) -> Result<Node, Vec<Broken>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::new(text, path);
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(errors
            .iter()
            .map(|error| Broken {
                source: lines.source(error.span().map_or(0, |span| span.start)),
                reason: error.message().to_owned(),
            })
            .collect());
    }
    Ok(Node {
        source: lines.source(0),
        value: convert_table(table.get_ref(), &lines),
    })
}

fn convert_table(table: &DeTable<'_>, lines: &Lines<'_>) -> Value {
    let mut entries: Vec<_> = table.iter().collect();
    // The parser sorts keys by name; the order in which they were written is kept in their spans.
    entries.sort_by_key(|(key, _)| key.span().start);
    Value::Table(
        entries
            .into_iter()
            .map(|(key, value)| {
                let entry = Entry {
                    key: lines.source(key.span().start),
                    node: Node {
                        source: lines.source(value.span().start),
                        value: convert(value.get_ref(), lines),
                    },
                };
                (key.get_ref().to_string(), entry)
            })
            .collect(),
    )
}

fn convert(value: &DeValue<'_>, lines: &Lines<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Value::Number, Value::Integer),
        DeValue::Float(_) => Value::Number,
        DeValue::Boolean(switch) => Value::Switch(*switch),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| Node {
                    source: lines.source(item.span().start),
                    value: convert(item.get_ref(), lines),
                })
                .collect(),
        ),
        DeValue::Table(table) => convert_table(table, lines),
    }
}

/// Turns byte offsets into lines and columns.
struct Lines<'t> {
    path: Arc<PathBuf>,
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str, path: &Path) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            path: Arc::new(path.to_owned()),
            text,
            starts: std::iter::once(0).chain(breaks).collect(),
        }
    }

    fn source(&self, offset: usize) -> Source {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or_default();
        Source::File {
            path: Arc::clone(&self.path),
            line,
            column: before.chars().count() + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Node {
        match parse(text, Path::new("f.toml")) {
            Ok(node) => node,
            Err(broken) => panic!("{}", broken[0].reason),
        }
    }

    #[test]
    fn tables_keep_the_order_in_which_they_are_written() {
        let node =
            read("[clusters.zeta]\na=1\n[clusters.alpha]\nb=1\n[clusters.zeta.tls]\nca='x'\n");
        let Value::Table(clusters) = &node.at(&["clusters"]).unwrap().value else {
            panic!("no table")
        };
        assert_eq!(clusters.keys().collect::<Vec<_>>(), ["zeta", "alpha"]);
    }

    #[test]
    fn columns_count_characters() {
        let node = read("a = 1\nb = { \"ü\" = 1, c = 2 }\n");
        let c = node.at(&["b", "c"]).unwrap();
        assert_eq!(c.source.to_string(), "f.toml:2:20");
    }

    #[test]
    fn a_syntax_error_does_not_quote_the_line() {
        for text in [
            "password = hunter2",
            "password = \"hunter2",
            "password = 'hunter2\n",
            "hunter2",
            "a = \"\\hunter2\"",
        ] {
            let Err(broken) = parse(text, Path::new("f.toml")) else {
                panic!("{text} was accepted")
            };
            for one in &broken {
                assert!(!one.reason.contains("hunter2"), "{}", one.reason);
            }
        }
    }

    #[test]
    fn switching_on_what_is_set_up_changes_nothing() {
        let mut node = read("tls = { ca = 'x' }");
        let flag = Source::Flag("--tls".into());
        node.set(&["tls"], &flag, Value::Switch(true));
        assert!(node.at(&["tls", "ca"]).is_some());
        node.set(&["tls"], &flag, Value::Switch(false));
        assert!(node.at(&["tls", "ca"]).is_none());
        node.set(&["tls", "key"], &flag, Value::Text("k".into()));
        assert!(node.at(&["tls", "key"]).is_some());
    }
}
