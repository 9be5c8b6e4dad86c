//! Time lag from when the end of the log passed an offset.
//!
//! A bounded table of (end of the log, time) points of one partition; the time at which the log
//! reached a committed offset is read off the line between the two points around it. It needs no
//! record to be read, and it is as exact as the points are dense. The rules are those of
//! seglo/kafka-lag-exporter, `LookupTable.scala`.
//!
//! It deliberately knows nothing of records: a compacted log, markers of transactions and idle
//! stretches make it an estimate, which is why
//! [`super::outlook::TimeLagSource`] is told with each figure.

use std::collections::VecDeque;

/// Points that a table keeps unless told otherwise.
pub const POINTS: usize = 60;

/// What became of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insertion {
    /// It is the newest point now.
    Inserted,
    /// It took the newest point's place: the end has not moved since the one before.
    Updated,
    /// Left out: not later than the newest point.
    OutOfOrder,
    /// Left out: the end lies below the newest point's, which a log's end cannot.
    NonMonotonic,
}

/// What a table says of an offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lookup {
    /// The end of the log passed the offset at this time, epoch ms. Infinite where all points have
    /// one offset: the log never moved, so nothing can be said of any other offset.
    At(f64),
    /// The offset is the newest end: nothing lags.
    LagIsZero,
    /// Fewer than two points.
    TooFewPoints,
}

/// The points of one partition, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    points: VecDeque<(i64, i64)>,
    capacity: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self::new(POINTS)
    }
}

impl Table {
    /// An empty table of at most `capacity` points; two at least.
    pub fn new(capacity: usize) -> Self {
        Self {
            points: VecDeque::new(),
            capacity: capacity.max(2),
        }
    }

