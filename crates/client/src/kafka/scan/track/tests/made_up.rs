//! A log, a broker that serves it, and a reader without sockets or threads.

use crate::kafka::scan::chunk::tests::{plain, record};
use crate::kafka::scan::chunk::{Wanted, search};
use crate::kafka::scan::codec::Decompressor;
use crate::kafka::scan::fetch::Row;
use crate::kafka::scan::merge::{Lane, prune, wanting};
use crate::kafka::scan::report::conclude;
use crate::kafka::scan::track::{Next, Terms, Track};
use bytes::Bytes;
use kafkaweave_core::model::{Isolation, PartitionRange, ScanOrder, ScanReport, ScanRequest};
use kafkaweave_core::search::Predicate;
use std::sync::atomic::AtomicBool;

/// A partition's log: batches with their last offsets, and the high watermark.
#[derive(Default)]
pub(super) struct Log {
    pub(super) batches: Vec<(i64, Bytes)>,
    /// Offset and timestamp of every record.
    pub(super) records: Vec<(i64, i64)>,
    pub(super) high: i64,
    pub(super) stable: i64,
    pub(super) earliest: i64,
}

impl Log {
    fn row(&self, partition: i32, offset: i64, max_bytes: i32) -> Row {
        let mut bytes = Vec::new();
        for (_, batch) in self.batches.iter().filter(|(last, _)| *last >= offset) {
            let room = (max_bytes as usize).saturating_sub(bytes.len());
            if !bytes.is_empty() && room < batch.len() {
                // Brokers cut the last batch off.
                bytes.extend_from_slice(&batch[..room]);
                break;
            }
            bytes.extend_from_slice(batch);
        }
        Row {
            partition,
            error_code: 0,
            high_watermark: self.high,
            last_stable_offset: self.stable,
            aborted: Vec::new(),
            moved: None,
            records: bytes.into(),
        }
    }
}

pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as i64
    }
}

/// A log of some batches, with gaps between and inside of them and one time for all partitions.
pub(super) fn log(random: &mut Random, batches: i64) -> Log {
    let mut log = Log::default();
    let (mut offset, mut time) = (random.below(50), 1_000);
    for _ in 0..batches {
        let mut records = Vec::new();
        for _ in 0..=random.below(6) {
            time += random.below(20);
            let mut record = record(offset, &format!("value {}", random.below(4)));
            record.timestamp = time;
            log.records.push((offset, time));
            records.push(record);
            offset += 1 + if random.below(4) == 0 {
                random.below(30)
            } else {
                0
            };
        }
        let last = records.last().map_or(0, |r| r.offset);
        log.batches.push((last, plain(&records).into()));
        offset += if random.below(5) == 0 {
            random.below(100)
        } else {
            0
        };
    }
    // The newest batch stays, whatever compaction takes.
    log.high = log.batches.last().map_or(0, |(last, _)| last + 1);
    log.stable = log.high;
    log
}

/// Reads until nobody wants more, one answer at a time.
pub(super) fn read(logs: &[Log], request: &ScanRequest) -> ScanReport {
    let terms = Terms {
        order: request.order,
        isolation: request.isolation,
        limit: request.limit,
        unfiltered: request.predicate.is_none(),
    };
    let wanted = Wanted {
        predicate: request.predicate.clone(),
        count_by: None,
        order: request.order,
        limit: request.limit,
        payload_limit_bytes: 100,
        stopped: AtomicBool::new(false),
    };
    let mut tracks: Vec<Track> = request
        .ranges
        .iter()
        .map(|r| Track::new(*r, terms))
        .collect();
    let mut lanes: Vec<Lane> = tracks
        .iter()
        .map(|track| Lane {
            ended: track.finished,
            ..Lane::default()
        })
        .collect();
    let mut decompressor = Decompressor::default();
    for round in 0.. {
        assert!(round < 10_000, "never ends: {tracks:?}");
        if let Some(limit) = request.limit {
            prune(&mut lanes, request.order, limit);
        }
        let wants = wanting(&lanes, request.order, request.limit);
        let Some(index) = (0..tracks.len())
            .map(|n| (n + round) % tracks.len())
            .find(|n| wants[*n])
        else {
            break;
        };
        let (track, lane) = (&mut tracks[index], &mut lanes[index]);
        let partition = track.range.partition;
        let log = &logs[partition as usize];
        if track.fetch < log.earliest || track.fetch > log.high {
            track.bounds(log.earliest, log.high);
            track.settle(lane);
            continue;
        }
        let row = log.row(partition, track.fetch, track.max_bytes(700));
        let next = track.answered(row, true);
        track.settle(lane);
        if let Next::Decode(chunk, span) = next {
            let number = track.issue();
            let found = search(&chunk, &wanted, &mut decompressor);
            assert_eq!(found.damaged, []);
            track.decoded(number, span, found, lane);
        }
    }
    let records_scanned = tracks.iter().map(|t| t.records).sum();
    let (records, coverage, stopped) = conclude(request, tracks, lanes, None);
    ScanReport {
        records,
        coverage,
        stopped,
        records_scanned,
        not_json: 0,
        wire_bytes: 0,
        damaged: Vec::new(),
        damaged_total: 0,
        batches: None,
    }
}

pub(super) fn request(
    logs: &[Log],
    order: ScanOrder,
    limit: Option<usize>,
    conditions: &[&str],
) -> ScanRequest {
    let conditions: Vec<String> = conditions.iter().map(|c| (*c).to_owned()).collect();
    ScanRequest {
        topic: "t".into(),
        ranges: (0..)
            .zip(logs)
            .map(|(partition, log)| PartitionRange {
                partition,
                start: log.earliest,
                end: log.high,
            })
            .collect(),
        predicate: (!conditions.is_empty()).then(|| Predicate::parse(&conditions).unwrap()),
        isolation: Isolation::ReadUncommitted,
        order,
        limit,
        max_bytes: None,
        payload_limit_bytes: 100,
        progress: None,
    }
}

/// Partition, offset and timestamp of all records in the order of the scan.
pub(super) fn expected(logs: &[Log], order: ScanOrder) -> Vec<(i64, i32, i64)> {
    let mut all: Vec<_> = (0..)
        .zip(logs)
        .flat_map(|(p, log)| log.records.iter().map(move |(o, t)| (*t, p, *o)))
        .collect();
    match order {
        ScanOrder::Earliest => all.sort(),
        ScanOrder::Latest => all.sort_by_key(|(t, p, o)| (-t, *p, -o)),
    }
    all
}
