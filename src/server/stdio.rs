//! MCP over standard input and output.
//!
//! Ends when the input ends: what was asked before has five more seconds to be answered, so that
//! requests can be piped in, and is then stopped. Nothing but protocol messages goes to standard output.

use super::Server;
use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;
use tokio_util::sync::CancellationToken;

/// Serves one client until it closes the input or `stop` is cancelled.
///
/// # Errors
/// A message when the client's first message cannot be understood.
pub async fn serve(server: Server, stop: CancellationToken) -> Result<(), String> {
    let transport = rmcp::transport::stdio_pipes();
    let running = match server.serve_with_ct(transport, stop).await {
        Ok(running) => running,
        // A client that only probes with `server/discover`, or closes at once, did nothing wrong.
        Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => {
            return Ok(());
        }
        Err(error) => {
            return Err(format!(
                "the client's first message was not understood: {error}"
            ));
        }
    };
    running.waiting().await.map(drop).map_err(|e| e.to_string())
}
