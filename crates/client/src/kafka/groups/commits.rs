//! What a group committed and when, read from the tail of its part of Kafka's own offsets topic.
//!
//! The topic is read as any other, by assignment and with a bound on bytes; what lies before the
//! tail is not seen, and the answer says from when on it saw. Keys and values are those of
//! OffsetCommitKey (versions 0 and 1) and OffsetCommitValue (versions 0 to 4); what is neither
//! (members, other groups, tombstones, later versions) is passed over.

use super::super::route::Router;
use super::super::{KafkaError, offsets, scan};
use super::protocol::Bytes;
use kafkaweave_core::model::{
    CommitLog, Isolation, LoggedCommit, OffsetSpec, PartitionRange, Record, ScanOrder, ScanRequest,
    TopicPartition,
};
use tokio::time::Instant;

/// Where Kafka keeps commits.
const OFFSETS_TOPIC: &str = "__consumer_offsets";
/// Longer keys and values are cut and passed over: group and topic names are far shorter, and so is
/// the metadata that brokers allow by default.
const RECORD_BYTES: usize = 8 << 10;
/// Most records that are looked at, whatever their size.
const RECORDS: usize = 50_000;
/// From this version of the value on, its strings are compact (KIP-482).
const FLEXIBLE: i16 = 4;

/// Commits of `group` in the last `max_bytes` of its part, oldest first.
///
/// # Errors
/// There is no such topic yet, no right to read it, or its leader does not answer.
pub(crate) async fn commits(
    router: &Router,
    group: &str,
    max_bytes: u64,
    deadline: Instant,
) -> Result<CommitLog, KafkaError> {
    let leaders = router.leaders(OFFSETS_TOPIC, false).await?;
    let Some(partition) = part_of(group, leaders.partitions.len()) else {
        return Ok(CommitLog::default());
    };
    let at = TopicPartition::new(OFFSETS_TOPIC, partition);
    let queries = [(at.clone(), OffsetSpec::Earliest), (at, OffsetSpec::Latest)];
    let found = offsets::offsets(router, &queries, Isolation::ReadCommitted).await?;
    let bound = |spec| {
        let found = found.value.iter().find(|o| o.spec == spec);
        found.and_then(|o| o.offset).ok_or(KafkaError::NoLeader {
            topic: OFFSETS_TOPIC.into(),
            partition,
        })
    };
    let request = ScanRequest {
        topic: OFFSETS_TOPIC.into(),
        ranges: vec![PartitionRange {
            partition,
            start: bound(OffsetSpec::Earliest)?,
            end: bound(OffsetSpec::Latest)?,
        }],
        predicate: None,
        isolation: Isolation::ReadCommitted,
        order: ScanOrder::Latest,
        limit: Some(RECORDS),
        max_bytes: Some(max_bytes),
        payload_limit_bytes: RECORD_BYTES,
        progress: None,
    };
    let report = scan::scan(router, &request, deadline).await?;
    let mut log = CommitLog {
        since_ms: report.records.iter().filter_map(|r| r.timestamp_ms).min(),
        commits: report
            .records
            .iter()
            .filter_map(|record| commit(record, group))
            .collect(),
    };
    // Newest first, and stable: commits of one moment keep their order.
    log.commits.reverse();
    Ok(log)
}

/// The part of the topic that keeps a group: by the hash that Java has for strings.
fn part_of(group: &str, parts: usize) -> Option<i32> {
    let parts = i32::try_from(parts).ok().filter(|parts| *parts > 0)?;
    let hash = group.encode_utf16().fold(0_i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    });
    // Kafka makes 0 of the one number that has no absolute value.
    Some(hash.checked_abs().unwrap_or(0) % parts)
}

