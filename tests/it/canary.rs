//! Planted secrets: one in each place where people put them, rightly or wrongly. None appears in an
//! output, an answer, a log at its fullest, an error, or the audit lines, whether the connection is
//! good or fails, and whatever a hostile broker sends back.

mod scripted;

use crate::support::bed::{Listener, shared};
use crate::support::mcp::{Ran, product, run_with};
use crate::support::raw_http;
use crate::support::rpc::{Raw, until};
use crate::transports::File;
use serde_json::json;
use std::process::Stdio;

/// Everything is logged.
const TRACE: (&str, &str) = ("KAFKAWEAVE_LOG", "trace");

/// A secret that occurs nowhere else.
fn secret(place: &str) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    format!(
        "Canary{place}{:x}{:x}",
        std::process::id(),
        now.subsec_nanos()
    )
}

/// Fails if the secret is there: as text, as the numbers of its bytes, or as base64.
#[track_caller]
fn nowhere(text: &str, secret: &str, place: &str) {
    let numbers = format!("{:?}", secret.as_bytes());
    let inner = numbers.trim_matches(['[', ']']);
    // Three bytes are four characters of base64, so one of three alignments shows the middle.
    let bytes = secret.as_bytes();
    let mut signs = vec![secret.to_string(), inner.to_string()];
    signs.extend((0..3).map(|skip| base64(&bytes[skip..skip + 9])));
    for sign in signs {
        if let Some(at) = text.find(&sign) {
            let from = text[..at].rfind('\n').map_or(0, |n| n + 1);
            panic!(
                "{place}: the secret is in: {}",
                text[from..].lines().next().unwrap_or_default()
            );
        }
    }
}

/// Base64 of a multiple of three bytes.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks_exact(3) {
        let bits = three
            .iter()
            .fold(0_usize, |bits, b| bits << 8 | usize::from(*b));
        text.extend([18, 12, 6, 0].map(|shift| char::from(LETTERS[bits >> shift & 63])));
    }
    text
}

fn clean(ran: &Ran, secret: &str, place: &str) {
    nowhere(&ran.stdout, secret, place);
    nowhere(&ran.stderr, secret, place);
}

/// Runs every command that reads the configuration, and a session over MCP.
async fn all_commands(args: &[&str], variables: &[(&str, &str)], secret: &str, place: &str) {
    let variables: Vec<(&str, &str)> = variables.iter().copied().chain([TRACE]).collect();
    let commands: [&[&str]; 8] = [
        &["config", "show"],
        &["doctor"],
        &["doctor", "--output", "json"],
        &["tools"],
        &["call", "kafka_cluster_list"],
        &["call", "kafka_cluster_describe"],
        &["call", "kafka_cluster_describe", "--output", "json"],
        &["call", "kafka_topic_list", "--limit", "x"],
    ];
    for command in commands {
        let words: Vec<&str> = command.iter().chain(args).copied().collect();
        let ran = run_with(&words, &variables).await;
        clean(&ran, secret, &format!("{place}: {}", command.join(" ")));
    }
    let mut raw = Raw::start(args, &variables);
    let mut said = String::new();
    // A server with a wrong configuration ends instead.
    let mut lines = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": crate::support::rpc::hello(crate::support::rpc::LEGACY)}).to_string();
    for (id, tool) in [
        (2, "kafka_cluster_list"),
        (3, "kafka_cluster_describe"),
        (4, "kafka_record_read"),
    ] {
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool, "arguments": {}}});
        lines.push_str(&format!("\n{call}"));
    }
    raw.try_write(format!("{lines}\n").as_bytes()).await;
    let mut open = 4;
    while open > 0 {
        let Some(message) = raw.receive().await else {
            break;
        };
        said.push_str(&message.to_string());
        open -= 1;
    }
    nowhere(&said, secret, &format!("{place}: answers"));
    nowhere(
        &raw.end().await.stderr,
        secret,
        &format!("{place}: the server's log"),
    );
}

