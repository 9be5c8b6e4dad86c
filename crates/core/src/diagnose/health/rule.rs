//! The rules: names, numbers that stay, areas.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A part of a cluster that is judged by itself, and that can stay unseen by itself.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// Leaders and replicas of partitions.
    Partitions,
    /// Registration and answers of brokers.
    Brokers,
    /// The metadata quorum.
    Quorum,
    /// Log dirs and volumes.
    Disks,
    /// Groups, their members and offsets.
    Groups,
    /// Configurations of topics and brokers.
    Settings,
    /// Open transactions.
    Transactions,
    /// Racks, and how evenly brokers carry.
    Placement,
    /// Reassignments and their throttles.
    Reassignments,
    /// Versions and feature levels.
    Software,
}

impl Area {
    /// All areas.
    pub const ALL: [Self; 10] = [
        Self::Partitions,
        Self::Brokers,
        Self::Quorum,
        Self::Disks,
        Self::Groups,
        Self::Settings,
        Self::Transactions,
        Self::Placement,
        Self::Reassignments,
        Self::Software,
    ];
}

/// Whether a rule's finding is a fault, or a risk that lies in how things are set up.
enum Kind {
    Fault,
    Risk,
}

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $area:ident, $kind:ident;)+) => {
        /// What is looked for, in order of weight.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(rename_all = "snake_case")]
        pub enum Rule {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Rule {
            /// All rules, in order of weight.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name, as it is serialized.
            pub fn id(self) -> String {
                let name = match self {
                    $(Self::$name => stringify!($name),)+
                };
                let mut id = String::new();
                for letter in name.chars() {
                    if letter.is_ascii_uppercase() && !id.is_empty() {
                        id.push('_');
                    }
                    id.push(letter.to_ascii_lowercase());
                }
                id
            }

            /// What fires it, in a sentence or two.
            pub fn about(self) -> String {
                let lines: &[&str] = match self {
                    $(Self::$name => &[$($doc),+],)+
                };
                let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
                lines.join(" ")
            }

            /// The part of the cluster that it judges.
            pub fn area(self) -> Area {
                match self {
                    $(Self::$name => Area::$area,)+
                }
            }

            /// A risk lies in how things are set up: it does not make a working cluster degraded.
            pub fn is_risk(self) -> bool {
                match self {
                    $(Self::$name => matches!(Kind::$kind, Kind::Risk),)+
                }
            }

            /// The number by which digests name it; numbers are never given anew.
            pub(super) fn code(self) -> u8 {
                match self {
                    $(Self::$name => $code,)+
                }
            }
        }
    };
}

