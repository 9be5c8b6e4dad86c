//! The condition language, as a table of conditions and records.

use super::{Predicate, Verdict};
use crate::model::RecordView;

const HEADERS: &[(&[u8], Option<&[u8]>)] = &[
    (b"trace-id", Some(b"abc123")),
    (b"retry", Some(b"1")),
    (b"retry", Some(b"2")),
    (b"empty", None),
    (b"my header", Some(b"x")),
];
const ORDER: &str = r#"{"status":"FAILED","amount":100.5,"n":7,"text":"12","big":9007199254740993,
    "ok":true,"note":null,"items":[{"sku":"A","price":5},{"sku":"B","price":20}],"two words":1}"#;

fn record() -> RecordView<'static> {
    RecordView {
        partition: 3,
        offset: 100,
        timestamp_ms: 1_795_496_400_000,
        key: Some(b"order-17"),
        value: Some(ORDER.as_bytes()),
        headers: HEADERS,
    }
}

fn predicate(condition: &str) -> Predicate {
    Predicate::parse(&[condition.to_owned()]).unwrap_or_else(|e| panic!("{condition}: {e}"))
}

fn verdict(condition: &str, record: &RecordView<'_>) -> Verdict {
    predicate(condition).evaluate(record)
}

#[test]
fn conditions_that_hold() {
    for condition in [
        "value contains FAILED",
        "value contains \"\\\"status\\\":\\\"FAILED\\\"\"",
        "value icontains failed",
        "value not contains timeout",
        "value !~ timeout",
        "key = order-17",
        "key = \"order-17\"",
        "key=order-17",
        "key == order-17",
        "key != order-18",
        "key ~ ^order-\\d+$",
        "key ~ \"^order-\\\\d+$\"",
        "key IS NOT NULL",
        "header.trace-id ~ ^abc",
        "header.trace-id exists",
        "header.nothing not exists",
        "header.nothing != 1",
        "header.retry = 2",
        "header.retry > 1",
        "header.retry <= 1",
        "header.empty is null",
        "header.\"my header\" = x",
        "$.status = FAILED",
        "$.status = \"FAILED\"",
        "value.$.amount > 100",
        "$.amount = 100.50",
        "$.n = 7",
        "$.n = 7.0",
        "$.n>6",
        "$.text = 12",
        "$.text = \"12\"",
        "$.text > 11",
        "$.big = 9007199254740993",
        "$.big > 9007199254740992",
        "$.ok = true",
        "$.note is null",
        "$.note = null",
        "$.note exists",
        "$.status is not null",
        "$.missing not exists",
        "$.missing != 1",
        "$.items[*].sku = B",
        "$.items[?@.price > 10].sku = B",
        "$.items[?@.price > 10 && @.sku == 'B'] exists",
        "$..price = 20",
        "$['two words'] = 1",
        "$.items[0] = {\"price\":5,\"sku\":\"A\"}",
        "$.items contains \"\\\"sku\\\":\\\"A\\\"\"",
        "$.status ~ ^FAIL",
        "$.status < G",
        "offset >= 100",
        "offset = 100",
        "offset != 99",
        "partition = 3",
        "timestamp >= 2026-11-24T05:00:00Z",
        "timestamp < 2026-11-24T05:00:00.001Z",
        "timestamp > 2026-11-24",
        "timestamp = 1795496400000",
        "size > 100",
        "  value   contains   FAILED  ",
    ] {
        assert_eq!(verdict(condition, &record()), Verdict::Match, "{condition}");
    }
}

#[test]
fn conditions_that_do_not_hold() {
    for condition in [
        "value contains failed",
        "value icontains timeout",
        "key = order-1",
        "key != order-17",
        "key ~ ^\\d",
        "key is null",
        "key > 100",
        "header.Trace-Id exists",
        "header.retry = 3",
        "header.retry != 2",
        "header.retry > 2",
        "header.empty is not null",
        "header.empty = \"\"",
        "$.status != FAILED",
        "$.n = \"7\"",
        "$.ok = \"true\"",
        "$.note = \"null\"",
        "$.n is null",
        "$.missing is null",
        "$.missing exists",
        "$.missing = 1",
        "$.status > 1",
        "$.big = 9007199254740992",
        "$.items[?@.price > 100] exists",
        "offset > 100",
        "partition != 3",
        "timestamp < 2026-11-24T07:00:00+02:00",
        "timestamp is null",
        "size = 0",
    ] {
        assert_eq!(
            verdict(condition, &record()),
            Verdict::NoMatch,
            "{condition}"
        );
    }
}

