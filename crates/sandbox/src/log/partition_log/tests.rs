use super::super::build::{Record, batch_of};
use super::*;

const LIMITS: Limits = Limits {
    batch_bytes: 1 << 20,
    keep_bytes: 1 << 20,
};

fn batch(count: i64, timestamp_ms: i64) -> Bytes {
    let records: Vec<Record> = (0..count)
        .map(|offset| Record {
            offset,
            timestamp_ms: timestamp_ms + offset * 10,
            key: None,
            value: Some(Bytes::from_static(b"value")),
            headers: vec![],
        })
        .collect();
    batch_of(&records).unwrap()
}

#[test]
fn appended_batches_get_offsets_and_keep_a_sound_checksum() {
    let mut log = Log::default();
    assert_eq!(
        log.append(&batch(3, 100), 7, None, LIMITS)
            .unwrap()
            .base_offset,
        0
    );
    assert_eq!(
        log.append(&batch(2, 200), 7, None, LIMITS)
            .unwrap()
            .base_offset,
        3
    );
    let stamped = log.append(&batch(2, 300), 8, Some(999), LIMITS).unwrap();
    assert_eq!(
        stamped,
        Appended {
            base_offset: 5,
            append_time_ms: Some(999)
        }
    );
    let (found, size_bytes) = log.read(4, usize::MAX, false);
    assert_eq!(
        (found.len(), size_bytes),
        (2, found.iter().map(Bytes::len).sum())
    );
    for bytes in found {
        batch::check_one(&bytes).unwrap();
    }
    assert_eq!((log.start(), log.end()), (0, 7));
    assert_eq!(log.end_of_epoch(7, 8), Some((7, 5)));
    assert_eq!(log.end_of_epoch(8, 8), Some((8, 7)));
    assert_eq!(log.end_of_epoch(6, 8), None);
    assert_eq!(log.end_of_epoch(9, 8), None);
}

#[test]
fn damaged_batches_are_refused() {
    let mut log = Log::default();
    let good = batch(2, 0);
    let mut flipped = BytesMut::from(&good[..]);
    *flipped.last_mut().unwrap() ^= 1;
    let two = [&good[..], &good[..]].concat();
    let mut old = BytesMut::from(&good[..]);
    old[16] = 1;
    for (bytes, why) in [
        (flipped.freeze(), BatchError::Checksum),
        (Bytes::from(two), BatchError::NotOne),
        (old.freeze(), BatchError::Magic(1)),
        (good.slice(..good.len() - 1), BatchError::Truncated),
        (Bytes::new(), BatchError::NotOne),
        (Bytes::from_static(&[0; 5]), BatchError::Truncated),
    ] {
        assert_eq!(
            log.append(&bytes, 0, None, LIMITS),
            Err(AppendError::Batch(why))
        );
    }
    let small = Limits {
        batch_bytes: 10,
        ..LIMITS
    };
    assert_eq!(
        log.append(&good, 0, None, small),
        Err(AppendError::TooLarge {
            size_bytes: good.len()
        })
    );
    assert_eq!(log.end(), 0);
}

#[test]
fn times_are_found_to_the_record() {
    let mut log = Log::default();
    log.append(&batch(5, 100), 0, None, LIMITS).unwrap(); // 100, 110, .. 140
    log.append(&batch(5, 200), 0, None, LIMITS).unwrap();
    for (ask, offset, at_ms) in [
        (0, 0, 100),
        (101, 1, 110),
        (140, 4, 140),
        (141, 5, 200),
        (240, 9, 240),
    ] {
        assert_eq!(
            log.at_time(ask),
            Some(Stamp {
                offset,
                timestamp_ms: at_ms,
                leader_epoch: 0
            })
        );
    }
    assert_eq!(log.at_time(241), None);
    assert_eq!(
        log.latest_time(),
        Some(Stamp {
            offset: 9,
            timestamp_ms: 240,
            leader_epoch: 0
        })
    );
}

#[test]
fn retention_and_deletion_move_the_start() {
    let mut log = Log::default();
    let one = batch(2, 0);
    let keep = Limits {
        keep_bytes: one.len() * 3,
        ..LIMITS
    };
    for _ in 0..5 {
        log.append(&one, 0, None, keep).unwrap();
    }
    assert_eq!(
        (log.start(), log.end(), log.size_bytes()),
        (4, 10, one.len() * 3)
    );
    log.delete_before(7);
    assert_eq!((log.start(), log.end()), (7, 10));
    assert_eq!(
        log.read(7, usize::MAX, false).0.len(),
        2,
        "the batch of offset 6 still holds 7"
    );
    log.delete_before(10);
    assert_eq!((log.start(), log.size_bytes()), (10, 0));
}

#[test]
fn a_repeated_batch_of_an_idempotent_producer_is_stored_once() {
    fn of(sequence: i32, epoch: i16) -> Bytes {
        let mut bytes = BytesMut::from(&batch(2, 0)[..]);
        bytes[43..51].copy_from_slice(&9_i64.to_be_bytes());
        bytes[51..53].copy_from_slice(&epoch.to_be_bytes());
        bytes[53..57].copy_from_slice(&sequence.to_be_bytes());
        batch::seal(&mut bytes);
        bytes.freeze()
    }
    let mut log = Log::default();
    let mut append = |sequence, epoch| {
        log.append(&of(sequence, epoch), 0, None, LIMITS)
            .map(|a| a.base_offset)
    };
    assert_eq!(append(0, 1), Ok(0));
    assert_eq!(append(2, 1), Ok(2));
    assert_eq!(append(0, 1), Ok(0), "a repeat");
    assert_eq!(append(6, 1), Err(AppendError::OutOfOrder));
    assert_eq!(append(0, 0), Err(AppendError::OldEpoch));
    assert_eq!(append(0, 2), Ok(4));
    assert_eq!(log.end(), 6);
}

#[test]
fn gaps_of_a_compacted_log_stay_gaps() {
    let records: Vec<Record> = [3, 7, 9]
        .map(|offset| Record {
            offset,
            timestamp_ms: offset,
            ..Record::default()
        })
        .to_vec();
    let mut log = Log::default();
    log.append_in_place(&batch_of(&records).unwrap(), 0)
        .unwrap();
    assert_eq!((log.end(), log.at_time(4).unwrap().offset), (10, 7));
}
