//! The Rust front of the test bed: three real Kafka nodes, started once per test run.
//!
//! [`shared`] is for every test that leaves the nodes alone, [`exclusive`] for those that kill or freeze them. The first
//! call starts the cluster (some six seconds); `testbed/hold.sh` ends it when this process is gone, whatever ended it.
//! Kafka's own tools answer through one warm JVM ([`Bed::kafka`], some 50 ms each), and the state that a test needs is
//! planted by Kafka's own Java client (see `plant`), so the code under test is never its own witness.
//!
//! [`second`] is another cluster, of one node and one rack, for tests of what differs between two. It lives in a folder
//! beside the first one's.
//!
//! `KAFKAWEAVE_BED` names another folder than `target/bed`; with `KAFKAWEAVE_BED_ATTACH=1` the cluster that
//! `testbed/cluster.sh up` started there is used, and left running. Topics and groups of all tests live side by side:
//! take names from [`Bed::name`], and never assert on what the whole cluster holds.
//! It deliberately has no async API: what it does is set-up, and blocks.
#![allow(
    dead_code,
    unused_imports,
    reason = "a front for tests to come: not each of its parts is used all the time"
)]
#![expect(
    clippy::expect_used,
    reason = "a bed that does not work must fail the test that asked for it"
)]

mod access;
mod plant;
mod process;
mod start;
mod tools;

use std::path::{Path, PathBuf};
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

pub(crate) use access::{Exclusive, Shared, exclusive, second, shared};
pub(crate) use plant::{CommitPlan, GroupKind, Placed, RecordPlan, TopicPlan};
pub(crate) use process::Process;
pub(crate) use tools::{Failed, Member};

/// What a node listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listener {
    /// No authentication; such a client may do all.
    Plaintext,
    /// SCRAM-SHA-256, SCRAM-SHA-512 or PLAIN over TLS.
    SaslSsl,
    /// SCRAM-SHA-256, SCRAM-SHA-512, PLAIN or OAUTHBEARER without TLS.
    SaslPlaintext,
    /// TLS with a client certificate, whose CN is the user.
    Ssl,
}

impl Listener {
    const fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::Ssl => "SSL",
        }
    }
}

/// Ids of the nodes; node `n` is in rack `rack-n`, and node 1 has two log dirs.
pub(crate) const NODES: [i32; 3] = [1, 2, 3];

/// A running cluster.
#[derive(Debug)]
pub(crate) struct Bed {
    dir: PathBuf,
    endpoints: start::Endpoints,
    /// Keeps the cluster alive; `None` when somebody else does.
    _hold: Option<start::Hold>,
    gate: RwLock<()>,
    broken: AtomicBool,
    names: AtomicU32,
}

impl Bed {
    /// `host:port` of one node.
    pub(crate) fn address(&self, node: i32, listener: Listener) -> String {
        let port = self
            .endpoints
            .port(node, listener.name())
            .expect("a node of the bed");
        format!("127.0.0.1:{port}")
    }

    /// `host:port` of all nodes, divided by commas.
    pub(crate) fn bootstrap(&self, listener: Listener) -> String {
        self.bootstrap_without(listener, &[])
    }

    /// `host:port` of all nodes but those named, divided by commas.
    pub(crate) fn bootstrap_without(&self, listener: Listener, without: &[i32]) -> String {
        let left: Vec<_> = self
            .endpoints
            .nodes()
            .filter(|n| !without.contains(n))
            .map(|n| self.address(n, listener))
            .collect();
        left.join(",")
    }

    /// Keys, certificates (`ca.pem`, `alice.crt`, `alice.key`, `alice-keystore.pem`; `otherca.pem` and `mallory` are not
    /// trusted) and tokens (`alice.jwt`, `expired.jwt`, `wrong-aud.jwt`).
    pub(crate) fn pki(&self) -> PathBuf {
        self.dir.join("pki")
    }

    /// A settings file of a Java client, such as `alice-plain` or `bad-password`; see `testbed/clients.sh`.
    /// Users are `admin` (may do all), `alice` and `bob`; a password is `<user>-secret`.
    pub(crate) fn client_settings(&self, name: &str) -> PathBuf {
        self.dir.join("clients").join(format!("{name}.properties"))
    }

    /// The log dirs of a node, where its partitions lie.
    pub(crate) fn log_dirs(&self, node: i32) -> Vec<PathBuf> {
        let of_node = self.dir.join(format!("data/n{node}"));
        let dirs: &[&str] = if node == 1 { &["a", "b"] } else { &["a"] };
        dirs.iter().map(|d| of_node.join(d)).collect()
    }

