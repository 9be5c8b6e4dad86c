//! Reading ranges of a topic: the same report as the native engine's, from librdkafka's records.
//!
//! All partitions are read into one queue, each from its start to the end that was fixed before; newest first, blocks
//! are read from the end backwards. How partitions are merged and when enough is read is the native engine's own code.
//! librdkafka does not tell bytes on the wire: keys and values are counted in their place. A batch that is damaged it
//! names, but not where it ends: when it cannot get past it, the rest of the partition is not covered, and said so.

mod peek;
mod track;

pub(crate) use peek::timestamps;

use crate::client::Link;
use crate::fault::{AUTO_OFFSET_RESET, BAD_COMPRESSION, BAD_MSG, Fault, PARTITION_EOF};
use crate::ffi::admin;
use crate::ffi::consume::{Reader, Taken};
use crate::run::Bound;
use kafkaweave_client::kafka::KafkaError;
use kafkaweave_client::kafka::scan::parts::{Covered, Halt, Lane, conclude, prune, wanting};
use kafkaweave_core::model::{
    Damaged, Isolation, OffsetSpec, PartitionRange, ScanOrder, ScanReport, ScanRequest,
    TopicPartition,
};
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};
use track::{Step, Track};

const FETCH: &str = "Fetch";
/// Damaged batches that are named; the rest is counted.
const MAX_DAMAGED: usize = 100;
/// Reports of damage of one partition without any record in between, before it is given up.
const MOST_DAMAGE: usize = 5;

struct Scan<'a> {
    link: &'a Link,
    request: &'a ScanRequest,
    bound: &'a Bound,
    tracks: Vec<Track>,
    lanes: Vec<Lane>,
    bytes: u64,
    not_json: u64,
    damaged: Vec<Damaged>,
    damaged_total: u64,
    failure: Option<KafkaError>,
}

/// Reads what is asked for, until `bound`.
pub(crate) fn scan(
    link: &Link,
    request: &ScanRequest,
    bound: &Bound,
) -> Result<ScanReport, KafkaError> {
    let ranges: BTreeMap<i32, PartitionRange> =
        request.ranges.iter().map(|r| (r.partition, *r)).collect();
    let tracks: Vec<Track> = ranges
        .into_values()
        .map(|range| Track::new(range, request))
        .collect();
    let mut scan = Scan {
        lanes: tracks
            .iter()
            .map(|track| Lane {
                ended: track.ended,
                ..Lane::default()
            })
            .collect(),
        tracks,
        link,
        request,
        bound,
        bytes: 0,
        not_json: 0,
        damaged: Vec::new(),
        damaged_total: 0,
        failure: None,
    };
    let mut halt = None;
    if request.limit != Some(0) && scan.lanes.iter().any(|lane| !lane.ended) {
        halt = scan.read()?;
    }
    scan.finish(halt)
}

