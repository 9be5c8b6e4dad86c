//! A few records a second, for as long as the sandbox runs.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::data;
use crate::cluster::{Cluster, now_ms};
use crate::log::{Record, batch_of};

const TICK: Duration = Duration::from_millis(250);

/// Produces until `stop`.
pub(super) async fn run(cluster: Arc<Cluster>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let [mut order, mut click, mut payment, mut audit] = data::PLANTED;
    let mut round = 0_u64;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let at_ms = now_ms();
        for _ in 0..3 {
            append(&cluster, "clicks", data::click(click, at_ms));
            click += 1;
        }
        if round.is_multiple_of(2) {
            append(&cluster, "orders", data::order(order, at_ms));
            order += 1;
        } else {
            append(&cluster, "payments", data::payment(payment, at_ms));
            payment += 1;
        }
        if round % 8 == 3 {
            append(&cluster, "audit", data::audit_line(audit, at_ms));
            audit += 1;
        }
        round += 1;
        cluster.bound_memory(&mut cluster.state());
        cluster.announce();
    }
}

/// Appends one record, if its topic is still there and its partition has a leader.
fn append(cluster: &Cluster, name: &str, (slot, record): (usize, Record)) {
    let Some(batch) = batch_of(&[record]) else {
        return;
    };
    let mut state = cluster.state();
    let Some(topic) = state.topics.get_mut(name) else {
        return;
    };
    let rules = topic.rules(None, None);
    let stamp_ms = rules.append_time.then(now_ms);
    let Some(partition) = topic
        .partitions
        .get_mut(slot)
        .filter(|partition| partition.leader > 0)
    else {
        return;
    };
    if let Err(error) = partition.log.append(
        &batch,
        partition.leader_epoch,
        stamp_ms,
        rules.limits(cluster.partition_bytes),
    ) {
        tracing::debug!(topic = name, %error, "demo record not stored");
    }
}
