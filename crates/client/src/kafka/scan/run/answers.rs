//! What comes back: answers of brokers and chunks from the decoders.

use super::{Event, Scan};
use crate::kafka::KafkaError;
use crate::kafka::scan::chunk::{Found, MAX_BATCHES};
use crate::kafka::scan::fetch::{Ask, Row};
use crate::kafka::scan::track::{Next, Span};
use std::sync::Arc;
use std::time::Duration;

/// Damaged batches that are named; the rest is counted.
const MAX_DAMAGED: usize = 100;
/// Longest that a broker's word on throttling is taken for true.
const MAX_THROTTLE_MS: u64 = 60_000;

impl Scan<'_> {
    pub(super) fn fetched(
        &mut self,
        broker: i32,
        asks: &[Ask],
        outcome: Result<(i32, Result<Vec<Row>, i16>), KafkaError>,
    ) {
        self.leaders.entry(broker).or_default().fetching = false;
        let indexes: Vec<usize> = asks
            .iter()
            .filter_map(|ask| self.index.get(&ask.partition).copied())
            .collect();
        let (throttle_ms, rows) = match outcome {
            Ok((throttle_ms, Ok(rows))) => (throttle_ms, rows),
            Ok((_, Err(code))) => {
                let error = self.refusal(code, None);
                return self.reroute(indexes, &error);
            }
            Err(error) => return self.unserved(broker, indexes, error),
        };
        let first = asks.first().map(|ask| ask.partition);
        let mut silent = indexes;
        for row in rows {
            let Some(index) = self.index.get(&row.partition).copied() else {
                continue;
            };
            silent.retain(|other| *other != index);
            self.wire_bytes += row.records.len() as u64;
            if row.error_code == 0 {
                let first = first == Some(row.partition);
                self.answered(broker, index, row, first);
            } else {
                self.failed(index, row);
            }
        }
        if !silent.is_empty() {
            // A throttled answer names no partition at all. Until its time is over the broker does
            // not read what is sent to it: asked sooner, it would seem to be frozen.
            let pause = u64::try_from(throttle_ms)
                .unwrap_or_default()
                .clamp(50, MAX_THROTTLE_MS);
            self.rest(silent, Duration::from_millis(pause));
        }
    }

    fn answered(&mut self, broker: i32, index: usize, row: Row, first: bool) {
        self.tick += 1;
        let tick = self.tick;
        let (Some(track), Some(lane), Some(service)) = (
            self.tracks.get_mut(index),
            self.lanes.get_mut(index),
            self.services.get_mut(index),
        ) else {
            return;
        };
        service.busy = false;
        service.tries = 0;
        service.failure = None;
        let next = track.answered(row, first);
        track.settle(lane);
        match next {
            Next::Decode(chunk, span) => {
                service.served = tick;
                let number = track.issue();
                lane.ended = false;
                let size_bytes = chunk.bytes.len();
                self.leaders.entry(broker).or_default().decoding_bytes += size_bytes;
                self.decoding += 1;
                let decode = self
                    .decoders
                    .clone()
                    .decode(chunk, Arc::clone(&self.wanted));
                self.events.push(Box::pin(async move {
                    Event::Decoded {
                        broker,
                        index,
                        number,
                        span,
                        size_bytes,
                        found: decode.await,
                    }
                }));
            }
            Next::Again { pause: true } => {
                service.busy = true;
                self.rest(vec![index], Duration::from_millis(100));
            }
            Next::Again { pause: false } | Next::Finished => {}
        }
    }

    pub(super) fn decoded(&mut self, index: usize, number: u64, span: Span, found: Option<Found>) {
        let (Some(track), Some(lane)) = (self.tracks.get_mut(index), self.lanes.get_mut(index))
        else {
            return;
        };
        let Some(mut found) = found else {
            track.stop("decoding stopped unexpectedly".into());
            lane.ended = true;
            return;
        };
        self.not_json += found.not_json;
        self.damaged_total += found.damaged.len() as u64;
        let room = MAX_DAMAGED.saturating_sub(self.damaged.len());
        self.damaged.extend(found.damaged.drain(..).take(room));
        let room = MAX_BATCHES.saturating_sub(self.batches.len());
        self.batches.extend(found.batches.drain(..).take(room));
        track.decoded(number, span, found, lane);
        if let Some(tally) = track.tally.take() {
            self.tally.merge(tally);
        }
    }
}
