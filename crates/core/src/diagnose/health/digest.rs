//! The digest: what of a snapshot a later one is compared with, small enough to be handed around.
//!
//! Names are kept as hashes; who holds both snapshots knows the names. Lists are cut to what fits,
//! the ones that matter most first, so that the text is short for a usual cluster and bounded for
//! any. A digest is a note, not a proof: its checksum finds damage, not forgery, and a forged one
//! can do no more than make a comparison wrong.

mod bytes;
mod read;
mod take;

pub(super) use bytes::hash;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::BTreeMap;

/// Of a snapshot and its report, what a later snapshot is compared with. As text it is opaque.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// Hash of the cluster id; `None` where it was not known.
    pub(super) cluster: Option<u32>,
    /// When the snapshot was taken, epoch ms.
    pub(super) taken_ms: u64,
    /// Bits of the areas that were not seen, by their order.
    pub(super) unseen: u64,
    /// By code of the rule: severity (0 is critical) and extent.
    pub(super) findings: BTreeMap<u8, (u8, u64)>,
    /// Epoch of the quorum.
    pub(super) quorum_epoch: Option<u64>,
    /// Sum of all leader epochs.
    pub(super) leader_epochs: Option<u64>,
    /// Highest leader epoch among the topics of each bucket (see [`bucket`]); empty where topics
    /// were not seen.
    pub(super) highest_epochs: Vec<u64>,
    /// Used bytes of volumes by broker and hash of the path: the fullest ones.
    pub(super) used_bytes: BTreeMap<(u64, u32), u64>,
    /// Groups that rebalance, by hash: for how long that has been seen, seconds.
    pub(super) rebalancing: BTreeMap<u32, u64>,
    /// Static members.
    pub(super) static_members: Vec<StaticMember>,
    /// Groups with members and a backlog, by hash.
    pub(super) progress: BTreeMap<u32, Progress>,
    /// Partitions being reassigned, by hash; the sum is bytes copied.
    pub(super) moving: BTreeMap<u32, Progress>,
}

/// A sum that grows while something goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Sum of committed offsets, or of bytes; `None` unknown.
    pub(super) sum: Option<u64>,
    /// For how long it has not changed, seconds.
    pub(super) unchanged_s: u64,
}

/// A static member of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StaticMember {
    /// Hash of the group id.
    pub(super) group: u32,
    /// Hash of the instance id.
    pub(super) id: u32,
    /// The instance id; empty where there was no room for it.
    pub(super) name: String,
}

/// Why a text is not a digest that can be compared with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Longer than any digest.
    #[error("not a health snapshot: {length} characters, and none has more than {MOST_CHARACTERS}")]
    TooLong {
        /// Characters.
        length: usize,
    },
    /// Not base64url.
    #[error("not a health snapshot: it is to be handed back as it was given, unchanged")]
    NotText,
    /// Cut, changed or made up.
    #[error("a damaged health snapshot: it is to be handed back as it was given, unchanged")]
    Damaged,
    /// Written by another version.
    #[error(
        "a health snapshot of version {found}, and this program reads version {VERSION}: take a new one"
    )]
    Version {
        /// Version of the text.
        found: u8,
    },
    /// Of another cluster.
    #[error("a health snapshot of another cluster")]
    OtherCluster,
}

/// Layout of the text.
const VERSION: u8 = 1;

/// The longest text that is looked at, characters.
pub const MOST_CHARACTERS: usize = 4_096;

/// Bounds of lists.
const MOST_FINDINGS: usize = 128;
const MOST_DIRS: usize = 48;
const MOST_GROUPS: usize = 16;
const MOST_STATIC_MEMBERS: usize = 32;
const MOST_MOVING: usize = 16;
/// The longest instance id that is kept, and the room for all of them, bytes.
const NAME_BYTES: usize = 32;
const NAMES_BYTES: usize = 256;
/// Into how many buckets topics fall.
const BUCKETS: u32 = 64;

/// The bucket of a topic.
pub(super) fn bucket(topic: &str) -> usize {
    (hash(topic.as_bytes()) % BUCKETS) as usize
}

impl Digest {
    /// When the snapshot was taken, epoch ms.
    pub fn taken_ms(&self) -> i64 {
        i64::try_from(self.taken_ms).unwrap_or(i64::MAX)
    }

    /// As text: base64url, at most [`MOST_CHARACTERS`].
    pub fn encode(&self) -> String {
        let mut bytes = read::write(self);
        bytes.extend(hash(&bytes).to_le_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// From text. `cluster_id` is that of the cluster asked now, where known: a digest of another
    /// one is refused.
    pub fn decode(text: &str, cluster_id: Option<&str>) -> Result<Self, DigestError> {
        let text = text.trim();
        if text.len() > MOST_CHARACTERS {
            return Err(DigestError::TooLong { length: text.len() });
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| DigestError::NotText)?;
        let (body, sum) = bytes.split_last_chunk().ok_or(DigestError::Damaged)?;
        if hash(body) != u32::from_le_bytes(*sum) {
            return Err(DigestError::Damaged);
        }
        let digest = read::read(body)?;
        let asked = cluster_id.map(|id| hash(id.as_bytes()));
        match (digest.cluster, asked) {
            (Some(then), Some(now)) if then != now => Err(DigestError::OtherCluster),
            _ => Ok(digest),
        }
    }
}
