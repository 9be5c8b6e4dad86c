//! kafka_topic_compare: in what two topics differ, of one cluster or of two.

use crate::clusters::Cluster;
use crate::problem::Error;
use crate::tool::{Answer, Context, Effect, Tool};
use crate::tools::common::{count, drift, missing_lines, topic_of};
use kafkaweave_client::kafka::Engine;
use kafkaweave_core::diagnose::compare::{Comparison, Difference, TopicSide, Verdict};
use kafkaweave_core::model::{
    ConfigEntry, ConfigResource, Isolation, Missing, OffsetSpec, PartitionOffset, ResourceKind,
    Topic, TopicPartition,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// kafka_topic_compare.
pub struct CompareTopics;

/// Arguments.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    left: String,
    /// Default: as `left`
    right: Option<String>,
    /// Configured cluster of `right`
    other: Option<String>,
    /// Compare how many offsets each holds
    offsets: Option<bool>,
}

/// One of the two topics.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Side {
    cluster: String,
    topic: String,
}

/// In what they differ.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    verdict: Verdict,
    /// The verdict in words, with counts.
    outcome: String,
    left: Side,
    right: Side,
    differences: Vec<Difference>,
    /// Facts and configuration values in force that are the same.
    equal_values: usize,
    /// Of these, set on one topic alone: a changed default would part them.
    set_on_one_side: usize,
    /// What was compared, and what was not.
    basis: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

/// What was seen of one side.
struct Seen {
    cluster_id: Option<String>,
    topic: Topic,
    configs: Option<Vec<ConfigEntry>>,
    racks: BTreeMap<i32, String>,
    offsets_held: Option<i64>,
    missing: Vec<Missing>,
}

impl Tool for CompareTopics {
    const NAME: &'static str = "kafka_topic_compare";
    const TITLE: &'static str = "Compare topics";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "topic";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "Drift of two topics, of one cluster or two: partitions, replication, placement, configuration in force; only differences, with weight."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let left_cluster = cx.cluster.clone().ok_or(Error::NoCluster)?;
        let right_cluster = match &input.other {
            Some(name) => cx.clusters.find(Some(name))?,
            None => Arc::clone(&left_cluster),
        };
        let right_name = input.right.clone().unwrap_or_else(|| input.left.clone());
        let names = (&left_cluster.profile.name, &right_cluster.profile.name);
        let one = names.0 == names.1;
        if one && input.left == right_name {
            return Err(same_topic("right", "is the topic on the left".into()));
        }
        let offsets = input.offsets.unwrap_or(false);
        let (left, right) = tokio::join!(
            see(cx, &left_cluster, &input.left, offsets),
            see(cx, &right_cluster, &right_name, offsets),
        );
        let left = left?;
        let right = right.map_err(|e| if one { e } else { drift::on(names.1, e) })?;
        let one = one || (left.cluster_id.is_some() && left.cluster_id == right.cluster_id);
        if one && input.left == right_name {
            let reason = format!("`{}` and `{}` are one cluster", names.0, names.1);
            return Err(same_topic("other", reason));
        }
        let mut comparison = Comparison::default();
        if one {
            comparison.topics_of_one_cluster("topic", &left.side(), &right.side());
        } else {
            comparison.topics_of_two_clusters("topic", &left.side(), &right.side(), false);
        }
        let comparison = comparison.finish();
        let basis = basis(&left, &right, one);
        let mut missing = left.missing;
        // Of one cluster, both sides miss the same brokers.
        missing.extend(right.missing);
        missing.dedup();
        let mut once: Vec<Missing> = Vec::new();
        for gap in missing {
            if !once.contains(&gap) {
                once.push(gap);
            }
        }
        let verdict = comparison.verdict(once.is_empty());
        Ok(Output {
            verdict,
            outcome: drift::outcome(&comparison, verdict),
            left: Side {
                cluster: names.0.clone(),
                topic: input.left,
            },
            right: Side {
                cluster: names.1.clone(),
                topic: right_name,
            },
            equal_values: comparison.equal_values,
            set_on_one_side: comparison.set_on_one_side,
            differences: comparison.differences,
            basis,
            missing: once,
        })
    }
}

fn same_topic(path: &str, why: String) -> Error {
    Error::Argument {
        path: path.into(),
        reason: format!(
            "{why}; a topic is compared with another one, or with that of another cluster (`other`)"
        ),
        near: Vec::new(),
    }
}

impl Seen {
    fn side(&self) -> TopicSide<'_> {
        TopicSide {
            topic: &self.topic,
            configs: self.configs.as_deref(),
            racks: &self.racks,
            offsets_held: self.offsets_held,
        }
    }
}

