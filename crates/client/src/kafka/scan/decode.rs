//! Threads for decompression and search, away from those that serve sockets.

use super::chunk::{Chunk, Found, Wanted, search};
use super::codec::Decompressor;
use crate::kafka::locked;
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

/// Most chunks decoded at the same time; each holds a buffer for one decompressed batch.
const MOST: usize = 4;

/// Decodes chunks, as many at a time as there are processors (four at most).
#[derive(Clone)]
pub(super) struct Decoders {
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Decompressor>>>,
}

impl Decoders {
    pub(super) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            permits: Arc::new(Semaphore::new(processors.clamp(2, MOST))),
            idle: Arc::default(),
        }
    }

    /// What the chunk holds; `None` when the thread came to grief (a bug, contained).
    pub(super) async fn decode(self, chunk: Chunk, wanted: Arc<Wanted>) -> Option<Found> {
        let permit = self.permits.acquire_owned().await.ok()?;
        let idle = self.idle;
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let mut decompressor = locked(&idle).pop().unwrap_or_default();
            let found = search(&chunk, &wanted, &mut decompressor);
            locked(&idle).push(decompressor);
            found
        })
        .await
        .ok()
    }
}
