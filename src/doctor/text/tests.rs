//! The report's look, and its exit codes.

use crate::doctor::{
    AddressReport, Build, Check, ClusterReport, DoctorReport, Role, Status, StepReport,
};
use kafkaweave_client::profile::Environment;

fn step(name: &'static str, status: Status, detail: &str, remedy: Option<&str>) -> StepReport {
    StepReport {
        name,
        status,
        detail: detail.into(),
        elapsed_ms: 1.5,
        remedy: remedy.map(str::to_owned),
    }
}

fn address(
    address: &str,
    bootstrap: bool,
    brokers: &[i32],
    steps: Vec<StepReport>,
) -> AddressReport {
    AddressReport {
        address: address.into(),
        role: Role {
            bootstrap,
            brokers: brokers.to_vec(),
        },
        steps,
    }
}

fn report() -> DoctorReport {
    let good = || {
        vec![
            step("dns", Status::Ok, "10.0.0.1", None),
            step("tcp", Status::Ok, "connected", None),
        ]
    };
    DoctorReport {
        build: Build {
            version: "1.2.3",
            target: "x86_64-linux".into(),
            engines: vec!["native".into()],
        },
        checked_at: "2026-11-24T05:00:00Z".into(),
        file: Some("kafkaweave.toml".into()),
        warnings: vec!["mind this".into()],
        checks: Vec::new(),
        clusters: vec![ClusterReport {
            name: "prod".into(),
            environment: Environment::Prod,
            security: "TLS".into(),
            checks: vec![Check {
                name: "tls.ca".into(),
                status: Status::Ok,
                detail: "`ca.pem`: 1 certificate(s)".into(),
                remedy: None,
            }],
            addresses: vec![
                address("b1:9094", true, &[1], good()),
                address("b2:9094", false, &[2], good()),
                address(
                    "k3:9094",
                    false,
                    &[3],
                    vec![step(
                        "dns",
                        Status::Failed,
                        "cannot be resolved",
                        Some("Mend it."),
                    )],
                ),
            ],
        }],
    }
}

#[test]
fn plain_text_is_aligned_and_has_no_colour() {
    let expected = "\
kafkaweave 1.2.3, x86_64-linux, engine native; clock 2026-11-24T05:00:00Z
configuration: kafkaweave.toml
WARN mind this

cluster prod (prod): TLS
  ok   tls.ca           `ca.pem`: 1 certificate(s)
  bootstrap, broker 1 b1:9094
    ok   dns                1.5 ms  10.0.0.1
    ok   tcp                1.5 ms  connected
  ok   broker 2 b2:9094: all 2 steps, 3.0 ms
  broker 3 k3:9094
    FAIL dns                1.5 ms  cannot be resolved
         -> Mend it.
  can be used in part; 2 of 3 addresses answer
";
    assert_eq!(report().text(false), expected);
}

#[test]
fn colour_is_for_terminals() {
    let text = report().text(true);
    assert!(
        text.contains("\u{1b}[32m✓\u{1b}[0m dns") && text.contains("\u{1b}[31m✗\u{1b}[0m dns"),
        "{text}"
    );
}

#[test]
fn the_exit_code_tells_the_network_from_the_configuration() {
    let failed = |name: &str| Check {
        name: name.into(),
        status: Status::Failed,
        detail: String::new(),
        remedy: None,
    };
    let mut report = report();
    assert_eq!(report.exit_code(), 1);
    report.clusters[0].checks.push(failed("tls.ca"));
    assert_eq!(report.exit_code(), 2);
    report.clusters[0].checks = vec![failed("brokers")];
    report.clusters[0].addresses.pop();
    assert_eq!(report.exit_code(), 1);
    report.clusters[0].checks.clear();
    assert_eq!(report.exit_code(), 0);
    report.checks.push(failed("clusters"));
    assert_eq!(report.exit_code(), 2);
}

#[test]
fn json_holds_what_the_text_says() {
    let json = serde_json::to_value(report()).unwrap();
    assert_eq!(json["clusters"][0]["environment"], "prod");
    let step = &json["clusters"][0]["addresses"][2]["steps"][0];
    assert_eq!(step["status"], "failed");
    assert_eq!(step["remedy"], "Mend it.");
}
