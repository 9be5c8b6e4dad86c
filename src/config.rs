//! The configuration: file < environment < flags, checked as a whole before anything starts.
//!
//! Every key is declared once, in `config/keys.rs`; reading, the schema, the environment's names and
//! [`Config::show`] follow from there. Sources become one tree of values that know where they were
//! written (`node`, `overlay`), the tree is read into typed sections (`keys`, `value`), and `build`
//! checks what concerns several keys. Nothing here touches the network, resolves a secret or reads
//! the process's environment; whether files exist is the doctor's question.

mod address;
mod build;
mod environment;
mod error;
mod flags;
mod keys;
mod node;
mod overlay;
mod schema;
mod search;
mod show;
mod value;

pub use error::{ConfigError, ConfigProblem, Fault};
pub use flags::{Flags, ReferenceText};
pub use node::Source;
pub use schema::{KeyDescription, keys, schema};
pub use show::Setting;
pub use value::Class;

use kafkaweave_client::profile::Profile;
use kafkaweave_client::secret::SecretRef;
use node::Node;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use thiserror::Error;
use value::{Field, Reader};

/// Where the configuration comes from. Passed in whole, so that nothing but `main` reads the
/// process's environment.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file of `--config`; `None` looks in the usual places.
    pub file: Option<PathBuf>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Flags.
    pub flags: Flags,
    /// Where `kafkaweave.toml` is looked for; empty is the process's working directory.
    pub directory: PathBuf,
}

/// The effective configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Clusters in the order of the file. May be empty: planning and guides need none.
    pub clusters: Vec<ClusterConfig>,
    /// The cluster of calls that name none: as configured, or the only one. It exists.
    pub default_cluster: Option<String>,
    /// Serving over HTTP.
    pub server: ServerConfig,
    /// Bounds on every call.
    pub limits: Limits,
    /// Looks at groups between calls.
    pub sampling: SamplingConfig,
    /// Toolsets to offer; `None` is the default choice.
    pub toolsets: Option<Vec<String>>,
    /// Tools to offer instead of whole toolsets.
    pub tools: Option<Vec<String>>,
    /// Whether tools that could change anything are left out.
    pub read_only: bool,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// Where a file was looked for.
    pub searched: Vec<PathBuf>,
    /// What is allowed and may not be meant.
    pub warnings: Vec<Warning>,
    /// Every effective setting, for display.
    pub settings: Vec<Setting>,
}

/// One cluster.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// What an engine needs.
    pub profile: Profile,
    /// Where the cluster is defined.
    pub source: Source,
}

/// Serving over HTTP.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// `Host` headers to answer to besides those of this machine.
    pub allowed_hosts: Vec<String>,
    /// `Origin` headers to answer to.
    pub allowed_origins: Vec<String>,
    /// Bearer tokens to accept; empty accepts every caller.
    pub tokens: Vec<SecretRef>,
    /// Sessions at once.
    pub max_sessions: usize,
    /// A session that is silent for longer is closed, ms.
    pub session_idle_ms: u64,
}

/// Bounds on every call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A call that takes longer is stopped, ms.
    pub call_timeout_ms: u64,
    /// Calls at once; further ones wait.
    pub max_concurrent_calls: usize,
    /// Longer answers are cut, bytes.
    pub max_answer_bytes: usize,
}

/// Looks at groups between calls, while serving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SamplingConfig {
    /// Does not look at all.
    pub disabled: bool,
    /// Between two looks, ms.
    pub interval_ms: u64,
    /// Looks that are remembered of each group.
    pub samples: usize,
    /// Bound on what is remembered of a cluster, bytes.
    pub memory_bytes: usize,
    /// Without a question for so long they end and are forgotten, ms.
    pub idle_ms: u64,
}

/// What is allowed and may not be meant.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Warning {
    /// The password, or what is derived from it, crosses the network in the open.
    #[error(
        "cluster `{cluster}`: `sasl` without `tls` sends credentials over an unencrypted connection"
    )]
    SaslOverPlaintext {
        /// Cluster.
        cluster: String,
    },
    /// `--bootstrap` defines the cluster.
    #[error("`--bootstrap` defines the cluster `default`; set aside: {}", clusters.join(", "))]
    SetAside {
        /// Clusters that are configured and not used.
        clusters: Vec<String>,
    },
    /// A variable that is not read resembles one that is.
    #[error("environment variable `{name}` is not read; did you mean `{nearest}`?")]
    Variable {
        /// As it is set.
        name: String,
        /// What is read.
        nearest: &'static str,
    },
    /// The server listens beyond this machine and answers to no name but this machine's own.
    #[error(
        "`server.address` is `{address}` and `server.allowed_hosts` is empty: requests from other machines are refused"
    )]
    NoHosts {
        /// Where it listens.
        address: String,
    },
}

/// Loads the configuration.
///
/// # Errors
/// [`ConfigError`] with every fault that could be found at once.
pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
    let (found, searched) = search::find(sources);
    let mut root = Node::empty();
    if let Some(found) = &found {
        root = read_file(&found.path)?;
    }
    let path = found.as_ref().map(|found| found.path.as_path());
    let mut reader = Reader {
        directory: path.and_then(Path::parent).unwrap_or(Path::new("")),
        home: search::home(sources),
        trusted: found.as_ref().is_none_or(|found| found.trusted),
        problems: Vec::new(),
    };
    let mut warnings: Vec<_> = environment::mistyped(&sources.environment)
        .into_iter()
        .map(|(name, nearest)| Warning::Variable { name, nearest })
        .collect();
    overlay::overlay(
        &mut root,
        &sources.environment,
        &sources.flags,
        &mut reader,
        &mut warnings,
    );
    let keys = keys::FileKeys::read(&root, "", &mut reader);
    let mut settings = Vec::new();
    if let Some(keys) = &keys {
        keys.settings("", Class::Section, &Source::Default, &mut settings);
    }
    let built = keys.and_then(|keys| build::build(keys, &mut reader, &mut warnings));
    let problems = reader.problems.clone();
    reader.finish()?;
    let file = found.map(|found| found.path);
    match built {
        Some(built) => Ok(Config {
            clusters: built.clusters,
            default_cluster: built.default_cluster,
            server: built.server,
            limits: built.limits,
            sampling: built.sampling,
            toolsets: built.toolsets,
            tools: built.tools,
            read_only: built.read_only,
            file,
            searched,
            warnings,
            settings,
        }),
        // Not reached: what is not built was told as a fault.
        None => Err(ConfigError { problems }),
    }
}

fn read_file(path: &Path) -> Result<Node, ConfigError> {
    let source = |source| match source {
        Source::Default => Source::Path(path.to_owned()),
        source => source,
    };
    let problem = |at, fault| ConfigProblem {
        source: source(at),
        key: String::new(),
        fault,
    };
    let text = search::read(path).map_err(|fault| ConfigError {
        problems: vec![problem(Source::Default, fault)],
    })?;
    node::parse(&text, path).map_err(|broken| ConfigError {
        problems: broken
            .into_iter()
            .map(|one| problem(one.source, Fault::Syntax { reason: one.reason }))
            .collect(),
    })
}

impl Config {
    /// The clusters' profiles, in the order of the file.
    pub fn profiles(&self) -> Vec<Profile> {
        self.clusters
            .iter()
            .map(|cluster| cluster.profile.clone())
            .collect()
    }
}
