//! Foreign clients on the sandbox: kcat and confluent-kafka (librdkafka) and Kafka's own Java tools
//! produce, consume in groups and administer it. Their scripts belong to the sandbox; here they have
//! to run, so a client that is missing fails.

use crate::support::bed::shared;
use kafkaweave_sandbox::{Options, Sandbox};
use std::path::PathBuf;
use std::process::Command;
use tokio::task::spawn_blocking;

/// Runs a script against a sandbox of its own; each of its checks must be well.
async fn checks(mut command: Command) {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    command.arg(sandbox.bootstrap());
    // Cargo puts the librdkafka of this build there, and kcat has its own.
    command.env_remove("LD_LIBRARY_PATH");
    let output = spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let also = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}\n{also}");
    let well = said.lines().filter(|line| line.starts_with("ok")).count();
    assert!(well >= 10 && !said.contains("FAIL"), "{said}\n{also}");
    sandbox.shutdown().await;
}

fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("crates/sandbox/tests/interop")
        .join(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn kcat_produces_consumes_and_shares_a_group_on_the_sandbox() {
    checks(Command::new(script("kcat.sh"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn confluent_kafka_administers_and_consumes_in_every_group_protocol_on_the_sandbox() {
    let python = spawn_blocking(|| shared().python_path()).await.unwrap();
    let mut command = Command::new(python);
    command.arg(script("confluent.py"));
    checks(command).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kafkas_own_tools_administer_and_consume_on_the_sandbox() {
    let jars = spawn_blocking(|| shared().jars()).await.unwrap();
    let mut command = Command::new(script("java.sh"));
    command.env("KAFKA_JARS", jars);
    checks(command).await;
}
