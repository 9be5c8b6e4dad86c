//! Many groups, few requests: batches per coordinator, and what to do when a coordinator moved.

use super::super::KafkaError;
use super::super::code::{COORDINATOR_LOADING, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR};
use super::super::route::{Keys, Router, TRIES, back_off};
use futures::future::join_all;
use futures::stream::{self, StreamExt};
use kafkaweave_core::model::{GroupListing, Missing, Partial};
use std::collections::BTreeMap;
use std::future::Future;

/// Groups per request: as fast as all at once, and an answer stays within a few MB.
pub(super) const GROUPS_PER_REQUEST: usize = 250;

/// Requests in flight per coordinator. It answers them one after the other; two in flight spare
/// the way back and forth, more would only pile up answers.
const IN_FLIGHT: usize = 2;

/// How many groups a gap names.
const NAMED: usize = 5;

/// The answer about one group, with gaps inside it, or Kafka's refusal.
pub(super) type Answer<T> = (String, Result<(T, Vec<Missing>), KafkaError>);

/// A group without an answer, the broker that was asked last, and why.
pub(super) struct Failed {
    pub(super) listing: GroupListing,
    pub(super) error: KafkaError,
    /// The whole request failed, and not for this group in particular.
    whole: bool,
}

/// What came of asking.
pub(super) struct Asked<T> {
    pub(super) found: Vec<T>,
    pub(super) missing: Vec<Missing>,
    pub(super) failed: Vec<Failed>,
}

impl<T> Asked<T> {
    pub(super) fn nothing() -> Self {
        Self {
            found: Vec::new(),
            missing: Vec::new(),
            failed: Vec::new(),
        }
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.found.extend(other.found);
        self.missing.extend(other.missing);
        self.failed.extend(other.failed);
    }

    /// Failures become gaps that begin with `what`; groups of one failed request share one.
    ///
    /// # Errors
    /// The first failure, when nothing at all was obtained.
    pub(super) fn into_partial(self, what: &str) -> Result<Partial<Vec<T>>, KafkaError> {
        let Self {
            found,
            mut missing,
            failed,
        } = self;
        if found.is_empty()
            && let Some(first) = failed.first()
        {
            return Err(first.error.clone());
        }
        let mut shared: BTreeMap<(i32, String), Vec<String>> = BTreeMap::new();
        for Failed {
            listing,
            error,
            whole,
        } in failed
        {
            if whole {
                shared
                    .entry((listing.coordinator, error.to_string()))
                    .or_default()
                    .push(listing.group);
            } else {
                missing.push(Missing {
                    what: format!("{what} of group `{}`", listing.group),
                    broker: Some(listing.coordinator),
                    why: error.to_string(),
                });
            }
        }
        missing.extend(shared.into_iter().map(|((broker, why), groups)| Missing {
            what: format!("{what} of {}", names(&groups)),
            broker: Some(broker),
            why,
        }));
        Ok(Partial {
            value: found,
            missing,
        })
    }
}

fn names(groups: &[String]) -> String {
    let named: Vec<String> = groups
        .iter()
        .take(NAMED)
        .map(|group| format!("`{group}`"))
        .collect();
    let word = if groups.len() == 1 { "group" } else { "groups" };
    match groups.len().saturating_sub(NAMED) {
        0 => format!("{word} {}", named.join(", ")),
        more => format!("{word} {} and {more} more", named.join(", ")),
    }
}

/// Asks each group's coordinator with `ask(broker, groups)`. A group whose coordinator has moved,
/// is still loading or has gone is looked up and asked again, a few times with pauses.
pub(super) async fn ask_coordinators<T, F, Fut>(
    router: &Router,
    groups: Vec<GroupListing>,
    ask: F,
) -> Asked<T>
where
    F: Fn(i32, Vec<String>) -> Fut,
    Fut: Future<Output = Result<Vec<Answer<T>>, KafkaError>>,
{
    let mut asked = Asked::nothing();
    let mut pending = groups;
    for attempt in 1.. {
        let mut moved = Vec::new();
        for (batch, outcome) in round(&pending, &ask).await {
            sort(batch, outcome, &mut asked, &mut moved);
        }
        if moved.is_empty() {
            break;
        }
        if attempt >= TRIES {
            asked.failed.extend(moved);
            break;
        }
        tokio::time::sleep(back_off(attempt)).await;
        pending = find_again(router, moved, &mut asked.failed).await;
    }
    asked
}

