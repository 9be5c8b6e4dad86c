//! Feature levels of a cluster (KIP-584): what is in force, what all brokers support, what could
//! be raised.
//!
//! A broker that does not name a feature supports level 0 of it, which is "off". Controllers of
//! their own are no brokers: what they support is not seen here.

use crate::model::BrokerFeatures;
use std::collections::{BTreeMap, BTreeSet};

/// A range that some brokers support.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// Lowest level.
    pub min: i16,
    /// Highest level.
    pub max: i16,
    /// Brokers by id.
    pub brokers: Vec<i32>,
}

/// One feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Name.
    pub feature: String,
    /// Level in force, 0 for one that is not finalized; `None` when no broker knows the levels.
    pub finalized: Option<i16>,
    /// Lowest and highest level that all brokers support; `None` when there is none.
    pub common: Option<(i16, i16)>,
    /// Each range that differs, by number of brokers, most first; one where all are alike.
    pub ranges: Vec<Range>,
    /// Highest level that all brokers support, when it is above the one in force.
    pub raise_to: Option<i16>,
}

/// Judges features by name.
pub fn standings(brokers: &[BrokerFeatures]) -> Vec<Standing> {
    let names: BTreeSet<&str> = brokers
        .iter()
        .flat_map(|b| b.features.iter().map(|f| f.name.as_str()))
        .collect();
    // Brokers learn of a new level one after the other: the newest epoch is the truth.
    let newest = brokers
        .iter()
        .filter(|b| b.finalized_epoch.is_some())
        .max_by_key(|b| b.finalized_epoch);
    names
        .into_iter()
        .map(|name| standing(name, brokers, newest))
        .collect()
}

fn standing(name: &str, brokers: &[BrokerFeatures], newest: Option<&BrokerFeatures>) -> Standing {
    let mut ranges: BTreeMap<(i16, i16), Vec<i32>> = BTreeMap::new();
    for broker in brokers {
        let found = broker.features.iter().find(|f| f.name == name);
        let range = found.and_then(|f| f.supported_min.zip(f.supported_max));
        ranges
            .entry(range.unwrap_or((0, 0)))
            .or_default()
            .push(broker.broker);
    }
    let min = ranges.keys().map(|(min, _)| *min).max();
    let max = ranges.keys().map(|(_, max)| *max).min();
    let common = min.zip(max).filter(|(min, max)| min <= max);
    let finalized = newest.map(|b| {
        let found = b.features.iter().find(|f| f.name == name);
        found.and_then(|f| f.finalized).unwrap_or(0)
    });
    let mut ranges: Vec<Range> = ranges
        .into_iter()
        .map(|((min, max), brokers)| Range { min, max, brokers })
        .collect();
    ranges.sort_by_key(|r| std::cmp::Reverse(r.brokers.len()));
    Standing {
        feature: name.into(),
        finalized,
        common,
        ranges,
        raise_to: common
            .map(|(_, max)| max)
            .zip(finalized)
            .filter(|(max, finalized)| max > finalized)
            .map(|(max, _)| max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Feature;

    fn broker(id: i32, epoch: Option<i64>, of: &[(&str, i16, i16, Option<i16>)]) -> BrokerFeatures {
        let feature = |(name, min, max, finalized): &(&str, i16, i16, Option<i16>)| Feature {
            name: (*name).into(),
            supported_min: Some(*min),
            supported_max: Some(*max),
            finalized: *finalized,
        };
        BrokerFeatures {
            broker: id,
            features: of.iter().map(feature).collect(),
            finalized_epoch: epoch,
            kafka_version: None,
        }
    }

    #[test]
    fn a_level_can_be_raised_to_what_all_brokers_support() {
        let old = [("metadata.version", 7, 25, Some(25))];
        let new = [
            ("metadata.version", 7, 30, Some(25)),
            ("share.version", 0, 1, None),
        ];
        let mixed = standings(&[
            broker(1, Some(4), &new),
            broker(2, Some(4), &old),
            broker(3, Some(4), &new),
        ]);
        assert_eq!(mixed[0].common, Some((7, 25)));
        assert_eq!((mixed[0].finalized, mixed[0].raise_to), (Some(25), None));
        let ranges: Vec<_> = mixed[0]
            .ranges
            .iter()
            .map(|r| (r.max, &r.brokers))
            .collect();
        assert_eq!(ranges, [(30, &vec![1, 3]), (25, &vec![2])]);
        // Broker 2 does not know share.version, so nobody can switch it on.
        assert_eq!((mixed[1].common, mixed[1].raise_to), (Some((0, 0)), None));
        let alike = standings(&[broker(1, Some(4), &new), broker(3, Some(4), &new)]);
        assert_eq!(alike[0].raise_to, Some(30));
        assert_eq!((alike[1].finalized, alike[1].raise_to), (Some(0), Some(1)));
    }

    #[test]
    fn the_newest_epoch_tells_the_level_and_without_one_it_is_unknown() {
        let of = |level| [("group.version", 0, 1, Some(level))];
        let told = standings(&[broker(1, Some(9), &of(1)), broker(2, Some(8), &of(0))]);
        assert_eq!(told[0].finalized, Some(1));
        let untold = standings(&[broker(1, None, &[("group.version", 0, 1, None)])]);
        assert_eq!((untold[0].finalized, untold[0].raise_to), (None, None));
        assert!(standings(&[]).is_empty());
    }

    #[test]
    fn ranges_without_a_common_level_are_said_to_have_none() {
        let found = standings(&[
            broker(1, Some(1), &[("x", 1, 2, Some(1))]),
            broker(2, Some(1), &[("x", 3, 4, Some(1))]),
        ]);
        assert_eq!((found[0].common, found[0].raise_to), (None, None));
    }
}
