//! MCP over Streamable HTTP.
//!
//! Loopback by default; another address needs a token. `Host` and `Origin` are checked, sockets
//! are NODELAY (without it each answer of an older client waits some 40 ms for an ACK), sessions
//! of older clients are capped.

use super::Server;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use kafkaweave_client::secret::Secret;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Settings of the HTTP transport.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Address to listen on; port 0 takes a free one.
    pub bind: SocketAddr,
    /// `Host` values that are served besides the loopback ones.
    pub allowed_hosts: Vec<String>,
    /// Browser origins that are served; none by default.
    pub allowed_origins: Vec<String>,
    /// Bearer tokens; empty needs a loopback address.
    pub tokens: Vec<Secret>,
    /// Sessions of older clients at once.
    pub sessions: usize,
    /// A session that is silent for longer is closed.
    pub session_idle: Duration,
    /// Largest request body, bytes.
    pub body_bytes: usize,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 8765)),
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            tokens: Vec::new(),
            sessions: 64,
            session_idle: Duration::from_secs(300),
            body_bytes: 1024 * 1024,
        }
    }
}

/// How long running answers are waited for when serving ends.
const GRACE: Duration = Duration::from_millis(300);

/// Path of the MCP end point.
pub const PATH: &str = "/mcp";

#[derive(Clone)]
struct Gate {
    tokens: Arc<[Secret]>,
    sessions: Arc<LocalSessionManager>,
    opening: Arc<AtomicUsize>,
    cap: usize,
    body_bytes: usize,
}

/// A session that is being opened; it counts until it is one, or is not.
struct Opening(Arc<AtomicUsize>);

impl Drop for Opening {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Gate {
    /// Room for one more session, held until it is open; requests side by side cannot share it.
    async fn room(&self) -> Option<Opening> {
        let before = self.opening.fetch_add(1, Ordering::AcqRel);
        let opening = Opening(Arc::clone(&self.opening));
        let open = self.sessions.sessions.read().await.len();
        (open + before < self.cap).then_some(opening)
    }
}

/// A bound listener, so that the address is known before serving.
pub struct Http {
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
}

impl Http {
    /// Binds and prepares.
    ///
    /// # Errors
    /// A message when the address cannot be bound, or is reachable from elsewhere without a token.
    pub async fn bind(
        server: Server,
        options: HttpOptions,
        stop: CancellationToken,
    ) -> Result<Self, String> {
        if !options.bind.ip().is_loopback() && options.tokens.is_empty() {
            return Err(format!(
                "`{}` can be reached from other machines: configure a token, or bind a loopback address",
                options.bind
            ));
        }
        let listener = TcpListener::bind(options.bind)
            .await
            .map_err(|e| format!("cannot listen on `{}`: {e}", options.bind))?;
        let mut sessions = LocalSessionManager::default();
        sessions.session_config.keep_alive = Some(options.session_idle);
        let sessions = Arc::new(sessions);
        let hosts = ["localhost", "127.0.0.1", "::1"]
            .map(String::from)
            .into_iter()
            .chain(options.allowed_hosts);
        let config = StreamableHttpServerConfig::default()
            .with_json_response(true)
            .with_allowed_hosts(hosts)
            .with_allowed_origins(options.allowed_origins)
            .enforce_origin_validation()
            .with_max_request_body_bytes(options.body_bytes)
            .with_cancellation_token(stop.child_token());
        let service =
            StreamableHttpService::new(move || Ok(server.clone()), Arc::clone(&sessions), config);
        let gate = Gate {
            tokens: options.tokens.into(),
            sessions,
            opening: Arc::default(),
            cap: options.sessions,
            body_bytes: options.body_bytes,
        };
        let router = Router::new()
            .nest_service(PATH, service)
            .layer(middleware::from_fn_with_state(gate, admit));
        Ok(Self {
            listener,
            router,
            stop,
        })
    }

    /// The address that is listened on.
    ///
    /// # Errors
    /// The operating system's.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until stopped.
    ///
    /// # Errors
    /// The operating system's.
    pub async fn serve(self) -> std::io::Result<()> {
        let listener = self.listener.tap_io(|socket| {
            if let Err(error) = socket.set_nodelay(true) {
                tracing::debug!(%error, "nodelay");
            }
        });
        let stop = self.stop.clone();
        let serving = axum::serve(listener, self.router)
            .with_graceful_shutdown(async move { stop.cancelled().await });
        tokio::select! {
            served = serving => served,
            // A client in the middle of a request, or one that does not read, is not waited for.
            () = async { self.stop.cancelled().await; tokio::time::sleep(GRACE).await } => Ok(()),
        }
    }
}

/// Token first, then room for a session.
async fn admit(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    if !gate.tokens.is_empty() && !authorized(&gate.tokens, request.headers()) {
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer realm=\"kafkaweave\"")];
        return (
            StatusCode::UNAUTHORIZED,
            challenge,
            "a bearer token is needed",
        )
            .into_response();
    }
    // Nothing behind this needs the token, and what is not there is in no log.
    request.headers_mut().remove(header::AUTHORIZATION);
    request.headers_mut().remove(header::COOKIE);
    // Said at once, not after a body that is not wanted has been sent.
    if declared_bytes(request.headers()).is_some_and(|bytes| bytes > gate.body_bytes) {
        let text = format!("a request has at most {} bytes", gate.body_bytes);
        return (StatusCode::PAYLOAD_TOO_LARGE, text).into_response();
    }
    let _opening = if opens_session(&request) {
        let Some(opening) = gate.room().await else {
            let wait = [(header::RETRY_AFTER, "30")];
            let text = format!(
                "{} sessions are open, which is the limit; close one, or use protocol 2026-07-28",
                gate.cap
            );
            return (StatusCode::SERVICE_UNAVAILABLE, wait, text).into_response();
        };
        Some(opening)
    } else {
        None
    };
    next.run(request).await
}

fn declared_bytes(headers: &HeaderMap) -> Option<usize> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

fn authorized(tokens: &[Secret], headers: &HeaderMap) -> bool {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok());
    let Some((scheme, given)) = given.and_then(|v| v.split_once(' ')) else {
        return false;
    };
    // All tokens are compared, so that time tells nothing about which one was near.
    let hit = tokens.iter().fold(0u8, |hit, token| {
        hit | u8::from(bool::from(
            token.expose().as_bytes().ct_eq(given.trim().as_bytes()),
        ))
    });
    scheme.eq_ignore_ascii_case("bearer") && hit == 1
}

/// Only older clients open sessions: with their first POST, which carries neither a session nor
/// the newest protocol version.
fn opens_session(request: &Request) -> bool {
    let headers = request.headers();
    let modern = headers
        .get("mcp-protocol-version")
        .is_some_and(|v| v.as_bytes() >= b"2026-07-28".as_slice());
    request.method() == axum::http::Method::POST
        && !headers.contains_key("mcp-session-id")
        && !modern
}
