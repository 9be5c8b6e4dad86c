//! Where a group stands in one partition, in records and in time.

use super::{CLOCK_SKEW_MS, LagInput, LagState, PartitionLag};
use crate::model::{CommittedOffset, TopicPartition};

/// First and end offset of a partition, as far as known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bounds {
    pub(super) start: Option<i64>,
    pub(super) end: Option<i64>,
}

/// What is known of a group's commit in one partition.
#[derive(Clone, Copy)]
pub(super) enum Commit<'a> {
    At(&'a CommittedOffset),
    None,
    Unknown(&'a str),
}

/// Lag in records of one partition.
pub(super) fn records<'a>(
    topic: &str,
    partition: i32,
    commit: Commit<'_>,
    known: Bounds,
    gap: impl Fn() -> Option<&'a str>,
) -> PartitionLag {
    let mut row = PartitionLag {
        topic: topic.to_owned(),
        partition,
        committed: None,
        log_start: known.start,
        log_end: known.end,
        lag: None,
        lost: None,
        time_lag_ms: None,
        time_why: None,
        owner: None,
        state: LagState::Unknown,
        why: None,
    };
    let committed = match commit {
        Commit::Unknown(why) => {
            row.why = Some(why.to_owned());
            return row;
        }
        Commit::None => {
            row.state = LagState::NoCommit;
            // Without a commit the reset policy of the consumer decides where it begins; only an
            // empty log leaves nothing to decide.
            if known.start.is_some() && known.start == known.end {
                row.lag = Some(0);
            } else {
                row.why =
                    Some("nothing committed: the consumer's auto.offset.reset decides".into());
            }
            return row;
        }
        Commit::At(commit) => commit.offset,
    };
    row.committed = Some(committed);
    match (known.start, known.end) {
        (_, None) => {
            let why = gap().unwrap_or("the partition's end offset is not known");
            row.why = Some(why.to_owned());
        }
        (_, Some(end)) if committed > end => {
            row.state = LagState::BeyondEnd;
            row.why = Some(format!(
                "committed {} beyond the end of the log: the topic was deleted and created again, records were lost in an unclean election, or the offset was set by hand",
                committed.saturating_sub(end)
            ));
        }
        (start, Some(end)) => {
            row.state = LagState::Ok;
            row.lag = Some(end.saturating_sub(committed));
            if let Some(start) = start.filter(|start| committed < *start) {
                row.state = LagState::Expired;
                row.lost = Some(start.saturating_sub(committed));
                row.why = Some(format!(
                    "{} offsets were deleted (retention or DeleteRecords) before the group read them; its next fetch is out of range and auto.offset.reset decides",
                    start.saturating_sub(committed)
                ));
            }
        }
    }
    row
}

/// A share group's lag is what its coordinator counts; the start offset gives a bound only.
pub(super) fn share(commit: Commit<'_>, row: &mut PartitionLag) {
    let start = match commit {
        Commit::At(start) => start,
        Commit::None if row.lag.is_none() => {
            let why = "no start offset yet: the group's share.auto.offset.reset decides";
            row.why = Some(why.into());
            return;
        }
        Commit::None | Commit::Unknown(_) => return,
    };
    let at_most = row.lag.take();
    row.lag = start.lag;
    if let (None, Some(at_most)) = (row.lag, at_most) {
        if at_most == 0 {
            row.lag = Some(0);
        } else {
            row.why = Some(format!(
                "at most {at_most}: the broker does not tell how many records behind the start offset are acknowledged"
            ));
        }
    }
}

/// Lag in time of one partition, on top of its lag in records.
pub(super) fn time(input: &LagInput<'_>, row: &mut PartitionLag) {
    let Some(lag) = row.lag else {
        row.time_why = Some("the lag in records is not known".into());
        return;
    };
    if lag == 0 {
        row.time_lag_ms = Some(0);
        return;
    }
    let answer = (|| {
        let from =
            read_from(row).ok_or_else(|| "every unread record has been deleted".to_owned())?;
        if input.first_unread.is_empty() {
            return Err("not asked for".to_owned());
        }
        let position = (TopicPartition::new(row.topic.as_str(), row.partition), from);
        let unread_ms = match input.first_unread.get(&position) {
            None => return Err("the first unread record was not read".to_owned()),
            Some(answer) => answer.clone()?,
        };
        let reference_ms = input
            .now_ms
            .or_else(|| input.newest_ms.get(&position.0).copied())
            .ok_or_else(|| "the newest record's timestamp is not known".to_owned())?;
        if unread_ms < 0 {
            return Err("the first unread record carries no timestamp".to_owned());
        }
        let lag_ms = reference_ms.saturating_sub(unread_ms);
        if lag_ms < -CLOCK_SKEW_MS {
            return Err(format!(
                "the first unread record's timestamp lies {} ms in the future",
                lag_ms.saturating_neg()
            ));
        }
        Ok(lag_ms.max(0))
    })();
    match answer {
        Ok(lag_ms) => row.time_lag_ms = Some(lag_ms),
        Err(why) => row.time_why = Some(why),
    }
}

/// Offset at which the owner of this partition would read on, if there is anything to read there.
pub fn read_from(row: &PartitionLag) -> Option<i64> {
    let (committed, end) = (row.committed?, row.log_end?);
    let from = committed.max(row.log_start.unwrap_or(committed));
    (row.lag? > 0 && from < end).then_some(from)
}
