//! kafka_producer_list: the producers that the leaders of a topic's partitions know.

use crate::page::{self, Page};
use crate::problem::Error;
use crate::table::{Table, time};
use crate::tool::{Answer, Context, Effect, Tool};
use crate::tools::common::{count, missing_lines, one_topic};
use kafkaweave_client::kafka::{Engine, KafkaError};
use kafkaweave_core::model::{
    Missing, PartitionProducers, ProducerState, TopicPartition, TransactionFilter,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// kafka_producer_list.
pub struct ListProducers;

/// Arguments.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    topic: String,
    partition: Option<i32>,
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// One producer in one partition.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row {
    partition: i32,
    producer_id: i64,
    epoch: i32,
    /// Of a transactional producer that its coordinator knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    transactional_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_sequence: Option<i32>,
    /// Epoch ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_write_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coordinator_epoch: Option<i32>,
    /// First offset of its open transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    open_since_offset: Option<i64>,
}

/// Producers of a topic.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    topic: String,
    producers: Vec<Row>,
    /// With an open transaction, on all pages.
    open: usize,
    #[serde(flatten)]
    page: Page,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

impl Tool for ListProducers {
    const NAME: &'static str = "kafka_producer_list";
    const TITLE: &'static str = "List producers";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "transaction";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "Idempotent and transactional producers of a topic's partitions: epoch, last sequence, last write, open transaction."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let engine = cx.cluster()?.engine()?;
        let topic = one_topic(cx, &input.topic).await?;
        let mut partitions: Vec<_> = topic
            .partitions
            .iter()
            .map(|p| TopicPartition::new(&topic.name, p.partition))
            .collect();
        if let Some(wanted) = input.partition {
            let known = partitions.len();
            partitions.retain(|p| p.partition == wanted);
            if partitions.is_empty() {
                return Err(Error::Kafka(KafkaError::UnknownPartition {
                    topic: topic.name,
                    partition: wanted,
                    partitions: known,
                }));
            }
        }
        let mut missing = Vec::new();
        let found = engine.producers(&partitions).await?;
        let found = found.into_value(&mut missing);
        let mut rows: Vec<_> = found.iter().flat_map(rows).collect();
        rows.sort_by_key(|r| (r.partition, r.producer_id));
        let open = rows
            .iter()
            .filter(|r| r.open_since_offset.is_some())
            .count();
        let limit = page::limit(input.limit, 50);
        let (mut producers, page) = page::page(
            rows,
            page::question(&input),
            input.cursor.as_deref(),
            limit,
            name,
        )?;
        name_transactions(engine, &mut producers, &mut missing).await;
        Ok(Output {
            topic: topic.name,
            producers,
            open,
            page,
            missing,
        })
    }
}

fn rows(of: &PartitionProducers) -> impl Iterator<Item = Row> {
    let partition = of.partition.partition;
    of.producers.iter().map(move |p: &ProducerState| Row {
        partition,
        producer_id: p.producer_id,
        epoch: p.epoch,
        transactional_id: None,
        last_sequence: p.last_sequence,
        last_write_ms: p.last_timestamp_ms,
        coordinator_epoch: p.coordinator_epoch,
        open_since_offset: p.open_since_offset,
    })
}

/// Puts transactional ids to producer ids: one request a broker, for all of them.
async fn name_transactions(engine: &dyn Engine, rows: &mut [Row], missing: &mut Vec<Missing>) {
    if rows.is_empty() {
        return;
    }
    let mut producer_ids: Vec<_> = rows.iter().map(|r| r.producer_id).collect();
    producer_ids.sort_unstable();
    producer_ids.dedup();
    let filter = TransactionFilter {
        producer_ids,
        ..TransactionFilter::default()
    };
    let listed = match engine.transactions(&filter).await {
        Ok(listed) => listed.into_value(missing),
        Err(error) => {
            missing.push(Missing {
                what: "transactional ids of producers".into(),
                broker: None,
                why: error.to_string(),
            });
            return;
        }
    };
    let names: HashMap<_, _> = listed
        .into_iter()
        .map(|l| (l.producer_id, l.transactional_id))
        .collect();
    for row in rows {
        row.transactional_id = names.get(&row.producer_id).cloned();
    }
}

fn name(row: &Row) -> String {
    format!("{} {}", row.partition, row.producer_id)
}

impl Answer for Output {
    fn text(&self) -> String {
        let mut text = match (self.page.total, self.missing.is_empty()) {
            (0, false) => format!("topic {}: producers unknown", self.topic),
            (total, _) => format!(
                "topic {}: {}, {} with an open transaction",
                self.topic,
                count(total, "producer"),
                self.open
            ),
        };
        if self.page.total == 0 && self.missing.is_empty() {
            text.push_str("; leaders forget producers that write nothing for a day, and never knew those without idempotence");
        }
        let mut table = Table::new([
            "partition",
            "producer id",
            "epoch",
            "last sequence",
            "last write",
            "open since",
            "coordinator epoch",
            "transactional id",
        ]);
        for row in &self.producers {
            let number = |n: Option<i32>| n.map(|n| n.to_string()).unwrap_or_default();
            let open = row.open_since_offset.map(|n| n.to_string());
            table.row([
                row.partition.to_string(),
                row.producer_id.to_string(),
                row.epoch.to_string(),
                number(row.last_sequence),
                row.last_write_ms.map(time).unwrap_or_default(),
                open.unwrap_or_default(),
                number(row.coordinator_epoch),
                row.transactional_id.clone().unwrap_or_default(),
            ]);
        }
        if !table.is_empty() {
            text.push_str(&format!("\n{}", table.render()));
        }
        if let Some(line) = self.page.line("producers") {
            text.push_str(&format!("\n{line}"));
        }
        text + &missing_lines(&self.missing)
    }

    fn rows(&self) -> usize {
        self.producers.len()
    }

    fn keep(&mut self, count: usize) {
        self.producers.truncate(count);
        self.page.keep(&self.producers, name);
    }
}
