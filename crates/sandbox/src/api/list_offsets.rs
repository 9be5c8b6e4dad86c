//! ListOffsets and OffsetForLeaderEpoch.

use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};
use kafka_protocol::messages::{
    ListOffsetsRequest, ListOffsetsResponse, OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
};

use super::led;
use crate::cluster::Partition;
use crate::dispatch::Context;
use crate::log::Stamp;
use crate::wire::code;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;

pub(crate) fn list_offsets(
    context: &Context,
    request: &ListOffsetsRequest,
    version: i16,
) -> ListOffsetsResponse {
    let state = context.cluster.state();
    let topics = request.topics.iter().map(|topic| {
        let rows = topic.partitions.iter().map(|asked| {
            let row = ListOffsetsPartitionResponse::default()
                .with_partition_index(asked.partition_index)
                .with_timestamp(-1)
                .with_offset(-1);
            let found = led(
                &state,
                context.node,
                &topic.name,
                asked.partition_index,
                asked.current_leader_epoch,
            )
            .and_then(|partition| lookup(partition, asked.timestamp, version));
            match found {
                Err(error) => row.with_error_code(error),
                Ok(None) => row,
                Ok(Some(stamp)) => {
                    let row = row
                        .with_timestamp(stamp.timestamp_ms)
                        .with_offset(stamp.offset);
                    if version >= 4 {
                        row.with_leader_epoch(stamp.leader_epoch)
                    } else {
                        row
                    }
                }
            }
        });
        ListOffsetsTopicResponse::default()
            .with_name(topic.name.clone())
            .with_partitions(rows.collect())
    });
    ListOffsetsResponse::default().with_topics(topics.collect())
}

fn lookup(partition: &Partition, timestamp: i64, version: i16) -> Result<Option<Stamp>, i16> {
    let log = &partition.log;
    let at = |offset| {
        Some(Stamp {
            offset,
            timestamp_ms: -1,
            leader_epoch: partition.leader_epoch,
        })
    };
    Ok(match timestamp {
        LATEST => at(log.end()),
        EARLIEST => at(log.start()),
        MAX_TIMESTAMP if version >= 7 => log.latest_time(),
        EARLIEST_LOCAL if version >= 8 => at(log.start()),
        LATEST_TIERED if version >= 9 => None,
        i64::MIN..0 => return Err(code::UNSUPPORTED_VERSION),
        timestamp_ms => log.at_time(timestamp_ms),
    })
}

pub(crate) fn end_of_epoch(
    context: &Context,
    request: &OffsetForLeaderEpochRequest,
    _: i16,
) -> OffsetForLeaderEpochResponse {
    let state = context.cluster.state();
    let topics = request.topics.iter().map(|topic| {
        let rows = topic.partitions.iter().map(|asked| {
            let row = EpochEndOffset::default().with_partition(asked.partition);
            match led(
                &state,
                context.node,
                &topic.topic,
                asked.partition,
                asked.current_leader_epoch,
            ) {
                Err(error) => row.with_error_code(error),
                Ok(partition) => match partition
                    .log
                    .end_of_epoch(asked.leader_epoch, partition.leader_epoch)
                {
                    Some((epoch, end)) => row.with_leader_epoch(epoch).with_end_offset(end),
                    None => row,
                },
            }
        });
        OffsetForLeaderTopicResult::default()
            .with_topic(topic.topic.clone())
            .with_partitions(rows.collect())
    });
    OffsetForLeaderEpochResponse::default().with_topics(topics.collect())
}
