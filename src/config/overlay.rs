//! File < environment < flags, and which cluster a connection flag is about.
//!
//! Connection flags (and their short variables) are about one cluster: the one that `--cluster`
//! names; else `--bootstrap` defines a cluster of its own, `default`, and sets the file's aside, so
//! that nothing of the file's (a password, a certificate) is ever sent to an address that the file
//! does not name; else it is the default cluster, or the only one.

use super::Warning;
use super::environment;
use super::error::Fault;
use super::flags::{Flags, SHORTS, Short};
use super::node::{Node, Source, Table, Value};
use super::value::Reader;
use kafkaweave_core::near::near;
use std::collections::BTreeMap;

/// The name of a cluster that is defined by flags alone.
pub(crate) const UNNAMED: &str = "default";

/// One flag or short variable that was given.
struct Override {
    short: &'static Short,
    source: Source,
    value: Value,
}

/// Puts environment and flags over the file's tree.
pub(crate) fn overlay(
    root: &mut Node,
    variables: &BTreeMap<String, String>,
    flags: &Flags,
    reader: &mut Reader<'_>,
    warnings: &mut Vec<Warning>,
) {
    environment::overlay(root, variables, reader);
    let (of_cluster, others): (Vec<_>, Vec<_>) = given(variables, flags)
        .into_iter()
        .partition(|one| one.short.of_cluster);
    for one in others {
        root.set(one.short.path, &one.source, one.value);
    }
    if of_cluster.is_empty() {
        return;
    }
    if let Some(cluster) = target(root, &of_cluster, reader, warnings) {
        for one in of_cluster {
            let mut path = vec!["clusters", cluster.as_str()];
            path.extend(one.short.path);
            root.set(&path, &one.source, one.value);
        }
    }
}

/// Variables first, so that flags win.
fn given(variables: &BTreeMap<String, String>, flags: &Flags) -> Vec<Override> {
    let from_variables = SHORTS.iter().filter_map(|short| {
        let text = environment::set(variables, short.variable)?;
        Some(Override {
            short,
            source: Source::Environment(short.variable.to_owned()),
            value: Value::Text(text.to_owned()),
        })
    });
    let from_flags = SHORTS.iter().filter_map(|short| {
        Some(Override {
            short,
            source: Source::Flag(short.flag.to_owned()),
            value: short.given(flags)?,
        })
    });
    from_variables.chain(from_flags).collect()
}

fn target(
    root: &mut Node,
    of_cluster: &[Override],
    reader: &mut Reader<'_>,
    warnings: &mut Vec<Warning>,
) -> Option<String> {
    let names: Vec<String> = match root.at(&["clusters"]).map(|node| &node.value) {
        Some(Value::Table(clusters)) => clusters.keys().cloned().collect(),
        _ => Vec::new(),
    };
    let bootstrap = of_cluster
        .iter()
        .find(|one| one.short.path == ["bootstrap"]);
    let chosen = root
        .at(&["default_cluster"])
        .and_then(|node| match &node.value {
            Value::Text(name) => Some((name.clone(), node.source.clone())),
            _ => None,
        });
    match chosen {
        Some((name, Source::Flag(_) | Source::Environment(_))) => {
            if names.contains(&name) || (names.is_empty() && bootstrap.is_some()) {
                return Some(name);
            }
            // A name that is unknown is told by the check of `default_cluster` itself.
            if names.is_empty() {
                no_cluster(of_cluster, reader);
            }
            None
        }
        chosen => {
            if bootstrap.is_some() {
                set_aside(root, names, warnings);
                return Some(UNNAMED.to_owned());
            }
            if names.is_empty() {
                no_cluster(of_cluster, reader);
                return None;
            }
            if let Some((name, _)) = chosen {
                return names.contains(&name).then_some(name);
            }
            if let [only] = names.as_slice() {
                return Some(only.clone());
            }
            for one in of_cluster {
                let allowed = names.clone();
                reader.fault(&one.source, "", Fault::WhichCluster { allowed });
            }
            None
        }
    }
}

fn no_cluster(of_cluster: &[Override], reader: &mut Reader<'_>) {
    for one in of_cluster {
        reader.fault(&one.source, "", Fault::NoCluster);
    }
}

fn set_aside(root: &mut Node, names: Vec<String>, warnings: &mut Vec<Warning>) {
    if let Value::Table(table) = &mut root.value {
        table.shift_remove("default_cluster");
        if let Some(clusters) = table.get_mut("clusters") {
            clusters.node.value = Value::Table(Table::new());
        }
    }
    if !names.is_empty() {
        warnings.push(Warning::SetAside { clusters: names });
    }
}

/// The fault of a name that no cluster has.
pub(crate) fn unknown_cluster(name: &str, known: &[String]) -> Fault {
    Fault::NoSuchCluster {
        name: super::address::shorten(name),
        near: near(name, known.iter().map(String::as_str), 1)
            .into_iter()
            .map(str::to_owned)
            .collect(),
        allowed: known.to_vec(),
    }
}
