//! The kafkaweave binary: arguments in, exit code out.

use clap::Parser;
use kafkaweave::cli::{Cli, run};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    run(Cli::parse()).await
}
