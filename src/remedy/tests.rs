//! The table of remedies, by example.

use super::remedy;
use kafkaweave_client::kafka::{Attempt, KafkaError};
use kafkaweave_client::secret::SecretError;

fn s(text: &str) -> String {
    text.to_owned()
}

const AT: &str = "b1:9092";

fn connect(reason: &str) -> KafkaError {
    KafkaError::Connect {
        address: s(AT),
        reason: s(reason),
    }
}

fn tls(reason: &str) -> KafkaError {
    KafkaError::Tls {
        address: s(AT),
        reason: s(reason),
    }
}

fn alert(alert: &str) -> KafkaError {
    KafkaError::TlsAlert {
        address: s(AT),
        alert: s(alert),
    }
}

fn settings(reason: &str) -> KafkaError {
    KafkaError::TlsSettings { reason: s(reason) }
}

fn silent(step: &'static str) -> KafkaError {
    KafkaError::ConnectTimeout {
        address: s(AT),
        step,
        after_ms: 3000,
    }
}

fn timeout(operation: &str) -> KafkaError {
    KafkaError::Timeout {
        address: s(AT),
        operation: s(operation),
        after_ms: 1,
    }
}

fn protocol(reason: &str) -> KafkaError {
    KafkaError::Protocol {
        address: s(AT),
        step: s("ApiVersions"),
        reason: s(reason),
    }
}

fn closed(step: &str) -> KafkaError {
    KafkaError::Closed {
        address: s(AT),
        step: s(step),
    }
}

fn secret(error: SecretError) -> KafkaError {
    KafkaError::Secret {
        address: s(AT),
        error,
    }
}

fn authentication(mechanism: &str) -> KafkaError {
    KafkaError::Authentication {
        address: s(AT),
        mechanism: s(mechanism),
        username: s("u"),
        reason: s("r"),
    }
}

fn mechanism(offered: &str) -> KafkaError {
    KafkaError::Mechanism {
        address: s(AT),
        mechanism: s("PLAIN"),
        offered: s(offered),
    }
}

fn refused(code_name: &str) -> KafkaError {
    KafkaError::NotAuthorized {
        operation: s("o"),
        subject: s("s"),
        code_name: s(code_name),
    }
}

fn broker(code_name: &str) -> KafkaError {
    KafkaError::Broker {
        operation: s("o"),
        subject: s("s"),
        code: 1,
        code_name: s(code_name),
        detail: None,
    }
}

fn unreachable(errors: Vec<KafkaError>) -> KafkaError {
    let attempts = errors
        .into_iter()
        .map(|error| Attempt {
            address: s(AT),
            error,
        })
        .collect();
    KafkaError::Unreachable {
        cluster: s("c"),
        attempts,
    }
}

