//! What the scan of every engine is made of: how partitions are merged, when enough is read, what
//! the answer then says. Pure. How records come in is each engine's own matter.

pub use super::chunk::keep;
pub use super::merge::{Lane, prune, wanting};
pub use super::report::{Covered, Halt, conclude};
pub use super::track::{deleted, log_ends, open_transaction};
