//! OffsetFetch of many groups (KIP-709), read straight into the core's rows.
//!
//! A cluster's answers hold a row for each group and partition: a hundred thousand are not rare.
//! The codec's own types would take more memory than the rows themselves, and be thrown away at
//! once. The request is the codec's. Versions that name topics by id are not taken.

use super::wire::{array, count, in_range, int16, int32, int64, no_tags, size, string, text};
use kafka_protocol::messages::offset_fetch_response as answer;
use kafka_protocol::messages::{GroupId, OffsetFetchRequest, OffsetFetchResponse, TopicName};
use kafka_protocol::protocol::buf::{ByteBuf, ByteBufMut};
use kafka_protocol::protocol::{
    Decodable, Encodable, HeaderVersion, Message, Request, StrBytes, VersionRange,
};
use kafkaweave_core::model::{CommittedOffset, TopicPartition};
use std::collections::BTreeMap;

/// From KIP-709 on, and before topics have ids only.
const VERSIONS: VersionRange = VersionRange { min: 8, max: 9 };

/// A row takes at least this much of an answer.
const LEAST_BYTES: usize = 20;

/// Asks for the offsets of groups in all their topics.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct GroupsOffsetsRequest(pub(super) OffsetFetchRequest);

/// Offsets by group.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct GroupsOffsetsResponse {
    pub(super) groups: Vec<AnsweredGroup>,
}

/// One group.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct AnsweredGroup {
    pub(super) group_id: StrBytes,
    pub(super) error_code: i16,
    /// What is committed, by topic and partition. Rows of nothing committed (-1) are left out.
    pub(super) offsets: Vec<CommittedOffset>,
    /// Partitions that the coordinator could not tell of, and Kafka's error.
    pub(super) errors: Vec<(TopicPartition, i16)>,
}

impl Message for GroupsOffsetsRequest {
    const VERSIONS: VersionRange = VERSIONS;
    const DEPRECATED_VERSIONS: Option<VersionRange> = None;
}

impl HeaderVersion for GroupsOffsetsRequest {
    fn header_version(version: i16) -> i16 {
        OffsetFetchRequest::header_version(version)
    }
}

impl Request for GroupsOffsetsRequest {
    const KEY: i16 = OffsetFetchRequest::KEY;
    type Response = GroupsOffsetsResponse;
}

impl Encodable for GroupsOffsetsRequest {
    fn encode<B: ByteBufMut>(&self, buf: &mut B, version: i16) -> anyhow::Result<()> {
        in_range(version, VERSIONS)?;
        self.0.encode(buf, version)
    }

    fn compute_size(&self, version: i16) -> anyhow::Result<usize> {
        self.0.compute_size(version)
    }
}

impl Decodable for GroupsOffsetsRequest {
    fn decode<B: ByteBuf>(buf: &mut B, version: i16) -> anyhow::Result<Self> {
        in_range(version, VERSIONS)?;
        OffsetFetchRequest::decode(buf, version).map(Self)
    }
}

impl Message for GroupsOffsetsResponse {
    const VERSIONS: VersionRange = VERSIONS;
    const DEPRECATED_VERSIONS: Option<VersionRange> = None;
}

impl HeaderVersion for GroupsOffsetsResponse {
    fn header_version(_version: i16) -> i16 {
        1
    }
}

impl Decodable for GroupsOffsetsResponse {
    fn decode<B: ByteBuf>(buf: &mut B, version: i16) -> anyhow::Result<Self> {
        in_range(version, VERSIONS)?;
        int32(buf)?; // throttle time
        let groups = array(buf, group)?;
        no_tags(buf)?;
        Ok(Self { groups })
    }
}

impl Encodable for GroupsOffsetsResponse {
    fn encode<B: ByteBufMut>(&self, buf: &mut B, version: i16) -> anyhow::Result<()> {
        in_range(version, VERSIONS)?;
        let groups = self.groups.iter().map(AnsweredGroup::sent).collect();
        OffsetFetchResponse::default()
            .with_groups(groups)
            .encode(buf, version)
    }

    fn compute_size(&self, version: i16) -> anyhow::Result<usize> {
        size(self, version)
    }
}

impl AnsweredGroup {
    /// In the codec's form.
    fn sent(&self) -> answer::OffsetFetchResponseGroup {
        let committed = self.offsets.iter().map(|row| {
            let partition = answer::OffsetFetchResponsePartitions::default()
                .with_partition_index(row.partition)
                .with_committed_offset(row.offset)
                .with_committed_leader_epoch(row.leader_epoch.unwrap_or(-1))
                .with_metadata(Some(StrBytes::from_string(row.metadata.clone())));
            (row.topic.as_str(), partition)
        });
        let refused = self.errors.iter().map(|(of, error)| {
            let partition = answer::OffsetFetchResponsePartitions::default()
                .with_partition_index(of.partition)
                .with_committed_offset(-1)
                .with_error_code(*error);
            (of.topic.as_str(), partition)
        });
        let mut topics: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (topic, partition) in committed.chain(refused) {
            topics.entry(topic).or_default().push(partition);
        }
        let topics = topics.into_iter().map(|(name, partitions)| {
            answer::OffsetFetchResponseTopics::default()
                .with_name(TopicName(StrBytes::from_string(name.to_owned())))
                .with_partitions(partitions)
        });
        answer::OffsetFetchResponseGroup::default()
            .with_group_id(GroupId(self.group_id.clone()))
            .with_error_code(self.error_code)
            .with_topics(topics.collect())
    }
}

fn group<B: ByteBuf>(buf: &mut B) -> anyhow::Result<AnsweredGroup> {
    let group_id = string(buf)?;
    let mut errors = Vec::new();
    let mut topics = Vec::new();
    for _ in 0..count(buf)? {
        topics.push(topic(buf, &mut errors)?);
    }
    let error_code = int16(buf)?;
    no_tags(buf)?;
    // The broker gives them in no order.
    topics.sort_by(|a, b| a.0.cmp(&b.0));
    errors.sort();
    let mut offsets = Vec::with_capacity(topics.iter().map(|(_, rows)| rows.len()).sum());
    for (_, mut rows) in topics {
        rows.sort_by_key(|row| row.partition);
        offsets.append(&mut rows);
    }
    Ok(AnsweredGroup {
        group_id,
        error_code,
        offsets,
        errors,
    })
}

fn topic<B: ByteBuf>(
    buf: &mut B,
    errors: &mut Vec<(TopicPartition, i16)>,
) -> anyhow::Result<(StrBytes, Vec<CommittedOffset>)> {
    let name = string(buf)?;
    let count = count(buf)?;
    let mut rows = Vec::with_capacity(count.min(buf.remaining() / LEAST_BYTES));
    for _ in 0..count {
        let partition = int32(buf)?;
        let offset = int64(buf)?;
        let leader_epoch = int32(buf)?;
        let metadata = text(buf)?;
        let error = int16(buf)?;
        no_tags(buf)?;
        if error != 0 {
            errors.push((TopicPartition::new(name.as_str(), partition), error));
        } else if offset >= 0 {
            rows.push(CommittedOffset {
                topic: name.to_string(),
                partition,
                offset,
                leader_epoch: (leader_epoch >= 0).then_some(leader_epoch),
                metadata: metadata.map_or_else(String::new, |note| note.to_string()),
                lag: None,
            });
        }
    }
    no_tags(buf)?;
    Ok((name, rows))
}

#[cfg(test)]
mod tests;