    /// What a node has written to its log so far.
    pub(crate) fn node_log(&self, node: i32) -> String {
        let bytes =
            std::fs::read(self.dir.join(format!("logs/n{node}.log"))).expect("a node writes a log");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A name that no other test of this run uses, and no earlier run.
    pub(crate) fn name(&self, stem: &str) -> String {
        format!(
            "{stem}-{}-{}",
            std::process::id(),
            self.names.fetch_add(1, Ordering::Relaxed)
        )
    }

    /// Runs one of Kafka's own command-line tools as the all-powerful user and returns what it printed.
    /// `--bootstrap-server` is put in front of `args`. A tool that looks at all topics fails when one
    /// goes under it: then it looks again.
    ///
    /// # Errors
    /// [`Failed`] when it ended with an exit code other than 0, or took longer than two minutes.
    pub(crate) fn kafka(&self, class: &str, args: &[&str]) -> Result<String, Failed> {
        let of_all = !args.iter().any(|word| word.starts_with("--topic"));
        for _ in 0..20 {
            match self.kafka_stdin(class, args, "") {
                Err(failed) if of_all && failed.topic_went() => {}
                outcome => return outcome,
            }
        }
        self.kafka_stdin(class, args, "")
    }

    /// As [`Bed::kafka`], with standard input.
    pub(crate) fn kafka_stdin(
        &self,
        class: &str,
        args: &[&str],
        input: &str,
    ) -> Result<String, Failed> {
        let bootstrap = self.bootstrap(Listener::Plaintext);
        let mut words = vec![class, "--bootstrap-server", &bootstrap];
        words.extend(args);
        self.tool(&words, input)
    }

    /// Runs the main method of any class on Kafka's class path, with just these words.
    pub(crate) fn tool(&self, words: &[&str], input: &str) -> Result<String, Failed> {
        tools::call(
            self.endpoints.tools(),
            words,
            input,
            Duration::from_secs(120),
        )
    }

    /// Runs `kcat`, a client that shares nothing with Kafka's own, on the plaintext listener.
    ///
    /// # Errors
    /// What it wrote to its error output, when it did not end with 0.
    pub(crate) fn kcat(&self, args: &[&str]) -> Result<String, String> {
        let mut command = process::of_bed(&self.dir, "kcat");
        command
            .arg("-b")
            .arg(self.bootstrap(Listener::Plaintext))
            .args(args);
        process::output(command)
    }

    /// Runs a Python program, given as text, with the packages of `testbed/requirements.txt` (`confluent_kafka`).
    ///
    /// # Errors
    /// What it wrote to its error output, when it did not end with 0.
    pub(crate) fn python(&self, program: &str, args: &[&str]) -> Result<String, String> {
        let mut command = process::of_bed(&self.dir, self.endpoints.python());
        command.arg("-c").arg(program).args(args);
        process::output(command)
    }

    /// The interpreter that has the packages of `testbed/requirements.txt`.
    pub(crate) fn python_path(&self) -> PathBuf {
        self.endpoints.python().to_path_buf()
    }

    /// The folder of Kafka's jars, beside that interpreter's.
    pub(crate) fn jars(&self) -> PathBuf {
        let cache = self
            .endpoints
            .python()
            .ancestors()
            .nth(3)
            .expect("CACHE/python/bin/python");
        cache.join("lib")
    }

    /// The node that leads the metadata quorum. (The controller in a Metadata answer is a random broker.)
    pub(crate) fn quorum_leader(&self) -> Result<i32, Failed> {
        let status = self.kafka(
            "org.apache.kafka.tools.MetadataQuorumCommand",
            &["describe", "--status"],
        )?;
        let id = status.lines().find_map(|l| l.strip_prefix("LeaderId:"));
        Ok(id
            .and_then(|id| id.trim().parse().ok())
            .expect("a quorum has a leader"))
    }

    /// A node that does not lead the metadata quorum: the one to break where that is not the point.
    pub(crate) fn quorum_follower(&self) -> Result<i32, Failed> {
        let leader = self.quorum_leader()?;
        Ok(*NODES
            .iter()
            .rev()
            .find(|n| **n != leader)
            .expect("three nodes"))
    }

    fn script(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("testbed")
            .join(name)
    }

    fn is_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }
}
