//! Every argument of every tool: absent, null, of other types, 0, empty, false, negative, huge.

use super::{answered, call, is_defect, sandbox, sound, tools_on};
use kafkaweave::problem::{Error, Problem};
use kafkaweave::tool::ToolDef;
use kafkaweave::tools;
use serde_json::{Value, json};

/// Arguments that filter names: of these an empty one is the same as none.
const FILTERS: [(&str, &str); 9] = [
    ("kafka_topic_list", "pattern"),
    ("kafka_group_list", "pattern"),
    ("kafka_group_lag", "group"),
    ("kafka_group_lag", "topic"),
    ("kafka_group_watch", "group"),
    ("kafka_group_watch", "topic"),
    ("kafka_topic_layout", "pattern"),
    ("kafka_cluster_compare", "pattern"),
    ("kafka_config_describe", "keys"),
];

fn properties(tool: &ToolDef) -> Vec<(String, Value)> {
    let schema = (tool.input_schema)();
    let properties = schema["properties"].as_object().unwrap();
    properties
        .iter()
        .map(|(name, of)| (name.clone(), of.clone()))
        .collect()
}

fn required(tool: &ToolDef) -> Vec<String> {
    let schema = (tool.input_schema)();
    let names = schema.get("required").and_then(Value::as_array);
    names
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(String::from)
        .collect()
}

fn with(tool: &ToolDef, name: &str, value: Value) -> Value {
    let mut arguments = sound(tool.name);
    arguments[name] = value;
    arguments
}

/// Whether a value may stand for this type, read with good will (`"5"` for 5, 5 for `"5"`).
fn could_be(kind: &str, value: &Value) -> bool {
    let whole =
        |v: &Value| v.is_i64() || v.is_u64() || v.as_f64().is_some_and(|f| f.fract() == 0.0);
    match kind {
        "string" => value.is_string() || value.is_number(),
        "integer" => {
            whole(value)
                || value
                    .as_str()
                    .is_some_and(|s| s.trim().parse::<i64>().is_ok())
        }
        "boolean" => value.is_boolean() || value == "true" || value == "false",
        _ => !value.is_null(),
    }
}

#[tokio::test]
async fn every_tool_answers_sound_arguments_and_names_what_is_missing() {
    let sandbox = sandbox().await;
    let dispatcher = tools_on(&sandbox);
    for tool in tools::all() {
        let reply = call(&dispatcher, tool.name, sound(tool.name)).await;
        assert!(answered(&reply), "{}: {reply:?}", tool.name);
        for name in required(tool) {
            for missing in [None, Some(Value::Null)] {
                let mut arguments = sound(tool.name);
                arguments.as_object_mut().unwrap().remove(&name);
                if let Some(null) = missing {
                    arguments[&name] = null;
                }
                let error = call(&dispatcher, tool.name, arguments).await.unwrap_err();
                assert!(
                    matches!(&error, Error::Argument { path, .. } if *path == name),
                    "{}: {error}",
                    tool.name
                );
                assert_eq!(Problem::from(&error).code, "bad_argument");
            }
        }
        // Null means not given, as many clients fill in every property.
        let mut arguments = sound(tool.name);
        for (name, _) in properties(tool) {
            if arguments.get(&name).is_none() {
                arguments[&name] = Value::Null;
            }
        }
        let reply = call(&dispatcher, tool.name, arguments).await;
        assert!(answered(&reply), "{}: {reply:?}", tool.name);
    }
}

