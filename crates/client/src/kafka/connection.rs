//! One connection to one broker: many calls in flight, each with a deadline.
//!
//! A writer task and a reader task share the socket; answers find their calls by correlation id.
//! A call that is dropped is forgotten and its late answer thrown away. When the connection ends,
//! every waiting call learns why. A call that times out retires the connection (as Kafka's own
//! clients do, since a broker answers in order): calls under way may still finish, new ones go
//! elsewhere. This file does not connect ([`dial`]) and does not choose brokers (`route`).

mod dial;
mod frame;
mod socket;
#[cfg(test)]
mod tests;

pub(crate) use dial::{Dialer, Trace, ask as ask_versions, features};

use super::KafkaError;
use super::code::api_name;
use super::counters::Counters;
use super::locked;
use bytes::Bytes;
use frame::Refused;
use kafka_protocol::protocol::{Request, StrBytes};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Why a connection has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    /// Closed or reset by the other side.
    Closed,
    /// Ended by a TLS alert; its name.
    Alert(String),
    /// The other side broke the protocol.
    Protocol(String),
}

/// Somebody waits for an answer, or did.
enum Waiting {
    Call(oneshot::Sender<Bytes>),
    Forgotten,
}

#[derive(Default)]
struct State {
    waiting: HashMap<i32, Waiting>,
    end: Option<End>,
}

/// What the tasks and the calls share.
struct Shared {
    address: String,
    state: Mutex<State>,
    counters: Arc<Counters>,
    /// Set when the connection has ended: lets the writer let go of the socket.
    gone: CancellationToken,
}

impl Shared {
    /// Ends the connection once; later reasons are ignored. Dropping the senders wakes the calls.
    fn end(&self, why: End) {
        let mut state = locked(&self.state);
        if state.end.is_none() {
            state.end = Some(why);
            state.waiting.clear();
            self.gone.cancel();
            self.counters.closed();
        }
    }

    /// Hands a frame to its call.
    fn deliver(&self, frame: Bytes) -> Result<(), End> {
        let id = frame
            .first_chunk::<4>()
            .map(|b| i32::from_be_bytes(*b))
            .ok_or_else(|| End::Protocol("it is shorter than a header".into()))?;
        match locked(&self.state).waiting.remove(&id) {
            Some(Waiting::Call(call)) => {
                // The call may have been dropped this very moment.
                let _ = call.send(frame);
                Ok(())
            }
            Some(Waiting::Forgotten) => Ok(()),
            None => Err(End::Protocol(format!(
                "correlation id {id} belongs to no request"
            ))),
        }
    }

    fn ended(&self, step: &str) -> KafkaError {
        let address = self.address.clone();
        let step = step.to_owned();
        match locked(&self.state).end.clone() {
            Some(End::Alert(alert)) => KafkaError::TlsAlert { address, alert },
            Some(End::Protocol(reason)) => KafkaError::Protocol {
                address,
                step,
                reason,
            },
            Some(End::Closed) | None => KafkaError::Closed { address, step },
        }
    }
}

/// Marks a call as forgotten when its future is dropped before the answer came.
struct Ticket<'a> {
    shared: &'a Shared,
    id: i32,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let Some(waiting) = locked(&self.shared.state).waiting.get_mut(&self.id) {
            *waiting = Waiting::Forgotten;
        }
    }
}

/// A connection to a broker, ready for calls.
pub(crate) struct Connection {
    shared: Arc<Shared>,
    writer: mpsc::Sender<Bytes>,
    tasks: [tokio::task::AbortHandle; 2],
    next_id: AtomicI32,
    client_id: StrBytes,
    versions: OnceLock<HashMap<i16, (i16, i16)>>,
    features: OnceLock<Vec<kafkaweave_core::model::Feature>>,
    /// When the broker will end the session (KIP-368), less a margin.
    expires: OnceLock<Instant>,
    retired: AtomicBool,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connection({})", self.shared.address)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        self.shared.end(End::Closed);
    }
}

impl Connection {
    /// Takes a socket into use. Its versions are not known yet: only [`dial`] calls this.
    fn start(
        socket: impl socket::Socket,
        address: &str,
        client_id: &str,
        counters: Arc<Counters>,
    ) -> Self {
        counters.opened();
        let shared = Arc::new(Shared {
            address: address.into(),
            state: Mutex::default(),
            counters,
            gone: CancellationToken::new(),
        });
        let (writer, queue) = mpsc::channel(64);
        let (input, output) = tokio::io::split(socket);
        let tasks = [
            tokio::spawn(socket::read(input, Arc::clone(&shared))).abort_handle(),
            tokio::spawn(socket::write(output, queue, Arc::clone(&shared))).abort_handle(),
        ];
        Self {
            shared,
            writer,
            tasks,
            next_id: AtomicI32::new(1),
            client_id: StrBytes::from_string(client_id.into()),
            versions: OnceLock::new(),
            features: OnceLock::new(),
            expires: OnceLock::new(),
            retired: AtomicBool::new(false),
        }
    }

    /// `host:port` that was dialled.
    pub(crate) fn address(&self) -> &str {
        &self.shared.address
    }

