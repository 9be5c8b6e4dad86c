//! How a group's work lies on its members, and whether one of them holds up the rest.

use super::{GroupLag, PartitionLag};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A member is said to hold up its group from this share of the group's lag on, 0 to 1...
pub(crate) const HOLD_UP_SHARE: f64 = 0.5;

/// ...if that is also so many times the mean lag of the other members.
pub(crate) const HOLD_UP_TIMES: f64 = 3.0;

/// ...and if the oldest record that it has not read has waited for so long, where that is known, ms:
/// of a group in good health, too, some member has the most unread at any moment.
pub(crate) const HOLD_UP_MS: i64 = 10_000;

/// A member holds so many times the partitions of the mean member: the group is skewed.
pub const SKEW_TIMES: f64 = 1.5;

/// What a member carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberLoad {
    /// Member id.
    pub member_id: String,
    /// The client's own id.
    pub client_id: String,
    /// Address that the coordinator sees.
    pub host: String,
    /// Partitions that it holds.
    pub partitions: usize,
    /// Sum of their known lags, records; `None` when none is known.
    pub lag: Option<i64>,
}

/// How the members carry a group.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct MemberLoads {
    /// Those that hold partitions; most lag first.
    pub members: Vec<MemberLoad>,
    /// Members that hold none: there are more members than partitions, or an assignment is on its
    /// way. `None` when members are not known.
    pub idle: Option<usize>,
    /// Partitions of the fullest member over the mean of those that hold any; `None` without any.
    pub skew: Option<f64>,
    /// The member that holds up the rest, in words with its numbers.
    pub held_up_by: Option<String>,
}

/// Sums a group's partitions by the member that holds them. A partition shared by several members
/// (share groups) counts for the first.
pub fn member_loads(group: &GroupLag) -> MemberLoads {
    let mut by_member: BTreeMap<&str, MemberLoad> = BTreeMap::new();
    for row in &group.partitions {
        let Some(owner) = &row.owner else { continue };
        let load = by_member
            .entry(owner.member_id.as_str())
            .or_insert_with(|| MemberLoad {
                member_id: owner.member_id.clone(),
                client_id: owner.client_id.clone(),
                host: owner.host.trim_start_matches('/').to_owned(),
                partitions: 0,
                lag: None,
            });
        load.partitions += 1;
        if let Some(lag) = row.lag {
            load.lag = Some(load.lag.unwrap_or(0).saturating_add(lag));
        }
    }
    let mut members: Vec<MemberLoad> = by_member.into_values().collect();
    members.sort_by(|a, b| {
        b.lag
            .cmp(&a.lag)
            .then_with(|| a.member_id.cmp(&b.member_id))
    });
    let held: usize = members.iter().map(|m| m.partitions).sum();
    let most = members.iter().map(|m| m.partitions).max();
    MemberLoads {
        idle: group.members.map(|all| all.saturating_sub(members.len())),
        skew: most.map(|most| most as f64 * members.len() as f64 / held as f64),
        held_up_by: held_up_by(&members, &group.partitions),
        members,
    }
}

fn held_up_by(members: &[MemberLoad], rows: &[PartitionLag]) -> Option<String> {
    let (first, others) = members.split_first()?;
    let lag = first.lag.filter(|lag| *lag > 0)?;
    if others.is_empty() || others.iter().any(|m| m.lag.is_none()) {
        return None;
    }
    let rest: i64 = others
        .iter()
        .filter_map(|m| m.lag)
        .fold(0, i64::saturating_add);
    let share = lag as f64 / (lag as f64 + rest as f64);
    let mean = rest as f64 / others.len() as f64;
    if share < HOLD_UP_SHARE || (lag as f64) < HOLD_UP_TIMES * mean {
        return None;
    }
    let held = || {
        rows.iter().filter(|r| {
            r.owner
                .as_ref()
                .is_some_and(|o| o.member_id == first.member_id)
        })
    };
    let worst = held().max_by_key(|r| r.lag)?;
    let waited_ms = held().filter_map(|r| r.time_lag_ms).max();
    if waited_ms.is_some_and(|ms| ms < HOLD_UP_MS) && worst.time_lag_ms.is_some() {
        return None;
    }
    Some(format!(
        "{}@{} has {:.0}% of the lag ({lag} of {}) on {} of {} held partitions, most on {}-{}",
        first.client_id,
        first.host,
        share * 100.0,
        lag.saturating_add(rest),
        first.partitions,
        members.iter().map(|m| m.partitions).sum::<usize>(),
        worst.topic,
        worst.partition,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::lag::{LagState, LagTotals, Owner};
    use crate::model::GroupType;

    fn unread(lag: i64) -> PartitionLag {
        PartitionLag {
            topic: "orders".into(),
            partition: 0,
            committed: Some(0),
            log_start: Some(0),
            log_end: Some(lag),
            lag: Some(lag),
            lost: None,
            time_lag_ms: None,
            time_why: None,
            owner: None,
            state: LagState::Ok,
            why: None,
        }
    }

    #[test]
    fn a_member_that_holds_up_the_rest_is_named() {
        let owner = |id: &str| {
            Some(Owner {
                member_id: id.into(),
                client_id: id.into(),
                host: "/10.0.0.7".into(),
                others: 0,
            })
        };
        let at = |partition, lag, id: &str| PartitionLag {
            partition,
            owner: owner(id),
            ..unread(lag)
        };
        let group = |partitions| GroupLag {
            group: "billing".into(),
            group_type: GroupType::Classic,
            state: "Stable".into(),
            protocol_type: "consumer".into(),
            coordinator: 1,
            members: Some(4),
            totals: LagTotals::default(),
            topics: Vec::new(),
            subtopologies: Vec::new(),
            partitions,
            why: None,
        };
        let loads = member_loads(&group(vec![
            at(0, 900, "a"),
            at(1, 5, "b"),
            at(2, 5, "c"),
            at(3, 0, "c"),
        ]));
        assert_eq!((loads.idle, loads.skew), (Some(1), Some(1.5)));
        let held = loads.held_up_by.unwrap();
        assert_eq!(
            held,
            "a@10.0.0.7 has 99% of the lag (900 of 910) on 1 of 4 held partitions, most on orders-0"
        );
        let even = member_loads(&group(vec![at(0, 90, "a"), at(1, 80, "b"), at(2, 85, "c")]));
        assert_eq!(even.held_up_by, None);
        // Unread for a moment only.
        let busy = PartitionLag {
            time_lag_ms: Some(HOLD_UP_MS - 1),
            ..at(0, 900, "a")
        };
        let healthy = member_loads(&group(vec![busy.clone(), at(1, 5, "b")]));
        assert_eq!(healthy.held_up_by, None);
        let late = PartitionLag {
            time_lag_ms: Some(HOLD_UP_MS),
            ..busy
        };
        let behind = member_loads(&group(vec![late, at(1, 5, "b")]));
        assert!(behind.held_up_by.is_some());
        let alone = member_loads(&group(vec![at(0, 900, "a")]));
        assert_eq!(alone.held_up_by, None);
    }
}
