//! What is asked of every broker at once, or divided among them.

use super::*;
use kafka_protocol::messages::ApiVersionsRequest;
use std::collections::BTreeSet;

fn topics(count: usize) -> Vec<ConfigResource> {
    (0..count)
        .map(|n| ConfigResource {
            kind: ResourceKind::Topic,
            name: format!("t-{n:05}"),
        })
        .collect()
}

#[tokio::test]
async fn configs_of_many_topics_are_pages_divided_among_the_brokers() {
    let (_, native) = cluster().await;
    let resources = topics(2_500);
    let read = native.configs(&resources, None, false).await.unwrap();
    assert!(read.missing.is_empty(), "{:?}", read.missing);
    assert_eq!(native.stats().sent(DescribeConfigsRequest::KEY), 3);
    let names: Vec<_> = read.value.iter().map(|c| &c.resource).collect();
    assert_eq!(names, resources.iter().collect::<Vec<_>>());
    let brokers: BTreeSet<_> = read
        .value
        .iter()
        .filter_map(|c| c.entries[1].value.as_deref())
        .collect();
    assert_eq!(brokers, BTreeSet::from(["1", "2"]));
}

#[tokio::test]
async fn the_page_of_a_frozen_broker_is_answered_by_another() {
    let (script, native) = cluster().await;
    let resources = topics(1_001);
    native.configs(&resources, None, false).await.unwrap();
    script.frozen.store(true, Ordering::SeqCst);
    let read = native.configs(&resources, None, false).await.unwrap();
    assert!(read.missing.is_empty(), "{:?}", read.missing);
    assert_eq!(read.value.len(), resources.len());
    assert_eq!(read.value[1_000].entries[1].value.as_deref(), Some("1"));
}

#[tokio::test]
async fn the_features_of_each_broker_are_asked_at_once_and_a_frozen_one_is_a_gap() {
    let (script, native) = cluster().await;
    let read = native.features().await.unwrap();
    let brokers: Vec<_> = read.value.iter().map(|s| s.broker).collect();
    assert_eq!((brokers, read.missing.len()), (vec![1, 2], 1));
    assert!(read.missing[0].why.contains("fenced"), "broker 3");
    assert!(read.value.iter().all(|s| s.kafka_version.is_some()));
    let before = native.stats().sent(ApiVersionsRequest::KEY);
    native.features().await.unwrap();
    let asked = native.stats().sent(ApiVersionsRequest::KEY) - before;
    assert_eq!(asked, 2, "one request for each");
    script.frozen.store(true, Ordering::SeqCst);
    let read = native.features().await.unwrap();
    assert_eq!(read.value.len(), 1);
    assert_eq!(read.missing[0].what, "features of broker 2");
    assert_eq!(read.missing[0].broker, Some(2));
    assert!(
        read.missing[0].why.contains("no answer to ApiVersions"),
        "{:?}",
        read.missing
    );
}
