//! The two tasks that own a socket.
//!
//! The writer gathers what is queued before it flushes; the reader allocates no more than what has
//! arrived, now or in an earlier answer, whatever length the other side states.

use super::frame;
use super::{End, Shared};
use bytes::{Bytes, BytesMut};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, BufWriter};
use tokio::sync::mpsc;

/// First allocation for an answer; it grows as bytes arrive.
const FIRST_BYTES: usize = 256 * 1024;
/// A peer that has sent this much at once before is believed that much from the start, which saves copying while
/// the buffer grows.
const BELIEVED_BYTES: usize = 8 << 20;

/// What a connection reads from and writes to.
pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Unpin + 'static {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Socket for T {}

/// Reads frames until the connection ends.
pub(super) async fn read(input: impl AsyncRead + Unpin, shared: Arc<Shared>) {
    let mut input = BufReader::with_capacity(64 * 1024, input);
    let mut first = FIRST_BYTES;
    let end = loop {
        match read_frame(&mut input, first).await {
            Ok(frame) => {
                first = first.max(frame.len().min(BELIEVED_BYTES));
                if let Err(end) = shared.deliver(frame) {
                    break end;
                }
            }
            Err(end) => break end,
        }
    };
    shared.end(end);
}

async fn read_frame(input: &mut (impl AsyncRead + Unpin), first: usize) -> Result<Bytes, End> {
    let mut prefix = [0; 4];
    input.read_exact(&mut prefix).await.map_err(|e| end(&e))?;
    let length = frame::length(prefix).map_err(End::Protocol)?;
    let mut frame = BytesMut::with_capacity(length.min(first));
    let mut rest = input.take(length as u64);
    while frame.len() < length {
        if frame.len() == frame.capacity() {
            frame.reserve((length - frame.len()).min(frame.len()));
        }
        if rest.read_buf(&mut frame).await.map_err(|e| end(&e))? == 0 {
            return Err(End::Closed);
        }
    }
    Ok(frame.freeze())
}

/// Writes frames until the connection ends.
pub(super) async fn write(
    output: impl AsyncWrite + Unpin,
    queue: mpsc::Receiver<Bytes>,
    shared: Arc<Shared>,
) {
    let outcome = tokio::select! {
        () = shared.gone.cancelled() => return,
        outcome = write_all(output, queue) => outcome,
    };
    if let Err(error) = outcome {
        // The reader sees the same end and may know more (a TLS alert), so it goes first.
        tokio::time::sleep(Duration::from_millis(250)).await;
        shared.end(end(&error));
    }
}

async fn write_all(
    output: impl AsyncWrite + Unpin,
    mut queue: mpsc::Receiver<Bytes>,
) -> io::Result<()> {
    let mut output = BufWriter::with_capacity(16 * 1024, output);
    while let Some(frame) = queue.recv().await {
        output.write_all(&frame).await?;
        while let Ok(frame) = queue.try_recv() {
            output.write_all(&frame).await?;
        }
        output.flush().await?;
    }
    Ok(())
}

fn end(error: &io::Error) -> End {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::AlertReceived(alert)) => End::Alert(format!("{alert:?}")),
        Some(other) => End::Protocol(other.to_string()),
        None => End::Closed,
    }
}
