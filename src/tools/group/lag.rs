//! kafka_group_lag: how far groups are behind, in records and in seconds, and where that is going.

pub(super) mod row;
pub(super) mod text;

use crate::page::{self, Page};
use crate::problem::Error;
use crate::sampling::Asked;
use crate::sampling::gather::{Members, gather, live};
use crate::sampling::prospect::{Seen, judge};
use crate::tool::{Context, Effect, Tool};
use crate::tools::common::{Detail, all_topics};
use kafkaweave_client::kafka::{Engine, KafkaError};
use kafkaweave_core::diagnose::lag::GroupLag;
use kafkaweave_core::model::{GroupListing, Missing};
use kafkaweave_core::names::NameFilter;
use kafkaweave_core::near::near;
use row::Row;
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
    detail: Option<Detail>,
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    cursor: Option<String>,
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
        "Lag of groups in records and seconds, verdict, rates, time to drain, by partition."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let cluster = cx.cluster()?;
        let engine = cluster.engine()?;
        let topics = NameFilter::parse(input.topic.as_deref())?;
        let mut missing = Vec::new();
        let groups = chosen(engine, input.group.as_deref(), &mut missing).await?;
        // Members of very many groups are asked for when it is known which of them are shown.
        let members = if topics.is_any() && live(&groups) > DESCRIBED {
            Members::Later
        } else {
            Members::Now
        };
        let mut facts = gather(engine, &groups, &topics, members, missing).await?;
        let mut rough = facts.sums(&groups);
        let everything = input.group.as_deref().is_none_or(str::is_empty);
        cluster.sampler().asked(
            if everything {
                Asked::All
            } else {
                Asked::These(&groups)
            },
            facts.at_ms,
            // Of some topics only, it would look as if the others were read no longer.
            facts.in_parts(if topics.is_any() { &groups } else { &[] }),
        );
        if !facts.elsewhere.is_empty() {
            // They have offsets, on other topics: "committed nothing" would be wrong of them.
            rough.retain(|g| !facts.elsewhere.contains(&g.group));
            if rough.is_empty() {
                known_topic(cx, &topics, input.topic.as_deref().unwrap_or_default()).await?;
            }
        }
        let only_lagging = input.lagging == Some(true);
        if only_lagging {
            rough.retain(|g| {
                g.totals.lag.is_none_or(|lag| lag > 0) || g.totals.expired + g.totals.unknown > 0
            });
        }
        rough.sort_by(|a, b| a.group.cmp(&b.group));
        if input.sort.unwrap_or_default() == Sort::Lag {
            rough.sort_by_key(|g| std::cmp::Reverse(g.totals.lag));
        }
        let limit = page::limit(input.limit, 30);
        let (shown, page) = page::page(
            rough,
            page::question(&input),
            input.cursor.as_deref(),
            limit,
            |g| g.group.clone(),
        )?;
        let listed = |g: &GroupLag| groups.iter().find(|l| l.group == g.group).cloned();
        let order: Vec<GroupListing> = shown.iter().filter_map(listed).collect();
        drop(shown);
        facts.only(&order);
        if !facts.described() && members == Members::Later {
            facts.describe(engine, &order, &topics).await;
        }
        let deep = page.total == 1 || input.detail == Some(Detail::Detailed);
        let at_ms = facts.at_ms;
        let seen = |group: &GroupLag| Seen {
            points: cluster.sampler().points(group, at_ms),
            longer: None,
            ends: cluster.sampler().ends(group, at_ms),
        };
        let judged = judge(engine, &mut facts, &order, seen, deep, cx.deadline).await;
        Ok(Output {
            groups: judged
                .into_iter()
                .map(|g| Row::new(g, deep, only_lagging))
                .collect(),
            page,
            missing: facts.missing,
        })
    }
}

/// As many groups are described before it is known which of them are shown: one request a broker.
const DESCRIBED: usize = 100;

/// The groups asked for: the one of exactly that name, or those that fit the filter.
pub(super) async fn chosen(
    engine: &dyn Engine,
    wanted: Option<&str>,
    missing: &mut Vec<Missing>,
) -> Result<Vec<GroupListing>, Error> {
    let all = engine.groups().await?.into_value(missing);
    let Some(wanted) = wanted.filter(|g| !g.is_empty()) else {
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
