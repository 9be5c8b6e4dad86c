//! Progress: whoever sent a token with a long read hears how far it has come, and nobody else hears anything.
//!
//! The reads are made long by a quota, which also proves that a throttled search is whole: the broker is silent for
//! longer than the server waits for an answer.

use crate::support::bed::{Bed, RecordPlan, shared};
use crate::support::mcp::{BINARY, Client, WIRES};
use crate::support::rpc::Raw;
use crate::support::slow::Slow;
use serde_json::{Value, json};
use std::time::Duration;

const RECORDS: usize = 6_000;
/// Some four megabytes come at once, the other two after ten seconds.
const BYTES_A_SECOND: u32 = 400_000;
/// A broker that says nothing for so long is given up.
const ARGS: [&str; 2] = ["--request-timeout-ms", "2000"];

/// A topic of six megabytes with one needle at its end.
fn planted(bed: &Bed) -> String {
    let topic = bed.plant_topic("progress", 1).unwrap();
    let hay = "x".repeat(1000);
    let records: Vec<_> = (1..RECORDS)
        .map(|_| RecordPlan::value(&hay))
        .chain([RecordPlan::value("needle")])
        .collect();
    bed.produce(&topic, &records).unwrap();
    topic
}

fn asked(topic: &str) -> Value {
    json!({"topic": topic, "where": ["value contains needle"]})
}

fn assert_whole(answer: &Value) {
    assert_eq!(answer["stopped"], "end", "{answer:#}");
    assert_eq!(answer["records_scanned"], RECORDS, "{answer:#}");
    assert_eq!(answer["covered"][0]["to"], RECORDS, "{answer:#}");
    assert_eq!(answer["records"][0]["offset"], RECORDS - 1, "{answer:#}");
}

/// Notifications of progress among messages.
fn notices(messages: &[Value]) -> Vec<&Value> {
    let is = |message: &&Value| message["method"] == "notifications/progress";
    messages.iter().filter(is).collect()
}

/// Each is further than the one before, of the same total, and says so in words.
fn assert_steps(steps: &[(f64, Option<f64>, String)]) {
    assert!(!steps.is_empty(), "nothing was heard");
    assert!(steps.len() <= 15, "one a second at most: {steps:?}");
    assert!(steps.windows(2).all(|two| two[0].0 < two[1].0), "{steps:?}");
    for (progress, total, message) in steps {
        assert_eq!(*total, Some(RECORDS as f64), "{message}");
        assert!((0.0..=RECORDS as f64).contains(progress), "{message}");
        let percent = (progress * 100.0 / RECORDS as f64).floor();
        assert!(
            message.starts_with(&format!("{percent} % of the range: ")),
            "{progress}: {message}"
        );
        for part in [" records, ", " MiB, ", " left"] {
            assert!(message.contains(part), "{message}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_search_says_how_far_it_has_come_and_one_that_is_throttled_is_whole() {
    let bed = shared();
    let topic = planted(&bed);
    let quotas: Vec<Slow> = (0..WIRES.len() + 3)
        .map(|_| Slow::new(&bed, BYTES_A_SECOND))
        .collect();
    let variables: Vec<_> = quotas.iter().map(Slow::variables).collect();
    let of = |index: usize| -> Vec<(&str, &str)> {
        let list = &variables[index];
        list.iter().map(|(k, v)| (*k, v.as_str())).collect()
    };
    let wires = futures::future::join_all(WIRES.iter().enumerate().map(|(index, wire)| {
        let (variables, asked) = (of(index), asked(&topic));
        async move {
            let client = Client::start_with(*wire, &ARGS, &variables).await;
            let answer = client.call("kafka_record_search", asked).await;
            assert_whole(&answer.data);
            let heard = client.heard().into_iter();
            let steps: Vec<_> = heard
                .map(|n| (n.progress, n.total, n.message.unwrap_or_default()))
                .collect();
            assert_steps(&steps);
        }
    }));
    // The same bytes, seen one by one: first without a token, then with one of letters.
    let silent = async {
        let mut raw = Raw::legacy(&ARGS, &of(4)).await;
        let answer = raw.call("kafka_record_search", asked(&topic)).await;
        assert_whole(&answer["result"]["structuredContent"]);
        let others: Vec<Value> = raw.others().iter().cloned().collect();
        assert!(notices(&others).is_empty(), "{others:#?}");
    };
    let heard = async {
        let mut raw = Raw::legacy(&ARGS, &of(5)).await;
        let params = json!({
            "name": "kafka_record_search", "arguments": asked(&topic), "_meta": {"progressToken": "of letters"},
        });
        let answer = raw.ask("tools/call", params).await;
        assert_whole(&answer["result"]["structuredContent"]);
        let before: Vec<Value> = raw.others().iter().cloned().collect();
        let notices = notices(&before);
        let steps: Vec<_> = notices
            .iter()
            .map(|n| {
                let params = &n["params"];
                assert_eq!(params["progressToken"], "of letters");
                let message = params["message"].as_str().unwrap();
                (
                    params["progress"].as_f64().unwrap(),
                    params["total"].as_f64(),
                    message.to_owned(),
                )
            })
            .collect();
        assert_steps(&steps);
        // It ends with the answer, also where the next word would have been due.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        raw.ask("ping", json!({})).await;
        assert_eq!(raw.others().len(), before.len());
    };
    let terminal = {
        let mut command = std::process::Command::new(bed.python_path());
        command
            .args(["-c", "import pty, sys; pty.spawn(sys.argv[1:])", BINARY])
            .args(["call", "kafka_record_search", "--json"])
            .arg(asked(&topic).to_string())
            .envs(of(6))
            .env("HOME", "/nonexistent")
            .stdin(std::process::Stdio::null());
        tokio::task::spawn_blocking(move || command.output())
    };
    let (_, (), (), terminal) = tokio::join!(wires, silent, heard, terminal);
    let said = terminal.unwrap().unwrap();
    let said = String::from_utf8_lossy(&said.stdout);
    let line = said.find(" % of the range: ").expect("a line of progress");
    let answer = said.find("1 match; looked at").expect("the answer");
    assert!(line < answer, "{said:?}");
    assert!(said.contains("\r\u{1b}[K"), "the line is cleared: {said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_call_says_nothing_of_progress() {
    let bed = shared();
    let topic = bed.plant_topic("short", 1).unwrap();
    bed.produce(&topic, &[RecordPlan::value("needle")]).unwrap();
    let bootstrap = bed.bootstrap(crate::support::bed::Listener::Plaintext);
    let mut raw = Raw::legacy(&["--bootstrap", &bootstrap], &[]).await;
    let params = json!({
        "name": "kafka_record_search", "arguments": asked(&topic), "_meta": {"progressToken": 7},
    });
    let answer = raw.ask("tools/call", params).await;
    assert_eq!(answer["result"]["structuredContent"]["stopped"], "end");
    assert!(raw.others().is_empty(), "{:?}", raw.others());
}
