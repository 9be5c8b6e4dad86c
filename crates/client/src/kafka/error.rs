//! What can go wrong between us and a Kafka cluster, as facts.
//!
//! Advice (remedies, near names, the next tool) is added far above, in one place.

use crate::secret::SecretError;
use thiserror::Error;

/// One address that was tried and why it did not serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// `host:port`.
    pub address: String,
    /// Why.
    pub error: KafkaError,
}

/// A failure to get an answer from Kafka, or Kafka's own refusal.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KafkaError {
    /// An address is not `host:port`.
    #[error("`{address}` is no address: {reason}")]
    Address {
        /// As configured.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The name has no address.
    #[error("`{address}`: host name cannot be resolved: {reason}")]
    Resolve {
        /// `host:port`.
        address: String,
        /// The resolver's reason.
        reason: String,
    },
    /// The connection was refused or reset, or there is no route.
    #[error("`{address}`: {reason}")]
    Connect {
        /// `host:port`.
        address: String,
        /// The operating system's reason, e.g. "connection refused".
        reason: String,
    },
    /// Connecting took longer than the connect timeout.
    #[error("`{address}`: no connection within {after_ms} ms (at {step})")]
    ConnectTimeout {
        /// `host:port`.
        address: String,
        /// Step that was under way: `dns`, `tcp`, `tls`, `sasl` or `api_versions`.
        step: &'static str,
        /// The bound, ms.
        after_ms: u64,
    },
    /// Certificates or keys of the profile cannot be used.
    #[error("tls settings: {reason}")]
    TlsSettings {
        /// What is wrong with which file.
        reason: String,
    },
    /// The TLS handshake failed on our side: unknown issuer, wrong name, not TLS at all.
    #[error("`{address}`: tls handshake failed: {reason}")]
    Tls {
        /// `host:port`.
        address: String,
        /// rustls' reason.
        reason: String,
    },
    /// The broker ended the connection with a TLS alert, e.g. after the handshake when it refuses
    /// the client's certificate (TLS 1.3).
    #[error("`{address}`: the broker refused the tls connection: {alert}")]
    TlsAlert {
        /// `host:port`.
        address: String,
        /// The alert, e.g. `BadCertificate`, `CertificateRequired`.
        alert: String,
    },
    /// A secret could not be had.
    #[error("`{address}`: {error}")]
    Secret {
        /// `host:port`.
        address: String,
        /// Which and why.
        error: SecretError,
    },
    /// The broker does not offer the mechanism.
    #[error("`{address}`: sasl mechanism `{mechanism}` is not offered; offered: {offered}")]
    Mechanism {
        /// `host:port`.
        address: String,
        /// Asked for.
        mechanism: String,
        /// Offered, comma separated.
        offered: String,
    },
    /// The broker refused the credentials.
    #[error("`{address}`: authentication as `{username}` with `{mechanism}` failed: {reason}")]
    Authentication {
        /// `host:port`.
        address: String,
        /// Mechanism.
        mechanism: String,
        /// User name.
        username: String,
        /// The broker's reason.
        reason: String,
    },
    /// The other side closed the connection before it answered. Right after connecting this
    /// usually means that the listener wants TLS or SASL and got something else.
    #[error("`{address}`: connection closed by the broker at {step}")]
    Closed {
        /// `host:port`.
        address: String,
        /// Request or step that was under way.
        step: String,
    },
    /// The other side does not speak the Kafka protocol, or broke it.
    #[error("`{address}`: not a valid kafka answer to {step}: {reason}")]
    Protocol {
        /// `host:port`.
        address: String,
        /// Request.
        step: String,
        /// What is wrong.
        reason: String,
    },
    /// No answer in time.
    #[error("`{address}`: no answer to {operation} within {after_ms} ms")]
    Timeout {
        /// `host:port`.
        address: String,
        /// Request, e.g. `Metadata`.
        operation: String,
        /// The bound, ms.
        after_ms: u64,
    },
    /// No address of the cluster could be used.
    #[error("cluster `{cluster}`: none of {} address(es) can be used: {}", attempts.len(), summary(attempts))]
    Unreachable {
        /// Name of the cluster in the configuration.
        cluster: String,
        /// All addresses that were tried.
        attempts: Vec<Attempt>,
    },
    /// The broker (or this engine) does not offer the operation.
    #[error("{operation} is not offered by {by}")]
    NotOffered {
        /// What was asked, e.g. `DescribeQuorum`.
        operation: String,
        /// Who does not offer it: "broker `host:port`" or "engine native".
        by: String,
    },
    /// Kafka refuses for want of rights (codes 29, 30, 31, 53, 65).
    #[error("not authorized: {operation} on {subject} ({code_name})")]
    NotAuthorized {
        /// What was asked.
        operation: String,
        /// On what, e.g. "topic `orders`".
        subject: String,
        /// Kafka's name of the code.
        code_name: String,
    },
    /// No such topic (code 3), as far as this principal may see.
    #[error("topic `{topic}` does not exist")]
    UnknownTopic {
        /// Name.
        topic: String,
    },
    /// The topic has no such partition.
    #[error("topic `{topic}` has no partition {partition}; it has {partitions}")]
    UnknownPartition {
        /// Topic.
        topic: String,
        /// Asked for.
        partition: i32,
        /// How many there are (0 up to this number less one).
        partitions: usize,
    },
    /// No such group.
    #[error("group `{group}` does not exist")]
    UnknownGroup {
        /// Name.
        group: String,
    },
    /// No such transactional id.
    #[error("transactional id `{transactional_id}` does not exist")]
    UnknownTransactionalId {
        /// The id.
        transactional_id: String,
    },
    /// No such broker.
    #[error("broker {broker} is not in the cluster's metadata")]
    UnknownBroker {
        /// Id.
        broker: i32,
    },
    /// A partition has no leader now.
    #[error("partition `{topic}-{partition}` has no leader")]
    NoLeader {
        /// Topic.
        topic: String,
        /// Partition.
        partition: i32,
    },
    /// Any other code that Kafka answered, after the retries that its kind allows.
    #[error("{operation} on {subject}: {code_name} ({code}){}", detail.as_deref().map(|d| format!(": {d}")).unwrap_or_default())]
    Broker {
        /// What was asked.
        operation: String,
        /// On what.
        subject: String,
        /// Kafka's error code.
        code: i16,
        /// Its name, e.g. `NOT_LEADER_OR_FOLLOWER`.
        code_name: String,
        /// Kafka's own message, when it gave one.
        detail: Option<String>,
    },
}

