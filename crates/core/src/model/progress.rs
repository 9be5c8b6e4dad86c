//! How far reads have come, for whoever looks on while they run.
//!
//! Counters only: who writes them and who shows them is decided elsewhere. They count what all reads
//! of one call have done together, so a second read makes the total larger.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of the reads of one call. Sharing it between threads is its purpose.
#[derive(Debug, Default)]
pub struct ScanProgress {
    total_offsets: AtomicU64,
    covered_offsets: AtomicU64,
    records: AtomicU64,
    wire_bytes: AtomicU64,
    partitions_left: AtomicU64,
}

/// How far reads have come at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanStanding {
    /// Offsets of all ranges.
    pub total_offsets: u64,
    /// Offsets covered so far, gaps of compaction included; at most the total, and never fewer than
    /// before.
    pub covered_offsets: u64,
    /// Records looked at.
    pub records: u64,
    /// Bytes of record batches that came from brokers.
    pub wire_bytes: u64,
    /// Partitions that are still read.
    pub partitions_left: u64,
}

impl ScanProgress {
    /// Takes in what one read has come to since it last told: `before` and `now` are its own.
    pub fn moved(&self, before: &ScanStanding, now: &ScanStanding) {
        let fields = [
            (&self.total_offsets, before.total_offsets, now.total_offsets),
            (
                &self.covered_offsets,
                before.covered_offsets,
                now.covered_offsets,
            ),
            (&self.records, before.records, now.records),
            (&self.wire_bytes, before.wire_bytes, now.wire_bytes),
        ];
        for (counter, before, now) in fields {
            counter.fetch_add(now.saturating_sub(before), Ordering::Relaxed);
        }
        let (before, now) = (before.partitions_left, now.partitions_left);
        if now >= before {
            self.partitions_left
                .fetch_add(now - before, Ordering::Relaxed);
        } else {
            self.partitions_left
                .fetch_sub(before - now, Ordering::Relaxed);
        }
    }

    /// How far the reads have come.
    pub fn standing(&self) -> ScanStanding {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let total_offsets = read(&self.total_offsets);
        ScanStanding {
            total_offsets,
            covered_offsets: read(&self.covered_offsets).min(total_offsets),
            records: read(&self.records),
            wire_bytes: read(&self.wire_bytes),
            partitions_left: read(&self.partitions_left),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_reads_of_one_call_add_up_and_nothing_goes_back() {
        let progress = ScanProgress::default();
        let at = |total, covered, left| ScanStanding {
            total_offsets: total,
            covered_offsets: covered,
            records: covered,
            wire_bytes: covered * 10,
            partitions_left: left,
        };
        progress.moved(&ScanStanding::default(), &at(100, 0, 2));
        progress.moved(&at(100, 0, 2), &at(100, 60, 1));
        assert_eq!(progress.standing(), at(100, 60, 1));
        // A read that takes back what it covered is not followed.
        progress.moved(&at(100, 60, 1), &at(100, 50, 1));
        assert_eq!(progress.standing(), at(100, 60, 1));
        progress.moved(&at(100, 60, 1), &at(100, 100, 0));
        progress.moved(&ScanStanding::default(), &at(50, 20, 3));
        assert_eq!(progress.standing(), at(150, 120, 3));
    }
}
