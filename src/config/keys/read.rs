//! Reading of sections: tables whose keys are known, switches that may be tables, clusters by name.

use super::{
    Class, ClusterKeys, Fault, Field, IndexMap, KeyInfo, Node, Reader, Setting, Source, Table,
    Value, join, json, shorten,
};
use kafkaweave_core::near::near;

/// The table behind a section's key, after its keys were checked.
pub(super) fn table<'n>(
    node: &'n Node,
    key: &str,
    keys: &[KeyInfo],
    reader: &mut Reader<'_>,
) -> Option<&'n Table> {
    let Value::Table(table) = &node.value else {
        reader.mistyped(node, key, "a table");
        return None;
    };
    for (name, entry) in table {
        if !keys.iter().any(|info| info.name == name) {
            let allowed = keys.iter().map(|info| info.name);
            let fault = Fault::UnknownKey {
                near: near(name, allowed.clone(), 1)
                    .into_iter()
                    .map(str::to_owned)
                    .collect(),
                allowed: allowed.map(str::to_owned).collect(),
            };
            reader.fault(&entry.key, &join(key, &shorten(name)), fault);
        }
    }
    Some(table)
}

/// JSON Schema of a section.
pub(super) fn schema(keys: &[KeyInfo]) -> serde_json::Value {
    let properties: serde_json::Map<_, _> = keys
        .iter()
        .map(|info| {
            let mut value = (info.schema)();
            if let Some(object) = value.as_object_mut() {
                object.insert("description".into(), info.description().into());
                if let Some(default) = (info.default)() {
                    object.insert("default".into(), typed(&default, object));
                }
            }
            (info.name.to_owned(), value)
        })
        .collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// A default's text as the type that the schema names.
fn typed(text: &str, schema: &serde_json::Map<String, serde_json::Value>) -> serde_json::Value {
    match schema.get("type").and_then(|kind| kind.as_str()) {
        Some("integer" | "boolean") => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        // Lists default to nothing.
        Some("array") => json!([]),
        _ => text.into(),
    }
}

/// A section that may be missing, `true` (all defaults), `false` (as if missing), or a table.
#[derive(Clone, Debug)]
pub(crate) struct Optional<T>(pub(crate) Option<T>);

impl<T: Field> Field for Optional<T> {
    const SWITCH: bool = true;
    const KEYS: &'static [KeyInfo] = T::KEYS;

    fn read(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.value {
            Value::Table(_) => T::read(node, key, reader).map(|section| Self(Some(section))),
            Value::Switch(true) => T::absent(key, reader).map(|section| Self(Some(section))),
            Value::Switch(false) => Some(Self(None)),
            Value::Text(_) if node.is_outer_text() => {
                let node = Node {
                    source: node.source.clone(),
                    value: Value::Switch(bool::read(node, key, reader)?),
                };
                Self::read(&node, key, reader)
            }
            _ => {
                reader.mistyped(node, key, "a table, `true` or `false`");
                None
            }
        }
    }

    fn schema() -> serde_json::Value {
        json!({ "anyOf": [{ "type": "boolean" }, T::schema()] })
    }

    fn show(&self) -> String {
        self.0.is_some().to_string()
    }

    fn settings(&self, key: &str, class: Class, source: &Source, out: &mut Vec<Setting>) {
        match &self.0 {
            Some(section) => {
                let before = out.len();
                section.settings(key, class, source, out);
                if out.len() > before {
                    return;
                }
            }
            None if *source == Source::Default => return,
            None => {}
        }
        out.push(Setting {
            key: key.to_owned(),
            value: self.show(),
            class: Class::Public,
            source: source.clone(),
        });
    }
}

/// The clusters in the order in which they are written.
#[derive(Clone, Debug)]
pub(crate) struct ClusterMap(pub(crate) IndexMap<String, (Source, ClusterKeys)>);

/// A cluster's name as it is spelled in the environment's variables.
pub(crate) fn spelled(name: &str) -> String {
    name.to_ascii_uppercase().replace(['.', '-'], "_")
}

/// Whether a cluster may be called this: also, no variable could name it if it held `__`.
pub(crate) fn is_name(name: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    (1..=64).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        && edge(name.chars().next())
        && edge(name.chars().last())
        && !spelled(name).contains("__")
}

impl Field for ClusterMap {
    const KEYS: &'static [KeyInfo] = &[KeyInfo {
        name: "*",
        doc: &["One cluster."],
        class: Class::Section,
        example: String::new,
        default: || None,
        schema: ClusterKeys::schema,
        switch: false,
        keys: ClusterKeys::KEYS,
    }];

    fn read(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let Value::Table(table) = &node.value else {
            reader.mistyped(node, key, "a table of clusters, each `[clusters.NAME]`");
            return None;
        };
        let mut clusters = IndexMap::new();
        for (name, entry) in table {
            let at = join(key, &shorten(name));
            if !is_name(name) {
                let fault = Fault::Name {
                    name: shorten(name),
                };
                reader.fault(&entry.key, &at, fault);
                continue;
            }
            let same = clusters
                .keys()
                .find(|other: &&String| spelled(other) == spelled(name));
            if let Some(other) = same {
                let other = other.clone();
                reader.fault(&entry.key, &at, Fault::SameName { other });
            }
            if !matches!(entry.node.value, Value::Table(_)) {
                reader.mistyped(&entry.node, &at, "a table, written `[clusters.NAME]`");
                continue;
            }
            if let Some(cluster) = ClusterKeys::read(&entry.node, &at, reader) {
                clusters.insert(name.clone(), (entry.key.clone(), cluster));
            }
        }
        Some(Self(clusters))
    }

    fn absent(_: &str, _: &mut Reader<'_>) -> Option<Self> {
        Some(Self(IndexMap::new()))
    }

    fn schema() -> serde_json::Value {
        json!({
            "type": "object",
            "additionalProperties": ClusterKeys::schema(),
            "propertyNames": { "pattern": "^(?=.{1,64}$)[A-Za-z0-9]+([._-][A-Za-z0-9]+)*$" },
        })
    }

    fn show(&self) -> String {
        String::new()
    }

    fn settings(&self, key: &str, class: Class, source: &Source, out: &mut Vec<Setting>) {
        for (name, (_, cluster)) in &self.0 {
            cluster.settings(&join(key, name), class, source, out);
        }
    }
}
