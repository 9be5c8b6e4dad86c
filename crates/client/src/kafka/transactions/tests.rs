//! Transactions, producers and reassignments against two scripted brokers: what moves, refuses or
//! stays silent.

use super::super::peer::{Do, Peer, Seen, profile};
use super::super::route::Router;
use super::super::{producers, reassignments};
use super::*;
use kafka_protocol::messages::describe_producers_response::{
    PartitionResponse, ProducerState, TopicResponse,
};
use kafka_protocol::messages::describe_transactions_response::TopicData;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::list_partition_reassignments_response::{
    OngoingPartitionReassignment, OngoingTopicReassignment,
};
use kafka_protocol::messages::list_transactions_response::TransactionState as Listed;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    BrokerId, DescribeProducersRequest, DescribeProducersResponse, FindCoordinatorRequest,
    FindCoordinatorResponse, ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
    ListTransactionsResponse, MetadataRequest, MetadataResponse, TopicName,
};
use kafka_protocol::protocol::Request;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};

/// What the two brokers share.
#[derive(Default)]
struct Cluster {
    ports: OnceLock<[u16; 2]>,
    /// The topic that keeps transactions is not there.
    unused: bool,
    /// Broker that coordinates all transactional ids, as told.
    coordinator: AtomicI32,
    /// Leader of `orders-1`, as told; in truth it is 1.
    leader: AtomicI32,
}

impl Cluster {
    fn metadata(&self, request: &MetadataRequest) -> MetadataResponse {
        let [one, two] = *self.ports.get().unwrap();
        let broker = |(id, port): (i32, u16)| {
            MetadataResponseBroker::default()
                .with_node_id(BrokerId(id))
                .with_host("127.0.0.1".into())
                .with_port(i32::from(port))
        };
        let topic = |name: TopicName| {
            let partition = |index, leader| {
                MetadataResponsePartition::default()
                    .with_partition_index(index)
                    .with_leader_id(BrokerId(leader))
            };
            let topic = MetadataResponseTopic::default().with_name(Some(name.clone()));
            match name.as_str() {
                "orders" => topic.with_partitions(vec![
                    partition(0, 1),
                    partition(1, self.leader.load(Ordering::SeqCst)),
                    partition(2, -1),
                    partition(3, 2),
                ]),
                "__transaction_state" if !self.unused => {
                    topic.with_partitions(vec![partition(0, 1)])
                }
                "secret" => topic.with_error_code(29),
                _ => topic.with_error_code(3),
            }
        };
        let names = request.topics.clone().unwrap_or_default();
        MetadataResponse::default()
            .with_brokers([(1, one), (2, two)].map(broker).into())
            .with_topics(
                names
                    .into_iter()
                    .filter_map(|t| t.name)
                    .map(topic)
                    .collect(),
            )
    }

    fn find(&self, request: &FindCoordinatorRequest) -> FindCoordinatorResponse {
        assert_eq!(request.key_type, 1, "these are no groups");
        let of = |key: &StrBytes| {
            let told = self.coordinator.load(Ordering::SeqCst);
            let row = Coordinator::default().with_key(key.clone());
            match key.as_str() {
                "theirs" => row.with_error_code(53),
                _ => row.with_node_id(BrokerId(told)),
            }
        };
        FindCoordinatorResponse::default()
            .with_coordinators(request.coordinator_keys.iter().map(of).collect())
    }
}

async fn start(
    cluster: Cluster,
    script: fn(&Cluster, i32, &Seen) -> Do,
) -> (Arc<Cluster>, Router, [Peer; 2]) {
    cluster.coordinator.store(2, Ordering::SeqCst);
    cluster.leader.store(2, Ordering::SeqCst);
    let cluster = Arc::new(cluster);
    let peer = |id: i32| {
        let cluster = Arc::clone(&cluster);
        Peer::start(move |seen| {
            if seen.is::<MetadataRequest>() {
                seen.answer::<MetadataRequest>(&cluster.metadata(&seen.read()))
            } else if seen.is::<FindCoordinatorRequest>() {
                seen.answer::<FindCoordinatorRequest>(&cluster.find(&seen.read()))
            } else {
                script(&cluster, id, seen)
            }
        })
    };
    let peers = [peer(1).await, peer(2).await];
    cluster.ports.set([peers[0].port, peers[1].port]).unwrap();
    let router = Router::new(profile(vec![peers[0].address()]));
    (cluster, router, peers)
}

