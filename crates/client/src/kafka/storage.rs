//! Log dirs and the replicas in them: every broker knows only its own, so all are asked at once.

use super::KafkaError;
use super::cluster;
use super::code::{code, code_name};
use super::route::Router;
use kafka_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use kafka_protocol::messages::describe_log_dirs_response::DescribeLogDirsResult;
use kafka_protocol::messages::{DescribeLogDirsRequest, DescribeLogDirsResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use kafkaweave_core::model::{BrokerState, LogDir, Missing, Partial, ReplicaSize};
use std::collections::BTreeSet;

/// From this version on, a refusal has a code; before, it is an empty list.
const TELLS_REFUSAL: i16 = 3;

/// Topics with the partitions wanted of each; `None` for all.
type Wanted = Option<Vec<(String, Vec<i32>)>>;

/// The request.
pub(crate) fn describe(wanted: &Wanted, _version: i16) -> DescribeLogDirsRequest {
    let topic = |(name, partitions): &(String, Vec<i32>)| {
        DescribableLogDirTopic::default()
            .with_topic(TopicName(StrBytes::from_string(name.clone())))
            .with_partitions(partitions.clone())
    };
    let topics = wanted.as_ref().map(|w| w.iter().map(topic).collect());
    DescribeLogDirsRequest::default().with_topics(topics)
}

/// Log dirs by broker and path. `topics` of `None` lists all replicas, an empty slice none.
///
/// # Errors
/// When no broker gives any: why the first does not.
pub(crate) async fn log_dirs(
    router: &Router,
    topics: Option<&[String]>,
) -> Result<Partial<Vec<LogDir>>, KafkaError> {
    let mut missing = Vec::new();
    let wanted = match topics {
        Some(names) if !names.is_empty() => Some(partitions(router, names, &mut missing).await?),
        Some(_) => Some(Vec::new()),
        None => None,
    };
    let (answers, registered) = futures::join!(
        router.each(|version| describe(&wanted, version)),
        cluster::brokers(router)
    );
    let answers = answers?;
    let asked: BTreeSet<i32> = answers.iter().map(|(broker, _)| *broker).collect();
    let gap = |broker: i32, why: String| Missing {
        what: format!("log dirs of broker {broker}"),
        broker: Some(broker),
        why,
    };
    let mut dirs = Vec::new();
    let mut failed = None;
    for (broker, outcome) in answers {
        let outcome = outcome.and_then(|(answer, version)| read(broker, &answer, version));
        match outcome {
            Ok(found) => dirs.extend(found),
            Err(error) => {
                missing.push(gap(broker, error.to_string()));
                failed.get_or_insert(error);
            }
        }
    }
    if let (true, Some(error)) = (dirs.is_empty(), failed) {
        return Err(error);
    }
    // A fenced broker is not in the metadata, so nobody asked it: its dirs are missing all the
    // same.
    let registered = registered.map(|p| p.value.1).unwrap_or_default();
    for broker in registered {
        if broker.state == BrokerState::Fenced && !asked.contains(&broker.id) {
            missing.push(gap(
                broker.id,
                "the broker is fenced (dead, frozen or starting)".into(),
            ));
        }
    }
    dirs.sort_by(|a, b| (a.broker, &a.path).cmp(&(b.broker, &b.path)));
    Ok(Partial {
        value: dirs,
        missing,
    })
}

/// The protocol wants partitions by number.
async fn partitions(
    router: &Router,
    names: &[String],
    missing: &mut Vec<Missing>,
) -> Result<Vec<(String, Vec<i32>)>, KafkaError> {
    let mut wanted = Vec::new();
    let mut found: Vec<_> = router.leaders_of(names, false).await?.into_iter().collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, outcome) in found {
        match outcome {
            Ok(leaders) => wanted.push((name, leaders.partitions.into_keys().collect())),
            Err(error) => missing.push(Missing {
                what: format!("log dirs of topic `{name}`"),
                broker: None,
                why: error.to_string(),
            }),
        }
    }
    Ok(wanted)
}

fn read(
    broker: i32,
    answer: &DescribeLogDirsResponse,
    version: i16,
) -> Result<Vec<LogDir>, KafkaError> {
    let subject = format!("broker {broker}");
    if let Some(error) = code(answer.error_code, "DescribeLogDirs", &subject, None) {
        return Err(error);
    }
    if version < TELLS_REFUSAL && answer.results.is_empty() {
        return Err(KafkaError::NotAuthorized {
            operation: "DescribeLogDirs".into(),
            subject,
            code_name: "an empty answer, as this version has no code".into(),
        });
    }
    Ok(answer
        .results
        .iter()
        .map(|dir| log_dir(broker, dir))
        .collect())
}

fn log_dir(broker: i32, dir: &DescribeLogDirsResult) -> LogDir {
    let known = |bytes: i64| (bytes >= 0).then_some(bytes);
    let failed = dir.error_code != 0;
    let mut replicas: Vec<_> = dir
        .topics
        .iter()
        .flat_map(|topic| {
            topic.partitions.iter().map(|p| ReplicaSize {
                topic: topic.name.0.to_string(),
                partition: p.partition_index,
                size_bytes: p.partition_size,
                offset_lag: p.offset_lag,
                future: p.is_future_key,
            })
        })
        .collect();
    replicas.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
    LogDir {
        broker,
        path: dir.log_dir.to_string(),
        error: failed.then(|| code_name(dir.error_code)),
        total_bytes: known(dir.total_bytes).filter(|_| !failed),
        usable_bytes: known(dir.usable_bytes).filter(|_| !failed),
        replicas,
    }
}
