//! `doctor`: each cluster step by step.
//!
//! Exit codes: 0 all good, 1 something failed, 2 the configuration is wrong.

use super::{CliError, Common, OutputFormat, colour, sandbox_profile};
use crate::config::{ClusterConfig, Source};
use clap::Args;
use std::process::ExitCode;

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Format.
    #[arg(long, value_enum, default_value_t)]
    output: OutputFormat,
}

pub(super) async fn run(common: &Common, args: &DoctorArgs) -> Result<ExitCode, CliError> {
    let mut config = common.load()?;
    let mut only = common.flags.cluster.as_deref();
    let sandbox = common.start_sandbox().await?;
    if let Some(sandbox) = &sandbox {
        let source = Source::Flag("--sandbox".into());
        config.clusters = vec![ClusterConfig {
            profile: sandbox_profile(sandbox),
            source,
        }];
        only = None;
    }
    let report = crate::doctor::run(&config, only).await;
    if let Some(sandbox) = sandbox {
        sandbox.shutdown().await;
    }
    match args.output {
        OutputFormat::Text => say_text!("{}", report.text(colour::wanted())),
        OutputFormat::Json => {
            let json =
                serde_json::to_value(&report).map_err(|e| CliError::Failed(e.to_string()))?;
            say!("{json:#}");
        }
    }
    Ok(ExitCode::from(report.exit_code()))
}
