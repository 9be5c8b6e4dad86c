//! kafka_cluster_describe: brokers, controller, quorum, versions, totals.

mod text;

use crate::problem::Error;
use crate::tool::{Context, Effect, Tool};
use crate::tools::common::{Detail, all_topics};
use kafkaweave_core::diagnose::health::missing_brokers;
use kafkaweave_core::diagnose::quorum::{age_ms, role};
use kafkaweave_core::model::{BrokerState, Cluster, LogDir, Missing, Quorum, QuorumMember, Topic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// kafka_cluster_describe.
pub struct DescribeCluster;

/// Arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// detailed: log dirs, features, quorum lag
    detail: Option<Detail>,
}

/// One broker.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BrokerRow {
    broker: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rack: Option<String>,
    state: BrokerState,
    /// Partitions that it leads.
    leaders: usize,
    /// Replicas assigned to it.
    replicas: usize,
    /// Bytes of its replicas on disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    size_bytes: Option<i64>,
}

/// The active controller: the leader of the metadata quorum.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Controller {
    id: i32,
    epoch: i32,
}

/// A member of the metadata quorum.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Voter {
    id: i32,
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    lag: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_end_offset: Option<i64>,
    /// Milliseconds since it last held everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    behind_ms: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    endpoints: Vec<String>,
}

/// A feature level.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FeatureRow {
    feature: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    finalized: Option<i16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supported_min: Option<i16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supported_max: Option<i16>,
}

/// A log dir of a broker.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DirRow {
    broker: i32,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    replicas: usize,
    size_bytes: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_bytes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usable_bytes: Option<i64>,
}

/// Totals over all topics that this principal may see.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Totals {
    topics: usize,
    internal_topics: usize,
    partitions: usize,
    replicas: usize,
    under_replicated_partitions: usize,
    offline_partitions: usize,
}

/// The cluster.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kafka_version: Option<String>,
    /// Absent when the quorum has no leader or does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    controller: Option<Controller>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    sandbox: bool,
    brokers: Vec<BrokerRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<Totals>,
    quorum: Vec<Voter>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    features: Vec<FeatureRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    log_dirs: Vec<DirRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

impl Tool for DescribeCluster {
    const NAME: &'static str = "kafka_cluster_describe";
    const TITLE: &'static str = "Describe cluster";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "inspect";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "Brokers (fenced and missing too), KRaft controller and quorum, version, totals."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let engine = cx.cluster()?.engine()?;
        let detailed = input.detail == Some(Detail::Detailed);
        let dirs = async {
            if detailed {
                Some(engine.log_dirs(None).await)
            } else {
                None
            }
        };
        let (cluster, topics, dirs) = tokio::join!(engine.cluster(), all_topics(cx), dirs);
        let mut missing = Vec::new();
        let cluster = cluster?.into_value(&mut missing);
        let gap = |what: &str, error: String| Missing {
            what: what.into(),
            broker: None,
            why: error,
        };
        let topics = match topics {
            Ok(topics) => Some(topics.into_value(&mut missing)),
            Err(error) => {
                missing.push(gap("topics", error.to_string()));
                None
            }
        };
        let dirs = match dirs {
            Some(Ok(dirs)) => dirs.into_value(&mut missing),
            Some(Err(error)) => {
                missing.push(gap("log dirs", error.to_string()));
                Vec::new()
            }
            None => Vec::new(),
        };
        Ok(answer(
            cx,
            cluster,
            topics.as_deref(),
            &dirs,
            detailed,
            missing,
        ))
    }
}

fn answer(
    cx: &Context,
    cluster: Cluster,
    topics: Option<&[Topic]>,
    dirs: &[LogDir],
    detailed: bool,
    missing: Vec<Missing>,
) -> Output {
    let controller = cluster.quorum.as_ref().and_then(|q| {
        q.leader_id.map(|id| Controller {
            id,
            epoch: q.leader_epoch,
        })
    });
    let quorum = cluster
        .quorum
        .as_ref()
        .map(|q| voters(q, detailed, cx.now_ms))
        .unwrap_or_default();
    let features = if detailed {
        cluster.features.iter().map(feature).collect()
    } else {
        Vec::new()
    };
    Output {
        brokers: brokers(&cluster, topics.unwrap_or_default(), dirs),
        cluster_id: cluster.cluster_id,
        kafka_version: cluster.kafka_version,
        controller,
        sandbox: cx.cluster.as_ref().is_some_and(|c| c.sandbox),
        totals: topics.map(totals),
        quorum,
        features,
        log_dirs: dirs.iter().map(dir).collect(),
        missing,
    }
}

