//! Record batches as they lie in a Fetch answer: where each begins, what its header says, whether
//! its bytes are whole. Nothing is copied. Decompression and records are further in
//! (`codec`, `records`).

use kafkaweave_core::bytes::Reader;
use kafkaweave_core::model::{BatchFacts, Codec};

/// Bytes of the header of a batch, up to the first record.
const HEADER_BYTES: usize = 61;
/// Bytes before those that the stated length counts.
const PREFIX_BYTES: usize = 12;
/// Where the checksum begins to count.
const CRC_FROM: usize = 21;

const TIMESTAMP_TYPE: i16 = 0x08;
const TRANSACTIONAL: i16 = 0x10;
const CONTROL: i16 = 0x20;
const DELETE_HORIZON: i16 = 0x40;

/// A whole batch of the present format (magic 2), not yet checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch<'a> {
    bytes: &'a [u8],
    pub(super) base_offset: i64,
    pub(super) last_offset: i64,
    pub(super) attributes: i16,
    pub(super) base_timestamp_ms: i64,
    pub(super) max_timestamp_ms: i64,
    pub(super) producer_id: i64,
    /// Records as stated.
    pub(super) count: i32,
    crc: u32,
}

impl<'a> Batch<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let base_offset = reader.i64()?;
        let _length = reader.i32()?;
        let _leader_epoch = reader.i32()?;
        let _magic = reader.u8()?;
        let crc = reader.u32()?;
        let attributes = reader.i16()?;
        let last_offset_delta = reader.i32()?;
        let base_timestamp_ms = reader.i64()?;
        let max_timestamp_ms = reader.i64()?;
        let producer_id = reader.i64()?;
        let _producer_epoch = reader.i16()?;
        let _base_sequence = reader.i32()?;
        let count = reader.i32()?;
        if base_offset < 0 || last_offset_delta < 0 || count < 0 {
            return None;
        }
        Some(Self {
            bytes,
            base_offset,
            last_offset: base_offset.checked_add(last_offset_delta.into())?,
            attributes,
            base_timestamp_ms,
            max_timestamp_ms,
            producer_id,
            count,
            crc,
        })
    }

    /// Whether the bytes are those that were written (CRC-32C from the attributes on).
    pub(super) fn intact(&self) -> bool {
        let counted = self.bytes.get(CRC_FROM..).unwrap_or_default();
        crc32c::crc32c(counted) == self.crc
    }

    /// Whether the header's numbers agree with each other, without reading the body.
    fn intact_enough(&self) -> bool {
        i64::from(self.count) <= self.last_offset - self.base_offset + 1
    }

    /// What the header tells of how the batch was made.
    pub(super) fn facts(&self, partition: i32) -> Option<BatchFacts> {
        Some(BatchFacts {
            partition,
            base_offset: self.base_offset,
            records: self.count.unsigned_abs(),
            size_bytes: self.bytes.len() as u64,
            codec: match self.attributes & 0x07 {
                0 => Codec::None,
                1 => Codec::Gzip,
                2 => Codec::Snappy,
                3 => Codec::Lz4,
                4 => Codec::Zstd,
                _ => return None,
            },
            transactional: self.transactional(),
            idempotent: self.producer_id >= 0,
        })
    }

    /// Records, compressed as the attributes say.
    pub(super) fn body(&self) -> &'a [u8] {
        self.bytes.get(HEADER_BYTES..).unwrap_or_default()
    }

    pub(super) fn control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    pub(super) fn transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    /// Whether all records bear the time at which the broker appended the batch.
    pub(super) fn log_append_time(&self) -> bool {
        self.attributes & TIMESTAMP_TYPE != 0
    }

    /// Timestamp of the first record, epoch ms, as far as the header tells it.
    pub(super) fn first_timestamp_ms(&self) -> Option<i64> {
        // With a delete horizon (KIP-534) the base is that horizon and no record's time.
        let first = if self.log_append_time() || self.attributes & DELETE_HORIZON != 0 {
            self.max_timestamp_ms
        } else {
            self.base_timestamp_ms
        };
        (first >= 0).then_some(first)
    }

    /// Largest timestamp, epoch ms.
    pub(super) fn last_timestamp_ms(&self) -> Option<i64> {
        (self.max_timestamp_ms >= 0).then_some(self.max_timestamp_ms)
    }
}

/// What lies at a place where a batch should begin.
#[derive(Clone, Debug)]
pub(super) enum Piece<'a> {
    /// A batch.
    Batch(Batch<'a>),
    /// A whole frame that is no readable batch; reading goes on behind it. `last_offset` is the
    /// last offset that it accounts for, when it tells.
    Unreadable {
        offset: i64,
        last_offset: Option<i64>,
        why: String,
    },
    /// Bytes of which not even the length is believable; nothing behind them can be read.
    Broken { offset: i64, why: String },
}

