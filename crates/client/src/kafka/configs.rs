//! Configurations: topics, groups and the cluster-wide default from any broker, a broker's own from
//! that broker. Many topics are asked for in pages, each from another broker, so that no answer is
//! huge and no broker does all of the work.

mod overrides;
mod value;

pub(crate) use overrides::overrides;
#[cfg(test)]
pub(crate) use overrides::request as overrides_request;
pub use value::default;

use super::KafkaError;
use super::code::{UNKNOWN_TOPIC_OR_PARTITION, code};
use super::route::{Router, lost};
use futures::future::join_all;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult,
};
use kafka_protocol::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use kafka_protocol::protocol::StrBytes;
use kafkaweave_core::model::{
    ConfigEntry, ConfigResource, ConfigSource, ConfigSynonym, Missing, Partial, ResourceConfigs,
    ResourceKind,
};
use std::collections::{BTreeMap, HashMap};

/// Resources in one request that any broker can answer.
const PAGE: usize = 1_000;

/// From this version on, documentation and types are offered (KIP-569).
const DOCUMENTED: i16 = 3;

/// What one request asks for.
pub(crate) struct Question<'a> {
    pub(crate) resources: Vec<&'a ConfigResource>,
    pub(crate) keys: Option<&'a [String]>,
    pub(crate) detail: bool,
}

impl Question<'_> {
    /// The request.
    pub(crate) fn request(&self, version: i16) -> DescribeConfigsRequest {
        let text = |s: &String| StrBytes::from_string(s.clone());
        let resource = |of: &&ConfigResource| {
            DescribeConfigsResource::default()
                .with_resource_type(number(of.kind))
                .with_resource_name(text(&of.name))
                .with_configuration_keys(self.keys.map(|keys| keys.iter().map(text).collect()))
        };
        let request = DescribeConfigsRequest::default()
            .with_resources(self.resources.iter().map(resource).collect())
            // Always: the default value is known from nowhere else.
            .with_include_synonyms(true);
        if version < DOCUMENTED {
            return request;
        }
        request.with_include_documentation(self.detail)
    }
}

/// Kafka's number of a kind of resource.
fn number(kind: ResourceKind) -> i8 {
    match kind {
        ResourceKind::Topic => 2,
        ResourceKind::Broker => 4,
        ResourceKind::Group => 32,
    }
}

fn called(resource: &ConfigResource) -> String {
    match (resource.kind, resource.name.as_str()) {
        (ResourceKind::Topic, name) => format!("topic `{name}`"),
        (ResourceKind::Group, name) => format!("group `{name}`"),
        (ResourceKind::Broker, "") => "all brokers (cluster-wide default)".into(),
        (ResourceKind::Broker, id) => format!("broker {id}"),
    }
}

/// The broker whose own configuration this is.
fn owner(resource: &ConfigResource) -> Option<Result<i32, String>> {
    (resource.kind == ResourceKind::Broker && !resource.name.is_empty()).then(|| {
        let id = resource.name.parse();
        id.map_err(|_| format!("`{}` is no broker id", resource.name))
    })
}

/// Who answers a request.
#[derive(Clone, Copy)]
enum Asked {
    Anyone,
    /// Nobody else can.
    Owner(i32),
    /// Anyone, should this broker be lost.
    First(i32),
}

/// What any broker can answer, in pages, and whom to ask for each.
async fn pages<'a, 'r>(
    router: &Router,
    resources: &'a [&'r ConfigResource],
) -> Result<Vec<(&'a [&'r ConfigResource], Asked)>, KafkaError> {
    if resources.len() <= PAGE {
        return Ok(resources.chunks(PAGE).map(|p| (p, Asked::Anyone)).collect());
    }
    let brokers = router.brokers().await?;
    let homes = brokers.iter().map(|id| Asked::First(*id)).cycle();
    Ok(resources.chunks(PAGE).zip(homes).collect())
}

