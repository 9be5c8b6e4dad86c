//! Judgements on plain data: one open transaction, and what its coordinator says of it.

use super::*;

const NOW_MS: i64 = 1_000_000_000;

fn orders(partition: i32) -> TopicPartition {
    TopicPartition::new("orders", partition)
}

/// Producer 7 at epoch 3, open from offset 40 on, last write five seconds ago.
fn producer() -> ProducerState {
    ProducerState {
        producer_id: 7,
        epoch: 3,
        last_sequence: Some(9),
        last_timestamp_ms: Some(NOW_MS - 5_000),
        coordinator_epoch: Some(0),
        open_since_offset: Some(40),
    }
}

fn seen(producers: Vec<ProducerState>) -> Vec<PartitionProducers> {
    vec![PartitionProducers {
        partition: orders(0),
        leader: 1,
        producers,
    }]
}

fn listing() -> TransactionListing {
    TransactionListing {
        transactional_id: "pay".into(),
        producer_id: 7,
        state: ONGOING.into(),
        coordinator: 2,
    }
}

/// Began ten seconds ago, timeout of a minute.
fn description() -> TransactionDescription {
    TransactionDescription {
        transactional_id: "pay".into(),
        state: ONGOING.into(),
        producer_id: 7,
        producer_epoch: 3,
        timeout_ms: 60_000,
        start_ms: Some(NOW_MS - 10_000),
        partitions: vec![orders(0)],
        coordinator: 2,
    }
}

fn ends() -> BTreeMap<TopicPartition, Ends> {
    let ends = Ends {
        last_stable_offset: 40,
        high_watermark: 100,
    };
    [(orders(0), ends)].into()
}

struct Case {
    producers: Vec<PartitionProducers>,
    listings: Vec<TransactionListing>,
    descriptions: Vec<TransactionDescription>,
    incomplete: Option<&'static str>,
    again: Option<Vec<PartitionProducers>>,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            producers: seen(vec![producer()]),
            listings: vec![listing()],
            descriptions: vec![description()],
            incomplete: None,
            again: Some(seen(vec![producer()])),
        }
    }
}

impl Case {
    fn judged(&self) -> Vec<OpenTransaction> {
        judge(&Evidence {
            producers: &self.producers,
            ends: &ends(),
            coordinators: Coordinators {
                listings: &self.listings,
                descriptions: &self.descriptions,
                incomplete: self.incomplete,
            },
            again: self.again.as_deref(),
            max_timeout_ms: DEFAULT_MAX_TIMEOUT_MS,
            now_ms: NOW_MS,
        })
    }

