//! Gathers what the judgement of open transactions needs. The cost is two ListOffsets a leader; only
//! the partitions that something holds back are asked for producers, and only the transactional ids
//! of those are looked up.

use crate::problem::Error;
use kafkaweave_client::kafka::{Engine, KafkaError};
use kafkaweave_core::diagnose::transactions::{
    Coordinators, DEFAULT_MAX_TIMEOUT_MS, Ends, Evidence, OpenTransaction, Standing, judge,
    producer_ids,
};
use kafkaweave_core::model::{
    Isolation, Missing, OffsetSpec, Partial, PartitionProducers, TopicPartition,
    TransactionDescription, TransactionFilter, TransactionListing,
};
use std::collections::{BTreeMap, BTreeSet};

/// What was found in the partitions that were searched.
#[derive(Debug, Default)]
pub struct Opened {
    /// Open transactions, hanging ones first.
    pub open: Vec<OpenTransaction>,
    /// Partitions whose ends are known.
    pub searched: usize,
    /// Of those, the ones whose last stable offset is behind the high watermark.
    pub held: usize,
}

/// Open transactions that hold back any of `partitions`, judged.
///
/// # Errors
/// When no ends at all can be had.
pub async fn open_transactions(
    engine: &dyn Engine,
    partitions: &[TopicPartition],
    now_ms: i64,
    missing: &mut Vec<Missing>,
) -> Result<Opened, Error> {
    let ends = ends(engine, partitions, missing).await?;
    let held = ends.iter().filter(|(_, e)| e.held());
    let held: Vec<_> = held.map(|(partition, _)| partition.clone()).collect();
    let open = of_partitions(engine, &held, &ends, now_ms, missing).await?;
    Ok(Opened {
        open,
        searched: ends.len(),
        held: held.len(),
    })
}

/// Open transactions of these partitions, whatever they hold back, judged.
///
/// # Errors
/// When no metadata can be had.
pub async fn of_partitions(
    engine: &dyn Engine,
    partitions: &[TopicPartition],
    ends: &BTreeMap<TopicPartition, Ends>,
    now_ms: i64,
    missing: &mut Vec<Missing>,
) -> Result<Vec<OpenTransaction>, Error> {
    if partitions.is_empty() {
        return Ok(Vec::new());
    }
    let producers = engine.producers(partitions).await?.into_value(missing);
    let ids = producer_ids(&producers);
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let coordinators = coordinators(engine, ids, missing).await;
    let evidence = Evidence {
        producers: &producers,
        ends,
        coordinators: Coordinators {
            listings: &coordinators.listings,
            descriptions: &coordinators.descriptions,
            incomplete: coordinators.incomplete.as_deref(),
        },
        again: None,
        // Young ones are suspected for now, and looked at a second time.
        max_timeout_ms: DEFAULT_MAX_TIMEOUT_MS,
        now_ms,
    };
    let first = judge(&evidence);
    let suspects = suspects(&first);
    if suspects.is_empty() {
        return Ok(first);
    }
    let nobodys = first
        .iter()
        .any(|t| t.standing <= Standing::Suspected && t.transactional_id.is_none());
    let hidden = nobodys && rights_hide_ids(engine).await;
    let again = second_look(engine, &suspects, missing).await;
    let incomplete = match evidence.coordinators.incomplete {
        None if hidden => Some(HIDDEN),
        known => known,
    };
    Ok(judge(&Evidence {
        again: Some(&again),
        coordinators: Coordinators {
            incomplete,
            ..evidence.coordinators
        },
        ..evidence
    }))
}

const HIDDEN: &str =
    "Kafka hides transactional ids that this principal may not describe, and this may be one";

/// Partitions whose transactions the coordinators do not know.
fn suspects(first: &[OpenTransaction]) -> Vec<TopicPartition> {
    let suspected =
        |t: &&OpenTransaction| matches!(t.standing, Standing::Hanging | Standing::Suspected);
    let of: BTreeSet<_> = first
        .iter()
        .filter(suspected)
        .map(|t| t.partition.clone())
        .collect();
    of.into_iter().collect()
}

