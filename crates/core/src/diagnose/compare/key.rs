//! What a configuration key is about: whether a difference matters, why, or is left out.

use super::Weight;
use Weight::{Matters, Note};

/// Begins with, weight, why. The first that fits counts; broker keys are looked up without `log.`
/// where the topic's key of that name says the same.
const TOPIC: &[(&str, Weight, &str)] = &[
    (
        "min.insync.replicas",
        Matters,
        "copies that an acknowledged write has",
    ),
    ("local.retention.", Matters, "how much stays on local disks"),
    ("retention.ms", Matters, "how long records are kept"),
    ("retention.bytes", Matters, "how much a partition keeps"),
    (
        "cleanup.policy",
        Matters,
        "deleted by age, or compacted by key",
    ),
    (
        "max.message.bytes",
        Matters,
        "larger records are refused on one side",
    ),
    (
        "unclean.leader.election.enable",
        Matters,
        "whether acknowledged records may be lost",
    ),
    (
        "message.timestamp.type",
        Matters,
        "whose time records bear, and so retention",
    ),
    (
        "message.timestamp.",
        Matters,
        "records of other times are refused on one side",
    ),
    (
        "remote.",
        Matters,
        "whether and how segments go to tiered storage",
    ),
    (
        "delete.retention.ms",
        Matters,
        "how long tombstones can be read",
    ),
    (
        "min.compaction.lag.ms",
        Matters,
        "how soon old values vanish",
    ),
    (
        "max.compaction.lag.ms",
        Matters,
        "how late old values vanish",
    ),
    (
        "errors.deadletterqueue.",
        Matters,
        "where refused records go",
    ),
    ("compression.", Note, "bytes on disk and CPU"),
    (
        "segment.",
        Note,
        "when segments close, and so when retention bites",
    ),
    (
        "min.cleanable.dirty.ratio",
        Note,
        "how often it is compacted",
    ),
    ("flush.", Note, "how often it is flushed to disk"),
    (
        "leader.replication.throttled.replicas",
        Note,
        "a throttle is set, perhaps left by a reassignment",
    ),
    (
        "follower.replication.throttled.replicas",
        Note,
        "a throttle is set, perhaps left by a reassignment",
    ),
];

const BROKER: &[(&str, Weight, &str)] = &[
    (
        "auto.create.topics.enable",
        Matters,
        "a mistyped topic comes into being on one side",
    ),
    (
        "default.replication.factor",
        Matters,
        "copies that a new topic gets",
    ),
    (
        "num.partitions",
        Matters,
        "partitions that a new topic gets",
    ),
    (
        "min.insync.replicas",
        Matters,
        "copies that an acknowledged write has, where the topic does not say",
    ),
    (
        "unclean.leader.election.enable",
        Matters,
        "whether acknowledged records may be lost",
    ),
    (
        "message.max.bytes",
        Matters,
        "larger records are refused on one side",
    ),
    (
        "replica.fetch.max.bytes",
        Matters,
        "how large batches are replicated at once",
    ),
    (
        "offsets.retention.",
        Matters,
        "how long the offsets of empty groups are kept",
    ),
    (
        "offsets.topic.",
        Matters,
        "copies or partitions of the committed offsets",
    ),
    (
        "transaction.state.log.",
        Matters,
        "copies or partitions of the transaction state",
    ),
    (
        "share.coordinator.state.topic.",
        Matters,
        "copies or partitions of the share group state",
    ),
    (
        "transaction.max.timeout.ms",
        Matters,
        "longer transactions are refused on one side",
    ),
    (
        "transactional.id.expiration.ms",
        Matters,
        "when idle transactional ids are forgotten",
    ),
    (
        "producer.id.expiration.ms",
        Matters,
        "when idle producers lose their sequence",
    ),
    (
        "group.coordinator.rebalance.protocols",
        Matters,
        "groups of some type fail on one side",
    ),
    (
        "group.min.session.timeout.ms",
        Matters,
        "members with a shorter one are refused",
    ),
    (
        "group.max.session.timeout.ms",
        Matters,
        "members with a longer one are refused",
    ),
    ("group.consumer.", Matters, "how consumer groups are run"),
    ("group.share.", Matters, "how share groups are run"),
    ("group.streams.", Matters, "how streams groups are run"),
    ("group.", Note, "how groups are run"),
    (
        "delete.topic.enable",
        Matters,
        "whether topics can be deleted",
    ),
    (
        "authorizer.class.name",
        Matters,
        "whether ACLs are kept at all",
    ),
    (
        "allow.everyone.if.no.acl.found",
        Matters,
        "whoever has no ACL may do all on one side",
    ),
    ("super.users", Matters, "who may do all"),
    ("sasl.enabled.mechanisms", Matters, "how clients may log in"),
    (
        "ssl.client.auth",
        Matters,
        "whether clients need a certificate",
    ),
    (
        "inter.broker.protocol.version",
        Matters,
        "the protocol between brokers",
    ),
    (
        "replica.lag.time.max.ms",
        Matters,
        "when a follower leaves the ISR",
    ),
    (
        "auto.leader.rebalance.enable",
        Matters,
        "whether leadership returns by itself",
    ),
    ("max.connections", Matters, "how many clients may come"),
    (
        "connections.max.idle.ms",
        Note,
        "when idle clients are cut off",
    ),
    (
        "log.cleaner.enable",
        Matters,
        "without it nothing is compacted",
    ),
    (
        "log.retention.",
        Matters,
        "how much is kept where the topic does not say",
    ),
    (
        "log.roll.",
        Note,
        "when segments close, and so when retention bites",
    ),
    (
        "leader.replication.throttled.rate",
        Note,
        "a throttle is set, perhaps left by a reassignment",
    ),
    (
        "follower.replication.throttled.rate",
        Note,
        "a throttle is set, perhaps left by a reassignment",
    ),
];

/// Weight of a topic's key, and what a difference changes.
pub fn of_topic(key: &str) -> (Weight, &'static str) {
    find(TOPIC, key).unwrap_or((Note, "a setting of the topic"))
}

/// Weight of a broker's key, and what a difference changes.
pub fn of_broker(key: &str) -> (Weight, &'static str) {
    find(BROKER, key)
        .or_else(|| find(TOPIC, key.strip_prefix("log.")?))
        .unwrap_or((Note, "a setting of the brokers"))
}

fn find(table: &[(&str, Weight, &'static str)], key: &str) -> Option<(Weight, &'static str)> {
    let (_, weight, why) = table.iter().find(|(start, ..)| key.starts_with(start))?;
    Some((*weight, why))
}

/// Broker keys that differ in any two clusters, and say nothing: ids, addresses, places of files.
const LEFT_OUT: &[&str] = &[
    "advertised.listeners",
    "broker.id",
    "broker.rack",
    "control.plane.listener.name",
    "controller.listener.names",
    "controller.quorum.bootstrap.servers",
    "controller.quorum.voters",
    "early.start.listeners",
    "inter.broker.listener.name",
    "listener.security.protocol.map",
    "listeners",
    "log.dir",
    "log.dirs",
    "metadata.log.dir",
    "node.id",
    "zookeeper.connect",
];

/// Whether a broker's key is left out of comparisons: it must differ, or names files and classes of
/// one machine (anything in `.location`, `.path` or `.file`).
pub fn left_out(key: &str) -> bool {
    let file = [".location", ".path", ".file"];
    LEFT_OUT.contains(&key) || file.iter().any(|end| key.ends_with(end))
}
