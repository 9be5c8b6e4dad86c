//! Connecting to one address step by step, for people who must find out which step fails.

use super::KafkaError;
use super::cluster::version::kafka_version;
use super::code::code;
use super::connection::{Connection, Dialer, Trace};
use super::route::metadata;
use crate::profile::Profile;
use kafka_protocol::messages::{DescribeClusterRequest, MetadataRequest};
use std::time::{Duration, Instant};

/// One step and what came of it. Steps end with the first that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// `dns`, `tcp`, `tls`, `api_versions`, `sasl`, `metadata` or `authorization`.
    pub name: &'static str,
    /// What came out, in words, or why it failed.
    pub outcome: Result<String, KafkaError>,
    /// How long it took.
    pub elapsed: Duration,
}

/// Kafka's operations by their bit in a set of authorized operations (from bit 3).
const OPERATIONS: [(u32, &str); 13] = [
    (3, "READ"),
    (4, "WRITE"),
    (5, "CREATE"),
    (6, "DELETE"),
    (7, "ALTER"),
    (8, "DESCRIBE"),
    (9, "CLUSTER_ACTION"),
    (10, "DESCRIBE_CONFIGS"),
    (11, "ALTER_CONFIGS"),
    (12, "IDEMPOTENT_WRITE"),
    (13, "CREATE_TOKENS"),
    (14, "DESCRIBE_TOKENS"),
    (15, "TWO_PHASE_COMMIT"),
];

/// Connects to `address` (`host:port`) with the profile's security and says how each step went.
/// Bounded by the profile's timeouts; changes nothing.
pub async fn probe(profile: &Profile, address: &str) -> Vec<Step> {
    let dialer = Dialer::new(profile.clone());
    let mut trace = Trace::default();
    let opened = dialer.open_watched(address, &mut trace).await;
    let done = trace.done.into_iter();
    let mut steps: Vec<_> = done
        .map(|step| Step {
            name: step.name,
            outcome: Ok(step.detail),
            elapsed: step.elapsed,
        })
        .collect();
    let connection = match opened {
        Ok(connection) => connection,
        Err(error) => {
            steps.push(Step {
                name: trace.current,
                outcome: Err(error),
                elapsed: trace.since.elapsed(),
            });
            return steps;
        }
    };
    for step in &mut steps {
        if let ("api_versions", Ok(detail)) = (step.name, &mut step.outcome) {
            let apis = connection.apis().map(|(key, (_, max))| (key, max));
            let version = kafka_version(connection.features(), apis);
            let version = version.unwrap_or_else(|| "unknown".into());
            detail.push_str(&format!(", kafka {version}"));
        }
    }
    let since = Instant::now();
    let outcome = metadata_step(&connection, profile).await;
    let failed = outcome.is_err();
    steps.push(step("metadata", outcome, since));
    if !failed {
        let since = Instant::now();
        let outcome = authorization_step(&connection, profile).await;
        steps.push(step("authorization", outcome, since));
    }
    steps
}

fn step(name: &'static str, outcome: Result<String, KafkaError>, since: Instant) -> Step {
    Step {
        name,
        outcome,
        elapsed: since.elapsed(),
    }
}

async fn metadata_step(connection: &Connection, profile: &Profile) -> Result<String, KafkaError> {
    let (answer, _) = connection
        .call::<MetadataRequest>(profile.request_timeout, |v| metadata(Some(&[]), v))
        .await?;
    let brokers: Vec<_> = answer
        .brokers
        .iter()
        .map(|b| format!("{} at {}:{}", b.node_id.0, b.host.as_str(), b.port))
        .collect();
    let id = answer
        .cluster_id
        .as_ref()
        .map_or("unknown", |id| id.as_str());
    Ok(format!(
        "cluster id {id}, {} broker(s): {}",
        brokers.len(),
        brokers.join(", ")
    ))
}

async fn authorization_step(
    connection: &Connection,
    profile: &Profile,
) -> Result<String, KafkaError> {
    let bound = profile.request_timeout;
    let cluster = connection
        .call::<DescribeClusterRequest>(bound, |_| authorized())
        .await;
    let on_cluster = match cluster {
        Ok((answer, _)) => {
            if let Some(error) = code(answer.error_code, "DescribeCluster", "the cluster", None) {
                return Err(error);
            }
            operations(answer.cluster_authorized_operations)
        }
        Err(KafkaError::NotOffered { .. }) => "not told by this version".into(),
        Err(error) => return Err(error),
    };
    let (answer, _) = connection
        .call::<MetadataRequest>(bound, |v| metadata(None, v))
        .await?;
    let topics = match answer.topics.len() {
        0 => "no topic can be seen: there is none, or the right to describe topics is missing"
            .to_owned(),
        seen => format!("{seen} topic(s) can be seen"),
    };
    Ok(format!("on the cluster: {on_cluster}; {topics}"))
}

/// The request; the same in all versions.
pub(crate) fn authorized() -> DescribeClusterRequest {
    DescribeClusterRequest::default().with_include_cluster_authorized_operations(true)
}

fn operations(set: i32) -> String {
    if set == i32::MIN {
        return "not told".into();
    }
    let allowed: Vec<_> = OPERATIONS
        .iter()
        .filter(|(bit, _)| set & (1 << bit) != 0)
        .map(|(_, name)| *name)
        .collect();
    if allowed.is_empty() {
        "nothing is allowed".into()
    } else {
        allowed.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::operations;

    #[test]
    fn authorized_operations_are_named_and_unknown_is_not_nothing() {
        assert_eq!(operations(0), "nothing is allowed");
        assert_eq!(operations(i32::MIN), "not told");
        assert_eq!(operations(1 << 8 | 1 << 10), "DESCRIBE, DESCRIBE_CONFIGS");
    }
}
