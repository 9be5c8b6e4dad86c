//! kafka_cluster_compare: in what this cluster and another configured one differ.
//!
//! Topic configurations are taken some hundred at a time and dropped when they are compared, so
//! that thousands of topics do not lie in memory at once.

mod gather;
mod text;

use crate::page::{self, Page};
use crate::problem::Error;
use crate::tool::{Context, Effect, Tool};
use crate::tools::common::drift;
use gather::{Seen, compare_topics, see};
use kafkaweave_core::diagnose::compare::{Comparison, Difference, Tally, Verdict};
use kafkaweave_core::model::{Acl, AclResource, GroupListing, Missing, Topic, folded};
use kafkaweave_core::names::NameFilter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// kafka_cluster_compare.
pub struct CompareClusters;

/// Arguments.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Configured name of the right side
    other: String,
    /// Topics and groups: part, glob or /regex/
    pattern: Option<String>,
    internal: Option<bool>,
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// In what they differ, weightiest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    verdict: Verdict,
    /// The verdict in words, with counts.
    outcome: String,
    left: String,
    right: String,
    /// Both names lead to one cluster.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    one_cluster: bool,
    differences: Vec<Difference>,
    #[serde(flatten)]
    page: Page,
    topics: Tally,
    groups: Tally,
    /// Keys of broker configuration.
    broker_keys: Tally,
    acls: Tally,
    /// Limits of client quotas.
    quotas: Tally,
    /// Internal topics that fit and are not compared.
    hidden_internal: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

impl Tool for CompareClusters {
    const NAME: &'static str = "kafka_cluster_compare";
    const TITLE: &'static str = "Compare clusters";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "fleet";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "Drift of two clusters: topics, their configuration, brokers, versions, groups, ACLs, quotas; only differences, with weight."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let filter = NameFilter::parse(input.pattern.as_deref())?;
        let question = page::question(&input);
        let this = cx.cluster()?;
        let other = cx.clusters.find(Some(&input.other))?;
        if this.profile.name == other.profile.name {
            return Err(Error::Argument {
                path: "other".into(),
                reason: format!(
                    "`{}` is the cluster on the left; kafka_cluster_list shows the others",
                    input.other
                ),
                near: Vec::new(),
            });
        }
        let (left, right) = tokio::join!(see(cx, this), see(cx, &other));
        let mut left = left?;
        let mut right = right.map_err(|e| drift::on(&other.profile.name, e))?;
        let hidden_internal = narrow(
            &filter,
            input.internal.unwrap_or(false),
            &mut left,
            &mut right,
        );
        let mut comparison = Comparison::default();
        if let (Some(l), Some(r)) = (&left.cluster, &right.cluster) {
            comparison.clusters(l, r);
        }
        comparison.broker_settings(&left.broker_configs, &right.broker_configs);
        if let (Some(l), Some(r)) = (&left.groups, &right.groups) {
            comparison.group_lists((l, left.groups_whole), (r, right.groups_whole));
        }
        if let (Some(l), Some(r)) = (&left.acls, &right.acls) {
            comparison.acls(l, r);
        }
        if let (Some(l), Some(r)) = (&left.quotas, &right.quotas) {
            comparison.quotas(l, r);
        }
        let gaps = compare_topics(cx, (this, &left), (&other, &right), &mut comparison).await?;
        let comparison = comparison.finish();
        let one_cluster = left.id().is_some() && left.id() == right.id();
        let missing = folded([left.missing, right.missing, gaps].concat());
        let verdict = comparison.verdict(missing.is_empty());
        let outcome = drift::outcome(&comparison, verdict);
        let limit = page::limit(input.limit, 30);
        let (differences, page) = page::page(
            comparison.differences,
            question,
            input.cursor.as_deref(),
            limit,
            name,
        )?;
        Ok(Output {
            verdict,
            outcome,
            left: this.profile.name.clone(),
            right: other.profile.name.clone(),
            one_cluster,
            differences,
            page,
            topics: comparison.topics,
            groups: comparison.groups,
            broker_keys: comparison.broker_keys,
            acls: comparison.acls,
            quotas: comparison.quotas,
            hidden_internal,
            missing,
        })
    }
}

/// A difference's unique name, for cursors.
fn name(of: &Difference) -> String {
    format!("{}\n{}\n{}", of.subject, of.key, of.left)
}

/// Leaves topics and groups that were asked for, and the ACLs on them; how many internal topics were taken away.
fn narrow(filter: &NameFilter, internal: bool, left: &mut Seen, right: &mut Seen) -> usize {
    let fits = |group: &GroupListing| filter.matches(&group.group);
    for groups in [&mut left.groups, &mut right.groups].into_iter().flatten() {
        groups.retain(fits);
    }
    let named = [AclResource::Topic, AclResource::Group];
    let about = |acl: &Acl| !named.contains(&acl.resource) || filter.matches(&acl.name);
    for acls in [&mut left.acls, &mut right.acls].into_iter().flatten() {
        acls.retain(about);
    }
    // What one side calls internal is left out on both, or it would seem to be on one alone.
    let own = |topics: &Option<Vec<Topic>>| -> Vec<String> {
        let all = topics.iter().flatten();
        let kept = all.filter(|t| !internal && t.internal && filter.matches(&t.name));
        kept.map(|t| t.name.clone()).collect()
    };
    let hidden: BTreeSet<String> = [own(&left.topics), own(&right.topics)]
        .into_iter()
        .flatten()
        .collect();
    for topics in [&mut left.topics, &mut right.topics].into_iter().flatten() {
        topics.retain(|t| filter.matches(&t.name) && !hidden.contains(&t.name));
    }
    hidden.len()
}
