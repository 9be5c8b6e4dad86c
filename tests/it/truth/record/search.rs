//! What a search finds, and what it says that it looked at.

use super::{RecordPlan, client, keeping, offsets, offsets_of, places, rfc3339, says, shared};
use crate::support::mcp::Wire;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn conditions_find_just_the_records_that_fulfil_them() {
    let bed = shared();
    let topic = keeping(&bed, "search", 1);
    let at = |i: i64| 1_760_000_000_000 + i * 1_000;
    let json = |i: i64, status: &str, total: &str| {
        let value = format!(
            "{{\"id\": {i}, \"status\": \"{status}\", \"items\": [{{\"price\": {total}}}], \"nested\": {{\"ok\": {}}}}}",
            i % 2 == 0
        );
        RecordPlan::value(&value)
            .key(&format!("order-{i}"))
            .timestamp_ms(at(i))
    };
    let records = [
        json(0, "PLACED", "10"),
        json(1, "FAILED", "99.5").header("source", Some("web")),
        json(2, "PLACED", "250")
            .header("source", Some("app"))
            .header("retry", None),
        RecordPlan::tombstone("order-1").timestamp_ms(at(3)),
        RecordPlan::value("plain text: Timeout after 30s").timestamp_ms(at(4)),
        RecordPlan::value_base64("AP/+AGZhaWxlZA==")
            .key("bytes")
            .timestamp_ms(at(5)),
        RecordPlan::value("").key("empty").timestamp_ms(at(6)),
        json(7, "FAILED", "\"n/a\"")
            .header("source", Some("web"))
            .header("source", Some("batch")),
    ];
    bed.produce_with(
        &topic,
        &[("compression.type", "zstd"), ("linger.ms", "50")],
        &records,
    )
    .unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    let table: &[(&[&str], &[i64])] = &[
        (&["value contains FAILED"], &[1, 7]),
        (&["value contains failed"], &[5]),
        (&["value icontains timeout"], &[4]),
        (&["value ~ after \\d+s"], &[4]),
        (&["key = order-1"], &[1, 3]),
        (&["key ~ ^order-[02]$"], &[0, 2]),
        (&["key is null"], &[4]),
        (&["value is null"], &[3]),
        (&["value is null", "key = order-1"], &[3]),
        (&["value = \"\""], &[6]),
        (&["$.status = FAILED"], &[1, 7]),
        (&["$.items[0].price > 50"], &[1, 2]),
        (&["$.items[*].price >= 99.5", "$.status = PLACED"], &[2]),
        (&["$.id <= 1"], &[0, 1]),
        (&["$.nested.ok = true"], &[0, 2]),
        (&["$.nested.ok = false"], &[1, 7]),
        (&["$..price = n/a"], &[7]),
        (&["$.status exists", "$.status != FAILED"], &[0, 2]),
        (&["header.source = web"], &[1, 7]),
        (&["header.source ~ ^b"], &[7]),
        (&["header.source exists", "header.source != web"], &[2]),
        (&["header.retry is null"], &[2]),
        (&["header.retry exists"], &[2]),
        (&["offset >= 6"], &[6, 7]),
        (&["size = 0", "value is not null"], &[6]),
        (&["value contains nowhere"], &[]),
        (&["key = order-0 or key = order-2"], &[0, 2]),
        (&["$.status = FAILED and not header.source = batch"], &[1]),
        (&["not ($.status exists or value is null)", "size > 0"], &[]),
        (
            &["value is null or (header.source = web and $.id > 1)"],
            &[3, 7],
        ),
        (
            &["value contains FAILED or key = bytes and size < 12"],
            &[1, 5, 7],
        ),
        (
            &["(value contains FAILED or key = bytes) and key != order-7"],
            &[1, 5],
        ),
        (
            &["NOT (value ~ ^\\{ OR value IS NULL) AND size > 0"],
            &[4, 5],
        ),
        (&["value contains Timeout and 30s"], &[]),
        (&["value contains after 30s or value = \"\""], &[4, 6]),
    ];
    for (conditions, expected) in table {
        let answer = client
            .call(
                "kafka_record_search",
                json!({"topic": topic, "where": conditions}),
            )
            .await;
        assert_eq!(
            offsets_of(&answer),
            *expected,
            "{conditions:?}\n{}",
            answer.text
        );
        // The coverage statement: all of the topic (or all that an offset leaves), and that it was all.
        let from = if *conditions == ["offset >= 6"] { 6 } else { 0 };
        let covered = &answer.data["covered"][0];
        assert_eq!(
            ["partition", "from", "to"].map(|k| covered[k].as_i64().unwrap()),
            [0, from, 8]
        );
        assert_eq!(answer.data["stopped"], "end", "{conditions:?}");
        assert!(answer.data.get("next_cursor").is_none());
        let noun = if expected.len() == 1 {
            "match"
        } else {
            "matches"
        };
        says(
            &answer,
            &[
                &format!("{topic}: {} {noun}; looked at", expected.len()),
                "in 1 partition; all of the range was read",
            ],
        );
    }
    let by_time = format!("timestamp >= {}", rfc3339(at(6)));
    let answer = client
        .call(
            "kafka_record_search",
            json!({"topic": topic, "where": [by_time]}),
        )
        .await;
    assert_eq!(offsets_of(&answer), [6, 7]);
    // What could not be judged is counted: text, bytes and an empty value; a null has no fields to ask for.
    let answer = client
        .call(
            "kafka_record_search",
            json!({"topic": topic, "where": ["$.status = PLACED"]}),
        )
        .await;
    assert_eq!(answer.data["not_json"], 3, "{}", answer.text);
    says(&answer, &["3 records: no JSON"]);
    for (condition, part) in [
        ("value has x", "contains"),
        ("valeu = x", "value"),
        ("value ~ (", "value ~ ("),
        (
            "key = a or (value = b",
            "at character 12 `(value = b`: this `(` is not closed",
        ),
        ("key = a and valeu = b", "did you mean `value`"),
    ] {
        let refused = client
            .refused(
                "kafka_record_search",
                json!({"topic": topic, "where": [condition]}),
            )
            .await;
        assert_eq!(refused.data["code"], "bad_condition");
        says(&refused, &[part]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_coverage_ends_where_the_log_ended_and_the_limit_struck() {
    let bed = shared();
    let topic = keeping(&bed, "covered", 3);
    let records: Vec<RecordPlan> = (0..60)
        .map(|i| {
            RecordPlan::value(if i % 10 == 0 { "needle" } else { "hay" })
                .partition(i % 3)
                .timestamp_ms(1_760_000_000_000 + i64::from(i))
        })
        .collect();
    bed.produce(&topic, &records).unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    let all = client
        .call(
            "kafka_record_search",
            json!({"topic": topic, "where": ["value = needle"], "limit": 100}),
        )
        .await;
    let ends = offsets(&bed, &topic, "-1");
    let covered = all.data["covered"].as_array().unwrap();
    assert_eq!(covered.len(), ends.len());
    for part in covered {
        assert_eq!(part["to"], ends[&part["partition"].as_i64().unwrap()]);
        assert_eq!((&part["from"], &part["records"]), (&json!(0), &json!(20)));
    }
    assert_eq!(
        (&all.data["records_scanned"], &all.data["stopped"]),
        (&json!(60), &json!("end"))
    );
    let expected: Vec<(i64, i64)> = (0..6).map(|i| (i * 10 % 3, i * 10 / 3)).collect();
    assert_eq!(places(&all.data["records"]), expected);
    for (order, first) in [
        ("earliest", expected[..2].to_vec()),
        ("latest", vec![expected[5], expected[4]]),
    ] {
        let asked =
            json!({"topic": topic, "where": ["value = needle"], "limit": 2, "order": order});
        let some = client.call("kafka_record_search", asked).await;
        assert_eq!(places(&some.data["records"]), first);
        assert_eq!(some.data["stopped"], "limit");
        says(
            &some,
            &[
                "stopped at the limit",
                some.data["next_cursor"].as_str().unwrap(),
            ],
        );
        // No needle inside of what it says that it covered is left out.
        let inside = |place: &(i64, i64)| {
            let parts = some.data["covered"].as_array().unwrap();
            let part: &Value = parts.iter().find(|c| c["partition"] == place.0).unwrap();
            (part["from"].as_i64().unwrap()..part["to"].as_i64().unwrap()).contains(&place.1)
        };
        let within: Vec<_> = expected.iter().filter(|p| inside(p)).collect();
        assert_eq!(within.len(), 2, "{order}: {:#}", some.data["covered"]);
        assert!(within.iter().all(|p| first.contains(p)));
    }
}