#[tokio::test]
async fn a_value_of_another_type_is_an_error_that_names_the_argument() {
    let sandbox = sandbox().await;
    let dispatcher = tools_on(&sandbox);
    let values = [
        json!({}),
        json!([[]]),
        json!({"a": {"b": [null]}}),
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(0.5),
        json!(1e300),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(""),
        json!(" "),
        json!("x".repeat(100_000)),
        json!("\u{0}\u{7}"),
        json!("../../etc/passwd"),
        json!("ünï📈"),
        json!("'; --"),
        json!("("),
        json!("/(/"),
        json!("5"),
    ];
    for tool in tools::all() {
        for (name, of) in properties(tool) {
            let kind = of["type"].as_str().unwrap();
            for value in &values {
                let shown: String = value.to_string().chars().take(40).collect();
                let what = format!("{} {name}={shown}", tool.name);
                match call(&dispatcher, tool.name, with(tool, &name, value.clone())).await {
                    Ok(reply) => {
                        assert!(
                            could_be(kind, value),
                            "{what} is no {kind}, and was answered: {}",
                            reply.text
                        );
                        assert!(
                            of.get("enum")
                                .is_none_or(|e| e.as_array().unwrap().contains(value)),
                            "{what}"
                        );
                    }
                    Err(error) => {
                        assert!(!is_defect(&error), "{what}: {error}");
                        let text = Problem::from(&error).text();
                        assert!(
                            text.len() < 2_000,
                            "{what}: an error repeats what it was given: {} bytes",
                            text.len()
                        );
                        if let Error::Argument { path, .. } = &error {
                            assert!(path.starts_with(&name), "{what}: {error}");
                        }
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_argument_is_refused_with_the_nearest_that_exists() {
    let sandbox = sandbox().await;
    let dispatcher = tools_on(&sandbox);
    for tool in tools::all() {
        let error = call(&dispatcher, tool.name, with(tool, "instant", json!("-1h")))
            .await
            .unwrap_err();
        let text = Problem::from(&error).text();
        assert!(
            text.contains("`instant`: is unknown"),
            "{}: {text}",
            tool.name
        );
        for (name, _) in properties(tool).iter().filter(|(name, _)| name.len() > 3) {
            let mut arguments = sound(tool.name);
            arguments.as_object_mut().unwrap().remove(name);
            arguments[format!("{name}x")] = json!("x");
            let error = call(&dispatcher, tool.name, arguments).await.unwrap_err();
            let text = Problem::from(&error).text();
            assert!(
                text.contains(&format!("Nearest: `{name}`")),
                "{}: {text}",
                tool.name
            );
        }
    }
}

#[tokio::test]
async fn nothing_is_no_name_and_zero_no_amount() {
    let sandbox = sandbox().await;
    let dispatcher = tools_on(&sandbox);
    let mut faults = Vec::new();
    for tool in tools::all() {
        // Not offered by the sandbox, or of no use where nobody has to log in.
        let sound = call(&dispatcher, tool.name, sound(tool.name)).await;
        if sound.is_err() || tool.name == "kafka_acl_list" {
            continue;
        }
        for (name, of) in properties(tool) {
            let filter = FILTERS.contains(&(tool.name, name.as_str()));
            let values = match of["type"].as_str().unwrap() {
                "string" => vec![json!("")],
                // 0 is a partition.
                "integer" if name == "partition" => vec![json!(-1)],
                "integer" => vec![json!(0), json!("0"), json!(-1)],
                "array" if name == "where" => vec![json!([]), json!([""])],
                "array" => vec![json!([-1]), json!([i32::MAX])],
                _ => vec![],
            };
            for value in values {
                let answer = call(&dispatcher, tool.name, with(tool, &name, value.clone())).await;
                if answer.is_ok() != filter {
                    faults.push(format!("{} {name}={value}: {answer:?}", tool.name));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[tokio::test]
async fn zero_and_false_are_values_and_not_the_absence_of_one() {
    let sandbox = sandbox().await;
    let dispatcher = tools_on(&sandbox);
    let read = |arguments: Value| call(&dispatcher, "kafka_record_read", arguments);
    let records = |v: &Value| v["records"].as_array().cloned().unwrap();
    let answer = read(json!({"topic": "orders", "partitions": [0], "from": "0", "limit": 5}))
        .await
        .unwrap();
    let records_of_0 = records(&answer.structured);
    assert_eq!(records_of_0.len(), 5);
    assert_eq!(records_of_0[0]["offset"], 0);
    assert!(
        records_of_0.iter().all(|r| r["partition"] == 0),
        "{}",
        answer.text
    );
    let answer = read(json!({"topic": "orders", "partitions": 0, "until": 0}))
        .await
        .unwrap();
    assert_eq!(
        records(&answer.structured).len(),
        0,
        "nothing is before offset 0"
    );
    // A broker 0 that is not there is not taken for some other broker.
    let error = call(
        &dispatcher,
        "kafka_config_describe",
        json!({"kind": "broker", "name": 0}),
    )
    .await
    .unwrap_err();
    let text = Problem::from(&error).text();
    assert!(
        text.contains("broker 0") && text.contains("kafka_cluster_describe"),
        "{text}"
    );
    let total = |v: Value| v["total"].as_u64().unwrap();
    let all = call(&dispatcher, "kafka_group_lag", json!({"lagging": false}))
        .await
        .unwrap();
    let lagging = call(&dispatcher, "kafka_group_lag", json!({"lagging": true}))
        .await
        .unwrap();
    assert!(total(all.structured) > total(lagging.structured));
}

#[tokio::test]
async fn a_range_that_ends_before_it_begins_is_a_slip_that_is_told() {
    let sandbox = sandbox().await;
    let dispatcher = tools_on(&sandbox);
    for (from, until) in [
        ("-1h", "-2h"),
        ("10", "10"),
        ("10", "3"),
        ("2026-11-24T05:00:00Z", "2026-11-24T04:00:00Z"),
    ] {
        for tool in ["kafka_record_read", "kafka_record_search"] {
            let mut arguments = sound(tool);
            arguments["from"] = json!(from);
            arguments["until"] = json!(until);
            let error = call(&dispatcher, tool, arguments).await.unwrap_err();
            assert!(
                matches!(&error, Error::Argument { path, .. } if path == "until"),
                "{tool}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn lag_on_a_topic_that_a_group_does_not_use_is_not_called_a_lack_of_commits() {
    let sandbox = sandbox().await;
    let dispatcher = tools_on(&sandbox);
    let lag = |arguments: Value| call(&dispatcher, "kafka_group_lag", arguments);
    let answer = lag(json!({"topic": "payments"})).await.unwrap();
    assert!(
        !answer.text.contains("committed no offsets"),
        "{}",
        answer.text
    );
    assert!(answer.text.contains("billing"), "{}", answer.text);
    assert!(
        !answer.text.contains("legacy-export"),
        "reads clicks only: {}",
        answer.text
    );
    let error = lag(json!({"topic": "paymnts"})).await.unwrap_err();
    let text = Problem::from(&error).text();
    assert!(
        text.contains("unknown_topic") && text.contains("`payments`"),
        "{text}"
    );
}
