//! kafka_reassignment_list: reassignments under way, how far they are, and the throttles set for them.

use crate::page::{self, Page};
use crate::problem::Error;
use crate::table::{Table, bytes, duration};
use crate::tool::{Answer, Context, Effect, Tool};
use crate::tools::common::{all_topics, count, ids, missing_lines, one_topic};
use kafkaweave_client::kafka::{Engine, KafkaError, TopicSelection};
use kafkaweave_core::diagnose::reassignments::{
    BROKER_KEYS, Copying, Evidence, Progress, TOPIC_KEYS, Throttle, progress, throttles,
    time_left_ms,
};
use kafkaweave_core::model::{
    BrokerState, ConfigResource, Missing, Partial, Reassignment, ResourceConfigs, ResourceKind,
    TopicPartition,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// kafka_reassignment_list.
pub struct ListReassignments;

/// Arguments.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    topic: Option<String>,
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Reassignments and throttles.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    reassignments: Vec<Progress>,
    #[serde(flatten)]
    page: Page,
    /// Of those shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining_bytes: Option<i64>,
    /// Least time for the rest of those shown, by the throttles of the brokers that copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_left_ms: Option<i64>,
    throttles: Vec<Throttle>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

impl Tool for ListReassignments {
    const NAME: &'static str = "kafka_reassignment_list";
    const TITLE: &'static str = "List reassignments";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "broker";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "Replicas being reassigned: adding, removing, bytes and records left; replication throttles set, forgotten ones too."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let engine = cx.cluster()?.engine()?;
        if let Some(topic) = &input.topic {
            one_topic(cx, topic).await?;
        }
        let mut missing = Vec::new();
        // All of them, whatever is shown: a throttle is forgotten only where nothing needs it.
        let (under_way, configs) = tokio::join!(engine.reassignments(None), set(cx, &input));
        let configs = configs.into_value(&mut missing);
        let (known, under_way) = match under_way {
            Ok(under_way) => (true, under_way.into_value(&mut missing)),
            // Throttles are worth telling without; but an answer of neither is none.
            Err(error) if configs.is_empty() => return Err(error.into()),
            Err(error) => {
                missing.push(gap("reassignments", &error));
                (false, Vec::new())
            }
        };
        let throttles = throttles(&configs, known.then_some(&under_way));
        let shown = |r: &Reassignment| input.topic.as_ref().is_none_or(|t| *t == r.partition.topic);
        let rows: Vec<_> = under_way.into_iter().filter(shown).collect();
        let limit = page::limit(input.limit, 50);
        let (rows, page) = page::page(
            rows,
            page::question(&input),
            input.cursor.as_deref(),
            limit,
            |r| r.partition.to_string(),
        )?;
        let rows = measured(engine, &rows, &mut missing).await;
        let left: Option<Vec<i64>> = rows.iter().map(|p| p.remaining_bytes).collect();
        Ok(Output {
            page,
            remaining_bytes: left.filter(|l| !l.is_empty()).map(|l| l.iter().sum()),
            time_left_ms: time_left_ms(&rows, &throttles),
            reassignments: rows,
            throttles,
            missing,
        })
    }
}

fn gap(what: &str, error: &KafkaError) -> Missing {
    Missing {
        what: what.into(),
        broker: None,
        why: error.to_string(),
    }
}

/// The configurations that may hold throttles: of all brokers, and of all topics or the one.
async fn set(cx: &Context, input: &Input) -> Partial<Vec<ResourceConfigs>> {
    let mut missing = Vec::new();
    let value = match resources(cx, input, &mut missing).await {
        Ok((brokers, topics)) => match cx.cluster().and_then(|c| c.engine()) {
            Ok(engine) => {
                let keys = |keys: &[&str]| -> Vec<String> {
                    keys.iter().map(ToString::to_string).collect()
                };
                let (broker_keys, topic_keys) = (keys(&BROKER_KEYS), keys(&TOPIC_KEYS));
                let (brokers, topics) = tokio::join!(
                    engine.configs(&brokers, Some(&broker_keys), false),
                    engine.configs(&topics, Some(&topic_keys), false)
                );
                let mut configs = Vec::new();
                for (what, outcome) in [
                    ("throttles of brokers", brokers),
                    ("throttles of topics", topics),
                ] {
                    match outcome {
                        Ok(found) => configs.extend(found.into_value(&mut missing)),
                        Err(error) => missing.push(gap(what, &error)),
                    }
                }
                configs
            }
            Err(_) => Vec::new(),
        },
        Err(error) => {
            missing.push(Missing {
                what: "throttles".into(),
                broker: None,
                why: error.to_string(),
            });
            Vec::new()
        }
    };
    Partial { value, missing }
}

async fn resources(
    cx: &Context,
    input: &Input,
    missing: &mut Vec<Missing>,
) -> Result<(Vec<ConfigResource>, Vec<ConfigResource>), Error> {
    let of = |kind, name: String| ConfigResource { kind, name };
    let cluster = cx.cluster()?.engine()?.cluster().await?;
    let brokers = cluster.value.brokers.into_iter();
    let brokers = brokers
        .filter(|b| b.state == BrokerState::Online)
        .map(|b| of(ResourceKind::Broker, b.id.to_string()))
        .collect();
    let names: Vec<String> = match &input.topic {
        Some(topic) => vec![topic.clone()],
        None => {
            let topics = all_topics(cx).await?.into_value(missing);
            topics.into_iter().map(|t| t.name).collect()
        }
    };
    let topics = names.into_iter().map(|n| of(ResourceKind::Topic, n));
    Ok((brokers, topics.collect()))
}