async fn second_look(
    engine: &dyn Engine,
    partitions: &[TopicPartition],
    missing: &mut Vec<Missing>,
) -> Vec<PartitionProducers> {
    match engine.producers(partitions).await {
        // A gap here shows in the standing of the transaction.
        Ok(again) => again.value,
        Err(error) => {
            missing.push(Missing {
                what: "a second look at producers".into(),
                broker: None,
                why: error.to_string(),
            });
            Vec::new()
        }
    }
}

/// Last stable offset and high watermark of each partition, one request a leader for either.
///
/// # Errors
/// When no metadata can be had.
pub async fn ends(
    engine: &dyn Engine,
    partitions: &[TopicPartition],
    missing: &mut Vec<Missing>,
) -> Result<BTreeMap<TopicPartition, Ends>, Error> {
    let queries: Vec<_> = partitions
        .iter()
        .map(|p| (p.clone(), OffsetSpec::Latest))
        .collect();
    // One after the other, and the high watermark first: asked for at once, records that arrive in
    // between would look like held ones.
    let high = engine.offsets(&queries, Isolation::ReadUncommitted).await?;
    let high = high.into_value(missing);
    // A leader that has not answered is not waited for a second time.
    let queries: Vec<_> = high
        .iter()
        .map(|o| (o.partition.clone(), OffsetSpec::Latest))
        .collect();
    let stable = engine.offsets(&queries, Isolation::ReadCommitted).await?;
    let mut stable: BTreeMap<_, _> = stable
        .into_value(missing)
        .into_iter()
        .filter_map(|o| Some((o.partition, o.offset?)))
        .collect();
    let both = high.into_iter().filter_map(|o| {
        let last_stable_offset = stable.remove(&o.partition)?;
        let ends = Ends {
            last_stable_offset,
            high_watermark: o.offset?,
        };
        Some((o.partition, ends))
    });
    Ok(both.collect())
}

/// The coordinators' view of producer ids.
#[derive(Default)]
struct Known {
    listings: Vec<TransactionListing>,
    descriptions: Vec<TransactionDescription>,
    incomplete: Option<String>,
}

async fn coordinators(engine: &dyn Engine, ids: Vec<i64>, missing: &mut Vec<Missing>) -> Known {
    let filter = TransactionFilter {
        producer_ids: ids,
        ..TransactionFilter::default()
    };
    let listed = match engine.transactions(&filter).await {
        Ok(listed) => listed,
        Err(error) => {
            missing.push(Missing {
                what: "what the coordinators know of open transactions".into(),
                broker: None,
                why: error.to_string(),
            });
            return Known {
                incomplete: Some(format!("no coordinator could be asked: {error}")),
                ..Known::default()
            };
        }
    };
    let incomplete = listed.missing.first().map(|gap| match gap.broker {
        Some(broker) => format!("broker {broker} did not list its own: {}", gap.why),
        None => gap.why.clone(),
    });
    let listings = listed.into_value(missing);
    let names: Vec<_> = listings
        .iter()
        .map(|l| l.transactional_id.clone())
        .collect();
    let descriptions = describe(engine, &names).await.into_value(missing);
    Known {
        listings,
        descriptions,
        incomplete,
    }
}

/// Transactional ids in full; where none can be had, that is a gap as well.
pub async fn describe(
    engine: &dyn Engine,
    names: &[String],
) -> Partial<Vec<TransactionDescription>> {
    if names.is_empty() {
        return Partial::default();
    }
    engine
        .describe_transactions(names)
        .await
        .unwrap_or_else(|error| Partial {
            value: Vec::new(),
            missing: vec![Missing {
                what: "descriptions of transactions".into(),
                broker: None,
                why: error.to_string(),
            }],
        })
}

/// Whether this principal may not describe any transactional id whatever. Kafka leaves those that it
/// may not describe out of a list without a word, and refuses even one that does not exist.
async fn rights_hide_ids(engine: &dyn Engine) -> bool {
    let nobodys = ["kafkaweave-looks-for-rights".to_string()];
    matches!(
        engine.describe_transactions(&nobodys).await,
        Err(KafkaError::NotAuthorized { .. })
    )
}
