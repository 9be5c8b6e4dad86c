//! Client quotas (KIP-546). Any broker answers for the whole cluster.

use super::KafkaError;
use super::code::code;
use super::route::Router;
use kafka_protocol::messages::describe_client_quotas_request::ComponentData;
use kafka_protocol::messages::describe_client_quotas_response::EntryData;
use kafka_protocol::messages::{DescribeClientQuotasRequest, DescribeClientQuotasResponse};
use kafka_protocol::protocol::StrBytes;
use kafkaweave_core::model::{Quota, QuotaEntity, QuotaFilter, QuotaKind, QuotaMatch, QuotaValue};

/// Kinds by Kafka's names.
const KINDS: [(QuotaKind, &str); 3] = [
    (QuotaKind::User, "user"),
    (QuotaKind::ClientId, "client-id"),
    (QuotaKind::Ip, "ip"),
];

/// The request, the same in all versions.
pub(crate) fn describe(filter: &QuotaFilter, _version: i16) -> DescribeClientQuotasRequest {
    let part = |(kind, wanted): &(QuotaKind, QuotaMatch)| {
        let name = KINDS.iter().find(|(k, _)| k == kind);
        let (number, value) = match wanted {
            QuotaMatch::Named(name) => (0, Some(StrBytes::from_string(name.clone()))),
            QuotaMatch::Default => (1, None),
            QuotaMatch::Any => (2, None),
        };
        ComponentData::default()
            .with_entity_type(StrBytes::from_static_str(name.map_or("unknown", |n| n.1)))
            .with_match_type(number)
            .with_match(value)
    };
    DescribeClientQuotasRequest::default()
        .with_components(filter.parts.iter().map(part).collect())
        .with_strict(filter.strict)
}

/// Quotas by entity.
pub(crate) async fn quotas(
    router: &Router,
    filter: &QuotaFilter,
) -> Result<Vec<Quota>, KafkaError> {
    let (answer, _) = router.ask(|version| describe(filter, version)).await?;
    read(&answer)
}

fn read(answer: &DescribeClientQuotasResponse) -> Result<Vec<Quota>, KafkaError> {
    let text = answer.error_message.as_ref().map(StrBytes::as_str);
    if let Some(error) = code(
        answer.error_code,
        "DescribeClientQuotas",
        "the cluster",
        text,
    ) {
        return Err(error);
    }
    let mut quotas: Vec<_> = answer.entries.iter().flatten().map(quota).collect();
    quotas.sort_by(|a, b| a.entity.cmp(&b.entity));
    Ok(quotas)
}

fn quota(entry: &EntryData) -> Quota {
    let mut entity: Vec<_> = entry
        .entity
        .iter()
        .map(|part| {
            let kind = KINDS.iter().find(|(_, n)| *n == part.entity_type.as_str());
            QuotaEntity {
                kind: kind.map_or(QuotaKind::Unknown, |k| k.0),
                name: part.entity_name.as_ref().map(ToString::to_string),
            }
        })
        .collect();
    entity.sort();
    let mut values: Vec<_> = entry
        .values
        .iter()
        .map(|value| QuotaValue {
            key: value.key.to_string(),
            value: value.value,
        })
        .collect();
    values.sort_by(|a, b| a.key.cmp(&b.key));
    Quota { entity, values }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_protocol::messages::describe_client_quotas_response::{EntityData, ValueData};

    #[test]
    fn a_default_has_no_name_and_parts_come_in_one_order() {
        let part = |kind: &'static str, name: Option<&'static str>| {
            EntityData::default()
                .with_entity_type(StrBytes::from_static_str(kind))
                .with_entity_name(name.map(StrBytes::from_static_str))
        };
        let value = |key: &'static str| {
            ValueData::default()
                .with_key(StrBytes::from_static_str(key))
                .with_value(12.5)
        };
        let entry = EntryData::default()
            .with_entity(vec![
                part("new-kind", Some("x")),
                part("client-id", None),
                part("user", Some("alice")),
            ])
            .with_values(vec![
                value("request_percentage"),
                value("consumer_byte_rate"),
            ]);
        let answer = DescribeClientQuotasResponse::default().with_entries(Some(vec![entry]));
        let quota = read(&answer).unwrap().remove(0);
        let parts: Vec<_> = quota
            .entity
            .iter()
            .map(|e| (e.kind, e.name.as_deref()))
            .collect();
        assert_eq!(
            parts,
            [
                (QuotaKind::User, Some("alice")),
                (QuotaKind::ClientId, None),
                (QuotaKind::Unknown, Some("x"))
            ]
        );
        assert_eq!(quota.values[0].key, "consumer_byte_rate");
        assert_eq!(quota.values[1].value, 12.5);
    }

    #[test]
    fn a_refusal_is_no_empty_list() {
        let answer = DescribeClientQuotasResponse::default().with_error_code(31);
        assert!(matches!(
            read(&answer),
            Err(KafkaError::NotAuthorized { .. })
        ));
    }
}
