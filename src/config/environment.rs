//! Environment variables as keys: `KAFKAWEAVE_CLUSTERS__PROD__TLS__CA` is `clusters.prod.tls.ca`.
//!
//! Reads a map that is passed in, never the process's environment. A variable that is set to
//! nothing counts as not set.

use super::error::Fault;
use super::flags::SHORTS;
use super::keys::{FileKeys, KeyInfo, spelled};
use super::node::{Node, Source, Value};
use super::value::{Field, Reader};
use kafkaweave_core::near::near;
use std::collections::BTreeMap;

/// What every variable begins with.
pub(crate) const PREFIX: &str = "KAFKAWEAVE_";

/// The variable that names the file.
pub(crate) const CONFIG: &str = "KAFKAWEAVE_CONFIG";

/// The variable of a key, given the path with the cluster's own name in it.
pub(crate) fn variable(path: &[&str]) -> String {
    let parts: Vec<_> = path.iter().map(|part| spelled(part)).collect();
    format!("{PREFIX}{}", parts.join("__"))
}

/// A set variable.
pub(crate) fn set<'e>(environment: &'e BTreeMap<String, String>, name: &str) -> Option<&'e str> {
    environment
        .get(name)
        .map(String::as_str)
        .filter(|text| !text.is_empty())
}

/// Puts what the variables with full paths say over the file's tree.
pub(crate) fn overlay(
    root: &mut Node,
    environment: &BTreeMap<String, String>,
    reader: &mut Reader<'_>,
) {
    for (name, text) in environment {
        let Some(rest) = name.strip_prefix(PREFIX).filter(|_| !text.is_empty()) else {
            continue;
        };
        let mut path: Vec<String> = rest.split("__").map(str::to_ascii_lowercase).collect();
        let top_level = |key: &str| {
            FileKeys::KEYS
                .iter()
                .any(|info| info.name == key && info.keys.is_empty())
        };
        if path.len() == 1 && !path.iter().any(|key| top_level(key)) {
            continue;
        }
        let source = Source::Environment(name.clone());
        if let [first, cluster, ..] = path.as_mut_slice()
            && first == "clusters"
            && let Some(known) = known_cluster(root, cluster)
        {
            *cluster = known;
        }
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match find(&path) {
            Ok(()) => root.set(&path, &source, Value::Text(text.clone())),
            Err(fault) => reader.fault(&source, &path.join("."), fault),
        }
    }
}

/// The cluster of the file that is spelled like this.
fn known_cluster(root: &Node, lower: &str) -> Option<String> {
    let Value::Table(clusters) = &root.at(&["clusters"])?.value else {
        return None;
    };
    let wanted = spelled(lower);
    clusters
        .keys()
        .find(|name| spelled(name) == wanted)
        .cloned()
}

fn find(path: &[&str]) -> Result<(), Fault> {
    let mut keys: &'static [KeyInfo] = FileKeys::KEYS;
    let mut is_value = false;
    for part in path {
        match keys
            .iter()
            .find(|info| info.name == *part || info.name == "*")
        {
            Some(info) => {
                keys = info.keys;
                is_value = info.keys.is_empty() || info.switch;
            }
            None => {
                let allowed: Vec<String> = keys.iter().map(|info| spelled(info.name)).collect();
                let names = allowed.iter().map(String::as_str);
                return Err(Fault::UnknownKey {
                    near: near(part, names, 1)
                        .into_iter()
                        .map(str::to_owned)
                        .collect(),
                    allowed,
                });
            }
        }
    }
    if !is_value {
        return Err(Fault::Type {
            expected: "a table, whose keys have variables of their own".into(),
            found: "a string",
        });
    }
    Ok(())
}

/// Variables that look like ours, are not, and resemble one that is: `(name, nearest)`.
///
/// What resembles none is let be: container platforms set such variables themselves
/// (`KAFKAWEAVE_SERVICE_HOST`), and a secret may be kept in one.
pub(crate) fn mistyped(environment: &BTreeMap<String, String>) -> Vec<(String, &'static str)> {
    let known = || SHORTS.iter().map(|short| short.variable).chain([CONFIG]);
    environment
        .iter()
        .filter(|(name, text)| name.starts_with(PREFIX) && !name.contains("__") && !text.is_empty())
        .filter(|(name, _)| !known().any(|variable| variable == name.as_str()))
        .filter(|(name, _)| {
            let key = name.trim_start_matches(PREFIX).to_ascii_lowercase();
            !FileKeys::KEYS.iter().any(|info| info.name == key)
        })
        .filter_map(|(name, _)| {
            // Compared without the prefix, which would make everything look alike.
            let bare = name.trim_start_matches(PREFIX);
            let nearest = known().find(|variable| {
                let other = variable.trim_start_matches(PREFIX);
                strsim::osa_distance(bare, other) <= (bare.len().max(other.len())) / 5
            });
            nearest.map(|nearest| (name.clone(), nearest))
        })
        .collect()
}
