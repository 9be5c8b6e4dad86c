//! CreateTopics and DeleteTopics.

use std::collections::BTreeMap;

use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::{
    CreatableTopicConfigs, CreatableTopicResult,
};
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{
    BrokerId, CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse,
};

use crate::cluster::{
    MAX_PARTITIONS, NODES, OFFSETS_TOPIC, State, Topic, is_valid_topic_name, spread,
};
use crate::config;
use crate::dispatch::Context;
use crate::wire::{code, text, topic_name};

/// Kafka's code and its words for the client.
pub(super) type Refused = (i16, String);

pub(crate) fn create(
    context: &Context,
    request: &CreateTopicsRequest,
    version: i16,
) -> CreateTopicsResponse {
    let mut state = context.cluster.state();
    let mut response = CreateTopicsResponse::default();
    for asked in &request.topics {
        let twice = request
            .topics
            .iter()
            .filter(|other| other.name == asked.name)
            .count()
            > 1;
        let outcome = if twice {
            Err((code::INVALID_REQUEST, "Duplicate topic name.".to_owned()))
        } else {
            plan(&state, asked)
        };
        let row = CreatableTopicResult::default().with_name(asked.name.clone());
        response.topics.push(match outcome {
            Err((error, message)) => row
                .with_error_code(error)
                .with_error_message(Some(text(&message)))
                .with_num_partitions(-1)
                .with_replication_factor(-1),
            Ok(topic) => {
                let mut row = row;
                if version >= 5 {
                    let factor = topic
                        .partitions
                        .first()
                        .map_or(0, |partition| partition.replicas.len());
                    row.num_partitions = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
                    row.replication_factor = i16::try_from(factor).unwrap_or(i16::MAX);
                    row.configs = Some(
                        config::topic_entries(&topic.settings, &BTreeMap::new(), &BTreeMap::new())
                            .into_iter()
                            .map(|entry| {
                                CreatableTopicConfigs::default()
                                    .with_name(text(entry.key.name))
                                    .with_value(entry.value.as_deref().map(text))
                                    .with_config_source(entry.source)
                            })
                            .collect(),
                    );
                }
                if version >= 7 && !request.validate_only {
                    row.topic_id = topic.id;
                }
                if !request.validate_only {
                    state.insert(topic);
                }
                row
            }
        });
    }
    response
}

/// The topic as it would be created, or why not.
fn plan(state: &State, asked: &CreatableTopic) -> Result<Topic, Refused> {
    let name = asked.name.as_str();
    if !is_valid_topic_name(name) {
        return Err((
            code::INVALID_TOPIC,
            format!("Topic name is invalid: '{name}' is illegal"),
        ));
    }
    if state.topics.contains_key(name) {
        return Err((
            code::TOPIC_ALREADY_EXISTS,
            format!("Topic '{name}' already exists."),
        ));
    }
    if let Some(other) = state
        .topics
        .keys()
        .find(|other| other.replace('.', "_") == name.replace('.', "_"))
    {
        return Err((
            code::INVALID_TOPIC,
            format!("Topic '{name}' collides with existing topic: {other}"),
        ));
    }
    let live = state.live_ids();
    let replicas = if asked.assignments.is_empty() {
        let partitions = if asked.num_partitions == -1 {
            3
        } else {
            asked.num_partitions
        };
        let factor = if asked.replication_factor == -1 {
            3
        } else {
            asked.replication_factor
        };
        let partitions = usize::try_from(partitions)
            .ok()
            .filter(|count| *count > 0)
            .ok_or_else(|| {
                (
                    code::INVALID_PARTITIONS,
                    "Number of partitions was set to an invalid non-positive value.".to_owned(),
                )
            })?;
        let factor = usize::try_from(factor)
            .ok()
            .filter(|count| *count > 0)
            .ok_or_else(|| {
                (
                    code::INVALID_REPLICATION_FACTOR,
                    "Replication factor must be larger than 0, or -1 to use the default value."
                        .to_owned(),
                )
            })?;
        if factor > live.len() {
            return Err(unreachable_factor(partitions, factor, live.len()));
        }
        room_for(state, partitions)?;
        spread(
            partitions,
            factor,
            state.topics.len() % live.len().max(1),
            &live,
        )
    } else {
        if asked.num_partitions != -1 || asked.replication_factor != -1 {
            return Err((
                code::INVALID_REQUEST,
                "A manual partition assignment was specified, but numPartitions or replicationFactor was not set to -1.".to_owned(),
            ));
        }
        let mut by_index = BTreeMap::new();
        for assignment in &asked.assignments {
            by_index.insert(assignment.partition_index, checked(&assignment.broker_ids)?);
        }
        let count = i32::try_from(asked.assignments.len()).unwrap_or(i32::MAX);
        if !by_index.keys().copied().eq(0..count) {
            return Err((
                code::INVALID_REPLICA_ASSIGNMENT,
                "partitions should be a consecutive 0-based integer sequence".to_owned(),
            ));
        }
        room_for(state, by_index.len())?;
        by_index.into_values().collect()
    };
    let mut topic = Topic::new(name, replicas);
    for setting in &asked.configs {
        let value = setting.value.as_deref().ok_or_else(|| {
            (
                code::INVALID_CONFIG,
                format!(
                    "Null value not supported for topic configs: {}",
                    setting.name.as_str()
                ),
            )
        })?;
        config::check_topic(&setting.name, value)?;
        topic
            .settings
            .insert(setting.name.to_string(), value.to_owned());
    }
    for partition in &mut topic.partitions {
        partition.follow(&live);
    }
    Ok(topic)
}

