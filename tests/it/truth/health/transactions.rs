//! A transaction that nobody will end, beside one that is merely open.

use super::super::CONFIGS;
use super::{client, evidence, fires, health, health_when, names, silent};
use crate::support::bed::{Listener, RecordPlan, exclusive};
use serde_json::Value;
use std::process::Command;

const TRANSACTIONS: &str = "org.apache.kafka.tools.TransactionsCommand";

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_transaction_is_critical_until_it_is_aborted_and_an_open_one_is_not() {
    let bed = exclusive();
    let rule = "hanging_transactions";
    let hung = bed.plant_topic("0-hung", 1).unwrap();
    let open = bed.plant_topic("0-open", 1).unwrap();
    let within = |topic: &str, end: &str| {
        let id = bed.name("0-tx");
        let settings = [("transactional.id", id.as_str()), ("plant.end", end)];
        let records = [RecordPlan::value("v").partition(0)];
        bed.produce_with(topic, &settings, &records).unwrap();
    };
    within(&hung, "commit");
    within(&open, "open");
    let partition = format!("{hung}-0");
    let beside = format!("{open}-0");
    let client = client(&bed).await;
    silent(&health(&client).await, rule, &[&partition, &beside]);

    // A leader takes a batch of which the coordinator knows nothing only without this.
    let alter = |how: &str, what: &str| {
        let of = ["--alter", "--entity-type", "brokers", "--entity-default"];
        let mut words = of.to_vec();
        words.extend([how, what]);
        bed.kafka(CONFIGS, &words).unwrap();
    };
    let key = "transaction.partition.verification.enable";
    alter("--add-config", &format!("{key}=false"));
    let planted = planted_hanging(&bed, &hung);
    alter("--delete-config", key);
    let answer = health_when(&client, |a| names(a, rule, &partition)).await;
    fires(&answer, rule, &[&partition], &[&beside]);
    assert_eq!(answer.data["verdict"], "critical", "{}", answer.text);
    let said = evidence(&answer, rule);
    assert!(
        said.contains(&planted["producer_id"].to_string()),
        "{said} {planted}"
    );

    let offset = planted["offset"].to_string();
    let words = [
        "abort",
        "--topic",
        &hung,
        "--partition",
        "0",
        "--start-offset",
        &offset,
    ];
    bed.kafka(TRANSACTIONS, &words).unwrap();
    health_when(&client, |a| !names(a, rule, &partition)).await;
}

/// Plants one, as soon as the leader takes it.
fn planted_hanging(bed: &crate::support::bed::Bed, topic: &str) -> Value {
    let until = std::time::Instant::now() + super::LIMIT;
    loop {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/testbed/hang.py");
        let address = bed.address(1, Listener::Plaintext);
        let id = bed.name("0-hanging");
        let output = Command::new("python3")
            .args([script, &address, topic, "0", &id])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let planted: Value = serde_json::from_str(&said)
            .unwrap_or_else(|e| panic!("{e}: {said} {}", String::from_utf8_lossy(&output.stderr)));
        if planted["error"] == 0 {
            return planted;
        }
        assert!(std::time::Instant::now() < until, "{planted}");
    }
}
