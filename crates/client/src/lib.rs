//! Kafka and REST clients.
