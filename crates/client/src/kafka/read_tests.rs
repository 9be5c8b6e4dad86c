//! The reads against a scripted cluster of two brokers: what moves, refuses or stays silent.

mod pages;

use super::peer::{Do, Peer, Seen, profile};
use super::{Engine, KafkaError, Native, TopicSelection};
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult,
};
use kafka_protocol::messages::describe_log_dirs_response::DescribeLogDirsResult;
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    BrokerId, DescribeClusterRequest, DescribeClusterResponse, DescribeConfigsRequest,
    DescribeConfigsResponse, DescribeLogDirsRequest, DescribeLogDirsResponse, ListOffsetsRequest,
    ListOffsetsResponse, MetadataRequest, MetadataResponse, TopicName,
};
use kafka_protocol::protocol::Request;
use kafkaweave_core::model::{ConfigResource, Isolation, OffsetSpec, ResourceKind, TopicPartition};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};

/// What the two brokers share.
#[derive(Default)]
struct Script {
    ports: OnceLock<[u16; 2]>,
    /// Leader of `orders-1` in the metadata (`orders-0` is led by broker 1).
    told: AtomicI32,
    /// Leader of `orders-1` in truth.
    leads: AtomicI32,
    /// Broker 2 reads and does not answer.
    frozen: AtomicBool,
    /// Broker 2 has died, and the metadata does not name it any more.
    gone: AtomicBool,
}

impl Script {
    fn act(&self, id: i32, seen: &Seen) -> Do {
        if id == 2 && self.gone.load(Ordering::SeqCst) {
            Do::Close
        } else if seen.is::<MetadataRequest>() {
            seen.answer::<MetadataRequest>(&self.metadata(&seen.read()))
        } else if id == 2 && self.frozen.load(Ordering::SeqCst) {
            Do::Ignore
        } else if seen.is::<ListOffsetsRequest>() {
            seen.answer::<ListOffsetsRequest>(&self.offsets(id, &seen.read()))
        } else if seen.is::<DescribeClusterRequest>() {
            let broker = |id| {
                DescribeClusterBroker::default()
                    .with_broker_id(BrokerId(id))
                    .with_is_fenced(id == 3)
            };
            let answer =
                DescribeClusterResponse::default().with_brokers((1..=3).map(broker).collect());
            seen.answer::<DescribeClusterRequest>(&answer)
        } else if seen.is::<DescribeLogDirsRequest>() {
            let dir = DescribeLogDirsResult::default().with_log_dir("/data".into());
            let failed = DescribeLogDirsResult::default()
                .with_log_dir("/broken".into())
                .with_error_code(56);
            let answer = DescribeLogDirsResponse::default().with_results(vec![dir, failed]);
            seen.answer::<DescribeLogDirsRequest>(&answer)
        } else if seen.is::<DescribeConfigsRequest>() {
            seen.answer::<DescribeConfigsRequest>(&configs(id, &seen.read()))
        } else {
            Do::Usual
        }
    }

    fn metadata(&self, request: &MetadataRequest) -> MetadataResponse {
        assert!(!request.allow_auto_topic_creation);
        let [one, two] = *self.ports.get().unwrap();
        let broker = |id, port| {
            MetadataResponseBroker::default()
                .with_node_id(BrokerId(id))
                .with_host("127.0.0.1".into())
                .with_port(i32::from(port))
        };
        let partition = |index, leader| {
            MetadataResponsePartition::default()
                .with_partition_index(index)
                .with_leader_id(BrokerId(leader))
        };
        let topic = |name: TopicName| {
            let topic = MetadataResponseTopic::default();
            match name.as_str() {
                "orders" => topic.with_partitions(vec![
                    partition(0, 1),
                    partition(1, self.told.load(Ordering::SeqCst)),
                    partition(2, -1),
                ]),
                "secret" => topic.with_error_code(29),
                _ => topic.with_error_code(3),
            }
            .with_name(Some(name))
        };
        let names = request.topics.clone().unwrap_or_default();
        let mut brokers = vec![broker(1, one)];
        if !self.gone.load(Ordering::SeqCst) {
            brokers.push(broker(2, two));
        }
        MetadataResponse::default()
            .with_brokers(brokers)
            .with_topics(
                names
                    .into_iter()
                    .filter_map(|t| t.name)
                    .map(topic)
                    .collect(),
            )
    }

    fn offsets(&self, id: i32, request: &ListOffsetsRequest) -> ListOffsetsResponse {
        assert_eq!(request.replica_id, BrokerId(-1));
        let truth = self.leads.load(Ordering::SeqCst);
        let topics = request.topics.iter().map(|topic| {
            let mut asked: Vec<_> = topic.partitions.iter().map(|p| p.partition_index).collect();
            asked.dedup();
            assert_eq!(
                asked.len(),
                topic.partitions.len(),
                "a partition twice in one request"
            );
            let row = |p: &kafka_protocol::messages::list_offsets_request::ListOffsetsPartition| {
                let leader = if p.partition_index == 1 { truth } else { 1 };
                let row =
                    ListOffsetsPartitionResponse::default().with_partition_index(p.partition_index);
                if leader != id {
                    // What this broker will tell from now on.
                    self.told.store(truth, Ordering::SeqCst);
                    return row.with_error_code(6).with_offset(-1).with_timestamp(-1);
                }
                row.with_offset(if p.timestamp == -1 { 100 } else { 7 })
                    .with_timestamp(-1)
            };
            ListOffsetsTopicResponse::default()
                .with_name(topic.name.clone())
                .with_partitions(topic.partitions.iter().map(row).collect())
        });
        ListOffsetsResponse::default().with_topics(topics.collect())
    }
}

