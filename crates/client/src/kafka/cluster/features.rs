//! Feature levels as each broker tells them (KIP-584): in a rolling upgrade they differ.

use super::super::KafkaError;
use super::super::code::code;
use super::super::connection::{ask_versions, features};
use super::super::route::Router;
use super::version::kafka_version;
use kafka_protocol::messages::ApiVersionsResponse;
use kafkaweave_core::model::{BrokerFeatures, BrokerState, Missing, Partial};
use std::collections::BTreeSet;

/// Asks every broker for its versions, side by side. Controllers of their own are no brokers, and
/// not asked.
///
/// # Errors
/// When no broker tells: why the first does not.
pub(crate) async fn features_of_each(
    router: &Router,
) -> Result<Partial<Vec<BrokerFeatures>>, KafkaError> {
    let (answers, registered) = futures::join!(router.each(ask_versions), super::brokers(router));
    let answers = answers?;
    let asked: BTreeSet<i32> = answers.iter().map(|(broker, _)| *broker).collect();
    let gap = |broker: i32, why: String| Missing {
        what: format!("features of broker {broker}"),
        broker: Some(broker),
        why,
    };
    let (mut told, mut missing, mut failed) = (Vec::new(), Vec::new(), None);
    for (broker, outcome) in answers {
        match outcome.and_then(|(answer, _)| read(broker, &answer)) {
            Ok(of) => told.push(of),
            Err(error) => {
                missing.push(gap(broker, error.to_string()));
                failed.get_or_insert(error);
            }
        }
    }
    if let (true, Some(error)) = (told.is_empty(), failed) {
        return Err(error);
    }
    // A fenced broker is not in the metadata, so nobody asked it; it may run another version.
    match registered {
        Ok(registered) => {
            for broker in registered.into_value(&mut missing).1 {
                if broker.state == BrokerState::Fenced && !asked.contains(&broker.id) {
                    missing.push(gap(
                        broker.id,
                        "the broker is fenced (dead, frozen or starting)".into(),
                    ));
                }
            }
        }
        Err(error) => missing.push(Missing {
            what: "fenced brokers".into(),
            broker: None,
            why: error.to_string(),
        }),
    }
    told.sort_by_key(|of| of.broker);
    Ok(Partial {
        value: told,
        missing,
    })
}

fn read(broker: i32, answer: &ApiVersionsResponse) -> Result<BrokerFeatures, KafkaError> {
    let subject = format!("broker {broker}");
    if let Some(error) = code(answer.error_code, "ApiVersions", &subject, None) {
        return Err(error);
    }
    let features = features(answer);
    let apis = answer.api_keys.iter().map(|a| (a.api_key, a.max_version));
    Ok(BrokerFeatures {
        broker,
        kafka_version: kafka_version(&features, apis),
        finalized_epoch: Some(answer.finalized_features_epoch).filter(|epoch| *epoch >= 0),
        features,
    })
}
