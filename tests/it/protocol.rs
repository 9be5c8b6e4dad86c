//! The protocol in both eras, on raw lines and raw HTTP: what is said about the server, its list of
//! tools, its errors, and how it ends.
//!
//! No Kafka is needed: nothing listens at the only address.

use crate::support::mcp::{Client, WIRES, product, serve_http};
use crate::support::raw_http;
use crate::support::rpc::{LEGACY, MODERN, PATIENCE, Raw, hello, meta, terminate};
use kafkaweave::server::INSTRUCTIONS;
use rmcp::model::{ErrorCode, PaginatedRequestParams};
use rmcp::service::ServiceError;
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Arguments of a server that can reach no cluster.
const NOWHERE: [&str; 2] = ["--bootstrap", "127.0.0.1:1"];

/// What both eras say of the server.
#[track_caller]
fn is_this_server(info: &Value, result: &Value) {
    assert_eq!(info["name"], "kafkaweave");
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(result["capabilities"], json!({"tools": {}}));
    assert_eq!(result["instructions"], INSTRUCTIONS);
    assert!(INSTRUCTIONS.chars().count() <= 2048);
}

#[track_caller]
fn may_be_cached(result: &Value) {
    assert!(result["ttlMs"].as_u64().unwrap() > 0, "{result}");
    assert_eq!(result["cacheScope"], "public");
    assert_eq!(result["resultType"], "complete");
}

#[tokio::test]
async fn initialize_says_who_serves_and_that_there_are_only_tools() {
    for version in [LEGACY, "2025-06-18", "2025-03-26"] {
        let mut raw = Raw::start(&NOWHERE, &[]);
        let answer = raw.ask("initialize", hello(version)).await;
        let result = &answer["result"];
        assert_eq!(result["protocolVersion"], version);
        is_this_server(&result["serverInfo"], result);
        assert_eq!(raw.end().await.code, Some(0));
    }
    let (_server, url) = serve_http(&NOWHERE, &[]).await;
    let result = raw_http::initialize(&url, &[]).await.message()["result"].clone();
    assert_eq!(result["protocolVersion"], LEGACY);
    is_this_server(&result["serverInfo"], &result);
}

#[tokio::test]
async fn an_initialize_with_a_version_of_the_future_is_answered_with_one_that_is_spoken() {
    let mut raw = Raw::start(&NOWHERE, &[]);
    let answer = raw.ask("initialize", hello("2999-01-01")).await;
    let version = answer["result"]["protocolVersion"].as_str().unwrap();
    assert!(version <= MODERN, "{answer}");
}

#[tokio::test]
async fn discover_says_the_same_on_both_transports() {
    let mut raw = Raw::start(&NOWHERE, &[]);
    let stdio = raw.ask_modern("server/discover", json!({})).await["result"].clone();
    let (_server, url) = serve_http(&NOWHERE, &[]).await;
    let http = raw_http::modern(&url, "server/discover", json!({}), &[]).await;
    assert_eq!(http.status, 200, "{http:?}");
    assert_eq!(stdio, http.message()["result"]);
    is_this_server(
        &stdio["_meta"]["io.modelcontextprotocol/serverInfo"],
        &stdio,
    );
    may_be_cached(&stdio);
    let versions = stdio["supportedVersions"].as_array().unwrap();
    assert!(versions.contains(&json!(MODERN)) && versions.contains(&json!(LEGACY)));
}

#[tokio::test]
async fn the_list_of_tools_is_one_page_and_the_same_for_everybody_at_any_time() {
    let mut lists = Vec::new();
    let mut legacy = Raw::legacy(&NOWHERE, &[]).await;
    for _ in 0..2 {
        lists.push(legacy.ask("tools/list", json!({})).await["result"].clone());
    }
    let mut modern = Raw::start(&NOWHERE, &[]);
    lists.push(modern.ask_modern("tools/list", json!({})).await["result"].clone());
    modern
        .ask_modern(
            "tools/call",
            json!({"name": "kafka_topic_list", "arguments": {}}),
        )
        .await;
    lists.push(modern.ask_modern("tools/list", json!({})).await["result"].clone());
    may_be_cached(&lists[3]);
    let (_server, url) = serve_http(&["--sandbox"], &[]).await;
    let http = raw_http::modern(&url, "tools/list", json!({}), &[]).await;
    lists.push(http.message()["result"].clone());
    let session = raw_http::session(&url).await;
    let http = raw_http::in_session(&url, &session, "tools/list", json!({})).await;
    lists.push(http.message()["result"].clone());
    for list in &lists {
        // As text, since the order counts; not configuration, era, transport or an earlier call.
        assert_eq!(list["tools"].to_string(), lists[0]["tools"].to_string());
        assert!(list.get("nextCursor").is_none_or(Value::is_null));
    }
    assert!(lists[0]["tools"].as_array().unwrap().len() >= 12);
}

