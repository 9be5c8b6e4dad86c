//! Where each rule begins to fire, and whose figure that is: what the reference of rules shows.

use super::Thresholds;
use super::rule::Rule;
use super::words::{size, span};

/// Where a rule begins, and why there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// The figures, in words; empty where the rule needs none.
    pub threshold: String,
    /// Whose definition or figure it is.
    pub source: &'static str,
}

impl Rule {
    /// Where the rule begins with these thresholds, and why there.
    pub fn basis(self, t: &Thresholds) -> Basis {
        let threshold = match self {
            Self::DiskNearlyFull => format!(
                "warning from {}, critical from {} used",
                percent(t.disk_warning_ratio),
                percent(t.disk_critical_ratio)
            ),
            Self::DiskFillingUp => format!(
                "{} more at least; warning when full within {}, critical within {} at a rate over {} or more",
                size(t.growth_bytes),
                span(t.full_warning_hours * 3_600_000),
                span(t.full_critical_hours * 3_600_000),
                span(t.rate_ms)
            ),
            Self::HangingTransactions => format!(
                "critical when the coordinator does not know it; warning {} beyond its timeout",
                span(t.hanging_ms)
            ),
            Self::OpenTransactionsOverdue => format!("open for more than {}", span(t.transaction_ms)),
            Self::QuorumVoterLagging | Self::QuorumObserverLagging => format!(
                "no fetch for more than {}, or more than {} records behind",
                span(t.voter_silent_ms),
                t.voter_lag_records
            ),
            Self::QuorumFlapping => format!(
                "{} epochs or more, and {} an hour or more",
                t.quorum_elections, t.quorum_elections_per_hour
            ),
            Self::LeadersFlapping => format!(
                "{} epochs of a partition or more, and {} an hour or more",
                t.leader_changes, t.leader_changes_per_hour
            ),
            Self::ReassignmentStuck => format!("nothing copied for {}", span(t.reassignment_ms)),
            Self::GroupRebalancing => format!("seen over {} or more", span(t.rebalance_ms)),
            Self::GroupStuck => format!(
                "info from {}, warning from {} without a commit",
                span(t.stuck_notice_ms),
                span(t.stuck_ms)
            ),
            Self::ReplicaSkew | Self::LeaderSkew => format!(
                "{} and {} from the average; warning at twice the average",
                percent(t.skew_ratio),
                t.skew_least
            ),
            Self::DiskSkewAcrossBrokers | Self::DiskSkewAcrossDirs => format!(
                "used shares {} apart, the fuller at {} or more",
                percent(t.disk_skew_ratio),
                percent(t.disk_skew_floor_ratio)
            ),
            Self::PreferredLeaderImbalance => {
                format!("more than {} led by others", percent(t.leader_imbalance_ratio))
            }
            Self::TooManyPartitionsOnBroker => {
                format!("more than {} replicas", t.partitions_per_broker)
            }
            Self::TooManyPartitionsInCluster => {
                format!("more than {} partitions", t.partitions_per_cluster)
            }
            Self::MemoryMapsNearLimit => format!("more than {} maps", t.memory_maps),
            Self::RetentionNearZero => format!(
                "retention.ms below the brokers' check interval ({} where it is not known), retention.bytes below {}",
                span(t.retention_ms),
                size(t.retention_bytes)
            ),
            Self::SegmentOutlivesRetention => {
                "warning when the topic itself sets the segment's limit, else info".into()
            }
            Self::CompactionDefeated => format!(
                "min.cleanable.dirty.ratio {} or more without max.compaction.lag.ms, segment.ms above {}, min.compaction.lag.ms above {}, delete.retention.ms below {}",
                t.dirty_ratio,
                span(t.compacted_segment_ms),
                span(t.compaction_lag_ms),
                span(t.delete_retention_ms)
            ),
            Self::MessageSizesMisfit => {
                "warning where a limit cannot be reached, info where large batches are copied one a fetch".into()
            }
            Self::OffsetsLost => "warning with members, info for empty groups".into(),
            Self::StaticMembersGone => "warning while away (epoch -2), info once removed".into(),
            Self::InternalTopicUnderReplicated => {
                "critical where a partition takes no writes, else warning".into()
            }
            Self::InternalTopicFewReplicas => "fewer than 3 replicas on 3 brokers or more".into(),
            Self::QuorumNoHeadroom => {
                "warning when a voter is silent, info when there are too few by design".into()
            }
            _ => String::new(),
        };
        let source = self.source();
        Basis { threshold, source }
    }