/// The pieces of a Fetch answer, in order. A last batch that was cut off ends them silently: see
/// [`Pieces::cut_off`].
pub(super) struct Pieces<'a> {
    reader: Reader<'a>,
    last_offset: Option<i64>,
    cut_off: Option<usize>,
    ended: bool,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            reader: Reader::new(bytes),
            last_offset: None,
            cut_off: None,
            ended: false,
        }
    }

    /// After the last piece: the whole size of a batch of which only the beginning was sent.
    pub(super) fn cut_off(&self) -> Option<usize> {
        self.cut_off
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.ended {
            return None;
        }
        let mut head = self.reader;
        let (Some(offset), Some(length)) = (head.i64(), head.i32()) else {
            self.ended = true;
            if !self.reader.rest().is_empty() {
                self.cut_off = Some(PREFIX_BYTES);
            }
            return None;
        };
        let (Ok(length), true) = (usize::try_from(length), length >= 14 && offset >= 0) else {
            self.ended = true;
            return Some(Piece::Broken {
                offset,
                why: format!("a batch cannot be {length} bytes long at offset {offset}"),
            });
        };
        let whole = PREFIX_BYTES + length;
        let Some(bytes) = self.reader.take(whole) else {
            self.ended = true;
            self.cut_off = Some(whole);
            return None;
        };
        let piece = match bytes.get(16).copied() {
            Some(2) => match Batch::read(bytes) {
                Some(batch) => Piece::Batch(batch),
                None => Piece::Unreadable {
                    offset,
                    last_offset: None,
                    why: "its header is impossible".into(),
                },
            },
            Some(magic @ (0 | 1)) => Piece::Unreadable {
                offset,
                last_offset: Some(offset),
                why: format!("old message format (magic {magic}), not read"),
            },
            magic => Piece::Unreadable {
                offset,
                last_offset: None,
                why: format!(
                    "unknown message format (magic {})",
                    magic.unwrap_or_default()
                ),
            },
        };
        if self.last_offset.is_some_and(|last| offset <= last) {
            self.ended = true;
            return Some(Piece::Broken {
                offset,
                why: "offsets of batches do not ascend".into(),
            });
        }
        self.last_offset = match &piece {
            // A damaged header may state anything; the next base offset decides.
            Piece::Batch(batch) if batch.intact_enough() => Some(batch.last_offset),
            _ => Some(offset),
        };
        Some(piece)
    }
}

/// What the headers of an answer tell before anything is decoded: where to read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hop {
    /// Base offset of the first piece.
    pub(super) first_offset: Option<i64>,
    /// Offset after the last piece; `None` when there was no whole piece.
    pub(super) next_offset: Option<i64>,
    /// Why nothing behind `next_offset` can be reached.
    pub(super) broken: Option<(i64, String)>,
    /// Whole size of a batch that was cut off.
    pub(super) cut_off: Option<usize>,
}

/// Hops over the headers of an answer, so that the next request can go out before this answer is
/// decoded. Only the last batch is checked: those before it are followed by a base offset.
pub(super) fn hop(bytes: &[u8]) -> Hop {
    let mut hop = Hop {
        first_offset: None,
        next_offset: None,
        broken: None,
        cut_off: None,
    };
    let mut pieces = Pieces::new(bytes);
    let mut last = None;
    for piece in pieces.by_ref() {
        let offset = match &piece {
            Piece::Batch(batch) => batch.base_offset,
            Piece::Unreadable { offset, .. } | Piece::Broken { offset, .. } => *offset,
        };
        if let Piece::Broken { offset, why } = piece {
            hop.broken = Some((offset, why));
            break;
        }
        hop.first_offset.get_or_insert(offset);
        last = Some(piece);
    }
    hop.cut_off = pieces.cut_off();
    let (offset, last_offset) = match last {
        None => return hop,
        Some(Piece::Batch(batch)) => {
            // A batch without gaps confirms its own last offset.
            let dense = i64::from(batch.count) == batch.last_offset - batch.base_offset + 1;
            let told = (dense || batch.intact()).then_some(batch.last_offset);
            (batch.base_offset, told)
        }
        Some(Piece::Unreadable {
            offset,
            last_offset,
            ..
        }) => (offset, last_offset),
        Some(Piece::Broken { offset, .. }) => (offset, None),
    };
    match last_offset.and_then(|last| last.checked_add(1)) {
        Some(next) => hop.next_offset = Some(next),
        None if hop.broken.is_none() => {
            hop.next_offset = Some(offset);
            hop.broken = Some((
                offset,
                "a damaged batch does not tell where the next one begins".into(),
            ));
        }
        None => hop.next_offset = Some(offset),
    }
    hop
}
