//! Settings of topics, brokers and groups: which exist, what they default to, where a value comes from.
//!
//! A realistic selection, not all of Kafka's keys. A few act here (`min.insync.replicas`,
//! `max.message.bytes`, `retention.bytes`, `message.timestamp.type`, `cleanup.policy`); the others are
//! kept and shown.

mod broker_keys;
mod group_keys;
mod topic_keys;

use std::collections::BTreeMap;

use crate::wire::code;

pub(crate) use broker_keys::STATIC;

/// Settings by key.
pub(crate) type Settings = BTreeMap<String, String>;

/// Where a value comes from, as Kafka numbers it.
mod source {
    pub(super) const TOPIC: i8 = 1;
    pub(super) const DYNAMIC_BROKER: i8 = 2;
    pub(super) const DYNAMIC_DEFAULT_BROKER: i8 = 3;
    pub(super) const STATIC_BROKER: i8 = 4;
    pub(super) const DEFAULT: i8 = 5;
    pub(super) const GROUP: i8 = 8;
}

/// Type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    Text,
    Int,
    Long,
    Double,
    List,
    Password,
}

impl Kind {
    /// Kafka's number for the type.
    pub(crate) fn code(self) -> i8 {
        match self {
            Self::Boolean => 1,
            Self::Text => 2,
            Self::Int => 3,
            Self::Long => 5,
            Self::Double => 6,
            Self::List => 7,
            Self::Password => 9,
        }
    }

    fn takes(self, value: &str) -> bool {
        match self {
            Self::Boolean => matches!(value, "true" | "false"),
            Self::Int => value.parse::<i32>().is_ok(),
            Self::Long => value.parse::<i64>().is_ok(),
            Self::Double => value.parse::<f64>().is_ok_and(f64::is_finite),
            Self::Text | Self::List | Self::Password => true,
        }
    }
}

/// One setting that exists.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) default: Option<&'static str>,
    /// Values to choose from; empty means any of the type.
    pub(crate) choices: &'static [&'static str],
    /// The broker settings that a topic setting falls back to, nearest first; for a broker setting, the
    /// other names of the same thing.
    pub(crate) synonyms: &'static [&'static str],
    pub(crate) read_only: bool,
    pub(crate) doc: &'static str,
}

/// One setting as DescribeConfigs shows it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: &'static Key,
    pub(crate) value: Option<String>,
    pub(crate) source: i8,
    /// (name, value, source), the one in force first.
    pub(crate) synonyms: Vec<(String, Option<String>, i8)>,
}

const fn key(
    name: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    choices: &'static [&'static str],
    synonyms: &'static [&'static str],
    read_only: bool,
    doc: &'static str,
) -> Key {
    Key {
        name,
        kind,
        default,
        choices,
        synonyms,
        read_only,
        doc,
    }
}

fn find(keys: &'static [Key], name: &str) -> Option<&'static Key> {
    keys.iter().find(|key| key.name == name)
}

/// Kafka's default of a topic setting.
pub(crate) fn topic_default(name: &str) -> Option<&'static str> {
    find(topic_keys::KEYS, name)?.default
}

/// The default of a broker setting, with the sandbox's own file settings.
pub(crate) fn broker_default(name: &str) -> Option<&'static str> {
    let fixed = STATIC
        .iter()
        .find(|(key, _)| *key == name)
        .map(|(_, value)| *value);
    fixed.or_else(|| find(broker_keys::KEYS, name)?.default)
}

/// Kafka's default of a group setting.
pub(crate) fn group_default(name: &str) -> Option<&'static str> {
    find(group_keys::KEYS, name)?.default
}

/// Whether a setting is a list, which can be appended to.
pub(crate) fn is_list(name: &str) -> bool {
    [topic_keys::KEYS, broker_keys::KEYS, group_keys::KEYS]
        .into_iter()
        .filter_map(|keys| find(keys, name))
        .any(|key| key.kind == Kind::List)
}

