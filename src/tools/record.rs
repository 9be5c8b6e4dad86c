//! Records, read by assignment: no group is joined, nothing is committed.

pub mod shown;

crate::tools! { read::ReadRecords, search::SearchRecords }
