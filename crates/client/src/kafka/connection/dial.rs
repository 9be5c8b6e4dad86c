//! From an address to a connection that is ready for calls: DNS, TCP, TLS, ApiVersions, SASL.
//!
//! All steps together are bounded by the profile's connect timeout, and each can be watched through
//! a [`Trace`]. Broken certificates or a refused password are read afresh at the next attempt.

use super::super::KafkaError;
use super::super::auth::Login;
use super::super::code::{UNSUPPORTED_VERSION, api_name, code};
use super::super::counters::Counters;
use super::super::tls::Setup;
use super::super::{address, locked};
use super::{Connection, frame};
use crate::profile::{Profile, Tls};
use crate::secret::Secret;
use address::Address;
use bytes::Bytes;
use kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use kafka_protocol::protocol::{Decodable, Message, Request, StrBytes};
use kafkaweave_core::model::Feature;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// Part of a session's lifetime after which a connection takes no new calls (KIP-368).
const SESSION_SHARE: f64 = 0.85;

/// Opens connections for one profile.
pub(crate) struct Dialer {
    profile: Profile,
    counters: Arc<Counters>,
    tls: Mutex<Option<Arc<Setup>>>,
    login: Login,
}

/// A step of connecting that succeeded.
pub(crate) struct Dialled {
    /// `dns`, `tcp`, `tls`, `api_versions` or `sasl`.
    pub(crate) name: &'static str,
    /// What came out, in words.
    pub(crate) detail: String,
    /// How long it took.
    pub(crate) elapsed: Duration,
}

/// Watches the steps.
pub(crate) struct Trace {
    /// Steps that succeeded, in order.
    pub(crate) done: Vec<Dialled>,
    /// The step under way (or failed).
    pub(crate) current: &'static str,
    /// When it began.
    pub(crate) since: Instant,
}

impl Default for Trace {
    fn default() -> Self {
        Self {
            done: Vec::new(),
            current: "dns",
            since: Instant::now(),
        }
    }
}

impl Trace {
    fn begin(&mut self, name: &'static str) {
        self.current = name;
        self.since = Instant::now();
    }

    fn end(&mut self, detail: String) {
        self.done.push(Dialled {
            name: self.current,
            detail,
            elapsed: self.since.elapsed(),
        });
    }
}

impl Dialer {
    /// Connects to nothing.
    pub(crate) fn new(profile: Profile) -> Self {
        Self {
            profile,
            counters: Arc::default(),
            tls: Mutex::default(),
            login: Login::default(),
        }
    }

    /// The profile it dials for.
    pub(crate) fn profile(&self) -> &Profile {
        &self.profile
    }

    /// What its connections have sent.
    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Opens a connection within the connect timeout.
    pub(crate) async fn open(&self, address: &str) -> Result<Connection, KafkaError> {
        self.open_watched(address, &mut Trace::default()).await
    }

    /// As [`Dialer::open`]; `trace` tells what was done, also when it fails.
    pub(crate) async fn open_watched(
        &self,
        address: &str,
        trace: &mut Trace,
    ) -> Result<Connection, KafkaError> {
        let at = address::parse(address)?;
        let password = match &self.profile.sasl {
            Some(sasl) => {
                trace.begin("sasl");
                Some(self.login.password(sasl, address).await?)
            }
            None => None,
        };
        let bound = self.profile.connect_timeout;
        let steps = self.steps(&at, address, password.as_ref(), trace);
        match tokio::time::timeout(bound, steps).await {
            Ok(outcome) => outcome,
            Err(_) => Err(KafkaError::ConnectTimeout {
                address: address.into(),
                step: trace.current,
                after_ms: u64::try_from(bound.as_millis()).unwrap_or(u64::MAX),
            }),
        }
    }

