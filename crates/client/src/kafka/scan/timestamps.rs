//! Timestamps of the first records at given positions: what time lag is made of.
//!
//! Each leader is asked for the beginning of many partitions at once, whatever the number of
//! topics. A partition that several groups stand in at different offsets is asked once per
//! position. One pass and a second for what the first left open; there is no hunt for a moving
//! leader, as an unknown time lag is an answer too.

use super::chunk::{Chunk, Wanted, search};
use super::codec::Decompressor;
use super::fetch::{self, Ask};
use crate::kafka::code::code;
use crate::kafka::route::{Router, TopicLeaders};
use bytes::Bytes;
use futures::stream::{FuturesUnordered, StreamExt};
use kafka_protocol::messages::{FetchRequest, FetchResponse};
use kafkaweave_core::model::{Isolation, ScanOrder, TopicPartition};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::AtomicBool;
use tokio::time::Instant;
use uuid::Uuid;

/// A position and, in time, its answer.
type Position = (TopicPartition, i64);

/// Enough for the first batch of most producers; a larger first batch is asked for again, alone.
const FIRST_BYTES: i32 = 64 << 10;
/// The largest first batch that is asked for.
const LARGE_BYTES: i32 = 16 << 20;
/// Partitions per request: bounds an answer to 4 MiB.
const PER_REQUEST: usize = 64;

/// Answers every position with the epoch ms of the first record there or after it, or why not.
pub(crate) async fn timestamps(
    router: &Router,
    positions: &[Position],
    deadline: Instant,
) -> HashMap<Position, Result<i64, String>> {
    let mut answers = HashMap::new();
    let work = async {
        first_round(router, positions, FIRST_BYTES, PER_REQUEST, &mut answers).await;
        let open: Vec<Position> = positions
            .iter()
            .filter(|p| !answers.contains_key(*p))
            .cloned()
            .collect();
        // Alone in its request, a first batch of any size is given whole (KIP-74).
        first_round(router, &open, LARGE_BYTES, 1, &mut answers).await;
    };
    let _ = tokio::time::timeout_at(deadline, work).await;
    let why = if Instant::now() < deadline {
        "no record is at or after it"
    } else {
        "it could not be read in time"
    };
    for position in positions {
        answers
            .entry(position.clone())
            .or_insert_with(|| Err(why.into()));
    }
    answers
}

async fn first_round(
    router: &Router,
    positions: &[Position],
    max_bytes: i32,
    per_request: usize,
    answers: &mut HashMap<Position, Result<i64, String>>,
) {
    let topics: HashSet<&str> = positions.iter().map(|(p, _)| p.topic.as_str()).collect();
    let topics: Vec<String> = topics.into_iter().map(String::from).collect();
    if topics.is_empty() {
        return;
    }
    let leaders = match router.leaders_of(&topics, false).await {
        Ok(leaders) => leaders,
        Err(error) => {
            answers.extend(
                positions
                    .iter()
                    .map(|p| (p.clone(), Err(error.to_string()))),
            );
            return;
        }
    };
    let mut by_leader: BTreeMap<(i32, usize), Vec<Position>> = BTreeMap::new();
    let mut layers: HashMap<&TopicPartition, usize> = HashMap::new();
    for position in positions {
        match leader(&leaders, &position.0) {
            Ok(broker) => {
                // A partition may be in one request only once.
                let layer = layers.entry(&position.0).or_default();
                by_leader
                    .entry((broker, *layer))
                    .or_default()
                    .push(position.clone());
                *layer += 1;
            }
            Err(why) => {
                answers.insert(position.clone(), Err(why));
            }
        }
    }
    let mut calls: FuturesUnordered<_> = by_leader
        .iter()
        .flat_map(|((broker, _), own)| own.chunks(per_request).map(move |chunk| (*broker, chunk)))
        .map(|(broker, chunk)| ask(router, broker, chunk, &leaders, max_bytes))
        .collect();
    while let Some(part) = calls.next().await {
        answers.extend(part);
    }
}

