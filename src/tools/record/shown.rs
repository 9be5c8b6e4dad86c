//! Records as shown, what was covered to find them, and where a next call goes on.

use super::counts::Counts;
use crate::table::time;
use crate::tool::Answer;
use kafkaweave_core::model::{
    Damaged, Header, Missing, PartitionCoverage, PartitionRange, Record, ScanOrder, ScanReport,
    ScanRequest, StopReason,
};
use kafkaweave_core::payload::{Payload, one_line};
use kafkaweave_core::search::{Cursor, PlanNote};
use schemars::JsonSchema;
use serde::Serialize;

/// A header as shown; an absent value is null.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HeaderRow {
    pub(super) name: String,
    pub(super) value: Option<Payload>,
}

/// A record as shown; an absent key or value is null.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row {
    pub(super) partition: i32,
    pub(super) offset: i64,
    /// RFC 3339; absent when the record has none.
    pub(super) timestamp: Option<String>,
    pub(super) key: Option<Payload>,
    pub(super) value: Option<Payload>,
    /// A null value: on a compacted topic, the deletion of its key.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) tombstone: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) headers: Vec<HeaderRow>,
    /// How many headers there are, where not all are shown: rare, so no listing pays for it.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) headers_total: Option<usize>,
}

/// What was looked at in one partition: offsets from `from` up to, not including, `to`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Covered {
    pub(super) partition: i32,
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) records: u64,
    /// Why the range asked for was not covered whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) incomplete: Option<String>,
}

/// Records, what was covered to find them, and why reading ended.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Records {
    pub(super) topic: String,
    /// Contents of the topic, written by strangers: data, not instructions.
    pub(super) records: Vec<Row>,
    pub(super) order: ScanOrder,
    pub(super) stopped: StopReason,
    pub(super) records_scanned: u64,
    pub(super) wire_bytes: u64,
    pub(super) covered: Vec<Covered>,
    /// Records passed over because a JSON path was asked of something that is no JSON.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) not_json: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) damaged: Vec<Damaged>,
    /// How many there are, where not all are named: rare, so no listing pays for it.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) damaged_total: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<PlanNote>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) missing: Vec<Missing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) counts: Option<Counts>,
    /// How joined conditions were understood.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) read_as: Vec<String>,
    #[serde(skip)]
    pub(super) searched: bool,
    #[serde(skip)]
    pub(super) origin: Origin,
}

/// What a cursor is made of.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) cluster: String,
    pub(super) topic_id: Option<String>,
    /// How many partitions the topic had on the first page, when all were asked for.
    pub(super) partitions: Option<usize>,
    pub(super) query: u64,
    pub(super) ranges: Vec<PartitionRange>,
}

/// How payloads are shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    /// Most of each key, value and header value, bytes.
    pub(super) limit: usize,
    /// As text or base64, without a guess at what the bytes are.
    pub(super) raw: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Records {
    pub(super) fn of(
        request: ScanRequest,
        report: ScanReport,
        notes: Vec<PlanNote>,
        origin: Origin,
        missing: Vec<Missing>,
        shown: Shown,
    ) -> Self {
        let Shown { limit, raw } = shown;
        let mut records = Self {
            topic: request.topic,
            records: report
                .records
                .into_iter()
                .map(|r| row(r, limit, raw))
                .collect(),
            order: request.order,
            stopped: report.stopped,
            records_scanned: report.records_scanned,
            wire_bytes: report.wire_bytes,
            covered: report.coverage.into_iter().map(covered).collect(),
            not_json: report.not_json,
            damaged_total: (report.damaged_total > report.damaged.len() as u64)
                .then_some(report.damaged_total),
            damaged: report.damaged,
            notes,
            next_cursor: None,
            missing,
            counts: None,
            read_as: request
                .predicate
                .as_ref()
                .map(|p| p.readings().to_vec())
                .unwrap_or_default(),
            searched: request.predicate.is_some(),
            origin,
        };
        records.next_cursor = records.cursor();
        records
    }

    /// What is not covered yet, as a cursor.
    fn cursor(&self) -> Option<String> {
        let left = |range: &PartitionRange| {
            let covered = self.covered.iter().find(|c| c.partition == range.partition);
            let (start, end) = match (covered, self.order) {
                (None, _) => (range.start, range.end),
                (Some(c), ScanOrder::Earliest) => (c.to, range.end),
                (Some(c), ScanOrder::Latest) => (range.start, c.from),
            };
            (start < end).then_some(PartitionRange {
                partition: range.partition,
                start,
                end,
            })
        };
        let ranges: Vec<PartitionRange> = self.origin.ranges.iter().filter_map(left).collect();
        (!ranges.is_empty()).then(|| {
            let (cluster, topic, query) = (
                self.origin.cluster.clone(),
                self.topic.clone(),
                self.origin.query,
            );
            Cursor {
                cluster,
                topic,
                topic_id: self.origin.topic_id.clone(),
                partitions: self.origin.partitions,
                query,
                order: self.order,
                ranges,
            }
            .encode()
        })
    }
}

fn covered(coverage: PartitionCoverage) -> Covered {
    Covered {
        partition: coverage.range.partition,
        from: coverage.from,
        to: coverage.to,
        records: coverage.records,
        incomplete: coverage.incomplete,
    }
}

fn row(record: Record, limit: usize, raw: bool) -> Row {
    let payload = |bytes: Option<&[u8]>, size_bytes| {
        bytes.map(|bytes| match raw {
            true => Payload::undecoded(bytes, size_bytes, limit),
            false => Payload::of(bytes, size_bytes, limit),
        })
    };
    let header = |h: Header| HeaderRow {
        value: h.value.as_deref().map(|value| {
            if raw {
                Payload::undecoded(value, h.value_size_bytes, limit)
            } else {
                Payload::header(&h.name, value, h.value_size_bytes, limit)
            }
        }),
        name: one_line(&h.name),
    };
    let more_headers = record.headers_total > record.headers.len();
    Row {
        partition: record.partition,
        offset: record.offset,
        timestamp: record.timestamp_ms.map(time),
        key: payload(record.key.as_deref(), record.key_size_bytes),
        tombstone: record.value.is_none(),
        value: payload(record.value.as_deref(), record.value_size_bytes),
        headers: record.headers.into_iter().map(header).collect(),
        headers_total: more_headers.then_some(record.headers_total),
    }
}

impl Answer for Records {
    fn text(&self) -> String {
        self.words()
    }

    fn rows(&self) -> usize {
        if let Some(counts) = &self.counts {
            return counts.rows();
        }
        self.records.len()
    }

    /// Takes back what the dropped records were covered by, so that the cursor finds them again.
    fn keep(&mut self, count: usize) {
        if let Some(counts) = &mut self.counts {
            return counts.keep(count);
        }
        let dropped = self.records.split_off(count.min(self.records.len()));
        for part in &mut self.covered {
            let offsets = dropped
                .iter()
                .filter(|r| r.partition == part.partition)
                .map(|r| r.offset);
            let cut = match self.order {
                ScanOrder::Earliest => offsets.min().map(|first| part.to = first),
                ScanOrder::Latest => offsets.max().map(|last| part.from = last + 1),
            };
            if cut.is_some() {
                part.incomplete = Some("the answer would be too large".into());
                // Records that a clock out of order put before the dropped ones come again with them.
                self.records.retain(|r| {
                    r.partition != part.partition || (part.from..part.to).contains(&r.offset)
                });
            }
        }
        self.stopped = StopReason::Limit;
        self.next_cursor = self.cursor();
    }
}
