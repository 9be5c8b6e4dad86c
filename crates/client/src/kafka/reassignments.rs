//! Reassignments under way (KIP-455). The controller knows them, and any broker passes the
//! question on; what the controller does not know is how far the copying has come.

use super::KafkaError;
use super::code::code;
use super::route::Router;
use kafka_protocol::messages::list_partition_reassignments_request::ListPartitionReassignmentsTopics;
use kafka_protocol::messages::{BrokerId, ListPartitionReassignmentsRequest, TopicName};
use kafka_protocol::protocol::StrBytes;
use kafkaweave_core::model::{Missing, Partial, Reassignment, TopicPartition};
use std::time::Duration;

/// Topics with the partitions wanted of each; `None` for all.
type Wanted = Option<Vec<(String, Vec<i32>)>>;

/// The request.
pub(crate) fn request(wanted: &Wanted, timeout: Duration) -> ListPartitionReassignmentsRequest {
    let topic = |(name, partitions): &(String, Vec<i32>)| {
        ListPartitionReassignmentsTopics::default()
            .with_name(TopicName(StrBytes::from_string(name.clone())))
            .with_partition_indexes(partitions.clone())
    };
    ListPartitionReassignmentsRequest::default()
        .with_timeout_ms(i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX))
        .with_topics(wanted.as_ref().map(|w| w.iter().map(topic).collect()))
}

/// Reassignments by partition; `topics` of `None` for all.
///
/// # Errors
/// Without an answer of the controller.
pub(crate) async fn reassignments(
    router: &Router,
    topics: Option<&[String]>,
) -> Result<Partial<Vec<Reassignment>>, KafkaError> {
    let mut missing = Vec::new();
    let wanted = match topics {
        None => None,
        // The protocol wants partitions by number.
        Some(names) => {
            let mut wanted = Vec::new();
            for (name, outcome) in router.leaders_of(names, false).await? {
                match outcome {
                    Ok(leaders) => wanted.push((name, leaders.partitions.into_keys().collect())),
                    Err(error) => missing.push(Missing {
                        what: format!("reassignments of topic `{name}`"),
                        broker: None,
                        why: error.to_string(),
                    }),
                }
            }
            missing.sort_by(|a, b| a.what.cmp(&b.what));
            if wanted.is_empty() {
                return Ok(Partial {
                    value: Vec::new(),
                    missing,
                });
            }
            Some(wanted)
        }
    };
    let timeout = router.timeout();
    let (answer, _) = router.ask_controller(|_| request(&wanted, timeout)).await?;
    let text = answer.error_message.as_ref().map(StrBytes::as_str);
    if let Some(error) = code(
        answer.error_code,
        "ListPartitionReassignments",
        "the cluster",
        text,
    ) {
        return Err(error);
    }
    let ids = |brokers: &[BrokerId]| brokers.iter().map(|b| b.0).collect::<Vec<_>>();
    let mut found: Vec<_> = answer
        .topics
        .iter()
        .flat_map(|topic| {
            topic.partitions.iter().map(|p| Reassignment {
                partition: TopicPartition::new(topic.name.0.to_string(), p.partition_index),
                replicas: ids(&p.replicas),
                adding: ids(&p.adding_replicas),
                removing: ids(&p.removing_replicas),
            })
        })
        .collect();
    found.sort_by(|a, b| a.partition.cmp(&b.partition));
    Ok(Partial {
        value: found,
        missing,
    })
}
