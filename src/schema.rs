//! JSON schemas of tool arguments and answers, slimmed to what a model needs.
//!
//! Every byte of `tools/list` is paid for by each user on each request, so what repeats the
//! obvious (dialect, Rust's integer formats, null alternatives of optional fields, titles) goes.

use crate::tool::JsonObject;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

/// Name of the argument that the dispatcher adds.
pub const CLUSTER: &str = "cluster";

/// Schema of arguments `T`, as calls are checked against it. `cluster` adds the argument of that
/// name, the same in every configuration.
pub fn input<T: JsonSchema>(cluster: bool) -> JsonObject {
    let mut schema = generate::<T>(SchemaSettings::draft2020_12());
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    if let Some(properties) = properties.as_object_mut()
        && cluster
    {
        properties.insert(CLUSTER.into(), json!({"type": "string"}));
    }
    schema.insert("additionalProperties".into(), Value::Bool(false));
    schema
}

/// The same schema as clients list it: without bounds of numbers, which errors state when they are
/// met.
pub fn listed_input(mut schema: JsonObject) -> JsonObject {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties
        .into_iter()
        .flat_map(|p| p.values_mut())
        .filter_map(Value::as_object_mut)
    {
        property.remove("default");
        property.remove("minimum");
        property.remove("maximum");
    }
    schema
}

/// Schema of an answer `T`, whole.
pub fn output<T: JsonSchema>() -> JsonObject {
    generate::<T>(SchemaSettings::draft2020_12().for_serialize())
}

/// The same schema as clients list it: names and types of the answer and of its rows. What is
/// deeper, required or one of a set is left to the whole schema, as each host pays for every word.
pub fn listed_output(schema: &JsonObject) -> JsonObject {
    brief(schema, 0)
}

/// Levels of objects of which the properties are listed: the answer, and its rows.
const LISTED_LEVELS: usize = 2;

fn brief(schema: &JsonObject, level: usize) -> JsonObject {
    let mut listed = JsonObject::new();
    if let Some(kind) = schema.get("type") {
        listed.insert("type".into(), kind.clone());
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object)
        && level < LISTED_LEVELS
    {
        let required = |name: &str| {
            let required = schema.get("required").and_then(Value::as_array);
            required.is_some_and(|r| r.iter().any(|n| n == name))
        };
        // In a row, a list that is not always there is left to the whole schema.
        let is_list = |property: &Value| property["type"] == "array";
        let shown = |(name, property): &(&String, &Value)| {
            level == 0 || required(name) || !is_list(property)
        };
        let own = |(name, property): (&String, &Value)| {
            // Lists that are not always there (gaps, details) are named and no more.
            let level = if required(name) {
                level + 1
            } else {
                LISTED_LEVELS
            };
            let property = property
                .as_object()
                .map(|p| brief(p, level))
                .unwrap_or_default();
            (name.clone(), Value::Object(property))
        };
        listed.insert(
            "properties".into(),
            Value::Object(properties.iter().filter(shown).map(own).collect()),
        );
    }
    if let Some(items) = schema.get("items").and_then(Value::as_object)
        && items.contains_key("properties")
        && level < LISTED_LEVELS
    {
        listed.insert("items".into(), Value::Object(brief(items, level)));
    }
    listed
}

fn generate<T: JsonSchema>(settings: SchemaSettings) -> JsonObject {
    let settings = settings.with(|s| {
        s.inline_subschemas = true;
        s.meta_schema = None;
    });
    let mut value = settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    slim(&mut value);
    let mut schema = value.as_object().cloned().unwrap_or_default();
    schema.entry("type").or_insert_with(|| json!("object"));
    schema.remove("description");
    schema
}

/// Removes noise, in place and at every level.
fn slim(value: &mut Value) {
    match value {
        Value::Object(object) => {
            release_nullable(object);
            collapse_alternatives(object);
            for key in ["$schema", "title", "format"] {
                // A property may itself be called `title`; then the value is a schema, not text.
                if object.get(key).is_some_and(Value::is_string) {
                    object.remove(key);
                }
            }
            if object.get("default").is_some_and(Value::is_null) {
                object.remove("default");
            }
            if object
                .get("type")
                .is_some_and(|t| t == "integer" || t == "number")
            {
                drop_machine_bounds(object);
            }
            // The doc of the type, a whole sentence, where an argument has none of its own: its
            // name and its values are enough.
            let sentence = |d: &Value| d.as_str().is_some_and(|d| d.ends_with('.'));
            if object.contains_key("enum") && object.get("description").is_some_and(sentence) {
                object.remove("description");
            }
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|t| t != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".into(), only);
                }
            }
            if let Some(Value::Array(values)) = object.get_mut("enum") {
                values.retain(|v| !v.is_null());
            }
            object.values_mut().for_each(slim);
        }
        Value::Array(items) => items.iter_mut().for_each(slim),
        _ => {}
    }
}

