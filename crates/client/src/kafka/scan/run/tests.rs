//! Scans of a scripted cluster of two brokers: what moves, refuses or stays silent.

use crate::kafka::peer::{Do, Peer, Seen, profile};
use crate::kafka::scan::chunk::tests::{plain, record};
use crate::kafka::{Engine, KafkaError, Native};
use bytes::Bytes;
use kafka_protocol::messages::fetch_response::{
    FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData,
};
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    BrokerId, FetchRequest, FetchResponse, ListOffsetsRequest, ListOffsetsResponse,
    MetadataRequest, MetadataResponse, TopicName,
};
use kafkaweave_core::model::{
    Isolation, PartitionRange, ScanOrder, ScanReport, ScanRequest, StopReason,
};
use std::sync::atomic::{AtomicBool, AtomicI16, AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use uuid::Uuid;

const TOPIC: Uuid = Uuid::from_u128(42);
const TOLD: Ordering = Ordering::SeqCst;

/// What the two brokers share. Broker 1 leads `orders-0`; both partitions hold offsets 0 to 9.
#[derive(Default)]
struct Script {
    ports: OnceLock<[u16; 2]>,
    /// Leader of `orders-1` in the metadata; -1 for none.
    told: AtomicI32,
    /// Leader of `orders-1` in truth.
    leads: AtomicI32,
    /// Whether a refusal names the true leader.
    names: AtomicBool,
    /// Broker 2 reads and does not answer.
    frozen: AtomicBool,
    /// Broker 2 closes every connection after its request.
    closing: AtomicBool,
    /// Code for `orders-1` from its leader.
    code: AtomicI16,
    /// First offset still there in `orders-1`.
    earliest: AtomicI32,
    /// Times that the metadata were asked for.
    metadata: AtomicI32,
}

impl Script {
    fn act(&self, id: i32, seen: &Seen) -> Do {
        if seen.is::<MetadataRequest>() {
            self.metadata.fetch_add(1, TOLD);
            seen.answer::<MetadataRequest>(&self.metadata())
        } else if seen.is::<FetchRequest>() && id == 2 && self.frozen.load(TOLD) {
            Do::Ignore
        } else if seen.is::<FetchRequest>() && id == 2 && self.closing.load(TOLD) {
            Do::Close
        } else if seen.is::<FetchRequest>() {
            seen.answer::<FetchRequest>(&self.fetch(id, &seen.read()))
        } else if seen.is::<ListOffsetsRequest>() {
            let timestamp = seen.read::<ListOffsetsRequest>().topics[0].partitions[0].timestamp;
            let offset = if timestamp == -2 {
                self.earliest.load(TOLD).into()
            } else {
                10
            };
            let row = ListOffsetsPartitionResponse::default()
                .with_partition_index(1)
                .with_offset(offset);
            let topic = ListOffsetsTopicResponse::default()
                .with_name(TopicName("orders".into()))
                .with_partitions(vec![row]);
            let answer = ListOffsetsResponse::default().with_topics(vec![topic]);
            seen.answer::<ListOffsetsRequest>(&answer)
        } else {
            Do::Usual
        }
    }

    fn metadata(&self) -> MetadataResponse {
        let ports = self.ports.get().unwrap();
        let brokers = (1..=2)
            .zip(ports)
            .map(|(id, port)| {
                MetadataResponseBroker::default()
                    .with_node_id(BrokerId(id))
                    .with_host("127.0.0.1".into())
                    .with_port((*port).into())
            })
            .collect();
        let partition = |index, leader: i32| {
            MetadataResponsePartition::default()
                .with_partition_index(index)
                .with_leader_id(BrokerId(leader))
        };
        let topic = MetadataResponseTopic::default()
            .with_name(Some(TopicName("orders".into())))
            .with_topic_id(TOPIC)
            .with_partitions(vec![partition(0, 1), partition(1, self.told.load(TOLD))]);
        MetadataResponse::default()
            .with_brokers(brokers)
            .with_topics(vec![topic])
    }

    fn fetch(&self, id: i32, request: &FetchRequest) -> FetchResponse {
        assert_eq!(request.topics[0].topic_id, TOPIC);
        let leads = self.leads.load(TOLD);
        let rows = request.topics[0].partitions.iter().map(|ask| {
            let row = PartitionData::default()
                .with_partition_index(ask.partition)
                .with_high_watermark(-1);
            let leader = if ask.partition == 0 { 1 } else { leads };
            if id != leader {
                let named = if self.names.load(TOLD) { leader } else { -1 };
                let current = LeaderIdAndEpoch::default()
                    .with_leader_id(BrokerId(named))
                    .with_leader_epoch(1);
                return row.with_error_code(6).with_current_leader(current);
            }
            let code = self.code.load(TOLD);
            if ask.partition == 1 && code != 0 {
                return row.with_error_code(code);
            }
            if ask.partition == 1 && ask.fetch_offset < self.earliest.load(TOLD).into() {
                return row.with_error_code(1);
            }
            let records: Vec<_> = (ask.fetch_offset..10).map(|o| record(o, "value")).collect();
            let bytes = if records.is_empty() {
                Bytes::new()
            } else {
                plain(&records).into()
            };
            row.with_error_code(0)
                .with_high_watermark(10)
                .with_last_stable_offset(10)
                .with_records(Some(bytes))
        });
        let topic = FetchableTopicResponse::default()
            .with_topic_id(TOPIC)
            .with_partitions(rows.collect());
        let ports = self.ports.get().unwrap();
        let endpoints = (1..=2).zip(ports).map(|(id, port)| {
            NodeEndpoint::default()
                .with_node_id(BrokerId(id))
                .with_host("127.0.0.1".into())
                .with_port((*port).into())
        });
        FetchResponse::default()
            .with_responses(vec![topic])
            .with_node_endpoints(endpoints.collect())
    }
}

async fn cluster(prepare: impl Fn(&Script)) -> (Native, Arc<Script>) {
    let script = Arc::new(Script::default());
    script.told.store(2, TOLD);
    script.leads.store(2, TOLD);
    prepare(&script);
    let mut ports = Vec::new();
    for id in 1..=2 {
        let script = Arc::clone(&script);
        ports.push(Peer::start(move |seen| script.act(id, seen)).await);
    }
    script.ports.set([ports[0].port, ports[1].port]).unwrap();
    let native = Native::new(&profile(vec![ports[0].address()])).unwrap();
    (native, script)
}

fn request() -> ScanRequest {
    let range = |partition| PartitionRange {
        partition,
        start: 0,
        end: 10,
    };
    ScanRequest {
        topic: "orders".into(),
        ranges: vec![range(0), range(1)],
        predicate: None,
        isolation: Isolation::ReadUncommitted,
        order: ScanOrder::Earliest,
        limit: None,
        max_bytes: None,
        payload_limit_bytes: 100,
        progress: None,
    }
}

async fn scan(native: &Native) -> Result<ScanReport, KafkaError> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    native.scan(&request(), deadline).await
}

