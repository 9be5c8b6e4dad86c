//! Who may do what, and how much: ACLs and client quotas.
//!
//! ACLs are compared as they are stored. That two different sets may decide alike (a prefix here, a
//! list of names there) is not looked into.

use super::{ABSENT, Comparison, Weight};
use crate::model::{Acl, Quota, QuotaEntity};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

impl Comparison {
    /// Compares stored ACLs.
    pub fn acls(&mut self, left: &[Acl], right: &[Acl]) {
        let (lefts, rights): (BTreeSet<&Acl>, BTreeSet<&Acl>) =
            (left.iter().collect(), right.iter().collect());
        self.acls.equal += lefts.intersection(&rights).count();
        for acl in lefts.difference(&rights) {
            self.acls.only_left += 1;
            self.acl(acl, (word(&acl.permission), ABSENT.into()));
        }
        for acl in rights.difference(&lefts) {
            self.acls.only_right += 1;
            self.acl(acl, (ABSENT.into(), word(&acl.permission)));
        }
    }

    fn acl(&mut self, acl: &Acl, sides: (String, String)) {
        let from = match acl.host.as_str() {
            "*" => String::new(),
            host => format!(" from {host}"),
        };
        let [operation, resource] = [word(&acl.operation), word(&acl.resource)];
        let key = format!(
            "{operation} on {resource} {} ({}){from}",
            acl.name,
            word(&acl.pattern)
        );
        let subject = format!("acl {}", acl.principal);
        let why = "what the principal may do";
        self.fact(Weight::Matters, (&subject, &key), sides, why);
    }

    /// Compares client quotas by entity and key.
    pub fn quotas(&mut self, left: &[Quota], right: &[Quota]) {
        let (lefts, rights) = (limits(left), limits(right));
        let all: BTreeSet<&(String, &str)> = lefts.keys().chain(rights.keys()).collect();
        for at in all {
            let (l, r) = (lefts.get(at), rights.get(at));
            match (l, r) {
                (Some(_), Some(_)) if l == r => {
                    self.quotas.equal += 1;
                    continue;
                }
                (Some(_), Some(_)) => self.quotas.differ += 1,
                (Some(_), None) => self.quotas.only_left += 1,
                _ => self.quotas.only_right += 1,
            }
            let text = |limit: Option<&f64>| limit.map_or_else(|| ABSENT.into(), f64::to_string);
            let subject = format!("quota {}", at.0);
            let why = "how soon clients are slowed down";
            self.fact(Weight::Matters, (&subject, at.1), (text(l), text(r)), why);
        }
    }
}

/// Limits by entity (`user alice, client_id default`) and key.
fn limits(quotas: &[Quota]) -> BTreeMap<(String, &str), f64> {
    let part = |e: &QuotaEntity| {
        let name = e.name.as_deref().unwrap_or("(default)");
        format!("{} {name}", word(&e.kind))
    };
    let of = |quota: &'_ Quota| {
        let mut parts: Vec<String> = quota.entity.iter().map(part).collect();
        parts.sort();
        parts.join(", ")
    };
    quotas
        .iter()
        .flat_map(|quota| {
            let entity = of(quota);
            let values = quota.values.iter();
            values.map(move |v| ((entity.clone(), v.key.as_str()), v.value))
        })
        .collect()
}

/// The word that answers use for it.
fn word(of: &impl Serialize) -> String {
    serde_json::to_value(of)
        .ok()
        .and_then(|v| v.as_str().map(String::from))
        .unwrap_or_default()
}