/// Why a setting is refused: Kafka's code and words.
type Refused = (i16, String);

fn check(keys: &'static [Key], what: &str, name: &str, value: &str) -> Result<(), Refused> {
    let key = find(keys, name).ok_or_else(|| {
        (
            code::INVALID_CONFIG,
            format!("Unknown {what} config name: {name}"),
        )
    })?;
    if key.read_only {
        return Err((
            code::INVALID_REQUEST,
            format!("Cannot update these configs dynamically: [{name}]"),
        ));
    }
    if !key.kind.takes(value) {
        return Err((
            code::INVALID_CONFIG,
            format!(
                "Invalid value {value} for configuration {name}: Not a {:?}",
                key.kind
            ),
        ));
    }
    let bad = match key.kind {
        _ if key.choices.is_empty() => None,
        Kind::List => value
            .split(',')
            .map(str::trim)
            .find(|item| !item.is_empty() && !key.choices.contains(item)),
        _ => (!key.choices.contains(&value)).then_some(value),
    };
    match bad {
        Some(bad) => Err((
            code::INVALID_CONFIG,
            format!(
                "Invalid value {bad} for configuration {name}: String must be one of: {}",
                key.choices.join(", ")
            ),
        )),
        None => Ok(()),
    }
}

/// Checks name and value of a topic setting.
pub(crate) fn check_topic(name: &str, value: &str) -> Result<(), Refused> {
    check(topic_keys::KEYS, "topic", name, value)?;
    if name == "min.insync.replicas" && value.parse::<i32>().is_ok_and(|count| count < 1) {
        return Err((
            code::INVALID_CONFIG,
            format!("Invalid value {value} for configuration {name}: Value must be at least 1"),
        ));
    }
    Ok(())
}

/// Checks name and value of a broker setting that is to change while running.
pub(crate) fn check_broker(name: &str, value: &str) -> Result<(), Refused> {
    check(broker_keys::KEYS, "broker", name, value)
}

/// Checks name and value of a group setting.
pub(crate) fn check_group(name: &str, value: &str) -> Result<(), Refused> {
    check(group_keys::KEYS, "group", name, value)
}

/// All that is known of one broker setting, nearest first. `own` and `defaults` are dynamic settings.
fn broker_levels(
    name: &str,
    fixed: &[(&str, String)],
    own: &Settings,
    defaults: &Settings,
) -> Vec<(String, Option<String>, i8)> {
    let mut levels = Vec::new();
    let mut add = |value: Option<String>, source| {
        if let Some(value) = value {
            levels.push((name.to_owned(), Some(value), source));
        }
    };
    add(own.get(name).cloned(), source::DYNAMIC_BROKER);
    add(defaults.get(name).cloned(), source::DYNAMIC_DEFAULT_BROKER);
    add(
        fixed
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.clone()),
        source::STATIC_BROKER,
    );
    add(
        find(broker_keys::KEYS, name)
            .and_then(|key| key.default)
            .map(str::to_owned),
        source::DEFAULT,
    );
    levels
}

fn fixed_settings() -> Vec<(&'static str, String)> {
    STATIC
        .iter()
        .map(|(key, value)| (*key, (*value).to_owned()))
        .collect()
}

/// A level's value in the unit of the setting: `log.retention.hours` says hours, `retention.ms` wants
/// milliseconds. A broker's own `log.retention.ms` stays unset when only the hours are given.
fn in_unit_of(key: &Key, name: &str, value: &str) -> Option<String> {
    if name == key.name {
        return Some(value.to_owned());
    }
    let to_ms = match name.rsplit('.').next() {
        Some("hours") => 3_600_000,
        Some("minutes") => 60_000,
        _ => return Some(value.to_owned()),
    };
    if key.name.starts_with("log.") {
        return None;
    }
    let value: i64 = value.parse().ok()?;
    Some(value.saturating_mul(to_ms).to_string())
}

