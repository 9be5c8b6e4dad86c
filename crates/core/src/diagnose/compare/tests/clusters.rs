//! Clusters as such, their brokers' settings, their groups; gaps.

use super::{entry, keys};
use crate::diagnose::compare::{ABSENT, Comparison, Tally, Verdict, Weight};
use crate::model::{
    Acl, AclOperation, AclPattern, AclPermission, AclResource, Broker, BrokerState, Cluster,
    ConfigEntry, ConfigResource, ConfigSource, Feature, GroupListing, GroupType, Quota,
    QuotaEntity, QuotaKind, QuotaValue, ResourceConfigs, ResourceKind,
};

fn group(name: &str, group_type: GroupType) -> GroupListing {
    GroupListing {
        group: name.into(),
        group_type,
        state: "Stable".into(),
        protocol_type: String::new(),
        coordinator: 1,
    }
}

#[test]
fn a_group_is_on_one_side_only_when_the_other_side_told_all() {
    let left = [
        group("both", GroupType::Classic),
        group("left", GroupType::Classic),
        group("moved", GroupType::Consumer),
    ];
    let right = [
        group("both", GroupType::Unknown),
        group("moved", GroupType::Classic),
        group("right", GroupType::Share),
    ];
    let mut found = Comparison::default();
    found.group_lists((&left, true), (&right, false));
    let found = found.finish();
    let tally = Tally {
        equal: 1,
        differ: 1,
        only_left: 0,
        only_right: 1,
        unknown: 1,
    };
    assert_eq!(found.groups, tally);
    assert_eq!(
        keys(&found),
        [
            (Weight::Note, "type", "consumer", "classic"),
            (Weight::Note, "group", ABSENT, "share"),
        ]
    );
    assert_eq!(found.verdict(true), Verdict::Unknown);
}

fn broker(id: i32, entries: &[ConfigEntry]) -> ResourceConfigs {
    ResourceConfigs {
        resource: ConfigResource {
            kind: ResourceKind::Broker,
            name: id.to_string(),
        },
        entries: entries.to_vec(),
    }
}

fn unset(key: &str) -> ConfigEntry {
    ConfigEntry {
        value: None,
        ..entry(key, "", ConfigSource::Default)
    }
}

#[test]
fn broker_settings_are_compared_in_one_unit_without_noise_and_without_secrets() {
    use ConfigSource::{Default, StaticBroker};
    let secret = |source| ConfigEntry {
        sensitive: true,
        ..entry("ssl.key.password", "shown-by-mistake", source)
    };
    let left = [
        entry("node.id", "1", StaticBroker),
        entry("ssl.keystore.location", "/a", StaticBroker),
        entry("log.retention.hours", "168", Default),
        unset("log.retention.minutes"),
        unset("log.retention.ms"),
        entry("num.partitions", "3", StaticBroker),
        secret(StaticBroker),
    ];
    let right = [
        entry("node.id", "9", StaticBroker),
        entry("ssl.keystore.location", "/b", StaticBroker),
        entry("log.retention.hours", "1", Default),
        unset("log.retention.minutes"),
        entry("log.retention.ms", "604800000", StaticBroker),
        entry("num.partitions", "1", Default),
        secret(Default),
    ];
    let mut found = Comparison::default();
    found.broker_settings(&[broker(1, &left)], &[broker(9, &right)]);
    let found = found.finish();
    assert_eq!(
        keys(&found),
        [
            (Weight::Matters, "num.partitions", "3", "1"),
            (Weight::Note, "ssl.key.password", "(set, hidden)", "(unset)"),
        ]
    );
    assert_eq!((found.broker_keys.equal, found.broker_keys.differ), (1, 2));
}

#[test]
fn brokers_that_disagree_are_shown_by_value_and_no_answer_is_no_equality() {
    let io = |value| [entry("num.io.threads", value, ConfigSource::StaticBroker)];
    let left = [
        broker(1, &io("8")),
        broker(2, &io("4")),
        broker(3, &io("8")),
    ];
    let right = [broker(1, &io("8"))];
    let mut found = Comparison::default();
    found.broker_settings(&left, &right);
    assert_eq!(
        keys(&found),
        [(Weight::Note, "num.io.threads", "4 on 2; 8 on 1,3", "8")]
    );
    let mut blind = Comparison::default();
    blind.broker_settings(&left, &[]);
    assert_eq!((blind.broker_keys.equal, blind.broker_keys.unknown), (0, 1));
    assert_eq!(blind.verdict(true), Verdict::Unknown);
}

