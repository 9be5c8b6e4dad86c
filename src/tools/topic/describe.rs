//! kafka_topic_describe: one topic with its partitions, offsets, sizes and overrides.

use crate::page::{self, Page};
use crate::problem::Error;
use crate::table::{Table, bytes};
use crate::tool::{Answer, Context, Effect, Tool};
use crate::tools::common::{count, ids, missing_lines, one_topic};
use kafkaweave_core::model::{
    ConfigResource, ConfigSource, Isolation, LogDir, Missing, OffsetSpec, PartitionOffset,
    ResourceKind, Topic, TopicPartition,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// kafka_topic_describe.
pub struct DescribeTopic;

/// Arguments.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    topic: String,
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// One partition.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row {
    partition: i32,
    /// Absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    leader: Option<i32>,
    replicas: Vec<i32>,
    isr: Vec<i32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    offline_replicas: Vec<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elr: Option<Vec<i32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    earliest_offset: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_offset: Option<i64>,
    /// Bytes on disk by replica.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    size_bytes: BTreeMap<i32, i64>,
}

/// A configuration value set on this topic.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Override {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

/// The topic.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    topic: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic_id: Option<String>,
    internal: bool,
    partitions: Vec<Row>,
    #[serde(flatten)]
    page: Page,
    /// Latest minus earliest over all partitions: an upper bound where compaction or transactions
    /// leave gaps. Absent when any partition's is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    offset_span: Option<i64>,
    /// All replicas on disk. Absent when any broker's is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_size_bytes: Option<i64>,
    overrides: Vec<Override>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

impl Tool for DescribeTopic {
    const NAME: &'static str = "kafka_topic_describe";
    const TITLE: &'static str = "Describe topic";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "inspect";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "One topic: partitions with leader, replicas, ISR, offsets, bytes on disk; config overrides."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let engine = cx.cluster()?.engine()?;
        let topic = one_topic(cx, &input.topic).await?;
        let queries: Vec<(TopicPartition, OffsetSpec)> = topic
            .partitions
            .iter()
            .flat_map(|p| {
                let partition = TopicPartition::new(&topic.name, p.partition);
                [
                    (partition.clone(), OffsetSpec::Earliest),
                    (partition, OffsetSpec::Latest),
                ]
            })
            .collect();
        let resource = [ConfigResource {
            kind: ResourceKind::Topic,
            name: topic.name.clone(),
        }];
        let names = [topic.name.clone()];
        let (offsets, dirs, configs) = tokio::join!(
            engine.offsets(&queries, Isolation::ReadUncommitted),
            engine.log_dirs(Some(&names)),
            engine.configs(&resource, None, false),
        );
        let mut missing = Vec::new();
        let mut gap = |what: &str, why: String| {
            missing.push(Missing {
                what: what.into(),
                broker: None,
                why,
            })
        };
        let offsets = offsets
            .map_err(|e| gap("offsets", e.to_string()))
            .unwrap_or_default();
        let dirs = dirs.map_err(|e| gap("sizes on disk", e.to_string())).ok();
        let configs = configs
            .map_err(|e| gap("configuration", e.to_string()))
            .unwrap_or_default();
        let offsets = offsets.into_value(&mut missing);
        let sizes_known = dirs.as_ref().is_some_and(|d| d.missing.is_empty());
        let dirs = dirs.map(|d| d.into_value(&mut missing)).unwrap_or_default();
        let overrides = configs
            .into_value(&mut missing)
            .into_iter()
            .flat_map(|c| c.entries);
        let overrides = overrides
            .filter(|e| e.source == ConfigSource::Topic)
            .map(|e| Override {
                key: e.name,
                value: e.value,
            })
            .collect();
        let rows = rows(&topic, &offsets, &dirs);
        let spans: Option<Vec<i64>> = rows
            .iter()
            .map(|r| Some(r.latest_offset? - r.earliest_offset?))
            .collect();
        let total_size = rows.iter().flat_map(|r| r.size_bytes.values()).sum();
        let limit = page::limit(input.limit, 50);
        let (partitions, page) = page::page(
            rows,
            page::question(&input),
            input.cursor.as_deref(),
            limit,
            |row| row.partition.to_string(),
        )?;
        Ok(Output {
            topic: topic.name,
            topic_id: topic.topic_id,
            internal: topic.internal,
            partitions,
            page,
            offset_span: spans.map(|s| s.iter().sum()),
            total_size_bytes: sizes_known.then_some(total_size),
            overrides,
            missing,
        })
    }
}

