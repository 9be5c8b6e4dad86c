//! References to secrets. Whatever else stands there is taken for the secret itself, refused, and
//! not repeated.

use super::{Field, Reader, SECRET_FORMS, SECRET_TEXT_FORMS, Value, json, resolve};
use crate::config::error::Fault;
use crate::config::node::{Node, Table};
use kafkaweave_client::secret::SecretRef;

fn refuse(
    node: &Node,
    key: &str,
    reader: &mut Reader<'_>,
    found: &'static str,
) -> Option<SecretRef> {
    let forms = if node.is_outer_text() {
        SECRET_TEXT_FORMS
    } else {
        SECRET_FORMS
    };
    reader.fault(&node.source, key, Fault::NotAReference { found, forms });
    None
}

/// A name that a shell could have exported: what else stands there may be the secret.
fn is_variable(name: &str) -> bool {
    let mut chars = name.chars();
    chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.len() <= 128
}

fn from_text(text: &str, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<SecretRef> {
    match text.trim().split_once(':') {
        Some(("env", name)) if is_variable(name) => Some(SecretRef::Env(name.to_owned())),
        Some(("file", path)) if !path.is_empty() => {
            Some(SecretRef::File(resolve(path, node, reader)))
        }
        Some(("command", line)) if !line.trim().is_empty() => Some(SecretRef::Command(
            line.split_whitespace().map(str::to_owned).collect(),
        )),
        _ => refuse(node, key, reader, "a string"),
    }
}

fn from_table(table: &Table, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<SecretRef> {
    let mut entries = table.iter();
    let (Some((form, entry)), None) = (entries.next(), entries.next()) else {
        return refuse(
            node,
            key,
            reader,
            "a table without exactly one of `env`, `file`, `command`",
        );
    };
    match (form.as_str(), &entry.node.value) {
        ("env", Value::Text(name)) if is_variable(name) => Some(SecretRef::Env(name.clone())),
        ("env", Value::Text(_)) => refuse(
            node,
            key,
            reader,
            "an `env` that is no name of a variable (letters, digits, `_`)",
        ),
        ("file", Value::Text(path)) if !path.is_empty() => {
            Some(SecretRef::File(resolve(path, node, reader)))
        }
        ("command", Value::List(items)) => {
            let argv: Option<Vec<String>> = items
                .iter()
                .map(|item| match &item.value {
                    Value::Text(text) => Some(text.clone()),
                    _ => None,
                })
                .collect();
            match argv {
                Some(argv) if argv.first().is_some_and(|program| !program.is_empty()) => {
                    if !reader.trusted {
                        reader.fault(&node.source, key, Fault::UntrustedCommand);
                        return None;
                    }
                    Some(SecretRef::Command(argv))
                }
                _ => refuse(node, key, reader, "a `command` that is no list of strings"),
            }
        }
        ("command", Value::Text(_)) => refuse(
            node,
            key,
            reader,
            "a `command` in one string (no shell splits it)",
        ),
        ("env" | "file" | "command", _) => {
            refuse(node, key, reader, "a reference of the wrong type")
        }
        _ => refuse(
            node,
            key,
            reader,
            "a table without exactly one of `env`, `file`, `command`",
        ),
    }
}

impl Field for SecretRef {
    const SECRET: bool = true;
    const EXAMPLE: &'static str = "env:KAFKA_PASSWORD";

    fn read(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.value {
            Value::Table(table) => from_table(table, node, key, reader),
            Value::Text(text) if node.is_outer_text() => from_text(text, node, key, reader),
            Value::Text(text) if text.starts_with('$') => refuse(
                node,
                key,
                reader,
                "a string with `$` (variables are not expanded)",
            ),
            Value::Text(_) => refuse(node, key, reader, "a string"),
            other => refuse(node, key, reader, other.kind()),
        }
    }

    fn schema() -> serde_json::Value {
        let one = |form: &str, value: serde_json::Value| json!({ "type": "object", "properties": { form: value }, "required": [form], "additionalProperties": false });
        json!({ "oneOf": [
            one("env", json!({ "type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,127}$", "description": "Name of an environment variable." })),
            one("file", json!({ "type": "string", "minLength": 1, "description": "Path of a file." })),
            one("command", json!({ "type": "array", "items": { "type": "string" }, "minItems": 1, "description": "Program and arguments; no shell." })),
        ] })
    }

    fn show(&self) -> String {
        match self {
            Self::Env(name) => format!("env:{name}"),
            Self::File(path) => format!("file:{}", path.display()),
            // Arguments may themselves be secret.
            Self::Command(argv) => match argv.split_first() {
                Some((program, [])) => format!("command:{program}"),
                Some((program, rest)) => format!("command:{program} (+{} arguments)", rest.len()),
                None => "command:".into(),
            },
        }
    }
}

impl Field for Vec<SecretRef> {
    const SECRET: bool = true;
    const EXAMPLE: &'static str = "env:KAFKAWEAVE_TOKEN,file:/run/secrets/token";

    fn read(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let nodes = match &node.value {
            Value::List(items) => items.clone(),
            Value::Text(text) if node.is_outer_text() => split(text)
                .into_iter()
                .map(|text| Node {
                    source: node.source.clone(),
                    value: Value::Text(text.to_owned()),
                })
                .collect(),
            other => {
                refuse(node, key, reader, other.kind());
                return None;
            }
        };
        let read: Vec<_> = nodes
            .iter()
            .enumerate()
            .map(|(index, item)| SecretRef::read(item, &format!("{key}[{index}]"), reader))
            .collect();
        read.into_iter().collect()
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "array", "items": SecretRef::schema() })
    }

    fn show(&self) -> String {
        let shown: Vec<_> = self.iter().map(Field::show).collect();
        format!("[{}]", shown.join(", "))
    }
}

/// Splits at the commas that a new reference follows; others may belong to a command.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(at) = rest
        .get(from..)
        .and_then(|tail| tail.find(','))
        .map(|at| at + from)
    {
        let tail = rest.get(at + 1..).unwrap_or_default();
        if ["env:", "file:", "command:"]
            .iter()
            .any(|form| tail.trim_start().starts_with(form))
        {
            parts.push(rest.get(..at).unwrap_or_default());
            rest = tail;
            from = 0;
        } else {
            from = at + 1;
        }
    }
    parts.push(rest);
    parts
}
