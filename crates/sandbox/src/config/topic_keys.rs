//! Settings of topics.

use super::Key;
use super::Kind::{Boolean, Double, Int, List, Long, Text};
use super::key;

#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    key("cleanup.policy", List, Some("delete"), &["compact", "delete"], &["log.cleanup.policy"], false, "What happens to old segments: `delete` drops them by age or size, `compact` keeps the last record of each key."),
    key("compression.gzip.level", Int, Some("-1"), &[], &["compression.gzip.level"], false, "Level for gzip when the broker compresses."),
    key("compression.lz4.level", Int, Some("9"), &[], &["compression.lz4.level"], false, "Level for lz4 when the broker compresses."),
    key("compression.type", Text, Some("producer"), &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"], &["compression.type"], false, "Codec of stored batches; `producer` keeps what the producer chose."),
    key("compression.zstd.level", Int, Some("3"), &[], &["compression.zstd.level"], false, "Level for zstd when the broker compresses."),
    key("delete.retention.ms", Long, Some("86400000"), &[], &["log.cleaner.delete.retention.ms"], false, "How long a compacted topic keeps tombstones, so that readers can see them."),
    key("file.delete.delay.ms", Long, Some("60000"), &[], &["log.segment.delete.delay.ms"], false, "Wait before a dropped segment file is removed."),
    key("flush.messages", Long, Some("9223372036854775807"), &[], &["log.flush.interval.messages"], false, "Records after which the log is forced to disk."),
    key("flush.ms", Long, Some("9223372036854775807"), &[], &["log.flush.interval.ms"], false, "Time after which the log is forced to disk."),
    key("follower.replication.throttled.replicas", List, Some(""), &[], &[], false, "Replicas whose copying is slowed on the follower, as partition:broker."),
    key("index.interval.bytes", Int, Some("4096"), &[], &["log.index.interval.bytes"], false, "Bytes between two entries of the offset index."),
    key("leader.replication.throttled.replicas", List, Some(""), &[], &[], false, "Replicas whose copying is slowed on the leader, as partition:broker."),
    key("local.retention.bytes", Long, Some("-2"), &[], &["log.local.retention.bytes"], false, "Bytes that a tiered partition keeps on local disk; -2 follows retention.bytes."),
    key("local.retention.ms", Long, Some("-2"), &[], &["log.local.retention.ms"], false, "Time that a tiered partition keeps on local disk; -2 follows retention.ms."),
    key("max.compaction.lag.ms", Long, Some("9223372036854775807"), &[], &["log.cleaner.max.compaction.lag.ms"], false, "Longest time that a record may stay uncompacted."),
    key("max.message.bytes", Int, Some("1048588"), &[], &["message.max.bytes"], false, "Largest record batch that is taken, after compression."),
    key("message.timestamp.after.max.ms", Long, Some("3600000"), &[], &["log.message.timestamp.after.max.ms"], false, "How far a record's time may lie after the broker's."),
    key("message.timestamp.before.max.ms", Long, Some("9223372036854775807"), &[], &["log.message.timestamp.before.max.ms"], false, "How far a record's time may lie before the broker's."),
    key("message.timestamp.type", Text, Some("CreateTime"), &["CreateTime", "LogAppendTime"], &["log.message.timestamp.type"], false, "Whether a record keeps the producer's time or gets the time of appending."),
    key("min.cleanable.dirty.ratio", Double, Some("0.5"), &[], &["log.cleaner.min.cleanable.ratio"], false, "Share of uncompacted bytes from which compaction starts."),
    key("min.compaction.lag.ms", Long, Some("0"), &[], &["log.cleaner.min.compaction.lag.ms"], false, "Shortest time that a record stays uncompacted."),
    key("min.insync.replicas", Int, Some("1"), &[], &["min.insync.replicas"], false, "In-sync replicas that a write with acks=all needs."),
    key("preallocate", Boolean, Some("false"), &[], &["log.preallocate"], false, "Whether segment files get their full size at once."),
    key("remote.storage.enable", Boolean, Some("false"), &[], &[], false, "Whether old segments move to tiered storage."),
    key("retention.bytes", Long, Some("-1"), &[], &["log.retention.bytes"], false, "Bytes that a partition keeps under `delete`; -1 is no limit."),
    key("retention.ms", Long, Some("604800000"), &[], &["log.retention.ms", "log.retention.minutes", "log.retention.hours"], false, "Time that records are kept under `delete`; -1 is for ever."),
    key("segment.bytes", Int, Some("1073741824"), &[], &["log.segment.bytes"], false, "Size at which a new segment file begins."),
    key("segment.index.bytes", Int, Some("10485760"), &[], &["log.index.size.max.bytes"], false, "Size of the index files of a segment."),
    key("segment.jitter.ms", Long, Some("0"), &[], &["log.roll.jitter.ms", "log.roll.jitter.hours"], false, "Random part taken off segment.ms, so that segments do not roll together."),
    key("segment.ms", Long, Some("604800000"), &[], &["log.roll.ms", "log.roll.hours"], false, "Time after which a new segment file begins."),
    key("unclean.leader.election.enable", Boolean, Some("false"), &[], &["unclean.leader.election.enable"], false, "Whether a replica that is not in sync may lead, at the price of lost records."),
];
