//! Records of one partition, in memory.

mod batch;
mod build;
mod partition_log;
mod producers;

pub(crate) use batch::BatchError;
pub(crate) use build::{Record, batch_of};
pub(crate) use partition_log::{AppendError, Limits, Log, Stamp};
