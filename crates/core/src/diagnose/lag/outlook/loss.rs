//! When retention will delete what nobody has read yet.

use super::rates::{Rates, Trend};
use crate::diagnose::lag::{LagState, PartitionLag};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What deletes records of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Retention {
    /// Whether `cleanup.policy` deletes at all.
    pub deletes: bool,
    /// `retention.ms`; `None` when not known, negative for never.
    pub retention_ms: Option<i64>,
    /// `retention.bytes` of a partition; `None` when not known, negative for never.
    pub retention_bytes: Option<i64>,
    /// Bytes of the partition's log on its leader; `None` when not known.
    pub size_bytes: Option<i64>,
}

/// What a loss comes from.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LossBy {
    /// It has happened: the committed offset was deleted.
    Expired,
    /// `retention.ms`.
    RetentionMs,
    /// `retention.bytes`.
    RetentionBytes,
}

/// Unread records that will be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Loss {
    /// Seconds until then at the earliest: whole segments are deleted, so it may take longer. 0
    /// when it has happened, or is due.
    pub in_s: i64,
    /// What deletes.
    pub by: LossBy,
}

/// The first loss, if the group is heading for one. Where rates are not known it is taken to stand
/// still, so the answer is on the safe side.
pub(super) fn loss(row: &PartitionLag, rates: &Rates, retention: &Retention) -> Option<Loss> {
    if row.state == LagState::Expired {
        return Some(Loss {
            in_s: 0,
            by: LossBy::Expired,
        });
    }
    if !retention.deletes || row.lag? == 0 {
        return None;
    }
    let keeps_up = matches!(
        rates.trend,
        Some(Trend::Draining | Trend::Steady | Trend::CaughtUp)
    );
    let time = (|| {
        let retention_ms = retention.retention_ms.filter(|ms| *ms >= 0)?;
        let left_s = retention_ms.saturating_sub(row.time_lag_ms?) as f64 / 1000.0;
        // The oldest unread record ages by what the group does not catch up on.
        let ageing = match (rates.produce_per_s, rates.consume_per_s) {
            (Some(produce), Some(consume)) if produce > 0.0 => 1.0 - consume / produce,
            (_, Some(consume)) if consume > 0.0 => return (left_s <= 0.0).then_some(0.0),
            _ => 1.0,
        };
        if left_s <= 0.0 {
            return Some(0.0);
        }
        (ageing > 0.0 && !keeps_up).then(|| left_s / ageing)
    })();
    let size = (|| {
        let retention_bytes = retention.retention_bytes.filter(|b| *b >= 0)?;
        let records = row.log_end?.saturating_sub(row.log_start?);
        let per_record = retention.size_bytes? as f64 / records as f64;
        let unread = row.lag? as f64 * per_record;
        let left = retention_bytes as f64 - unread;
        if left <= 0.0 {
            return Some(0.0);
        }
        let growth = (rates.produce_per_s? - rates.consume_per_s?) * per_record;
        (growth > 0.0 && growth.is_finite() && !keeps_up).then(|| left / growth)
    })();
    let of = |in_s: Option<f64>, by| {
        in_s.filter(|s| s.is_finite())
            .map(|s| Loss { in_s: s as i64, by })
    };
    [
        of(time, LossBy::RetentionMs),
        of(size, LossBy::RetentionBytes),
    ]
    .into_iter()
    .flatten()
    .min_by_key(|loss| loss.in_s)
}
