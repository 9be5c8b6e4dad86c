//! kafka_cluster_describe: brokers, controller, quorum, versions, totals.

use crate::problem::Error;
use crate::table::{Table, bytes};
use crate::tool::{Answer, Context, Effect, Tool};
use crate::tools::common::{Detail, all_topics, count, missing_lines};
use kafkaweave_core::diagnose::health::missing_brokers;
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
        role: match (observer, quorum.leader_id == Some(member.id)) {
            (true, _) => "observer",
            (false, true) => "leader",
            (false, false) => "voter",
        },
        lag: member.lag,
        log_end_offset: member.log_end_offset.filter(|_| detailed),
        behind_ms: member
            .last_caught_up_ms
            .filter(|_| detailed)
            .map(|ms| (now_ms - ms).max(0)),
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

impl Answer for Output {
    fn text(&self) -> String {
        let mut text = format!(
            "cluster {}",
            self.cluster_id.as_deref().unwrap_or("of unknown id")
        );
        if self.sandbox {
            text.push_str(" (in-memory sandbox)");
        }
        if let Some(version) = &self.kafka_version {
            text.push_str(&format!(", Kafka {version}"));
        }
        text.push_str(&format!(", {}", count(self.brokers.len(), "broker")));
        match &self.controller {
            Some(controller) => text.push_str(&format!(
                ", controller {} (epoch {})",
                controller.id, controller.epoch
            )),
            None => text.push_str(", controller unknown"),
        }
        let mut table = Table::new([
            "broker", "address", "rack", "state", "leaders", "replicas", "size",
        ]);
        for b in &self.brokers {
            let state = format!("{:?}", b.state).to_lowercase();
            let size = b.size_bytes.map(bytes).unwrap_or_default();
            let (address, rack) = (
                b.address.clone().unwrap_or_default(),
                b.rack.clone().unwrap_or_default(),
            );
            table.row([
                b.broker.to_string(),
                address,
                rack,
                state,
                b.leaders.to_string(),
                b.replicas.to_string(),
                size,
            ]);
        }
        text.push_str(&format!("\n{}", table.render()));
        if let Some(t) = &self.totals {
            text.push_str(&format!(
                "\n{} ({} internal), {}, {}; {} under-replicated, {} offline",
                count(t.topics, "topic"),
                t.internal_topics,
                count(t.partitions, "partition"),
                count(t.replicas, "replica"),
                t.under_replicated_partitions,
                t.offline_partitions
            ));
        }
        text.push_str(&self.quorum_text());
        let mut table = Table::new([
            "broker", "log dir", "replicas", "size", "volume", "free", "error",
        ]);
        for d in &self.log_dirs {
            let volume = |b: Option<i64>| b.map(bytes).unwrap_or_default();
            let error = d.error.clone().unwrap_or_default();
            table.row([
                d.broker.to_string(),
                d.path.clone(),
                d.replicas.to_string(),
                bytes(d.size_bytes),
                volume(d.total_bytes),
                volume(d.usable_bytes),
                error,
            ]);
        }
        if !table.is_empty() {
            text.push_str(&format!("\n{}", table.render()));
        }
        let level = |l: Option<i16>| l.map(|l| l.to_string()).unwrap_or_default();
        let mut table = Table::new(["feature", "level", "supported"]);
        for f in &self.features {
            table.row([
                f.feature.clone(),
                level(f.finalized),
                format!("{}-{}", level(f.supported_min), level(f.supported_max)),
            ]);
        }
        if !table.is_empty() {
            text.push_str(&format!("\n{}", table.render()));
        }
        text + &missing_lines(&self.missing)
    }
}

impl Output {
    fn quorum_text(&self) -> String {
        let one = |v: &Voter| {
            let lag = v.lag.map_or_else(
                || ", lag unknown".into(),
                |lag| {
                    if lag == 0 {
                        String::new()
                    } else {
                        format!(", lag {lag}")
                    }
                },
            );
            let behind = v
                .behind_ms
                .filter(|_| v.role != "leader")
                .map(|ms| format!(", caught up {} ago", crate::table::duration(ms)));
            format!("{} ({}{lag}{})", v.id, v.role, behind.unwrap_or_default())
        };
        if self.quorum.is_empty() {
            return String::new();
        }
        format!(
            "\nquorum: {}",
            self.quorum.iter().map(one).collect::<Vec<_>>().join(", ")
        )
    }
}