    /// Takes the end of the log as it was at a time.
    pub fn insert(&mut self, log_end: i64, at_ms: i64) -> Insertion {
        if let Some(&(newest, newest_ms)) = self.points.back() {
            if at_ms <= newest_ms {
                return Insertion::OutOfOrder;
            }
            if log_end < newest {
                return Insertion::NonMonotonic;
            }
            let before = self
                .points
                .len()
                .checked_sub(2)
                .and_then(|at| self.points.get(at));
            if log_end == newest && before.is_some_and(|&(offset, _)| offset == log_end) {
                self.points.pop_back();
                self.points.push_back((log_end, at_ms));
                return Insertion::Updated;
            }
        }
        if self.points.len() == self.capacity {
            self.points.pop_front();
        }
        self.points.push_back((log_end, at_ms));
        Insertion::Inserted
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The oldest offset that a point was seen at.
    pub fn oldest(&self) -> Option<i64> {
        self.points.front().map(|(offset, _)| *offset)
    }

    /// When the end of the log passed `offset`. Outside of the points, the line from the oldest to
    /// the newest goes on.
    pub fn lookup(&self, offset: i64) -> Lookup {
        let (Some(oldest), Some(newest)) = (self.points.front(), self.points.back()) else {
            return Lookup::TooFewPoints;
        };
        if newest.0 == offset {
            return Lookup::LagIsZero;
        }
        if self.points.len() < 2 {
            return Lookup::TooFewPoints;
        }
        let pairs = self.points.iter().zip(self.points.iter().skip(1));
        let (left, right) = pairs
            .rev()
            .find(|(left, right)| (left.0..=right.0).contains(&offset))
            .unwrap_or((oldest, newest));
        let distance = |a: i64, b: i64| a as f64 - b as f64;
        let rise = distance(right.0, left.0);
        let run = distance(right.1, left.1);
        Lookup::At(right.1 as f64 - distance(right.0, offset) * run / rise)
    }

    /// How long ago the end of the log passed `committed`, ms; 0 where nothing lags, `None` where
    /// the points do not tell.
    pub fn time_lag_ms(&self, committed: i64, now_ms: i64) -> Option<i64> {
        match self.lookup(committed) {
            Lookup::LagIsZero => Some(0),
            Lookup::TooFewPoints => None,
            Lookup::At(at) if at.is_finite() => Some(((now_ms as f64 - at).round() as i64).max(0)),
            Lookup::At(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(points: &[(i64, i64)]) -> Table {
        let mut table = Table::default();
        for &(offset, at) in points {
            table.insert(offset, at);
        }
        table
    }

    #[track_caller]
    fn reads(table: &Table, offset: i64, expected: f64) {
        let found = table.lookup(offset);
        let right = |at: f64| at == expected || (at - expected).abs() < 1e-8;
        assert!(
            matches!(found, Lookup::At(at) if right(at)),
            "{offset}: {found:?}, not {expected}"
        );
    }

    #[test]
    fn a_flat_stretch_is_two_points() {
        let mut flat = table(&[(100, 30), (200, 60)]);
        assert_eq!(flat.insert(200, 120), Insertion::Inserted);
        assert_eq!(flat.insert(200, 700), Insertion::Updated);
        assert_eq!(flat.len(), 3);
        for (offset, at) in [(300, 730), (300, 9000), (400, 9030)] {
            assert_eq!(flat.insert(offset, at), Insertion::Inserted);
        }
        for (offset, at) in [
            (199, 59.7),
            (200, 700.0),
            (201, 700.3),
            (250, 715.0),
            (299, 729.7),
            (300, 9000.0),
            (301, 9000.3),
        ] {
            reads(&flat, offset, at);
        }
    }

    #[test]
    fn a_single_point_knows_only_itself() {
        let single = table(&[(0, 100)]);
        assert_eq!(single.lookup(0), Lookup::LagIsZero);
        assert_eq!(single.lookup(1), Lookup::TooFewPoints);
        assert_eq!(Table::default().lookup(0), Lookup::TooFewPoints);
        assert_eq!(single.time_lag_ms(0, 500), Some(0));
        assert_eq!(single.time_lag_ms(1, 500), None);
    }

    #[test]
    fn a_log_that_never_moved_tells_nothing_of_other_offsets() {
        let still = table(&[(100, 100), (100, 200), (100, 300), (100, 400)]);
        assert_eq!(still.len(), 2);
        assert_eq!(still.lookup(100), Lookup::LagIsZero);
        reads(&still, 99, f64::NEG_INFINITY);
        reads(&still, 101, f64::INFINITY);
        assert_eq!(still.time_lag_ms(99, 500), None);
    }

    #[test]
    fn between_points_and_beyond_them() {
        let normal = table(&[(0, 0), (10, 1), (200, 2), (3000, 3), (40_000, 4)]);
        for (offset, at) in [
            (1600, 2.5),
            (0, 0.0),
            (1, 0.1),
            (9, 0.9),
            (10, 1.0),
            (200, 2.0),
            (2999, 2.999_642_857_142_857),
            (3000, 3.0),
            (3001, 3.000_027_027_027_027),
            (-10_000, -1.0),
            (50_000, 5.0),
        ] {
            reads(&normal, offset, at);
        }
        assert_eq!(normal.lookup(40_000), Lookup::LagIsZero);
    }

    #[test]
    fn what_cannot_be_is_left_out() {
        let mut table = table(&[(100, 1000), (200, 2000)]);
        for (offset, at, expected) in [
            (300, 2000, Insertion::OutOfOrder),
            (300, 1999, Insertion::OutOfOrder),
            (199, 3000, Insertion::NonMonotonic),
            (201, 3000, Insertion::Inserted),
        ] {
            assert_eq!(table.insert(offset, at), expected, "{offset} at {at}");
        }
        assert_eq!(table.len(), 3);
    }

    #[test]
    fn the_oldest_point_makes_room() {
        let mut table = Table::new(3);
        for n in 0..10 {
            table.insert(n * 100, n * 1000);
        }
        assert_eq!(table.len(), 3);
        assert_eq!(table.time_lag_ms(850, 9000), Some(500));
        // Extrapolated from the three that are left.
        assert_eq!(table.time_lag_ms(0, 9000), Some(9000));
    }

    #[test]
    fn numbers_at_the_edge_of_their_range_stay_numbers() {
        let edge = table(&[(i64::MIN, i64::MIN), (i64::MAX, i64::MAX)]);
        assert!(edge.time_lag_ms(0, i64::MAX).is_some());
    }
}
