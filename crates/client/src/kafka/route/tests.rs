//! Routing around brokers that are dead, frozen or gone.

use super::super::peer::{Do, Peer, profile};
use super::super::{Engine, KafkaError, Native, TopicSelection};
use super::Router;
use crate::profile::{Sasl, SaslMechanism, Tls};
use crate::secret::SecretRef;
use bytes::Bytes;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::{
    DescribeClusterRequest, DescribeClusterResponse, DescribeQuorumRequest, MetadataRequest,
    SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Ports of this machine on which nobody listens.
async fn refused(count: usize) -> Vec<String> {
    let mut held = Vec::new();
    for _ in 0..count {
        held.push(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap());
    }
    held.iter()
        .map(|l| l.local_addr().unwrap().to_string())
        .collect()
}

#[tokio::test]
async fn when_all_addresses_refuse_the_error_names_each_at_once() {
    let addresses = refused(3).await;
    let native = Native::new(&profile(addresses.clone())).unwrap();
    // The best of some tries: the machine may be busy with other tests.
    let mut best = Duration::MAX;
    let mut error = KafkaError::UnknownBroker { broker: -1 };
    for _ in 0..10 {
        let since = Instant::now();
        error = native.topics(&TopicSelection::All).await.unwrap_err();
        best = best.min(since.elapsed());
    }
    assert!(best < Duration::from_millis(20), "{best:?}");
    let KafkaError::Unreachable { attempts, .. } = error else {
        panic!("{error}");
    };
    let tried: Vec<_> = attempts.iter().map(|a| a.address.clone()).collect();
    assert_eq!(tried, addresses);
}

#[tokio::test]
async fn silent_addresses_are_tried_side_by_side() {
    let mut silent = Vec::new();
    for _ in 0..4 {
        silent.push(Peer::start(|_| Do::Ignore).await);
    }
    let addresses = silent.iter().map(Peer::address).collect();
    let router = Router::new(profile(addresses));
    let since = Instant::now();
    let error = router.any().await.unwrap_err();
    assert!(
        since.elapsed() < Duration::from_millis(1200),
        "{:?}",
        since.elapsed()
    );
    assert!(error.to_string().contains("api_versions"), "{error}");
}

#[tokio::test]
async fn one_live_address_among_dead_ones_is_enough() {
    let peer = Peer::start(|_| Do::Usual).await;
    let silent = Peer::start(|_| Do::Ignore).await;
    let mut addresses = refused(2).await;
    addresses.extend([silent.address(), peer.address()]);
    let connection = Router::new(profile(addresses)).any().await.unwrap();
    assert_eq!(connection.address(), peer.address());
}

#[tokio::test]
async fn a_broker_that_hesitates_is_passed_by() {
    let mut settings = profile(Vec::new());
    settings.request_timeout = Duration::from_secs(20);
    let frozen = Peer::start(|seen| match seen.nth {
        0 => Do::Usual,
        _ => Do::Ignore,
    })
    .await;
    let live = Peer::start(|seen| {
        if seen.is::<DescribeClusterRequest>() {
            seen.answer::<DescribeClusterRequest>(&DescribeClusterResponse::default())
        } else {
            Do::Usual
        }
    })
    .await;
    settings.bootstrap = vec![frozen.address()];
    let router = Router::new(settings);
    assert_eq!(router.any().await.unwrap().address(), frozen.address());
    // Known from the metadata of old.
    let node = super::Node {
        host: "127.0.0.1".into(),
        port: i32::from(live.port),
        rack: None,
    };
    *super::locked(&router.0.nodes) = Some(super::Nodes {
        at: tokio::time::Instant::now(),
        cluster_id: None,
        brokers: [(2, node)].into(),
    });
    let since = Instant::now();
    let build = |_| DescribeClusterRequest::default();
    router.ask(build).await.unwrap();
    assert!(
        since.elapsed() < Duration::from_secs(5),
        "{:?}",
        since.elapsed()
    );
    let since = Instant::now();
    router.ask(build).await.unwrap();
    assert!(
        since.elapsed() < Duration::from_millis(900),
        "the next call begins elsewhere"
    );
}

#[tokio::test]
async fn a_controller_that_does_not_answer_keeps_nothing_else_waiting() {
    let asked = Arc::new(tokio::sync::Notify::new());
    let tell = Arc::clone(&asked);
    let peer = Peer::start(move |seen| {
        if seen.is::<DescribeQuorumRequest>() {
            tell.notify_one();
            Do::Hang
        } else if seen.is::<DescribeClusterRequest>() {
            let broker = DescribeClusterBroker::default().with_broker_id(1.into());
            let answer = DescribeClusterResponse::default().with_brokers(vec![broker]);
            seen.answer::<DescribeClusterRequest>(&answer)
        } else {
            Do::Usual
        }
    })
    .await;
    let native = Native::new(&peer.profile()).unwrap();
    let (cluster, topics) = futures::join!(native.cluster(), async {
        asked.notified().await;
        native.topics(&TopicSelection::All).await
    });
    assert!(topics.is_ok(), "behind the question: {topics:?}");
    let cluster = cluster.unwrap();
    assert_eq!(cluster.value.brokers.len(), 1);
    let gaps: Vec<_> = cluster
        .missing
        .iter()
        .map(|gap| gap.what.as_str())
        .collect();
    assert!(gaps.contains(&"the controller quorum"), "{gaps:?}");
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_is_replaced() {
    let peer = Peer::start(|seen| match seen.nth {
        0 | 1 => Do::Usual,
        _ => Do::Close,
    })
    .await;
    let router = Router::new(peer.profile());
    let build = |v| super::metadata(Some(&[]), v);
    let (answer, _) = router.call::<MetadataRequest>(1, build).await.unwrap();
    assert_eq!(answer.brokers.len(), 1);
    for _ in 0..3 {
        router.call::<MetadataRequest>(1, build).await.unwrap();
    }
    assert!(peer.connections() >= 4);
}

#[tokio::test]
async fn the_only_broker_is_asked_again_when_it_closed_an_idle_connection() {
    let peer = Peer::start(|seen| match seen.nth {
        0 | 1 => Do::Usual,
        _ => Do::Close,
    })
    .await;
    let router = Router::new(peer.profile());
    for _ in 0..3 {
        router.metadata(Some(&[])).await.unwrap();
    }
    assert_eq!(peer.connections(), 3);
}

#[tokio::test]
async fn many_callers_of_a_dead_broker_wait_for_one_attempt_together() {
    let peer = Peer::start(|_| Do::Usual).await;
    let silent = Peer::start(|_| Do::Ignore).await;
    let router = Router::new(peer.profile());
    router.nodes().await.unwrap();
    let node = super::Node {
        host: "127.0.0.1".into(),
        port: i32::from(silent.port),
        rack: None,
    };
    if let Some(nodes) = super::locked(&router.0.nodes).as_mut() {
        nodes.brokers.insert(7, node);
    }
    let since = Instant::now();
    let calls = (0..10).map(|_| router.broker(7));
    let outcomes = futures::future::join_all(calls).await;
    assert!(outcomes.iter().all(Result::is_err));
    assert!(
        since.elapsed() < Duration::from_millis(1200),
        "{:?}",
        since.elapsed()
    );
    assert_eq!(silent.connections(), 1);
}

#[tokio::test]
async fn dropping_the_router_closes_its_connections() {
    use tokio::io::AsyncReadExt as _;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut settings = profile(vec![address]);
    settings.connect_timeout = Duration::from_secs(5);
    let (closed, ends) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut sink = Vec::new();
        let _ = closed.send(stream.read_to_end(&mut sink).await.is_ok());
    });
    let router = Router::new(settings);
    let dial = router.any();
    tokio::select! {
        _ = dial => panic!("nobody answers"),
        () = tokio::time::sleep(Duration::from_millis(50)) => {}
    }
    drop(router);
    let seen = tokio::time::timeout(Duration::from_secs(2), ends).await;
    assert_eq!(seen.unwrap(), Ok(true));
}

