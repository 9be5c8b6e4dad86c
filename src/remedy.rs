//! stub
use kafkaweave_client::kafka::KafkaError;
/// stub
pub fn remedy(_: &KafkaError) -> Option<String> { None }
