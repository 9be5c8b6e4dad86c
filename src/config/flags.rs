//! The command line's flags for configuration, and the short environment variables that go with
//! them.
//!
//! Here a flag is only told which key it stands for. Which cluster a connection flag is about is
//! decided in `overlay`; values are checked by the same reader as those of the file.

use super::node::Value;
use std::fmt;

/// What a user passes as a reference to a secret. Shown nowhere, since it may turn out to be the
/// secret itself.
#[derive(Clone, PartialEq, Eq)]
pub struct ReferenceText(String);

impl ReferenceText {
    /// Takes the text of a flag or variable in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<String> for ReferenceText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for ReferenceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Flags of every command that reads the configuration. They win over environment and file.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
#[command(next_help_heading = "Configuration")]
pub struct Flags {
    /// Cluster to use, and the one that the connection flags below are about.
    #[arg(long, global = true, value_name = "NAME")]
    pub cluster: Option<String>,
    /// Brokers to begin with. Without --cluster this defines a cluster `default` and sets the
    /// file's clusters aside.
    #[arg(long, global = true, value_name = "HOST:PORT,...")]
    pub bootstrap: Option<String>,
    /// How much care the cluster deserves: dev, staging or prod.
    #[arg(long, global = true, value_name = "ENVIRONMENT")]
    pub environment: Option<String>,
    /// Speak TLS; the system's authorities are trusted unless --tls-ca names others.
    #[arg(long, global = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub tls: Option<bool>,
    /// PEM file of the authorities to trust.
    #[arg(long, global = true, value_name = "PATH")]
    pub tls_ca: Option<String>,
    /// PEM file of the client's certificate chain.
    #[arg(long, global = true, value_name = "PATH")]
    pub tls_certificate: Option<String>,
    /// PEM file of the client's private key.
    #[arg(long, global = true, value_name = "PATH")]
    pub tls_key: Option<String>,
    /// Name to expect in the brokers' certificates.
    #[arg(long, global = true, value_name = "NAME")]
    pub tls_server_name: Option<String>,
    /// PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
    #[arg(long, global = true, value_name = "MECHANISM")]
    pub sasl_mechanism: Option<String>,
    /// User name.
    #[arg(long, global = true, value_name = "NAME")]
    pub sasl_username: Option<String>,
    /// Where the password is: env:NAME, file:PATH or command:PROGRAM ARGUMENT ...
    #[arg(long, global = true, value_name = "REFERENCE")]
    pub sasl_password: Option<ReferenceText>,
    /// Bound on reaching one address, ms.
    #[arg(long, global = true, value_name = "MS")]
    pub connect_timeout_ms: Option<u64>,
    /// Bound on one request to one broker, ms.
    #[arg(long, global = true, value_name = "MS")]
    pub request_timeout_ms: Option<u64>,
    /// Bound on one call, ms.
    #[arg(long, global = true, value_name = "MS")]
    pub call_timeout_ms: Option<u64>,
    /// Toolsets to offer instead of the default ones.
    #[arg(long, global = true, value_name = "NAME,...")]
    pub toolsets: Option<String>,
    /// Tools to offer instead of whole toolsets.
    #[arg(long, global = true, value_name = "NAME,...")]
    pub tools: Option<String>,
    /// Offer no tool that could change anything.
    #[arg(long, global = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub read_only: Option<bool>,
}

/// A flag, its variable and the key that both stand for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Short {
    /// With its dashes.
    pub(crate) flag: &'static str,
    /// Environment variable.
    pub(crate) variable: &'static str,
    /// Path of the key; below the cluster's when `of_cluster`.
    pub(crate) path: &'static [&'static str],
    /// Whether it is about one cluster.
    pub(crate) of_cluster: bool,
    of: fn(&Flags) -> Option<Value>,
}

impl Short {
    /// What the flag was given as.
    pub(crate) fn given(&self, flags: &Flags) -> Option<Value> {
        (self.of)(flags)
    }
}

fn text(value: &Option<String>) -> Option<Value> {
    value.clone().map(Value::Text)
}

fn number(value: Option<u64>) -> Option<Value> {
    value.map(|number| Value::Text(number.to_string()))
}

macro_rules! shorts {
    ($($flag:literal $variable:literal $of_cluster:literal [$($path:literal)+] $field:ident $read:expr;)*) => {
        /// All flags.
        pub(crate) const SHORTS: &[Short] = &[$( Short {
            flag: $flag,
            variable: $variable,
            path: &[$($path),+],
            of_cluster: $of_cluster,
            of: |flags| {
                let read: fn(&Flags) -> Option<Value> = $read;
                read(flags)
            },
        } ),*];

        /// Does not compile when a flag stands for no key.
        const _: fn(&Flags) = |flags| {
            let Flags { $($field: _),* } = flags;
        };
    };
}

shorts! {
    "--cluster" "KAFKAWEAVE_CLUSTER" false ["default_cluster"] cluster |f| text(&f.cluster);
    "--bootstrap" "KAFKAWEAVE_BOOTSTRAP" true ["bootstrap"] bootstrap |f| text(&f.bootstrap);
    "--environment" "KAFKAWEAVE_ENVIRONMENT" true ["environment"] environment |f| text(&f.environment);
    "--tls" "KAFKAWEAVE_TLS" true ["tls"] tls |f| f.tls.map(Value::Switch);
    "--tls-ca" "KAFKAWEAVE_TLS_CA" true ["tls" "ca"] tls_ca |f| text(&f.tls_ca);
    "--tls-certificate" "KAFKAWEAVE_TLS_CERTIFICATE" true ["tls" "certificate"] tls_certificate |f| text(&f.tls_certificate);
    "--tls-key" "KAFKAWEAVE_TLS_KEY" true ["tls" "key"] tls_key |f| text(&f.tls_key);
    "--tls-server-name" "KAFKAWEAVE_TLS_SERVER_NAME" true ["tls" "server_name"] tls_server_name |f| text(&f.tls_server_name);
    "--sasl-mechanism" "KAFKAWEAVE_SASL_MECHANISM" true ["sasl" "mechanism"] sasl_mechanism |f| text(&f.sasl_mechanism);
    "--sasl-username" "KAFKAWEAVE_SASL_USERNAME" true ["sasl" "username"] sasl_username |f| text(&f.sasl_username);
    "--sasl-password" "KAFKAWEAVE_SASL_PASSWORD" true ["sasl" "password"] sasl_password
        |f| f.sasl_password.clone().map(|reference| Value::Text(reference.0));
    "--connect-timeout-ms" "KAFKAWEAVE_CONNECT_TIMEOUT_MS" true ["connect_timeout_ms"] connect_timeout_ms |f| number(f.connect_timeout_ms);
    "--request-timeout-ms" "KAFKAWEAVE_REQUEST_TIMEOUT_MS" true ["request_timeout_ms"] request_timeout_ms |f| number(f.request_timeout_ms);
    "--call-timeout-ms" "KAFKAWEAVE_CALL_TIMEOUT_MS" false ["limits" "call_timeout_ms"] call_timeout_ms |f| number(f.call_timeout_ms);
    "--toolsets" "KAFKAWEAVE_TOOLSETS" false ["toolsets"] toolsets |f| text(&f.toolsets);
    "--tools" "KAFKAWEAVE_TOOLS" false ["tools"] tools |f| text(&f.tools);
    "--read-only" "KAFKAWEAVE_READ_ONLY" false ["read_only"] read_only |f| f.read_only.map(Value::Switch);
}
