//! The software of each broker: in a rolling upgrade, or after one that was forgotten, they differ.
//!
//! Only a broker itself tells what it supports, so all are asked at once. Which levels are in
//! force is the same everywhere, but for a broker that is behind with the metadata.

use super::super::KafkaError;
use super::super::code::code;
use super::super::connection::{ask_versions, features};
use super::super::route::Router;
use super::version;
use kafka_protocol::messages::ApiVersionsResponse;
use kafkaweave_core::model::{BrokerSoftware, Missing, Partial};

/// Every live broker's own, by id. One that does not answer is a gap; fenced ones nobody can ask.
///
/// # Errors
/// When no broker tells: why the first does not.
pub(crate) async fn software(router: &Router) -> Result<Partial<Vec<BrokerSoftware>>, KafkaError> {
    let mut value = Vec::new();
    let mut missing = Vec::new();
    let mut failed = None;
    for (broker, outcome) in router.each(ask_versions).await? {
        match outcome.and_then(|(answer, _)| read(broker, &answer)) {
            Ok(own) => value.push(own),
            Err(error) => {
                missing.push(Missing {
                    what: format!("software of broker {broker}"),
                    broker: Some(broker),
                    why: error.to_string(),
                });
                failed.get_or_insert(error);
            }
        }
    }
    match failed {
        Some(error) if value.is_empty() => Err(error),
        _ => Ok(Partial { value, missing }),
    }
}

fn read(broker: i32, answer: &ApiVersionsResponse) -> Result<BrokerSoftware, KafkaError> {
    let subject = format!("broker {broker}");
    if let Some(error) = code(answer.error_code, "ApiVersions", &subject, None) {
        return Err(error);
    }
    let features = features(answer);
    let apis = answer.api_keys.iter().map(|a| (a.api_key, a.max_version));
    Ok(BrokerSoftware {
        broker,
        kafka_version: version::kafka_version(&features, apis),
        features,
    })
}
