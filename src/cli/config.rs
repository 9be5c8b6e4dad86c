//! `config`: the effective configuration with the source of each value, or the file's schema.

use super::{CliError, Common};
use clap::{Args, Subcommand};
use std::process::ExitCode;

/// Arguments of `config`.
#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Show every effective setting and where it comes from. Secrets are shown as references.
    Show,
    /// Print the JSON schema of the configuration file.
    Schema,
}

pub(super) fn run(common: &Common, args: &ConfigArgs) -> Result<ExitCode, CliError> {
    match args.command {
        ConfigCommand::Show => say_text!("{}", common.load()?.show()),
        ConfigCommand::Schema => say!("{:#}", crate::config::schema()),
    }
    Ok(ExitCode::SUCCESS)
}
