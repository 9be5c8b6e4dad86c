//! Telling how far a scan has come, to whoever looks on.

use super::Scan;
use kafkaweave_core::model::ScanStanding;

impl Scan<'_> {
    /// Tells how far it has come. `wanting` says which partitions are read on.
    pub(super) fn tell(&mut self, wanting: &[bool]) {
        let Some(progress) = &self.request.progress else {
            return;
        };
        let span = |from: i64, to: i64| u64::try_from(to.saturating_sub(from)).unwrap_or(0);
        let mut now = ScanStanding {
            wire_bytes: self.wire_bytes,
            ..ScanStanding::default()
        };
        for (track, wants) in self.tracks.iter().zip(wanting) {
            now.total_offsets += span(track.range.start, track.range.end);
            now.covered_offsets += span(track.from, track.to);
            now.records += track.records;
            now.partitions_left += u64::from(*wants);
        }
        // Records at an end that turns out to be beyond the log's are no longer covered.
        now.covered_offsets = now.covered_offsets.max(self.told.covered_offsets);
        progress.moved(&self.told, &now);
        self.told = now;
    }

    /// After the last look nothing is left to be read.
    pub(super) fn tell_the_end(&mut self) {
        if let Some(progress) = &self.request.progress {
            let now = ScanStanding {
                partitions_left: 0,
                ..self.told
            };
            progress.moved(&self.told, &now);
            self.told = now;
        }
    }
}
