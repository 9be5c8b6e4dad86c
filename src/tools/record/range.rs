//! Which records a call means: positions as callers write them, made into ranges, and read.

use super::counts::Counts;
use super::shown::{Origin, Records, Shown};
use crate::problem::Error;
use crate::table::time;
use crate::tool::Context;
use crate::tools::common::one_topic;
use kafkaweave_client::kafka::KafkaError;
use kafkaweave_core::model::{
    Isolation, Missing, OffsetSpec, PartitionOffset, ScanOrder, ScanRequest, Topic, TopicPartition,
};
use kafkaweave_core::search::{
    CountBy, Cursor, CursorError, PartitionBounds, Predicate, ReadFrom, ReadPlan, ReadUntil,
    fingerprint, plan, time_ms,
};
use std::sync::Arc;

/// What both tools are asked, without what only one of them knows.
pub(super) struct Asked {
    pub topic: String,
    pub partitions: Vec<i32>,
    pub from: ReadFrom,
    pub until: ReadUntil,
    pub order: ScanOrder,
    pub predicate: Option<Predicate>,
    /// Counts by this instead of records.
    pub count_by: Option<CountBy>,
    pub isolation: Isolation,
    pub limit: usize,
    pub payload_bytes: usize,
    pub raw: bool,
    pub cursor: Option<String>,
}

/// Bytes of a payload that are shown unless more are asked for.
pub(super) const PAYLOAD_BYTES: u32 = 1024;

/// Bytes of a payload that are kept to tell what it is, at most; a container file's schema alone
/// takes some.
const DECODE_BYTES: usize = 64 << 10;
/// The same for all records of an answer together.
const DECODE_BYTES_TOTAL: usize = 2 << 20;

/// Most bytes that one call takes from brokers.
const WIRE_BYTES: u64 = 8 << 30;

/// Reads `beginning`, `tail`, an offset, a time, or a span before now such as `-15m`.
pub(super) fn from(text: &str, now_ms: i64) -> Result<ReadFrom, Error> {
    match text.trim() {
        "beginning" | "earliest" | "start" => Ok(ReadFrom::Beginning),
        "tail" | "latest" | "end" => Ok(ReadFrom::Tail),
        other => Ok(
            match position("from", other, now_ms, "beginning, tail, ")? {
                Position::Offset(offset) => ReadFrom::Offset(offset),
                Position::Time(ms) => ReadFrom::Timestamp(ms),
            },
        ),
    }
}

/// Reads an offset, a time, or a span before now, as an end.
pub(super) fn until(text: &str, now_ms: i64) -> Result<ReadUntil, Error> {
    match text.trim() {
        "end" | "latest" => Ok(ReadUntil::End),
        other => Ok(match position("until", other, now_ms, "end, ")? {
            Position::Offset(offset) => ReadUntil::Offset(offset),
            Position::Time(ms) => ReadUntil::Timestamp(ms),
        }),
    }
}

/// All records, unless only those of committed transactions are asked for.
pub(super) fn isolation(read_committed: Option<bool>) -> Isolation {
    if read_committed == Some(true) {
        Isolation::ReadCommitted
    } else {
        Isolation::ReadUncommitted
    }
}

enum Position {
    Offset(i64),
    Time(i64),
}

/// A plain number is an offset; epoch milliseconds would be mistaken for one, so times are written
/// as RFC 3339, as a date, or as a span before now.
fn position(argument: &str, text: &str, now_ms: i64, words: &str) -> Result<Position, Error> {
    if let Ok(offset) = text.parse::<i64>()
        && offset >= 0
    {
        return Ok(Position::Offset(offset));
    }
    if let Some(ms) = span_ms(text) {
        return Ok(Position::Time(now_ms.saturating_sub(ms)));
    }
    if text.parse::<i64>().is_err()
        && let Ok(ms) = time_ms(text)
    {
        return Ok(Position::Time(ms));
    }
    let shown: String = text.chars().take(60).collect();
    let reason = format!(
        "is {shown:?}; allowed: {words}an offset (1234), a time (2026-11-24T05:00:00Z) or a span before now (-15m, -2h, -3d)"
    );
    Err(Error::Argument {
        path: argument.into(),
        reason,
        near: Vec::new(),
    })
}

