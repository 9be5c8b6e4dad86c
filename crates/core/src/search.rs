//! Searching records: which ones are wanted, what to read for them, and where to go on.
//!
//! [`Predicate`] is a small condition language over key, value, headers, JSON paths, offset,
//! partition, timestamp and size. [`plan`] turns "from where, until where" into offset ranges,
//! [`Cursor`] carries a search over several calls. All of it is pure and linear in the size of a
//! record; what to fetch and when to stop is the client's matter, and so is asking for offsets.

mod condition;
mod cursor;
mod error;
mod evaluate;
mod field;
#[cfg(test)]
mod narrow_tests;
mod operand;
mod parse;
mod plan;
mod predicate;
#[cfg(test)]
mod tests;

pub use cursor::{Cursor, CursorError, fingerprint};
pub use error::{ConditionFault, SearchError};
pub use operand::{TimeError, time_ms};
pub use plan::{PartitionBounds, PlanNote, ReadFrom, ReadPlan, ReadUntil, plan};
pub use predicate::{Predicate, Verdict};
