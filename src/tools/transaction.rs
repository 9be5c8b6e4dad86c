//! Transactions: as their coordinators have them, and as partitions are held by them.

pub mod open;
mod text;

crate::tools! { list::ListTransactions, describe::DescribeTransaction }
