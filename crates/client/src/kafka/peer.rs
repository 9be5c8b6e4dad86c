//! A scripted peer for tests: listens on a port of this machine and does what it is told with each
//! request. It answers ApiVersions by itself, unless told otherwise.

use super::connection::ask_versions;
use crate::profile::Profile;
use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::metadata_response::MetadataResponseBroker;
use kafka_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, BrokerId, MetadataRequest, MetadataResponse,
    RequestHeader, ResponseHeader,
};
use kafka_protocol::protocol::{
    Decodable, Encodable, HeaderVersion, Message, Request, StrBytes,
    decode_request_header_from_buffer,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

/// One request as the peer sees it.
pub(crate) struct Seen {
    pub(crate) header: RequestHeader,
    pub(crate) body: Bytes,
    /// How many requests came before it on this connection (ApiVersions included).
    pub(crate) nth: usize,
}

impl Seen {
    /// Whether it is a request of this type.
    pub(crate) fn is<R: Request>(&self) -> bool {
        self.header.request_api_key == R::KEY
    }

    /// The request decoded.
    pub(crate) fn read<R: Request>(&self) -> R {
        R::decode(&mut self.body.clone(), self.header.request_api_version).unwrap()
    }

    /// A proper answer.
    pub(crate) fn answer<R: Request>(&self, response: &R::Response) -> Do {
        let version = self.header.request_api_version;
        let mut frame = BytesMut::new();
        frame.put_i32(0);
        ResponseHeader::default()
            .with_correlation_id(self.header.correlation_id)
            .encode(&mut frame, R::Response::header_version(version))
            .unwrap();
        response.encode(&mut frame, version).unwrap();
        let length = i32::try_from(frame.len() - 4).unwrap();
        frame[..4].copy_from_slice(&length.to_be_bytes());
        Do::Send(frame.freeze())
    }
}

/// What the peer does with a request.
pub(crate) enum Do {
    /// Sends these bytes.
    Send(Bytes),
    /// Sends these bytes and closes.
    SendAndClose(Bytes),
    /// Closes.
    Close,
    /// Says nothing.
    Ignore,
    /// Says nothing more on this connection, like a broker while a request before the others waits.
    Hang,
    /// Answers ApiVersions and Metadata as a broker would, ignores anything else.
    Usual,
}

/// A running peer; it ends with the test's runtime.
pub(crate) struct Peer {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
}

impl Peer {
    /// Starts one.
    pub(crate) async fn start(script: impl Fn(&Seen) -> Do + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let (count, script) = (Arc::clone(&connections), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let script = Arc::clone(&script);
                tokio::spawn(async move { serve(stream, port, script.as_ref()).await });
            }
        });
        Self { port, connections }
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Connections accepted so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// A profile for it, with short timeouts.
    pub(crate) fn profile(&self) -> Profile {
        profile(vec![self.address()])
    }
}

/// A profile with timeouts that a test can wait for.
pub(crate) fn profile(bootstrap: Vec<String>) -> Profile {
    let mut profile = Profile::new("test", bootstrap);
    profile.connect_timeout = Duration::from_millis(400);
    profile.request_timeout = Duration::from_millis(400);
    profile
}

/// Acts on one connection until it ends.
pub(crate) async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    port: u16,
    script: &(dyn Fn(&Seen) -> Do + Send + Sync),
) {
    let mut nth = 0;
    loop {
        let Ok(length) = stream.read_i32().await else {
            return;
        };
        let mut body = vec![0; usize::try_from(length).unwrap_or(0).min(1 << 20)];
        if stream.read_exact(&mut body).await.is_err() {
            return;
        }
        let mut body = Bytes::from(body);
        let Ok(header) = decode_request_header_from_buffer(&mut body) else {
            return;
        };
        let seen = Seen { header, body, nth };
        nth += 1;
        let action = match script(&seen) {
            Do::Usual => usual(&seen, port),
            action => action,
        };
        match action {
            Do::Send(bytes) => {
                stream.write_all(&bytes).await.unwrap_or(());
                stream.flush().await.unwrap_or(());
            }
            Do::SendAndClose(bytes) => {
                stream.write_all(&bytes).await.unwrap_or(());
                return;
            }
            Do::Close => return,
            Do::Hang => {
                while stream.read_u8().await.is_ok() {}
                return;
            }
            Do::Ignore | Do::Usual => {}
        }
    }
}

fn usual(seen: &Seen, port: u16) -> Do {
    if seen.is::<ApiVersionsRequest>() {
        return seen.answer::<ApiVersionsRequest>(&all_apis());
    }
    if seen.is::<MetadataRequest>() {
        let broker = MetadataResponseBroker::default()
            .with_node_id(BrokerId(1))
            .with_host(StrBytes::from_static_str("127.0.0.1"))
            .with_port(i32::from(port));
        let answer = MetadataResponse::default().with_brokers(vec![broker]);
        return seen.answer::<MetadataRequest>(&answer);
    }
    Do::Ignore
}

/// Every API that we may send, at every version from 0 to 20.
pub(crate) fn all_apis() -> ApiVersionsResponse {
    let api = |key: &i16| {
        ApiVersion::default()
            .with_api_key(*key)
            .with_max_version(20)
    };
    let keys = super::READ_APIS.iter().map(api).collect();
    ApiVersionsResponse::default().with_api_keys(keys)
}

#[tokio::test]
async fn the_peer_takes_our_first_request_for_what_it_is() {
    let version = ApiVersionsRequest::VERSIONS.max;
    let mut body = BytesMut::new();
    ask_versions(version).encode(&mut body, version).unwrap();
    let read = ApiVersionsRequest::decode(&mut body.freeze(), version).unwrap();
    assert_eq!(read.client_software_name.as_str(), "kafkaweave");
}