impl Scan<'_> {
    fn at(&self, partition: i32) -> TopicPartition {
        TopicPartition::new(self.request.topic.as_str(), partition)
    }

    fn told(&self, fault: &Fault) -> KafkaError {
        let subject = format!("topic `{}`", self.request.topic);
        fault.told(self.link, FETCH, &subject, self.bound)
    }

    /// Whether topic and partitions are there.
    fn check(&mut self) -> Result<(), KafkaError> {
        let bound = self.bound.within(self.link.profile.request_timeout);
        let topic = self.request.topic.clone();
        let found = admin::topics(self.link, &bound, std::slice::from_ref(&topic));
        let found = found.map_err(|fault| self.told(&fault))?;
        let Some(found) = found.into_iter().next() else {
            return Err(KafkaError::UnknownTopic { topic });
        };
        let partitions = match found.partitions {
            Ok(partitions) => partitions,
            Err(fault) if fault.code == 3 => return Err(KafkaError::UnknownTopic { topic }),
            Err(fault) => return Err(self.told(&fault)),
        };
        for track in &self.tracks {
            let partition = track.range.partition;
            if !partitions.iter().any(|p| p.partition == partition) {
                return Err(KafkaError::UnknownPartition {
                    topic,
                    partition,
                    partitions: partitions.len(),
                });
            }
        }
        Ok(())
    }

    fn read(&mut self) -> Result<Option<Halt>, KafkaError> {
        match self.check() {
            Err(KafkaError::Timeout { .. }) if self.bound.over() => {
                return Ok(Some(Halt::Deadline));
            }
            outcome => outcome?,
        }
        let mut reader = Reader::new(self.link).map_err(|fault| self.told(&fault))?;
        let mut halt = None;
        for index in 0..self.tracks.len() {
            self.begin(index, &mut reader);
        }
        loop {
            if let Some(limit) = self.request.limit {
                prune(&mut self.lanes, self.request.order, limit);
            }
            let mut wants = wanting(&self.lanes, self.request.order, self.request.limit);
            if self
                .request
                .max_bytes
                .is_some_and(|max| self.bytes >= max.max(1))
            {
                halt = Some(Halt::Bytes);
                // A block that was begun is read to its end, or the bytes were for nothing.
                for (wants, track) in wants.iter_mut().zip(&self.tracks) {
                    *wants &= track.within_block();
                }
            }
            for (track, wants) in self.tracks.iter_mut().zip(&wants) {
                if track.reading && !wants {
                    track.reading = false;
                    reader.stop(&TopicPartition::new(
                        self.request.topic.as_str(),
                        track.range.partition,
                    ));
                }
            }
            if !self.tracks.iter().any(|track| track.reading) {
                return Ok(halt);
            }
            if self.bound.over() {
                return Ok(Some(Halt::Deadline));
            }
            let steps = self.take(&mut reader)?;
            for index in steps {
                self.begin(index, &mut reader);
            }
            self.silence(&mut reader);
            self.link.serve();
        }
    }

    /// Begins to read where the track stands.
    fn begin(&mut self, index: usize, reader: &mut Reader<'_>) {
        let Some(track) = self.tracks.get_mut(index) else {
            return;
        };
        let partition = TopicPartition::new(self.request.topic.as_str(), track.range.partition);
        if track.ended || !track.reading {
            return reader.stop(&partition);
        }
        track.heard = Instant::now();
        if let Err(fault) = reader.start(&partition, track.next) {
            let error = self.told(&fault);
            self.give_up(index, error);
        }
    }

    fn give_up(&mut self, index: usize, error: KafkaError) {
        if let (Some(track), Some(lane)) = (self.tracks.get_mut(index), self.lanes.get_mut(index)) {
            track.stop(error.to_string());
            lane.ended = true;
        }
        self.failure.get_or_insert(error);
    }

    /// Takes in a batch; which tracks have to begin anew or to stop.
    fn take(&mut self, reader: &mut Reader<'_>) -> Result<Vec<usize>, KafkaError> {
        let mut again = Vec::new();
        let mut troubles: Vec<(usize, i64, Fault)> = Vec::new();
        let request = self.request;
        let places: HashMap<i32, usize> = self
            .tracks
            .iter()
            .enumerate()
            .map(|(index, track)| (track.range.partition, index))
            .collect();
        let (tracks, lanes) = (&mut self.tracks, &mut self.lanes);
        let (bytes, not_json) = (&mut self.bytes, &mut self.not_json);
        reader.take(|taken: &Taken<'_>| {
            let Some(index) = places.get(&taken.partition).copied() else {
                return;
            };
            let (Some(track), Some(lane)) = (tracks.get_mut(index), lanes.get_mut(index)) else {
                return;
            };
            if !track.reading || again.contains(&index) {
                return;
            }
            track.heard = Instant::now();
            match &taken.what {
                Ok((record, kind)) => {
                    let size =
                        record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
                    *bytes += size as u64;
                    track.damage = 0;
                    if track.record(record, *kind, request, lane, not_json) == Step::Again {
                        again.push(index);
                    }
                }
                Err(fault) => troubles.push((index, taken.offset, fault.clone())),
            }
        });
        for (index, offset, fault) in troubles {
            if !again.contains(&index) && self.trouble(index, offset, &fault, reader)? {
                again.push(index);
            }
        }
        Ok(again)
    }

    /// An error or the end of a partition; whether it has to begin anew.
    fn trouble(
        &mut self,
        index: usize,
        offset: i64,
        fault: &Fault,
        reader: &Reader<'_>,
    ) -> Result<bool, KafkaError> {
        let Some(partition) = self.tracks.get(index).map(|t| self.at(t.range.partition)) else {
            return Ok(false);
        };
        match fault.code {
            PARTITION_EOF => {
                let high = reader.high_watermark(&partition);
                let (Some(track), Some(lane)) =
                    (self.tracks.get_mut(index), self.lanes.get_mut(index))
                else {
                    return Ok(false);
                };
                track.at_end(offset, high, self.request, lane);
                Ok(true)
            }
            BAD_MSG | BAD_COMPRESSION => {
                self.damaged_total += 1;
                if self.damaged.len() < MAX_DAMAGED {
                    self.damaged.push(Damaged {
                        partition: partition.partition,
                        offset,
                        why: fault.text.clone(),
                    });
                }
                let Some(track) = self.tracks.get_mut(index) else {
                    return Ok(false);
                };
                track.damage += 1;
                if track.damage >= MOST_DAMAGE {
                    track.stop(format!(
                        "unreadable from offset {offset} on: {}",
                        fault.text
                    ));
                    if let Some(lane) = self.lanes.get_mut(index) {
                        lane.ended = true;
                    }
                    return Ok(true);
                }
                Ok(false)
            }
            AUTO_OFFSET_RESET | 1 => {
                self.out_of_range(index, &partition);
                Ok(true)
            }
            _ => {
                let error = self.told(fault);
                if matches!(error, KafkaError::NotAuthorized { .. }) {
                    return Err(error);
                }
                if error.retryable() {
                    // librdkafka goes on by itself; a partition that stays silent is given up.
                    return Ok(false);
                }
                self.give_up(index, error);
                Ok(true)
            }
        }
    }

    /// The place that was asked for is not there (any more).
    fn out_of_range(&mut self, index: usize, partition: &TopicPartition) {
        let bound = self.bound.within(self.link.profile.request_timeout);
        let ask = |spec| {
            let rows = admin::offsets(
                self.link,
                &bound,
                &[(partition, spec)],
                Isolation::ReadUncommitted,
            )?;
            rows.into_iter()
                .next()
                .map_or(Err(Fault::timed_out()), |row| row.1)
        };
        let bounds =
            ask(OffsetSpec::Earliest).and_then(|low| Ok((low.0, ask(OffsetSpec::Latest)?.0)));
        match bounds {
            Ok((low, high)) => {
                if let (Some(track), Some(lane)) =
                    (self.tracks.get_mut(index), self.lanes.get_mut(index))
                {
                    track.bounds(low, high, self.request, lane);
                }
            }
            Err(fault) => {
                let error = self.told(&fault);
                self.give_up(index, error);
            }
        }
    }

    /// Gives up partitions that have been silent for the time of a request.
    fn silence(&mut self, reader: &mut Reader<'_>) {
        let most = self.link.profile.request_timeout;
        for index in 0..self.tracks.len() {
            let Some(track) = self.tracks.get(index) else {
                continue;
            };
            if track.reading && track.heard.elapsed() > most.max(Duration::from_secs(1)) {
                let partition = self.at(track.range.partition);
                let error =
                    Fault::timed_out().told(self.link, FETCH, &partition.to_string(), self.bound);
                self.give_up(index, error);
                reader.stop(&partition);
            }
        }
    }

    fn finish(self, halt: Option<Halt>) -> Result<ScanReport, KafkaError> {
        let covered: Vec<Covered> = self.tracks.into_iter().map(Covered::from).collect();
        let progress = covered
            .iter()
            .any(|c| c.range.start >= c.range.end || c.from < c.to || c.incomplete.is_none());
        if let (false, Some(failure), None) = (progress, self.failure, halt) {
            return Err(failure);
        }
        let records_scanned = covered.iter().map(|c| c.records).sum();
        let (records, coverage, stopped) = conclude(self.request, covered, self.lanes, halt);
        let mut damaged = self.damaged;
        damaged.sort_by_key(|d| (d.partition, d.offset));
        if self.request.order == ScanOrder::Latest {
            damaged.reverse();
        }
        Ok(ScanReport {
            records,
            coverage,
            stopped,
            records_scanned,
            not_json: self.not_json,
            wire_bytes: self.bytes,
            damaged,
            damaged_total: self.damaged_total,
            // librdkafka shows records and no batches.
            batches: None,
        })
    }
}
