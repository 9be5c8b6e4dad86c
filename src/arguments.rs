//! Arguments as callers really send them, made to conform to a tool's schema.
//!
//! Models and shells write `"42"` for 42 and `x` for `["x"]`; that is understood. What is unknown,
//! missing, of another type or out of range is refused with its path, what is allowed and the
//! nearest known name: an ignored argument would silently answer another question.

use crate::problem::Error;
use crate::tool::JsonObject;
use kafkaweave_core::near::near;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Brings `arguments` into the form that `schema` describes.
///
/// # Errors
/// [`Error::Argument`] for the first argument that cannot be understood.
pub fn conform(schema: &JsonObject, arguments: JsonObject) -> Result<JsonObject, Error> {
    let value = object("", schema, arguments)?;
    Ok(value)
}

/// Reads conforming arguments into a tool's input.
///
/// # Errors
/// [`Error::Argument`] with the path that does not fit.
pub fn read<T: DeserializeOwned>(arguments: JsonObject) -> Result<T, Error> {
    serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|e| Error::Argument {
        path: e.path().to_string(),
        reason: e.inner().to_string(),
        near: Vec::new(),
    })
}

fn object(path: &str, schema: &JsonObject, arguments: JsonObject) -> Result<JsonObject, Error> {
    let none = JsonObject::new();
    let properties = schema
        .get("properties")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    let mut conforming = JsonObject::new();
    for (name, value) in arguments {
        let path = join(path, &name);
        let Some(property) = properties.get(&name).and_then(Value::as_object) else {
            return Err(unknown(path, &name, properties));
        };
        // An explicit null means "not given", as many clients fill every property.
        if value.is_null() {
            continue;
        }
        conforming.insert(name, conform_value(&path, property, value)?);
    }
    let required = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    for name in required.filter_map(Value::as_str) {
        if !conforming.contains_key(name) {
            let what = properties
                .get(name)
                .and_then(|p| p.get("description"))
                .and_then(Value::as_str);
            let reason = what.map_or_else(
                || "is required".into(),
                |what| format!("is required: {what}"),
            );
            return Err(Error::Argument {
                path: join(path, name),
                reason,
                near: Vec::new(),
            });
        }
    }
    Ok(conforming)
}

fn unknown(path: String, name: &str, properties: &JsonObject) -> Error {
    let known: Vec<&str> = properties.keys().map(String::as_str).collect();
    let reason = if known.is_empty() {
        "is unknown; this tool takes no arguments".to_string()
    } else {
        format!("is unknown; known: {}", known.join(", "))
    };
    let near = near(name, known.iter().copied(), 2)
        .into_iter()
        .map(String::from)
        .collect();
    Error::Argument { path, reason, near }
}

fn conform_value(path: &str, schema: &JsonObject, value: Value) -> Result<Value, Error> {
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or("any");
    let value = coerce(kind, value);
    let fits = match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    };
    if !fits {
        return Err(wrong(path, schema, &value, kind));
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
        && !allowed.contains(&value)
    {
        return Err(wrong(path, schema, &value, kind));
    }
    match value {
        Value::Number(ref number) => {
            let number = number.as_f64().unwrap_or_default();
            let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
            if bound("minimum").is_some_and(|low| number < low)
                || bound("maximum").is_some_and(|high| number > high)
            {
                return Err(wrong(path, schema, &value, kind));
            }
            Ok(value)
        }
        Value::Array(items) => {
            let none = JsonObject::new();
            let item = schema
                .get("items")
                .and_then(Value::as_object)
                .unwrap_or(&none);
            let items = items
                .into_iter()
                .enumerate()
                .map(|(i, v)| conform_value(&format!("{path}[{i}]"), item, v));
            Ok(Value::Array(items.collect::<Result<_, _>>()?))
        }
        Value::Object(inner) if schema.contains_key("properties") => {
            Ok(Value::Object(object(path, schema, inner)?))
        }
        other => Ok(other),
    }
}

fn coerce(kind: &str, value: Value) -> Value {
    match (kind, &value) {
        ("integer" | "number", Value::String(text)) => match text.trim().parse::<i64>() {
            Ok(number) => json!(number),
            Err(_) if kind == "number" => text.trim().parse::<f64>().map_or(value, |n| json!(n)),
            Err(_) => value,
        },
        // 5.0 is an integer to JSON and to the people who write it.
        ("integer", Value::Number(number)) => match number.as_f64() {
            Some(float)
                if !number.is_i64()
                    && !number.is_u64()
                    && float.fract() == 0.0
                    && float.abs() < 9e15 =>
            {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "bounded and without a fraction"
                )]
                let whole = float as i64;
                json!(whole)
            }
            _ => value,
        },
        ("boolean", Value::String(text)) => match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => value,
        },
        ("string", Value::Number(number)) => Value::String(number.to_string()),
        ("array", Value::String(text)) => match serde_json::from_str::<Value>(text) {
            Ok(list @ Value::Array(_)) => list,
            _ => Value::Array(vec![value]),
        },
        ("array", Value::Number(_) | Value::Bool(_) | Value::Object(_)) => {
            Value::Array(vec![value])
        }
        ("object", Value::String(text)) => match serde_json::from_str::<Value>(text) {
            Ok(object @ Value::Object(_)) => object,
            _ => value,
        },
        _ => value,
    }
}

