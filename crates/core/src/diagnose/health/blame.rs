//! Who is behind a trouble that many partitions share.

use crate::model::{BrokerState, Cluster};
use std::collections::{BTreeMap, BTreeSet};

/// What many partitions have in common: which brokers are out of each.
pub(super) struct Blame {
    /// Brokers that are out of every single partition.
    pub(super) brokers: Vec<i32>,
    /// In words, for the evidence.
    pub(super) words: String,
}

/// Judges from the brokers that are out of each partition. A partition with none is left aside;
/// `None` when no partition has any.
pub(super) fn blame(
    cluster: &Cluster,
    out: impl IntoIterator<Item = BTreeSet<i32>>,
) -> Option<Blame> {
    let mut counts: BTreeMap<i32, usize> = BTreeMap::new();
    let mut partitions = 0;
    for brokers in out {
        if brokers.is_empty() {
            continue;
        }
        partitions += 1;
        for broker in brokers {
            *counts.entry(broker).or_default() += 1;
        }
    }
    if partitions == 0 {
        return None;
    }
    let brokers: Vec<i32> = counts
        .iter()
        .filter(|(_, count)| **count == partitions)
        .map(|(id, _)| *id)
        .collect();
    let named = |id: i32| format!("broker {id} ({})", state_word(cluster, id));
    let words = if !brokers.is_empty() {
        let names: Vec<String> = brokers.iter().map(|id| named(*id)).collect();
        let of = if partitions == 1 {
            "it".to_owned()
        } else {
            format!("all {partitions}")
        };
        format!("behind {of}: {}", names.join(" and "))
    } else if let Some(rack) = common_rack(cluster, counts.keys().copied()) {
        format!("behind all {partitions}: rack {rack}")
    } else {
        let mut worst: Vec<_> = counts.iter().map(|(id, count)| (*count, *id)).collect();
        worst.sort_by_key(|(count, id)| (std::cmp::Reverse(*count), *id));
        let names: Vec<String> = worst
            .iter()
            .take(5)
            .map(|(count, id)| format!("{} in {count}", named(*id)))
            .collect();
        format!("no single broker is behind it: {}", names.join(", "))
    };
    Some(Blame { brokers, words })
}

fn common_rack(cluster: &Cluster, ids: impl Iterator<Item = i32>) -> Option<&str> {
    let mut common = None;
    for id in ids {
        let rack = cluster
            .brokers
            .iter()
            .find(|b| b.id == id)?
            .rack
            .as_deref()?;
        if common.is_some_and(|other| other != rack) {
            return None;
        }
        common = Some(rack);
    }
    common
}

/// Whether a broker is registered and serving.
pub(super) fn online(cluster: &Cluster, id: i32) -> bool {
    cluster
        .brokers
        .iter()
        .any(|b| b.id == id && b.state == BrokerState::Online)
}

/// A broker's state in a word.
pub(super) fn state_word(cluster: &Cluster, id: i32) -> &'static str {
    match cluster.brokers.iter().find(|b| b.id == id).map(|b| b.state) {
        Some(BrokerState::Online) => "online",
        Some(BrokerState::Fenced) => "fenced",
        Some(BrokerState::Missing) | None => "not registered",
    }
}
