//! Fetch: full fetches with long polling. No fetch sessions (every answer has session 0, so clients
//! keep asking in full) and no follower fetching.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::fetch_request::FetchPartition;
use kafka_protocol::messages::fetch_response::{
    FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData,
};
use kafka_protocol::messages::{BrokerId, FetchRequest, FetchResponse};
use tokio::time::Instant;

use super::led;
use crate::cluster::State;
use crate::dispatch::Context;
use crate::wire::{code, text};

/// Longest wait that a client may ask for.
const MAX_WAIT: Duration = Duration::from_secs(300);
/// Most record bytes in one answer (`fetch.max.bytes` of the broker).
const MAX_BYTES: usize = 55 << 20;

pub(crate) async fn fetch(context: &Context, request: FetchRequest, version: i16) -> FetchResponse {
    if request.session_id != 0 {
        return FetchResponse::default().with_error_code(code::FETCH_SESSION_NOT_FOUND);
    }
    let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)).min(MAX_WAIT);
    let deadline = Instant::now() + wait;
    let wanted = usize::try_from(request.min_bytes).unwrap_or(0);
    let mut changes = context.cluster.changes();
    loop {
        changes.mark_unchanged();
        let found = collect(context, &request, version);
        let enough = found.record_bytes >= wanted || found.has_error || request.topics.is_empty();
        if enough || Instant::now() >= deadline {
            return found.response;
        }
        if !matches!(
            tokio::time::timeout_at(deadline, changes.changed()).await,
            Ok(Ok(()))
        ) {
            return collect(context, &request, version).response;
        }
    }
}

struct Found {
    response: FetchResponse,
    record_bytes: usize,
    has_error: bool,
}

fn collect(context: &Context, request: &FetchRequest, version: i16) -> Found {
    let state = context.cluster.state();
    let mut found = Found {
        response: FetchResponse::default(),
        record_bytes: 0,
        has_error: false,
    };
    let mut left = usize::try_from(request.max_bytes)
        .unwrap_or(0)
        .min(MAX_BYTES);
    let mut redirected = Vec::new();
    for topic in &request.topics {
        let by_id = version >= 13;
        let name = if by_id {
            state.names.get(&topic.topic_id).map(String::as_str)
        } else {
            Some(topic.topic.as_str())
        };
        let mut row = FetchableTopicResponse::default();
        row = if by_id {
            row.with_topic_id(topic.topic_id)
        } else {
            row.with_topic(topic.topic.clone())
        };
        for asked in &topic.partitions {
            let read = match name {
                None => Err(code::UNKNOWN_TOPIC_ID),
                Some(name) => read(
                    &state,
                    context.node,
                    name,
                    asked,
                    left,
                    found.record_bytes == 0,
                ),
            };
            match read {
                Ok((data, size_bytes)) => {
                    found.record_bytes += size_bytes;
                    left = left.saturating_sub(size_bytes);
                    row.partitions.push(
                        data.with_aborted_transactions(
                            (request.isolation_level == 1).then(Vec::new),
                        ),
                    );
                }
                Err(error) => {
                    found.has_error = true;
                    let mut data = failed(asked.partition, error);
                    let moved = matches!(error, code::NOT_LEADER | code::FENCED_LEADER_EPOCH);
                    if let Some(partition) = name
                        .and_then(|name| state.partition(name, asked.partition))
                        .filter(|_| moved && version >= 12)
                    {
                        data = data.with_current_leader(
                            LeaderIdAndEpoch::default()
                                .with_leader_id(BrokerId(partition.leader))
                                .with_leader_epoch(partition.leader_epoch),
                        );
                        redirected.push(partition.leader);
                    }
                    row.partitions.push(data);
                }
            }
        }
        found.response.responses.push(row);
    }
    drop(state);
    redirected.sort_unstable();
    redirected.dedup();
    if version >= 16 {
        found.response.node_endpoints = redirected
            .into_iter()
            .filter_map(|id| context.cluster.node(id))
            .map(|node| {
                NodeEndpoint::default()
                    .with_node_id(BrokerId(node.id))
                    .with_host(text(&node.address.ip().to_string()))
                    .with_port(i32::from(node.address.port()))
                    .with_rack(Some(text(&node.rack)))
            })
            .collect();
    }
    found
}

fn failed(partition: i32, error: i16) -> PartitionData {
    PartitionData::default()
        .with_partition_index(partition)
        .with_error_code(error)
        .with_high_watermark(-1)
        .with_last_stable_offset(-1)
        .with_log_start_offset(-1)
        .with_records(Some(Bytes::new()))
}

fn read(
    state: &State,
    node: i32,
    topic: &str,
    asked: &FetchPartition,
    left: usize,
    first: bool,
) -> Result<(PartitionData, usize), i16> {
    let partition = led(
        state,
        node,
        topic,
        asked.partition,
        asked.current_leader_epoch,
    )?;
    let log = &partition.log;
    if asked.fetch_offset < log.start() || asked.fetch_offset > log.end() {
        return Err(code::OFFSET_OUT_OF_RANGE);
    }
    let most = usize::try_from(asked.partition_max_bytes)
        .unwrap_or(0)
        .min(left);
    let (batches, size_bytes) = log.read(asked.fetch_offset, most, first);
    let records = match <[Bytes; 1]>::try_from(batches) {
        Ok([one]) => one,
        Err(batches) => {
            let mut joined = BytesMut::with_capacity(size_bytes);
            for batch in &batches {
                joined.extend_from_slice(batch);
            }
            joined.freeze()
        }
    };
    let data = PartitionData::default()
        .with_partition_index(asked.partition)
        .with_high_watermark(log.end())
        .with_last_stable_offset(log.end())
        .with_log_start_offset(log.start())
        .with_records(Some(records));
    Ok((data, size_bytes))
}

/// Answers every partition with the same code.
pub(super) fn refused(request: &FetchRequest, error: i16, version: i16) -> FetchResponse {
    let topics = request.topics.iter().map(|topic| {
        let rows = topic
            .partitions
            .iter()
            .map(|asked| failed(asked.partition, error));
        let row = FetchableTopicResponse::default().with_partitions(rows.collect());
        if version >= 13 {
            row.with_topic_id(topic.topic_id)
        } else {
            row.with_topic(topic.topic.clone())
        }
    });
    FetchResponse::default().with_responses(topics.collect())
}
