//! Where the file is, and reading it.

use super::Sources;
use super::environment;
use super::error::Fault;
use std::path::{Path, PathBuf};

/// A longer file is none of ours.
const LONGEST_FILE_BYTES: u64 = 1 << 20;

/// The file to read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its path.
    pub(crate) path: PathBuf,
    /// Whether the user put it where only they or the system's owner would, or named it. A file
    /// that merely lies in the working directory may have come with somebody else's work.
    pub(crate) trusted: bool,
}

/// The home directory.
pub(crate) fn home(sources: &Sources) -> Option<&Path> {
    environment::set(&sources.environment, "HOME").map(Path::new)
}

/// The named file, or else the first that is there; and all places that were looked at.
pub(crate) fn find(sources: &Sources) -> (Option<Found>, Vec<PathBuf>) {
    let named = sources
        .file
        .clone()
        .or_else(|| environment::set(&sources.environment, environment::CONFIG).map(PathBuf::from));
    if let Some(path) = named {
        let found = Found {
            path: path.clone(),
            trusted: true,
        };
        return (Some(found), vec![path]);
    }
    let personal = environment::set(&sources.environment, "XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(home(sources)?.join(".config")));
    let mut places = vec![(sources.directory.join("kafkaweave.toml"), false)];
    places.extend(personal.map(|path| (path.join("kafkaweave/config.toml"), true)));
    places.push((PathBuf::from("/etc/kafkaweave/config.toml"), true));
    let found = places
        .iter()
        .find(|(path, _)| path.exists())
        .map(|(path, trusted)| Found {
            path: path.clone(),
            trusted: *trusted,
        });
    (found, places.into_iter().map(|(path, _)| path).collect())
}

/// The file's text.
pub(crate) fn read(path: &Path) -> Result<String, Fault> {
    let unreadable = |reason: String| Fault::Unreadable { reason };
    let length = std::fs::metadata(path)
        .map_err(|e| unreadable(e.to_string()))?
        .len();
    if length > LONGEST_FILE_BYTES {
        return Err(unreadable(format!(
            "{length} bytes are too many; {LONGEST_FILE_BYTES} are allowed"
        )));
    }
    let bytes = std::fs::read(path).map_err(|e| unreadable(e.to_string()))?;
    String::from_utf8(bytes).map_err(|e| {
        unreadable(format!(
            "byte {} is not UTF-8",
            e.utf8_error().valid_up_to()
        ))
    })
}
