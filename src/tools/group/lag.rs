//! kafka_group_lag: how far groups are behind, in records and in seconds.

mod facts;
mod text;

use crate::page::{self, Page};
use crate::problem::Error;
use crate::tool::{Context, Effect, Tool};
use crate::tools::common::{Detail, all_topics};
use facts::gather;
use kafkaweave_client::kafka::{Engine, KafkaError};
use kafkaweave_core::diagnose::lag::{
    FirstUnread, GroupLag, LagState, LagTotals, PartitionLag, TopicLag, unread_positions,
};
use kafkaweave_core::model::{GroupListing, GroupType, Missing};
use kafkaweave_core::names::NameFilter;
use kafkaweave_core::near::near;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// kafka_group_lag.
pub struct MeasureLag;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    #[default]
    Lag,
    Name,
}

/// Arguments.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name, part, glob or /regex/
    group: Option<String>,
    topic: Option<String>,
    lagging: Option<bool>,
    sort: Option<Sort>,
    /// detailed: partitions too
    detail: Option<Detail>,
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// One group's lag; partitions and topics where one group is asked for, or in detail.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row {
    group: String,
    #[serde(rename = "type")]
    group_type: GroupType,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<usize>,
    #[serde(flatten)]
    totals: LagTotals,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    topics: Vec<TopicLag>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    partitions: Vec<PartitionLag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// Lag of the groups of a page.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    groups: Vec<Row>,
    #[serde(flatten)]
    page: Page,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

impl Tool for MeasureLag {
    const NAME: &'static str = "kafka_group_lag";
    const TITLE: &'static str = "Measure group lag";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "inspect";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "Lag of groups in records and seconds, by partition, with owners and expired offsets."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let engine = cx.cluster()?.engine()?;
        let topics = NameFilter::parse(input.topic.as_deref())?;
        let mut missing = Vec::new();
        let groups = chosen(engine, &input, &mut missing).await?;
        let facts = gather(engine, &groups, &topics, missing).await?;
        let only_lagging = input.lagging == Some(true);
        let mut judged = facts.sums(&groups, cx.now_ms);
        if !facts.elsewhere.is_empty() {
            // They have offsets, on other topics: "committed nothing" would be wrong of them.
            judged.retain(|g| !facts.elsewhere.contains(&g.group));
            if judged.is_empty() {
                known_topic(cx, &topics, input.topic.as_deref().unwrap_or_default()).await?;
            }
        }
        if only_lagging {
            judged.retain(|g| {
                g.totals.lag.is_none_or(|lag| lag > 0) || g.totals.expired + g.totals.unknown > 0
            });
        }
        judged.sort_by(|a, b| a.group.cmp(&b.group));
        if input.sort.unwrap_or_default() == Sort::Lag {
            judged.sort_by_key(|g| std::cmp::Reverse(g.totals.lag));
        }
        let limit = page::limit(input.limit, 30);
        let (shown, page) = page::page(
            judged,
            page::question(&input),
            input.cursor.as_deref(),
            limit,
            |g| g.group.clone(),
        )?;
        let listed = |g: &GroupLag| groups.iter().find(|l| l.group == g.group).cloned();
        let order: Vec<GroupListing> = shown.iter().filter_map(listed).collect();
        let mut shown = facts.judge(&order, &FirstUnread::new(), cx.now_ms);
        // Time lag costs a read at each position, so it is taken only for what is shown.
        let positions = unread_positions(&shown);
        if !positions.is_empty() {
            let first_unread = engine.timestamps(&positions, cx.deadline).await;
            shown = facts.judge(&order, &first_unread, cx.now_ms);
        }
        let deep = page.total == 1 || input.detail == Some(Detail::Detailed);
        let groups = shown
            .into_iter()
            .map(|g| row(g, deep, only_lagging))
            .collect();
        Ok(Output {
            groups,
            page,
            missing: facts.missing,
        })
    }
}

/// The groups asked for: the one of exactly that name, or those that fit the filter.
async fn chosen(
    engine: &dyn Engine,
    input: &Input,
    missing: &mut Vec<Missing>,
) -> Result<Vec<GroupListing>, Error> {
    let all = engine.groups().await?.into_value(missing);
    let Some(wanted) = input.group.as_deref().filter(|g| !g.is_empty()) else {
        return Ok(all);
    };
    if let Some(exact) = all.iter().find(|g| g.group == wanted) {
        missing.clear();
        return Ok(vec![exact.clone()]);
    }
    let filter = NameFilter::parse(Some(wanted))?;
    let found: Vec<GroupListing> = all
        .iter()
        .filter(|g| filter.matches(&g.group))
        .cloned()
        .collect();
    if !found.is_empty() {
        return Ok(found);
    }
    if !missing.is_empty() {
        return Err(Error::Incomplete {
            what: format!("group `{wanted}`"),
            missing: std::mem::take(missing),
        });
    }
    let near = near(wanted, all.iter().map(|g| g.group.as_str()), 3)
        .into_iter()
        .map(String::from)
        .collect();
    Err(Error::Unknown {
        error: KafkaError::UnknownGroup {
            group: wanted.into(),
        },
        near,
        maybe_hidden: true,
    })
}

/// An error when no topic of the cluster fits.
async fn known_topic(cx: &Context, topics: &NameFilter, wanted: &str) -> Result<(), Error> {
    let known = all_topics(cx).await?;
    if !known.missing.is_empty() || known.value.iter().any(|t| topics.matches(&t.name)) {
        return Ok(());
    }
    let near = near(wanted, known.value.iter().map(|t| t.name.as_str()), 3)
        .into_iter()
        .map(String::from)
        .collect();
    Err(Error::Unknown {
        error: KafkaError::UnknownTopic {
            topic: wanted.into(),
        },
        near,
        maybe_hidden: true,
    })
}

fn row(group: GroupLag, deep: bool, only_lagging: bool) -> Row {
    let mut partitions = if deep { group.partitions } else { Vec::new() };
    if only_lagging {
        partitions.retain(|p| p.lag != Some(0) || p.state != LagState::Ok);
    }
    Row {
        group: group.group,
        group_type: group.group_type,
        state: group.state,
        members: group.members,
        totals: group.totals,
        topics: if deep { group.topics } else { Vec::new() },
        partitions,
        why: group.why,
    }
}
