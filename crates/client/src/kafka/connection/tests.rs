//! Connections against a peer that does what brokers and strangers do on a bad day.

use super::super::KafkaError;
use super::super::peer::{Do, Peer, Seen, all_apis};
use super::{Connection, Dialer};
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, CreateTopicsRequest, DescribeClusterRequest,
    DescribeClusterResponse, MetadataRequest,
};
use kafka_protocol::protocol::Encodable;
use std::sync::Arc;
use std::time::{Duration, Instant};

const BOUND: Duration = Duration::from_millis(300);

async fn open(peer: &Peer) -> Connection {
    Dialer::new(peer.profile())
        .open(&peer.address())
        .await
        .unwrap()
}

async fn ask(connection: &Connection) -> Result<DescribeClusterResponse, KafkaError> {
    let build = |_| DescribeClusterRequest::default();
    Ok(connection.call(BOUND, build).await?.0)
}

/// Answers DescribeCluster by `f`, everything else as usual.
fn on_describe(f: impl Fn(&Seen) -> Do + Send + Sync) -> impl Fn(&Seen) -> Do + Send + Sync {
    move |seen| {
        if seen.is::<DescribeClusterRequest>() {
            f(seen)
        } else {
            Do::Usual
        }
    }
}

fn proper(seen: &Seen) -> Bytes {
    match seen.answer::<DescribeClusterRequest>(&DescribeClusterResponse::default()) {
        Do::Send(bytes) => bytes,
        _ => Bytes::new(),
    }
}

#[tokio::test]
async fn every_waiting_call_learns_that_the_connection_was_closed() {
    let peer = Peer::start(on_describe(|seen| match seen.nth {
        1 | 2 => Do::Ignore,
        _ => Do::SendAndClose(proper(seen).slice(..6)),
    }))
    .await;
    let connection = open(&peer).await;
    let (one, two, three) = tokio::join!(ask(&connection), ask(&connection), ask(&connection));
    for outcome in [one, two, three] {
        let expected = KafkaError::Closed {
            address: peer.address(),
            step: "DescribeCluster".into(),
        };
        assert_eq!(outcome, Err(expected));
    }
    assert!(!connection.usable());
    assert!(matches!(
        ask(&connection).await,
        Err(KafkaError::Closed { .. })
    ));
}

#[tokio::test]
async fn answers_that_break_the_protocol_end_the_connection_with_the_reason() {
    type Break = fn(&Seen) -> Bytes;
    let cases: [(Break, &str); 4] = [
        (
            |_| Bytes::from_static(&[0x7f, 0, 0, 0, 1, 2, 3]),
            "states a length",
        ),
        (
            |_| Bytes::from_static(b"HTTP/1.1 400 Bad Request\r\n"),
            "http",
        ),
        (
            |seen| {
                let mut bytes = BytesMut::from(proper(seen).as_ref());
                bytes[7] ^= 0x55;
                bytes.freeze()
            },
            "belongs to no request",
        ),
        (
            |_| Bytes::from_static(&[0, 0, 0, 2, 0, 0]),
            "states a length of 2",
        ),
    ];
    for (broken, says) in cases {
        let peer = Peer::start(on_describe(move |seen| Do::Send(broken(seen)))).await;
        let connection = open(&peer).await;
        let error = ask(&connection).await.unwrap_err();
        assert!(matches!(error, KafkaError::Protocol { .. }), "{error:?}");
        assert!(error.to_string().contains(says), "{error}");
        assert!(!connection.usable());
    }
}

#[tokio::test]
async fn an_answer_that_is_too_long_for_its_message_is_refused() {
    let peer = Peer::start(on_describe(|seen| {
        let mut bytes = BytesMut::from(proper(seen).as_ref());
        bytes[3] += 2;
        bytes.extend_from_slice(&[0, 0]);
        Do::Send(bytes.freeze())
    }))
    .await;
    let error = ask(&open(&peer).await).await.unwrap_err();
    assert!(
        error.to_string().contains("2 bytes are left over"),
        "{error}"
    );
}

#[tokio::test]
async fn silence_costs_the_bound_and_retires_the_connection() {
    let peer = Peer::start(on_describe(|_| Do::Ignore)).await;
    let connection = open(&peer).await;
    let since = Instant::now();
    let error = ask(&connection).await.unwrap_err();
    assert_eq!(
        error,
        KafkaError::Timeout {
            address: peer.address(),
            operation: "DescribeCluster".into(),
            after_ms: 300,
        }
    );
    assert!(since.elapsed() >= BOUND && since.elapsed() < BOUND * 3);
    assert!(!connection.usable());
}