/// How far these have come: leaders, bytes on disk and ends of the replicas concerned.
async fn measured(
    engine: &dyn Engine,
    rows: &[Reassignment],
    missing: &mut Vec<Missing>,
) -> Vec<Progress> {
    if rows.is_empty() {
        return Vec::new();
    }
    let names: BTreeSet<_> = rows.iter().map(|r| r.partition.topic.clone()).collect();
    let names: Vec<_> = names.into_iter().collect();
    let named = TopicSelection::Named(names.clone());
    let (topics, dirs) = tokio::join!(engine.topics(&named), engine.log_dirs(Some(&names)));
    let topics = topics
        .map_err(|e| missing.push(gap("leaders", &e)))
        .unwrap_or_default()
        .into_value(missing);
    let dirs = dirs
        .map_err(|e| missing.push(gap("bytes copied", &e)))
        .unwrap_or_default()
        .into_value(missing);
    let replicas: Vec<(i32, TopicPartition)> = rows
        .iter()
        .flat_map(|row| {
            let topic = topics.iter().find(|t| t.name == row.partition.topic);
            let leader = topic.and_then(|t| {
                let mut all = t.partitions.iter();
                all.find(|p| p.partition == row.partition.partition)?.leader
            });
            let brokers = row.adding.iter().copied().chain(leader);
            brokers.map(|b| (b, row.partition.clone()))
        })
        .collect();
    let ends = engine.replica_ends(&replicas).await.into_value(missing);
    progress(
        rows,
        &Evidence {
            topics: &topics,
            dirs: &dirs,
            ends: &ends,
        },
    )
}

fn copy(copy: &Copying, target_bytes: Option<i64>) -> String {
    let copied = match (copy.copied_bytes, target_bytes) {
        (Some(copied), Some(target)) => format!("{} of {}", bytes(copied), bytes(target)),
        (Some(copied), None) => bytes(copied),
        (None, _) => "unknown".into(),
    };
    let lag = copy
        .offset_lag
        .map_or_else(|| "unknown".into(), |lag| lag.to_string());
    format!("broker {}: {copied}, {lag} records behind", copy.broker)
}

impl Answer for Output {
    fn text(&self) -> String {
        let unknown = self.missing.iter().any(|m| m.what == "reassignments");
        let mut text = match self.page.total {
            0 if unknown => "reassignments: unknown".into(),
            0 => "no reassignment is under way".into(),
            total => count(total, "partition") + " being reassigned",
        };
        if let Some(left) = self.remaining_bytes {
            text.push_str(&format!(", {} left to copy", bytes(left)));
        }
        if let Some(ms) = self.time_left_ms {
            text.push_str(&format!(", {} at least at the throttle", duration(ms)));
        }
        let mut table = Table::new([
            "partition",
            "leader",
            "replicas",
            "adding",
            "removing",
            "copied",
            "copies",
        ]);
        for row in &self.reassignments {
            let copies = row.copies.iter().map(|c| copy(c, row.target_bytes));
            let percent = row.copied_percent.map(|p| format!("{p} %"));
            table.row([
                row.partition.to_string(),
                row.leader.map_or_else(|| "none".into(), |l| l.to_string()),
                ids(&row.replicas),
                ids(&row.adding),
                ids(&row.removing),
                percent.unwrap_or_default(),
                copies.collect::<Vec<_>>().join("; "),
            ]);
        }
        if !table.is_empty() {
            text.push_str(&format!("\n{}", table.render()));
        }
        if let Some(line) = self.page.line("reassignments") {
            text.push_str(&format!("\n{line}"));
        }
        if self.throttles.is_empty() && !self.missing.iter().any(|m| m.what.contains("throttles")) {
            text.push_str("\nno replication throttle is set");
        }
        for throttle in self.throttles.iter().take(SHOWN_THROTTLES) {
            let forgotten = match throttle.forgotten {
                true => ": forgotten, nothing that it is for is under way",
                false => "",
            };
            let value = match throttle.value.parse() {
                Ok(rate) if throttle.on.starts_with("broker") => format!("{}/s", bytes(rate)),
                _ => throttle.value.chars().take(80).collect(),
            };
            text.push_str(&format!(
                "\nthrottle on {}: {}={value}{forgotten}",
                throttle.on, throttle.key
            ));
        }
        if self.throttles.len() > SHOWN_THROTTLES {
            let more = self.throttles.len() - SHOWN_THROTTLES;
            text.push_str(&format!("\nand {}", count(more, "more throttle")));
        }
        text + &missing_lines(&self.missing)
    }

    fn rows(&self) -> usize {
        self.reassignments.len().max(self.throttles.len())
    }

    fn keep(&mut self, count: usize) {
        self.throttles.truncate(count.max(1));
        self.reassignments.truncate(count);
        self.page
            .keep(&self.reassignments, |r| r.partition.to_string());
    }
}

/// Throttles in the text; data has them all.
const SHOWN_THROTTLES: usize = 20;
