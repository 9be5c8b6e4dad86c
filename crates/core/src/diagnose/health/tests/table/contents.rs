//! Settings, groups, transactions.

use super::*;
use crate::model::{GroupType, Member, TopicPartitions};

fn transaction() -> OpenTransaction {
    OpenTransaction {
        partition: at(2),
        producer_id: 4_711,
        transactional_id: None,
        start_offset: Some(812),
        last_stable_offset: Some(812),
        high_watermark: Some(40_112),
        age_ms: Some(1_860_000),
        timeout_ms: None,
        known_to_coordinator: Some(false),
    }
}

fn billing(snapshot: &mut Snapshot) -> &mut GroupSight {
    &mut snapshot.groups.as_mut().unwrap()[0]
}

/// Leaves billing 300 records behind in one partition.
fn behind(snapshot: &mut Snapshot) {
    billing(snapshot).committed.as_mut().unwrap()[2].offset = 4_700;
}

pub(super) fn cases() -> Vec<Case> {
    [settings(), groups(), transactions()]
        .into_iter()
        .flatten()
        .collect()
}

fn settings() -> Vec<Case> {
    use Rule::*;
    use Severity::*;
    vec![
        case(
            ReplicationFactorOne,
            Warning,
            |s| {
                let topics = s.topics.as_mut().unwrap();
                topics.push(topic("scratch", vec![partition(0, 2, &[2], &[2])]));
            },
            &["1 of 3 topics have one replica (0 internal); 3 brokers are registered"],
        ),
        case(
            MinIsrNotBelowReplication,
            Warning,
            |s| {
                s.min_insync_replicas.insert("orders".into(), 3);
            },
            &["orders: min.insync.replicas 3, replication factor 3"],
        ),
        case(
            InternalTopicFewReplicas,
            Warning,
            |s| {
                let offsets = &mut s.topics.as_mut().unwrap()[1].partitions;
                offsets[0] = partition(0, 1, &[1, 2], &[1, 2]);
            },
            &[
                "__consumer_offsets: replication factor 2 on 3 brokers; without it groups cannot commit or be coordinated",
            ],
        ),
        case(
            UncleanElectionEnabled,
            Warning,
            |s| {
                set(s, "orders", "unclean.leader.election.enable", "true");
                set_broker(s, 2, "unclean.leader.election.enable", "true");
            },
            &[
                "unclean.leader.election.enable=true on broker 2",
                "in force on 1 topics, 1 of them by their own setting",
                "orders: unclean.leader.election.enable=true",
            ],
        ),
        case(
            MessageSizesMisfit,
            Warning,
            |s| {
                set(s, "orders", "max.message.bytes", "20971520");
                set(s, "orders", "segment.bytes", "10485760");
                set_broker(s, 2, "message.max.bytes", "2097152");
            },
            &[
                "message.max.bytes differs: broker 1 1048588, broker 2 2097152, broker 3 1048588; topics without their own limit take or refuse a message by who leads",
                "orders: max.message.bytes 20971520 above segment.bytes 10485760: batches between are refused (RECORD_LIST_TOO_LARGE)",
            ],
        ),
        case(
            MessageSizesMisfit,
            Warning,
            |s| set(s, "orders", "max.message.bytes", "209715200"),
            &[
                "orders: max.message.bytes 209715200 above socket.request.max.bytes 104857600: larger requests cost the producer its connection",
            ],
        ),
        case(
            MessageSizesMisfit,
            Info,
            |s| {
                set(s, "orders", "max.message.bytes", "5242880");
                set(s, "__consumer_offsets", "max.message.bytes", "20971520");
            },
            &[
                "__consumer_offsets: max.message.bytes 20971520 above replica.fetch.response.max.bytes 10485760: such a batch fills a whole fetch",
                "orders: max.message.bytes 5242880 above replica.fetch.max.bytes 1048576: such a batch is copied one a fetch",
            ],
        ),
        case(
            RetentionNearZero,
            Warning,
            |s| set(s, "orders", "retention.ms", "0"),
            &["orders: retention.ms 0 is less than the 5 min between checks of retention"],
        ),
        case(
            RetentionNearZero,
            Warning,
            |s| set(s, "orders", "retention.bytes", "1000"),
            &["orders: retention.bytes 1000 is less than the smallest segment (1.0 MiB)"],
        ),
        case(
            SegmentOutlivesRetention,
            Info,
            |s| set(s, "orders", "retention.ms", "3600000"),
            &["orders: retention.ms is 60 min, segment.ms 7.0 d"],
        ),
        case(
            SegmentOutlivesRetention,
            Warning,
            |s| {
                set(s, "orders", "retention.bytes", "104857600");
                set(s, "orders", "segment.bytes", "1073741824");
            },
            &["orders: retention.bytes is 100.0 MiB, segment.bytes 1.00 GiB"],
        ),
        case(
            CompactionDefeated,
            Warning,
            |s| {
                set(s, "orders", "cleanup.policy", "compact,delete");
                set(s, "orders", "min.cleanable.dirty.ratio", "1.0");
                set(s, "orders", "segment.ms", "9223372036854775807");
                set(s, "orders", "min.compaction.lag.ms", "34560000000");
                set(s, "orders", "delete.retention.ms", "0");
                set_broker(s, 3, "log.cleaner.enable", "false");
            },
            &[
                "broker 3: log.cleaner.enable is false",
                "orders: min.cleanable.dirty.ratio 1: it is compacted only when nearly all of it is dirty, segment.ms 106751991167.3 d: the segment in use is not compacted, min.compaction.lag.ms 400.0 d: nothing younger is compacted, delete.retention.ms 0: tombstones go with the next cleaning",
            ],
        ),
    ]
}

