//! Groups with members: rounds of the classic protocol at every version, static members, expiry, KIP-848.

use bytes::Bytes;
use kafka_protocol::messages::*;

use crate::client::{Bed, Wire, group, name, text, until};

fn join(
    group_id: &str,
    member: &str,
    instance: Option<&str>,
    session_ms: i32,
    version: i16,
) -> JoinGroupRequest {
    let protocol = join_group_request::JoinGroupRequestProtocol::default()
        .with_name(text("range"))
        .with_metadata(Bytes::from_static(b"\0\0\0\0\0\0\xff\xff\xff\xff"));
    let request = JoinGroupRequest::default()
        .with_group_id(group(group_id))
        .with_session_timeout_ms(session_ms)
        .with_member_id(text(member))
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol]);
    let request = if version >= 1 {
        request.with_rebalance_timeout_ms(5_000)
    } else {
        request
    };
    if version >= 5 {
        request.with_group_instance_id(instance.map(text))
    } else {
        request
    }
}

/// Joins as a client does: once more if it is told its id first.
async fn joined(wire: &mut Wire, group_id: &str, member: &str, version: i16) -> JoinGroupResponse {
    let response = wire
        .call(&join(group_id, member, None, 30_000, version), version)
        .await;
    if response.error_code != 79 {
        return response;
    }
    assert!(version >= 4);
    let member = response.member_id.to_string();
    wire.call(&join(group_id, &member, None, 30_000, version), version)
        .await
}

