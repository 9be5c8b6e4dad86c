//! The doctor: walks the way to each cluster step by step and says which step fails, on which
//! address, why, and what to change.
//!
//! First what needs no network (files, secrets), then every bootstrap address, then every address
//! that the brokers advertise, since clients are sent there. Clusters and addresses are tried side by
//! side, each within the profile's timeouts. It changes nothing and shows no secret.

mod advice;
mod network;
mod report;
mod settings;
mod text;

pub use report::{
    AddressReport, Build, Check, ClusterReport, DoctorReport, Role, Status, StepReport,
};

use crate::config::{ClusterConfig, Config};
use kafkaweave_client::profile::Profile;
use kafkaweave_core::near::near;

/// Examines all clusters, or the one named `only`.
pub async fn run(config: &Config, only: Option<&str>) -> DoctorReport {
    let chosen: Vec<_> = config
        .clusters
        .iter()
        .filter(|cluster| only.is_none_or(|name| cluster.profile.name == name))
        .collect();
    let mut checks = settings::server(config).await;
    checks.extend(nothing_to_do(config, only, &chosen));
    let clusters = chosen.iter().map(|cluster| examine(&cluster.profile));
    DoctorReport {
        build: Build::current(),
        checked_at: format!("{:.0}", jiff::Timestamp::now()),
        file: config.file.clone(),
        warnings: config.warnings.iter().map(ToString::to_string).collect(),
        checks,
        clusters: futures::future::join_all(clusters).await,
    }
}

fn nothing_to_do(config: &Config, only: Option<&str>, chosen: &[&ClusterConfig]) -> Option<Check> {
    if !chosen.is_empty() {
        return None;
    }
    let known: Vec<_> = config
        .clusters
        .iter()
        .map(|c| c.profile.name.as_str())
        .collect();
    let (detail, remedy) = match only {
        Some(name) if !known.is_empty() => {
            let remedy = match near(name, known.iter().copied(), 1).first() {
                Some(nearest) => format!("Did you mean `{nearest}`?"),
                None => format!("Configured: {}.", known.join(", ")),
            };
            (format!("no cluster `{name}` is configured"), remedy)
        }
        _ => {
            let places: Vec<_> = config
                .searched
                .iter()
                .map(|p| format!("`{}`", p.display()))
                .collect();
            (
                "no cluster is configured".to_owned(),
                format!(
                    "Give `--bootstrap HOST:PORT`, or a file; looked at {}.",
                    places.join(", ")
                ),
            )
        }
    };
    Some(Check {
        name: "clusters".into(),
        status: Status::Failed,
        detail,
        remedy: Some(remedy),
    })
}

async fn examine(profile: &Profile) -> ClusterReport {
    let checks = settings::cluster(profile).await;
    let has_password = !checks
        .iter()
        .any(|check| check.name == settings::PASSWORD && check.status == Status::Failed);
    let found = network::walk(profile, has_password).await;
    ClusterReport {
        name: profile.name.clone(),
        environment: profile.environment,
        security: security(profile),
        checks: checks.into_iter().chain(found.checks).collect(),
        addresses: found.addresses,
    }
}

/// How the cluster is reached, in words.
fn security(profile: &Profile) -> String {
    let transport = match &profile.tls {
        None => "plain text",
        Some(tls) if tls.certificate.is_some() => "TLS with a client certificate",
        Some(_) => "TLS",
    };
    match &profile.sasl {
        None => transport.to_owned(),
        Some(sasl) => format!(
            "{} as `{}` over {transport}",
            sasl.mechanism.name(),
            sasl.username
        ),
    }
}
