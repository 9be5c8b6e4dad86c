//! Where a lag is going, in words.

use crate::table::duration;
use crate::tools::group::lag::row::Row;
use kafkaweave_core::diagnose::lag::burrow::Verdict;
use kafkaweave_core::diagnose::lag::outlook::{Evidence, Rates, Trend};
use kafkaweave_core::payload::one_line;

pub(super) fn verdict(verdict: Option<Verdict>) -> String {
    verdict.map(|v| v.to_string()).unwrap_or_default()
}

pub(super) fn trend(trend: Option<Trend>) -> String {
    match trend {
        None => "",
        Some(Trend::CaughtUp) => "caught up",
        Some(Trend::Draining) => "draining",
        Some(Trend::Steady) => "steady",
        Some(Trend::Growing) => "growing",
    }
    .into()
}

/// `0`, `0.05`, `7.3`, `1204`.
pub(super) fn rate(rate: Option<f64>) -> String {
    match rate {
        None => String::new(),
        Some(0.0) => "0".into(),
        Some(rate) if rate < 1.0 => format!("{rate:.2}"),
        Some(rate) if rate < 100.0 => format!("{rate:.1}"),
        Some(rate) => format!("{rate:.0}"),
    }
}

fn seconds(s: i64) -> String {
    duration(s.saturating_mul(1000))
}

/// Whether a lag does not get less: it grows, or nothing is consumed. One that stays while all is
/// consumed that comes is that of a group at work.
fn never(rates: &Rates) -> bool {
    match rates.trend {
        Some(Trend::Growing) => true,
        Some(Trend::Steady) => rates.consume_per_s == Some(0.0),
        _ => false,
    }
}

/// When a lag is gone; nothing where there is none, or too little is known.
pub(super) fn drain(lag: Option<i64>, rates: &Rates, drain_s: Option<i64>) -> String {
    match (lag, drain_s) {
        (Some(0) | None, _) => String::new(),
        (_, Some(s)) => seconds(s),
        (_, None) if never(rates) => "never".into(),
        (_, None) => String::new(),
    }
}

/// Losses.
pub(super) mod loss {
    use super::seconds;
    use kafkaweave_core::diagnose::lag::outlook::{Loss, LossBy};

    /// "unread records are deleted in 3h 05m at the earliest (retention.ms)".
    pub(in super::super) fn said(loss: &Loss) -> String {
        let by = match loss.by {
            LossBy::Expired => return "unread records were deleted".into(),
            LossBy::RetentionMs => "retention.ms",
            LossBy::RetentionBytes => "retention.bytes",
        };
        match loss.in_s {
            ..=0 => format!("unread records are due for deletion ({by})"),
            s => format!(
                "unread records are deleted in {} at the earliest ({by})",
                seconds(s)
            ),
        }
    }

    /// The same for a loss that is not far: more than half of the way there is gone.
    pub(in super::super) fn near(loss: Option<&Loss>, time_lag_ms: Option<i64>) -> Option<String> {
        let near = |loss: &&Loss| match loss.by {
            LossBy::Expired => false,
            LossBy::RetentionMs => time_lag_ms.is_some_and(|ms| loss.in_s <= ms / 1000),
            LossBy::RetentionBytes => loss.in_s < SOON_S,
        };
        loss.filter(near).map(said)
    }

    /// Within so many seconds a partition that fills up is told of.
    const SOON_S: i64 = 6 * 3600;
}

/// What rates and verdicts of a page stand on.
pub(super) fn history(groups: &[Row]) -> String {
    let outlooks = || groups.iter().filter_map(|g| g.outlook.as_ref());
    let Some(most) = outlooks().map(|o| &o.whole).max_by_key(|o| o.samples) else {
        return String::new();
    };
    if most.samples < 2 {
        return "; one look tells no direction".into();
    }
    format!(
        "; from {} looks over {}",
        most.samples,
        duration(most.span_ms)
    )
}

impl Row {
    /// Lines on where the group is going, each with its line break before it.
    pub(super) fn outlook_lines(&self) -> String {
        let Some(outlook) = &self.outlook else {
            return String::new();
        };
        let whole = &outlook.whole;
        let why = whole.verdict_why.as_deref().map(one_line);
        let mut text = format!(
            "\nverdict {}{}",
            whole
                .verdict
                .map_or_else(|| "unknown".into(), |v| v.to_string()),
            why.map(|why| format!(": {why}")).unwrap_or_default()
        );
        if whole.samples > 1 {
            text.push_str(&format!(
                "\n{} {} over {}",
                whole.samples,
                match outlook.evidence {
                    Evidence::Samples => "looks",
                    Evidence::Commits => "commits and looks",
                },
                duration(whole.span_ms)
            ));
            let rates = &whole.rates;
            for (of, word) in [
                (rates.produce_per_s, "produced"),
                (rates.consume_per_s, "consumed"),
            ] {
                if of.is_some() {
                    text.push_str(&format!(", {} records/s {word}", rate(of)));
                }
            }
            if rates.trend.is_some_and(|t| t != Trend::CaughtUp) {
                text.push_str(&format!("; {}", trend(rates.trend)));
                let slowest = whole.slowest.as_deref().map(one_line).unwrap_or_default();
                match whole.drain_s {
                    Some(s) => {
                        text.push_str(&format!(", drained in {} (slowest: {slowest})", seconds(s)))
                    }
                    None if slowest.is_empty() => {}
                    None if rates.trend == Some(Trend::Steady) && !never(rates) => {}
                    None => text.push_str(&format!(", {slowest} does not drain")),
                }
            }
        }
        if let Some(loss) = &whole.loss {
            let partition = whole.loss_in.as_deref().map(one_line).unwrap_or_default();
            text.push_str(&format!("\n{partition}: {}", loss::said(loss)));
        }
        if let Some(load) = &outlook.load {
            if let Some(held) = &load.held_up_by {
                text.push_str(&format!("\nheld up: {}", one_line(held)));
            }
            let skew = load
                .skew
                .filter(|s| *s >= kafkaweave_core::diagnose::lag::SKEW_TIMES);
            if let Some(skew) = skew {
                text.push_str(&format!(
                    "\nskewed: the fullest member holds {skew:.1} times the mean"
                ));
            }
            if let Some(idle) = load.idle.filter(|idle| *idle > 0) {
                text.push_str(&format!("\n{idle} members hold nothing"));
            }
        }
        for part in &outlook.subtopologies {
            text.push_str(&format!(
                "\nsub-topology {} ({}): lag {}, {} behind",
                one_line(&part.subtopology),
                one_line(&part.topics.join(", ")),
                super::lag_text(&part.totals),
                super::time_text(&part.totals)
            ));
        }
        text
    }
}