/// What is said of `orders-1`, while `orders-0` must be whole.
fn incomplete(report: &ScanReport) -> &str {
    assert_eq!(report.stopped, StopReason::Incomplete);
    let of = |partition| {
        report
            .records
            .iter()
            .filter(|r| r.partition == partition)
            .count()
    };
    assert_eq!((of(0), of(1)), (10, 0));
    assert_eq!(report.coverage[0].incomplete, None);
    assert_eq!((report.coverage[1].from, report.coverage[1].to), (0, 0));
    report.coverage[1].incomplete.as_deref().unwrap()
}

#[tokio::test]
async fn both_leaders_are_read_to_the_end() {
    let (native, _) = cluster(|_| {}).await;
    let report = scan(&native).await.unwrap();
    assert_eq!(report.stopped, StopReason::End);
    assert_eq!((report.records.len(), report.records_scanned), (20, 20));
}

#[tokio::test]
async fn a_refusal_that_names_the_leader_is_followed_without_asking_the_metadata_again() {
    let (native, script) = cluster(|s| {
        s.told.store(1, TOLD);
        s.names.store(true, TOLD);
    })
    .await;
    let report = scan(&native).await.unwrap();
    assert_eq!(
        (report.stopped, report.records.len()),
        (StopReason::End, 20)
    );
    // One for the leaders, one for the addresses of brokers.
    assert!(
        script.metadata.load(TOLD) <= 2,
        "{}",
        script.metadata.load(TOLD)
    );
}

