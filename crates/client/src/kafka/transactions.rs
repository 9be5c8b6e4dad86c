//! Transactions as their coordinators see them (KIP-664): each broker lists those that it
//! coordinates, and is asked for some hundred of them in full at once.

use super::KafkaError;
use super::code::{
    COORDINATOR_LOADING, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR, api_name, code,
};
use super::coordinated::coordinated;
use super::route::{Keys, Router, TRIES, back_off, lost};
use futures::future::join_all;
use kafka_protocol::messages::describe_transactions_response::TransactionState;
use kafka_protocol::messages::{
    ApiKey, DescribeTransactionsRequest, DescribeTransactionsResponse, ListTransactionsRequest,
    ProducerId, TransactionalId,
};
use kafka_protocol::protocol::StrBytes;
use kafkaweave_core::model::{
    Missing, Partial, TopicPartition, TransactionDescription, TransactionFilter, TransactionListing,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// From this version on, a least duration can be asked for (KIP-994).
const WITH_DURATION: i16 = 1;

/// Ids per request: an answer is some hundred bytes an id.
const IDS_PER_REQUEST: usize = 500;

/// How many ids a gap names.
const NAMED: usize = 5;

/// TRANSACTIONAL_ID_NOT_FOUND.
const NOT_FOUND: i16 = 105;

/// The request for a list.
pub(crate) fn list_request(filter: &TransactionFilter, version: i16) -> ListTransactionsRequest {
    let states = filter.states.iter().cloned().map(StrBytes::from_string);
    let request = ListTransactionsRequest::default()
        .with_state_filters(states.collect())
        .with_producer_id_filters(
            filter
                .producer_ids
                .iter()
                .copied()
                .map(ProducerId)
                .collect(),
        );
    match filter.min_duration_ms {
        Some(ms) if version >= WITH_DURATION => request.with_duration_filter(ms.max(0)),
        _ => request,
    }
}

/// The request for ids in full.
pub(crate) fn describe_request(ids: &[String]) -> DescribeTransactionsRequest {
    let id = |id: &String| TransactionalId(StrBytes::from_string(id.clone()));
    DescribeTransactionsRequest::default().with_transactional_ids(ids.iter().map(id).collect())
}

/// Transactional ids by name.
///
/// # Errors
/// When no broker gave its list.
pub(crate) async fn list(
    router: &Router,
    filter: &TransactionFilter,
) -> Result<Partial<Vec<TransactionListing>>, KafkaError> {
    let brokers = router.brokers().await?;
    let calls = brokers
        .into_iter()
        .map(|broker| async move { (broker, listed_by(router, broker, filter).await) });
    coordinated(join_all(calls).await, "transactions", |one| {
        one.transactional_id.clone()
    })
}

async fn listed_by(
    router: &Router,
    broker: i32,
    filter: &TransactionFilter,
) -> Result<Vec<TransactionListing>, KafkaError> {
    let mut attempt = 1;
    loop {
        let (answer, _) = router
            .call(broker, |version| list_request(filter, version))
            .await?;
        match answer.error_code {
            0 => {}
            COORDINATOR_LOADING | COORDINATOR_NOT_AVAILABLE if attempt < TRIES => {
                tokio::time::sleep(back_off(attempt)).await;
                attempt += 1;
                continue;
            }
            number => {
                let subject = format!("broker {broker}");
                if let Some(error) = code(number, "ListTransactions", &subject, None) {
                    return Err(error);
                }
            }
        }
        // Not an error to Kafka, but the list would be short without a word.
        if let Some(state) = answer.unknown_state_filters.first() {
            return Err(KafkaError::NotOffered {
                operation: format!("transaction state `{state}`"),
                by: format!("broker {broker}"),
            });
        }
        let listed = answer
            .transaction_states
            .iter()
            .map(|one| TransactionListing {
                transactional_id: one.transactional_id.0.to_string(),
                producer_id: one.producer_id.0,
                state: one.transaction_state.to_string(),
                coordinator: broker,
            });
        return Ok(listed.collect());
    }
}

/// What came of one id: the broker that was asked last, and its answer.
type Outcome = (Option<i32>, Result<TransactionDescription, KafkaError>);

/// Transactional ids in full, in the order asked for. One whose coordinator has moved, is still
/// loading or has gone is looked up and asked again, a few times with pauses.
///
/// # Errors
/// The first failure, when not one id was described.
pub(crate) async fn describe(
    router: &Router,
    ids: &[String],
) -> Result<Partial<Vec<TransactionDescription>>, KafkaError> {
    let mut outcomes: BTreeMap<String, Outcome> = BTreeMap::new();
    let unique: BTreeSet<_> = ids.iter().cloned().collect();
    let mut open: Vec<String> = unique.into_iter().collect();
    for attempt in 1..=TRIES {
        if attempt > 1 {
            tokio::time::sleep(back_off(attempt - 1)).await;
        }
        let found = match router.coordinators(Keys::Transactions, &open).await {
            Ok(found) => found,
            Err(error) if attempt == 1 => return Err(error),
            // What failed before has failed as it did.
            Err(_) => break,
        };
        let mut by_broker: BTreeMap<i32, Vec<String>> = BTreeMap::new();
        for (id, coordinator) in found {
            match coordinator {
                Ok(broker) => by_broker.entry(broker).or_default().push(id),
                Err(error) => {
                    outcomes.entry(id).or_insert((None, Err(error)));
                }
            }
        }
        open = round(router, by_broker, &mut outcomes).await;
        if open.is_empty() {
            break;
        }
    }
    into_partial(ids, outcomes)
}

/// Asks all coordinators side by side; ids that are worth another try come back.
async fn round(
    router: &Router,
    by_broker: BTreeMap<i32, Vec<String>>,
    outcomes: &mut BTreeMap<String, Outcome>,
) -> Vec<String> {
    let calls = by_broker.into_iter().map(|(broker, ids)| async move {
        let mut answers = Vec::new();
        for batch in ids.chunks(IDS_PER_REQUEST) {
            let outcome = router.call(broker, |_| describe_request(batch)).await;
            answers.push((batch.to_vec(), outcome.map(|(answer, _)| answer)));
        }
        (broker, answers)
    });
    let mut again = Vec::new();
    for (broker, answers) in join_all(calls).await {
        for (batch, outcome) in answers {
            let rows = outcome.as_ref().map(by_id);
            for id in batch {
                let (outcome, passing) = match &rows {
                    Ok(rows) => read(&id, broker, rows.get(id.as_str()).copied()),
                    // A broker that is gone hands its ids over; one that is slow keeps them.
                    Err(error) => {
                        let slow = matches!(error, KafkaError::Timeout { .. });
                        (Err((*error).clone()), lost(error) && !slow)
                    }
                };
                if passing {
                    again.push(id.clone());
                }
                outcomes.insert(id, (Some(broker), outcome));
            }
        }
    }
    again
}

fn by_id(answer: &DescribeTransactionsResponse) -> HashMap<&str, &TransactionState> {
    let rows = answer.transaction_states.iter();
    rows.map(|one| (one.transactional_id.as_str(), one))
        .collect()
}

/// One row, and whether another try may do better.
fn read(
    id: &str,
    broker: i32,
    row: Option<&TransactionState>,
) -> (Result<TransactionDescription, KafkaError>, bool) {
    let Some(row) = row else {
        let left_out = KafkaError::Protocol {
            address: format!("broker {broker}"),
            step: api_name(ApiKey::DescribeTransactions as i16),
            reason: format!("it leaves out `{id}`"),
        };
        return (Err(left_out), false);
    };
    if row.error_code == NOT_FOUND {
        return (Err(Keys::Transactions.unknown(id)), false);
    }
    let subject = format!("transactional id `{id}`");
    if let Some(error) = code(row.error_code, "DescribeTransactions", &subject, None) {
        let passing = matches!(
            row.error_code,
            COORDINATOR_LOADING | COORDINATOR_NOT_AVAILABLE | NOT_COORDINATOR
        );
        return (Err(error), passing);
    }
    let mut partitions: Vec<_> = row
        .topics
        .iter()
        .flat_map(|topic| {
            let of = |p: &i32| TopicPartition::new(topic.topic.0.to_string(), *p);
            topic.partitions.iter().map(of)
        })
        .collect();
    partitions.sort();
    let described = TransactionDescription {
        transactional_id: id.to_owned(),
        state: row.transaction_state.to_string(),
        producer_id: row.producer_id.0,
        producer_epoch: row.producer_epoch,
        timeout_ms: i64::from(row.transaction_timeout_ms),
        start_ms: (row.transaction_start_time_ms >= 0).then_some(row.transaction_start_time_ms),
        partitions,
        coordinator: broker,
    };
    (Ok(described), false)
}

fn into_partial(
    ids: &[String],
    outcomes: BTreeMap<String, Outcome>,
) -> Result<Partial<Vec<TransactionDescription>>, KafkaError> {
    let mut described = BTreeMap::new();
    // Ids that failed alike share a gap.
    let mut failed: BTreeMap<(Option<i32>, String), Vec<String>> = BTreeMap::new();
    let mut first = None;
    for (id, (broker, outcome)) in outcomes {
        match outcome {
            Ok(one) => {
                described.insert(id, one);
            }
            Err(error) => {
                failed
                    .entry((broker, error.to_string()))
                    .or_default()
                    .push(id);
                first.get_or_insert(error);
            }
        }
    }
    match first {
        Some(error) if described.is_empty() => Err(error),
        _ => Ok(Partial {
            value: ids.iter().filter_map(|id| described.remove(id)).collect(),
            missing: failed.into_iter().map(gap).collect(),
        }),
    }
}

fn gap(((broker, why), ids): ((Option<i32>, String), Vec<String>)) -> Missing {
    let named: Vec<_> = ids.iter().take(NAMED).map(|id| format!("`{id}`")).collect();
    let word = if ids.len() == 1 { "id" } else { "ids" };
    let more = match ids.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Missing {
        what: format!("transactional {word} {}{more}", named.join(", ")),
        broker,
        why,
    }
}

#[cfg(test)]
mod tests;
