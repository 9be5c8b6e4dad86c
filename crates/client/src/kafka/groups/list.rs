//! ListGroups on every broker.

use super::super::KafkaError;
use super::super::code::{COORDINATOR_LOADING, COORDINATOR_NOT_AVAILABLE, code};
use super::super::coordinated::coordinated;
use super::super::route::{Router, TRIES, back_off};
use futures::future::join_all;
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{ConsumerGroupDescribeRequest, ListGroupsRequest};
use kafka_protocol::protocol::Request;
use kafkaweave_core::model::{GroupListing, GroupType, Partial};

/// From this version on an answer carries states (KIP-518).
const WITH_STATE: i16 = 4;
/// From this version on an answer carries types (KIP-848).
const WITH_TYPE: i16 = 5;
/// Kafka's own word for a state that is not known.
const UNKNOWN_STATE: &str = "Unknown";

/// Groups of every type, by name.
///
/// # Errors
/// When no broker gave its groups.
pub(crate) async fn list(router: &Router) -> Result<Partial<Vec<GroupListing>>, KafkaError> {
    let brokers = router.brokers().await?;
    let outcomes = join_all(brokers.into_iter().map(|id| of_broker(router, id))).await;
    coordinated(outcomes, "groups", |one| one.group.clone())
}

async fn of_broker(router: &Router, broker: i32) -> (i32, Result<Vec<GroupListing>, KafkaError>) {
    (broker, listed_by(router, broker).await)
}

async fn listed_by(router: &Router, broker: i32) -> Result<Vec<GroupListing>, KafkaError> {
    let mut attempt = 1;
    loop {
        let (answer, version) = router
            .call(broker, |_| ListGroupsRequest::default())
            .await?;
        match answer.error_code {
            0 => {
                let classic_only = version < WITH_TYPE
                    && router
                        .broker(broker)
                        .await?
                        .offers(ConsumerGroupDescribeRequest::KEY)
                        .is_none();
                return Ok(answer
                    .groups
                    .iter()
                    .map(|group| listing(group, version, classic_only, broker))
                    .collect());
            }
            COORDINATOR_LOADING | COORDINATOR_NOT_AVAILABLE if attempt < TRIES => {
                tokio::time::sleep(back_off(attempt)).await;
                attempt += 1;
            }
            number => {
                let subject = format!("broker {broker}");
                let error = code(number, "ListGroups", &subject, None);
                return error.map_or_else(|| Ok(Vec::new()), Err);
            }
        }
    }
}

/// `classic_only`: the broker is from before there was another type.
fn listing(group: &ListedGroup, version: i16, classic_only: bool, broker: i32) -> GroupListing {
    GroupListing {
        group: group.group_id.to_string(),
        group_type: if version >= WITH_TYPE {
            group_type(&group.group_type)
        } else if classic_only {
            GroupType::Classic
        } else {
            GroupType::Unknown
        },
        state: if version >= WITH_STATE {
            group.group_state.to_string()
        } else {
            UNKNOWN_STATE.into()
        },
        protocol_type: group.protocol_type.to_string(),
        coordinator: broker,
    }
}

/// A type by Kafka's name of it; letter case has differed between versions.
fn group_type(name: &str) -> GroupType {
    match name.to_ascii_lowercase().as_str() {
        "classic" => GroupType::Classic,
        "consumer" => GroupType::Consumer,
        "share" => GroupType::Share,
        "streams" => GroupType::Streams,
        _ => GroupType::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::super::group_id;
    use super::*;
    use bytes::BytesMut;
    use kafka_protocol::protocol::{Encodable, Message, StrBytes};

    #[test]
    fn the_request_is_encoded_at_every_version() {
        for version in ListGroupsRequest::VERSIONS.min..=ListGroupsRequest::VERSIONS.max {
            let encoded = ListGroupsRequest::default().encode(&mut BytesMut::new(), version);
            assert!(encoded.is_ok(), "version {version}: {encoded:?}");
        }
    }

    #[test]
    fn type_and_state_are_unknown_where_the_version_has_none_unless_only_classic_exists() {
        let group = |kind: &'static str, state: &'static str| {
            ListedGroup::default()
                .with_group_id(group_id("g"))
                .with_protocol_type(StrBytes::from_static_str("consumer"))
                .with_group_type(StrBytes::from_static_str(kind))
                .with_group_state(StrBytes::from_static_str(state))
        };
        for (kind, version, classic_only, expected) in [
            ("classic", 5, false, (GroupType::Classic, "Stable")),
            ("Consumer", 5, false, (GroupType::Consumer, "Stable")),
            ("share", 5, false, (GroupType::Share, "Stable")),
            ("streams", 5, false, (GroupType::Streams, "Stable")),
            ("of tomorrow", 5, false, (GroupType::Unknown, "Stable")),
            ("", 4, true, (GroupType::Classic, "Stable")),
            ("", 4, false, (GroupType::Unknown, "Stable")),
            ("", 3, true, (GroupType::Classic, "Unknown")),
        ] {
            let state = if version >= 4 { "Stable" } else { "" };
            let listing = listing(&group(kind, state), version, classic_only, 2);
            assert_eq!(
                (listing.group_type, listing.state.as_str()),
                expected,
                "{kind} {version}"
            );
        }
    }
}
