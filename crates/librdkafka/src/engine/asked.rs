//! Questions that take more than one request: topics with what is alive, offsets by several specs.

use super::gap;
use crate::client::Link;
use crate::ffi::admin;
use crate::run::Bound;
use kafkaweave_client::kafka::KafkaError;
use kafkaweave_core::model::{
    Isolation, OffsetSpec, Partial, Partition, PartitionOffset, Topic, TopicPartition,
};
use std::collections::{BTreeSet, HashMap};

/// Topics by name; `None` asks for all.
pub(super) fn topics(
    link: &Link,
    bound: &Bound,
    names: Option<Vec<String>>,
) -> Result<Partial<Vec<Topic>>, KafkaError> {
    let told =
        |fault: crate::fault::Fault, subject: &str| fault.told(link, "Metadata", subject, bound);
    let (_, nodes) = admin::cluster(link, bound).map_err(|f| told(f, "the cluster"))?;
    let alive: BTreeSet<i32> = nodes.iter().map(|node| node.id).collect();
    let alone = names.as_ref().is_some_and(|names| names.len() == 1);
    let names = match names {
        Some(names) => names,
        None => admin::topic_names(link, bound.left()).map_err(|f| told(f, "the cluster"))?,
    };
    let facts = admin::topics(link, bound, &names).map_err(|f| told(f, "the topics"))?;
    let (mut value, mut missing) = (Vec::new(), Vec::new());
    for topic in facts {
        let subject = format!("topic `{}`", topic.name);
        match topic.partitions {
            Ok(partitions) => {
                let mut partitions: Vec<Partition> = partitions
                    .into_iter()
                    .map(|p| Partition {
                        partition: p.partition,
                        leader: p.leader,
                        // Not told by librdkafka.
                        leader_epoch: -1,
                        // Neither; a broker that is away takes its replicas with it.
                        offline: p
                            .replicas
                            .iter()
                            .copied()
                            .filter(|id| !alive.contains(id))
                            .collect(),
                        replicas: p.replicas,
                        isr: p.isr,
                        elr: None,
                    })
                    .collect();
                partitions.sort_by_key(|p| p.partition);
                value.push(Topic {
                    topic_id: topic.id.as_deref().and_then(url_safe),
                    name: topic.name,
                    internal: topic.internal,
                    partitions,
                });
            }
            Err(fault) if fault.code == 3 => {
                let error = KafkaError::UnknownTopic { topic: topic.name };
                missing.push(gap(subject, error.to_string()));
            }
            Err(fault) => {
                let error = told(fault, &subject);
                if alone && matches!(error, KafkaError::NotAuthorized { .. }) {
                    return Err(error);
                }
                missing.push(gap(subject, error.to_string()));
            }
        }
    }
    value.sort_by(|a, b| a.name.cmp(&b.name));
    missing.sort_by(|a, b| a.what.cmp(&b.what));
    Ok(Partial { value, missing })
}

/// An id in the alphabet that Kafka shows; `None` for the id of nothing.
fn url_safe(id: &str) -> Option<String> {
    let id = id.trim_end_matches('=').replace('+', "-").replace('/', "_");
    id.chars().any(|c| c != 'A').then_some(id)
}

/// Offsets in the order asked for. A partition may be in one request only once.
pub(super) fn offsets(
    link: &Link,
    bound: &Bound,
    queries: &[(TopicPartition, OffsetSpec)],
    isolation: Isolation,
) -> Result<Partial<Vec<PartitionOffset>>, KafkaError> {
    let mut layers: Vec<Vec<usize>> = Vec::new();
    let mut seen: HashMap<&TopicPartition, usize> = HashMap::new();
    for (at, (partition, _)) in queries.iter().enumerate() {
        let layer = seen.entry(partition).or_default();
        if layers.len() <= *layer {
            layers.push(Vec::new());
        }
        if let Some(members) = layers.get_mut(*layer) {
            members.push(at);
        }
        *layer += 1;
    }
    let mut answers: HashMap<usize, Result<(i64, i64), KafkaError>> = HashMap::new();
    for members in layers {
        let asked: Vec<_> = members
            .iter()
            .filter_map(|at| queries.get(*at))
            .map(|(partition, spec)| (partition, *spec))
            .collect();
        let rows = admin::offsets(link, bound, &asked, isolation)
            .map_err(|fault| fault.told(link, "ListOffsets", "the partitions", bound))?;
        let mut rows: HashMap<_, _> = rows.into_iter().collect();
        for at in members {
            let Some((partition, _)) = queries.get(at) else {
                continue;
            };
            if let Some(row) = rows.remove(partition) {
                let subject = format!("partition `{partition}`");
                let told =
                    |fault: crate::fault::Fault| fault.told(link, "ListOffsets", &subject, bound);
                answers.insert(at, row.map_err(told));
            }
        }
    }
    let (mut value, mut missing) = (Vec::new(), Vec::new());
    for (at, (partition, spec)) in queries.iter().enumerate() {
        let what = || format!("offsets of {partition}");
        match answers.remove(&at) {
            Some(Ok((offset, timestamp))) => value.push(PartitionOffset {
                partition: partition.clone(),
                spec: *spec,
                offset: (offset >= 0).then_some(offset),
                timestamp_ms: (timestamp >= 0).then_some(timestamp),
            }),
            Some(Err(error)) => missing.push(gap(what(), error.to_string())),
            None => missing.push(gap(what(), "the answer leaves it out")),
        }
    }
    Ok(Partial { value, missing })
}
