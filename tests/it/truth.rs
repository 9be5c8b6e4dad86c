//! Every tool against the truth got another way: what Kafka's own tools and kcat say of the same cluster.
//!
//! A test plants its state with Kafka's Java client, asks our tools as an MCP client does, and asks Kafka's command-line
//! tools the same; the two answers must agree. Where the state of the whole cluster is asked for, other tests move it
//! meanwhile: Kafka is then asked before and after, and only an answer between two like ones counts ([`steady`]).
//! What our tools say of faults is not tested here.

mod acl;
mod broker;
mod cluster;
mod config;
mod drift;
mod group;
mod health;
mod quorum;
mod quota;
mod reassignment;
mod record;
mod sandbox;
mod server;
mod topic;
mod transaction;

use crate::support::bed::{Bed, Listener};
use crate::support::mcp::{Answer, Client, Wire};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::{Duration, Instant};

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";
const GROUPS: &str = "org.apache.kafka.tools.GroupsCommand";
const CONSUMER_GROUPS: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
const CONFIGS: &str = "kafka.admin.ConfigCommand";
const OFFSETS: &str = "org.apache.kafka.tools.GetOffsetShell";

/// How long a state may take to become what was planted.
const LIMIT: Duration = Duration::from_secs(60);

/// A client of a server that knows the bed's cluster.
async fn client(bed: &Bed, wire: Wire) -> Client {
    Client::start(wire, &["--bootstrap", &bed.bootstrap(Listener::Plaintext)]).await
}

/// The same with the tools of every toolset.
async fn client_of_all(bed: &Bed) -> Client {
    let bootstrap = bed.bootstrap(Listener::Plaintext);
    let args = ["--bootstrap", &bootstrap, "--toolsets", "all"];
    Client::start(Wire::StdioModern, &args).await
}

/// Rows of a table with heads and tabs, as TransactionsCommand prints it.
fn tabbed(output: &str) -> Vec<BTreeMap<String, String>> {
    let cells = |line: &str| -> Vec<String> {
        let cells = line.split('\t').map(|cell| cell.trim().to_string());
        cells.collect()
    };
    let mut lines = output.lines();
    let heads = lines.next().map(cells).unwrap_or_default();
    let row = |line: &str| heads.iter().cloned().zip(cells(line)).collect();
    lines.map(row).collect()
}

/// Asks until Kafka says the same before and after; returns that and our answer in between.
async fn steady<T: PartialEq + Debug>(
    truth: impl Fn() -> T,
    ask: impl AsyncFn() -> Answer,
) -> (T, Answer) {
    let until = Instant::now() + LIMIT;
    let mut before = truth();
    loop {
        let answer = ask().await;
        let after = truth();
        if before == after {
            return (after, answer);
        }
        assert!(
            Instant::now() < until,
            "never at rest: {before:?} then {after:?}"
        );
        before = after;
    }
}

/// Asks until `good`, and panics with the last answer when it never is.
async fn eventually(ask: impl AsyncFn() -> Answer, good: impl Fn(&Answer) -> bool) -> Answer {
    let until = Instant::now() + LIMIT;
    loop {
        let answer = ask().await;
        if good(&answer) {
            return answer;
        }
        assert!(Instant::now() < until, "{}\n{:#}", answer.text, answer.data);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Words of the lines that begin with `first`.
fn rows<'a>(output: &'a str, first: &str) -> Vec<Vec<&'a str>> {
    let words = |line: &'a str| line.split_whitespace().collect::<Vec<_>>();
    output
        .lines()
        .map(words)
        .filter(|words| words.first() == Some(&first))
        .collect()
}

/// `Name: value` pairs of a line of TopicCommand.
fn fields(line: &str) -> BTreeMap<String, String> {
    let pair = |part: &str| {
        let (name, value) = part.split_once(':')?;
        Some((name.trim().to_string(), value.trim().to_string()))
    };
    line.split('\t').filter_map(pair).collect()
}

/// `1,2,3` as numbers in a list.
fn ids(text: &str) -> Value {
    let ids: Vec<i64> = text.split(',').filter_map(|id| id.parse().ok()).collect();
    ids.into()
}

/// Offset by partition of a topic: `-1` ends, `-2` beginnings.
fn offsets(bed: &Bed, topic: &str, time: &str) -> BTreeMap<i64, i64> {
    let said = bed
        .kafka(OFFSETS, &["--topic", topic, "--time", time])
        .unwrap();
    let row = |line: &str| {
        let mut parts = line.rsplit(':');
        let offset = parts.next()?.parse().ok()?;
        Some((parts.next()?.parse().ok()?, offset))
    };
    said.lines().filter_map(row).collect()
}

/// What LogDirsCommand says, parsed: two lines of prose come before the JSON.
fn log_dirs(bed: &Bed, args: &[&str]) -> Value {
    let mut words = vec!["--describe"];
    words.extend(args);
    let said = bed
        .kafka("org.apache.kafka.tools.LogDirsCommand", &words)
        .unwrap();
    let json = said
        .lines()
        .find(|line| line.starts_with('{'))
        .expect("LogDirsCommand prints JSON");
    serde_json::from_str(json).unwrap()
}

/// The row of `list` whose `key` is `value`.
#[track_caller]
fn find<'a>(list: &'a Value, key: &str, value: impl Into<Value>) -> &'a Value {
    let value = value.into();
    let rows = list.as_array().expect("a list of rows");
    rows.iter()
        .find(|row| row[key] == value)
        .unwrap_or_else(|| panic!("no row with {key} {value} in {list:#}"))
}

/// One column of a list of rows.
fn column(list: &Value, key: &str) -> Vec<Value> {
    let rows = list.as_array().expect("a list of rows");
    rows.iter().map(|row| row[key].clone()).collect()
}

/// The text alone must answer: each of these parts is in it.
#[track_caller]
fn says(answer: &Answer, parts: &[&str]) {
    for part in parts {
        assert!(
            answer.text.contains(part),
            "`{part}` is not in:\n{}",
            answer.text
        );
    }
}

/// The line of the text whose first word is this.
#[track_caller]
fn line<'a>(answer: &'a Answer, first: &str) -> Vec<&'a str> {
    let found = rows(&answer.text, first);
    found
        .into_iter()
        .next()
        .unwrap_or_else(|| panic!("no line of {first} in:\n{}", answer.text))
}

/// All rows of a paged list, page by page.
async fn pages(client: &Client, tool: &str, arguments: Value, list: &str) -> Vec<Value> {
    let mut arguments = arguments;
    let mut all = Vec::new();
    loop {
        let answer = client.call(tool, arguments.clone()).await;
        all.extend(answer.data[list].as_array().expect("a list").clone());
        match answer.data.get("next_cursor") {
            Some(cursor) => {
                let cursor_text = cursor.as_str().expect("a cursor is text");
                says(&answer, &[cursor_text]);
                arguments["cursor"] = cursor.clone();
            }
            None => return all,
        }
    }
}

/// Price of a text in tokens.
fn tokens(text: &str) -> usize {
    tiktoken_rs::o200k_base_singleton()
        .encode_ordinary(text)
        .len()
}