async fn see(cx: &Context, cluster: &Cluster, name: &str, offsets: bool) -> Result<Seen, Error> {
    let engine = cluster.engine()?;
    let label = cluster.profile.name.as_str();
    let topic = topic_of(engine, name).await?;
    let resource = [ConfigResource {
        kind: ResourceKind::Topic,
        name: name.into(),
    }];
    let (mut config_gaps, mut broker_gaps, mut offset_gaps) = (Vec::new(), Vec::new(), Vec::new());
    let (configs, brokers, held) = tokio::join!(
        drift::part(
            cx,
            label,
            "configuration",
            engine.configs(&resource, None, false),
            &mut config_gaps
        ),
        drift::part(
            cx,
            label,
            "brokers and racks",
            engine.cluster(),
            &mut broker_gaps
        ),
        async {
            if !offsets {
                return None;
            }
            let asked = ends(engine, &topic);
            drift::part(cx, label, "offsets", asked, &mut offset_gaps).await
        },
    );
    // The quorum and the feature levels say nothing of a topic.
    broker_gaps.retain(|gap| gap.what.contains("broker"));
    let racks = brokers
        .iter()
        .flat_map(|c| &c.brokers)
        .filter_map(|b| Some((b.id, b.rack.clone()?)));
    let offsets_held = held.and_then(|found| span(&topic, &found));
    Ok(Seen {
        racks: racks.collect(),
        cluster_id: brokers.and_then(|c| c.cluster_id),
        configs: configs.and_then(|found| found.into_iter().next().map(|c| c.entries)),
        offsets_held,
        missing: [config_gaps, broker_gaps, offset_gaps].concat(),
        topic,
    })
}

async fn ends(
    engine: &dyn Engine,
    topic: &Topic,
) -> Result<
    kafkaweave_core::model::Partial<Vec<PartitionOffset>>,
    kafkaweave_client::kafka::KafkaError,
> {
    let partitions = topic.partitions.iter().map(|p| p.partition);
    let queries: Vec<(TopicPartition, OffsetSpec)> = partitions
        .flat_map(|p| {
            [OffsetSpec::Earliest, OffsetSpec::Latest]
                .map(|spec| (TopicPartition::new(&topic.name, p), spec))
        })
        .collect();
    engine.offsets(&queries, Isolation::ReadUncommitted).await
}

/// Ends minus beginnings; `None` when any is unknown.
fn span(topic: &Topic, found: &[PartitionOffset]) -> Option<i64> {
    let offset = |partition: i32, spec: OffsetSpec| {
        found
            .iter()
            .find(|o| o.partition.partition == partition && o.spec == spec)?
            .offset
    };
    let spans = topic.partitions.iter().map(|p| {
        Some(offset(p.partition, OffsetSpec::Latest)? - offset(p.partition, OffsetSpec::Earliest)?)
    });
    spans.sum()
}

/// What was compared, of what there is.
fn basis(left: &Seen, right: &Seen, one: bool) -> String {
    let mut parts = vec!["partitions".to_owned(), "replication factor".to_owned()];
    if !left.racks.is_empty() && !right.racks.is_empty() {
        parts.push("rack spread".into());
    }
    if one {
        parts.push("placement".into());
    }
    if let (Some(l), Some(r)) = (&left.configs, &right.configs) {
        let shared = l.iter().filter(|e| r.iter().any(|o| o.name == e.name));
        parts.push(format!(
            "{} in force",
            count(shared.count(), "configuration value")
        ));
    }
    if left.offsets_held.is_some() && right.offsets_held.is_some() {
        parts.push("offsets held".into());
    }
    format!("{}; not ids, epochs, records", parts.join(", "))
}

impl Answer for Output {
    fn text(&self) -> String {
        let head = |side: &Side, other: &Side| {
            if side.cluster == other.cluster {
                side.topic.clone()
            } else {
                format!("{} on {}", side.topic, side.cluster)
            }
        };
        let left = head(&self.left, &self.right);
        let right = head(&self.right, &self.left);
        let mut text = format!("{left} against {right}: {}", self.outcome);
        let table = drift::table(&self.differences, &left, &right);
        if !table.is_empty() {
            text.push_str(&format!("\n{table}"));
        }
        text.push_str(&format!("\n{} equal", count(self.equal_values, "value")));
        if self.set_on_one_side > 0 {
            text.push_str(&format!(
                ", {} of them set on one topic alone",
                self.set_on_one_side
            ));
        }
        text.push_str(&format!("; compared: {}", self.basis));
        text + &missing_lines(&self.missing)
    }
}
