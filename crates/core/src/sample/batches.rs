//! How producers batch and compress, from the headers of the batches that were read.

use super::Spread;
use crate::model::BatchFacts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A codec and how many batches it compressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CodecShare {
    /// none, gzip, snappy, lz4 or zstd.
    pub codec: String,
    /// Batches.
    pub batches: u64,
}

/// The batches that the sample lies in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BatchShape {
    /// Batches seen.
    pub batches: u64,
    /// Records in a batch, those outside of the sample included.
    pub records: Spread,
    /// Size of a batch as it is stored, header included, bytes.
    pub size_bytes: Spread,
    /// Codecs, the commonest first.
    pub codecs: Vec<CodecShare>,
    /// Batches of transactions.
    pub transactional: u64,
    /// Batches of idempotent producers.
    pub idempotent: u64,
}

/// `None` of no batches.
pub fn shape(batches: &[BatchFacts]) -> Option<BatchShape> {
    let mut seen = BTreeSet::new();
    let batches: Vec<&BatchFacts> = batches
        .iter()
        .filter(|batch| seen.insert((batch.partition, batch.base_offset)))
        .collect();
    let mut codecs: BTreeMap<&str, u64> = BTreeMap::new();
    for batch in &batches {
        *codecs.entry(batch.codec.name()).or_default() += 1;
    }
    let mut codecs: Vec<CodecShare> = codecs
        .into_iter()
        .map(|(codec, batches)| CodecShare {
            codec: codec.to_owned(),
            batches,
        })
        .collect();
    codecs.sort_by_key(|codec| std::cmp::Reverse(codec.batches));
    let count = |is: fn(&BatchFacts) -> bool| batches.iter().filter(|b| is(b)).count() as u64;
    Some(BatchShape {
        batches: batches.len() as u64,
        records: Spread::of(batches.iter().map(|b| u64::from(b.records)).collect())?,
        size_bytes: Spread::of(batches.iter().map(|b| b.size_bytes).collect())?,
        codecs,
        transactional: count(|b| b.transactional),
        idempotent: count(|b| b.idempotent),
    })
}
