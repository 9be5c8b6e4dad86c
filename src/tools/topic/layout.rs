//! kafka_topic_layout: where the replicas of many topics are, and what is set on the topics.

use crate::page::{self, Page};
use crate::problem::Error;
use crate::table::Table;
use crate::tool::{Answer, Context, Effect, Tool};
use crate::tools::common::{all_topics, count, ids, missing_lines};
use kafkaweave_core::model::{Missing, Partition, Topic};
use kafkaweave_core::names::NameFilter;
use kafkaweave_core::payload::one_line;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// kafka_topic_layout.
pub struct LayOutTopics;

/// Arguments.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Part, glob or /regex/
    pattern: Option<String>,
    #[schemars(range(min = 1, max = 2000))]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A partition that is not as it was laid out.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Deviation {
    partition: i32,
    /// Absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    leader: Option<i32>,
    isr: Vec<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elr: Option<Vec<i32>>,
}

/// One topic.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row {
    topic: String,
    /// By partition, from 0; the first leads and all are in sync unless `deviations` tells otherwise.
    replicas: Vec<Vec<i32>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deviations: Vec<Deviation>,
    /// Configuration set on the topic. Absent when it could not be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    overrides: Option<BTreeMap<String, Option<String>>>,
}

/// Topics of a page.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    topics: Vec<Row>,
    #[serde(flatten)]
    page: Page,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

impl Tool for LayOutTopics {
    const NAME: &'static str = "kafka_topic_layout";
    const TITLE: &'static str = "Lay out topics";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "broker";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "Many topics in full: replicas by partition, where leader or ISR deviate, config overrides."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let filter = NameFilter::parse(input.pattern.as_deref())?;
        let mut missing = Vec::new();
        let mut topics = all_topics(cx).await?.into_value(&mut missing);
        topics.retain(|topic| filter.matches(&topic.name));
        let (shown, page) = page::page(
            topics,
            page::question(&input),
            input.cursor.as_deref(),
            page::limit(input.limit, 30),
            |topic| topic.name.clone(),
        )?;
        let names: Vec<String> = shown.iter().map(|topic| topic.name.clone()).collect();
        // Only of what is shown: it costs more than all the rest.
        let mut overrides = match cx.cluster()?.engine()?.overrides(&names).await {
            Ok(overrides) => overrides.into_value(&mut missing),
            Err(error) => {
                missing.push(Missing {
                    what: "configuration".into(),
                    broker: None,
                    why: error.to_string(),
                });
                BTreeMap::new()
            }
        };
        let topics = shown
            .into_iter()
            .map(|topic| {
                let overrides = overrides.remove(&topic.name);
                row(topic, overrides)
            })
            .collect();
        Ok(Output {
            topics,
            page,
            missing,
        })
    }
}

fn row(topic: Topic, overrides: Option<BTreeMap<String, Option<String>>>) -> Row {
    Row {
        deviations: topic.partitions.iter().filter_map(deviation).collect(),
        replicas: topic.partitions.into_iter().map(|p| p.replicas).collect(),
        topic: topic.name,
        overrides,
    }
}

/// A partition with another leader than the preferred one, or with replicas out of sync.
fn deviation(partition: &Partition) -> Option<Deviation> {
    let led = partition.leader.is_some() && partition.leader == partition.replicas.first().copied();
    let whole = partition.replicas.iter().all(|r| partition.isr.contains(r));
    (!led || !whole).then(|| Deviation {
        partition: partition.partition,
        leader: partition.leader,
        isr: partition.isr.clone(),
        elr: partition.elr.clone().filter(|elr| !elr.is_empty()),
    })
}

impl Deviation {
    fn text(&self) -> String {
        let leader = self
            .leader
            .map_or_else(|| "no leader".into(), |id| format!("leader {id}"));
        let elr = self
            .elr
            .as_ref()
            .map_or_else(String::new, |elr| format!(", elr {}", ids(elr)));
        format!("{}: {leader}, isr {}{elr}", self.partition, ids(&self.isr))
    }
}

impl Answer for Output {
    fn text(&self) -> String {
        let mut text = count(self.page.total, "topic");
        let mut table = Table::new(["topic", "replicas of 0, 1, ..", "deviations", "overrides"]);
        for row in &self.topics {
            let replicas: Vec<String> = row.replicas.iter().map(|r| ids(r)).collect();
            let deviations: Vec<String> = row.deviations.iter().map(Deviation::text).collect();
            let overrides: Vec<String> = match &row.overrides {
                None => vec!["unknown".into()],
                Some(set) => set
                    .iter()
                    .map(|(key, value)| {
                        let value = value.as_deref().unwrap_or("(hidden)");
                        format!("{key}={}", one_line(value))
                    })
                    .collect(),
            };
            table.row([
                row.topic.clone(),
                replicas.join(" "),
                deviations.join("; "),
                overrides.join(" "),
            ]);
        }
        if !table.is_empty() {
            text.push('\n');
            text.push_str(&table.render());
        }
        if let Some(line) = self.page.line("topics") {
            text.push('\n');
            text.push_str(&line);
        }
        text + &missing_lines(&self.missing)
    }

    fn rows(&self) -> usize {
        self.topics.len()
    }

    fn keep(&mut self, count: usize) {
        self.topics.truncate(count);
        self.page.keep(&self.topics, |row| row.topic.clone());
    }
}
