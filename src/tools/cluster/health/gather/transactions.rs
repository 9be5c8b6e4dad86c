//! Transactions that hold the last stable offset of a partition back, as its leader and their
//! coordinators see them.
//!
//! High watermarks are read first and last stable offsets after them, so that a difference is an
//! open transaction and not what was written between the two.

use super::{Asked, Part, left_out};
use kafkaweave_core::diagnose::transactions::{
    Coordinators, DEFAULT_MAX_TIMEOUT_MS, Ends, Evidence, OpenTransaction, judge, producer_ids,
};
use kafkaweave_core::model::{
    Isolation, Missing, OffsetSpec, Partial, PartitionOffset, Topic, TopicPartition,
    TransactionFilter,
};
use std::collections::BTreeMap;

/// Partitions whose offsets are compared.
const MOST_PARTITIONS: usize = 20_000;

/// Held partitions whose producers are asked for.
const MOST_HELD: usize = 1_000;

/// Where Kafka keeps transactions: without it there never was one.
const STATE_TOPIC: &str = "__transaction_state";

/// What those who know are asked for.
const COORDINATORS: &str = "open transactions (coordinators)";

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

/// Partitions in which records wait behind an open transaction.
async fn held(asked: Asked<'_>, topics: &[Topic], missing: &mut Vec<Missing>) -> Option<BTreeMap<TopicPartition, Ends>> {
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
    let mut held: BTreeMap<TopicPartition, Ends> = stable
        .into_iter()
        .filter_map(|(partition, last_stable_offset)| {
            let high_watermark = *ends.get(&partition)?;
            let ends = Ends {
                last_stable_offset,
                high_watermark,
            };
            ends.held().then_some((partition, ends))
        })
        .collect();
    if held.len() > MOST_HELD {
        let instead = "kafka_transaction_list lists open transactions";
        let what = "transactions in further held partitions";
        missing.push(left_out(what, MOST_HELD, held.len(), instead));
        held = held.into_iter().take(MOST_HELD).collect();
    }
    Some(held)
}

async fn offsets(
    asked: Asked<'_>,
    queries: &[(TopicPartition, OffsetSpec)],
    isolation: Isolation,
    missing: &mut Vec<Missing>,
) -> Option<BTreeMap<TopicPartition, i64>> {
    let question = asked.engine.offsets(queries, isolation);
    let found = asked.part("open transactions (offsets)", question).await;
    let known = |o: PartitionOffset| Some((o.partition, o.offset?));
    let found = found.into_value(missing)?;
    Some(found.into_iter().filter_map(known).collect())
}

/// What leaders and coordinators tell of the transactions in held partitions, and the leaders once
/// more, as a transaction may end between two questions.
async fn seen(
    asked: Asked<'_>,
    ends: BTreeMap<TopicPartition, Ends>,
    now_ms: i64,
    missing: &mut Vec<Missing>,
) -> Option<Vec<OpenTransaction>> {
    let partitions: Vec<TopicPartition> = ends.keys().cloned().collect();
    let question = asked.engine.producers(&partitions);
    let producers = asked.part("open transactions", question).await;
    let producers = producers.into_value(missing)?;
    let ids = producer_ids(&producers);
    if ids.is_empty() {
        return Some(Vec::new());
    }
    let mut gaps = Vec::new();
    let filter = TransactionFilter {
        producer_ids: ids,
        ..TransactionFilter::default()
    };
    let question = asked.engine.transactions(&filter);
    let listed = asked.part(COORDINATORS, question).await;
    let listings = listed.into_value(&mut gaps).unwrap_or_default();
    let names: Vec<String> = listings
        .iter()
        .map(|t| t.transactional_id.clone())
        .collect();
    let mut descriptions = Vec::new();
    if !names.is_empty() {
        let question = asked.engine.describe_transactions(&names);
        let described = asked.part(COORDINATORS, question).await;
        descriptions = described.into_value(&mut gaps).unwrap_or_default();
    }
    let question = asked.engine.producers(&partitions);
    let again = asked.part("open transactions", question).await;
    let again = again.into_value(&mut gaps);
    let incomplete = gaps.first().map(|gap| format!("{}: {}", gap.what, gap.why));
    let open = judge(&Evidence {
        producers: &producers,
        ends: &ends,
        coordinators: Coordinators {
            listings: &listings,
            descriptions: &descriptions,
            incomplete: incomplete.as_deref(),
        },
        again: again.as_deref(),
        max_timeout_ms: DEFAULT_MAX_TIMEOUT_MS,
        now_ms,
    });
    missing.extend(gaps);
    Some(open)
}
