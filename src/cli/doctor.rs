//! `doctor`: stub
use super::{CliError, Common};
use clap::Args;
use std::process::ExitCode;
/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {}
pub(super) async fn run(_: &Common, _: &DoctorArgs) -> Result<ExitCode, CliError> { Ok(ExitCode::SUCCESS) }
