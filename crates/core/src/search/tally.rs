//! Counts by group in bounded memory.
//!
//! Up to [`KEPT`] groups are counted exactly. When there are more, the smallest are given up in the
//! way of Misra and Gries ("Finding repeated elements", 1982): what the first group beyond the bound
//! had is taken from every count. Each count is then too low by at most [`Tally::short`], no group
//! that was given up had more than that, and it is at most the total divided by [`KEPT`]: a group
//! that is large in truth is never missed. The total is exact in any case. Tallies of parts add up
//! (Agarwal and others, "Mergeable summaries", 2012), so parts may be counted side by side.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

/// Groups that are kept when there are too many.
pub const KEPT: usize = 4096;
/// Bytes of a key or value by which a group is shown; a longer one is told apart by its size and a
/// hash besides.
const HEAD_BYTES: usize = 256;

const TOTAL: u8 = 0;
const NULL: u8 = 1;
const ABSENT: u8 = 2;
const NOT_JSON: u8 = 3;
const NUMBER: u8 = 4;
const BYTES: u8 = 5;
const LONG: u8 = 6;

/// What the records of a group have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Nothing: all records.
    Total,
    /// A partition, or the beginning of a span of time (epoch ms).
    Number(i64),
    /// Bytes of a key, value or header, or compact JSON at a path.
    Bytes {
        /// The first of them.
        head: Vec<u8>,
        /// How many there are.
        size_bytes: usize,
    },
    /// A null key, value or header.
    Null,
    /// No such header or path, or no timestamp.
    Absent,
    /// A path was asked of something that is no JSON.
    NotJson,
}

/// A group in the making: reused from record to record, so that counting allocates nothing for a
/// group that is known.
#[derive(Debug, Default)]
pub struct Label(Vec<u8>);

impl Label {
    fn tag(&mut self, tag: u8) {
        self.0.clear();
        self.0.push(tag);
    }

    pub(super) fn total(&mut self) {
        self.tag(TOTAL);
    }

    pub(super) fn absent(&mut self) {
        self.tag(ABSENT);
    }

    pub(super) fn not_json(&mut self) {
        self.tag(NOT_JSON);
    }

    pub(super) fn number(&mut self, number: i64) {
        self.tag(NUMBER);
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    pub(super) fn bytes(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            None => self.tag(NULL),
            Some(bytes) => match bytes.get(..HEAD_BYTES) {
                Some(head) if bytes.len() > HEAD_BYTES => {
                    self.tag(LONG);
                    self.0
                        .extend_from_slice(&(bytes.len() as u64).to_be_bytes());
                    let mut hasher = DefaultHasher::new();
                    hasher.write(bytes);
                    self.0.extend_from_slice(&hasher.finish().to_be_bytes());
                    self.0.extend_from_slice(head);
                }
                _ => {
                    self.tag(BYTES);
                    self.0.extend_from_slice(bytes);
                }
            },
        }
    }
}

/// Reads back what a [`Label`] holds.
fn group(label: &[u8]) -> Group {
    let number = |at: usize| {
        let bytes = label.get(at..at + 8)?;
        Some(u64::from_be_bytes(bytes.try_into().ok()?))
    };
    let rest = |at: usize| label.get(at..).unwrap_or_default().to_vec();
    match label.first() {
        Some(&NULL) => Group::Null,
        Some(&ABSENT) => Group::Absent,
        Some(&NOT_JSON) => Group::NotJson,
        Some(&NUMBER) => Group::Number(number(1).unwrap_or_default().cast_signed()),
        Some(&BYTES) => Group::Bytes {
            size_bytes: label.len() - 1,
            head: rest(1),
        },
        Some(&LONG) => Group::Bytes {
            size_bytes: usize::try_from(number(1).unwrap_or_default()).unwrap_or(usize::MAX),
            head: rest(17),
        },
        _ => Group::Total,
    }
}

/// Counts by group, and their exact total.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    counts: HashMap<Box<[u8]>, u64>,
    total: u64,
    short: u64,
}

impl Tally {
    /// Counts `records` more of the group in `label`.
    pub fn add(&mut self, label: &Label, records: u64) {
        self.total += records;
        self.count(&label.0, records);
        self.bound();
    }

    fn count(&mut self, label: &[u8], records: u64) {
        if records == 0 {
        } else if let Some(count) = self.counts.get_mut(label) {
            *count += records;
        } else {
            self.counts.insert(label.into(), records);
        }
    }

