//! kafka_cluster_health: what is wrong with a cluster now, and what to do about it.

mod gather;
mod text;

use crate::problem::Error;
use crate::tool::{Answer, Context, Effect, Tool};
use kafkaweave_core::diagnose::health::{
    Digest, DigestError, Finding, Report, Severity, Snapshot, Thresholds, health,
};
use kafkaweave_core::model::Missing;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Names that each list of a finding has at most: its subject says how many there are.
const MOST_NAMES: usize = 100;

/// kafka_cluster_health.
pub struct CheckHealth;

/// Arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    min_severity: Option<Severity>,
    /// Earlier `snapshot`
    since: Option<String>,
}

/// Verdict and findings, worst first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    #[serde(flatten)]
    report: Report,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
    /// For `since` of a later call.
    snapshot: String,
}

impl Tool for CheckHealth {
    const NAME: &'static str = "kafka_cluster_health";
    const TITLE: &'static str = "Check cluster health";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "inspect";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "Faults and risks of a cluster, worst first, with remedies."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let earlier = input.since.as_deref();
        // A damaged one is told before anybody is asked.
        before(earlier, None)?;
        let mut snapshot = gather::snapshot(cx).await?;
        snapshot.before = before(earlier, Some(&snapshot))?;
        let mut report = health(&snapshot, &Thresholds::default());
        let digest = Digest::of(&snapshot, &report);
        if let Some(least) = input.min_severity {
            report.findings.retain(|f| f.severity <= least);
        }
        let mut output = Output {
            report,
            missing: snapshot.missing,
            snapshot: digest.encode(),
        };
        output.keep(MOST_NAMES);
        Ok(output)
    }
}

/// The earlier snapshot as it was handed back, of the cluster that is asked now.
fn before(text: Option<&str>, now: Option<&Snapshot>) -> Result<Option<Digest>, Error> {
    let Some(text) = text else { return Ok(None) };
    let cluster_id = now.and_then(|s| s.cluster.cluster_id.as_deref());
    let refused = |error: DigestError| Error::Argument {
        path: "since".into(),
        reason: error.to_string(),
        near: Vec::new(),
    };
    Digest::decode(text, cluster_id).map(Some).map_err(refused)
}

impl Answer for Output {
    fn text(&self) -> String {
        text::text(&self.report, &self.snapshot)
    }

    fn rows(&self) -> usize {
        let longest = |f: &Finding| f.partitions.len().max(f.topics.len()).max(f.groups.len());
        self.report.findings.iter().map(longest).max().unwrap_or(0)
    }

    /// Findings stay; their lists are cut, and their subjects keep the counts.
    fn keep(&mut self, count: usize) {
        for finding in &mut self.report.findings {
            finding.partitions.truncate(count);
            finding.topics.truncate(count);
            finding.groups.truncate(count);
        }
    }
}
