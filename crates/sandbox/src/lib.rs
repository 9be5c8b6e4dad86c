//! An in-memory Kafka broker: three nodes in one process, on three loopback ports.
//!
//! Why: people learn, demonstrate and test against something that answers like Kafka 4.3 but needs no
//! JVM, no disk and no set-up. It starts in milliseconds with topics, traffic, consumer groups and a
//! few planted faults, and it has hooks that make it fail on request. Any Kafka client can use it.
//!
//! What it deliberately does not do: keep anything on disk, replicate (the three nodes share one
//! memory), speak TLS or SASL, run transactions, share or streams groups, or create topics by itself.
//! It is held to the real broker by contract tests, but it never stands in for one where a tool has
//! to be proven. It says what it is: the cluster id starts with `sandbox-`, racks are `sandbox-rack-N`.
//!
//! Reading order: [`Sandbox`] starts [`Options`]; `node` accepts connections and cuts frames; `shape`
//! checks them; `dispatch` routes a request to its `api` function; those work on `cluster` (topics,
//! nodes), `log` (records), `group` (consumer groups) and `config` (settings); `seed` plants the data
//! and keeps traffic running; [`Faults`] and [`Counters`] are for tests and lessons.

mod api;
mod cluster;
mod config;
mod counters;
mod dispatch;
mod faults;
mod group;
mod log;
mod node;
mod options;
mod sandbox;
mod seed;
mod shape;
mod wire;

pub use counters::Counters;
pub use faults::{Fault, FaultId, Faults, Rule, Times};
pub use options::{Options, SandboxError};
pub use sandbox::Sandbox;
