//! Gaps of answers as the reasons of what is unknown.

use crate::model::{Missing, TopicPartition};
use std::collections::HashMap;

const COMMIT: &str = "committed offset of group `";
const IN: &str = "` in `";

/// Names the gap of one partition that a coordinator answered with an error, inside an answer that
/// is otherwise good; [`lag`](super::lag) shows such a partition as unknown.
pub fn commit_gap(group: &str, partition: &TopicPartition) -> String {
    format!("{COMMIT}{group}{IN}{partition}`")
}

/// Group, topic and partition of a name made by [`commit_gap`].
fn read_commit_gap(what: &str) -> Option<(&str, (&str, i32))> {
    let rest = what.strip_prefix(COMMIT)?.strip_suffix('`')?;
    let (group, partition) = rest.rsplit_once(IN)?;
    let (topic, index) = partition.rsplit_once('-')?;
    Some((group, (topic, index.parse().ok()?)))
}

/// Gaps, found by what they are about.
pub(super) struct Gaps<'a> {
    /// By each word of what is missing, so that "offsets of orders-2" explains `orders-2` and
    /// "committed offsets of group `billing`" explains `billing`.
    words: HashMap<&'a str, &'a str>,
    brokers: HashMap<i32, &'a str>,
    commits: HashMap<&'a str, Vec<Commit<'a>>>,
}

/// A partition in which a group's commit is not known, and why.
pub(super) type Commit<'a> = ((&'a str, i32), &'a str);

impl<'a> Gaps<'a> {
    pub(super) fn of(missing: &'a [Missing]) -> Self {
        let mut gaps = Self {
            words: HashMap::new(),
            brokers: HashMap::new(),
            commits: HashMap::new(),
        };
        for gap in missing {
            let why = gap.why.as_str();
            if let Some((group, partition)) = read_commit_gap(&gap.what) {
                gaps.commits
                    .entry(group)
                    .or_default()
                    .push((partition, why));
                continue;
            }
            let words = gap
                .what
                .split(|c: char| c.is_whitespace() || c == '`' || c == ',');
            for word in words.filter(|word| !word.is_empty()) {
                gaps.words.entry(word).or_insert(why);
            }
            if let Some(broker) = gap.broker {
                gaps.brokers.entry(broker).or_insert(why);
            }
        }
        gaps
    }

    /// Why a partition's offsets are not known.
    pub(super) fn of_partition(&self, topic: &str, partition: i32) -> Option<&'a str> {
        let words = &self.words;
        words
            .get(format!("{topic}-{partition}").as_str())
            .or_else(|| words.get(topic))
            .copied()
    }

    /// Why a group's commits are not known.
    pub(super) fn of_group(&self, group: &str, coordinator: i32) -> Option<&'a str> {
        self.words
            .get(group)
            .or_else(|| self.brokers.get(&coordinator))
            .copied()
    }

    /// Partitions in which a group's commit is not known.
    pub(super) fn commits(&self, group: &str) -> &[Commit<'a>] {
        self.commits.get(group).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_gap_is_read_as_it_was_written_whatever_the_names() {
        for (group, topic) in [("g", "t"), ("a `b` in `c-1`", "orders-eu-7"), ("", "x")] {
            let what = commit_gap(group, &TopicPartition::new(topic, 12));
            assert_eq!(read_commit_gap(&what), Some((group, (topic, 12))), "{what}");
        }
        assert_eq!(read_commit_gap("offsets of orders-2"), None);
    }
}
