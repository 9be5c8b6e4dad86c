//! DescribeShareGroupOffsets (API 90, KIP-932) at versions 0 and 1.
//!
//! The codec crate stops at version 0. Version 1 adds the lag that the coordinator counts, and
//! without it the start offset misleads: records behind it may all be acknowledged.

use super::wire::{
    array, in_range, int16, int32, int64, no_tags, nullable_array, put_array, put_nullable_string,
    put_string, put_tags, size, skip_uuid, string, text,
};
use kafka_protocol::messages::GroupId;
use kafka_protocol::protocol::buf::{ByteBuf, ByteBufMut};
use kafka_protocol::protocol::{
    Decodable, Encodable, HeaderVersion, Message, Request, StrBytes, VersionRange,
};

/// API key.
const KEY: i16 = 90;
const VERSIONS: VersionRange = VersionRange { min: 0, max: 1 };
/// From this version on the coordinator tells the lag.
const WITH_LAG: i16 = 1;

/// Asks for the offsets of groups in all their topics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ShareOffsetsRequest {
    pub(super) groups: Vec<GroupId>,
}

/// Offsets by group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ShareOffsetsResponse {
    pub(super) throttle_time_ms: i32,
    pub(super) groups: Vec<ShareGroup>,
}

/// One group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ShareGroup {
    pub(super) group_id: StrBytes,
    pub(super) topics: Vec<ShareTopic>,
    pub(super) error_code: i16,
    pub(super) error_message: Option<StrBytes>,
}

/// One topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ShareTopic {
    pub(super) topic: StrBytes,
    pub(super) partitions: Vec<SharePartition>,
}

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SharePartition {
    pub(super) partition: i32,
    /// -1 when there is none yet.
    pub(super) start_offset: i64,
    pub(super) leader_epoch: i32,
    /// -1 when it is not known, always at version 0.
    pub(super) lag: i64,
    pub(super) error_code: i16,
    pub(super) error_message: Option<StrBytes>,
}

impl Message for ShareOffsetsRequest {
    const VERSIONS: VersionRange = VERSIONS;
    const DEPRECATED_VERSIONS: Option<VersionRange> = None;
}

impl HeaderVersion for ShareOffsetsRequest {
    fn header_version(_version: i16) -> i16 {
        2
    }
}

impl Request for ShareOffsetsRequest {
    const KEY: i16 = KEY;
    type Response = ShareOffsetsResponse;
}

impl Encodable for ShareOffsetsRequest {
    fn encode<B: ByteBufMut>(&self, buf: &mut B, version: i16) -> anyhow::Result<()> {
        in_range(version, VERSIONS)?;
        put_array(buf, &self.groups, |buf, group| {
            put_string(buf, group)?;
            // Null topics: all.
            buf.put_u8(0);
            put_tags(buf);
            Ok(())
        })?;
        put_tags(buf);
        Ok(())
    }

    fn compute_size(&self, version: i16) -> anyhow::Result<usize> {
        size(self, version)
    }
}

impl Decodable for ShareOffsetsRequest {
    fn decode<B: ByteBuf>(buf: &mut B, version: i16) -> anyhow::Result<Self> {
        in_range(version, VERSIONS)?;
        let groups = array(buf, |buf| {
            let group = GroupId(string(buf)?);
            let topics = nullable_array(buf, |_| Ok(()))?;
            anyhow::ensure!(topics.is_none(), "topics by name are not supported");
            no_tags(buf)?;
            Ok(group)
        })?;
        no_tags(buf)?;
        Ok(Self { groups })
    }
}

impl Message for ShareOffsetsResponse {
    const VERSIONS: VersionRange = VERSIONS;
    const DEPRECATED_VERSIONS: Option<VersionRange> = None;
}

impl HeaderVersion for ShareOffsetsResponse {
    fn header_version(_version: i16) -> i16 {
        1
    }
}

impl Decodable for ShareOffsetsResponse {
    fn decode<B: ByteBuf>(buf: &mut B, version: i16) -> anyhow::Result<Self> {
        in_range(version, VERSIONS)?;
        let throttle_time_ms = int32(buf)?;
        let groups = array(buf, |buf| group(buf, version))?;
        no_tags(buf)?;
        Ok(Self {
            throttle_time_ms,
            groups,
        })
    }
}

fn group<B: ByteBuf>(buf: &mut B, version: i16) -> anyhow::Result<ShareGroup> {
    let read = ShareGroup {
        group_id: string(buf)?,
        topics: array(buf, |buf| topic(buf, version))?,
        error_code: int16(buf)?,
        error_message: text(buf)?,
    };
    no_tags(buf)?;
    Ok(read)
}

fn topic<B: ByteBuf>(buf: &mut B, version: i16) -> anyhow::Result<ShareTopic> {
    let topic = string(buf)?;
    skip_uuid(buf)?;
    let partitions = array(buf, |buf| partition(buf, version))?;
    no_tags(buf)?;
    Ok(ShareTopic { topic, partitions })
}

fn partition<B: ByteBuf>(buf: &mut B, version: i16) -> anyhow::Result<SharePartition> {
    let read = SharePartition {
        partition: int32(buf)?,
        start_offset: int64(buf)?,
        leader_epoch: int32(buf)?,
        lag: if version >= WITH_LAG { int64(buf)? } else { -1 },
        error_code: int16(buf)?,
        error_message: text(buf)?,
    };
    no_tags(buf)?;
    Ok(read)
}

impl Encodable for ShareOffsetsResponse {
    fn encode<B: ByteBufMut>(&self, buf: &mut B, version: i16) -> anyhow::Result<()> {
        in_range(version, VERSIONS)?;
        buf.put_i32(self.throttle_time_ms);
        put_array(buf, &self.groups, |buf, group| {
            put_string(buf, &group.group_id)?;
            put_array(buf, &group.topics, |buf, topic| {
                put_string(buf, &topic.topic)?;
                buf.put_slice(&[0; 16]);
                put_array(buf, &topic.partitions, |buf, partition| {
                    put_partition(buf, partition, version)
                })?;
                put_tags(buf);
                Ok(())
            })?;
            buf.put_i16(group.error_code);
            put_nullable_string(buf, group.error_message.as_ref())?;
            put_tags(buf);
            Ok(())
        })?;
        put_tags(buf);
        Ok(())
    }

    fn compute_size(&self, version: i16) -> anyhow::Result<usize> {
        size(self, version)
    }
}

fn put_partition<B: ByteBufMut>(
    buf: &mut B,
    of: &SharePartition,
    version: i16,
) -> anyhow::Result<()> {
    buf.put_i32(of.partition);
    buf.put_i64(of.start_offset);
    buf.put_i32(of.leader_epoch);
    if version >= WITH_LAG {
        buf.put_i64(of.lag);
    }
    buf.put_i16(of.error_code);
    put_nullable_string(buf, of.error_message.as_ref())?;
    put_tags(buf);
    Ok(())
}

#[cfg(test)]
mod tests;
