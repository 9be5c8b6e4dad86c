//! The doctor on the real cluster: each way to get security wrong, and what is said of it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a file of only tests stops at the first surprise"
)]

use crate::support::bed::{Bed, Listener, NODES, exclusive, shared};
use kafkaweave::config::{Config, Flags, ReferenceText, Sources, load};
use kafkaweave::doctor::{AddressReport, DoctorReport, Status, run};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;

/// Examines the one cluster that the flags define.
fn examine(flags: Flags) -> DoctorReport {
    let config = configured(flags);
    tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(run(&config, None))
}

fn configured(flags: Flags) -> Config {
    let nowhere = PathBuf::from("/nonexistent");
    load(&Sources {
        flags,
        directory: nowhere,
        ..Sources::default()
    })
    .unwrap()
}

fn plain(bootstrap: String) -> Flags {
    Flags {
        bootstrap: Some(bootstrap),
        ..Flags::default()
    }
}

fn tls(bed: &Bed, listener: Listener) -> Flags {
    Flags {
        tls_ca: Some(bed.pki().join("ca.pem").display().to_string()),
        ..plain(bed.address(1, listener))
    }
}

fn log_in(flags: Flags, mechanism: &str, user: &str, password: &str) -> Flags {
    Flags {
        sasl_mechanism: Some(mechanism.into()),
        sasl_username: Some(user.into()),
        sasl_password: Some(ReferenceText::new(format!("command:printf {password}"))),
        ..flags
    }
}

/// The step that failed at the only address, its detail and its remedy.
#[track_caller]
fn failure(report: &DoctorReport) -> (&'static str, String) {
    assert_eq!(report.exit_code(), 1, "{}", report.text(false));
    let [AddressReport { steps, .. }] = report.clusters[0].addresses.as_slice() else {
        panic!("one address: {}", report.text(false))
    };
    let last = steps.last().unwrap();
    assert_eq!(last.status, Status::Failed);
    let remedy = last.remedy.as_deref().unwrap();
    (last.name, format!("{}\n{remedy}", last.detail))
}

#[track_caller]
fn check(flags: Flags, step: &str, parts: &[&str]) {
    let (name, text) = failure(&examine(flags));
    assert_eq!(name, step, "{text}");
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

#[test]
fn a_cluster_in_order_is_walked_to_all_brokers() {
    let bed = shared();
    let report = examine(plain(bed.address(1, Listener::Plaintext)));
    let text = report.text(false);
    assert_eq!(report.exit_code(), 0, "{text}");
    let cluster = &report.clusters[0];
    let brokers: Vec<_> = cluster
        .addresses
        .iter()
        .flat_map(|a| a.role.brokers.clone())
        .collect();
    assert_eq!(brokers, NODES);
    let first: Vec<_> = cluster.addresses[0]
        .steps
        .iter()
        .map(|step| step.name)
        .collect();
    assert_eq!(
        first,
        ["dns", "tcp", "api_versions", "metadata", "authorization"]
    );
    assert!(
        text.contains("can be used; all 3 addresses answer"),
        "{text}"
    );
}

#[test]
fn tls_and_scram_in_order_are_walked_step_by_step() {
    let bed = shared();
    let report = examine(log_in(
        tls(&bed, Listener::SaslSsl),
        "SCRAM-SHA-512",
        "alice",
        "alice-secret",
    ));
    let text = report.text(false);
    assert_eq!(report.exit_code(), 0, "{text}");
    let steps: Vec<_> = report.clusters[0].addresses[0]
        .steps
        .iter()
        .map(|step| step.name)
        .collect();
    assert_eq!(
        steps,
        [
            "dns",
            "tcp",
            "tls",
            "api_versions",
            "sasl",
            "metadata",
            "authorization"
        ]
    );
    assert!(!text.contains("alice-secret"), "{text}");
}

#[test]
fn plain_text_to_a_tls_listener_is_told_to_set_tls() {
    let bed = shared();
    for listener in [Listener::SaslSsl, Listener::Ssl] {
        check(plain(bed.address(1, listener)), "api_versions", &["tls"]);
    }
}

#[test]
fn tls_to_a_plain_listener_is_told_to_leave_it_out() {
    let bed = shared();
    check(tls(&bed, Listener::Plaintext), "tls", &["Leave out `tls`"]);
}

#[test]
fn an_authority_that_is_not_known_is_told_to_be_named() {
    let bed = shared();
    let other = bed.pki().join("otherca.pem").display().to_string();
    let flags = Flags {
        tls_ca: Some(other),
        ..tls(&bed, Listener::SaslSsl)
    };
    check(flags, "tls", &["UnknownIssuer", "Set `tls.ca`"]);
}

#[test]
fn a_name_that_is_not_in_the_certificate_is_told() {
    let bed = shared();
    let flags = Flags {
        tls_server_name: Some("other.example".into()),
        ..tls(&bed, Listener::SaslSsl)
    };
    check(flags, "tls", &["`other.example`", "`tls.server_name`"]);
}

#[test]
fn a_listener_that_wants_a_client_certificate_says_so() {
    let bed = shared();
    check(
        tls(&bed, Listener::Ssl),
        "api_versions",
        &["`tls.certificate`"],
    );
}

#[test]
fn a_client_certificate_that_is_not_trusted_is_told() {
    let bed = shared();
    let file = |name: &str| Some(bed.pki().join(name).display().to_string());
    let flags = Flags {
        tls_certificate: file("mallory.crt"),
        tls_key: file("mallory.key"),
        ..tls(&bed, Listener::Ssl)
    };
    check(flags, "api_versions", &["certificate"]);
}

#[test]
fn no_log_in_at_a_sasl_listener_is_told_to_set_sasl() {
    let bed = shared();
    check(
        plain(bed.address(1, Listener::SaslPlaintext)),
        "metadata",
        &["set `sasl`"],
    );
}

#[test]
fn a_log_in_at_a_listener_without_sasl_is_told_to_leave_it_out() {
    let bed = shared();
    let flags = log_in(
        plain(bed.address(1, Listener::Plaintext)),
        "PLAIN",
        "alice",
        "alice-secret",
    );
    check(flags, "sasl", &["`sasl`"]);
}

#[test]
fn a_wrong_password_is_told_and_not_shown() {
    let bed = shared();
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let flags = log_in(tls(&bed, Listener::SaslSsl), mechanism, "alice", "hunter2");
        let (step, text) = failure(&examine(flags));
        assert_eq!(step, "sasl", "{text}");
        assert!(
            text.contains("authentication as `alice`") && text.contains("password"),
            "{text}"
        );
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn a_password_that_cannot_be_had_still_shows_how_far_it_goes() {
    let bed = shared();
    let flags = Flags {
        sasl_password: Some(ReferenceText::new("env:KAFKAWEAVE_TEST_NOT_SET")),
        ..log_in(tls(&bed, Listener::SaslSsl), "PLAIN", "alice", "x")
    };
    let report = examine(flags);
    assert_eq!(report.exit_code(), 2, "{}", report.text(false));
    let steps: Vec<_> = report.clusters[0].addresses[0]
        .steps
        .iter()
        .map(|s| (s.name, s.status))
        .collect();
    assert_eq!(steps.last(), Some(&("sasl", Status::Skipped)));
    assert!(steps.contains(&("tls", Status::Ok)) && steps.contains(&("api_versions", Status::Ok)));
}

#[test]
fn an_address_where_nobody_listens_leaves_the_others_usable() {
    let bed = shared();
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let report = examine(plain(format!(
        "{free},{}",
        bed.bootstrap(Listener::Plaintext)
    )));
    assert_eq!(report.exit_code(), 1);
    assert!(report.clusters[0].is_usable());
    let first = &report.clusters[0].addresses[0].steps;
    let last = first.last().unwrap();
    assert_eq!((last.name, last.status), ("tcp", Status::Failed));
    assert!(last.remedy.as_deref().unwrap().contains("Nothing listens"));
}

#[test]
fn a_server_that_is_no_kafka_is_told() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in server.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 64]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    check(plain(address), "api_versions", &["web service"]);
}

