//! Fault hooks and counters.

use std::time::{Duration, Instant};

use kafka_protocol::messages::*;
use kafka_protocol::protocol::Request;
use kafkaweave_sandbox::{Fault, Rule};

use crate::client::{Bed, group, name, text, until};

#[tokio::test]
async fn errors_delays_and_lost_connections_come_as_ordered() {
    let bed = Bed::quiet().await;
    let faults = bed.sandbox.faults();
    let list = ListGroupsRequest::default();
    let key = ListGroupsRequest::KEY;
    faults.inject(Rule::new(key, Fault::Error(15)).at(1).times(1));
    let mut wire = bed.node(1).await;
    assert_eq!(wire.call(&list, 5).await.error_code, 15);
    assert_eq!(wire.call(&list, 5).await.error_code, 0, "once only");
    let slow = faults.inject(Rule::new(key, Fault::Delay(Duration::from_millis(120))));
    let start = Instant::now();
    wire.call(&list, 5).await;
    assert!(start.elapsed() >= Duration::from_millis(120));
    assert_eq!(faults.hits(slow), Some(1));
    faults.remove(slow);
    faults.inject(Rule::new(key, Fault::Drop).times(1));
    assert!(wire.try_call(&list, 5).await.is_none());
    assert_eq!(bed.node(1).await.call(&list, 5).await.error_code, 0);
}

#[tokio::test]
async fn a_lost_answer_leaves_the_work_done() {
    let bed = Bed::empty().await;
    bed.create("t", 1, &[]).await;
    bed.sandbox
        .faults()
        .inject(Rule::new(DeleteTopicsRequest::KEY, Fault::DropAfter).times(1));
    let request = DeleteTopicsRequest::default().with_topic_names(vec![name("t")]);
    assert!(bed.node(1).await.try_call(&request, 5).await.is_none());
    assert_eq!(bed.metadata("t").await.error_code, 3);
}

#[tokio::test]
async fn every_api_can_be_refused() {
    let bed = Bed::empty().await;
    bed.sandbox.faults().inject(Rule {
        api_key: None,
        ..Rule::new(0, Fault::Error(41))
    });
    let mut wire = bed.node(1).await;
    macro_rules! refused {
        ($($request:expr, $version:expr => $find:expr;)*) => {
            $(assert_eq!(($find)(wire.call(&$request, $version).await), 41);)*
        };
    }
    let topics = vec![metadata_request::MetadataRequestTopic::default().with_name(Some(name("t")))];
    refused! {
        MetadataRequest::default().with_topics(Some(topics)), 9 => |r: MetadataResponse| r.topics[0].error_code;
        MetadataRequest::default().with_topics(None), 13 => |r: MetadataResponse| r.error_code;
        ApiVersionsRequest::default(), 0 => |r: ApiVersionsResponse| r.error_code;
        FindCoordinatorRequest::default().with_coordinator_keys(vec![text("g")]), 4 => |r: FindCoordinatorResponse| r.coordinators[0].error_code;
        FindCoordinatorRequest::default().with_key(text("g")), 3 => |r: FindCoordinatorResponse| r.error_code;
        DescribeGroupsRequest::default().with_groups(vec![group("g")]), 5 => |r: DescribeGroupsResponse| r.groups[0].error_code;
        DescribeClusterRequest::default(), 1 => |r: DescribeClusterResponse| r.error_code;
        DescribeLogDirsRequest::default().with_topics(None), 2 => |r: DescribeLogDirsResponse| r.results[0].error_code;
        DescribeLogDirsRequest::default().with_topics(None), 4 => |r: DescribeLogDirsResponse| r.error_code;
        JoinGroupRequest::default(), 9 => |r: JoinGroupResponse| r.error_code;
        HeartbeatRequest::default(), 4 => |r: HeartbeatResponse| r.error_code;
        DeleteGroupsRequest::default().with_groups_names(vec![group("g")]), 2 => |r: DeleteGroupsResponse| r.results[0].error_code;
        ConsumerGroupDescribeRequest::default().with_group_ids(vec![group("g")]), 1 => |r: ConsumerGroupDescribeResponse| r.groups[0].error_code;
    }
}