    fn source(self) -> &'static str {
        match self {
            Self::OfflinePartitions | Self::LeaderlessPartitions => {
                "Metadata; KIP-966 for eligible leader replicas"
            }
            Self::UnderMinIsr | Self::AtMinIsr | Self::MinIsrNotBelowReplication => {
                "`min.insync.replicas`"
            }
            Self::UnderReplicated => "Kafka's UnderReplicatedPartitions",
            Self::InternalTopicUnderReplicated | Self::InternalTopicFewReplicas => {
                "`offsets.topic.replication.factor` and its kin, 3 by default"
            }
            Self::QuorumNoLeader | Self::QuorumNoHeadroom | Self::QuorumFlapping => {
                "KIP-595; a rolling restart costs an election or two"
            }
            Self::QuorumVoterLagging | Self::QuorumObserverLagging => {
                "KIP-595: followers fetch every 0.5 s, voters stand for election after 2 s without a fetch"
            }
            Self::LeadersFlapping => "a rolling restart costs two epochs a partition",
            Self::FailedLogDir => "KIP-112",
            Self::DiskNearlyFull | Self::DiskFillingUp => "KIP-827; own figures",
            Self::DiskSkewAcrossBrokers | Self::DiskSkewAcrossDirs => "KIP-827; own figures",
            Self::HangingTransactions => "KIP-664",
            Self::OpenTransactionsOverdue => "`transaction.max.timeout.ms`, 15 minutes by default",
            Self::MissingBrokers | Self::FencedBrokers | Self::UnregisteredBrokers => "KIP-631",
            Self::SilentBrokers => "this program's own timeouts",
            Self::ReassignmentStuck | Self::ReassignmentInProgress => "KIP-455",
            Self::ThrottleLeftBehind => "KIP-73",
            Self::OffsetsLost => "`auto.offset.reset`",
            Self::GroupRebalancing => "own figure",
            Self::GroupStuck => "`max.poll.interval.ms`, 5 minutes by default",
            Self::StaticMembersGone => "KIP-345, KIP-848",
            Self::GroupEmptyWithLag | Self::GroupDead => {
                "group states; `offsets.retention.minutes`"
            }
            Self::ReplicationFactorOne => "Kafka's documentation of replication",
            Self::ReplicasInOneRack | Self::BrokersWithoutRack => "KIP-36",
            Self::UncleanElectionEnabled => "`unclean.leader.election.enable`",
            Self::MessageSizesMisfit => {
                "KIP-74: limits of fetches are not absolute; `max.message.bytes`, `segment.bytes` and `socket.request.max.bytes` are"
            }
            Self::RetentionNearZero => {
                "`log.retention.check.interval.ms`; segments are 1 MiB at least from Kafka 4.0 on"
            }
            Self::SegmentOutlivesRetention => "retention deletes closed segments",
            Self::CompactionDefeated => "Kafka's defaults: 0.5, 7 days, 0, 1 day; KIP-354",
            Self::TooManyPartitionsOnBroker | Self::TooManyPartitionsInCluster => "KIP-578",
            Self::MemoryMapsNearLimit => {
                "Kafka's documentation: two maps a segment; Linux allows 65,530 by default"
            }
            Self::MixedVersions | Self::FeatureBehind => "KIP-584",
            Self::PreferredLeaderImbalance => "`leader.imbalance.per.broker.percentage`",
            Self::ReplicaSkew | Self::LeaderSkew => {
                "twice the 10 % to which Cruise Control balances"
            }
        }
    }
}

fn percent(ratio: f64) -> String {
    format!("{:.0} %", ratio * 100.0)
}