#[tokio::test]
async fn a_broker_outside_of_the_metadata_is_unknown() {
    let peer = Peer::start(|_| Do::Usual).await;
    let router = Router::new(peer.profile());
    let error = router.broker(9).await.unwrap_err();
    assert_eq!(error, KafkaError::UnknownBroker { broker: 9 });
}

fn sasl(mechanism: SaslMechanism) -> Sasl {
    Sasl {
        mechanism,
        username: "alice".into(),
        password: SecretRef::Command(vec!["echo".into(), "hunter2".into()]),
    }
}

#[tokio::test]
async fn a_session_that_is_about_to_end_is_not_used_for_new_calls() {
    let peer = Peer::start(|seen| {
        if seen.is::<SaslHandshakeRequest>() {
            seen.answer::<SaslHandshakeRequest>(&SaslHandshakeResponse::default())
        } else if seen.is::<SaslAuthenticateRequest>() {
            let sent = seen.read::<SaslAuthenticateRequest>().auth_bytes;
            assert_eq!(sent, Bytes::from_static(b"\0alice\0hunter2"));
            let answer = SaslAuthenticateResponse::default().with_session_lifetime_ms(200);
            seen.answer::<SaslAuthenticateRequest>(&answer)
        } else {
            Do::Usual
        }
    })
    .await;
    let mut settings = peer.profile();
    settings.sasl = Some(sasl(SaslMechanism::Plain));
    settings.connect_timeout = Duration::from_secs(5);
    let router = Router::new(settings);
    let connection = router.any().await.unwrap();
    assert!(connection.usable());
    let until = Instant::now() + Duration::from_secs(5);
    while connection.usable() && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!connection.usable());
    router.any().await.unwrap();
    assert_eq!(router.stats().connections_opened, 2);
}

