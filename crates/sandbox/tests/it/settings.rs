//! DescribeConfigs and IncrementalAlterConfigs.

use kafka_protocol::messages::*;

use crate::client::{Bed, name, text};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

fn describe(kind: i8, of: &str, keys: Option<&[&str]>, version: i16) -> DescribeConfigsRequest {
    let keys = keys.map(|keys| keys.iter().map(|key| text(key)).collect());
    let resource = describe_configs_request::DescribeConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(of))
        .with_configuration_keys(keys);
    let request = DescribeConfigsRequest::default()
        .with_resources(vec![resource])
        .with_include_synonyms(true);
    if version >= 3 {
        request.with_include_documentation(true)
    } else {
        request
    }
}

fn alter(
    kind: i8,
    of: &str,
    changes: &[(&str, i8, Option<&str>)],
    validate_only: bool,
) -> IncrementalAlterConfigsRequest {
    use incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
    let changes = changes.iter().map(|(key, operation, value)| {
        AlterableConfig::default()
            .with_name(text(key))
            .with_config_operation(*operation)
            .with_value(value.map(text))
    });
    let resource = AlterConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(of))
        .with_configs(changes.collect());
    IncrementalAlterConfigsRequest::default()
        .with_resources(vec![resource])
        .with_validate_only(validate_only)
}

#[tokio::test]
async fn settings_of_topics_and_brokers_are_described_at_every_version() {
    let bed = Bed::quiet().await;
    let mut wire = bed.node(2).await;
    for version in 1..=4 {
        let topic = wire
            .call(&describe(TOPIC, "payments", None, version), version)
            .await
            .results
            .remove(0);
        assert_eq!(topic.error_code, 0);
        assert!(topic.configs.len() >= 25, "{}", topic.configs.len());
        let key = topic
            .configs
            .iter()
            .find(|config| config.name.as_str() == "min.insync.replicas")
            .unwrap();
        assert_eq!(
            (key.value.as_deref(), key.config_source, key.synonyms.len()),
            (Some("2"), 1, 2)
        );
        assert_eq!(key.config_type, if version >= 3 { 3 } else { 0 });
        assert_eq!(
            key.documentation
                .as_ref()
                .is_some_and(|doc| !doc.is_empty()),
            version >= 3
        );
        let broker = wire
            .call(&describe(BROKER, "2", None, version), version)
            .await
            .results
            .remove(0);
        assert!(broker.configs.len() >= 25);
        let rack = broker
            .configs
            .iter()
            .find(|config| config.name.as_str() == "broker.rack")
            .unwrap();
        assert_eq!(
            (rack.value.as_deref(), rack.config_source, rack.read_only),
            (Some("sandbox-rack-2"), 4, true)
        );
        for (kind, of, code) in [
            (BROKER, "1", 42),
            (BROKER, "x", 42),
            (TOPIC, "no-such", 3),
            (99, "x", 42),
        ] {
            assert_eq!(
                wire.call(&describe(kind, of, None, version), version)
                    .await
                    .results[0]
                    .error_code,
                code
            );
        }
        let two = wire
            .call(
                &describe(
                    TOPIC,
                    "orders",
                    Some(&["retention.ms", "segment.ms"]),
                    version,
                ),
                version,
            )
            .await;
        assert_eq!(two.results[0].configs.len(), 2);
    }
}

#[tokio::test]
async fn changes_are_checked_applied_and_undone() {
    let bed = Bed::quiet().await;
    let mut wire = bed.node(1).await;
    for version in 0..=1 {
        for (changes, code) in [
            (("retention.ms", 0, Some("5000")), 0),
            (("retention.ms", 0, Some("soon")), 40),
            (("no.such.key", 0, Some("1")), 40),
            (("retention.ms", 0, None), 42),
            (("retention.ms", 2, Some("1")), 40),
            (("cleanup.policy", 2, Some("compact")), 0),
            (("retention.ms", 9, Some("1")), 42),
        ] {
            let response = wire
                .call(&alter(TOPIC, "orders", &[changes], false), version)
                .await;
            assert_eq!(response.responses[0].error_code, code, "{changes:?}");
        }
        let value = async |wire: &mut crate::client::Wire, key: &str| {
            let described = wire
                .call(&describe(TOPIC, "orders", Some(&[key]), 4), 4)
                .await;
            described.results[0].configs[0]
                .value
                .as_ref()
                .unwrap()
                .to_string()
        };
        assert_eq!(value(&mut wire, "retention.ms").await, "5000");
        assert_eq!(value(&mut wire, "cleanup.policy").await, "delete,compact");
        wire.call(
            &alter(TOPIC, "orders", &[("retention.ms", 0, Some("7"))], true),
            version,
        )
        .await;
        assert_eq!(
            value(&mut wire, "retention.ms").await,
            "5000",
            "validate only"
        );
        let undo = [
            ("retention.ms", 1, None),
            ("cleanup.policy", 3, Some("compact")),
        ];
        assert_eq!(
            wire.call(&alter(TOPIC, "orders", &undo, false), version)
                .await
                .responses[0]
                .error_code,
            0
        );
        assert_eq!(value(&mut wire, "retention.ms").await, "604800000");
        assert_eq!(value(&mut wire, "cleanup.policy").await, "delete");
        // One bad change spoils the resource's others.
        let mixed = [("segment.ms", 0, Some("9")), ("no.such.key", 0, Some("1"))];
        assert_eq!(
            wire.call(&alter(TOPIC, "orders", &mixed, false), version)
                .await
                .responses[0]
                .error_code,
            40
        );
        assert_eq!(value(&mut wire, "segment.ms").await, "604800000");
    }
    assert_eq!(
        wire.call(&alter(TOPIC, "no-such", &[], false), 1)
            .await
            .responses[0]
            .error_code,
        3
    );
    assert_eq!(
        wire.call(
            &alter(BROKER, "1", &[("log.dirs", 0, Some("/x"))], false),
            1
        )
        .await
        .responses[0]
            .error_code,
        42
    );
    // A cluster-wide default reaches topics without their own value.
    assert_eq!(
        wire.call(
            &alter(BROKER, "", &[("message.max.bytes", 0, Some("70"))], false),
            1
        )
        .await
        .responses[0]
            .error_code,
        0
    );
    bed.create("small", 1, &[]).await;
    use produce_request::{PartitionProduceData, TopicProduceData};
    let data = PartitionProduceData::default()
        .with_records(Some(crate::client::batch(&[("long enough", 1)])));
    let row = TopicProduceData::default()
        .with_name(name("small"))
        .with_partition_data(vec![data]);
    let request = ProduceRequest::default()
        .with_acks(1)
        .with_topic_data(vec![row]);
    let response = bed.leader("small", 0).await.call(&request, 9).await;
    assert_eq!(response.responses[0].partition_responses[0].error_code, 10);
    let defaults = wire.call(&describe(BROKER, "", None, 4), 4).await;
    assert_eq!(
        (
            defaults.results[0].configs.len(),
            defaults.results[0].configs[0].config_source
        ),
        (1, 3)
    );
}
