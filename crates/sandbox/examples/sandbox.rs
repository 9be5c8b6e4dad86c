//! Starts a sandbox, prints its bootstrap servers, and stops at Ctrl-C.
//!
//! `cargo run -p kafkaweave-sandbox --example sandbox [port1 port2 port3]`; with `RUST_LOG=info` it says
//! why it closes connections.

use kafkaweave_sandbox::{Options, Sandbox};

#[tokio::main]
#[expect(
    clippy::print_stdout,
    reason = "the address is what this program is for"
)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let mut options = Options::default();
    for (slot, port) in std::env::args().skip(1).take(3).enumerate() {
        options.ports[slot] = port.parse()?;
    }
    let sandbox = Sandbox::start(options).await?;
    println!("{}", sandbox.bootstrap());
    tokio::signal::ctrl_c().await?;
    sandbox.shutdown().await;
    Ok(())
}
