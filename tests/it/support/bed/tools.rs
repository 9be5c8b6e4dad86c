//! Calls into the warm JVM that runs Kafka's tools; the other side is `testbed/java/testbed/Tools.java`.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const OUTPUT: u8 = 1;
const ERROR_OUTPUT: u8 = 2;
const EXIT: u8 = 3;

/// A tool that did not end with exit code 0.
#[derive(Debug)]
pub(crate) struct Failed {
    /// `None` when it never ended.
    pub(crate) exit: Option<i32>,
    pub(crate) output: String,
    pub(crate) error_output: String,
}

impl Failed {
    /// Whether a topic was not known to the broker that was asked: gone, or so new.
    pub(crate) fn topic_went(&self) -> bool {
        self.error_output
            .contains("UnknownTopicOrPartitionException")
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "exit {:?}: {}{}",
            self.exit, self.output, self.error_output
        )
    }
}

impl std::error::Error for Failed {}

#[derive(Debug, Default)]
struct Heard {
    output: Vec<u8>,
    error_output: Vec<u8>,
    exit: Option<i32>,
    /// Why nothing more will come before an exit code did.
    lost: Option<String>,
}

impl Heard {
    fn output(&self) -> String {
        String::from_utf8_lossy(&self.output).into_owned()
    }

    fn failed(&self) -> Failed {
        let mut error_output = String::from_utf8_lossy(&self.error_output).into_owned();
        error_output.extend(self.lost.iter().cloned());
        Failed {
            exit: self.exit,
            output: self.output(),
            error_output,
        }
    }

    fn result(&self) -> Result<String, Failed> {
        if self.exit == Some(0) {
            Ok(self.output())
        } else {
            Err(self.failed())
        }
    }
}

fn connect(tools: SocketAddr, words: &[&str]) -> io::Result<TcpStream> {
    // The JVM starts together with the nodes and is there long before them.
    let stream = TcpStream::connect(tools)?;
    stream.set_nodelay(true)?;
    let mut request = Vec::new();
    push_size(&mut request, words.len())?;
    for word in words {
        push_size(&mut request, word.len())?;
        request.extend(word.as_bytes());
    }
    (&stream).write_all(&request)?;
    Ok(stream)
}

fn push_size(to: &mut Vec<u8>, size: usize) -> io::Result<()> {
    to.extend(i32::try_from(size).map_err(io::Error::other)?.to_be_bytes());
    Ok(())
}

/// The next frame: its kind and its bytes.
fn hear(mut stream: &TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let [kind, size @ ..] = head;
    let size = usize::try_from(i32::from_be_bytes(size)).map_err(io::Error::other)?;
    let mut bytes = vec![0; size];
    stream.read_exact(&mut bytes)?;
    Ok((kind, bytes))
}

impl Heard {
    /// Takes one frame in; `false` when it was the last.
    fn take(&mut self, frame: io::Result<(u8, Vec<u8>)>) -> bool {
        match frame {
            Ok((OUTPUT, bytes)) => self.output.extend(bytes),
            Ok((ERROR_OUTPUT, bytes)) => self.error_output.extend(bytes),
            Ok((EXIT, bytes)) => self.exit = bytes.try_into().ok().map(i32::from_be_bytes),
            Ok((kind, _)) => self.lost = Some(format!("a frame of unknown kind {kind}")),
            Err(e) => self.lost = Some(format!("nothing more was heard: {e}")),
        }
        self.exit.is_none() && self.lost.is_none()
    }
}

/// Runs one tool to its end. `limit` is the longest silence.
pub(super) fn call(
    tools: SocketAddr,
    words: &[&str],
    input: &str,
    limit: Duration,
) -> Result<String, Failed> {
    let mut heard = Heard::default();
    let talk = || -> io::Result<TcpStream> {
        let stream = connect(tools, words)?;
        stream.set_read_timeout(Some(limit))?;
        Ok(stream)
    };
    match talk() {
        Ok(stream) => std::thread::scope(|scope| {
            // Beside the reading: a tool may answer before it has taken all of its input.
            scope.spawn(|| {
                let written = (&stream).write_all(input.as_bytes());
                // When the tool has ended early its exit code tells all.
                let _ = written.and_then(|()| stream.shutdown(Shutdown::Write));
            });
            while heard.take(hear(&stream)) {}
            // Frees the writer where the tool fell silent.
            let _ = stream.shutdown(Shutdown::Both);
        }),
        Err(e) => heard.lost = Some(e.to_string()),
    }
    heard.result()
}

/// A live member of a group. Leaves the group when dropped.
#[derive(Debug)]
pub(crate) struct Member {
    stream: TcpStream,
    heard: Arc<(Mutex<Heard>, Condvar)>,
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Member {
    pub(super) fn start(tools: SocketAddr, words: &[&str]) -> io::Result<Self> {
        let stream = connect(tools, words)?;
        let heard = Arc::new((Mutex::new(Heard::default()), Condvar::new()));
        let (from, to) = (stream.try_clone()?, Arc::clone(&heard));
        std::thread::spawn(move || {
            loop {
                let frame = hear(&from);
                let more = lock(&to.0).take(frame);
                to.1.notify_all();
                if !more {
                    break;
                }
            }
        });
        Ok(Self { stream, heard })
    }

    /// Waits until what it has printed (a line `assigned [topic-0, ..]`, `revoked [..]` or `running` as things happen)
    /// is as wanted, and returns that.
    ///
    /// # Errors
    /// [`Failed`] when it ended before, or `limit` is over.
    pub(crate) fn await_output(
        &self,
        limit: Duration,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<String, Failed> {
        let until = Instant::now() + limit;
        let mut heard = lock(&self.heard.0);
        loop {
            let output = heard.output();
            if wanted(&output) {
                return Ok(output);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || heard.exit.is_some() || heard.lost.is_some() {
                return Err(heard.failed());
            }
            heard = self
                .heard
                .1
                .wait_timeout(heard, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Leaves the group, and returns when it has.
    pub(crate) fn leave(self) -> Result<String, Failed> {
        self.leave_within(Duration::from_secs(30))
    }

    fn leave_within(&self, limit: Duration) -> Result<String, Failed> {
        // An error means that the other side is gone already, which is what is wanted.
        let _ = self.stream.shutdown(Shutdown::Write);
        let until = Instant::now() + limit;
        let mut heard = lock(&self.heard.0);
        while heard.exit.is_none() && heard.lost.is_none() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            heard = self
                .heard
                .1
                .wait_timeout(heard, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        heard.result()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // How it went matters to nobody any more; the wait keeps the next test from meeting the member.
        let _ = self.leave_within(Duration::from_secs(10));
    }
}
