//! Partitions, brokers, quorum, disks, placement, software, reassignments.

use super::*;
use crate::model::{Reassignment, ReplicaSize};

const fn case(
    rule: Rule,
    severity: Severity,
    spoil: fn(&mut Snapshot),
    evidence: &'static [&'static str],
) -> Case {
    Case {
        rule,
        severity,
        spoil,
        evidence,
    }
}

fn moving(adding: &[i32]) -> Reassignment {
    Reassignment {
        partition: at(3),
        replicas: vec![1, 2, 3],
        adding: adding.into(),
        removing: vec![1],
    }
}

fn copied(snapshot: &mut Snapshot, size_bytes: i64) {
    snapshot.log_dirs.as_mut().unwrap()[1].replicas = vec![ReplicaSize {
        topic: "orders".into(),
        partition: 3,
        size_bytes,
        offset_lag: 9,
        future: false,
    }];
}

/// Replicas of `n` more partitions on these brokers, the first of which leads.
fn more(snapshot: &mut Snapshot, n: i32, replicas: &[i32]) {
    let partitions = (0..n)
        .map(|i| partition(i, replicas[0], replicas, replicas))
        .collect();
    let topics = snapshot.topics.as_mut().unwrap();
    topics.push(topic("more", partitions));
    snapshot.min_insync_replicas.insert("more".into(), 1);
}

fn observe(snapshot: &mut Snapshot, observer: QuorumMember) {
    let quorum = snapshot.cluster.quorum.as_mut().unwrap();
    quorum.voters.retain(|v| v.id != observer.id);
    quorum.observers.push(observer);
}