#[tokio::test]
async fn a_cursor_that_was_never_given_is_a_wrong_parameter_on_every_wire() {
    for wire in WIRES {
        let client = Client::start(wire, &NOWHERE).await;
        let request = PaginatedRequestParams::default().with_cursor(Some("x".into()));
        let error = client
            .service()
            .list_tools(Some(request))
            .await
            .unwrap_err();
        let ServiceError::McpError(error) = error else {
            panic!("{wire:?}: {error}")
        };
        assert_eq!(error.code, ErrorCode::INVALID_PARAMS, "{wire:?}: {error:?}");
        assert!(error.message.contains("cursor"));
    }
}

#[tokio::test]
async fn an_unknown_method_is_told_so_and_a_known_one_with_wrong_parameters_too() {
    let mut raw = Raw::legacy(&NOWHERE, &[]).await;
    for method in ["no/such", "resources/list", "prompts/get", ""] {
        let answer = raw.ask(method, json!({})).await;
        assert_eq!(answer["error"]["code"], -32601, "{method}: {answer}");
    }
    for params in [
        json!({}),
        json!({"name": 1}),
        json!({"name": "kafka_topic_list", "arguments": [1]}),
        json!({"name": "kafka_topic_list", "arguments": "{}"}),
    ] {
        let answer = raw.ask("tools/call", params.clone()).await;
        assert_eq!(answer["error"]["code"], -32602, "{params}: {answer}");
    }
    assert_eq!(raw.ask("ping", json!({})).await["result"], json!({}));
    let mut modern = Raw::start(&NOWHERE, &[]);
    let answer = modern.ask_modern("no/such", json!({})).await;
    assert_eq!(answer["error"]["code"], -32601, "{answer}");
    let (_server, url) = serve_http(&NOWHERE, &[]).await;
    let http = raw_http::modern(&url, "no/such", json!({}), &[]).await;
    assert_eq!(http.message()["error"]["code"], -32601, "{http:?}");
}

#[tokio::test]
async fn an_unknown_tool_is_a_wrong_parameter_with_near_names() {
    let wrong = json!({"name": "kafka_group_lagg", "arguments": {}});
    let mut answers = Vec::new();
    let mut raw = Raw::legacy(&NOWHERE, &[]).await;
    answers.push(raw.ask("tools/call", wrong.clone()).await);
    let mut raw = Raw::start(&NOWHERE, &[]);
    answers.push(raw.ask_modern("tools/call", wrong.clone()).await);
    let (_server, url) = serve_http(&NOWHERE, &[]).await;
    let session = raw_http::session(&url).await;
    answers.push(
        raw_http::in_session(&url, &session, "tools/call", wrong.clone())
            .await
            .message(),
    );
    answers.push(
        raw_http::modern(&url, "tools/call", wrong, &[])
            .await
            .message(),
    );
    for answer in answers {
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
        let text = answer["error"]["message"].as_str().unwrap();
        assert!(text.contains("`kafka_group_lag`"), "{text}");
        assert!(
            text.matches("`kafka_").count() <= 4,
            "not all tools: {text}"
        );
    }
}

#[tokio::test]
async fn a_modern_request_says_its_version_or_is_told_so() {
    let mut raw = Raw::start(&NOWHERE, &[]);
    let answer = raw.ask("tools/list", json!({})).await;
    assert!(answer["error"]["code"].is_i64(), "{answer}");
    let mut future = meta();
    future["io.modelcontextprotocol/protocolVersion"] = json!("2999-01-01");
    let answer = raw.ask("tools/list", json!({"_meta": future})).await;
    assert_eq!(answer["error"]["code"], -32022, "{answer}");
    assert!(answer["error"].to_string().contains(MODERN), "{answer}");
    let answer = raw.ask_modern("tools/list", json!({})).await;
    assert!(
        answer["result"]["tools"].is_array(),
        "still serves: {answer}"
    );
}

#[tokio::test]
async fn a_ping_before_initialize_is_answered() {
    let mut raw = Raw::start(&NOWHERE, &[]);
    assert_eq!(raw.ask("ping", json!({})).await["result"], json!({}));
    let answer = raw.ask("initialize", hello(LEGACY)).await;
    assert!(answer["result"].is_object());
}

#[tokio::test]
async fn a_client_that_closes_ends_the_server_without_a_word() {
    let ended = Raw::start(&NOWHERE, &[]).end().await;
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (Some(0), ""),
        "at once"
    );
    let mut raw = Raw::start(&NOWHERE, &[]);
    raw.ask_modern("server/discover", json!({})).await;
    let ended = raw.end().await;
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (Some(0), ""),
        "after discover"
    );
    let mut raw = Raw::start(&NOWHERE, &[]);
    raw.ask("ping", json!({})).await;
    let ended = raw.end().await;
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (Some(0), ""),
        "after ping"
    );
    let mut raw = Raw::legacy(&NOWHERE, &[]).await;
    raw.ask("tools/list", json!({})).await;
    raw.ask("no/such", json!({})).await;
    let ended = raw.end().await;
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (Some(0), ""),
        "after work"
    );
    let mut raw = Raw::start(&NOWHERE, &[]);
    raw.write(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"met").await;
    let ended = raw.end().await;
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (Some(0), ""),
        "in a line"
    );
}

