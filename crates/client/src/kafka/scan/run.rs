//! The loop: fetches out, answers in, chunks to the decoders and back.

mod answers;
mod finish;
mod standing;
mod trouble;

use super::chunk::{Found, Wanted};
use super::decode::Decoders;
use super::fetch::{self, Ask, FETCH_BYTES, Row};
use super::merge::{Lane, prune, wanting};
use super::report::Halt;
use super::track::{Span, Terms, Track};
use crate::kafka::KafkaError;
use crate::kafka::route::{Router, TopicLeaders};
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use kafka_protocol::messages::FetchRequest;
use kafkaweave_core::model::{
    BatchFacts, Damaged, PartitionRange, ScanReport, ScanRequest, ScanStanding,
};
use kafkaweave_core::search::{CountBy, Tally};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// Chunks under way of one leader, in bytes: two fetches' worth keeps two processors busy.
const MAX_DECODING_BYTES: usize = 2 * FETCH_BYTES as usize;
/// Chunks under way of all leaders, in bytes; a leader of which none is under way may go beyond it.
const MAX_DECODING_IN_ALL_BYTES: usize = 3 * FETCH_BYTES as usize;
/// What all leaders together are asked for at a time, in bytes: with many of them each is asked for less.
const FETCH_IN_ALL_BYTES: i32 = 4 * FETCH_BYTES;
/// Least that a leader is asked for.
const LEAST_FETCH_BYTES: i32 = 512 << 10;

/// Something that was waited for.
enum Event {
    Fetched {
        broker: i32,
        asks: Vec<Ask>,
        outcome: Result<(i32, Result<Vec<Row>, i16>), KafkaError>,
    },
    Decoded {
        broker: i32,
        index: usize,
        number: u64,
        span: Span,
        size_bytes: usize,
        found: Option<Found>,
    },
    Rested(Vec<usize>),
    Routed {
        indexes: Vec<usize>,
        outcome: Result<TopicLeaders, KafkaError>,
    },
    Bounds {
        index: usize,
        outcome: Result<(i64, i64), KafkaError>,
    },
}

/// How a partition is served.
#[derive(Debug, Default)]
struct Service {
    leader: Option<i32>,
    /// In a request, or waiting for something else.
    busy: bool,
    /// Failures in a row.
    tries: usize,
    /// The last failure.
    failure: Option<KafkaError>,
    /// When it last got records: those that waited longest come first in a request.
    served: u64,
}

#[derive(Debug, Default)]
struct Leader {
    fetching: bool,
    decoding_bytes: usize,
}

pub(super) struct Scan<'a> {
    router: &'a Router,
    request: &'a ScanRequest,
    wanted: Arc<Wanted>,
    decoders: Decoders,
    topic_id: Option<Uuid>,
    tracks: Vec<Track>,
    lanes: Vec<Lane>,
    services: Vec<Service>,
    index: HashMap<i32, usize>,
    leaders: BTreeMap<i32, Leader>,
    events: FuturesUnordered<BoxFuture<'a, Event>>,
    decoding: usize,
    tick: u64,
    wire_bytes: u64,
    not_json: u64,
    /// What was counted in the covered offsets of all partitions.
    tally: Tally,
    damaged: Vec<Damaged>,
    damaged_total: u64,
    batches: Vec<BatchFacts>,
    /// Brokers that took a request and did not answer in time.
    frozen: HashSet<i32>,
    /// Refused altogether, e.g. for want of rights.
    refused: Option<KafkaError>,
    /// What was told of the progress so far.
    told: ScanStanding,
}

impl Drop for Scan<'_> {
    fn drop(&mut self) {
        self.tell_the_end();
        self.wanted.stopped.store(true, Ordering::Relaxed);
    }
}

