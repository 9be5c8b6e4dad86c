//! When a broker refuses, moves or vanishes under a scan.

use super::{Event, Scan};
use crate::kafka::KafkaError;
use crate::kafka::code::code;
use crate::kafka::route::{NewLeader, Router, TopicLeaders, back_off, lost};
use crate::kafka::scan::fetch::Row;
use crate::kafka::scan::track::Next;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{ListOffsetsRequest, TopicName};
use kafka_protocol::protocol::StrBytes;
use std::time::Duration;

/// Failures in a row of one partition before it is given up, unless other partitions are still
/// read: then trying on costs nothing. With the pauses between them they outlast an election, not
/// an outage.
const TRIES: usize = 6;

const OFFSET_OUT_OF_RANGE: i16 = 1;
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

/// Codes that a refresh of the metadata may mend: not this broker, not yet, not any more.
const PASSING: [i16; 11] = [3, 5, 6, 7, 9, 56, 74, 75, 78, 100, 103];

impl<'a> Scan<'a> {
    pub(super) fn refusal(&self, number: i16, partition: Option<i32>) -> KafkaError {
        let topic = &self.request.topic;
        let subject = match partition {
            Some(partition) => format!("partition `{topic}-{partition}`"),
            None => format!("topic `{topic}`"),
        };
        code(number, "Fetch", &subject, None).unwrap_or_else(|| KafkaError::Broker {
            operation: "Fetch".into(),
            subject,
            code: number,
            code_name: crate::kafka::code::code_name(number),
            detail: None,
        })
    }

    /// A row with an error.
    pub(super) fn failed(&mut self, index: usize, row: Row) {
        let error = self.refusal(row.error_code, Some(row.partition));
        if row.error_code == OFFSET_OUT_OF_RANGE {
            if self.try_again(index, error) {
                self.ask_bounds(index);
            }
            return;
        }
        if matches!(error, KafkaError::NotAuthorized { .. }) {
            self.refused = Some(error);
            return;
        }
        if !PASSING.contains(&row.error_code) {
            return self.give_up(index, error);
        }
        let Some(moved) = row.moved else {
            return self.reroute(vec![index], &error);
        };
        let broker = moved.broker;
        self.router.forget_leader(
            &self.request.topic,
            row.partition,
            Some(NewLeader {
                broker,
                epoch: moved.epoch,
                endpoint: moved.endpoint,
            }),
        );
        if self.try_again(index, error)
            && let Some(service) = self.services.get_mut(index)
        {
            service.leader = Some(broker);
            service.busy = false;
        }
    }

    /// A call that brought no answer at all.
    pub(super) fn unserved(&mut self, broker: i32, indexes: Vec<usize>, error: KafkaError) {
        if !lost(&error) && !error.retryable() {
            for index in indexes {
                self.give_up(index, error.clone());
            }
            return;
        }
        if matches!(
            error,
            KafkaError::Timeout { .. } | KafkaError::ConnectTimeout { .. }
        ) {
            // Frozen: one timeout is enough. Only another leader can help.
            self.frozen.insert(broker);
        }
        self.reroute(indexes, &error);
    }

    /// Counts a failure; `false` when it was one too many.
    fn try_again(&mut self, index: usize, error: KafkaError) -> bool {
        let others = self.decoding > 0 || self.leaders.values().any(|leader| leader.fetching);
        let Some(service) = self.services.get_mut(index) else {
            return false;
        };
        service.tries += 1;
        if service.tries > TRIES && !others {
            self.give_up(index, error);
            return false;
        }
        service.failure = Some(error);
        true
    }

    fn give_up(&mut self, index: usize, error: KafkaError) {
        let (Some(track), Some(lane), Some(service)) = (
            self.tracks.get_mut(index),
            self.lanes.get_mut(index),
            self.services.get_mut(index),
        ) else {
            return;
        };
        track.stop(error.to_string());
        track.settle(lane);
        service.failure = Some(error);
        service.busy = false;
    }

    /// Asks the metadata for the leaders again, after a pause that grows with the failures.
    pub(super) fn reroute(&mut self, indexes: Vec<usize>, error: &KafkaError) {
        let mut again = Vec::new();
        let mut tries = 0;
        for index in indexes {
            if self.try_again(index, error.clone()) {
                tries = tries.max(self.services.get(index).map_or(0, |s| s.tries));
                again.push(index);
            }
        }
        if again.is_empty() {
            return;
        }
        let (router, topic) = (self.router, &self.request.topic);
        router.forget_leader(topic, -1, None);
        self.events.push(Box::pin(async move {
            tokio::time::sleep(back_off(tries)).await;
            Event::Routed {
                indexes: again,
                outcome: router.leaders(topic, true).await,
            }
        }));
    }

