//! What is needed to reach one cluster, ready for an engine.
//!
//! A profile is made by configuration and holds no secret, only where secrets are. It names no
//! library's settings: each engine translates it in one place.

use crate::secret::SecretRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// Which engine talks to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EngineChoice {
    /// The native engine unless the profile needs something that only another one has.
    #[default]
    Auto,
    /// kafkaweave's own.
    Native,
    /// librdkafka, where the build has it.
    Librdkafka,
}

/// How much care a cluster deserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Anything may break.
    Dev,
    /// Shared, not serving customers.
    Staging,
    /// Serving customers; what is not said to be less is treated as this.
    #[default]
    Prod,
}

/// TLS settings (PEM files).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Tls {
    /// Certificates of the authorities to trust; `None` trusts the system's.
    pub ca: Option<PathBuf>,
    /// The client's certificate chain, for mTLS.
    pub certificate: Option<PathBuf>,
    /// The client's private key, PKCS#8, PKCS#1 or SEC1; may be in the same file as the
    /// certificate.
    pub key: Option<PathBuf>,
    /// Name to expect in the broker's certificate instead of the host that was dialled.
    pub server_name: Option<String>,
}

/// SASL mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SaslMechanism {
    /// PLAIN (RFC 4616).
    #[serde(rename = "PLAIN")]
    Plain,
    /// SCRAM-SHA-256 (RFC 5802, RFC 7677).
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// SCRAM-SHA-512.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

impl SaslMechanism {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// SASL settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sasl {
    /// Mechanism.
    pub mechanism: SaslMechanism,
    /// User name.
    pub username: String,
    /// Where the password is.
    pub password: SecretRef,
}

/// What is needed to reach one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The cluster's name in the configuration.
    pub name: String,
    /// `host:port` of brokers to begin with; all are tried side by side.
    pub bootstrap: Vec<String>,
    /// TLS; `None` speaks plain text.
    pub tls: Option<Tls>,
    /// SASL; `None` does not authenticate beyond TLS.
    pub sasl: Option<Sasl>,
    /// Engine.
    pub engine: EngineChoice,
    /// Environment.
    pub environment: Environment,
    /// Bound on reaching one address: DNS, TCP, TLS, SASL and ApiVersions together.
    pub connect_timeout: Duration,
    /// Bound on one request to one broker.
    pub request_timeout: Duration,
    /// `client.id` shown to brokers.
    pub client_id: String,
}

impl Profile {
    /// A profile with defaults: plain text, connect within 3 s, a request within 10 s.
    pub fn new(name: impl Into<String>, bootstrap: Vec<String>) -> Self {
        Self {
            name: name.into(),
            bootstrap,
            tls: None,
            sasl: None,
            engine: EngineChoice::default(),
            environment: Environment::default(),
            connect_timeout: Duration::from_secs(3),
            request_timeout: Duration::from_secs(10),
            client_id: "kafkaweave".into(),
        }
    }
}
