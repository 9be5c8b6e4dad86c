//! JSON Schema of the file, for editors, and the list of all keys, for docs.

use super::environment;
use super::flags::SHORTS;
use super::keys::{FileKeys, KeyInfo};
use super::value::{Class, Field};

/// JSON Schema (2020-12) of the configuration file.
pub fn schema() -> serde_json::Value {
    let mut schema = FileKeys::schema();
    if let Some(object) = schema.as_object_mut() {
        let head = [
            ("$schema", "https://json-schema.org/draft/2020-12/schema"),
            ("title", "kafkaweave configuration"),
        ];
        for (key, value) in head {
            object.insert(key.into(), value.into());
        }
    }
    schema
}

/// A key with everything that is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDescription {
    /// Path, with `NAME` for a cluster's name.
    pub path: String,
    /// Description.
    pub description: String,
    /// Default as text, if there is one.
    pub default: Option<String>,
    /// Class.
    pub class: Class,
    /// Its environment variables; the one that spells out the path comes first.
    pub variables: Vec<String>,
    /// Its flag, if it has one.
    pub flag: Option<&'static str>,
    /// An allowed value as the text of the variable.
    pub example: String,
}

/// All keys that hold a value, in the order of the table.
pub fn keys() -> Vec<KeyDescription> {
    let mut out = Vec::new();
    walk(FileKeys::KEYS, &mut Vec::new(), &mut out);
    out
}

fn walk<'k>(keys: &'k [KeyInfo], path: &mut Vec<&'k str>, out: &mut Vec<KeyDescription>) {
    for info in keys {
        path.push(if info.name == "*" { "NAME" } else { info.name });
        if info.keys.is_empty() {
            out.push(describe(info, path));
        } else {
            walk(info.keys, path, out);
        }
        path.pop();
    }
}

fn describe(info: &KeyInfo, path: &[&str]) -> KeyDescription {
    let short = SHORTS.iter().find(|short| match path {
        ["clusters", _, below @ ..] => short.of_cluster && short.path == below,
        path => !short.of_cluster && short.path == path,
    });
    let mut variables = vec![environment::variable(path)];
    variables.extend(
        short
            .map(|short| short.variable.to_owned())
            .filter(|variable| !variables.contains(variable)),
    );
    KeyDescription {
        path: path.join("."),
        description: info.description(),
        default: (info.default)(),
        class: info.class,
        variables,
        flag: short.map(|short| short.flag),
        example: (info.example)(),
    }
}