#[test]
fn a_tombstone_without_key_and_time_is_judged_by_what_it_lacks() {
    let tombstone = RecordView {
        key: None,
        value: None,
        timestamp_ms: -1,
        headers: &[],
        ..record()
    };
    for (condition, expected) in [
        ("value is null", Verdict::Match),
        ("key is null", Verdict::Match),
        ("key != a", Verdict::Match),
        ("value contains a", Verdict::NoMatch),
        ("value = \"\"", Verdict::NoMatch),
        ("$.a exists", Verdict::NoMatch),
        ("$.a is null", Verdict::NoMatch),
        ("size = 0", Verdict::Match),
        ("timestamp is null", Verdict::Match),
        ("timestamp < 2030-01-01", Verdict::NoMatch),
    ] {
        assert_eq!(verdict(condition, &tombstone), expected, "{condition}");
    }
}

#[test]
fn a_value_that_is_no_json_is_told_apart_unless_another_condition_rules_it_out() {
    let text = RecordView {
        value: Some(b"plain text"),
        ..record()
    };
    assert_eq!(verdict("$.a = 1", &text), Verdict::NotJson);
    assert_eq!(verdict("$.a != 1", &text), Verdict::NotJson);
    assert_eq!(verdict("key.$.a = 1", &text), Verdict::NotJson);
    let both = ["$.a = 1".to_owned(), "key = other".to_owned()];
    assert_eq!(
        Predicate::parse(&both).unwrap().evaluate(&text),
        Verdict::NoMatch
    );
    let deep = "[".repeat(100_000);
    let deep = RecordView {
        value: Some(deep.as_bytes()),
        ..record()
    };
    assert_eq!(verdict("$[0] exists", &deep), Verdict::NotJson);
}

#[test]
fn json_behind_a_schema_id_is_read() {
    let framed = RecordView {
        value: Some(b"\x00\x00\x00\x00\x2a{\"a\":1}"),
        ..record()
    };
    assert_eq!(verdict("$.a = 1", &framed), Verdict::Match);
}

#[test]
fn bytes_that_are_no_utf_8_are_searched_all_the_same() {
    let binary = RecordView {
        value: Some(b"\xff\xfetimeout\xff"),
        ..record()
    };
    assert_eq!(verdict("value contains timeout", &binary), Verdict::Match);
    assert_eq!(verdict("value icontains TIMEOUT", &binary), Verdict::Match);
    assert_eq!(verdict("value ~ time.ut", &binary), Verdict::Match);
}

#[test]
fn case_is_ignored_beyond_ascii() {
    let german = RecordView {
        value: Some("M\u{dc}NCHEN".as_bytes()),
        ..record()
    };
    assert_eq!(
        verdict("value icontains m\u{fc}nchen", &german),
        Verdict::Match
    );
    assert_eq!(
        verdict("value icontains m.nchen", &german),
        Verdict::NoMatch
    );
}

#[test]
fn all_conditions_must_hold_and_none_wants_everything() {
    let all = |conditions: &[&str]| {
        let list: Vec<String> = conditions.iter().map(|c| (*c).to_owned()).collect();
        Predicate::parse(&list).unwrap().matches(&record())
    };
    assert!(all(&[]));
    assert!(all(&["key = order-17", "$.n = 7", "offset >= 1"]));
    assert!(!all(&["key = order-17", "$.n = 8", "offset >= 1"]));
}

#[test]
fn the_literal_is_the_longest_that_every_match_must_hold() {
    let literal = |conditions: &[&str]| {
        let list: Vec<String> = conditions.iter().map(|c| (*c).to_owned()).collect();
        Predicate::parse(&list).unwrap().literals().map(|all| {
            let all: Vec<_> = all
                .iter()
                .map(|one| std::str::from_utf8(one).unwrap())
                .collect();
            all.join("|")
        })
    };
    for (conditions, expected) in [
        (&["value contains abc"][..], Some("abc")),
        (&["key = k", "value contains abc"], Some("abc")),
        (&["header.trace-id = x"], Some("trace-id")),
        (&["header.a = xyz"], Some("xyz")),
        (&["header.a exists"], Some("a")),
        (&["header.a not exists"], None),
        (&["key != k"], None),
        (&["value not contains abc"], None),
        (&["value icontains abc"], None),
        (&["value ~ abc"], None),
        (&["$.a = abc"], None),
        (&["value = \"\""], None),
        (&["offset > 1"], None),
        (&["key = ab or value contains cde"], Some("ab|cde")),
        (
            &["key = ab or value contains cde", "value contains fg"],
            Some("fg"),
        ),
        (&["key = ab or $.a = 1"], None),
        (&["not (key != ab or value not contains cde)"], Some("cde")),
        (&["not (key = ab)"], None),
        (
            &["key = k and (value contains ab or value contains ab)"],
            Some("ab"),
        ),
        (&[], None),
    ] {
        assert_eq!(literal(conditions).as_deref(), expected, "{conditions:?}");
    }
}

