//! Conditions joined by `and`, `or` and `not`.
//!
//! `not` is pushed down to the conditions when a text is parsed (De Morgan), so what is left is
//! "all of" and "any of". Depth is bounded by the parser, so walking by recursion is safe.

use super::condition::Condition;
use super::evaluate::Documents;
use super::predicate::Verdict;
use crate::model::{PartitionRange, RecordView};

/// A tree of conditions.
#[derive(Clone, Debug)]
pub(super) enum Expression {
    One(Box<Condition>),
    /// Cheapest first. Without members it wants everything.
    All(Vec<Expression>),
    /// Cheapest first; never without members.
    Any(Vec<Expression>),
}

impl Expression {
    pub(super) fn all(members: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(members.len());
        for member in members {
            match member {
                Self::All(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        Self::group(flat, Self::All)
    }

    pub(super) fn any(members: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(members.len());
        for member in members {
            match member {
                Self::Any(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        Self::group(flat, Self::Any)
    }

    fn group(mut members: Vec<Self>, of: fn(Vec<Self>) -> Self) -> Self {
        if members.len() == 1
            && let Some(only) = members.pop()
        {
            return only;
        }
        members.sort_by_key(Self::cost);
        of(members)
    }

    /// The exact opposite; what cannot be judged stays so.
    pub(super) fn negated(self) -> Self {
        let each = |members: Vec<Self>| members.into_iter().map(Self::negated).collect();
        match self {
            Self::One(mut condition) => {
                condition.negate = !condition.negate;
                Self::One(condition)
            }
            Self::All(members) => Self::any(each(members)),
            Self::Any(members) => Self::all(each(members)),
        }
    }

    /// Rank of cost: that of the dearest condition.
    fn cost(&self) -> u8 {
        match self {
            Self::One(condition) => condition.cost(),
            Self::All(members) | Self::Any(members) => {
                members.iter().map(Self::cost).max().unwrap_or_default()
            }
        }
    }

    /// Three-valued: what cannot be judged matters only where the rest does not decide.
    pub(super) fn evaluate(
        &self,
        record: &RecordView<'_>,
        documents: &mut Documents<'_>,
    ) -> Verdict {
        let (members, decides, otherwise) = match self {
            Self::One(condition) => return condition.evaluate(record, documents),
            Self::All(members) => (members, Verdict::NoMatch, Verdict::Match),
            Self::Any(members) => (members, Verdict::Match, Verdict::NoMatch),
        };
        let mut outcome = otherwise;
        for member in members {
            match member.evaluate(record, documents) {
                verdict if verdict == decides => return decides,
                Verdict::NotJson => outcome = Verdict::NotJson,
                _ => {}
            }
        }
        outcome
    }

    /// A range cut down to offsets that can match: for "any of", from the first to the last that
    /// one of them allows.
    pub(super) fn narrow(&self, range: PartitionRange) -> PartitionRange {
        match self {
            Self::One(condition) => condition.narrow(range),
            Self::All(members) => members.iter().fold(range, |range, m| m.narrow(range)),
            Self::Any(members) => {
                let parts = members.iter().map(|member| member.narrow(range));
                parts
                    .filter(|part| part.start < part.end)
                    .reduce(|a, b| PartitionRange {
                        start: a.start.min(b.start),
                        end: a.end.max(b.end),
                        ..a
                    })
                    .unwrap_or(PartitionRange {
                        start: range.end,
                        ..range
                    })
            }
        }
    }

    /// Literals, one of which is in the raw form of every matching record. `None` when the
    /// expression implies none.
    pub(super) fn literals(&self) -> Option<Vec<&[u8]>> {
        match self {
            Self::One(condition) => condition.literal().map(|literal| vec![literal]),
            // The set whose shortest member is longest tells most.
            Self::All(members) => members
                .iter()
                .filter_map(Self::literals)
                .reduce(|a, b| if telling(&b) > telling(&a) { b } else { a }),
            Self::Any(members) => {
                let mut literals = Vec::new();
                for member in members {
                    literals.extend(member.literals()?);
                }
                literals.sort_unstable();
                literals.dedup();
                Some(literals)
            }
        }
    }
}

/// How much a set of literals rules out: by its shortest, then by how few they are.
fn telling(literals: &[&[u8]]) -> (usize, std::cmp::Reverse<usize>) {
    let shortest = literals.iter().map(|l| l.len()).min().unwrap_or_default();
    (shortest, std::cmp::Reverse(literals.len()))
}
