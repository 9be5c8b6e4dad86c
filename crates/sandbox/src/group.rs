//! Consumer groups: committed offsets, and members under the classic protocol or that of KIP-848.

mod classic;
mod consumer;
pub(crate) mod embedded;

use std::collections::BTreeMap;
use std::time::Instant;

pub(crate) use classic::{Applicant, Classic, Joined, Later, Synced};
pub(crate) use consumer::{Beat, Consumer, ConsumerMember, Target};

use crate::cluster::Cluster;

/// Most groups at a time.
pub(crate) const MAX_GROUPS: usize = 20_000;
/// Most members of a group (`group.max.size`).
pub(crate) const MAX_MEMBERS: usize = 1_000;
/// Most bytes of the text that a client may commit with an offset (`offset.metadata.max.bytes`).
pub(crate) const MAX_METADATA_BYTES: usize = 4_096;

/// One committed offset.
#[derive(Debug, Clone)]
pub(crate) struct Committed {
    pub(crate) offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: String,
}

/// How members join.
#[derive(Debug)]
pub(crate) enum Membership {
    Classic(Classic),
    Consumer(Consumer),
}

/// One group.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) membership: Membership,
    /// By topic and partition.
    pub(crate) offsets: BTreeMap<(String, i32), Committed>,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            membership: Membership::Classic(Classic::default()),
            offsets: BTreeMap::new(),
        }
    }
}

impl Group {
    /// State as Kafka names it.
    pub(crate) fn state(&self) -> &'static str {
        match &self.membership {
            Membership::Classic(classic) => classic.state.name(),
            Membership::Consumer(consumer) => consumer.state(),
        }
    }

    /// Type as ListGroups names it.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.membership {
            Membership::Classic(_) => "classic",
            Membership::Consumer(_) => "consumer",
        }
    }

    pub(crate) fn protocol_type(&self) -> &str {
        match &self.membership {
            Membership::Classic(classic) => &classic.protocol_type,
            Membership::Consumer(_) => "consumer",
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match &self.membership {
            Membership::Classic(classic) => classic.members.is_empty(),
            Membership::Consumer(consumer) => consumer.members.is_empty(),
        }
    }

    /// The classic side; an empty group of the other protocol turns classic.
    pub(crate) fn classic(&mut self) -> Option<&mut Classic> {
        if matches!(&self.membership, Membership::Consumer(consumer) if consumer.members.is_empty())
        {
            self.membership = Membership::Classic(Classic::default());
        }
        match &mut self.membership {
            Membership::Classic(classic) => Some(classic),
            Membership::Consumer(_) => None,
        }
    }

    /// The KIP-848 side; an empty classic group turns over.
    pub(crate) fn consumer(&mut self) -> Option<&mut Consumer> {
        if matches!(&self.membership, Membership::Classic(classic) if classic.members.is_empty()) {
            self.membership = Membership::Consumer(Consumer::default());
        }
        match &mut self.membership {
            Membership::Classic(_) => None,
            Membership::Consumer(consumer) => Some(consumer),
        }
    }
}

/// Puts out members that have been silent too long and ends rebalances that took too long.
pub(crate) fn expire(cluster: &Cluster, now: Instant) {
    let mut state = cluster.state();
    let crate::cluster::State { groups, topics, .. } = &mut *state;
    for group in groups.values_mut() {
        match &mut group.membership {
            Membership::Classic(classic) => classic.expire(now),
            Membership::Consumer(consumer) => consumer.expire(now, topics),
        }
    }
}