/// What is said of a condition that is none holds all these parts.
pub(super) fn refused(condition: &str, parts: &[&str]) {
    let error = Predicate::parse(&[condition.to_owned()])
        .unwrap_err()
        .to_string();
    for part in parts {
        assert!(error.contains(part), "{condition}: {error}");
    }
}

#[test]
fn errors_say_which_word_what_is_allowed_and_what_is_near() {
    for (condition, parts) in [
        (
            "valeu contains x",
            &[
                "condition 1 `valeu contains x`",
                "unknown field `valeu`",
                "did you mean `value`",
                "header.NAME",
            ][..],
        ),
        ("value.status = A", &["did you mean `$.status`"]),
        ("key.id = A", &["did you mean `key.$.id`"]),
        ("headers.x = 1", &["did you mean `header.x`"]),
        (
            "value contain x",
            &[
                "`contain` is no operator for `value`",
                "did you mean `contains`",
                "value contains timeout",
            ],
        ),
        ("value =~ x", &["`=~` is no operator", "did you mean `~`"]),
        ("key <> x", &["did you mean `!=`"]),
        (
            "offset contains 1",
            &[
                "`contains` is no operator for `offset`",
                "allowed here: =, !=, <",
                "offset >= 100",
            ],
        ),
        (
            "value exists",
            &["`exists` is no operator for `value`", "is not null"],
        ),
        ("value", &["an operator is missing after `value`"]),
        ("key =", &["an operand is missing after `=`", "\"\""]),
        (
            "key is null now",
            &["`is null` takes no operand, `now` is too much"],
        ),
        ("value = \"abc", &["write \"\\\"abc\""]),
        (
            "value contains \"status\":\"FAILED\"",
            &["literally write \"\\\"status\\\":\\\"FAILED\\\"\""],
        ),
        ("value ~ (a", &["regular expression `(a`", "unclosed group"]),
        ("value ~ (a{1000}){1000}", &["too large"]),
        ("offset >= ten", &["whole number", "`ten`"]),
        (
            "timestamp > yesterday",
            &["`yesterday` is no time", "RFC 3339"],
        ),
        (
            "timestamp > 2026-11-24T05:00:00",
            &["no time zone", "2026-11-24T05:00:00Z"],
        ),
        ("$.a[ = 1", &["no JSON path"]),
        ("$a = 1", &["no JSON path"]),
        ("$..a..b = 1", &["more than 1 descent"]),
        ("header = 1", &["a header needs a name"]),
        ("header. = 1", &["a header needs a name"]),
        ("  ", &["condition 1 `  `: empty"]),
    ] {
        refused(condition, parts);
    }
}

#[test]
fn hostile_conditions_end_in_an_error_and_not_in_a_crash() {
    let deep = format!("$[?{}@.a{}] exists", "(".repeat(2000), ")".repeat(2000));
    assert!(
        Predicate::parse(&[deep])
            .unwrap_err()
            .to_string()
            .contains("nest deeper")
    );
    let long = format!("value contains {}", "x".repeat(5000));
    assert!(
        Predicate::parse(&[long])
            .unwrap_err()
            .to_string()
            .contains("at most 4096")
    );
    let many = vec!["offset > 1".to_owned(); 33];
    assert!(
        Predicate::parse(&many)
            .unwrap_err()
            .to_string()
            .contains("at most 32")
    );
    for condition in [
        "\"",
        "$",
        "$[",
        "header.\"",
        "key ~ \"\\",
        "= = =",
        "\u{1f980} = 1",
        "$\u{1f980} = 1",
        "is null",
    ] {
        let _ = Predicate::parse(&[condition.to_owned()]);
    }
}
