//! What the payloads of one side are: each by itself, then all together.
//!
//! A payload by itself is often a guess. A topic's payloads mostly come from one serializer, so what
//! most of them are tells what the others of the same shape are, and many that fit are no chance.

use crate::decode::{is_framed, is_protobuf, is_uuid_text};
use crate::payload::Confidence::{Certain, Guess, Likely};
use crate::payload::{Confidence, Payload, PayloadEncoding};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Schema ids that are named.
const MAX_IDS: usize = 8;
/// So many payloads that all fit are no chance.
const MANY: usize = 10;

/// A format and how many payloads have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FormatShare {
    /// json, text, number text, uuid text, empty, int32, int64, float, double, uuid, avro,
    /// msgpack, protobuf, confluent json, confluent protobuf, confluent avro (or anything else
    /// that needs its schema), binary (nothing that is known).
    pub format: String,
    /// Payloads.
    pub records: u64,
    /// How sure that is.
    pub confidence: Confidence,
    /// Ids of schemas in a registry, the first eight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schema_ids: Vec<u32>,
}

/// What one payload is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) name: &'static str,
    pub(super) confidence: Confidence,
    pub(super) schema_id: Option<u32>,
}

/// The class of one payload by itself.
fn alone(bytes: &[u8], size_bytes: usize) -> Class {
    let payload = Payload::of(bytes, size_bytes, bytes.len());
    let name = match (payload.encoding, payload.content) {
        (PayloadEncoding::Utf8, _) if bytes.is_empty() => "empty",
        (PayloadEncoding::Utf8, _) if is_uuid_text(&payload.text) => "uuid text",
        (PayloadEncoding::Utf8, _) if is_number(&payload.text) => "number text",
        (PayloadEncoding::Utf8, _) => "text",
        (PayloadEncoding::Json, _) => "json",
        (PayloadEncoding::Base64, _) => "binary",
        (PayloadEncoding::Int32, _) => "int32",
        (PayloadEncoding::Int64, _) => "int64",
        (PayloadEncoding::Float, _) => "float",
        (PayloadEncoding::Double, _) => "double",
        (PayloadEncoding::Uuid, _) => "uuid",
        (PayloadEncoding::Avro, _) => "avro",
        (PayloadEncoding::Msgpack, _) => "msgpack",
        (PayloadEncoding::Protobuf, _) => "protobuf",
        (PayloadEncoding::Confluent, Some(PayloadEncoding::Json)) => "confluent json",
        (PayloadEncoding::Confluent, Some(PayloadEncoding::Protobuf)) => "confluent protobuf",
        (PayloadEncoding::Confluent, _) => "confluent avro",
    };
    Class {
        name,
        confidence: payload.confidence.unwrap_or(Certain),
        schema_id: payload.schema_id,
    }
}

fn is_number(text: &str) -> bool {
    text.len() <= 32
        && text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// A payload as kept, and its whole size in bytes; `None` for a null.
pub(super) type Kept<'a> = (Option<&'a [u8]>, usize);

