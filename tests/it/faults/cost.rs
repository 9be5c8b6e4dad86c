//! What a question costs the brokers: requests follow the number of brokers, not of groups or topics, and a question
//! that nobody waits for any more costs nothing.

use crate::support::bed::{Bed, CommitPlan, Listener, RecordPlan, TopicPlan, exclusive};
use crate::support::mcp::run;
use kafkaweave::clusters::{Cluster, Clusters};
use kafkaweave::dispatch::{Bounds, Dispatcher};
use kafkaweave::surface::{Selection, Surface};
use kafkaweave::tools;
use kafkaweave_client::kafka::{Engine, Native, Stats, TopicSelection};
use kafkaweave_client::profile::Profile;
use kafkaweave_core::diagnose::lag::wanted_partitions;
use kafkaweave_core::model::{
    GroupListing, Isolation, OffsetSpec, PartitionRange, ScanOrder, ScanRequest,
};
use kafkaweave_core::search::Predicate;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const METADATA: i16 = 3;

/// Groups planted for each prefix.
const MANY: usize = 100;
const FEW: usize = 10;

fn engine(bed: &Bed) -> Native {
    let bootstrap = bed.bootstrap(Listener::Plaintext);
    let bootstrap = bootstrap.split(',').map(String::from).collect();
    Native::new(&Profile::new("bed", bootstrap)).unwrap()
}

/// Requests sent between two looks.
fn between(before: &Stats, after: &Stats) -> u64 {
    after.total() - before.total()
}

/// What lag is judged from, for these groups: how many offsets there were, and requests sent.
async fn lag_inputs(engine: &Native, groups: &[GroupListing]) -> (usize, u64) {
    let before = engine.stats();
    let listed = engine.groups().await.unwrap();
    assert!(listed.missing.is_empty(), "{:?}", listed.missing);
    let committed = engine.committed(groups).await.unwrap();
    assert!(committed.missing.is_empty(), "{:?}", committed.missing);
    let described = engine.describe_groups(groups).await.unwrap();
    assert_eq!(described.value.len(), groups.len());
    let queries: Vec<_> = wanted_partitions(&committed.value, Some(&described.value))
        .into_iter()
        .flat_map(|p| [(p.clone(), OffsetSpec::Earliest), (p, OffsetSpec::Latest)])
        .collect();
    let offsets = engine
        .offsets(&queries, Isolation::ReadUncommitted)
        .await
        .unwrap();
    assert!(offsets.missing.is_empty(), "{:?}", offsets.missing);
    assert_eq!(offsets.value.len(), queries.len());
    let found = committed.value.iter().map(|g| g.offsets.len()).sum();
    (found, between(&before, &engine.stats()))
}

