//! The demo data as a client sees it.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_protocol::messages::*;
use kafka_protocol::records::{Record, RecordBatchDecoder};
use kafkaweave_sandbox::Sandbox;

use crate::client::{Bed, group, name, text, until};

async fn records(bed: &Bed, topic: &str, partition: i32) -> Vec<Record> {
    use fetch_request::{FetchPartition, FetchTopic};
    let row = FetchPartition::default()
        .with_partition(partition)
        .with_partition_max_bytes(32 << 20);
    let row = FetchTopic::default()
        .with_topic(name(topic))
        .with_partitions(vec![row]);
    let request = FetchRequest::default()
        .with_max_bytes(32 << 20)
        .with_topics(vec![row]);
    let mut wire = bed.leader(topic, usize::try_from(partition).unwrap()).await;
    let mut bytes = wire.call(&request, 12).await.responses[0].partitions[0]
        .records
        .clone()
        .unwrap();
    let sets = RecordBatchDecoder::decode_all(&mut bytes).unwrap();
    sets.into_iter().flat_map(|set| set.records).collect()
}

async fn committed(bed: &Bed, id: &str) -> BTreeMap<(String, i32), i64> {
    let of = offset_fetch_request::OffsetFetchRequestGroup::default()
        .with_group_id(group(id))
        .with_topics(None);
    let request = OffsetFetchRequest::default().with_groups(vec![of]);
    let response = bed.coordinator(id).await.call(&request, 8).await;
    let topics = response.groups[0].topics.iter();
    topics
        .flat_map(|topic| {
            topic.partitions.iter().map(|row| {
                (
                    (topic.name.to_string(), row.partition_index),
                    row.committed_offset,
                )
            })
        })
        .collect()
}

async fn ends(bed: &Bed, topic: &str) -> Vec<i64> {
    let count = bed.metadata(topic).await.partitions.len();
    let mut ends = Vec::new();
    for partition in 0..count {
        use list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
        let row = ListOffsetsPartition::default()
            .with_partition_index(i32::try_from(partition).unwrap())
            .with_timestamp(-1);
        let row = ListOffsetsTopic::default()
            .with_name(name(topic))
            .with_partitions(vec![row]);
        let request = ListOffsetsRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_topics(vec![row]);
        ends.push(
            bed.leader(topic, partition)
                .await
                .call(&request, 7)
                .await
                .topics[0]
                .partitions[0]
                .offset,
        );
    }
    ends
}

#[tokio::test]
async fn the_topics_hold_what_they_promise() {
    let bed = Bed::quiet().await;
    let mut orders = 0;
    for partition in 0..6 {
        for record in records(&bed, "orders", partition).await {
            orders += 1;
            let order: serde_json::Value = serde_json::from_slice(&record.value.unwrap()).unwrap();
            assert_eq!(
                order["customer_id"].as_str().unwrap().as_bytes(),
                &record.key.unwrap()[..]
            );
            assert!(record.headers.contains_key(&text("trace-id")));
        }
    }
    assert!(orders >= 1_000);
    let clicks = ends(&bed, "clicks").await;
    assert!(
        clicks[0] * 10 > clicks.iter().sum::<i64>() * 7,
        "partition 0 is hot: {clicks:?}"
    );
    let poison = &records(&bed, "payments", 1).await[42];
    let value = poison.value.clone().unwrap();
    assert!(poison.offset == 42 && std::str::from_utf8(&value).is_err());
    let customers = records(&bed, "customers", 0).await;
    assert!(
        customers
            .windows(2)
            .any(|pair| pair[1].offset > pair[0].offset + 1),
        "gaps"
    );
    assert!(
        customers.iter().any(|record| record.value.is_none()),
        "tombstones"
    );
    let audit = bed.metadata("audit").await;
    let isr: Vec<usize> = audit
        .partitions
        .iter()
        .map(|row| row.isr_nodes.len())
        .collect();
    assert_eq!(isr, [3, 2, 3]);
    assert!(bed.metadata("__consumer_offsets").await.is_internal);
}

#[tokio::test]
async fn contents_do_not_change_from_start_to_start() {
    let (one, two) = (Bed::quiet().await, Bed::quiet().await);
    let strip = |records: Vec<Record>| -> Vec<(i64, Option<Bytes>)> {
        records
            .into_iter()
            .map(|record| (record.offset, record.value))
            .collect()
    };
    assert_eq!(
        strip(records(&one, "orders", 3).await),
        strip(records(&two, "orders", 3).await)
    );
    assert_ne!(one.sandbox.cluster_id(), two.sandbox.cluster_id());
}

#[tokio::test]
async fn the_groups_keep_up_fall_behind_and_lie_idle() {
    let bed = Bed {
        sandbox: Sandbox::start(kafkaweave_sandbox::Options::default())
            .await
            .unwrap(),
    };
    for (id, state, members) in [
        ("billing", "Stable", 2),
        ("reporting", "Stable", 1),
        ("legacy-export", "Empty", 0),
    ] {
        let request = DescribeGroupsRequest::default().with_groups(vec![group(id)]);
        let row = bed
            .coordinator(id)
            .await
            .call(&request, 6)
            .await
            .groups
            .remove(0);
        assert_eq!(
            (row.group_state.as_str(), row.members.len()),
            (state, members),
            "{id}"
        );
    }
    let before = ends(&bed, "payments").await;
    until("billing follows new records", async || {
        let (end, at) = (
            ends(&bed, "payments").await,
            committed(&bed, "billing").await,
        );
        end > before
            && (0..3).all(|index| {
                at[&("payments".to_owned(), index)] >= before[usize::try_from(index).unwrap()]
            })
            && at.values().sum::<i64>() > before.iter().sum::<i64>()
    })
    .await;
    let lag = async || {
        ends(&bed, "orders").await.iter().sum::<i64>()
            - committed(&bed, "reporting").await.values().sum::<i64>()
    };
    let start = lag().await;
    assert!(start >= 300, "twelve minutes of orders: {start}");
    until("reporting falls further behind", async || {
        lag().await > start
    })
    .await;
    assert_eq!(
        committed(&bed, "legacy-export").await[&("orders".to_owned(), 0)],
        17
    );
    assert_eq!(
        bed.sandbox.counters().requests_of(ApiKey::JoinGroup as i16),
        0,
        "simulated members are not counted"
    );
    bed.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_real_member_shares_with_the_simulated_ones() {
    let bed = Bed::quiet().await;
    let mut wire = bed.coordinator("billing").await;
    let protocol = join_group_request::JoinGroupRequestProtocol::default()
        .with_name(text("range"))
        .with_metadata(Bytes::from_static(
            b"\0\0\0\0\0\x01\0\x08payments\xff\xff\xff\xff",
        ));
    let join = |member: &str| {
        JoinGroupRequest::default()
            .with_group_id(group("billing"))
            .with_session_timeout_ms(10_000)
            .with_rebalance_timeout_ms(10_000)
            .with_member_id(text(member))
            .with_protocol_type(text("consumer"))
            .with_protocols(vec![protocol.clone()])
    };
    let id = wire.call(&join(""), 9).await.member_id;
    let place = wire.call(&join(&id), 9).await;
    assert_eq!((place.error_code, place.generation_id), (0, 2));
    let sync = SyncGroupRequest::default()
        .with_group_id(group("billing"))
        .with_generation_id(2)
        .with_member_id(id);
    let share = wire.call(&sync, 3).await;
    assert_eq!(share.error_code, 0);
    assert_eq!(
        &share.assignment[2..16],
        b"\0\0\0\x01\0\x08payments",
        "one of three partitions"
    );
}
