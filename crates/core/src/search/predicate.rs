//! A list of conditions that must all hold.

use super::condition::{Condition, longer};
use super::error::{ConditionFault, SearchError};
use super::evaluate::Documents;
use super::parse;
use crate::model::{PartitionRange, RecordView};

/// More conditions than anybody writes by hand.
const MAX_CONDITIONS: usize = 32;
/// Longest condition, bytes.
const MAX_CONDITION_BYTES: usize = 4096;

/// Which records are wanted: those for which every condition holds.
///
/// A condition is FIELD OPERATOR OPERAND:
/// - fields: `key`, `value`, `header.NAME`, `$.path` (of the value), `value.$.path`, `key.$.path`
///   (JSON paths of RFC 9535), `offset`, `partition`, `timestamp` (RFC 3339, a date or epoch ms),
///   `size` (of the value, bytes; 0 for a null);
/// - operators: `contains`, `icontains` (case ignored), `=`, `!=`, `~` and `!~` (regular
///   expression), `<`, `<=`, `>`, `>=`, `is null`, `is not null`, `exists`; `not` before
///   `contains`, `icontains` and `exists`;
/// - the operand is the rest of the line, or a JSON string in quotes. A bare number equals a JSON
///   number and a JSON string alike; a quoted one only a string.
///
/// Where a header repeats or a path selects several nodes, one that satisfies is enough. `!=`,
/// `!~` and `not` are the exact opposite of their counterpart, so a missing header or path
/// satisfies them: add `exists` to leave those out. Order is by number when the operand is a
/// number (other fields do not match), else byte by byte.
#[derive(Clone, Debug)]
pub struct Predicate {
    /// Cheapest first.
    conditions: Vec<Condition>,
    source: Vec<String>,
}

/// What became of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Wanted.
    Match,
    /// Not wanted.
    NoMatch,
    /// Could not be judged: a path was asked of a key or value that is no JSON (or is nested
    /// deeper than 128), while all other conditions held. Counts as not wanted.
    NotJson,
}

impl Predicate {
    /// Parses conditions; an empty list wants every record.
    pub fn parse(conditions: &[String]) -> Result<Self, SearchError> {
        if conditions.len() > MAX_CONDITIONS {
            return Err(SearchError::TooMany {
                count: conditions.len(),
                max: MAX_CONDITIONS,
            });
        }
        let mut parsed = Vec::with_capacity(conditions.len());
        for (index, text) in conditions.iter().enumerate() {
            let condition = if text.len() > MAX_CONDITION_BYTES {
                Err(ConditionFault::TooLong {
                    size_bytes: text.len(),
                    max_bytes: MAX_CONDITION_BYTES,
                })
            } else {
                parse::condition(text)
            };
            parsed.push(condition.map_err(|fault| SearchError::Condition {
                number: index + 1,
                condition: text.chars().take(200).collect(),
                fault: Box::new(fault),
            })?);
        }
        parsed.sort_by_key(Condition::cost);
        Ok(Self {
            conditions: parsed,
            source: conditions.to_vec(),
        })
    }

    /// The conditions as they were written.
    pub fn source(&self) -> &[String] {
        &self.source
    }

    /// Judges a record. Parses key or value as JSON at most once, and only when a path asks for
    /// it and every cheaper condition holds.
    pub fn evaluate(&self, record: &RecordView<'_>) -> Verdict {
        let mut documents = Documents::of(record);
        for condition in &self.conditions {
            match condition.evaluate(record, &mut documents) {
                Verdict::Match => {}
                other => return other,
            }
        }
        Verdict::Match
    }

    /// Whether a record is wanted.
    pub fn matches(&self, record: &RecordView<'_>) -> bool {
        self.evaluate(record) == Verdict::Match
    }

    /// Ranges cut down to what conditions on `offset` and `partition` allow, so that the rest is
    /// not even fetched. All partitions stay; those that cannot match become empty. Times are not
    /// looked at: they do not order a partition.
    pub fn narrow(&self, ranges: &[PartitionRange]) -> Vec<PartitionRange> {
        ranges
            .iter()
            .map(|range| {
                self.conditions
                    .iter()
                    .fold(*range, |range, condition| condition.narrow(range))
            })
            .collect()
    }

    /// Bytes that occur in the uncompressed batch of every wanted record: a batch without them can
    /// be passed over unparsed. The longest such literal; `None` when the conditions imply none.
    pub fn literal(&self) -> Option<&[u8]> {
        self.conditions
            .iter()
            .filter_map(Condition::literal)
            .reduce(longer)
    }
}