    fn one(&self) -> OpenTransaction {
        let mut all = self.judged();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    fn described(change: impl Fn(&mut TransactionDescription)) -> Self {
        let mut case = Self::default();
        change(&mut case.descriptions[0]);
        case
    }

    fn unknown_to_all() -> Self {
        Self {
            listings: vec![],
            descriptions: vec![],
            ..Self::default()
        }
    }
}

#[test]
fn what_the_coordinator_knows_is_ongoing_with_its_age_and_what_it_holds() {
    let one = Case::default().one();
    assert_eq!(one.standing, Standing::Ongoing);
    assert_eq!((one.age_ms, one.timeout_ms), (Some(10_000), Some(60_000)));
    assert_eq!(one.timeout_used_percent(), Some(16));
    assert_eq!((one.start_offset, one.records_held), (40, Some(60)));
    assert!(one.holds());
    assert_eq!(one.transactional_id.as_deref(), Some("pay"));
    assert_eq!(one.coordinator, Some(2));
}

#[test]
fn the_coordinators_word_decides() {
    let late = NOW_MS - 60_000 - GRACE_MS - 1;
    let in_grace = NOW_MS - 60_000 - GRACE_MS;
    type Change = Box<dyn Fn(&mut TransactionDescription)>;
    let table: Vec<(&str, Change, Standing, &str)> = vec![
        (
            "past its timeout by no more than the coordinator takes to notice",
            Box::new(move |d| d.start_ms = Some(in_grace)),
            Standing::Ongoing,
            "at its timeout",
        ),
        (
            "past its timeout and still ongoing",
            Box::new(move |d| d.start_ms = Some(late)),
            Standing::Overdue,
            "should have aborted",
        ),
        (
            "about to end",
            Box::new(|d| d.state = "PrepareCommit".into()),
            Standing::Ending,
            "markers",
        ),
        (
            "about to end for too long",
            Box::new(move |d| {
                d.state = "PrepareAbort".into();
                d.start_ms = Some(late);
            }),
            Standing::Overdue,
            "PrepareAbort",
        ),
        (
            "fenced: the coordinator's epoch is ahead, and its marker ends it",
            Box::new(|d| d.producer_epoch = 4),
            Standing::Ongoing,
            "",
        ),
        (
            "the coordinator's epoch is behind, so its marker would be refused",
            Box::new(|d| d.producer_epoch = 2),
            Standing::Hanging,
            "epoch 2, behind the 3",
        ),
        (
            "ended, as far as the coordinator knows",
            Box::new(|d| {
                d.state = "CompleteCommit".into();
                d.partitions.clear();
                d.start_ms = None;
            }),
            Standing::Hanging,
            "CompleteCommit without this partition",
        ),
        (
            "another transaction of the same id, without this partition",
            Box::new(|d| d.partitions = vec![orders(1)]),
            Standing::Hanging,
            "Ongoing without this partition",
        ),
        (
            "the id has another producer by now",
            Box::new(|d| d.producer_id = 8),
            Standing::Hanging,
            "producer id 8",
        ),
    ];
    for (what, change, standing, says) in table {
        let one = Case::described(change).one();
        assert_eq!(one.standing, standing, "{what}");
        assert!(one.why.contains(says), "{what}: {}", one.why);
    }
}

#[test]
fn what_no_coordinator_knows_hangs_whatever_its_age_when_a_second_look_finds_it_open() {
    let one = Case::unknown_to_all().one();
    assert_eq!(one.standing, Standing::Hanging);
    assert_eq!(one.why, "no coordinator knows its producer id");
    assert_eq!((one.transactional_id, one.timeout_ms), (None, None));
    assert_eq!(one.age_ms, Some(5_000), "since its last write");
}

#[test]
fn what_ended_while_it_was_looked_at_is_not_hanging() {
    let mut closed = producer();
    closed.open_since_offset = None;
    let mut next = producer();
    next.open_since_offset = Some(70);
    let mut fenced = producer();
    fenced.epoch = 4;
    for now in [vec![], vec![closed], vec![next], vec![fenced]] {
        let case = Case {
            again: Some(seen(now.clone())),
            ..Case::unknown_to_all()
        };
        assert_eq!(case.judged(), [], "{now:?}");
    }
}

#[test]
fn without_a_second_look_only_age_proves_it() {
    for (again, age_ms, standing) in [
        (None, DEFAULT_MAX_TIMEOUT_MS + 1, Standing::Hanging),
        (None, DEFAULT_MAX_TIMEOUT_MS, Standing::Suspected),
        (
            Some(vec![]),
            DEFAULT_MAX_TIMEOUT_MS + 1,
            Standing::Suspected,
        ),
    ] {
        let mut old = producer();
        old.last_timestamp_ms = Some(NOW_MS - age_ms);
        let case = Case {
            producers: seen(vec![old]),
            again: again.clone(),
            ..Case::unknown_to_all()
        };
        assert_eq!(case.one().standing, standing, "{again:?} {age_ms}");
    }
}

#[test]
fn what_was_not_seen_is_unknown_and_not_hanging() {
    let unanswered = Case {
        incomplete: Some("broker 3 did not answer"),
        ..Case::unknown_to_all()
    };
    let one = unanswered.one();
    assert_eq!(one.standing, Standing::Unknown);
    assert!(one.why.ends_with("but broker 3 did not answer"));
    let undescribed = Case {
        descriptions: vec![],
        ..Case::default()
    };
    let one = undescribed.one();
    assert_eq!(one.standing, Standing::Unknown);
    assert!(one.why.contains("coordinator 2 did not describe it"));
}

#[test]
fn hanging_ones_come_first_and_closed_ones_not_at_all() {
    let mut closed = producer();
    closed.producer_id = 6;
    closed.open_since_offset = None;
    let mut hanging = producer();
    hanging.producer_id = 8;
    hanging.open_since_offset = Some(60);
    let all = vec![closed, producer(), hanging];
    let case = Case {
        producers: seen(all.clone()),
        again: Some(seen(all.clone())),
        ..Case::default()
    };
    let judged = case.judged();
    let rows: Vec<_> = judged
        .iter()
        .map(|t| (t.producer_id, t.standing, t.records_held, t.holds()))
        .collect();
    assert_eq!(
        rows,
        [
            (8, Standing::Hanging, Some(40), false),
            (7, Standing::Ongoing, Some(60), true)
        ]
    );
    assert_eq!(producer_ids(&seen(all)), [7, 8]);
}

#[test]
fn unknown_ends_are_unknown_and_not_zero() {
    let case = Case::default();
    let judged = judge(&Evidence {
        producers: &case.producers,
        ends: &BTreeMap::new(),
        coordinators: Coordinators::default(),
        again: None,
        max_timeout_ms: DEFAULT_MAX_TIMEOUT_MS,
        now_ms: NOW_MS,
    });
    let one = &judged[0];
    assert_eq!((one.records_held, one.last_stable_offset), (None, None));
    assert!(!one.holds());
}

#[test]
fn the_coordinators_word_alone_tells_what_is_under_way_and_what_is_overdue() {
    for (state, age_ms, expected) in [
        (ONGOING, 60_000, Some(Standing::Ongoing)),
        (ONGOING, 60_001 + GRACE_MS, Some(Standing::Overdue)),
        ("PrepareCommit", 1, Some(Standing::Ending)),
        ("PrepareEpochFence", 1, Some(Standing::Ending)),
        ("CompleteAbort", 1, None),
        ("Empty", 1, None),
    ] {
        let mut one = description();
        one.state = state.into();
        one.start_ms = Some(NOW_MS - age_ms);
        assert_eq!(standing(&one, NOW_MS), expected, "{state} {age_ms}");
    }
}
