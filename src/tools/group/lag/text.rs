//! Lag in words: the sum first, then groups, then partitions.

use super::{Output, Row};
use crate::table::{Table, duration};
use crate::tool::Answer;
use crate::tools::common::{count, missing_lines};
use kafkaweave_core::diagnose::lag::{LagState, LagTotals};
use kafkaweave_core::model::Missing;
use kafkaweave_core::payload::one_line;

/// `12`, `12+` for a lower bound, `unknown`.
fn amount(value: Option<i64>, lower_bound: bool, show: impl Fn(i64) -> String) -> String {
    match value {
        None => "unknown".into(),
        Some(value) if lower_bound => format!("{}+", show(value)),
        Some(value) => show(value),
    }
}

fn lag_text(totals: &LagTotals) -> String {
    amount(totals.lag, totals.lag_is_lower_bound, |lag| lag.to_string())
}

fn time_text(totals: &LagTotals) -> String {
    amount(totals.max_time_lag_ms, totals.time_is_lower_bound, duration)
}

/// What is unusual about a group's sum, in words.
fn notes(row: &Row) -> String {
    let totals = &row.totals;
    let mut notes = Vec::new();
    let mut note = |number: usize, what: &str| {
        if number > 0 {
            notes.push(format!("{number} {what}"));
        }
    };
    note(totals.expired, "expired");
    note(totals.beyond_end, "beyond end");
    note(totals.no_commit, "without commit");
    note(totals.unknown, "unknown");
    // Without members it goes without saying.
    if row.members != Some(0) {
        note(totals.without_owner.unwrap_or(0), "without owner");
    }
    if totals.lost > 0 {
        notes.push(format!("{} records lost to retention", totals.lost));
    }
    notes.join(", ")
}

impl Row {
    fn partitions_text(&self) -> String {
        let mut table = Table::new([
            "topic",
            "partition",
            "committed",
            "start",
            "end",
            "lag",
            "time lag",
            "owner",
            "state",
            "note",
        ]);
        let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
        for p in &self.partitions {
            let state = match p.state {
                LagState::Ok => String::new(),
                LagState::NoCommit => "no commit".into(),
                LagState::Expired => "expired".into(),
                LagState::BeyondEnd => "beyond end".into(),
                LagState::Unknown => "unknown".into(),
            };
            let lost = p.lost.filter(|l| *l > 0).map(|l| format!("{l} lost"));
            let note: Vec<String> = lost
                .into_iter()
                .chain(p.why.clone())
                .chain(p.time_why.clone())
                .collect();
            table.row([
                p.topic.clone(),
                p.partition.to_string(),
                number(p.committed),
                number(p.log_start),
                number(p.log_end),
                p.lag.map_or_else(|| "unknown".into(), |l| l.to_string()),
                p.time_lag_ms.map_or_else(|| "unknown".into(), duration),
                p.owner
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                state,
                note.join("; "),
            ]);
        }
        table.render()
    }
}

impl Answer for Output {
    fn text(&self) -> String {
        let mut text = match self.groups.as_slice() {
            [one] if self.page.total == 1 => {
                let kind = format!("{:?}", one.group_type).to_lowercase();
                let members = one
                    .members
                    .map_or_else(|| "unknown members".into(), |m| count(m, "member"));
                let noun = format!(
                    "{kind} group {}: {}, {members}",
                    one_line(&one.group),
                    one.state
                );
                format!(
                    "{noun}; lag {} records, {} behind",
                    lag_text(&one.totals),
                    time_text(&one.totals)
                )
            }
            _ => {
                let behind = self
                    .groups
                    .iter()
                    .filter(|g| g.totals.lag != Some(0))
                    .count();
                format!(
                    "{}, {behind} of {} shown behind or unknown",
                    count(self.page.total, "group"),
                    self.page.shown
                )
            }
        };
        if self.page.total != 1 {
            let mut table = Table::new([
                "group",
                "type",
                "state",
                "members",
                "lag",
                "time lag",
                "lagging",
                "partitions",
                "note",
            ]);
            for row in &self.groups {
                let kind = format!("{:?}", row.group_type).to_lowercase();
                let members = row.members.map(|m| m.to_string()).unwrap_or_default();
                let note = [notes(row), row.why.clone().unwrap_or_default()];
                table.row([
                    row.group.clone(),
                    kind,
                    row.state.clone(),
                    members,
                    lag_text(&row.totals),
                    time_text(&row.totals),
                    row.totals.lagging.to_string(),
                    row.totals.partitions.to_string(),
                    note.into_iter()
                        .filter(|n| !n.is_empty())
                        .collect::<Vec<_>>()
                        .join("; "),
                ]);
            }
            if !table.is_empty() {
                text.push_str(&format!("\n{}", table.render()));
            }
        }
        for row in self
            .groups
            .iter()
            .filter(|r| !r.partitions.is_empty() || self.page.total == 1)
        {
            let note = notes(row);
            if self.page.total == 1 {
                let why = row.why.iter().cloned();
                let parts: Vec<String> = std::iter::once(note)
                    .filter(|n| !n.is_empty())
                    .chain(why)
                    .collect();
                if !parts.is_empty() {
                    text.push_str(&format!(" ({})", parts.join("; ")));
                }
            } else {
                text.push_str(&format!("\n\n{}", one_line(&row.group)));
            }
            let table = row.partitions_text();
            if !table.is_empty() {
                text.push_str(&format!("\n{table}"));
            }
        }
        if let Some(line) = self.page.line("groups") {
            text.push_str(&format!("\n{line}"));
        }
        text + &missing_lines(&self.missing)
    }

    fn rows(&self) -> usize {
        match self.groups.as_slice() {
            [one] => one.partitions.len(),
            many => many.len(),
        }
    }

    /// One group is cut by partitions, which `topic` narrows; several by groups.
    fn keep(&mut self, count: usize) {
        if let [one] = self.groups.as_mut_slice() {
            let cut = one.partitions.len().saturating_sub(count);
            one.partitions.sort_by_key(|p| std::cmp::Reverse(p.lag));
            one.partitions.truncate(count);
            self.missing.push(Missing {
                what: format!("{cut} partitions with less lag"),
                broker: None,
                why: "the answer would be too large; `topic` narrows it".into(),
            });
        } else {
            self.groups.truncate(count);
            self.page.keep(&self.groups, |row| row.group.clone());
        }
    }
}
