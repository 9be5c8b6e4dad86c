//! From where on something is worth a finding, and why there.

/// From where on something is worth a finding. Each has its reason; where Kafka itself has the
/// figure, it is Kafka's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Used share of a volume that is a warning, 0 to 1.
    pub disk_warning_ratio: f64,
    /// Used share of a volume that is critical, 0 to 1.
    pub disk_critical_ratio: f64,
    /// A volume that is full sooner than this at its present rate is a warning, hours.
    pub full_warning_hours: i64,
    /// The same, critical, where the rate stands on at least [`Thresholds::rate_ms`], hours.
    pub full_critical_hours: i64,
    /// Growth since the earlier snapshot below this says nothing of a rate, bytes: one segment of
    /// an internal topic is that large.
    pub growth_bytes: i64,
    /// The shortest time on which a critical rate can stand, ms.
    pub rate_ms: i64,
    /// Difference between used shares of volumes that is skew, 0 to 1.
    pub disk_skew_ratio: f64,
    /// The fuller one must be used by this share at least, 0 to 1.
    pub disk_skew_floor_ratio: f64,
    /// A voter or observer that has not fetched for this long is silent, ms: followers fetch at
    /// least every 0.5 s, and a voter stands for election after 2 s (`controller.quorum.fetch.timeout.ms`).
    pub voter_silent_ms: i64,
    /// A voter or observer this many records behind the quorum's leader is lagging.
    pub voter_lag_records: i64,
    /// Share of a broker's preferred leaderships that others hold, 0 to 1: Kafka's own
    /// `leader.imbalance.per.broker.percentage` is 10 %.
    pub leader_imbalance_ratio: f64,
    /// Distance from the average in replicas or leaders that is skew, 0 to 1: twice the 10 % that
    /// Cruise Control balances to.
    pub skew_ratio: f64,
    /// The same distance must be this many replicas or leaders at least, as small numbers cannot be
    /// even.
    pub skew_least: i64,
    /// Replicas on one broker: the recommendation of KIP-578.
    pub partitions_per_broker: usize,
    /// Partitions in a cluster: the recommendation of KIP-578.
    pub partitions_per_cluster: usize,
    /// Memory maps of a process: Linux allows 65,530 (`vm.max_map_count`), each segment takes two
    /// (Kafka's documentation), and the Java process itself some.
    pub memory_maps: usize,
    /// A rebalance seen in snapshots over this long is too long, ms.
    pub rebalance_ms: i64,
    /// No commit over this long is worth a note, ms.
    pub stuck_notice_ms: i64,
    /// No commit over this long is a warning, ms: `max.poll.interval.ms`, after which a member that
    /// does not poll is thrown out.
    pub stuck_ms: i64,
    /// A reassignment without a byte copied over this long is stuck, ms.
    pub reassignment_ms: i64,
    /// A transaction that its coordinator knows is hanging after this long beyond its timeout, ms:
    /// timeouts are looked for every 10 s, and markers are written within seconds.
    pub hanging_ms: i64,
    /// An open transaction is overdue after this long, ms: `transaction.max.timeout.ms`.
    pub transaction_ms: i64,
    /// Leader epochs of one partition since the earlier snapshot that are flapping. A rolling
    /// restart costs two: away and back.
    pub leader_changes: i64,
    /// And at least so many an hour.
    pub leader_changes_per_hour: i64,
    /// Epochs of the quorum since the earlier snapshot that are flapping. A rolling restart costs
    /// one or two.
    pub quorum_elections: i64,
    /// And at least so many an hour.
    pub quorum_elections_per_hour: i64,
    /// `retention.ms` below this keeps nothing, ms: retention is looked after every
    /// `log.retention.check.interval.ms`, 5 minutes.
    pub retention_ms: i64,
    /// `retention.bytes` below this keeps nothing, bytes: less than the smallest segment (1 MiB from
    /// Kafka 4.0 on).
    pub retention_bytes: i64,
    /// `min.cleanable.dirty.ratio` from this on keeps compaction from happening, 0 to 1.
    pub dirty_ratio: f64,
    /// `segment.ms` of a compacted topic above this keeps its newest records uncompacted for as
    /// long, ms: four times Kafka's default of 7 days.
    pub compacted_segment_ms: i64,
    /// `min.compaction.lag.ms` above this keeps compaction from happening, ms.
    pub compaction_lag_ms: i64,
    /// `delete.retention.ms` below this lets readers miss deletes, ms.
    pub delete_retention_ms: i64,
}

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            disk_warning_ratio: 0.85,
            disk_critical_ratio: 0.95,
            full_warning_hours: 7 * 24,
            full_critical_hours: 24,
            growth_bytes: 100 << 20,
            rate_ms: 10 * MINUTE_MS,
            disk_skew_ratio: 0.25,
            disk_skew_floor_ratio: 0.5,
            voter_silent_ms: 10_000,
            voter_lag_records: 1_000,
            leader_imbalance_ratio: 0.10,
            skew_ratio: 0.20,
            skew_least: 10,
            partitions_per_broker: 4_000,
            partitions_per_cluster: 200_000,
            memory_maps: 52_000,
            rebalance_ms: MINUTE_MS,
            stuck_notice_ms: MINUTE_MS,
            stuck_ms: 5 * MINUTE_MS,
            reassignment_ms: MINUTE_MS,
            hanging_ms: MINUTE_MS,
            transaction_ms: 15 * MINUTE_MS,
            leader_changes: 6,
            leader_changes_per_hour: 2,
            quorum_elections: 4,
            quorum_elections_per_hour: 1,
            retention_ms: 5 * MINUTE_MS,
            retention_bytes: 1 << 20,
            dirty_ratio: 0.95,
            compacted_segment_ms: 28 * DAY_MS,
            compaction_lag_ms: 365 * DAY_MS,
            delete_retention_ms: MINUTE_MS,
        }
    }
}
