//! Configuration: a folder of files that are accepted and one of files that are refused, each with
//! what is said of it beside it (`UPDATE_GOLDENS=1` writes those texts anew); and the rules of
//! environment and flags.

#![expect(
    clippy::unwrap_used,
    reason = "a file of only tests stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

mod files;
mod layers;
mod reach;
mod search;

/// Where the fixtures are, relative to the package, which is where tests run.
const FIXTURES: &str = "tests/it/config";

/// The `.toml` files of a folder, by name.
fn fixtures(folder: &str) -> Vec<PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(Path::new(FIXTURES).join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no fixtures in {folder}");
    paths
}

/// Compares with the text beside the fixture, or writes it.
fn golden(fixture: &Path, found: &str) {
    let path = fixture.with_extension("txt");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{}", path.display());
}

/// A directory of one test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kafkaweave-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}
