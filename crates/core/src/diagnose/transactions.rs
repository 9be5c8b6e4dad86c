//! Open transactions, judged: which will end by themselves, which are overdue, and which hang.
//!
//! A transaction is open in a partition as long as its leader has seen no marker of its end, and
//! until then nothing behind it is handed to readers of committed records, nor compacted. Its
//! coordinator writes the marker; a transaction that no coordinator means to end *hangs*, for ever.
//! The rules are those of Kafka's `TransactionsCommand find-hanging`: the coordinators know no
//! transactional id of this producer id, or its transaction does not include this partition.
//!
//! That tool passes over what has been open for less than 15 minutes, as the leader and the
//! coordinator are asked one after the other and the transaction may end in between. Here a look at
//! the leader *after* the coordinators' answers settles it at once: what was open before and is
//! open still was open while its coordinator did not know it. Without that second look the age
//! decides, as there.
//!
//! Nothing is judged that was not seen: where a coordinator did not answer, or rights hide
//! transactional ids, a transaction is [`Standing::Unknown`] and not hanging.

mod open;
#[cfg(test)]
mod tests;

pub use open::{OpenTransaction, Standing};

use crate::model::{
    PartitionProducers, ProducerState, TopicPartition, TransactionDescription, TransactionListing,
};
use std::collections::{BTreeMap, HashMap};

/// Kafka's own bound for a transaction's timeout where a broker says no other
/// (`transaction.max.timeout.ms`), ms.
pub const DEFAULT_MAX_TIMEOUT_MS: i64 = 15 * 60 * 1000;

/// A coordinator looks for transactions to abort every 10 s
/// (`transaction.abort.timed.out.transaction.cleanup.interval.ms`), and markers take a moment: only
/// what is this much past its timeout is overdue, ms.
pub const GRACE_MS: i64 = 30_000;

/// How far a partition can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Readers of committed records get no further: first offset of the earliest open transaction,
    /// or the high watermark.
    pub last_stable_offset: i64,
    /// Readers of all records get this far.
    pub high_watermark: i64,
}

impl Ends {
    /// Whether an open transaction holds records back.
    pub fn held(&self) -> bool {
        self.last_stable_offset < self.high_watermark
    }
}

/// What the coordinators said, asked after the leaders.
#[derive(Clone, Copy, Debug, Default)]
pub struct Coordinators<'a> {
    /// Transactional ids; at least those of the producer ids in question.
    pub listings: &'a [TransactionListing],
    /// The transactional ids of these in full.
    pub descriptions: &'a [TransactionDescription],
    /// Why the list may lack some: a broker that did not answer, or rights. `None` when it is whole.
    pub incomplete: Option<&'a str>,
}

/// What is judged.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// Producers of the partitions looked at.
    pub producers: &'a [PartitionProducers],
    /// Ends of those partitions; one that is absent has unknown ones.
    pub ends: &'a BTreeMap<TopicPartition, Ends>,
    /// The coordinators' view.
    pub coordinators: Coordinators<'a>,
    /// Producers asked for again after the coordinators had answered; `None` when nobody asked.
    pub again: Option<&'a [PartitionProducers]>,
    /// Largest timeout that a transaction can have (`transaction.max.timeout.ms`), ms: without a
    /// second look, what is younger is not called hanging.
    pub max_timeout_ms: i64,
    /// When all of this was seen, epoch ms.
    pub now_ms: i64,
}

/// Judges all open transactions of the partitions looked at: hanging ones first, then what holds
/// back most. What ended while it was looked at is left out.
pub fn judge(evidence: &Evidence<'_>) -> Vec<OpenTransaction> {
    let view = View::new(evidence);
    let mut open: Vec<_> = evidence
        .producers
        .iter()
        .flat_map(|partition| {
            let producers = partition.producers.iter();
            producers.filter_map(|producer| view.judge(&partition.partition, producer))
        })
        .collect();
    open.sort_by(|a, b| {
        (
            a.standing,
            std::cmp::Reverse(a.records_held),
            &a.partition,
            a.start_offset,
        )
            .cmp(&(
                b.standing,
                std::cmp::Reverse(b.records_held),
                &b.partition,
                b.start_offset,
            ))
    });
    open
}

