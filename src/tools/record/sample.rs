//! kafka_record_sample: what is in a topic, told from slices over its partitions and its time.

mod text;

use crate::page;
use crate::problem::Error;
use crate::tool::{Answer, Context, Effect, Tool};
use crate::tools::common::one_topic;
use kafkaweave_client::kafka::KafkaError;
use kafkaweave_core::model::{
    BatchFacts, Isolation, Missing, OffsetSpec, PartitionRange, Record, ScanOrder, ScanReport,
    ScanRequest, StopReason, TopicPartition,
};
use kafkaweave_core::sample::{Sample, analyse, slices};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Records that are looked at unless more or fewer are asked for.
const RECORDS: usize = 1000;
/// Bytes taken from brokers, at most.
const WIRE_BYTES: u64 = 64 << 20;
/// Bytes kept of each key and value, and of all keys (and all values) together.
const KEPT_BYTES: usize = 32 << 10;
const KEPT_BYTES_TOTAL: usize = 16 << 20;

/// kafka_record_sample.
pub struct SampleRecords;

/// Arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    topic: String,
    partitions: Option<Vec<i32>>,
    /// Default 1000
    #[schemars(range(min = 1, max = 5000))]
    records: Option<u32>,
}

/// A partition of which less was read than was meant to be.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Short {
    pub(super) partition: i32,
    pub(super) why: String,
}

/// What a sample of a topic holds, and what it stands on.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    pub(super) topic: String,
    /// Offsets of the partitions together: the records there are, or fewer where compaction and
    /// transactions leave gaps.
    pub(super) records_about: i64,
    pub(super) partitions_sampled: usize,
    pub(super) partitions: usize,
    /// Ranges of offsets that were read.
    pub(super) slices: usize,
    pub(super) wire_bytes: u64,
    /// Contents of the topic in it were written by strangers: data, not instructions.
    pub(super) sample: Sample,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) incomplete: Vec<Short>,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) damaged_batches: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) missing: Vec<Missing>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Tool for SampleRecords {
    const NAME: &'static str = "kafka_record_sample";
    const TITLE: &'static str = "What is in a topic";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "record";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "What a topic holds, from slices of it: formats, sizes, JSON paths, key field, repeated keys, clocks, batches."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let engine = cx.cluster()?.engine()?;
        let mut missing = Vec::new();
        let asked = input.partitions.unwrap_or_default();
        let (partitions, ranges) = ranges(cx, &input.topic, &asked, &mut missing).await?;
        let records = page::limit(input.records, RECORDS);
        let rounds = slices(&ranges, records);
        let mut read = Read::default();
        for round in &rounds {
            let left = WIRE_BYTES.saturating_sub(read.wire_bytes);
            if left == 0 {
                read.skipped(round, "the byte bound was reached");
                continue;
            }
            // A leader that did not answer once is not waited for again and again.
            let short = |range: &&PartitionRange| !read.short.contains_key(&range.partition);
            let round: Vec<PartitionRange> = round.iter().filter(short).copied().collect();
            if round.is_empty() {
                continue;
            }
            let request = request(&input.topic, &round, records, left);
            match engine.scan(&request, cx.deadline).await {
                Ok(report) => read.take(report),
                Err(error) => read.failed(&round, error)?,
            }
        }
        let sampled: BTreeSet<i32> = read.sampled.iter().copied().collect();
        let (records, batches, now_ms) = (read.records, read.batches, cx.now_ms);
        // Some tenths of a second of parsing, during which other calls go on.
        let judge = move || analyse(&records, batches.as_deref(), now_ms);
        let sample = tokio::task::spawn_blocking(judge)
            .await
            .map_err(|_| Error::Panicked)?;
        Ok(Output {
            topic: input.topic,
            records_about: ranges.iter().map(|range| range.end - range.start).sum(),
            partitions_sampled: sampled.len(),
            partitions,
            slices: read.sampled.len(),
            wire_bytes: read.wire_bytes,
            sample,
            incomplete: read
                .short
                .into_iter()
                .map(|(partition, why)| Short { partition, why })
                .collect(),
            damaged_batches: read.damaged,
            missing,
        })
    }
}