/// `-90s`, `-15m`, `-2h`, `-3d` as milliseconds.
fn span_ms(text: &str) -> Option<i64> {
    let span = text.strip_prefix('-')?;
    let (number, unit) = span.split_at(span.find(|c: char| !c.is_ascii_digit())?);
    let factor = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(factor)
}

/// A range that ends before it begins holds no records, whatever the topic holds: a slip, not a
/// question.
fn ordered(from: ReadFrom, until: ReadUntil) -> Result<(), Error> {
    let reason = match (from, until) {
        (ReadFrom::Offset(from), ReadUntil::Offset(until)) if until <= from => {
            format!("is offset {until}, which is not after `from`, offset {from}")
        }
        (ReadFrom::Timestamp(from), ReadUntil::Timestamp(until)) if until <= from => {
            format!(
                "is {}, which is not after `from`, {}",
                time(until),
                time(from)
            )
        }
        _ => return Ok(()),
    };
    Err(Error::Argument {
        path: "until".into(),
        reason,
        near: Vec::new(),
    })
}

fn bad_cursor(error: CursorError) -> Error {
    Error::Argument {
        path: "cursor".into(),
        reason: error.to_string(),
        near: Vec::new(),
    }
}

/// Runs what was asked.
pub(super) async fn scan(cx: &Context, asked: Asked) -> Result<Records, Error> {
    ordered(asked.from, asked.until)?;
    let cluster = cx.cluster()?;
    let engine = cluster.engine()?;
    let isolation = format!("{:?} {:?}", asked.isolation, asked.order);
    let conditions = asked
        .predicate
        .iter()
        .flat_map(|p| p.source().iter().map(String::as_str));
    let counted = asked
        .count_by
        .as_ref()
        .map(|by| format!("count by {}", by.source()));
    let query = fingerprint(
        std::iter::once(isolation.as_str())
            .chain(counted.as_deref())
            .chain(conditions),
    );
    let mut missing = Vec::new();
    let cursor = match &asked.cursor {
        Some(cursor) => {
            let cursor = Cursor::decode(cursor).map_err(bad_cursor)?;
            cursor
                .check(&cluster.profile.name, &asked.topic, query)
                .map_err(bad_cursor)?;
            Some(cursor)
        }
        None => None,
    };
    let topic = one_topic(cx, &asked.topic).await?;
    // How many partitions there were on the first page, when all were asked for.
    let partitions = match &cursor {
        Some(cursor) => cursor.partitions,
        None => asked
            .partitions
            .is_empty()
            .then_some(topic.partitions.len()),
    };
    let plan = match cursor {
        Some(cursor) => ReadPlan {
            notes: cursor
                .still(&topic)
                .map_err(bad_cursor)?
                .into_iter()
                .collect(),
            ranges: cursor.ranges,
            order: cursor.order,
        },
        None => {
            let bounds = bounds(cx, &asked, &topic, &mut missing).await?;
            let mut plan = plan(asked.from, asked.until, &bounds);
            plan.order = asked.order;
            if let Some(predicate) = &asked.predicate {
                plan.ranges = predicate.narrow(&plan.ranges);
            }
            plan
        }
    };
    let request = ScanRequest {
        topic: asked.topic.clone(),
        ranges: plan.ranges,
        predicate: asked.predicate,
        isolation: asked.isolation,
        order: plan.order,
        limit: Some(asked.limit),
        max_bytes: Some(WIRE_BYTES),
        payload_limit_bytes: asked
            .payload_bytes
            .max(DECODE_BYTES.min(DECODE_BYTES_TOTAL / asked.limit.max(1))),
        progress: Some(Arc::clone(&cx.progress)),
    };
    let (report, tally) = match &asked.count_by {
        Some(by) => {
            let (report, tally) = engine.count(&request, by, cx.deadline).await?;
            (report, Some((tally, by)))
        }
        None => (engine.scan(&request, cx.deadline).await?, None),
    };
    let origin = Origin {
        cluster: cluster.profile.name.clone(),
        topic_id: topic.topic_id,
        partitions,
        query,
        ranges: request.ranges.clone(),
    };
    let shown = Shown {
        limit: asked.payload_bytes,
        raw: asked.raw,
    };
    let mut records = Records::of(request, report, plan.notes, origin, missing, shown);
    let continued = asked.cursor.is_some();
    records.counts = tally.map(|(tally, by)| Counts::of(&tally, by, asked.limit, continued));
    Ok(records)
}

