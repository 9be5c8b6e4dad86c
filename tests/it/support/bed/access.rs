//! Who may break the nodes: many tests share the cluster, one that injects faults has it alone.

use std::ops::Deref;
use std::process::Command;
use std::sync::{PoisonError, RwLockReadGuard, RwLockWriteGuard};

use super::{Bed, Listener, NODES, start};

/// Use of the cluster beside other tests. Take it once per test: a second one in the same thread may wait for ever.
#[derive(Debug)]
pub(crate) struct Shared {
    bed: &'static Bed,
    _turn: RwLockReadGuard<'static, ()>,
}

/// Use of the cluster alone, with faults. When dropped, all nodes run again and every ISR is whole.
#[derive(Debug)]
pub(crate) struct Exclusive {
    bed: &'static Bed,
    _turn: RwLockWriteGuard<'static, ()>,
}

/// Waits while a test has the cluster alone.
pub(crate) fn shared() -> Shared {
    let bed = start::bed();
    let turn = bed.gate.read().unwrap_or_else(PoisonError::into_inner);
    assert!(
        !bed.is_broken(),
        "an earlier test left nodes that did not come back"
    );
    Shared { bed, _turn: turn }
}

/// The second cluster, of one node, beside the first one. Nobody breaks its node; the guard of the first one keeps
/// that (and the JVM of Kafka's tools, which both share) whole meanwhile.
pub(crate) fn second(_first: &Bed) -> &'static Bed {
    start::second()
}

/// Waits until no other test uses the cluster.
pub(crate) fn exclusive() -> Exclusive {
    let bed = start::bed();
    let turn = bed.gate.write().unwrap_or_else(PoisonError::into_inner);
    assert!(
        !bed.is_broken(),
        "an earlier test left nodes that did not come back"
    );
    Exclusive { bed, _turn: turn }
}

impl Deref for Shared {
    type Target = Bed;
    fn deref(&self) -> &Bed {
        self.bed
    }
}

impl Deref for Exclusive {
    type Target = Bed;
    fn deref(&self) -> &Bed {
        self.bed
    }
}

impl Exclusive {
    /// `kill -9`. The others take the node for dead after about 3 s, see [`Exclusive::await_fenced`].
    pub(crate) fn kill(&self, node: i32) {
        self.order("kill", node);
    }

    /// A clean end, with controlled shutdown.
    pub(crate) fn halt(&self, node: i32) {
        self.order("halt", node);
    }

    /// Returns when the node answers again; its replicas may still be catching up.
    pub(crate) fn start(&self, node: i32) {
        self.order("start", node);
    }

    /// SIGSTOP: its ports still accept connections, and then nothing answers.
    pub(crate) fn freeze(&self, node: i32) {
        self.order("stop", node);
    }

    /// SIGCONT.
    pub(crate) fn thaw(&self, node: i32) {
        self.order("cont", node);
    }

    /// Moves the second log dir of node 1 (`b`) away. The broker takes it offline when it next writes there, within
    /// some five seconds, and goes on with the other one.
    pub(crate) fn lose_log_dir(&self) {
        let mut command = self.cluster();
        run(command.args(["lose", "1", "b"])).unwrap_or_else(|why| fail(&why));
    }

    /// Ends a node, changes a line of its settings (`None` takes it away), and starts it again. The guard's end does not
    /// put it back.
    pub(crate) fn reconfigure(&self, node: i32, key: &str, value: Option<&str>) {
        let file = self.bed.dir.join(format!("run/node{node}.properties"));
        let text = std::fs::read_to_string(&file).unwrap_or_else(|e| fail(&e.to_string()));
        let first = format!("{key}=");
        let kept = text.lines().filter(|line| !line.starts_with(&first));
        let mut lines: Vec<String> = kept.map(str::to_owned).collect();
        lines.extend(value.map(|value| format!("{key}={value}")));
        lines.push(String::new());
        self.halt(node);
        std::fs::write(&file, lines.join("\n")).unwrap_or_else(|e| fail(&e.to_string()));
        self.start(node);
    }

    /// Waits until every other node lists two brokers only.
    pub(crate) fn await_fenced(&self, node: i32) {
        let others = NODES
            .iter()
            .filter(|n| **n != node)
            .map(|n| self.bed.address(*n, Listener::Plaintext));
        let mut ready = Command::new(Bed::script("ready.py"));
        ready
            .args(["--exactly", "--seconds", "60", "2"])
            .args(others);
        run(&mut ready).unwrap_or_else(|why| fail(&why));
    }

    /// Brings all nodes back, as the end of this guard does.
    pub(crate) fn restore(&self) {
        self.try_restore().unwrap_or_else(|why| fail(&why));
    }

    fn try_restore(&self) -> Result<(), String> {
        run(self.cluster().arg("restore"))
    }

    fn order(&self, what: &str, node: i32) {
        run(self.cluster().arg(what).arg(node.to_string())).unwrap_or_else(|why| fail(&why));
    }

    fn cluster(&self) -> Command {
        let mut command = Command::new(Bed::script("cluster.sh"));
        command.env("KAFKAWEAVE_BED", &self.bed.dir);
        command
    }
}

impl Drop for Exclusive {
    fn drop(&mut self) {
        if let Err(why) = self.try_restore() {
            self.bed
                .broken
                .store(true, std::sync::atomic::Ordering::SeqCst);
            if !std::thread::panicking() {
                fail(&why);
            }
        }
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{command:?}: {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    ))
}

#[expect(
    clippy::panic,
    reason = "a fault that cannot be made or mended fails the test"
)]
fn fail(why: &str) -> ! {
    panic!("{why}")
}
