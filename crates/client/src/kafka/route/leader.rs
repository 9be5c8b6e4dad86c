//! Which broker leads a partition.

use super::super::KafkaError;
use super::super::code::{LEADER_NOT_AVAILABLE, UNKNOWN_TOPIC_OR_PARTITION, code};
use super::super::locked;
use super::{Node, Router, TRIES, back_off};
use kafka_protocol::messages::metadata_response::MetadataResponseTopic;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// Leaders older than this are read again, errors or not.
const STALE: Duration = Duration::from_secs(30);

/// The leader of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leader {
    /// Broker; `None` while there is no leader.
    pub(crate) broker: Option<i32>,
    /// Epoch of that leadership; -1 where not offered.
    pub(crate) epoch: i32,
}

/// The leaders of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TopicLeaders {
    /// Topic id; `None` where not offered (before Kafka 2.8).
    pub(crate) topic_id: Option<Uuid>,
    /// By partition.
    pub(crate) partitions: BTreeMap<i32, Leader>,
}

/// A leader that a broker named in its refusal (`current_leader`, `node_endpoints`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewLeader {
    /// Broker.
    pub(crate) broker: i32,
    /// Epoch.
    pub(crate) epoch: i32,
    /// Where it listens, when that was said too.
    pub(crate) endpoint: Option<(String, i32)>,
}

impl Router {
    /// Leaders of one topic, from memory unless `refresh`.
    ///
    /// # Errors
    /// `UnknownTopic`, `NotAuthorized` (Kafka also says so for a topic that does not exist), or
    /// no metadata at all.
    pub(crate) async fn leaders(
        &self,
        topic: &str,
        refresh: bool,
    ) -> Result<TopicLeaders, KafkaError> {
        let mut found = self.leaders_of(&[topic.to_owned()], refresh).await?;
        found.remove(topic).unwrap_or_else(|| Err(unknown(topic)))
    }

    /// Leaders of many topics with one round trip for those that are not in memory.
    ///
    /// # Errors
    /// Only when no metadata can be had; each topic has its own outcome.
    pub(crate) async fn leaders_of(
        &self,
        topics: &[String],
        refresh: bool,
    ) -> Result<HashMap<String, Result<TopicLeaders, KafkaError>>, KafkaError> {
        let mut found = HashMap::new();
        let mut wanted = Vec::new();
        {
            let known = locked(&self.0.leaders);
            for topic in topics {
                match known.get(topic) {
                    Some((at, leaders)) if !refresh && at.elapsed() < STALE => {
                        found.insert(topic.clone(), Ok(leaders.clone()));
                    }
                    _ => wanted.push(topic.clone()),
                }
            }
        }
        for attempt in 1..=TRIES {
            if wanted.is_empty() {
                break;
            }
            if attempt > 1 {
                tokio::time::sleep(back_off(attempt - 1)).await;
            }
            let (answer, _) = self.metadata(Some(&wanted)).await?;
            let mut again = Vec::new();
            for topic in &answer.topics {
                let Some(name) = topic.name.as_ref().map(|n| n.0.to_string()) else {
                    continue;
                };
                // A topic that was created a moment ago may have no leader for the whole of it.
                if topic.error_code == LEADER_NOT_AVAILABLE {
                    again.push(name.clone());
                }
                found.insert(name.clone(), self.remember(&name, topic));
            }
            for name in &wanted {
                found
                    .entry(name.clone())
                    .or_insert_with(|| Err(unknown(name)));
            }
            wanted = again;
        }
        Ok(found)
    }

    fn remember(
        &self,
        name: &str,
        topic: &MetadataResponseTopic,
    ) -> Result<TopicLeaders, KafkaError> {
        let mut known = locked(&self.0.leaders);
        known.remove(name);
        if topic.error_code == UNKNOWN_TOPIC_OR_PARTITION {
            return Err(unknown(name));
        }
        let subject = format!("topic `{name}`");
        if let Some(error) = code(topic.error_code, "Metadata", &subject, None) {
            return Err(error);
        }
        let leader =
            |p: &kafka_protocol::messages::metadata_response::MetadataResponsePartition| {
                let broker = (p.leader_id.0 >= 0).then_some(p.leader_id.0);
                let epoch = p.leader_epoch;
                (p.partition_index, Leader { broker, epoch })
            };
        let leaders = TopicLeaders {
            topic_id: Some(topic.topic_id).filter(|id| !id.is_nil()),
            partitions: topic.partitions.iter().map(leader).collect(),
        };
        known.insert(name.to_owned(), (Instant::now(), leaders.clone()));
        Ok(leaders)
    }

    /// Corrects what is in memory: to the leader that a broker named, else the topic is read again
    /// when it is next needed.
    pub(crate) fn forget_leader(&self, topic: &str, partition: i32, new: Option<NewLeader>) {
        let mut known = locked(&self.0.leaders);
        let Some(new) = new.filter(|n| n.broker >= 0) else {
            known.remove(topic);
            return;
        };
        if let Some((_, leaders)) = known.get_mut(topic)
            && let Some(leader) = leaders.partitions.get_mut(&partition)
            && leader.epoch <= new.epoch
        {
            *leader = Leader {
                broker: Some(new.broker),
                epoch: new.epoch,
            };
        }
        drop(known);
        if let Some((host, port)) = new.endpoint
            && let Some(nodes) = locked(&self.0.nodes).as_mut()
        {
            let node = nodes.brokers.entry(new.broker).or_insert_with(|| Node {
                host: String::new(),
                port,
                rack: None,
            });
            node.host = host;
            node.port = port;
        }
    }
}

fn unknown(topic: &str) -> KafkaError {
    KafkaError::UnknownTopic {
        topic: topic.to_owned(),
    }
}