#[test]
fn each_failure_gets_advice_that_names_what_to_change() {
    let table = [
        (
            KafkaError::Address {
                address: s("b1"),
                reason: s("r"),
            },
            "host:port",
        ),
        (
            KafkaError::Resolve {
                address: s(AT),
                reason: s("r"),
            },
            "advertised.listeners",
        ),
        (connect("connection refused"), "Nothing listens"),
        (
            connect("Connection refused (os error 111)"),
            "Nothing listens",
        ),
        (connect("connection reset by peer"), "connection limit"),
        (connect("Network is unreachable"), "VPN"),
        (connect("No route to host (os error 113)"), "VPN"),
        (connect("permission denied"), "firewall"),
        (silent("dns"), "resolver"),
        (silent("tcp"), "security group"),
        (silent("tls"), "stays silent"),
        (silent("api_versions"), "`tls` set differently"),
        (silent("sasl"), "`connect_timeout_ms`"),
        (
            settings("`ca.pem` cannot be read: No such file"),
            "permissions",
        ),
        (
            settings("`k` holds an encrypted private key; only ..."),
            "openssl pkey",
        ),
        (
            settings("the system's certificate authorities cannot be used"),
            "`tls.ca`",
        ),
        (settings("`ca.jks` is not valid PEM: x"), "keytool"),
        (tls("... (UnknownIssuer)"), "`tls.ca`"),
        (
            tls("the broker's certificate is not for the name `b1`"),
            "`tls.server_name`",
        ),
        (tls("the broker's certificate has expired (x)"), "clock"),
        (
            tls("the broker's certificate is not valid yet (x)"),
            "clock",
        ),
        (
            tls("the answer is not tls: the listener speaks plain text"),
            "Leave out `tls`",
        ),
        (tls("peer is incompatible"), "openssl s_client"),
        (alert("CertificateRequired"), "wants a client certificate"),
        (alert("BadCertificate"), "`tls.key`"),
        (alert("UnknownCA"), "truststore"),
        (alert("CertificateExpired"), "Renew"),
        (alert("UnrecognisedName"), "`tls.server_name`"),
        (alert("HandshakeFailure"), "cipher"),
        (secret(SecretError::NoVariable(s("P"))), "Set the variable"),
        (
            secret(SecretError::NoFile {
                path: "p".into(),
                reason: s("r"),
            }),
            "permissions",
        ),
        (
            secret(SecretError::Command {
                program: s("vault"),
                reason: s("r"),
            }),
            "by hand",
        ),
        (secret(SecretError::Empty(s("p"))), "line break"),
        (mechanism("SCRAM-SHA-512"), "`sasl.mechanism`"),
        (
            mechanism("none, this listener does not use sasl"),
            "Leave out `sasl`",
        ),
        (authentication("SCRAM-SHA-512"), "librdkafka before 2.6.1"),
        (authentication("PLAIN"), "password"),
        (closed("ApiVersions"), "wants TLS"),
        (closed("Metadata"), "wants SASL"),
        (closed("SaslHandshake"), "no SASL"),
        (closed("Fetch"), "Try again"),
        (protocol("it is shorter than a header"), "HTTP"),
        (
            protocol("it is tls: the listener wants a tls connection"),
            "Set `tls`",
        ),
        (
            protocol("it is http: this is no kafka listener"),
            "web service",
        ),
        (timeout("Metadata"), "`request_timeout_ms`"),
        (timeout("ApiVersions"), "stays silent"),
        (timeout("SaslAuthenticate"), "`connect_timeout_ms`"),
        (
            KafkaError::NotOffered {
                operation: s("o"),
                by: s("b"),
            },
            "lacks it",
        ),
        (refused("TOPIC_AUTHORIZATION_FAILED"), "--topic"),
        (refused("GROUP_AUTHORIZATION_FAILED"), "--group"),
        (refused("CLUSTER_AUTHORIZATION_FAILED"), "--cluster"),
        (
            refused("TRANSACTIONAL_ID_AUTHORIZATION_FAILED"),
            "kafka-acls",
        ),
        (KafkaError::UnknownBroker { broker: 9 }, "list the brokers"),
        (
            KafkaError::NoLeader {
                topic: s("t"),
                partition: 0,
            },
            "start the brokers",
        ),
        (broker("COORDINATOR_NOT_AVAILABLE"), "__consumer_offsets"),
        (broker("OFFSET_OUT_OF_RANGE"), "retention"),
        (broker("KAFKA_STORAGE_ERROR"), "log dir"),
        (broker("SECURITY_DISABLED"), "authorizer"),
        (broker("REQUEST_TIMED_OUT"), "throttled"),
        (broker("ILLEGAL_SASL_STATE"), "set `sasl`"),
        (broker("NOT_LEADER_OR_FOLLOWER"), "Leadership"),
        (
            unreachable(vec![
                KafkaError::UnknownGroup { group: s("g") },
                silent("tcp"),
            ]),
            "firewall",
        ),
    ];
    for (error, part) in table {
        let text = remedy(&error).unwrap_or_else(|| panic!("no remedy for {error}"));
        assert!(text.contains(part), "{error}: {text}");
        let words = text.split_whitespace().count();
        assert!(words < 25, "{words} words: {text}");
        assert!(text.ends_with(['.', ')']), "{text}");
    }
}

#[test]
fn what_speaks_for_itself_gets_no_advice() {
    for error in [
        KafkaError::UnknownTopic { topic: s("t") },
        KafkaError::UnknownPartition {
            topic: s("t"),
            partition: 9,
            partitions: 3,
        },
        KafkaError::UnknownGroup { group: s("g") },
        broker("INVALID_PARTITIONS"),
        unreachable(vec![]),
    ] {
        assert_eq!(remedy(&error), None, "{error}");
    }
}