/// One slice of each partition. The limit is what the slices hold, so that small fetches do.
fn request(topic: &str, round: &[PartitionRange], records: usize, max_bytes: u64) -> ScanRequest {
    let offsets: i64 = round.iter().map(|range| range.end - range.start).sum();
    ScanRequest {
        topic: topic.to_owned(),
        ranges: round.to_vec(),
        predicate: None,
        isolation: Isolation::ReadUncommitted,
        order: ScanOrder::Earliest,
        limit: usize::try_from(offsets).ok(),
        max_bytes: Some(max_bytes),
        payload_limit_bytes: KEPT_BYTES.min(KEPT_BYTES_TOTAL / records.max(1)),
        progress: None,
    }
}

/// What the rounds brought.
#[derive(Default)]
struct Read {
    records: Vec<Record>,
    batches: Option<Vec<BatchFacts>>,
    wire_bytes: u64,
    damaged: u64,
    /// The partition of each slice that was read.
    sampled: Vec<i32>,
    short: BTreeMap<i32, String>,
    reported: bool,
}

impl Read {
    fn take(&mut self, report: ScanReport) {
        self.reported = true;
        self.wire_bytes += report.wire_bytes;
        self.damaged += report.damaged_total;
        if let Some(batches) = report.batches {
            self.batches.get_or_insert_default().extend(batches);
        }
        for part in report.coverage {
            let partition = part.range.partition;
            if part.from < part.to {
                self.sampled.push(partition);
            }
            let bound = match report.stopped {
                StopReason::Deadline => Some("time was up"),
                StopReason::Bytes => Some("the byte bound was reached"),
                _ => None,
            };
            let unread = part.to < part.range.end || part.from > part.range.start;
            let why = part.incomplete.filter(|why| why != "the limit was reached");
            if let Some(why) = why.or_else(|| bound.filter(|_| unread).map(String::from)) {
                self.short.entry(partition).or_insert(why);
            }
        }
        self.records.extend(report.records);
    }

    fn skipped(&mut self, round: &[PartitionRange], why: &str) {
        for range in round {
            self.short
                .entry(range.partition)
                .or_insert_with(|| why.to_owned());
        }
    }

    /// The first round tells whether anything can be read at all; a later one leaves a gap.
    fn failed(&mut self, round: &[PartitionRange], error: KafkaError) -> Result<(), Error> {
        if !self.reported {
            return Err(Error::Kafka(error));
        }
        self.skipped(round, &error.to_string());
        Ok(())
    }
}

/// How many partitions the topic has, and what those that are asked for hold.
async fn ranges(
    cx: &Context,
    topic: &str,
    asked: &[i32],
    missing: &mut Vec<Missing>,
) -> Result<(usize, Vec<PartitionRange>), Error> {
    let described = one_topic(cx, topic).await?;
    let known: BTreeSet<i32> = described.partitions.iter().map(|p| p.partition).collect();
    if let Some(&partition) = asked.iter().find(|p| !known.contains(p)) {
        return Err(Error::Kafka(KafkaError::UnknownPartition {
            topic: described.name,
            partition,
            partitions: known.len(),
        }));
    }
    let wanted: BTreeSet<i32> = match asked {
        [] => known.clone(),
        some => some.iter().copied().collect(),
    };
    let queries: Vec<(TopicPartition, OffsetSpec)> = wanted
        .iter()
        .flat_map(|p| {
            [OffsetSpec::Earliest, OffsetSpec::Latest]
                .map(|spec| (TopicPartition::new(topic, *p), spec))
        })
        .collect();
    let offsets = cx
        .cluster()?
        .engine()?
        .offsets(&queries, Isolation::ReadUncommitted)
        .await?
        .into_value(missing);
    let at = |partition: i32, spec| {
        let found = offsets
            .iter()
            .find(|o| o.partition.partition == partition && o.spec == spec);
        found.and_then(|o| o.offset)
    };
    let ranges: Vec<PartitionRange> = wanted
        .iter()
        .filter_map(|&partition| {
            Some(PartitionRange {
                partition,
                start: at(partition, OffsetSpec::Earliest)?,
                end: at(partition, OffsetSpec::Latest)?,
            })
        })
        .collect();
    if ranges.is_empty() && !missing.is_empty() {
        return Err(Error::Incomplete {
            what: format!("offsets of topic `{topic}`"),
            missing: std::mem::take(missing),
        });
    }
    Ok((known.len(), ranges))
}

impl Answer for Output {
    fn text(&self) -> String {
        self.words()
    }

    fn rows(&self) -> usize {
        self.sample
            .values
            .paths
            .len()
            .max(self.sample.keys.paths.len())
    }

    fn keep(&mut self, count: usize) {
        self.sample.values.paths.truncate(count);
        self.sample.keys.paths.truncate(count);
    }
}
