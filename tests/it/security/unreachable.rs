//! Addresses where nobody answers: what it costs, what is said, and what works all the same.

use super::Flags;
use crate::support::bed::{Listener, shared};
use crate::support::mcp::{Client, Wire};
use crate::support::rpc::{LEGACY, Raw, hello};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

/// An address that swallows packets: its queue of connections is full and nobody takes from it.
struct Hole {
    address: SocketAddr,
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl Hole {
    async fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queued = Vec::new();
        // Half a second of silence on loopback is a full queue; some kernels take one or two more than was asked for.
        while let Ok(stream) =
            timeout(Duration::from_millis(500), TcpStream::connect(address)).await
        {
            queued.push(stream.unwrap());
            assert!(queued.len() < 64, "the queue never fills");
        }
        Self {
            address,
            _listener: listener,
            _queued: queued,
        }
    }

    async fn three() -> [Self; 3] {
        let (a, b, c) = tokio::join!(Self::new(), Self::new(), Self::new());
        [a, b, c]
    }
}

/// An address where nobody listens.
fn refusing() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_addresses_that_refuse_are_an_error_at_once_that_names_them() {
    let addresses = [refusing(), refusing(), refusing()];
    let flags = Flags::at(addresses.join(","));
    let client = Client::start(Wire::StdioModern, &flags.args()).await;
    let mut best = Duration::MAX;
    for _ in 0..10 {
        let begun = Instant::now();
        let answer = client.refused("kafka_topic_list", json!({})).await;
        best = best.min(begun.elapsed());
        for address in &addresses {
            assert!(answer.text.contains(address), "{}", answer.text);
        }
        assert_eq!(answer.data["code"], "unreachable", "{}", answer.text);
        let (cause, step) = answer.text.split_once('\n').unwrap();
        assert!(
            cause.contains("refused") && step.contains("Nothing listens there"),
            "{}",
            answer.text
        );
    }
    assert!(best < Duration::from_millis(20), "{best:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_addresses_that_swallow_packets_cost_one_connect_timeout() {
    let holes = Hole::three().await;
    let addresses = holes.each_ref().map(|h| h.address.to_string());
    let flags = Flags::at(addresses.join(",")).with("--connect-timeout-ms", "1000");
    let client = Client::start(Wire::StdioModern, &flags.args()).await;
    let begun = Instant::now();
    let answer = client.refused("kafka_topic_list", json!({})).await;
    let took = begun.elapsed();
    assert!(
        took >= Duration::from_millis(900) && took < Duration::from_millis(2_500),
        "{took:?}"
    );
    for address in &addresses {
        assert!(answer.text.contains(address), "{}", answer.text);
    }
    let (cause, step) = answer.text.split_once('\n').unwrap();
    assert!(
        cause.contains("1000 ms") && step.contains("Packets get lost"),
        "{}",
        answer.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_good_address_among_two_that_swallow_packets_answers_at_once() {
    let bed = shared();
    let [first, second, _] = Hole::three().await;
    let good = bed.address(1, Listener::Plaintext);
    let bootstrap = format!("{},{good},{}", first.address, second.address);
    // Whoever waits for a bad address shows it.
    let flags = Flags::at(bootstrap).with("--connect-timeout-ms", "30000");
    let client = Client::start(Wire::StdioModern, &flags.args()).await;
    let begun = Instant::now();
    let answer = client.call("kafka_cluster_describe", json!({})).await;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(
        answer.data["brokers"].as_array().map(Vec::len),
        Some(3),
        "{}",
        answer.data
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn greetings_and_tools_are_answered_without_a_connection_to_any_cluster() {
    let counting = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = counting.local_addr().unwrap().to_string();
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        // Each connection is closed at once: a cluster that is down.
        while counting.accept().await.is_ok() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    let flags = Flags::at(address.clone());

    let mut legacy = Raw::start(&flags.args(), &[]);
    let greeted = legacy.ask("initialize", hello(LEGACY)).await;
    assert!(greeted["result"]["serverInfo"].is_object(), "{greeted}");
    legacy.tell("notifications/initialized", json!({})).await;
    let mut modern = Raw::start(&flags.args(), &[]);
    let discovered = modern.ask_modern("server/discover", json!({})).await;
    assert!(
        discovered["result"]["supportedVersions"].is_array(),
        "{discovered}"
    );
    for listed in [
        legacy.ask("tools/list", json!({})).await,
        modern.ask_modern("tools/list", json!({})).await,
    ] {
        let tools = listed["result"]["tools"].as_array().map(Vec::len);
        assert!(tools.is_some_and(|n| n > 5), "{listed}");
    }
    assert_eq!(
        accepted.load(Ordering::SeqCst),
        0,
        "a greeting opened a connection"
    );

    // The listener would have counted: a call that needs the cluster reaches it.
    let call = legacy.call("kafka_topic_list", json!({})).await;
    assert_eq!(call["result"]["isError"], true, "{call}");
    assert!(call.to_string().contains(&address), "{call}");
    assert!(accepted.load(Ordering::SeqCst) > 0);
}
