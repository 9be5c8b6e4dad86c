//! Each request that this family of reads sends, at each version that it may be sent at.
//!
//! The codec refuses a field that a version lacks, which would show only against such a broker.

use super::route::{Keys, find, metadata};
use super::{
    acls, cluster, configs, connection, offsets, probe, producers, quotas, reassignments, storage,
    topics, transactions, users,
};
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{
    SaslAuthenticateRequest, SaslHandshakeRequest, describe_topic_partitions_request::Cursor,
};
use kafka_protocol::protocol::Request;
use kafkaweave_core::model::{
    AclFilter, AclMatch, AclOperation, AclPermission, AclResource, ConfigResource, Isolation,
    OffsetSpec, QuotaFilter, QuotaKind, QuotaMatch, ResourceKind, TransactionFilter,
};
use std::time::Duration;

/// Encodes at every version from `min` (or the type's own) up, decodes again and compares.
fn every<R: Request + PartialEq + std::fmt::Debug>(min: i16, build: impl Fn(i16) -> R) {
    for version in R::VERSIONS.min.max(min)..=R::VERSIONS.max {
        let request = build(version);
        let mut bytes = BytesMut::new();
        let encoded = request.encode(&mut bytes, version);
        assert!(encoded.is_ok(), "api {} v{version}: {encoded:?}", R::KEY);
        let read = R::decode(&mut bytes.freeze(), version).unwrap();
        assert_eq!(read, request, "api {} v{version}", R::KEY);
    }
}

#[test]
fn connecting() {
    every(0, connection::ask_versions);
    every(1, |_| {
        SaslHandshakeRequest::default().with_mechanism("SCRAM-SHA-512".into())
    });
    every(0, |_| {
        SaslAuthenticateRequest::default().with_auth_bytes(Bytes::from_static(b"n,,n=u,r=x"))
    });
}

#[test]
fn metadata_of_all_none_and_named_topics() {
    let named = ["orders".to_owned(), "payments".to_owned()];
    every(4, |v| metadata(None, v));
    every(4, |v| metadata(Some(&[]), v));
    every(4, |v| metadata(Some(&named), v));
}

#[test]
fn coordinators() {
    every(0, |v| find(Keys::Groups, &["billing".to_owned()], v));
    every(1, |v| find(Keys::Transactions, &["tx".to_owned()], v));
    let two = ["billing".to_owned(), "fraud".to_owned()];
    every(4, |v| find(Keys::Groups, &two, v));
    every(4, |v| find(Keys::Transactions, &two, v));
}

#[test]
fn the_cluster_and_its_quorum() {
    every(0, cluster::describe);
    every(0, |_| probe::authorized());
    every(0, cluster::quorum::describe);
}

#[test]
fn eligible_leaders_with_and_without_a_cursor() {
    let names = ["orders".to_owned()];
    every(0, |_| topics::describe_partitions(&names, None));
    let cursor = Cursor::default().with_partition_index(7);
    every(0, |_| {
        topics::describe_partitions(&names, Some(cursor.clone()))
    });
}

#[test]
fn configurations() {
    let of = |kind, name: &str| ConfigResource {
        kind,
        name: name.into(),
    };
    let resources = [
        of(ResourceKind::Topic, "orders"),
        of(ResourceKind::Group, "billing"),
        of(ResourceKind::Broker, ""),
    ];
    let keys = ["retention.ms".to_owned()];
    for detail in [false, true] {
        for keys in [None, Some(keys.as_slice())] {
            let question = configs::Question {
                resources: resources.iter().collect(),
                keys,
                detail,
            };
            every(0, |v| question.request(v));
        }
    }
    let topics = ["orders".to_owned(), "payments".to_owned()];
    every(0, |_| configs::overrides_request(&[&topics[0], &topics[1]]));
}

#[test]
fn log_dirs() {
    every(0, |v| storage::describe(&None, v));
    every(0, |v| storage::describe(&Some(Vec::new()), v));
    let wanted = Some(vec![("orders".to_owned(), vec![0, 1, 2])]);
    every(0, |v| storage::describe(&wanted, v));
}

#[test]
fn offsets_of_every_kind() {
    let specs = [
        (0, OffsetSpec::Earliest),
        (1, OffsetSpec::Latest),
        (2, OffsetSpec::MaxTimestamp),
        (3, OffsetSpec::AtTime(1_700_000_000_000)),
    ];
    for isolation in [Isolation::ReadUncommitted, Isolation::ReadCommitted] {
        let question = offsets::Question {
            topics: [("orders".to_owned(), specs.to_vec())].into(),
            isolation,
            timeout: Duration::from_secs(10),
        };
        every(0, |v| question.request(v));
    }
}

#[test]
fn acls_of_every_filter() {
    every(0, |v| acls::describe(&AclFilter::default(), v));
    for pattern in [
        AclMatch::Match,
        AclMatch::Any,
        AclMatch::Literal,
        AclMatch::Prefixed,
    ] {
        let filter = AclFilter {
            resource: Some(AclResource::User),
            name: Some("orders".into()),
            pattern,
            principal: Some("User:alice".into()),
            operation: Some(AclOperation::TwoPhaseCommit),
            permission: Some(AclPermission::Deny),
        };
        every(0, |v| acls::describe(&filter, v));
    }
}

#[test]
fn users_with_credentials() {
    every(0, users::describe);
}

#[test]
fn quotas_of_every_filter() {
    every(0, |v| quotas::describe(&QuotaFilter::default(), v));
    let filter = QuotaFilter {
        parts: vec![
            (QuotaKind::User, QuotaMatch::Named("alice".into())),
            (QuotaKind::ClientId, QuotaMatch::Default),
            (QuotaKind::Ip, QuotaMatch::Any),
        ],
        strict: true,
    };
    every(0, |v| quotas::describe(&filter, v));
}

#[test]
fn ends_of_replicas() {
    let wanted = [("orders".to_owned(), vec![0, 1])].into();
    every(0, |_| offsets::replicas::request(&wanted));
}

#[test]
fn reassignments_of_all_and_of_named_partitions() {
    let timeout = Duration::from_secs(10);
    every(0, |_| reassignments::request(&None, timeout));
    let wanted = Some(vec![("orders".to_owned(), vec![0, 1])]);
    every(0, |_| reassignments::request(&wanted, timeout));
}

#[test]
fn transactions_with_and_without_filters() {
    let all = TransactionFilter::default();
    every(0, |v| transactions::list_request(&all, v));
    let some = TransactionFilter {
        states: vec!["Ongoing".into()],
        producer_ids: vec![7],
        min_duration_ms: Some(60_000),
    };
    every(0, |v| transactions::list_request(&some, v));
    let ids = ["a".to_owned(), "b".to_owned()];
    every(0, |_| transactions::describe_request(&ids));
}

#[test]
fn producers_of_partitions() {
    let wanted = [("orders".to_owned(), vec![0, 1])].into();
    every(0, |_| producers::request(&wanted));
}
