//! What a model sees: names, annotations, schemas, snapshots, and their price in tokens.

use kafkaweave::server::{INSTRUCTIONS, describe};
use kafkaweave::tool::{Effect, ToolDef};
use kafkaweave::tools;
use serde_json::{Value, json};
use std::path::Path;

fn tokens(text: &str) -> usize {
    tiktoken_rs::o200k_base_singleton()
        .encode_ordinary(text)
        .len()
}

/// What hosts show to a model: name, description, input schema.
fn shown(tool: &ToolDef) -> String {
    let listed = serde_json::to_value(describe(tool, false)).unwrap();
    format!(
        "{} {} {}",
        tool.name,
        (tool.description)(),
        listed["inputSchema"]
    )
}

/// The same with the schema of the answer.
fn whole(tool: &ToolDef) -> String {
    let listed = serde_json::to_value(describe(tool, true)).unwrap();
    format!("{} {}", shown(tool), listed["outputSchema"])
}

fn inspect() -> Vec<&'static ToolDef> {
    tools::all().filter(|t| t.toolset == "inspect").collect()
}

#[test]
fn every_tool_is_a_reviewed_snapshot() {
    for tool in tools::all() {
        let described = serde_json::to_value(describe(tool, true)).unwrap();
        insta::with_settings!({ snapshot_path => "snapshots/tools", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_json_snapshot!(tool.name, described);
        });
    }
}

#[test]
fn names_follow_the_rule_and_say_where_the_file_is() {
    for tool in tools::all() {
        let parts: Vec<&str> = tool.name.split('_').collect();
        let [product, noun, verb] = parts[..] else {
            panic!("{} is no kafka_<noun>_<verb>", tool.name)
        };
        assert_eq!(product, "kafka");
        let path = format!("{}/src/tools/{noun}/{verb}.rs", env!("CARGO_MANIFEST_DIR"));
        assert!(Path::new(&path).exists(), "{} is not in {path}", tool.name);
        // With the longest prefix that hosts put before it: mcp__plugin_kafkaweave_kafkaweave__.
        assert!(tool.name.len() + 36 <= 64, "{}", tool.name);
        assert!(!tool.title.is_empty());
        // A description states facts: nothing that a host would read as an order to the model.
        let description = (tool.description)().to_lowercase();
        for order in [
            "you must",
            "always ",
            "never ",
            "call this",
            "use this",
            "first call",
            "important",
        ] {
            assert!(!description.contains(order), "{}: {order:?}", tool.name);
        }
    }
}

#[test]
fn annotations_say_what_the_effect_is() {
    for tool in tools::all() {
        let described = serde_json::to_value(describe(tool, true)).unwrap();
        let expected = json!({
            "readOnlyHint": tool.effect == Effect::Read,
            "destructiveHint": tool.effect == Effect::Destroy,
            "idempotentHint": tool.effect == Effect::Read,
            "openWorldHint": true,
        });
        assert_eq!(described["annotations"], expected, "{}", tool.name);
        assert_eq!(described["title"], tool.title);
    }
}

#[test]
fn schemas_are_plain_closed_objects() {
    fn walk(tool: &str, value: &Value) {
        match value {
            Value::Object(object) => {
                assert!(
                    !object.get("type").is_some_and(Value::is_array),
                    "{tool}: type list: {value}"
                );
                for key in ["$schema", "$ref", "$defs"] {
                    assert!(!object.contains_key(key), "{tool}: {key}");
                }
                if object.contains_key("format") {
                    assert!(
                        object["format"].is_object(),
                        "{tool}: machine format: {value}"
                    );
                }
                object.values().for_each(|v| walk(tool, v));
            }
            Value::Array(items) => items.iter().for_each(|v| walk(tool, v)),
            _ => {}
        }
    }
    for tool in tools::all() {
        let input = Value::Object((tool.input_schema)());
        assert_eq!(input["type"], "object");
        assert_eq!(input["additionalProperties"], false, "{}", tool.name);
        for key in ["anyOf", "oneOf", "allOf"] {
            assert!(
                input.get(key).is_none(),
                "{}: some hosts refuse a list with {key} at the top",
                tool.name
            );
        }
        walk(tool.name, &input);
        walk(tool.name, &Value::Object((tool.output_schema)()));
        // The cluster argument is the same in every configuration, or not there at all.
        let cluster = input["properties"].get("cluster");
        assert_eq!(cluster.is_some(), tool.cluster, "{}", tool.name);
    }
}

#[test]
fn no_tool_takes_an_address_from_the_caller() {
    for tool in tools::all() {
        let schema = (tool.input_schema)();
        for name in schema["properties"].as_object().unwrap().keys() {
            for banned in ["host", "url", "path", "bootstrap", "address", "port"] {
                assert!(!name.contains(banned), "{}: argument `{name}`", tool.name);
            }
        }
    }
}

#[test]
fn the_price_in_tokens_is_within_budget() {
    let tools = inspect();
    let mut report = String::new();
    let (mut shown_total, mut all) = (0, 0);
    for tool in &tools {
        let (own, with_output) = (tokens(&shown(tool)), tokens(&whole(tool)));
        shown_total += own;
        all += with_output;
        report.push_str(&format!("{:<24} {own:>4} {with_output:>4}\n", tool.name));
    }
    report.push_str(&format!(
        "{:<24} {shown_total:>4}\n{:<24} {all:>4}\n{:<24} {:>4}",
        "shown to a model",
        "with output schemas",
        "instructions",
        tokens(INSTRUCTIONS)
    ));
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("tokens", report) });
    assert!(
        shown_total <= 100 * tools.len(),
        "{shown_total} tokens for {} tools\n{report}",
        tools.len()
    );
    assert!(
        all <= 260 * tools.len(),
        "{all} tokens with output schemas\n{report}"
    );
    assert!(INSTRUCTIONS.len() <= 2048);
}