fn groups() -> Vec<Case> {
    use Rule::*;
    use Severity::*;
    vec![
        case(
            GroupDead,
            Info,
            |s| billing(s).listing.state = "Dead".into(),
            &["billing: Dead on coordinator 2"],
        ),
        case(
            GroupEmptyWithLag,
            Warning,
            |s| {
                behind(s);
                billing(s).listing.state = "Empty".into();
                billing(s).members = Some(vec![]);
            },
            &["billing: no member, 300 records behind in 1 partitions"],
        ),
        case(
            GroupEmptyWithLag,
            Warning,
            // A share group's coordinator counts by itself.
            |s| {
                let group = billing(s);
                group.listing.state = "Empty".into();
                group.listing.group_type = GroupType::Share;
                group.committed.as_mut().unwrap()[0].lag = Some(17);
            },
            &["billing: no member, 17 records behind in 1 partitions"],
        ),
        case(
            OffsetsLost,
            Warning,
            |s| {
                let committed = billing(s).committed.as_mut().unwrap();
                committed[1].offset = 400;
                committed[4].offset = 900;
            },
            &[
                "billing: orders-1 committed 400, the log starts at 1000: 600 offsets deleted unread (and in 1 more partitions)",
            ],
        ),
        case(
            OffsetsLost,
            Info,
            |s| {
                billing(s).listing.state = "Empty".into();
                billing(s).committed.as_mut().unwrap()[1].offset = 5_001;
            },
            &[
                "billing: orders-1 committed 5001, the log ends at 5000: truncated, or the topic was made anew",
            ],
        ),
        case(
            GroupRebalancing,
            Warning,
            |s| {
                billing(s).listing.state = "PreparingRebalance".into();
                before(s, 3, |_| {});
            },
            &["billing: PreparingRebalance now and in each snapshot of the last 3 min, 1 members"],
        ),
        case(
            GroupStuck,
            Warning,
            |s| {
                behind(s);
                before(s, 5, |_| {});
            },
            &["billing: Stable, 300 records behind, nothing committed for 5 min"],
        ),
        case(
            GroupStuck,
            Info,
            |s| {
                behind(s);
                before(s, 1, |_| {});
            },
            &["billing: Stable, 300 records behind, nothing committed for 60 s"],
        ),
        case(
            StaticMembersGone,
            Warning,
            |s| {
                billing(s).members = Some(vec![
                    member("m-1", Some("pod-1"), Some(9)),
                    member("m-2", Some("pod-2"), Some(-2)),
                ]);
            },
            &["billing: pod-2 left for now (member epoch -2)"],
        ),
        case(
            StaticMembersGone,
            Info,
            |s| {
                let one = member("m-1", Some("pod-1"), None);
                billing(s).members = Some(vec![one.clone()]);
                before(s, 4, |then| {
                    let two = member("m-2", Some("pod-2"), None);
                    billing(then).members = Some(vec![one, two]);
                });
            },
            &["billing: pod-2 there 4 min ago, not now; 1 static members are left"],
        ),
    ]
}