/// Producer ids of open transactions, ascending: those that the coordinators are to be asked for.
pub fn producer_ids(producers: &[PartitionProducers]) -> Vec<i64> {
    let open = producers
        .iter()
        .flat_map(|p| &p.producers)
        .filter(|p| p.open_since_offset.is_some());
    let mut ids: Vec<_> = open.map(|p| p.producer_id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The evidence, by what it is looked up by.
struct View<'a> {
    evidence: &'a Evidence<'a>,
    listings: HashMap<i64, &'a TransactionListing>,
    descriptions: HashMap<&'a str, &'a TransactionDescription>,
    again: Option<HashMap<&'a TopicPartition, &'a PartitionProducers>>,
}

/// A standing before the second look, and why.
type Verdict = (Standing, String);

impl<'a> View<'a> {
    fn new(evidence: &'a Evidence<'a>) -> Self {
        let Coordinators {
            listings,
            descriptions,
            ..
        } = evidence.coordinators;
        let by_partition =
            |again: &'a [PartitionProducers]| again.iter().map(|p| (&p.partition, p)).collect();
        Self {
            evidence,
            listings: listings.iter().map(|l| (l.producer_id, l)).collect(),
            descriptions: descriptions
                .iter()
                .map(|d| (d.transactional_id.as_str(), d))
                .collect(),
            again: evidence.again.map(by_partition),
        }
    }

    fn judge(
        &self,
        partition: &TopicPartition,
        producer: &ProducerState,
    ) -> Option<OpenTransaction> {
        let start_offset = producer.open_since_offset?;
        let listing = self.listings.get(&producer.producer_id).copied();
        let description =
            listing.and_then(|l| self.descriptions.get(l.transactional_id.as_str()).copied());
        // The coordinator's clock says when it began; of one that it does not know, the last write
        // is all there is.
        let began = description
            .filter(|d| d.producer_id == producer.producer_id && d.partitions.contains(partition))
            .and_then(|d| d.start_ms);
        let since = |ms: i64| self.evidence.now_ms.saturating_sub(ms).max(0);
        let age_ms = began.or(producer.last_timestamp_ms).map(since);
        let verdict = match (listing, description) {
            (None, _) => self.unlisted(),
            (Some(listing), None) => (
                Standing::Unknown,
                format!("coordinator {} did not describe it", listing.coordinator),
            ),
            (Some(_), Some(description)) => known(partition, producer, description, age_ms),
        };
        let (standing, why) = match verdict {
            (Standing::Hanging, why) => self.look_again(partition, producer, age_ms, why)?,
            verdict => verdict,
        };
        let ends = self.evidence.ends.get(partition);
        Some(OpenTransaction {
            partition: partition.clone(),
            producer_id: producer.producer_id,
            producer_epoch: producer.epoch,
            transactional_id: listing.map(|l| l.transactional_id.clone()),
            coordinator: listing.map(|l| l.coordinator),
            state: description.map(|d| d.state.clone()),
            standing,
            why,
            start_offset,
            last_stable_offset: ends.map(|e| e.last_stable_offset),
            high_watermark: ends.map(|e| e.high_watermark),
            records_held: ends.map(|e| e.high_watermark.saturating_sub(start_offset).max(0)),
            age_ms,
            timeout_ms: description.map(|d| d.timeout_ms),
            last_write_ms: producer.last_timestamp_ms,
        })
    }

    fn unlisted(&self) -> Verdict {
        match self.evidence.coordinators.incomplete {
            Some(why) => (
                Standing::Unknown,
                format!("no coordinator listed its producer id, but {why}"),
            ),
            None => (
                Standing::Hanging,
                "no coordinator knows its producer id".into(),
            ),
        }
    }

    /// Takes a verdict of hanging only where the transaction was open before and after the
    /// coordinators were asked; `None` when it has ended.
    fn look_again(
        &self,
        partition: &TopicPartition,
        producer: &ProducerState,
        age_ms: Option<i64>,
        why: String,
    ) -> Option<Verdict> {
        let Some(again) = &self.again else {
            let old = age_ms.is_some_and(|age| age > self.evidence.max_timeout_ms);
            return Some(if old {
                (Standing::Hanging, why)
            } else {
                (
                    Standing::Suspected,
                    format!("{why}; it may just have ended"),
                )
            });
        };
        let Some(now) = again.get(partition) else {
            let why = format!("{why}; its leader did not answer a second time");
            return Some((Standing::Suspected, why));
        };
        let same = |p: &&ProducerState| {
            p.producer_id == producer.producer_id
                && p.epoch == producer.epoch
                && p.open_since_offset == producer.open_since_offset
        };
        now.producers
            .iter()
            .find(same)
            .map(|_| (Standing::Hanging, why))
    }
}

/// The verdict on a transaction whose transactional id is described.
fn known(
    partition: &TopicPartition,
    producer: &ProducerState,
    description: &TransactionDescription,
    age_ms: Option<i64>,
) -> Verdict {
    let hanging = |why: String| (Standing::Hanging, why);
    let coordinator = description.coordinator;
    if description.producer_id != producer.producer_id {
        return hanging(format!(
            "coordinator {coordinator} has producer id {} for its transactional id now",
            description.producer_id
        ));
    }
    if !description.partitions.contains(partition) {
        return hanging(format!(
            "coordinator {coordinator} has it as {} without this partition",
            description.state
        ));
    }
    // The coordinator's epoch may be ahead (it raises it to fence, and with each transaction), and
    // its marker ends what is of an older epoch. One that is behind would have its marker refused.
    if i32::from(description.producer_epoch) < producer.epoch {
        return hanging(format!(
            "coordinator {coordinator} is at epoch {}, behind the {} written here",
            description.producer_epoch, producer.epoch
        ));
    }
    paced(description, age_ms)
}

/// The verdict on a transaction that its coordinator means to end: whether it is in time.
fn paced(description: &TransactionDescription, age_ms: Option<i64>) -> Verdict {
    let coordinator = description.coordinator;
    let late = age_ms.map_or(0, |age| age.saturating_sub(description.timeout_ms));
    match (late > GRACE_MS, description.state == ONGOING) {
        (true, true) => (
            Standing::Overdue,
            format!("coordinator {coordinator} should have aborted it at its timeout"),
        ),
        (true, false) => (
            Standing::Overdue,
            format!(
                "coordinator {coordinator} has it as {}, and its marker is not written yet",
                description.state
            ),
        ),
        (false, false) => (
            Standing::Ending,
            format!("coordinator {coordinator} is writing its markers"),
        ),
        (false, true) => (
            Standing::Ongoing,
            format!("coordinator {coordinator} aborts it at its timeout at the latest"),
        ),
    }
}

/// How a transaction stands by its coordinator's word alone; `None` when none is under way.
pub fn standing(description: &TransactionDescription, now_ms: i64) -> Option<Standing> {
    let start_ms = description
        .start_ms
        .filter(|_| active(&description.state))?;
    let age_ms = now_ms.saturating_sub(start_ms).max(0);
    Some(paced(description, Some(age_ms)).0)
}

/// Whether a transaction is under way in this state of Kafka's: begun, and not ended for all of its
/// partitions.
pub fn active(state: &str) -> bool {
    !matches!(state, "Empty" | "CompleteCommit" | "CompleteAbort" | "Dead")
}

/// Kafka's word for a transaction that is neither prepared to end nor ended.
pub const ONGOING: &str = "Ongoing";
