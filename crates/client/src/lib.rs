//! Everything that talks to the outside: Kafka itself, and the secrets and connections for it.
//!
//! Knows nothing of MCP or of a command line. Tools above use [`kafka::Engine`], which speaks in
//! the types of `kafkaweave_core::model`; below it is the native engine.

pub mod kafka;
pub mod profile;
pub mod secret;
