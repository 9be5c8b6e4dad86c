//! Partitions of a made-up log, read page by page against a made-up broker, compared with what is
//! in the log.

mod made_up;

use super::*;
use crate::kafka::scan::chunk::tests::{plain, record};
use crate::kafka::scan::fetch::Row;
use bytes::Bytes;
use kafkaweave_core::model::{Isolation, StopReason};
use kafkaweave_core::search::Cursor;
use made_up::{Log, Random, expected, log, read, request};
use std::collections::BTreeSet;

#[test]
fn pages_of_any_size_in_both_directions_neither_skip_nor_repeat_and_come_in_order_of_time() {
    let mut random = Random(0x1234_5678_9abc_def1);
    for round in 0..150 {
        let logs: Vec<Log> = (0..1 + random.below(4))
            .map(|_| {
                let batches = random.below(30);
                log(&mut random, batches)
            })
            .collect();
        let order = [ScanOrder::Earliest, ScanOrder::Latest][round % 2];
        let limit = 1 + random.below(40) as usize;
        let mut request = request(&logs, order, Some(limit), &[]);
        let mut got = Vec::new();
        loop {
            let report = read(&logs, &request);
            assert!(report.records.len() <= limit);
            got.extend(
                report
                    .records
                    .iter()
                    .map(|r| (r.timestamp_ms.unwrap_or(-1), r.partition, r.offset)),
            );
            match Cursor::after("c", "t", 0, order, &report) {
                Some(cursor) => {
                    assert_eq!(report.stopped, StopReason::Limit);
                    assert_eq!(report.records.len(), limit, "round {round}");
                    request.ranges = cursor.ranges;
                }
                None => {
                    assert_eq!(report.stopped, StopReason::End);
                    break;
                }
            }
        }
        assert_eq!(
            got,
            expected(&logs, order),
            "round {round} {order:?} limit {limit}"
        );
    }
}

#[test]
fn a_filtered_search_returns_every_match_inside_of_what_it_says_it_covered() {
    let mut random = Random(77);
    for round in 0..100 {
        let logs: Vec<Log> = (0..3).map(|_| log(&mut random, 25)).collect();
        let order = [ScanOrder::Earliest, ScanOrder::Latest][round % 2];
        let limit = 1 + random.below(15) as usize;
        let condition = ["value = \"value 2\""];
        let all = read(&logs, &request(&logs, order, None, &condition));
        assert_eq!(all.stopped, StopReason::End);
        assert_eq!(
            all.records_scanned,
            logs.iter().map(|l| l.records.len() as u64).sum::<u64>()
        );
        let report = read(&logs, &request(&logs, order, Some(limit), &condition));
        let covered: BTreeSet<_> = all
            .records
            .iter()
            .filter(|r| {
                let c = &report.coverage[r.partition as usize];
                (c.from..c.to).contains(&r.offset)
            })
            .map(|r| (r.partition, r.offset))
            .collect();
        let got: BTreeSet<_> = report
            .records
            .iter()
            .map(|r| (r.partition, r.offset))
            .collect();
        assert_eq!(got, covered, "round {round} {order:?} limit {limit}");
        let first: Vec<_> = all.records.iter().take(limit).cloned().collect();
        assert_eq!(
            report.records, first,
            "round {round} {order:?} limit {limit}"
        );
    }
}

#[test]
fn the_newest_few_of_a_long_log_are_found_without_reading_it_all() {
    let mut random = Random(5);
    let logs = [log(&mut random, 2_000)];
    let report = read(&logs, &request(&logs, ScanOrder::Latest, Some(3), &[]));
    assert_eq!(report.records.len(), 3);
    assert!(report.records_scanned < 60, "{}", report.records_scanned);
    let report = read(
        &logs,
        &request(&logs, ScanOrder::Latest, Some(3), &["value = \"value 1\""]),
    );
    assert_eq!(report.records.len(), 3);
    assert!(report.records_scanned < 200, "{}", report.records_scanned);
}

#[test]
fn an_open_transaction_holds_back_what_follows_it_and_is_named() {
    let mut random = Random(9);
    let mut log = log(&mut random, 20);
    let middle = log.records[log.records.len() / 2].0;
    // What a broker sends under read_committed ends at the last stable offset.
    log.batches.retain(|(last, _)| *last < middle);
    log.records.retain(|(offset, _)| *offset < middle);
    log.stable = middle;
    let readable = log
        .records
        .iter()
        .filter(|(o, _)| log.batches.iter().any(|(l, _)| o <= l))
        .count();
    let logs = [log];
    for order in [ScanOrder::Earliest, ScanOrder::Latest] {
        let mut request = request(&logs, order, None, &[]);
        request.isolation = Isolation::ReadCommitted;
        let report = read(&logs, &request);
        assert_eq!(report.records.len(), readable, "{order:?}");
        assert_eq!(report.stopped, StopReason::Incomplete);
        let covered = &report.coverage[0];
        assert!(covered.to <= middle, "{order:?} {covered:?}");
        assert_eq!(covered.from, covered.range.start, "{order:?}");
        let why = covered.incomplete.as_deref().unwrap();
        assert!(
            why.contains(&format!(
                "from offset {middle} on belong to or follow an open transaction"
            )),
            "{why}"
        );
    }
}

