//! What the three nodes know together: topics, groups, settings, who is up.
//!
//! One lock guards it all. A handler takes it, works without waiting, and lets go; whoever has to wait
//! (Fetch, JoinGroup) waits on `changes` or on a channel, never with the lock held.

mod placement;
mod topic;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use uuid::Uuid;

use crate::counters::Counters;
use crate::faults::Faults;
use crate::group::Group;

pub(crate) use placement::{is_valid_topic_name, spread};
pub(crate) use topic::{Partition, Topic};

/// Topic that holds committed offsets in a real cluster; here it only decides who coordinates.
pub(crate) const OFFSETS_TOPIC: &str = "__consumer_offsets";
/// Partitions of [`OFFSETS_TOPIC`] (`offsets.topic.num.partitions`).
pub(crate) const OFFSETS_PARTITIONS: usize = 50;
/// Node ids in order.
pub(crate) const NODES: [i32; 3] = [1, 2, 3];
/// Most partitions that clients may create; keeps answers and memory bounded.
pub(crate) const MAX_PARTITIONS: usize = 50_000;

/// One broker.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) id: i32,
    pub(crate) address: SocketAddr,
    pub(crate) rack: String,
}

/// Everything the nodes share.
pub(crate) struct Cluster {
    pub(crate) id: String,
    pub(crate) nodes: [Node; 3],
    pub(crate) faults: Faults,
    pub(crate) counters: Counters,
    pub(crate) partition_bytes: usize,
    pub(crate) total_bytes: usize,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    /// Start, in milliseconds since the epoch.
    pub(crate) started_ms: i64,
}

/// What the lock guards.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) topics: BTreeMap<String, Topic>,
    pub(crate) names: HashMap<Uuid, String>,
    pub(crate) groups: BTreeMap<String, Group>,
    /// Dynamic broker settings by node; `-1` is the cluster-wide default.
    pub(crate) broker_settings: BTreeMap<i32, BTreeMap<String, String>>,
    /// Dynamic settings of groups.
    pub(crate) group_settings: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) live: [bool; 3],
    pub(crate) next_producer_id: i64,
    pub(crate) quorum_epoch: i32,
}

impl Cluster {
    pub(crate) fn new(nodes: [Node; 3], partition_bytes: usize, total_bytes: usize) -> Arc<Self> {
        let mut id = String::from("sandbox-");
        id.push_str(
            Uuid::new_v4()
                .simple()
                .to_string()
                .get(..14)
                .unwrap_or_default(),
        );
        let state = State {
            live: [true; 3],
            next_producer_id: 1_000,
            quorum_epoch: 1,
            ..State::default()
        };
        let cluster = Arc::new(Self {
            id,
            nodes,
            faults: Faults::new(),
            counters: Counters::default(),
            partition_bytes,
            total_bytes,
            state: Mutex::new(state),
            changes: watch::Sender::new(0),
            started_ms: now_ms(),
        });
        let mut offsets = Topic::new(OFFSETS_TOPIC, spread(OFFSETS_PARTITIONS, 3, 0, &NODES));
        offsets.internal = true;
        for (key, value) in [
            ("cleanup.policy", "compact"),
            ("compression.type", "producer"),
            ("segment.bytes", "104857600"),
        ] {
            offsets.settings.insert(key.into(), value.into());
        }
        cluster.state().insert(offsets);
        cluster
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A panic under the lock is a bug of one request; the others go on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn node(&self, id: i32) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == id)
    }

    /// Wakes everyone who waits for records.
    pub(crate) fn announce(&self) {
        self.changes
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Nodes that are up, in order.
    pub(crate) fn live_nodes(&self, state: &State) -> Vec<&Node> {
        self.nodes
            .iter()
            .zip(state.live)
            .filter(|(_, live)| *live)
            .map(|(node, _)| node)
            .collect()
    }

    /// Follows a node that went down or came up: moves leaders, shrinks or grows the ISR.
    pub(crate) fn set_live(&self, node: i32, live: bool) {
        let mut state = self.state();
        let Some(slot) = NODES.iter().position(|id| *id == node) else {
            return;
        };
        if state.live[slot] == live {
            return;
        }
        if !live && state.quorum_leader() == node {
            state.quorum_epoch += 1;
        }
        state.live[slot] = live;
        let live_ids = state.live_ids();
        for topic in state.topics.values_mut() {
            for partition in &mut topic.partitions {
                partition.follow(&live_ids);
            }
        }
        drop(state);
        self.announce();
    }

    /// Lets the largest partitions give way while all together keep more than `total_bytes`.
    pub(crate) fn bound_memory(&self, state: &mut State) {
        let mut total: usize = state
            .partitions()
            .map(|partition| partition.log.size_bytes())
            .sum();
        while total > self.total_bytes {
            let Some(largest) = state
                .topics
                .values_mut()
                .flat_map(|topic| &mut topic.partitions)
                .max_by_key(|p| p.log.size_bytes())
            else {
                return;
            };
            let before = largest.log.size_bytes();
            largest.log.trim(before - before / 8);
            let after = largest.log.size_bytes();
            if after == before {
                return;
            }
            total -= before - after;
        }
    }
}

impl State {
    pub(crate) fn insert(&mut self, topic: Topic) {
        self.names.insert(topic.id, topic.name.clone());
        self.topics.insert(topic.name.clone(), topic);
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<Topic> {
        let topic = self.topics.remove(name)?;
        self.names.remove(&topic.id);
        for group in self.groups.values_mut() {
            group.offsets.retain(|(topic, _), _| topic != name);
        }
        Some(topic)
    }

    pub(crate) fn topic_of_id(&self, id: Uuid) -> Option<&Topic> {
        self.topics.get(self.names.get(&id)?)
    }

    pub(crate) fn partition(&self, topic: &str, index: i32) -> Option<&Partition> {
        self.topics
            .get(topic)?
            .partitions
            .get(usize::try_from(index).ok()?)
    }

    pub(crate) fn partitions(&self) -> impl Iterator<Item = &Partition> {
        self.topics.values().flat_map(|topic| &topic.partitions)
    }

    pub(crate) fn live_ids(&self) -> Vec<i32> {
        NODES
            .into_iter()
            .zip(self.live)
            .filter(|(_, live)| *live)
            .map(|(id, _)| id)
            .collect()
    }

    /// The active controller: the first live node, from node 3 down.
    pub(crate) fn quorum_leader(&self) -> i32 {
        self.live_ids().last().copied().unwrap_or(-1)
    }

    /// The node that coordinates a group, or `None` while its partition has no leader.
    pub(crate) fn coordinator(&self, group: &str) -> Option<i32> {
        let partition = placement::java_hash(group).unsigned_abs() as usize & 0x7fff_ffff;
        let partitions = &self.topics.get(OFFSETS_TOPIC)?.partitions;
        let leader = partitions.get(partition % partitions.len().max(1))?.leader;
        (leader > 0).then_some(leader)
    }
}

/// Wall clock in milliseconds since the epoch.
pub(crate) fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}
