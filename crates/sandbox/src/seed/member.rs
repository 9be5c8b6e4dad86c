//! Simulated members of the demo groups. They take part in the group protocol as a client does, with
//! calls in process, so that a real client that joins shares the partitions with them.

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, OffsetCommitRequest, SyncGroupRequest,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::api::{membership, offsets};
use crate::cluster::Cluster;
use crate::dispatch::Context;
use crate::group::embedded::{self, Assigned};
use crate::wire::{code, group_id, maybe_text, text, topic_name};

/// Time between heartbeats, and before a failed call is tried again.
const BEAT: Duration = Duration::from_millis(300);
const SESSION_MS: i32 = 10_000;
/// Protocol versions that the members speak.
const JOIN: i16 = 9;
const SYNC: i16 = 5;
const COMMIT: i16 = 9;

/// How a member keeps up with its partitions.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    /// Commits the end of the log at every beat.
    KeepsUp,
    /// Commits one more record per partition every so many beats.
    FallsBehind { beats: u64 },
}

/// Group, client id, topic and pace of all members.
pub(super) const CAST: [(&str, &str, &str, Pace); 3] = [
    ("billing", "billing-1", "payments", Pace::KeepsUp),
    ("billing", "billing-2", "payments", Pace::KeepsUp),
    (
        "reporting",
        "reporting-1",
        "orders",
        Pace::FallsBehind { beats: 200 },
    ),
];

/// One member.
pub(super) struct Simulated {
    cluster: Arc<Cluster>,
    group: &'static str,
    client_id: &'static str,
    topic: &'static str,
    pace: Option<Pace>,
    member_id: String,
}

/// All members, each with its id, so that the first round waits for all of a group. Without traffic
/// they only stay alive.
pub(super) fn cast(cluster: &Arc<Cluster>, traffic: bool) -> Vec<Simulated> {
    CAST.iter()
        .map(|(group, client_id, topic, pace)| {
            let mut member = Simulated {
                cluster: Arc::clone(cluster),
                group,
                client_id,
                topic,
                pace: traffic.then_some(*pace),
                member_id: String::new(),
            };
            member.member_id = member.apply();
            member
        })
        .collect()
}

