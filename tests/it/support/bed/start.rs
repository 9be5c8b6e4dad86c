//! Starting the cluster, and the pipe that keeps it alive.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{OnceLock, RwLock};

use serde::Deserialize;

use super::Bed;

/// `run/endpoints.json`, as the scripts write it.
#[derive(Debug, Deserialize)]
pub(super) struct Endpoints {
    nodes: Vec<Node>,
    tools: u16,
    python: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: i32,
    #[serde(flatten)]
    ports: BTreeMap<String, u16>,
}

impl Endpoints {
    pub(super) fn port(&self, node: i32, listener: &str) -> Option<u16> {
        self.nodes
            .iter()
            .find(|n| n.id == node)?
            .ports
            .get(listener)
            .copied()
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = i32> {
        self.nodes.iter().map(|n| n.id)
    }

    pub(super) fn python(&self) -> &Path {
        &self.python
    }

    pub(super) fn tools(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.tools))
    }
}

/// The process that ends the cluster once its standard input closes, so also when this process is killed.
#[derive(Debug)]
pub(super) struct Hold {
    _process: Child,
    _alive: ChildStdin,
}

static BED: OnceLock<Result<Bed, String>> = OnceLock::new();

/// The cluster of this process, started at the first call.
#[expect(
    clippy::panic,
    reason = "without a bed no test that needs one can say anything"
)]
pub(super) fn bed() -> &'static Bed {
    match BED.get_or_init(start) {
        Ok(bed) => bed,
        Err(why) => panic!("the test bed did not start: {why}"),
    }
}

static SECOND: OnceLock<Result<Bed, String>> = OnceLock::new();

/// The second cluster of this process, one small node, started at the first call. Kafka's tools run in the JVM of the
/// first one.
#[expect(clippy::panic, reason = "as above")]
pub(super) fn second() -> &'static Bed {
    match SECOND.get_or_init(|| start_second(bed())) {
        Ok(bed) => bed,
        Err(why) => panic!("the second test bed did not start: {why}"),
    }
}

fn start_second(first: &Bed) -> Result<Bed, String> {
    let mut dir = first.dir.clone().into_os_string();
    dir.push("-second");
    let dir = PathBuf::from(dir);
    fs::create_dir_all(&dir).map_err(|e| format!("`{}`: {e}", dir.display()))?;
    let settings = [("NODES", "1"), ("HEAP", "256m"), ("TOOLS", "none")];
    let hold = hold(&dir, &settings)?;
    let mut second = of(dir, Some(hold))?;
    second.endpoints.tools = first.endpoints.tools;
    Ok(second)
}

fn start() -> Result<Bed, String> {
    let dir = std::env::var_os("KAFKAWEAVE_BED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bed"),
        PathBuf::from,
    );
    fs::create_dir_all(&dir).map_err(|e| format!("`{}`: {e}", dir.display()))?;
    let dir = dir
        .canonicalize()
        .map_err(|e| format!("`{}`: {e}", dir.display()))?;
    let attach = std::env::var_os("KAFKAWEAVE_BED_ATTACH").is_some();
    let hold = if attach { None } else { Some(hold(&dir, &[])?) };
    of(dir, hold)
}

/// The cluster that is up in a folder.
fn of(dir: PathBuf, hold: Option<Hold>) -> Result<Bed, String> {
    let file = dir.join("run/endpoints.json");
    let text = fs::read_to_string(&file).map_err(|e| format!("`{}`: {e}", file.display()))?;
    let endpoints =
        serde_json::from_str(&text).map_err(|e| format!("`{}`: {e}", file.display()))?;
    Ok(Bed {
        dir,
        endpoints,
        _hold: hold,
        gate: RwLock::new(()),
        broken: AtomicBool::new(false),
        names: AtomicU32::new(0),
    })
}

fn hold(dir: &Path, settings: &[(&str, &str)]) -> Result<Hold, String> {
    let log = dir.join("hold.log");
    let said = File::create(&log).map_err(|e| format!("`{}`: {e}", log.display()))?;
    let script = Bed::script("hold.sh");
    let mut process = Command::new(&script)
        .env("KAFKAWEAVE_BED", dir)
        .envs(settings.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(said)
        // Control-C in the terminal must reach this process alone: the other one has to clean up.
        .process_group(0)
        .spawn()
        .map_err(|e| format!("`{}`: {e}", script.display()))?;
    let (Some(alive), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
        return Err("the pipes of `hold.sh` are missing".to_owned());
    };
    let mut line = String::new();
    let read = BufReader::new(output).read_line(&mut line);
    if read.is_ok() && line.trim() == "ready" {
        return Ok(Hold {
            _process: process,
            _alive: alive,
        });
    }
    drop(alive);
    let status = process
        .wait()
        .map_or_else(|e| e.to_string(), |s| s.to_string());
    let said = fs::read_to_string(&log).unwrap_or_default();
    Err(format!("{status}: {}", said.trim()))
}
