use super::*;

/// Version, one topic `orders` with partitions 0 and 2, no user data.
fn orders() -> Vec<u8> {
    let mut bytes = vec![0, 3, 0, 0, 0, 1, 0, 6];
    bytes.extend(b"orders");
    bytes.extend([0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2]);
    bytes.extend([0xff, 0xff, 0xff, 0xff]);
    bytes
}

#[test]
fn an_assignment_is_read_with_and_without_user_data_and_of_any_version() {
    let expected = Some(vec![("orders".to_owned(), vec![0, 2])]);
    assert_eq!(assignment(&orders()), expected);
    let mut without = orders();
    without.truncate(without.len() - 4);
    assert_eq!(assignment(&without), expected);
    let mut later = orders();
    later[1] = 9;
    later.extend([1, 2, 3]);
    assert_eq!(assignment(&later), expected);
    assert_eq!(assignment(&[]), Some(vec![]));
    assert_eq!(assignment(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Some(vec![]));
}

#[test]
fn what_is_no_assignment_is_none_and_costs_nothing() {
    let table: [&[u8]; 8] = [
        b"not kafka's consumer protocol",
        &[0],
        &[0xff, 0xff, 0, 0, 0, 0],
        // A count of 2^31 - 1 topics.
        &[0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 1, b'a'],
        &[0, 0, 0xff, 0xff, 0xff, 0xf0],
        // A partition below 0.
        &[
            0, 0, 0, 0, 0, 1, 0, 1, b'a', 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff,
        ],
        // A topic longer than the bytes.
        &[0, 0, 0, 0, 0, 1, 0x7f, 0xff, b'a', 0, 0, 0],
        // A name that is not UTF-8.
        &[0, 0, 0, 0, 0, 1, 0, 1, 0xff, 0, 0, 0, 0],
    ];
    for bytes in table {
        assert_eq!(assignment(bytes), None, "{bytes:?}");
    }
}

#[test]
fn every_cut_and_every_flipped_bit_is_survived() {
    let whole = orders();
    for end in 1..whole.len() - 4 {
        assert_eq!(assignment(&whole[..end]), None, "cut at {end}");
    }
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            // Either answer will do; what it must not do is panic or allocate without bound.
            let read = assignment(&bytes);
            let held: usize = read.iter().flatten().map(|(_, p)| p.len()).sum();
            assert!(held <= whole.len() / 4, "{bytes:?}");
            let _ = subscription(&bytes);
        }
    }
}

#[test]
fn a_subscription_gives_topics_and_from_version_3_on_the_rack() {
    let mut bytes = vec![
        0, 0, 0, 0, 0, 2, 0, 1, b'a', 0, 1, b'b', 0xff, 0xff, 0xff, 0xff,
    ];
    let topics = vec!["a".to_owned(), "b".to_owned()];
    let expected = |rack: Option<&str>| {
        Some(Subscription {
            topics: topics.clone(),
            rack: rack.map(Into::into),
        })
    };
    assert_eq!(subscription(&bytes), expected(None));
    // Owned partitions, generation, rack.
    bytes[1] = 3;
    bytes.extend([0, 0, 0, 0, 0, 0, 0, 7, 0, 2, b'r', b'1']);
    assert_eq!(subscription(&bytes), expected(Some("r1")));
    bytes.truncate(bytes.len() - 4);
    bytes.extend([0xff, 0xff]);
    assert_eq!(subscription(&bytes), expected(None));
    assert_eq!(subscription(b"connect"), None);
}