fn rows(topic: &Topic, offsets: &[PartitionOffset], dirs: &[LogDir]) -> Vec<Row> {
    let offset = |partition: i32, spec: OffsetSpec| {
        offsets
            .iter()
            .find(|o| o.partition.partition == partition && o.spec == spec)
            .and_then(|o| o.offset)
    };
    let mut sizes: BTreeMap<i32, BTreeMap<i32, i64>> = BTreeMap::new();
    for dir in dirs {
        for replica in dir
            .replicas
            .iter()
            .filter(|r| r.topic == topic.name && !r.future)
        {
            sizes
                .entry(replica.partition)
                .or_default()
                .insert(dir.broker, replica.size_bytes);
        }
    }
    let row = |p: &kafkaweave_core::model::Partition| Row {
        partition: p.partition,
        leader: p.leader,
        replicas: p.replicas.clone(),
        isr: p.isr.clone(),
        offline_replicas: p.offline.clone(),
        elr: p.elr.clone().filter(|elr| !elr.is_empty()),
        earliest_offset: offset(p.partition, OffsetSpec::Earliest),
        latest_offset: offset(p.partition, OffsetSpec::Latest),
        size_bytes: sizes.remove(&p.partition).unwrap_or_default(),
    };
    topic.partitions.iter().map(row).collect()
}

impl Answer for Output {
    fn text(&self) -> String {
        let mut text = format!(
            "topic {}: {}",
            self.topic,
            count(self.page.total, "partition")
        );
        if let Some(span) = self.offset_span {
            text.push_str(&format!(", {span} offsets held"));
        }
        if let Some(size) = self.total_size_bytes {
            text.push_str(&format!(", {} on disk (all replicas)", bytes(size)));
        }
        if self.internal {
            text.push_str(", internal");
        }
        if let Some(id) = &self.topic_id {
            text.push_str(&format!(", id {id}"));
        }
        let mut table = Table::new([
            "partition",
            "leader",
            "replicas",
            "isr",
            "offline",
            "elr",
            "earliest",
            "latest",
            "size",
        ]);
        for row in &self.partitions {
            let offset = |o: Option<i64>| o.map_or_else(|| "unknown".into(), |o| o.to_string());
            // The leader's copy stands for the partition; without a leader, the largest one.
            let size = row
                .leader
                .and_then(|l| row.size_bytes.get(&l))
                .or_else(|| row.size_bytes.values().max());
            table.row([
                row.partition.to_string(),
                row.leader.map_or_else(|| "none".into(), |l| l.to_string()),
                ids(&row.replicas),
                ids(&row.isr),
                ids(&row.offline_replicas),
                row.elr.as_deref().map(ids).unwrap_or_default(),
                offset(row.earliest_offset),
                offset(row.latest_offset),
                size.map_or_else(|| "unknown".into(), |s| bytes(*s)),
            ]);
        }
        text.push_str(&format!("\n{}", table.render()));
        if let Some(line) = self.page.line("partitions") {
            text.push_str(&format!("\n{line}"));
        }
        let overrides: Vec<String> = self
            .overrides
            .iter()
            .map(|o| format!("{}={}", o.key, o.value.as_deref().unwrap_or("(hidden)")))
            .collect();
        if !self.missing.iter().any(|m| m.what == "configuration") {
            let list = if overrides.is_empty() {
                "none".into()
            } else {
                overrides.join(" ")
            };
            text.push_str(&format!("\noverrides: {list}"));
        }
        text + &missing_lines(&self.missing)
    }

    fn rows(&self) -> usize {
        self.partitions.len()
    }

    fn keep(&mut self, count: usize) {
        self.partitions.truncate(count);
        self.page
            .keep(&self.partitions, |row| row.partition.to_string());
    }
}
