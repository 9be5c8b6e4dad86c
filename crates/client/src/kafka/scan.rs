//! Reading bounded ranges of a topic and searching them.
//!
//! One Fetch is in flight per leader; the next one goes out while the last answer is decompressed
//! and searched on threads of their own. Leaders are read in parallel, and a partition follows its
//! leader. Ends are fixed by the caller, so nothing waits for records to come. What is kept is
//! bounded by the limit, what is under way by a few fetches per leader. This file knows nothing of
//! groups, schemas or how records are shown.

mod batch;
mod bytes;
mod chunk;
mod codec;
mod decode;
mod fetch;
mod merge;
pub mod parts;
mod records;
mod report;
mod run;
mod timestamps;
mod track;

pub(crate) use timestamps::timestamps;

use super::KafkaError;
use super::route::Router;
use kafkaweave_core::model::{ScanReport, ScanRequest};
use tokio::time::Instant;

/// Reads what is asked for. At `deadline` it answers with what it has.
///
/// # Errors
/// When nothing at all could be read: no such topic or partition, no right to it, no leader that
/// can be reached.
pub(crate) async fn scan(
    router: &Router,
    request: &ScanRequest,
    deadline: Instant,
) -> Result<ScanReport, KafkaError> {
    run::Scan::new(router, request).run(deadline).await
}
