//! What was seen of groups before: a bounded memory of samples.
//!
//! One look at a group (a *round*) keeps, for each of its partitions, the committed offset and
//! whether a member held it; ends of logs are kept once for all groups that read them. Offsets that
//! did not change between rounds cost one entry however long they stand still, so a thousand idle
//! groups are cheap.
//!
//! Bounded by rounds for each group and by bytes in all; what has to go is the group least recently
//! asked for, and [`History::evicted`] counts it. No clock and no lock here.

#[cfg(test)]
mod tests;

use super::{GroupLag, owned};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

/// How much is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Rounds of each group.
    pub samples: usize,
    /// All of it, bytes, as accounted here: entries and names, without the allocator's own.
    pub memory_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            samples: 60,
            memory_bytes: 32 * 1024 * 1024,
        }
    }
}

/// One look at one partition of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// When, epoch ms.
    pub at_ms: i64,
    /// Committed offset; `None` when nothing was committed or it was not known.
    pub committed: Option<i64>,
    /// Whether a member held the partition; `None` when members were not known.
    pub owned: Option<bool>,
    /// End of the log, when it was known.
    pub log_end: Option<i64>,
}

impl Point {
    /// The committed offset, unless it lies beyond the end of the log: then it is of a log that is
    /// gone.
    pub fn position(&self) -> Option<i64> {
        let committed = self.committed?;
        let within = self.log_end.is_none_or(|end| committed <= end);
        within.then_some(committed)
    }
}

/// Whether an end of a log says that it is another log than before: its topic was deleted and created
/// again. A little less than before is a new leader that does not know yet how far its log is
/// replicated.
pub(super) fn another_log(before: i64, end: i64) -> bool {
    end < before && (end as f64) < before as f64 * 0.9
}

/// How much history there is of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Span {
    /// Rounds.
    pub samples: usize,
    /// From the first to the last of them, ms.
    pub span_ms: i64,
}

/// An unbroken stretch of rounds with the same value.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: u32,
    last: u32,
    /// Since when the offset has stood there with something unread, epoch ms; also before `first`
    /// where that was forgotten.
    since_ms: i64,
    committed: Option<i64>,
    owned: Option<bool>,
}

#[derive(Debug, Default)]
struct Group {
    /// Times of its rounds, oldest first; the number of the oldest is `base`.
    rounds: VecDeque<i64>,
    base: u32,
    partitions: HashMap<(Arc<str>, i32), VecDeque<Run>>,
    /// When it was last asked for; `None` when it was only looked at.
    asked_ms: Option<i64>,
}

/// Ends of a log: (epoch ms, offset), oldest first.
type Ends = VecDeque<(i64, i64)>;

const RUN_BYTES: usize = size_of::<Run>();
const END_BYTES: usize = size_of::<(i64, i64)>();
/// A partition's entry in a map with its key, and a group's.
const ENTRY_BYTES: usize = 96;

/// The memory.
#[derive(Debug, Default)]
pub struct History {
    limits: Limits,
    groups: HashMap<String, Group>,
    logs: HashMap<Arc<str>, BTreeMap<i32, Ends>>,
    evicted: usize,
}