#[test]
fn records_that_retention_took_under_the_scan_are_named_and_the_rest_is_read() {
    let mut random = Random(11);
    let mut log = log(&mut random, 20);
    let start = log.records[0].0;
    let cut = log.records[log.records.len() / 2].0;
    log.batches.retain(|(last, _)| *last >= cut);
    log.earliest = cut;
    let logs = [log];
    let left = logs[0]
        .records
        .iter()
        .filter(|(offset, _)| *offset >= cut)
        .count();
    for order in [ScanOrder::Earliest, ScanOrder::Latest] {
        let mut request = request(&logs, order, None, &[]);
        request.ranges[0].start = start;
        let report = read(&logs, &request);
        let why = report.coverage[0].incomplete.as_deref().unwrap();
        assert!(
            why.contains("were deleted before they were read"),
            "{order:?} {why}"
        );
        assert!(report.records.len() >= left, "{order:?}");
        assert_eq!(report.stopped, StopReason::Incomplete);
        assert_eq!(
            Cursor::after("c", "t", 0, order, &report),
            None,
            "{order:?}"
        );
    }
}

#[test]
fn a_log_that_ends_before_the_plan_is_covered_as_far_as_it_goes() {
    let mut random = Random(13);
    let logs = [log(&mut random, 10)];
    let high = logs[0].high;
    for order in [ScanOrder::Earliest, ScanOrder::Latest] {
        let mut request = request(&logs, order, None, &[]);
        request.ranges[0].end = high + 1_000;
        let report = read(&logs, &request);
        assert_eq!(report.records.len(), logs[0].records.len(), "{order:?}");
        assert_eq!(
            (report.coverage[0].from, report.coverage[0].to),
            (0, high),
            "{order:?}"
        );
        let why = report.coverage[0].incomplete.as_deref().unwrap();
        assert!(
            why.contains(&format!("the log ends at offset {high}")),
            "{order:?} {why}"
        );
    }
}

#[test]
fn offsets_at_which_a_broker_has_nothing_are_named_and_what_lies_before_them_is_read() {
    let mut random = Random(29);
    let mut logs = [log(&mut random, 20)];
    let end = logs[0].high;
    logs[0].high += 500;
    logs[0].stable = logs[0].high;
    for order in [ScanOrder::Earliest, ScanOrder::Latest] {
        let report = read(&logs, &request(&logs, order, None, &[]));
        assert_eq!(report.records.len(), logs[0].records.len(), "{order:?}");
        assert_eq!(report.stopped, StopReason::Incomplete, "{order:?}");
        let why = report.coverage[0].incomplete.as_deref().unwrap();
        let said = format!("to {}: compacted away, or hidden behind damage", end + 499);
        assert!(
            why.starts_with("the broker has nothing at offsets ") && why.ends_with(&said),
            "{order:?} {why}"
        );
    }
}

#[test]
fn a_batch_larger_than_what_was_asked_for_is_asked_for_again_with_more_room() {
    let terms = Terms {
        order: ScanOrder::Earliest,
        isolation: Isolation::ReadUncommitted,
        limit: None,
        unfiltered: true,
    };
    let range = PartitionRange {
        partition: 0,
        start: 0,
        end: 1,
    };
    let mut track = Track::new(range, terms);
    let batch = plain(&[record(0, &"x".repeat(50_000))]);
    let row = |bytes: &[u8]| Row {
        partition: 0,
        error_code: 0,
        high_watermark: 1,
        last_stable_offset: 1,
        aborted: Vec::new(),
        moved: None,
        records: Bytes::copy_from_slice(bytes),
    };
    assert_eq!(track.max_bytes(1_000), 1_000);
    assert!(matches!(
        track.answered(row(&batch[..1_000]), true),
        Next::Again { pause: false }
    ));
    assert!(track.max_bytes(1_000) as usize >= batch.len());
    assert!(matches!(
        track.answered(row(&batch), true),
        Next::Decode(..)
    ));
    let mut track = Track::new(range, terms);
    for _ in 0..4 {
        assert!(matches!(
            track.answered(row(&batch[..100]), true),
            Next::Again { .. }
        ));
    }
    assert!(matches!(
        track.answered(row(&batch[..100]), true),
        Next::Finished
    ));
    assert!(track.incomplete.unwrap().contains("not sent whole"));
}

#[test]
fn chunks_decoded_out_of_turn_are_applied_in_turn() {
    let terms = Terms {
        order: ScanOrder::Earliest,
        isolation: Isolation::ReadUncommitted,
        limit: None,
        unfiltered: true,
    };
    let mut track = Track::new(
        PartitionRange {
            partition: 0,
            start: 0,
            end: 20,
        },
        terms,
    );
    let mut lane = Lane::default();
    let (a, b) = (track.issue(), track.issue());
    track.finished = true;
    track.decoded(b, Span::Forward { to: 20 }, Found::default(), &mut lane);
    assert_eq!((track.to, lane.ended), (0, false));
    track.decoded(a, Span::Forward { to: 10 }, Found::default(), &mut lane);
    assert_eq!((track.to, lane.ended), (20, true));
}