fn summary(attempts: &[Attempt]) -> String {
    attempts
        .iter()
        .map(|a| a.error.to_string())
        .collect::<Vec<_>>()
        .join("; ")
}

impl KafkaError {
    /// The error behind one of Kafka's codes; `None` for 0. `subject` says on what, e.g.
    /// "topic `orders`"; `detail` is Kafka's own message.
    pub fn of_code(
        number: i16,
        operation: &str,
        subject: &str,
        detail: Option<&str>,
    ) -> Option<Self> {
        super::code::code(number, operation, subject, detail)
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Connect { .. }
            | Self::ConnectTimeout { .. }
            | Self::Closed { .. }
            | Self::Timeout { .. }
            | Self::Resolve { .. }
            | Self::NoLeader { .. } => true,
            Self::Unreachable { attempts, .. } => attempts.iter().any(|a| a.error.retryable()),
            Self::Broker { code, .. } => kafka_protocol::ResponseError::try_from_code(*code)
                .is_some_and(|e| e.is_retriable()),
            Self::Address { .. }
            | Self::TlsSettings { .. }
            | Self::Tls { .. }
            | Self::TlsAlert { .. }
            | Self::Secret { .. }
            | Self::Mechanism { .. }
            | Self::Authentication { .. }
            | Self::Protocol { .. }
            | Self::NotOffered { .. }
            | Self::NotAuthorized { .. }
            | Self::UnknownTopic { .. }
            | Self::UnknownPartition { .. }
            | Self::UnknownGroup { .. }
            | Self::UnknownTransactionalId { .. }
            | Self::UnknownBroker { .. } => false,
        }
    }
}