fn configs(id: i32, request: &DescribeConfigsRequest) -> DescribeConfigsResponse {
    assert!(request.include_synonyms);
    let result =
        |of: &kafka_protocol::messages::describe_configs_request::DescribeConfigsResource| {
            let entry = DescribeConfigsResourceResult::default()
                .with_name("answered.by".into())
                .with_value(Some(id.to_string().into()))
                .with_config_source(5);
            let secret = DescribeConfigsResourceResult::default()
                .with_name("a.password".into())
                .with_value(Some("hunter2".into()))
                .with_is_sensitive(true);
            let result = DescribeConfigsResult::default()
                .with_resource_type(of.resource_type)
                .with_resource_name(of.resource_name.clone());
            if of.resource_name.as_str() == "nosuch" {
                result.with_error_code(3)
            } else {
                result.with_configs(vec![entry, secret])
            }
        };
    DescribeConfigsResponse::default().with_results(request.resources.iter().map(result).collect())
}

async fn cluster() -> (Arc<Script>, Native) {
    let script = Arc::new(Script::default());
    script.told.store(2, Ordering::SeqCst);
    script.leads.store(2, Ordering::SeqCst);
    let start = |id| {
        let script = Arc::clone(&script);
        Peer::start(move |seen| script.act(id, seen))
    };
    let (one, two) = (start(1).await, start(2).await);
    script.ports.set([one.port, two.port]).unwrap();
    let native = Native::new(&profile(vec![one.address()])).unwrap();
    (script, native)
}

fn query(partition: i32, spec: OffsetSpec) -> (TopicPartition, OffsetSpec) {
    (TopicPartition::new("orders", partition), spec)
}

#[tokio::test]
async fn offsets_cost_one_request_for_each_leader_and_spec() {
    let (_, native) = cluster().await;
    let queries = [
        query(0, OffsetSpec::Earliest),
        query(0, OffsetSpec::Latest),
        query(1, OffsetSpec::Earliest),
        query(1, OffsetSpec::Latest),
    ];
    let read = native
        .offsets(&queries, Isolation::default())
        .await
        .unwrap();
    let offsets: Vec<_> = read.value.iter().map(|o| o.offset).collect();
    assert_eq!(offsets, [Some(7), Some(100), Some(7), Some(100)]);
    assert!(read.missing.is_empty());
    assert_eq!(native.stats().sent(ListOffsetsRequest::KEY), 4);
    assert_eq!(native.stats().sent(MetadataRequest::KEY), 1);
}

#[tokio::test]
async fn a_moved_leader_is_found_and_asked() {
    let (script, native) = cluster().await;
    let queries = [query(1, OffsetSpec::Latest)];
    native
        .offsets(&queries, Isolation::default())
        .await
        .unwrap();
    script.leads.store(1, Ordering::SeqCst);
    let read = native
        .offsets(&queries, Isolation::default())
        .await
        .unwrap();
    assert!(read.missing.is_empty(), "{:?}", read.missing);
    assert_eq!(read.value[0].offset, Some(100));
}

#[tokio::test]
async fn a_leader_that_left_the_cluster_is_not_taken_from_memory() {
    let (script, native) = cluster().await;
    let queries = [query(1, OffsetSpec::Latest)];
    native
        .offsets(&queries, Isolation::default())
        .await
        .unwrap();
    script.gone.store(true, Ordering::SeqCst);
    script.told.store(1, Ordering::SeqCst);
    script.leads.store(1, Ordering::SeqCst);
    // Now it is known who is there, and the leaders are still those of old.
    let other = TopicSelection::Named(vec!["other".into()]);
    native.topics(&other).await.unwrap();
    let read = native
        .offsets(&queries, Isolation::default())
        .await
        .unwrap();
    assert!(read.missing.is_empty(), "{:?}", read.missing);
    assert_eq!(read.value[0].offset, Some(100));
}

#[tokio::test]
async fn a_frozen_leader_costs_one_timeout_and_is_a_gap() {
    let (script, native) = cluster().await;
    let queries = [query(0, OffsetSpec::Latest), query(1, OffsetSpec::Latest)];
    native
        .offsets(&queries, Isolation::default())
        .await
        .unwrap();
    script.frozen.store(true, Ordering::SeqCst);
    let before = native.stats().sent(ListOffsetsRequest::KEY);
    let read = native
        .offsets(&queries, Isolation::default())
        .await
        .unwrap();
    let asked = native.stats().sent(ListOffsetsRequest::KEY) - before;
    assert_eq!(asked, 2, "each leader once");
    assert_eq!(read.value.len(), 1);
    assert_eq!(read.missing[0].what, "offsets of orders-1");
    assert_eq!(read.missing[0].broker, Some(2));
    assert!(
        read.missing[0].why.contains("no answer to ListOffsets"),
        "{:?}",
        read.missing
    );
}

