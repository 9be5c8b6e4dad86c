//! Settings of groups (KIP-848).

use super::Key;
use super::Kind::Int;
use super::key;

#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    key("consumer.heartbeat.interval.ms", Int, Some("5000"), &[], &[], false, "Time between heartbeats of a member."),
    key("consumer.session.timeout.ms", Int, Some("45000"), &[], &[], false, "Silence after which a member is put out."),
];
