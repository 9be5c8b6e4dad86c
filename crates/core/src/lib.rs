//! Pure Kafka model and judgement.