fn listed(id: &'static str, producer_id: i64) -> Listed {
    Listed::default()
        .with_transactional_id(TransactionalId(id.into()))
        .with_producer_id(ProducerId(producer_id))
        .with_transaction_state("Ongoing".into())
}

#[tokio::test]
async fn each_broker_lists_its_transactions_and_a_silent_one_is_a_gap() {
    let (_, router, _peers) = start(Cluster::default(), |_, id, seen| {
        if !seen.is::<ListTransactionsRequest>() {
            return Do::Usual;
        }
        if id == 2 {
            return Do::Ignore;
        }
        let request: ListTransactionsRequest = seen.read();
        assert_eq!(request.state_filters, [StrBytes::from("Ongoing")]);
        assert_eq!(request.duration_filter, 500);
        let answer = ListTransactionsResponse::default()
            .with_transaction_states(vec![listed("b", 2), listed("a", 1)]);
        seen.answer::<ListTransactionsRequest>(&answer)
    })
    .await;
    let filter = TransactionFilter {
        states: vec!["Ongoing".into()],
        min_duration_ms: Some(500),
        ..TransactionFilter::default()
    };
    let read = list(&router, &filter).await.unwrap();
    let rows: Vec<_> = read
        .value
        .iter()
        .map(|t| (t.transactional_id.as_str(), t.producer_id, t.coordinator))
        .collect();
    assert_eq!(rows, [("a", 1, 1), ("b", 2, 1)]);
    assert_eq!(read.missing.len(), 1);
    assert_eq!(
        read.missing[0].what,
        "transactions that broker 2 coordinates"
    );
    assert!(
        read.missing[0]
            .why
            .contains("no answer to ListTransactions")
    );
}

#[tokio::test]
async fn a_state_that_a_broker_does_not_know_does_not_shorten_the_list_unsaid() {
    let (_, router, _peers) = start(Cluster::default(), |_, _, seen| {
        let answer =
            ListTransactionsResponse::default().with_unknown_state_filters(vec!["Odd".into()]);
        match seen.is::<ListTransactionsRequest>() {
            true => seen.answer::<ListTransactionsRequest>(&answer),
            false => Do::Usual,
        }
    })
    .await;
    let error = list(&router, &TransactionFilter::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "transaction state `Odd` is not offered by broker 1"
    );
}