#[tokio::test]
async fn partitions_without_leader_or_existence_are_gaps_with_their_reason() {
    let (_, native) = cluster().await;
    let mut queries = vec![query(2, OffsetSpec::Latest), query(9, OffsetSpec::Latest)];
    for topic in ["nosuch", "secret"] {
        queries.push((TopicPartition::new(topic, 0), OffsetSpec::Latest));
    }
    let read = native
        .offsets(&queries, Isolation::default())
        .await
        .unwrap();
    assert!(read.value.is_empty());
    let whys: Vec<_> = read.missing.iter().map(|m| m.why.as_str()).collect();
    for (why, says) in whys.iter().zip([
        "`orders-2` has no leader",
        "has no partition 9; it has 3",
        "`nosuch` does not exist",
        "TOPIC_AUTHORIZATION_FAILED",
    ]) {
        assert!(why.contains(says), "{why}");
    }
    assert_eq!(whys.len(), 4);
}

#[tokio::test]
async fn named_topics_that_are_not_there_or_not_ours_are_gaps() {
    let (_, native) = cluster().await;
    let names = ["secret", "orders", "nosuch", "orders"].map(String::from);
    let selection = TopicSelection::Named(names.to_vec());
    let read = native.topics(&selection).await.unwrap();
    assert_eq!(read.value.len(), 1);
    assert_eq!(read.value[0].partitions[2].leader, None);
    let gaps: Vec<_> = read
        .missing
        .iter()
        .map(|m| (m.what.as_str(), m.why.as_str()))
        .collect();
    assert_eq!(gaps[0], ("topic `nosuch`", "topic `nosuch` does not exist"));
    assert!(gaps[1].0 == "topic `secret`" && gaps[1].1.contains("whether it exists or not"));
    let selection = TopicSelection::Named(vec!["secret".into()]);
    let refused = native.topics(&selection).await.unwrap_err();
    assert!(
        matches!(refused, KafkaError::NotAuthorized { .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn log_dirs_of_fenced_and_frozen_brokers_are_gaps() {
    let (script, native) = cluster().await;
    script.frozen.store(true, Ordering::SeqCst);
    let read = native.log_dirs(Some(&[])).await.unwrap();
    let dirs: Vec<_> = read
        .value
        .iter()
        .map(|d| (d.broker, d.path.as_str()))
        .collect();
    assert_eq!(dirs, [(1, "/broken"), (1, "/data")]);
    assert_eq!(read.value[0].error.as_deref(), Some("KAFKA_STORAGE_ERROR"));
    let brokers: Vec<_> = read.missing.iter().map(|m| m.broker).collect();
    assert_eq!(brokers, [Some(2), Some(3)]);
    assert!(read.missing[1].why.contains("fenced"));
}

#[tokio::test]
async fn configs_come_from_the_right_broker_in_the_order_asked_for() {
    let (_, native) = cluster().await;
    let of = |kind, name: &str| ConfigResource {
        kind,
        name: name.into(),
    };
    let resources = [
        of(ResourceKind::Broker, "2"),
        of(ResourceKind::Topic, "orders"),
        of(ResourceKind::Topic, "nosuch"),
        of(ResourceKind::Broker, "two"),
        of(ResourceKind::Broker, "9"),
        of(ResourceKind::Broker, "1"),
        of(ResourceKind::Topic, "orders"),
    ];
    let read = native.configs(&resources, None, false).await.unwrap();
    let found: Vec<_> = read
        .value
        .iter()
        .map(|c| c.resource.name.as_str())
        .collect();
    assert_eq!(found, ["2", "orders", "1"]);
    let answered = |at: usize| read.value[at].entries[1].value.as_deref();
    assert_eq!((answered(0), answered(2)), (Some("2"), Some("1")));
    assert_eq!(read.value[0].entries[1].default.as_deref(), Some("2"));
    assert_eq!(
        read.value[0].entries[0].value, None,
        "a sensitive value is never shown"
    );
    let mut gaps: Vec<_> = read.missing.iter().map(|m| m.what.as_str()).collect();
    gaps.sort_unstable();
    assert_eq!(
        gaps,
        [
            "configs of broker 9",
            "configs of broker two",
            "configs of topic `nosuch`"
        ]
    );
}

#[tokio::test]
async fn the_cluster_shows_fenced_brokers_and_says_what_it_does_not_tell() {
    let (_, native) = cluster().await;
    let read = native.cluster().await.unwrap();
    assert_eq!(read.value.brokers.len(), 3);
    assert_eq!(
        read.value.brokers[2].state,
        kafkaweave_core::model::BrokerState::Fenced
    );
    assert_eq!(read.value.brokers[2].host, None);
    assert_eq!(read.missing.len(), 1);
    assert_eq!(read.missing[0].what, "the controller quorum");
}
