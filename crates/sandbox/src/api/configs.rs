//! DescribeConfigs and IncrementalAlterConfigs.

use std::collections::BTreeMap;

use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::{
    DescribeConfigsRequest, DescribeConfigsResponse, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
};

use crate::cluster::State;
use crate::config::{self, Entry, Kind};
use crate::dispatch::Context;
use crate::wire::{code, text};

/// Kafka's code and its words for the client.
type Refused = (i16, String);

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const CLIENT_METRICS: i8 = 16;
const GROUP: i8 = 32;

pub(crate) fn describe(
    context: &Context,
    request: &DescribeConfigsRequest,
    version: i16,
) -> DescribeConfigsResponse {
    let state = context.cluster.state();
    let results = request.resources.iter().map(|resource| {
        let row = DescribeConfigsResult::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone());
        match entries(context, &state, resource) {
            Err((error, message)) => row
                .with_error_code(error)
                .with_error_message(Some(text(&message))),
            Ok(entries) => {
                let wanted = |name: &str| {
                    resource
                        .configuration_keys
                        .as_ref()
                        .is_none_or(|keys| keys.iter().any(|key| key.as_str() == name))
                };
                let configs = entries
                    .iter()
                    .filter(|entry| wanted(entry.key.name))
                    .map(|entry| encoded(entry, request, version))
                    .collect();
                row.with_configs(configs)
            }
        }
    });
    DescribeConfigsResponse::default().with_results(results.collect())
}

fn encoded(
    entry: &Entry,
    request: &DescribeConfigsRequest,
    version: i16,
) -> DescribeConfigsResourceResult {
    let mut row = DescribeConfigsResourceResult::default()
        .with_name(text(entry.key.name))
        .with_value(entry.value.as_deref().map(text))
        .with_read_only(entry.key.read_only)
        .with_config_source(entry.source)
        .with_is_sensitive(entry.key.kind == Kind::Password);
    if request.include_synonyms {
        row.synonyms = entry
            .synonyms
            .iter()
            .map(|(name, value, source)| {
                DescribeConfigsSynonym::default()
                    .with_name(text(name))
                    .with_value(value.as_deref().map(text))
                    .with_source(*source)
            })
            .collect();
    }
    if version >= 3 {
        row.config_type = entry.key.kind.code();
        row.documentation = request.include_documentation.then(|| text(entry.key.doc));
    }
    row
}

fn entries(
    context: &Context,
    state: &State,
    resource: &DescribeConfigsResource,
) -> Result<Vec<Entry>, Refused> {
    let name = resource.resource_name.as_str();
    let none = BTreeMap::new();
    let defaults = state.broker_settings.get(&-1).unwrap_or(&none);
    match resource.resource_type {
        TOPIC => {
            let topic = state
                .topics
                .get(name)
                .ok_or((code::UNKNOWN_TOPIC_OR_PARTITION, String::new()))?;
            let own = state.broker_settings.get(&context.node).unwrap_or(&none);
            Ok(config::topic_entries(&topic.settings, own, defaults))
        }
        BROKER if name.is_empty() => Ok(config::cluster_entries(defaults)),
        BROKER => {
            let id: i32 = name.parse().map_err(|_| {
                (
                    code::INVALID_REQUEST,
                    format!("Broker id must be an integer, but it is: {name}"),
                )
            })?;
            if id != context.node {
                return Err((
                    code::INVALID_REQUEST,
                    format!(
                        "Unexpected broker id, expected {} or empty string, but received {id}",
                        context.node
                    ),
                ));
            }
            let own = state.broker_settings.get(&id).unwrap_or(&none);
            let listener = context
                .cluster
                .node(id)
                .map(|node| format!("PLAINTEXT://{}", node.address))
                .unwrap_or_default();
            let rack = context
                .cluster
                .node(id)
                .map(|node| node.rack.clone())
                .unwrap_or_default();
            Ok(config::broker_entries(id, &listener, &rack, own, defaults))
        }
        GROUP => Ok(config::group_entries(
            state.group_settings.get(name).unwrap_or(&none),
        )),
        CLIENT_METRICS => Ok(Vec::new()),
        other => Err((
            code::INVALID_REQUEST,
            format!("Unsupported resource type: {other}"),
        )),
    }
}

