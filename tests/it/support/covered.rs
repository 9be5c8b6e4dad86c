//! The promise of a search, held against what was planted: each record in what it covered is found exactly once, and
//! what it did not cover is said.

use super::mcp::{Answer, Client};
use serde_json::Value;
use std::collections::BTreeSet;

/// Partition and offset.
pub(crate) type Place = (i64, i64);

/// Places of an answer's records, in its order.
pub(crate) fn places(answer: &Answer) -> Vec<Place> {
    let rows = answer.data["records"].as_array().expect("records");
    rows.iter()
        .map(|r| {
            (
                r["partition"].as_i64().unwrap(),
                r["offset"].as_i64().unwrap(),
            )
        })
        .collect()
}

/// Whether an answer says that it looked at a place.
fn looked_at(answer: &Answer, place: Place) -> bool {
    let covered = answer.data["covered"].as_array().expect("coverage");
    covered.iter().any(|part| {
        let within = part["from"].as_i64().unwrap()..part["to"].as_i64().unwrap();
        part["partition"] == place.0 && within.contains(&place.1)
    })
}

/// One answer: of what is there, just what it looked at is found, and once. What it found.
pub(crate) fn exact(answer: &Answer, there: &BTreeSet<Place>) -> BTreeSet<Place> {
    assert!(!answer.is_error, "{}", answer.text);
    let found = places(answer);
    let once: BTreeSet<Place> = found.iter().copied().collect();
    assert_eq!(once.len(), found.len(), "found twice: {}", answer.text);
    let expected: BTreeSet<Place> = there
        .iter()
        .filter(|place| looked_at(answer, **place))
        .copied()
        .collect();
    assert_eq!(
        once, expected,
        "{}\n{:#}",
        answer.text, answer.data["covered"]
    );
    once
}

/// Follows the cursors to the end: everything that is there, once. How many answers it took.
pub(crate) async fn all(
    client: &Client,
    tool: &str,
    mut asked: Value,
    there: &BTreeSet<Place>,
) -> usize {
    let mut found = BTreeSet::new();
    for answers in 1..1_000 {
        let answer = client.call(tool, asked.clone()).await;
        for place in exact(&answer, there) {
            assert!(found.insert(place), "{place:?} a second time");
        }
        let Some(cursor) = answer.data.get("next_cursor") else {
            assert_eq!(&found, there, "{}", answer.text);
            return answers;
        };
        asked["cursor"] = cursor.clone();
    }
    panic!("the cursor never ends")
}
