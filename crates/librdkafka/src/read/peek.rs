//! Timestamps of the first records at given positions: one record is read at each.

use crate::client::Link;
use crate::fault::PARTITION_EOF;
use crate::ffi::consume::Reader;
use crate::run::Bound;
use kafkaweave_core::model::TopicPartition;
use std::collections::{BTreeMap, HashMap};

/// Positions and their first timestamps, or why they are not known.
type Timestamps = HashMap<(TopicPartition, i64), Result<i64, String>>;

/// Reads one record at each position.
pub(crate) fn timestamps(
    link: &Link,
    positions: &[(TopicPartition, i64)],
    bound: &Bound,
) -> Timestamps {
    let mut found = Timestamps::new();
    let mut left: Vec<_> = positions.to_vec();
    left.sort();
    left.dedup();
    while !left.is_empty() && !bound.over() {
        // A partition is read at one place at a time.
        let mut round: BTreeMap<TopicPartition, i64> = BTreeMap::new();
        left.retain(|(partition, offset)| {
            let taken = round.contains_key(partition);
            if !taken {
                round.insert(partition.clone(), *offset);
            }
            taken
        });
        peek(link, round, bound, &mut found);
    }
    for position in positions {
        found
            .entry(position.clone())
            .or_insert_with(|| Err("it could not be read in time".into()));
    }
    found
}

fn peek(
    link: &Link,
    mut open: BTreeMap<TopicPartition, i64>,
    bound: &Bound,
    found: &mut Timestamps,
) {
    let Ok(mut reader) = Reader::new(link) else {
        return;
    };
    for (partition, offset) in open.clone() {
        if let Err(fault) = reader.start(&partition, offset) {
            open.remove(&partition);
            found.insert((partition, offset), Err(fault.text));
        }
    }
    let bound = bound.within(link.profile.request_timeout);
    while !open.is_empty() && !bound.over() {
        let mut done = Vec::new();
        reader.take(|taken| {
            let partition = TopicPartition::new(taken.topic, taken.partition);
            let Some(offset) = open.get(&partition).copied() else {
                return;
            };
            let answer = match &taken.what {
                Ok((record, _)) if record.offset < offset => return,
                Ok((record, _)) if record.timestamp_ms < 0 => {
                    Err("its record has no timestamp".into())
                }
                Ok((record, _)) => Ok(record.timestamp_ms),
                Err(fault) if fault.code == PARTITION_EOF => {
                    Err("no record is at or after it".into())
                }
                Err(fault) => Err(fault.text.clone()),
            };
            open.remove(&partition);
            done.push(partition.clone());
            found.insert((partition, offset), answer);
        });
        for partition in done {
            reader.stop(&partition);
        }
        link.serve();
    }
}
