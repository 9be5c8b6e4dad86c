//! Producers of partitions: each leader is asked once for all of its partitions (KIP-664).
//!
//! A refusal that passes (an election, a moved leader) is asked again after the leaders were read
//! anew; a leader that does not answer at all is not, so that it costs one timeout.

use super::KafkaError;
use super::code::{UNKNOWN_TOPIC_OR_PARTITION, api_name, code};
use super::route::{Router, TRIES, TopicLeaders, back_off, lost};
use futures::future::join_all;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::messages::describe_producers_response::{self as answer, PartitionResponse};
use kafka_protocol::messages::{
    ApiKey, DescribeProducersRequest, DescribeProducersResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use kafkaweave_core::model::{Missing, Partial, PartitionProducers, ProducerState, TopicPartition};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Partitions by topic.
type Wanted = BTreeMap<String, Vec<i32>>;

/// The request.
pub(crate) fn request(wanted: &Wanted) -> DescribeProducersRequest {
    let topic = |(name, partitions): (&String, &Vec<i32>)| {
        TopicRequest::default()
            .with_name(TopicName(StrBytes::from_string(name.clone())))
            .with_partition_indexes(partitions.clone())
    };
    DescribeProducersRequest::default().with_topics(wanted.iter().map(topic).collect())
}

/// One partition on its way.
struct Pending {
    partition: TopicPartition,
    leader: Option<i32>,
    outcome: Option<Result<PartitionProducers, KafkaError>>,
    /// Another round may help.
    open: bool,
    /// This leader did not answer at all: only another one is worth asking.
    silent: Option<i32>,
}

/// Producers in the order asked for; what could not be had is a gap.
///
/// # Errors
/// When no metadata can be had.
pub(crate) async fn producers(
    router: &Router,
    partitions: &[TopicPartition],
) -> Result<Partial<Vec<PartitionProducers>>, KafkaError> {
    let mut seen = BTreeSet::new();
    let mut pending: Vec<_> = partitions
        .iter()
        // A partition may be in one request only once.
        .filter(|partition| seen.insert(*partition))
        .map(|partition| Pending {
            partition: partition.clone(),
            leader: None,
            outcome: None,
            open: true,
            silent: None,
        })
        .collect();
    for attempt in 1..=TRIES {
        if attempt > 1 {
            tokio::time::sleep(back_off(attempt - 1)).await;
        }
        let topics: BTreeSet<_> = pending
            .iter()
            .filter(|p| p.open)
            .map(|p| p.partition.topic.clone())
            .collect();
        let topics: Vec<_> = topics.into_iter().collect();
        let leaders = match router.leaders_of(&topics, attempt > 1).await {
            Ok(leaders) => leaders,
            Err(error) if attempt == 1 => return Err(error),
            // What was had already counts.
            Err(_) => break,
        };
        for one in pending.iter_mut().filter(|p| p.open) {
            one.route(leaders.get(&one.partition.topic));
        }
        ask(router, &mut pending).await;
        if !pending.iter().any(|p| p.open) {
            break;
        }
    }
    let (mut value, mut missing) = (Vec::with_capacity(pending.len()), Vec::new());
    for one in pending {
        let error = match one.outcome {
            Some(Ok(found)) => {
                value.push(found);
                continue;
            }
            Some(Err(error)) => error,
            None => one.leaderless(),
        };
        missing.push(Missing {
            what: format!("producers of {}", one.partition),
            broker: one.leader,
            why: error.to_string(),
        });
    }
    Ok(Partial { value, missing })
}

/// Asks the leaders of all open partitions in parallel.
async fn ask(router: &Router, pending: &mut [Pending]) {
    let mut by_leader: BTreeMap<i32, (Wanted, Vec<usize>)> = BTreeMap::new();
    for (at, one) in pending.iter().enumerate().filter(|(_, p)| p.open) {
        if let Some(leader) = one.leader {
            let (wanted, members) = by_leader.entry(leader).or_default();
            let TopicPartition { topic, partition } = one.partition.clone();
            wanted.entry(topic).or_default().push(partition);
            members.push(at);
        }
    }
    let calls = by_leader
        .into_iter()
        .map(|(leader, (wanted, members))| async move {
            let outcome = router.call(leader, |_| request(&wanted)).await;
            (leader, members, outcome.map(|(answer, _)| answer))
        });
    for (leader, members, outcome) in join_all(calls).await {
        let rows = outcome.as_ref().map(by_partition);
        for at in members {
            let Some(one) = pending.get_mut(at) else {
                continue;
            };
            match &rows {
                Ok(rows) => one.take(leader, rows),
                Err(error) => one.failed(leader, error),
            }
            if one.open {
                router.forget_leader(&one.partition.topic, one.partition.partition, None);
            }
        }
    }
}

type Rows<'a> = HashMap<(&'a str, i32), &'a PartitionResponse>;

