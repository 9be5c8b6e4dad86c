//! How far a long read has come, in words, at most once a second.
//!
//! The same for a model's host and for a person at a terminal. A call that ends within the first
//! second, or reads no records, says nothing.

use crate::table::bytes;
use kafkaweave_core::model::{ScanProgress, ScanStanding};
use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// Time between two words.
const EVERY: Duration = Duration::from_secs(1);

/// When there is something new to say.
pub(crate) struct Pulse {
    ticks: Interval,
    said: ScanStanding,
}

impl Pulse {
    /// Begins now.
    pub(crate) fn new() -> Self {
        let mut ticks = interval_at(Instant::now() + EVERY, EVERY);
        // After a pause there is one word, not those that were left out.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            ticks,
            said: ScanStanding::default(),
        }
    }

    /// Waits until the reads have come further than they were; what is told never goes back.
    pub(crate) async fn next(&mut self, progress: &ScanProgress) -> ScanStanding {
        loop {
            self.ticks.tick().await;
            let standing = progress.standing();
            if standing.covered_offsets > self.said.covered_offsets {
                self.said = standing;
                return standing;
            }
        }
    }
}

/// `20 % of the range: 412,000 records, 310.0 MiB, 4 partitions left`.
pub(crate) fn words(standing: &ScanStanding) -> String {
    let percent = standing
        .covered_offsets
        .saturating_mul(100)
        .checked_div(standing.total_offsets)
        .unwrap_or(100);
    let left = match standing.partitions_left {
        1 => "1 partition left".to_owned(),
        count => format!("{} partitions left", grouped(count)),
    };
    format!(
        "{percent} % of the range: {} records, {}, {left}",
        grouped(standing.records),
        bytes(i64::try_from(standing.wire_bytes).unwrap_or(i64::MAX))
    )
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_share_records_bytes_and_what_is_left() {
        let standing = ScanStanding {
            total_offsets: 2_000_000,
            covered_offsets: 419_999,
            records: 412_000,
            wire_bytes: 310 << 20,
            partitions_left: 4,
        };
        assert_eq!(
            words(&standing),
            "20 % of the range: 412,000 records, 310.0 MiB, 4 partitions left"
        );
        let one = ScanStanding {
            partitions_left: 1,
            records: 7,
            ..standing
        };
        assert!(words(&one).ends_with("7 records, 310.0 MiB, 1 partition left"));
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[tokio::test]
    async fn nothing_is_said_while_nothing_is_read_and_never_twice_a_second() {
        let progress = ScanProgress::default();
        let mut pulse = Pulse::new();
        let begun = Instant::now();
        let wait = EVERY * 5 / 2;
        assert!(
            tokio::time::timeout(wait, pulse.next(&progress))
                .await
                .is_err()
        );
        let mut before = ScanStanding::default();
        let mut words = Vec::new();
        for covered in [1, 5] {
            let now = ScanStanding {
                total_offsets: 10,
                covered_offsets: covered,
                ..before
            };
            progress.moved(&before, &now);
            before = now;
            assert_eq!(pulse.next(&progress).await.covered_offsets, covered);
            words.push(Instant::now());
            assert!(begun.elapsed() >= wait);
        }
        assert!(words[1] - words[0] > EVERY * 4 / 5, "{words:?}");
    }
}
