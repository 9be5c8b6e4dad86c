//! Getting in, and being kept out, at every listener of the real cluster.
//!
//! The doctor's own judgement is tested beside it (`doctor`); here is what a caller reads.

mod listeners;
mod reads;
mod refusals;
mod rights;
mod unreachable;

use crate::support::bed::{Bed, Listener};

/// Passwords as a caller's environment would hold them.
pub(super) const PASSWORDS: &[(&str, &str)] = &[
    ("ADMIN_PASSWORD", "admin-secret"),
    ("ALICE_PASSWORD", "alice-secret"),
    ("BOB_PASSWORD", "bob-secret"),
    ("WRONG_PASSWORD", "hunter2"),
];

/// Flags for one listener; each step adds what it names.
#[derive(Clone, Debug)]
pub(super) struct Flags(Vec<String>);

impl Flags {
    /// The plain way to these addresses.
    pub(super) fn at(bootstrap: impl Into<String>) -> Self {
        Self(vec!["--bootstrap".into(), bootstrap.into()])
    }

    /// The plain way to all three nodes.
    pub(super) fn of(bed: &Bed, listener: Listener) -> Self {
        Self::at(bed.bootstrap(listener))
    }

    /// TLS that trusts the authority of `ca`, a file of the bed.
    pub(super) fn tls(self, bed: &Bed, ca: &str) -> Self {
        self.with("--tls-ca", &bed.pki().join(ca).display().to_string())
    }

    /// A client certificate of the bed.
    pub(super) fn certificate(self, bed: &Bed, name: &str) -> Self {
        let file = |kind: &str| {
            let path = bed.pki().join(format!("{name}.{kind}"));
            path.display().to_string()
        };
        self.with("--tls-certificate", &file("crt"))
            .with("--tls-key", &file("key"))
    }

    /// A log-in whose password is in an environment variable.
    pub(super) fn log_in(self, mechanism: &str, user: &str, variable: &str) -> Self {
        self.with("--sasl-mechanism", mechanism)
            .with("--sasl-username", user)
            .with("--sasl-password", &format!("env:{variable}"))
    }

    /// One more flag.
    pub(super) fn with(mut self, flag: &str, value: &str) -> Self {
        self.0.extend([flag.to_owned(), value.to_owned()]);
        self
    }

    /// As arguments.
    pub(super) fn args(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}

/// Rights of a user over some resources; taken back when dropped.
pub(super) struct Grants<'a> {
    bed: &'a Bed,
    given: Vec<Vec<String>>,
}

impl<'a> Grants<'a> {
    /// Gives `user` these operations on each resource, told by arguments of Kafka's own tool such as `--topic t`.
    /// Brokers learn of it a moment later.
    pub(super) fn to(bed: &'a Bed, user: &str, operations: &[&str], on: &[&[&str]]) -> Self {
        let principal = format!("User:{user}");
        let mut grants = Self {
            bed,
            given: Vec::new(),
        };
        for resource in on {
            let mut args = vec!["--allow-principal", &principal];
            for operation in operations {
                args.extend(["--operation", operation]);
            }
            args.extend(*resource);
            bed.kafka(ACLS, &[&["--add"][..], &args].concat()).unwrap();
            grants
                .given
                .push(args.into_iter().map(String::from).collect());
        }
        grants
    }
}

const ACLS: &str = "org.apache.kafka.tools.AclCommand";

impl Drop for Grants<'_> {
    fn drop(&mut self) {
        for args in &self.given {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let all = [&["--remove", "--force"][..], &args].concat();
            let removed = self.bed.kafka(ACLS, &all);
            assert!(removed.is_ok() || std::thread::panicking(), "{removed:?}");
        }
    }
}