fn by_partition(answer: &DescribeProducersResponse) -> Rows<'_> {
    let rows = answer.topics.iter().flat_map(|topic| {
        let partitions = topic.partitions.iter();
        partitions.map(|p| ((topic.name.as_str(), p.partition_index), p))
    });
    rows.collect()
}

impl Pending {
    fn leaderless(&self) -> KafkaError {
        KafkaError::NoLeader {
            topic: self.partition.topic.clone(),
            partition: self.partition.partition,
        }
    }

    fn end(&mut self, error: KafkaError) {
        self.outcome = Some(Err(error));
        self.open = false;
    }

    /// Takes what the metadata says about its topic.
    fn route(&mut self, topic: Option<&Result<TopicLeaders, KafkaError>>) {
        let TopicPartition {
            topic: name,
            partition,
        } = self.partition.clone();
        self.leader = match topic {
            Some(Ok(leaders)) => match leaders.partitions.get(&partition) {
                Some(leader) => leader.broker,
                None => {
                    return self.end(KafkaError::UnknownPartition {
                        topic: name,
                        partition,
                        partitions: leaders.partitions.len(),
                    });
                }
            },
            Some(Err(error)) => return self.end(error.clone()),
            None => return self.end(KafkaError::UnknownTopic { topic: name }),
        };
        if self.leader.is_some() && self.leader == self.silent {
            self.open = false;
        }
    }

    fn failed(&mut self, leader: i32, error: &KafkaError) {
        self.open = lost(error) && self.silent.is_none();
        self.silent = Some(leader);
        self.outcome = Some(Err(error.clone()));
    }

    fn take(&mut self, leader: i32, rows: &Rows<'_>) {
        let key = (self.partition.topic.as_str(), self.partition.partition);
        let Some(row) = rows.get(&key) else {
            return self.end(KafkaError::Protocol {
                address: format!("broker {leader}"),
                step: api_name(ApiKey::DescribeProducers as i16),
                reason: format!("it leaves out {}", self.partition),
            });
        };
        let subject = format!("partition `{}`", self.partition);
        let text = row.error_message.as_ref().map(StrBytes::as_str);
        if let Some(error) = code(row.error_code, "DescribeProducers", &subject, text) {
            // "Unknown" may only mean that the partition has moved.
            self.open = row.error_code == UNKNOWN_TOPIC_OR_PARTITION
                || ResponseError::try_from_code(row.error_code).is_some_and(|e| e.is_retriable());
            self.outcome = Some(Err(error));
            return;
        }
        let mut producers: Vec<_> = row.active_producers.iter().map(state).collect();
        producers.sort_by_key(|p| p.producer_id);
        self.open = false;
        self.outcome = Some(Ok(PartitionProducers {
            partition: self.partition.clone(),
            leader,
            producers,
        }));
    }
}

fn state(of: &answer::ProducerState) -> ProducerState {
    ProducerState {
        producer_id: of.producer_id.0,
        epoch: of.producer_epoch,
        last_sequence: (of.last_sequence >= 0).then_some(of.last_sequence),
        last_timestamp_ms: (of.last_timestamp >= 0).then_some(of.last_timestamp),
        coordinator_epoch: (of.coordinator_epoch >= 0).then_some(of.coordinator_epoch),
        open_since_offset: (of.current_txn_start_offset >= 0)
            .then_some(of.current_txn_start_offset),
    }
}
