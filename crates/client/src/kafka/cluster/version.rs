//! Which Kafka release a broker seems to run.
//!
//! Kafka does not tell its release. A KRaft broker names the highest `metadata.version` that it
//! supports, and each release has its levels; for older brokers the APIs that they offer are a
//! lower bound. A compatible service of another maker answers what it emulates.

use kafkaweave_core::model::Feature;
use kafkaweave_core::release::{METADATA_VERSION, newest_release, release_of};

/// API and version that first came with a release, newest first.
const FIRST_SEEN: [(i16, i16, &str); 14] = [
    (1, 13, "3.1"),
    (2, 7, "3.0"),
    (60, 0, "2.8"),
    (50, 0, "2.7"),
    (48, 0, "2.6"),
    (9, 7, "2.5"),
    (45, 0, "2.4"),
    (44, 0, "2.3"),
    (43, 0, "2.2"),
    (1, 10, "2.1"),
    (1, 8, "2.0"),
    (42, 0, "1.1"),
    (37, 0, "1.0"),
    (21, 0, "0.11"),
];

/// `4.3`, or `3.1 or newer` where only a bound is known; `None` when nothing fits.
pub(crate) fn kafka_version(
    features: &[Feature],
    apis: impl IntoIterator<Item = (i16, i16)>,
) -> Option<String> {
    let levels = features.iter().find(|f| f.name == METADATA_VERSION);
    if let Some(level) = levels.and_then(|f| f.supported_max).filter(|l| *l > 0) {
        return Some(match release_of(level) {
            Some(release) => release.to_owned(),
            None => format!("newer than {}", newest_release()),
        });
    }
    let offered: Vec<_> = apis.into_iter().collect();
    let reached = |key, version| offered.iter().any(|(k, v)| *k == key && *v >= version);
    FIRST_SEEN
        .iter()
        .find(|(key, version, _)| reached(*key, *version))
        .map(|(_, _, release)| format!("{release} or newer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(max: i16) -> [Feature; 1] {
        [Feature {
            name: METADATA_VERSION.into(),
            supported_min: Some(7),
            supported_max: Some(max),
            finalized: None,
        }]
    }

    #[test]
    fn the_highest_level_that_a_broker_supports_names_its_release() {
        for (level, release) in [
            (7, "3.3"),
            (21, "3.9"),
            (25, "4.0"),
            (29, "4.2"),
            (30, "4.3"),
            (31, "newer than 4.3"),
        ] {
            let found = kafka_version(&metadata(level), []);
            assert_eq!(found.as_deref(), Some(release));
        }
    }

    #[test]
    fn without_levels_the_apis_are_a_lower_bound() {
        for (apis, release) in [
            (vec![(1, 13), (60, 0)], Some("3.1 or newer")),
            (vec![(1, 12), (60, 0)], Some("2.8 or newer")),
            (vec![(1, 11), (44, 1)], Some("2.3 or newer")),
            (vec![(1, 2)], None),
        ] {
            assert_eq!(kafka_version(&[], apis).as_deref(), release);
        }
    }
}
