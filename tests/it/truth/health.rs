//! kafka_cluster_health on real clusters in trouble: each state is made on the bed, the rule names it with the right
//! numbers, and names nothing that is sound beside it or before it.
//!
//! Other tests plant their own trouble meanwhile, so what is looked for in a finding are our own names; the names begin
//! with a digit, as findings list names in order and not without end. States that the bed cannot be brought into are
//! recorded snapshots in the core's own tests.

mod bounds;
mod broker;
mod catalogue;
mod disks;
mod groups;
mod moves;
mod settings;
mod since;
mod transactions;
mod upkeep;

use super::LIMIT;
use crate::support::bed::{Bed, Listener};
use crate::support::mcp::{Answer, Client, Wire};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Instant;

/// A client whose server gives a broker two seconds for an answer.
async fn client(bed: &Bed) -> Client {
    let bootstrap = bed.bootstrap(Listener::Plaintext);
    let args = ["--bootstrap", &bootstrap, "--request-timeout-ms", "2000"];
    Client::start(Wire::StdioModern, &args).await
}

/// Asks once.
async fn health(client: &Client) -> Answer {
    client.call("kafka_cluster_health", json!({})).await
}

/// Asks until it is `good`, and panics with the last answer when it never is.
async fn health_when(client: &Client, good: impl Fn(&Answer) -> bool) -> Answer {
    let until = Instant::now() + LIMIT;
    loop {
        let answer = health(client).await;
        if good(&answer) {
            return answer;
        }
        assert!(Instant::now() < until, "{}\n{:#}", answer.text, answer.data);
    }
}

/// The findings of a rule: disks may have two, of two severities.
fn findings<'a>(answer: &'a Answer, rule: &str) -> Vec<&'a Value> {
    let all = answer.data["findings"].as_array().unwrap().iter();
    all.filter(|f| f["rule"] == rule).collect()
}

/// All that the findings of a rule name: topics, partitions as `topic-0`, groups, brokers as `broker 3`.
fn named(answer: &Answer, rule: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for finding in findings(answer, rule) {
        let list = |key: &str| finding[key].as_array().cloned().unwrap_or_default();
        for partition in list("partitions") {
            let topic = partition["topic"].as_str().unwrap();
            names.insert(format!("{topic}-{}", partition["partition"]));
        }
        for key in ["topics", "groups"] {
            names.extend(list(key).iter().map(|n| n.as_str().unwrap().to_owned()));
        }
        names.extend(list("brokers").iter().map(|id| format!("broker {id}")));
    }
    names
}

/// Whether a rule names this.
fn names(answer: &Answer, rule: &str, name: &str) -> bool {
    named(answer, rule).contains(name)
}

/// The evidence of a rule's findings.
fn evidence(answer: &Answer, rule: &str) -> String {
    let lines = findings(answer, rule)
        .iter()
        .flat_map(|f| f["evidence"].as_array().unwrap().clone())
        .map(|line| line.as_str().unwrap().to_owned())
        .collect::<Vec<_>>();
    lines.join("\n")
}

/// The rule names `sick` and none of `sound`, and says what it means and what mends it.
#[track_caller]
fn fires(answer: &Answer, rule: &str, sick: &[&str], sound: &[&str]) {
    let named = named(answer, rule);
    for name in sick {
        assert!(
            named.contains(*name),
            "{rule} does not name {name}: {named:?}\n{}",
            answer.text
        );
    }
    silent(answer, rule, sound);
    for finding in findings(answer, rule) {
        for part in ["subject", "meaning", "remedy", "next_tool"] {
            let said = finding[part].as_str().unwrap_or_default();
            assert!(!said.is_empty(), "{rule} has no {part}: {finding:#}");
        }
    }
}

/// The rule names none of these.
#[track_caller]
fn silent(answer: &Answer, rule: &str, sound: &[&str]) {
    for name in sound {
        assert!(
            !names(answer, rule, name),
            "{rule} names {name}:\n{}\n{}",
            answer.text,
            evidence(answer, rule)
        );
    }
}