/// What may be null is absent then, so it is not required.
fn release_nullable(object: &mut JsonObject) {
    let Some(Value::Object(properties)) = object.get("properties") else {
        return;
    };
    let null = json!("null");
    let nullable = |schema: &Value| {
        let among = |key: &str, is: &dyn Fn(&Value) -> bool| {
            schema
                .get(key)
                .and_then(Value::as_array)
                .is_some_and(|a| a.iter().any(is))
        };
        among("type", &|t| t == &null) || among("anyOf", &|s| s.get("type") == Some(&null))
    };
    let loose: Vec<String> = properties
        .iter()
        .filter(|(_, s)| nullable(s))
        .map(|(name, _)| name.clone())
        .collect();
    if let Some(Value::Array(required)) = object.get_mut("required") {
        required.retain(|name| !loose.iter().any(|l| name == l.as_str()));
        if required.is_empty() {
            object.remove("required");
        }
    }
}

/// Bounds that only repeat the width of a Rust integer.
fn drop_machine_bounds(object: &mut JsonObject) {
    let bound = |object: &JsonObject, key: &str| object.get(key).and_then(Value::as_f64);
    if bound(object, "minimum") == Some(0.0) && bound(object, "maximum").is_none() {
        object.remove("minimum");
    }
    for (low, high) in [
        (0.0, 65_535.0),
        (0.0, 255.0),
        (-32_768.0, 32_767.0),
        (0.0, 4_294_967_295.0),
    ] {
        if bound(object, "minimum") == Some(low) && bound(object, "maximum") == Some(high) {
            object.remove("minimum");
            object.remove("maximum");
        }
    }
}

/// `anyOf [X, null]` is X; `oneOf` of documented constants is an enum.
fn collapse_alternatives(object: &mut JsonObject) {
    for key in ["anyOf", "oneOf"] {
        let Some(Value::Array(alternatives)) = object.get(key) else {
            continue;
        };
        let real: Vec<&Value> = alternatives
            .iter()
            .filter(|a| a.get("type") != Some(&json!("null")))
            .collect();
        if let [Value::Object(only)] = real.as_slice() {
            let only = only.clone();
            object.remove(key);
            // The type's own doc says less than the argument's and costs the same.
            for (k, v) in only.into_iter().filter(|(k, _)| k != "description") {
                object.entry(k).or_insert(v);
            }
            return collapse_alternatives(object);
        }
        let constants: Option<Vec<Value>> = real
            .iter()
            .map(|a| {
                a.get("const")
                    .cloned()
                    .map(|c| vec![c])
                    .or_else(|| a.get("enum").and_then(Value::as_array).cloned())
            })
            .collect::<Option<Vec<_>>>()
            .map(|v| v.into_iter().flatten().collect());
        if let Some(constants) = constants {
            object.remove(key);
            object.insert("type".into(), json!("string"));
            object.insert("enum".into(), Value::Array(constants));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Level.
    #[derive(schemars::JsonSchema)]
    #[schemars(rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its schema is used")]
    enum Level {
        /// Little.
        Low,
        /// Much.
        High,
    }

    /// Sample.
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Sample {
        /// Rows at most
        #[schemars(range(min = 1, max = 500))]
        limit: Option<u32>,
        level: Option<Level>,
        floor: Level,
        title: Option<String>,
        port: u16,
    }

    #[test]
    fn only_what_a_model_needs_is_left() {
        let schema = input::<Sample>(true);
        let expected = json!({
            "type": "object",
            "properties": {
                "limit": {"type": "integer", "minimum": 1, "maximum": 500, "description": "Rows at most"},
                "level": {"type": "string", "enum": ["low", "high"]},
                "floor": {"type": "string", "enum": ["low", "high"]},
                "title": {"type": "string"},
                "port": {"type": "integer"},
                "cluster": {"type": "string"},
            },
            "required": ["floor", "port"],
            "additionalProperties": false,
        });
        assert_eq!(Value::Object(schema), expected);
    }

    #[test]
    fn an_answer_is_listed_with_names_and_types_of_itself_and_its_rows() {
        let schema = json!({
            "type": "object", "required": ["rows", "total"], "description": "Rows.",
            "properties": {"total": {"type": "integer", "minimum": 0}, "rows": {"type": "array", "items": {
                "type": "object", "required": ["name"],
                "properties": {"name": {"type": "string", "enum": ["a"]}, "inner": {"type": "object", "properties": {"x": {"type": "string"}}}},
            }}},
        });
        let expected = json!({
            "type": "object",
            "properties": {"total": {"type": "integer"}, "rows": {"type": "array", "items": {
                "type": "object", "properties": {"name": {"type": "string"}, "inner": {"type": "object"}},
            }}},
        });
        assert_eq!(
            Value::Object(listed_output(schema.as_object().unwrap())),
            expected
        );
    }
}
