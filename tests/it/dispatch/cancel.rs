//! A caller that takes its question back, or goes away: the work stops, down to the brokers.

use super::sandbox;
use crate::support::probe::{calls, server};
use crate::support::raw_http;
use crate::support::rpc::{LEGACY, MODERN, Raw, hello, meta, until};
use kafkaweave::dispatch::Bounds;
use kafkaweave::server::http::{Http, HttpOptions};
use kafkaweave_sandbox::{Fault, Rule, Sandbox};
use rmcp::ServiceExt;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio_util::sync::CancellationToken;

/// API key of Fetch.
const FETCH: i16 = 1;

/// A client of the probes in this process.
struct Pipe(BufReader<DuplexStream>);

impl Pipe {
    async fn open() -> Self {
        let (mine, theirs) = tokio::io::duplex(1 << 16);
        tokio::spawn(async move {
            if let Ok(running) = server(Bounds::default()).serve(theirs).await {
                let _ = running.waiting().await;
            }
        });
        let mut pipe = Self(BufReader::new(mine));
        pipe.send(
            json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello(LEGACY)}),
        )
        .await;
        assert_eq!(pipe.next().await["id"], 1);
        pipe.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
            .await;
        pipe
    }

    async fn send(&mut self, message: Value) {
        self.0
            .write_all(format!("{message}\n").as_bytes())
            .await
            .unwrap();
    }

    async fn next(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

fn request(id: i64, tool: &str, key: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool, "arguments": {"key": key}}})
}

