//! Reading bounded ranges of a topic and searching them.
//!
//! One Fetch is in flight per leader; the next one goes out while the last answer is decompressed
//! and searched on threads of their own. Leaders are read in parallel, and a partition follows its
//! leader. Ends are fixed by the caller, so nothing waits for records to come. What is kept is
//! bounded by the limit, what is under way by a few fetches per leader. This file knows nothing of
//! groups, schemas or how records are shown.

mod batch;
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
use kafkaweave_core::model::{ScanOrder, ScanReport, ScanRequest};
use kafkaweave_core::search::{CountBy, Tally};
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
    let (report, _) = run::Scan::new(router, request, None).run(deadline).await?;
    Ok(report)
}

/// Counts wanted records by group instead of keeping them, over the whole range: order, limit and
/// payload bound of the request mean nothing here. What is counted is what lies in the covered
/// offsets, so that a count that was cut can be continued.
///
/// # Errors
/// As [`scan`].
pub(crate) async fn count(
    router: &Router,
    request: &ScanRequest,
    by: &CountBy,
    deadline: Instant,
) -> Result<(ScanReport, Tally), KafkaError> {
    let request = ScanRequest {
        order: ScanOrder::Earliest,
        limit: None,
        ..request.clone()
    };
    run::Scan::new(router, &request, Some(by.clone()))
        .run(deadline)
        .await
}
