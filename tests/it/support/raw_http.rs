//! Raw HTTP/1.1 requests, for what a well-behaved client never sends.

use super::rpc::{LEGACY, MODERN, PATIENCE, hello, meta};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Said {
    /// Status code.
    pub(crate) status: u16,
    /// Head, as sent.
    pub(crate) head: String,
    /// Body, as sent (chunked bodies with their sizes).
    pub(crate) body: String,
}

impl Said {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The JSON-RPC message in the body, plain or as an event.
    pub(crate) fn message(&self) -> Value {
        let line = self.body.lines().find_map(|line| {
            let text = line.strip_prefix("data:").unwrap_or(line).trim();
            text.starts_with('{').then_some(text)
        });
        serde_json::from_str(line.unwrap_or_default())
            .unwrap_or_else(|e| panic!("no message: {e}: {self:?}"))
    }
}

/// `host:port` of a URL.
pub(crate) fn authority(url: &str) -> String {
    let rest = url.strip_prefix("http://").expect("http");
    rest.split('/').next().unwrap_or_default().to_string()
}

/// One request on a connection of its own, read to the end of the answer.
pub(crate) async fn ask(url: &str, method: &str, headers: &[(&str, &str)], body: &str) -> Said {
    let mut stream = open(url, method, headers, body).await;
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    read.expect("the answer ends").expect("the answer is read");
    parse(&bytes)
}

/// One request, of which only the head of the answer is waited for; the rest stays in the stream.
pub(crate) async fn begin(
    url: &str,
    method: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (Said, TcpStream) {
    let mut stream = open(url, method, headers, body).await;
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|w| w == b"\r\n\r\n") {
        let read = tokio::time::timeout(PATIENCE, stream.read_buf(&mut bytes)).await;
        let count = read
            .expect("the answer begins")
            .expect("the answer is read");
        assert!(count > 0, "closed without an answer");
    }
    (parse(&bytes), stream)
}

/// One request, written and not yet answered.
pub(crate) async fn open(
    url: &str,
    method: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> TcpStream {
    let host = authority(url);
    let mut stream = TcpStream::connect(&host).await.expect("the server listens");
    stream.set_nodelay(true).expect("a socket");
    let mut head = format!("{method} /mcp HTTP/1.1\r\n");
    let own = [
        ("Host", host.as_str()),
        ("Content-Type", "application/json"),
        ("Accept", "application/json, text/event-stream"),
    ];
    let given = |name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    for (name, value) in own
        .iter()
        .filter(|(name, _)| !given(name))
        .chain(headers.iter())
    {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !given("Content-Length") {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str(&format!("Connection: close\r\n\r\n{body}"));
    // A server may refuse before it has read all.
    let _ = stream.write_all(head.as_bytes()).await;
    stream
}

fn parse(bytes: &[u8]) -> Said {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no head: {text}"));
    let status = head
        .split_whitespace()
        .nth(1)
        .and_then(|s| s.parse().ok())
        .expect("a status");
    Said {
        status,
        head: head.into(),
        body: body.into(),
    }
}

/// A modern request: body and the headers that belong to it.
pub(crate) async fn modern(
    url: &str,
    method: &str,
    mut params: Value,
    headers: &[(&str, &str)],
) -> Said {
    params["_meta"] = meta();
    let name = params["name"].as_str().unwrap_or_default().to_string();
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    let mut all = vec![("MCP-Protocol-Version", MODERN), ("Mcp-Method", method)];
    if !name.is_empty() {
        all.push(("Mcp-Name", &name));
    }
    all.extend(headers);
    ask(url, "POST", &all, &body).await
}

/// A request in a session.
pub(crate) async fn in_session(url: &str, session: &str, method: &str, params: Value) -> Said {
    let body = json!({"jsonrpc": "2.0", "id": 2, "method": method, "params": params}).to_string();
    let headers = [
        ("MCP-Protocol-Version", LEGACY),
        ("Mcp-Session-Id", session),
    ];
    ask(url, "POST", &headers, &body).await
}

/// Opens a session; its id is in the head when it was admitted.
pub(crate) async fn initialize(url: &str, headers: &[(&str, &str)]) -> Said {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello(LEGACY)})
        .to_string();
    ask(url, "POST", headers, &body).await
}

/// Opens a session and completes it; its id.
pub(crate) async fn session(url: &str) -> String {
    let said = initialize(url, &[]).await;
    assert_eq!(said.status, 200, "{said:?}");
    let id = said
        .header("mcp-session-id")
        .expect("a session")
        .to_string();
    let body = json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string();
    let headers = [
        ("MCP-Protocol-Version", LEGACY),
        ("Mcp-Session-Id", id.as_str()),
    ];
    let said = ask(url, "POST", &headers, &body).await;
    assert_eq!(said.status, 202, "{said:?}");
    id
}
