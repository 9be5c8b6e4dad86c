//! Lag in words: the sum first, then where it is going, then groups, then partitions.

mod outlook;

use super::Output;
use super::row::Row;
use crate::page::Page;
use crate::table::{Table, duration};
use crate::tool::Answer;
use crate::tools::common::{count, missing_lines};
use kafkaweave_core::diagnose::lag::outlook::TimeLagSource;
use kafkaweave_core::diagnose::lag::{LagState, LagTotals};
use kafkaweave_core::model::Missing;
use kafkaweave_core::payload::one_line;
use outlook::{drain, loss, rate, trend, verdict};

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
            "verdict",
            "in/s",
            "out/s",
            "drains in",
            "note",
        ]);
        let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
        for row in &self.partitions {
            let p = &row.lag;
            let state = match p.state {
                LagState::Ok => String::new(),
                LagState::NoCommit => "no commit".into(),
                LagState::Expired => "expired".into(),
                LagState::BeyondEnd => "beyond end".into(),
                LagState::Unknown => "unknown".into(),
            };
            let lost = p.lost.filter(|l| *l > 0).map(|l| format!("{l} lost"));
            let loss = loss::near(row.outlook.loss.as_ref(), p.time_lag_ms);
            let why = row.outlook.verdict_why.clone();
            let note: Vec<String> = lost
                .into_iter()
                .chain(p.why.clone())
                .chain(p.time_why.clone())
                .chain(why)
                .chain(loss)
                .collect();
            table.row([
                p.topic.clone(),
                p.partition.to_string(),
                number(p.committed),
                number(p.log_start),
                number(p.log_end),
                p.lag.map_or_else(|| "unknown".into(), |l| l.to_string()),
                match (p.time_lag_ms, row.time_lag_source) {
                    (None, _) => "unknown".into(),
                    (Some(ms), Some(TimeLagSource::Interpolated)) => format!("~{}", duration(ms)),
                    (Some(ms), _) => duration(ms),
                },
                p.owner
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                state,
                verdict(row.outlook.verdict),
                rate(row.outlook.rates.produce_per_s),
                rate(row.outlook.rates.consume_per_s),
                drain(p.lag, &row.outlook.rates, row.outlook.drain_s),
                note.join("; "),
            ]);
        }
        table.render()
    }

    /// The sum of the only group of an answer.
    fn alone(&self) -> String {
        let kind = format!("{:?}", self.group_type).to_lowercase();
        let members = self
            .members
            .map_or_else(|| "unknown members".into(), |m| count(m, "member"));
        let mut text = format!(
            "{kind} group {}: {}, {members}; lag {} records, {} behind",
            one_line(&self.group),
            self.state,
            lag_text(&self.totals),
            time_text(&self.totals)
        );
        let parts: Vec<String> = std::iter::once(notes(self))
            .filter(|n| !n.is_empty())
            .chain(self.why.clone())
            .collect();
        if !parts.is_empty() {
            text.push_str(&format!(" ({})", parts.join("; ")));
        }
        text + &self.outlook_lines()
    }
}

/// Groups in a table, without heading.
fn table(groups: &[Row]) -> String {
    let mut table = Table::new([
        "group",
        "type",
        "state",
        "members",
        "lag",
        "time lag",
        "lagging",
        "partitions",
        "verdict",
        "trend",
        "drains in",
        "note",
    ]);
    for row in groups {
        let outlook = row.outlook.as_ref().map(|o| &o.whole);
        let note = [
            notes(row),
            row.why.clone().unwrap_or_default(),
            outlook
                .and_then(|o| loss::near(o.loss.as_ref(), row.totals.max_time_lag_ms))
                .unwrap_or_default(),
        ];
        table.row([
            row.group.clone(),
            format!("{:?}", row.group_type).to_lowercase(),
            row.state.clone(),
            row.members.map(|m| m.to_string()).unwrap_or_default(),
            lag_text(&row.totals),
            time_text(&row.totals),
            row.totals.lagging.to_string(),
            row.totals.partitions.to_string(),
            verdict(outlook.and_then(|o| o.verdict)),
            trend(outlook.and_then(|o| o.rates.trend)),
            outlook
                .map(|o| drain(row.totals.lag, &o.rates, o.drain_s))
                .unwrap_or_default(),
            note.into_iter()
                .filter(|n| !n.is_empty())
                .collect::<Vec<_>>()
                .join("; "),
        ]);
    }
    table.render()
}

/// The groups of an answer in words, the line about the page and what is missing included.
pub(in crate::tools::group) fn said(groups: &[Row], page: &Page, missing: &[Missing]) -> String {
    let mut text = match groups {
        [one] if page.total == 1 => one.alone(),
        _ => {
            let behind = groups.iter().filter(|g| g.totals.lag != Some(0)).count();
            let head = format!(
                "{}, {behind} of {} shown behind or unknown{}",
                count(page.total, "group"),
                page.shown,
                outlook::history(groups)
            );
            match table(groups) {
                table if table.is_empty() => head,
                table => format!("{head}\n{table}"),
            }
        }
    };
    for row in groups {
        let table = row.partitions_text();
        if page.total != 1 && !table.is_empty() {
            text.push_str(&format!(
                "\n\n{}{}",
                one_line(&row.group),
                row.outlook_lines()
            ));
        }
        if !table.is_empty() {
            text.push_str(&format!("\n{table}"));
        }
    }
    if let Some(line) = page.line("groups") {
        text.push_str(&format!("\n{line}"));
    }
    text + &missing_lines(missing)
}

/// Rows that [`keep`] can cut.
pub(in crate::tools::group) fn rows(groups: &[Row]) -> usize {
    match groups {
        [one] => one.partitions.len(),
        many => many.len(),
    }
}

/// Keeps `count` rows: one group is cut by partitions, which `topic` narrows; several by groups.
pub(in crate::tools::group) fn keep(
    groups: &mut Vec<Row>,
    page: &mut Page,
    missing: &mut Vec<Missing>,
    count: usize,
) {
    if let [one] = groups.as_mut_slice() {
        let cut = one.partitions.len().saturating_sub(count);
        one.partitions.sort_by_key(|p| std::cmp::Reverse(p.lag.lag));
        one.partitions.truncate(count);
        missing.push(Missing {
            what: format!("{cut} partitions with less lag"),
            broker: None,
            why: "the answer would be too large; `topic` narrows it".into(),
        });
    } else {
        groups.truncate(count);
        page.keep(groups, |row| row.group.clone());
    }
}

impl Answer for Output {
    fn text(&self) -> String {
        said(&self.groups, &self.page, &self.missing)
    }

    fn rows(&self) -> usize {
        rows(&self.groups)
    }

    fn keep(&mut self, count: usize) {
        keep(&mut self.groups, &mut self.page, &mut self.missing, count);
    }
}
