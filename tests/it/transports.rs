//! HTTP: who may come in, how much they may send, how many there may be, and what becomes of those
//! who leave.
//!
//! The answers themselves are `protocol`'s; leaving in the middle of a call is `cancel`'s.

use crate::support::mcp::{Client, Wire, run_with, serve_http};
use crate::support::raw_http::{self, ask, authority, initialize, modern, session};
use crate::support::rpc::{LEGACY, hello, median};
use rmcp::model::CallToolRequestParams;
use serde_json::json;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const NOWHERE: [&str; 2] = ["--bootstrap", "127.0.0.1:1"];

/// A configuration file of one test.
pub(crate) struct File(PathBuf);

impl File {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let name = format!("kafkaweave-{name}-{}.toml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn http_listens_on_loopback_unless_told_otherwise() {
    let file = File::new("loopback", "[server]\nport = 0\n");
    let (_child, url) = serve_http(&["--config", file.path(), "--sandbox"], &[]).await;
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
}

#[tokio::test]
async fn an_address_that_others_reach_needs_a_token() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let args = [
            "serve",
            "http",
            "--listen",
            address,
            "--bootstrap",
            "127.0.0.1:1",
        ];
        let ran = run_with(&args, &[]).await;
        assert_ne!(ran.code, Some(0), "{address}");
        assert!(ran.stderr.contains("token"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("listening"), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn a_foreign_origin_or_host_is_forbidden_in_both_eras() {
    let (_child, url) = serve_http(&NOWHERE, &[]).await;
    let port = authority(&url).rsplit(':').next().unwrap().to_string();
    let foreign = [
        ("Origin", "http://evil.example".to_string()),
        ("Origin", "null".into()),
        ("Origin", format!("http://127.0.0.1.evil.example:{port}")),
        ("Host", "evil.example".into()),
        ("Host", format!("evil.example:{port}")),
        ("Host", format!("127.0.0.1.evil.example:{port}")),
    ];
    for (name, value) in &foreign {
        let headers = [(*name, value.as_str())];
        assert_eq!(
            initialize(&url, &headers).await.status,
            403,
            "{name}: {value}"
        );
        let said = modern(&url, "tools/list", json!({}), &headers).await;
        assert_eq!(said.status, 403, "{name}: {value}");
        let said = ask(&url, "GET", &headers, "").await;
        assert_eq!(said.status, 403, "GET {name}: {value}");
    }
    let own = format!("localhost:{port}");
    assert_eq!(
        initialize(&url, &[("Host", own.as_str())]).await.status,
        200
    );
}

#[tokio::test]
async fn an_allowed_origin_and_host_come_in() {
    let text =
        "[server]\nallowed_origins = ['https://ui.example']\nallowed_hosts = ['mcp.example']\n";
    let file = File::new("allowed", text);
    let (_child, url) = serve_http(&["--config", file.path(), "--sandbox"], &[]).await;
    let headers = [("Origin", "https://ui.example"), ("Host", "mcp.example")];
    assert_eq!(initialize(&url, &headers).await.status, 200);
    let other = [
        ("Origin", "https://ui.example.evil"),
        ("Host", "mcp.example"),
    ];
    assert_eq!(initialize(&url, &other).await.status, 403);
}

#[tokio::test]
async fn only_a_right_token_comes_in() {
    let text = "[server]\ntokens = [{ env = 'TOKEN_ONE' }, { env = 'TOKEN_TWO' }]\n";
    let file = File::new("tokens", text);
    let variables = [
        ("TOKEN_ONE".into(), "right-one".into()),
        ("TOKEN_TWO".into(), "right-two".into()),
    ];
    let (_child, url) = serve_http(&["--config", file.path(), "--sandbox"], &variables).await;
    let wrong = [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer right-on",
        "Bearer right-one2",
        "Basic right-one",
        "right-one",
        "Bearer right-one right-two",
        "Bearer RIGHT-ONE",
    ];
    for value in wrong {
        let said = initialize(&url, &[("Authorization", value)]).await;
        assert_eq!(said.status, 401, "{value:?}");
        assert!(
            said.header("www-authenticate")
                .unwrap()
                .starts_with("Bearer"),
            "{said:?}"
        );
    }
    for method in ["GET", "DELETE", "OPTIONS", "POST"] {
        let said = ask(&url, method, &[], "").await;
        assert_eq!(said.status, 401, "{method} without a token");
        assert!(said.header("www-authenticate").is_some());
    }
    for value in ["Bearer right-one", "bearer right-two"] {
        let headers = [("Authorization", value)];
        assert_eq!(initialize(&url, &headers).await.status, 200, "{value}");
        assert_eq!(
            modern(&url, "tools/list", json!({}), &headers).await.status,
            200,
            "{value}"
        );
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_had_keeps_the_server_from_starting() {
    let file = File::new(
        "no-token",
        "[server]\ntokens = [{ env = 'TOKEN_THAT_IS_NOT_SET' }]\n",
    );
    let args = [
        "serve",
        "http",
        "--listen",
        "127.0.0.1:0",
        "--config",
        file.path(),
        "--sandbox",
    ];
    let ran = run_with(&args, &[]).await;
    assert_ne!(ran.code, Some(0));
    assert!(
        ran.stderr.contains("TOKEN_THAT_IS_NOT_SET"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn a_body_beyond_the_cap_is_refused_and_the_next_is_served() {
    let (_child, url) = serve_http(&NOWHERE, &[]).await;
    let params = json!({"name": "kafka_topic_list", "arguments": {"pattern": "x".repeat(2 << 20)}});
    let body =
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string();
    // Declared in full and sent in part: the refusal comes before the rest.
    let length = body.len().to_string();
    let headers = [("Content-Length", length.as_str())];
    let (said, _stream) = raw_http::begin(&url, "POST", &headers, "").await;
    assert_eq!(said.status, 413, "{said:?}");
    assert_eq!(initialize(&url, &[]).await.status, 200);
}

#[tokio::test]
async fn sessions_are_capped_also_when_they_come_side_by_side() {
    let file = File::new("cap", "[server]\nmax_sessions = 3\n");
    let (_child, url) = serve_http(&["--config", file.path(), "--sandbox"], &[]).await;
    let opened = futures::future::join_all((0..24).map(|_| initialize(&url, &[]))).await;
    let open: Vec<String> = opened
        .iter()
        .filter(|s| s.status == 200)
        .map(|s| s.header("mcp-session-id").unwrap().to_string())
        .collect();
    assert!(
        !open.is_empty() && open.len() <= 3,
        "{} sessions",
        open.len()
    );
    let refused: Vec<_> = opened.iter().filter(|s| s.status != 200).collect();
    for said in &refused {
        assert_eq!(said.status, 503);
        assert!(
            said.header("retry-after").is_some() && said.body.contains("sessions"),
            "{said:?}"
        );
    }
    let mut open = open;
    while open.len() < 3 {
        open.push(session(&url).await);
    }
    assert_eq!(initialize(&url, &[]).await.status, 503);
    // The modern era needs no session.
    assert_eq!(modern(&url, "tools/list", json!({}), &[]).await.status, 200);
    let gone = [
        ("Mcp-Session-Id", open[0].as_str()),
        ("MCP-Protocol-Version", LEGACY),
    ];
    let said = ask(&url, "DELETE", &gone, "").await;
    assert!((200..300).contains(&said.status), "{said:?}");
    let said = raw_http::in_session(&url, &open[0], "tools/list", json!({})).await;
    assert_eq!(said.status, 404, "a closed session is gone: {said:?}");
    assert_eq!(
        initialize(&url, &[]).await.status,
        200,
        "there is room again"
    );
}

#[tokio::test]
async fn a_session_that_never_was_is_not_found() {
    let (_child, url) = serve_http(&NOWHERE, &[]).await;
    let said = raw_http::in_session(
        &url,
        "00000000-0000-0000-0000-000000000000",
        "ping",
        json!({}),
    )
    .await;
    assert_eq!(said.status, 404, "{said:?}");
}

/// Method, headers, body.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

#[tokio::test]
async fn requests_that_no_client_sends_are_refused_at_once() {
    let (_child, url) = serve_http(&NOWHERE, &[]).await;
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello(LEGACY)})
        .to_string();
    let cases: [Case<'_>; 8] = [
        ("GET", &[("Accept", "application/json")], ""),
        (
            "GET",
            &[("Accept", "text/html"), ("Mcp-Session-Id", "x")],
            "",
        ),
        ("GET", &[("Accept", "text/event-stream")], ""),
        ("PUT", &[], &body),
        ("POST", &[("Accept", "text/html")], &body),
        ("POST", &[("Content-Type", "text/plain")], &body),
        ("POST", &[], "no json"),
        ("POST", &[], ""),
    ];
    for (method, headers, body) in cases {
        let said = ask(&url, method, headers, body).await;
        assert!(
            (400..500).contains(&said.status),
            "{method} {headers:?}: {said:?}"
        );
    }
    assert_eq!(initialize(&url, &[]).await.status, 200);
}

/// Without TCP_NODELAY each of these waits some 40 ms for the client's delayed ACK.
#[tokio::test]
async fn a_call_in_a_session_does_not_wait_for_an_acknowledgement() {
    let client = Client::start(Wire::HttpLegacy, &NOWHERE).await;
    let mut times = Vec::new();
    for _ in 0..50 {
        let begun = Instant::now();
        let request = CallToolRequestParams::new("kafka_cluster_list");
        client.service().call_tool(request).await.unwrap();
        times.push(begun.elapsed());
    }
    let median = median(times);
    assert!(median < Duration::from_millis(20), "{median:?}");
}