#[tokio::test]
async fn a_dropped_call_is_forgotten_and_its_late_answer_harms_nobody() {
    let peer = Peer::start(on_describe(|seen| match seen.nth {
        1 => Do::Ignore,
        // Both answers come now; the first one belongs to the call that was dropped.
        _ => {
            let mut late = BytesMut::from(proper(seen).as_ref());
            let id = seen.header.correlation_id - 1;
            late[4..8].copy_from_slice(&id.to_be_bytes());
            late.extend_from_slice(&proper(seen));
            Do::Send(late.freeze())
        }
    }))
    .await;
    let connection = open(&peer).await;
    tokio::select! {
        _ = ask(&connection) => panic!("nobody answers this"),
        () = tokio::time::sleep(Duration::from_millis(50)) => {}
    }
    assert!(ask(&connection).await.is_ok());
    assert!(connection.usable());
}

#[tokio::test]
async fn many_calls_share_a_connection() {
    let peer = Peer::start(on_describe(|seen| Do::Send(proper(seen)))).await;
    let connection = Arc::new(open(&peer).await);
    let calls = (0..200).map(|_| ask(&connection));
    let answers = futures::future::join_all(calls).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn a_peer_that_never_speaks_costs_the_connect_timeout_and_the_step_is_named() {
    let peer = Peer::start(|_| Do::Ignore).await;
    let since = Instant::now();
    let outcome = Dialer::new(peer.profile()).open(&peer.address()).await;
    assert_eq!(
        outcome.err(),
        Some(KafkaError::ConnectTimeout {
            address: peer.address(),
            step: "api_versions",
            after_ms: 400,
        })
    );
    assert!(since.elapsed() < Duration::from_millis(1200));
}

#[tokio::test]
async fn an_older_broker_is_asked_again_in_a_version_that_it_knows() {
    let peer = Peer::start(|seen| {
        let version = seen.header.request_api_version;
        if !seen.is::<ApiVersionsRequest>() || version <= 2 {
            return Do::Usual;
        }
        // Kafka answers a version that it does not know in the layout of version 0.
        let mut body = BytesMut::new();
        let refusal = ApiVersionsResponse::default().with_error_code(35);
        refusal.encode(&mut body, 0).unwrap();
        let mut frame = BytesMut::new();
        let length = i32::try_from(body.len() + 4).unwrap();
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(&seen.header.correlation_id.to_be_bytes());
        frame.extend_from_slice(&body);
        Do::Send(frame.freeze())
    })
    .await;
    let connection = open(&peer).await;
    assert_eq!(connection.offers(3), Some((0, 20)));
    assert_eq!(connection.version::<MetadataRequest>(), Some(13));
}

#[tokio::test]
async fn what_the_broker_does_not_offer_is_not_sent() {
    let peer = Peer::start(|seen| {
        if !seen.is::<ApiVersionsRequest>() {
            return Do::Close;
        }
        let mut apis = all_apis();
        apis.api_keys.retain(|a| a.api_key != 60);
        seen.answer::<ApiVersionsRequest>(&apis)
    })
    .await;
    let connection = open(&peer).await;
    assert_eq!(
        ask(&connection).await,
        Err(KafkaError::NotOffered {
            operation: "DescribeCluster".into(),
            by: format!("broker `{}`", peer.address()),
        })
    );
    assert!(connection.usable());
}

#[tokio::test]
async fn a_changing_request_does_not_leave_even_when_the_broker_offers_it() {
    let peer = Peer::start(|seen| {
        if !seen.is::<ApiVersionsRequest>() {
            return Do::Close;
        }
        let mut apis = all_apis();
        let mut create = apis.api_keys[0].clone();
        create.api_key = 19;
        apis.api_keys.push(create);
        seen.answer::<ApiVersionsRequest>(&apis)
    })
    .await;
    let connection = open(&peer).await;
    let build = |_| CreateTopicsRequest::default();
    let error = connection.call(BOUND, build).await.unwrap_err();
    assert!(error.to_string().contains("only reads"), "{error}");
    assert!(connection.usable(), "the peer saw a request");
}
