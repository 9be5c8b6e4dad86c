//! Kafka's error codes as facts.
//!
//! One place turns a code of an answer into a [`KafkaError`]; what to do about it (retry, refresh)
//! is decided by whoever asked.

use super::KafkaError;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::ApiKey;

/// No such topic or partition, as far as the principal may see (code 3).
pub(crate) const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
/// No leader now (code 5).
pub(crate) const LEADER_NOT_AVAILABLE: i16 = 5;
/// The coordinator reads its partition (code 14).
pub(crate) const COORDINATOR_LOADING: i16 = 14;
/// No coordinator now (code 15).
pub(crate) const COORDINATOR_NOT_AVAILABLE: i16 = 15;
/// The coordinator is elsewhere (code 16).
pub(crate) const NOT_COORDINATOR: i16 = 16;
/// No rights on the topic (code 29); Kafka also answers so for topics that do not exist.
pub(crate) const TOPIC_AUTHORIZATION_FAILED: i16 = 29;
/// Version or API not supported (code 35).
pub(crate) const UNSUPPORTED_VERSION: i16 = 35;

/// Kafka's name of a code, e.g. `NOT_LEADER_OR_FOLLOWER`; `UNKNOWN_CODE_<n>` for a code newer than
/// this program.
pub(crate) fn code_name(code: i16) -> String {
    match ResponseError::try_from_code(code) {
        None => "NONE".into(),
        Some(ResponseError::Unknown(code)) => format!("UNKNOWN_CODE_{code}"),
        Some(known) => screaming(&known.to_string()),
    }
}

/// `NotLeaderOrFollower` -> `NOT_LEADER_OR_FOLLOWER`.
fn screaming(camel: &str) -> String {
    let mut name = String::with_capacity(camel.len() + 8);
    for (at, letter) in camel.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

/// Name of an API, e.g. `Metadata`.
pub(crate) fn api_name(api_key: i16) -> String {
    match (ApiKey::try_from(api_key), api_key) {
        (Ok(known), _) => format!("{known:?}"),
        // Not in the codec's list of APIs (KIP-1071).
        (Err(()), 88) => "StreamsGroupHeartbeat".into(),
        (Err(()), 89) => "StreamsGroupDescribe".into(),
        (Err(()), other) => format!("api {other}"),
    }
}

/// Longest message of a broker that is repeated, characters.
const SAID_CHARS: usize = 500;

/// A broker's own words, fit to be shown: one line, bounded, without control characters.
pub(crate) fn said(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut shown: String = text.trim().chars().take(SAID_CHARS).map(plain).collect();
    if text.trim().chars().nth(SAID_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

/// The error behind a code, or `None` for 0. `subject` says on what, e.g. "topic `orders`";
/// `detail` is Kafka's own message (an empty one counts as none).
pub(crate) fn code(
    code: i16,
    operation: &str,
    subject: &str,
    detail: Option<&str>,
) -> Option<KafkaError> {
    match code {
        0 => None,
        // Topic, group, cluster, transactional id, delegation token.
        29 | 30 | 31 | 53 | 65 => Some(KafkaError::NotAuthorized {
            operation: operation.into(),
            subject: subject.into(),
            code_name: code_name(code),
        }),
        _ => Some(KafkaError::Broker {
            operation: operation.into(),
            subject: subject.into(),
            code,
            code_name: code_name(code),
            detail: detail.filter(|d| !d.is_empty()).map(said),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_carry_the_names_of_kafkas_documentation() {
        for (number, name) in [
            (0, "NONE"),
            (-1, "UNKNOWN_SERVER_ERROR"),
            (3, "UNKNOWN_TOPIC_OR_PARTITION"),
            (6, "NOT_LEADER_OR_FOLLOWER"),
            (56, "KAFKA_STORAGE_ERROR"),
            (17, "INVALID_TOPIC_EXCEPTION"),
            (999, "UNKNOWN_CODE_999"),
        ] {
            assert_eq!(code_name(number), name);
        }
        assert_eq!(api_name(60), "DescribeCluster");
        assert_eq!(api_name(89), "StreamsGroupDescribe");
    }

    #[test]
    fn every_refusal_for_want_of_rights_is_not_authorized() {
        for number in [29, 30, 31, 53, 65] {
            let error = code(number, "Metadata", "topic `t`", None);
            assert!(
                matches!(error, Some(KafkaError::NotAuthorized { .. })),
                "{number}"
            );
        }
        assert_eq!(code(0, "Metadata", "topic `t`", None), None);
    }

    #[test]
    fn a_brokers_words_are_shown_in_one_bounded_line_without_control_characters() {
        assert_eq!(said(" no\nsuch\u{1b}[31m thing "), "no such [31m thing");
        assert_eq!(said(&"x".repeat(600)).chars().count(), 501);
    }

    #[test]
    fn an_empty_message_of_the_broker_is_no_detail() {
        let Some(KafkaError::Broker { detail, .. }) = code(42, "X", "y", Some("")) else {
            panic!("code 42 is an ordinary refusal");
        };
        assert_eq!(detail, None);
    }
}