    async fn steps(
        &self,
        at: &Address,
        address: &str,
        password: Option<&Secret>,
        trace: &mut Trace,
    ) -> Result<Connection, KafkaError> {
        trace.begin("dns");
        let candidates = address::resolve(at, address).await?;
        let ips: Vec<_> = candidates.iter().map(|c| c.ip().to_string()).collect();
        trace.end(ips.join(", "));

        trace.begin("tcp");
        let stream = address::connect(&candidates, address).await?;
        trace.end(match stream.peer_addr() {
            Ok(peer) => format!("connected to {peer}"),
            Err(_) => "connected".into(),
        });

        let client_id = self.profile.client_id.as_str();
        let counters = Arc::clone(&self.counters);
        let connection = match &self.profile.tls {
            None => Connection::start(stream, address, client_id, counters),
            Some(tls) => {
                trace.begin("tls");
                let setup = self.setup(tls)?;
                let secure = setup
                    .handshake(stream, &at.host, address)
                    .await
                    .inspect_err(|_| *locked(&self.tls) = None)?;
                trace.end(setup.describe(&secure, &at.host));
                Connection::start(secure, address, client_id, counters)
            }
        };

        trace.begin("api_versions");
        // The whole is bounded by the caller; a single step must not end first.
        let bound = self.profile.connect_timeout * 2;
        negotiate(&connection, bound)
            .await
            .inspect_err(|_| *locked(&self.tls) = None)?;
        trace.end(format!("{} apis offered", connection.apis().count()));

        if let (Some(sasl), Some(password)) = (&self.profile.sasl, password) {
            trace.begin("sasl");
            let lifetime = self
                .login
                .log_in(&connection, sasl, password, bound)
                .await?;
            let mut detail = format!("{} as `{}`", sasl.mechanism.name(), sasl.username);
            if let Some(lifetime) = lifetime {
                let _ = connection
                    .expires
                    .set(Instant::now() + lifetime.mul_f64(SESSION_SHARE));
                detail.push_str(&format!(", session of {} s", lifetime.as_secs()));
            }
            trace.end(detail);
        }
        Ok(connection)
    }

    /// Certificates and keys, read once until something about them fails.
    fn setup(&self, tls: &Tls) -> Result<Arc<Setup>, KafkaError> {
        if let Some(known) = locked(&self.tls).clone() {
            return Ok(known);
        }
        let fresh = Arc::new(Setup::new(tls)?);
        *locked(&self.tls) = Some(Arc::clone(&fresh));
        Ok(fresh)
    }
}

/// Asks for the broker's API ranges: version 4, or what the broker names when it refuses that.
async fn negotiate(connection: &Connection, timeout: Duration) -> Result<(), KafkaError> {
    let mut version = ApiVersionsRequest::VERSIONS.max;
    let answer = loop {
        let frame = connection.exchange(version, timeout, &ask(version)).await?;
        // A broker that does not know the version says so in the layout of version 0 (KIP-511).
        if version > 0 && frame.get(4..6) == Some(&UNSUPPORTED_VERSION.to_be_bytes()) {
            version = lower(frame, version);
            continue;
        }
        break frame::decode::<ApiVersionsRequest>(frame, version)
            .map_err(|reason| connection.broken::<ApiVersionsRequest>(reason))?;
    };
    let subject = format!("broker `{}`", connection.address());
    let name = api_name(ApiVersionsRequest::KEY);
    if let Some(error) = code(answer.error_code, &name, &subject, None) {
        return Err(error);
    }
    let ranges = answer
        .api_keys
        .iter()
        .map(|a| (a.api_key, (a.min_version, a.max_version)))
        .collect();
    let _ = connection.versions.set(ranges);
    let _ = connection.features.set(features(&answer));
    Ok(())
}

/// The request.
pub(crate) fn ask(version: i16) -> ApiVersionsRequest {
    let request = ApiVersionsRequest::default();
    if version < 3 {
        return request;
    }
    request
        .with_client_software_name(StrBytes::from_static_str("kafkaweave"))
        .with_client_software_version(StrBytes::from_static_str(env!("CARGO_PKG_VERSION")))
}

/// The next version to try: always lower than `refused`.
fn lower(mut frame: Bytes, refused: i16) -> i16 {
    let body = frame.split_off(4.min(frame.len()));
    let offered = ApiVersionsResponse::decode(&mut body.clone(), 0)
        .ok()
        .and_then(|answer| {
            let own = answer
                .api_keys
                .iter()
                .find(|a| a.api_key == ApiVersionsRequest::KEY);
            own.map(|a| a.max_version)
        });
    offered.unwrap_or(0).clamp(0, refused - 1)
}

/// Feature levels of an answer, by name.
pub(crate) fn features(answer: &ApiVersionsResponse) -> Vec<Feature> {
    let mut features = BTreeMap::new();
    for supported in &answer.supported_features {
        features.insert(
            supported.name.to_string(),
            Feature {
                name: supported.name.to_string(),
                supported_min: Some(supported.min_version),
                supported_max: Some(supported.max_version),
                finalized: None,
            },
        );
    }
    // An epoch of -1 means that the broker does not know what is finalized.
    for finalized in &answer.finalized_features {
        features
            .entry(finalized.name.to_string())
            .or_insert_with(|| Feature {
                name: finalized.name.to_string(),
                supported_min: None,
                supported_max: None,
                finalized: None,
            })
            .finalized = Some(finalized.max_version_level);
    }
    features.into_values().collect()
}