pub(super) fn unreachable_factor(partitions: usize, factor: usize, live: usize) -> Refused {
    let why = format!(
        "Unable to replicate the partition {factor} time(s): The target replication factor of {factor} cannot be reached because only {live} broker(s) are registered."
    );
    tracing::debug!(partitions, factor, live, "replication factor out of reach");
    (code::INVALID_REPLICATION_FACTOR, why)
}

pub(super) fn room_for(state: &State, partitions: usize) -> Result<(), Refused> {
    if state.partitions().count().saturating_add(partitions) > MAX_PARTITIONS {
        return Err((
            code::POLICY_VIOLATION,
            format!("The sandbox holds at most {MAX_PARTITIONS} partitions."),
        ));
    }
    Ok(())
}

pub(super) fn checked(brokers: &[BrokerId]) -> Result<Vec<i32>, Refused> {
    let ids: Vec<i32> = brokers.iter().map(|broker| broker.0).collect();
    let mut distinct = ids.clone();
    distinct.sort_unstable();
    distinct.dedup();
    if ids.is_empty() || distinct.len() != ids.len() {
        return Err((
            code::INVALID_REPLICA_ASSIGNMENT,
            format!("The manual partition assignment {ids:?} is empty or names a broker twice."),
        ));
    }
    match ids.iter().find(|id| !NODES.contains(id)) {
        Some(id) => Err((
            code::INVALID_REPLICA_ASSIGNMENT,
            format!(
                "The manual partition assignment includes broker {id}, but no such broker is registered."
            ),
        )),
        None => Ok(ids),
    }
}

pub(crate) fn delete(
    context: &Context,
    request: &DeleteTopicsRequest,
    version: i16,
) -> DeleteTopicsResponse {
    let mut state = context.cluster.state();
    let by_name = request
        .topic_names
        .iter()
        .map(|name| (Some(name.clone()), uuid::Uuid::nil()));
    let asked = request
        .topics
        .iter()
        .map(|topic| (topic.name.clone(), topic.topic_id))
        .chain(by_name);
    let mut response = DeleteTopicsResponse::default();
    for (name, id) in asked {
        let known = match &name {
            Some(name) => state.topics.get(name.as_str()),
            None => state.topic_of_id(id),
        };
        let known = known.map(|topic| (topic.name.clone(), topic.id));
        let row = DeletableTopicResult::default();
        let (row, error, message) = match known {
            Some((name, id)) => {
                let row = row.with_name(Some(topic_name(&name)));
                let row = if version >= 6 {
                    row.with_topic_id(id)
                } else {
                    row
                };
                if name == OFFSETS_TOPIC {
                    (
                        row,
                        code::POLICY_VIOLATION,
                        Some("The sandbox keeps its offsets topic."),
                    )
                } else {
                    state.remove(&name);
                    (row, 0, None)
                }
            }
            None => {
                let error = if name.is_some() {
                    code::UNKNOWN_TOPIC_OR_PARTITION
                } else {
                    code::UNKNOWN_TOPIC_ID
                };
                let row = row.with_name(name);
                let row = if version >= 6 {
                    row.with_topic_id(id)
                } else {
                    row
                };
                let message = if error == code::UNKNOWN_TOPIC_ID {
                    "This server does not host this topic ID."
                } else {
                    "This server does not host this topic-partition."
                };
                (row, error, Some(message))
            }
        };
        let row = row.with_error_code(error);
        response.responses.push(if version >= 5 {
            row.with_error_message(message.map(text))
        } else {
            row
        });
    }
    drop(state);
    context.cluster.announce();
    response
}
