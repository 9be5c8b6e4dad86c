//! What librdkafka says went wrong, as one of our own errors.

use crate::client::Link;
use crate::run::Bound;
use kafkaweave_client::kafka::{Attempt, KafkaError};
use kafkaweave_client::profile::Profile;
use std::collections::BTreeMap;
use std::ffi::c_int;
use std::time::Duration;

pub(crate) const TRANSPORT: c_int = -195;
pub(crate) const RESOLVE: c_int = -193;
pub(crate) const PARTITION_EOF: c_int = -191;
pub(crate) const ALL_DOWN: c_int = -187;
pub(crate) const TIMED_OUT: c_int = -185;
pub(crate) const SSL: c_int = -181;
pub(crate) const BAD_MSG: c_int = -199;
pub(crate) const BAD_COMPRESSION: c_int = -198;
pub(crate) const AUTHENTICATION: c_int = -169;
pub(crate) const UNSUPPORTED: c_int = -165;
pub(crate) const AUTO_OFFSET_RESET: c_int = -140;
const TIMED_OUT_QUEUE: c_int = -166;

/// An error of librdkafka: positive codes are Kafka's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: c_int,
    pub(crate) text: String,
}

impl Fault {
    pub(crate) fn new(code: c_int, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { code, text }
    }

    pub(crate) fn timed_out() -> Self {
        Self::new(TIMED_OUT, "timed out")
    }

    /// The fact behind it. `link` knows what the connections met with meanwhile.
    pub(crate) fn told(
        &self,
        link: &Link,
        operation: &str,
        subject: &str,
        bound: &Bound,
    ) -> KafkaError {
        match self.code {
            code @ 1.. => i16::try_from(code)
                .ok()
                .and_then(|code| KafkaError::of_code(code, operation, subject, Some(&self.text)))
                .unwrap_or_else(|| protocol(&link.profile, operation, &self.text)),
            UNSUPPORTED => KafkaError::NotOffered {
                operation: operation.into(),
                by: "the broker".into(),
            },
            TRANSPORT | RESOLVE | ALL_DOWN | TIMED_OUT | TIMED_OUT_QUEUE | SSL | AUTHENTICATION => {
                unreached(&link.profile, &link.heard(bound), operation, bound.waited())
            }
            _ => protocol(&link.profile, operation, &self.text),
        }
    }
}

fn address(profile: &Profile) -> String {
    profile.bootstrap.join(",")
}

fn protocol(profile: &Profile, operation: &str, text: &str) -> KafkaError {
    KafkaError::Protocol {
        address: address(profile),
        step: operation.into(),
        reason: text.into(),
    }
}

/// Why no answer came, from what the connections reported.
fn unreached(
    profile: &Profile,
    heard: &[(c_int, String)],
    operation: &str,
    waited: Duration,
) -> KafkaError {
    let mut attempts: BTreeMap<String, KafkaError> = BTreeMap::new();
    for (code, reason) in heard {
        let (address, error) = attempt(profile, *code, reason);
        if matches!(error, KafkaError::Authentication { .. }) {
            return error;
        }
        if let Some(address) = address {
            attempts.insert(address, error);
        }
    }
    if attempts.is_empty() {
        return KafkaError::Timeout {
            address: address(profile),
            operation: operation.into(),
            after_ms: u64::try_from(waited.as_millis()).unwrap_or(u64::MAX),
        };
    }
    KafkaError::Unreachable {
        cluster: profile.name.clone(),
        attempts: attempts
            .into_iter()
            .map(|(address, error)| Attempt { address, error })
            .collect(),
    }
}

/// `host:9092/bootstrap: Connect to ipv4#.. failed: Connection refused (after 0ms in state CONNECT)`
fn attempt(profile: &Profile, code: c_int, reason: &str) -> (Option<String>, KafkaError) {
    let (place, said) = reason.split_once(": ").unwrap_or(("", reason));
    let place = place.rsplit("//").next().unwrap_or(place);
    let address = place.split('/').next().unwrap_or(place).to_owned();
    let said = said.split(" (after ").next().unwrap_or(said).trim();
    let reason = said.to_owned();
    let known = (!address.is_empty() && address.contains(':')).then(|| address.clone());
    let error = match code {
        AUTHENTICATION => KafkaError::Authentication {
            address,
            mechanism: profile
                .sasl
                .as_ref()
                .map_or("TLS", |sasl| sasl.mechanism.name())
                .into(),
            username: profile
                .sasl
                .as_ref()
                .map_or_else(String::new, |sasl| sasl.username.clone()),
            reason,
        },
        SSL => KafkaError::Tls { address, reason },
        RESOLVE => KafkaError::Resolve { address, reason },
        _ => KafkaError::Connect { address, reason },
    };
    (known, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Profile {
        Profile::new("c", vec!["127.0.0.1:1".into()])
    }

    fn unreached_after(heard: &[(c_int, &str)]) -> KafkaError {
        let heard: Vec<_> = heard.iter().map(|(c, r)| (*c, (*r).to_owned())).collect();
        unreached(&profile(), &heard, "Metadata", Duration::from_secs(2))
    }

    #[test]
    fn a_refused_connection_is_told_by_its_address() {
        let error = unreached_after(&[(
            TRANSPORT,
            "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)",
        )]);
        let KafkaError::Unreachable { attempts, .. } = &error else {
            panic!("{error:?}")
        };
        assert_eq!(attempts[0].address, "127.0.0.1:1");
        assert_eq!(
            attempts[0].error.to_string(),
            "`127.0.0.1:1`: Connect to ipv4#127.0.0.1:1 failed: Connection refused"
        );
        assert!(error.retryable());
    }

    #[test]
    fn refused_credentials_outweigh_what_else_went_wrong() {
        let error = unreached_after(&[
            (TRANSPORT, "h:1/1: Disconnected"),
            (
                AUTHENTICATION,
                "sasl_plaintext://h:1/bootstrap: SASL authentication error: no (after 3ms in state AUTH_REQ)",
            ),
        ]);
        let KafkaError::Authentication {
            address, reason, ..
        } = error
        else {
            panic!("{error:?}")
        };
        assert_eq!(
            (address.as_str(), reason.as_str()),
            ("h:1", "SASL authentication error: no")
        );
    }

    #[test]
    fn silence_is_a_timeout() {
        assert!(matches!(
            unreached_after(&[]),
            KafkaError::Timeout { after_ms: 2000, .. }
        ));
    }
}
