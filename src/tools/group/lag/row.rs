//! Rows of an answer about lag.

use crate::sampling::prospect::Judged;
use kafkaweave_core::diagnose::lag::burrow::Verdict;
use kafkaweave_core::diagnose::lag::outlook::{
    Evidence, GroupOutlook, PartitionOutlook, Rates, TimeLagSource,
};
use kafkaweave_core::diagnose::lag::{
    LagState, LagTotals, MemberLoads, PartitionLag, SubtopologyLag, member_loads,
};
use kafkaweave_core::model::GroupType;
use schemars::JsonSchema;
use serde::Serialize;

/// Members whose loads are told; those with the most lag.
const MEMBERS: usize = 8;

/// One partition.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PartitionRow {
    #[serde(flatten)]
    pub(in crate::tools::group) lag: PartitionLag,
    /// Where the time lag was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::tools::group) time_lag_source: Option<TimeLagSource>,
    #[serde(flatten)]
    pub(in crate::tools::group) outlook: PartitionOutlook,
}

/// One topic of a group.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TopicRow {
    topic: String,
    totals: LagTotals,
    outlook: GroupOutlook,
}

/// Where a group is going, and what that stands on.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Outlook {
    #[serde(flatten)]
    pub(in crate::tools::group) whole: GroupOutlook,
    /// What verdicts stand on.
    pub(in crate::tools::group) evidence: Evidence,
    /// Where the largest time lag was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_lag_source: Option<TimeLagSource>,
    /// How members carry the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::tools::group) load: Option<MemberLoads>,
    /// Streams groups only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::tools::group) subtopologies: Vec<SubtopologyLag>,
}

/// One group's lag; partitions and topics where one group is asked for, or in detail.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Row {
    pub(in crate::tools::group) group: String,
    #[serde(rename = "type")]
    pub(in crate::tools::group) group_type: GroupType,
    pub(in crate::tools::group) state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::tools::group) members: Option<usize>,
    #[serde(flatten)]
    pub(in crate::tools::group) totals: LagTotals,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::tools::group) outlook: Option<Outlook>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::tools::group) topics: Vec<TopicRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::tools::group) partitions: Vec<PartitionRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::tools::group) why: Option<String>,
}

/// Three digits after the point are more than a rate is good for.
fn rounded(rates: &mut Rates) {
    for rate in [&mut rates.produce_per_s, &mut rates.consume_per_s] {
        *rate = rate.map(|rate| (rate * 1000.0).round() / 1000.0);
    }
}

impl Row {
    /// A group as it is shown: with topics and partitions when `deep`.
    pub(in crate::tools::group) fn new(judged: Judged, deep: bool, only_lagging: bool) -> Self {
        let Judged {
            lag,
            partitions,
            sources,
            topics,
            mut whole,
            evidence,
        } = judged;
        rounded(&mut whole.rates);
        let furthest = lag
            .partitions
            .iter()
            .zip(&sources)
            .filter(|(row, _)| row.lag != Some(0))
            .max_by_key(|(row, _)| row.time_lag_ms)
            .and_then(|(_, source)| *source);
        if !deep && whole.verdict.is_none() {
            // The same on every line of a page; the text says it once.
            whole.verdict_why = None;
        }
        let loads = (deep && lag.members.is_some_and(|m| m > 0)).then(|| {
            let mut loads = member_loads(&lag);
            loads.members.truncate(MEMBERS);
            loads
        });
        let topic_rows = lag
            .topics
            .into_iter()
            .zip(topics)
            .map(|(topic, mut outlook)| {
                rounded(&mut outlook.rates);
                TopicRow {
                    topic: topic.topic,
                    totals: topic.totals,
                    outlook,
                }
            });
        let partition_rows = lag
            .partitions
            .into_iter()
            .zip(partitions)
            .zip(sources)
            .filter(|((row, _), _)| {
                !only_lagging || row.lag != Some(0) || row.state != LagState::Ok
            })
            .map(|((lag, mut outlook), source)| {
                rounded(&mut outlook.rates);
                // What is well needs no reason, and what is unknown has the group's.
                if outlook.verdict.is_none_or(|v| v == Verdict::Ok) {
                    outlook.verdict_why = None;
                }
                PartitionRow {
                    time_lag_source: source.filter(|_| lag.lag != Some(0)),
                    lag,
                    outlook,
                }
            });
        Self {
            topics: if deep {
                topic_rows.collect()
            } else {
                Vec::new()
            },
            partitions: if deep {
                partition_rows.collect()
            } else {
                Vec::new()
            },
            group: lag.group,
            group_type: lag.group_type,
            state: lag.state,
            members: lag.members,
            totals: lag.totals,
            outlook: Some(Outlook {
                whole,
                evidence,
                time_lag_source: furthest,
                load: loads,
                subtopologies: if deep { lag.subtopologies } else { Vec::new() },
            }),
            why: lag.why,
        }
    }
}
