//! Which broker coordinates a group or a transactional id.
//!
//! Listings already say so (a broker lists what it coordinates); this asks for those that moved
//! meanwhile or were never listed.

use super::super::KafkaError;
use super::super::code::{COORDINATOR_LOADING, COORDINATOR_NOT_AVAILABLE, code};
use super::{Router, TRIES, back_off};
use futures::future::join_all;
use kafka_protocol::messages::FindCoordinatorRequest;
use kafka_protocol::protocol::StrBytes;
use std::collections::HashMap;
use std::sync::atomic::Ordering;

/// From this version on, a key is said to be a group or a transactional id.
const TYPED: i16 = 1;

/// From this version on, one request takes many groups (KIP-699).
const BATCHED: i16 = 4;

/// What a coordinator is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// Groups of any type.
    Groups,
    /// Transactional ids.
    Transactions,
}

impl Keys {
    /// Where Kafka keeps them. Asking for a coordinator before the topic exists would create it.
    fn topic(self) -> &'static str {
        match self {
            Self::Groups => "__consumer_offsets",
            Self::Transactions => "__transaction_state",
        }
    }

    fn subject(self, key: &str) -> String {
        match self {
            Self::Groups => format!("group `{key}`"),
            Self::Transactions => format!("transactional id `{key}`"),
        }
    }

    /// There is none of this name.
    pub(crate) fn unknown(self, key: &str) -> KafkaError {
        match self {
            Self::Groups => KafkaError::UnknownGroup { group: key.into() },
            Self::Transactions => KafkaError::UnknownTransactionalId {
                transactional_id: key.into(),
            },
        }
    }
}

/// The request; below version 4 for exactly one key.
pub(crate) fn find(keys: Keys, names: &[String], version: i16) -> FindCoordinatorRequest {
    let name = |name: &String| StrBytes::from_string(name.clone());
    let mut request = FindCoordinatorRequest::default();
    if version >= TYPED && keys == Keys::Transactions {
        request = request.with_key_type(1);
    }
    if version >= BATCHED {
        request.with_coordinator_keys(names.iter().map(name).collect())
    } else {
        request.with_key(names.first().map(name).unwrap_or_default())
    }
}

type Found = (String, Result<i32, KafkaError>);

impl Router {
    /// The coordinator of each key, in the order asked for.
    ///
    /// # Errors
    /// Only when no broker answers at all. A key whose coordinator is not there after the
    /// retries, or that we may not see, has its own error.
    pub(crate) async fn coordinators(
        &self,
        keys: Keys,
        names: &[String],
    ) -> Result<Vec<Found>, KafkaError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        if !self.topic_exists(keys).await? {
            let none = |name: &String| (name.clone(), Err(keys.unknown(name)));
            return Ok(names.iter().map(none).collect());
        }
        let connection = self.any().await?;
        let version = connection.version::<FindCoordinatorRequest>();
        if keys == Keys::Transactions && version.is_some_and(|v| v < TYPED) {
            // It would take the id for a group's name.
            return Err(KafkaError::NotOffered {
                operation: "FindCoordinator of transactions (version 1)".into(),
                by: format!("broker `{}`", connection.address()),
            });
        }
        if version.is_some_and(|v| v >= BATCHED) {
            return self.find_batch(keys, names).await;
        }
        let single = names
            .iter()
            .map(|name| self.find_batch(keys, std::slice::from_ref(name)));
        let mut found = Vec::with_capacity(names.len());
        for outcome in join_all(single).await {
            found.extend(outcome?);
        }
        Ok(found)
    }

    async fn find_batch(&self, keys: Keys, names: &[String]) -> Result<Vec<Found>, KafkaError> {
        let mut attempt = 1;
        loop {
            let found = self.find_once(keys, names).await?;
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

    async fn find_once(&self, keys: Keys, names: &[String]) -> Result<Vec<Found>, KafkaError> {
        let (answer, version) = self.ask(|version| find(keys, names, version)).await?;
        let outcome = |name: &str, number: i16, node: i32, text: Option<&StrBytes>| {
            let text = text.map(StrBytes::as_str);
            match code(number, "FindCoordinator", &keys.subject(name), text) {
                None => Ok(node),
                Some(error) => Err(error),
            }
        };
        let by_key: HashMap<&str, _> = answer
            .coordinators
            .iter()
            .map(|c| (c.key.as_str(), c))
            .collect();
        let find = |name: &String| {
            let outcome = if version < BATCHED {
                let text = answer.error_message.as_ref();
                outcome(name, answer.error_code, answer.node_id.0, text)
            } else {
                by_key.get(name.as_str()).map_or_else(
                    || Err(keys.unknown(name)),
                    |c| outcome(name, c.error_code, c.node_id.0, c.error_message.as_ref()),
                )
            };
            (name.clone(), outcome)
        };
        Ok(names.iter().map(find).collect())
    }

    async fn topic_exists(&self, keys: Keys) -> Result<bool, KafkaError> {
        let known = match keys {
            Keys::Groups => &self.0.offsets_topic_exists,
            Keys::Transactions => &self.0.transactions_topic_exists,
        };
        if known.load(Ordering::Relaxed) {
            return Ok(true);
        }
        match self.leaders(keys.topic(), true).await {
            Err(KafkaError::UnknownTopic { .. }) => return Ok(false),
            Err(error @ KafkaError::Broker { .. }) => return Err(error),
            // Without rights on the topic nothing is known about it, and the keys are asked for.
            Ok(_) | Err(KafkaError::NotAuthorized { .. }) => {}
            Err(other) => return Err(other),
        }
        known.store(true, Ordering::Relaxed);
        Ok(true)
    }
}
