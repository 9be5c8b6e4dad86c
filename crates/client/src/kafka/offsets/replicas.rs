//! Ends of single replicas, followers too: each broker is asked once for its own.
//!
//! A broker answers for a partition that it follows only to a reader that says it is debugging; then
//! it gives the end of its own log.

use super::super::KafkaError;
use super::super::code::code;
use super::super::route::Router;
use super::{BrokerId, ListOffsetsRequest, StrBytes, TopicName, number};
use futures::future::join_all;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafkaweave_core::model::{Missing, OffsetSpec, Partial, TopicPartition};
use std::collections::{BTreeMap, HashMap};

/// Kafka's number for a reader that is debugging.
const DEBUGGING: BrokerId = BrokerId(-2);

/// Partitions by topic.
type Wanted = BTreeMap<String, Vec<i32>>;

/// The request.
pub(crate) fn request(wanted: &Wanted) -> ListOffsetsRequest {
    let partition = |index: &i32| {
        ListOffsetsPartition::default()
            .with_partition_index(*index)
            .with_current_leader_epoch(-1)
            .with_timestamp(number(OffsetSpec::Latest))
    };
    let topic = |(name, partitions): (&String, &Vec<i32>)| {
        ListOffsetsTopic::default()
            .with_name(TopicName(StrBytes::from_string(name.clone())))
            .with_partitions(partitions.iter().map(partition).collect())
    };
    ListOffsetsRequest::default()
        .with_replica_id(DEBUGGING)
        .with_topics(wanted.iter().map(topic).collect())
}

/// Log ends by broker and partition. A broker that does not answer is a gap.
pub(crate) async fn replica_ends(
    router: &Router,
    replicas: &[(i32, TopicPartition)],
) -> Partial<HashMap<(i32, TopicPartition), i64>> {
    let mut by_broker: BTreeMap<i32, Wanted> = BTreeMap::new();
    for (broker, partition) in replicas {
        let wanted = by_broker.entry(*broker).or_default();
        let partitions = wanted.entry(partition.topic.clone()).or_default();
        if !partitions.contains(&partition.partition) {
            partitions.push(partition.partition);
        }
    }
    let calls = by_broker.into_iter().map(|(broker, wanted)| async move {
        let outcome = router.call(broker, |_| request(&wanted)).await;
        (broker, outcome)
    });
    let (mut value, mut missing) = (HashMap::new(), Vec::new());
    for (broker, outcome) in join_all(calls).await {
        let mut gap = |what: String, error: KafkaError| {
            missing.push(Missing {
                what,
                broker: Some(broker),
                why: error.to_string(),
            });
        };
        let answer = match outcome {
            Ok((answer, _)) => answer,
            Err(error) => {
                gap(format!("ends of replicas on broker {broker}"), error);
                continue;
            }
        };
        for topic in &answer.topics {
            for row in &topic.partitions {
                let partition = TopicPartition::new(topic.name.0.to_string(), row.partition_index);
                let subject = format!("partition `{partition}`");
                match code(row.error_code, "ListOffsets", &subject, None) {
                    Some(error) => {
                        gap(format!("end of {partition} on broker {broker}"), error);
                    }
                    None if row.offset >= 0 => {
                        value.insert((broker, partition), row.offset);
                    }
                    None => {}
                }
            }
        }
    }
    Partial { value, missing }
}
