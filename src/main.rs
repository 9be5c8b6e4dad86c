//! The kafkaweave binary.
fn main() {}
