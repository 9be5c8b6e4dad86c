//! Bytes that are not what they should be.

use super::*;

#[test]
fn a_damaged_batch_is_named_and_stepped_over() {
    let mut bytes = plain(&texts(0..10));
    let at = bytes.len();
    bytes.extend(plain(&texts(10..20)));
    bytes.extend(plain(&texts(20..30)));
    bytes[at + 70] ^= 1;
    let found = run(
        &chunk(bytes.clone(), 0, 100),
        &wanted(&[], ScanOrder::Earliest, None),
    );
    assert_eq!(found.matches.len(), 20);
    assert_eq!(
        found.damaged,
        [Damaged {
            partition: 5,
            offset: 10,
            why: "crc mismatch".into()
        }]
    );
    assert_eq!(hop(&bytes).next_offset, Some(30));
    // As the last one: its numbers agree with each other, so they are believed.
    let last = bytes[at..at + (bytes.len() - at) / 2].to_vec();
    assert_eq!(hop(&last).next_offset, Some(20));
    // They do not agree, and nothing follows: the place behind it is unknown.
    let mut lying = last;
    lying[26] = 200;
    let hopped = hop(&lying);
    assert_eq!(hopped.next_offset, Some(10));
    assert_eq!(hopped.broken.map(|(offset, _)| offset), Some(10));
}

#[test]
fn damage_behind_a_valid_checksum_is_named_too() {
    let mut bytes = batch_of(&texts(0..10), codec::Compression::Zstd, zstd);
    bytes[70] ^= 0xff;
    let crc = crc32c::crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    let found = run(
        &chunk(bytes, 0, 100),
        &wanted(&[], ScanOrder::Earliest, None),
    );
    assert_eq!(found.matches.len(), 0);
    assert!(
        found.damaged[0].why.starts_with("zstd: "),
        "{:?}",
        found.damaged
    );
    let mut bytes = plain(&texts(0..10));
    bytes[57..61].copy_from_slice(&11_i32.to_be_bytes());
    let crc = crc32c::crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    let found = run(
        &chunk(bytes, 0, 100),
        &wanted(&[], ScanOrder::Earliest, None),
    );
    assert_eq!(found.matches.len(), 10);
    assert_eq!(found.damaged[0].why, "record 11 of 11 cannot be read");
}

#[test]
fn the_old_message_format_is_named_and_not_misread() {
    // Magic 1: offset, size, crc, magic, attributes, timestamp, key, value.
    let mut old = 7_i64.to_be_bytes().to_vec();
    old.extend_from_slice(&24_i32.to_be_bytes());
    old.extend_from_slice(&[1, 2, 3, 4, 1, 0]);
    old.extend_from_slice(&[0; 8]);
    old.extend_from_slice(&[0xff; 4]);
    old.extend_from_slice(&[0, 0, 0, 2, b'h', b'i']);
    let mut bytes = old.clone();
    bytes.extend(plain(&texts(8..10)));
    let found = run(
        &chunk(bytes, 0, 100),
        &wanted(&[], ScanOrder::Earliest, None),
    );
    assert_eq!(offsets(&found), [8, 9]);
    assert_eq!(found.damaged[0].offset, 7);
    assert_eq!(
        found.damaged[0].why,
        "old message format (magic 1), not read"
    );
    assert_eq!(hop(&old).next_offset, Some(8));
}

#[test]
fn twenty_thousand_mutations_end_in_an_answer() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below as u64) as usize
    };
    let search_for = wanted(
        &["value contains value", "header.trace = t1"],
        ScanOrder::Latest,
        Some(5),
    );
    let mut decompressor = Decompressor::default();
    let (mut damaged, mut matched) = (0, 0);
    for round in 0..20_000 {
        let (compression, pack) = PACKS[round % PACKS.len()];
        let mut bytes = batch_of(&texts(0..4), compression, pack);
        let at = bytes.len();
        bytes.extend(plain(&texts(4..6)));
        for _ in 0..=random(3) {
            let place = random(bytes.len());
            bytes[place] = random(256) as u8;
        }
        if round % 3 == 0 {
            bytes.truncate(random(bytes.len()));
        }
        // Half of them get past the checksum.
        if round % 2 == 0 && bytes.len() >= at {
            let crc = crc32c::crc32c(&bytes[21..at]);
            bytes[17..21].copy_from_slice(&crc.to_be_bytes());
        }
        let hopped = hop(&bytes);
        assert!(hopped.first_offset.is_some() || hopped.next_offset.is_none());
        let mut c = chunk(bytes, 0, 6);
        c.aborted = (round % 5 == 0).then(|| {
            vec![Aborted {
                producer_id: -1,
                first_offset: 0,
            }]
        });
        let found = search(&c, &search_for, &mut decompressor);
        damaged += found.damaged.len();
        matched += usize::from(!found.matches.is_empty());
    }
    assert!(damaged > 5_000 && matched > 1_000, "{damaged} {matched}");
}
