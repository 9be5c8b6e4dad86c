//! What a sandbox can be told, and why one may fail to start.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// How to start a [`Sandbox`](crate::Sandbox).
#[derive(Debug, Clone)]
pub struct Options {
    /// Address to listen on. There is no authentication, so anything but loopback is refused.
    pub bind: IpAddr,
    /// Ports of nodes 1, 2 and 3; `0` takes a free one.
    pub ports: [u16; 3],
    /// Plant the demo topics, groups and faults.
    pub seed: bool,
    /// Keep producing and consuming a few records a second. Needs `seed`.
    pub traffic: bool,
    /// Most bytes that one partition keeps, above its own `retention.bytes`; the oldest batches go first.
    pub partition_bytes: usize,
    /// Most bytes that all partitions together keep; the largest partition gives way first.
    pub total_bytes: usize,
    /// Largest request frame in bytes (`socket.request.max.bytes`); a larger one closes its connection.
    pub frame_bytes: usize,
    /// Most connections open at a time over all nodes; further ones are closed at once.
    pub connections: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            ports: [0; 3],
            seed: true,
            traffic: true,
            partition_bytes: 256 << 20,
            total_bytes: 1 << 30,
            frame_bytes: 100 << 20,
            connections: 2_000,
        }
    }
}

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The sandbox has no authentication: it listens on loopback only.
    #[error(
        "cannot listen on `{bind}`: the sandbox has no authentication and takes loopback addresses only"
    )]
    NotLoopback {
        /// The address that was asked for.
        bind: IpAddr,
    },
    /// A port is taken or not permitted.
    #[error("node {node} cannot listen on `{address}`: {source}")]
    Listen {
        /// Node, 1 to 3.
        node: i32,
        /// Address and port that were asked for.
        address: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The demo data could not be planted.
    #[error("cannot plant `{topic}`: Kafka error {code}")]
    Seed {
        /// Topic that could not be created or filled.
        topic: String,
        /// Kafka's error code.
        code: i16,
    },
}