#[test]
fn a_server_that_stays_silent_is_told_in_time() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap().to_string();
    let flags = Flags {
        connect_timeout_ms: Some(300),
        ..plain(address)
    };
    check(flags, "api_versions", &["300 ms", "silent"]);
}

#[test]
fn a_missing_file_is_a_matter_of_configuration() {
    let flags = Flags {
        tls_ca: Some("/nonexistent/ca.pem".into()),
        ..plain("127.0.0.1:1".into())
    };
    let report = examine(flags);
    assert_eq!(report.exit_code(), 2);
    let check = &report.clusters[0].checks[0];
    assert_eq!(
        (check.name.as_str(), check.status),
        ("tls.ca", Status::Failed)
    );
    assert!(check.detail.contains("No such file"), "{}", check.detail);
}

#[test]
fn no_cluster_and_an_unknown_one_are_matters_of_configuration() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let report = runtime.block_on(run(&configured(Flags::default()), None));
    assert_eq!(report.exit_code(), 2);
    assert!(
        report.text(false).contains("no cluster is configured"),
        "{}",
        report.text(false)
    );
    let config = configured(Flags {
        cluster: Some("prod".into()),
        ..plain("127.0.0.1:1".into())
    });
    let report = runtime.block_on(run(&config, Some("pord")));
    assert_eq!(report.exit_code(), 2);
    assert!(
        report.text(false).contains("Did you mean `prod`?"),
        "{}",
        report.text(false)
    );
}

#[test]
fn a_broker_that_is_down_is_named_while_the_rest_is_usable() {
    let bed = exclusive();
    bed.kill(3);
    bed.await_fenced(3);
    let report = examine(plain(bed.address(1, Listener::Plaintext)));
    let text = report.text(false);
    assert_eq!(report.exit_code(), 1, "{text}");
    assert!(report.clusters[0].is_usable(), "{text}");
    let check = report.clusters[0]
        .checks
        .iter()
        .find(|check| check.name == "broker 3");
    assert!(check.unwrap().detail.contains("fenced"), "{text}");
}

#[test]
fn a_principal_without_any_right_is_told_though_the_log_in_works() {
    let bed = shared();
    let report = examine(log_in(
        tls(&bed, Listener::SaslSsl),
        "PLAIN",
        "bob",
        "bob-secret",
    ));
    let steps = &report.clusters[0].addresses[0].steps;
    let last = steps.last().unwrap();
    assert_eq!((last.name, last.status), ("authorization", Status::Warning));
    assert!(last.remedy.as_deref().unwrap().contains("kafka-acls"));
}