#[test]
fn offsets_in_topics_that_a_group_has_left_are_nobodys_trouble() {
    let mut snapshot = sound();
    let committed = billing(&mut snapshot).committed.as_mut().unwrap();
    (committed[1].offset, committed[2].offset) = (400, 4_700);
    let holds = |partitions: &[i32]| Member {
        assignment: Some(vec![TopicPartitions {
            topic: "orders".into(),
            partitions: partitions.into(),
        }]),
        ..member("m-1", None, Some(4))
    };
    let judged = |snapshot: &mut Snapshot, members: Vec<Member>| {
        billing(snapshot).members = Some(members);
        snapshot.before = None;
        before(snapshot, 10, |_| {});
        rules(&report(snapshot))
    };
    let lost = |severity| (Rule::OffsetsLost, severity);
    let stuck = (Rule::GroupStuck, Severity::Warning);
    assert_eq!(
        judged(&mut snapshot, vec![holds(&[0, 3]), holds(&[4, 5])]),
        [lost(Severity::Info)]
    );
    assert_eq!(
        judged(&mut snapshot, vec![holds(&[0, 1]), holds(&[2])]),
        [lost(Severity::Warning), stuck]
    );
    // What is not known may be held.
    assert_eq!(
        judged(&mut snapshot, vec![holds(&[0]), member("m-2", None, None)]),
        [lost(Severity::Warning), stuck]
    );
    // Members of a streams group hold tasks.
    billing(&mut snapshot).listing.group_type = GroupType::Streams;
    assert_eq!(
        judged(&mut snapshot, vec![holds(&[0])]),
        [lost(Severity::Warning), stuck]
    );
}

fn transactions() -> Vec<Case> {
    use Rule::*;
    use Severity::*;
    vec![
        case(
            HangingTransactions,
            Critical,
            |s| s.transactions = Some(vec![transaction()]),
            &[
                "orders-2: producer 4711, open for 31 min, since offset 812, not known to its coordinator; last stable offset 812, high watermark 40112: 39300 offsets held back",
            ],
        ),
        case(
            HangingTransactions,
            Warning,
            |s| {
                s.transactions = Some(vec![OpenTransaction {
                    transactional_id: Some("payments".into()),
                    timeout_ms: Some(60_000),
                    known_to_coordinator: Some(true),
                    ..transaction()
                }]);
            },
            &[
                "orders-2: producer 4711 (payments), open for 31 min of at most 60 s, since offset 812, ongoing for its coordinator; last stable offset 812, high watermark 40112: 39300 offsets held back",
            ],
        ),
        case(
            OpenTransactionsOverdue,
            Warning,
            |s| {
                s.transactions = Some(vec![OpenTransaction {
                    known_to_coordinator: None,
                    last_stable_offset: None,
                    ..transaction()
                }]);
            },
            &["orders-2: producer 4711, open for 31 min, since offset 812, coordinator not asked"],
        ),
    ]
}
