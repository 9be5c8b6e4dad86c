//! `notifications/progress` while a call runs, for clients that sent a token with it.
//!
//! A client that does not read its notifications slows nothing down: the call goes on while one is
//! being sent. None is sent once the call has ended.

use crate::progress::{Pulse, words};
use kafkaweave_core::model::{ScanProgress, ScanStanding};
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::{Peer, RoleServer};
use std::future::Future;
use std::time::Duration;

/// How long the answer waits for a notification that is half sent: it would come behind it.
const HALF_SENT: Duration = Duration::from_millis(500);

/// Runs a call and tells its client how far it has come.
pub(super) async fn told<T>(
    call: impl Future<Output = T>,
    progress: &ScanProgress,
    token: ProgressToken,
    peer: &Peer<RoleServer>,
) -> T {
    tokio::pin!(call);
    let mut pulse = Pulse::new();
    loop {
        let standing = tokio::select! {
            biased;
            result = &mut call => return result,
            standing = pulse.next(progress) => standing,
        };
        let sent = peer.notify_progress(notice(token.clone(), &standing));
        tokio::pin!(sent);
        tokio::select! {
            biased;
            result = &mut call => {
                let _ = tokio::time::timeout(HALF_SENT, sent).await;
                return result;
            }
            outcome = &mut sent => {
                if let Err(error) = outcome {
                    tracing::debug!(%error, "progress");
                }
            }
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the protocol has floating point; 2^53 offsets are exact"
)]
fn notice(token: ProgressToken, standing: &ScanStanding) -> ProgressNotificationParam {
    ProgressNotificationParam::new(token, standing.covered_offsets as f64)
        .with_total(standing.total_offsets as f64)
        .with_message(words(standing))
}
