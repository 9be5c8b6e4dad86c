//! Transactions that hold the last stable offset of a partition back, as its leader and their
//! coordinators see them.
//!
//! High watermarks are read first and last stable offsets after them, so that a difference is an
//! open transaction and not what was written between the two.

use super::{Asked, Part, left_out};
use kafkaweave_core::diagnose::health::OpenTransaction;
use kafkaweave_core::model::{
    Isolation, Missing, OffsetSpec, Partial, PartitionOffset, PartitionProducers, Topic,
    TopicPartition, TransactionDescription, TransactionFilter,
};
use std::collections::{BTreeMap, BTreeSet};

/// Partitions whose offsets are compared.
const MOST_PARTITIONS: usize = 20_000;

/// Held partitions whose producers are asked for.
const MOST_HELD: usize = 1_000;

/// Where Kafka keeps transactions: without it there never was one.
const STATE_TOPIC: &str = "__transaction_state";

type Offsets = BTreeMap<TopicPartition, i64>;

/// A partition in which records wait behind an open transaction.
struct Held {
    partition: TopicPartition,
    stable: i64,
    end: i64,
}

/// Open transactions that hold a last stable offset; `None` when nobody could look.
pub(super) async fn open(
    asked: Asked<'_>,
    topics: Option<&[Topic]>,
    now_ms: i64,
) -> Part<Vec<OpenTransaction>> {
    let Some(topics) = topics else {
        return Partial::whole(None);
    };
    // A topic that may not be described looks like one that is not there, so transactions may be
    // unseen, as their partitions are.
    if !topics.iter().any(|t| t.name == STATE_TOPIC) {
        return Partial::whole(Some(Vec::new()));
    }
    let mut missing = Vec::new();
    let value = match held(asked, topics, &mut missing).await {
        Some(held) if held.is_empty() => Some(Vec::new()),
        Some(held) => seen(asked, held, now_ms, &mut missing).await,
        None => None,
    };
    Partial { value, missing }
}

async fn held(asked: Asked<'_>, topics: &[Topic], missing: &mut Vec<Missing>) -> Option<Vec<Held>> {
    let mut queries: Vec<(TopicPartition, OffsetSpec)> = topics
        .iter()
        .flat_map(|t| {
            let led = t.partitions.iter().filter(|p| p.leader.is_some());
            led.map(|p| TopicPartition::new(t.name.as_str(), p.partition))
        })
        .map(|p| (p, OffsetSpec::Latest))
        .collect();
    if queries.len() > MOST_PARTITIONS {
        let instead = "kafka_transaction_list lists open transactions";
        let what = "open transactions in further partitions";
        missing.push(left_out(what, MOST_PARTITIONS, queries.len(), instead));
        queries.truncate(MOST_PARTITIONS);
    }
    let ends = offsets(asked, &queries, Isolation::ReadUncommitted, missing).await?;
    queries.retain(|(partition, _)| ends.contains_key(partition));
    let stable = offsets(asked, &queries, Isolation::ReadCommitted, missing).await?;
    let mut held: Vec<Held> = stable
        .into_iter()
        .filter_map(|(partition, stable)| {
            let end = *ends.get(&partition)?;
            (stable < end).then_some(Held {
                partition,
                stable,
                end,
            })
        })
        .collect();
    if held.len() > MOST_HELD {
        let instead = "kafka_transaction_list lists open transactions";
        let what = "transactions in further held partitions";
        missing.push(left_out(what, MOST_HELD, held.len(), instead));
        held.truncate(MOST_HELD);
    }
    Some(held)
}

async fn offsets(
    asked: Asked<'_>,
    queries: &[(TopicPartition, OffsetSpec)],
    isolation: Isolation,
    missing: &mut Vec<Missing>,
) -> Option<Offsets> {
    let question = asked.engine.offsets(queries, isolation);
    let found = asked.part("open transactions (offsets)", question).await;
    let known = |o: PartitionOffset| Some((o.partition, o.offset?));
    let found = found.into_value(missing)?;
    Some(found.into_iter().filter_map(known).collect())
}

/// What leaders and coordinators tell of the transactions in held partitions.
async fn seen(
    asked: Asked<'_>,
    held: Vec<Held>,
    now_ms: i64,
    missing: &mut Vec<Missing>,
) -> Option<Vec<OpenTransaction>> {
    let partitions: Vec<TopicPartition> = held.iter().map(|h| h.partition.clone()).collect();
    let producers = asked
        .part("open transactions", asked.engine.producers(&partitions))
        .await
        .into_value(missing)?;
    let coordinators = coordinators(asked, &producers, missing).await;
    let by_partition: BTreeMap<&TopicPartition, &Held> =
        held.iter().map(|h| (&h.partition, h)).collect();
    let mut open = Vec::new();
    for of in &producers {
        let held = by_partition.get(&of.partition);
        for producer in &of.producers {
            let Some(start) = producer.open_since_offset else {
                continue;
            };
            let described = coordinators.described.get(&producer.producer_id);
            let ongoing = described.filter(|d| d.partitions.contains(&of.partition));
            let began_ms = ongoing
                .and_then(|d| d.start_ms)
                .or(producer.last_timestamp_ms);
            open.push(OpenTransaction {
                partition: of.partition.clone(),
                producer_id: producer.producer_id,
                transactional_id: described.map(|d| d.transactional_id.clone()),
                start_offset: Some(start),
                last_stable_offset: held.map(|h| h.stable),
                high_watermark: held.map(|h| h.end),
                age_ms: began_ms.map(|ms| now_ms.saturating_sub(ms).max(0)),
                timeout_ms: described.map(|d| d.timeout_ms),
                known_to_coordinator: match ongoing {
                    Some(_) => Some(true),
                    // Who is not listed by all coordinators is known to none.
                    None => coordinators.whole.then_some(false),
                },
            });
        }
    }
    Some(open)
}

/// Transactions by producer id, and whether all coordinators told theirs.
struct Coordinators {
    described: BTreeMap<i64, TransactionDescription>,
    whole: bool,
}

async fn coordinators(
    asked: Asked<'_>,
    producers: &[PartitionProducers],
    missing: &mut Vec<Missing>,
) -> Coordinators {
    let ids: BTreeSet<i64> = producers
        .iter()
        .flat_map(|p| &p.producers)
        .filter(|p| p.open_since_offset.is_some())
        .map(|p| p.producer_id)
        .collect();
    let mut gaps = Vec::new();
    let mut described = BTreeMap::new();
    if !ids.is_empty() {
        let filter = TransactionFilter {
            producer_ids: ids.into_iter().collect(),
            ..TransactionFilter::default()
        };
        let question = asked.engine.transactions(&filter);
        let listed = asked.part("transactions of coordinators", question).await;
        let names: Vec<String> = listed
            .into_value(&mut gaps)
            .unwrap_or_default()
            .into_iter()
            .map(|t| t.transactional_id)
            .collect();
        if !names.is_empty() {
            let question = asked.engine.describe_transactions(&names);
            let found = asked.part("transactions of coordinators", question).await;
            let found = found.into_value(&mut gaps).unwrap_or_default();
            described.extend(found.into_iter().map(|t| (t.producer_id, t)));
        }
    }
    let whole = gaps.is_empty();
    missing.extend(gaps);
    Coordinators { described, whole }
}