#[tokio::test]
async fn standard_output_carries_messages_and_nothing_else_even_when_all_is_logged() {
    let variables = [("KAFKAWEAVE_LOG", "trace")];
    let mut raw = Raw::legacy(&["--sandbox"], &variables).await;
    for tool in [
        "kafka_cluster_health",
        "kafka_group_lag",
        "kafka_topic_list",
    ] {
        let answer = raw.call(tool, json!({})).await;
        assert!(answer["result"]["content"].is_array(), "{answer}");
    }
    raw.write(b"no json\n\n{\"jsonrpc\":\"2.0\",\"id\":true}\n")
        .await;
    raw.ask("ping", json!({})).await;
    assert!(!raw.stderr().is_empty(), "it does log");
    // Each line was parsed on the way.
    assert_eq!(raw.end().await.code, Some(0));
}

/// How long a process takes to end after SIGTERM.
async fn ends_after_term(mut child: tokio::process::Child) -> (Option<i32>, Duration) {
    let begun = Instant::now();
    terminate(child.id().unwrap());
    let status = tokio::time::timeout(PATIENCE, child.wait())
        .await
        .expect("it ends")
        .unwrap();
    (status.code(), begun.elapsed())
}

#[tokio::test]
async fn sigterm_ends_a_server_on_pipes_within_a_second() {
    let mut raw = Raw::legacy(&NOWHERE, &[]).await;
    raw.ask("ping", json!({})).await;
    let begun = Instant::now();
    terminate(raw.id());
    let ended = raw.ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
}

/// Node gives its children sockets, of which a read cannot be cancelled.
#[tokio::test]
async fn sigterm_ends_a_server_on_sockets_within_a_second() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (mine, theirs) = UnixStream::pair().unwrap();
    let input = OwnedFd::from(theirs.try_clone().unwrap());
    let args = ["serve", "stdio", "--bootstrap", "127.0.0.1:1"];
    let child = product(&args)
        .stdin(Stdio::from(input))
        .stdout(Stdio::from(OwnedFd::from(theirs)))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    mine.set_nonblocking(true).unwrap();
    let mut mine = tokio::net::UnixStream::from_std(mine).unwrap();
    let line = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello(LEGACY)});
    mine.write_all(format!("{line}\n").as_bytes())
        .await
        .unwrap();
    let mut bytes = Vec::new();
    while !bytes.contains(&b'\n') {
        assert!(mine.read_buf(&mut bytes).await.unwrap() > 0);
    }
    let (code, took) = ends_after_term(child).await;
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[tokio::test]
async fn sigterm_ends_an_http_server_within_a_second_whatever_its_clients_do() {
    use tokio::io::AsyncWriteExt;
    let (child, url) = serve_http(&NOWHERE, &[]).await;
    let host = raw_http::authority(&url);
    // Idle, in the middle of a head, in the middle of a body, and with an open stream of events.
    let _idle = tokio::net::TcpStream::connect(&host).await.unwrap();
    let mut head = tokio::net::TcpStream::connect(&host).await.unwrap();
    head.write_all(b"POST /mcp HTTP/1.1\r\nHost: 127")
        .await
        .unwrap();
    let mut body = tokio::net::TcpStream::connect(&host).await.unwrap();
    let begun = format!(
        "POST /mcp HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: 100\r\n\r\n{{"
    );
    body.write_all(begun.as_bytes()).await.unwrap();
    let session = raw_http::session(&url).await;
    let headers = [
        ("Mcp-Session-Id", session.as_str()),
        ("Accept", "text/event-stream"),
    ];
    let (events, _stream) = raw_http::begin(&url, "GET", &headers, "").await;
    assert_eq!(events.status, 200, "{events:?}");
    let (code, took) = ends_after_term(child).await;
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[tokio::test]
async fn sigterm_ends_a_server_in_the_middle_of_a_call_within_a_second() {
    // Accepts, and never says anything.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let mut raw = Raw::legacy(&["--bootstrap", &address], &[]).await;
    raw.request(
        "tools/call",
        json!({"name": "kafka_topic_list", "arguments": {}}),
    )
    .await;
    let _connection = tokio::task::spawn_blocking(move || silent.accept())
        .await
        .unwrap()
        .unwrap();
    let begun = Instant::now();
    terminate(raw.id());
    let ended = raw.ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    assert!(
        ended.stderr.contains("outcome=\"cancelled\""),
        "{}",
        ended.stderr
    );
}
