//! What is asked of each of two clusters: one listing of everything, each broker for its settings,
//! and topic configurations of the topics that both have.

use crate::clusters::Cluster;
use crate::problem::Error;
use crate::tool::Context;
use crate::tools::common::drift::part;
use kafkaweave_client::kafka::{Engine, KafkaError, TopicSelection};
use kafkaweave_core::diagnose::compare::{Comparison, TopicSide};
use kafkaweave_core::model::{
    self, Acl, AclFilter, ConfigEntry, ConfigResource, GroupListing, Missing, Partial, Quota,
    QuotaFilter, ResourceConfigs, ResourceKind, Topic,
};
use std::collections::{BTreeMap, HashMap};

/// Topics whose configurations are in memory at once, of each side.
const AT_ONCE: usize = 500;

/// What was seen of one cluster.
pub(super) struct Seen {
    pub(super) cluster: Option<model::Cluster>,
    pub(super) broker_configs: Vec<ResourceConfigs>,
    pub(super) topics: Option<Vec<Topic>>,
    topic_gaps: Vec<Missing>,
    pub(super) groups: Option<Vec<GroupListing>>,
    /// Whether every coordinator told its groups.
    pub(super) groups_whole: bool,
    pub(super) acls: Option<Vec<Acl>>,
    pub(super) quotas: Option<Vec<Quota>>,
    racks: BTreeMap<i32, String>,
    /// All gaps, told as those of this cluster.
    pub(super) missing: Vec<Missing>,
}

impl Seen {
    /// Id of the cluster.
    pub(super) fn id(&self) -> Option<&String> {
        self.cluster.as_ref()?.cluster_id.as_ref()
    }
}

/// Everything but the topics' configurations.
///
/// # Errors
/// The first failure when neither brokers nor topics nor groups could be had.
pub(super) async fn see(cx: &Context, cluster: &Cluster) -> Result<Seen, Error> {
    let engine = cluster.engine()?;
    let label = cluster.profile.name.as_str();
    let all = TopicSelection::All;
    let (mut acl_gaps, mut quota_gaps) = (Vec::new(), Vec::new());
    let (brokers, topics, groups, acls, quotas) = tokio::join!(
        brokers(cx, engine, label),
        bounded(cx, "topics", engine.topics(&all)),
        bounded(cx, "groups", engine.groups()),
        part(cx, label, "ACLs", acls(engine), &mut acl_gaps),
        part(cx, label, "quotas", quotas(engine), &mut quota_gaps),
    );
    let (found, broker_configs, mut missing) = brokers;
    let mut failure = None;
    let mut take = |what: &str, error: Error| {
        missing.push(Missing {
            what: format!("{label}: {what}"),
            broker: None,
            why: error.to_string(),
        });
        failure = Some(error);
    };
    let topics = topics.map_err(|e| take("topics", e)).ok();
    let groups = groups.map_err(|e| take("groups", e)).ok();
    if let (None, None, None, Some(error)) = (&found, &topics, &groups, failure) {
        return Err(error);
    }
    let mut topic_gaps = Vec::new();
    let topics = topics.map(|t| t.into_value(&mut topic_gaps));
    if topics.as_ref().is_some_and(Vec::is_empty) && topic_gaps.is_empty() {
        topic_gaps.push(Missing {
            what: "topics".into(),
            broker: None,
            why: "Kafka listed none; it hides topics that this principal may not describe, so rights rather than topics may be missing".into(),
        });
    }
    let mut group_gaps = Vec::new();
    let groups = groups.map(|g| g.into_value(&mut group_gaps));
    let groups_whole = group_gaps.is_empty();
    missing.extend(acl_gaps.into_iter().chain(quota_gaps));
    let gaps = topic_gaps.iter().cloned().chain(group_gaps);
    missing.extend(gaps.map(|gap| Missing {
        what: format!("{label}: {}", gap.what),
        ..gap
    }));
    let racks = found
        .iter()
        .flat_map(|c| &c.brokers)
        .filter_map(|b| Some((b.id, b.rack.clone()?)));
    Ok(Seen {
        racks: racks.collect(),
        cluster: found,
        broker_configs,
        topics,
        topic_gaps,
        groups,
        groups_whole,
        acls,
        quotas,
        missing,
    })
}