fn leader(
    leaders: &HashMap<String, Result<TopicLeaders, crate::kafka::KafkaError>>,
    partition: &TopicPartition,
) -> Result<i32, String> {
    match leaders.get(&partition.topic) {
        Some(Ok(topic)) => topic
            .partitions
            .get(&partition.partition)
            .and_then(|l| l.broker)
            .ok_or_else(|| format!("{partition} has no leader")),
        Some(Err(error)) => Err(error.to_string()),
        None => Err(format!("topic `{}` does not exist", partition.topic)),
    }
}

async fn ask(
    router: &Router,
    broker: i32,
    positions: &[Position],
    leaders: &HashMap<String, Result<TopicLeaders, crate::kafka::KafkaError>>,
    max_bytes: i32,
) -> Vec<(Position, Result<i64, String>)> {
    let mut topics: BTreeMap<&str, Vec<Ask>> = BTreeMap::new();
    for (partition, offset) in positions {
        let ask = Ask {
            partition: partition.partition,
            offset: *offset,
            max_bytes,
        };
        topics.entry(&partition.topic).or_default().push(ask);
    }
    let id = |topic: &str| {
        leaders
            .get(topic)
            .and_then(|l| l.as_ref().ok())
            .and_then(|l| l.topic_id)
    };
    let whole = max_bytes.saturating_mul(i32::try_from(positions.len()).unwrap_or(i32::MAX));
    let build = |version: i16| -> FetchRequest {
        let one = |(topic, asks): (&&str, &Vec<Ask>)| {
            fetch::request(
                version,
                topic,
                id(topic),
                Isolation::ReadUncommitted,
                whole,
                asks,
            )
        };
        let mut requests = topics.iter().map(one);
        let mut request = requests.next().unwrap_or_default();
        request.topics.extend(requests.flat_map(|r| r.topics));
        request.with_max_wait_ms(0).with_min_bytes(0)
    };
    match router.call(broker, build).await {
        Err(error) => positions
            .iter()
            .map(|p| (p.clone(), Err(error.to_string())))
            .collect(),
        Ok((response, _)) => read(response, positions, &id),
    }
}

/// Positions that the answer settles. One whose first batch was cut off is left open.
fn read(
    response: FetchResponse,
    positions: &[Position],
    id: &dyn Fn(&str) -> Option<Uuid>,
) -> Vec<(Position, Result<i64, String>)> {
    let mut settled = Vec::with_capacity(positions.len());
    for topic in &response.responses {
        for data in &topic.partitions {
            let position = positions.iter().find(|(p, _)| {
                p.partition == data.partition_index
                    && (p.topic == topic.topic.as_str()
                        || id(&p.topic).is_some_and(|id| id == topic.topic_id))
            });
            let Some(position) = position else { continue };
            let subject = format!("{}", position.0);
            if let Some(error) = code(data.error_code, "Fetch", &subject, None) {
                settled.push((position.clone(), Err(error.to_string())));
                continue;
            }
            let records = data.records.clone().unwrap_or_default();
            if records.is_empty() {
                settled.push((position.clone(), Err("no record is there yet".into())));
            } else if let Some(answer) = first(position, records) {
                settled.push((position.clone(), answer));
            }
        }
    }
    settled
}

fn first(position: &Position, bytes: Bytes) -> Option<Result<i64, String>> {
    let wanted = Wanted {
        predicate: None,
        count_by: None,
        order: ScanOrder::Earliest,
        limit: Some(1),
        payload_limit_bytes: 0,
        stopped: AtomicBool::new(false),
    };
    let chunk = Chunk {
        partition: position.0.partition,
        bytes,
        start: position.1,
        end: i64::MAX,
        aborted: None,
    };
    let found = search(&chunk, &wanted, &mut Decompressor::default());
    match (found.matches.front(), found.damaged.first()) {
        (Some(record), _) => Some(
            record
                .timestamp_ms
                .ok_or_else(|| "its record has no timestamp".into()),
        ),
        (None, Some(damaged)) => Some(Err(format!(
            "damaged at {}: {}",
            damaged.offset, damaged.why
        ))),
        (None, None) => None,
    }
}
