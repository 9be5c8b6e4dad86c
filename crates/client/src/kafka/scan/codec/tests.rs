use super::*;
use std::io::Write;

pub(in super::super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(in super::super) fn snappy(bytes: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(bytes).unwrap()
}

pub(in super::super) fn xerial(bytes: &[u8]) -> Vec<u8> {
    let mut framed = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    for chunk in bytes.chunks(32 << 10) {
        let block = snappy(chunk);
        framed.extend_from_slice(&(block.len() as u32).to_be_bytes());
        framed.extend_from_slice(&block);
    }
    framed
}

pub(in super::super) fn lz4(bytes: &[u8]) -> Vec<u8> {
    lz4_with(bytes, lz4_flex::frame::BlockMode::Independent, false)
}

fn lz4_with(bytes: &[u8], mode: lz4_flex::frame::BlockMode, all: bool) -> Vec<u8> {
    let mut info = lz4_flex::frame::FrameInfo::new();
    info.block_mode = mode;
    info.block_size = lz4_flex::frame::BlockSize::Max64KB;
    info.block_checksums = all;
    info.content_checksum = all;
    if all {
        info.content_size = Some(bytes.len() as u64);
    }
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A frame as Java producers write it: streamed, so without its size.
pub(in super::super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ::zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Half pattern, half noise.
fn sample(size: usize) -> Vec<u8> {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    (0..size)
        .map(|at| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            if at % 64 < 32 { at as u8 } else { seed as u8 }
        })
        .collect()
}

#[test]
fn every_codec_gives_back_what_went_in_with_one_decompressor() {
    let mut decompressor = Decompressor::default();
    for size in [0, 1, 100, 65_536, 300_000, 3_000_000] {
        let plain = sample(size);
        let linked = lz4_flex::frame::BlockMode::Linked;
        let independent = lz4_flex::frame::BlockMode::Independent;
        for (name, codec, body) in [
            ("none", 0, plain.clone()),
            ("gzip", 1, gzip(&plain)),
            ("snappy", 2, snappy(&plain)),
            ("xerial", 2, xerial(&plain)),
            ("lz4", 3, lz4(&plain)),
            ("lz4 with checksums", 3, lz4_with(&plain, independent, true)),
            ("lz4 linked", 3, lz4_with(&plain, linked, true)),
            ("zstd", 4, zstd(&plain)),
            (
                "zstd with size",
                4,
                ::zstd::bulk::compress(&plain, 3).unwrap(),
            ),
        ] {
            let out = decompressor.records(codec, &body);
            assert!(
                out == Ok(&plain[..]),
                "{name} {size}: {:?}",
                out.map(<[u8]>::len)
            );
        }
    }
}

#[test]
fn a_frame_in_the_bytes_of_the_specification_is_read() {
    // LZ4 frame of "aaaaaaaaaaaaaaaaaaaa": one literal, a copy of 14 at distance 1, five literals.
    let frame = [
        0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 0x0a, 0, 0, 0, 0x1a, b'a', 0x01, 0x00, 0x50,
        b'a', b'a', b'a', b'a', b'a', 0, 0, 0, 0,
    ];
    let mut decompressor = Decompressor::default();
    assert_eq!(
        decompressor.records(3, &frame),
        Ok(&b"aaaaaaaaaaaaaaaaaaaa"[..])
    );
}

#[test]
fn what_grows_beyond_the_bound_is_refused() {
    let zeros = vec![0; 1 << 20];
    let mut decompressor = Decompressor {
        max_bytes: Some(100_000),
        ..Decompressor::default()
    };
    for (codec, body) in [
        (1, gzip(&zeros)),
        (2, snappy(&zeros)),
        (2, xerial(&zeros)),
        (3, lz4(&zeros)),
        (4, zstd(&zeros)),
        (4, ::zstd::bulk::compress(&zeros, 3).unwrap()),
    ] {
        let why = decompressor.records(codec, &body).unwrap_err();
        assert!(why.contains("more than 100000 bytes"), "{codec}: {why}");
    }
}

#[test]
fn what_is_cut_off_or_no_such_codec_is_an_error() {
    let plain = sample(100_000);
    let mut decompressor = Decompressor::default();
    for (codec, body) in [
        (1, gzip(&plain)),
        (2, snappy(&plain)),
        (2, xerial(&plain)),
        (3, lz4(&plain)),
        (4, zstd(&plain)),
    ] {
        assert!(
            decompressor
                .records(codec, &body[..body.len() - 7])
                .is_err(),
            "{codec}"
        );
        assert!(
            decompressor.records(codec, b"no such thing").is_err(),
            "{codec}"
        );
    }
    assert_eq!(decompressor.records(5, b""), Err("unknown codec 5".into()));
    let lie = [0xff, 0xff, 0xff, 0x07, 0];
    assert!(
        decompressor
            .records(2, &lie)
            .unwrap_err()
            .contains("impossible")
    );
}
