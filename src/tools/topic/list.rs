//! kafka_topic_list: topics with partitions, replication and what is wrong with them.

use crate::page::{self, Page};
use crate::problem::Error;
use crate::table::{Table, bytes};
use crate::tool::{Answer, Context, Effect, Tool};
use crate::tools::common::{Detail, all_topics, count, missing_lines};
use kafkaweave_core::model::{LogDir, Missing, Topic};
use kafkaweave_core::names::NameFilter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// kafka_topic_list.
pub struct ListTopics;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    #[default]
    Name,
    Partitions,
    Size,
}

/// Arguments.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Part, glob or /regex/
    pattern: Option<String>,
    internal: Option<bool>,
    /// Only offline or under-replicated
    unhealthy: Option<bool>,
    sort: Option<Sort>,
    detail: Option<Detail>,
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// One topic.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row {
    topic: String,
    partitions: usize,
    /// Replicas per partition; the smallest when partitions differ.
    replication: usize,
    #[serde(skip_serializing_if = "is_zero")]
    under_replicated: usize,
    #[serde(skip_serializing_if = "is_zero")]
    offline: usize,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    internal: bool,
    /// All replicas together, bytes on disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    size_bytes: Option<i64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Topics of a page.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    topics: Vec<Row>,
    #[serde(flatten)]
    page: Page,
    /// Internal topics that fit and are not shown.
    #[serde(skip_serializing_if = "is_zero")]
    hidden_internal: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

impl Tool for ListTopics {
    const NAME: &'static str = "kafka_topic_list";
    const TITLE: &'static str = "List topics";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "inspect";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "Topics with partitions, replication, under-replicated and offline counts."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let filter = NameFilter::parse(input.pattern.as_deref())?;
        let mut missing = Vec::new();
        let question = page::question(&input);
        let topics = all_topics(cx).await?.into_value(&mut missing);
        let sizes = match (input.detail, input.sort) {
            (Some(Detail::Detailed), _) | (_, Some(Sort::Size)) => {
                let dirs = cx.cluster()?.engine()?.log_dirs(None).await;
                match dirs {
                    Ok(dirs) => Some(topic_sizes(&dirs.into_value(&mut missing))),
                    Err(error) => {
                        missing.push(Missing {
                            what: "sizes".into(),
                            broker: None,
                            why: error.to_string(),
                        });
                        None
                    }
                }
            }
            _ => None,
        };
        let internal = input.internal.unwrap_or(false);
        let unhealthy = input.unhealthy.unwrap_or(false);
        let mut rows: Vec<Row> = topics
            .iter()
            .filter(|t| filter.matches(&t.name))
            .map(|t| row(t, sizes.as_ref()))
            .collect();
        rows.retain(|row| !unhealthy || row.offline + row.under_replicated > 0);
        let before = rows.len();
        rows.retain(|row| internal || !row.internal);
        let hidden_internal = before - rows.len();
        rows.sort_by(|a, b| a.topic.cmp(&b.topic));
        match input.sort.unwrap_or_default() {
            Sort::Name => {}
            Sort::Partitions => rows.sort_by_key(|row| std::cmp::Reverse(row.partitions)),
            Sort::Size => rows.sort_by_key(|row| std::cmp::Reverse(row.size_bytes)),
        }
        let limit = page::limit(input.limit, 50);
        let (topics, page) = page::page(rows, question, input.cursor.as_deref(), limit, |row| {
            row.topic.clone()
        })?;
        Ok(Output {
            topics,
            page,
            hidden_internal,
            missing,
        })
    }
}

fn row(topic: &Topic, sizes: Option<&HashMap<String, i64>>) -> Row {
    Row {
        topic: topic.name.clone(),
        partitions: topic.partitions.len(),
        replication: topic
            .partitions
            .iter()
            .map(|p| p.replicas.len())
            .min()
            .unwrap_or(0),
        under_replicated: topic
            .partitions
            .iter()
            .filter(|p| p.isr.len() < p.replicas.len())
            .count(),
        offline: topic
            .partitions
            .iter()
            .filter(|p| p.leader.is_none())
            .count(),
        internal: topic.internal,
        // A topic without any replica in the answer has an unknown size, not none.
        size_bytes: sizes.and_then(|sizes| sizes.get(&topic.name).copied()),
    }
}

fn topic_sizes(dirs: &[LogDir]) -> HashMap<String, i64> {
    let mut sizes = HashMap::new();
    for replica in dirs.iter().flat_map(|dir| &dir.replicas) {
        *sizes.entry(replica.topic.clone()).or_default() += replica.size_bytes;
    }
    sizes
}

impl Answer for Output {
    fn text(&self) -> String {
        let mut text = count(self.page.total, "topic");
        if self.hidden_internal > 0 {
            text.push_str(&format!(" (and {} internal)", self.hidden_internal));
        }
        let mut table = Table::new([
            "topic",
            "partitions",
            "replication",
            "under-replicated",
            "offline",
            "size",
            "note",
        ]);
        let problem = |number: usize| {
            if number == 0 {
                String::new()
            } else {
                number.to_string()
            }
        };
        for row in &self.topics {
            table.row([
                row.topic.clone(),
                row.partitions.to_string(),
                row.replication.to_string(),
                problem(row.under_replicated),
                problem(row.offline),
                row.size_bytes.map(bytes).unwrap_or_default(),
                if row.internal {
                    "internal".into()
                } else {
                    String::new()
                },
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
