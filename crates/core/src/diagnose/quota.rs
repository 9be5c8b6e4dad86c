//! Client quotas: units, and which of several holds (KIP-55, KIP-546).
//!
//! Kafka looks for each key by itself, from the most specific entity to the least, and takes the
//! first that has it. A broker's own callback class may decide otherwise.

use crate::model::{Quota, QuotaEntity, QuotaKind};

/// Unit of a key; `None` for a key that this version does not know.
pub fn unit(key: &str) -> Option<&'static str> {
    Some(match key {
        "producer_byte_rate" | "consumer_byte_rate" => "bytes/s",
        "request_percentage" => "% of one thread",
        "controller_mutation_rate" => "partitions created or deleted/s",
        "connection_creation_rate" => "connections/s",
        _ => return None,
    })
}

/// Place in Kafka's order of search, 0 first. Addresses have an order of their own, behind it.
pub fn place(entity: &[QuotaEntity]) -> u8 {
    let part = |kind| entity.iter().find(|e| e.kind == kind);
    let named = |kind| part(kind).map(|e| e.name.is_some());
    match (
        named(QuotaKind::User),
        named(QuotaKind::ClientId),
        named(QuotaKind::Ip),
    ) {
        (Some(true), Some(true), _) => 0,
        (Some(true), Some(false), _) => 1,
        (Some(true), None, _) => 2,
        (Some(false), Some(true), _) => 3,
        (Some(false), Some(false), _) => 4,
        (Some(false), None, _) => 5,
        (None, Some(true), _) => 6,
        (None, Some(false), _) => 7,
        (None, None, Some(true)) => 8,
        (None, None, Some(false)) => 9,
        (None, None, None) => 10,
    }
}

/// Whose quotas are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Client<'a> {
    /// Authenticated user.
    pub user: Option<&'a str>,
    /// Client id.
    pub client_id: Option<&'a str>,
    /// Address.
    pub ip: Option<&'a str>,
}

impl Client<'_> {
    /// Whether a quota may hold for it: each part of the entity is the asked name or the default.
    /// What was not asked for may be anything, but who asks for a user does not ask for addresses,
    /// and the other way round.
    pub fn may_have(&self, entity: &[QuotaEntity]) -> bool {
        let asked = |kind| match kind {
            QuotaKind::User => self.user,
            QuotaKind::ClientId => self.client_id,
            QuotaKind::Ip => self.ip,
            QuotaKind::Unknown => None,
        };
        if *self == Client::default() {
            return true;
        }
        let by_name = self.user.is_some() || self.client_id.is_some();
        entity.iter().all(|part| {
            let side = if part.kind == QuotaKind::Ip {
                self.ip.is_some()
            } else {
                by_name
            };
            let fits = |wanted: &str| part.name.as_deref().is_none_or(|name| name == wanted);
            side && asked(part.kind).is_none_or(fits)
        })
    }

    /// Whether one quota a key can be told to hold: all that Kafka looks for is known.
    fn whole(&self, entity: &[QuotaEntity]) -> bool {
        if entity.iter().any(|part| part.kind == QuotaKind::Ip) {
            return self.ip.is_some();
        }
        self.user.is_some() && self.client_id.is_some()
    }

    /// Whether this key of the quota at `at` is the one in force. `None` where not all is known
    /// that Kafka goes by. `quotas` holds all that [`Client::may_have`] lets pass.
    pub fn in_force(&self, quotas: &[Quota], at: usize, key: &str) -> Option<bool> {
        let own = quotas.get(at).filter(|own| self.whole(&own.entity))?;
        let by_ip = |q: &Quota| q.entity.iter().any(|part| part.kind == QuotaKind::Ip);
        let rivals = quotas
            .iter()
            .filter(|q| by_ip(q) == by_ip(own) && q.values.iter().any(|v| v.key == key));
        rivals
            .map(|q| place(&q.entity))
            .min()
            .map(|first| first == place(&own.entity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::QuotaValue;

    fn part(kind: QuotaKind, name: &str) -> QuotaEntity {
        QuotaEntity {
            kind,
            name: (name != "-").then(|| name.into()),
        }
    }

    fn quota(parts: &[(QuotaKind, &str)], keys: &[&str]) -> Quota {
        let value = |key: &&str| QuotaValue {
            key: (*key).into(),
            value: 1.0,
        };
        Quota {
            entity: parts.iter().map(|(k, n)| part(*k, n)).collect(),
            values: keys.iter().map(value).collect(),
        }
    }

    use QuotaKind::{ClientId, Ip, User};

    #[test]
    fn the_most_specific_entity_is_searched_first() {
        let order: [&[(QuotaKind, &str)]; 10] = [
            &[(User, "a"), (ClientId, "c")],
            &[(User, "a"), (ClientId, "-")],
            &[(User, "a")],
            &[(User, "-"), (ClientId, "c")],
            &[(User, "-"), (ClientId, "-")],
            &[(User, "-")],
            &[(ClientId, "c")],
            &[(ClientId, "-")],
            &[(Ip, "10.0.0.1")],
            &[(Ip, "-")],
        ];
        let places: Vec<u8> = order.iter().map(|o| place(&quota(o, &[]).entity)).collect();
        assert_eq!(places, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn who_asks_for_a_user_gets_its_own_and_the_defaults() {
        let alice = Client {
            user: Some("alice"),
            ..Client::default()
        };
        for (parts, expected) in [
            (vec![(User, "alice")], true),
            (vec![(User, "bob")], false),
            (vec![(User, "-")], true),
            (vec![(User, "alice"), (ClientId, "x")], true),
            (vec![(User, "bob"), (ClientId, "x")], false),
            (vec![(ClientId, "x")], true),
            (vec![(Ip, "-")], false),
        ] {
            let entity = quota(&parts, &[]).entity;
            assert_eq!(alice.may_have(&entity), expected, "{parts:?}");
            assert!(Client::default().may_have(&entity));
        }
        let from = Client {
            ip: Some("10.0.0.1"),
            ..Client::default()
        };
        assert!(from.may_have(&quota(&[(Ip, "-")], &[]).entity));
        assert!(!from.may_have(&quota(&[(Ip, "10.0.0.2")], &[]).entity));
        assert!(!from.may_have(&quota(&[(User, "-")], &[]).entity));
    }

    #[test]
    fn each_key_is_searched_by_itself() {
        let quotas = [
            quota(&[(User, "a"), (ClientId, "-")], &["consumer_byte_rate"]),
            quota(
                &[(User, "a")],
                &["consumer_byte_rate", "producer_byte_rate"],
            ),
            quota(&[(ClientId, "c")], &["producer_byte_rate"]),
            quota(&[(Ip, "-")], &["connection_creation_rate"]),
        ];
        let client = Client {
            user: Some("a"),
            client_id: Some("c"),
            ip: None,
        };
        let force = |at, key| client.in_force(&quotas, at, key);
        assert_eq!(force(0, "consumer_byte_rate"), Some(true));
        assert_eq!(force(1, "consumer_byte_rate"), Some(false));
        assert_eq!(force(1, "producer_byte_rate"), Some(true));
        assert_eq!(force(2, "producer_byte_rate"), Some(false));
        assert_eq!(force(3, "connection_creation_rate"), None);
        let half = Client {
            user: Some("a"),
            ..Client::default()
        };
        assert_eq!(half.in_force(&quotas, 0, "consumer_byte_rate"), None);
    }
}
