//! Records: long polls, limits, settings that act on writes, retention.

use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::messages::*;
use kafka_protocol::records::RecordBatchDecoder;
use kafkaweave_sandbox::{Options, Sandbox};

use crate::client::{Bed, Wire, batch, name, text};

fn produce(topic: &str, records: Bytes, acks: i16) -> ProduceRequest {
    use produce_request::{PartitionProduceData, TopicProduceData};
    let data = PartitionProduceData::default().with_records(Some(records));
    let row = TopicProduceData::default()
        .with_name(name(topic))
        .with_partition_data(vec![data]);
    ProduceRequest::default()
        .with_acks(acks)
        .with_timeout_ms(1_000)
        .with_topic_data(vec![row])
}

fn fetch(topic: &str, offset: i64, wait_ms: i32, min_bytes: i32, max_bytes: i32) -> FetchRequest {
    use fetch_request::{FetchPartition, FetchTopic};
    let partition = FetchPartition::default()
        .with_fetch_offset(offset)
        .with_partition_max_bytes(max_bytes);
    let row = FetchTopic::default()
        .with_topic(name(topic))
        .with_partitions(vec![partition]);
    FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_max_wait_ms(wait_ms)
        .with_min_bytes(min_bytes)
        .with_max_bytes(max_bytes)
        .with_topics(vec![row])
}

async fn error_of(wire: &mut Wire, request: &ProduceRequest) -> i16 {
    wire.call(request, 9).await.responses[0].partition_responses[0].error_code
}

#[tokio::test]
async fn a_fetch_waits_for_records_and_no_longer() {
    let bed = Bed::empty().await;
    bed.create("t", 1, &[]).await;
    let (mut reader, mut writer) = (bed.leader("t", 0).await, bed.leader("t", 0).await);
    let start = Instant::now();
    let nothing = reader.call(&fetch("t", 0, 150, 1, 1 << 20), 12).await;
    assert!(
        nothing.responses[0].partitions[0]
            .records
            .as_ref()
            .unwrap()
            .is_empty()
    );
    assert!(start.elapsed() >= Duration::from_millis(150));
    let start = Instant::now();
    reader.send(&fetch("t", 0, 15_000, 1, 1 << 20), 12).await;
    assert_eq!(
        error_of(&mut writer, &produce("t", batch(&[("v", 1)]), 1)).await,
        0
    );
    assert!(!reader.frame().await.unwrap().is_empty());
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "woken by the record"
    );
    let beyond = reader.call(&fetch("t", 99, 15_000, 1, 1 << 20), 12).await;
    assert_eq!(
        beyond.responses[0].partitions[0].error_code, 1,
        "an error is told at once"
    );
}

#[tokio::test]
async fn one_batch_always_comes_and_more_only_as_far_as_the_limit_goes() {
    let bed = Bed::empty().await;
    bed.create("t", 1, &[]).await;
    let mut wire = bed.leader("t", 0).await;
    let one = batch(&[("value", 1)]);
    for _ in 0..5 {
        assert_eq!(error_of(&mut wire, &produce("t", one.clone(), 1)).await, 0);
    }
    let size = i32::try_from(one.len()).unwrap();
    for (max_bytes, batches) in [(1, 1), (size * 2, 2), (size * 3 - 1, 2), (1 << 20, 5)] {
        let response = wire.call(&fetch("t", 0, 0, 0, max_bytes), 11).await;
        let mut records = response.responses[0].partitions[0].records.clone().unwrap();
        assert_eq!(
            RecordBatchDecoder::decode_all(&mut records).unwrap().len(),
            batches,
            "{max_bytes}"
        );
    }
}

#[tokio::test]
async fn settings_act_on_writes() {
    let bed = Bed::empty().await;
    bed.create("small", 1, &[("max.message.bytes", "100")])
        .await;
    bed.create("stamped", 1, &[("message.timestamp.type", "LogAppendTime")])
        .await;
    bed.create("safe", 1, &[("min.insync.replicas", "3")]).await;
    let long = "x".repeat(200);
    let mut wire = bed.leader("small", 0).await;
    assert_eq!(
        error_of(&mut wire, &produce("small", batch(&[(&long, 1)]), 1)).await,
        10
    );
    assert_eq!(
        error_of(&mut wire, &produce("small", batch(&[("x", 1)]), 1)).await,
        0
    );
    assert_eq!(
        error_of(&mut wire, &produce("small", batch(&[("x", 1)]), 5)).await,
        21
    );
    let mut wire = bed.leader("stamped", 0).await;
    let response = wire
        .call(&produce("stamped", batch(&[("x", 1)]), 1), 9)
        .await;
    let stamp = response.responses[0].partition_responses[0].log_append_time_ms;
    assert!(stamp > 1_700_000_000_000);
    let fetched = wire.call(&fetch("stamped", 0, 0, 0, 1 << 20), 12).await;
    let mut records = fetched.responses[0].partitions[0].records.clone().unwrap();
    let set = RecordBatchDecoder::decode(&mut records).unwrap();
    assert_eq!(
        set.records[0].timestamp_type,
        kafka_protocol::records::TimestampType::LogAppend
    );
    let leader = bed.leader_id("safe", 0).await;
    let mut wire = bed.node(leader).await;
    assert_eq!(
        error_of(&mut wire, &produce("safe", batch(&[("x", 1)]), -1)).await,
        0
    );
    bed.sandbox.faults().node_down(leader % 3 + 1);
    crate::client::until("the ISR shrinks", async || {
        bed.metadata("safe").await.partitions[0].isr_nodes.len() == 2
    })
    .await;
    assert_eq!(
        error_of(&mut wire, &produce("safe", batch(&[("x", 1)]), -1)).await,
        19
    );
    assert_eq!(
        error_of(&mut wire, &produce("safe", batch(&[("x", 1)]), 1)).await,
        0
    );
}

