//! Records, and what it means to read a bounded range of them.

use super::ScanProgress;
use crate::search::Predicate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a record's timestamp means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimestampType {
    /// Set by the producer.
    CreateTime,
    /// Set by the broker when appended.
    LogAppendTime,
}

/// A record header. Names may repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Name (lossy when it is not UTF-8).
    pub name: String,
    /// Value; `None` is a null, which differs from empty.
    pub value: Option<Vec<u8>>,
    /// Whole size of the value, bytes.
    pub value_size_bytes: usize,
}

/// A record as read, possibly cut to a budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Epoch ms; `None` when the batch carries none (-1).
    pub timestamp_ms: Option<i64>,
    /// Whose clock.
    pub timestamp_type: TimestampType,
    /// Key; `None` is a null key. Cut to the request's payload limit.
    pub key: Option<Vec<u8>>,
    /// Whole size of the key, bytes.
    pub key_size_bytes: usize,
    /// Value; `None` is a null value (tombstone). Cut to the request's payload limit.
    pub value: Option<Vec<u8>>,
    /// Whole size of the value, bytes.
    pub value_size_bytes: usize,
    /// Headers in order; names and values cut to the payload limit. At most 256 of them, and no
    /// more than 16 KiB (or the payload limit, when that is more) together: see `headers_total`.
    pub headers: Vec<Header>,
    /// How many headers the record has.
    pub headers_total: usize,
}

/// A record borrowed from a batch: what predicates look at.
#[derive(Clone, Copy, Debug)]
pub struct RecordView<'a> {
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Epoch ms, -1 when there is none.
    pub timestamp_ms: i64,
    /// Key.
    pub key: Option<&'a [u8]>,
    /// Value.
    pub value: Option<&'a [u8]>,
    /// Headers in order: name bytes, value.
    pub headers: &'a [(&'a [u8], Option<&'a [u8]>)],
}

/// Which records of transactions are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// All records, also of open and aborted transactions.
    #[default]
    ReadUncommitted,
    /// Only records outside of transactions and of committed ones.
    ReadCommitted,
}

/// Offsets of one partition to be read, `start <= offset < end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionRange {
    /// Partition.
    pub partition: i32,
    /// First offset wanted.
    pub start: i64,
    /// First offset not wanted, fixed before reading begins.
    pub end: i64,
}

/// Which end of the ranges is read first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScanOrder {
    /// Oldest first.
    #[default]
    Earliest,
    /// Newest first: blocks of each range are read from its end backwards.
    Latest,
}

/// A bounded read of one topic, by assignment and never through a group.
#[derive(Clone, Debug)]
pub struct ScanRequest {
    /// Topic.
    pub topic: String,
    /// What to read, one range per partition.
    pub ranges: Vec<PartitionRange>,
    /// Which records are wanted; `None` wants all.
    pub predicate: Option<Predicate>,
    /// Transactions.
    pub isolation: Isolation,
    /// Oldest or newest first.
    pub order: ScanOrder,
    /// Stop after this many wanted records; `None` reads on to the end.
    pub limit: Option<usize>,
    /// Stop after this many bytes from the wire, counted per batch; `None` has no such bound.
    pub max_bytes: Option<u64>,
    /// Keep at most this many bytes of each key, value and header value.
    pub payload_limit_bytes: usize,
    /// Where it is told how far the read has come; `None` tells nobody.
    pub progress: Option<Arc<ScanProgress>>,
}

/// Why a scan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// Every range was read to its end.
    End,
    /// Enough wanted records.
    Limit,
    /// The byte bound.
    Bytes,
    /// The time bound.
    Deadline,
    /// Some partitions could not be read to their end; see the coverage.
    Incomplete,
}

/// What was covered of one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionCoverage {
    /// What was asked for.
    pub range: PartitionRange,
    /// Offsets looked at, `from <= offset < to`: continuous, gaps of compaction included.
    /// Earliest order grows `to`, latest order lowers `from`.
    pub from: i64,
    /// See `from`.
    pub to: i64,
    /// Records looked at; more than lie in the covered offsets where the limit cut those back.
    pub records: u64,
    /// Why the range was not covered whole, when it was not: unreadable leader, records deleted
    /// by retention under the scan, a limit.
    pub incomplete: Option<String>,
}

/// A batch that could not be read and was stepped over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Damaged {
    /// Partition.
    pub partition: i32,
    /// Base offset of the batch.
    pub offset: i64,
    /// What is wrong, e.g. "crc mismatch".
    pub why: String,
}

/// How a batch is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Codec {
    /// Not at all.
    None,
    /// gzip.
    Gzip,
    /// Snappy.
    Snappy,
    /// LZ4.
    Lz4,
    /// Zstandard.
    Zstd,
}

impl Codec {
    /// As `compression.type` spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// What the header of a record batch tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchFacts {
    /// Partition.
    pub partition: i32,
    /// Offset of its first record.
    pub base_offset: i64,
    /// Records in it; compaction leaves fewer than its offsets.
    pub records: u32,
    /// Its size as it is stored, header included, bytes.
    pub size_bytes: u64,
    /// How it is compressed.
    pub codec: Codec,
    /// Whether it is part of a transaction.
    pub transactional: bool,
    /// Whether its producer is idempotent.
    pub idempotent: bool,
}

/// What a scan found and what it covered.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanReport {
    /// Wanted records: partitions merged by timestamp, each in the order of its offsets; newest
    /// first in latest order. With a limit these are the first (newest) ones, and no wanted record
    /// inside of the covered offsets is missing.
    pub records: Vec<Record>,
    /// Coverage per partition, by partition.
    pub coverage: Vec<PartitionCoverage>,
    /// Why it ended.
    pub stopped: StopReason,
    /// Records looked at.
    pub records_scanned: u64,
    /// Records that no condition but a JSON path ruled out, because key or value is no JSON.
    pub not_json: u64,
    /// Bytes received from brokers.
    pub wire_bytes: u64,
    /// Batches stepped over, the first hundred.
    pub damaged: Vec<Damaged>,
    /// How many batches were stepped over.
    pub damaged_total: u64,
    /// Batches that were read, some thousands at most; `None` under a predicate, and from an engine
    /// that does not see them.
    pub batches: Option<Vec<BatchFacts>>,
}
