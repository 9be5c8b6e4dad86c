//! Which Kafka release a broker seems to run.
//!
//! Kafka does not tell its release. A KRaft broker names the highest `metadata.version` that it
//! supports, and each release has its levels; for older brokers the APIs that they offer are a
//! lower bound. A compatible service of another maker answers what it emulates.

use kafkaweave_core::model::Feature;

/// The feature whose levels follow the releases.
pub(crate) const METADATA_VERSION: &str = "metadata.version";

/// Names of the levels from 1 up (Kafka's `MetadataVersion`, as of 4.3.1).
const LEVELS: [&str; 30] = [
    "3.0-IV1", "3.1-IV0", "3.2-IV0", "3.3-IV0", "3.3-IV1", "3.3-IV2", "3.3-IV3", "3.4-IV0",
    "3.5-IV0", "3.5-IV1", "3.5-IV2", "3.6-IV0", "3.6-IV1", "3.6-IV2", "3.7-IV0", "3.7-IV1",
    "3.7-IV2", "3.7-IV3", "3.7-IV4", "3.8-IV0", "3.9-IV0", "4.0-IV0", "4.0-IV1", "4.0-IV2",
    "4.0-IV3", "4.1-IV0", "4.1-IV1", "4.2-IV0", "4.2-IV1", "4.3-IV0",
];

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

/// Name of a level of `metadata.version`, e.g. 30 is `4.3-IV0`; `None` when it is newer than this
/// program.
pub(crate) fn level_name(level: i16) -> Option<&'static str> {
    let index = usize::try_from(level).ok()?.checked_sub(1)?;
    LEVELS.get(index).copied()
}

/// `4.3`, or `3.1 or newer` where only a bound is known; `None` when nothing fits.
pub(crate) fn kafka_version(
    features: &[Feature],
    apis: impl IntoIterator<Item = (i16, i16)>,
) -> Option<String> {
    let levels = features.iter().find(|f| f.name == METADATA_VERSION);
    if let Some(level) = levels.and_then(|f| f.supported_max).filter(|l| *l > 0) {
        return Some(match level_name(level) {
            Some(name) => name.split('-').next().unwrap_or(name).to_owned(),
            None => format!("newer than {}", release_of_last_level()),
        });
    }
    let offered: Vec<_> = apis.into_iter().collect();
    let reached = |key, version| offered.iter().any(|(k, v)| *k == key && *v >= version);
    FIRST_SEEN
        .iter()
        .find(|(key, version, _)| reached(*key, *version))
        .map(|(_, _, release)| format!("{release} or newer"))
}

fn release_of_last_level() -> &'static str {
    let last = LEVELS.last().copied().unwrap_or_default();
    last.split('-').next().unwrap_or(last)
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
        assert_eq!(level_name(30), Some("4.3-IV0"));
        assert_eq!((level_name(0), level_name(31)), (None, None));
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
