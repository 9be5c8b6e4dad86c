//! Placement, software, reassignments.

use super::*;
use crate::model::{Reassignment, ReplicaSize};

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

pub(super) fn cases() -> Vec<Case> {
    use Rule::*;
    use Severity::*;
    vec![
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
                set_broker(s, 2, "follower.replication.throttled.rate", "1048576");
            },
            &[
                "orders-3: adding 2 removing 1, 3.0 MiB copied",
                "broker 2: follower.replication.throttled.rate=1048576",
            ],
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
