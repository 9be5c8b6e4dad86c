//! Predicates over records: which records a search wants.
//!
//! Pure and linear in the size of a record. What to fetch and when to stop is the client's matter.

use crate::model::RecordView;

/// Which records are wanted.
#[derive(Clone, Debug)]
pub struct Predicate {
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug)]
struct Condition;

impl Predicate {
    /// Whether a record is wanted.
    pub fn matches(&self, _record: &RecordView<'_>) -> bool {
        self.conditions.is_empty()
    }
}
