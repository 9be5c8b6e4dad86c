//! What each broker lists of its own, groups or transactional ids, as one list.

use super::KafkaError;
use kafkaweave_core::model::{Missing, Partial};
use std::collections::BTreeMap;

/// One list by name, each name once: while a coordinator moves, the old one may still list what it
/// had. A broker that did not answer is a gap of `what`.
///
/// # Errors
/// When no broker gave its list: why the first did not.
pub(super) fn coordinated<T>(
    outcomes: impl IntoIterator<Item = (i32, Result<Vec<T>, KafkaError>)>,
    what: &str,
    name: impl Fn(&T) -> String,
) -> Result<Partial<Vec<T>>, KafkaError> {
    let mut found = BTreeMap::new();
    let (mut missing, mut first, mut answered) = (Vec::new(), None, false);
    for (broker, outcome) in outcomes {
        match outcome {
            Ok(listed) => {
                answered = true;
                for one in listed {
                    found.entry(name(&one)).or_insert(one);
                }
            }
            Err(error) => {
                missing.push(Missing {
                    what: format!("{what} that broker {broker} coordinates"),
                    broker: Some(broker),
                    why: error.to_string(),
                });
                first.get_or_insert(error);
            }
        }
    }
    match first {
        Some(error) if !answered => Err(error),
        _ => Ok(Partial {
            value: found.into_values().collect(),
            missing,
        }),
    }
}