/// The three kinds of references to a password, as flags.
fn references(secret: &str) -> (File, Vec<(&'static str, String)>) {
    let file = File::new("canary-password", secret);
    let references = vec![
        ("env", "env:CANARY_PASSWORD".to_string()),
        ("file", format!("file:{}", file.path())),
        ("command", format!("command:cat {}", file.path())),
    ];
    (file, references)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_shows_nowhere_when_no_broker_is_there() {
    let secret = secret("Password");
    let (_file, references) = references(&secret);
    for (kind, reference) in references {
        let args = [
            "--bootstrap",
            "127.0.0.1:1",
            "--sasl-mechanism",
            "PLAIN",
            "--sasl-username",
            "alice",
            "--sasl-password",
            &reference,
        ];
        all_commands(&args, &[("CANARY_PASSWORD", &secret)], &secret, kind).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_shows_nowhere_when_a_hostile_broker_sends_it_back() {
    let secret = secret("Echo");
    let broker = scripted::echo();
    for mechanism in ["PLAIN", "SCRAM-SHA-256"] {
        let args = [
            "--bootstrap",
            &broker.address,
            "--sasl-mechanism",
            mechanism,
            "--sasl-username",
            "alice",
            "--sasl-password",
            "env:CANARY_PASSWORD",
        ];
        all_commands(&args, &[("CANARY_PASSWORD", &secret)], &secret, mechanism).await;
    }
    let heard = broker.heard();
    assert!(
        heard.contains(&secret),
        "the broker was told the password, so it could send it back"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_shows_nowhere_on_a_real_cluster_right_or_wrong() {
    let bed = shared();
    let bootstrap = bed.address(1, Listener::SaslPlaintext);
    let wrong = secret("Wrong");
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        for password in ["alice-secret", wrong.as_str()] {
            let args = [
                "--bootstrap",
                &bootstrap,
                "--sasl-mechanism",
                mechanism,
                "--sasl-username",
                "alice",
                "--sasl-password",
                "env:CANARY_PASSWORD",
            ];
            let ran = run_with(
                &[&["call", "kafka_cluster_describe"], &args[..]].concat(),
                &[("CANARY_PASSWORD", password)],
            )
            .await;
            assert_eq!(
                ran.code == Some(0),
                password == "alice-secret",
                "{mechanism}: {}",
                ran.stderr
            );
            all_commands(&args, &[("CANARY_PASSWORD", password)], password, mechanism).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_was_written_where_none_belongs_is_not_repeated() {
    let secret = secret("Misplaced");
    let in_bootstrap = format!("alice:{secret}@127.0.0.1:1");
    let url = format!("kafka://alice:{secret}@127.0.0.1:1");
    let sasl = [
        "--bootstrap",
        "127.0.0.1:1",
        "--sasl-mechanism",
        "PLAIN",
        "--sasl-username",
        "alice",
    ];
    let cases: [(&str, Vec<&str>); 3] = [
        ("bootstrap", vec!["--bootstrap", &in_bootstrap]),
        ("url", vec!["--bootstrap", &url]),
        ("flag", [&sasl[..], &["--sasl-password", &secret]].concat()),
    ];
    for (place, args) in &cases {
        let ran = run_with(&[&["config", "show"], &args[..]].concat(), &[]).await;
        assert_eq!(ran.code, Some(2), "{place}: {}", ran.stdout);
        all_commands(args, &[], &secret, place).await;
    }
    all_commands(
        &sasl,
        &[("KAFKAWEAVE_SASL_PASSWORD", &secret)],
        &secret,
        "variable",
    )
    .await;
    all_commands(
        &[],
        &[("KAFKAWEAVE_BOOTSTRAP", &in_bootstrap)],
        &secret,
        "bootstrap variable",
    )
    .await;
    let sound = "[clusters.a]\nbootstrap = '127.0.0.1:1'\n";
    let files = [
        (
            "literal",
            format!(
                "{sound}sasl = {{ mechanism = 'PLAIN', username = 'a', password = '{secret}' }}\n"
            ),
        ),
        (
            "bootstrap in a file",
            format!("[clusters.a]\nbootstrap = 'a:{secret}@127.0.0.1:1'\n"),
        ),
        ("token", format!("{sound}[server]\ntokens = ['{secret}']\n")),
        (
            "unquoted",
            format!(
                "{sound}sasl = {{ mechanism = 'PLAIN', username = 'a', password = {secret} }}\n"
            ),
        ),
        ("unknown key", format!("{sound}pasword = '{secret}'\n")),
        (
            "pem as path",
            format!("{sound}tls = {{ ca = '-----BEGIN CERTIFICATE-----{secret}' }}\n"),
        ),
    ];
    for (place, text) in files {
        let file = File::new(&format!("misplaced-{}", place.replace(' ', "-")), &text);
        let ran = run_with(&["config", "show", "--config", file.path()], &[]).await;
        assert_eq!(ran.code, Some(2), "{place}: {}", ran.stdout);
        all_commands(&["--config", file.path()], &[], &secret, place).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_content_of_a_key_file_shows_nowhere() {
    let bed = shared();
    let secret = secret("Key");
    let junk = File::new(
        "key-junk",
        &format!("-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n"),
    );
    let bootstrap = bed.address(1, Listener::Ssl);
    let (ca, certificate) = (bed.pki().join("ca.pem"), bed.pki().join("alice.crt"));
    let (ca, certificate) = (ca.to_str().unwrap(), certificate.to_str().unwrap());
    let args = [
        "--bootstrap",
        &bootstrap,
        "--tls-ca",
        ca,
        "--tls-certificate",
        certificate,
        "--tls-key",
        junk.path(),
    ];
    all_commands(&args, &[], &secret, "junk as a key").await;
    let swapped = ["--bootstrap", &bootstrap, "--tls-ca", junk.path()];
    all_commands(&swapped, &[], &secret, "a key as authorities").await;
    // A right key, of which no line may be seen.
    let key = bed.pki().join("alice.key");
    let text = std::fs::read_to_string(&key).unwrap();
    let line = text
        .lines()
        .find(|l| !l.starts_with("-----") && l.len() > 40)
        .unwrap();
    let args = [
        "--bootstrap",
        &bootstrap,
        "--tls-ca",
        ca,
        "--tls-certificate",
        certificate,
        "--tls-key",
        key.to_str().unwrap(),
    ];
    let ran = run_with(
        &[&["call", "kafka_cluster_describe"], &args[..]].concat(),
        &[],
    )
    .await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    all_commands(&args, &[], line, "a key").await;
}

#[tokio::test]
async fn the_token_of_the_server_and_wrong_ones_show_nowhere() {
    let (right, wrong) = (secret("Token"), secret("Guess"));
    let file = File::new(
        "canary-token",
        "[server]\nport = 0\ntokens = [{ env = 'CANARY_TOKEN' }]\n",
    );
    let log = File::new("canary-token-log", "");
    let mut child = product(&[
        "serve",
        "http",
        "--listen",
        "127.0.0.1:0",
        "--config",
        file.path(),
        "--sandbox",
    ])
    .envs([("CANARY_TOKEN", right.as_str()), TRACE])
    .stderr(Stdio::from(std::fs::File::create(log.path()).unwrap()))
    .stdout(Stdio::null())
    .spawn()
    .unwrap();
    let said = || std::fs::read_to_string(log.path()).unwrap();
    until("it listens", || said().contains("/mcp")).await;
    let text = said();
    let url = text
        .lines()
        .find_map(|l| l.strip_prefix("listening on "))
        .unwrap();
    for (token, status) in [(&right, 200), (&wrong, 401)] {
        let value = format!("Bearer {token}");
        let headers = [("Authorization", value.as_str())];
        let said = raw_http::initialize(url, &headers).await;
        assert_eq!(said.status, status);
        nowhere(&format!("{said:?}"), token, "an answer");
        let call = json!({"name": "kafka_cluster_describe", "arguments": {}});
        let said = raw_http::modern(url, "tools/call", call, &headers).await;
        assert_eq!(said.status, status);
        nowhere(&format!("{said:?}"), token, "an answer");
    }
    child.kill().await.unwrap();
    assert!(said().contains("TRACE"), "all is logged");
    nowhere(&said(), &right, "the log");
    nowhere(&said(), &wrong, "the log");
    let shown = run_with(
        &["config", "show", "--config", file.path()],
        &[("CANARY_TOKEN", &right), TRACE],
    )
    .await;
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    clean(&shown, &right, "config show");
}
