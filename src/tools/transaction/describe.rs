//! kafka_transaction_describe: one transactional id, and what its transaction holds back.

use super::open::{ends, of_partitions};
use super::text;
use crate::problem::Error;
use crate::table::{Table, time};
use crate::tool::{Answer, Context, Effect, Tool};
use crate::tools::common::{count, missing_lines};
use kafkaweave_client::kafka::{Engine, KafkaError};
use kafkaweave_core::diagnose::transactions::{OpenTransaction, Standing, active, standing};
use kafkaweave_core::model::{Missing, TopicPartition, TransactionDescription, TransactionFilter};
use kafkaweave_core::near::near;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// kafka_transaction_describe.
pub struct DescribeTransaction;

/// Arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    transactional_id: String,
}

/// A partition of the transaction.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row {
    topic: String,
    partition: i32,
    /// First offset of the transaction; absent before its first record, and after its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    start_offset: Option<i64>,
    /// Offsets from there to the high watermark.
    #[serde(skip_serializing_if = "Option::is_none")]
    records_held: Option<i64>,
    /// Epoch ms of the last write.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_write_ms: Option<i64>,
}

/// The transactional id.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    transactional_id: String,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    standing: Option<Standing>,
    producer_id: i64,
    producer_epoch: i16,
    /// Broker.
    coordinator: i32,
    timeout_ms: i64,
    /// Epoch ms; absent when no transaction is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    start_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_ms: Option<i64>,
    partitions: Vec<Row>,
    partitions_total: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

impl Tool for DescribeTransaction {
    const NAME: &'static str = "kafka_transaction_describe";
    const TITLE: &'static str = "Describe transaction";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "transaction";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "One transactional id: state, producer, epoch, timeout, age, partitions with the records held back."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let engine = cx.cluster()?.engine()?;
        let one = one(engine, &input.transactional_id).await?;
        let mut missing = Vec::new();
        // What only looks at partitions must not cost the answer.
        let open = match open(engine, &one, cx.now_ms, &mut missing).await {
            Ok(open) => open,
            Err(error) => {
                missing.push(Missing {
                    what: "what it holds back".into(),
                    broker: None,
                    why: error.to_string(),
                });
                Vec::new()
            }
        };
        // What has ended keeps its start.
        let start_ms = one.start_ms.filter(|_| active(&one.state));
        let row = |partition: &TopicPartition| {
            let open = open.iter().find(|t| t.partition == *partition);
            Row {
                topic: partition.topic.clone(),
                partition: partition.partition,
                start_offset: open.map(|t| t.start_offset),
                records_held: open.and_then(|t| t.records_held),
                last_write_ms: open.and_then(|t| t.last_write_ms),
            }
        };
        Ok(Output {
            standing: standing(&one, cx.now_ms),
            age_ms: start_ms.map(|ms| cx.now_ms.saturating_sub(ms).max(0)),
            partitions: one.partitions.iter().map(row).collect(),
            partitions_total: one.partitions.len(),
            transactional_id: one.transactional_id,
            state: one.state,
            producer_id: one.producer_id,
            producer_epoch: one.producer_epoch,
            coordinator: one.coordinator,
            timeout_ms: one.timeout_ms,
            start_ms,
            missing,
        })
    }
}

/// The id, or an error with near names.
async fn one(engine: &dyn Engine, id: &str) -> Result<TransactionDescription, Error> {
    let unknown = || KafkaError::UnknownTransactionalId {
        transactional_id: id.into(),
    };
    let error = match engine.describe_transactions(&[id.to_string()]).await {
        Ok(found) => match found.value.into_iter().next() {
            Some(one) => return Ok(one),
            None => unknown(),
        },
        Err(
            error @ (KafkaError::UnknownTransactionalId { .. } | KafkaError::NotAuthorized { .. }),
        ) => error,
        Err(error) => return Err(error.into()),
    };
    let known = engine.transactions(&TransactionFilter::default()).await?;
    let names = known.value.iter().map(|l| l.transactional_id.as_str());
    let near = near(id, names, 3).into_iter().map(String::from).collect();
    Err(Error::Unknown {
        error,
        near,
        maybe_hidden: true,
    })
}

/// Its own open transactions in the partitions that its coordinator names.
async fn open(
    engine: &dyn Engine,
    one: &TransactionDescription,
    now_ms: i64,
    missing: &mut Vec<Missing>,
) -> Result<Vec<OpenTransaction>, Error> {
    if one.partitions.is_empty() {
        return Ok(Vec::new());
    }
    let ends = ends(engine, &one.partitions, missing).await?;
    let mut open = of_partitions(engine, &one.partitions, &ends, now_ms, missing).await?;
    open.retain(|t| t.producer_id == one.producer_id);
    Ok(open)
}

impl Answer for Output {
    fn text(&self) -> String {
        let mut text = format!(
            "transactional id {}: {}",
            kafkaweave_core::payload::one_line(&self.transactional_id),
            self.state
        );
        if let Some(standing) = self.standing.filter(|s| *s != Standing::Ongoing) {
            text.push_str(&format!(", {}", standing.word()));
        }
        text.push_str(&format!(
            "\nproducer {}, epoch {}, coordinator {}",
            self.producer_id, self.producer_epoch, self.coordinator
        ));
        match self.start_ms {
            Some(start) => text.push_str(&format!(
                "\nbegan {}, {}",
                time(start),
                text::timeout_used(self.age_ms, Some(self.timeout_ms))
            )),
            None => text.push_str(&format!(
                "\nno transaction under way; timeout {}",
                crate::table::duration(self.timeout_ms)
            )),
        }
        if self.start_ms.is_some() {
            text.push_str(&format!("\n{}", count(self.partitions_total, "partition")));
        }
        let mut table = Table::new(["partition", "from offset", "records held", "last write"]);
        for row in &self.partitions {
            let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
            table.row([
                format!("{}-{}", row.topic, row.partition),
                number(row.start_offset),
                number(row.records_held),
                row.last_write_ms.map(time).unwrap_or_default(),
            ]);
        }
        if !table.is_empty() {
            text.push_str(&format!("\n{}", table.render()));
        }
        if self.partitions.len() < self.partitions_total {
            text.push_str(&format!(
                "\nshowing {} of {} partitions",
                self.partitions.len(),
                self.partitions_total
            ));
        }
        text + &missing_lines(&self.missing)
    }

    fn rows(&self) -> usize {
        self.partitions.len()
    }

    fn keep(&mut self, count: usize) {
        self.partitions.truncate(count);
    }
}