rules! {
    /// Partitions without a leader of which no replica in sync is online.
    OfflinePartitions = 1, Partitions, Fault;
    /// Partitions without a leader although a replica in sync is online: the election is still to
    /// come.
    LeaderlessPartitions = 16, Partitions, Fault;
    /// Partitions with fewer replicas in sync than `min.insync.replicas`.
    UnderMinIsr = 2, Partitions, Fault;
    /// The metadata quorum has no leader.
    QuorumNoLeader = 3, Quorum, Fault;
    /// A log dir has failed.
    FailedLogDir = 4, Disks, Fault;
    /// A volume is nearly full.
    DiskNearlyFull = 5, Disks, Fault;
    /// A volume that will be full soon at the rate since the earlier snapshot.
    DiskFillingUp = 17, Disks, Fault;
    /// Transactions that their coordinator does not know, or that outlive their timeout, and that
    /// hold the last stable offset.
    HangingTransactions = 18, Transactions, Fault;
    /// Brokers named as replicas that are not registered.
    MissingBrokers = 6, Brokers, Fault;
    /// Brokers that the controller does not let serve.
    FencedBrokers = 7, Brokers, Fault;
    /// Brokers that are online in the metadata and did not answer.
    SilentBrokers = 8, Brokers, Fault;
    /// Partitions with as few replicas in sync as `min.insync.replicas` and fewer than assigned.
    AtMinIsr = 9, Partitions, Fault;
    /// Partitions with fewer replicas in sync than assigned.
    UnderReplicated = 10, Partitions, Fault;
    /// Internal topics (offsets, transactions, share groups) with partitions that lack a leader or
    /// a replica in sync.
    InternalTopicUnderReplicated = 19, Partitions, Fault;
    /// Voters of the quorum that are silent or far behind.
    QuorumVoterLagging = 11, Quorum, Fault;
    /// One voter less and the quorum has no majority.
    QuorumNoHeadroom = 12, Quorum, Fault;
    /// Online brokers that follow the metadata log without a vote and are silent or far behind.
    QuorumObserverLagging = 20, Quorum, Fault;
    /// The quorum elected leader after leader since the earlier snapshot.
    QuorumFlapping = 21, Quorum, Fault;
    /// Partitions changed their leaders again and again since the earlier snapshot.
    LeadersFlapping = 22, Partitions, Fault;
    /// A reassignment that cannot go on: a broker that is to get replicas is not online, or nothing
    /// was copied since the earlier snapshot.
    ReassignmentStuck = 23, Reassignments, Fault;
    /// Groups whose committed offsets point at records that are not there: deleted unread, or beyond
    /// the end of the log.
    OffsetsLost = 24, Groups, Fault;
    /// Groups that rebalance in this snapshot and rebalanced in earlier ones.
    GroupRebalancing = 25, Groups, Fault;
    /// Groups with members and a backlog that committed nothing since the earlier snapshot.
    GroupStuck = 26, Groups, Fault;
    /// Static members that left their group's partitions to nobody: gone for now (member epoch -2),
    /// or there in the earlier snapshot and not in this one.
    StaticMembersGone = 27, Groups, Fault;
    /// Transactions that are open for longer than transactions should be.
    OpenTransactionsOverdue = 28, Transactions, Fault;
    /// Groups without members and with a backlog.
    GroupEmptyWithLag = 29, Groups, Risk;
    /// Topics with one replica.
    ReplicationFactorOne = 13, Settings, Risk;
    /// Topics whose `min.insync.replicas` leaves no replica to spare.
    MinIsrNotBelowReplication = 14, Settings, Risk;
    /// Internal topics (offsets, transactions, share groups) with fewer than three replicas though
    /// there are three brokers.
    InternalTopicFewReplicas = 30, Settings, Risk;
    /// Partitions of which all replicas are in one rack although there are several racks.
    ReplicasInOneRack = 31, Placement, Risk;
    /// Brokers without a rack while others have one.
    BrokersWithoutRack = 32, Placement, Risk;
    /// Topics or brokers with `unclean.leader.election.enable=true`.
    UncleanElectionEnabled = 33, Settings, Risk;
    /// Limits of message sizes of which one defeats another.
    MessageSizesMisfit = 34, Settings, Risk;
    /// Topics that delete records as soon as they are written, or nearly so.
    RetentionNearZero = 35, Settings, Risk;
    /// Topics whose segments are closed later than their retention ends, so that records outlive it.
    SegmentOutlivesRetention = 36, Settings, Risk;
    /// Compacted topics with settings that keep compaction from happening, or make it lose deletes.
    CompactionDefeated = 37, Settings, Risk;
    /// Brokers with more replicas than is advised.
    TooManyPartitionsOnBroker = 38, Placement, Risk;
    /// More partitions in the cluster than is advised.
    TooManyPartitionsInCluster = 39, Placement, Risk;
    /// Brokers whose segments need nearly as many memory maps as Linux allows a process by default.
    MemoryMapsNearLimit = 40, Placement, Risk;
    /// Throttles of replication that are left although nothing is being reassigned.
    ThrottleLeftBehind = 41, Reassignments, Risk;
    /// Nodes that follow the metadata log, do not vote, and are not registered as brokers.
    UnregisteredBrokers = 42, Brokers, Risk;
    /// Brokers of different versions.
    MixedVersions = 43, Software, Risk;
    /// Brokers that lead few of the partitions that they should lead.
    PreferredLeaderImbalance = 15, Placement, Risk;
    /// Brokers that hold many more or fewer replicas than the average.
    ReplicaSkew = 44, Placement, Risk;
    /// Brokers that lead many more or fewer partitions than the average.
    LeaderSkew = 45, Placement, Risk;
    /// Brokers whose volumes are much fuller than those of others.
    DiskSkewAcrossBrokers = 46, Disks, Risk;
    /// Log dirs of one broker of which one is much fuller than another.
    DiskSkewAcrossDirs = 47, Disks, Risk;
    /// Partitions that are being reassigned.
    ReassignmentInProgress = 48, Reassignments, Risk;
    /// Features whose level is behind what all brokers support.
    FeatureBehind = 49, Software, Risk;
    /// Groups that are listed as dead.
    GroupDead = 50, Groups, Risk;
}
