//! The end of a scan: what was read becomes the report, and what was not its reason.

use super::Scan;
use crate::kafka::KafkaError;
use crate::kafka::scan::report::{Halt, conclude};
use kafkaweave_core::model::{ScanOrder, ScanReport};
use kafkaweave_core::search::Tally;

impl Scan<'_> {
    pub(super) fn finish(mut self, halt: Option<Halt>) -> Result<(ScanReport, Tally), KafkaError> {
        if let Some(refused) = self.refused.take() {
            return Err(refused);
        }
        let tracks = std::mem::take(&mut self.tracks);
        let mut failure = None;
        let mut progress = false;
        for (track, service) in tracks.iter().zip(&mut self.services) {
            let asked = track.range.start < track.range.end;
            progress |= !asked || track.from < track.to || service.failure.is_none();
            failure = failure.or(service.failure.take().filter(|_| asked));
        }
        if let (false, Some(failure), None) = (progress, failure, halt) {
            return Err(failure);
        }
        let records_scanned = tracks.iter().map(|track| track.records).sum();
        let lanes = std::mem::take(&mut self.lanes);
        let (records, coverage, stopped) = conclude(self.request, tracks, lanes, halt);
        let mut damaged = std::mem::take(&mut self.damaged);
        damaged.sort_by_key(|d| (d.partition, d.offset));
        if self.request.order == ScanOrder::Latest {
            damaged.reverse();
        }
        let report = ScanReport {
            records,
            coverage,
            stopped,
            records_scanned,
            not_json: self.not_json,
            wire_bytes: self.wire_bytes,
            damaged,
            damaged_total: self.damaged_total,
            batches: (self.request.predicate.is_none()).then(|| std::mem::take(&mut self.batches)),
        };
        Ok((report, std::mem::take(&mut self.tally)))
    }
}
