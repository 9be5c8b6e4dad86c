//! Clusters that say what they like: extreme numbers in every place, in many mixtures.

use super::sound::*;
use super::*;
use crate::model::{Reassignment, ReplicaSize};

/// The next of a fixed sequence of numbers (an LCG): the same mixtures on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    /// An extreme number, or one of a usual kind.
    fn number(&mut self) -> i64 {
        let all = [i64::MIN, i64::MAX, -1, 0, 1, 12, 1 << 20, GIB, NOW_MS];
        all[self.roll(all.len() as u64) as usize]
    }

    fn short(&mut self) -> i32 {
        [i32::MIN, i32::MAX, -1, 0, 1, 2, 3, 4][self.roll(8) as usize]
    }

    fn maybe(&mut self) -> Option<i64> {
        (self.roll(4) > 0).then(|| self.number())
    }

    fn ids(&mut self) -> Vec<i32> {
        (0..self.roll(4)).map(|_| self.short()).collect()
    }
}

fn spoil(dice: &mut Dice, snapshot: &mut Snapshot) {
    let states = [
        BrokerState::Online,
        BrokerState::Fenced,
        BrokerState::Missing,
    ];
    for broker in &mut snapshot.cluster.brokers {
        broker.id = dice.short();
        broker.state = states[dice.roll(3) as usize];
    }
    let quorum = snapshot.cluster.quorum.as_mut().unwrap();
    quorum.leader_epoch = dice.short();
    quorum.observers = quorum.voters.clone();
    for member in quorum.voters.iter_mut().chain(&mut quorum.observers) {
        member.id = dice.short();
        (member.lag, member.last_fetch_ms) = (dice.maybe(), dice.maybe());
    }
    for partition in orders(snapshot) {
        partition.leader_epoch = dice.short();
        partition.leader = (dice.roll(3) > 0).then(|| dice.short());
        partition.replicas = dice.ids();
        partition.isr = dice.ids();
        partition.offline = dice.ids();
        partition.elr = Some(dice.ids());
    }
    let min_isr = dice.short();
    snapshot
        .min_insync_replicas
        .insert("orders".into(), min_isr);
    for dir in snapshot.log_dirs.as_mut().unwrap() {
        dir.broker = dice.short();
        (dir.total_bytes, dir.usable_bytes) = (dice.maybe(), dice.maybe());
        dir.replicas = vec![ReplicaSize {
            topic: "orders".into(),
            partition: 3,
            size_bytes: dice.number(),
            offset_lag: dice.number(),
            future: false,
        }];
    }
    for key in TOPIC_KEYS {
        let value = dice.number().to_string();
        set(snapshot, "orders", key, &value);
    }
    let policy = ["compact", "delete", "compact,delete", ""][dice.roll(4) as usize];
    set(snapshot, "orders", "cleanup.policy", policy);
    for key in BROKER_KEYS {
        let value = dice.number().to_string();
        set_broker(snapshot, 2, key, &value);
    }
    for broker in snapshot.software.as_mut().unwrap() {
        broker.features[0].supported_max = Some(dice.short() as i16);
        broker.features[1].finalized = Some(dice.short() as i16);
    }
    let states = ["Stable", "Empty", "Dead", "Assigning"];
    let group = &mut snapshot.groups.as_mut().unwrap()[0];
    group.listing.state = states[dice.roll(4) as usize].into();
    group.members = Some(vec![member("m", Some("pod-1"), Some(dice.short()))]);
    for offset in group.committed.as_mut().unwrap() {
        (offset.offset, offset.lag) = (dice.number(), dice.maybe());
    }
    for log in snapshot.log_ranges.values_mut() {
        (log.start, log.end) = (dice.maybe(), dice.maybe());
    }
    snapshot.transactions = Some(vec![OpenTransaction {
        partition: at(2),
        producer_id: dice.number(),
        transactional_id: None,
        start_offset: dice.maybe(),
        last_stable_offset: dice.maybe(),
        high_watermark: dice.maybe(),
        age_ms: dice.maybe(),
        timeout_ms: dice.maybe(),
        known_to_coordinator: [None, Some(true), Some(false)][dice.roll(3) as usize],
    }]);
    let moving = Reassignment {
        partition: at(3),
        replicas: dice.ids(),
        adding: dice.ids(),
        removing: dice.ids(),
    };
    snapshot.reassignments = Some(Vec::from_iter((dice.roll(2) > 0).then_some(moving)));
    snapshot.now_ms = dice.number();
}

#[test]
fn no_mixture_of_extremes_is_a_panic_and_score_and_verdict_agree() {
    let mut dice = Dice(7);
    for _ in 0..2_000 {
        let mut snapshot = sound();
        spoil(&mut dice, &mut snapshot);
        let earlier = Digest::of(&snapshot, &report(&snapshot));
        assert_eq!(Digest::decode(&earlier.encode(), None).unwrap(), earlier);
        spoil(&mut dice, &mut snapshot);
        snapshot.before = Some(earlier);
        let report = report(&snapshot);
        let severities: Vec<_> = report.findings.iter().map(|f| f.severity).collect();
        assert!(severities.is_sorted());
        for found in &report.findings {
            assert!(!found.evidence.is_empty(), "{:?}", found.rule);
        }
        match (report.verdict, report.score) {
            (Verdict::Unknown, None) => {}
            (Verdict::Critical, Some(score)) => assert!(score.points <= 40),
            (Verdict::Degraded, Some(score)) => assert!((61..=90).contains(&score.points)),
            (Verdict::Healthy, Some(score)) => assert!(score.points >= 91),
            (verdict, score) => panic!("{verdict:?} with {score:?}"),
        }
    }
}
