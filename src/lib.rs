//! kafkaweave.
