//! A topic and its partitions: who leads, who is in sync, what is stored.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::config;
use crate::log::{Limits, Log};

/// One topic.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) internal: bool,
    /// Settings that differ from the broker's, by key.
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) partitions: Vec<Partition>,
}

/// One partition.
#[derive(Debug)]
pub(crate) struct Partition {
    /// Node that leads, or `-1`.
    pub(crate) leader: i32,
    pub(crate) leader_epoch: i32,
    /// Nodes that hold a copy, the preferred leader first.
    pub(crate) replicas: Vec<i32>,
    pub(crate) isr: Vec<i32>,
    /// A planted fault: this replica never catches up.
    pub(crate) stuck: Option<i32>,
    pub(crate) log: Log,
}

impl Topic {
    /// A topic with one partition for each list of replicas.
    pub(crate) fn new(name: &str, replicas: Vec<Vec<i32>>) -> Self {
        Self {
            id: Uuid::new_v4(),
            name: name.to_owned(),
            internal: false,
            settings: BTreeMap::new(),
            partitions: replicas.into_iter().map(Partition::new).collect(),
        }
    }

    /// What acts on writes to this topic through a node with these dynamic broker settings.
    pub(crate) fn rules(
        &self,
        own: Option<&config::Settings>,
        defaults: Option<&config::Settings>,
    ) -> Rules {
        let setting = |key| config::in_force(key, &self.settings, own, defaults);
        let number = |key| setting(key).and_then(|value| value.parse::<usize>().ok());
        Rules {
            min_isr: number("min.insync.replicas").unwrap_or(1),
            append_time: setting("message.timestamp.type").as_deref() == Some("LogAppendTime"),
            batch_bytes: number("max.message.bytes").unwrap_or(1_048_588),
            retention_bytes: number("retention.bytes"),
        }
    }

    pub(crate) fn is_compacted_only(&self) -> bool {
        self.settings.get("cleanup.policy").map(String::as_str) == Some("compact")
    }
}

/// Settings in force for writes to a topic.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) min_isr: usize,
    /// Records get the time of appending.
    pub(crate) append_time: bool,
    batch_bytes: usize,
    retention_bytes: Option<usize>,
}

impl Rules {
    /// What a partition takes and keeps; `partition_bytes` is the sandbox's own bound.
    pub(crate) fn limits(&self, partition_bytes: usize) -> Limits {
        Limits {
            batch_bytes: self.batch_bytes,
            keep_bytes: self
                .retention_bytes
                .map_or(partition_bytes, |bytes| bytes.min(partition_bytes)),
        }
    }
}

impl Partition {
    pub(crate) fn new(replicas: Vec<i32>) -> Self {
        Self {
            leader: replicas.first().copied().unwrap_or(-1),
            leader_epoch: 0,
            isr: replicas.clone(),
            replicas,
            stuck: None,
            log: Log::default(),
        }
    }

    /// Replicas that are not up.
    pub(crate) fn offline(&self, live: &[i32]) -> Vec<i32> {
        self.replicas
            .iter()
            .copied()
            .filter(|replica| !live.contains(replica))
            .collect()
    }

    /// Adapts leader and ISR to the nodes that are up. The last member of the ISR stays in it, as a
    /// real cluster keeps the only replica that has all records.
    pub(crate) fn follow(&mut self, live: &[i32]) {
        let mut isr: Vec<i32> = self
            .replicas
            .iter()
            .copied()
            .filter(|replica| live.contains(replica) && self.stuck != Some(*replica))
            .collect();
        let holds_all = isr.iter().any(|replica| self.isr.contains(replica));
        if isr.is_empty() || !holds_all {
            let last = self
                .isr
                .iter()
                .copied()
                .find(|replica| *replica == self.leader)
                .or(self.isr.first().copied());
            isr = last.into_iter().collect();
        }
        let leader = if live.contains(&self.leader) && isr.contains(&self.leader) {
            self.leader
        } else {
            isr.iter()
                .copied()
                .find(|replica| live.contains(replica) && self.isr.contains(replica))
                .unwrap_or(-1)
        };
        if leader != self.leader {
            self.leader_epoch += 1;
        }
        (self.leader, self.isr) = (leader, isr);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaders_move_with_the_nodes_and_the_last_in_sync_replica_waits() {
        let mut partition = Partition::new(vec![1, 2, 3]);
        partition.follow(&[2, 3]);
        assert_eq!(
            (partition.leader, &partition.isr[..], partition.leader_epoch),
            (2, &[2, 3][..], 1)
        );
        partition.follow(&[3]);
        assert_eq!((partition.leader, &partition.isr[..]), (3, &[3][..]));
        partition.follow(&[]);
        assert_eq!((partition.leader, &partition.isr[..]), (-1, &[3][..]));
        partition.follow(&[1]);
        assert_eq!(
            (partition.leader, &partition.isr[..]),
            (-1, &[3][..]),
            "node 1 has not all records"
        );
        partition.follow(&[1, 2, 3]);
        assert_eq!((partition.leader, &partition.isr[..]), (3, &[1, 2, 3][..]));
    }

    #[test]
    fn a_stuck_replica_never_joins_the_isr() {
        let mut partition = Partition::new(vec![1, 2, 3]);
        partition.stuck = Some(3);
        partition.follow(&[1, 2, 3]);
        assert_eq!((partition.leader, &partition.isr[..]), (1, &[1, 2][..]));
    }
}
