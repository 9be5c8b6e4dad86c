//! Switches, numbers, texts, paths and lists.

use super::{Field, Reader, Value, address, items, json, resolve};
use crate::config::error::Fault;
use crate::config::node::Node;
use std::collections::HashSet;
use std::net::IpAddr;
use std::path::PathBuf;

impl Field for bool {
    const EXAMPLE: &'static str = "true";
    fn read(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        const EXPECTED: &str = "`true` or `false`";
        match &node.value {
            Value::Switch(switch) => Some(*switch),
            Value::Text(text) if node.is_outer_text() => match text.trim() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                other => {
                    reader.refused(node, key, EXPECTED, other);
                    None
                }
            },
            _ => {
                reader.mistyped(node, key, EXPECTED);
                None
            }
        }
    }
    fn schema() -> serde_json::Value {
        json!({ "type": "boolean" })
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

/// A whole number from `MIN` to `MAX`; its unit is in the key's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounded<const MIN: u64, const MAX: u64>(pub(crate) u64);

impl<const MIN: u64, const MAX: u64> Field for Bounded<MIN, MAX> {
    fn example() -> String {
        (MIN + 1).to_string()
    }
    fn read(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let expected = format!("a whole number from {MIN} to {MAX}");
        let (number, found) = match &node.value {
            Value::Integer(number) => (u64::try_from(*number).ok(), number.to_string()),
            Value::Text(text) if node.is_outer_text() => (text.trim().parse().ok(), text.clone()),
            _ => {
                reader.mistyped(node, key, &expected);
                return None;
            }
        };
        match number {
            Some(number) if (MIN..=MAX).contains(&number) => Some(Self(number)),
            _ => {
                reader.refused(node, key, &expected, &found);
                None
            }
        }
    }
    fn schema() -> serde_json::Value {
        json!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
    fn show(&self) -> String {
        self.0.to_string()
    }
}

/// A text of 1 to 249 characters without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) String);

impl Field for Text {
    const EXAMPLE: &'static str = "alice";
    fn read(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        const EXPECTED: &str = "a text of 1 to 249 characters without control characters";
        let Value::Text(text) = &node.value else {
            reader.mistyped(node, key, EXPECTED);
            return None;
        };
        if text.is_empty() || text.chars().count() > 249 || text.chars().any(char::is_control) {
            reader.refused(node, key, EXPECTED, text);
            return None;
        }
        Some(Self(text.clone()))
    }
    fn schema() -> serde_json::Value {
        json!({ "type": "string", "minLength": 1, "maxLength": 249, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$" })
    }
    fn show(&self) -> String {
        self.0.clone()
    }
}

/// A path, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FilePath(pub(crate) PathBuf);

impl Field for FilePath {
    const EXAMPLE: &'static str = "/etc/kafkaweave/ca.pem";
    fn read(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        const EXPECTED: &str = "the path of a PEM file";
        let Value::Text(text) = &node.value else {
            reader.mistyped(node, key, EXPECTED);
            return None;
        };
        // PEM pasted instead of its path: it may be a private key, so it is not repeated.
        if text.contains("-----BEGIN") {
            reader.refused(node, key, EXPECTED, "the PEM text itself");
            return None;
        }
        if text.is_empty() || text.contains('\0') {
            reader.refused(node, key, EXPECTED, text);
            return None;
        }
        Some(Self(resolve(text, node, reader)))
    }
    fn schema() -> serde_json::Value {
        json!({ "type": "string", "minLength": 1 })
    }
    fn show(&self) -> String {
        self.0.display().to_string()
    }
}

impl Field for IpAddr {
    const EXAMPLE: &'static str = "127.0.0.2";
    fn read(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        const EXPECTED: &str =
            "an IP address of this machine, e.g. `127.0.0.1`, `::1` or `0.0.0.0`";
        let Value::Text(text) = &node.value else {
            reader.mistyped(node, key, EXPECTED);
            return None;
        };
        let parsed = text.trim().parse().ok();
        if parsed.is_none() {
            reader.refused(node, key, EXPECTED, text);
        }
        parsed
    }
    fn schema() -> serde_json::Value {
        json!({ "type": "string", "anyOf": [{ "format": "ipv4" }, { "format": "ipv6" }] })
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

/// Broker addresses: a list, or comma separated text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Addresses(pub(crate) Vec<String>);

impl Field for Addresses {
    const EXAMPLE: &'static str = "b1.example:9092,b2.example:9092";
    fn read(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        const EXPECTED: &str = "a list of `host:port`, or one string with commas between them";
        // In the file, too, a string may hold several addresses: it is pasted from properties files.
        let items: Vec<(&Node, &str)> = match &node.value {
            Value::Text(text) => text.split(',').map(|part| (node, part)).collect(),
            Value::List(list) => {
                let mut texts = Vec::new();
                for (index, item) in list.iter().enumerate() {
                    match &item.value {
                        Value::Text(text) => texts.push((item, text.as_str())),
                        _ => {
                            reader.mistyped(
                                item,
                                &format!("{key}[{index}]"),
                                "a string `host:port`",
                            );
                            return None;
                        }
                    }
                }
                texts
            }
            _ => {
                reader.mistyped(node, key, EXPECTED);
                return None;
            }
        };
        let mut addresses = Vec::new();
        let mut failed = items.is_empty();
        if failed {
            let reason = "needs at least one `host:port`".to_owned();
            reader.fault(&node.source, key, Fault::Address { reason });
        }
        for (item, text) in items {
            match address::broker(text) {
                Ok(address) => addresses.push(address),
                Err(reason) => {
                    failed = true;
                    reader.fault(&item.source, key, Fault::Address { reason });
                }
            }
        }
        let mut seen = HashSet::new();
        addresses.retain(|address| seen.insert(address.clone()));
        (!failed).then_some(Self(addresses))
    }
    fn schema() -> serde_json::Value {
        json!({ "anyOf": [
            { "type": "array", "items": { "type": "string", "pattern": "^[^,]+:[0-9]+$" }, "minItems": 1 },
            { "type": "string", "pattern": ":[0-9]+" },
        ] })
    }
    fn show(&self) -> String {
        show(&self.0)
    }
}

fn show(items: &[String]) -> String {
    format!("[{}]", items.join(", "))
}

/// A list of texts that all have to be of one form.
fn texts(
    node: &Node,
    key: &str,
    reader: &mut Reader<'_>,
    expected: &str,
    allowed: fn(&str) -> bool,
) -> Option<Vec<String>> {
    let nodes = items(node, key, &format!("a list, each {expected}"), reader)?;
    let mut read = Vec::new();
    let mut failed = false;
    for (index, item) in nodes.iter().enumerate() {
        let at = format!("{key}[{index}]");
        match &item.value {
            Value::Text(text) if allowed(text) => read.push(text.clone()),
            Value::Text(text) => {
                failed = true;
                reader.refused(item, &at, expected, text);
            }
            _ => {
                failed = true;
                reader.mistyped(item, &at, expected);
            }
        }
    }
    (!failed).then_some(read)
}

macro_rules! list_field {
    ($($(#[$doc:meta])* $name:ident: $expected:literal, $example:literal, $pattern:literal, $allowed:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Default)]
        pub(crate) struct $name(pub(crate) Vec<String>);

        impl Field for $name {
            const EXAMPLE: &'static str = $example;
            fn read(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
                texts(node, key, reader, $expected, $allowed).map(Self)
            }
            fn schema() -> serde_json::Value {
                json!({ "type": "array", "items": { "type": "string", "pattern": $pattern } })
            }
            fn show(&self) -> String {
                show(&self.0)
            }
        }
    )*};
}

list_field! {
    /// Names of tools or toolsets; whether they exist is not known here.
    Names: "a name of `a-z 0-9 _ -`", "inspect,plan", "^[a-z0-9_-]{1,64}$",
        |text| (1..=64).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c));
    /// Values of a `Host` header.
    Hosts: "a host, with or without a port, e.g. `kafkaweave.example` or `localhost:8080`",
        "kafkaweave.example,localhost:8080", "^[^/@ ]+$", address::is_host_header;
    /// Values of an `Origin` header.
    Origins: "an origin, e.g. `https://console.example` (no path)",
        "https://console.example", "^https?://[^/@ ]+$", address::is_origin;
}
