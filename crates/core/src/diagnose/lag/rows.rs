//! The partitions that a group is judged in, each with what is known of its commit.

use super::gaps::Gaps;
use super::owner::Owners;
use super::position::Commit;
use crate::model::GroupOffsets;
use std::collections::BTreeMap;

/// How a gap says that a topic is smaller than thought.
const NO_PARTITION: &str = "has no partition";

/// Topic and partition, and the commit there.
pub(super) type Row<'a> = ((&'a str, i32), Commit<'a>);

/// By topic and partition: what the group committed to, what its members hold, and what the
/// coordinator could not tell of.
pub(super) fn rows<'a>(
    committed: Option<&'a GroupOffsets>,
    owners: Option<&Owners<'a>>,
    gaps: &Gaps<'a>,
    group: &str,
) -> Vec<Row<'a>> {
    let offsets = committed.map_or(&[][..], |group| group.offsets.as_slice());
    let own: Vec<Row<'a>> = offsets
        .iter()
        .map(|offset| {
            let commit = match offset.offset {
                0.. => Commit::At(offset),
                _ => Commit::None,
            };
            ((offset.topic.as_str(), offset.partition), commit)
        })
        .collect();
    let held = held(committed.is_some(), owners, gaps);
    let unknown = gaps.commits(group);
    // Most often there are no others and they come sorted: nothing is left to do.
    if held.is_empty() && unknown.is_empty() && own.is_sorted_by(|a, b| a.0 < b.0) {
        return own;
    }
    let mut rows: BTreeMap<(&str, i32), Commit<'a>> = held.into_iter().collect();
    rows.extend(own);
    rows.extend(
        unknown
            .iter()
            .map(|(key, why)| (*key, Commit::Unknown(why))),
    );
    rows.into_iter().collect()
}

/// What members hold, as long as nothing is known of a commit there.
fn held<'a>(known: bool, owners: Option<&Owners<'a>>, gaps: &Gaps<'_>) -> Vec<Row<'a>> {
    let Some(owners) = owners else {
        return Vec::new();
    };
    let absent = |topic: &str, partition: i32| {
        gaps.of_partition(topic, partition)
            .is_some_and(|why| why.contains(NO_PARTITION))
    };
    let commit = if known {
        Commit::None
    } else {
        Commit::Unknown("the group's committed offsets are not known")
    };
    owners
        .partitions()
        .filter(|((topic, partition), derived)| !derived || !absent(topic, *partition))
        .map(|(key, _)| (key, commit))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CommittedOffset;

    fn offsets(of: &[(&str, i32)]) -> GroupOffsets {
        let offset = |(topic, partition): &(&str, i32)| CommittedOffset {
            topic: (*topic).into(),
            partition: *partition,
            offset: 7,
            leader_epoch: None,
            metadata: String::new(),
            lag: None,
        };
        GroupOffsets {
            group: "g".into(),
            offsets: of.iter().map(offset).collect(),
        }
    }

    #[test]
    fn rows_are_sorted_and_single_in_whatever_order_offsets_come() {
        let sorted = [("a", 0), ("a", 2), ("b", 1)];
        for order in [
            &sorted[..],
            &[("b", 1), ("a", 2), ("a", 0)],
            &[("a", 0), ("a", 0), ("a", 2), ("b", 1)],
        ] {
            let committed = offsets(order);
            let found = rows(Some(&committed), None, &Gaps::of(&[]), "g");
            let keys: Vec<_> = found.iter().map(|(key, _)| *key).collect();
            assert_eq!(keys, sorted, "{order:?}");
        }
    }
}
