//! Whole reads against scripted brokers: one that is frozen, one that has handed its groups over.

use super::super::peer::{Do, Peer, Seen, profile};
use super::super::route::Router;
use super::*;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartitions, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{
    BrokerId, FindCoordinatorRequest, FindCoordinatorResponse, ListGroupsRequest,
    ListGroupsResponse, MetadataRequest, MetadataResponse, OffsetFetchRequest, OffsetFetchResponse,
    TopicName,
};
use kafkaweave_core::model::{GroupListing, GroupType};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Two brokers, 1 and 2, that both know of each other and of the topic that keeps groups; anything
/// but Metadata goes to `script` with the broker's id.
async fn pair(script: fn(i32, &Seen) -> Do) -> (Router, [Peer; 2]) {
    let ports: Arc<OnceLock<[u16; 2]>> = Arc::default();
    let start = |id: i32| {
        let ports = Arc::clone(&ports);
        Peer::start(move |seen| {
            if !seen.is::<MetadataRequest>() {
                return script(id, seen);
            }
            seen.answer::<MetadataRequest>(&metadata(*ports.get().unwrap()))
        })
    };
    let peers = [start(1).await, start(2).await];
    ports.set([peers[0].port, peers[1].port]).unwrap();
    let router = Router::new(profile(peers.iter().map(Peer::address).collect()));
    (router, peers)
}

fn metadata(ports: [u16; 2]) -> MetadataResponse {
    let broker = |(id, port): (i32, u16)| {
        MetadataResponseBroker::default()
            .with_node_id(BrokerId(id))
            .with_host(StrBytes::from_static_str("127.0.0.1"))
            .with_port(i32::from(port))
    };
    let partition = MetadataResponsePartition::default().with_leader_id(BrokerId(2));
    let topic = MetadataResponseTopic::default()
        .with_name(Some(TopicName(StrBytes::from_static_str(
            "__consumer_offsets",
        ))))
        .with_partitions(vec![partition]);
    MetadataResponse::default()
        .with_brokers([(1, ports[0]), (2, ports[1])].map(broker).into())
        .with_topics(vec![topic])
}

fn listing(group: &str, coordinator: i32) -> GroupListing {
    GroupListing {
        group: group.into(),
        group_type: GroupType::Classic,
        state: "Empty".into(),
        protocol_type: String::new(),
        coordinator,
    }
}

fn listed(name: &str) -> ListedGroup {
    ListedGroup::default()
        .with_group_id(group_id(name))
        .with_group_state(StrBytes::from_static_str("Stable"))
        .with_group_type(StrBytes::from_static_str("Classic"))
}

#[tokio::test]
async fn a_frozen_broker_is_a_gap_in_the_list_and_costs_one_timeout() {
    let (router, _peers) = pair(|id, seen| match id {
        1 if seen.is::<ListGroupsRequest>() => {
            let groups = vec![listed("b"), listed("a")];
            let answer = ListGroupsResponse::default().with_groups(groups);
            seen.answer::<ListGroupsRequest>(&answer)
        }
        2 if seen.is::<ListGroupsRequest>() => Do::Ignore,
        _ => Do::Usual,
    })
    .await;
    let since = Instant::now();
    let partial = list(&router).await.unwrap();
    assert!(since.elapsed() < Duration::from_millis(800));
    let names: Vec<_> = partial.value.iter().map(|g| g.group.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(partial.value[0].coordinator, 1);
    assert_eq!(partial.missing.len(), 1);
    assert_eq!(partial.missing[0].broker, Some(2));
    assert_eq!(partial.missing[0].what, "groups that broker 2 coordinates");
}

#[tokio::test]
async fn when_no_broker_lists_its_groups_that_is_an_error() {
    let (router, _peers) = pair(|_, seen| {
        if seen.is::<ListGroupsRequest>() {
            let answer = ListGroupsResponse::default().with_error_code(31);
            seen.answer::<ListGroupsRequest>(&answer)
        } else {
            Do::Usual
        }
    })
    .await;
    let error = list(&router).await.unwrap_err();
    assert!(error.to_string().contains("not authorized"), "{error}");
}

/// Broker 1 coordinates nothing any more; broker 2 does.
fn handed_over(id: i32, seen: &Seen) -> Do {
    if seen.is::<FindCoordinatorRequest>() {
        let keys = seen.read::<FindCoordinatorRequest>().coordinator_keys;
        let at_2 = |key: StrBytes| {
            Coordinator::default()
                .with_key(key)
                .with_node_id(BrokerId(2))
        };
        let answer = FindCoordinatorResponse::default()
            .with_coordinators(keys.into_iter().map(at_2).collect());
        return seen.answer::<FindCoordinatorRequest>(&answer);
    }
    if !seen.is::<OffsetFetchRequest>() {
        return Do::Usual;
    }
    let of = |name: GroupId| {
        let group = OffsetFetchResponseGroup::default().with_group_id(name.clone());
        if id == 1 && name.as_str().starts_with("moved") {
            return group.with_error_code(16);
        }
        let partition = OffsetFetchResponsePartitions::default()
            .with_partition_index(3)
            .with_committed_offset(i64::from(id) * 100);
        group.with_topics(vec![
            OffsetFetchResponseTopics::default()
                .with_name(TopicName(StrBytes::from_static_str("orders")))
                .with_partitions(vec![partition]),
        ])
    };
    let groups = seen.read::<OffsetFetchRequest>().groups;
    let answer = OffsetFetchResponse::default()
        .with_groups(groups.into_iter().map(|g| of(g.group_id)).collect());
    seen.answer::<OffsetFetchRequest>(&answer)
}

#[tokio::test]
async fn a_group_that_moved_is_found_again_and_the_rest_is_not_asked_twice() {
    let (router, _peers) = pair(handed_over).await;
    let groups = [
        listing("moved-1", 1),
        listing("stays", 1),
        listing("moved-2", 1),
    ];
    let partial = committed(&router, &groups).await.unwrap();
    assert!(partial.missing.is_empty(), "{:?}", partial.missing);
    let rows: Vec<_> = partial
        .value
        .iter()
        .map(|g| (g.group.as_str(), g.offsets[0].offset))
        .collect();
    assert_eq!(rows, [("moved-1", 200), ("moved-2", 200), ("stays", 100)]);
    let sent = router.stats();
    assert_eq!((sent.sent(9), sent.sent(10)), (2, 1));
}

#[tokio::test]
async fn a_frozen_coordinator_is_one_gap_for_its_groups_and_the_others_answer() {
    let (router, _peers) = pair(|id, seen| match id {
        2 if seen.is::<OffsetFetchRequest>() => Do::Ignore,
        _ => handed_over(id, seen),
    })
    .await;
    let groups = [listing("x", 2), listing("y", 2), listing("stays", 1)];
    let since = Instant::now();
    let partial = committed(&router, &groups).await.unwrap();
    assert!(since.elapsed() < Duration::from_millis(800));
    assert_eq!(partial.value.len(), 1);
    assert_eq!(partial.missing.len(), 1);
    assert_eq!(
        partial.missing[0].what,
        "committed offsets of groups `x`, `y`"
    );
    assert!(partial.missing[0].why.contains("no answer to OffsetFetch"));
}