impl<'a> Scan<'a> {
    /// A scan that keeps wanted records, or counts them by `count_by` (earliest order, no limit).
    pub(super) fn new(
        router: &'a Router,
        request: &'a ScanRequest,
        count_by: Option<CountBy>,
    ) -> Self {
        let terms = Terms {
            order: request.order,
            isolation: request.isolation,
            limit: request.limit,
            unfiltered: request.predicate.is_none(),
        };
        let ranges: BTreeMap<i32, PartitionRange> =
            request.ranges.iter().map(|r| (r.partition, *r)).collect();
        let tracks: Vec<Track> = ranges
            .into_values()
            .map(|range| Track::new(range, terms))
            .collect();
        let lane = |track: &Track| Lane {
            ended: track.finished,
            ..Lane::default()
        };
        Self {
            router,
            request,
            wanted: Arc::new(Wanted {
                predicate: request.predicate.clone(),
                count_by,
                order: request.order,
                limit: request.limit,
                payload_limit_bytes: request.payload_limit_bytes,
                stopped: AtomicBool::new(false),
            }),
            decoders: Decoders::new(),
            topic_id: None,
            lanes: tracks.iter().map(lane).collect(),
            services: tracks.iter().map(|_| Service::default()).collect(),
            index: tracks
                .iter()
                .enumerate()
                .map(|(index, track)| (track.range.partition, index))
                .collect(),
            tracks,
            leaders: BTreeMap::new(),
            events: FuturesUnordered::new(),
            decoding: 0,
            tick: 0,
            wire_bytes: 0,
            not_json: 0,
            tally: Tally::default(),
            damaged: Vec::new(),
            damaged_total: 0,
            batches: Vec::new(),
            frozen: HashSet::new(),
            refused: None,
            told: ScanStanding::default(),
        }
    }

    pub(super) async fn run(
        mut self,
        deadline: Instant,
    ) -> Result<(ScanReport, Tally), KafkaError> {
        let something = self.request.limit != Some(0) && self.lanes.iter().any(|l| !l.ended);
        let mut halt = None;
        if something {
            match tokio::time::timeout_at(deadline, self.find_leaders()).await {
                Ok(found) => found?,
                Err(_) => halt = Some(Halt::Deadline),
            }
        }
        while something && halt != Some(Halt::Deadline) && self.refused.is_none() {
            if let Some(limit) = self.request.limit {
                prune(&mut self.lanes, self.request.order, limit);
            }
            let mut wanting = wanting(&self.lanes, self.request.order, self.request.limit);
            let bound = self.request.max_bytes.map(|max| max.max(1));
            let spent = bound.is_some_and(|max| self.wire_bytes >= max);
            if spent {
                halt = Some(Halt::Bytes);
                // A block that was begun is read to its end, or the bytes were for nothing.
                for (wants, track) in wanting.iter_mut().zip(&self.tracks) {
                    *wants &= track.within_block();
                }
            }
            self.tell(&wanting);
            self.launch(&wanting);
            if !wanting.contains(&true) && (!spent || self.decoding == 0) {
                break;
            }
            match tokio::time::timeout_at(deadline, self.events.next()).await {
                Ok(Some(event)) => self.take(event),
                Ok(None) => break,
                Err(_) => halt = Some(Halt::Deadline),
            }
        }
        self.finish(halt)
    }

    async fn find_leaders(&mut self) -> Result<(), KafkaError> {
        let topic = &self.request.topic;
        let mut found = self.router.leaders(topic, false).await?;
        let known = |found: &TopicLeaders, track: &Track| {
            found.partitions.contains_key(&track.range.partition)
        };
        if !self.tracks.iter().all(|track| known(&found, track)) {
            found = self.router.leaders(topic, true).await?;
        }
        if let Some(track) = self.tracks.iter().find(|track| !known(&found, track)) {
            return Err(KafkaError::UnknownPartition {
                topic: topic.clone(),
                partition: track.range.partition,
                partitions: found.partitions.len(),
            });
        }
        self.topic_id = found.topic_id;
        let all = (0..self.tracks.len()).collect();
        self.routed(all, Ok(found));
        Ok(())
    }

