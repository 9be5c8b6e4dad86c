//! `serve`: MCP over stdio or HTTP until the client or a signal ends it.

use super::{CliError, Common, Session};
use crate::server::http::{Http, HttpOptions, PATH};
use crate::server::{Server, stdio};
use clap::{Args, ValueEnum};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Transport of `serve`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Transport {
    /// Standard input and output; what assistants start themselves.
    #[default]
    Stdio,
    /// Streamable HTTP at /mcp.
    Http,
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// How to talk to the client.
    #[arg(value_enum, default_value_t)]
    transport: Transport,
    /// Address for HTTP; port 0 takes a free one. Other than loopback needs a token.
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<SocketAddr>,
    /// Leave the schemas of answers out of the tool list, which saves tokens in some hosts.
    #[arg(long)]
    no_output_schema: bool,
}

pub(super) async fn run(common: &Common, args: ServeArgs) -> Result<ExitCode, CliError> {
    let session = Session::serve(common).await?;
    let server = Server::new(Arc::clone(&session.dispatcher), !args.no_output_schema);
    let stop = CancellationToken::new();
    tokio::spawn(signalled(stop.clone()));
    let result = match args.transport {
        Transport::Stdio => stdio::serve(server, stop).await.map_err(CliError::Failed),
        Transport::Http => http(&session, server, args.listen, stop).await,
    };
    session.stop().await;
    result.map(|()| ExitCode::SUCCESS)
}

async fn http(
    session: &Session,
    server: Server,
    listen: Option<SocketAddr>,
    stop: CancellationToken,
) -> Result<(), CliError> {
    let config = &session.config.server;
    let mut tokens = Vec::with_capacity(config.tokens.len());
    for token in &config.tokens {
        tokens.push(
            token
                .resolve()
                .await
                .map_err(|e| CliError::Failed(format!("token: {e}")))?,
        );
    }
    let options = HttpOptions {
        bind: listen.unwrap_or(config.listen),
        allowed_hosts: config.allowed_hosts.clone(),
        allowed_origins: config.allowed_origins.clone(),
        tokens,
        sessions: config.max_sessions,
        session_idle: Duration::from_millis(config.session_idle_ms),
        ..HttpOptions::default()
    };
    let http = Http::bind(server, options, stop)
        .await
        .map_err(CliError::Failed)?;
    let address = http
        .address()
        .map_err(|e| CliError::Failed(e.to_string()))?;
    eprintln!("listening on http://{address}{PATH}");
    http.serve()
        .await
        .map_err(|e| CliError::Failed(e.to_string()))
}

/// Ends serving at the first interrupt or termination.
async fn signalled(stop: CancellationToken) {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            stop.cancel()
        }
    }
    #[cfg(not(unix))]
    if interrupt.await.is_ok() {
        stop.cancel();
    }
}
