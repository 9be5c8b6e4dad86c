//! librdkafka as a second engine: the same [`Engine`](kafkaweave_client::kafka::Engine), answered by another client.
//!
//! It is a second opinion: the contract tests ask both and compare. And it is the place for what librdkafka alone speaks,
//! such as Kerberos, which a profile cannot name yet. What this engine does not ask is refused by name, as `NotOffered`;
//! nothing is made up.
//! Some of it librdkafka has no request for (log dirs, quorum, quotas, transactions, reassignments, producers); groups,
//! configurations, ACLs and users it could ask, and this engine does not do so yet. It never joins a group, never commits.
//!
//! All foreign functions are under `ffi`. Calls run on threads of their own, and stop when nobody waits any more.

mod client;
mod engine;
mod fault;
mod ffi;
mod read;
mod run;
mod settings;
mod token;

pub use client::{Build, build};
pub use engine::Librdkafka;
pub use token::Token;
