//! Kafka through one trait, [`Engine`], and what implements it.
//!
//! From the wire up: `connection` carries requests to one broker, `route` finds the right one,
//! and one file per family of reads turns answers into the model.

mod acls;
mod address;
mod auth;
mod cluster;
mod code;
mod configs;
mod connection;
mod coordinated;
mod counters;
mod engine;
mod error;
#[cfg(test)]
mod every_version;
mod groups;
mod guarded;
mod native;
mod offsets;
#[cfg(test)]
mod peer;
mod probe;
mod producers;
mod quotas;
#[cfg(test)]
mod read_tests;
mod reassignments;
mod route;
pub mod scan;
mod storage;
mod tls;
mod topics;
mod transactions;
mod users;

pub use configs::default as config_default;
pub use counters::{READ_APIS, Stats};
pub use engine::{Engine, TopicSelection};
pub use error::{Attempt, KafkaError};
pub use native::{Native, connect};
pub use probe::{Step, probe};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks; data behind our locks is whole even after a panic elsewhere.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