pub(super) fn cases() -> Vec<Case> {
    use Rule::*;
    use Severity::*;
    vec![
        case(
            OfflinePartitions,
            Critical,
            |s| {
                s.cluster.brokers[0].state = BrokerState::Fenced;
                orders(s)[4] = partition(4, -1, &[1, 2, 3], &[1]);
                orders(s)[4].offline = vec![1];
            },
            &[
                "behind it: broker 1 (fenced)",
                "online but not in sync: broker 2, 3",
                "1 of 9 partitions have no leader",
            ],
        ),
        case(
            LeaderlessPartitions,
            Critical,
            |s| orders(s)[4].leader = None,
            &[
                "orders-4: no leader, though broker 1, 2, 3 is online and in sync (epoch 7)",
                "1 of 9 partitions wait for a leader",
            ],
        ),
        case(
            UnderMinIsr,
            Critical,
            |s| orders(s)[0].isr = vec![1],
            &[
                "behind it: broker 2 (online) and broker 3 (online)",
                "worst: orders-0 has 1 of 3 replicas in sync (ISR [1]), min.insync.replicas 2",
            ],
        ),
        case(
            AtMinIsr,
            Warning,
            |s| orders(s)[0].isr = vec![1, 2],
            &[
                "behind it: broker 3 (online)",
                "worst: orders-0 has 2 of 3 replicas in sync (ISR [1, 2]), min.insync.replicas 2",
            ],
        ),
        case(
            UnderReplicated,
            Warning,
            |s| orders(s)[0].isr = vec![1, 2],
            &[
                "behind it: broker 3 (online)",
                "1 of 9 partitions lack a replica in sync; of these 0 have no leader, 0 are under min ISR, 1 at min ISR",
            ],
        ),
        case(
            InternalTopicUnderReplicated,
            Critical,
            |s| {
                let offsets = &mut s.topics.as_mut().unwrap()[1].partitions;
                offsets[0].isr = vec![1];
                offsets[1].leader = None;
            },
            &["__consumer_offsets: 2 of 3 partitions lack a replica, 1 of them take no writes"],
        ),
        case(
            QuorumNoLeader,
            Critical,
            |s| s.cluster.quorum.as_mut().unwrap().leader_id = None,
            &["3 voters, epoch 12"],
        ),
        case(
            QuorumVoterLagging,
            Warning,
            |s| s.cluster.quorum.as_mut().unwrap().voters[0] = voter(1, 5_000, 60_000),
            &[
                "voter 1: 5000 records behind, last fetch 60.0 s ago",
                "the leader is 3",
            ],
        ),
        case(
            QuorumNoHeadroom,
            Warning,
            |s| s.cluster.quorum.as_mut().unwrap().voters[0] = voter(1, 5_000, 60_000),
            &["2 of 3 voters follow; a majority is 2"],
        ),
        case(
            QuorumObserverLagging,
            Warning,
            |s| observe(s, voter(1, 1_001, 100)),
            &["broker 1: 1001 records behind, last fetch 0.1 s ago"],
        ),
        case(
            QuorumFlapping,
            Warning,
            |s| {
                before(s, 30, |then| {
                    then.cluster.quorum.as_mut().unwrap().leader_epoch = 8
                })
            },
            &["4 elections in 30 min: epoch 12 now"],
        ),
        case(
            LeadersFlapping,
            Warning,
            |s| {
                orders(s)[2].leader_epoch = 13;
                before(s, 45, |then| orders(then)[2].leader_epoch = 5);
            },
            &[
                "orders-2: at least 6 leader epochs in 45 min, leader 3 now",
                "8 elections in all partitions together",
            ],
        ),
        case(
            FailedLogDir,
            Critical,
            |s| s.log_dirs.as_mut().unwrap()[1] = dir(2, Some("KAFKA_STORAGE_ERROR"), -1, -1),
            &["broker 2 /var/lib/kafka/data: KAFKA_STORAGE_ERROR"],
        ),
        case(
            DiskNearlyFull,
            Warning,
            |s| s.log_dirs.as_mut().unwrap()[1] = dir(2, None, 500, 50),
            &["broker 2 /var/lib/kafka/data: 90.0 % used, 50.00 of 500.00 GiB free"],
        ),
        case(
            DiskFillingUp,
            Critical,
            |s| {
                before(s, 60, |then| {
                    then.log_dirs.as_mut().unwrap()[1] = dir(2, None, 500, 360)
                })
            },
            &[
                "broker 2 /var/lib/kafka/data: 60.00 GiB more in 60 min (17.1 MiB/s), 300.00 GiB left: full in 5.0 h",
            ],
        ),
        case(
            DiskFillingUp,
            Warning,
            |s| {
                before(s, 5, |then| {
                    then.log_dirs.as_mut().unwrap()[1] = dir(2, None, 500, 301)
                })
            },
            &[
                "broker 2 /var/lib/kafka/data: 1.00 GiB more in 5 min (3.4 MiB/s), 300.00 GiB left: full in 25.0 h",
            ],
        ),
        case(
            DiskSkewAcrossBrokers,
            Info,
            |s| s.log_dirs.as_mut().unwrap()[1] = dir(2, None, 500, 100),
            &["broker 2 has used 80.0 % of its volumes, broker 1 40.0 %"],
        ),
        case(
            DiskSkewAcrossDirs,
            Info,
            |s| {
                let mut second = dir(2, None, 500, 400);
                second.path = "/mnt/kafka".into();
                s.log_dirs.as_mut().unwrap()[1] = dir(2, None, 500, 200);
                s.log_dirs.as_mut().unwrap().push(second);
            },
            &["broker 2: /var/lib/kafka/data is used by 60.0 %, /mnt/kafka by 20.0 %"],
        ),
        case(
            MissingBrokers,
            Warning,
            |s| {
                s.cluster.brokers.remove(1);
            },
            &["9 partitions have a replica there"],
        ),
        case(
            FencedBrokers,
            Warning,
            |s| s.cluster.brokers[1].state = BrokerState::Fenced,
            &[
                "9 partitions have a replica there",
                "broker 2 is kafka-2.internal:9092, rack eu-central-1b",
            ],
        ),
        case(
            SilentBrokers,
            Warning,
            |s| {
                s.missing = vec![Missing {
                    what: "log dirs of broker 2".into(),
                    broker: Some(2),
                    why: "`kafka-2.internal:9092`: no answer to DescribeLogDirs within 10000 ms"
                        .into(),
                }];
            },
            &[
                "9 partitions have a replica there",
                "3 partitions are led there and cannot be read from here",
                "broker 2: `kafka-2.internal:9092`: no answer to DescribeLogDirs within 10000 ms",
            ],
        ),
        case(
            UnregisteredBrokers,
            Warning,
            |s| observe(s, voter(7, 0, 100)),
            &["node 7 fetches the metadata log, does not vote and is not registered"],
        ),
        case(
            ReplicasInOneRack,
            Warning,
            |s| {
                s.cluster.brokers[1].rack = Some("eu-central-1a".into());
                orders(s)[0] = partition(0, 1, &[1, 2], &[1, 2]);
            },
            &[
                "1 partitions have all their replicas in rack eu-central-1a",
                "there are 2 racks",
            ],
        ),
        case(
            BrokersWithoutRack,
            Warning,
            |s| s.cluster.brokers[1].rack = None,
            &["broker 2 without broker.rack, 2 brokers with one (eu-central-1a, eu-central-1c)"],
        ),
        case(
            TooManyPartitionsOnBroker,
            Warning,
            |s| more(s, 3_992, &[1]),
            &["broker 1 holds 4001 replicas; 4000 are advised at most"],
        ),
        case(
            TooManyPartitionsInCluster,
            Warning,
            |s| more(s, 199_992, &[1]),
            &["200001 partitions in 3 topics; 200000 are advised at most"],
        ),
        case(
            MemoryMapsNearLimit,
            Warning,
            // 25.4 TiB in one replica, in segments of 1 GiB, beside eight replicas more.
            |s| copied(s, 26_000 * GIB),
            &[
                "broker 2: 9 replicas in at least 26008 segments need 52016 memory maps and 26008 open files; Linux allows 65530 maps by default",
            ],
        ),
        case(
            ReplicaSkew,
            Warning,
            |s| more(s, 40, &[1]),
            &[
                "broker 1 has 49 replicas, +119 % against an average of 22",
                "broker 2 has 9 replicas, -60 % against an average of 22",
                "broker 3 has 9 replicas, -60 % against an average of 22",
            ],
        ),
        case(
            LeaderSkew,
            Info,
            |s| {
                more(s, 45, &[1, 2, 3]);
                for (i, partition) in s.topics.as_mut().unwrap()[2]
                    .partitions
                    .iter_mut()
                    .enumerate()
                {
                    partition.leader = Some([1, 1, 1, 2, 3][i % 5]);
                }
            },
            &["broker 1 has 30 leaders, +67 % against an average of 18"],
        ),
        case(
            PreferredLeaderImbalance,
            Info,
            |s| orders(s)[0].leader = Some(2),
            &[
                "broker 1 does not lead 1 of the 3 partitions that it is preferred for, though in sync",
            ],
        ),
        case(
            MixedVersions,
            Warning,
            |s| s.software.as_mut().unwrap()[1].kafka_version = Some("4.2".into()),
            &["4.2: broker 2", "4.3 or newer: broker 1, 3"],
        ),
        case(
            FeatureBehind,
            Info,
            |s| {
                for broker in s.software.as_mut().unwrap() {
                    broker.features[0].finalized = None;
                    broker.features[1].finalized = Some(29);
                }
            },
            &[
                "group.version: not in force; all 3 brokers that answered support level 1",
                "metadata.version: level 29 (4.2-IV1); all 3 brokers that answered support level 30 (4.3-IV0)",
            ],
        ),
        case(
            ReassignmentInProgress,
            Info,
            |s| {
                s.reassignments = Some(vec![moving(&[2])]);
                copied(s, 3 << 20);
            },
            &["orders-3: adding 2 removing 1, 3.0 MiB copied"],
        ),
        case(
            ReassignmentStuck,
            Warning,
            |s| {
                s.reassignments = Some(vec![moving(&[2])]);
                copied(s, 3 << 20);
                before(s, 2, |_| {});
            },
            &["orders-3: broker 2 has 3.0 MiB of it, as 2 min ago"],
        ),
        case(
            ReassignmentStuck,
            Warning,
            |s| {
                s.reassignments = Some(vec![moving(&[2])]);
                s.cluster.brokers[1].state = BrokerState::Fenced;
            },
            &["orders-3: broker 2, which is to get a replica, is fenced"],
        ),
        case(
            ThrottleLeftBehind,
            Warning,
            |s| {
                set(
                    s,
                    "orders",
                    "leader.replication.throttled.replicas",
                    "3:1,3:2",
                );
                set_broker(s, 1, "leader.replication.throttled.rate", "1048576");
            },
            &[
                "broker 1: leader.replication.throttled.rate=1048576",
                "orders: leader.replication.throttled.replicas=3:1,3:2",
            ],
        ),
    ]
}
