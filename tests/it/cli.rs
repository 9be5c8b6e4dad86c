//! The command line: its two formats, exit codes, help, completions, and that it collides with
//! nothing and paints nothing in a pipe.

use crate::support::mcp::{BINARY, Ran, run};
use clap::{CommandFactory, Parser};
use kafkaweave::cli::Cli;
use kafkaweave::tools;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

/// Where nothing listens.
const NOWHERE: [&str; 2] = ["--bootstrap", "127.0.0.1:1"];

async fn ran(words: &[&str], rest: &[&str]) -> Ran {
    run(&[words, rest].concat()).await
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("no JSON: {e}: {text}"))
}

#[test]
fn no_flag_collides_with_another_and_none_of_a_tool_with_one_of_all() {
    Cli::command().debug_assert();
    let command = Cli::command();
    let global: BTreeSet<&str> = command
        .get_arguments()
        .filter_map(|a| a.get_long())
        .collect();
    assert!(global.contains("cluster") && global.contains("bootstrap"));
    for tool in tools::all() {
        let schema = (tool.input_schema)();
        for name in schema["properties"]
            .as_object()
            .unwrap()
            .keys()
            .filter(|n| *n != "cluster")
        {
            let long = name.replace('_', "-");
            for reserved in global
                .iter()
                .copied()
                .chain(["json", "output", "help", "version"])
            {
                assert_ne!(long, reserved, "{}", tool.name);
            }
        }
    }
}

#[tokio::test]
async fn text_and_json_are_the_same_answer() {
    let text = ran(&["call", "kafka_topic_list", "--sandbox"], &[]).await;
    assert_eq!((text.code, text.stderr.as_str()), (Some(0), ""));
    assert!(
        text.stdout.contains("orders") && !text.stdout.contains('{'),
        "{}",
        text.stdout
    );
    let data = ran(
        &["call", "kafka_topic_list", "--sandbox"],
        &["--output", "json"],
    )
    .await;
    assert_eq!((data.code, data.stderr.as_str()), (Some(0), ""));
    let topics = json(&data.stdout)["topics"].as_array().unwrap().len();
    assert_eq!(topics, 5);
}

#[tokio::test]
async fn the_exit_code_says_answered_failed_or_wrongly_used() {
    let file = crate::transports::File::new("cli-wrong", "no_such_key = 1\n");
    let table: [(&[&str], i32); 16] = [
        (
            &["call", "kafka_cluster_list", "--bootstrap", "127.0.0.1:1"],
            0,
        ),
        (&["--help"], 0),
        (&["--version"], 0),
        (
            &["call", "kafka_topic_list", "--bootstrap", "127.0.0.1:1"],
            1,
        ),
        (
            &[
                "call",
                "kafka_topic_describe",
                "--sandbox",
                "--topic",
                "no-such",
            ],
            1,
        ),
        (&["doctor", "--bootstrap", "127.0.0.1:1"], 1),
        (&["call", "kafka_topic_list"], 2),
        (
            &["call", "kafka_topic_list", "--sandbox", "--limit", "0"],
            2,
        ),
        (&["call", "kafka_topic_list", "--sandbox", "--no-such"], 2),
        (&["call", "kafka_no_such", "--sandbox"], 2),
        (
            &["call", "kafka_topic_list", "--sandbox", "--json", "[1]"],
            2,
        ),
        (&["call", "kafka_topic_describe", "--sandbox"], 2),
        (&["tools", "kafka_no_such"], 2),
        (&["tools", "--toolsets", "no_such"], 2),
        (&["config", "show", "--config", "/no/such/file"], 2),
        (&["config", "show", "--config", file.path()], 2),
    ];
    for (words, code) in table {
        let ran = run(words).await;
        assert_eq!(
            ran.code,
            Some(code),
            "{words:?}: {}{}",
            ran.stdout,
            ran.stderr
        );
        if code == 0 {
            assert!(
                !ran.stdout.is_empty() && ran.stderr.is_empty(),
                "{words:?}: {}",
                ran.stderr
            );
        }
        if code == 2 {
            assert!(
                ran.stderr.starts_with("error: ") && ran.stdout.is_empty(),
                "{words:?}: {}{}",
                ran.stdout,
                ran.stderr
            );
        }
    }
}

