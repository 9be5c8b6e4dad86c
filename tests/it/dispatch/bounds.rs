//! Time, number and size of calls, and a tool that falls over.

use super::{call, sandbox, tools_on};
use crate::support::mcp::run;
use crate::support::probe::{calls, dispatcher};
use crate::support::rpc::until;
use kafkaweave::dispatch::Bounds;
use kafkaweave::problem::{Error, Problem};
use kafkaweave::surface::Selection;
use kafkaweave_sandbox::{Fault, Rule, Times};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn bounds(call_timeout_ms: u64) -> Bounds {
    Bounds {
        call_timeout: Duration::from_millis(call_timeout_ms),
        ..Bounds::default()
    }
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_stopped_and_its_work_with_it() {
    let dispatcher = dispatcher(bounds(50), &Selection::default());
    for (tool, key) in [
        ("kafka_test_wait", "deadline-wait"),
        ("kafka_test_work", "deadline-work"),
    ] {
        let error = call(&dispatcher, tool, json!({"key": key}))
            .await
            .unwrap_err();
        assert_eq!(error, Error::Deadline { after_ms: 50 });
        assert!(Problem::from(&error).retryable);
        assert_eq!(calls(key), (1, 1), "its work is dropped");
    }
}

#[tokio::test]
async fn the_call_timeout_of_the_command_line_holds_against_silent_brokers() {
    let sandbox = sandbox().await;
    sandbox.faults().inject(Rule {
        api_key: None,
        node: None,
        fault: Fault::Silence,
        times: Times::Forever,
    });
    let bootstrap = sandbox.bootstrap();
    let begun = Instant::now();
    let ran = run(&[
        "call",
        "kafka_topic_list",
        "--bootstrap",
        &bootstrap,
        "--call-timeout-ms",
        "500",
    ])
    .await;
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_call_beyond_the_limit_waits_and_is_told_in_time_how_many_run() {
    let bounds = Bounds {
        concurrent_calls: 2,
        ..bounds(2_000)
    };
    let dispatcher = dispatcher(bounds, &Selection::default());
    let running: Vec<_> = (0..2)
        .map(|_| {
            let dispatcher = Arc::clone(&dispatcher);
            tokio::spawn(async move {
                call(&dispatcher, "kafka_test_wait", json!({"key": "busy"})).await
            })
        })
        .collect();
    until("both run", || calls("busy").0 == 2).await;
    let third = json!({"key": "busy-third"});
    let error = call(&dispatcher, "kafka_test_echo", third.clone())
        .await
        .unwrap_err();
    assert_eq!(error, Error::Busy { running: 2 });
    assert!(Problem::from(&error).retryable);
    assert_eq!(calls("busy-third"), (0, 0), "it never ran");
    for call in running {
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(error, Error::Deadline { after_ms: 2_000 });
    }
    let reply = call(&dispatcher, "kafka_test_echo", third).await;
    assert!(reply.is_ok(), "slots come back");
}

#[tokio::test]
async fn a_tool_that_panics_is_an_error_of_that_call_alone() {
    let dispatcher = dispatcher(Bounds::default(), &Selection::default());
    for _ in 0..20 {
        let error = call(
            &dispatcher,
            "kafka_test_panic",
            json!({"key": "panic-canary"}),
        )
        .await
        .unwrap_err();
        assert_eq!(error, Error::Panicked);
        let text = Problem::from(&error).text();
        assert!(
            text.contains("defect") && !text.contains("canary"),
            "{text}"
        );
    }
    assert_eq!(calls("panic-canary"), (20, 20));
    // More than there are slots: a panic gives its slot back.
    assert!(
        call(&dispatcher, "kafka_test_echo", json!({}))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn an_answer_is_cut_to_its_size_and_one_that_cannot_be_cut_is_refused() {
    let bounds = Bounds {
        answer_bytes: 8 * 1024,
        ..Bounds::default()
    };
    let dispatcher = dispatcher(bounds, &Selection::default());
    let reply = call(&dispatcher, "kafka_test_big", json!({"count": 100_000}))
        .await
        .unwrap();
    let size = reply.text.len() + reply.structured.to_string().len();
    assert!(size <= 8 * 1024 && size > 4 * 1024, "{size}");
    assert_eq!(reply.structured["cut"], true);
    let error = call(&dispatcher, "kafka_test_huge", json!({}))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooLarge {
                max_bytes: 8192,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_sample_costs_requests_by_brokers_and_slices_and_not_by_partitions_or_records() {
    const FETCH: i16 = 1;
    let sandbox = sandbox().await;
    let dispatcher = tools_on(&sandbox);
    let fetches = || -> u64 {
        let requests = sandbox.requests();
        let fetches = requests.iter().filter(|(key, _)| *key == FETCH);
        fetches.map(|(_, count)| count).sum()
    };
    for (topic, records, slices) in [("orders", 300, 48), ("clicks", 1000, 13)] {
        let before = fetches();
        let arguments = json!({"topic": topic, "records": records});
        let reply = call(&dispatcher, "kafka_record_sample", arguments)
            .await
            .unwrap();
        let sampled = reply.structured["sample"]["records"].as_u64().unwrap();
        assert!(sampled > records / 2, "{}", reply.text);
        assert_eq!(reply.structured["slices"], slices, "{}", reply.text);
        // Three brokers, at most eight slices of each partition; a slice may end in a fetch's second answer.
        let sent = fetches() - before;
        assert!((1..=2 * 3 * 8).contains(&sent), "{topic}: {sent}");
    }
}
