//! A list of expressions that must all hold.

use super::error::{ConditionFault, Place, SearchError};
use super::evaluate::Documents;
use super::expression::Expression;
use super::grammar::{Used, entry};
use super::prefilter::Prefilter;
use crate::model::{PartitionRange, RecordView};

/// Most entries of the list.
const MAX_ENTRIES: usize = 32;
/// Longest entry, bytes.
const MAX_ENTRY_BYTES: usize = 4096;

/// Which records are wanted: those for which every entry of the list holds.
///
/// An entry is a condition, or several joined by `and`, `or`, `not` and parentheses; `not` binds
/// tightest, then `and`. The words are of either case. A condition is FIELD OPERATOR OPERAND:
/// - fields: `key`, `value`, `header.NAME`, `$.path` (of the value), `value.$.path`, `key.$.path`
///   (JSON paths of RFC 9535), `offset`, `partition`, `timestamp` (RFC 3339, a date or epoch ms),
///   `size` (of the value, bytes; 0 for a null);
/// - operators: `contains`, `icontains` (case ignored), `=`, `!=`, `~` and `!~` (regular
///   expression), `<`, `<=`, `>`, `>=`, `is null`, `is not null`, `exists`; `not` before
///   `contains`, `icontains` and `exists`;
/// - the operand is a JSON string in quotes, or the rest of the line. A bare number equals a JSON
///   number and a JSON string alike; a quoted one only a string.
///
/// "The rest of the line" ends before ` and ` and ` or ` only when what follows begins like a
/// condition, with a field and one of its operators (`not` and `(` may stand before them), and at
/// the `)` of a group around the condition. So `value contains rock and roll` is one condition,
/// and `value contains rock and key = 1` are two. Whatever an operand holds is safe in quotes.
/// [`Predicate::readings`] tells how an entry was understood.
///
/// Where a header repeats or a path selects several nodes, one that satisfies is enough. `!=`,
/// `!~` and `not` are the exact opposite of their counterpart, so a missing header or path
/// satisfies them: add `exists` to leave those out. Order is by number when the operand is a
/// number (other fields do not match), else byte by byte.
///
/// The cost of judging a record grows linearly with its size, whatever the conditions and whatever
/// the record: regular expressions never backtrack, JSON is parsed once, nested at most 128 deep,
/// and paths whose cost multiplies are refused.
#[derive(Clone, Debug)]
pub struct Predicate {
    expression: Expression,
    prefilter: Option<Prefilter>,
    readings: Vec<String>,
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
    /// deeper than 128), and no other condition decides without it. Counts as not wanted.
    NotJson,
}

impl Predicate {
    /// Parses conditions; an empty list wants every record.
    pub fn parse(conditions: &[String]) -> Result<Self, SearchError> {
        if conditions.len() > MAX_ENTRIES {
            return Err(SearchError::TooMany {
                count: conditions.len(),
                max: MAX_ENTRIES,
            });
        }
        let mut used = Used::default();
        let mut entries = Vec::with_capacity(conditions.len());
        let mut readings = Vec::new();
        for (index, text) in conditions.iter().enumerate() {
            let error = |at, fault| SearchError::Condition {
                number: index + 1,
                condition: text.chars().take(200).collect(),
                at,
                fault: Box::new(fault),
            };
            if text.len() > MAX_ENTRY_BYTES {
                let fault = ConditionFault::TooLong {
                    size_bytes: text.len(),
                    max_bytes: MAX_ENTRY_BYTES,
                };
                return Err(error(None, fault));
            }
            let entry = entry(text, &mut used).map_err(|wrong| {
                let (before, after) = text.split_at_checked(wrong.at).unwrap_or((text, ""));
                let at = wrong.joined.then(|| Place {
                    position: before.chars().count() + 1,
                    text: after.chars().take(40).collect(),
                });
                error(at, wrong.fault)
            })?;
            entries.push(entry.expression);
            readings.extend(entry.reading);
        }
        let expression = Expression::all(entries);
        let prefilter = expression
            .literals()
            .and_then(|literals| Prefilter::new(&literals));
        Ok(Self {
            expression,
            prefilter,
            readings,
            source: conditions.to_vec(),
        })
    }

    /// The conditions as they were written.
    pub fn source(&self) -> &[String] {
        &self.source
    }

    /// How entries were understood that join conditions, or whose operand holds `and` or `or`
    /// without quotes: with the parentheses and quotes that this implies.
    pub fn readings(&self) -> &[String] {
        &self.readings
    }

    /// Judges a record. Parses key or value as JSON at most once, and only when a path asks for
    /// it and nothing cheaper decides.
    pub fn evaluate(&self, record: &RecordView<'_>) -> Verdict {
        self.expression.evaluate(record, &mut Documents::of(record))
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
            .map(|range| self.expression.narrow(*range))
            .collect()
    }

    /// What a batch of records can be ruled out by unparsed, when the conditions imply bytes that
    /// every wanted record holds.
    pub fn prefilter(&self) -> Option<&Prefilter> {
        self.prefilter.as_ref()
    }

    #[cfg(test)]
    pub(super) fn literals(&self) -> Option<Vec<&[u8]>> {
        self.expression.literals()
    }
}
