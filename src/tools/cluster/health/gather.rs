//! What health is judged from: all parts at once, each until the call's deadline.
//!
//! A part that fails or is late is a gap; without the description of the cluster alone there is
//! nothing to judge. It costs requests in proportion to brokers. What would cost more in a very
//! large cluster is left out, and the gap says so.

mod groups;
mod transactions;

use crate::problem::Error;
use crate::tool::Context;
use crate::tools::common::all_topics;
use kafkaweave_client::kafka::Engine;
use kafkaweave_core::diagnose::health::{
    BROKER_KEYS, OpenTransaction, Snapshot, TOPIC_KEYS, broker_settings, topic_settings,
};
use kafkaweave_core::model::{
    BrokerState, Cluster, ConfigResource, LogDir, Missing, Partial, ResourceConfigs, ResourceKind,
    Topic, folded,
};
use std::fmt::Display;
use std::future::Future;
use tokio::time::Instant;

/// Replicas up to which their sizes are listed: a broker walks through its logs for that.
const MOST_REPLICAS: usize = 30_000;

/// A part of the snapshot with its gaps; `None` when nothing of it could be had.
type Part<T> = Partial<Option<T>>;

/// Who is asked, and until when.
#[derive(Clone, Copy)]
struct Asked<'a> {
    engine: &'a dyn Engine,
    until: Instant,
}

impl Asked<'_> {
    /// The answer to one question, or the gap that it leaves.
    async fn part<T, E: Display>(
        self,
        what: &str,
        question: impl Future<Output = Result<Partial<T>, E>>,
    ) -> Part<T> {
        let why = match tokio::time::timeout_at(self.until, question).await {
            Ok(Ok(answer)) => return answer.map(Some),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in the time that a call may take".into(),
        };
        Partial {
            value: None,
            missing: vec![gap(what, why)],
        }
    }

    async fn configs(
        self,
        what: &str,
        resources: &[ConfigResource],
        keys: &[&str],
    ) -> Part<Vec<ResourceConfigs>> {
        if resources.is_empty() {
            return Partial::whole(Some(Vec::new()));
        }
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        self.part(what, self.engine.configs(resources, Some(&keys), false))
            .await
    }
}

fn gap(what: impl Into<String>, why: impl Into<String>) -> Missing {
    Missing {
        what: what.into(),
        broker: None,
        why: why.into(),
    }
}

/// A gap of our own making.
fn left_out(what: impl Into<String>, bound: usize, there_are: usize, instead: &str) -> Missing {
    let why = format!("left out: {there_are} are more than the {bound} of one call; {instead}");
    gap(what, why)
}

/// The snapshot of now.
///
/// # Errors
/// When the cluster cannot be described at all.
pub(super) async fn snapshot(cx: &Context) -> Result<Snapshot, Error> {
    let asked = Asked {
        engine: cx.cluster()?.engine()?,
        until: cx.deadline,
    };
    let (brokers, topics, groups, features, reassignments) = tokio::join!(
        brokers(asked),
        topics(cx, asked),
        groups::groups(asked),
        asked.part("features of brokers", asked.engine.features()),
        asked.part("reassignments", asked.engine.reassignments(None)),
    );
    let (cluster, broker_configs) = brokers?;
    let mut missing = Vec::new();
    let mut snapshot = Snapshot::new(cluster.into_value(&mut missing), cx.now_ms);
    let configs = broker_configs.into_value(&mut missing);
    snapshot.broker_settings = configs.map(|c| broker_settings(&c));
    snapshot.topics = topics.topics.into_value(&mut missing);
    let configs = topics.configs.into_value(&mut missing);
    snapshot.topic_settings = configs.map(|c| topic_settings(&c));
    snapshot.log_dirs = topics.log_dirs.into_value(&mut missing);
    snapshot.transactions = topics.transactions.into_value(&mut missing);
    (snapshot.groups, snapshot.log_ranges) = groups.into_value(&mut missing);
    snapshot.software = features.into_value(&mut missing);
    snapshot.reassignments = reassignments.into_value(&mut missing);
    snapshot.missing = folded(missing);
    Ok(snapshot)
}

/// Brokers, quorum and features, then the configuration of each broker that can be asked.
async fn brokers(
    asked: Asked<'_>,
) -> Result<(Partial<Cluster>, Part<Vec<ResourceConfigs>>), Error> {
    let cluster = asked.engine.cluster().await?;
    let online = cluster
        .value
        .brokers
        .iter()
        .filter(|b| b.state == BrokerState::Online);
    let resources: Vec<ConfigResource> = online
        .map(|b| resource(ResourceKind::Broker, b.id.to_string()))
        .collect();
    let configs = asked
        .configs("configs of brokers", &resources, &BROKER_KEYS)
        .await;
    Ok((cluster, configs))
}

fn resource(kind: ResourceKind, name: impl Into<String>) -> ConfigResource {
    ConfigResource {
        kind,
        name: name.into(),
    }
}

/// Topics, and what can be asked once they are known.
struct Topics {
    topics: Part<Vec<Topic>>,
    configs: Part<Vec<ResourceConfigs>>,
    log_dirs: Part<Vec<LogDir>>,
    transactions: Part<Vec<OpenTransaction>>,
}

async fn topics(cx: &Context, asked: Asked<'_>) -> Topics {
    let topics = asked.part("topics", all_topics(cx)).await;
    let known = topics.value.as_deref();
    let listed = known.unwrap_or_default();
    let resources: Vec<ConfigResource> = listed
        .iter()
        .map(|t| resource(ResourceKind::Topic, t.name.as_str()))
        .collect();
    let (configs, log_dirs, transactions) = tokio::join!(
        asked.configs("configs of topics", &resources, &TOPIC_KEYS),
        log_dirs(asked, known),
        transactions::open(asked, known, cx.now_ms),
    );
    Topics {
        topics,
        configs,
        log_dirs,
        transactions,
    }
}

/// Dirs and volumes, with the sizes of replicas where there are not too many.
async fn log_dirs(asked: Asked<'_>, topics: Option<&[Topic]>) -> Part<Vec<LogDir>> {
    let partitions = topics
        .unwrap_or_default()
        .iter()
        .flat_map(|t| &t.partitions);
    let replicas: usize = partitions.map(|p| p.replicas.len()).sum();
    let listed = topics.is_some() && replicas <= MOST_REPLICAS;
    let wanted: Option<&[String]> = if listed { None } else { Some(&[]) };
    let mut dirs = asked.part("log dirs", asked.engine.log_dirs(wanted)).await;
    if replicas > MOST_REPLICAS {
        let instead = "dirs and volumes were judged without them";
        dirs.missing.push(left_out(
            "sizes of replicas",
            MOST_REPLICAS,
            replicas,
            instead,
        ));
    }
    dirs
}
