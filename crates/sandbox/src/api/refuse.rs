//! The answer that refuses a whole request with one error code, for the fault hooks.
//!
//! The code goes where a client looks for it: at the top level where the response has one, else into
//! every item that was asked for. A Metadata request for all topics below v13 has no place for a code
//! and is answered without topics.

use kafka_protocol::messages::*;
use kafka_protocol::protocol::Request;

use super::{fetch, membership, offsets, produce};
use crate::wire::text;

/// A request that can be refused as a whole.
pub(crate) trait Refuse: Request {
    /// The response that says `error` and nothing else.
    fn refuse(&self, error: i16, version: i16) -> Self::Response;

    /// Whether the client expects an answer at all.
    fn awaits_answer(&self) -> bool {
        true
    }
}

macro_rules! at_top_level {
    ($($request:ident)*) => {
        $(impl Refuse for $request {
            fn refuse(&self, error: i16, _: i16) -> Self::Response {
                <Self::Response>::default().with_error_code(error)
            }
        })*
    };
}

at_top_level! {
    HeartbeatRequest LeaveGroupRequest SyncGroupRequest ListGroupsRequest ApiVersionsRequest InitProducerIdRequest
    DescribeAclsRequest ListPartitionReassignmentsRequest OffsetDeleteRequest DescribeClusterRequest
    DescribeQuorumRequest ConsumerGroupHeartbeatRequest
}

impl Refuse for ProduceRequest {
    fn refuse(&self, error: i16, version: i16) -> ProduceResponse {
        produce::refused(self, error, version)
    }

    fn awaits_answer(&self) -> bool {
        self.acks != 0
    }
}

impl Refuse for FetchRequest {
    fn refuse(&self, error: i16, version: i16) -> FetchResponse {
        fetch::refused(self, error, version)
    }
}

impl Refuse for ListOffsetsRequest {
    fn refuse(&self, error: i16, _: i16) -> ListOffsetsResponse {
        use list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
        let topics = self.topics.iter().map(|topic| {
            let rows = topic.partitions.iter().map(|asked| {
                let row = ListOffsetsPartitionResponse::default()
                    .with_partition_index(asked.partition_index);
                row.with_error_code(error)
                    .with_offset(-1)
                    .with_timestamp(-1)
            });
            ListOffsetsTopicResponse::default()
                .with_name(topic.name.clone())
                .with_partitions(rows.collect())
        });
        ListOffsetsResponse::default().with_topics(topics.collect())
    }
}

impl Refuse for MetadataRequest {
    fn refuse(&self, error: i16, version: i16) -> MetadataResponse {
        use metadata_response::MetadataResponseTopic;
        let topics = self.topics.iter().flatten().map(|topic| {
            let row = MetadataResponseTopic::default().with_error_code(error);
            let name = topic
                .name
                .clone()
                .or_else(|| (version < 12).then(TopicName::default));
            let row = row.with_name(name);
            if version >= 10 {
                row.with_topic_id(topic.topic_id)
            } else {
                row
            }
        });
        let response = MetadataResponse::default().with_topics(topics.collect());
        if version >= 13 {
            response.with_error_code(error)
        } else {
            response
        }
    }
}

impl Refuse for OffsetCommitRequest {
    fn refuse(&self, error: i16, _: i16) -> OffsetCommitResponse {
        offsets::refused_commit(self, error)
    }
}

impl Refuse for OffsetFetchRequest {
    fn refuse(&self, error: i16, version: i16) -> OffsetFetchResponse {
        offsets::refused_fetch(self, error, version)
    }
}

impl Refuse for FindCoordinatorRequest {
    fn refuse(&self, error: i16, version: i16) -> FindCoordinatorResponse {
        use find_coordinator_response::Coordinator;
        if version < 4 {
            return FindCoordinatorResponse::default()
                .with_error_code(error)
                .with_node_id(BrokerId(-1))
                .with_port(-1);
        }
        let rows = self.coordinator_keys.iter().map(|key| {
            Coordinator::default()
                .with_key(key.clone())
                .with_error_code(error)
                .with_node_id(BrokerId(-1))
                .with_port(-1)
        });
        FindCoordinatorResponse::default().with_coordinators(rows.collect())
    }
}

impl Refuse for JoinGroupRequest {
    fn refuse(&self, error: i16, version: i16) -> JoinGroupResponse {
        membership::refused_join(self, error, version)
    }
}

impl Refuse for DescribeGroupsRequest {
    fn refuse(&self, error: i16, _: i16) -> DescribeGroupsResponse {
        use describe_groups_response::DescribedGroup;
        let rows = self.groups.iter().map(|id| {
            DescribedGroup::default()
                .with_group_id(id.clone())
                .with_error_code(error)
        });
        DescribeGroupsResponse::default().with_groups(rows.collect())
    }
}

impl Refuse for CreateTopicsRequest {
    fn refuse(&self, error: i16, _: i16) -> CreateTopicsResponse {
        use create_topics_response::CreatableTopicResult;
        let rows = self.topics.iter().map(|topic| {
            CreatableTopicResult::default()
                .with_name(topic.name.clone())
                .with_error_code(error)
        });
        CreateTopicsResponse::default().with_topics(rows.collect())
    }
}

