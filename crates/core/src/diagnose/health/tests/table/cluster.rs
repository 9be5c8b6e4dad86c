//! Partitions, brokers, quorum, disks.

use super::*;

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
            OfflinePartitions,
            Critical,
            |s| {
                orders(s)[4] = partition(4, -1, &[2], &[2]);
                orders(s)[4].offline = vec![2];
            },
            &[
                "replicas on online brokers are offline, as after a failed log dir: broker 2",
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
    ]
}
