mod time;

use super::*;
use crate::model::{CommittedOffset, Member, StreamsTask, TopicPartitions};

const NOW_MS: i64 = 1_795_500_000_000;

fn listing(group: &str, group_type: GroupType, state: &str) -> GroupListing {
    GroupListing {
        group: group.into(),
        group_type,
        state: state.into(),
        protocol_type: "consumer".into(),
        coordinator: 2,
    }
}

fn commits(group: &str, rows: &[(&str, i32, i64)]) -> GroupOffsets {
    GroupOffsets {
        group: group.into(),
        offsets: rows
            .iter()
            .map(|(topic, partition, offset)| CommittedOffset {
                topic: (*topic).into(),
                partition: *partition,
                offset: *offset,
                leader_epoch: None,
                metadata: String::new(),
                lag: None,
            })
            .collect(),
    }
}

fn log(rows: &[(&str, i32, i64, i64)]) -> Vec<PartitionOffset> {
    rows.iter()
        .flat_map(|(topic, partition, start, end)| {
            [(OffsetSpec::Earliest, *start), (OffsetSpec::Latest, *end)].map(|(spec, offset)| {
                PartitionOffset {
                    partition: TopicPartition::new(*topic, *partition),
                    spec,
                    offset: Some(offset),
                    timestamp_ms: None,
                }
            })
        })
        .collect()
}

fn member(client: &str, topic: &str, partitions: &[i32]) -> Member {
    Member {
        member_id: format!("{client}-6f1c"),
        client_id: client.into(),
        host: "/10.0.3.17".into(),
        assignment: Some(vec![TopicPartitions {
            topic: topic.into(),
            partitions: partitions.into(),
        }]),
        ..Member::default()
    }
}

fn description(group: &str, members: Vec<Member>) -> GroupDescription {
    GroupDescription {
        group: group.into(),
        group_type: GroupType::Classic,
        state: "Stable".into(),
        protocol_type: "consumer".into(),
        assignor: "range".into(),
        coordinator: 2,
        epoch: None,
        assignment_epoch: None,
        members,
        subtopologies: vec![],
    }
}

/// The parts of an input that own their data.
#[derive(Default)]
struct World {
    groups: Vec<GroupListing>,
    committed: Vec<GroupOffsets>,
    offsets: Vec<PartitionOffset>,
    descriptions: Option<Vec<GroupDescription>>,
    first_unread: FirstUnread,
    newest_ms: BTreeMap<TopicPartition, i64>,
    now_ms: Option<i64>,
    missing: Vec<Missing>,
}

impl World {
    fn one(rows: &[(&str, i32, i64)], log_rows: &[(&str, i32, i64, i64)]) -> Self {
        Self {
            groups: vec![listing("billing", GroupType::Classic, "Stable")],
            committed: vec![commits("billing", rows)],
            offsets: log(log_rows),
            now_ms: Some(NOW_MS),
            ..Self::default()
        }
    }

    fn lag(&self) -> Vec<GroupLag> {
        lag(&LagInput {
            groups: &self.groups,
            committed: &self.committed,
            offsets: &self.offsets,
            descriptions: self.descriptions.as_deref(),
            first_unread: &self.first_unread,
            newest_ms: &self.newest_ms,
            now_ms: self.now_ms,
            missing: &self.missing,
        })
    }

    fn only(&self) -> GroupLag {
        let mut groups = self.lag();
        assert_eq!(groups.len(), 1);
        groups.remove(0)
    }
}

#[test]
fn each_position_in_the_log_has_its_state_and_lag() {
    // committed, log start, log end -> state, lag, lost
    let table = [
        (Some(90), 0, 100, LagState::Ok, Some(10), None),
        (Some(100), 0, 100, LagState::Ok, Some(0), None),
        (Some(0), 0, 100, LagState::Ok, Some(100), None),
        (Some(40), 40, 100, LagState::Ok, Some(60), None),
        (Some(39), 40, 100, LagState::Expired, Some(61), Some(1)),
        (Some(10), 100, 100, LagState::Expired, Some(90), Some(90)),
        (Some(101), 0, 100, LagState::BeyondEnd, None, None),
        (Some(-1), 0, 100, LagState::NoCommit, None, None),
        (Some(-1), 7, 7, LagState::NoCommit, Some(0), None),
    ];
    for (committed, start, end, state, lag, lost) in table {
        let rows: Vec<_> = committed.map(|c| ("orders", 0, c)).into_iter().collect();
        let group = World::one(&rows, &[("orders", 0, start, end)]).only();
        let row = &group.partitions[0];
        let case = format!("{committed:?} in {start}..{end}");
        assert_eq!((row.state, row.lag, row.lost), (state, lag, lost), "{case}");
        assert_eq!(group.totals.lag, lag, "{case}");
        assert_eq!(group.totals.lag_is_lower_bound, lag.is_none(), "{case}");
    }
}

