//! One condition against one record.

use super::condition::{Condition, Field, NumberField, Part, Test};
use super::operand::{Number, Operand};
use super::predicate::Verdict;
use crate::model::RecordView;
use serde_json::Value;
use std::borrow::Cow;

/// A record's key and value as JSON, parsed when first asked for and then kept.
#[derive(Debug)]
pub struct Documents<'a> {
    key: Document<'a>,
    value: Document<'a>,
}

#[derive(Debug)]
pub(super) enum Document<'a> {
    Null,
    Bytes(&'a [u8]),
    Json(Value),
    NotJson,
}

impl<'a> Documents<'a> {
    /// Those of a record; nothing is parsed yet.
    pub fn of(record: &RecordView<'a>) -> Self {
        Self {
            key: record.key.map_or(Document::Null, Document::Bytes),
            value: record.value.map_or(Document::Null, Document::Bytes),
        }
    }

    pub(super) fn get(&mut self, part: Part) -> &Document<'a> {
        let document = match part {
            Part::Key => &mut self.key,
            Part::Value => &mut self.value,
        };
        if let Document::Bytes(bytes) = document {
            *document = json(bytes).map_or(Document::NotJson, Document::Json);
        }
        document
    }
}

/// Parses JSON, also behind the five bytes that schema registry serializers put in front
/// (zero, then the schema's id). serde_json bounds the depth at 128.
fn json(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(bytes).ok().or_else(|| {
        let framed = bytes.strip_prefix(&[0])?.get(4..)?;
        serde_json::from_slice(framed).ok()
    })
}

impl Condition {
    pub(super) fn evaluate(
        &self,
        record: &RecordView<'_>,
        documents: &mut Documents<'_>,
    ) -> Verdict {
        let holds = match &self.field {
            Field::Number(field) => self.test.number(number(*field, record)),
            Field::Text(part) => {
                let bytes = match part {
                    Part::Key => record.key,
                    Part::Value => record.value,
                };
                self.test.bytes(bytes)
            }
            Field::Header(name) => record
                .headers
                .iter()
                .filter(|(header, _)| *header == name.as_bytes())
                .any(|(_, value)| matches!(self.test, Test::Exists) || self.test.bytes(*value)),
            Field::Path(part, path) => match documents.get(*part) {
                Document::NotJson => return Verdict::NotJson,
                Document::Json(json) => path.query(json).iter().any(|node| self.test.node(node)),
                Document::Null | Document::Bytes(_) => false,
            },
        };
        if holds == self.negate {
            Verdict::NoMatch
        } else {
            Verdict::Match
        }
    }
}

fn number(field: NumberField, record: &RecordView<'_>) -> Option<i64> {
    match field {
        NumberField::Offset => Some(record.offset),
        NumberField::Partition => Some(record.partition.into()),
        NumberField::Timestamp => (record.timestamp_ms >= 0).then_some(record.timestamp_ms),
        NumberField::Size => i64::try_from(record.value.map_or(0, <[u8]>::len)).ok(),
    }
}

impl Test {
    fn number(&self, field: Option<i64>) -> bool {
        let order = |operand: &Operand| Number::Int(field?.into()).order(operand.number?);
        match self {
            Self::Equals(operand) => order(operand).is_some_and(std::cmp::Ordering::is_eq),
            Self::Compare(bound, operand) => order(operand).is_some_and(|o| bound.holds(o)),
            Self::Null => field.is_none(),
            Self::NotNull | Self::Exists => field.is_some(),
            // The parser refuses text tests on numbers.
            Self::Contains(_) | Self::Matches(_) => false,
        }
    }

    fn bytes(&self, field: Option<&[u8]>) -> bool {
        let Some(bytes) = field else {
            return matches!(self, Self::Null);
        };
        match self {
            Self::Contains(finder) => finder.find(bytes).is_some(),
            Self::Matches(regex) => regex.is_match(bytes),
            Self::Equals(operand) => bytes == operand.text.as_bytes(),
            Self::Compare(bound, operand) => match operand.number {
                Some(limit) => std::str::from_utf8(bytes)
                    .ok()
                    .and_then(Number::parse)
                    .and_then(|number| number.order(limit))
                    .is_some_and(|order| bound.holds(order)),
                None => bound.holds(bytes.cmp(operand.text.as_bytes())),
            },
            Self::Null => false,
            Self::NotNull | Self::Exists => true,
        }
    }

    fn node(&self, node: &Value) -> bool {
        match self {
            Self::Exists => true,
            Self::Null => node.is_null(),
            Self::NotNull => !node.is_null(),
            Self::Contains(finder) => finder.find(text(node).as_bytes()).is_some(),
            Self::Matches(regex) => regex.is_match(text(node).as_bytes()),
            Self::Equals(operand) => equals(node, operand),
            Self::Compare(bound, operand) => match (operand.number, node) {
                (Some(limit), Value::Number(number)) => Number::of(number)
                    .and_then(|number| number.order(limit))
                    .is_some_and(|order| bound.holds(order)),
                (Some(limit), Value::String(string)) => Number::parse(string)
                    .and_then(|number| number.order(limit))
                    .is_some_and(|order| bound.holds(order)),
                (None, Value::String(string)) => bound.holds(string.as_str().cmp(&operand.text)),
                _ => false,
            },
        }
    }
}

fn equals(node: &Value, operand: &Operand) -> bool {
    match node {
        Value::String(string) => *string == operand.text,
        _ if operand.quoted => false,
        Value::Number(number) => match (Number::of(number), operand.number) {
            (Some(number), Some(wanted)) => number.order(wanted).is_some_and(|o| o.is_eq()),
            _ => false,
        },
        Value::Bool(_) | Value::Null => text(node) == operand.text.as_str(),
        Value::Array(_) | Value::Object(_) => operand.structure.as_ref() == Some(node),
    }
}

/// A node as text: a string without its quotes, anything else as compact JSON.
fn text(node: &Value) -> Cow<'_, str> {
    match node {
        Value::String(string) => Cow::Borrowed(string),
        other => Cow::Owned(other.to_string()),
    }
}
