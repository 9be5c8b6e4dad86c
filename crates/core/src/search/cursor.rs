//! Where a search goes on: everything that the next call needs, in one opaque text.

use super::plan::PlanNote;
use crate::model::{PartitionRange, ScanOrder, ScanReport, Topic};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Version of the encoding.
const VERSION: u8 = 2;
/// Longest text that is looked at: some 20,000 partitions.
const MAX_BYTES: usize = 1 << 20;

/// What is left of a search. Holds no state of a server: any process can go on with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The cluster's name in the configuration.
    pub cluster: String,
    /// Topic.
    pub topic: String,
    /// Its id, where brokers tell one: a topic made anew under the same name holds other records.
    pub topic_id: Option<String>,
    /// How many partitions it had, when all of them were asked for.
    pub partitions: Option<usize>,
    /// [`fingerprint`] of whatever must not change between calls: conditions, isolation.
    pub query: u64,
    /// Direction.
    pub order: ScanOrder,
    /// What is not covered yet, by partition; never empty.
    pub ranges: Vec<PartitionRange>,
}

/// A text that is no cursor, or a cursor of another search.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CursorError {
    /// Not something that was handed out as a cursor.
    #[error(
        "this is no cursor: {reason}; pass `next_cursor` of the previous answer unchanged, or none to begin anew"
    )]
    Invalid {
        /// What does not fit.
        reason: &'static str,
    },
    /// Of a version that this build does not know.
    #[error(
        "the cursor is of version {found}, this build knows {VERSION}; begin anew without a cursor"
    )]
    Version {
        /// Its version.
        found: u8,
    },
    /// A cursor of another search.
    #[error(
        "the cursor belongs to another search: its {what} is `{cursor}`, this call's is `{call}`; repeat the arguments of the previous call, or begin anew without a cursor"
    )]
    Foreign {
        /// What differs: cluster or topic.
        what: &'static str,
        /// The cursor's.
        cursor: String,
        /// The call's.
        call: String,
    },
    /// The topic is not the one that was read.
    #[error(
        "topic `{topic}` was deleted and created anew since this cursor was handed out; begin anew without a cursor"
    )]
    Renewed {
        /// Topic.
        topic: String,
    },
    /// Same topic, other conditions.
    #[error(
        "the cursor belongs to a search with other conditions; repeat the arguments of the previous call, or begin anew without a cursor"
    )]
    Query,
}

#[derive(Serialize, Deserialize)]
struct Body {
    c: String,
    t: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    i: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p: Option<usize>,
    q: u64,
    /// Newest first.
    n: bool,
    /// Partition, start, length.
    r: Vec<(i32, i64, i64)>,
}

impl Cursor {
    /// What a scan left uncovered; `None` when nothing is left.
    pub fn after(
        cluster: &str,
        topic: &str,
        query: u64,
        order: ScanOrder,
        report: &ScanReport,
    ) -> Option<Self> {
        let ranges: Vec<PartitionRange> = report
            .coverage
            .iter()
            .map(|covered| {
                let (start, end) = match order {
                    ScanOrder::Earliest => (covered.to, covered.range.end),
                    ScanOrder::Latest => (covered.range.start, covered.from),
                };
                PartitionRange {
                    partition: covered.range.partition,
                    start,
                    end,
                }
            })
            .filter(|range| range.start < range.end)
            .collect();
        (!ranges.is_empty()).then(|| Self {
            cluster: cluster.to_owned(),
            topic: topic.to_owned(),
            topic_id: None,
            partitions: None,
            query,
            order,
            ranges,
        })
    }

    /// As text: letters, digits, `-` and `_`.
    pub fn encode(&self) -> String {
        let body = Body {
            c: self.cluster.clone(),
            t: self.topic.clone(),
            i: self.topic_id.clone(),
            p: self.partitions,
            q: self.query,
            n: self.order == ScanOrder::Latest,
            r: self
                .ranges
                .iter()
                .map(|r| (r.partition, r.start, r.end.saturating_sub(r.start)))
                .collect(),
        };
        // Strings and integers always serialise.
        let json = serde_json::to_vec(&body).unwrap_or_default();
        let mut bytes = Vec::with_capacity(json.len() + 5);
        bytes.push(VERSION);
        bytes.extend_from_slice(&checksum(&json));
        bytes.extend_from_slice(&json);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a text that [`Cursor::encode`] made.
    pub fn decode(text: &str) -> Result<Self, CursorError> {
        let invalid = |reason| CursorError::Invalid { reason };
        let text = text.trim();
        if text.len() > MAX_BYTES {
            return Err(invalid("too long"));
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| invalid("not base64url"))?;
        let (version, rest) = bytes.split_first().ok_or(invalid("empty"))?;
        let (sum, json) = rest.split_at_checked(4).ok_or(invalid("cut off"))?;
        if sum != checksum(json) {
            return Err(invalid("the checksum does not fit"));
        }
        if *version != VERSION {
            return Err(CursorError::Version { found: *version });
        }
        let body: Body = serde_json::from_slice(json).map_err(|_| invalid("unknown content"))?;
        let ranges = body
            .r
            .into_iter()
            .map(|(partition, start, length)| {
                let end = start.checked_add(length)?;
                (partition >= 0 && start >= 0 && length > 0).then_some(PartitionRange {
                    partition,
                    start,
                    end,
                })
            })
            .collect::<Option<Vec<_>>>()
            .filter(|ranges| !ranges.is_empty())
            .ok_or(invalid("impossible offsets"))?;
        Ok(Self {
            cluster: body.c,
            topic: body.t,
            topic_id: body.i,
            partitions: body.p,
            query: body.q,
            order: if body.n {
                ScanOrder::Latest
            } else {
                ScanOrder::Earliest
            },
            ranges,
        })
    }

    /// Whether the cursor goes on with this very search.
    pub fn check(&self, cluster: &str, topic: &str, query: u64) -> Result<(), CursorError> {
        for (what, cursor, call) in [
            ("cluster", self.cluster.as_str(), cluster),
            ("topic", self.topic.as_str(), topic),
        ] {
            if cursor != call {
                return Err(CursorError::Foreign {
                    what,
                    cursor: cursor.to_owned(),
                    call: call.to_owned(),
                });
            }
        }
        if self.query == query {
            Ok(())
        } else {
            Err(CursorError::Query)
        }
    }

    /// Whether the topic is still the one that the cursor is of, and what was added to it since:
    /// the first and the last of the new partitions, which the cursor does not lead to.
    ///
    /// # Errors
    /// [`CursorError::Renewed`].
    pub fn still(&self, topic: &Topic) -> Result<Option<PlanNote>, CursorError> {
        if let (Some(then), Some(now)) = (&self.topic_id, &topic.topic_id)
            && then != now
        {
            return Err(CursorError::Renewed {
                topic: topic.name.clone(),
            });
        }
        let added = self.partitions.unwrap_or(usize::MAX)..topic.partitions.len();
        let new = topic.partitions.get(added).unwrap_or_default();
        Ok(match (new.first(), new.last()) {
            (Some(first), Some(last)) => Some(PlanNote::NewPartitions {
                first: first.partition,
                last: last.partition,
            }),
            _ => None,
        })
    }
}

/// A number for a list of texts, the same on every machine and version (FNV-1a, 64 bits). Not
/// secure against intent; it tells a mix-up.
pub fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a str>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        hash = fnv(hash, &(part.len() as u64).to_be_bytes());
        hash = fnv(hash, part.as_bytes());
    }
    hash
}

fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    let hash = fnv(0xcbf2_9ce4_8422_2325, bytes);
    ((hash >> 32) as u32 ^ hash as u32).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{PartitionCoverage, StopReason};

    fn cursor() -> Cursor {
        Cursor {
            cluster: "prod".into(),
            topic: "orders".into(),
            topic_id: Some("0ckD5hLkTwKf-Bm3X5dRzA".into()),
            partitions: Some(2),
            query: u64::MAX - 7,
            order: ScanOrder::Latest,
            ranges: vec![
                PartitionRange {
                    partition: 0,
                    start: 17,
                    end: 99,
                },
                PartitionRange {
                    partition: 2,
                    start: 0,
                    end: i64::MAX,
                },
            ],
        }
    }

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let text = cursor().encode();
        assert!(
            text.chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        );
        assert_eq!(Cursor::decode(&text), Ok(cursor()));
    }

    #[test]
    fn every_changed_or_cut_character_is_noticed() {
        let text = cursor().encode();
        for index in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(Cursor::decode(&changed) != Ok(cursor()), "{index}");
            assert!(Cursor::decode(&changed).is_err(), "{index}");
            assert!(Cursor::decode(&text[..index]).is_err(), "{index}");
        }
        for nonsense in ["", "abc", "!!", "next page", "eyJvZmZzZXQiOjEyfQ"] {
            assert!(
                matches!(Cursor::decode(nonsense), Err(CursorError::Invalid { .. })),
                "{nonsense}"
            );
        }
    }

    #[test]
    fn a_later_version_is_named() {
        let mut bytes = URL_SAFE_NO_PAD.decode(cursor().encode()).unwrap();
        bytes[0] = 9;
        assert_eq!(
            Cursor::decode(&URL_SAFE_NO_PAD.encode(bytes)),
            Err(CursorError::Version { found: 9 })
        );
    }

    #[test]
    fn a_cursor_of_another_search_is_refused() {
        let cursor = cursor();
        assert_eq!(cursor.check("prod", "orders", u64::MAX - 7), Ok(()));
        assert_eq!(cursor.check("prod", "orders", 1), Err(CursorError::Query));
        assert_eq!(
            cursor.check("prod", "payments", 1).unwrap_err().to_string(),
            "the cursor belongs to another search: its topic is `orders`, this call's is `payments`; repeat the arguments of the previous call, or begin anew without a cursor"
        );
        assert_ne!(fingerprint(["ab", "c"]), fingerprint(["a", "bc"]));
        assert_ne!(fingerprint([""]), fingerprint([]));
    }

    #[test]
    fn what_is_left_of_a_scan_depends_on_its_direction() {
        let covered = |partition, from, to| PartitionCoverage {
            range: PartitionRange {
                partition,
                start: 10,
                end: 20,
            },
            from,
            to,
            records: 0,
            incomplete: None,
        };
        let report = |coverage| ScanReport {
            records: Vec::new(),
            coverage,
            stopped: StopReason::Limit,
            records_scanned: 0,
            not_json: 0,
            wire_bytes: 0,
            damaged: Vec::new(),
            damaged_total: 0,
            batches: None,
        };
        let left = |order, coverage| {
            Cursor::after("prod", "orders", 0, order, &report(coverage)).map(|c| {
                c.ranges
                    .iter()
                    .map(|r| (r.partition, r.start, r.end))
                    .collect::<Vec<_>>()
            })
        };
        assert_eq!(
            left(
                ScanOrder::Earliest,
                vec![covered(0, 10, 15), covered(1, 10, 20)]
            ),
            Some(vec![(0, 15, 20)])
        );
        assert_eq!(
            left(
                ScanOrder::Latest,
                vec![covered(0, 15, 20), covered(1, 10, 20)]
            ),
            Some(vec![(0, 10, 15)])
        );
        assert_eq!(left(ScanOrder::Latest, vec![covered(0, 10, 20)]), None);
    }
}
