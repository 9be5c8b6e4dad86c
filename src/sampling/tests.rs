//! When looks begin and end, what an outage is, and that memory is bounded.

use super::*;
use kafkaweave_core::diagnose::lag::{LagState, LagTotals, PartitionLag};
use kafkaweave_core::model::GroupType;
use kafkaweave_sandbox::{Options, Sandbox};

const INTERVAL: Duration = Duration::from_millis(100);

async fn sandbox() -> Sandbox {
    let options = Options {
        traffic: false,
        ..Options::default()
    };
    Sandbox::start(options).await.unwrap()
}

fn sampler(sandbox: &Sandbox, idle: Duration) -> Sampler {
    let bootstrap = sandbox.bootstrap().split(',').map(String::from).collect();
    let sampling = Sampling {
        interval: INTERVAL,
        limits: Limits::default(),
        idle,
    };
    Sampler::new(&Profile::new("sandbox", bootstrap), Some(sampling))
}

fn shared(sampler: &Sampler) -> &Shared {
    sampler.0.as_deref().unwrap()
}

fn samples(sampler: &Sampler, group: &str) -> usize {
    shared(sampler).lock().history.span(group).samples
}

/// Waits until `good`.
async fn until(what: &str, good: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_secs(20);
    while !good() {
        assert!(Instant::now() < limit, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_begin_with_the_first_question_and_are_forgotten_when_nobody_asks() {
    let sandbox = sandbox().await;
    let sampler = sampler(&sandbox, Duration::from_secs(2));
    // That something does not happen can only be watched for a while.
    tokio::time::sleep(3 * INTERVAL).await;
    assert_eq!(sandbox.counters().total(), 0, "nobody has asked yet");
    sampler.asked(Asked::All, 1, std::iter::empty());
    until("samples", || samples(&sampler, "billing") >= 3).await;
    until("an end", || shared(&sampler).lock().running.is_none()).await;
    assert_eq!(samples(&sampler, "billing"), 0);
    assert_eq!(shared(&sampler).lock().history.memory_bytes(), 0);
    let at_rest = sandbox.counters().total();
    tokio::time::sleep(3 * INTERVAL).await;
    assert_eq!(sandbox.counters().total(), at_rest, "it has ended");
    sampler.asked(Asked::All, 1, std::iter::empty());
    until("new samples", || samples(&sampler, "billing") >= 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_asked_about_is_looked_at_and_a_dropped_sampler_asks_no_more() {
    let sandbox = sandbox().await;
    let sampler = sampler(&sandbox, Duration::from_secs(60));
    let listing = |group: &str| GroupListing {
        group: group.into(),
        group_type: GroupType::Classic,
        state: "Stable".into(),
        protocol_type: "consumer".into(),
        coordinator: 1,
    };
    // One that does not exist is looked for, and forgotten once the whole list is there.
    sampler.asked(
        Asked::These(&[listing("billing"), listing("gone")]),
        1,
        std::iter::empty(),
    );
    until("samples", || samples(&sampler, "billing") >= 2).await;
    assert_eq!(samples(&sampler, "reporting"), 0);
    let named: Vec<String> = shared(&sampler)
        .lock()
        .wanted
        .groups
        .iter()
        .cloned()
        .collect();
    assert_eq!(named, ["billing"]);
    drop(sampler);
    until("nothing in work", || sandbox.counters().in_work() == 0).await;
    let at_rest = sandbox.counters().total();
    tokio::time::sleep(3 * INTERVAL).await;
    assert!(sandbox.counters().total() <= at_rest + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_a_gap_and_the_looks_go_on_after_it() {
    let sandbox = sandbox().await;
    let sampler = sampler(&sandbox, Duration::from_secs(60));
    sampler.asked(Asked::All, 1, std::iter::empty());
    until("samples", || samples(&sampler, "billing") >= 2).await;
    for node in 1..=3 {
        assert!(sandbox.faults().node_down(node));
    }
    tokio::time::sleep(INTERVAL).await;
    let before = samples(&sampler, "billing");
    tokio::time::sleep(5 * INTERVAL).await;
    assert!(
        samples(&sampler, "billing") <= before + 1,
        "no samples of brokers that are down"
    );
    let running = shared(&sampler).lock().running.clone().unwrap();
    assert!(!running.is_finished());
    for node in 1..=3 {
        assert!(sandbox.faults().node_up(node));
    }
    until("samples again", || {
        samples(&sampler, "billing") > before + 1
    })
    .await;
}

/// A group whose offsets all moved since the round before.
fn busy(n: usize, round: i64) -> GroupLag {
    let row = |partition| PartitionLag {
        topic: "orders".into(),
        partition,
        committed: Some(round * 10),
        log_start: Some(0),
        log_end: Some(round * 10 + 5),
        lag: Some(5),
        lost: None,
        time_lag_ms: None,
        time_why: None,
        owner: None,
        state: LagState::Ok,
        why: None,
    };
    GroupLag {
        group: format!("group-{n:04}"),
        group_type: GroupType::Classic,
        state: "Empty".into(),
        protocol_type: "consumer".into(),
        coordinator: 1,
        members: Some(0),
        totals: LagTotals::default(),
        topics: Vec::new(),
        subtopologies: Vec::new(),
        partitions: (0..100).map(row).collect(),
        why: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_stays_within_its_bound_however_much_there_is_to_remember() {
    let sampling = Sampling {
        interval: Duration::from_secs(3600),
        limits: Limits {
            samples: 60,
            memory_bytes: 1 << 20,
        },
        idle: Duration::from_secs(3600),
    };
    let sampler = Sampler::new(
        &Profile::new("none", vec!["127.0.0.1:1".into()]),
        Some(sampling),
    );
    for round in 0..20 {
        let groups: Vec<GroupLag> = (0..200).map(|n| busy(n, round)).collect();
        sampler.asked(Asked::All, round * 3_600_000, std::iter::once(groups));
        let state = shared(&sampler).lock();
        assert!(state.history.memory_bytes() <= 1 << 20);
    }
    let state = shared(&sampler).lock();
    assert!(state.history.evicted() > 0);
    let kept = (0..200).filter(|n| state.history.span(&format!("group-{n:04}")).samples > 0);
    assert!(kept.count() > 0, "what fits stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_in_a_hurry_do_not_push_out_what_came_before() {
    let sandbox = sandbox().await;
    let bootstrap = sandbox.bootstrap().split(',').map(String::from).collect();
    let sampling = Sampling {
        interval: Duration::from_secs(10),
        limits: Limits {
            samples: 5,
            memory_bytes: 1 << 20,
        },
        idle: Duration::from_secs(60),
    };
    let sampler = Sampler::new(&Profile::new("sandbox", bootstrap), Some(sampling));
    for at_ms in (0..60_000).step_by(1_000) {
        sampler.asked(Asked::All, at_ms, std::iter::once(vec![busy(0, at_ms)]));
    }
    let points = sampler.points(&busy(0, 0), 60_000);
    let times: Vec<i64> = points[0].iter().map(|p| p.at_ms).collect();
    assert_eq!(times, [10_000, 20_000, 30_000, 40_000, 50_000]);
}

#[tokio::test]
async fn without_serving_nothing_is_remembered() {
    let sampler = Sampler::new(&Profile::new("none", vec!["127.0.0.1:1".into()]), None);
    sampler.asked(Asked::All, 1, std::iter::once(vec![busy(0, 1)]));
    assert_eq!(sampler.points(&busy(0, 1), 2), vec![Vec::new(); 100]);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_are_asked_for_later_are_those_asked_for_at_once() {
    let sandbox = sandbox().await;
    let bootstrap = sandbox.bootstrap().split(',').map(String::from).collect();
    let engine = connect(&Profile::new("sandbox", bootstrap)).unwrap();
    let any = NameFilter::parse(None).unwrap();
    let groups = engine.groups().await.unwrap().value;
    let at_once = gather(engine.as_ref(), &groups, &any, Members::Now, Vec::new());
    let at_once = at_once.await.unwrap();
    let later = gather(engine.as_ref(), &groups, &any, Members::Later, Vec::new());
    let mut later = later.await.unwrap();
    let judged = |facts: &Facts, groups: &[GroupListing]| {
        facts.judge(groups, &kafkaweave_core::diagnose::lag::FirstUnread::new())
    };
    let unknown = judged(&later, &groups);
    assert!(unknown.iter().all(|group| group.members.is_none()));
    // Of those that are shown.
    let shown: Vec<GroupListing> = groups
        .iter()
        .filter(|group| group.group != "reporting")
        .cloned()
        .collect();
    assert!(!later.described());
    later.describe(engine.as_ref(), &shown, &any).await;
    let (at_once, later) = (judged(&at_once, &shown), judged(&later, &shown));
    assert_eq!(at_once, later);
    let billing = later.iter().find(|group| group.group == "billing").unwrap();
    assert_eq!(billing.members, Some(2));
    assert!(billing.partitions.iter().all(|row| row.owner.is_some()));
}
