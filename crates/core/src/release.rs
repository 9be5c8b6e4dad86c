//! Names of the levels of `metadata.version`, which follow Kafka's releases.
//!
//! Other features number their levels and have no names.

/// The feature whose levels follow the releases.
pub const METADATA_VERSION: &str = "metadata.version";

/// Names of the levels from 1 up (Kafka's `MetadataVersion`, as of 4.3.1).
const LEVELS: [&str; 30] = [
    "3.0-IV1", "3.1-IV0", "3.2-IV0", "3.3-IV0", "3.3-IV1", "3.3-IV2", "3.3-IV3", "3.4-IV0",
    "3.5-IV0", "3.5-IV1", "3.5-IV2", "3.6-IV0", "3.6-IV1", "3.6-IV2", "3.7-IV0", "3.7-IV1",
    "3.7-IV2", "3.7-IV3", "3.7-IV4", "3.8-IV0", "3.9-IV0", "4.0-IV0", "4.0-IV1", "4.0-IV2",
    "4.0-IV3", "4.1-IV0", "4.1-IV1", "4.2-IV0", "4.2-IV1", "4.3-IV0",
];

/// Name of a level of `metadata.version`, e.g. 30 is `4.3-IV0`; `None` when it is newer than this
/// program.
pub fn level_name(level: i16) -> Option<&'static str> {
    let index = usize::try_from(level).ok()?.checked_sub(1)?;
    LEVELS.get(index).copied()
}

/// The release of a level, e.g. 30 is `4.3`; `None` when it is newer than this program.
pub fn release_of(level: i16) -> Option<&'static str> {
    level_name(level).map(release)
}

/// The newest release that this program knows.
pub fn newest_release() -> &'static str {
    release(LEVELS.last().copied().unwrap_or_default())
}

fn release(name: &'static str) -> &'static str {
    name.split('-').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_the_names_of_kafkas_releases() {
        assert_eq!(level_name(1), Some("3.0-IV1"));
        assert_eq!(level_name(30), Some("4.3-IV0"));
        assert_eq!((level_name(0), level_name(31)), (None, None));
        assert_eq!(level_name(-1), None);
        assert_eq!((release_of(21), newest_release()), (Some("3.9"), "4.3"));
    }
}