#[tokio::test]
async fn a_failure_as_json_is_json_too() {
    let ran = ran(&["call", "kafka_topic_list", "--output", "json"], &NOWHERE).await;
    assert_eq!(ran.code, Some(1));
    let error = &json(&ran.stdout)["error"];
    assert_eq!(
        (&error["code"], &error["retryable"]),
        (&"unreachable".into(), &true.into())
    );
    assert!(
        ran.stderr.starts_with("error: unreachable"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn arguments_come_as_flags_or_as_an_object_and_flags_win() {
    let call = ["call", "kafka_topic_list", "--sandbox", "--output", "json"];
    let object = ran(&call, &["--json", r#"{"pattern": "orders", "limit": 1}"#]).await;
    let flags = ran(&call, &["--pattern", "orders", "--limit", "1"]).await;
    assert_eq!(
        json(&object.stdout)["topics"],
        json(&flags.stdout)["topics"]
    );
    let both = ran(
        &call,
        &["--json", r#"{"pattern": "orders"}"#, "--pattern", "clicks"],
    )
    .await;
    assert_eq!(
        json(&both.stdout)["topics"][0]["topic"],
        "clicks",
        "{}",
        both.stdout
    );
    let read = [
        "call",
        "kafka_record_read",
        "--sandbox",
        "--output",
        "json",
        "--topic",
        "orders",
    ];
    let partitions = ran(
        &read,
        &["--partitions", "0,2", "--from", "-2h", "--limit", "50"],
    )
    .await;
    let records = json(&partitions.stdout)["records"].clone();
    let places: BTreeSet<i64> = records
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["partition"].as_i64().unwrap())
        .collect();
    assert_eq!(places, BTreeSet::from([0, 2]));
}

#[tokio::test]
async fn help_names_each_tool_and_each_of_its_arguments() {
    let all = ran(&["call", "--help"], &[]).await;
    assert_eq!(all.code, Some(0));
    for tool in tools::all() {
        assert!(all.stdout.contains(tool.name), "{}", all.stdout);
        let one = ran(&["call", tool.name, "--help"], &[]).await;
        assert_eq!((one.code, one.stderr.as_str()), (Some(0), ""));
        let schema = (tool.input_schema)();
        for name in schema["properties"].as_object().unwrap().keys() {
            let flag = format!("--{}", name.replace('_', "-"));
            assert!(one.stdout.contains(&flag), "{}: {flag}", tool.name);
        }
    }
}

#[tokio::test]
async fn a_mistyped_tool_suggests_three_at_most() {
    let ran = run(&["call", "kafka_group_lagg", "--sandbox"]).await;
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("'kafka_group_lag'"), "{}", ran.stderr);
    let suggested = ran.stderr.matches("'kafka_").count() - 1;
    assert!(suggested <= 3, "{suggested}: {}", ran.stderr);
    let error = Cli::try_parse_from(["kafkaweave", "call", "kafka_group_lagg"]).unwrap_err();
    assert!(
        error.to_string().matches("'kafka_").count() > 4,
        "clap alone suggests more"
    );
    let listed = run(&["tools", "kafka_group_lagg"]).await;
    assert!(
        listed.stderr.matches("kafka_").count() <= 4,
        "{}",
        listed.stderr
    );
}

#[tokio::test]
async fn tools_are_listed_with_what_is_off_and_shown_as_a_client_sees_them() {
    let listed = run(&["tools"]).await;
    let every = ["tools", "--toolsets", "all", "--output", "json"];
    let data = json(&run(&every).await.stdout);
    let names: Vec<&str> = data
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["name"].as_str().unwrap())
        .collect();
    for tool in tools::all() {
        assert!(listed.stdout.contains(tool.name), "{}", listed.stdout);
        assert!(names.contains(&tool.name), "{}", tool.name);
        let one = json(&run(&["tools", tool.name]).await.stdout);
        assert_eq!(one["name"], tool.name);
        assert!(one["inputSchema"].is_object() && one["outputSchema"].is_object());
    }
    let few = run(&["tools", "--tools", "kafka_topic_list"]).await;
    let line = few
        .stdout
        .lines()
        .find(|l| l.starts_with("kafka_group_lag"))
        .unwrap();
    assert!(line.contains("not chosen"), "{line}");
}

#[tokio::test]
async fn a_tool_that_a_person_names_is_called_whatever_its_toolset() {
    let called = run(&["call", "kafka_feature_list", "--sandbox"]).await;
    assert_eq!(called.code, Some(0), "{}", called.stderr);
    assert!(
        called.stdout.contains("metadata.version"),
        "{}",
        called.stdout
    );
    let chosen = [
        "call",
        "kafka_feature_list",
        "--sandbox",
        "--tools",
        "kafka_topic_list",
    ];
    assert_eq!(run(&chosen).await.code, Some(0));
}

/// Has a shell read a script without running it. A shell that is not installed is passed over.
fn shell_reads(shell: &str, script: &str) -> Option<bool> {
    let mut child = Command::new(shell)
        .arg("-n")
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(script.as_bytes()).ok()?;
    Some(child.wait().ok()?.success())
}

#[tokio::test]
async fn completions_are_scripts_that_their_shells_can_read() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run(&["completions", shell]).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{shell}");
        assert!(
            ran.stdout.contains("kafka_group_lag") && ran.stdout.contains("bootstrap"),
            "{shell}"
        );
        assert_ne!(shell_reads(shell, &ran.stdout), Some(false), "{shell}");
    }
    assert_eq!(
        shell_reads("bash", "if"),
        Some(false),
        "bash tells a broken script"
    );
}

#[tokio::test]
async fn the_schema_of_the_configuration_is_the_committed_file() {
    let ran = run(&["config", "schema"]).await;
    assert_eq!(ran.code, Some(0));
    let file = std::fs::read_to_string("config-schema.json").unwrap();
    assert_eq!(
        ran.stdout, file,
        "run `kafkaweave config schema > config-schema.json`"
    );
}

#[tokio::test]
async fn the_effective_configuration_is_shown_with_its_sources() {
    let ran = ran(
        &["config", "show"],
        &[&NOWHERE[..], &["--call-timeout-ms", "1234"]].concat(),
    )
    .await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let line = ran
        .stdout
        .lines()
        .find(|l| l.contains("call_timeout_ms"))
        .unwrap();
    assert!(
        line.contains("1234") && line.contains("--call-timeout-ms"),
        "{line}"
    );
    assert!(ran.stdout.contains("127.0.0.1:1"));
}

#[tokio::test]
async fn nothing_is_painted_in_a_pipe() {
    let commands: [&[&str]; 9] = [
        &["call", "kafka_cluster_health", "--sandbox"],
        &["call", "kafka_group_lag", "--sandbox"],
        &["call", "kafka_topic_list", "--bootstrap", "127.0.0.1:1"],
        &["call", "kafka_no_such"],
        &["doctor", "--bootstrap", "127.0.0.1:1"],
        &["tools"],
        &["--help"],
        &["config", "show", "--sandbox"],
        &["call", "kafka_topic_list", "--sandbox", "--log", "trace"],
    ];
    for words in commands {
        let ran = run(words).await;
        assert!(
            !ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'),
            "{words:?}"
        );
    }
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let mut child = Command::new(BINARY)
        .args(["tools", "--output", "json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !said.contains("panic") && output.status.code() != Some(101),
        "{said}"
    );
}
