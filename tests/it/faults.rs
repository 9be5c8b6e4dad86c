//! What a server says while its cluster is in trouble, and what it costs the brokers to be asked.
//!
//! One server process lives through each fault: a broker killed, frozen, a quorum without majority. It answers from the
//! rest, names what is missing, and is whole again afterwards without a restart. Kafka's own tools say what is true.
//! Whether the pieces below decode and route rightly is tested where they are.

mod broker;
mod cost;
mod damage;
mod drift;
mod group;
mod lifecycle;
mod midway;
mod quorum;
mod reads;
mod search;
mod transactions;
mod upkeep;

use crate::support::bed::{Bed, Listener};
use crate::support::mcp::{Answer, Client, Wire};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long a state may take to come about.
const LIMIT: Duration = Duration::from_secs(45);

/// A call's bound, as the server has it by default, with room for a loaded machine.
const CALL: Duration = Duration::from_secs(30);

/// A client of a server that knows all nodes of the bed and gives a broker two seconds for an answer.
async fn client(bed: &Bed) -> Client {
    let bootstrap = bed.bootstrap(Listener::Plaintext);
    let args = [
        "--bootstrap",
        bootstrap.as_str(),
        "--request-timeout-ms",
        "2000",
        "--toolsets",
        "all",
    ];
    Client::start(Wire::StdioModern, &args).await
}

/// Calls until the answer, an error or not, is `good`; panics with the last one when it never is.
async fn eventually(
    client: &Client,
    tool: &str,
    arguments: Value,
    good: impl Fn(&Answer) -> bool,
) -> Answer {
    let until = Instant::now() + LIMIT;
    loop {
        let answer = prompt(client, tool, arguments.clone()).await;
        if good(&answer) {
            return answer;
        }
        assert!(
            Instant::now() < until,
            "{tool} {arguments}: {}\n{:#}",
            answer.text,
            answer.data
        );
    }
}

/// Calls a tool; whatever comes of it comes before the call's deadline.
async fn prompt(client: &Client, tool: &str, arguments: Value) -> Answer {
    let began = Instant::now();
    let answer = client.try_call(tool, arguments).await;
    assert!(
        began.elapsed() < CALL,
        "{tool}: {:?}: {}",
        began.elapsed(),
        answer.text
    );
    assert_ne!(
        answer.data["code"], "deadline",
        "{tool} was cut off: {}",
        answer.text
    );
    answer
}

/// The gaps of an answer.
fn missing(answer: &Answer) -> &[Value] {
    answer.data["missing"].as_array().map_or(&[], Vec::as_slice)
}

/// Whether some gap names the broker or speaks of it.
fn names_broker(answer: &Answer, broker: i32) -> bool {
    missing(answer).iter().any(|gap| {
        gap["broker"] == broker
            || gap["what"]
                .as_str()
                .is_some_and(|what| what.contains(&format!("broker {broker}")))
    })
}

/// The finding of a rule in a health report.
fn finding<'a>(answer: &'a Answer, rule: &str) -> Option<&'a Value> {
    answer.data["findings"]
        .as_array()?
        .iter()
        .find(|finding| finding["rule"] == rule)
}

/// The state of a broker in a cluster description.
fn state(answer: &Answer, broker: i32) -> &Value {
    answer.data["brokers"]
        .as_array()
        .and_then(|rows| rows.iter().find(|row| row["broker"] == broker))
        .map_or(&Value::Null, |row| &row["state"])
}

/// The whole cluster is seen again: three brokers online and nothing missing.
async fn whole_again(client: &Client) -> Answer {
    eventually(
        client,
        "kafka_cluster_describe",
        json!({ "detail": "detailed" }),
        |answer| {
            !answer.is_error
                && missing(answer).is_empty()
                && [1, 2, 3]
                    .iter()
                    .all(|broker| state(answer, *broker) == "online")
        },
    )
    .await
}