impl History {
    /// An empty memory.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits: Limits {
                samples: limits.samples.max(2),
                ..limits
            },
            ..Self::default()
        }
    }

    /// Takes one look at some groups, all as of `at_ms`. A look that is not later than the group's
    /// last one is left out.
    pub fn record(&mut self, at_ms: i64, groups: &[GroupLag]) {
        for group in groups {
            self.ends(at_ms, group);
            self.round(at_ms, group);
        }
        self.shrink();
    }

    /// Notes that somebody asked for these groups, seen already or not: they are the last to be
    /// forgotten. Being looked at is not being asked for.
    pub fn asked<'a>(&mut self, at_ms: i64, groups: impl IntoIterator<Item = &'a str>) {
        for name in groups {
            match self.groups.get_mut(name) {
                Some(group) => group.asked_ms = group.asked_ms.max(Some(at_ms)),
                None => {
                    let group = Group {
                        asked_ms: Some(at_ms),
                        ..Group::default()
                    };
                    self.groups.insert(name.to_owned(), group);
                }
            }
        }
        self.shrink();
    }

    /// Forgets groups that are gone, and the ends of logs that nobody reads any more.
    pub fn retain(&mut self, exists: impl Fn(&str) -> bool) {
        self.groups.retain(|name, _| exists(name));
        let mut read: HashMap<&str, Vec<i32>> = HashMap::new();
        for (topic, partition) in self.groups.values().flat_map(|g| g.partitions.keys()) {
            read.entry(topic).or_default().push(*partition);
        }
        let mut read: HashMap<String, Vec<i32>> =
            read.into_iter().map(|(t, p)| (t.to_owned(), p)).collect();
        self.logs.retain(|topic, partitions| {
            let Some(kept) = read.get_mut(topic.as_ref()) else {
                return false;
            };
            kept.sort_unstable();
            partitions.retain(|partition, _| kept.binary_search(partition).is_ok());
            true
        });
    }

    /// How much there is of a group.
    pub fn span(&self, group: &str) -> Span {
        let Some(group) = self.groups.get(group) else {
            return Span::default();
        };
        let ends = group.rounds.front().zip(group.rounds.back());
        Span {
            samples: group.rounds.len(),
            span_ms: ends.map_or(0, |(first, last)| last.saturating_sub(*first)),
        }
    }

    /// When a group was last looked at, epoch ms.
    pub fn last_ms(&self, group: &str) -> Option<i64> {
        self.groups.get(group)?.rounds.back().copied()
    }

    /// What was seen of a partition, oldest first. Rounds that saw nothing of it are not there. Where
    /// the oldest offset stood already before the oldest round that is kept, the first point says
    /// since when; the end of the log then is not known any more.
    pub fn points(&self, group: &str, topic: &str, partition: i32) -> Vec<Point> {
        let Some(group) = self.groups.get(group) else {
            return Vec::new();
        };
        let Some((name, _)) = self.logs.get_key_value(topic) else {
            return Vec::new();
        };
        let ends = self.logs.get(topic).and_then(|logs| logs.get(&partition));
        let end_at = |at_ms: i64| {
            let ends = ends?;
            let found = ends.binary_search_by_key(&at_ms, |(at, _)| *at).ok()?;
            ends.get(found).map(|(_, end)| *end)
        };
        let runs = group.partitions.get(&(name.clone(), partition));
        let oldest = runs.and_then(|runs| runs.front());
        let before = oldest.and_then(|run| {
            let forgotten = group.rounds.front().is_some_and(|at| run.since_ms < *at);
            forgotten.then_some(Point {
                at_ms: run.since_ms,
                committed: run.committed,
                owned: run.owned,
                log_end: None,
            })
        });
        let seen = runs
            .into_iter()
            .flatten()
            .flat_map(|run| (run.first..=run.last).map(move |round| (round, run)))
            .filter_map(|(round, run)| {
                let at = usize::try_from(round.checked_sub(group.base)?).ok()?;
                let at_ms = *group.rounds.get(at)?;
                Some(Point {
                    at_ms,
                    committed: run.committed,
                    owned: run.owned,
                    log_end: end_at(at_ms),
                })
            });
        before.into_iter().chain(seen).collect()
    }

    /// Ends of a log, oldest first: (end, epoch ms). What was before the topic was created again is
    /// left out.
    pub fn log_ends(&self, topic: &str, partition: i32) -> impl Iterator<Item = (i64, i64)> + '_ {
        let ends = self.logs.get(topic).and_then(|logs| logs.get(&partition));
        let shorter = ends.and_then(|ends| {
            let pairs = ends.iter().zip(ends.iter().skip(1));
            pairs
                .rev()
                .position(|(older, newer)| another_log(older.1, newer.1))
        });
        let skip = shorter.map_or(0, |back| {
            ends.map_or(0, |ends| ends.len().saturating_sub(back + 1))
        });
        ends.into_iter()
            .flatten()
            .skip(skip)
            .map(|(at, end)| (*end, *at))
    }

    /// How often more than one look at a group had to be forgotten to stay within the limit.
    pub fn evicted(&self) -> usize {
        self.evicted
    }

    /// Size of what is remembered, bytes.
    pub fn memory_bytes(&self) -> usize {
        let groups: usize = self
            .groups
            .iter()
            .map(|(name, g)| name.len() + g.bytes())
            .sum();
        let logs = self.logs.values().flat_map(BTreeMap::values);
        groups
            + logs
                .map(|ends| ENTRY_BYTES + ends.len() * END_BYTES)
                .sum::<usize>()
    }

    fn ends(&mut self, at_ms: i64, group: &GroupLag) {
        for row in &group.partitions {
            if !self.logs.contains_key(row.topic.as_str()) {
                self.logs.insert(row.topic.as_str().into(), BTreeMap::new());
            }
            let (Some(end), Some(logs)) = (row.log_end, self.logs.get_mut(row.topic.as_str()))
            else {
                continue;
            };
            let ends = logs.entry(row.partition).or_default();
            if ends.back().is_some_and(|(at, _)| *at >= at_ms) {
                continue;
            }
            ends.push_back((at_ms, end));
            while ends.len() > self.limits.samples {
                ends.pop_front();
            }
        }
    }

    fn round(&mut self, at_ms: i64, lag: &GroupLag) {
        if !self.groups.contains_key(&lag.group) {
            self.groups.insert(lag.group.clone(), Group::default());
        }
        let Some(group) = self.groups.get_mut(&lag.group) else {
            return;
        };
        if group.rounds.back().is_some_and(|last| *last >= at_ms) {
            return;
        }
        group.rounds.push_back(at_ms);
        if group.rounds.len() > self.limits.samples {
            group.rounds.pop_front();
            group.base = group.base.wrapping_add(1);
            let base = group.base;
            group.partitions.retain(|_, runs| {
                while runs.front().is_some_and(|run| run.last < base) {
                    runs.pop_front();
                }
                !runs.is_empty()
            });
        }
        let rounds = u32::try_from(group.rounds.len()).unwrap_or(u32::MAX);
        let now = group.base.wrapping_add(rounds.saturating_sub(1));
        for row in &lag.partitions {
            let Some((name, _)) = self.logs.get_key_value(row.topic.as_str()) else {
                continue;
            };
            let owned = owned(lag, row);
            let key = (name.clone(), row.partition);
            let runs = group.partitions.entry(key).or_default();
            let unread = row.lag != Some(0);
            let since_ms = match runs.back() {
                Some(run) if unread && run.committed == row.committed => run.since_ms,
                _ => at_ms,
            };
            match runs.back_mut() {
                Some(run)
                    if run.last.wrapping_add(1) == now
                        && run.committed == row.committed
                        && run.owned == owned =>
                {
                    run.last = now;
                    run.since_ms = since_ms;
                }
                _ => runs.push_back(Run {
                    first: now,
                    last: now,
                    since_ms,
                    committed: row.committed,
                    owned,
                }),
            }
        }
    }

    /// Forgets the groups least recently asked for until the rest fits.
    fn shrink(&mut self) {
        let mut size = self.memory_bytes();
        if size <= self.limits.memory_bytes {
            return;
        }
        // Of those that nobody asked for, those with the least history: else the groups would
        // drive out each other round by round, and none would ever have any.
        let mut by_age: Vec<(Option<i64>, usize, String)> = self
            .groups
            .iter()
            .map(|(name, group)| (group.asked_ms, group.rounds.len(), name.clone()))
            .collect();
        by_age.sort();
        for (_, rounds, name) in by_age {
            if size <= self.limits.memory_bytes {
                break;
            }
            if let Some(group) = self.groups.remove(&name) {
                size = size.saturating_sub(name.len() + group.bytes());
                self.evicted += usize::from(rounds > 1);
            }
        }
        let kept: Vec<String> = self.groups.keys().cloned().collect();
        let kept: std::collections::HashSet<&str> = kept.iter().map(String::as_str).collect();
        self.retain(|name| kept.contains(name));
    }
}

impl Group {
    fn bytes(&self) -> usize {
        let runs: usize = self.partitions.values().map(VecDeque::len).sum();
        ENTRY_BYTES
            + self.rounds.len() * size_of::<i64>()
            + self.partitions.len() * ENTRY_BYTES
            + runs * RUN_BYTES
    }
}
