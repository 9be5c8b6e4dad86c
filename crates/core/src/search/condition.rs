//! One condition as data, after parsing.

use super::operand::Operand;
use crate::model::PartitionRange;
use memchr::memmem::Finder;
use regex::bytes::Regex;
use serde_json_path::JsonPath;

/// Key or value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Key,
    Value,
}

/// A field that is a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberField {
    Offset,
    Partition,
    Timestamp,
    Size,
}

impl NumberField {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Offset => "offset",
            Self::Partition => "partition",
            Self::Timestamp => "timestamp",
            Self::Size => "size",
        }
    }
}

/// What is looked at.
#[derive(Clone, Debug)]
pub(super) enum Field {
    Text(Part),
    Header(String),
    Path(Part, JsonPath),
    Number(NumberField),
}

/// A comparison that orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Bound {
    fn opposite(self) -> Self {
        match self {
            Self::Less => Self::AtLeast,
            Self::AtMost => Self::Greater,
            Self::Greater => Self::AtMost,
            Self::AtLeast => Self::Less,
        }
    }

    /// Whether `ordering` (of the field against the operand) satisfies the bound.
    pub(super) fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Less => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
        }
    }
}

/// What is asked of the field.
#[derive(Clone, Debug)]
pub(super) enum Test {
    /// The substring; the needle can be had back from the finder.
    Contains(Finder<'static>),
    /// A regular expression, also for `icontains` (escaped, case ignored).
    Matches(Regex),
    Equals(Operand),
    Compare(Bound, Operand),
    Null,
    NotNull,
    Exists,
}

/// Field, test, and whether its outcome is turned round.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) field: Field,
    pub(super) negate: bool,
    pub(super) test: Test,
}

impl Condition {
    /// Rank of cost: cheap conditions are tried first, so that JSON is parsed only when all else
    /// holds.
    pub(super) fn cost(&self) -> u8 {
        match (&self.field, &self.test) {
            (Field::Number(_), _) => 0,
            (Field::Path(..), _) => 3,
            (_, Test::Matches(_)) => 2,
            _ => 1,
        }
    }

    /// Whether it needs a compiled regular expression.
    pub(super) fn is_pattern(&self) -> bool {
        matches!(self.test, Test::Matches(_))
    }

    /// Cuts a range down to the offsets that can match; a partition that cannot becomes empty.
    pub(super) fn narrow(&self, range: PartitionRange) -> PartitionRange {
        let Field::Number(field @ (NumberField::Offset | NumberField::Partition)) = self.field
        else {
            return range;
        };
        let (first, last) = match (&self.test, self.negate) {
            (Test::Equals(operand), false) => (operand.as_i64(), operand.as_i64()),
            (Test::Compare(bound, operand), negate) => {
                let limit = operand.as_i64();
                // Offset and partition are never null, so the opposite is a bound again.
                match if negate { bound.opposite() } else { *bound } {
                    Bound::Less => (None, limit.and_then(|l| l.checked_sub(1))),
                    Bound::AtMost => (None, limit),
                    Bound::Greater => (limit.and_then(|l| l.checked_add(1)), None),
                    Bound::AtLeast => (limit, None),
                }
            }
            _ => return range,
        };
        let first = first.unwrap_or(i64::MIN);
        let last = last.unwrap_or(i64::MAX);
        let PartitionRange {
            partition,
            mut start,
            mut end,
        } = range;
        if field == NumberField::Offset {
            start = start.max(first).min(end);
            end = end.min(last.saturating_add(1));
        } else if !(first..=last).contains(&partition.into()) {
            end = start;
        }
        PartitionRange {
            partition,
            start,
            end: end.max(start),
        }
    }

    /// Bytes that every matching record holds somewhere in its raw form: the operand of
    /// `contains` and `=` on key, value and headers, or the header's name.
    pub(super) fn literal(&self) -> Option<&[u8]> {
        if self.negate {
            return None;
        }
        let operand = match &self.test {
            Test::Contains(finder) => Some(finder.needle()),
            Test::Equals(operand) => Some(operand.text.as_bytes()),
            _ => None,
        };
        match &self.field {
            Field::Text(_) => operand,
            Field::Header(name) => Some(longer(name.as_bytes(), operand.unwrap_or_default())),
            Field::Path(..) | Field::Number(_) => None,
        }
        .filter(|literal| !literal.is_empty())
    }
}

/// The longer of two byte strings, the first when they are as long.
fn longer<'a>(a: &'a [u8], b: &'a [u8]) -> &'a [u8] {
    if b.len() > a.len() { b } else { a }
}
