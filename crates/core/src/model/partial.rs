//! Partial success as data: what was obtained, and what is missing and why.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Something that should be part of an answer and is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Missing {
    /// What is missing, e.g. "log dirs of broker 3", "offsets of orders-2".
    pub what: String,
    /// The broker that did not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broker: Option<i32>,
    /// Why, with the address where there is one.
    pub why: String,
}

/// A value together with what could not be obtained for it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Partial<T> {
    /// What was obtained.
    pub value: T,
    /// What is missing; empty when the value is whole.
    pub missing: Vec<Missing>,
}

/// Gaps of which many are alike (the offsets of hundreds of partitions without a leader) as one that
/// names the first and counts the others, so that an answer stays short and still says all.
///
/// Alike are gaps of the same kind of thing, from the same broker, for the same reason but for
/// names and numbers in it. Two are left as they are. The order is that of the first of each kind.
pub fn folded(missing: Vec<Missing>) -> Vec<Missing> {
    let mut places: BTreeMap<(Option<i32>, String, String), usize> = BTreeMap::new();
    let mut kinds: Vec<Vec<Missing>> = Vec::new();
    for gap in missing {
        let key = (gap.broker, kind(&gap.what), nameless(&gap.why));
        let at = *places.entry(key).or_insert(kinds.len());
        match kinds.get_mut(at) {
            Some(alike) => alike.push(gap),
            None => kinds.push(vec![gap]),
        }
    }
    let mut folded = Vec::new();
    for alike in kinds {
        let more = alike.len().saturating_sub(1);
        if more < 2 {
            folded.extend(alike);
        } else if let Some(mut first) = alike.into_iter().next() {
            first.what = format!("{} and {more} more", first.what);
            folded.push(first);
        }
    }
    folded
}

/// "configs of topic" of "configs of topic `orders`", "offsets of" of "offsets of orders-3".
fn kind(what: &str) -> String {
    let end = what.find('`').or_else(|| what.rfind(' '));
    what.get(..end.unwrap_or(what.len()))
        .unwrap_or(what)
        .trim_end()
        .to_owned()
}

/// Without what stands in backticks, and without digits.
fn nameless(why: &str) -> String {
    let outside = why.split('`').step_by(2);
    outside
        .flat_map(str::chars)
        .filter(|c| !c.is_ascii_digit())
        .collect()
}

impl<T> Partial<T> {
    /// A value from which nothing is missing.
    pub fn whole(value: T) -> Self {
        Self {
            value,
            missing: Vec::new(),
        }
    }

    /// The same gaps around another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Partial<U> {
        Partial {
            value: f(self.value),
            missing: self.missing,
        }
    }

    /// Takes the value out and adds this answer's gaps to `missing`.
    pub fn into_value(self, missing: &mut Vec<Missing>) -> T {
        missing.extend(self.missing);
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(what: &str, broker: Option<i32>, why: &str) -> Missing {
        Missing {
            what: what.into(),
            broker,
            why: why.into(),
        }
    }

    #[test]
    fn many_gaps_alike_are_one_that_counts_them_and_others_stay() {
        let mut missing: Vec<_> = (0..40)
            .map(|n| {
                let partition = format!("orders-{n}");
                let why = format!("partition `{partition}` has no leader");
                gap(&format!("offsets of {partition}"), None, &why)
            })
            .collect();
        missing.push(gap(
            "offsets of orders-41",
            Some(2),
            "no answer to ListOffsets within 2000 ms",
        ));
        missing.push(gap(
            "offsets of orders-42",
            None,
            "topic `orders` does not exist",
        ));
        for name in ["a b", "c", "d"] {
            missing.push(gap(
                &format!("configs of topic `{name}`"),
                None,
                "not authorized",
            ));
        }
        missing.push(gap("log dirs of broker 1", Some(1), "the broker is fenced"));
        missing.push(gap("log dirs of broker 2", Some(2), "the broker is fenced"));
        let folded = folded(missing);
        let whats: Vec<_> = folded.iter().map(|m| m.what.as_str()).collect();
        assert_eq!(
            whats,
            [
                "offsets of orders-0 and 39 more",
                "offsets of orders-41",
                "offsets of orders-42",
                "configs of topic `a b` and 2 more",
                "log dirs of broker 1",
                "log dirs of broker 2",
            ]
        );
        assert_eq!(folded[0].why, "partition `orders-0` has no leader");
    }

    #[test]
    fn two_alike_stay_two() {
        let two = vec![
            gap("offsets of orders-1", None, "has no leader"),
            gap("offsets of orders-2", None, "has no leader"),
        ];
        assert_eq!(folded(two.clone()), two);
    }
}
