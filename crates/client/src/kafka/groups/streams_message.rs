//! StreamsGroupDescribe (API 89, version 0, KIP-1071), which the codec crate does not have.
//!
//! Field order and types are those of Kafka's message definition; all of it is flexible, so
//! strings and arrays are compact and every structure ends in tagged fields. What no reader here
//! wants (changelog offsets, client tags, topic configurations) is stepped over when decoding and
//! empty when encoding. Counts are checked against the bytes left before they are believed.

use super::wire::{
    array, boolean, in_range, int16, int32, int64, integers, no_tags, nullable, put_array,
    put_count, put_integers, put_nullable_string, put_string, put_tags, size, string, strings,
    text,
};
use kafka_protocol::messages::GroupId;
use kafka_protocol::protocol::buf::{ByteBuf, ByteBufMut};
use kafka_protocol::protocol::{
    Decodable, Encodable, HeaderVersion, Message, Request, StrBytes, VersionRange,
};

/// API key.
const KEY: i16 = 89;
const VERSIONS: VersionRange = VersionRange { min: 0, max: 0 };
/// Kafka's "not asked for".
const NO_OPERATIONS: i32 = i32::MIN;

/// Asks for groups by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StreamsGroupDescribeRequest {
    pub(super) group_ids: Vec<GroupId>,
    pub(super) include_authorized_operations: bool,
}

/// The groups asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StreamsGroupDescribeResponse {
    pub(super) throttle_time_ms: i32,
    pub(super) groups: Vec<DescribedGroup>,
}

/// One group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DescribedGroup {
    pub(super) error_code: i16,
    pub(super) error_message: Option<StrBytes>,
    pub(super) group_id: StrBytes,
    pub(super) group_state: StrBytes,
    pub(super) group_epoch: i32,
    pub(super) assignment_epoch: i32,
    /// Empty as well while the topology is not initialized or its source topics are missing.
    pub(super) subtopologies: Vec<Subtopology>,
    pub(super) members: Vec<StreamsMember>,
}

/// One part of a topology.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Subtopology {
    pub(super) subtopology_id: StrBytes,
    pub(super) source_topics: Vec<StrBytes>,
    /// Names of the repartition topics that it reads.
    pub(super) repartition_source_topics: Vec<StrBytes>,
}

/// One member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StreamsMember {
    pub(super) member_id: StrBytes,
    pub(super) member_epoch: i32,
    pub(super) instance_id: Option<StrBytes>,
    pub(super) rack_id: Option<StrBytes>,
    pub(super) client_id: StrBytes,
    pub(super) client_host: StrBytes,
    pub(super) topology_epoch: i32,
    pub(super) process_id: StrBytes,
    pub(super) assignment: Assignment,
    pub(super) target_assignment: Assignment,
    /// Has not changed over from the classic protocol yet.
    pub(super) is_classic: bool,
}

/// Tasks of a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) active_tasks: Vec<TaskIds>,
    pub(super) standby_tasks: Vec<TaskIds>,
    pub(super) warmup_tasks: Vec<TaskIds>,
}

/// Tasks of one sub-topology.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TaskIds {
    pub(super) subtopology_id: StrBytes,
    pub(super) partitions: Vec<i32>,
}

impl Message for StreamsGroupDescribeRequest {
    const VERSIONS: VersionRange = VERSIONS;
    const DEPRECATED_VERSIONS: Option<VersionRange> = None;
}

impl HeaderVersion for StreamsGroupDescribeRequest {
    fn header_version(_version: i16) -> i16 {
        2
    }
}

impl Request for StreamsGroupDescribeRequest {
    const KEY: i16 = KEY;
    type Response = StreamsGroupDescribeResponse;
}

impl Encodable for StreamsGroupDescribeRequest {
    fn encode<B: ByteBufMut>(&self, buf: &mut B, version: i16) -> anyhow::Result<()> {
        in_range(version, VERSIONS)?;
        put_array(buf, &self.group_ids, |buf, id| put_string(buf, id))?;
        buf.put_u8(u8::from(self.include_authorized_operations));
        put_tags(buf);
        Ok(())
    }

