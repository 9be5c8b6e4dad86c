//! Keys or values of a sample: formats, sizes, and what structured ones hold.

use super::format::{Class, FormatShare, Kept, classes, shares};
use super::paths::{PathFacts, Paths};
use super::{Spread, shortened};
use crate::decode::{as_json, scalar};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashSet;

/// Examples of payloads without paths.
const EXAMPLES: usize = 3;

/// Keys or values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// Nulls.
    pub null: u64,
    /// Sizes of those that are not null, bytes.
    pub size_bytes: Option<Spread>,
    /// Different ones among those that are not null.
    pub distinct: u64,
    /// Formats, the commonest first.
    pub formats: Vec<FormatShare>,
    /// Some that have no paths, shortened.
    pub examples: Vec<String>,
    /// Paths of JSON and of what is shown as JSON, the commonest first.
    pub paths: Vec<PathFacts>,
    /// How many paths there are; beyond two hundred they are not told apart.
    pub paths_total: u64,
    /// Payloads whose paths are not known, as they are too large.
    pub cut: u64,
}

impl Side {
    /// How many are not null.
    pub(super) fn present(&self) -> u64 {
        self.formats.iter().map(|share| share.records).sum()
    }
}

/// The payloads of one side, each with its class.
pub(super) struct Told<'a> {
    payloads: &'a [Kept<'a>],
    classes: Vec<Option<Class>>,
}

impl<'a> Told<'a> {
    pub(super) fn of(payloads: &'a [Kept<'a>]) -> Self {
        Self {
            payloads,
            classes: classes(payloads),
        }
    }

    /// The side, and what each payload is in a word: for a key those that a path of the value may
    /// equal. `keys` are those of the other side, by record.
    pub(super) fn side(&self, keys: &[Vec<String>]) -> (Side, Vec<Vec<String>>) {
        let mut side = Side {
            null: 0,
            size_bytes: None,
            distinct: 0,
            formats: shares(&self.classes),
            examples: Vec::new(),
            paths: Vec::new(),
            paths_total: 0,
            cut: 0,
        };
        let mut paths = Paths::default();
        let mut sizes = Vec::new();
        let mut distinct: HashSet<(&[u8], usize)> = HashSet::new();
        let mut scalars = Vec::with_capacity(self.payloads.len());
        for (record, ((bytes, size), class)) in self.payloads.iter().zip(&self.classes).enumerate()
        {
            let (Some(bytes), Some(class)) = (*bytes, class) else {
                side.null += 1;
                scalars.push(Vec::new());
                continue;
            };
            sizes.push(*size as u64);
            distinct.insert((bytes, *size));
            let whole = bytes.len() == *size;
            let document = structure(class.name, bytes, whole);
            let own = keys.get(record).map_or(&[][..], Vec::as_slice);
            match &document {
                Some(document) => {
                    paths.document(record, document, own);
                    let mut words = Vec::new();
                    leaves(document, &mut words);
                    scalars.push(words);
                }
                None => {
                    side.cut += u64::from(structured(class.name));
                    let word = scalar(class.name, bytes);
                    if side.examples.len() < EXAMPLES
                        && let Some(word) = &word
                    {
                        let example = shortened(word);
                        if !side.examples.contains(&example) {
                            side.examples.push(example);
                        }
                    }
                    scalars.push(word.into_iter().collect());
                }
            }
        }
        side.size_bytes = Spread::of(sizes);
        side.distinct = distinct.len() as u64;
        (side.paths, side.paths_total) = paths.facts();
        (side, scalars)
    }
}

fn structured(class: &str) -> bool {
    matches!(
        class,
        "json" | "avro" | "msgpack" | "protobuf" | "confluent json" | "confluent protobuf"
    )
}

fn structure(class: &str, bytes: &[u8], whole: bool) -> Option<Value> {
    structured(class)
        .then(|| as_json(class, bytes, whole))
        .flatten()
}

/// Scalars directly inside of a key that is an object: any of them may be in the value too.
fn leaves(document: &Value, words: &mut Vec<String>) {
    match document {
        Value::Object(fields) => {
            words.extend(fields.values().take(16).filter_map(super::paths::word));
        }
        other => words.extend(super::paths::word(other)),
    }
}
