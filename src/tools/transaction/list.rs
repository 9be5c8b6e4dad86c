//! kafka_transaction_list: transactional ids with state and age, or what holds partitions back.

use super::open::{describe, open_transactions};
use super::text;
use crate::page::{self, Page};
use crate::problem::Error;
use crate::table::Table;
use crate::tool::{Answer, Context, Effect, Tool};
use crate::tools::common::{all_topics, count, missing_lines, one_topic};
use kafkaweave_core::diagnose::transactions::{OpenTransaction, Standing, active, standing};
use kafkaweave_core::model::{
    Missing, TopicPartition, TransactionDescription, TransactionFilter, TransactionListing,
};
use kafkaweave_core::names::NameFilter;
use kafkaweave_core::near::near;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// kafka_transaction_list.
pub struct ListTransactions;

/// Arguments.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Id: part, glob or /regex/
    pattern: Option<String>,
    state: Option<String>,
    #[schemars(range(min = 0))]
    min_age_ms: Option<i64>,
    /// Search partitions of `topic` or all
    hanging: Option<bool>,
    topic: Option<String>,
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// One transactional id.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row {
    transactional_id: String,
    producer_id: i64,
    state: String,
    /// Broker.
    coordinator: i32,
    /// Of a transaction under way: whether it is in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    standing: Option<Standing>,
    /// Since it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    age_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_ms: Option<i64>,
    /// How many it has written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    partitions: Option<usize>,
}

/// What a search of the partitions covered.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Searched {
    partitions: usize,
    /// Whose last stable offset is behind the high watermark.
    held: usize,
    hanging: usize,
}

/// Transactional ids, or open transactions by partition.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    transactions: Option<Vec<Row>>,
    /// With `hanging`: all that are open, hanging ones first.
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<Vec<OpenTransaction>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    searched: Option<Searched>,
    #[serde(flatten)]
    page: Page,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

impl Tool for ListTransactions {
    const NAME: &'static str = "kafka_transaction_list";
    const TITLE: &'static str = "List transactions";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "transaction";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "Transactional ids with state and age, oldest first; with `hanging`, open and hanging transactions by partition, with records held back."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let state = input.state.as_deref().map(state).transpose()?;
        if input.hanging.unwrap_or(input.topic.is_some()) {
            held(cx, input, state).await
        } else {
            listed(cx, input, state).await
        }
    }
}

/// States of a transactional id. Kafka answers an unknown one with an empty list.
const STATES: &[&str] = &[
    "Empty",
    "Ongoing",
    "PrepareCommit",
    "PrepareAbort",
    "CompleteCommit",
    "CompleteAbort",
    "PrepareEpochFence",
    "Dead",
];

/// A state in Kafka's spelling.
fn state(asked: &str) -> Result<&'static str, Error> {
    let found = STATES.iter().find(|s| s.eq_ignore_ascii_case(asked));
    found.copied().ok_or_else(|| Error::Argument {
        path: "state".into(),
        reason: format!("is {asked:?}; allowed: one of {}", STATES.join(", ")),
        near: near(asked, STATES.iter().copied(), 1)
            .into_iter()
            .map(String::from)
            .collect(),
    })
}

async fn listed(cx: &Context, input: Input, state: Option<&'static str>) -> Result<Output, Error> {
    let names = NameFilter::parse(input.pattern.as_deref())?;
    let engine = cx.cluster()?.engine()?;
    let mut missing = Vec::new();
    let filter = TransactionFilter {
        states: state.into_iter().map(String::from).collect(),
        min_duration_ms: input.min_age_ms,
        ..TransactionFilter::default()
    };
    let mut listings = engine.transactions(&filter).await?.into_value(&mut missing);
    listings.retain(|l| names.matches(&l.transactional_id));
    // Idle ids have no age: nothing more is to be had of them.
    let under_way: Vec<_> = listings
        .iter()
        .filter(|l| active(&l.state))
        .map(|l| l.transactional_id.clone())
        .collect();
    let described = describe(engine, &under_way).await.into_value(&mut missing);
    let described: HashMap<_, _> = described
        .into_iter()
        .map(|d| (d.transactional_id.clone(), d))
        .collect();
    let mut rows: Vec<_> = listings
        .into_iter()
        .map(|l| {
            let description = described.get(&l.transactional_id);
            row(l, description, cx.now_ms)
        })
        .collect();
    if let Some(least) = input.min_age_ms {
        rows.retain(|r| r.age_ms.is_some_and(|age| age >= least));
    }
    rows.sort_by(|a, b| {
        let age = |r: &Row| std::cmp::Reverse((r.age_ms.is_some(), r.age_ms));
        (age(a), &a.transactional_id).cmp(&(age(b), &b.transactional_id))
    });
    let limit = page::limit(input.limit, 50);
    let (rows, page) = page::page(
        rows,
        page::question(&input),
        input.cursor.as_deref(),
        limit,
        |r| r.transactional_id.clone(),
    )?;
    Ok(Output {
        transactions: Some(rows),
        open: None,
        searched: None,
        page,
        missing,
    })
}