#[tokio::test(flavor = "multi_thread")]
async fn lag_of_a_hundred_groups_costs_as_many_requests_as_that_of_ten() {
    let bed = exclusive();
    let topics: Vec<String> = (0..4).map(|_| bed.name("cost")).collect();
    let plans: Vec<_> = topics.iter().map(|t| TopicPlan::new(t, 3)).collect();
    bed.plant_topics(&plans).unwrap();
    let stem = bed.name("cost-group");
    let plan = |n: usize| {
        let group = CommitPlan::new(&format!("{stem}-{n:03}"));
        topics
            .iter()
            .flat_map(|topic| (0..3).map(move |partition| (topic, partition)))
            .fold(group, |group, (topic, partition)| {
                group.at(topic, partition, 0)
            })
    };
    bed.commit(&(0..MANY).map(plan).collect::<Vec<_>>())
        .unwrap();

    let engine = engine(&bed);
    let all = engine.groups().await.unwrap().value;
    let own: Vec<GroupListing> = all
        .into_iter()
        .filter(|g| g.group.starts_with(&stem))
        .collect();
    assert_eq!(own.len(), MANY);
    // Connections and what is known of leaders and coordinators are there from here on.
    lag_inputs(&engine, &own).await;
    let (offsets, many) = lag_inputs(&engine, &own).await;
    assert_eq!(offsets, MANY * 12);
    let (offsets, few) = lag_inputs(&engine, &own[..FEW]).await;
    assert_eq!(offsets, FEW * 12);
    assert!(many <= 20, "{many} requests for {MANY} groups");
    assert_eq!(many, few, "requests for {MANY} and for {FEW} groups");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_topics_are_one_metadata_request() {
    let bed = exclusive();
    let plans: Vec<_> = (0..30)
        .map(|_| TopicPlan::new(&bed.name("many"), 2).replication(1))
        .collect();
    bed.plant_topics(&plans).unwrap();
    let engine = engine(&bed);
    engine.cluster().await.unwrap();
    let before = engine.stats();
    let topics = engine.topics(&TopicSelection::All).await.unwrap();
    assert!(topics.value.len() >= 30, "{}", topics.value.len());
    let after = engine.stats();
    assert_eq!(between(&before, &after), 1, "{before:?} then {after:?}");
    assert_eq!(after.sent(METADATA) - before.sent(METADATA), 1);
}

/// Requests by API of one whole call by a new process, its connections included.
async fn call(bed: &Bed, words: &[&str]) -> (String, BTreeMap<String, usize>) {
    let bootstrap = bed.bootstrap(Listener::Plaintext);
    let options = ["call", "--bootstrap", &bootstrap, "--log", "requests=debug"];
    let ran = run(&[&options, words].concat()).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let mut apis: BTreeMap<String, usize> = BTreeMap::new();
    for line in ran.stderr.lines() {
        if let Some((_, rest)) = line.split_once("api=\"") {
            let name = rest.split('"').next().unwrap();
            *apis.entry(name.into()).or_default() += 1;
        }
    }
    (ran.stdout, apis)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_call_for_all_topics_is_one_metadata_request_beyond_connecting() {
    let bed = exclusive();
    let stem = bed.name("whole");
    let plans: Vec<_> = (0..60)
        .map(|n| TopicPlan::new(&format!("{stem}-{n}"), 2).replication(1))
        .collect();
    bed.plant_topics(&plans).unwrap();
    let pattern = format!("{stem}*");
    let (text, mut apis) = call(&bed, &["kafka_topic_list", "--pattern", &pattern]).await;
    assert!(text.starts_with("60 topics"), "{text}");
    // On a slow machine a second and a third address are dialled beside the first.
    let connecting = apis.remove("ApiVersions").unwrap_or_default();
    assert!((1..=3).contains(&connecting), "{connecting}");
    assert_eq!(apis, [("Metadata".to_owned(), 1)].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_scan_sends_no_more_requests_and_leaves_no_connections() {
    let bed = exclusive();
    let topic = bed.plant_topic("dropped", 3).unwrap();
    // More than one fetch of a partition brings.
    let value = "x".repeat(4 << 10);
    let records: Vec<_> = (0..12_000)
        .map(|n| RecordPlan::value(&value).partition(n % 3))
        .collect();
    bed.produce(&topic, &records).unwrap();
    let request = ScanRequest {
        topic: topic.clone(),
        ranges: (0..3)
            .map(|partition| PartitionRange {
                partition,
                start: 0,
                end: 4_000,
            })
            .collect(),
        predicate: Some(Predicate::parse(&["value contains no-such-thing".to_owned()]).unwrap()),
        isolation: Isolation::ReadUncommitted,
        order: ScanOrder::Earliest,
        limit: Some(1),
        max_bytes: None,
        payload_limit_bytes: 1024,
        progress: None,
    };
    let engine = engine(&bed);
    let deadline = || (Instant::now() + Duration::from_secs(30)).into();
    let whole_before = engine.stats();
    let report = engine.scan(&request, deadline()).await.unwrap();
    assert_eq!(report.records_scanned, 12_000);
    let whole = engine.stats().sent(1) - whole_before.sent(1);

    let mut spared = false;
    for _ in 0..20 {
        let before = engine.stats().sent(1);
        let mut scan = Box::pin(engine.scan(&request, deadline()));
        // In flight: at least one fetch has left.
        while engine.stats().sent(1) == before {
            let turn = tokio::time::timeout(Duration::from_millis(1), &mut scan).await;
            assert!(turn.is_err(), "the scan ended without a fetch");
        }
        drop(scan);
        let at_drop = engine.stats();
        // Other questions are answered over the same connections, and nothing else is sent meanwhile.
        engine
            .topics(&TopicSelection::Named(vec![topic.clone()]))
            .await
            .unwrap();
        let after = engine.stats();
        assert_eq!(
            after.sent(1),
            at_drop.sent(1),
            "fetches after the scan was dropped"
        );
        spared |= after.sent(1) - before < whole;
        assert!(after.connections_open <= 6, "{after:?}");
    }
    assert!(spared, "no scan was dropped before its last fetch");
    // That something does not happen can only be watched for a while.
    let at_rest = engine.stats();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(engine.stats(), at_rest);
}

/// All tools over an engine whose requests are counted.
fn tools_on(engine: &Native) -> Dispatcher {
    let profile = Profile::new("bed", vec!["127.0.0.1:1".into()]);
    let cluster = Cluster::new(profile, false).with_engine(Arc::new(engine.clone()));
    let all = Selection {
        toolsets: Some(vec!["all".into()]),
        ..Selection::default()
    };
    let surface = Surface::choose(tools::all(), &all).unwrap();
    let clusters = Arc::new(Clusters::new([cluster], None));
    Dispatcher::new(Arc::new(surface), clusters, Bounds::default())
}

/// What a call answers, and how many requests it sent.
async fn counted(engine: &Native, tool: &str, arguments: Value) -> (Value, u64) {
    let before = engine.stats();
    let Value::Object(arguments) = arguments else {
        panic!("arguments are an object")
    };
    let never = CancellationToken::new();
    let reply = tools_on(engine).call(tool, arguments, never).await.unwrap();
    (reply.structured, between(&before, &engine.stats()))
}

#[tokio::test(flavor = "multi_thread")]
async fn lag_of_a_thousand_groups_costs_at_most_thirty_requests() {
    let bed = exclusive();
    let topics: Vec<String> = (0..10).map(|_| bed.name("thousand")).collect();
    let plans: Vec<_> = topics.iter().map(|t| TopicPlan::new(t, 10)).collect();
    bed.plant_topics(&plans).unwrap();
    for topic in &topics {
        let records: Vec<_> = (0..400)
            .map(|n| RecordPlan::value("v").partition(n % 10))
            .collect();
        bed.produce(topic, &records).unwrap();
    }
    let stem = bed.name("thousand");
    let plan = |n: usize| {
        // Everybody stands elsewhere, so that no two groups share a position.
        let offset = i64::try_from(n % 40).unwrap();
        let group = CommitPlan::new(&format!("{stem}-{n:04}"));
        topics
            .iter()
            .flat_map(|topic| (0..10).map(move |partition| (topic, partition)))
            .fold(group, |group, (topic, partition)| {
                group.at(topic, partition, offset)
            })
    };
    bed.commit(&(0..1_000).map(plan).collect::<Vec<_>>())
        .unwrap();

    // Cold: connections and all that has to be learnt first are counted.
    let engine = engine(&bed);
    let (answer, requests) = counted(&engine, "kafka_group_lag", json!({"group": stem})).await;
    assert_eq!(answer["total"], 1_000);
    let rows = answer["groups"].as_array().unwrap();
    assert_eq!(rows.len(), 30);
    for row in rows {
        let lag = row["lag"].as_i64().unwrap();
        assert!(lag == 100 * 40 || lag == 100 * 39, "{row:#}");
        assert_eq!(row["members"], 0, "{row:#}");
        assert!(row["max_time_lag_ms"].is_i64(), "{row:#}");
        assert_eq!(row["outlook"]["loss"]["by"], "retention_ms", "{row:#}");
    }
    assert!(requests <= 30, "{requests} requests: {:?}", engine.stats());
    // So many would be in the way of others.
    let bootstrap = bed.bootstrap(Listener::Plaintext);
    bed.python(REMOVE, &[&bootstrap, &stem]).unwrap();
    bed.drop_topics(&topics).unwrap();
}

/// Arguments: bootstrap, beginning of the names of the groups to delete.
const REMOVE: &str = r#"
import sys
from confluent_kafka.admin import AdminClient
admin = AdminClient({'bootstrap.servers': sys.argv[1]})
groups = [g.group_id for g in admin.list_consumer_groups().result(30).valid if g.group_id.startswith(sys.argv[2])]
for deleted in admin.delete_consumer_groups(groups, request_timeout=30).values():
    deleted.result(30)
"#;