/// Configurations in the order asked for.
pub(crate) async fn configs(
    router: &Router,
    resources: &[ConfigResource],
    keys: Option<&[String]>,
    detail: bool,
) -> Result<Partial<Vec<ResourceConfigs>>, KafkaError> {
    let mut missing = Vec::new();
    let mut places: BTreeMap<&ConfigResource, usize> = BTreeMap::new();
    let mut anywhere = Vec::new();
    let mut by_broker: BTreeMap<i32, Vec<&ConfigResource>> = BTreeMap::new();
    for (at, resource) in resources.iter().enumerate() {
        // Kafka refuses a request that names a resource twice.
        if places.contains_key(resource) {
            continue;
        }
        places.insert(resource, at);
        match owner(resource) {
            None => anywhere.push(resource),
            Some(Ok(id)) => by_broker.entry(id).or_default().push(resource),
            Some(Err(why)) => missing.push(gap(resource, None, why)),
        }
    }
    let mut requests: Vec<(Asked, Vec<&ConfigResource>)> = by_broker
        .into_iter()
        .map(|(id, resources)| (Asked::Owner(id), resources))
        .collect();
    for (page, home) in pages(router, &anywhere).await? {
        requests.push((home, page.to_vec()));
    }
    let calls = requests.into_iter().map(|(asked, resources)| async move {
        let question = Question {
            resources,
            keys,
            detail,
        };
        let build = |version| question.request(version);
        let outcome = match asked {
            Asked::Anyone => router.ask(build).await,
            Asked::Owner(id) => router.call(id, build).await,
            Asked::First(id) => match router.call(id, build).await {
                Err(error) if lost(&error) => router.ask(build).await,
                outcome => outcome,
            },
        };
        let broker = match asked {
            Asked::Owner(id) => Some(id),
            Asked::Anyone | Asked::First(_) => None,
        };
        (broker, question.resources, outcome)
    });
    let mut found = Vec::new();
    let mut failures = Vec::new();
    for (broker, asked, outcome) in join_all(calls).await {
        match outcome {
            Ok((answer, _)) => take(&answer, &asked, broker, detail, &mut found, &mut missing),
            Err(error) => {
                let why = error.to_string();
                missing.extend(asked.iter().map(|r| gap(r, broker, why.clone())));
                failures.push(error);
            }
        }
    }
    if found.is_empty()
        && let Some(error) = failures
            .into_iter()
            .find(|e| !matches!(e, KafkaError::UnknownBroker { .. }))
    {
        return Err(error);
    }
    found.sort_by_key(|c: &ResourceConfigs| places.get(&c.resource).copied());
    Ok(Partial {
        value: found,
        missing,
    })
}

fn gap(resource: &ConfigResource, broker: Option<i32>, why: String) -> Missing {
    Missing {
        what: format!("configs of {}", called(resource)),
        broker,
        why,
    }
}

fn take(
    answer: &DescribeConfigsResponse,
    asked: &[&ConfigResource],
    broker: Option<i32>,
    detail: bool,
    found: &mut Vec<ResourceConfigs>,
    missing: &mut Vec<Missing>,
) {
    let results: HashMap<(i8, &str), &DescribeConfigsResult> = answer
        .results
        .iter()
        .map(|r| ((r.resource_type, r.resource_name.as_str()), r))
        .collect();
    for resource in asked {
        let result = results.get(&(number(resource.kind), resource.name.as_str()));
        match result.map(|r| (r, refusal(resource, r))) {
            None => missing.push(gap(
                resource,
                broker,
                "the broker's answer leaves it out".into(),
            )),
            Some((_, Some(error))) => missing.push(gap(resource, broker, error.to_string())),
            Some((result, None)) => {
                let mut entries: Vec<_> = result.configs.iter().map(|c| entry(c, detail)).collect();
                entries.sort_by(|a: &ConfigEntry, b| a.name.cmp(&b.name));
                found.push(ResourceConfigs {
                    resource: (*resource).clone(),
                    entries,
                });
            }
        }
    }
}

fn refusal(resource: &ConfigResource, result: &DescribeConfigsResult) -> Option<KafkaError> {
    if resource.kind == ResourceKind::Topic && result.error_code == UNKNOWN_TOPIC_OR_PARTITION {
        return Some(KafkaError::UnknownTopic {
            topic: resource.name.clone(),
        });
    }
    let text = result.error_message.as_ref().map(StrBytes::as_str);
    code(
        result.error_code,
        "DescribeConfigs",
        &called(resource),
        text,
    )
}

fn entry(config: &DescribeConfigsResourceResult, detail: bool) -> ConfigEntry {
    let text = |s: &StrBytes| s.to_string();
    let source = source(config.config_source);
    let synonyms: Vec<_> = config
        .synonyms
        .iter()
        .map(|s| ConfigSynonym {
            name: text(&s.name),
            value: s.value.as_ref().map(text),
            source: self::source(s.source),
        })
        .collect();
    let value = config
        .value
        .as_ref()
        .map(text)
        .filter(|_| !config.is_sensitive);
    let default = default(config.name.as_str(), &synonyms)
        .or_else(|| value.clone().filter(|_| source == ConfigSource::Default));
    ConfigEntry {
        name: text(&config.name),
        value,
        default: default.filter(|_| !config.is_sensitive),
        source,
        sensitive: config.is_sensitive,
        read_only: config.read_only,
        value_type: value::type_name(config.config_type).map(String::from),
        synonyms: if detail { synonyms } else { Vec::new() },
        documentation: config
            .documentation
            .as_ref()
            .filter(|d| detail && !d.is_empty())
            .map(|d| value::plain(d)),
    }
}

fn source(number: i8) -> ConfigSource {
    match number {
        1 => ConfigSource::Topic,
        2 => ConfigSource::DynamicBroker,
        3 => ConfigSource::DynamicDefaultBroker,
        4 => ConfigSource::StaticBroker,
        5 => ConfigSource::Default,
        6 => ConfigSource::BrokerLogger,
        7 => ConfigSource::ClientMetrics,
        8 => ConfigSource::Group,
        _ => ConfigSource::Unknown,
    }
}