async fn http(options: HttpOptions) -> (String, CancellationToken) {
    let stop = CancellationToken::new();
    let options = HttpOptions {
        bind: SocketAddr::from(([127, 0, 0, 1], 0)),
        ..options
    };
    let http = Http::bind(server(Bounds::default()), options, stop.clone())
        .await
        .unwrap();
    let url = format!("http://{}/mcp", http.address().unwrap());
    tokio::spawn(http.serve());
    (url, stop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_stops_and_is_not_answered() {
    let mut pipe = Pipe::open().await;
    for (id, tool) in [(7, "kafka_test_wait"), (8, "kafka_test_work")] {
        let key = format!("cancel-{tool}");
        pipe.send(request(id, tool, &key)).await;
        until("it runs", || calls(&key).0 == 1).await;
        pipe.send(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}})).await;
        until("its work is dropped", || calls(&key) == (1, 1)).await;
        pipe.send(json!({"jsonrpc": "2.0", "id": 100 + id, "method": "ping"}))
            .await;
        assert_eq!(
            pipe.next().await["id"],
            100 + id,
            "the next answer is the ping's"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_one_call_leaves_the_others() {
    let mut pipe = Pipe::open().await;
    pipe.send(request(7, "kafka_test_wait", "one-of-two")).await;
    pipe.send(request(8, "kafka_test_wait", "two-of-two")).await;
    until("both run", || {
        calls("one-of-two").0 + calls("two-of-two").0 == 2
    })
    .await;
    pipe.send(
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}}),
    )
    .await;
    until("one is dropped", || calls("one-of-two") == (1, 1)).await;
    assert_eq!(calls("two-of-two"), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_input_stops_what_runs() {
    for tool in ["kafka_test_wait", "kafka_test_work"] {
        let key = format!("eof-{tool}");
        let mut pipe = Pipe::open().await;
        pipe.send(request(7, tool, &key)).await;
        until("it runs", || calls(&key).0 == 1).await;
        drop(pipe);
        until("its work is dropped", || calls(&key) == (1, 1)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_connection_stops_the_call_in_the_modern_era() {
    let (url, _stop) = http(HttpOptions::default()).await;
    for tool in ["kafka_test_wait", "kafka_test_work"] {
        let key = format!("closed-{tool}");
        let mut body = request(1, tool, &key);
        body["params"]["_meta"] = meta();
        let headers = [
            ("MCP-Protocol-Version", MODERN),
            ("Mcp-Method", "tools/call"),
            ("Mcp-Name", tool),
        ];
        let stream = raw_http::open(&url, "POST", &headers, &body.to_string()).await;
        until("it runs", || calls(&key).0 == 1).await;
        drop(stream);
        until("its work is dropped", || calls(&key) == (1, 1)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_session_a_cancellation_and_a_closed_session_stop_the_call() {
    let (url, _stop) = http(HttpOptions::default()).await;
    let session = raw_http::session(&url).await;
    let headers = [
        ("MCP-Protocol-Version", LEGACY),
        ("Mcp-Session-Id", session.as_str()),
    ];
    let call = request(7, "kafka_test_wait", "session-cancel").to_string();
    let _open = raw_http::open(&url, "POST", &headers, &call).await;
    until("it runs", || calls("session-cancel").0 == 1).await;
    let cancel =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}});
    raw_http::ask(&url, "POST", &headers, &cancel.to_string()).await;
    until("its work is dropped", || calls("session-cancel") == (1, 1)).await;
    let call = request(8, "kafka_test_wait", "session-delete").to_string();
    let _open = raw_http::open(&url, "POST", &headers, &call).await;
    until("it runs", || calls("session-delete").0 == 1).await;
    raw_http::ask(&url, "DELETE", &headers, "").await;
    until("its work is dropped", || calls("session-delete") == (1, 1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_session_is_closed_and_what_runs_in_it_stops() {
    let options = HttpOptions {
        session_idle: Duration::from_millis(200),
        ..HttpOptions::default()
    };
    let (url, _stop) = http(options).await;
    let session = raw_http::session(&url).await;
    let mut status = 200;
    let end = std::time::Instant::now() + Duration::from_secs(20);
    while status != 404 && std::time::Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(400)).await;
        status = raw_http::in_session(&url, &session, "ping", json!({}))
            .await
            .status;
    }
    assert_eq!(status, 404);
}

/// Waits until no broker works, and looks whether one is asked again within the time in which the
/// scan would have asked.
async fn stands_still(sandbox: &Sandbox) {
    until("no broker works", || sandbox.counters().in_work() == 0).await;
    let asked = sandbox.counters().requests_of(FETCH);
    tokio::time::sleep(3 * DELAY).await;
    assert_eq!(
        sandbox.counters().requests_of(FETCH),
        asked,
        "brokers are still asked"
    );
}

/// What each Fetch waits.
const DELAY: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_that_is_cancelled_or_abandoned_asks_the_brokers_no_more() {
    let sandbox = sandbox().await;
    let bootstrap = sandbox.bootstrap();
    super::ping::fill(&bootstrap, 40);
    sandbox
        .faults()
        .inject(Rule::new(FETCH, Fault::Delay(DELAY)));
    let scan = json!({"name": "kafka_record_search", "arguments": {"topic": "orders", "where": ["value contains no-such-text"]}});
    let mut raw = Raw::legacy(&["--bootstrap", &bootstrap], &[]).await;
    let id = raw.request("tools/call", scan.clone()).await;
    until("the scan is on its way", || {
        sandbox.counters().requests_of(FETCH) > 6
    })
    .await;
    raw.tell("notifications/cancelled", json!({"requestId": id}))
        .await;
    until("it is over", || raw.audit().len() == 1).await;
    assert!(
        raw.audit()[0].contains("outcome=\"cancelled\""),
        "{:?}",
        raw.audit()
    );
    stands_still(&sandbox).await;
    assert_eq!(raw.ask("ping", json!({})).await["result"], json!({}));
    let before = sandbox.counters().requests_of(FETCH);
    raw.request("tools/call", scan).await;
    until("the scan is on its way", || {
        sandbox.counters().requests_of(FETCH) > before + 6
    })
    .await;
    assert_eq!(raw.end().await.code, Some(0));
    stands_still(&sandbox).await;
    until("its connections are closed", || {
        sandbox.open_connections() == 0
    })
    .await;
}
