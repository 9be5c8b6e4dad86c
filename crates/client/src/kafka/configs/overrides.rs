//! What is set on topics themselves, for many topics: values alone, without what they stand before.
//!
//! Kafka tells all keys of a topic or those that are named, never just those that are set. So the
//! answers are large, and the brokers share the work of making them.

use super::super::KafkaError;
use super::super::code::{UNKNOWN_TOPIC_OR_PARTITION, code};
use super::super::route::{Router, lost};
use super::{number, source};
use futures::future::join_all;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::DescribeConfigsResult;
use kafka_protocol::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use kafka_protocol::protocol::StrBytes;
use kafkaweave_core::model::{ConfigSource, Missing, Partial, ResourceKind};
use std::collections::{BTreeMap, BTreeSet};

/// Topics per request at most: an answer then has less than a megabyte.
const TOPICS_PER_REQUEST: usize = 500;

/// Key to value; the value of a sensitive key is not told.
type Settings = BTreeMap<String, Option<String>>;

/// The request: all keys, values alone.
pub(crate) fn request(topics: &[&String]) -> DescribeConfigsRequest {
    let resource = |name: &&String| {
        DescribeConfigsResource::default()
            .with_resource_type(number(ResourceKind::Topic))
            .with_resource_name(StrBytes::from_string((*name).clone()))
            .with_configuration_keys(None)
    };
    DescribeConfigsRequest::default().with_resources(topics.iter().map(resource).collect())
}

/// What is set on each topic, by topic; one without settings of its own has none.
pub(crate) async fn overrides(
    router: &Router,
    topics: &[String],
) -> Result<Partial<BTreeMap<String, Settings>>, KafkaError> {
    // Kafka refuses a request that names a topic twice.
    let unique: BTreeSet<&String> = topics.iter().collect();
    if unique.is_empty() {
        return Ok(Partial::default());
    }
    let names: Vec<&String> = unique.into_iter().collect();
    let brokers = router.brokers().await?;
    let calls = names
        .chunks(share(names.len(), brokers.len()))
        .zip(brokers.iter().cycle())
        .map(|(some, broker)| async move {
            let outcome = match router.call(*broker, |_| request(some)).await {
                // Any other broker can tell as well.
                Err(error) if lost(&error) => router.ask(|_| request(some)).await,
                outcome => outcome,
            };
            (some, outcome)
        });
    let mut found = BTreeMap::new();
    let mut missing = Vec::new();
    let mut failure = None;
    for (some, outcome) in join_all(calls).await {
        match outcome {
            Ok((answer, _)) => take(answer, some, &mut found, &mut missing),
            Err(error) => {
                let why = error.to_string();
                missing.extend(some.iter().map(|topic| gap(topic, why.clone())));
                failure.get_or_insert(error);
            }
        }
    }
    match failure {
        Some(error) if found.is_empty() => Err(error),
        _ => Ok(Partial {
            value: found,
            missing,
        }),
    }
}

/// Topics per request so that each broker gets as much as the others: the last to answer is the
/// time that all of it takes.
fn share(topics: usize, brokers: usize) -> usize {
    let brokers = brokers.max(1);
    let rounds = topics.div_ceil(brokers * TOPICS_PER_REQUEST).max(1);
    topics.div_ceil(brokers * rounds).max(1)
}

fn gap(topic: &str, why: String) -> Missing {
    Missing {
        what: format!("settings of topic `{topic}`"),
        broker: None,
        why,
    }
}

fn take(
    answer: DescribeConfigsResponse,
    asked: &[&String],
    found: &mut BTreeMap<String, Settings>,
    missing: &mut Vec<Missing>,
) {
    let mut answered: BTreeMap<String, DescribeConfigsResult> = answer
        .results
        .into_iter()
        .map(|result| (result.resource_name.to_string(), result))
        .collect();
    for topic in asked {
        let Some(result) = answered.remove(*topic) else {
            missing.push(gap(topic, "the broker's answer leaves it out".into()));
            continue;
        };
        match refusal(topic, &result) {
            Some(error) => missing.push(gap(topic, error.to_string())),
            None => {
                found.insert((*topic).clone(), settings(&result));
            }
        }
    }
}

fn refusal(topic: &str, result: &DescribeConfigsResult) -> Option<KafkaError> {
    if result.error_code == UNKNOWN_TOPIC_OR_PARTITION {
        let topic = topic.to_owned();
        return Some(KafkaError::UnknownTopic { topic });
    }
    let text = result.error_message.as_ref().map(StrBytes::as_str);
    let subject = format!("topic `{topic}`");
    code(result.error_code, "DescribeConfigs", &subject, text)
}

fn settings(result: &DescribeConfigsResult) -> Settings {
    result
        .configs
        .iter()
        .filter(|config| source(config.config_source) == ConfigSource::Topic)
        .map(|config| {
            let value = config.value.as_ref().filter(|_| !config.is_sensitive);
            (config.name.to_string(), value.map(ToString::to_string))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_protocol::messages::describe_configs_response::DescribeConfigsResourceResult;

    fn config(name: &'static str, source: i8) -> DescribeConfigsResourceResult {
        DescribeConfigsResourceResult::default()
            .with_name(StrBytes::from_static_str(name))
            .with_value(Some(StrBytes::from_static_str("7")))
            .with_config_source(source)
            .with_is_sensitive(name == "secret")
    }

    #[test]
    fn brokers_share_topics_evenly_in_requests_of_a_bounded_size() {
        for (topics, brokers, expected) in [
            (1, 3, 1),
            (2_000, 3, 334),
            (1_500, 3, 500),
            (1_501, 3, 251),
            (10_000, 1, 500),
            (10, 0, 10),
        ] {
            assert_eq!(share(topics, brokers), expected, "{topics} on {brokers}");
        }
    }

    #[test]
    fn only_what_is_set_on_the_topic_counts_and_what_is_refused_is_a_gap() {
        let result = |name: &'static str, error: i16| {
            DescribeConfigsResult::default()
                .with_resource_name(StrBytes::from_static_str(name))
                .with_error_code(error)
                .with_configs(vec![
                    config("retention.ms", 1),
                    config("secret", 1),
                    config("segment.ms", 4),
                    config("min.insync.replicas", 5),
                ])
        };
        let answer = DescribeConfigsResponse::default()
            .with_results(vec![result("orders", 0), result("hidden", 29)]);
        let names = ["hidden", "lost", "orders"].map(String::from);
        let asked: Vec<&String> = names.iter().collect();
        let (mut found, mut missing) = (BTreeMap::new(), Vec::new());
        take(answer, &asked, &mut found, &mut missing);
        let expected: Settings = [
            ("retention.ms".to_owned(), Some("7".to_owned())),
            ("secret".to_owned(), None),
        ]
        .into();
        assert_eq!(found, [("orders".to_owned(), expected)].into());
        let gaps: Vec<_> = missing.iter().map(|gap| gap.what.as_str()).collect();
        assert_eq!(
            gaps,
            ["settings of topic `hidden`", "settings of topic `lost`"]
        );
    }
}