fn sync(
    group_id: &str,
    place: &JoinGroupResponse,
    shares: &[(&str, &'static [u8])],
) -> SyncGroupRequest {
    let shares = shares.iter().map(|(member, share)| {
        sync_group_request::SyncGroupRequestAssignment::default()
            .with_member_id(text(member))
            .with_assignment(Bytes::from_static(share))
    });
    SyncGroupRequest::default()
        .with_group_id(group(group_id))
        .with_generation_id(place.generation_id)
        .with_member_id(place.member_id.clone())
        .with_assignments(shares.collect())
}

fn beat(group_id: &str, place: &JoinGroupResponse) -> HeartbeatRequest {
    HeartbeatRequest::default()
        .with_group_id(group(group_id))
        .with_generation_id(place.generation_id)
        .with_member_id(place.member_id.clone())
}

#[tokio::test]
async fn a_member_joins_syncs_beats_and_leaves_at_every_version() {
    let bed = Bed::empty().await;
    for version in 0..=9_i16 {
        let id = format!("g{version}");
        let mut wire = bed.coordinator(&id).await;
        let place = joined(&mut wire, &id, "", version).await;
        assert_eq!(
            (place.error_code, place.generation_id, &place.leader),
            (0, 1, &place.member_id),
            "v{version}"
        );
        assert_eq!(place.members.len(), 1);
        let version = version.min(5);
        let request = sync(&id, &place, &[(&place.member_id, b"share")]);
        let request = if version >= 5 {
            request
                .with_protocol_type(Some(text("consumer")))
                .with_protocol_name(Some(text("range")))
        } else {
            request
        };
        let synced = wire.call(&request, version).await;
        assert_eq!(
            (synced.error_code, &synced.assignment[..]),
            (0, &b"share"[..])
        );
        assert_eq!(
            wire.call(&beat(&id, &place), version.min(4))
                .await
                .error_code,
            0
        );
        let leave = LeaveGroupRequest::default().with_group_id(group(&id));
        let leave = if version >= 3 {
            leave.with_members(vec![
                leave_group_request::MemberIdentity::default()
                    .with_member_id(place.member_id.clone()),
            ])
        } else {
            leave.with_member_id(place.member_id.clone())
        };
        let left = wire.call(&leave, version).await;
        assert_eq!(left.error_code, 0);
        assert!(left.members.iter().all(|member| member.error_code == 0));
        assert_eq!(wire.call(&beat(&id, &place), 0).await.error_code, 25);
        // The other nodes are not asked in vain.
        let node = bed.coordinator_id(&id).await % 3 + 1;
        assert_eq!(
            bed.node(node)
                .await
                .call(&beat(&id, &place), 0)
                .await
                .error_code,
            16
        );
    }
}

#[tokio::test]
async fn two_members_share_after_a_rebalance() {
    let bed = Bed::empty().await;
    let (mut first, mut second) = (bed.coordinator("g").await, bed.coordinator("g").await);
    let one = joined(&mut first, "g", "", 9).await;
    first
        .call(&sync("g", &one, &[(&one.member_id, b"all")]), 3)
        .await;
    let id = second
        .call(&join("g", "", None, 30_000, 9), 9)
        .await
        .member_id;
    second.send(&join("g", &id, None, 30_000, 9), 9).await;
    until("the first member is told to rebalance", async || {
        first.call(&beat("g", &one), 4).await.error_code == 27
    })
    .await;
    let again = joined(&mut first, "g", &one.member_id, 9).await;
    assert_eq!(
        (again.generation_id, again.members.len(), &again.leader),
        (2, 2, &one.member_id)
    );
    let mut frame = second.frame().await.unwrap();
    let _header = frame.split_to(5);
    let two =
        <JoinGroupResponse as kafka_protocol::protocol::Decodable>::decode(&mut frame, 9).unwrap();
    assert_eq!(
        (two.error_code, two.generation_id, two.members.len()),
        (0, 2, 0)
    );
    second.send(&sync("g", &two, &[]), 3).await;
    let shares = first
        .call(
            &sync("g", &again, &[(&one.member_id, b"a"), (&id, b"b")]),
            3,
        )
        .await;
    assert_eq!(&shares.assignment[..], b"a");
    let mut frame = second.frame().await.unwrap();
    let _header = frame.split_to(4);
    let share =
        <SyncGroupResponse as kafka_protocol::protocol::Decodable>::decode(&mut frame, 3).unwrap();
    assert_eq!((share.error_code, &share.assignment[..]), (0, &b"b"[..]));
}

#[tokio::test]
async fn a_silent_member_expires_and_a_static_one_comes_back_to_its_place() {
    let bed = Bed::empty().await;
    let mut wire = bed.coordinator("g").await;
    let place = wire.call(&join("g", "", Some("i"), 1_000, 9), 9).await;
    assert_eq!(place.error_code, 0, "static members need no second call");
    wire.call(&sync("g", &place, &[(&place.member_id, b"all")]), 3)
        .await;
    let back = wire.call(&join("g", "", Some("i"), 1_000, 9), 9).await;
    assert_eq!((back.error_code, back.generation_id), (0, 1));
    let old = beat("g", &place).with_group_instance_id(Some(text("i")));
    assert_eq!(wire.call(&old, 4).await.error_code, 82);
    until("the silent member is out", async || {
        let described = wire
            .call(
                &DescribeGroupsRequest::default().with_groups(vec![group("g")]),
                6,
            )
            .await;
        described.groups[0].group_state.as_str() == "Empty"
    })
    .await;
    for (session_ms, error) in [(999, 26), (1_800_001, 26)] {
        assert_eq!(
            wire.call(&join("g", "", None, session_ms, 9), 9)
                .await
                .error_code,
            error
        );
    }
    assert_eq!(
        wire.call(&join("", "", None, 10_000, 9), 9)
            .await
            .error_code,
        24
    );
}

#[tokio::test]
async fn commits_need_the_generation_while_there_are_members() {
    let bed = Bed::empty().await;
    bed.create("t", 1, &[]).await;
    let mut wire = bed.coordinator("g").await;
    let place = joined(&mut wire, "g", "", 9).await;
    use offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
    let commit = |member: &str, generation| {
        let row = OffsetCommitRequestPartition::default()
            .with_committed_offset(5)
            .with_committed_metadata(Some(text("")));
        let topic = OffsetCommitRequestTopic::default()
            .with_name(name("t"))
            .with_partitions(vec![row]);
        OffsetCommitRequest::default()
            .with_group_id(group("g"))
            .with_member_id(text(member))
            .with_generation_id_or_member_epoch(generation)
            .with_topics(vec![topic])
    };
    let mut code = async |member: &str, generation| {
        wire.call(&commit(member, generation), 9).await.topics[0].partitions[0].error_code
    };
    let member = place.member_id.to_string();
    assert_eq!(code(&member, 1).await, 27, "not synced yet");
    assert_eq!(code(&member, 0).await, 22);
    assert_eq!(code("other", 1).await, 25);
    assert_eq!(
        code("", -1).await,
        25,
        "an outsider may not move a live group"
    );
    let mut wire = bed.coordinator("g").await;
    wire.call(&sync("g", &place, &[]), 3).await;
    assert_eq!(code(&member, 1).await, 0);
}

#[tokio::test]
async fn the_new_protocol_assigns_reconciles_and_is_described() {
    let bed = Bed::empty().await;
    bed.create("t", 4, &[]).await;
    let mut wire = bed.coordinator("g").await;
    let heartbeat = |member: &str, epoch: i32, owned: Option<Vec<i32>>, id: uuid::Uuid| {
        use consumer_group_heartbeat_request::TopicPartitions;
        let request = ConsumerGroupHeartbeatRequest::default()
            .with_group_id(group("g"))
            .with_member_id(text(member))
            .with_member_epoch(epoch)
            .with_topic_partitions(owned.map(|owned| {
                if owned.is_empty() {
                    vec![]
                } else {
                    vec![
                        TopicPartitions::default()
                            .with_topic_id(id)
                            .with_partitions(owned),
                    ]
                }
            }));
        if epoch == 0 {
            request
                .with_rebalance_timeout_ms(10_000)
                .with_subscribed_topic_names(Some(vec![name("t")]))
                .with_subscribed_topic_regex(None)
        } else {
            request.with_subscribed_topic_names(None)
        }
    };
    let id = bed.metadata("t").await.topic_id;
    let first = wire.call(&heartbeat("", 0, Some(vec![]), id), 0).await;
    let one = first.member_id.unwrap().to_string();
    assert_eq!((first.error_code, first.member_epoch), (0, 1));
    assert_eq!(
        first.assignment.unwrap().topic_partitions[0].partitions,
        [0, 1, 2, 3]
    );
    let second = wire.call(&heartbeat("two", 0, Some(vec![]), id), 1).await;
    assert_eq!((second.error_code, second.member_epoch), (0, 2));
    assert!(second.assignment.unwrap().topic_partitions.is_empty());
    let kept = wire
        .call(&heartbeat(&one, 1, None, id), 1)
        .await
        .assignment
        .unwrap()
        .topic_partitions[0]
        .partitions
        .clone();
    assert_eq!(kept.len(), 2);
    assert_eq!(
        wire.call(&heartbeat(&one, 1, Some(kept), id), 1)
            .await
            .member_epoch,
        2
    );
    let given = wire
        .call(&heartbeat("two", 2, None, id), 1)
        .await
        .assignment
        .unwrap();
    assert_eq!(given.topic_partitions[0].partitions.len(), 2);
    for version in 0..=1 {
        let request = ConsumerGroupDescribeRequest::default()
            .with_group_ids(vec![group("g")])
            .with_include_authorized_operations(true);
        let described = &wire.call(&request, version).await.groups[0];
        assert_eq!(
            (
                described.error_code,
                described.group_state.as_str(),
                described.group_epoch
            ),
            (0, "Stable", 2)
        );
        let sizes: Vec<usize> = described
            .members
            .iter()
            .map(|member| member.assignment.topic_partitions[0].partitions.len())
            .collect();
        assert_eq!(sizes, [2, 2]);
    }
    // The classic call points to the other one.
    let classic = wire
        .call(
            &DescribeGroupsRequest::default().with_groups(vec![group("g")]),
            6,
        )
        .await;
    assert_eq!(classic.groups[0].error_code, 69);
    assert_eq!(
        classic.groups[0].error_message.as_deref(),
        Some("Group g is not a classic group.")
    );
    assert_eq!(
        wire.call(&heartbeat("two", -1, None, id), 1)
            .await
            .member_epoch,
        -1
    );
    assert_eq!(
        wire.call(&heartbeat("two", 2, None, id), 1)
            .await
            .error_code,
        25
    );
}
