//! Records, read by assignment: no group is joined, nothing is committed.

mod conditions;
mod counts;
mod range;
pub mod shown;
mod text;

crate::tools! { read::ReadRecords, search::SearchRecords }