#[tokio::test]
async fn bad_records_are_refused_with_the_right_code() {
    let bed = Bed::empty().await;
    bed.create("t", 1, &[]).await;
    let mut wire = bed.leader("t", 0).await;
    let good = batch(&[("v", 1)]);
    let mut flipped = good.to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    let mut old = good.to_vec();
    old[16] = 1;
    for (records, code) in [
        (Bytes::from(flipped), 2),
        (Bytes::from(old), 87),
        (good.slice(..20), 2),
        (Bytes::from([&good[..], &good[..]].concat()), 87),
        (Bytes::new(), 87),
    ] {
        assert_eq!(error_of(&mut wire, &produce("t", records, 1)).await, code);
    }
    let internal = produce("__consumer_offsets", good.clone(), 1);
    let mut wire = bed.leader("__consumer_offsets", 0).await;
    assert_eq!(error_of(&mut wire, &internal).await, 17);
    assert_eq!(error_of(&mut wire, &produce("no-such", good, 1)).await, 3);
}

#[tokio::test]
async fn acks_zero_is_not_answered() {
    let bed = Bed::empty().await;
    bed.create("t", 1, &[]).await;
    let mut wire = bed.leader("t", 0).await;
    wire.send(&produce("t", batch(&[("v", 1)]), 0), 9).await;
    // The next answer belongs to the next request.
    let fetched = wire.call(&fetch("t", 0, 5_000, 1, 1 << 20), 12).await;
    assert_eq!(fetched.responses[0].partitions[0].high_watermark, 1);
}

#[tokio::test]
async fn memory_is_bounded_and_the_log_start_moves() {
    let options = Options {
        seed: false,
        partition_bytes: 50_000,
        total_bytes: 80_000,
        ..Options::default()
    };
    let bed = Bed {
        sandbox: Sandbox::start(options).await.unwrap(),
    };
    bed.create("a", 1, &[]).await;
    bed.create("b", 1, &[]).await;
    bed.create("c", 1, &[("retention.bytes", "10000")]).await;
    let long = "x".repeat(1_000);
    for topic in ["a", "b", "c"] {
        let mut wire = bed.leader(topic, 0).await;
        for _ in 0..100 {
            assert_eq!(
                error_of(&mut wire, &produce(topic, batch(&[(&long, 1)]), 1)).await,
                0
            );
        }
    }
    let dirs = bed
        .node(2)
        .await
        .call(&DescribeLogDirsRequest::default().with_topics(None), 4)
        .await;
    let size = |topic: &str| -> i64 {
        let rows = dirs
            .results
            .iter()
            .flat_map(|dir| &dir.topics)
            .filter(|row| row.name.as_str() == topic);
        rows.flat_map(|row| &row.partitions)
            .map(|partition| partition.partition_size)
            .sum()
    };
    assert!(size("c") <= 10_000 && size("c") > 0);
    assert!(size("a") + size("b") + size("c") <= 80_000);
    use list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
    let earliest = ListOffsetsTopic::default()
        .with_name(name("c"))
        .with_partitions(vec![ListOffsetsPartition::default().with_timestamp(-2)]);
    let request = ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_topics(vec![earliest]);
    let start = bed.leader("c", 0).await.call(&request, 7).await.topics[0].partitions[0].offset;
    assert!(start > 80, "{start}");
    let before = bed
        .leader("c", 0)
        .await
        .call(&fetch("c", 0, 0, 0, 1 << 20), 12)
        .await;
    assert_eq!(before.responses[0].partitions[0].error_code, 1);
}

#[tokio::test]
async fn transactions_are_refused_for_good() {
    let bed = Bed::empty().await;
    let request =
        InitProducerIdRequest::default().with_transactional_id(Some(TransactionalId(text("tx"))));
    assert_eq!(bed.node(1).await.call(&request, 4).await.error_code, 35);
}
