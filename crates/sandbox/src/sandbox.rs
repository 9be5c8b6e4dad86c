//! Starting, asking and stopping a sandbox.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cluster::{Cluster, NODES, Node};
use crate::counters::Counters;
use crate::faults::Faults;
use crate::node::{self, Bounds};
use crate::options::{Options, SandboxError};
use crate::{group, seed};

/// How often group deadlines are looked at.
const TICK: Duration = Duration::from_millis(50);

/// A running in-memory Kafka cluster of three nodes. Dropping it stops it as well, without waiting.
pub struct Sandbox {
    cluster: Arc<Cluster>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("cluster_id", &self.cluster.id)
            .field("bootstrap", &self.bootstrap())
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Starts three nodes and plants the demo data. Once this returns, clients can connect.
    ///
    /// # Errors
    /// [`SandboxError::NotLoopback`] for an address that others can reach, [`SandboxError::Listen`] if
    /// a port is taken.
    pub async fn start(options: Options) -> Result<Self, SandboxError> {
        if !options.bind.is_loopback() {
            return Err(SandboxError::NotLoopback { bind: options.bind });
        }
        let mut listeners = Vec::with_capacity(NODES.len());
        let mut addresses = [SocketAddr::new(options.bind, 0); 3];
        for (slot, id) in NODES.into_iter().enumerate() {
            let address = SocketAddr::new(options.bind, options.ports[slot]);
            let failed = |source| SandboxError::Listen {
                node: id,
                address,
                source,
            };
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            addresses[slot] = listener.local_addr().map_err(failed)?;
            listeners.push((id, listener));
        }
        let nodes = [0, 1, 2].map(|slot| Node {
            id: NODES[slot],
            address: addresses[slot],
            rack: format!("sandbox-rack-{}", NODES[slot]),
        });
        let cluster = Cluster::new(nodes, options.partition_bytes, options.total_bytes);
        let sandbox = Self {
            cluster,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        if options.seed {
            seed::plant(&sandbox.cluster)?;
        }
        let bounds = Bounds {
            frame_bytes: options.frame_bytes,
            connections: options.connections,
        };
        for (id, listener) in listeners {
            let (cluster, stop) = (Arc::clone(&sandbox.cluster), sandbox.stop.clone());
            sandbox
                .tasks
                .spawn(node::run(cluster, id, listener, bounds, stop));
        }
        let (cluster, stop) = (Arc::clone(&sandbox.cluster), sandbox.stop.clone());
        sandbox.tasks.spawn(async move {
            let mut ticks = tokio::time::interval(TICK);
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    now = ticks.tick() => group::expire(&cluster, now.into_std()),
                }
            }
        });
        if options.seed {
            seed::run(
                &sandbox.cluster,
                options.traffic,
                &sandbox.stop,
                &sandbox.tasks,
            )
            .await;
        }
        Ok(sandbox)
    }

    /// All three nodes as a client's `bootstrap.servers`, such as `127.0.0.1:5001,127.0.0.1:5002,127.0.0.1:5003`.
    pub fn bootstrap(&self) -> String {
        self.addresses()
            .map(|address| address.to_string())
            .join(",")
    }

    /// Addresses of nodes 1, 2 and 3.
    pub fn addresses(&self) -> [SocketAddr; 3] {
        [0, 1, 2].map(|slot: usize| self.cluster.nodes[slot].address)
    }

    /// The cluster id; it starts with `sandbox-`.
    pub fn cluster_id(&self) -> &str {
        &self.cluster.id
    }

    /// Hooks that make requests fail.
    pub fn faults(&self) -> &Faults {
        &self.cluster.faults
    }

    /// Requests and connections so far.
    pub fn counters(&self) -> &Counters {
        &self.cluster.counters
    }

    /// Requests received so far, as (API key, count) over all nodes.
    pub fn requests(&self) -> Vec<(i16, u64)> {
        self.cluster.counters.requests()
    }

    /// Client connections open now.
    pub fn open_connections(&self) -> usize {
        self.cluster.counters.open_connections()
    }

    /// Stops traffic and nodes and waits until all connections are closed.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
