//! Reads about groups, and their offsets.

use kafka_protocol::messages::*;

use super::each;
use crate::client::{Bed, group, name, text};

#[tokio::test]
async fn group_reads_and_offsets() {
    let bed = Bed::quiet().await;
    let node = bed.coordinator_id("billing").await;
    let other = node % 3 + 1;
    each(
        &bed,
        1,
        |version| {
            let request = FindCoordinatorRequest::default();
            if version >= 4 {
                request.with_coordinator_keys(vec![text("billing"), text("x")])
            } else {
                request.with_key(text("billing"))
            }
        },
        |response, version| {
            if version >= 4 {
                assert_eq!(response.coordinators.len(), 2);
                assert_eq!(
                    (
                        response.coordinators[0].node_id.0,
                        response.coordinators[0].error_code
                    ),
                    (node, 0)
                );
            } else {
                assert_eq!((response.node_id.0, response.error_code), (node, 0));
            }
        },
    )
    .await;
    let list = |states: &'static [&'static str], types: &'static [&'static str]| {
        move |version: i16| {
            let request = ListGroupsRequest::default();
            let request = if version >= 4 {
                request.with_states_filter(states.iter().map(|state| text(state)).collect())
            } else {
                request
            };
            if version >= 5 {
                request.with_types_filter(types.iter().map(|kind| text(kind)).collect())
            } else {
                request
            }
        }
    };
    let has = |response: ListGroupsResponse| {
        response
            .groups
            .iter()
            .any(|listed| listed.group_id.as_str() == "billing")
    };
    each(&bed, node, list(&[], &[]), |response, _| {
        assert!(has(response))
    })
    .await;
    each(&bed, other, list(&[], &[]), |response, _| {
        assert!(!has(response))
    })
    .await;
    each(
        &bed,
        node,
        list(&["stable"], &["Classic"]),
        |response, _| assert!(has(response)),
    )
    .await;
    each(&bed, node, list(&["Empty"], &[]), |response, version| {
        assert_eq!(has(response), version < 4)
    })
    .await;
    each(&bed, node, list(&[], &["consumer"]), |response, version| {
        assert_eq!(has(response), version < 5)
    })
    .await;
    let describe = |id: &'static str| {
        move |version: i16| {
            let request = DescribeGroupsRequest::default().with_groups(vec![group(id)]);
            if version >= 3 {
                request.with_include_authorized_operations(true)
            } else {
                request
            }
        }
    };
    each(&bed, node, describe("billing"), |response, version| {
        let row = &response.groups[0];
        assert_eq!(
            (
                row.error_code,
                row.group_state.as_str(),
                row.protocol_data.as_str()
            ),
            (0, "Stable", "range")
        );
        assert_eq!(
            (row.members.len(), row.authorized_operations),
            (2, if version >= 3 { 3400 } else { i32::MIN })
        );
        assert!(
            row.members
                .iter()
                .all(|member| !member.member_assignment.is_empty())
        );
    })
    .await;
    each(&bed, other, describe("billing"), |response, _| {
        assert_eq!(response.groups[0].error_code, 16)
    })
    .await;
    let nobody = [
        "nobody", "nobody-1", "nobody-2", "nobody-3", "nobody-4", "nobody-5", "nobody-6",
    ];
    let mut absent = "";
    for id in nobody {
        if bed.coordinator_id(id).await == node {
            absent = id;
        }
    }
    assert!(!absent.is_empty());
    each(&bed, node, describe(absent), |response, version| {
        assert_eq!(
            (
                response.groups[0].error_code,
                response.groups[0].group_state.as_str()
            ),
            (if version >= 6 { 69 } else { 0 }, "Dead")
        );
    })
    .await;
    each(
        &bed,
        node,
        |_| ConsumerGroupDescribeRequest::default().with_group_ids(vec![group("billing")]),
        |response, _| assert_eq!(response.groups[0].error_code, 69),
    )
    .await;

    let commit = |version: i16| {
        use offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
        let row = |index| {
            let row = OffsetCommitRequestPartition::default()
                .with_partition_index(index)
                .with_committed_offset(100 + i64::from(version));
            let row = row.with_committed_metadata(Some(text("note")));
            if version >= 6 {
                row.with_committed_leader_epoch(3)
            } else {
                row
            }
        };
        let topic = OffsetCommitRequestTopic::default()
            .with_name(name("orders"))
            .with_partitions(vec![row(0), row(77)]);
        OffsetCommitRequest::default()
            .with_group_id(group(absent))
            .with_generation_id_or_member_epoch(-1)
            .with_topics(vec![topic])
    };
    each(&bed, node, commit, |response, _| {
        let codes: Vec<i16> = response.topics[0]
            .partitions
            .iter()
            .map(|row| row.error_code)
            .collect();
        assert_eq!(codes, [0, 3]);
    })
    .await;
    each(&bed, other, commit, |response, _| {
        assert_eq!(response.topics[0].partitions[0].error_code, 16)
    })
    .await;
    let fetch = |all: bool| {
        move |version: i16| {
            use offset_fetch_request::{
                OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
            };
            if version >= 8 {
                let topic = OffsetFetchRequestTopics::default()
                    .with_name(name("orders"))
                    .with_partition_indexes(vec![0, 1]);
                let of = |id| {
                    let row = OffsetFetchRequestGroup::default()
                        .with_group_id(group(id))
                        .with_topics((!all).then(|| vec![topic.clone()]));
                    if version >= 9 {
                        row.with_member_id(None).with_member_epoch(-1)
                    } else {
                        row
                    }
                };
                return OffsetFetchRequest::default().with_groups(vec![of(absent), of("billing")]);
            }
            let topic = OffsetFetchRequestTopic::default()
                .with_name(name("orders"))
                .with_partition_indexes(vec![0, 1]);
            let topics = if all && version >= 2 {
                None
            } else {
                Some(vec![topic])
            };
            OffsetFetchRequest::default()
                .with_group_id(group(absent))
                .with_topics(topics)
        }
    };
    for all in [false, true] {
        each(&bed, node, fetch(all), |response, version| {
            let rows: Vec<(i64, i16)> = if version >= 8 {
                assert_eq!(
                    (response.groups.len(), response.groups[0].error_code),
                    (2, 0)
                );
                response.groups[0].topics[0]
                    .partitions
                    .iter()
                    .map(|row| (row.committed_offset, row.error_code))
                    .collect()
            } else {
                response.topics[0]
                    .partitions
                    .iter()
                    .map(|row| (row.committed_offset, row.error_code))
                    .collect()
            };
            assert_eq!(
                rows,
                if all && version >= 2 {
                    vec![(109, 0)]
                } else {
                    vec![(109, 0), (-1, 0)]
                }
            );
        })
        .await;
    }
    each(&bed, other, fetch(false), |response, version| {
        let error = match version {
            8.. => response.groups[0].error_code,
            2.. => response.error_code,
            _ => response.topics[0].partitions[0].error_code,
        };
        assert_eq!(error, 16);
    })
    .await;
    use offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
    each(
        &bed,
        node,
        |_| {
            let topic = OffsetDeleteRequestTopic::default()
                .with_name(name("payments"))
                .with_partitions(vec![OffsetDeleteRequestPartition::default()]);
            OffsetDeleteRequest::default()
                .with_group_id(group("billing"))
                .with_topics(vec![topic])
        },
        |response, _| {
            assert_eq!(
                (
                    response.error_code,
                    response.topics[0].partitions[0].error_code
                ),
                (0, 86)
            )
        },
    )
    .await;
    each(
        &bed,
        node,
        |version| {
            DeleteGroupsRequest::default().with_groups_names(vec![
                group("billing"),
                group(absent),
                group(if version == 0 { absent } else { "billing" }),
            ])
        },
        |response, version| {
            let codes: Vec<i16> = response.results.iter().map(|row| row.error_code).collect();
            assert_eq!(
                codes,
                if version == 0 {
                    [68, 0, 69]
                } else {
                    [68, 69, 68]
                }
            );
        },
    )
    .await;
}
