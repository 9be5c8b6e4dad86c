//! Matches counted by group instead of shown.

use super::text::shown;
use crate::table::time;
use crate::tools::common::count;
use kafkaweave_core::payload::{Payload, one_line};
use kafkaweave_core::search::{CountBy, Group, Tally};
use schemars::JsonSchema;
use serde::Serialize;

/// Bytes of a group's key or value that are shown.
const SHOWN_BYTES: usize = 256;

/// A group and its records.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GroupRow {
    value: Option<Payload>,
    /// Instead of a value: null, absent, no JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    none: Option<&'static str>,
    count: u64,
}

/// Matches by group.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Counts {
    by: String,
    /// Matches in all; exact.
    total: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<GroupRow>,
    /// Matches of groups that are not listed.
    #[serde(skip_serializing_if = "is_zero")]
    other: u64,
    /// Groups in all; absent when too many to tell.
    distinct: Option<usize>,
    /// Each count may be too low by so many.
    #[serde(skip_serializing_if = "is_zero")]
    short: u64,
    /// Whether an earlier part was counted before.
    #[serde(skip)]
    continued: bool,
    #[serde(skip)]
    in_time: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Counts {
    /// The `limit` largest groups, or the last ones when they are spans of time.
    pub(super) fn of(tally: &Tally, by: &CountBy, limit: usize, continued: bool) -> Self {
        let mut groups = if by.is_total() {
            Vec::new()
        } else {
            tally.groups()
        };
        if by.is_time() {
            groups.sort();
            groups.drain(..groups.len().saturating_sub(limit));
        }
        groups.truncate(limit);
        let row = |(group, count)| {
            let (value, none) = value(group, by.is_time());
            GroupRow { value, none, count }
        };
        let mut counts = Self {
            by: by.source().to_owned(),
            total: tally.total(),
            groups: groups.into_iter().map(row).collect(),
            other: 0,
            distinct: tally.distinct(),
            short: tally.short(),
            continued,
            in_time: by.is_time(),
        };
        counts.sum();
        counts
    }

    fn sum(&mut self) {
        let listed: u64 = self.groups.iter().map(|g| g.count).sum();
        self.other = if self.by == "total" {
            0
        } else {
            self.total.saturating_sub(listed)
        };
    }

    pub(super) fn rows(&self) -> usize {
        self.groups.len()
    }

    pub(super) fn keep(&mut self, count: usize) {
        if self.in_time {
            let first = self.groups.len().saturating_sub(count);
            self.groups.drain(..first);
        }
        self.groups.truncate(count);
        self.sum();
    }

    /// `12 matches by key (3 groups)`.
    pub(super) fn found(&self, searched: bool) -> String {
        let noun = match (searched, self.total) {
            (true, 1) => "match",
            (true, _) => "matches",
            (false, 1) => "record",
            (false, _) => "records",
        };
        let total = self.total;
        match (self.by.as_str(), self.distinct) {
            ("total", _) => format!("{total} {noun}"),
            (by, Some(groups)) => format!("{total} {noun} by {by} ({})", count(groups, "group")),
            (by, None) => format!("{total} {noun} by {by} (more groups than are counted exactly)"),
        }
    }

    /// One line a group.
    pub(super) fn lines(&self) -> String {
        let widest = self.groups.iter().map(|g| g.count).max().unwrap_or(0);
        let width = widest.to_string().len();
        let mut lines = String::new();
        for group in &self.groups {
            let share = group.count as f64 * 100.0 / self.total.max(1) as f64;
            let name = match group.none {
                Some(none) => format!("({none})"),
                None => one_line(&shown(group.value.as_ref())),
            };
            lines.push_str(&format!("\n{:>width$} {share:>5.1}%  {name}", group.count));
        }
        lines
    }

    /// What the groups do not say.
    pub(super) fn rest(&self) -> String {
        let mut rest = String::new();
        if self.other > 0 {
            let listed = self.groups.len();
            let which = match self.distinct {
                Some(all) => format!(
                    "{} that {} not listed",
                    count(all.saturating_sub(listed), "group"),
                    if all.saturating_sub(listed) == 1 {
                        "is"
                    } else {
                        "are"
                    }
                ),
                None => "groups that are not listed".into(),
            };
            rest.push_str(&format!("\nother: {} in {which}", self.other));
        }
        if self.short > 0 {
            rest.push_str(&format!(
                "\ntoo many groups to count each exactly: every count may be too low by up to {}, no group that is not counted has more; the total is exact",
                self.short
            ));
        }
        if self.continued {
            rest.push_str("\ncounts are of this part alone: add those of the parts before");
        }
        rest
    }
}

fn value(group: Group, is_time: bool) -> (Option<Payload>, Option<&'static str>) {
    let text = |text: String| {
        let bytes = text.as_bytes();
        (Some(Payload::of(bytes, bytes.len(), SHOWN_BYTES)), None)
    };
    match group {
        Group::Number(ms) if is_time => text(time(ms).replace(".000Z", "Z")),
        Group::Number(number) => text(number.to_string()),
        Group::Bytes { head, size_bytes } => {
            (Some(Payload::of(&head, size_bytes, SHOWN_BYTES)), None)
        }
        Group::Null => (None, Some("null")),
        Group::NotJson => (None, Some("no JSON")),
        Group::Absent | Group::Total => (None, Some("absent")),
    }
}
