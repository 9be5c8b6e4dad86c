//! When two configuration values are the same.
//!
//! Numbers are compared as numbers, booleans without regard to case, lists without blanks and,
//! where their order says nothing, as sets. An empty value is an unset one. Where a key knows "no
//! limit", `-1` and the largest number are it. A topic's `local.retention.*` of `-2` is its
//! `retention.*`. A broker's `log.retention` and `log.roll` are compared in milliseconds, from
//! whichever of the keys in hours, minutes and milliseconds is in force.

use crate::model::{ConfigEntry, ConfigSource};

/// Keys where a negative number and the largest one both say "no limit".
const UNLIMITED: &[&str] = &[
    "retention.ms",
    "retention.bytes",
    "local.retention.ms",
    "local.retention.bytes",
    "log.retention.ms",
    "log.retention.bytes",
];

/// Lists whose order says nothing.
const SETS: &[&str] = &[
    "cleanup.policy",
    "log.cleanup.policy",
    "group.coordinator.rebalance.protocols",
    "leader.replication.throttled.replicas",
    "follower.replication.throttled.replicas",
    "sasl.enabled.mechanisms",
    "ssl.enabled.protocols",
    "super.users",
    "process.roles",
];

/// A value in the form in which equal ones are equal; `None` when unset or hidden.
pub fn canonical(entry: &ConfigEntry) -> Option<String> {
    let value = entry.value.as_deref()?.trim();
    if value.is_empty() {
        return None;
    }
    let key = entry.name.as_str();
    let kind = entry.value_type.as_deref();
    if SETS.contains(&key) {
        let separator = if key == "super.users" { ';' } else { ',' };
        let mut parts: Vec<&str> = value.split(separator).map(str::trim).collect();
        parts.sort_unstable();
        parts.dedup();
        return Some(parts.join(","));
    }
    match kind {
        Some("list") => {
            let parts: Vec<&str> = value.split(',').map(str::trim).collect();
            return Some(parts.join(","));
        }
        Some("string" | "class") => return Some(value.into()),
        Some("boolean") => return Some(value.to_lowercase()),
        _ => {}
    }
    if let Ok(number) = value.parse::<i64>() {
        let none = UNLIMITED.contains(&key) && (number < 0 || number == i64::MAX);
        // "Like the topic's retention", which is resolved where the topic is known.
        let like = number == -2 && key.starts_with("local.");
        return Some(if none && !like { -1 } else { number }.to_string());
    }
    if let Ok(number) = value.parse::<f64>() {
        return Some(number.to_string());
    }
    match value.to_lowercase() {
        flag if flag == "true" || flag == "false" => Some(flag),
        _ => Some(value.into()),
    }
}

/// The longest value that is shown whole, characters: lists of throttled replicas have no end.
const LONGEST: usize = 200;

/// A value as it is shown, never a sensitive one.
pub fn shown(entry: &ConfigEntry) -> String {
    match &entry.value {
        _ if entry.sensitive && is_set(entry) => "(set, hidden)".into(),
        Some(value) if !entry.sensitive && !value.trim().is_empty() => clipped(value),
        _ => "(unset)".into(),
    }
}

fn clipped(value: &str) -> String {
    match value.char_indices().nth(LONGEST) {
        Some((end, _)) => {
            let kept = value.get(..end).unwrap_or_default();
            format!("{kept}... ({} characters)", value.chars().count())
        }
        None => value.into(),
    }
}

/// Whether two entries of one key say the same.
pub fn same(left: &ConfigEntry, right: &ConfigEntry) -> bool {
    if left.sensitive || right.sensitive {
        return is_set(left) == is_set(right);
    }
    canonical(left) == canonical(right)
}

/// Somebody set it: Kafka gives a hidden value no text, but says where it comes from.
pub(super) fn is_set(entry: &ConfigEntry) -> bool {
    entry.source != ConfigSource::Default
}

/// Entries of a topic with `local.retention.*` of `-2` given as what it stands for.
pub(super) fn resolve_local(entries: &mut [ConfigEntry]) {
    for (local, whole) in [
        ("local.retention.ms", "retention.ms"),
        ("local.retention.bytes", "retention.bytes"),
    ] {
        let retention = entries
            .iter()
            .find(|e| e.name == whole)
            .and_then(|e| e.value.clone());
        let like = entries
            .iter_mut()
            .find(|e| e.name == local && e.value.as_deref() == Some("-2"));
        if let (Some(entry), Some(value)) = (like, retention) {
            entry.value = Some(value);
        }
    }
}

/// Families of broker keys: the one in milliseconds, and those that stand in for it.
const FAMILIES: &[(&str, &[(&str, i64)])] = &[
    (
        "log.retention.ms",
        &[
            ("log.retention.minutes", 60_000),
            ("log.retention.hours", 3_600_000),
        ],
    ),
    ("log.roll.ms", &[("log.roll.hours", 3_600_000)]),
    (
        "log.roll.jitter.ms",
        &[("log.roll.jitter.hours", 3_600_000)],
    ),
];

/// Entries of a broker with each family as its key in milliseconds alone.
pub(super) fn unify_units(entries: &mut Vec<ConfigEntry>) {
    for (key, coarser) in FAMILIES {
        let number = |name: &str| {
            let entry = entries.iter().find(|e| e.name == name)?;
            let number: i64 = entry.value.as_deref()?.trim().parse().ok()?;
            Some((number, entry.source))
        };
        if number(key).is_none() {
            let found = coarser.iter().find_map(|(name, ms_each)| {
                let (number, source) = number(name)?;
                let ms = if number < 0 {
                    -1
                } else {
                    number.checked_mul(*ms_each)?
                };
                Some((ms, source))
            });
            let own = entries.iter_mut().find(|e| e.name == *key);
            if let (Some((ms, source)), Some(entry)) = (found, own) {
                entry.value = Some(ms.to_string());
                entry.source = source;
            } else {
                // Without the key in milliseconds there is nothing to put the others into.
                continue;
            }
        }
        entries.retain(|e| !coarser.iter().any(|(name, _)| *name == e.name));
    }
}
