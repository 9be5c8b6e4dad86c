//! One table or snapshot per rule; every snapshot begins as a sound cluster.

mod digest;
mod hostile;
mod replication;
mod sound;
mod surroundings;
mod table;

use super::*;
use crate::model::{
    Broker, BrokerState, ConfigSource, LogDir, Missing, Partition, QuorumMember, Topic,
};
use sound::sound;

const NOW_MS: i64 = 1_795_500_000_000;

fn voter(id: i32, lag: i64, silence_ms: i64) -> QuorumMember {
    QuorumMember {
        id,
        directory_id: None,
        log_end_offset: Some(84_211 - lag),
        lag: Some(lag),
        last_fetch_ms: Some(NOW_MS - silence_ms),
        last_caught_up_ms: Some(NOW_MS - silence_ms),
        endpoints: vec![format!("CONTROLLER://kafka-{id}.internal:9093")],
    }
}

fn broker(id: i32, state: BrokerState) -> Broker {
    Broker {
        id,
        host: Some(format!("kafka-{id}.internal")),
        port: Some(9092),
        rack: Some(format!(
            "eu-central-1{}",
            ["a", "b", "c"][(id as usize + 2) % 3]
        )),
        state,
    }
}

fn partition(index: i32, leader: i32, replicas: &[i32], isr: &[i32]) -> Partition {
    Partition {
        partition: index,
        leader: (leader >= 0).then_some(leader),
        leader_epoch: 7,
        replicas: replicas.into(),
        isr: isr.into(),
        offline: replicas
            .iter()
            .filter(|id| !isr.contains(id))
            .copied()
            .collect(),
        elr: None,
    }
}

fn topic(name: &str, partitions: Vec<Partition>) -> Topic {
    Topic {
        name: name.into(),
        topic_id: None,
        internal: name.starts_with("__"),
        partitions,
    }
}

const GIB: i64 = 1 << 30;

fn dir(broker: i32, error: Option<&str>, total_gib: i64, usable_gib: i64) -> LogDir {
    LogDir {
        broker,
        path: "/var/lib/kafka/data".into(),
        error: error.map(Into::into),
        total_bytes: Some(total_gib * GIB),
        usable_bytes: Some(usable_gib * GIB),
        replicas: vec![],
    }
}

fn orders(snapshot: &mut Snapshot) -> &mut Vec<Partition> {
    &mut snapshot.topics.as_mut().unwrap()[0].partitions
}

/// Takes a broker out of every ISR and moves leadership on.
fn without(snapshot: &mut Snapshot, id: i32) {
    for partition in snapshot
        .topics
        .iter_mut()
        .flatten()
        .flat_map(|t| &mut t.partitions)
    {
        partition.isr.retain(|other| *other != id);
        if partition.leader == Some(id) {
            partition.leader = partition.isr.first().copied();
        }
    }
}

fn report(snapshot: &Snapshot) -> Report {
    health(snapshot, &Thresholds::default())
}

fn rules(report: &Report) -> Vec<(Rule, Severity)> {
    report
        .findings
        .iter()
        .map(|f| (f.rule, f.severity))
        .collect()
}

fn only(report: &Report) -> &Finding {
    assert_eq!(report.findings.len(), 1, "{:#?}", report.findings);
    &report.findings[0]
}