#[tokio::test]
async fn a_refusal_that_names_nobody_is_settled_by_the_metadata() {
    let (native, script) = cluster(|s| {
        s.leads.store(1, TOLD);
    })
    .await;
    let mending = async {
        while script.metadata.load(TOLD) < 2 {
            tokio::task::yield_now().await;
        }
        script.told.store(1, TOLD);
    };
    let (report, ()) = tokio::join!(scan(&native), mending);
    assert_eq!(report.unwrap().records.len(), 20);
}

#[tokio::test]
async fn a_frozen_leader_costs_one_timeout_and_is_named() {
    let (native, _) = cluster(|s| s.frozen.store(true, TOLD)).await;
    let begin = Instant::now();
    let report = scan(&native).await.unwrap();
    assert!(incomplete(&report).contains("no answer to Fetch within 400 ms"));
    assert!(
        begin.elapsed() < Duration::from_millis(900),
        "{:?}",
        begin.elapsed()
    );
}

#[tokio::test]
async fn a_leader_that_hangs_up_is_tried_again_and_then_named() {
    let (native, script) = cluster(|s| s.closing.store(true, TOLD)).await;
    let report = scan(&native).await.unwrap();
    assert!(
        incomplete(&report).contains("connection closed"),
        "{report:?}"
    );
    script.closing.store(false, TOLD);
    assert_eq!(scan(&native).await.unwrap().stopped, StopReason::End);
}

#[tokio::test]
async fn a_partition_without_a_leader_is_named() {
    let (native, _) = cluster(|s| s.told.store(-1, TOLD)).await;
    let report = scan(&native).await.unwrap();
    assert!(incomplete(&report).contains("has no leader"));
}

#[tokio::test]
async fn a_code_that_no_retry_mends_is_named_at_once() {
    let (native, _) = cluster(|s| s.code.store(2, TOLD)).await;
    let report = scan(&native).await.unwrap();
    assert!(
        incomplete(&report).contains("CORRUPT_MESSAGE"),
        "{report:?}"
    );
}

#[tokio::test]
async fn no_right_to_read_is_an_error_and_no_empty_answer() {
    let (native, _) = cluster(|s| s.code.store(29, TOLD)).await;
    assert!(matches!(
        scan(&native).await,
        Err(KafkaError::NotAuthorized { .. })
    ));
}

#[tokio::test]
async fn records_deleted_under_the_scan_are_named_and_the_rest_is_read() {
    let (native, _) = cluster(|s| s.earliest.store(4, TOLD)).await;
    let report = scan(&native).await.unwrap();
    assert_eq!(
        (report.stopped, report.records.len()),
        (StopReason::Incomplete, 16)
    );
    assert_eq!(
        report.coverage[1].incomplete.as_deref(),
        Some("offsets 0 to 3 were deleted before they were read")
    );
}

#[tokio::test]
async fn at_the_deadline_it_answers_with_what_it_has() {
    let (native, _) = cluster(|s| s.frozen.store(true, TOLD)).await;
    let deadline = tokio::time::Instant::now() + Duration::from_millis(200);
    let report = native.scan(&request(), deadline).await.unwrap();
    assert_eq!(report.stopped, StopReason::Deadline);
    assert_eq!(report.records.len(), 10);
    assert_eq!(
        report.coverage[1].incomplete.as_deref(),
        Some("time was up")
    );
}

#[tokio::test]
async fn a_partition_that_does_not_exist_is_an_error() {
    let (native, _) = cluster(|_| {}).await;
    let mut request = request();
    request.ranges[1].partition = 7;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    let error = native.scan(&request, deadline).await.unwrap_err();
    assert!(matches!(
        error,
        KafkaError::UnknownPartition {
            partition: 7,
            partitions: 2,
            ..
        }
    ));
}

#[tokio::test]
async fn a_limit_of_none_and_empty_ranges_ask_nobody() {
    let (native, script) = cluster(|_| {}).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    let mut none = request();
    none.limit = Some(0);
    let report = native.scan(&none, deadline).await.unwrap();
    assert_eq!(
        (report.stopped, report.records.len()),
        (StopReason::Limit, 0)
    );
    let mut empty = request();
    empty.ranges.iter_mut().for_each(|range| range.start = 10);
    let report = native.scan(&empty, deadline).await.unwrap();
    assert_eq!((report.stopped, report.records.len()), (StopReason::End, 0));
    assert_eq!(script.metadata.load(TOLD), 0);
}
