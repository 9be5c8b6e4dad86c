//! Topics come, grow and go.

use kafka_protocol::messages::*;
use uuid::Uuid;

use super::each;
use crate::client::{Bed, name, text};

#[tokio::test]
async fn topics_come_grow_and_go() {
    let bed = Bed::empty().await;
    use create_topics_request::{CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig};
    let topic = |topic: &str, partitions, factor| {
        CreatableTopic::default()
            .with_name(name(topic))
            .with_num_partitions(partitions)
            .with_replication_factor(factor)
    };
    let create = |validate_only: bool| {
        move |version: i16| {
            let setting = CreatableTopicConfig::default()
                .with_name(text("retention.ms"))
                .with_value(Some(text("1000")));
            let wrong = CreatableTopicConfig::default()
                .with_name(text("no.such"))
                .with_value(Some(text("1")));
            let placed = CreatableReplicaAssignment::default()
                .with_broker_ids(vec![BrokerId(2), BrokerId(3)]);
            CreateTopicsRequest::default()
                .with_timeout_ms(1_000)
                .with_validate_only(validate_only)
                .with_topics(vec![
                    topic(&format!("t{version}"), 2, 3).with_configs(vec![setting]),
                    topic("bad name", 1, 1),
                    topic(&format!("u{version}"), 0, 1),
                    topic(&format!("w{version}"), 1, 4),
                    topic(&format!("x{version}"), 1, 1).with_configs(vec![wrong]),
                    topic(&format!("y{version}"), -1, -1).with_assignments(vec![placed]),
                ])
        }
    };
    for validate_only in [true, false, false] {
        // The second real attempt finds them there.
        let exists = bed.metadata("t7").await.error_code == 0;
        each(&bed, 1, create(validate_only), |response, version| {
            let codes: Vec<i16> = response
                .topics
                .iter()
                .map(|topic| topic.error_code)
                .collect();
            if exists {
                assert_eq!(codes, [36, 17, 37, 38, 40, 36]);
            } else {
                assert_eq!(codes, [0, 17, 37, 38, 40, 0]);
                assert_eq!(
                    response.topics[0].num_partitions,
                    if version >= 5 { 2 } else { -1 }
                );
                assert_eq!(
                    response.topics[0].topic_id.is_nil(),
                    validate_only || version < 7
                );
            }
        })
        .await;
    }
    assert_eq!(
        bed.metadata("y7").await.partitions[0].replica_nodes,
        [BrokerId(2), BrokerId(3)]
    );
    use create_partitions_request::{CreatePartitionsAssignment, CreatePartitionsTopic};
    each(
        &bed,
        1,
        |version| {
            let more = |topic: String, count| {
                CreatePartitionsTopic::default()
                    .with_name(name(&topic))
                    .with_count(count)
            };
            let placed = CreatePartitionsAssignment::default()
                .with_broker_ids(vec![BrokerId(1), BrokerId(2)]);
            CreatePartitionsRequest::default()
                .with_timeout_ms(1_000)
                .with_topics(vec![
                    more(format!("t{}", version + 2), 4).with_assignments(None),
                    more(format!("y{}", version + 2), 2).with_assignments(Some(vec![placed])),
                    more("t6".to_owned(), 1).with_assignments(None),
                    more("no-such".to_owned(), 9).with_assignments(None),
                ])
        },
        |response, _| {
            let codes: Vec<i16> = response
                .results
                .iter()
                .map(|topic| topic.error_code)
                .collect();
            assert_eq!(codes, [0, 0, 37, 3]);
        },
    )
    .await;
    assert_eq!(bed.metadata("t3").await.partitions.len(), 4);
    let id = bed.metadata("t7").await.topic_id;
    use delete_topics_request::DeleteTopicState;
    each(
        &bed,
        1,
        |version| {
            let request = DeleteTopicsRequest::default().with_timeout_ms(1_000);
            if version < 6 {
                return request
                    .with_topic_names(vec![name(&format!("t{version}")), name("no-such")]);
            }
            let by_id = |id| {
                DeleteTopicState::default()
                    .with_topic_id(id)
                    .with_name(None)
            };
            request.with_topics(vec![
                by_id(id),
                DeleteTopicState::default().with_name(Some(name("no-such"))),
                by_id(Uuid::from_u128(9)),
                DeleteTopicState::default().with_name(Some(name("__consumer_offsets"))),
            ])
        },
        |response, version| {
            let codes: Vec<i16> = response
                .responses
                .iter()
                .map(|topic| topic.error_code)
                .collect();
            match version {
                6 => assert_eq!(codes, [0, 3, 100, 44]),
                2..=5 => assert_eq!(codes, [0, 3]),
                _ => assert_eq!(codes, [3, 3], "there is no t1"),
            }
        },
    )
    .await;
}
