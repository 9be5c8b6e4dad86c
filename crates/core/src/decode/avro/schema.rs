//! Avro schemas, parsed into a table of types that refer to each other by number.

use serde_json::{Map, Value};
use std::collections::HashMap;

/// A type's place in its schema.
pub(super) type Id = usize;

/// What is written where a value of some type stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    Null,
    Boolean,
    /// `int` and `long` are written alike.
    Long,
    Float,
    Double,
    Bytes,
    Text,
    Fixed(usize),
    Enum(Vec<String>),
    Array(Id),
    Map(Id),
    Union(Vec<Id>),
    Record(Vec<(String, Id)>),
}

/// What the value means, where JSON would not show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Date,
    TimestampMillis,
    TimestampMicros,
    TimestampNanos,
    /// With this many digits behind the point.
    Decimal(u32),
    Uuid,
}

/// A type and its meaning.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) kind: Type,
    pub(super) meaning: Option<Meaning>,
}

/// A schema.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) nodes: Vec<Node>,
    pub(super) root: Id,
}

impl Schema {
    /// `None` when it is no schema. serde_json bounds the nesting.
    pub(super) fn parse(json: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(json).ok()?;
        let mut parser = Parser::default();
        let root = parser.node(&value, "")?;
        Some(Self {
            nodes: parser.nodes,
            root,
        })
    }
}

#[derive(Default)]
struct Parser {
    nodes: Vec<Node>,
    names: HashMap<String, Id>,
}

impl Parser {
    fn push(&mut self, kind: Type, meaning: Option<Meaning>) -> Id {
        self.nodes.push(Node { kind, meaning });
        self.nodes.len() - 1
    }

    fn node(&mut self, value: &Value, namespace: &str) -> Option<Id> {
        match value {
            Value::String(name) => match primitive(name) {
                Some(kind) => Some(self.push(kind, None)),
                None => self.named(name, namespace),
            },
            Value::Array(branches) => {
                let branches: Option<Vec<Id>> =
                    branches.iter().map(|b| self.node(b, namespace)).collect();
                let branches = branches?;
                Some(self.push(Type::Union(branches), None))
            }
            Value::Object(object) => self.complex(object, namespace),
            _ => None,
        }
    }

    fn named(&self, name: &str, namespace: &str) -> Option<Id> {
        let full = format!("{namespace}.{name}");
        self.names
            .get(&full)
            .or_else(|| self.names.get(name))
            .copied()
    }

    fn complex(&mut self, object: &Map<String, Value>, namespace: &str) -> Option<Id> {
        let kind = object.get("type")?;
        let Some(kind) = kind.as_str() else {
            // {"type": {...}}: the type inside.
            return self.node(kind, namespace);
        };
        let meaning = meaning(object);
        match kind {
            "array" => {
                let items = self.node(object.get("items")?, namespace)?;
                Some(self.push(Type::Array(items), None))
            }
            "map" => {
                let values = self.node(object.get("values")?, namespace)?;
                Some(self.push(Type::Map(values), None))
            }
            "record" | "error" => {
                let (id, namespace) = self.declare(object, namespace)?;
                let mut fields = Vec::new();
                for field in object.get("fields")?.as_array()? {
                    let name = field.get("name")?.as_str()?.to_owned();
                    fields.push((name, self.node(field.get("type")?, &namespace)?));
                }
                self.nodes.get_mut(id)?.kind = Type::Record(fields);
                Some(id)
            }
            "enum" => {
                let (id, _) = self.declare(object, namespace)?;
                let symbols = object.get("symbols")?.as_array()?;
                let symbols: Option<Vec<String>> = symbols
                    .iter()
                    .map(|symbol| symbol.as_str().map(String::from))
                    .collect();
                self.nodes.get_mut(id)?.kind = Type::Enum(symbols?);
                Some(id)
            }
            "fixed" => {
                let (id, _) = self.declare(object, namespace)?;
                let size = usize::try_from(object.get("size")?.as_u64()?).ok()?;
                let node = self.nodes.get_mut(id)?;
                node.kind = Type::Fixed(size);
                node.meaning = meaning;
                Some(id)
            }
            name => match primitive(name) {
                Some(kind) => Some(self.push(kind, meaning)),
                None => self.named(name, namespace),
            },
        }
    }

    /// Names a type before its inside is parsed, since that may refer to it.
    fn declare(&mut self, object: &Map<String, Value>, namespace: &str) -> Option<(Id, String)> {
        let name = object.get("name")?.as_str()?;
        let (own, short) = match name.rsplit_once('.') {
            Some((own, short)) => (own, short),
            None => {
                let own = object.get("namespace").and_then(Value::as_str);
                (own.unwrap_or(namespace), name)
            }
        };
        let id = self.push(Type::Null, None);
        self.names.insert(format!("{own}.{short}"), id);
        if own.is_empty() {
            self.names.insert(short.to_owned(), id);
        }
        Some((id, own.to_owned()))
    }
}

fn primitive(name: &str) -> Option<Type> {
    Some(match name {
        "null" => Type::Null,
        "boolean" => Type::Boolean,
        "int" | "long" => Type::Long,
        "float" => Type::Float,
        "double" => Type::Double,
        "bytes" => Type::Bytes,
        "string" => Type::Text,
        _ => return None,
    })
}

fn meaning(object: &Map<String, Value>) -> Option<Meaning> {
    Some(match object.get("logicalType")?.as_str()? {
        "date" => Meaning::Date,
        "timestamp-millis" | "local-timestamp-millis" => Meaning::TimestampMillis,
        "timestamp-micros" | "local-timestamp-micros" => Meaning::TimestampMicros,
        "timestamp-nanos" | "local-timestamp-nanos" => Meaning::TimestampNanos,
        "uuid" => Meaning::Uuid,
        "decimal" => {
            let scale = object.get("scale").map_or(Some(0), Value::as_u64)?;
            Meaning::Decimal(u32::try_from(scale).ok().filter(|scale| *scale <= 38)?)
        }
        _ => return None,
    })
}
