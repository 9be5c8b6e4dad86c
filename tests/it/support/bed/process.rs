//! A JVM of its own, for what has to die a sudden death: a member that never says goodbye.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Bed;

/// A command that counts as part of the bed: it is ended with it, even when this process cannot.
pub(super) fn of_bed(dir: &Path, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .env("KAFKAWEAVE_BED", dir)
        .env("KAFKAWEAVE_BED_PROCESS", dir)
        // Cargo puts the librdkafka of this build there, and kcat has its own.
        .env_remove("LD_LIBRARY_PATH");
    command
}

/// Runs a command to its end: what it printed, or why it failed.
pub(super) fn output(mut command: Command) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("{command:?}: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}: {}", output.status, said.trim()))
}

/// A running Java program; killed (SIGKILL) when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
    _stdin: Option<std::process::ChildStdin>,
}

impl Bed {
    /// Starts a class on Kafka's class path in its own JVM, with just these words. Its standard input stays open.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub(crate) fn spawn_java(&self, words: &[&str]) -> io::Result<Process> {
        let log = self
            .dir
            .join("logs")
            .join(format!("{}.log", self.name("java")));
        let to = File::create(&log)?;
        let mut command = of_bed(&self.dir, Bed::script("cluster.sh"));
        command
            .arg("k")
            .args(words)
            .stdin(Stdio::piped())
            .stdout(to.try_clone()?)
            .stderr(to);
        let mut child = command.spawn()?;
        let stdin = child.stdin.take();
        Ok(Process {
            child,
            log,
            _stdin: stdin,
        })
    }
}

impl Process {
    /// All that it has printed.
    pub(crate) fn output(&self) -> String {
        fs::read(&self.log).map_or_else(
            |e| e.to_string(),
            |b| String::from_utf8_lossy(&b).into_owned(),
        )
    }

    /// Waits until what it has printed is as wanted.
    ///
    /// # Errors
    /// What it has printed so far, when it ended before or `limit` is over.
    pub(crate) fn await_output(
        &mut self,
        limit: Duration,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<String, String> {
        let until = Instant::now() + limit;
        loop {
            let ended = !matches!(self.child.try_wait(), Ok(None));
            let output = self.output();
            if wanted(&output) {
                return Ok(output);
            }
            if ended || Instant::now() > until {
                return Err(output);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sudden death.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It fails only when the process has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
