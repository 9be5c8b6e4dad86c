//! Conditions joined by `and`, `or` and `not`, as a table of texts and what they mean.

use super::tests::refused;
use super::{Predicate, Verdict};
use crate::model::RecordView;

fn record() -> RecordView<'static> {
    RecordView {
        partition: 3,
        offset: 100,
        timestamp_ms: 1_795_496_400_000,
        key: Some(b"order-17"),
        value: Some(br#"{"status":"FAILED","n":7,"why":"rock and roll or (a)"}"#),
        headers: &[(b"retry", Some(b"1"))],
    }
}

fn parse(text: &str) -> Predicate {
    Predicate::parse(&[text.to_owned()]).unwrap_or_else(|e| panic!("{text}: {e}"))
}

#[test]
fn not_binds_before_and_and_and_before_or() {
    let (t, f) = ("offset = 100", "offset = 1");
    for (text, expected) in [
        (format!("{t} or {f}"), true),
        (format!("{f} or {f}"), false),
        (format!("{t} and {f}"), false),
        (format!("{t} or {t} and {f}"), true),
        (format!("({t} or {t}) and {f}"), false),
        (format!("{f} and {f} or {t}"), true),
        (format!("{f} and ({f} or {t})"), false),
        (format!("not {f} and {t}"), true),
        (format!("not {t} or {t}"), true),
        (format!("not ({t} or {t})"), false),
        (format!("not ({f} and {t})"), true),
        (format!("not not {t}"), true),
        (format!("NOT({f})AND({t} Or {f})"), true),
        (format!("(({t}))"), true),
        (format!("not (not ({f} or not {t}) and {t})"), false),
        (format!("\n{f}\tor\n  {t} "), true),
    ] {
        assert_eq!(parse(&text).matches(&record()), expected, "{text}");
    }
}

#[test]
fn an_operand_without_quotes_goes_on_until_a_condition_follows() {
    for (text, reading) in [
        (
            "value contains rock and roll",
            "value contains \"rock and roll\"",
        ),
        (
            "value contains roll or (a)",
            "value contains \"roll or (a)\"",
        ),
        (
            "value contains rock and roll or key = nothing",
            "value contains \"rock and roll\" or key = nothing",
        ),
        (
            "(value contains roll or (a) and key = order-17)",
            "value contains \"roll or (a)\" and key = order-17",
        ),
        (
            "value contains nowhere or not (key ~ ^x|y$ and $.n > 9)",
            "value contains nowhere or not (key ~ ^x|y$ and $.n > 9)",
        ),
        (
            "$.why = \"rock and roll or (a)\" and key is not null",
            "$.why = \"rock and roll or (a)\" and key is not null",
        ),
        (
            "key = x or $.n = 7 and header.retry exists",
            "key = x or ($.n = 7 and header.retry exists)",
        ),
        (
            "value contains \"key = x and key = y\" or header.\"retry\" = 1",
            "value contains \"key = x and key = y\" or header.retry = 1",
        ),
        (
            "(key ~ ^(a|order)-\\d+$ or key = b) and (value is null or size > 5)",
            "(key ~ \"^(a|order)-\\\\d+$\" or key = b) and (value is null or size > 5)",
        ),
        (
            "$.items[?@.a > 1 && @.b == 'x and y'] not exists and key = order-17",
            "$.items[?@.a > 1 && @.b == 'x and y'] not exists and key = order-17",
        ),
    ] {
        let predicate = parse(text);
        assert_eq!(predicate.readings(), [reading], "{text}");
        assert_eq!(predicate.evaluate(&record()), Verdict::Match, "{text}");
        // What is shown means the same when it is passed back.
        assert_eq!(
            parse(reading).evaluate(&record()),
            Verdict::Match,
            "{reading}"
        );
    }
    for plain in ["value contains roll", "key = \"a and b\"", "key ~ (a|b)"] {
        assert!(parse(plain).readings().is_empty(), "{plain}");
    }
}

