//! Topics with their partitions: one Metadata round trip, never creating one.

use super::cluster::printed;
use super::code::{TOPIC_AUTHORIZATION_FAILED, UNKNOWN_TOPIC_OR_PARTITION, code};
use super::route::Router;
use super::{KafkaError, TopicSelection};
use kafka_protocol::messages::metadata_response::{
    MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    BrokerId, DescribeTopicPartitionsRequest, TopicName, describe_topic_partitions_request as ask,
};
use kafka_protocol::protocol::StrBytes;
use kafkaweave_core::model::{Missing, Partial, Partition, Topic};
use std::collections::{BTreeMap, BTreeSet};

/// Eligible leader replicas are asked for when at most this many topics lack replicas: they are
/// paged, and with a broker down in a large cluster they would cost more than all the rest.
const ELR_TOPICS: usize = 100;

/// Pages of eligible leader replicas at most; a broker gives 2000 partitions a page.
const ELR_PAGES: usize = 10;

/// Topics by name.
pub(crate) async fn topics(
    router: &Router,
    selection: &TopicSelection,
) -> Result<Partial<Vec<Topic>>, KafkaError> {
    let names: Option<Vec<String>> = match selection {
        TopicSelection::All => None,
        TopicSelection::Named(names) if names.is_empty() => return Ok(Partial::default()),
        // A name that is asked for twice would be answered twice.
        TopicSelection::Named(names) => {
            let unique: BTreeSet<_> = names.iter().cloned().collect();
            Some(unique.into_iter().collect())
        }
    };
    let (answer, _) = router.metadata(names.as_deref()).await?;
    let alone = names.as_ref().is_some_and(|names| names.len() == 1);
    let mut found = BTreeMap::new();
    let mut missing = BTreeMap::new();
    for topic in answer.topics {
        let Some(name) = topic.name.as_ref().map(|n| n.0.to_string()) else {
            continue;
        };
        if alone
            && topic.error_code == TOPIC_AUTHORIZATION_FAILED
            && let Some(error) = metadata_error(&name, topic.error_code)
        {
            return Err(error);
        }
        match refusal(&name, topic.error_code) {
            Some(why) => {
                missing.insert(name, why);
            }
            None => {
                found.insert(name.clone(), read(name, topic));
            }
        }
    }
    for name in names.iter().flatten() {
        if !found.contains_key(name) {
            missing
                .entry(name.clone())
                .or_insert_with(|| "the broker's answer leaves it out".into());
        }
    }
    let gap = |(name, why): (String, String)| Missing {
        what: format!("topic `{name}`"),
        broker: None,
        why,
    };
    let mut topics: Vec<_> = found.into_values().collect();
    add_eligible_leaders(router, &mut topics).await;
    Ok(Partial {
        value: topics,
        missing: missing.into_iter().map(gap).collect(),
    })
}

fn metadata_error(name: &str, number: i16) -> Option<KafkaError> {
    code(number, "Metadata", &format!("topic `{name}`"), None)
}

fn refusal(name: &str, number: i16) -> Option<String> {
    let error = metadata_error(name, number)?;
    Some(match number {
        UNKNOWN_TOPIC_OR_PARTITION => KafkaError::UnknownTopic { topic: name.into() }.to_string(),
        TOPIC_AUTHORIZATION_FAILED => format!(
            "{error}; without the right to describe it kafka answers so whether it exists or not"
        ),
        _ => error.to_string(),
    })
}

fn read(name: String, topic: MetadataResponseTopic) -> Topic {
    let mut partitions: Vec<_> = topic.partitions.into_iter().map(partition).collect();
    partitions.sort_by_key(|p| p.partition);
    Topic {
        name,
        topic_id: printed(topic.topic_id),
        internal: topic.is_internal,
        partitions,
    }
}

fn partition(of: MetadataResponsePartition) -> Partition {
    Partition {
        partition: of.partition_index,
        leader: (of.leader_id.0 >= 0).then_some(of.leader_id.0),
        leader_epoch: of.leader_epoch,
        replicas: ids(of.replica_nodes),
        isr: ids(of.isr_nodes),
        offline: ids(of.offline_replicas),
        elr: None,
    }
}

/// By value: thousands of partitions keep the lists that they came in.
fn ids(brokers: Vec<BrokerId>) -> Vec<i32> {
    brokers.into_iter().map(|b| b.0).collect()
}

/// The request for one page.
pub(crate) fn describe_partitions(
    topics: &[String],
    cursor: Option<ask::Cursor>,
) -> DescribeTopicPartitionsRequest {
    let topic = |name: &String| {
        ask::TopicRequest::default().with_name(TopicName(StrBytes::from_string(name.clone())))
    };
    DescribeTopicPartitionsRequest::default()
        .with_topics(topics.iter().map(topic).collect())
        .with_response_partition_limit(2000)
        .with_cursor(cursor)
}

/// Adds the eligible leader replicas (KIP-966) of partitions that lack replicas. Optional: what
/// cannot be had stays `None`.
async fn add_eligible_leaders(router: &Router, topics: &mut [Topic]) {
    let lacks = |p: &Partition| p.isr.len() < p.replicas.len();
    let names: Vec<_> = topics
        .iter()
        .filter(|t| t.partitions.iter().any(lacks))
        .map(|t| t.name.clone())
        .collect();
    if names.is_empty() || names.len() > ELR_TOPICS {
        return;
    }
    let mut eligible: BTreeMap<(String, i32), Vec<i32>> = BTreeMap::new();
    let mut cursor: Option<ask::Cursor> = None;
    for _ in 0..ELR_PAGES {
        let request = || describe_partitions(&names, cursor.clone());
        let Ok((page, _)) = router.ask(|_| request()).await else {
            break;
        };
        for topic in page.topics.into_iter().filter(|t| t.error_code == 0) {
            let Some(name) = topic.name.as_ref() else {
                continue;
            };
            for p in topic.partitions {
                if let Some(elr) = p.eligible_leader_replicas {
                    eligible.insert((name.0.to_string(), p.partition_index), ids(elr));
                }
            }
        }
        let Some(next) = page.next_cursor else {
            break;
        };
        cursor = Some(
            ask::Cursor::default()
                .with_topic_name(next.topic_name)
                .with_partition_index(next.partition_index),
        );
    }
    for topic in topics {
        let name = &topic.name;
        for p in topic.partitions.iter_mut().filter(|p| lacks(p)) {
            p.elr = eligible.remove(&(name.clone(), p.partition));
        }
    }
}
