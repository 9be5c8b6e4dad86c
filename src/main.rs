//! The kafkaweave binary: arguments in, exit code out.

use kafkaweave::cli::{Cli, run};
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            let text = format!("error: no threads to work with: {error}");
            let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(run(cli));
    // What is dropped now still writes its audit line. A read of standard input that is no pipe (a
    // terminal, or the socket that Node gives) cannot be cancelled, and is not waited for longer.
    runtime.shutdown_timeout(Duration::from_millis(300));
    code
}
