//! Paths of structured payloads: types, how many records have them, values.

use super::shortened;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Paths that are told apart.
const MAX_PATHS: usize = 200;
/// Deepest path, in steps.
const MAX_STEPS: usize = 8;
/// Longest path, characters.
const MAX_PATH_CHARS: usize = 120;
/// Entries of a list that are looked at.
const MAX_ENTRIES: usize = 16;
/// Different values of a path that are counted apart.
const MAX_VALUES: usize = 12;
/// Values of other paths that are shown.
const EXAMPLES: usize = 3;
/// Different values that are counted.
const MAX_DISTINCT: usize = 10_000;

/// A JSON type and how often a path has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TypeCount {
    /// null, boolean, integer, number, string, object or array.
    pub r#type: String,
    /// How often.
    pub count: u64,
}

/// A value and how often a path has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ValueCount {
    /// The value, shortened.
    pub text: String,
    /// How often.
    pub count: u64,
}

/// A path and what is found there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PathFacts {
    /// `$.customer.id`, `$.lines[].sku`; names of another kind in quotes.
    pub path: String,
    /// Records that have it.
    pub records: u64,
    /// Types, the commonest first.
    pub types: Vec<TypeCount>,
    /// Different values, of scalars; ten thousand stands for that or more.
    pub distinct: u64,
    /// Whether the values are few, and `values` are all of them.
    pub few: bool,
    /// Whether no value occurs twice.
    pub unique: bool,
    /// Values: all when they are few, else some.
    pub values: Vec<ValueCount>,
    /// Records in which it is the key.
    pub equals_key: u64,
    /// Records that have a key and a scalar at this path.
    pub compared: u64,
}

#[derive(Default)]
struct Seen {
    records: u64,
    last: Option<usize>,
    types: BTreeMap<&'static str, u64>,
    distinct: HashSet<u64>,
    scalars: u64,
    values: BTreeMap<String, u64>,
    equals_key: u64,
    compared: u64,
}

/// All paths of a side.
#[derive(Default)]
pub(super) struct Paths {
    seen: HashMap<String, Seen>,
    beyond: HashSet<u64>,
}

/// A scalar in a word, as a key of text would be written.
pub(super) fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Object(_) | Value::Array(_) => None,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Object(_) => "object",
        Value::Array(_) => "array",
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// A step to a field, as a JSON path writes it.
fn step(path: &str, name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let path = if plain {
        format!("{path}.{name}")
    } else {
        format!("{path}['{}']", shortened(name).replace('\'', "\\'"))
    };
    match path.char_indices().nth(MAX_PATH_CHARS) {
        Some((end, _)) => path.get(..end).unwrap_or_default().to_owned(),
        None => path,
    }
}

impl Paths {
    /// Takes in a record's document. `keys` are what its key may be called.
    pub(super) fn document(&mut self, record: usize, document: &Value, keys: &[String]) {
        self.value(record, "$", document, keys, 0);
    }

    fn value(&mut self, record: usize, path: &str, value: &Value, keys: &[String], steps: usize) {
        // The whole document is no path, unless it is all there is.
        if steps > 0 || !(value.is_object() || value.is_array()) {
            self.note(record, path, value, keys);
        }
        if steps >= MAX_STEPS {
            return;
        }
        match value {
            Value::Object(fields) => {
                for (name, field) in fields.iter().take(MAX_PATHS) {
                    self.value(record, &step(path, name), field, keys, steps + 1);
                }
            }
            Value::Array(entries) => {
                let path = format!("{path}[]");
                for entry in entries.iter().take(MAX_ENTRIES) {
                    self.value(record, &path, entry, keys, steps + 1);
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, record: usize, path: &str, value: &Value, keys: &[String]) {
        if !self.seen.contains_key(path) && self.seen.len() >= MAX_PATHS {
            if self.beyond.len() < MAX_DISTINCT {
                self.beyond.insert(hash(path));
            }
            return;
        }
        let seen = self.seen.entry(path.to_owned()).or_default();
        let first = seen.last != Some(record);
        seen.last = Some(record);
        seen.records += u64::from(first);
        *seen.types.entry(kind(value)).or_default() += 1;
        let Some(word) = word(value) else { return };
        seen.scalars += 1;
        if first && !keys.is_empty() {
            seen.compared += 1;
            seen.equals_key += u64::from(keys.contains(&word));
        }
        if seen.distinct.len() < MAX_DISTINCT {
            seen.distinct.insert(hash(&word));
        }
        let shown = shortened(&word);
        if seen.values.len() <= MAX_VALUES || seen.values.contains_key(&shown) {
            *seen.values.entry(shown).or_default() += 1;
        }
    }

    /// The facts, the commonest paths first, and how many paths there are.
    pub(super) fn facts(self) -> (Vec<PathFacts>, u64) {
        let total = (self.seen.len() + self.beyond.len()) as u64;
        let mut facts: Vec<PathFacts> = self
            .seen
            .into_iter()
            .map(|(path, seen)| seen.facts(path))
            .collect();
        facts.sort_by(|a, b| b.records.cmp(&a.records).then_with(|| a.path.cmp(&b.path)));
        (facts, total)
    }
}

impl Seen {
    fn facts(self, path: String) -> PathFacts {
        let distinct = self.distinct.len() as u64;
        let few = distinct > 0
            && self.values.len() <= MAX_VALUES
            && distinct <= MAX_VALUES as u64
            && self.scalars >= distinct * 4;
        let mut values: Vec<ValueCount> = self
            .values
            .into_iter()
            .map(|(text, count)| ValueCount { text, count })
            .collect();
        if few {
            values.sort_by_key(|value| std::cmp::Reverse(value.count));
        } else {
            values.truncate(EXAMPLES);
        }
        let mut types: Vec<TypeCount> = self
            .types
            .into_iter()
            .map(|(kind, count)| TypeCount {
                r#type: kind.to_owned(),
                count,
            })
            .collect();
        types.sort_by_key(|kind| std::cmp::Reverse(kind.count));
        PathFacts {
            path,
            records: self.records,
            types,
            distinct,
            few,
            unique: self.scalars >= 10
                && distinct == self.scalars
                && distinct < MAX_DISTINCT as u64,
            values,
            equals_key: self.equals_key,
            compared: self.compared,
        }
    }
}