    /// Whether new calls may use it.
    pub(crate) fn usable(&self) -> bool {
        !self.retired.load(Ordering::Relaxed)
            && self.expires.get().is_none_or(|at| Instant::now() < *at)
            && locked(&self.shared.state).end.is_none()
    }

    /// The broker's range of an API, `None` when it is not offered.
    pub(crate) fn offers(&self, api_key: i16) -> Option<(i16, i16)> {
        self.versions.get()?.get(&api_key).copied()
    }

    /// The broker's ranges of all APIs.
    pub(crate) fn apis(&self) -> impl Iterator<Item = (i16, (i16, i16))> + '_ {
        self.versions
            .get()
            .into_iter()
            .flatten()
            .map(|(k, r)| (*k, *r))
    }

    /// Feature levels that the broker told when the connection was opened.
    pub(crate) fn features(&self) -> &[kafkaweave_core::model::Feature] {
        self.features.get().map_or(&[], Vec::as_slice)
    }

    /// Highest version common to the request type and the broker.
    pub(crate) fn version<R: Request>(&self) -> Option<i16> {
        self.version_up_to::<R>(i16::MAX)
    }

    fn version_up_to<R: Request>(&self, max: i16) -> Option<i16> {
        // The request type's own range: the codec's table of APIs is wider for some (OffsetFetch).
        let (low, high) = self.offers(R::KEY)?;
        let version = high.min(R::VERSIONS.max).min(max);
        (version >= low.max(R::VERSIONS.min)).then_some(version)
    }

    /// Sends a request at the highest common version and waits for its answer.
    ///
    /// # Errors
    /// `NotOffered` without a common version or for a request that is no read; `Timeout`;
    /// `Closed`, `TlsAlert` or `Protocol` when the connection ends first.
    pub(crate) async fn call<R: Request>(
        &self,
        timeout: Duration,
        build: impl FnOnce(i16) -> R + Send,
    ) -> Result<(R::Response, i16), KafkaError> {
        self.call_up_to(i16::MAX, timeout, build).await
    }

    /// As [`Connection::call`], at version `max` or lower.
    pub(crate) async fn call_up_to<R: Request>(
        &self,
        max: i16,
        timeout: Duration,
        build: impl FnOnce(i16) -> R + Send,
    ) -> Result<(R::Response, i16), KafkaError> {
        let version = self
            .version_up_to::<R>(max)
            .ok_or_else(|| KafkaError::NotOffered {
                operation: api_name(R::KEY),
                by: format!("broker `{}`", self.address()),
            })?;
        let response = self.call_at(version, timeout, &build(version)).await?;
        Ok((response, version))
    }

    async fn call_at<R: Request>(
        &self,
        version: i16,
        timeout: Duration,
        request: &R,
    ) -> Result<R::Response, KafkaError> {
        let frame = self.exchange(version, timeout, request).await?;
        frame::decode::<R>(frame, version).map_err(|reason| self.broken::<R>(reason))
    }

    fn broken<R: Request>(&self, reason: String) -> KafkaError {
        KafkaError::Protocol {
            address: self.address().into(),
            step: api_name(R::KEY),
            reason,
        }
    }

    /// The answer's frame, not decoded.
    async fn exchange<R: Request>(
        &self,
        version: i16,
        timeout: Duration,
        request: &R,
    ) -> Result<Bytes, KafkaError> {
        let name = api_name(R::KEY);
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let bytes = frame::encode(request, version, id, &self.client_id).map_err(|e| match e {
            Refused::NotARead => KafkaError::NotOffered {
                operation: name.clone(),
                by: "engine native, which only reads".into(),
            },
            Refused::Encoding(reason) => self.broken::<R>(format!("request not sent: {reason}")),
        })?;
        let (asked, sent_bytes) = (Instant::now(), bytes.len());
        let outcome = tokio::time::timeout(timeout, self.round_trip(id, R::KEY, bytes)).await;
        // What a question costs: `--log requests=debug`. An answer that never came has no bytes.
        let received_bytes = match &outcome {
            Ok(Some(frame)) => Some(frame.len() + 4),
            _ => None,
        };
        tracing::debug!(
            target: "requests",
            broker = self.address(),
            api = name,
            version,
            sent_bytes,
            received_bytes,
            ms = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX),
        );
        match outcome {
            Ok(Some(frame)) => Ok(frame),
            Ok(None) => Err(self.shared.ended(&name)),
            Err(_) => {
                self.retired.store(true, Ordering::Relaxed);
                Err(KafkaError::Timeout {
                    address: self.address().into(),
                    operation: name,
                    after_ms: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
                })
            }
        }
    }

    /// `None` when the connection ends before the answer.
    async fn round_trip(&self, id: i32, api_key: i16, bytes: Bytes) -> Option<Bytes> {
        let slot = self.writer.reserve().await.ok()?;
        let (sender, answer) = oneshot::channel();
        {
            let mut state = locked(&self.shared.state);
            if state.end.is_some() {
                return None;
            }
            state.waiting.insert(id, Waiting::Call(sender));
        }
        let _ticket = Ticket {
            shared: &self.shared,
            id,
        };
        self.shared.counters.sent(api_key);
        slot.send(bytes);
        answer.await.ok()
    }
}
