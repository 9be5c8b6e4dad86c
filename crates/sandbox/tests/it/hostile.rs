//! Frames that no honest client sends close their own connection and nothing else.

use bytes::{BufMut, BytesMut};
use kafka_protocol::messages::*;
use kafkaweave_sandbox::{Options, Sandbox, SandboxError};
use tokio::io::AsyncWriteExt;

use crate::client::{Bed, PATIENCE};

async fn still_serves(bed: &Bed) {
    assert_eq!(
        bed.node(1)
            .await
            .call(&ApiVersionsRequest::default(), 0)
            .await
            .error_code,
        0
    );
}

fn frame(body: &[u8]) -> Vec<u8> {
    [&i32::try_from(body.len()).unwrap().to_be_bytes()[..], body].concat()
}

/// Header of a request without a client id.
fn header(api_key: i16, version: i16, flexible: bool) -> BytesMut {
    let mut out = BytesMut::new();
    out.put_i16(api_key);
    out.put_i16(version);
    out.put_i32(1);
    out.put_i16(-1);
    if flexible {
        out.put_u8(0);
    }
    out
}

#[tokio::test]
async fn hostile_frames_close_their_connection_only() {
    let bed = Bed::quiet().await;
    let with = |mut head: BytesMut, tail: &[u8]| {
        head.put_slice(tail);
        frame(&head)
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("huge length", i32::MAX.to_be_bytes().to_vec()),
        ("negative length", (-5_i32).to_be_bytes().to_vec()),
        ("HTTP", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        (
            "TLS hello",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        ),
        ("empty frame", frame(b"")),
        ("short header", frame(b"\0\x12")),
        (
            "client id longer than the frame",
            frame(b"\0\x12\0\0\0\0\0\x01\x7f\xff"),
        ),
        (
            "client id is no UTF-8",
            frame(b"\0\x12\0\0\0\0\0\x01\0\x02\xff\xfe"),
        ),
        ("unknown API", with(header(999, 0, false), b"")),
        ("negative API", with(header(-1, 0, false), b"")),
        (
            "SASL handshake is not offered",
            with(header(17, 1, false), b"\0\x05PLAIN"),
        ),
        ("version too new", with(header(3, 99, false), b"")),
        ("version too old", with(header(0, 1, false), b"")),
        (
            "array of two billion topics",
            with(header(3, 0, false), b"\x7f\xff\xff\xff"),
        ),
        (
            "compact array of four billion",
            with(header(3, 9, true), b"\xff\xff\xff\xff\x0f\0\0\0\0"),
        ),
        ("varint without end", with(header(3, 9, true), &[0xff; 12])),
        (
            "string longer than the frame",
            with(header(12, 0, false), b"\x7f\xffx"),
        ),
        (
            "tagged field longer than the frame",
            with(header(18, 3, true), b"\x01\x01\x01\x00\xff\xff\x7f"),
        ),
        (
            "nested arrays",
            with(
                header(1, 4, false),
                &[
                    &[0_u8; 17][..],
                    b"\x00\x00\x00\x01\x00\x01t\x7f\xff\xff\xff",
                ]
                .concat(),
            ),
        ),
    ];
    for (what, bytes) in cases {
        let mut wire = bed.node(1).await;
        wire.stream.write_all(&bytes).await.unwrap();
        if what == "HTTP" || what == "TLS hello" {
            // Their first four bytes are a length far above the limit, or one that never fills.
            wire.stream.shutdown().await.unwrap();
        }
        let closed = tokio::time::timeout(PATIENCE, wire.frame()).await.unwrap();
        assert!(closed.is_none(), "{what}: {closed:?}");
        still_serves(&bed).await;
    }
}

#[tokio::test]
async fn truncated_and_bent_requests_never_take_the_broker_down() {
    let bed = Bed::quiet().await;
    // A sound fetch, joined group and commit, each cut short and bent at every place.
    let mut seed = 0x9e37_79b9_u32;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed
    };
    for (api_key, version, flexible) in [
        (1, 4, false),
        (1, 12, true),
        (3, 12, true),
        (9, 8, true),
        (11, 5, false),
        (19, 7, true),
        (32, 4, true),
        (44, 1, true),
    ] {
        for length in [0_usize, 1, 7, 40, 200] {
            let mut body = header(api_key, version, flexible);
            for _ in 0..length {
                body.put_u8(next().to_le_bytes()[0] & if length == 7 { 3 } else { 0xff });
            }
            let mut wire = bed.node(1).await;
            wire.stream.write_all(&frame(&body)).await.unwrap();
            wire.stream.shutdown().await.unwrap();
            drop(wire.frame().await);
        }
    }
    still_serves(&bed).await;
}

#[tokio::test]
async fn bytes_after_a_request_are_ignored_as_a_broker_does() {
    let bed = Bed::empty().await;
    let mut body = header(16, 0, false);
    body.put_slice(b"tail");
    let mut wire = bed.node(1).await;
    wire.stream.write_all(&frame(&body)).await.unwrap();
    assert!(wire.frame().await.is_some());
}

#[tokio::test]
async fn a_length_alone_reserves_nothing() {
    let bed = Bed::empty().await;
    let mut held = Vec::new();
    for _ in 0..50 {
        let mut wire = bed.node(1).await;
        wire.stream
            .write_all(&(100_i32 << 20).to_be_bytes())
            .await
            .unwrap();
        held.push(wire);
    }
    still_serves(&bed).await;
}

#[tokio::test]
async fn connections_are_bounded() {
    let options = Options {
        seed: false,
        connections: 2,
        ..Options::default()
    };
    let bed = Bed {
        sandbox: Sandbox::start(options).await.unwrap(),
    };
    let (mut one, mut two) = (bed.node(1).await, bed.node(2).await);
    one.call(&ApiVersionsRequest::default(), 0).await;
    two.call(&ApiVersionsRequest::default(), 0).await;
    assert!(bed.node(3).await.frame().await.is_none());
    one.call(&ApiVersionsRequest::default(), 0).await;
}

#[tokio::test]
async fn only_loopback_is_taken_and_a_taken_port_is_named() {
    let open = Options {
        bind: "0.0.0.0".parse().unwrap(),
        ..Options::default()
    };
    assert!(matches!(
        Sandbox::start(open).await,
        Err(SandboxError::NotLoopback { .. })
    ));
    let bed = Bed::empty().await;
    let port = bed.sandbox.addresses()[1].port();
    let error = Sandbox::start(Options {
        ports: [0, 0, port],
        ..Options::default()
    })
    .await
    .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with(&format!("node 3 cannot listen on `127.0.0.1:{port}`")),
        "{error}"
    );
}