/// First and end offsets of the partitions, and where the times are. A partition of which they are
/// unknown is a gap.
async fn bounds(
    cx: &Context,
    asked: &Asked,
    topic: &Topic,
    missing: &mut Vec<Missing>,
) -> Result<Vec<PartitionBounds>, Error> {
    let known: Vec<i32> = topic.partitions.iter().map(|p| p.partition).collect();
    if let Some(&partition) = asked.partitions.iter().find(|p| !known.contains(p)) {
        let error = KafkaError::UnknownPartition {
            topic: topic.name.clone(),
            partition,
            partitions: known.len(),
        };
        return Err(Error::Kafka(error));
    }
    let mut wanted = if asked.partitions.is_empty() {
        known
    } else {
        asked.partitions.clone()
    };
    wanted.sort_unstable();
    wanted.dedup();
    let mut specs = vec![OffsetSpec::Earliest, OffsetSpec::Latest];
    if let ReadFrom::Timestamp(ms) = asked.from {
        specs.push(OffsetSpec::AtTime(ms));
    }
    if let ReadUntil::Timestamp(ms) = asked.until {
        specs.push(OffsetSpec::AtTime(ms));
    }
    let queries: Vec<(TopicPartition, OffsetSpec)> = wanted
        .iter()
        .flat_map(|p| {
            specs
                .iter()
                .map(|spec| (TopicPartition::new(&asked.topic, *p), *spec))
        })
        .collect();
    let offsets = cx
        .cluster()?
        .engine()?
        .offsets(&queries, asked.isolation)
        .await?
        .into_value(missing);
    let bounds: Vec<PartitionBounds> = wanted
        .iter()
        .filter_map(|p| bound(*p, asked, &offsets))
        .collect();
    if bounds.is_empty() && !missing.is_empty() {
        return Err(Error::Incomplete {
            what: format!("offsets of topic `{}`", asked.topic),
            missing: std::mem::take(missing),
        });
    }
    Ok(bounds)
}

fn bound(partition: i32, asked: &Asked, offsets: &[PartitionOffset]) -> Option<PartitionBounds> {
    let find = |spec| {
        offsets
            .iter()
            .find(|o| o.partition.partition == partition && o.spec == spec)
    };
    let at = |ms| find(OffsetSpec::AtTime(ms)).and_then(|o| o.offset);
    Some(PartitionBounds {
        partition,
        earliest: find(OffsetSpec::Earliest)?.offset?,
        latest: find(OffsetSpec::Latest)?.offset?,
        from_time: if let ReadFrom::Timestamp(ms) = asked.from {
            at(ms)
        } else {
            None
        },
        until_time: if let ReadUntil::Timestamp(ms) = asked.until {
            at(ms)
        } else {
            None
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_offsets_times_or_spans() {
        let now = 1_000_000_000;
        let table = [
            ("beginning", ReadFrom::Beginning),
            ("tail", ReadFrom::Tail),
            ("0", ReadFrom::Offset(0)),
            ("1234", ReadFrom::Offset(1234)),
            ("1970-01-01T00:00:01Z", ReadFrom::Timestamp(1000)),
            ("-15m", ReadFrom::Timestamp(now - 900_000)),
            ("-90s", ReadFrom::Timestamp(now - 90_000)),
        ];
        for (text, expected) in table {
            assert_eq!(from(text, now), Ok(expected), "{text}");
        }
        for text in ["", "-5", "yesterday", "-15x", "-", "1.5"] {
            let error = from(text, now).unwrap_err().to_string();
            assert!(
                error.contains("allowed: beginning, tail, an offset (1234)"),
                "{text}: {error}"
            );
        }
    }
}
