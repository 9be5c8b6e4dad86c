//! Every key of the configuration, once: its type, its class, its default and its description.
//!
//! Reading, the schema, the environment's names, `show` and the docs all come from this table. A key
//! without a class does not compile, nor does a secret that is classed as anything else.

use super::address::shorten;
use super::error::Fault;
use super::node::{Node, Source, Table, Value};
use super::show::Setting;
use super::value::{
    Addresses, Bounded, Class, Field, FilePath, Given, Hosts, Names, Origins, Reader, Text, given,
    join,
};
use indexmap::IndexMap;
use kafkaweave_client::profile::{EngineChoice, Environment, SaslMechanism};
use kafkaweave_client::secret::SecretRef;
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr};

mod read;

pub(crate) use read::{ClusterMap, Optional, spelled};

/// A key of a section.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyInfo {
    /// Name, without what is above.
    pub(crate) name: &'static str,
    /// Description, as the lines of a doc comment.
    pub(crate) doc: &'static [&'static str],
    /// How it is shown.
    pub(crate) class: Class,
    /// An allowed value as the text of a variable; empty for sections.
    pub(crate) example: fn() -> String,
    /// The default as text.
    pub(crate) default: fn() -> Option<String>,
    /// JSON Schema of its value.
    pub(crate) schema: fn() -> serde_json::Value,
    /// Whether `true` or `false` may stand for the section.
    pub(crate) switch: bool,
    /// Keys below.
    pub(crate) keys: &'static [KeyInfo],
}

impl KeyInfo {
    /// The doc comment as one line.
    pub(crate) fn description(&self) -> String {
        let lines: Vec<_> = self.doc.iter().map(|line| line.trim()).collect();
        lines.join(" ")
    }
}

