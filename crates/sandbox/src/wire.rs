//! Small conversions between Rust's types and the codec's, and Kafka's error codes by name.

use kafka_protocol::messages::{GroupId, TopicName};
use kafka_protocol::protocol::StrBytes;

/// A protocol string.
pub(crate) fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}

/// A protocol string that may be null.
pub(crate) fn maybe_text(value: Option<&str>) -> Option<StrBytes> {
    value.map(text)
}

/// A topic name.
pub(crate) fn topic_name(value: &str) -> TopicName {
    TopicName(text(value))
}

/// A group id.
pub(crate) fn group_id(value: &str) -> GroupId {
    GroupId(text(value))
}

/// Kafka's error codes that the sandbox answers with.
pub(crate) mod code {
    macro_rules! codes {
        ($($name:ident = $kind:ident;)*) => {
            $(pub(crate) const $name: i16 = kafka_protocol::error::ResponseError::$kind.code();)*
        };
    }
    codes! {
        OFFSET_OUT_OF_RANGE = OffsetOutOfRange;
        CORRUPT_MESSAGE = CorruptMessage;
        UNKNOWN_TOPIC_OR_PARTITION = UnknownTopicOrPartition;
        LEADER_NOT_AVAILABLE = LeaderNotAvailable;
        NOT_LEADER = NotLeaderOrFollower;
        MESSAGE_TOO_LARGE = MessageTooLarge;
        OFFSET_METADATA_TOO_LARGE = OffsetMetadataTooLarge;
        COORDINATOR_NOT_AVAILABLE = CoordinatorNotAvailable;
        NOT_COORDINATOR = NotCoordinator;
        INVALID_TOPIC = InvalidTopicException;
        NOT_ENOUGH_REPLICAS = NotEnoughReplicas;
        INVALID_REQUIRED_ACKS = InvalidRequiredAcks;
        ILLEGAL_GENERATION = IllegalGeneration;
        INCONSISTENT_GROUP_PROTOCOL = InconsistentGroupProtocol;
        INVALID_GROUP_ID = InvalidGroupId;
        UNKNOWN_MEMBER_ID = UnknownMemberId;
        INVALID_SESSION_TIMEOUT = InvalidSessionTimeout;
        REBALANCE_IN_PROGRESS = RebalanceInProgress;
        UNSUPPORTED_VERSION = UnsupportedVersion;
        TOPIC_ALREADY_EXISTS = TopicAlreadyExists;
        INVALID_PARTITIONS = InvalidPartitions;
        INVALID_REPLICATION_FACTOR = InvalidReplicationFactor;
        INVALID_REPLICA_ASSIGNMENT = InvalidReplicaAssignment;
        INVALID_CONFIG = InvalidConfig;
        INVALID_REQUEST = InvalidRequest;
        POLICY_VIOLATION = PolicyViolation;
        OUT_OF_ORDER_SEQUENCE = OutOfOrderSequenceNumber;
        INVALID_PRODUCER_EPOCH = InvalidProducerEpoch;
        NON_EMPTY_GROUP = NonEmptyGroup;
        GROUP_ID_NOT_FOUND = GroupIdNotFound;
        FETCH_SESSION_NOT_FOUND = FetchSessionIdNotFound;
        FENCED_LEADER_EPOCH = FencedLeaderEpoch;
        UNKNOWN_LEADER_EPOCH = UnknownLeaderEpoch;
        MEMBER_ID_REQUIRED = MemberIdRequired;
        GROUP_MAX_SIZE_REACHED = GroupMaxSizeReached;
        FENCED_INSTANCE_ID = FencedInstanceId;
        GROUP_SUBSCRIBED_TO_TOPIC = GroupSubscribedToTopic;
        INVALID_RECORD = InvalidRecord;
        UNKNOWN_TOPIC_ID = UnknownTopicId;
        FENCED_MEMBER_EPOCH = FencedMemberEpoch;
        UNSUPPORTED_ASSIGNOR = UnsupportedAssignor;
        STALE_MEMBER_EPOCH = StaleMemberEpoch;
    }
    /// `UNSUPPORTED_ENDPOINT_TYPE` (KIP-919).
    pub(crate) const UNSUPPORTED_ENDPOINT_TYPE: i16 = 115;
}
