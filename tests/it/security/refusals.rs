//! Each way to be kept out has its own words: where, why, and what to do.

use super::{Flags, PASSWORDS};
use crate::support::bed::{Bed, Listener, shared};
use crate::support::mcp::{Client, Wire};
use serde_json::json;
use std::collections::BTreeMap;
use std::net::TcpListener;

/// What went wrong, the flags, and all that the caller reads, with `PORT` for each port.
fn cases(bed: &Bed) -> Vec<(&'static str, Flags, &'static str)> {
    let at = |listener| Flags::at(bed.address(1, listener));
    let trusted = |listener| at(listener).tls(bed, "ca.pem");
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    vec![
        (
            "a wrong SCRAM password",
            trusted(Listener::SaslSsl).log_in("SCRAM-SHA-512", "alice", "WRONG_PASSWORD"),
            "authentication: `127.0.0.1:PORT`: authentication as `alice` with `SCRAM-SHA-512` failed: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512\n\
             Check user, password, and that the user has this SCRAM mechanism. (kcat and librdkafka before 2.6.1 fail at Kafka 4 even when right.)",
        ),
        (
            "a wrong PLAIN password",
            trusted(Listener::SaslSsl).log_in("PLAIN", "alice", "WRONG_PASSWORD"),
            "authentication: `127.0.0.1:PORT`: authentication as `alice` with `PLAIN` failed: Authentication failed: Invalid username or password\n\
             Check user name and password, and that the listener knows the user with this mechanism.",
        ),
        (
            "a wrong authority",
            at(Listener::SaslSsl).tls(bed, "otherca.pem").log_in(
                "PLAIN",
                "alice",
                "ALICE_PASSWORD",
            ),
            "unreachable: cluster `default`: none of 1 address(es) can be used: `127.0.0.1:PORT`: tls handshake failed: the broker's certificate is not signed by a trusted authority (UnknownIssuer)\n\
             Set `tls.ca` to the PEM file of the authority that signed the broker's certificate.",
        ),
        (
            "a foreign client certificate",
            trusted(Listener::Ssl).certificate(bed, "mallory"),
            "unreachable: cluster `default`: none of 1 address(es) can be used: `127.0.0.1:PORT`: the broker refused the tls connection: CertificateUnknown\n\
             The broker does not trust the client certificate: use one from an authority in its truststore.",
        ),
        (
            "no client certificate",
            trusted(Listener::Ssl),
            "unreachable: cluster `default`: none of 1 address(es) can be used: `127.0.0.1:PORT`: the broker refused the tls connection: BadCertificate\n\
             The broker got no client certificate or refuses it: set `tls.certificate` and `tls.key` from an authority that it trusts.",
        ),
        (
            "a refused port",
            Flags::at(free.to_string()),
            "unreachable: cluster `default`: none of 1 address(es) can be used: `127.0.0.1:PORT`: connection refused\n\
             Nothing listens there: check the port and that the broker runs. Inside a container, `localhost` is the container.",
        ),
        (
            "a dead name",
            Flags::at("no-such-host.invalid:9092"),
            "unreachable: cluster `default`: none of 1 address(es) can be used: `no-such-host.invalid:9092`: host name cannot be resolved: failed to lookup address information: Name or service not known\n\
             Check the name on this machine. If it is a broker's, mend its `advertised.listeners` or make the name known here.",
        ),
        (
            "plain text to TLS",
            at(Listener::Ssl),
            "unreachable: cluster `default`: none of 1 address(es) can be used: `127.0.0.1:PORT`: not a valid kafka answer to ApiVersions: it is tls: the listener wants a tls connection\n\
             Set `tls` (`tls = true` trusts the system's authorities), or use the port of a plaintext listener.",
        ),
        (
            "TLS to plain text",
            trusted(Listener::Plaintext),
            "unreachable: cluster `default`: none of 1 address(es) can be used: `127.0.0.1:PORT`: tls handshake failed: the broker closed the connection at the first message: its listener probably speaks plain text\n\
             Leave out `tls`, or use the port of the broker's TLS listener.",
        ),
        (
            "no log-in where one is wanted",
            at(Listener::SaslPlaintext),
            "connection_closed: `127.0.0.1:PORT`: connection closed by the broker at Metadata\n\
             The listener probably wants SASL: set `sasl`. Otherwise the broker is restarting; see its log.",
        ),
        (
            "a log-in where none is wanted",
            at(Listener::Plaintext).log_in("PLAIN", "alice", "ALICE_PASSWORD"),
            "authentication: `127.0.0.1:PORT`: sasl mechanism `PLAIN` is not offered; offered: none, this listener does not use sasl\n\
             Leave out `sasl`, or use the port of a listener that has it.",
        ),
        (
            "a secret that is not set",
            trusted(Listener::SaslSsl).log_in("PLAIN", "alice", "NO_SUCH_PASSWORD"),
            "secret: `127.0.0.1:PORT`: environment variable `NO_SUCH_PASSWORD` is not set\n\
             Set the variable where kafkaweave is started (assistants pass their own `env`), or use `file` or `command`.",
        ),
    ]
}

/// Ports of the bed differ from run to run.
fn without_ports(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("127.0.0.1:PORT");
        out.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_to_be_kept_out_says_where_why_and_what_to_do_in_words_of_its_own() {
    let bed = shared();
    let mut seen = BTreeMap::new();
    let mut wrong = Vec::new();
    for (name, flags, expected) in cases(&bed) {
        let client = Client::start_with(Wire::StdioModern, &flags.args(), PASSWORDS).await;
        let answer = client.refused("kafka_topic_list", json!({})).await;
        let text = without_ports(&answer.text);
        let place = if name == "a dead name" {
            "no-such-host.invalid:9092"
        } else {
            "127.0.0.1:PORT"
        };
        let (cause, step) = text.split_once('\n').unwrap_or((&text, ""));
        if text != expected || !cause.contains(place) || step.is_empty() {
            wrong.push(format!("{name}:\n{text}\ninstead of:\n{expected}\n"));
        }
        for secret in ["hunter2", "alice-secret"] {
            assert!(
                !answer.text.contains(secret) && !answer.data.to_string().contains(secret),
                "{name}: {text}"
            );
        }
        if let Some(other) = seen.insert(text, name) {
            panic!("{name} and {other} read alike");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