#[tokio::test]
async fn a_silent_broker_is_given_up_and_the_counters_show_it() {
    let bed = Bed::empty().await;
    bed.sandbox
        .faults()
        .inject(Rule::new(ListGroupsRequest::KEY, Fault::Silence).at(2));
    let mut wire = bed.node(2).await;
    wire.send(&ListGroupsRequest::default(), 5).await;
    let counters = bed.sandbox.counters();
    until("the request is in work", async || counters.in_work() == 1).await;
    assert_eq!(
        (
            counters.open_connections(),
            counters.requests_of(ListGroupsRequest::KEY)
        ),
        (1, 1)
    );
    drop(wire);
    until("hanging up cancels it", async || {
        counters.in_work() == 0 && counters.open_connections() == 0
    })
    .await;
}

#[tokio::test]
async fn a_waiting_fetch_ends_with_its_connection() {
    let bed = Bed::empty().await;
    bed.create("t", 1, &[]).await;
    use fetch_request::{FetchPartition, FetchTopic};
    let partition = FetchPartition::default().with_partition_max_bytes(1 << 20);
    let topic = FetchTopic::default()
        .with_topic(name("t"))
        .with_partitions(vec![partition]);
    let request = FetchRequest::default()
        .with_max_wait_ms(60_000)
        .with_min_bytes(1)
        .with_max_bytes(1)
        .with_topics(vec![topic]);
    let mut wire = bed.leader("t", 0).await;
    wire.send(&request, 12).await;
    let counters = bed.sandbox.counters();
    until("the fetch waits", async || counters.in_work() == 1).await;
    drop(wire);
    until("the fetch is gone", async || counters.in_work() == 0).await;
}

#[tokio::test]
async fn a_node_goes_down_and_comes_back_on_its_port() {
    let bed = Bed::empty().await;
    bed.create("t", 3, &[]).await;
    let victim = bed.leader_id("t", 0).await;
    let mut wire = bed.node(victim).await;
    assert!(bed.sandbox.faults().node_down(victim));
    assert!(wire.frame().await.is_none(), "its connections close");
    until("the leader moves", async || {
        let row = &bed.metadata("t").await.partitions[0];
        row.leader_id.0 != victim
            && row.leader_epoch == 1
            && row.isr_nodes.len() == 2
            && row.offline_replicas == [BrokerId(victim)]
    })
    .await;
    let address = bed.sandbox.addresses()[usize::try_from(victim - 1).unwrap()];
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    let other = victim % 3 + 1;
    let brokers = bed
        .node(other)
        .await
        .call(&MetadataRequest::default(), 12)
        .await
        .brokers;
    assert!(brokers.iter().all(|broker| broker.node_id.0 != victim));
    let request = DescribeClusterRequest::default().with_include_fenced_brokers(true);
    let fenced = bed.node(other).await.call(&request, 2).await.brokers;
    assert!(
        fenced
            .iter()
            .any(|broker| broker.broker_id.0 == victim && broker.is_fenced)
    );
    assert!(bed.sandbox.faults().node_up(victim));
    until("it is back", async || {
        tokio::net::TcpStream::connect(address).await.is_ok()
    })
    .await;
    until("it is in sync", async || {
        bed.metadata("t").await.partitions[0].isr_nodes.len() == 3
    })
    .await;
}

#[tokio::test]
async fn without_any_replica_there_is_no_leader_and_groups_move() {
    let bed = Bed::empty().await;
    bed.create("t", 1, &[]).await;
    let coordinator = bed.coordinator_id("g").await;
    bed.sandbox.faults().node_down(coordinator);
    until("another node coordinates", async || {
        bed.coordinator_id("g").await != coordinator
    })
    .await;
    let rest = (1..=3).find(|node| *node != coordinator).unwrap();
    bed.sandbox.faults().node_down(rest);
    until("one node holds all", async || {
        let row = bed.metadata("t").await.partitions.remove(0);
        row.isr_nodes.len() == 1 && row.leader_id.0 != rest && row.leader_id.0 != coordinator
    })
    .await;
}

#[tokio::test]
async fn shutdown_closes_everything() {
    let bed = Bed::quiet().await;
    let mut wire = bed.node(1).await;
    let address = bed.sandbox.addresses()[0];
    bed.sandbox.shutdown().await;
    assert!(wire.frame().await.is_none());
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