    /// Leaders as the metadata names them now.
    pub(super) fn routed(
        &mut self,
        indexes: Vec<usize>,
        outcome: Result<TopicLeaders, KafkaError>,
    ) {
        let found = match outcome {
            Ok(found) => found,
            Err(error) if lost(&error) || error.retryable() => {
                return self.reroute(indexes, &error);
            }
            Err(error) => {
                for index in indexes {
                    self.give_up(index, error.clone());
                }
                return;
            }
        };
        let mut leaderless = Vec::new();
        for index in indexes {
            let Some(partition) = self.tracks.get(index).map(|t| t.range.partition) else {
                continue;
            };
            let topic = self.request.topic.clone();
            if found.topic_id != self.topic_id {
                // Offsets of another topic of the same name mean nothing.
                self.give_up(index, KafkaError::UnknownTopic { topic });
                if let Some(track) = self.tracks.get_mut(index) {
                    track.incomplete =
                        Some("the topic was deleted and created anew while it was read".into());
                }
                continue;
            }
            let leader = found.partitions.get(&partition).and_then(|l| l.broker);
            let frozen = leader.is_some_and(|leader| self.frozen.contains(&leader));
            let Some(service) = self.services.get_mut(index) else {
                continue;
            };
            match leader {
                Some(_) if frozen => {
                    let error = service.failure.take();
                    let error = error.unwrap_or(KafkaError::NoLeader { topic, partition });
                    self.give_up(index, error);
                }
                Some(leader) => {
                    service.leader = Some(leader);
                    service.busy = false;
                }
                // An election takes a moment; no leader after that is an outage.
                None if service.tries >= 2 => {
                    self.give_up(index, KafkaError::NoLeader { topic, partition });
                }
                None => leaderless.push(index),
            }
        }
        for index in leaderless {
            let topic = self.request.topic.clone();
            let partition = self.tracks.get(index).map_or(-1, |t| t.range.partition);
            self.reroute(vec![index], &KafkaError::NoLeader { topic, partition });
        }
    }

    fn ask_bounds(&mut self, index: usize) {
        let (Some(track), Some(service)) = (self.tracks.get(index), self.services.get(index))
        else {
            return;
        };
        let (router, topic) = (self.router, &self.request.topic);
        let partition = track.range.partition;
        let Some(broker) = service.leader else {
            return;
        };
        self.events.push(Box::pin(async move {
            let outcome = async {
                let earliest = offset(router, broker, topic, partition, EARLIEST).await?;
                let latest = offset(router, broker, topic, partition, LATEST).await?;
                Ok((earliest, latest))
            };
            Event::Bounds {
                index,
                outcome: outcome.await,
            }
        }));
    }

    /// The log's ends after an offset was refused.
    pub(super) fn bounds(&mut self, index: usize, outcome: Result<(i64, i64), KafkaError>) {
        let (earliest, latest) = match outcome {
            Ok(bounds) => bounds,
            Err(error) => return self.reroute(vec![index], &error),
        };
        let (Some(track), Some(lane)) = (self.tracks.get_mut(index), self.lanes.get_mut(index))
        else {
            return;
        };
        let next = track.bounds(earliest, latest);
        track.settle(lane);
        match next {
            Next::Again { pause: true } => self.rest(vec![index], Duration::from_millis(50)),
            _ => self.free(&[index]),
        }
    }
}

async fn offset(
    router: &Router,
    broker: i32,
    topic: &str,
    partition: i32,
    timestamp: i64,
) -> Result<i64, KafkaError> {
    let build = |_version| list_offsets(topic, partition, timestamp);
    let (response, _) = router.call(broker, build).await?;
    let subject = format!("partition `{topic}-{partition}`");
    let row = response
        .topics
        .iter()
        .flat_map(|topic| &topic.partitions)
        .find(|row| row.partition_index == partition)
        .ok_or_else(|| KafkaError::NoLeader {
            topic: topic.to_owned(),
            partition,
        })?;
    match code(row.error_code, "ListOffsets", &subject, None) {
        Some(error) => Err(error),
        None => Ok(row.offset),
    }
}

fn list_offsets(topic: &str, partition: i32, timestamp: i64) -> ListOffsetsRequest {
    ListOffsetsRequest::default()
        .with_replica_id((-1).into())
        .with_topics(vec![
            ListOffsetsTopic::default()
                .with_name(TopicName(StrBytes::from_string(topic.to_owned())))
                .with_partitions(vec![
                    ListOffsetsPartition::default()
                        .with_partition_index(partition)
                        .with_timestamp(timestamp),
                ]),
        ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_protocol::protocol::{Encodable, Message};

    #[test]
    fn the_request_for_the_ends_encodes_at_every_version() {
        for version in ListOffsetsRequest::VERSIONS.min..=ListOffsetsRequest::VERSIONS.max {
            let mut bytes = bytes::BytesMut::new();
            list_offsets("orders", 3, EARLIEST)
                .encode(&mut bytes, version)
                .unwrap_or_else(|e| panic!("version {version}: {e}"));
        }
    }
}