impl Refuse for DeleteTopicsRequest {
    fn refuse(&self, error: i16, version: i16) -> DeleteTopicsResponse {
        use delete_topics_response::DeletableTopicResult;
        let row = || DeletableTopicResult::default().with_error_code(error);
        let by_name = self
            .topic_names
            .iter()
            .map(|name| row().with_name(Some(name.clone())));
        let by_state = self.topics.iter().map(|topic| {
            let row = row().with_name(topic.name.clone());
            if version >= 6 {
                row.with_topic_id(topic.topic_id)
            } else {
                row
            }
        });
        DeleteTopicsResponse::default().with_responses(by_name.chain(by_state).collect())
    }
}

impl Refuse for DeleteRecordsRequest {
    fn refuse(&self, error: i16, _: i16) -> DeleteRecordsResponse {
        use delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
        let topics = self.topics.iter().map(|topic| {
            let rows = topic.partitions.iter().map(|asked| {
                let row = DeleteRecordsPartitionResult::default()
                    .with_partition_index(asked.partition_index);
                row.with_error_code(error).with_low_watermark(-1)
            });
            DeleteRecordsTopicResult::default()
                .with_name(topic.name.clone())
                .with_partitions(rows.collect())
        });
        DeleteRecordsResponse::default().with_topics(topics.collect())
    }
}

impl Refuse for OffsetForLeaderEpochRequest {
    fn refuse(&self, error: i16, _: i16) -> OffsetForLeaderEpochResponse {
        use offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult};
        let topics = self.topics.iter().map(|topic| {
            let rows = topic.partitions.iter().map(|asked| {
                EpochEndOffset::default()
                    .with_partition(asked.partition)
                    .with_error_code(error)
            });
            OffsetForLeaderTopicResult::default()
                .with_topic(topic.topic.clone())
                .with_partitions(rows.collect())
        });
        OffsetForLeaderEpochResponse::default().with_topics(topics.collect())
    }
}

impl Refuse for DescribeConfigsRequest {
    fn refuse(&self, error: i16, _: i16) -> DescribeConfigsResponse {
        use describe_configs_response::DescribeConfigsResult;
        let rows = self.resources.iter().map(|resource| {
            DescribeConfigsResult::default()
                .with_error_code(error)
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name.clone())
        });
        DescribeConfigsResponse::default().with_results(rows.collect())
    }
}

impl Refuse for DescribeLogDirsRequest {
    fn refuse(&self, error: i16, version: i16) -> DescribeLogDirsResponse {
        use describe_log_dirs_response::DescribeLogDirsResult;
        if version >= 3 {
            return DescribeLogDirsResponse::default().with_error_code(error);
        }
        let row = DescribeLogDirsResult::default()
            .with_error_code(error)
            .with_log_dir(text(""));
        DescribeLogDirsResponse::default().with_results(vec![row])
    }
}

impl Refuse for CreatePartitionsRequest {
    fn refuse(&self, error: i16, _: i16) -> CreatePartitionsResponse {
        use create_partitions_response::CreatePartitionsTopicResult;
        let rows = self.topics.iter();
        let rows = rows.map(|topic| {
            CreatePartitionsTopicResult::default()
                .with_name(topic.name.clone())
                .with_error_code(error)
        });
        CreatePartitionsResponse::default().with_results(rows.collect())
    }
}

impl Refuse for DeleteGroupsRequest {
    fn refuse(&self, error: i16, _: i16) -> DeleteGroupsResponse {
        use delete_groups_response::DeletableGroupResult;
        let rows = self.groups_names.iter().map(|id| {
            DeletableGroupResult::default()
                .with_group_id(id.clone())
                .with_error_code(error)
        });
        DeleteGroupsResponse::default().with_results(rows.collect())
    }
}

impl Refuse for IncrementalAlterConfigsRequest {
    fn refuse(&self, error: i16, _: i16) -> IncrementalAlterConfigsResponse {
        use incremental_alter_configs_response::AlterConfigsResourceResponse;
        let rows = self.resources.iter().map(|resource| {
            AlterConfigsResourceResponse::default()
                .with_error_code(error)
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name.clone())
        });
        IncrementalAlterConfigsResponse::default().with_responses(rows.collect())
    }
}

impl Refuse for ConsumerGroupDescribeRequest {
    fn refuse(&self, error: i16, _: i16) -> ConsumerGroupDescribeResponse {
        use consumer_group_describe_response::DescribedGroup;
        let rows = self.group_ids.iter().map(|id| {
            DescribedGroup::default()
                .with_group_id(id.clone())
                .with_error_code(error)
        });
        ConsumerGroupDescribeResponse::default().with_groups(rows.collect())
    }
}

impl Refuse for DescribeTopicPartitionsRequest {
    fn refuse(&self, error: i16, _: i16) -> DescribeTopicPartitionsResponse {
        use describe_topic_partitions_response::DescribeTopicPartitionsResponseTopic;
        let rows = self.topics.iter().map(|topic| {
            DescribeTopicPartitionsResponseTopic::default()
                .with_name(Some(topic.name.clone()))
                .with_error_code(error)
        });
        DescribeTopicPartitionsResponse::default().with_topics(rows.collect())
    }
}
