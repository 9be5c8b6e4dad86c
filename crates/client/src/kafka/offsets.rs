//! Offsets of partitions: each leader is asked once for all of its partitions (once per spec where
//! a partition is asked for several).
//!
//! Refusals that pass (an election, a moved leader) are asked again after the leaders were read
//! anew. A leader that does not answer at all is not asked twice, so that it costs one timeout.

mod pending;
pub(crate) mod replicas;

use super::KafkaError;
use super::route::{Router, TRIES, back_off, lost};
use futures::future::join_all;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{BrokerId, ListOffsetsRequest, ListOffsetsResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use kafkaweave_core::model::{
    Isolation, Missing, OffsetSpec, Partial, PartitionOffset, TopicPartition,
};
use pending::Pending;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// From this version on, the record with the largest timestamp can be asked for (KIP-734).
const MAX_TIMESTAMP: i16 = 7;
/// From this version on, the request says how long the broker may take (KIP-1075).
const TIMED: i16 = 10;
/// From this version on, the isolation level is honoured.
const ISOLATED: i16 = 2;

/// Kafka's number of a spec.
fn number(spec: OffsetSpec) -> i64 {
    match spec {
        OffsetSpec::Latest => -1,
        OffsetSpec::Earliest => -2,
        OffsetSpec::MaxTimestamp => -3,
        // A negative time would be taken for one of the above; every record is later than 0.
        OffsetSpec::AtTime(ms) => ms.max(0),
    }
}

/// What one request asks one leader for.
pub(crate) struct Question {
    pub(crate) topics: BTreeMap<String, Vec<(i32, OffsetSpec)>>,
    pub(crate) isolation: Isolation,
    pub(crate) timeout: Duration,
}

impl Question {
    /// The request.
    pub(crate) fn request(&self, version: i16) -> ListOffsetsRequest {
        let partition = |(index, spec): &(i32, OffsetSpec)| {
            ListOffsetsPartition::default()
                .with_partition_index(*index)
                .with_current_leader_epoch(-1)
                .with_timestamp(number(*spec))
        };
        let topic = |(name, partitions): (&String, &Vec<(i32, OffsetSpec)>)| {
            ListOffsetsTopic::default()
                .with_name(TopicName(StrBytes::from_string(name.clone())))
                .with_partitions(partitions.iter().map(partition).collect())
        };
        let mut request = ListOffsetsRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_topics(self.topics.iter().map(topic).collect());
        if version >= ISOLATED && self.isolation == Isolation::ReadCommitted {
            request = request.with_isolation_level(1);
        }
        if version >= TIMED {
            let ms = i32::try_from(self.timeout.as_millis()).unwrap_or(i32::MAX);
            request = request.with_timeout_ms(ms);
        }
        request
    }
}

/// Offsets in the order asked for; what could not be had is a gap.
pub(crate) async fn offsets(
    router: &Router,
    queries: &[(TopicPartition, OffsetSpec)],
    isolation: Isolation,
) -> Result<Partial<Vec<PartitionOffset>>, KafkaError> {
    let mut pending: Vec<_> = queries.iter().map(Pending::new).collect();
    for attempt in 1..=TRIES {
        if attempt > 1 {
            tokio::time::sleep(back_off(attempt - 1)).await;
        }
        match find_leaders(router, &mut pending, attempt > 1).await {
            Ok(()) => {}
            Err(error) if attempt == 1 => return Err(error),
            // What was had already counts.
            Err(_) => break,
        }
        ask(router, &mut pending, isolation).await;
        if !pending.iter().any(Pending::open) {
            break;
        }
    }
    let mut value = Vec::with_capacity(queries.len());
    let mut missing = Vec::new();
    for one in pending {
        match one.outcome {
            Some(Ok(offset)) => value.push(offset),
            Some(Err(error)) => missing.push(gap(one.partition, one.leader, &error)),
            None => missing.push(gap(
                one.partition,
                None,
                &KafkaError::NoLeader {
                    topic: one.partition.topic.clone(),
                    partition: one.partition.partition,
                },
            )),
        }
    }
    Ok(Partial { value, missing })
}

fn gap(partition: &TopicPartition, broker: Option<i32>, error: &KafkaError) -> Missing {
    Missing {
        what: format!("offsets of {partition}"),
        broker,
        why: error.to_string(),
    }
}

/// Puts a leader to each open query, or the reason why there is none.
async fn find_leaders(
    router: &Router,
    pending: &mut [Pending<'_>],
    refresh: bool,
) -> Result<(), KafkaError> {
    let open = || pending.iter().filter(|p| p.open());
    let topics: BTreeSet<_> = open().map(|p| p.partition.topic.clone()).collect();
    let topics: Vec<_> = topics.into_iter().collect();
    let leaders = router.leaders_of(&topics, refresh).await?;
    for one in pending.iter_mut().filter(|p| p.open()) {
        one.route(leaders.get(&one.partition.topic), refresh);
    }
    Ok(())
}

/// Asks all leaders in parallel.
async fn ask(router: &Router, pending: &mut [Pending<'_>], isolation: Isolation) {
    // A partition may be in one request only once, so each further spec of it goes into a further
    // request ("layer").
    let mut layers: BTreeMap<(i32, usize), Vec<usize>> = BTreeMap::new();
    let mut seen: BTreeMap<&TopicPartition, usize> = BTreeMap::new();
    for (at, one) in pending.iter().enumerate().filter(|(_, p)| p.ready) {
        let layer = seen.entry(one.partition).or_default();
        if let Some(leader) = one.leader {
            layers.entry((leader, *layer)).or_default().push(at);
        }
        *layer += 1;
    }
    let shared = &*pending;
    let calls = layers.into_iter().map(|((leader, _), members)| async move {
        let answer = ask_one(router, leader, shared, &members, isolation).await;
        (members, answer)
    });
    for (members, answer) in join_all(calls).await {
        for at in members {
            if let Some(one) = pending.get_mut(at) {
                match &answer {
                    Ok((answer, version)) => one.take(answer, *version),
                    Err(error) => one.failed(error.clone(), lost(error)),
                }
            }
        }
    }
    for one in pending.iter().filter(|p| p.open()) {
        router.forget_leader(&one.partition.topic, one.partition.partition, None);
    }
}

async fn ask_one(
    router: &Router,
    leader: i32,
    pending: &[Pending<'_>],
    members: &[usize],
    isolation: Isolation,
) -> Result<(ListOffsetsResponse, i16), KafkaError> {
    let connection = router.broker(leader).await?;
    let newest = connection.version::<ListOffsetsRequest>();
    let mut topics: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for one in members.iter().filter_map(|at| pending.get(*at)) {
        // An older broker would take -3 for a time.
        if one.spec == OffsetSpec::MaxTimestamp && newest.is_none_or(|v| v < MAX_TIMESTAMP) {
            continue;
        }
        let partitions = topics.entry(one.partition.topic.clone()).or_default();
        partitions.push((one.partition.partition, one.spec));
    }
    let question = Question {
        topics,
        isolation,
        timeout: router.timeout(),
    };
    router
        .call(leader, |version| question.request(version))
        .await
}
