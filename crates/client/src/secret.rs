//! Secrets as a type: held, compared, handed to a protocol, and never shown.
//!
//! A secret comes from a reference (environment variable, file or command), is resolved when a
//! connection first needs it, and is wiped from neither memory nor swap: this guards output, logs
//! and errors, not a debugger.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;

/// A secret text. `Debug` and `Display` show `***`; only [`Secret::expose`] gives it away.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the protocol message or cipher that needs it and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl std::fmt::Display for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// Where a secret is kept. A secret is never written into the configuration itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretRef {
    /// In an environment variable.
    Env(String),
    /// In a file; one trailing line break is dropped.
    File(PathBuf),
    /// Printed by a command (program and arguments, no shell); one trailing line break is dropped.
    Command(Vec<String>),
}

/// The place only: the arguments of a command may be secret.
impl std::fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.place())
    }
}

/// Why a secret could not be had. Says where it should be, never what it is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SecretError {
    /// The environment variable is not set, or not UTF-8.
    #[error("environment variable `{0}` is not set")]
    NoVariable(String),
    /// The file cannot be read.
    #[error("secret file `{path}` cannot be read: {reason}")]
    NoFile {
        /// Path.
        path: PathBuf,
        /// The operating system's reason.
        reason: String,
    },
    /// The command is empty, did not start, failed, or ran longer than [`COMMAND_TIMEOUT`].
    #[error("secret command `{program}` failed: {reason}")]
    Command {
        /// Program; arguments are left out, they may be secret.
        program: String,
        /// Reason, without the command's output.
        reason: String,
    },
    /// The secret is empty.
    #[error("secret from {0} is empty")]
    Empty(String),
}

/// A secret command that runs longer is stopped.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);

impl SecretRef {
    /// Where it is kept, in words, for messages.
    pub fn place(&self) -> String {
        match self {
            Self::Env(name) => format!("environment variable `{name}`"),
            Self::File(path) => format!("file `{}`", path.display()),
            Self::Command(argv) => format!("command `{}`", argv.first().map_or("", String::as_str)),
        }
    }

    /// Fetches the secret.
    ///
    /// # Errors
    /// [`SecretError`] when it is not there, cannot be read, or is empty.
    pub async fn resolve(&self) -> Result<Secret, SecretError> {
        let text = match self {
            Self::Env(name) => {
                std::env::var(name).map_err(|_| SecretError::NoVariable(name.clone()))?
            }
            Self::File(path) => {
                tokio::fs::read_to_string(path)
                    .await
                    .map_err(|e| SecretError::NoFile {
                        path: path.clone(),
                        reason: e.to_string(),
                    })?
            }
            Self::Command(argv) => run(argv).await?,
        };
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() {
            return Err(SecretError::Empty(self.place()));
        }
        Ok(Secret::new(text))
    }
}

async fn run(argv: &[String]) -> Result<String, SecretError> {
    let program = argv.first().cloned().unwrap_or_default();
    let failed = |reason: String| SecretError::Command {
        program: program.clone(),
        reason,
    };
    if program.is_empty() {
        return Err(failed("no program is named".into()));
    }
    let output = tokio::process::Command::new(&program)
        .args(argv.get(1..).unwrap_or_default())
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(COMMAND_TIMEOUT, output)
        .await
        .map_err(|_| failed(format!("ran longer than {} s", COMMAND_TIMEOUT.as_secs())))?
        .map_err(|e| failed(e.to_string()))?;
    if !output.status.success() {
        return Err(failed(format!("ended with {}", output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_| failed("printed no UTF-8".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_in_no_format() {
        let secret = Secret::new("hunter2");
        assert_eq!(
            format!("{secret} {secret:?} {:?}", Some(&secret)),
            "*** *** Some(***)"
        );
    }

    #[tokio::test]
    async fn a_failing_command_does_not_repeat_its_arguments_or_output() {
        let argv = ["sh", "-c", "echo hunter2; echo hunter2 >&2; exit 3"].map(String::from);
        let error = SecretRef::Command(argv.to_vec())
            .resolve()
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("`sh`") && error.contains("3"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_reference_to_a_command_does_not_show_its_arguments() {
        let argv = ["vault", "--token=hunter2"].map(String::from);
        let shown = format!("{:?}", SecretRef::Command(argv.to_vec()));
        assert_eq!(shown, "command `vault`");
    }

    #[tokio::test]
    async fn one_trailing_line_break_is_dropped() {
        let argv = ["printf", "a b\\n"].map(String::from);
        let secret = SecretRef::Command(argv.to_vec()).resolve().await.unwrap();
        assert_eq!(secret.expose(), "a b");
    }
}
