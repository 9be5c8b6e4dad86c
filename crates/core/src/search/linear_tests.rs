//! The cost of a condition grows with the size of the record and no faster: the same condition on
//! one document and on one four times as large, by nodes where they can be counted, by time against
//! itself where they cannot.

use super::{Predicate, Verdict};
use crate::model::RecordView;
use serde_json_path::JsonPath;
use std::time::{Duration, Instant};

fn record(value: &[u8]) -> RecordView<'_> {
    RecordView {
        partition: 0,
        offset: 0,
        timestamp_ms: 0,
        key: None,
        value: Some(value),
        headers: &[],
    }
}

/// The fastest of some runs.
fn cost(predicate: &Predicate, value: &[u8], expected: Verdict) -> Duration {
    (0..5)
        .map(|_| {
            let begun = Instant::now();
            assert_eq!(predicate.evaluate(&record(value)), expected);
            begun.elapsed()
        })
        .min()
        .unwrap()
}

/// Quadratic work would take sixteen times as long, linear work four times.
fn grows_linearly(
    condition: &str,
    make: impl Fn(usize) -> Vec<u8>,
    size: usize,
    expected: Verdict,
) {
    let predicate = Predicate::parse(&[condition.to_owned()]).unwrap();
    let (small, large) = (make(size), make(4 * size));
    // Other work on the machine may disturb one look; quadratic cost shows in every one.
    let ratios: Vec<f64> = (0..5)
        .map(|_| {
            let once = cost(&predicate, &small, expected).as_secs_f64();
            cost(&predicate, &large, expected).as_secs_f64() / once.max(1e-7)
        })
        .take_while_inclusive(|ratio| *ratio > 10.0)
        .collect();
    assert!(
        ratios.last().is_some_and(|ratio| *ratio <= 10.0),
        "{condition}: {ratios:?}"
    );
}

trait TakeWhileInclusive: Iterator + Sized {
    /// Up to and with the first for which `go_on` does not hold.
    fn take_while_inclusive(
        self,
        go_on: impl Fn(&Self::Item) -> bool,
    ) -> impl Iterator<Item = Self::Item> {
        let mut ended = false;
        self.map_while(move |item| {
            let before = ended;
            ended = !go_on(&item);
            (!before).then_some(item)
        })
    }
}

impl<I: Iterator> TakeWhileInclusive for I {}

#[test]
fn regular_expressions_that_make_others_backtrack_take_linear_time() {
    let letters = |size: usize| vec![b'a'; size];
    for pattern in [
        "(a+)+$b",
        "(a|a)*b",
        "(a|aa)+b$",
        "^(a*)*(a*)*(a*)*b",
        "(.*)*x(.*)*y",
        "(a?){64}a{64}b",
        "((a{1,20}){1,20}){1,5}b$",
    ] {
        grows_linearly(
            &format!("value ~ {pattern}"),
            letters,
            20_000,
            Verdict::NoMatch,
        );
    }
    grows_linearly(
        "value icontains aaaaaaaab",
        letters,
        100_000,
        Verdict::NoMatch,
    );
    grows_linearly(
        "value contains aaaaaaaab",
        letters,
        100_000,
        Verdict::NoMatch,
    );
}

#[test]
fn deep_and_wide_json_takes_linear_time() {
    // Nested deeper than is read: given up at a fixed depth, whatever is behind it.
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep =
            |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth)).into_bytes();
        grows_linearly("$..a = 2", deep, 25_000, Verdict::NotJson);
    }
    // As deep as is read, many times.
    let chains = |count: usize| {
        let chain = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
        format!("[{}]", vec![chain; count].join(",")).into_bytes()
    };
    let wide = |count: usize| {
        let items: Vec<String> = (0..count)
            .map(|i| format!("{{\"a\":{i},\"b\":[{i},\"x\"]}}"))
            .collect();
        format!("{{\"items\":[{}],\"limit\":-1}}", items.join(",")).into_bytes()
    };
    for condition in [
        "$..a = none",
        "$..* = none",
        "$.items[*].b[*] = none",
        "$.items[?@.a < $.limit] exists",
        "$.items[?count(@.b[*]) > 2] exists",
        "$.items[?@.a < 0 || match(@.b[1], 'y.*')] exists",
        "$..[?@.b == $.limit] exists",
        "$.items[*,*,*,*].a = none",
    ] {
        grows_linearly(condition, wide, 100, Verdict::NoMatch);
    }
    for condition in ["$..a = none", "$..* contains none", "$..a.a.a.a = none"] {
        grows_linearly(condition, chains, 4, Verdict::NoMatch);
    }
}

/// Why a second `..` is refused: what it visits is the size times the depth, all of it at once.
#[test]
fn two_descents_would_visit_every_node_once_for_each_ancestor() {
    let nodes = |path: &str, depth: usize| {
        let text = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        JsonPath::parse(path).unwrap().query(&json).len()
    };
    assert_eq!((nodes("$..*", 25), nodes("$..*", 100)), (25, 100));
    assert_eq!((nodes("$..*..*", 25), nodes("$..*..*", 100)), (300, 4950));
    assert_eq!(nodes("$[*,*][*,*][*,*]", 10), 8);
    assert!(Predicate::parse(&["$..*..* exists".to_owned()]).is_err());
}

#[test]
fn a_pattern_as_large_as_is_allowed_is_judged_in_linear_time() {
    let largest = (1..400)
        .rev()
        .map(|n| format!("value ~ ((a|b){{1,{n}}}c){{20}}$"))
        .find(|text| Predicate::parse(std::slice::from_ref(text)).is_ok())
        .unwrap();
    let letters = |size: usize| "ab".repeat(size / 2).into_bytes();
    grows_linearly(&largest, letters, 5_000, Verdict::NoMatch);
}
