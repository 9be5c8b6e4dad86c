//! kafka_group_watch: looks at groups for a while, and says where their lag is going.
//!
//! For a process without history, and where what happened minutes ago does not count. Rates are those
//! of the watch; verdicts stand on what was seen before, where that is longer.

use super::lag::chosen;
use super::lag::row::Row;
use super::lag::text;
use crate::page::{self, Page};
use crate::problem::Error;
use crate::sampling::Asked;
use crate::sampling::gather::{Facts, Members, gather};
use crate::sampling::prospect::{Seen, judge, span};
use crate::tool::{Answer, Context, Effect, Tool};
use kafkaweave_core::diagnose::lag::burrow::INTERVALS;
use kafkaweave_core::diagnose::lag::{GroupLag, History, Limits};
use kafkaweave_core::model::{GroupListing, Missing};
use kafkaweave_core::names::NameFilter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};

/// kafka_group_watch.
pub struct WatchGroups;

/// Arguments.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name, part, glob or /regex/
    group: Option<String>,
    topic: Option<String>,
    /// 10 unless given
    #[schemars(range(min = 1, max = 600))]
    seconds: Option<u32>,
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
}

/// What was seen, worst first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    groups: Vec<Row>,
    /// How long it looked, ms.
    watched_ms: i64,
    #[serde(flatten)]
    page: Page,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

/// Seconds when none are asked for.
const SECONDS: u32 = 10;

/// What a call needs after its last look: members, timestamps and retention of what it shows.
const REST: Duration = Duration::from_secs(3);

/// Bounds on the memory of one watch.
const MEMORY_BYTES: usize = 64 << 20;

impl Tool for WatchGroups {
    const NAME: &'static str = "kafka_group_watch";
    const TITLE: &'static str = "Watch groups";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "group";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "Watches groups for some seconds: produce and consume rates, Burrow verdict (OK, WARN, STOP, STALL, REWIND), time to drain and to data loss."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let begun = Instant::now();
        let cluster = cx.cluster()?;
        let engine = cluster.engine()?;
        let topics = NameFilter::parse(input.topic.as_deref())?;
        let mut missing = Vec::new();
        let groups = chosen(engine, input.group.as_deref(), &mut missing).await?;
        let asked = Duration::from_secs(input.seconds.unwrap_or(SECONDS).into());
        let left = cx.deadline.saturating_duration_since(begun);
        // Half of the time a call has is always left for looking.
        let possible = left.saturating_sub(REST).max(left / 2);
        let watched = asked.min(possible);
        if watched < asked {
            missing.push(Missing {
                what: format!("{} s of watching", (asked - watched).as_secs_f64().ceil()),
                broker: None,
                why: "a call ends before (limits.call_timeout_ms)".into(),
            });
        }
        let mut history = History::new(Limits {
            samples: INTERVALS + 2,
            memory_bytes: MEMORY_BYTES,
        });
        let end = begun + watched;
        let give_up = cx.deadline.checked_sub(REST / 2).unwrap_or(end).max(end);
        let mut ticks = tokio::time::interval(watched / INTERVALS as u32);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last: Option<Facts> = None;
        let mut begin_ms = None;
        loop {
            ticks.tick().await;
            let look = gather(engine, &groups, &topics, Members::Now, Vec::new());
            // One look that fails is a gap between two others.
            let why = match tokio::time::timeout_at(give_up, look).await {
                Ok(Ok(facts)) => {
                    for part in facts.in_parts(&groups) {
                        history.record(facts.at_ms, &part);
                    }
                    begin_ms.get_or_insert(facts.at_ms);
                    last = Some(facts);
                    None
                }
                Ok(Err(error)) if last.is_none() => return Err(error),
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some("no answer in time".into()),
            };
            missing.extend(why.map(|why| Missing {
                what: "a look at the groups".into(),
                broker: None,
                why,
            }));
            if Instant::now() >= end {
                break;
            }
        }
        missing.dedup();
        let Some(mut facts) = last else {
            return Err(Error::Incomplete {
                what: "any look at the groups".into(),
                missing,
            });
        };
        facts.missing.extend(missing);
        if history.evicted() > 0 {
            facts.missing.push(Missing {
                what: format!("{} groups of earlier looks", history.evicted()),
                broker: None,
                why: "more than a watch remembers; `group` narrows it".into(),
            });
        }
        let at_ms = facts.at_ms;
        let seen = |group: &GroupLag| {
            let points: Vec<_> = group
                .partitions
                .iter()
                .map(|row| {
                    let mut points = history.points(&group.group, &row.topic, row.partition);
                    points.retain(|point| point.at_ms < at_ms);
                    points
                })
                .collect();
            let before = cluster.sampler().points(group, at_ms);
            let longer = span(&before).span_ms > span(&points).span_ms;
            Seen {
                points,
                longer: longer.then_some(before),
                ends: cluster.sampler().ends(group, at_ms),
            }
        };
        let order: Vec<GroupListing> = groups
            .iter()
            .filter(|g| !facts.elsewhere.contains(&g.group))
            .cloned()
            .collect();
        let deep = order.len() == 1;
        let judged = judge(engine, &mut facts, &order, seen, deep, cx.deadline).await;
        cluster.sampler().asked(
            match input.group.as_deref() {
                None | Some("") => Asked::All,
                Some(_) => Asked::These(&groups),
            },
            at_ms,
            std::iter::empty(),
        );
        let mut rows: Vec<Row> = judged
            .into_iter()
            .map(|g| Row::new(g, deep, false))
            .collect();
        let weight = |row: &Row| {
            (
                row.outlook.as_ref().and_then(|o| o.whole.verdict),
                row.totals.lag,
            )
        };
        rows.sort_by(|a, b| {
            weight(b)
                .cmp(&weight(a))
                .then_with(|| a.group.cmp(&b.group))
        });
        let (groups, page) = page::page(
            rows,
            page::question(&input),
            None,
            page::limit(input.limit, 30),
            |row| row.group.clone(),
        )?;
        let watched_ms = at_ms.saturating_sub(begin_ms.unwrap_or(at_ms));
        Ok(Output {
            groups,
            watched_ms,
            page: page.only(),
            missing: facts.missing,
        })
    }
}

impl Answer for Output {
    fn text(&self) -> String {
        text::said(&self.groups, &self.page, &self.missing)
    }

    fn rows(&self) -> usize {
        text::rows(&self.groups)
    }

    fn keep(&mut self, count: usize) {
        text::keep(&mut self.groups, &mut self.page, &mut self.missing, count);
    }
}
