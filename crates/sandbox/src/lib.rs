//! In-memory Kafka broker.
