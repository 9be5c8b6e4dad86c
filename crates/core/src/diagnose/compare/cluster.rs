//! Two clusters as such: version, feature levels, brokers, racks, controllers.

use super::{Comparison, Weight};
use crate::model::{Cluster, Feature};
use std::collections::{BTreeMap, BTreeSet};

const SUBJECT: &str = "cluster";

impl Comparison {
    /// Compares two clusters by what their brokers and controllers are. What either did not tell is
    /// left to its gaps.
    pub fn clusters(&mut self, left: &Cluster, right: &Cluster) {
        let mut matters = |key: &str, sides: (String, String), why: &str| {
            if sides.0 != sides.1 {
                self.fact(Weight::Matters, (SUBJECT, key), sides, why);
            }
        };
        if let (Some(l), Some(r)) = (&left.kafka_version, &right.kafka_version) {
            let sides = (l.clone(), r.clone());
            matters("kafka version", sides, "features, defaults and defects");
        }
        if !left.features.is_empty() && !right.features.is_empty() {
            let (lefts, rights) = (levels(&left.features), levels(&right.features));
            let names: BTreeSet<&str> = lefts.keys().chain(rights.keys()).copied().collect();
            for name in names {
                let level = |of: &BTreeMap<&str, i16>| {
                    // Level 0 is "off", and so is a feature that is not named.
                    let level = of.get(name).copied().unwrap_or(0);
                    if level == 0 {
                        "off".into()
                    } else {
                        level.to_string()
                    }
                };
                let why = "what the cluster can do";
                matters(
                    &format!("feature {name}"),
                    (level(&lefts), level(&rights)),
                    why,
                );
            }
        }
        let brokers = |of: &Cluster| of.brokers.len().to_string();
        matters(
            "brokers",
            (brokers(left), brokers(right)),
            "load each carries, copies that are possible",
        );
        matters(
            "racks",
            (racks(left), racks(right)),
            "whether a rack may be lost",
        );
        if let (Some(l), Some(r)) = (&left.quorum, &right.quorum) {
            let voters = (l.voters.len().to_string(), r.voters.len().to_string());
            matters("controllers", voters, "how many controllers may be lost");
        }
    }
}

fn levels(features: &[Feature]) -> BTreeMap<&str, i16> {
    features
        .iter()
        .map(|f| (f.name.as_str(), f.finalized.unwrap_or(0)))
        .collect()
}

/// How many racks; their names are each cluster's own.
fn racks(of: &Cluster) -> String {
    let names: BTreeSet<&String> = of.brokers.iter().filter_map(|b| b.rack.as_ref()).collect();
    match names.len() {
        0 => "none".into(),
        count => count.to_string(),
    }
}
