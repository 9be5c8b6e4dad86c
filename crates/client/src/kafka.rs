//! Kafka through one trait, [`Engine`], and what implements it.

mod engine;
mod error;

pub use engine::{Engine, TopicSelection};
pub use error::{Attempt, KafkaError};