#[test]
fn an_unknown_end_is_unknown_with_its_reason_and_makes_the_sum_a_lower_bound() {
    let mut world = World::one(
        &[("orders", 0, 90), ("orders", 1, 90), ("gone", 0, 5)],
        &[("orders", 0, 0, 100)],
    );
    world.missing = vec![
        Missing {
            what: "offsets of orders-1".into(),
            broker: Some(3),
            why: "`10.0.0.3:9092`: no answer to ListOffsets within 10000 ms".into(),
        },
        Missing {
            what: "topic `gone`".into(),
            broker: None,
            why: "topic `gone` does not exist".into(),
        },
    ];
    let group = world.only();
    let row = |topic: &str, partition| {
        group
            .partitions
            .iter()
            .find(|p| p.topic == topic && p.partition == partition)
            .unwrap()
    };
    assert_eq!(row("orders", 1).state, LagState::Unknown);
    assert_eq!(row("orders", 1).lag, None);
    assert!(
        row("orders", 1)
            .why
            .as_deref()
            .unwrap()
            .contains("10.0.0.3:9092")
    );
    assert_eq!(
        row("gone", 0).why.as_deref(),
        Some("topic `gone` does not exist")
    );
    assert_eq!(group.totals.lag, Some(10));
    assert!(group.totals.lag_is_lower_bound);
    assert_eq!((group.totals.partitions, group.totals.unknown), (3, 2));
    let gone = group.topics.iter().find(|t| t.topic == "gone").unwrap();
    assert_eq!(gone.totals.lag, None);
    let orders = group.topics.iter().find(|t| t.topic == "orders").unwrap();
    assert_eq!(
        (orders.totals.lag, orders.totals.lag_is_lower_bound),
        (Some(10), true)
    );
}

#[test]
fn a_group_whose_commits_are_unknown_has_no_lag_of_zero() {
    let mut world = World::one(&[], &[]);
    world.committed.clear();
    world.missing = vec![Missing {
        what: "offsets of group `billing`".into(),
        broker: Some(2),
        why: "not authorized".into(),
    }];
    world.descriptions = Some(vec![description(
        "billing",
        vec![member("b1", "orders", &[0])],
    )]);
    world.offsets = log(&[("orders", 0, 4, 4)]);
    let group = world.only();
    assert_eq!(group.totals.lag, None);
    assert!(group.totals.lag_is_lower_bound);
    assert!(group.why.as_deref().unwrap().contains("not authorized"));
    assert_eq!(group.partitions[0].state, LagState::Unknown);
}

#[test]
fn a_partition_error_inside_a_good_answer_is_an_unknown_partition_of_that_group_alone() {
    let mut world = World::one(
        &[("orders", 0, 90)],
        &[("orders", 0, 0, 100), ("orders", 1, 0, 9)],
    );
    world
        .groups
        .push(listing("twin", GroupType::Classic, "Empty"));
    world.committed.push(commits("twin", &[("orders", 1, 9)]));
    world.missing = vec![Missing {
        what: commit_gap("billing", &TopicPartition::new("orders", 1)),
        broker: Some(2),
        why: "UNSTABLE_OFFSET_COMMIT".into(),
    }];
    let [billing, twin] = <[GroupLag; 2]>::try_from(world.lag()).unwrap();
    assert_eq!(billing.partitions[1].state, LagState::Unknown);
    assert_eq!(
        billing.partitions[1].why.as_deref(),
        Some("UNSTABLE_OFFSET_COMMIT")
    );
    assert_eq!(
        (billing.totals.lag, billing.totals.lag_is_lower_bound),
        (Some(10), true)
    );
    assert_eq!(
        (twin.totals.lag, twin.totals.lag_is_lower_bound),
        (Some(0), false)
    );
}

#[test]
fn an_unreadable_assignment_leaves_ownership_unknown_instead_of_none() {
    let mut world = World::one(&[("orders", 0, 1)], &[("orders", 0, 0, 1)]);
    let unread = Member {
        assignment: None,
        ..member("connect-1", "orders", &[])
    };
    world.descriptions = Some(vec![description("billing", vec![unread])]);
    assert_eq!(world.only().totals.without_owner, None);
    assert_eq!(world.only().members, Some(1));
}

