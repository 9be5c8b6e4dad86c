//! What is in a topic, told from a spread of its records.
//!
//! [`slices`] chooses which offsets to read, [`analyse`] says what the records are: formats, sizes,
//! paths of structured payloads, which of them is the key, how timestamps stand to the clock, how
//! producers batch. All numbers are of the sample, not of the topic, and all of it is bounded:
//! paths, values and examples that are kept are few, whatever strangers wrote. One payload alone is
//! often no proof of its format; here a whole side is looked at before it is named.

mod batches;
mod clock;
mod format;
mod paths;
mod side;
mod slices;
#[cfg(test)]
mod tests;

pub use batches::{BatchShape, CodecShare, shape};
pub use clock::{Clock, clock};
pub use format::FormatShare;
pub use paths::{PathFacts, TypeCount, ValueCount};
pub use side::Side;
pub use slices::slices;

use crate::model::{BatchFacts, Record};
use crate::payload::{Payload, one_line};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Headers that are told apart by name; others are counted together.
const MAX_HEADERS: usize = 32;
/// Longest name or example, characters.
const MAX_SHOWN: usize = 48;

/// The least, the middle, nearly the most and the most of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    /// Smallest.
    pub min: u64,
    /// Half are at most this.
    pub median: u64,
    /// 99 of a hundred are at most this.
    pub p99: u64,
    /// Largest.
    pub max: u64,
}

impl Spread {
    /// `None` of nothing.
    pub(crate) fn of(mut numbers: Vec<u64>) -> Option<Self> {
        numbers.sort_unstable();
        let at = |percent: usize| {
            let rank = (numbers.len() * percent).div_ceil(100).max(1) - 1;
            numbers.get(rank).copied()
        };
        Some(Self {
            min: *numbers.first()?,
            median: at(50)?,
            p99: at(99)?,
            max: *numbers.last()?,
        })
    }
}

/// A header and how often records bear it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HeaderUse {
    /// Name, shortened.
    pub name: String,
    /// Records that bear it.
    pub records: u64,
    /// A value, shortened; absent when all were null.
    pub example: Option<String>,
}

/// How often keys come again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyUse {
    /// Records with a key.
    pub records: u64,
    /// Different keys.
    pub distinct: u64,
    /// Records whose key another record of the sample has too.
    pub repeated: u64,
}

/// A path of the value that could be its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyCandidate {
    /// Path in the value.
    pub path: String,
    /// Records in which it is the key.
    pub equal: u64,
    /// Records that have a key and the path.
    pub compared: u64,
    /// Whether no value of it occurs twice.
    pub unique: bool,
}

/// What a sample of records is like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sample {
    /// Records looked at.
    pub records: u64,
    /// Their keys.
    pub keys: Side,
    /// Their values; a null is a tombstone on a compacted topic.
    pub values: Side,
    /// How often keys come again.
    pub key_use: KeyUse,
    /// Paths of the value that equal the key in nearly all records, or, where records have no
    /// keys, are unique.
    pub key_candidates: Vec<KeyCandidate>,
    /// Headers, the commonest first.
    pub headers: Vec<HeaderUse>,
    /// Timestamps against the clock of whoever asks.
    pub timestamps: Clock,
    /// How producers batch; absent when the engine does not see batches.
    pub batches: Option<BatchShape>,
}

/// Says what the records are. `now_ms` is the time of asking, epoch ms.
pub fn analyse(records: &[Record], batches: Option<&[BatchFacts]>, now_ms: i64) -> Sample {
    let mut ordered: Vec<&Record> = records.iter().collect();
    ordered.sort_by_key(|r| (r.partition, r.offset));
    ordered.dedup_by_key(|r| (r.partition, r.offset));
    let keys: Vec<_> = ordered
        .iter()
        .map(|r| (r.key.as_deref(), r.key_size_bytes))
        .collect();
    let values: Vec<_> = ordered
        .iter()
        .map(|r| (r.value.as_deref(), r.value_size_bytes))
        .collect();
    let keys = side::Told::of(&keys);
    let values = side::Told::of(&values);
    let (key_side, scalars) = keys.side(&[]);
    let (value_side, _) = values.side(&scalars);
    Sample {
        records: ordered.len() as u64,
        key_use: key_use(&ordered),
        key_candidates: candidates(&key_side, &value_side),
        keys: key_side,
        values: value_side,
        headers: headers(&ordered),
        timestamps: clock(&ordered, now_ms),
        batches: batches.and_then(shape),
    }
}

fn key_use(records: &[&Record]) -> KeyUse {
    let mut seen: HashMap<(&[u8], usize), u64> = HashMap::new();
    for record in records {
        if let Some(key) = &record.key {
            *seen.entry((key, record.key_size_bytes)).or_default() += 1;
        }
    }
    KeyUse {
        records: seen.values().sum(),
        distinct: seen.len() as u64,
        repeated: seen.values().filter(|count| **count > 1).sum(),
    }
}

/// Nearly all: some producers write a record or two otherwise.
fn nearly_all(part: u64, whole: u64) -> bool {
    whole >= 5 && part * 100 >= whole * 95
}

fn candidates(keys: &Side, values: &Side) -> Vec<KeyCandidate> {
    let keyed = keys.size_bytes.is_some();
    let fits = |facts: &&PathFacts| match keyed {
        true => nearly_all(facts.equals_key, facts.compared),
        false => facts.unique && facts.records * 2 > values.present(),
    };
    let candidate = |facts: &PathFacts| KeyCandidate {
        path: facts.path.clone(),
        equal: facts.equals_key,
        compared: facts.compared,
        unique: facts.unique,
    };
    let mut found: Vec<KeyCandidate> = values.paths.iter().filter(fits).map(candidate).collect();
    found.truncate(4);
    found
}

fn headers(records: &[&Record]) -> Vec<HeaderUse> {
    let mut seen: BTreeMap<String, HeaderUse> = BTreeMap::new();
    for record in records {
        let mut own: Vec<&str> = Vec::new();
        for header in &record.headers {
            // Names may repeat within a record.
            if own.contains(&header.name.as_str()) {
                continue;
            }
            own.push(&header.name);
            let name = shortened(&header.name);
            if seen.len() >= MAX_HEADERS && !seen.contains_key(&name) {
                continue;
            }
            let used = seen.entry(name.clone()).or_insert(HeaderUse {
                name,
                records: 0,
                example: None,
            });
            used.records += 1;
            if used.example.is_none()
                && let Some(value) = &header.value
            {
                let shown =
                    Payload::header(&header.name, value, header.value_size_bytes, MAX_SHOWN);
                used.example = Some(shortened(&shown.text));
            }
        }
    }
    let mut headers: Vec<HeaderUse> = seen.into_values().collect();
    headers.sort_by(|a, b| b.records.cmp(&a.records).then_with(|| a.name.cmp(&b.name)));
    headers
}

/// In one line, and not long.
fn shortened(text: &str) -> String {
    let line = one_line(text);
    match line.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}...", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
