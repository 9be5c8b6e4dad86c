//! What the doctor found, as plain data. Holds no secret.

use kafkaweave_client::profile::Environment;
use serde::Serialize;
use std::path::PathBuf;

/// Everything that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DoctorReport {
    /// This program.
    pub build: Build,
    /// When, by this machine's clock, UTC. A wrong clock breaks certificates.
    pub checked_at: String,
    /// The configuration file that was read.
    pub file: Option<PathBuf>,
    /// What is allowed and may not be meant.
    pub warnings: Vec<String>,
    /// What concerns no single cluster.
    pub checks: Vec<Check>,
    /// In the order of the file.
    pub clusters: Vec<ClusterReport>,
}

/// This program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Build {
    /// Version.
    pub version: &'static str,
    /// Architecture and operating system, e.g. `x86_64-linux`.
    pub target: String,
    /// Engines that are built in.
    pub engines: Vec<String>,
}

impl Build {
    /// The running program's.
    pub fn current() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            engines: crate::engines::available(),
        }
    }
}

/// How something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As it should be.
    Ok,
    /// Works, and may not be meant.
    Warning,
    /// Does not work.
    Failed,
    /// Not tried, as something before it failed.
    Skipped,
}

/// A thing that was looked at without, or beside, connecting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Key or subject, e.g. `tls.ca`.
    pub name: String,
    /// How it went.
    pub status: Status,
    /// What was found, or what is wrong.
    pub detail: String,
    /// What to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// One cluster.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClusterReport {
    /// Name.
    pub name: String,
    /// Environment.
    pub environment: Environment,
    /// How it is reached, in words.
    pub security: String,
    /// Files, secrets, and what the brokers say of themselves.
    pub checks: Vec<Check>,
    /// Bootstrap addresses in configured order, then the further ones that brokers advertise.
    pub addresses: Vec<AddressReport>,
}

/// Why an address is tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Role {
    /// It is configured.
    pub bootstrap: bool,
    /// Ids of the brokers that advertise it.
    pub brokers: Vec<i32>,
}

/// One address.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AddressReport {
    /// `host:port`.
    pub address: String,
    /// Why it is tried.
    pub role: Role,
    /// The steps in order; the first that fails is the last that was tried.
    pub steps: Vec<StepReport>,
}

/// One step of connecting.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepReport {
    /// `dns`, `tcp`, `tls`, `api_versions`, `sasl`, `metadata` or `authorization`.
    pub name: &'static str,
    /// How it went.
    pub status: Status,
    /// What came out, or why it failed.
    pub detail: String,
    /// How long it took, ms.
    pub elapsed_ms: f64,
    /// What to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl AddressReport {
    /// Whether every step was tried and none failed.
    pub fn is_ok(&self) -> bool {
        let good = |step: &StepReport| matches!(step.status, Status::Ok | Status::Warning);
        !self.steps.is_empty() && self.steps.iter().all(good)
    }
}

impl ClusterReport {
    /// Whether calls can be answered: some configured address works to the end.
    pub fn is_usable(&self) -> bool {
        self.addresses
            .iter()
            .any(|address| address.role.bootstrap && address.is_ok())
    }

    /// Whether nothing failed.
    pub fn is_ok(&self) -> bool {
        !failed(&self.checks) && self.addresses.iter().all(AddressReport::is_ok)
    }
}

fn failed(checks: &[Check]) -> bool {
    checks.iter().any(|check| check.status == Status::Failed)
}

impl DoctorReport {
    /// 0 when all is well, 2 when something in the configuration is wrong (a file, a secret, a
    /// cluster's name), else 1.
    pub fn exit_code(&self) -> u8 {
        let settings = |cluster: &ClusterReport| {
            let own = cluster
                .checks
                .iter()
                .filter(|check| !check.name.starts_with("broker"));
            own.clone().any(|check| check.status == Status::Failed)
        };
        if failed(&self.checks) || self.clusters.iter().any(settings) {
            2
        } else if self.clusters.iter().all(ClusterReport::is_ok) {
            0
        } else {
            1
        }
    }
}
