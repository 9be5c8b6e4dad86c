//! From a frame to an answer: which APIs and versions are offered, and who answers them.
//!
//! The table below is the whole offer. Versions are what both the codec and a 4.3 broker know. As a
//! broker does, anything outside closes the connection, but for ApiVersions, which is answered with
//! error 35 in version 0 so that the client can step down.

use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Message, Request};

use crate::api::{self, Refuse};
use crate::cluster::Cluster;
use crate::shape;
use crate::wire::code;

/// Who is asked by whom.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) cluster: Arc<Cluster>,
    /// Node that received the request.
    pub(crate) node: i32,
    pub(crate) client_id: String,
    /// As Kafka prints it, such as `/127.0.0.1`.
    pub(crate) client_host: String,
}

/// Header of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) api_key: i16,
    pub(crate) version: i16,
    pub(crate) correlation_id: i32,
    pub(crate) client_id: String,
}

/// One API on offer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer {
    pub(crate) api_key: i16,
    pub(crate) min: i16,
    pub(crate) max: i16,
    flexible: fn(i16) -> i16,
}

impl Offer {
    /// Versions that both directions of the codec know: they differ for some APIs.
    const fn of<R: Request>() -> Self {
        let (asks, answers) = (R::VERSIONS, <R::Response as Message>::VERSIONS);
        Self {
            api_key: R::KEY,
            min: if asks.min > answers.min {
                asks.min
            } else {
                answers.min
            },
            max: if asks.max < answers.max {
                asks.max
            } else {
                answers.max
            },
            flexible: R::header_version,
        }
    }

    /// Whether a version uses compact lengths and tagged fields.
    pub(crate) fn is_flexible(&self, version: i16) -> bool {
        (self.flexible)(version) >= 2
    }
}

macro_rules! offer {
    ($($mode:ident $request:ident => $handler:path;)*) => {
        /// Every API on offer, by key.
        pub(crate) const OFFERS: &[Offer] = &[$(Offer::of::<$request>()),*];

        /// The answer to a request as a frame, or `None` where the client expects none.
        /// With `refuse_with`, every item is refused with that code and nothing is done.
        ///
        /// # Errors
        /// Why the connection must be closed: a request that is not offered or cannot be read.
        pub(crate) async fn answer(
            context: &Context,
            call: &Call,
            mut body: Bytes,
            refuse_with: Option<i16>,
        ) -> Result<Option<Bytes>, &'static str> {
            if call.api_key == ApiVersionsRequest::KEY && !(0..=ApiVersionsRequest::VERSIONS.max).contains(&call.version) {
                return frame(call, 0, &api_versions(code::UNSUPPORTED_VERSION, 0)).map(Some);
            }
            let offer = OFFERS.iter().find(|offer| offer.api_key == call.api_key).ok_or("API not offered")?;
            if !(offer.min..=offer.max).contains(&call.version) {
                return Err("version not offered");
            }
            shape::check(call.api_key, call.version, offer.is_flexible(call.version), &body)?;
            let version = call.version;
            match call.api_key {
                $(<$request as Request>::KEY => {
                    let request = $request::decode(&mut body, version).map_err(|_| "request cannot be decoded")?;
                    let silent = !request.awaits_answer();
                    let response = match refuse_with {
                        Some(code) => request.refuse(code, version),
                        None => offer!(@$mode $handler, context, request, version),
                    };
                    if silent { Ok(None) } else { frame(call, version, &response).map(Some) }
                })*
                _ => Err("API not offered"),
            }
        }
    };
    (@now $handler:path, $context:expr, $request:expr, $version:expr) => { $handler($context, &$request, $version) };
    (@wait $handler:path, $context:expr, $request:expr, $version:expr) => { $handler($context, $request, $version).await };
}

offer! {
    now ProduceRequest => api::produce::produce;
    wait FetchRequest => api::fetch::fetch;
    now ListOffsetsRequest => api::list_offsets::list_offsets;
    now MetadataRequest => api::metadata::metadata;
    now OffsetCommitRequest => api::offsets::commit;
    now OffsetFetchRequest => api::offsets::fetch;
    now FindCoordinatorRequest => api::groups::find_coordinator;
    wait JoinGroupRequest => api::membership::join;
    now HeartbeatRequest => api::membership::heartbeat;
    now LeaveGroupRequest => api::membership::leave;
    wait SyncGroupRequest => api::membership::sync;
    now DescribeGroupsRequest => api::groups::describe;
    now ListGroupsRequest => api::groups::list;
    now ApiVersionsRequest => api_versions_of;
    now CreateTopicsRequest => api::topics::create;
    now DeleteTopicsRequest => api::topics::delete;
    now DeleteRecordsRequest => api::partitions::delete_records;
    now InitProducerIdRequest => api::produce::init_producer_id;
    now OffsetForLeaderEpochRequest => api::list_offsets::end_of_epoch;
    now DescribeAclsRequest => api::cluster::describe_acls;
    now DescribeConfigsRequest => api::configs::describe;
    now DescribeLogDirsRequest => api::cluster::log_dirs;
    now CreatePartitionsRequest => api::partitions::create_partitions;
    now DeleteGroupsRequest => api::groups::delete;
    now IncrementalAlterConfigsRequest => api::configs::alter;
    now ListPartitionReassignmentsRequest => api::cluster::reassignments;
    now OffsetDeleteRequest => api::offsets::delete;
    now DescribeQuorumRequest => api::cluster::quorum;
    now DescribeClusterRequest => api::cluster::describe;
    now ConsumerGroupHeartbeatRequest => api::consumer::heartbeat;
    now ConsumerGroupDescribeRequest => api::consumer::describe;
    now DescribeTopicPartitionsRequest => api::metadata::describe_topic_partitions;
}