    /// Adds what was counted in another part.
    pub fn merge(&mut self, other: Self) {
        self.total += other.total;
        self.short += other.short;
        if self.counts.is_empty() {
            self.counts = other.counts;
        } else {
            for (label, records) in &other.counts {
                self.count(label, *records);
            }
        }
        self.bound();
    }

    /// Gives up the smallest groups when there are twice as many as are kept: seldom, so that it
    /// costs next to nothing for each record.
    fn bound(&mut self) {
        if self.counts.len() <= 2 * KEPT {
            return;
        }
        let mut sizes: Vec<u64> = self.counts.values().copied().collect();
        let (_, first_out, _) = sizes.select_nth_unstable_by(KEPT, |a, b| b.cmp(a));
        let first_out = *first_out;
        self.short += first_out;
        self.counts.retain(|_, count| {
            *count = count.saturating_sub(first_out);
            *count > 0
        });
    }

    /// All records that were counted; exact.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// By how much a count may be too low; 0 while all groups are counted exactly.
    pub fn short(&self) -> u64 {
        self.short
    }

    /// How many groups there are; `None` when there are too many to tell.
    pub fn distinct(&self) -> Option<usize> {
        (self.short == 0).then_some(self.counts.len())
    }

    /// The groups and their counts, the largest first, equal ones in the order of the groups.
    pub fn groups(&self) -> Vec<(Group, u64)> {
        let counts = self.counts.iter();
        let mut groups: Vec<_> = counts.map(|(label, n)| (group(label), *n)).collect();
        groups.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &[u8]) -> Label {
        let mut label = Label::default();
        label.bytes(Some(text));
        label
    }

    #[test]
    fn few_groups_are_counted_exactly_in_any_order_of_parts() {
        let (mut one, mut other) = (Tally::default(), Tally::default());
        for i in 0..1000u32 {
            let tally = if i % 3 == 0 { &mut one } else { &mut other };
            tally.add(&key(format!("{}", i % 7).as_bytes()), 2);
        }
        let mut both = one.clone();
        both.merge(other.clone());
        other.merge(one);
        assert_eq!(both, other);
        assert_eq!(
            (both.total(), both.distinct(), both.short()),
            (2000, Some(7), 0)
        );
        let groups = both.groups();
        assert_eq!(
            groups.iter().map(|g| g.1).collect::<Vec<_>>(),
            [286, 286, 286, 286, 286, 286, 284]
        );
        assert!(groups[..6].is_sorted_by_key(|g| g.0.clone()));
    }

    #[test]
    fn long_keys_that_begin_alike_are_told_apart() {
        let mut tally = Tally::default();
        let long = |last: u8, size: usize| {
            let mut bytes = vec![b'x'; size];
            bytes[size - 1] = last;
            bytes
        };
        for (last, size) in [(1, 300), (2, 300), (2, 300), (2, 301), (2, 256)] {
            tally.add(&key(&long(last, size)), 1);
        }
        assert_eq!(tally.distinct(), Some(4));
        let (first, count) = tally.groups().remove(0);
        let Group::Bytes { head, size_bytes } = first else {
            panic!("{first:?}");
        };
        assert_eq!((head.len(), size_bytes, count), (256, 300, 2));
    }

    #[test]
    fn with_too_many_groups_the_large_ones_stay_and_the_error_is_told() {
        // Three heavy keys, the last of which comes late, in a crowd of keys that occur once.
        let mut parts = vec![Tally::default(); 5];
        let mut total = 0;
        for i in 0..100_000u32 {
            let part = &mut parts[(i / 20_000) as usize];
            let mut add = |text: String| {
                part.add(&key(text.as_bytes()), 1);
                total += 1;
            };
            add(format!("once-{i}"));
            if i % 5 == 0 {
                add("hot".into());
            }
            if i % 50 == 0 {
                add("warm".into());
            }
            if i > 90_000 {
                add("late".into());
            }
        }
        let mut all = Tally::default();
        for part in parts {
            all.merge(part);
        }
        assert_eq!((all.total(), all.distinct()), (total, None));
        assert!(
            all.short() > 0 && all.short() <= total / KEPT as u64,
            "{}",
            all.short()
        );
        let groups = all.groups();
        assert!(groups.len() <= 2 * KEPT);
        for (at, (name, truth)) in [("hot", 20_000), ("late", 9_999), ("warm", 2_000)]
            .iter()
            .enumerate()
        {
            let (Group::Bytes { head, .. }, count) = &groups[at] else {
                panic!("{:?}", groups[at]);
            };
            assert_eq!(head, name.as_bytes());
            assert!(
                (*count..=*count + all.short()).contains(truth),
                "{name}: {count}"
            );
        }
    }
}
