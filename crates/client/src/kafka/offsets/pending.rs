//! One query on its way: which leader it goes to, what came back, whether it may go again.

use super::super::KafkaError;
use super::super::code::{UNKNOWN_TOPIC_OR_PARTITION, api_name, code};
use super::super::route::TopicLeaders;
use super::MAX_TIMESTAMP;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::{ApiKey, ListOffsetsResponse};
use kafkaweave_core::model::{OffsetSpec, PartitionOffset, TopicPartition};

pub(super) struct Pending<'a> {
    pub(super) partition: &'a TopicPartition,
    pub(super) spec: OffsetSpec,
    /// The leader it goes to, or last went to.
    pub(super) leader: Option<i32>,
    /// To be sent in this round.
    pub(super) ready: bool,
    pub(super) outcome: Option<Result<PartitionOffset, KafkaError>>,
    /// The outcome is an error that may pass.
    again: bool,
    /// The leader did not answer at all: only another leader is worth asking.
    silent: Option<i32>,
}

impl<'a> Pending<'a> {
    pub(super) fn new((partition, spec): &'a (TopicPartition, OffsetSpec)) -> Self {
        Self {
            partition,
            spec: *spec,
            leader: None,
            ready: false,
            outcome: None,
            again: true,
            silent: None,
        }
    }

    /// Whether another round may help.
    pub(super) fn open(&self) -> bool {
        self.again
    }

    fn end(&mut self, error: KafkaError) {
        self.outcome = Some(Err(error));
        self.again = false;
        self.ready = false;
    }

    /// Takes what the metadata says about its topic. `fresh`: it was read just now.
    pub(super) fn route(&mut self, topic: Option<&Result<TopicLeaders, KafkaError>>, fresh: bool) {
        self.ready = false;
        let leaders = match topic {
            Some(Ok(leaders)) => leaders,
            Some(Err(error)) => return self.end(error.clone()),
            None => {
                let topic = self.partition.topic.clone();
                return self.end(KafkaError::UnknownTopic { topic });
            }
        };
        let (topic, partition) = (self.partition.topic.clone(), self.partition.partition);
        match leaders.partitions.get(&partition).map(|l| l.broker) {
            // Memory may be older than the partition.
            None if !fresh => {}
            None => self.end(KafkaError::UnknownPartition {
                topic,
                partition,
                partitions: leaders.partitions.len(),
            }),
            Some(None) => {
                self.leader = None;
                self.outcome = Some(Err(KafkaError::NoLeader { topic, partition }));
            }
            Some(Some(leader)) if self.silent == Some(leader) => self.again = false,
            Some(Some(leader)) => {
                self.leader = Some(leader);
                self.ready = true;
            }
        }
    }

    /// The whole request failed. `lost`: the broker was the trouble.
    pub(super) fn failed(&mut self, error: KafkaError, lost: bool) {
        self.ready = false;
        self.again = lost || error.retryable();
        // Refusing costs nothing and passes when a broker restarts; silence costs a timeout.
        if matches!(
            error,
            KafkaError::Timeout { .. } | KafkaError::ConnectTimeout { .. }
        ) {
            self.silent = self.leader;
        }
        self.outcome = Some(Err(error));
    }

    /// Takes its row out of a leader's answer.
    pub(super) fn take(&mut self, answer: &ListOffsetsResponse, version: i16) {
        // Answered or not, it is not sent again unless it is routed again.
        self.ready = false;
        let TopicPartition { topic, partition } = self.partition;
        if self.spec == OffsetSpec::MaxTimestamp && version < MAX_TIMESTAMP {
            return self.end(KafkaError::NotOffered {
                operation: "the offset of the largest timestamp (ListOffsets version 7)".into(),
                by: "the partition's leader".into(),
            });
        }
        let row = answer
            .topics
            .iter()
            .filter(|t| t.name.as_str() == topic)
            .flat_map(|t| &t.partitions)
            .find(|p| p.partition_index == *partition);
        let Some(row) = row else {
            return self.end(KafkaError::Protocol {
                address: self
                    .leader
                    .map_or_else(String::new, |l| format!("broker {l}")),
                step: api_name(ApiKey::ListOffsets as i16),
                reason: format!("it leaves out {}", self.partition),
            });
        };
        let subject = format!("partition `{}`", self.partition);
        if let Some(error) = code(row.error_code, "ListOffsets", &subject, None) {
            // "Unknown" may only mean that the partition has moved.
            self.again = row.error_code == UNKNOWN_TOPIC_OR_PARTITION
                || ResponseError::try_from_code(row.error_code).is_some_and(|e| e.is_retriable());
            self.outcome = Some(Err(error));
            return;
        }
        self.again = false;
        self.outcome = Some(Ok(PartitionOffset {
            partition: self.partition.clone(),
            spec: self.spec,
            offset: (row.offset >= 0).then_some(row.offset),
            timestamp_ms: (row.timestamp >= 0).then_some(row.timestamp),
        }));
    }
}