impl Simulated {
    /// Runs until `stop`; drops `ready` after the first assignment.
    pub(super) async fn live(mut self, stop: CancellationToken, ready: mpsc::Sender<()>) {
        let mut ready = Some(ready);
        let run = async {
            loop {
                if let Some((generation, assigned)) = self.join().await {
                    ready = None;
                    self.work(generation, &assigned).await;
                } else {
                    tokio::time::sleep(BEAT).await;
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = run => {}
        }
        drop(ready);
    }

    /// The way to the group's coordinator; `None` while there is none.
    fn context(&self) -> Option<Context> {
        let node = self.cluster.state().coordinator(self.group)?;
        Some(Context {
            cluster: Arc::clone(&self.cluster),
            node,
            client_id: self.client_id.to_owned(),
            client_host: "/127.0.0.1".to_owned(),
        })
    }

    fn application(&self) -> JoinGroupRequest {
        let protocol = JoinGroupRequestProtocol::default()
            .with_name(text("range"))
            .with_metadata(embedded::subscription(&[self.topic]));
        JoinGroupRequest::default()
            .with_group_id(group_id(self.group))
            .with_session_timeout_ms(SESSION_MS)
            .with_rebalance_timeout_ms(SESSION_MS)
            .with_member_id(text(&self.member_id))
            .with_protocol_type(text("consumer"))
            .with_protocols(vec![protocol])
    }

    /// Asks for a member id ahead of joining; empty if that fails, so that the join asks again.
    fn apply(&self) -> String {
        let request = self.application();
        let given = self
            .context()
            .map(|context| membership::member_id(&context, &request, JOIN));
        given.unwrap_or_default()
    }

    /// Joins and gets partitions; `None` if it has to be tried again.
    async fn join(&mut self) -> Option<(i32, Assigned)> {
        let place = membership::join(&self.context()?, self.application(), JOIN).await;
        match place.error_code {
            0 | code::MEMBER_ID_REQUIRED => self.member_id = place.member_id.to_string(),
            code::UNKNOWN_MEMBER_ID => self.member_id.clear(),
            _ => {}
        }
        if place.error_code != 0 {
            return None;
        }
        let request = SyncGroupRequest::default()
            .with_group_id(group_id(self.group))
            .with_generation_id(place.generation_id)
            .with_member_id(place.member_id.clone())
            .with_protocol_type(maybe_text(Some("consumer")))
            .with_protocol_name(place.protocol_name.clone())
            .with_assignments(self.shares(&place));
        let outcome = membership::sync(&self.context()?, request, SYNC).await;
        if outcome.error_code != 0 {
            return None;
        }
        Some((
            place.generation_id,
            embedded::partitions_of(&outcome.assignment)?,
        ))
    }

    /// As leader: each topic's partitions in equal runs among those who want it.
    fn shares(&self, place: &JoinGroupResponse) -> Vec<SyncGroupRequestAssignment> {
        let mut wishes: Vec<(String, Vec<String>)> = Vec::new();
        for member in &place.members {
            let topics = embedded::topics_of(&member.metadata).unwrap_or_default();
            wishes.push((member.member_id.to_string(), topics));
        }
        wishes.sort();
        let mut shares: Vec<(String, Assigned)> = wishes
            .iter()
            .map(|(id, _)| (id.clone(), Vec::new()))
            .collect();
        let mut topics: Vec<&String> = wishes.iter().flat_map(|(_, topics)| topics).collect();
        topics.sort();
        topics.dedup();
        for topic in topics {
            let count = self
                .cluster
                .state()
                .topics
                .get(topic)
                .map_or(0, |topic| topic.partitions.len());
            let takers: Vec<usize> = (0..wishes.len())
                .filter(|slot| wishes[*slot].1.contains(topic))
                .collect();
            let mut partitions = (0_i32..).take(count);
            for (turn, slot) in takers.iter().enumerate() {
                let size = count / takers.len() + usize::from(turn < count % takers.len());
                shares[*slot]
                    .1
                    .push((topic.clone(), partitions.by_ref().take(size).collect()));
            }
        }
        let shares = shares.into_iter();
        shares
            .map(|(id, assigned)| {
                SyncGroupRequestAssignment::default()
                    .with_member_id(id.into())
                    .with_assignment(embedded::assignment(&assigned))
            })
            .collect()
    }

    /// Beats and commits until the group wants to rebalance.
    async fn work(&mut self, generation: i32, assigned: &Assigned) {
        for beat in 1_u64.. {
            tokio::time::sleep(BEAT).await;
            let Some(context) = self.context() else {
                continue;
            };
            let request = HeartbeatRequest::default()
                .with_group_id(group_id(self.group))
                .with_generation_id(generation)
                .with_member_id(text(&self.member_id));
            match membership::heartbeat(&context, &request, 4).error_code {
                0 => self.commit(&context, generation, assigned, beat),
                code::NOT_COORDINATOR | code::COORDINATOR_NOT_AVAILABLE => {}
                code::UNKNOWN_MEMBER_ID => {
                    self.member_id.clear();
                    return;
                }
                _ => return,
            }
        }
    }

    fn commit(&self, context: &Context, generation: i32, assigned: &Assigned, beat: u64) {
        let Some(pace) = self.pace else { return };
        let mut topics = Vec::new();
        {
            let state = self.cluster.state();
            let Some(group) = state.groups.get(self.group) else {
                return;
            };
            for (topic, partitions) in assigned {
                let mut rows = Vec::new();
                for index in partitions {
                    let Some(partition) = state.partition(topic, *index) else {
                        continue;
                    };
                    let before = group
                        .offsets
                        .get(&(topic.clone(), *index))
                        .map_or(partition.log.start(), |at| at.offset);
                    let after = match pace {
                        Pace::KeepsUp => partition.log.end(),
                        Pace::FallsBehind { beats } if beat.is_multiple_of(beats) => {
                            (before + 1).min(partition.log.end())
                        }
                        Pace::FallsBehind { .. } => before,
                    };
                    if after != before {
                        let row = OffsetCommitRequestPartition::default()
                            .with_partition_index(*index)
                            .with_committed_offset(after);
                        rows.push(
                            row.with_committed_leader_epoch(partition.leader_epoch)
                                .with_committed_metadata(Some(text(""))),
                        );
                    }
                }
                if !rows.is_empty() {
                    topics.push(
                        OffsetCommitRequestTopic::default()
                            .with_name(topic_name(topic))
                            .with_partitions(rows),
                    );
                }
            }
        }
        if topics.is_empty() {
            return;
        }
        let request = OffsetCommitRequest::default()
            .with_group_id(group_id(self.group))
            .with_generation_id_or_member_epoch(generation)
            .with_member_id(text(&self.member_id))
            .with_topics(topics);
        drop(offsets::commit(context, &request, COMMIT));
    }
}
