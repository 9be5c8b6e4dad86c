//! Raw JSON-RPC lines over a server's standard streams, for what a well-behaved client hides.
//!
//! Everything that is waited for has a deadline, so a server that says nothing fails its test.

use super::mcp::product;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

/// The newest revision.
pub(crate) const MODERN: &str = "2026-07-28";
/// The newest revision with `initialize`.
pub(crate) const LEGACY: &str = "2025-11-25";
/// Patience for an answer; generous, as the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A server on pipes.
pub(crate) struct Raw {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Lines<BufReader<ChildStdout>>,
    stderr: Arc<Mutex<String>>,
    early: VecDeque<Value>,
    next: i64,
}

/// How a server ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Exit code, absent after a signal.
    pub(crate) code: Option<i32>,
    /// All of standard error.
    pub(crate) stderr: String,
}

/// What a modern request carries.
pub(crate) fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "0"},
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

/// Parameters of `initialize`.
pub(crate) fn hello(version: &str) -> Value {
    json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "0"}})
}

impl Raw {
    /// Starts `serve stdio` with these arguments.
    pub(crate) fn start(args: &[&str], variables: &[(&str, &str)]) -> Self {
        let args: Vec<&str> = ["serve", "stdio"]
            .into_iter()
            .chain(args.iter().copied())
            .collect();
        let mut child = product(&args)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("piped")).lines();
        let stderr = Arc::new(Mutex::new(String::new()));
        let mut said = BufReader::new(child.stderr.take().expect("piped"));
        let to = Arc::clone(&stderr);
        tokio::spawn(async move {
            let mut bytes = vec![0; 16 * 1024];
            while let Ok(count @ 1..) = said.read(&mut bytes).await {
                let text = String::from_utf8_lossy(bytes.get(..count).unwrap_or_default());
                to.lock().expect("no panic").push_str(&text);
            }
        });
        Self {
            child,
            stdin,
            stdout,
            stderr,
            early: VecDeque::new(),
            next: 1,
        }
    }

    /// Starts and completes `initialize`.
    pub(crate) async fn legacy(args: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut raw = Self::start(args, variables);
        raw.ask("initialize", hello(LEGACY)).await;
        raw.tell("notifications/initialized", json!({})).await;
        raw
    }

    /// Process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("the server runs")
    }

    /// Writes bytes as they are.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("the input is open");
        stdin
            .write_all(bytes)
            .await
            .expect("the server reads its input");
        stdin.flush().await.expect("the server reads its input");
    }

    /// Writes bytes to a server that may have ended.
    pub(crate) async fn try_write(&mut self, bytes: &[u8]) {
        if let Some(stdin) = self.stdin.as_mut() {
            let _ = stdin.write_all(bytes).await;
        }
    }

    /// Writes a message.
    pub(crate) async fn send(&mut self, message: &Value) {
        self.write(format!("{message}\n").as_bytes()).await;
    }

    /// Writes a notification.
    pub(crate) async fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
            .await;
    }

    /// Writes a request; its id.
    pub(crate) async fn request(&mut self, method: &str, params: Value) -> i64 {
        let id = self.next;
        self.next += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
            .await;
        id
    }

    /// Asks and waits for the answer: the whole message.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params).await;
        self.answer(id).await
    }

    /// Asks as a modern client.
    pub(crate) async fn ask_modern(&mut self, method: &str, mut params: Value) -> Value {
        params["_meta"] = meta();
        self.ask(method, params).await
    }

    /// Calls a tool as a legacy client: the whole message.
    pub(crate) async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({"name": tool, "arguments": arguments}))
            .await
    }

    /// Waits for the answer with this id; others are kept.
    pub(crate) async fn answer(&mut self, id: i64) -> Value {
        let is = |message: &Value| message["id"] == id && message.get("method").is_none();
        if let Some(at) = self.early.iter().position(is) {
            return self.early.remove(at).unwrap_or_default();
        }
        loop {
            let message = self.receive().await.expect("an answer before the end");
            if is(&message) {
                return message;
            }
            self.early.push_back(message);
        }
    }

    /// Messages that were read while waiting for others.
    pub(crate) fn others(&self) -> &VecDeque<Value> {
        &self.early
    }

    /// The next message, `None` at the end. A line that is none fails.
    pub(crate) async fn receive(&mut self) -> Option<Value> {
        let line = tokio::time::timeout(PATIENCE, self.stdout.next_line())
            .await
            .unwrap_or_else(|_| panic!("no line; standard error: {}", self.stderr()));
        let line = line.expect("standard output is text")?;
        let message: Value = serde_json::from_str(&line)
            .unwrap_or_else(|e| panic!("standard output has a line that is no JSON: {e}: {line}"));
        assert_eq!(message["jsonrpc"], "2.0", "{line}");
        Some(message)
    }

    /// Standard error so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.lock().expect("no panic").clone()
    }

    /// Audit lines so far.
    pub(crate) fn audit(&self) -> Vec<String> {
        let all = self.stderr();
        all.lines()
            .filter(|line| line.contains(" audit: "))
            .map(String::from)
            .collect()
    }

    /// Closes the input and leaves the rest.
    pub(crate) fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// Closes the input and waits for the end; all remaining lines must be messages.
    pub(crate) async fn end(mut self) -> Ended {
        self.hang_up();
        self.ended().await
    }

    /// Waits for the end.
    pub(crate) async fn ended(mut self) -> Ended {
        while self.receive().await.is_some() {}
        let status = tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .expect("the server ends")
            .expect("it can be waited for");
        let mut stderr = self.stderr();
        // The reader of standard error may be a little behind the end.
        until("standard error is read to its end", || {
            let now = self.stderr();
            let done = Arc::strong_count(&self.stderr) == 1;
            stderr = now;
            done
        })
        .await;
        stderr = self.stderr();
        Ended {
            code: status.code(),
            stderr,
        }
    }
}

/// Waits until a condition holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Sends SIGTERM.
pub(crate) fn terminate(id: u32) {
    signal("TERM", id);
}

/// Sends a signal by its name, such as `STOP`.
pub(crate) fn signal(name: &str, id: u32) {
    let sent = std::process::Command::new("kill")
        .args([&format!("-{name}"), &id.to_string()])
        .status();
    assert!(sent.is_ok_and(|status| status.success()));
}

/// The middle one.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