/// Classes of all payloads of a side, in their order.
pub(super) fn classes(payloads: &[Kept<'_>]) -> Vec<Option<Class>> {
    let mut classes: Vec<Option<Class>> = payloads
        .iter()
        .map(|(bytes, size)| bytes.map(|bytes| alone(bytes, *size)))
        .collect();
    numbers(payloads, &mut classes);
    uuids(payloads, &mut classes);
    frames(payloads, &mut classes);
    messages(payloads, &mut classes);
    classes
}

fn count(classes: &[Option<Class>], is: impl Fn(&Class) -> bool) -> usize {
    classes.iter().flatten().filter(|class| is(class)).count()
}

fn length(payload: &Kept<'_>) -> usize {
    payload.0.map_or(0, <[u8]>::len)
}

/// Four or eight bytes each: what most of them are, all of them are.
fn numbers(payloads: &[Kept<'_>], classes: &mut [Option<Class>]) {
    for (width, whole, real) in [(4, "int32", "float"), (8, "int64", "double")] {
        let fits = |class: &Class| [whole, real, "binary", "text"].contains(&class.name);
        let mut indexes = Vec::new();
        for (index, (payload, class)) in payloads.iter().zip(classes.iter()).enumerate() {
            if length(payload) == width && payload.1 == width && class.as_ref().is_some_and(fits) {
                indexes.push(index);
            }
        }
        // The bytes of some numbers happen to be letters.
        let is_text = |index: &usize| {
            let class = classes.get(*index).and_then(Option::as_ref);
            class.is_some_and(|class| class.name == "text")
        };
        if indexes.iter().filter(|i| is_text(i)).count() * 5 > indexes.len() {
            indexes.retain(|index| !is_text(index));
        }
        let among = |name: &str, sure: bool| {
            let is = |class: &Class| class.name == name && (!sure || class.confidence == Likely);
            let found = indexes
                .iter()
                .filter_map(|index| classes.get(*index)?.as_ref());
            found.filter(|class| is(class)).count()
        };
        let (wholes, reals) = (among(whole, true), among(real, true));
        let all = indexes.len();
        let known = among(whole, false) + among(real, false);
        // Ids of 64 bits look like nothing one by one; that all are as long as a number is a hint.
        let name = match wholes.cmp(&reals) {
            std::cmp::Ordering::Greater => whole,
            std::cmp::Ordering::Less => real,
            _ if among(real, false) > among(whole, false) => real,
            _ => whole,
        };
        let others = count(classes, |_| true) - all;
        if all == 0 || (known == 0 && (all < MANY || others > 0)) {
            continue;
        }
        let sure = wholes.max(reals) * 2 >= all;
        for index in indexes {
            if let Some(Some(class)) = classes.get_mut(index) {
                class.name = name;
                class.confidence = if sure { Likely } else { Guess };
            }
        }
    }
}

/// Sixteen bytes each with the marks of a UUID: one in thirty has them by chance, not nearly all.
fn uuids(payloads: &[Kept<'_>], classes: &mut [Option<Class>]) {
    let sixteen = payloads.iter().filter(|p| length(p) == 16).count();
    let marked = count(classes, |class| class.name == "uuid");
    if marked >= MANY && marked * 10 >= sixteen * 9 {
        for class in classes.iter_mut().flatten().filter(|c| c.name == "uuid") {
            class.confidence = Likely;
        }
    }
}

/// Behind a header with the same schema id lies the same format; and eight bytes with such a header
/// are no number.
fn frames(payloads: &[Kept<'_>], classes: &mut [Option<Class>]) {
    let mut ids: BTreeMap<u32, (usize, usize, usize)> = BTreeMap::new();
    for class in classes.iter().flatten() {
        if let Some(id) = class.schema_id {
            let seen = ids.entry(id).or_default();
            seen.0 += 1;
            seen.1 += usize::from(class.name == "confluent protobuf");
            seen.2 += usize::from(class.name == "confluent json");
        }
    }
    let framed: usize = ids.values().map(|seen| seen.0).sum();
    let numbers = count(classes, |class| class.name == "int64");
    for (payload, class) in payloads.iter().zip(classes) {
        let (Some(bytes), Some(class)) = (payload.0, class.as_mut()) else {
            continue;
        };
        let number = class.name == "int64" && framed > numbers;
        let id = match class.schema_id {
            Some(id) => id,
            None => match is_framed(bytes).filter(|id| number && ids.contains_key(id)) {
                Some(id) => id,
                None => continue,
            },
        };
        let (all, protobuf, json) = ids.get(&id).copied().unwrap_or_default();
        class.schema_id = Some(id);
        class.confidence = Likely;
        class.name = if json * 2 > all {
            "confluent json"
        } else if protobuf * 10 >= all * 9 {
            "confluent protobuf"
        } else {
            "confluent avro"
        };
    }
}

/// Protobuf and MessagePack: many payloads that fit to their last byte are no chance. A protobuf
/// message may also look like text.
fn messages(payloads: &[Kept<'_>], classes: &mut [Option<Class>]) {
    let all = count(classes, |_| true);
    let protobuf = count(classes, |class| class.name == "protobuf");
    if protobuf >= MANY && protobuf * 2 > all {
        for (payload, class) in payloads.iter().zip(classes.iter_mut()) {
            let (Some(bytes), Some(class)) = (payload.0, class.as_mut()) else {
                continue;
            };
            if class.name == "protobuf"
                || ([
                    "text", "binary", "int32", "int64", "float", "double", "uuid",
                ]
                .contains(&class.name)
                    && bytes.len() == payload.1
                    && is_protobuf(bytes))
            {
                class.name = "protobuf";
                class.confidence = Guess;
            }
        }
        let fitting = count(classes, |class| class.name == "protobuf");
        if fitting == all {
            for class in classes.iter_mut().flatten() {
                class.confidence = Likely;
            }
        }
    }
    let sure = count(classes, |class| {
        class.name == "msgpack" && class.confidence == Likely
    });
    let msgpack = count(classes, |class| class.name == "msgpack");
    if msgpack >= MANY && (sure * 2 >= msgpack || msgpack == all) {
        for class in classes.iter_mut().flatten().filter(|c| c.name == "msgpack") {
            class.confidence = Likely;
        }
    }
}

/// The formats of a side, the commonest first.
pub(super) fn shares(classes: &[Option<Class>]) -> Vec<FormatShare> {
    let mut shares: BTreeMap<&str, FormatShare> = BTreeMap::new();
    for class in classes.iter().flatten() {
        let share = shares.entry(class.name).or_insert_with(|| FormatShare {
            format: class.name.to_owned(),
            records: 0,
            confidence: class.confidence,
            schema_ids: Vec::new(),
        });
        share.records += 1;
        share.confidence = share.confidence.min(class.confidence);
        if let Some(id) = class.schema_id
            && !share.schema_ids.contains(&id)
            && share.schema_ids.len() < MAX_IDS
        {
            share.schema_ids.push(id);
        }
    }
    let mut shares: Vec<FormatShare> = shares.into_values().collect();
    shares.sort_by_key(|share| std::cmp::Reverse(share.records));
    shares
}