pub(crate) fn alter(
    context: &Context,
    request: &IncrementalAlterConfigsRequest,
    _: i16,
) -> IncrementalAlterConfigsResponse {
    let mut state = context.cluster.state();
    let mut response = IncrementalAlterConfigsResponse::default();
    for resource in &request.resources {
        let row = AlterConfigsResourceResponse::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone());
        response
            .responses
            .push(match change(&mut state, resource, request.validate_only) {
                Ok(()) => row,
                Err((error, message)) => row
                    .with_error_code(error)
                    .with_error_message(Some(text(&message))),
            });
    }
    response
}

fn change(
    state: &mut State,
    resource: &AlterConfigsResource,
    validate_only: bool,
) -> Result<(), Refused> {
    type Check = fn(&str, &str) -> Result<(), Refused>;
    type Default = fn(&str) -> Option<&'static str>;
    let name = resource.resource_name.as_str();
    let (settings, check, default): (&mut BTreeMap<String, String>, Check, Default) =
        match resource.resource_type {
            TOPIC => {
                let topic = state.topics.get_mut(name).ok_or_else(|| {
                    (
                        code::UNKNOWN_TOPIC_OR_PARTITION,
                        format!("The topic '{name}' does not exist."),
                    )
                })?;
                (
                    &mut topic.settings,
                    config::check_topic,
                    config::topic_default,
                )
            }
            BROKER => {
                let id = if name.is_empty() {
                    Some(-1)
                } else {
                    name.parse()
                        .ok()
                        .filter(|id| crate::cluster::NODES.contains(id))
                };
                let id = id.ok_or_else(|| {
                    (
                        code::INVALID_REQUEST,
                        format!("No broker with id `{name}` is registered"),
                    )
                })?;
                (
                    state.broker_settings.entry(id).or_default(),
                    config::check_broker,
                    config::broker_default,
                )
            }
            GROUP => (
                state.group_settings.entry(name.to_owned()).or_default(),
                config::check_group,
                config::group_default,
            ),
            other => {
                return Err((
                    code::INVALID_REQUEST,
                    format!("Unsupported resource type: {other}"),
                ));
            }
        };
    let mut changed = settings.clone();
    for alteration in &resource.configs {
        apply(&mut changed, alteration, check, default)?;
    }
    if !validate_only {
        *settings = changed;
    }
    Ok(())
}

fn apply(
    settings: &mut BTreeMap<String, String>,
    alteration: &AlterableConfig,
    check: fn(&str, &str) -> Result<(), Refused>,
    default: fn(&str) -> Option<&'static str>,
) -> Result<(), Refused> {
    let key = alteration.name.as_str();
    let value = || {
        alteration.value.as_deref().ok_or_else(|| {
            (
                code::INVALID_REQUEST,
                format!("Null value not supported for : {key}"),
            )
        })
    };
    let listed = |settings: &BTreeMap<String, String>| -> Vec<String> {
        let now = settings
            .get(key)
            .map(String::as_str)
            .or_else(|| default(key))
            .unwrap_or_default();
        now.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let next = match alteration.config_operation {
        0 => value()?.to_owned(),
        1 => {
            if let Some(now) = settings.get(key) {
                check(key, now)?;
            } else if let Some(value) = default(key) {
                check(key, value)?;
            }
            settings.remove(key);
            return Ok(());
        }
        operation @ (2 | 3) => {
            if !config::is_list(key) {
                let verb = if operation == 2 { "APPEND" } else { "SUBTRACT" };
                return Err((
                    code::INVALID_CONFIG,
                    format!("Can't {verb} to key {key} because its type is not LIST."),
                ));
            }
            let mut list = listed(settings);
            for item in value()?.split(',').map(str::trim) {
                list.retain(|known| known != item);
                if operation == 2 {
                    list.push(item.to_owned());
                }
            }
            list.join(",")
        }
        other => {
            return Err((
                code::INVALID_REQUEST,
                format!("Unknown operation type {other}"),
            ));
        }
    };
    check(key, &next)?;
    settings.insert(key.to_owned(), next);
    Ok(())
}
