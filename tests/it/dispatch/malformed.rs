//! Two hundred malformed calls and lines that are no calls, on one server: errors, and it still
//! answers.

use super::sound;
use crate::support::rpc::Raw;
use kafkaweave::tools;
use serde_json::{Value, json};

/// The same numbers at every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.next(of.len())]
    }
}

fn junk(numbers: &mut Numbers) -> Value {
    match numbers.next(16) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(u64::MAX),
        4 => json!(1.5e-300),
        5 => json!(""),
        6 => json!("\u{0}\u{1b}[31m\u{202e}"),
        7 => json!("x".repeat(5_000)),
        8 => json!([]),
        9 => json!({}),
        10 => json!([[[[[[[[1]]]]]]]]),
        11 => json!({"$ref": "#", "__proto__": {"a": 1}}),
        12 => json!("/((((((((((a+)+)+)+)+)+)+)+)+)+$/"),
        13 => json!("$..[?(@.a)]"),
        14 => json!(vec![1; 3_000]),
        _ => json!("-99999999999999999999d"),
    }
}

/// Malformed arguments of some tool.
fn arguments(numbers: &mut Numbers) -> (&'static str, Value) {
    let all: Vec<_> = tools::all().collect();
    let tool = *numbers.pick(&all);
    let schema = (tool.input_schema)();
    let mut names: Vec<String> = schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    names.push("no_such".into());
    let mut arguments = sound(tool.name);
    for _ in 0..=numbers.next(3) {
        let name = numbers.pick(&names).clone();
        arguments[name] = junk(numbers);
    }
    (tool.name, arguments)
}

async fn still_answers(raw: &mut Raw, after: &str) {
    assert_eq!(
        raw.ask("ping", json!({})).await["result"],
        json!({}),
        "after {after}"
    );
}

#[tokio::test]
async fn two_hundred_malformed_calls_give_errors_and_harm_nothing() {
    let mut raw = Raw::legacy(&["--sandbox", "--toolsets", "all"], &[]).await;
    let mut numbers = Numbers(20_261_124);
    for _ in 0..200 {
        let (tool, arguments) = arguments(&mut numbers);
        let answer = raw.call(tool, arguments.clone()).await;
        let shown: String = arguments.to_string().chars().take(200).collect();
        // A protocol error would be one of the transport's; an inner failure one of ours.
        assert!(answer.get("error").is_none(), "{tool} {shown}: {answer}");
        assert_ne!(
            answer["result"]["structuredContent"]["code"], "internal",
            "{tool} {shown}"
        );
        let text = answer["result"]["content"][0]["text"].as_str().unwrap();
        assert!(!text.is_empty(), "{tool} {shown}");
    }
    let answer = raw.call("kafka_topic_list", json!({})).await;
    assert!(answer["result"]["isError"] != true, "{answer}");
    let ended = raw.end().await;
    assert_eq!(ended.code, Some(0));
    assert!(!ended.stderr.contains("panic"), "{}", ended.stderr);
}

#[tokio::test]
async fn lines_that_are_no_requests_are_survived() {
    let mut raw = Raw::legacy(&["--sandbox"], &[]).await;
    let lines: [&[u8]; 24] = [
        b"", b" ", b"\r", b"{", b"}", b"[]", b"[1]", b"null", b"1", b"\"x\"", b"{}", b"\xff\xfe\x00", b"\xc3\x28{\"jsonrpc\":\"2.0\"}",
        b"{\"jsonrpc\":\"2.0\"}", b"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", b"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}",
        b"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", b"{\"jsonrpc\":\"2.0\",\"id\":900,\"method\":7}",
        b"{\"jsonrpc\":\"2.0\",\"id\":901,\"result\":{}}", b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":77}}",
        b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}", b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/none\",\"params\":[]}",
        b"{\"jsonrpc\":\"2.0\",\"id\":902,\"error\":{\"code\":1,\"message\":\"x\"}}", b"Content-Length: 10",
    ];
    for line in lines {
        raw.write(&[line, b"\n"].concat()).await;
        still_answers(&mut raw, &String::from_utf8_lossy(line)).await;
    }
    for depth in [100, 1_000, 100_000] {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        raw.write(format!("{{\"jsonrpc\":\"2.0\",\"id\":903,\"method\":\"tools/call\",\"params\":{{\"name\":\"kafka_topic_list\",\"arguments\":{{\"pattern\":{nested}}}}}}}\n").as_bytes()).await;
        still_answers(&mut raw, &format!("{depth} levels")).await;
        raw.write(format!("{nested}\n").as_bytes()).await;
        still_answers(&mut raw, &format!("{depth} levels alone")).await;
    }
    assert_eq!(raw.end().await.code, Some(0));
}

#[tokio::test]
async fn lines_of_megabytes_are_answered_or_dropped_and_never_repeated() {
    let mut raw = Raw::legacy(&["--sandbox"], &[]).await;
    let ten = "y".repeat(10 << 20);
    let answer = raw.call(&ten, json!({})).await;
    assert_eq!(answer["error"]["code"], -32602);
    assert!(
        answer.to_string().len() < 2_000,
        "a name of 10 MB comes back"
    );
    for arguments in [
        json!({"topic": ten}),
        json!({&ten: 1}),
        json!({"topic": "payments", "isolation": ten}),
        json!({"topic": "payments", "from": ten}),
        json!({"topic": "payments", "cursor": ten}),
        json!({"topic": "payments", "cluster": ten}),
    ] {
        let answer = raw.call("kafka_record_read", arguments).await;
        assert_eq!(answer["result"]["isError"], true);
        assert!(
            answer.to_string().len() < 4_000,
            "an argument of 10 MB comes back in {} bytes",
            answer.to_string().len()
        );
    }
    let answer = raw
        .call(
            "kafka_record_search",
            json!({"topic": "payments", "where": [format!("value contains {ten}")]}),
        )
        .await;
    assert!(
        answer.to_string().len() < 4_000,
        "a condition of 10 MB comes back in {} bytes",
        answer.to_string().len()
    );
    let answer = raw
        .call("kafka_topic_list", json!({"pattern": format!("/{ten}/")}))
        .await;
    assert!(
        answer.to_string().len() < 4_000,
        "{} bytes",
        answer.to_string().len()
    );
    let dropped = json!({"jsonrpc": "2.0", "id": 1_000_000, "method": "ping", "params": {"x": "z".repeat(17 << 20)}});
    raw.send(&dropped).await;
    still_answers(&mut raw, "17 MB").await;
    let ended = raw.end().await;
    assert!(
        ended.stderr.len() < 20_000,
        "standard error repeats what it was given: {} bytes",
        ended.stderr.len()
    );
}
