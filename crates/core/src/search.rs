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
mod expression;
mod extent;
mod field;
mod grammar;
#[cfg(test)]
mod joined_tests;
#[cfg(test)]
mod linear_tests;
#[cfg(test)]
mod narrow_tests;
mod operand;
mod parse;
mod path;
mod plan;
mod predicate;
mod prefilter;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

pub use cursor::{Cursor, CursorError, fingerprint};
pub use error::{ConditionFault, Place, SearchError};
pub use operand::{TimeError, time_ms};
pub use plan::{PartitionBounds, PlanNote, ReadFrom, ReadPlan, ReadUntil, plan};
pub use predicate::{Predicate, Verdict};
pub use prefilter::Prefilter;
