//! Defects that other Kafka servers for assistants were found to have, each with the test that
//! keeps it from us. Section 6 and 8.4 are those of the survey: what was read in their code and
//! reports, and what was seen when they were run.
//!
//! That answers are true is told on a real cluster by `truth`; the controller, for one, by its test
//! of the quorum.
//!
//! What only writes could have wrong (a reset that takes partition 0 for none, commits -1, or goes
//! beyond the end; an approval that a second operation slips past) waits for tools that write; the
//! gates they will pass are tested here with probes.

mod answers;

use crate::support::probe::{calls, dispatcher};
use crate::support::rpc::{LEGACY, Raw, hello, until};
use kafkaweave::dispatch::Bounds;
use kafkaweave::problem::{Error, Problem};
use kafkaweave::server::Server;
use kafkaweave::surface::Selection;
use serde_json::json;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// A defect of the survey, where its test is, and the test.
const DEFECTS: [(&str, &str, &str); 28] = [
    (
        "6.1 answers that are a framework's object",
        "peers/answers",
        "every_tool_answers_within_its_schema_on_every_wire",
    ),
    (
        "6.2 safety in a filter that calls never pass",
        "peers",
        "what_is_read_only_runs_nothing_else",
    ),
    (
        "6.3 errors returned as success",
        "peers/answers",
        "every_tool_says_that_it_failed_when_no_broker_is_there",
    ),
    (
        "6.4 unknown arguments ignored",
        "dispatch/arguments",
        "an_unknown_argument_is_refused_with_the_nearest_that_exists",
    ),
    (
        "6.5 no start without a broker",
        "peers",
        "a_silent_broker_keeps_nobody_from_starting",
    ),
    (
        "6.6 reading joins a group",
        "peers/answers",
        "reading_sends_the_brokers_nothing_but_reads",
    ),
    (
        "6.7 a search waits after the last record",
        "peers/answers",
        "a_search_ends_with_the_log_and_says_what_it_covered",
    ),
    (
        "6.8 schemas that change with the configuration",
        "protocol",
        "the_list_of_tools_is_one_page_and_the_same_for_everybody_at_any_time",
    ),
    (
        "6.9 long guidance in schemas",
        "surface",
        "the_price_in_tokens_is_within_budget",
    ),
    (
        "6.10 orders to the model in descriptions",
        "surface",
        "names_follow_the_rule_and_say_where_the_file_is",
    ),
    (
        "6.11 a flood on standard error",
        "peers",
        "failing_calls_write_their_audit_line_and_no_more",
    ),
    (
        "6.12 gated tools listed, hidden ones unexplained",
        "peers",
        "a_tool_that_is_off_is_not_listed_and_says_why",
    ),
    (
        "6.13 a library that breaks a fresh install",
        "peers",
        "the_protocol_library_is_pinned_and_the_build_locked",
    ),
    (
        "6.14 telemetry",
        "peers",
        "a_server_that_was_asked_nothing_opens_no_socket",
    ),
    (
        "6.15 HTTP without authentication",
        "transports",
        "only_a_right_token_comes_in",
    ),
    (
        "8.4.1 a random broker as the controller",
        "peers/answers",
        "the_controller_is_the_leader_of_the_quorum",
    ),
    (
        "8.4.2 read-only that lets resets through",
        "peers",
        "what_is_read_only_runs_nothing_else",
    ),
    (
        "8.4.3 0 taken for absent",
        "dispatch/arguments",
        "zero_and_false_are_values_and_not_the_absence_of_one",
    ),
    (
        "8.4.4 records of another topic",
        "peers/answers",
        "records_belong_to_the_topic_that_was_asked_for",
    ),
    (
        "8.4.5 reading commits",
        "peers/answers",
        "reading_sends_the_brokers_nothing_but_reads",
    ),
    (
        "8.4.6 a missing argument ends the server",
        "dispatch/arguments",
        "a_value_of_another_type_is_an_error_that_names_the_argument",
    ),
    (
        "8.4.7 a slow call blocks ping",
        "dispatch/ping",
        "ping_is_quick_while_brokers_are_slow",
    ),
    (
        "8.4.8 tools that were never run on a broker",
        "peers/answers",
        "every_tool_answers_within_its_schema_on_every_wire",
    ),
    (
        "8.4.9 nothing found without saying where",
        "peers/answers",
        "a_search_ends_with_the_log_and_says_what_it_covered",
    ),
    (
        "8.4.10 hints of a library",
        "surface",
        "annotations_say_what_the_effect_is",
    ),
    (
        "8.4.11 orders to the assistant in answers",
        "peers/answers",
        "answers_hold_no_orders_and_no_remains_of_a_template",
    ),
    (
        "8.4.12 text that lacks the data",
        "peers/answers",
        "the_text_alone_names_all_that_the_data_name",
    ),
    (
        "8.4.13 the caller chooses the address",
        "surface",
        "no_tool_takes_an_address_from_the_caller",
    ),
];

#[test]
fn each_defect_has_a_test() {
    let numbers: Vec<&str> = DEFECTS
        .iter()
        .filter_map(|(what, ..)| what.split(' ').next())
        .collect();
    let expected: Vec<String> = (1..=15)
        .map(|n| format!("6.{n}"))
        .chain((1..=13).map(|n| format!("8.4.{n}")))
        .collect();
    assert_eq!(numbers, expected);
    for (what, module, test) in DEFECTS {
        let path = format!("tests/it/{module}.rs");
        let text = std::fs::read_to_string(Path::new(&path))
            .unwrap_or_else(|e| panic!("{what}: {path}: {e}"));
        assert!(
            text.contains(&format!("fn {test}(")),
            "{what}: {path} has no test {test}"
        );
    }
}

