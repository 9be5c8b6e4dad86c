//! Sums over partitions, honest about what they leave out.

use super::{LagState, LagTotals, PartitionLag, SubtopologyLag, TopicLag};
use crate::model::GroupDescription;

/// Sums of `rows`. `owners_known` says whether members were obtained; `commits_unknown` that the
/// rows are not all there are, because the group's commits could not be had.
pub(super) fn total<'a>(
    rows: impl Iterator<Item = &'a PartitionLag>,
    owners_known: bool,
    commits_unknown: bool,
) -> LagTotals {
    let mut sums = LagTotals {
        lag_is_lower_bound: commits_unknown,
        time_is_lower_bound: commits_unknown,
        without_owner: owners_known.then_some(0),
        ..LagTotals::default()
    };
    for row in rows {
        sums.partitions += 1;
        match row.lag {
            Some(lag) => sums.lag = Some(sums.lag.unwrap_or(0).saturating_add(lag)),
            None => sums.lag_is_lower_bound = true,
        }
        match row.time_lag_ms {
            Some(ms) => sums.max_time_lag_ms = sums.max_time_lag_ms.max(Some(ms)),
            None => sums.time_is_lower_bound = true,
        }
        sums.lost = sums.lost.saturating_add(row.lost.unwrap_or(0));
        sums.lagging += usize::from(row.lag.is_some_and(|lag| lag > 0));
        match row.state {
            LagState::Ok => {}
            LagState::NoCommit => sums.no_commit += 1,
            LagState::Expired => sums.expired += 1,
            LagState::BeyondEnd => sums.beyond_end += 1,
            LagState::Unknown => sums.unknown += 1,
        }
        if let Some(without) = &mut sums.without_owner {
            *without += usize::from(row.owner.is_none());
        }
    }
    sums
}

/// Sums by topic; `rows` come sorted by topic.
pub(super) fn by_topic(
    rows: &[PartitionLag],
    owners_known: bool,
    commits_unknown: bool,
) -> Vec<TopicLag> {
    rows.chunk_by(|a, b| a.topic == b.topic)
        .filter_map(|of_topic| {
            Some(TopicLag {
                topic: of_topic.first()?.topic.clone(),
                totals: total(of_topic.iter(), owners_known, commits_unknown),
            })
        })
        .collect()
}

/// Sums by sub-topology of a streams group; a topic belongs to the sub-topology that reads it.
pub(super) fn by_subtopology(
    description: &GroupDescription,
    rows: &[PartitionLag],
    owners_known: bool,
    commits_unknown: bool,
) -> Vec<SubtopologyLag> {
    let sums = |(id, topics): &(String, Vec<String>)| SubtopologyLag {
        subtopology: id.clone(),
        totals: total(
            rows.iter().filter(|row| topics.contains(&row.topic)),
            owners_known,
            commits_unknown,
        ),
        topics: topics.clone(),
    };
    description.subtopologies.iter().map(sums).collect()
}