fn brokers(cluster: &Cluster, topics: &[Topic], dirs: &[LogDir]) -> Vec<BrokerRow> {
    let mut leaders: BTreeMap<i32, usize> = BTreeMap::new();
    let mut replicas: BTreeMap<i32, usize> = BTreeMap::new();
    for partition in topics.iter().flat_map(|t| &t.partitions) {
        if let Some(leader) = partition.leader {
            *leaders.entry(leader).or_default() += 1;
        }
        for replica in &partition.replicas {
            *replicas.entry(*replica).or_default() += 1;
        }
    }
    let size = |broker: i32| {
        let mut own = dirs.iter().filter(|d| d.broker == broker).peekable();
        own.peek()
            .is_some()
            .then(|| own.flat_map(|d| &d.replicas).map(|r| r.size_bytes).sum())
    };
    let known = cluster.brokers.iter().map(|b| {
        let address = b
            .host
            .as_ref()
            .zip(b.port)
            .map(|(host, port)| format!("{host}:{port}"));
        (b.id, address, b.rack.clone(), b.state)
    });
    let unregistered = missing_brokers(topics, cluster)
        .into_iter()
        .map(|id| (id, None, None, BrokerState::Missing));
    let mut rows: Vec<BrokerRow> = known
        .chain(unregistered)
        .map(|(broker, address, rack, state)| BrokerRow {
            broker,
            address,
            rack,
            state,
            leaders: leaders.get(&broker).copied().unwrap_or(0),
            replicas: replicas.get(&broker).copied().unwrap_or(0),
            size_bytes: size(broker),
        })
        .collect();
    rows.sort_by_key(|row| row.broker);
    rows
}

fn voters(quorum: &Quorum, detailed: bool, now_ms: i64) -> Vec<Voter> {
    let row = |member: &QuorumMember, observer: bool| Voter {
        id: member.id,
        role: role(quorum, member, observer),
        lag: member.lag,
        log_end_offset: member.log_end_offset.filter(|_| detailed),
        behind_ms: age_ms(quorum, member.last_caught_up_ms, now_ms).filter(|_| detailed),
        endpoints: if detailed {
            member.endpoints.clone()
        } else {
            Vec::new()
        },
    };
    let observers = quorum.observers.iter().map(|m| row(m, true));
    quorum
        .voters
        .iter()
        .map(|m| row(m, false))
        .chain(observers)
        .collect()
}

fn feature(feature: &kafkaweave_core::model::Feature) -> FeatureRow {
    FeatureRow {
        feature: feature.name.clone(),
        finalized: feature.finalized,
        supported_min: feature.supported_min,
        supported_max: feature.supported_max,
    }
}

fn dir(dir: &LogDir) -> DirRow {
    DirRow {
        broker: dir.broker,
        path: dir.path.clone(),
        error: dir.error.clone(),
        replicas: dir.replicas.len(),
        size_bytes: dir.replicas.iter().map(|r| r.size_bytes).sum(),
        total_bytes: dir.total_bytes,
        usable_bytes: dir.usable_bytes,
    }
}

fn totals(topics: &[Topic]) -> Totals {
    let partitions = || topics.iter().flat_map(|t| &t.partitions);
    Totals {
        topics: topics.len(),
        internal_topics: topics.iter().filter(|t| t.internal).count(),
        partitions: partitions().count(),
        replicas: partitions().map(|p| p.replicas.len()).sum(),
        under_replicated_partitions: partitions()
            .filter(|p| p.isr.len() < p.replicas.len())
            .count(),
        offline_partitions: partitions().filter(|p| p.leader.is_none()).count(),
    }
}