macro_rules! sections {
    (@default) => { None };
    (@default $default:expr) => { Some($default) };
    ($(
        $(#[doc = $section_doc:literal])+
        struct $section:ident {
            $( $(#[doc = $doc:literal])+ $class:ident $key:ident: $type:ty $(= $default:expr)?; )*
        }
    )*) => {$(
        $(#[doc = $section_doc])+
        #[derive(Clone, Debug)]
        pub(crate) struct $section {
            $( $(#[doc = $doc])+ pub(crate) $key: Given<$type>, )*
        }

        $( const _: () = assert!(
            <$type as Field>::SECRET == matches!(Class::$class, Class::SecretReference),
            "a reference to a secret has to be classed as one, and nothing else may be"
        ); )*

        impl Field for $section {
            const KEYS: &'static [KeyInfo] = &[$( KeyInfo {
                name: stringify!($key),
                doc: &[$($doc),+],
                class: Class::$class,
                example: <$type as Field>::example,
                default: || {
                    let default: Option<$type> = sections!(@default $($default)?);
                    default.as_ref().map(Field::show)
                },
                schema: <$type as Field>::schema,
                switch: <$type as Field>::SWITCH,
                keys: <$type as Field>::KEYS,
            } ),*];

            fn read(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
                let table = read::table(node, key, Self::KEYS, reader)?;
                Some(Self {
                    $( $key: given(table, stringify!($key), key, sections!(@default $($default)?), reader), )*
                })
            }

            fn absent(key: &str, reader: &mut Reader<'_>) -> Option<Self> {
                Self::read(&Node::empty(), key, reader)
            }

            fn schema() -> serde_json::Value {
                read::schema(Self::KEYS)
            }

            fn show(&self) -> String {
                String::new()
            }

            fn settings(&self, key: &str, _: Class, _: &Source, out: &mut Vec<Setting>) {
                $( if let Some(value) = &self.$key.value {
                    value.settings(&join(key, stringify!($key)), Class::$class, &self.$key.source, out);
                } )*
            }
        }
    )*};
}

sections! {
    /// The whole file.
    struct FileKeys {
        /// Cluster that is used when none is named. With one cluster it is that one.
        Public default_cluster: Text;
        /// The clusters, each under its name: `[clusters.NAME]`.
        Section clusters: ClusterMap;
        /// Serving over HTTP.
        Section server: ServerKeys;
        /// Bounds on every call.
        Section limits: LimitKeys;
        /// Looks at groups between calls.
        Section sampling: SamplingKeys;
        /// Toolsets to offer instead of the default ones.
        Public toolsets: Names;
        /// Tools to offer instead of whole toolsets.
        Public tools: Names;
        /// Offers no tool that could change anything, whatever else is configured.
        Public read_only: bool;
    }

    /// One cluster.
    struct ClusterKeys {
        /// Addresses of brokers to begin with, `host:port`: a list, or a string with commas.
        /// All are tried side by side.
        Public bootstrap: Addresses;
        /// How much care it deserves: `dev`, `staging` or `prod`.
        Public environment: Environment = Environment::default();
        /// TLS: `true`, or a table of its settings. Without it plain text is spoken.
        Section tls: Optional<TlsKeys>;
        /// SASL authentication.
        Section sasl: Optional<SaslKeys>;
        /// Bound on reaching one address, DNS to ApiVersions, ms.
        Public connect_timeout_ms: Bounded<100, 120_000> = Bounded(3_000);
        /// Bound on one request to one broker, ms.
        Public request_timeout_ms: Bounded<100, 300_000> = Bounded(10_000);
        /// `client.id` that brokers see in their logs, metrics and quotas.
        Public client_id: Text = Text("kafkaweave".into());
        /// Engine that talks to the cluster.
        Public engine: EngineChoice = EngineChoice::default();
    }

    /// TLS of one cluster; files are PEM.
    struct TlsKeys {
        /// Certificates of the authorities to trust. Without it the system's are trusted.
        Path ca: FilePath;
        /// The client's certificate chain, for mTLS.
        Path certificate: FilePath;
        /// The client's private key. Without it, it is looked for in the file of `certificate`.
        Path key: FilePath;
        /// Name to expect in the brokers' certificates instead of the host that was dialled.
        Public server_name: Text;
    }

    /// SASL of one cluster.
    struct SaslKeys {
        /// Mechanism.
        Public mechanism: SaslMechanism;
        /// User name.
        Public username: Text;
        /// Where the password is: `{ env = "NAME" }`, `{ file = "PATH" }` or
        /// `{ command = ["PROGRAM", "ARGUMENT"] }`. Never the password itself.
        SecretReference password: SecretRef;
    }

    /// Serving over HTTP; of no effect on stdio.
    struct ServerKeys {
        /// IP address to listen on.
        Public address: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
        /// Port to listen on; 0 takes any free one.
        Public port: Bounded<0, 65_535> = Bounded(8_080);
        /// `Host` headers to answer to besides those of this machine.
        Public allowed_hosts: Hosts = Hosts::default();
        /// `Origin` headers (browsers) to answer to.
        Public allowed_origins: Origins = Origins::default();
        /// Bearer tokens to accept, by reference; without any, every caller is accepted.
        SecretReference tokens: Vec<SecretRef> = Vec::new();
        /// Sessions at once.
        Public max_sessions: Bounded<1, 10_000> = Bounded(64);
        /// A session that is silent for longer is closed, ms.
        Public session_idle_ms: Bounded<10_000, 86_400_000> = Bounded(1_800_000);
    }

    /// Bounds on every call.
    struct LimitKeys {
        /// A call that takes longer is stopped, ms.
        Public call_timeout_ms: Bounded<100, 600_000> = Bounded(30_000);
        /// Calls at once; further ones wait.
        Public max_concurrent_calls: Bounded<1, 1_000> = Bounded(16);
        /// Longer answers are cut, and say so, bytes.
        Public max_answer_bytes: Bounded<4_096, 1_048_576> = Bounded(61_440);
    }

    /// Looks at groups between calls, while serving: rates, verdicts and times to drain stand on
    /// them. They begin at the first question for lag, and are kept in memory only.
    struct SamplingKeys {
        /// Does not look at all.
        Public disabled: bool = false;
        /// Time between two looks at the groups that were asked for, ms.
        Public interval_ms: Bounded<100, 3_600_000> = Bounded(10_000);
        /// Looks that are remembered of each group.
        Public samples: Bounded<2, 10_000> = Bounded(60);
        /// Bound on what is remembered of a cluster, bytes; the groups asked for longest ago go
        /// first.
        Public memory_bytes: Bounded<65_536, 4_294_967_296> = Bounded(33_554_432);
        /// Without a question for so long the looks end and are forgotten, ms.
        Public idle_ms: Bounded<1_000, 86_400_000> = Bounded(900_000);
    }
}