    /// Sends a fetch to every leader that has none in flight and partitions that want more.
    fn launch(&mut self, wanting: &[bool]) {
        let mut by_leader: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
        for (index, service) in self.services.iter().enumerate() {
            let track = self.tracks.get(index);
            let open = track.is_some_and(|track| !track.finished && !track.waits())
                && wanting.get(index).copied().unwrap_or_default();
            if let (Some(leader), true) = (service.leader, open && !service.busy) {
                by_leader.entry(leader).or_default().push(index);
            }
        }
        for broker in by_leader.keys() {
            self.leaders.entry(*broker).or_default();
        }
        let decoding: usize = self.leaders.values().map(|l| l.decoding_bytes).sum();
        for (broker, mut indexes) in by_leader {
            let leader = self.leaders.entry(broker).or_default();
            let crowded = decoding >= MAX_DECODING_IN_ALL_BYTES && leader.decoding_bytes > 0;
            if leader.fetching || crowded || leader.decoding_bytes >= MAX_DECODING_BYTES {
                continue;
            }
            leader.fetching = true;
            indexes.sort_by_key(|index| self.services.get(*index).map(|s| s.served));
            self.fetch(broker, &indexes);
        }
    }

    fn fetch(&mut self, broker: i32, indexes: &[usize]) {
        let left = match self.request.max_bytes {
            Some(max) if max > self.wire_bytes => max - self.wire_bytes,
            _ => u64::MAX,
        };
        let leaders = i32::try_from(self.leaders.len()).unwrap_or(i32::MAX);
        let fair = (FETCH_IN_ALL_BYTES / leaders.max(1)).clamp(LEAST_FETCH_BYTES, FETCH_BYTES);
        let whole = fair.min(i32::try_from(left).unwrap_or(fair));
        let share = i32::try_from(indexes.len()).map_or(1, |count| whole / count.max(1));
        let cap = share.max(LEAST_FETCH_BYTES).min(whole);
        let mut asks = Vec::with_capacity(indexes.len());
        for index in indexes {
            if let (Some(track), Some(service)) =
                (self.tracks.get(*index), self.services.get_mut(*index))
            {
                service.busy = true;
                asks.push(Ask {
                    partition: track.range.partition,
                    offset: track.fetch,
                    max_bytes: track.max_bytes(cap),
                });
            }
        }
        let whole = asks
            .iter()
            .map(|ask| ask.max_bytes)
            .max()
            .unwrap_or(whole)
            .max(whole);
        let (router, request, topic_id) = (self.router, self.request, self.topic_id);
        self.events.push(Box::pin(async move {
            let build = |version| -> FetchRequest {
                fetch::request(
                    version,
                    &request.topic,
                    topic_id,
                    request.isolation,
                    whole,
                    &asks,
                )
            };
            let outcome = router.call(broker, build).await;
            let outcome =
                outcome.map(|(response, _)| (response.throttle_time_ms, fetch::rows(response)));
            Event::Fetched {
                broker,
                asks,
                outcome,
            }
        }));
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Fetched {
                broker,
                asks,
                outcome,
            } => self.fetched(broker, &asks, outcome),
            Event::Decoded {
                broker,
                index,
                number,
                span,
                size_bytes,
                found,
            } => {
                self.decoding -= 1;
                if let Some(leader) = self.leaders.get_mut(&broker) {
                    leader.decoding_bytes = leader.decoding_bytes.saturating_sub(size_bytes);
                }
                self.decoded(index, number, span, found);
            }
            Event::Rested(indexes) => self.free(&indexes),
            Event::Routed { indexes, outcome } => self.routed(indexes, outcome),
            Event::Bounds { index, outcome } => self.bounds(index, outcome),
        }
    }

    fn free(&mut self, indexes: &[usize]) {
        for index in indexes {
            if let Some(service) = self.services.get_mut(*index) {
                service.busy = false;
            }
        }
    }

    fn rest(&mut self, indexes: Vec<usize>, pause: Duration) {
        self.events.push(Box::pin(async move {
            tokio::time::sleep(pause).await;
            Event::Rested(indexes)
        }));
    }
}

#[cfg(test)]
mod tests;