    fn compute_size(&self, version: i16) -> anyhow::Result<usize> {
        size(self, version)
    }
}

impl Decodable for StreamsGroupDescribeRequest {
    fn decode<B: ByteBuf>(buf: &mut B, version: i16) -> anyhow::Result<Self> {
        in_range(version, VERSIONS)?;
        let group_ids = array(buf, |buf| Ok(GroupId(string(buf)?)))?;
        let include_authorized_operations = boolean(buf)?;
        no_tags(buf)?;
        Ok(Self {
            group_ids,
            include_authorized_operations,
        })
    }
}

impl Message for StreamsGroupDescribeResponse {
    const VERSIONS: VersionRange = VERSIONS;
    const DEPRECATED_VERSIONS: Option<VersionRange> = None;
}

impl HeaderVersion for StreamsGroupDescribeResponse {
    fn header_version(_version: i16) -> i16 {
        1
    }
}

impl Decodable for StreamsGroupDescribeResponse {
    fn decode<B: ByteBuf>(buf: &mut B, version: i16) -> anyhow::Result<Self> {
        in_range(version, VERSIONS)?;
        let throttle_time_ms = int32(buf)?;
        let groups = array(buf, group)?;
        no_tags(buf)?;
        Ok(Self {
            throttle_time_ms,
            groups,
        })
    }
}

fn group<B: ByteBuf>(buf: &mut B) -> anyhow::Result<DescribedGroup> {
    let read = DescribedGroup {
        error_code: int16(buf)?,
        error_message: text(buf)?,
        group_id: string(buf)?,
        group_state: string(buf)?,
        group_epoch: int32(buf)?,
        assignment_epoch: int32(buf)?,
        subtopologies: nullable(buf, topology)?.unwrap_or_default(),
        members: array(buf, member)?,
    };
    int32(buf)?; // authorized operations
    no_tags(buf)?;
    Ok(read)
}

fn topology<B: ByteBuf>(buf: &mut B) -> anyhow::Result<Vec<Subtopology>> {
    int32(buf)?; // epoch
    let subtopologies = array(buf, subtopology)?;
    no_tags(buf)?;
    Ok(subtopologies)
}

fn subtopology<B: ByteBuf>(buf: &mut B) -> anyhow::Result<Subtopology> {
    let subtopology_id = string(buf)?;
    let source_topics = strings(buf)?;
    strings(buf)?; // repartition topics that it writes
    array(buf, topic_info)?; // changelogs
    let repartition_source_topics = array(buf, topic_info)?;
    no_tags(buf)?;
    Ok(Subtopology {
        subtopology_id,
        source_topics,
        repartition_source_topics,
    })
}

/// The name; partitions, replication factor and configurations are stepped over.
fn topic_info<B: ByteBuf>(buf: &mut B) -> anyhow::Result<StrBytes> {
    let name = string(buf)?;
    int32(buf)?;
    int16(buf)?;
    array(buf, key_value)?;
    no_tags(buf)?;
    Ok(name)
}

fn key_value<B: ByteBuf>(buf: &mut B) -> anyhow::Result<()> {
    string(buf)?;
    string(buf)?;
    no_tags(buf)
}

fn member<B: ByteBuf>(buf: &mut B) -> anyhow::Result<StreamsMember> {
    let mut read = StreamsMember {
        member_id: string(buf)?,
        member_epoch: int32(buf)?,
        instance_id: text(buf)?,
        rack_id: text(buf)?,
        client_id: string(buf)?,
        client_host: string(buf)?,
        topology_epoch: int32(buf)?,
        process_id: string(buf)?,
        ..StreamsMember::default()
    };
    nullable(buf, |buf| {
        // The end point for interactive queries: host and port.
        string(buf)?;
        int16(buf)?;
        no_tags(buf)
    })?;
    array(buf, key_value)?; // client tags
    array(buf, task_offset)?;
    array(buf, task_offset)?;
    read.assignment = assignment(buf)?;
    read.target_assignment = assignment(buf)?;
    read.is_classic = boolean(buf)?;
    no_tags(buf)?;
    Ok(read)
}