fn entry(key: &'static Key, mut levels: Vec<(String, Option<String>, i8)>) -> Entry {
    let (value, source) = match levels.first() {
        Some((name, value, source)) => (
            value
                .as_deref()
                .and_then(|value| in_unit_of(key, name, value)),
            *source,
        ),
        None => (key.default.map(str::to_owned), source::DEFAULT),
    };
    if key.kind == Kind::Password {
        levels.iter_mut().for_each(|level| level.1 = None);
        return Entry {
            key,
            value: None,
            source,
            synonyms: levels,
        };
    }
    Entry {
        key,
        value,
        source,
        synonyms: levels,
    }
}

/// Topic settings with where they come from.
pub(crate) fn topic_entries(
    settings: &Settings,
    own: &Settings,
    defaults: &Settings,
) -> Vec<Entry> {
    let fixed = fixed_settings();
    let of = |key: &'static Key| {
        let mut levels = Vec::new();
        if let Some(value) = settings.get(key.name) {
            levels.push((key.name.to_owned(), Some(value.clone()), source::TOPIC));
        }
        // A topic's answer shows the first one only: of `retention.ms` not the broker's hours.
        if let Some(name) = key.synonyms.first() {
            levels.extend(broker_levels(name, &fixed, own, defaults));
        }
        entry(key, levels)
    };
    topic_keys::KEYS.iter().map(of).collect()
}

/// A topic setting as it acts on a node: its own, else the broker's, else Kafka's default.
pub(crate) fn in_force(
    name: &str,
    settings: &Settings,
    own: Option<&Settings>,
    defaults: Option<&Settings>,
) -> Option<String> {
    if let Some(value) = settings.get(name) {
        return Some(value.clone());
    }
    let key = find(topic_keys::KEYS, name)?;
    let dynamic = |level: Option<&Settings>| {
        key.synonyms
            .iter()
            .find_map(|synonym| level?.get(*synonym).cloned())
    };
    dynamic(own)
        .or_else(|| dynamic(defaults))
        .or_else(|| key.default.map(str::to_owned))
}

/// Settings of one broker.
pub(crate) fn broker_entries(
    id: i32,
    listener: &str,
    rack: &str,
    own: &Settings,
    defaults: &Settings,
) -> Vec<Entry> {
    let mut fixed = fixed_settings();
    fixed.push(("node.id", id.to_string()));
    fixed.push(("broker.id", id.to_string()));
    fixed.push(("listeners", listener.to_owned()));
    fixed.push(("advertised.listeners", listener.to_owned()));
    fixed.push(("broker.rack", rack.to_owned()));
    let of = |key: &'static Key| {
        let mut levels = broker_levels(key.name, &fixed, own, defaults);
        for name in key.synonyms {
            levels.extend(broker_levels(name, &fixed, own, defaults));
        }
        entry(key, levels)
    };
    broker_keys::KEYS.iter().map(of).collect()
}

/// The cluster-wide dynamic broker settings: only those that are set.
pub(crate) fn cluster_entries(defaults: &Settings) -> Vec<Entry> {
    let set = broker_keys::KEYS
        .iter()
        .filter(|key| defaults.contains_key(key.name));
    set.map(|key| {
        let value = defaults.get(key.name).cloned();
        entry(
            key,
            vec![(key.name.to_owned(), value, source::DYNAMIC_DEFAULT_BROKER)],
        )
    })
    .collect()
}

/// Settings of one group.
pub(crate) fn group_entries(settings: &Settings) -> Vec<Entry> {
    let of = |key: &'static Key| {
        let mut levels = Vec::new();
        if let Some(value) = settings.get(key.name) {
            levels.push((key.name.to_owned(), Some(value.clone()), source::GROUP));
        }
        levels.push((
            key.name.to_owned(),
            key.default.map(str::to_owned),
            source::DEFAULT,
        ));
        entry(key, levels)
    };
    group_keys::KEYS.iter().map(of).collect()
}

#[cfg(test)]
mod tests;
