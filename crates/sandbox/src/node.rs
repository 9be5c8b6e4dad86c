//! One node: its listener, its connections, the frames on them.
//!
//! Requests of a connection are handled one after the other, as a broker does. While one waits, the
//! socket is still watched, so that a client that hangs up cancels its request at once. A bad frame
//! closes its own connection and nothing else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cluster::{Cluster, NODES};
use crate::dispatch::{self, Call, Context};
use crate::faults::Fault;

/// Bytes that a client may send ahead while its request is in work.
const READ_AHEAD_BYTES: usize = 1 << 20;
/// Wait before a lost port is tried again.
const REBIND_AFTER: Duration = Duration::from_millis(50);

/// Bounds for connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) frame_bytes: usize,
    pub(crate) connections: usize,
}

/// Accepts connections of one node until `stop`, closing listener and connections while the fault
/// hooks say that the node is down.
pub(crate) async fn run(
    cluster: Arc<Cluster>,
    id: i32,
    listener: TcpListener,
    bounds: Bounds,
    stop: CancellationToken,
) {
    let Some(address) = cluster.node(id).map(|node| node.address) else {
        return;
    };
    let mut up = cluster.faults.watch();
    let mut listener = Some(listener);
    while !stop.is_cancelled() {
        let open = match listener.take() {
            Some(open) => open,
            None => match TcpListener::bind(address).await {
                Ok(open) => open,
                Err(error) => {
                    tracing::warn!(node = id, %address, %error, "cannot listen again yet");
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(REBIND_AFTER) => continue,
                    }
                }
            },
        };
        cluster.set_live(id, true);
        let session = stop.child_token();
        let tracker = TaskTracker::new();
        tokio::select! {
            () = stop.cancelled() => {}
            () = until(&mut up, id, false) => {}
            () = accept(&cluster, id, &open, bounds, &session, &tracker) => {}
        }
        drop(open);
        session.cancel();
        tracker.close();
        tracker.wait().await;
        if stop.is_cancelled() {
            return;
        }
        cluster.set_live(id, false);
        tokio::select! {
            () = stop.cancelled() => return,
            () = until(&mut up, id, true) => {}
        }
    }
}

/// Waits until the fault hooks want a node up or down.
async fn until(up: &mut watch::Receiver<[bool; 3]>, id: i32, wanted: bool) {
    let Some(slot) = NODES.iter().position(|node| *node == id) else {
        return;
    };
    if up.wait_for(|all| all[slot] == wanted).await.is_err() {
        std::future::pending::<()>().await; // the hooks are gone with the cluster: `stop` ends this node
    }
}

async fn accept(
    cluster: &Arc<Cluster>,
    node: i32,
    listener: &TcpListener,
    bounds: Bounds,
    session: &CancellationToken,
    tracker: &TaskTracker,
) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: others may close theirs.
                tracing::warn!(node, %error, "cannot accept");
                tokio::time::sleep(REBIND_AFTER).await;
                continue;
            }
        };
        if cluster.counters.open_connections() >= bounds.connections {
            tracing::warn!(node, %peer, "too many connections");
            continue;
        }
        let (cluster, session) = (Arc::clone(cluster), session.clone());
        tracker.spawn(async move {
            let held = cluster.counters.connection();
            tokio::select! {
                () = session.cancelled() => {}
                () = serve(&cluster, node, stream, peer, bounds.frame_bytes) => {}
            }
            drop(held);
        });
    }
}

async fn serve(
    cluster: &Arc<Cluster>,
    node: i32,
    stream: TcpStream,
    peer: SocketAddr,
    frame_bytes: usize,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(node, %peer, %error, "no TCP_NODELAY");
    }
    let (mut reader, mut writer) = stream.into_split();
    let mut buffer = BytesMut::with_capacity(8 << 10);
    loop {
        let frame = match next_frame(&mut reader, &mut buffer, frame_bytes).await {
            Ok(Some(frame)) => frame,
            Ok(None) => return,
            Err(why) => {
                tracing::info!(node, %peer, why, "connection closed");
                return;
            }
        };
        let work = handle(cluster, node, peer, frame);
        tokio::pin!(work);
        let outcome = loop {
            tokio::select! {
                outcome = &mut work => break outcome,
                read = reader.read_buf(&mut buffer), if buffer.len() < READ_AHEAD_BYTES => {
                    if !matches!(read, Ok(1..)) {
                        return; // hung up: the request is dropped with `work`
                    }
                }
            }
        };
        match outcome {
            Outcome::Answer(answer) => {
                if writer.write_all(&answer).await.is_err() {
                    return;
                }
            }
            Outcome::Nothing => {}
            Outcome::Close(why) => {
                tracing::info!(node, %peer, why, "connection closed");
                return;
            }
        }
    }
}

/// The next frame, `None` at the end of the stream. Memory grows with what really arrives, not with
/// what the length claims.
async fn next_frame(
    reader: &mut OwnedReadHalf,
    buffer: &mut BytesMut,
    frame_bytes: usize,
) -> Result<Option<Bytes>, &'static str> {
    loop {
        if let Some(mut prefix) = buffer.get(..4) {
            let length = usize::try_from(prefix.get_i32()).map_err(|_| "negative frame length")?;
            if length > frame_bytes {
                return Err("frame too large");
            }
            if buffer.len() >= 4 + length {
                buffer.advance(4);
                return Ok(Some(buffer.split_to(length).freeze()));
            }
        }
        match reader.read_buf(buffer).await {
            Ok(0) if buffer.is_empty() => return Ok(None),
            Ok(0) => return Err("the stream ends inside a frame"),
            Ok(_) => {}
            Err(_) => return Ok(None),
        }
    }
}

enum Outcome {
    Answer(Bytes),
    /// `acks=0`: the client expects no answer.
    Nothing,
    Close(&'static str),
}

async fn handle(cluster: &Arc<Cluster>, node: i32, peer: SocketAddr, frame: Bytes) -> Outcome {
    let (call, body) = match Call::parse(frame) {
        Ok(parsed) => parsed,
        Err(why) => return Outcome::Close(why),
    };
    cluster.counters.count(node, call.api_key);
    let held = cluster.counters.request();
    let verdict = cluster.faults.judge(node, call.api_key);
    if !verdict.delay.is_zero() {
        tokio::time::sleep(verdict.delay).await;
    }
    let mut refuse_with = None;
    let mut drop_after = false;
    match verdict.fault {
        Some(Fault::Drop) => return Outcome::Close("fault: drop"),
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::Error(code)) => refuse_with = Some(code),
        Some(Fault::DropAfter) => drop_after = true,
        Some(Fault::Delay(_)) | None => {}
    }
    let context = Context {
        cluster: Arc::clone(cluster),
        node,
        client_id: call.client_id.clone(),
        client_host: format!("/{}", peer.ip()),
    };
    let answer = dispatch::answer(&context, &call, body, refuse_with).await;
    drop(held);
    match answer {
        _ if drop_after => Outcome::Close("fault: drop after handling"),
        Ok(Some(bytes)) => Outcome::Answer(bytes),
        Ok(None) => Outcome::Nothing,
        Err(why) => Outcome::Close(why),
    }
}
