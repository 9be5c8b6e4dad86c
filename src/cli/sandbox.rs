//! `sandbox`: the in-memory demo cluster, for any Kafka client, until interrupted.

use super::CliError;
use clap::Args;
use kafkaweave_sandbox::{Options, Sandbox};
use std::process::ExitCode;

/// Arguments of `sandbox`.
#[derive(Debug, Args)]
pub(super) struct SandboxArgs {
    /// First of three ports in a row; 0 takes free ones.
    #[arg(long, default_value_t = 0, value_name = "PORT")]
    port: u16,
    /// Begin with no topics.
    #[arg(long)]
    empty: bool,
    /// Leave the seeded topics at rest.
    #[arg(long)]
    still: bool,
}

pub(super) async fn run(args: &SandboxArgs) -> Result<ExitCode, CliError> {
    let ports = match args.port {
        0 => [0; 3],
        first => {
            let last = first.checked_add(2).ok_or_else(|| {
                CliError::Usage("--port: at most 65533, as three ports are used".into())
            })?;
            [first, first + 1, last]
        }
    };
    let options = Options {
        ports,
        seed: !args.empty,
        traffic: !args.empty && !args.still,
        ..Options::default()
    };
    let sandbox = Sandbox::start(options)
        .await
        .map_err(|e| CliError::Failed(format!("the sandbox cannot start: {e}")))?;
    say!("in-memory sandbox, not a real cluster; nothing is kept after it ends");
    say!("bootstrap: {}", sandbox.bootstrap());
    say!(
        "try: kafkaweave call kafka_group_lag --bootstrap {}",
        sandbox.bootstrap()
    );
    say!("     kcat -L -b {}", sandbox.bootstrap());
    say!("stop with Ctrl-C");
    tokio::signal::ctrl_c()
        .await
        .map_err(|e| CliError::Failed(e.to_string()))?;
    sandbox.shutdown().await;
    Ok(ExitCode::SUCCESS)
}
