//! What is wrong with a configuration: every fault at once, each with its place.
//!
//! A fault of a key that may hold a secret never carries what was found there.

use super::node::Source;
use std::fmt;
use thiserror::Error;

/// How a secret is written in the file, for messages.
pub(crate) const SECRET_FORMS: &str =
    "`{ env = \"NAME\" }`, `{ file = \"PATH\" }` or `{ command = [\"PROGRAM\", \"ARGUMENT\"] }`";
/// How a secret is written in a variable or a flag, for messages.
pub(crate) const SECRET_TEXT_FORMS: &str =
    "`env:NAME`, `file:PATH` or `command:PROGRAM ARGUMENT ...`";

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// The file cannot be read.
    #[error("cannot be read: {reason}")]
    Unreadable {
        /// The operating system's reason.
        reason: String,
    },
    /// The file is not TOML.
    #[error("not valid TOML: {reason}")]
    Syntax {
        /// The parser's reason, without the text.
        reason: String,
    },
    /// There is no such key.
    #[error("unknown key{}", known(near, allowed))]
    UnknownKey {
        /// Nearest keys that exist, nearest first.
        near: Vec<String>,
        /// All keys that exist here.
        allowed: Vec<String>,
    },
    /// The value is of another type.
    #[error("must be {expected}; found {found}")]
    Type {
        /// What is allowed.
        expected: String,
        /// What kind of value was found.
        found: &'static str,
    },
    /// The value is of the right type and not allowed.
    #[error("must be {expected}; found {}", quoted(found))]
    Value {
        /// What is allowed.
        expected: String,
        /// What was found, shortened.
        found: String,
    },
    /// A secret is not given by reference. Holds nothing of what was found.
    #[error("{found} is not accepted here: a secret is given by reference, as {forms}")]
    NotAReference {
        /// What kind of value was found.
        found: &'static str,
        /// The forms that are accepted.
        forms: &'static str,
    },
    /// A command that prints a secret, in a file that was only found in the working directory.
    #[error(
        "a file that was merely found in the working directory may not run commands; name it with `--config` to trust it"
    )]
    UntrustedCommand,
    /// A name is not allowed.
    #[error(
        "`{name}` is no name: 1 to 64 of `A-Z a-z 0-9 . _ -`, beginning and ending with a letter or digit, no two of `. _ -` in a row"
    )]
    Name {
        /// What was found, shortened.
        name: String,
    },
    /// Two clusters cannot be told apart.
    #[error(
        "differs from cluster `{other}` only in letter case or in `. _ -`, so no environment variable could tell them apart"
    )]
    SameName {
        /// The other.
        other: String,
    },
    /// A key is needed and missing.
    #[error("is missing{}", why.map(|why| format!(": {why}")).unwrap_or_default())]
    Missing {
        /// Why it is needed.
        why: Option<&'static str>,
    },
    /// An address cannot be used.
    #[error("{reason}")]
    Address {
        /// What is wrong with which address.
        reason: String,
    },
    /// A named cluster is not configured.
    #[error("no cluster `{name}`{}", known(near, allowed))]
    NoSuchCluster {
        /// What was found, shortened.
        name: String,
        /// Nearest names, nearest first.
        near: Vec<String>,
        /// All clusters.
        allowed: Vec<String>,
    },
    /// A connection flag was given and it is not clear for which cluster.
    #[error("is for one cluster; name it with `--cluster`{}", known(&[], allowed))]
    WhichCluster {
        /// All clusters.
        allowed: Vec<String>,
    },
    /// A connection flag was given and there is no cluster.
    #[error("is for one cluster and none is configured; give `--bootstrap HOST:PORT`")]
    NoCluster,
    /// The server would listen beyond this machine and let anybody in.
    #[error(
        "`{address}` can be reached from other machines: set `server.tokens`, or listen on `127.0.0.1`"
    )]
    OpenServer {
        /// Where it would listen.
        address: String,
    },
}

fn quoted(found: &str) -> String {
    match found {
        "" => "an empty string".into(),
        found => format!("`{found}`"),
    }
}

fn known(near: &[String], allowed: &[String]) -> String {
    if let [first, ..] = near {
        return format!("; did you mean `{first}`?");
    }
    if allowed.is_empty() {
        return "; there are none".into();
    }
    let list: Vec<_> = allowed.iter().map(|name| format!("`{name}`")).collect();
    format!("; known here: {}", list.join(", "))
}

/// One fault and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Where it is written.
    pub source: Source,
    /// Path of the key, e.g. `clusters.prod.tls.ca`; empty when it is the file itself.
    pub key: String,
    /// What is wrong.
    pub fault: Fault,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.source != Source::Default {
            write!(f, "{}: ", self.source)?;
        }
        if !self.key.is_empty() {
            write!(f, "`{}`: ", self.key)?;
        }
        write!(f, "{}", self.fault)
    }
}

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// All faults, in the order of the file; never empty.
    pub problems: Vec<ConfigProblem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
