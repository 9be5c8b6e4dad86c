//! The cluster: brokers, fenced ones included, the quorum, feature levels.
//!
//! Any broker answers all of it (DescribeQuorum is forwarded to the active controller). What a
//! cluster does not tell is a gap.

mod features;
pub(crate) mod quorum;
pub(crate) mod version;

pub(crate) use features::features_of_each;

use super::KafkaError;
use super::code::code;
use super::connection::{ask_versions, features};
use super::route::Router;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kafka_protocol::messages::{DescribeClusterRequest, DescribeClusterResponse};
use kafkaweave_core::model::{Broker, BrokerState, Cluster, Feature, Missing, Partial};
use uuid::Uuid;

/// From this version on, fenced brokers can be asked for (KIP-1073, Kafka 4.0).
const FENCED: i16 = 2;

/// Brokers and features side by side, then the quorum.
///
/// A broker answers a connection's requests in order, and without an active controller it holds
/// back the answer to DescribeQuorum until time is up: what is asked after it on the same
/// connection would be lost with it.
pub(crate) async fn cluster(router: &Router) -> Result<Partial<Cluster>, KafkaError> {
    let (brokers, features) = futures::join!(brokers(router), feature_levels(router));
    let mut missing = Vec::new();
    let (cluster_id, brokers) = brokers?.into_value(&mut missing);
    let quorum = quorum::quorum(router)
        .await
        .map_err(|e| missing.push(gap("the controller quorum", &e)))
        .ok();
    let (features, kafka_version) = match features {
        Ok((features, version)) => (features, version),
        Err(error) => {
            missing.push(gap("feature levels", &error));
            (Vec::new(), None)
        }
    };
    Ok(Partial {
        value: Cluster {
            cluster_id,
            brokers,
            quorum,
            features,
            kafka_version,
        },
        missing,
    })
}

fn gap(what: &str, error: &KafkaError) -> Missing {
    Missing {
        what: what.into(),
        broker: None,
        why: error.to_string(),
    }
}

/// The request; fenced brokers are asked for where the version can.
pub(crate) fn describe(version: i16) -> DescribeClusterRequest {
    let request = DescribeClusterRequest::default();
    if version < FENCED {
        return request;
    }
    request.with_include_fenced_brokers(true)
}

/// Cluster id and brokers by id.
pub(crate) async fn brokers(
    router: &Router,
) -> Result<Partial<(Option<String>, Vec<Broker>)>, KafkaError> {
    let no_fenced = |why: String| Missing {
        what: "fenced brokers".into(),
        broker: None,
        why,
    };
    let (answer, version) = match router.ask(describe).await {
        Ok(answer) => answer,
        Err(error @ KafkaError::NotOffered { .. }) => {
            let nodes = router.nodes().await?;
            let brokers = nodes.brokers.iter().map(|(id, node)| Broker {
                id: *id,
                host: Some(node.host.clone()),
                port: u16::try_from(node.port).ok(),
                rack: node.rack.clone(),
                state: BrokerState::Online,
            });
            return Ok(Partial {
                value: (nodes.cluster_id.clone(), brokers.collect()),
                missing: vec![no_fenced(error.to_string())],
            });
        }
        Err(error) => return Err(error),
    };
    let text = answer.error_message.as_ref().map(|m| m.as_str());
    if let Some(error) = code(answer.error_code, "DescribeCluster", "the cluster", text) {
        return Err(error);
    }
    let mut missing = Vec::new();
    if version < FENCED {
        missing.push(no_fenced(format!(
            "the broker offers DescribeCluster up to version {version}, which leaves them out"
        )));
    }
    Ok(Partial {
        value: listed(&answer),
        missing,
    })
}

fn listed(answer: &DescribeClusterResponse) -> (Option<String>, Vec<Broker>) {
    let id = Some(answer.cluster_id.to_string()).filter(|id| !id.is_empty());
    let mut brokers: Vec<_> = answer
        .brokers
        .iter()
        .map(|b| Broker {
            id: b.broker_id.0,
            host: Some(b.host.to_string()).filter(|h| !h.is_empty()),
            port: u16::try_from(b.port).ok().filter(|p| *p > 0),
            rack: b.rack.as_ref().map(ToString::to_string),
            state: if b.is_fenced {
                BrokerState::Fenced
            } else {
                BrokerState::Online
            },
        })
        .collect();
    brokers.sort_by_key(|b| b.id);
    (id, brokers)
}

/// Feature levels as one broker tells them now, and the version that its software seems to have.
async fn feature_levels(router: &Router) -> Result<(Vec<Feature>, Option<String>), KafkaError> {
    // Asked anew: what a connection learnt when it was opened may be days old.
    let (answer, _) = router.ask(ask_versions).await?;
    if let Some(error) = code(answer.error_code, "ApiVersions", "the cluster", None) {
        return Err(error);
    }
    let features = features(&answer);
    let apis = answer.api_keys.iter().map(|a| (a.api_key, a.max_version));
    let version = version::kafka_version(&features, apis);
    Ok((features, version))
}

/// An id as Kafka's tools print it: 16 bytes in base64url; `None` for the zero id.
pub(crate) fn printed(id: Uuid) -> Option<String> {
    (!id.is_nil()).then(|| URL_SAFE_NO_PAD.encode(id.as_bytes()))
}
