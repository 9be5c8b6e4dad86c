//! What bytes are is told in time that grows with the bytes and no faster. It stands out here
//! because the core itself has no clock.

use kafkaweave_core::payload::Payload;
use std::time::{Duration, Instant};

fn varint(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// Messages within messages, each nearly as long as the one around it.
fn messages(size: usize) -> Vec<u8> {
    let mut bytes = [0x18, 0x01].repeat(size / 4);
    while bytes.len() < size {
        let length = varint(bytes.len());
        bytes = [
            &[0x12][..],
            &length,
            &bytes,
            &[0x08, 0x01].repeat(size / 20),
        ]
        .concat();
    }
    bytes
}

fn lists(size: usize) -> Vec<u8> {
    [
        &[0xdd][..],
        &(size as u32).to_be_bytes(),
        &[0x91, 0xc0].repeat(size),
    ]
    .concat()
}

fn letters(size: usize) -> Vec<u8> {
    [&[0, 0, 0, 0, 7, 0xff][..], &b"abc\xff".repeat(size / 4)].concat()
}

#[test]
fn sixteen_times_the_bytes_take_about_sixteen_times_as_long() {
    for (name, made) in [
        ("protobuf", messages as fn(usize) -> Vec<u8>),
        ("msgpack", lists),
        ("confluent", letters),
    ] {
        // The best of some, as others work on the same machine.
        let time = |size: usize| {
            let bytes = made(size);
            let one = || {
                let begun = Instant::now();
                let payload = Payload::of(&bytes, bytes.len(), 1 << 20);
                assert!(
                    payload.confidence.is_some(),
                    "{name}: {:?}",
                    payload.encoding
                );
                begun.elapsed()
            };
            (0..5).map(|_| one()).min().unwrap()
        };
        let (small, large) = (time(16 << 10), time(256 << 10));
        assert!(
            large < small * 16 * 6 + Duration::from_millis(50),
            "{name}: {small:?}, {large:?}"
        );
    }
}