#[tokio::test]
async fn a_refused_password_is_the_error_itself_and_not_in_it() {
    let peer = Peer::start(|seen| {
        if seen.is::<SaslHandshakeRequest>() {
            seen.answer::<SaslHandshakeRequest>(&SaslHandshakeResponse::default())
        } else if seen.is::<SaslAuthenticateRequest>() {
            let answer = SaslAuthenticateResponse::default()
                .with_error_code(58)
                .with_error_message(Some("Invalid username or password".into()));
            seen.answer::<SaslAuthenticateRequest>(&answer)
        } else {
            Do::Usual
        }
    })
    .await;
    for mechanism in [SaslMechanism::Plain, SaslMechanism::ScramSha256] {
        let mut settings = peer.profile();
        settings.connect_timeout = Duration::from_secs(5);
        settings.sasl = Some(sasl(mechanism));
        let error = Router::new(settings).any().await.unwrap_err();
        assert!(
            matches!(error, KafkaError::Authentication { .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains("Invalid username"), "{error}");
        assert!(!format!("{error:?} {error}").contains("hunter2"));
    }
}

#[tokio::test]
async fn a_mechanism_that_is_not_offered_is_told_with_those_that_are() {
    let peer = Peer::start(|seen| {
        if seen.is::<SaslHandshakeRequest>() {
            let answer = SaslHandshakeResponse::default()
                .with_error_code(33)
                .with_mechanisms(vec!["OAUTHBEARER".into(), "GSSAPI".into()]);
            seen.answer::<SaslHandshakeRequest>(&answer)
        } else {
            Do::Usual
        }
    })
    .await;
    let mut settings = peer.profile();
    settings.connect_timeout = Duration::from_secs(5);
    settings.sasl = Some(sasl(SaslMechanism::Plain));
    let error = Router::new(settings).any().await.unwrap_err();
    assert!(error.to_string().contains("OAUTHBEARER, GSSAPI"), "{error}");
}

#[tokio::test]
async fn a_server_that_answers_tls_with_plain_text_is_recognised() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let mut settings = profile(vec![address]);
    settings.connect_timeout = Duration::from_secs(5);
    settings.tls = Some(Tls {
        ca: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into()),
        ..Tls::default()
    });
    let error = Router::new(settings.clone()).any().await.unwrap_err();
    assert!(matches!(error, KafkaError::TlsSettings { .. }), "{error:?}");
    assert!(
        error.to_string().contains("holds no certificate"),
        "{error}"
    );
    settings.tls = Some(Tls::default());
    let error = Router::new(settings).any().await.unwrap_err().to_string();
    let no_authorities = error.contains("certificate authorities cannot be used");
    assert!(
        no_authorities || error.contains("speaks plain text"),
        "{error}"
    );
}