fn wrong(path: &str, schema: &JsonObject, value: &Value, kind: &str) -> Error {
    let mut near_values = Vec::new();
    let allowed = if let Some(allowed) = schema.get("enum").and_then(Value::as_array) {
        let names: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
        if let Some(text) = value.as_str() {
            near_values = near(text, names.iter().copied(), 1)
                .into_iter()
                .map(String::from)
                .collect();
        }
        format!("one of {}", names.join(", "))
    } else {
        let range = match (schema.get("minimum"), schema.get("maximum")) {
            (Some(low), Some(high)) => format!(" from {low} to {high}"),
            (Some(low), None) => format!(" of at least {low}"),
            (None, Some(high)) => format!(" of at most {high}"),
            (None, None) => String::new(),
        };
        format!("{kind}{range}")
    };
    let mut shown = value.to_string();
    if shown.chars().count() > 60 {
        shown = shown.chars().take(60).chain("...".chars()).collect();
    }
    Error::Argument {
        path: path.into(),
        reason: format!("is {shown}; allowed: {allowed}"),
        near: near_values,
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.into()
    } else {
        format!("{path}.{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: Value) -> Result<Value, String> {
        let schema = json!({"type": "object", "required": ["topic"], "properties": {
            "topic": {"type": "string", "description": "Topic"},
            "limit": {"type": "integer", "minimum": 1, "maximum": 500},
            "sort": {"type": "string", "enum": ["name", "size"]},
            "where": {"type": "array", "items": {"type": "string"}},
            "internal": {"type": "boolean"},
        }});
        let (Value::Object(schema), Value::Object(arguments)) = (schema, arguments) else {
            panic!("objects")
        };
        conform(&schema, arguments)
            .map(Value::Object)
            .map_err(|e| match e {
                Error::Argument { ref near, .. } if !near.is_empty() => {
                    format!("{e} ~ {}", near.join(","))
                }
                e => e.to_string(),
            })
    }

    #[test]
    fn what_was_clearly_meant_is_understood() {
        let sent = json!({"topic": 7, "limit": "42", "where": "value = 1", "internal": "true", "sort": null});
        let read = json!({"topic": "7", "limit": 42, "where": ["value = 1"], "internal": true});
        assert_eq!(check(sent), Ok(read));
        assert_eq!(
            check(json!({"topic": "t", "limit": 5.0})),
            Ok(json!({"topic": "t", "limit": 5}))
        );
        assert_eq!(
            check(json!({"topic": "", "limit": "1"})),
            Ok(json!({"topic": "", "limit": 1}))
        );
    }

    #[test]
    fn what_cannot_be_understood_is_refused_with_its_path_and_what_is_allowed() {
        let table = [
            (json!({}), "argument `topic`: is required: Topic"),
            (
                json!({"topic": null}),
                "argument `topic`: is required: Topic",
            ),
            (
                json!({"topic": "t", "limt": 1}),
                "argument `limt`: is unknown; known: internal, limit, sort, topic, where ~ limit",
            ),
            (
                json!({"topic": "t", "limit": 0}),
                "argument `limit`: is 0; allowed: integer from 1 to 500",
            ),
            (
                json!({"topic": "t", "limit": "many"}),
                "argument `limit`: is \"many\"; allowed: integer from 1 to 500",
            ),
            (
                json!({"topic": "t", "limit": 1.5}),
                "argument `limit`: is 1.5; allowed: integer from 1 to 500",
            ),
            (
                json!({"topic": "t", "sort": "nam"}),
                "argument `sort`: is \"nam\"; allowed: one of name, size ~ name",
            ),
            (
                json!({"topic": {}, "limit": 1}),
                "argument `topic`: is {}; allowed: string",
            ),
            (
                json!({"topic": "t", "where": ["a", {"x": 1}]}),
                "argument `where[1]`: is {\"x\":1}; allowed: string",
            ),
        ];
        for (sent, expected) in table {
            assert_eq!(check(sent.clone()), Err(expected.to_string()), "{sent}");
        }
    }
}