/// A record as a commit of this group.
fn commit(record: &Record, group: &str) -> Option<LoggedCommit> {
    let mut key = Bytes::new(record.key.as_deref()?);
    if !(0..=1).contains(&key.int16()?) || key.string()? != group {
        return None;
    }
    let (topic, partition) = (key.string()?, key.int32()?);
    let mut value = Bytes::new(record.value.as_deref()?);
    let version = value.int16()?;
    if !(0..=FLEXIBLE).contains(&version) {
        return None;
    }
    let offset = value.int64()?;
    if version >= 3 {
        let _leader_epoch = value.int32()?;
    }
    match version {
        FLEXIBLE.. => value.compact_string()?,
        _ => value.string()?,
    };
    Some(LoggedCommit {
        topic,
        partition,
        offset,
        at_ms: value.int64()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafkaweave_core::model::TimestampType;

    fn record(key: &[u8], value: Option<&[u8]>) -> Record {
        Record {
            partition: 0,
            offset: 0,
            timestamp_ms: Some(1),
            timestamp_type: TimestampType::CreateTime,
            key: Some(key.to_vec()),
            key_size_bytes: key.len(),
            value: value.map(<[u8]>::to_vec),
            value_size_bytes: value.map_or(0, <[u8]>::len),
            headers: Vec::new(),
            headers_total: 0,
        }
    }

    const KEY: &[u8] = b"\0\x01\0\x07billing\0\x06orders\0\0\0\x05";

    /// A commit of 7 at 9 ms, as each version has it.
    fn values() -> Vec<Vec<u8>> {
        let offset = 7_i64.to_be_bytes();
        let time = 9_i64.to_be_bytes();
        let epoch = 3_i32.to_be_bytes();
        let parts = |version: i16, parts: &[&[u8]]| {
            let mut bytes = version.to_be_bytes().to_vec();
            parts.iter().for_each(|part| bytes.extend(*part));
            bytes
        };
        vec![
            parts(0, &[&offset, b"\0\x04note", &time]),
            parts(1, &[&offset, b"\0\x04note", &time, &[0x7f; 8]]),
            parts(2, &[&offset, b"\0\x04note", &time]),
            parts(3, &[&offset, &epoch, b"\0\x04note", &time]),
            parts(
                4,
                &[&offset, &epoch, b"\x05note", &time, b"\x01\0\x10", &[7; 16]],
            ),
        ]
    }

    #[test]
    fn commits_of_every_version_are_read() {
        let wanted = LoggedCommit {
            topic: "orders".into(),
            partition: 5,
            offset: 7,
            at_ms: 9,
        };
        for value in values() {
            assert_eq!(
                commit(&record(KEY, Some(&value)), "billing"),
                Some(wanted.clone())
            );
        }
    }

    #[test]
    fn what_is_no_commit_of_the_group_is_passed_over() {
        let value = &values()[3];
        assert_eq!(commit(&record(KEY, Some(value)), "bill"), None);
        assert_eq!(commit(&record(KEY, None), "billing"), None, "a tombstone");
        assert_eq!(
            commit(&record(b"\0\x02\0\x07billing", Some(value)), "billing"),
            None
        );
        let later = [b"\0\x05".as_slice(), &value[2..]].concat();
        assert_eq!(commit(&record(KEY, Some(&later)), "billing"), None);
        // Cut short anywhere.
        for value in values().iter().map(|v| v.get(..v.len().min(20)).unwrap()) {
            for end in 0..value.len() {
                let _ = commit(&record(KEY, Some(&value[..end])), "billing");
            }
        }
        for end in 0..KEY.len() {
            assert_eq!(commit(&record(&KEY[..end], Some(value)), "billing"), None);
        }
    }

    #[test]
    fn a_group_is_kept_where_java_would_keep_it() {
        // As Java 21 has them.
        assert_eq!(part_of("billing", 50), Some(109_829_509 % 50));
        assert_eq!(part_of("über-Größe", 50), Some(365_236_663 % 50));
        assert_eq!(part_of("", 50), Some(0));
        // The hash of this text is Integer.MIN_VALUE.
        assert_eq!(part_of("polygenelubricants", 50), Some(0));
        assert_eq!(part_of("billing", 0), None);
    }
}