impl Call {
    /// Reads the request header; what is left is the body.
    ///
    /// # Errors
    /// Why the frame is no request.
    pub(crate) fn parse(mut frame: Bytes) -> Result<(Self, Bytes), &'static str> {
        const SHORT: &str = "the frame is too short for a request";
        let api_key = frame.try_get_i16().map_err(|_| SHORT)?;
        let version = frame.try_get_i16().map_err(|_| SHORT)?;
        let correlation_id = frame.try_get_i32().map_err(|_| SHORT)?;
        let length = frame.try_get_i16().map_err(|_| SHORT)?;
        let client_id = match usize::try_from(length) {
            Err(_) => String::new(),
            Ok(length) if length <= frame.len() => {
                let bytes = frame.split_to(length);
                std::str::from_utf8(&bytes)
                    .map_err(|_| "the client id is no UTF-8")?
                    .to_owned()
            }
            Ok(_) => return Err(SHORT),
        };
        let flexible = OFFERS
            .iter()
            .find(|offer| offer.api_key == api_key)
            .is_some_and(|offer| offer.is_flexible(version));
        if flexible {
            shape::skip_tags(&mut frame)?;
        }
        Ok((
            Self {
                api_key,
                version,
                correlation_id,
                client_id,
            },
            frame,
        ))
    }
}

/// A response with its header and length.
fn frame<T: Encodable + HeaderVersion>(
    call: &Call,
    version: i16,
    response: &T,
) -> Result<Bytes, &'static str> {
    let failed = |error| {
        tracing::error!(api_key = call.api_key, version, %error, "response cannot be encoded");
        "response cannot be encoded"
    };
    let size = response.compute_size(version).map_err(failed)?;
    let mut out = BytesMut::with_capacity(size + 16);
    out.extend_from_slice(&[0; 4]);
    let header = ResponseHeader::default().with_correlation_id(call.correlation_id);
    header
        .encode(&mut out, T::header_version(version))
        .map_err(failed)?;
    response.encode(&mut out, version).map_err(failed)?;
    let length = i32::try_from(out.len() - 4).map_err(|_| "response too large")?;
    out[..4].copy_from_slice(&length.to_be_bytes());
    Ok(out.freeze())
}

fn api_versions_of(_: &Context, _: &ApiVersionsRequest, version: i16) -> ApiVersionsResponse {
    api_versions(0, version)
}

/// Features as 4.3 names them: (name, highest level supported, level in force).
const FEATURES: [(&str, i16, i16); 2] = [("group.version", 1, 1), ("metadata.version", 30, 30)];

pub(crate) fn api_versions(error: i16, version: i16) -> ApiVersionsResponse {
    use kafka_protocol::messages::api_versions_response::{
        FinalizedFeatureKey, SupportedFeatureKey,
    };
    let keys = OFFERS.iter().map(|offer| {
        // Produce 0 to 2 are gone, but librdkafka compresses only if they are announced (KAFKA-18659).
        let min = if offer.api_key == ProduceRequest::KEY {
            0
        } else {
            offer.min
        };
        ApiVersion::default()
            .with_api_key(offer.api_key)
            .with_min_version(min)
            .with_max_version(offer.max)
    });
    let response = ApiVersionsResponse::default()
        .with_error_code(error)
        .with_api_keys(keys.collect());
    if version < 3 {
        return response;
    }
    let supported = FEATURES.map(|(name, max, _)| {
        SupportedFeatureKey::default()
            .with_name(name.into())
            .with_min_version(0)
            .with_max_version(max)
    });
    let finalized = FEATURES.map(|(name, _, level)| {
        FinalizedFeatureKey::default()
            .with_name(name.into())
            .with_min_version_level(level)
            .with_max_version_level(level)
    });
    response
        .with_supported_features(supported.into_iter().collect())
        .with_finalized_features(finalized.into_iter().collect())
        .with_finalized_features_epoch(1)
}