fn cluster(version: &str, level: i16, racks: &[Option<&str>]) -> Cluster {
    let brokers = racks.iter().zip(1..).map(|(rack, id)| Broker {
        id,
        host: Some("h".into()),
        port: Some(1),
        rack: rack.map(String::from),
        state: BrokerState::Online,
    });
    Cluster {
        cluster_id: Some(version.into()),
        brokers: brokers.collect(),
        quorum: None,
        features: vec![Feature {
            name: "metadata.version".into(),
            supported_min: Some(1),
            supported_max: Some(99),
            finalized: Some(level),
        }],
        kafka_version: Some(version.into()),
    }
}

#[test]
fn clusters_differ_by_version_level_brokers_and_racks_and_not_by_ids() {
    let left = cluster("4.3", 29, &[Some("a"), Some("b"), Some("b")]);
    let mut right = cluster("3.9", 21, &[None]);
    right.features.push(Feature {
        name: "group.version".into(),
        supported_min: None,
        supported_max: None,
        finalized: None,
    });
    let mut found = Comparison::default();
    found.clusters(&left, &right);
    let found = found.finish();
    let expected = [
        ("brokers", "3", "1"),
        ("feature metadata.version", "29", "21"),
        ("kafka version", "4.3", "3.9"),
        ("racks", "2", "none"),
    ];
    assert_eq!(
        keys(&found),
        expected.map(|(k, l, r)| (Weight::Matters, k, l, r))
    );
    right = left.clone();
    right.cluster_id = None;
    right.features.clear();
    let mut found = Comparison::default();
    found.clusters(&left, &right);
    assert_eq!(found.differences, []);
}

#[test]
fn acls_and_quotas_are_compared_as_they_are_stored() {
    let acl = |principal: &str, operation| Acl {
        resource: AclResource::Topic,
        name: "orders".into(),
        pattern: AclPattern::Prefixed,
        principal: principal.into(),
        host: "*".into(),
        permission: AclPermission::Allow,
        operation,
    };
    let shared = acl("User:a", AclOperation::Read);
    let left = [shared.clone(), acl("User:a", AclOperation::Write)];
    let denied = Acl {
        permission: AclPermission::Deny,
        host: "10.0.0.1".into(),
        ..acl("User:b", AclOperation::All)
    };
    let quota = |user: Option<&str>, rate: f64| Quota {
        entity: vec![QuotaEntity {
            kind: QuotaKind::User,
            name: user.map(String::from),
        }],
        values: vec![QuotaValue {
            key: "producer_byte_rate".into(),
            value: rate,
        }],
    };
    let mut found = Comparison::default();
    found.acls(&left, &[denied, shared]);
    found.quotas(
        &[quota(Some("a"), 1024.0), quota(Some("same"), 1.0)],
        &[
            quota(Some("a"), 2048.5),
            quota(Some("same"), 1.0),
            quota(None, 1.0),
        ],
    );
    let found = found.finish();
    let matters = |key, left, right| (Weight::Matters, key, left, right);
    assert_eq!(
        keys(&found),
        [
            matters("write on topic orders (prefixed)", "allow", ABSENT),
            matters(
                "all on topic orders (prefixed) from 10.0.0.1",
                ABSENT,
                "deny"
            ),
            matters("producer_byte_rate", ABSENT, "1"),
            matters("producer_byte_rate", "1024", "2048.5"),
        ]
    );
    let subjects: Vec<&str> = found
        .differences
        .iter()
        .map(|d| d.subject.as_str())
        .collect();
    assert_eq!(
        subjects,
        [
            "acl User:a",
            "acl User:b",
            "quota user (default)",
            "quota user a"
        ]
    );
    assert_eq!(
        (found.acls.equal, found.quotas.equal, found.quotas.differ),
        (1, 1, 1)
    );
}
