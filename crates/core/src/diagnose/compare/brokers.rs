//! Settings of brokers: those of all brokers of a cluster against those of the other.
//!
//! Brokers of one cluster should agree. Where they do not, all their values are shown, and the key
//! counts as equal only when the other cluster holds the same values.

use super::value::{canonical, is_set, shown, unify_units};
use super::{ABSENT, Comparison, Difference, key};
use crate::model::{ConfigEntry, ConfigSource, ResourceConfigs};
use std::collections::{BTreeMap, BTreeSet};

/// What the brokers of one cluster hold for one key.
#[derive(Default)]
struct Held {
    /// By value, in the form in which equal ones are equal: as shown, and the brokers.
    values: BTreeMap<Option<String>, (String, Vec<String>)>,
    sources: BTreeSet<ConfigSource>,
    set: bool,
}

impl Comparison {
    /// Compares the configurations of all brokers that answered, all keys but those that are
    /// [left out](key::left_out). When no broker of a side answered, nothing is known.
    pub fn broker_settings(&mut self, left: &[ResourceConfigs], right: &[ResourceConfigs]) {
        let (lefts, rights) = (held(left), held(right));
        if lefts.is_empty() || rights.is_empty() {
            self.broker_keys.unknown += lefts.len().max(rights.len()).max(1);
            return;
        }
        let keys: BTreeSet<&String> = lefts.keys().chain(rights.keys()).collect();
        for name in keys {
            let (l, r) = (lefts.get(name), rights.get(name));
            match (l, r) {
                (Some(l), Some(r)) if l.values.keys().eq(r.values.keys()) => {
                    self.broker_keys.equal += 1;
                    continue;
                }
                (Some(_), Some(_)) => self.broker_keys.differ += 1,
                // A key that one version does not know, at its default on the other.
                (Some(only), None) => {
                    self.broker_keys.only_left += 1;
                    if !only.set {
                        continue;
                    }
                }
                (None, Some(only)) => {
                    self.broker_keys.only_right += 1;
                    if !only.set {
                        continue;
                    }
                }
                (None, None) => continue,
            }
            let (weight, why) = key::of_broker(name);
            let text = |side: Option<&Held>| side.map_or_else(|| ABSENT.into(), Held::text);
            self.differences.push(Difference {
                weight,
                subject: "brokers".into(),
                key: name.clone(),
                left: text(l),
                right: text(r),
                left_source: l.and_then(Held::source),
                right_source: r.and_then(Held::source),
                why: why.into(),
            });
        }
    }
}

impl Held {
    fn text(&self) -> String {
        if let (Some((text, _)), 1) = (self.values.values().next(), self.values.len()) {
            return text.clone();
        }
        let parts = self
            .values
            .values()
            .map(|(text, brokers)| format!("{text} on {}", brokers.join(",")));
        parts.collect::<Vec<_>>().join("; ")
    }

    fn source(&self) -> Option<ConfigSource> {
        self.sources
            .first()
            .copied()
            .filter(|_| self.sources.len() == 1)
    }
}

fn held(brokers: &[ResourceConfigs]) -> BTreeMap<String, Held> {
    let mut keys: BTreeMap<String, Held> = BTreeMap::new();
    for broker in brokers {
        let mut entries = broker.entries.clone();
        unify_units(&mut entries);
        for entry in entries.iter().filter(|e| !key::left_out(&e.name)) {
            let held = keys.entry(entry.name.clone()).or_default();
            let (_, ids) = held
                .values
                .entry(form(entry))
                .or_insert_with(|| (shown(entry), Vec::new()));
            ids.push(broker.resource.name.clone());
            held.sources.insert(entry.source);
            held.set |= is_set(entry);
        }
    }
    keys
}

/// The form in which equal values are equal; of a hidden one only whether it is set.
fn form(entry: &ConfigEntry) -> Option<String> {
    if entry.sensitive {
        return is_set(entry).then(|| "set".into());
    }
    canonical(entry)
}
