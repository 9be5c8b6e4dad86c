//! How fast records come and go.

use super::super::history::Point;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a lag is going.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// Nothing is unread.
    CaughtUp,
    /// It shrinks.
    Draining,
    /// It stays, within a twentieth of what is produced.
    Steady,
    /// It grows.
    Growing,
}

/// Share of the produce rate within which a difference of rates is called steady: what one commit
/// more or less at the ends of a short window makes of equal rates.
pub(crate) const TOLERANCE: f64 = 0.05;

/// Records/s that come and go.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Rates {
    /// Produced, records/s (offsets, as lag is).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub produce_per_s: Option<f64>,
    /// Consumed, records/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consume_per_s: Option<f64>,
    /// Where the lag is going.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
}

impl Rates {
    pub(super) fn sum<'a>(all: impl Iterator<Item = &'a Rates> + Clone, lag: Option<i64>) -> Self {
        let add = |of: fn(&Rates) -> Option<f64>| all.clone().filter_map(of).reduce(|a, b| a + b);
        let mut rates = Self {
            produce_per_s: add(|r| r.produce_per_s),
            consume_per_s: add(|r| r.consume_per_s),
            trend: None,
        };
        rates.trend = rates.trend_of(lag);
        rates
    }

    fn trend_of(&self, lag: Option<i64>) -> Option<Trend> {
        if lag? == 0 {
            return Some(Trend::CaughtUp);
        }
        let (produce, consume) = (self.produce_per_s?, self.consume_per_s?);
        let net = produce - consume;
        Some(if net.abs() <= produce.max(consume) * TOLERANCE {
            Trend::Steady
        } else if net > 0.0 {
            Trend::Growing
        } else {
            Trend::Draining
        })
    }
}

/// Rates over `points`, oldest first. With fewer than two of them, nothing.
///
/// Commits come in steps, so consumption is measured from one step to another, where there are two;
/// after the last of them for as long as two usual steps take, the consumer is thought to be on its
/// way, and to have stopped after that. Steps backwards begin anew.
pub fn rates(points: &[Point], lag: Option<i64>) -> Rates {
    let ends: Vec<(i64, i64)> = points
        .iter()
        .filter_map(|p| Some((p.at_ms, p.log_end?)))
        .collect();
    let mut rates = Rates {
        produce_per_s: ends
            .first()
            .zip(ends.last())
            .and_then(|(a, b)| slope(*a, *b)),
        consume_per_s: consume(points),
        trend: None,
    };
    rates.trend = rates.trend_of(lag);
    rates
}

fn consume(points: &[Point]) -> Option<f64> {
    let seen: Vec<(i64, i64)> = points
        .iter()
        .filter_map(|p| Some((p.at_ms, p.committed?)))
        .collect();
    let rewound = seen
        .windows(2)
        .rposition(|w| matches!(w, [a, b] if b.1 < a.1));
    let seen = seen.get(rewound.map_or(0, |at| at + 1)..)?;
    let (first, last) = (*seen.first()?, *seen.last()?);
    if first.0 == last.0 {
        return None;
    }
    let steps: Vec<(i64, i64)> = seen
        .windows(2)
        .filter_map(|w| {
            matches!(w, [a, b] if b.1 > a.1)
                .then(|| w.last().copied())
                .flatten()
        })
        .collect();
    let (Some(from), Some(to)) = (steps.first(), steps.last()) else {
        return Some(0.0);
    };
    if steps.len() < 3 {
        return slope(first, last);
    }
    let usual_ms = (to.0 - from.0) / i64::try_from(steps.len() - 1).ok()?;
    match last.0 - to.0 <= usual_ms.saturating_mul(2) {
        true => slope(*from, *to),
        false => slope(*from, last),
    }
}

/// Offsets/s between two (epoch ms, offset); `None` when no time lies between them.
fn slope(from: (i64, i64), to: (i64, i64)) -> Option<f64> {
    let ms = to.0.saturating_sub(from.0);
    (ms > 0).then(|| to.1.saturating_sub(from.1).max(0) as f64 * 1000.0 / ms as f64)
}