fn row(
    listing: TransactionListing,
    description: Option<&TransactionDescription>,
    now_ms: i64,
) -> Row {
    // One that has ended meanwhile keeps its start, and is no older for it.
    let start_ms = description
        .filter(|d| active(&d.state))
        .and_then(|d| d.start_ms);
    Row {
        transactional_id: listing.transactional_id,
        producer_id: description.map_or(listing.producer_id, |d| d.producer_id),
        // The description is the newer word.
        state: description.map_or(listing.state, |d| d.state.clone()),
        coordinator: listing.coordinator,
        standing: description.and_then(|d| standing(d, now_ms)),
        age_ms: start_ms.map(|ms| now_ms.saturating_sub(ms).max(0)),
        timeout_ms: description.map(|d| d.timeout_ms),
        partitions: description.map(|d| d.partitions.len()),
    }
}

async fn held(cx: &Context, input: Input, state: Option<&'static str>) -> Result<Output, Error> {
    let names = NameFilter::parse(input.pattern.as_deref())?;
    let mut missing = Vec::new();
    let topics = match &input.topic {
        Some(topic) => vec![one_topic(cx, topic).await?],
        None => all_topics(cx).await?.into_value(&mut missing),
    };
    let partitions: Vec<_> = topics
        .iter()
        .flat_map(|t| {
            let of =
                |p: &kafkaweave_core::model::Partition| TopicPartition::new(&t.name, p.partition);
            t.partitions.iter().map(of)
        })
        .collect();
    let engine = cx.cluster()?.engine()?;
    let found = open_transactions(engine, &partitions, cx.now_ms, &mut missing).await?;
    let mut open = found.open;
    open.retain(|t| {
        let id = t.transactional_id.as_deref();
        (names.is_any() || id.is_some_and(|id| names.matches(id)))
            && (state.is_none() || t.state.as_deref() == state)
            && input
                .min_age_ms
                .is_none_or(|least| t.age_ms.is_some_and(|age| age >= least))
    });
    let hanging = open.iter().filter(|t| t.standing == Standing::Hanging);
    let searched = Searched {
        partitions: found.searched,
        held: found.held,
        hanging: hanging.count(),
    };
    let limit = page::limit(input.limit, 50);
    let (open, page) = page::page(
        open,
        page::question(&input),
        input.cursor.as_deref(),
        limit,
        name,
    )?;
    Ok(Output {
        transactions: None,
        open: Some(open),
        searched: Some(searched),
        page,
        missing,
    })
}

fn name(open: &OpenTransaction) -> String {
    format!("{} {}", open.partition, open.producer_id)
}

impl Output {
    fn ids(&self, rows: &[Row]) -> String {
        let mut table = Table::new([
            "transactional id",
            "state",
            "standing",
            "age of timeout",
            "partitions",
            "producer id",
            "coordinator",
        ]);
        for row in rows {
            table.row([
                row.transactional_id.clone(),
                row.state.clone(),
                row.standing.map(|s| s.word().into()).unwrap_or_default(),
                text::timeout_used(row.age_ms, row.timeout_ms),
                row.partitions.map(|n| n.to_string()).unwrap_or_default(),
                row.producer_id.to_string(),
                row.coordinator.to_string(),
            ]);
        }
        table.render()
    }
}

impl Answer for Output {
    fn text(&self) -> String {
        let mut text = match &self.searched {
            Some(searched) => format!(
                "{} hanging, {} open; {} of {} partitions held back",
                searched.hanging, self.page.total, searched.held, searched.partitions
            ),
            None if self.page.total == 0 => {
                "no transactional ids; Kafka hides those that this principal may not describe"
                    .into()
            }
            None => count(self.page.total, "transactional id"),
        };
        let table = match (&self.open, &self.transactions) {
            (Some(open), _) => text::open(open),
            (None, Some(rows)) => self.ids(rows),
            (None, None) => String::new(),
        };
        if !table.is_empty() {
            text.push_str(&format!("\n{table}"));
        }
        if let Some(line) = self.page.line("transactions") {
            text.push_str(&format!("\n{line}"));
        }
        text + &missing_lines(&self.missing)
    }

    fn rows(&self) -> usize {
        let ids = self.transactions.as_ref().map_or(0, Vec::len);
        ids + self.open.as_ref().map_or(0, Vec::len)
    }

    fn keep(&mut self, count: usize) {
        if let Some(rows) = &mut self.transactions {
            rows.truncate(count);
            self.page.keep(rows, |r| r.transactional_id.clone());
        }
        if let Some(open) = &mut self.open {
            open.truncate(count);
            self.page.keep(open, name);
        }
    }
}