#[tokio::test]
async fn what_is_read_only_runs_nothing_else() {
    let selection = Selection {
        read_only: true,
        toolsets: Some(vec!["all".into()]),
        tools: Some(vec!["kafka_test_alter".into(), "kafka_test_erase".into()]),
    };
    let dispatcher = dispatcher(Bounds::default(), &selection);
    for tool in ["kafka_test_alter", "kafka_test_erase"] {
        let arguments = json!({"key": tool}).as_object().unwrap().clone();
        let error = dispatcher
            .call(tool, arguments, CancellationToken::new())
            .await
            .unwrap_err();
        assert!(
            matches!(&error, Error::Tool { reason, .. } if reason.contains("read-only")),
            "{error}"
        );
        assert_eq!(calls(tool), (0, 0), "it never ran");
    }
    let arguments = json!({"key": "read-only"}).as_object().unwrap().clone();
    assert!(
        dispatcher
            .call("kafka_test_echo", arguments, CancellationToken::new())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_tool_that_is_off_is_not_listed_and_says_why() {
    let selection = Selection {
        read_only: true,
        ..Selection::default()
    };
    let dispatcher = dispatcher(Bounds::default(), &selection);
    let server = Server::new(std::sync::Arc::clone(&dispatcher), true);
    assert!(
        server.tools().iter().all(|t| t.name != "kafka_test_erase") && !server.tools().is_empty()
    );
    let error = dispatcher
        .call(
            "kafka_test_erase",
            json!({}).as_object().unwrap().clone(),
            CancellationToken::new(),
        )
        .await
        .unwrap_err();
    let text = Problem::from(&error).text();
    assert!(
        text.contains("read-only") && text.contains("kafka_server_tools"),
        "{text}"
    );
    // And in the product: what is off is explained by a tool, and by none other listed.
    let mut raw = Raw::legacy(&["--sandbox", "--tools", "kafka_server_tools"], &[]).await;
    let listed = raw.ask("tools/list", json!({})).await["result"]["tools"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let answer = raw.call("kafka_server_tools", json!({})).await["result"].clone();
    assert!(
        answer["content"][0]["text"]
            .as_str()
            .unwrap()
            .contains("--toolsets"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_silent_broker_keeps_nobody_from_starting() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    for bootstrap in [address.as_str(), "127.0.0.1:1", "no-such-host.invalid:9092"] {
        let mut raw = Raw::start(&["--bootstrap", bootstrap], &[]);
        let answer = raw.ask("initialize", hello(LEGACY)).await;
        assert!(answer["result"]["serverInfo"].is_object());
        let listed = raw.ask("tools/list", json!({})).await;
        assert!(listed["result"]["tools"].as_array().unwrap().len() >= 12);
        let ended = raw.end().await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_calls_write_their_audit_line_and_no_more() {
    let mut raw = Raw::legacy(&["--bootstrap", "127.0.0.1:1"], &[]).await;
    for _ in 0..50 {
        raw.call("kafka_cluster_health", json!({})).await;
    }
    until("all lines are there", || raw.audit().len() == 50).await;
    let ended = raw.end().await;
    assert_eq!(ended.stderr.lines().count(), 50, "{}", ended.stderr);
    assert!(
        ended.stderr.len() < 50 * 200,
        "{} bytes",
        ended.stderr.len()
    );
}

#[test]
fn the_protocol_library_is_pinned_and_the_build_locked() {
    let manifest = std::fs::read_to_string("Cargo.toml").unwrap();
    let line = manifest
        .lines()
        .find(|l| l.starts_with("rmcp = { version"))
        .unwrap();
    let version = line
        .split('"')
        .nth(1)
        .and_then(|v| v.strip_prefix('='))
        .expect("one version and no other");
    let lock = std::fs::read_to_string("Cargo.lock").unwrap();
    assert!(
        lock.contains(&format!("name = \"rmcp\"\nversion = \"{version}\"")),
        "{version}"
    );
}

/// Linux tells what a process has open.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_that_was_asked_nothing_opens_no_socket() {
    let mut raw = Raw::legacy(&["--bootstrap", "127.0.0.1:1"], &[]).await;
    raw.ask("tools/list", json!({})).await;
    raw.call("kafka_cluster_list", json!({})).await;
    let open = std::fs::read_dir(format!("/proc/{}/fd", raw.id())).unwrap();
    let names: Vec<String> = open
        .filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok())
        .map(|to| to.display().to_string())
        .collect();
    assert!(names.iter().any(|n| n.starts_with("pipe:")), "{names:?}");
    // The runtime's own pair for signals has no address; what it can reach is in the tables of the network.
    let tables = ["tcp", "tcp6", "udp", "udp6"].map(|t| {
        std::fs::read_to_string(format!("/proc/{}/net/{t}", raw.id())).unwrap_or_default()
    });
    for name in &names {
        let Some(inode) = name
            .strip_prefix("socket:[")
            .and_then(|n| n.strip_suffix(']'))
        else {
            continue;
        };
        assert!(
            !tables
                .iter()
                .any(|t| t.split_whitespace().any(|word| word == inode)),
            "a socket of the network: {names:?}"
        );
    }
}
