//! kafkaweave.

pub mod config;