fn ids(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// Broker 1 describes; broker 2 has handed everything over to it.
fn described(cluster: &Cluster, id: i32, seen: &Seen) -> Do {
    if !seen.is::<DescribeTransactionsRequest>() {
        return Do::Usual;
    }
    let request: DescribeTransactionsRequest = seen.read();
    let row = |asked: &TransactionalId| {
        let row = TransactionState::default().with_transactional_id(asked.clone());
        if id == 2 {
            cluster.coordinator.store(1, Ordering::SeqCst);
            return row.with_error_code(NOT_COORDINATOR);
        }
        if asked.as_str() == "nosuch" {
            return row.with_error_code(NOT_FOUND);
        }
        let topic = TopicData::default()
            .with_topic(TopicName("orders".into()))
            .with_partitions(vec![1, 0]);
        row.with_transaction_state("Ongoing".into())
            .with_transaction_timeout_ms(60_000)
            .with_transaction_start_time_ms(if asked.as_str() == "idle" { -1 } else { 5 })
            .with_producer_id(ProducerId(9))
            .with_producer_epoch(4)
            .with_topics(vec![topic])
    };
    let rows = request.transactional_ids.iter().map(row).collect();
    let answer = DescribeTransactionsResponse::default().with_transaction_states(rows);
    seen.answer::<DescribeTransactionsRequest>(&answer)
}

#[tokio::test]
async fn ids_are_described_in_one_request_even_when_their_coordinator_moved() {
    let (_, router, _peers) = start(Cluster::default(), described).await;
    let asked = ids(&["pay", "nosuch", "theirs", "idle", "pay"]);
    let read = describe(&router, &asked).await.unwrap();
    assert_eq!(read.value.len(), 2);
    let pay = &read.value[0];
    assert_eq!((pay.transactional_id.as_str(), pay.coordinator), ("pay", 1));
    assert_eq!((pay.producer_id, pay.producer_epoch), (9, 4));
    assert_eq!((pay.timeout_ms, pay.start_ms), (60_000, Some(5)));
    let partitions: Vec<_> = pay.partitions.iter().map(ToString::to_string).collect();
    assert_eq!(partitions, ["orders-0", "orders-1"]);
    assert_eq!(read.value[1].start_ms, None, "no transaction is under way");
    let gaps: Vec<_> = read.missing.iter().map(|m| m.what.as_str()).collect();
    assert_eq!(
        gaps,
        ["transactional id `theirs`", "transactional id `nosuch`"]
    );
    assert!(read.missing[0].why.contains("not authorized"));
    assert!(read.missing[1].why.ends_with("does not exist"));
    let sent = router.stats();
    assert_eq!(
        sent.sent(DescribeTransactionsRequest::KEY),
        2,
        "one for each coordinator"
    );
}

#[tokio::test]
async fn nobody_is_asked_for_a_coordinator_before_the_topic_of_transactions_exists() {
    let unused = Cluster {
        unused: true,
        ..Cluster::default()
    };
    let (_, router, _peers) = start(unused, described).await;
    let error = describe(&router, &ids(&["pay"])).await.unwrap_err();
    assert_eq!(error, Keys::Transactions.unknown("pay"));
    assert_eq!(router.stats().sent(FindCoordinatorRequest::KEY), 0);
}

fn led(cluster: &Cluster, id: i32, seen: &Seen) -> Do {
    if !seen.is::<DescribeProducersRequest>() {
        return Do::Usual;
    }
    let request: DescribeProducersRequest = seen.read();
    let open = ProducerState::default()
        .with_producer_id(ProducerId(7))
        .with_producer_epoch(3)
        .with_last_sequence(-1)
        .with_last_timestamp(1_000)
        .with_coordinator_epoch(-1)
        .with_current_txn_start_offset(40);
    let row = |index: &i32| {
        let row = PartitionResponse::default().with_partition_index(*index);
        if *index == 1 && id == 2 {
            cluster.leader.store(1, Ordering::SeqCst);
            return row.with_error_code(6);
        }
        let closed = open.clone().with_producer_id(ProducerId(6));
        row.with_active_producers(vec![open.clone(), closed.with_current_txn_start_offset(-1)])
    };
    let topics = request.topics.iter().map(|topic| {
        TopicResponse::default()
            .with_name(topic.name.clone())
            .with_partitions(topic.partition_indexes.iter().map(row).collect())
    });
    let answer = DescribeProducersResponse::default().with_topics(topics.collect());
    seen.answer::<DescribeProducersRequest>(&answer)
}

fn orders(partitions: &[i32]) -> Vec<TopicPartition> {
    partitions
        .iter()
        .map(|p| TopicPartition::new("orders", *p))
        .collect()
}

#[tokio::test]
async fn producers_cost_one_request_for_each_leader_and_a_moved_leader_is_found() {
    let (_, router, _peers) = start(Cluster::default(), led).await;
    let mut asked = orders(&[0, 3, 1, 2, 9]);
    asked.push(TopicPartition::new("secret", 0));
    let read = producers::producers(&router, &asked).await.unwrap();
    let rows: Vec<_> = read
        .value
        .iter()
        .map(|p| (p.partition.partition, p.leader))
        .collect();
    assert_eq!(rows, [(0, 1), (3, 2), (1, 1)]);
    let ids: Vec<_> = read.value[0]
        .producers
        .iter()
        .map(|p| (p.producer_id, p.open_since_offset))
        .collect();
    assert_eq!(ids, [(6, None), (7, Some(40))]);
    let seven = &read.value[0].producers[1];
    assert_eq!((seven.last_sequence, seven.coordinator_epoch), (None, None));
    let whys: Vec<_> = read.missing.iter().map(|m| m.why.as_str()).collect();
    for (why, says) in whys.iter().zip([
        "`orders-2` has no leader",
        "has no partition 9; it has 4",
        "TOPIC_AUTHORIZATION_FAILED",
    ]) {
        assert!(why.contains(says), "{why}");
    }
    assert_eq!(whys.len(), 3);
    // Both leaders once, and the new leader of the one that had moved.
    assert_eq!(router.stats().sent(DescribeProducersRequest::KEY), 3);
}

#[tokio::test]
async fn a_frozen_leader_costs_one_request_for_producers_and_is_a_gap() {
    let (_, router, _peers) = start(Cluster::default(), |cluster, id, seen| match id {
        2 if seen.is::<DescribeProducersRequest>() => Do::Ignore,
        _ => led(cluster, id, seen),
    })
    .await;
    let read = producers::producers(&router, &orders(&[0, 1, 3]))
        .await
        .unwrap();
    assert_eq!(read.value.len(), 1);
    let gaps: Vec<_> = read.missing.iter().map(|m| m.what.as_str()).collect();
    assert_eq!(gaps, ["producers of orders-1", "producers of orders-3"]);
    assert!(
        read.missing[0]
            .why
            .contains("no answer to DescribeProducers")
    );
    assert_eq!(router.stats().sent(DescribeProducersRequest::KEY), 2);
}

#[tokio::test]
async fn reassignments_are_asked_for_by_partition_and_unknown_topics_are_gaps() {
    let (_, router, _peers) = start(Cluster::default(), |_, _, seen| {
        if !seen.is::<ListPartitionReassignmentsRequest>() {
            return Do::Usual;
        }
        let request: ListPartitionReassignmentsRequest = seen.read();
        let asked = request
            .topics
            .map(|t| (t.len(), t[0].partition_indexes.clone()));
        assert!(
            asked.is_none() || asked == Some((1, vec![0, 1, 2, 3])),
            "{asked:?}"
        );
        let ids = |ids: &[i32]| ids.iter().map(|id| BrokerId(*id)).collect();
        let row = OngoingPartitionReassignment::default()
            .with_partition_index(3)
            .with_replicas(ids(&[3, 1, 2]))
            .with_adding_replicas(ids(&[3]))
            .with_removing_replicas(ids(&[2]));
        let topic = OngoingTopicReassignment::default()
            .with_name(TopicName("orders".into()))
            .with_partitions(vec![row]);
        let answer = ListPartitionReassignmentsResponse::default().with_topics(vec![topic]);
        seen.answer::<ListPartitionReassignmentsRequest>(&answer)
    })
    .await;
    let all = reassignments::reassignments(&router, None).await.unwrap();
    let names = ids(&["orders", "nosuch"]);
    let some = reassignments::reassignments(&router, Some(&names))
        .await
        .unwrap();
    assert_eq!(all.value, some.value);
    let one = &all.value[0];
    assert_eq!(one.partition.to_string(), "orders-3");
    assert_eq!((&one.adding[..], &one.removing[..]), (&[3][..], &[2][..]));
    assert_eq!(one.replicas, [3, 1, 2]);
    assert_eq!(some.missing[0].what, "reassignments of topic `nosuch`");
    let none = reassignments::reassignments(&router, Some(&[]))
        .await
        .unwrap();
    assert_eq!(none, Partial::default());
}
