//! Timestamps against the clock of whoever asks.

use crate::model::{Record, TimestampType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Clocks of different machines differ by some seconds; beyond this a time is in the future.
const SKEW_MS: i64 = 60_000;

/// Timestamps of a sample.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Clock {
    /// Records with a time of the producer's.
    pub create_time: u64,
    /// Records with the time at which the broker appended them.
    pub log_append_time: u64,
    /// Records without a timestamp.
    pub none: u64,
    /// Earliest, epoch ms.
    pub oldest_ms: Option<i64>,
    /// Latest, epoch ms.
    pub newest_ms: Option<i64>,
    /// Records more than a minute ahead of the clock.
    pub future: u64,
    /// How far the furthest of them is ahead, ms.
    pub future_by_ms: Option<i64>,
    /// Records earlier than one before them in their partition.
    pub out_of_order: u64,
    /// How far back the furthest of them is, ms.
    pub back_by_ms: Option<i64>,
}

/// Looks over records that are sorted by partition and offset.
pub fn clock(records: &[&Record], now_ms: i64) -> Clock {
    let mut clock = Clock::default();
    let mut latest: HashMap<i32, i64> = HashMap::new();
    for record in records {
        let Some(ms) = record.timestamp_ms else {
            clock.none += 1;
            continue;
        };
        match record.timestamp_type {
            TimestampType::CreateTime => clock.create_time += 1,
            TimestampType::LogAppendTime => clock.log_append_time += 1,
        }
        clock.oldest_ms = Some(clock.oldest_ms.map_or(ms, |oldest| oldest.min(ms)));
        clock.newest_ms = clock.newest_ms.max(Some(ms));
        let ahead = ms.saturating_sub(now_ms);
        if ahead > SKEW_MS {
            clock.future += 1;
            clock.future_by_ms = clock.future_by_ms.max(Some(ahead));
        }
        let before = latest.entry(record.partition).or_insert(ms);
        if ms < *before {
            clock.out_of_order += 1;
            clock.back_by_ms = clock.back_by_ms.max(Some(before.saturating_sub(ms)));
        }
        *before = ms.max(*before);
    }
    clock
}