type Round<T> = Vec<(Vec<GroupListing>, Result<Vec<Answer<T>>, KafkaError>)>;

/// One request per batch; coordinators side by side.
async fn round<T, F, Fut>(groups: &[GroupListing], ask: &F) -> Round<T>
where
    F: Fn(i32, Vec<String>) -> Fut,
    Fut: Future<Output = Result<Vec<Answer<T>>, KafkaError>>,
{
    let mut by_broker: BTreeMap<i32, Vec<GroupListing>> = BTreeMap::new();
    for listing in groups {
        by_broker
            .entry(listing.coordinator)
            .or_default()
            .push(listing.clone());
    }
    let of_broker = by_broker.into_iter().map(|(broker, groups)| async move {
        let batches: Vec<Vec<GroupListing>> = groups
            .chunks(GROUPS_PER_REQUEST)
            .map(<[GroupListing]>::to_vec)
            .collect();
        stream::iter(batches.into_iter().map(|batch| async move {
            let names = batch.iter().map(|listing| listing.group.clone()).collect();
            let outcome = ask(broker, names).await;
            (batch, outcome)
        }))
        .buffered(IN_FLIGHT)
        .collect::<Vec<_>>()
        .await
    });
    join_all(of_broker).await.into_iter().flatten().collect()
}

/// Sorts the outcome of one request into what was found, what failed for good, and what is worth
/// another try elsewhere.
fn sort<T>(
    batch: Vec<GroupListing>,
    outcome: Result<Vec<Answer<T>>, KafkaError>,
    asked: &mut Asked<T>,
    moved: &mut Vec<Failed>,
) {
    let answers = match outcome {
        Ok(answers) => answers,
        Err(error) => {
            // A broker that is gone hands its groups over; one that is slow keeps them.
            let gone = matches!(
                error,
                KafkaError::Connect { .. }
                    | KafkaError::Closed { .. }
                    | KafkaError::UnknownBroker { .. }
            );
            let failed = batch.into_iter().map(|listing| Failed {
                listing,
                error: error.clone(),
                whole: true,
            });
            if gone {
                moved.extend(failed);
            } else {
                asked.failed.extend(failed);
            }
            return;
        }
    };
    let mut answers: BTreeMap<String, _> = answers.into_iter().collect();
    for listing in batch {
        match answers.remove(&listing.group) {
            Some(Ok((value, missing))) => {
                asked.found.push(value);
                asked.missing.extend(missing);
            }
            Some(Err(error)) => {
                let again = matches!(
                    error,
                    KafkaError::Broker {
                        code: COORDINATOR_LOADING | COORDINATOR_NOT_AVAILABLE | NOT_COORDINATOR,
                        ..
                    }
                );
                let failed = Failed {
                    listing,
                    error,
                    whole: false,
                };
                if again {
                    moved.push(failed);
                } else {
                    asked.failed.push(failed);
                }
            }
            None => {
                let group = listing.group.clone();
                asked.failed.push(Failed {
                    listing,
                    error: KafkaError::UnknownGroup { group },
                    whole: false,
                });
            }
        }
    }
}

/// Looks up who coordinates these groups now. A group for which that cannot be learned has failed
/// as it failed before.
async fn find_again(
    router: &Router,
    moved: Vec<Failed>,
    failed: &mut Vec<Failed>,
) -> Vec<GroupListing> {
    let names: Vec<String> = moved.iter().map(|f| f.listing.group.clone()).collect();
    let mut now: BTreeMap<String, i32> = match router.coordinators(Keys::Groups, &names).await {
        Ok(found) => found
            .into_iter()
            .filter_map(|(group, outcome)| Some((group, outcome.ok()?)))
            .collect(),
        Err(_) => BTreeMap::new(),
    };
    let mut pending = Vec::new();
    for one in moved {
        match now.remove(&one.listing.group) {
            Some(coordinator) => pending.push(GroupListing {
                coordinator,
                ..one.listing
            }),
            None => failed.push(one),
        }
    }
    pending
}

#[cfg(test)]
mod tests;