fn task_offset<B: ByteBuf>(buf: &mut B) -> anyhow::Result<()> {
    string(buf)?;
    int32(buf)?;
    int64(buf)?;
    no_tags(buf)
}

fn assignment<B: ByteBuf>(buf: &mut B) -> anyhow::Result<Assignment> {
    let read = Assignment {
        active_tasks: array(buf, task_ids)?,
        standby_tasks: array(buf, task_ids)?,
        warmup_tasks: array(buf, task_ids)?,
    };
    no_tags(buf)?;
    Ok(read)
}

fn task_ids<B: ByteBuf>(buf: &mut B) -> anyhow::Result<TaskIds> {
    let read = TaskIds {
        subtopology_id: string(buf)?,
        partitions: integers(buf)?,
    };
    no_tags(buf)?;
    Ok(read)
}

impl Encodable for StreamsGroupDescribeResponse {
    fn encode<B: ByteBufMut>(&self, buf: &mut B, version: i16) -> anyhow::Result<()> {
        in_range(version, VERSIONS)?;
        buf.put_i32(self.throttle_time_ms);
        put_array(buf, &self.groups, put_group)?;
        put_tags(buf);
        Ok(())
    }

    fn compute_size(&self, version: i16) -> anyhow::Result<usize> {
        size(self, version)
    }
}

fn put_group<B: ByteBufMut>(buf: &mut B, group: &DescribedGroup) -> anyhow::Result<()> {
    buf.put_i16(group.error_code);
    put_nullable_string(buf, group.error_message.as_ref())?;
    put_string(buf, &group.group_id)?;
    put_string(buf, &group.group_state)?;
    buf.put_i32(group.group_epoch);
    buf.put_i32(group.assignment_epoch);
    if group.subtopologies.is_empty() {
        buf.put_i8(-1);
    } else {
        buf.put_i8(1);
        buf.put_i32(0);
        put_array(buf, &group.subtopologies, put_subtopology)?;
        put_tags(buf);
    }
    put_array(buf, &group.members, put_member)?;
    buf.put_i32(NO_OPERATIONS);
    put_tags(buf);
    Ok(())
}

fn put_subtopology<B: ByteBufMut>(buf: &mut B, of: &Subtopology) -> anyhow::Result<()> {
    put_string(buf, &of.subtopology_id)?;
    put_array(buf, &of.source_topics, |buf, topic| put_string(buf, topic))?;
    put_count(buf, 0)?;
    put_count(buf, 0)?;
    put_array(buf, &of.repartition_source_topics, |buf, topic| {
        put_string(buf, topic)?;
        buf.put_i32(0);
        buf.put_i16(0);
        put_count(buf, 0)?;
        put_tags(buf);
        Ok(())
    })?;
    put_tags(buf);
    Ok(())
}

fn put_member<B: ByteBufMut>(buf: &mut B, member: &StreamsMember) -> anyhow::Result<()> {
    put_string(buf, &member.member_id)?;
    buf.put_i32(member.member_epoch);
    put_nullable_string(buf, member.instance_id.as_ref())?;
    put_nullable_string(buf, member.rack_id.as_ref())?;
    put_string(buf, &member.client_id)?;
    put_string(buf, &member.client_host)?;
    buf.put_i32(member.topology_epoch);
    put_string(buf, &member.process_id)?;
    buf.put_i8(-1);
    for _ in 0..3 {
        put_count(buf, 0)?;
    }
    put_assignment(buf, &member.assignment)?;
    put_assignment(buf, &member.target_assignment)?;
    buf.put_u8(u8::from(member.is_classic));
    put_tags(buf);
    Ok(())
}

fn put_assignment<B: ByteBufMut>(buf: &mut B, of: &Assignment) -> anyhow::Result<()> {
    for tasks in [&of.active_tasks, &of.standby_tasks, &of.warmup_tasks] {
        put_array(buf, tasks, |buf, task| {
            put_string(buf, &task.subtopology_id)?;
            put_integers(buf, &task.partitions)?;
            put_tags(buf);
            Ok(())
        })?;
    }
    put_tags(buf);
    Ok(())
}

#[cfg(test)]
mod tests;
