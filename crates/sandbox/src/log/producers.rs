//! What idempotent producers sent last to a partition, so that a repeated batch is stored once (KIP-98).

use std::collections::VecDeque;

use indexmap::IndexMap;

use super::batch::Header;

/// Batches remembered per producer, as a broker does.
const BATCHES: usize = 5;
/// Producers remembered per partition; the longest silent one is forgotten first.
const PRODUCERS: usize = 1_000;

#[derive(Debug)]
struct Producer {
    epoch: i16,
    /// (first sequence, last sequence, base offset)
    batches: VecDeque<(i32, i32, i64)>,
}

/// Sequence numbers of the idempotent producers of one partition.
#[derive(Debug, Default)]
pub(super) struct Producers(IndexMap<i64, Producer>);

/// What to do with a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sequence {
    New,
    /// Already stored at this base offset.
    Duplicate(i64),
    OutOfOrder,
    OldEpoch,
}

impl Producers {
    pub(super) fn check(&self, header: &Header) -> Sequence {
        if header.producer_id < 0 {
            return Sequence::New;
        }
        let Some(producer) = self.0.get(&header.producer_id) else {
            // A broker that has forgotten a producer takes any first sequence.
            return Sequence::New;
        };
        if header.producer_epoch < producer.epoch {
            return Sequence::OldEpoch;
        }
        if header.producer_epoch > producer.epoch {
            return if header.base_sequence == 0 {
                Sequence::New
            } else {
                Sequence::OutOfOrder
            };
        }
        let (first, last) = (header.base_sequence, last_sequence(header));
        if let Some((_, _, base)) = producer
            .batches
            .iter()
            .find(|(f, l, _)| (*f, *l) == (first, last))
        {
            return Sequence::Duplicate(*base);
        }
        match producer.batches.back() {
            Some((_, before, _)) if next(*before) != first => Sequence::OutOfOrder,
            _ => Sequence::New,
        }
    }

    pub(super) fn remember(&mut self, header: &Header, base_offset: i64) {
        if header.producer_id < 0 {
            return;
        }
        let mut producer = self
            .0
            .shift_remove(&header.producer_id)
            .filter(|producer| producer.epoch == header.producer_epoch)
            .unwrap_or(Producer {
                epoch: header.producer_epoch,
                batches: VecDeque::new(),
            });
        producer
            .batches
            .push_back((header.base_sequence, last_sequence(header), base_offset));
        while producer.batches.len() > BATCHES {
            producer.batches.pop_front();
        }
        self.0.insert(header.producer_id, producer);
        if self.0.len() > PRODUCERS {
            self.0.shift_remove_index(0);
        }
    }
}

/// Sequences wrap from the largest `i32` to 0.
fn next(sequence: i32) -> i32 {
    sequence.checked_add(1).unwrap_or(0)
}

fn last_sequence(header: &Header) -> i32 {
    let last = i64::from(header.base_sequence) + i64::from(header.last_offset_delta);
    (last & i64::from(i32::MAX)) as i32
}
