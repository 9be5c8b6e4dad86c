//! What consumers put into JoinGroup and SyncGroup: subscriptions and assignments.
//!
//! Read by hand and with bounds, as it comes from clients. Only the fields that all versions share.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Topics and their partitions.
pub(crate) type Assigned = Vec<(String, Vec<i32>)>;

/// Topics in a subscription; `None` if it cannot be read.
pub(crate) fn topics_of(subscription: &Bytes) -> Option<Vec<String>> {
    let mut rest = &subscription[..];
    let _version = rest.try_get_i16().ok()?;
    let count = rest.try_get_i32().ok()?;
    (0..count).map(|_| string(&mut rest)).collect()
}

/// Partitions in an assignment, empty for an empty one; `None` if it cannot be read.
pub(crate) fn partitions_of(assignment: &Bytes) -> Option<Assigned> {
    let mut rest = &assignment[..];
    if rest.is_empty() {
        return Some(Vec::new());
    }
    let _version = rest.try_get_i16().ok()?;
    let count = rest.try_get_i32().ok()?;
    (0..count)
        .map(|_| {
            let topic = string(&mut rest)?;
            let partitions = rest.try_get_i32().ok()?;
            let partitions = (0..partitions)
                .map(|_| rest.try_get_i32().ok())
                .collect::<Option<Vec<i32>>>()?;
            Some((topic, partitions))
        })
        .collect()
}

/// A subscription to topics.
pub(crate) fn subscription(topics: &[&str]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_i16(0);
    put_count(&mut out, topics.len());
    topics.iter().for_each(|topic| put_string(&mut out, topic));
    out.put_i32(-1);
    out.freeze()
}

/// An assignment of partitions.
pub(crate) fn assignment(assigned: &Assigned) -> Bytes {
    let mut out = BytesMut::new();
    out.put_i16(0);
    put_count(&mut out, assigned.len());
    for (topic, partitions) in assigned {
        put_string(&mut out, topic);
        put_count(&mut out, partitions.len());
        partitions
            .iter()
            .for_each(|partition| out.put_i32(*partition));
    }
    out.put_i32(-1);
    out.freeze()
}

fn string(rest: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(rest.try_get_i16().ok()?).ok()?;
    let (text, after) = rest.split_at_checked(length)?;
    *rest = after;
    std::str::from_utf8(text).ok().map(str::to_owned)
}

fn put_count(out: &mut BytesMut, count: usize) {
    out.put_i32(i32::try_from(count).unwrap_or(i32::MAX));
}

fn put_string(out: &mut BytesMut, text: &str) {
    out.put_i16(i16::try_from(text.len()).unwrap_or(i16::MAX));
    out.put_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_garbage_is_not() {
        assert_eq!(
            topics_of(&subscription(&["a", "orders"])),
            Some(vec!["a".to_owned(), "orders".to_owned()])
        );
        let assigned = vec![("a".to_owned(), vec![0, 2]), ("b".to_owned(), vec![])];
        assert_eq!(partitions_of(&assignment(&assigned)), Some(assigned));
        assert_eq!(partitions_of(&Bytes::new()), Some(vec![]));
        for garbage in [
            &[0_u8][..],
            &[0, 0, 0x7f, 0xff, 0xff, 0xff],
            &[0, 0, 0, 0, 0, 1, 0x7f, 0xff],
        ] {
            let garbage = Bytes::copy_from_slice(garbage);
            assert_eq!((topics_of(&garbage), partitions_of(&garbage)), (None, None));
        }
    }
}