#[test]
fn what_cannot_be_judged_matters_only_where_the_rest_does_not_decide() {
    let text = RecordView {
        value: Some(b"plain text"),
        ..record()
    };
    for (condition, expected) in [
        ("$.a = 1 or value contains plain", Verdict::Match),
        ("$.a = 1 or value contains other", Verdict::NotJson),
        ("$.a = 1 and value contains plain", Verdict::NotJson),
        ("$.a = 1 and value contains other", Verdict::NoMatch),
        ("not ($.a = 1)", Verdict::NotJson),
        ("not ($.a = 1 and value contains other)", Verdict::Match),
        ("($.a = 1 or key.$.b = 1) and offset = 5", Verdict::NoMatch),
    ] {
        assert_eq!(parse(condition).evaluate(&text), expected, "{condition}");
    }
    // Both documents are asked: one that rules out wins over one that cannot be judged.
    let key = RecordView {
        key: Some(b"{\"b\":2}"),
        ..text
    };
    assert_eq!(
        parse("$.a = 1 and key.$.b = 1").evaluate(&key),
        Verdict::NoMatch
    );
}

#[test]
fn errors_name_the_place_what_is_expected_and_what_is_near() {
    for (text, parts) in [
        (
            "key = a and keyy = b",
            &[
                "at character 13 `keyy = b`",
                "unknown field `keyy`",
                "did you mean `key`",
                "put an operand that holds these in quotes",
            ][..],
        ),
        (
            "key is null && value is null",
            &["`is null` takes no operand", "`&& value is null`"],
        ),
        (
            "(key is null) && value is null",
            &[
                "at character 15 `&& value",
                "expected `and`, `or` or the end, found `&&`",
                "did you mean `and`",
            ],
        ),
        ("(key = a) || key = b", &["did you mean `or`"]),
        (
            "(key = a or key = b",
            &["at character 1 `(key", "not closed"],
        ),
        ("key is null)", &["at character 12 `)`", "closes nothing"]),
        (
            "key = \"a\" and",
            &["at its end", "a condition is missing after `and`"],
        ),
        ("key = \"a\" or )", &["missing after `or`"]),
        ("()", &["missing after `(`"]),
        ("not", &["missing after `not`"]),
        (
            "key = a or timestamp > yesterday",
            &["`yesterday` is no time"],
        ),
        ("key = a and value.status = b", &["did you mean `$.status`"]),
        ("key = a or $.x[] = 1 or key = b", &["no JSON path"]),
    ] {
        refused(text, parts);
    }
}

#[test]
fn bounds_hold_for_all_entries_together() {
    let fault = |conditions: &[String]| Predicate::parse(conditions).unwrap_err().to_string();
    let deep = format!("{}key = a{}", "(".repeat(33), ")".repeat(33));
    assert!(fault(&[deep]).contains("nest deeper than 32"));
    let open = "(".repeat(4096);
    assert!(fault(&[open]).contains("nest deeper than 32"));
    assert!(Predicate::parse(&[format!("{}key = a", "not ".repeat(1000))]).is_ok());
    let deep = format!("{}key = a{}", "(".repeat(32), ")".repeat(32));
    assert!(Predicate::parse(&[deep]).is_ok());
    let many = |count: usize, one: &str| vec![one; count].join(" or ");
    assert!(Predicate::parse(&[many(64, "key = a"), many(64, "key = b")]).is_ok());
    assert!(
        fault(&[many(64, "key = a"), many(65, "key = b")]).contains("more than 128 conditions")
    );
    assert!(fault(&[many(33, "key ~ a")]).contains("more than 32 regular expressions"));
}

#[test]
fn paths_whose_cost_multiplies_are_refused_with_the_reason() {
    let error = |path: &str| {
        let text = format!("{path} exists");
        Predicate::parse(&[text]).unwrap_err().to_string()
    };
    for (path, part) in [
        ("$..a..b", "more than 1 descent"),
        ("$..[?@..a]", "more than 1 descent"),
        (
            "$[*,*][*,*][*,*][*,*][*,*][*,*]",
            "multiply to 64; at most 32",
        ),
        ("$[?count($[*]) > 1]", "may only name one node"),
        ("$.a[?@.b == $.c[?@.d]]", "may only name one node"),
        ("$[?@.a == $ ['x'] [*]]", "may only name one node"),
        ("$[?match(@.a, @.b)]", "take their pattern in quotes"),
        (
            "$[?search(@.a, '(a{1000}){100}')]",
            "compiled for every node",
        ),
    ] {
        assert!(error(path).contains(part), "{path}: {}", error(path));
    }
    for path in [
        "$..price",
        "$['a','b','c']",
        "$.items[?@.price > $.limit]",
        "$.items[?@.price > $['limits'][0].low && @.sku == 'a..b..c']",
        "$.items[?match(@.sku, 'A.*')]",
        "$['..','$','a,b']",
    ] {
        parse(&format!("{path} exists"));
    }
}
