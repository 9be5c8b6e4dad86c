//! kafka_cluster_health: what is wrong with a cluster now, and what to do about it.

use crate::problem::Error;
use crate::tool::{Answer, Context, Effect, Tool};
use crate::tools::common::{all_topics, count, missing_lines};
use kafkaweave_core::diagnose::health::{
    Finding, MIN_INSYNC_REPLICAS, Report, Severity, Snapshot, Thresholds, health,
    min_insync_replicas,
};
use kafkaweave_core::model::{ConfigResource, Missing, ResourceKind, Topic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// kafka_cluster_health.
pub struct CheckHealth;

/// Arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    min_severity: Option<Severity>,
}

/// Verdict and findings, worst first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    #[serde(flatten)]
    report: Report,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

impl Tool for CheckHealth {
    const NAME: &'static str = "kafka_cluster_health";
    const TITLE: &'static str = "Check cluster health";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "inspect";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "What is wrong now: offline, under-replicated, under-min-ISR partitions, brokers, disks, quorum; with remedies."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let snapshot = snapshot(cx).await?;
        let mut report = health(&snapshot, &Thresholds::default());
        if let Some(least) = input.min_severity {
            report.findings.retain(|f| f.severity <= least);
        }
        Ok(Output {
            report,
            missing: snapshot.missing,
        })
    }
}

async fn snapshot(cx: &Context) -> Result<Snapshot, Error> {
    let engine = cx.cluster()?.engine()?;
    let (cluster, topics, dirs) =
        tokio::join!(engine.cluster(), all_topics(cx), engine.log_dirs(Some(&[])));
    let mut missing = Vec::new();
    let cluster = cluster?.into_value(&mut missing);
    let mut gap = |what: &str, why: String| {
        missing.push(Missing {
            what: what.into(),
            broker: None,
            why,
        })
    };
    let topics = topics.map_err(|e| gap("topics", e.to_string())).ok();
    let dirs = dirs.map_err(|e| gap("log dirs", e.to_string())).ok();
    let topics = topics.map(|t| t.into_value(&mut missing));
    let log_dirs = dirs.map(|d| d.into_value(&mut missing));
    let min_insync_replicas =
        min_isr(cx, topics.as_deref().unwrap_or_default(), &mut missing).await?;
    Ok(Snapshot {
        topics,
        min_insync_replicas,
        log_dirs,
        missing,
        ..Snapshot::new(cluster, cx.now_ms)
    })
}

/// `min.insync.replicas` of all topics: one key of one request, whatever their number.
async fn min_isr(
    cx: &Context,
    topics: &[Topic],
    missing: &mut Vec<Missing>,
) -> Result<BTreeMap<String, i32>, Error> {
    if topics.is_empty() {
        return Ok(BTreeMap::new());
    }
    let resource = |t: &Topic| ConfigResource {
        kind: ResourceKind::Topic,
        name: t.name.clone(),
    };
    let resources: Vec<ConfigResource> = topics.iter().map(resource).collect();
    let keys = [MIN_INSYNC_REPLICAS.to_string()];
    match cx
        .cluster()?
        .engine()?
        .configs(&resources, Some(&keys), false)
        .await
    {
        Ok(configs) => Ok(min_insync_replicas(&configs.into_value(missing))),
        Err(error) => {
            missing.push(Missing {
                what: "min.insync.replicas of topics".into(),
                broker: None,
                why: error.to_string(),
            });
            Ok(BTreeMap::new())
        }
    }
}

fn finding(finding: &Finding) -> String {
    let severity = format!("{:?}", finding.severity).to_lowercase();
    let rule = serde_json::to_value(finding.rule)
        .ok()
        .and_then(|r| r.as_str().map(String::from))
        .unwrap_or_default();
    let mut text = format!("\n{severity} {rule}: {}", finding.subject);
    if !finding.evidence.is_empty() {
        text.push_str(&format!("\n  evidence: {}", finding.evidence.join("; ")));
    }
    text.push_str(&format!(
        "\n  meaning: {}\n  remedy: {}",
        finding.meaning, finding.remedy
    ));
    if let Some(tool) = &finding.next_tool {
        text.push_str(&format!("\n  more: {tool}"));
    }
    text
}

impl Answer for Output {
    fn text(&self) -> String {
        let report = &self.report;
        let verdict = format!("{:?}", report.verdict).to_lowercase();
        let mut text = format!("{verdict}: {}", report.why);
        text.push_str(&format!(
            "\n{} of {} brokers online",
            report.brokers_online, report.brokers_expected
        ));
        if let Some((topics, partitions)) = report.topics.zip(report.partitions) {
            text.push_str(&format!(
                ", {} with {}",
                count(topics, "topic"),
                count(partitions, "partition")
            ));
        }
        text.extend(report.findings.iter().map(finding));
        text.extend(
            report
                .unchecked
                .iter()
                .map(|u| format!("\nnot judged: {u}")),
        );
        text + &missing_lines(&self.missing)
    }

    fn rows(&self) -> usize {
        self.report
            .findings
            .iter()
            .map(|f| f.partitions.len().max(f.topics.len()))
            .max()
            .unwrap_or(0)
    }

    /// Findings stay; their lists of partitions and topics are cut, and their subjects keep the counts.
    fn keep(&mut self, count: usize) {
        for finding in &mut self.report.findings {
            finding.partitions.truncate(count);
            finding.topics.truncate(count);
        }
    }
}
