//! Which broker coordinates a group.
//!
//! Listings already say so (a broker lists the groups that it coordinates); this asks for groups
//! that moved meanwhile or were never listed.

use super::super::KafkaError;
use super::super::code::{COORDINATOR_LOADING, COORDINATOR_NOT_AVAILABLE, code};
use super::{Router, TRIES, back_off};
use futures::future::join_all;
use kafka_protocol::messages::FindCoordinatorRequest;
use kafka_protocol::protocol::StrBytes;
use std::sync::atomic::Ordering;

/// Where Kafka keeps groups. Asking for a coordinator before it exists would create it.
const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// From this version on, one request takes many groups (KIP-699).
const BATCHED: i16 = 4;

/// The request for groups; below version 4 exactly one.
pub(crate) fn find(groups: &[String], version: i16) -> FindCoordinatorRequest {
    let name = |group: &String| StrBytes::from_string(group.clone());
    let request = FindCoordinatorRequest::default();
    if version >= BATCHED {
        request.with_coordinator_keys(groups.iter().map(name).collect())
    } else {
        request.with_key(groups.first().map(name).unwrap_or_default())
    }
}

type Found = (String, Result<i32, KafkaError>);

impl Router {
    /// The coordinator of each group, in the order asked for.
    ///
    /// # Errors
    /// Only when no broker answers at all. A group whose coordinator is not there after the
    /// retries, or that we may not see, has its own error.
    pub(crate) async fn coordinators(&self, groups: &[String]) -> Result<Vec<Found>, KafkaError> {
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        if !self.offsets_topic_exists().await? {
            let none = |group: &String| {
                let group = group.clone();
                (group.clone(), Err(KafkaError::UnknownGroup { group }))
            };
            return Ok(groups.iter().map(none).collect());
        }
        let connection = self.any().await?;
        let batched = connection
            .version::<FindCoordinatorRequest>()
            .is_some_and(|v| v >= BATCHED);
        if batched {
            return self.find_batch(groups).await;
        }
        let single = groups
            .iter()
            .map(|group| self.find_batch(std::slice::from_ref(group)));
        let mut found = Vec::with_capacity(groups.len());
        for outcome in join_all(single).await {
            found.extend(outcome?);
        }
        Ok(found)
    }

    async fn find_batch(&self, groups: &[String]) -> Result<Vec<Found>, KafkaError> {
        let mut attempt = 1;
        loop {
            let found = self.find_once(groups).await?;
            let passing = |outcome: &Found| {
                matches!(
                    outcome.1,
                    Err(KafkaError::Broker {
                        code: COORDINATOR_LOADING | COORDINATOR_NOT_AVAILABLE,
                        ..
                    })
                )
            };
            if attempt >= TRIES || !found.iter().any(passing) {
                return Ok(found);
            }
            tokio::time::sleep(back_off(attempt)).await;
            attempt += 1;
        }
    }

    async fn find_once(&self, groups: &[String]) -> Result<Vec<Found>, KafkaError> {
        let (answer, version) = self.ask(|version| find(groups, version)).await?;
        let outcome = |group: &str, number: i16, node: i32, text: Option<&StrBytes>| {
            let subject = format!("group `{group}`");
            let text = text.map(StrBytes::as_str);
            match code(number, "FindCoordinator", &subject, text) {
                None => Ok(node),
                Some(error) => Err(error),
            }
        };
        let find = |group: &String| {
            let outcome = if version < BATCHED {
                let text = answer.error_message.as_ref();
                outcome(group, answer.error_code, answer.node_id.0, text)
            } else {
                let of = answer.coordinators.iter().find(|c| c.key.as_str() == group);
                of.map_or_else(
                    || {
                        let group = group.clone();
                        Err(KafkaError::UnknownGroup { group })
                    },
                    |c| outcome(group, c.error_code, c.node_id.0, c.error_message.as_ref()),
                )
            };
            (group.clone(), outcome)
        };
        Ok(groups.iter().map(find).collect())
    }

    async fn offsets_topic_exists(&self) -> Result<bool, KafkaError> {
        if self.0.offsets_topic_exists.load(Ordering::Relaxed) {
            return Ok(true);
        }
        match self.leaders(OFFSETS_TOPIC, true).await {
            Err(KafkaError::UnknownTopic { .. }) => return Ok(false),
            Err(error @ KafkaError::Broker { .. }) => return Err(error),
            // Without rights on the topic nothing is known about it, and groups are asked for.
            Ok(_) | Err(KafkaError::NotAuthorized { .. }) => {}
            Err(other) => return Err(other),
        }
        self.0.offsets_topic_exists.store(true, Ordering::Relaxed);
        Ok(true)
    }
}