/// The cluster, and the settings of each registered broker.
async fn brokers(
    cx: &Context,
    engine: &dyn Engine,
    label: &str,
) -> (Option<model::Cluster>, Vec<ResourceConfigs>, Vec<Missing>) {
    let mut missing = Vec::new();
    let cluster = part(cx, label, "brokers", engine.cluster(), &mut missing).await;
    let ids = cluster.iter().flat_map(|c| &c.brokers).map(|b| b.id);
    let resources: Vec<ConfigResource> = ids
        .map(|id| ConfigResource {
            kind: ResourceKind::Broker,
            name: id.to_string(),
        })
        .collect();
    let configs = if resources.is_empty() {
        None
    } else {
        let asked = engine.configs(&resources, None, false);
        part(cx, label, "configs of brokers", asked, &mut missing).await
    };
    (cluster, configs.unwrap_or_default(), missing)
}

/// ACLs. A cluster without an authorizer has none; that it has no authorizer is among the settings
/// of its brokers.
async fn acls(engine: &dyn Engine) -> Result<Partial<Vec<Acl>>, KafkaError> {
    match engine.acls(&AclFilter::default()).await {
        Err(KafkaError::Broker { code_name, .. }) if code_name == "SECURITY_DISABLED" => {
            Ok(Partial::default())
        }
        outcome => outcome.map(Partial::whole),
    }
}

async fn quotas(engine: &dyn Engine) -> Result<Partial<Vec<Quota>>, KafkaError> {
    engine
        .quotas(&QuotaFilter::default())
        .await
        .map(Partial::whole)
}

async fn bounded<T>(
    cx: &Context,
    what: &str,
    asked: impl Future<Output = Result<T, KafkaError>>,
) -> Result<T, Error> {
    match tokio::time::timeout_at(cx.deadline, asked).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Error::Incomplete {
            what: what.into(),
            missing: vec![Missing {
                what: what.into(),
                broker: None,
                why: "no answer within the time of the call".into(),
            }],
        }),
    }
}

/// Compares the topics of both sides into `comparison`; gives back gaps of their configurations.
pub(super) async fn compare_topics(
    cx: &Context,
    (left_cluster, left): (&Cluster, &Seen),
    (right_cluster, right): (&Cluster, &Seen),
    comparison: &mut Comparison,
) -> Result<Vec<Missing>, Error> {
    let (Some(lefts), Some(rights)) = (&left.topics, &right.topics) else {
        return Ok(Vec::new());
    };
    let pairs = comparison.presence((lefts, &left.topic_gaps), (rights, &right.topic_gaps));
    let (mut missing, mut right_missing) = (Vec::new(), Vec::new());
    for pairs in pairs.chunks(AT_ONCE) {
        let resources: Vec<ConfigResource> = pairs
            .iter()
            .map(|(topic, _)| ConfigResource {
                kind: ResourceKind::Topic,
                name: topic.name.clone(),
            })
            .collect();
        let (left_configs, right_configs) = tokio::join!(
            topic_configs(cx, left_cluster, &resources, &mut missing),
            topic_configs(cx, right_cluster, &resources, &mut right_missing),
        );
        let (left_configs, right_configs) = (left_configs?, right_configs?);
        for (l, r) in pairs {
            let left_side = TopicSide {
                topic: l,
                configs: left_configs.get(&l.name).map(Vec::as_slice),
                racks: &left.racks,
                offsets_held: None,
            };
            let right_side = TopicSide {
                topic: r,
                configs: right_configs.get(&r.name).map(Vec::as_slice),
                racks: &right.racks,
                offsets_held: None,
            };
            let subject = format!("topic {}", l.name);
            comparison.topics_of_two_clusters(&subject, &left_side, &right_side, true);
        }
    }
    missing.extend(right_missing);
    Ok(missing)
}

async fn topic_configs(
    cx: &Context,
    cluster: &Cluster,
    resources: &[ConfigResource],
    missing: &mut Vec<Missing>,
) -> Result<HashMap<String, Vec<ConfigEntry>>, Error> {
    let label = cluster.profile.name.as_str();
    let what = format!("configs of {} topics", resources.len());
    let asked = cluster.engine()?.configs(resources, None, false);
    let found = part(cx, label, &what, asked, missing).await;
    let by_name = found
        .into_iter()
        .flatten()
        .map(|c| (c.resource.name, c.entries));
    Ok(by_name.collect())
}
