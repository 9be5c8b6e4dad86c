//! Drift: in what two topics or two clusters differ, and whether it matters.
//!
//! One [`Comparison`] takes pairs of topics, pairs of clusters, broker settings, groups, ACLs and
//! quotas, in any order and any number, so that a caller may hand over thousands of topics a few at a time. Values
//! are compared by meaning (see [`value`]), sensitive ones as "set or not" alone.
//!
//! What has to differ between two clusters is left out: ids of clusters, topics, brokers and
//! directories, epochs, addresses, paths, names of racks, and the keys in [`key::left_out`].
//! What was not obtained is never taken for equal nor for absent; see [`Comparison::verdict`].
//!
//! It deliberately does not compare records: how many offsets two topics hold is a note.

mod brokers;
mod cluster;
mod groups;
pub mod key;
mod rights;
mod topic;
pub mod value;

#[cfg(test)]
mod tests;

pub use topic::TopicSide;

use crate::model::ConfigSource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How much a difference weighs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Clients, durability or what is kept behave in another way.
    Matters,
    /// Worth knowing; often meant so.
    Note,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// Matters or note.
    pub weight: Weight,
    /// `cluster`, `brokers`, `topics`, `topic NAME`, `group NAME`, `acl PRINCIPAL`,
    /// `quota ENTITY`.
    pub subject: String,
    /// Configuration key, or what else differs.
    pub key: String,
    /// On the left; `(absent)`, `(unset)`, `(set, hidden)`, `(not offered)` are no values.
    pub left: String,
    /// On the right.
    pub right: String,
    /// Where the left value comes from, when it is a configuration value with one source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_source: Option<ConfigSource>,
    /// Where the right value comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right_source: Option<ConfigSource>,
    /// What it changes.
    pub why: String,
}

/// Stands for a thing that one side does not have.
pub const ABSENT: &str = "(absent)";

/// How many things were compared, and how they came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tally {
    /// Equal on both sides.
    pub equal: usize,
    /// Different.
    pub differ: usize,
    /// On the left alone.
    pub only_left: usize,
    /// On the right alone.
    pub only_right: usize,
    /// Not to be told, as one side's part is missing.
    pub unknown: usize,
}

/// The outcome in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All was seen, and nothing differs.
    Identical,
    /// All was seen, and nothing that matters differs.
    Alike,
    /// Something that matters differs.
    Differs,
    /// Nothing that matters differs in what was seen, but parts are missing.
    Unknown,
}

/// A comparison under way. Fields only grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// What differs, in no order; see [`Comparison::finish`].
    pub differences: Vec<Difference>,
    /// Topics compared.
    pub topics: Tally,
    /// Groups compared, by presence and type.
    pub groups: Tally,
    /// Keys of broker configuration compared.
    pub broker_keys: Tally,
    /// ACLs compared.
    pub acls: Tally,
    /// Limits of client quotas compared.
    pub quotas: Tally,
    /// Topic facts and keys with equal values.
    pub equal_values: usize,
    /// Topic keys with equal values that only one side sets on the topic: a changed default would
    /// part them.
    pub set_on_one_side: usize,
    inherited: BTreeMap<(String, String, String), Inherited>,
}

/// A topic key that differs although no topic sets it: one row stands for all topics.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Inherited {
    first: Difference,
    topic: String,
    topics: usize,
}

impl Comparison {
    /// The differences, weightiest first, then cluster before brokers before topics before groups
    /// before rights, then by name and key.
    pub fn finish(mut self) -> Self {
        for (_, inherited) in std::mem::take(&mut self.inherited) {
            let mut row = inherited.first;
            if inherited.topics > 1 {
                row.subject = format!("topics ({}, e.g. {})", inherited.topics, inherited.topic);
            }
            self.differences.push(row);
        }
        self.differences.sort_by(|a, b| order(a).cmp(&order(b)));
        self
    }

    /// The outcome; `whole` says that no part of either side is missing.
    pub fn verdict(&self, whole: bool) -> Verdict {
        let undecided = self.topics.unknown + self.groups.unknown + self.broker_keys.unknown > 0;
        if self.matters() > 0
            || self
                .inherited
                .values()
                .any(|i| i.first.weight == Weight::Matters)
        {
            Verdict::Differs
        } else if !whole || undecided {
            Verdict::Unknown
        } else if self.differences.is_empty() && self.inherited.is_empty() {
            Verdict::Identical
        } else {
            Verdict::Alike
        }
    }

    /// How many differences matter.
    pub fn matters(&self) -> usize {
        let matters = |d: &&Difference| d.weight == Weight::Matters;
        self.differences.iter().filter(matters).count()
    }

    /// Adds a difference that is no configuration value.
    fn fact(
        &mut self,
        weight: Weight,
        (subject, key): (&str, &str),
        (left, right): (impl Into<String>, impl Into<String>),
        why: &str,
    ) {
        self.differences.push(Difference {
            weight,
            subject: subject.into(),
            key: key.into(),
            left: left.into(),
            right: right.into(),
            left_source: None,
            right_source: None,
            why: why.into(),
        });
    }

    /// Adds a topic's difference that comes from broker settings, as one row for all topics.
    fn inherit(&mut self, topic: &str, difference: Difference) {
        let at = (
            difference.key.clone(),
            difference.left.clone(),
            difference.right.clone(),
        );
        self.inherited
            .entry(at)
            .and_modify(|i| i.topics += 1)
            .or_insert_with(|| Inherited {
                first: difference,
                topic: topic.into(),
                topics: 1,
            });
    }
}

fn order(of: &Difference) -> (Weight, usize, &str, &str) {
    let kinds = [
        "cluster", "brokers", "topics", "topic", "group", "acl", "quota",
    ];
    let word = of.subject.split(' ').next().unwrap_or_default();
    let kind = kinds.iter().position(|k| *k == word).unwrap_or(kinds.len());
    (of.weight, kind, &of.subject, &of.key)
}
