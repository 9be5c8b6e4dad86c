//! Who the brokers are and where they listen.

use super::super::KafkaError;
use super::super::code::code;
use super::super::locked;
use super::Router;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{MetadataRequest, MetadataResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// A list of brokers older than this is read again before all brokers are asked.
const STALE: Duration = Duration::from_secs(1);

/// Lowest version of Metadata that we send: below it, naming a topic may create it.
const NEVER_CREATES: i16 = 4;

/// One broker in the metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// Advertised host.
    pub(crate) host: String,
    /// Advertised port.
    pub(crate) port: i32,
    /// Rack.
    pub(crate) rack: Option<String>,
}

impl Node {
    /// `host:port`.
    pub(crate) fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// The live brokers as one answer of Metadata names them.
#[derive(Clone, Debug)]
pub(crate) struct Nodes {
    /// When the answer came.
    pub(crate) at: Instant,
    /// Cluster id.
    pub(crate) cluster_id: Option<String>,
    /// By id.
    pub(crate) brokers: BTreeMap<i32, Node>,
}

/// The request: `None` for all topics, an empty slice for none.
pub(crate) fn metadata(topics: Option<&[String]>, version: i16) -> MetadataRequest {
    let named = |names: &[String]| {
        let topic = |name: &String| {
            MetadataRequestTopic::default()
                .with_name(Some(TopicName(StrBytes::from_string(name.clone()))))
        };
        names.iter().map(topic).collect()
    };
    let request = MetadataRequest::default().with_topics(topics.map(named));
    if version < NEVER_CREATES {
        return request;
    }
    request.with_allow_auto_topic_creation(false)
}

impl Router {
    /// One Metadata round trip to any broker. Never creates a topic. The list of brokers in the
    /// answer is kept.
    pub(crate) async fn metadata(
        &self,
        topics: Option<&[String]>,
    ) -> Result<(MetadataResponse, i16), KafkaError> {
        let connection = self.any().await?;
        let old = |v: i16| v < NEVER_CREATES;
        if connection.version::<MetadataRequest>().is_none_or(old) {
            return Err(KafkaError::NotOffered {
                operation: format!("Metadata version {NEVER_CREATES}"),
                by: format!("broker `{}`", connection.address()),
            });
        }
        let (answer, version) = self.ask(|version| metadata(topics, version)).await?;
        if let Some(error) = code(answer.error_code, "Metadata", "the cluster", None) {
            return Err(error);
        }
        let nodes = Nodes {
            at: Instant::now(),
            cluster_id: answer.cluster_id.as_ref().map(ToString::to_string),
            brokers: answer.brokers.iter().map(node).collect(),
        };
        // A broker that has just started may not know anybody yet.
        if !nodes.brokers.is_empty() {
            *locked(&self.0.nodes) = Some(nodes);
        }
        Ok((answer, version))
    }

    /// Who is there, at most `STALE` ago.
    pub(crate) async fn nodes(&self) -> Result<Nodes, KafkaError> {
        let known = locked(&self.0.nodes).clone();
        match known {
            Some(nodes) if nodes.at.elapsed() < STALE => Ok(nodes),
            _ => self.refreshed_nodes().await,
        }
    }

    async fn refreshed_nodes(&self) -> Result<Nodes, KafkaError> {
        self.metadata(Some(&[])).await?;
        let nodes = locked(&self.0.nodes).clone();
        nodes.ok_or_else(|| KafkaError::Protocol {
            address: self.profile().bootstrap.join(","),
            step: "Metadata".into(),
            reason: "it names no broker".into(),
        })
    }

    /// Ids of the live brokers.
    pub(crate) async fn brokers(&self) -> Result<Vec<i32>, KafkaError> {
        Ok(self.nodes().await?.brokers.into_keys().collect())
    }

    /// Where a broker listens, as far as is known, else by asking.
    pub(super) async fn node(&self, id: i32) -> Result<Node, KafkaError> {
        let known = locked(&self.0.nodes)
            .as_ref()
            .and_then(|n| n.brokers.get(&id).cloned());
        match known {
            Some(node) => Ok(node),
            None => self.refreshed_node(id).await,
        }
    }

    /// Where a broker listens now.
    pub(super) async fn refreshed_node(&self, id: i32) -> Result<Node, KafkaError> {
        let nodes = self.nodes().await?;
        nodes
            .brokers
            .get(&id)
            .cloned()
            .ok_or(KafkaError::UnknownBroker { broker: id })
    }
}

fn node(
    broker: &kafka_protocol::messages::metadata_response::MetadataResponseBroker,
) -> (i32, Node) {
    (
        broker.node_id.0,
        Node {
            host: broker.host.to_string(),
            port: broker.port,
            rack: broker.rack.as_ref().map(ToString::to_string),
        },
    )
}
