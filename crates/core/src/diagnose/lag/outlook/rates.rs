//! How fast records come and go.

use super::super::history::Point;
use super::verdict::{NOBODY_PATIENCE_MS, PATIENCE_MS};
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
    /// It stays, within a twentieth of the rates or what looks can tell.
    Steady,
    /// It grows.
    Growing,
}

/// Share of the larger rate within which a difference of rates is called steady. In a short window it
/// is more: as much as one commit makes that lay just before a look or just after it.
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
    /// Sums of partitions; `lag` is that of all of them. Where a partition that is not caught up
    /// has no trend the sum has none either: what is missing might turn it.
    pub(super) fn sum<'a>(all: impl Iterator<Item = &'a Rates> + Clone, lag: Option<i64>) -> Self {
        let add = |of: fn(&Rates) -> Option<f64>| all.clone().filter_map(of).reduce(|a, b| a + b);
        // A partition that is steady within its own tolerance adds nothing.
        let net = all.clone().try_fold(0.0, |sum, rates| {
            Some(match rates.trend? {
                Trend::CaughtUp | Trend::Steady => sum,
                Trend::Draining | Trend::Growing => {
                    sum + rates.produce_per_s? - rates.consume_per_s?
                }
            })
        });
        let mut sum = Self {
            produce_per_s: add(|r| r.produce_per_s),
            consume_per_s: add(|r| r.consume_per_s),
            trend: None,
        };
        sum.trend = match (lag, net) {
            (Some(0), _) => Some(Trend::CaughtUp),
            (Some(_), Some(net)) => sum.trend_of(net, TOLERANCE),
            _ => None,
        };
        sum
    }

    fn trend_of(&self, net_per_s: f64, tolerance: f64) -> Option<Trend> {
        let most = self.produce_per_s?.max(self.consume_per_s?);
        Some(if net_per_s.abs() <= most * tolerance {
            Trend::Steady
        } else if net_per_s > 0.0 {
            Trend::Growing
        } else {
            Trend::Draining
        })
    }
}

/// Rates over `points`, oldest first; `lag` is the present one. With fewer than two points, nothing.
///
/// Commits come in steps, so both rates are measured from one step to another, and there have to be
/// two. After the last of them for as long as two usual steps take, the consumer is thought to be on
/// its way, and to have stopped after that. With fewer steps consumption is known only where so much
/// time has passed that any consumer would have committed. Steps backwards begin anew.
pub fn rates(points: &[Point], lag: Option<i64>) -> Rates {
    let measured = measured(points);
    let (from_ms, to_ms) = match &measured {
        Some(measured) => (measured.from.0, measured.to.0),
        None => (i64::MIN, i64::MAX),
    };
    let mut ends = points
        .iter()
        .filter(|p| (from_ms..=to_ms).contains(&p.at_ms))
        .filter_map(|p| Some((p.at_ms, p.log_end?)));
    let first = ends.next();
    let mut rates = Rates {
        produce_per_s: first
            .zip(ends.next_back())
            .and_then(|(from, to)| slope(from, to)),
        consume_per_s: measured.as_ref().and_then(|m| slope(m.from, m.to)),
        trend: None,
    };
    rates.trend = match (lag, rates.produce_per_s, rates.consume_per_s, measured) {
        (Some(0), ..) => Some(Trend::CaughtUp),
        (Some(_), Some(produce), Some(consume), Some(measured)) => {
            rates.trend_of(produce - consume, measured.tolerance())
        }
        _ => None,
    };
    rates
}

/// What consumption is measured between: (epoch ms, offset).
struct Measured {
    from: (i64, i64),
    to: (i64, i64),
    /// How long before them the commits may have been, together, ms.
    unsure_ms: i64,
}

impl Measured {
    /// Share of the rates that commits between looks may make up, [`TOLERANCE`] at least.
    fn tolerance(&self) -> f64 {
        let span_ms = self.to.0.saturating_sub(self.from.0);
        (self.unsure_ms as f64 / span_ms as f64).max(TOLERANCE)
    }
}

fn measured(points: &[Point]) -> Option<Measured> {
    let seen: Vec<(i64, i64)> = points
        .iter()
        .filter_map(|p| Some((p.at_ms, p.position()?)))
        .collect();
    let rewound = seen
        .windows(2)
        .rposition(|w| matches!(w, [a, b] if b.1 < a.1));
    let seen = seen.get(rewound.map_or(0, |at| at + 1)..)?;
    let (first, last) = (*seen.first()?, *seen.last()?);
    // Each step with the time since the look before it.
    let steps: Vec<((i64, i64), i64)> = seen
        .windows(2)
        .filter_map(|w| match w {
            [a, b] if b.1 > a.1 => Some((*b, b.0.saturating_sub(a.0))),
            _ => None,
        })
        .collect();
    let since_ms = |at: (i64, i64)| last.0.saturating_sub(at.0);
    if let ([from, .., to], Ok(gaps)) = (
        steps.as_slice(),
        i64::try_from(steps.len().saturating_sub(1)),
    ) {
        let usual_ms = to.0.0.saturating_sub(from.0.0) / gaps;
        return Some(if since_ms(to.0) <= usual_ms.saturating_mul(2) {
            Measured {
                from: from.0,
                to: to.0,
                unsure_ms: from.1.saturating_add(to.1),
            }
        } else {
            Measured {
                from: from.0,
                to: last,
                unsure_ms: from.1,
            }
        });
    }
    // How much the only step took with it is not known; what followed it is.
    let from = steps.first().map_or(first, |step| step.0);
    let patience_ms = match points.iter().rev().find_map(|p| p.owned) {
        Some(false) => NOBODY_PATIENCE_MS,
        _ => PATIENCE_MS,
    };
    let nothing_to_read = points
        .iter()
        .all(|p| p.log_end.is_some() && p.log_end == p.committed);
    (nothing_to_read || since_ms(from) >= patience_ms).then_some(Measured {
        from,
        to: last,
        unsure_ms: 0,
    })
}

/// Offsets/s between two (epoch ms, offset); `None` when no time lies between them.
fn slope(from: (i64, i64), to: (i64, i64)) -> Option<f64> {
    let ms = to.0.saturating_sub(from.0);
    (ms > 0).then(|| to.1.saturating_sub(from.1).max(0) as f64 * 1000.0 / ms as f64)
}
