//! A value's type, range and choices in a few words, from its JSON schema.

use serde_json::Value;

/// Type, range and choices in a few words.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        let choices: Vec<_> = choices.iter().map(code).collect();
        return choices.join(", ");
    }
    if let Some(constant) = schema.get("const") {
        return code(constant);
    }
    let mut others = alternatives(schema).map(kind).collect::<Vec<_>>();
    others.dedup();
    if !others.is_empty() {
        return others.join(" or ");
    }
    let name = schema.get("type").and_then(Value::as_str);
    match name {
        Some("array") => match schema.get("items").map(kind) {
            Some(items) => format!("list of {items}"),
            None => "list".into(),
        },
        Some("object") => match schema.get("additionalProperties").filter(|v| v.is_object()) {
            Some(values) => format!("map to {}", kind(values)),
            None => "object".into(),
        },
        Some(name) => format!("{name}{}", range(schema)),
        None => "any".into(),
    }
}

fn range(schema: &Value) -> String {
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(low), Some(high)) => format!(", {low} to {high}"),
        (Some(low), None) => format!(", at least {low}"),
        (None, Some(high)) => format!(", at most {high}"),
        (None, None) => String::new(),
    }
}

/// Schemas of which a value has one.
pub(super) fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    ["anyOf", "oneOf"]
        .into_iter()
        .filter_map(|key| schema.get(key).and_then(Value::as_array))
        .flatten()
}

/// A value as code.
pub(super) fn code(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{text}`"),
        value => format!("`{value}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_type_is_told_with_its_range_and_choices() {
        let table = [
            (json!({"type": "string"}), "string"),
            (
                json!({"type": "integer", "minimum": 1, "maximum": 500}),
                "integer, 1 to 500",
            ),
            (
                json!({"type": "string", "enum": ["low", "high"]}),
                "`low`, `high`",
            ),
            (
                json!({"type": "array", "items": {"type": "integer"}}),
                "list of integer",
            ),
            (
                json!({"type": "object", "additionalProperties": {"type": "string"}}),
                "map to string",
            ),
            (
                json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}),
                "string or integer",
            ),
        ];
        for (schema, expected) in table {
            assert_eq!(kind(&schema), expected, "{schema}");
        }
    }
}