#[test]
fn a_group_without_commits_says_so_instead_of_zero() {
    let group = World::one(&[], &[]).only();
    assert_eq!(group.totals.lag, None);
    assert_eq!(
        group.why.as_deref(),
        Some("the group has committed no offsets")
    );
}

#[test]
fn owners_come_from_assignments_and_partitions_without_one_are_counted() {
    let mut world = World::one(
        &[("orders", 0, 1), ("orders", 1, 1), ("old", 0, 1)],
        &[
            ("orders", 0, 0, 1),
            ("orders", 1, 0, 1),
            ("orders", 2, 0, 9),
            ("old", 0, 0, 1),
        ],
    );
    assert_eq!(world.only().totals.without_owner, None);
    world.descriptions = Some(vec![description(
        "billing",
        vec![
            member("b1", "orders", &[0]),
            member("b2", "orders", &[1, 2]),
        ],
    )]);
    let group = world.only();
    assert_eq!(group.members, Some(2));
    assert_eq!(group.totals.without_owner, Some(1));
    let owner = |i: usize| group.partitions[i].owner.as_ref().map(ToString::to_string);
    assert_eq!(owner(0), None);
    assert_eq!(owner(1).as_deref(), Some("b1@10.0.3.17"));
    // Held, nothing committed yet.
    assert_eq!(group.partitions[3].state, LagState::NoCommit);
    assert_eq!(owner(3).as_deref(), Some("b2@10.0.3.17"));
    assert!(group.totals.lag_is_lower_bound);
}

#[test]
fn a_streams_task_owns_its_partition_of_every_source_topic_that_has_it() {
    let mut world = World::one(
        &[("in", 1, 3)],
        &[("in", 0, 0, 5), ("in", 1, 0, 5), ("side", 0, 0, 2)],
    );
    let mut described = description("billing", vec![]);
    described.subtopologies = vec![("0".into(), vec!["in".into(), "side".into()])];
    let task = |role: &str, partitions: &[i32]| StreamsTask {
        subtopology: "0".into(),
        partitions: partitions.into(),
        role: role.into(),
    };
    described.members = vec![Member {
        member_id: "m".into(),
        client_id: "app".into(),
        assignment: Some(vec![]),
        tasks: vec![task("active", &[0, 1]), task("standby", &[7])],
        ..Member::default()
    }];
    world.missing = vec![Missing {
        what: "offsets of side-1".into(),
        broker: None,
        why: "topic `side` has no partition 1; it has 1".into(),
    }];
    assert_eq!(
        wanted_partitions(&world.committed, Some(std::slice::from_ref(&described)))
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        ["in-0", "in-1", "side-0", "side-1"]
    );
    world.descriptions = Some(vec![described]);
    let group = world.only();
    let shown: Vec<_> = group
        .partitions
        .iter()
        .map(|p| (p.topic.as_str(), p.partition, p.owner.is_some()))
        .collect();
    assert_eq!(shown, [("in", 0, true), ("in", 1, true), ("side", 0, true)]);
}

#[test]
fn a_share_groups_lag_is_the_coordinators_and_otherwise_a_bound() {
    // The coordinator's count, start offset -> lag and a part of the reason
    for (told, start, lag, why) in [
        (Some(0), 148, Some(0), None),
        (Some(3), 148, Some(3), None),
        (None, 148, None, Some("at most 148")),
        (None, 296, Some(0), None),
    ] {
        let mut world = World::one(&[("jobs", 0, start)], &[("jobs", 0, 0, 296)]);
        world.groups[0].group_type = GroupType::Share;
        world.committed[0].offsets[0].lag = told;
        let group = world.only();
        let row = &group.partitions[0];
        assert_eq!(row.lag, lag, "{told:?} {start}");
        assert_eq!(row.time_lag_ms.is_some(), lag == Some(0));
        match why {
            Some(why) => assert!(row.why.as_deref().unwrap().contains(why), "{row:?}"),
            None => assert_eq!(row.why, None),
        }
        assert!(unread_positions(&[group]).is_empty());
    }
}

#[test]
fn members_of_a_share_group_share_a_partition() {
    let mut world = World::one(&[("jobs", 0, 4)], &[("jobs", 0, 0, 10)]);
    world.descriptions = Some(vec![description(
        "billing",
        ["a", "b", "c"].map(|m| member(m, "jobs", &[0])).into(),
    )]);
    let owner = world.only().partitions[0].owner.clone().unwrap();
    assert_eq!(owner.to_string(), "a@10.0.3.17 and 2 more");
}
