//! Many alike gaps as one: the configurations of thousands of topics fail for one reason.

use crate::model::Missing;
use std::collections::BTreeMap;

/// So many alike gaps are still named one by one.
const NAMED: usize = 3;

/// Gaps with one broker, one reason (but for the name in it) and one kind, when there are more than
/// a few, as one that counts them and names the first. The order of the first ones is kept.
pub fn fold(missing: Vec<Missing>) -> Vec<Missing> {
    let mut alike: BTreeMap<(String, Option<i32>, String), usize> = BTreeMap::new();
    let keys: Vec<_> = missing.iter().map(key).collect();
    for key in &keys {
        *alike.entry(key.clone()).or_default() += 1;
    }
    let mut folded = Vec::new();
    for (mut gap, key) in missing.into_iter().zip(keys) {
        match alike.get_mut(&key) {
            Some(count) if *count > NAMED => {
                gap.what = format!("{} and {} more alike", gap.what, *count - 1);
                // Whatever else is alike is in this one.
                *count = 0;
                folded.push(gap);
            }
            Some(0) => {}
            _ => folded.push(gap),
        }
    }
    folded
}

/// A gap without the name of what it is about.
fn key(gap: &Missing) -> (String, Option<i32>, String) {
    let name = gap.what.split('`').nth(1).filter(|n| !n.is_empty());
    let without = |text: &str| match name {
        Some(name) => text.replace(&format!("`{name}`"), "`"),
        None => text.to_owned(),
    };
    (without(&gap.what), gap.broker, without(&gap.why))
}
