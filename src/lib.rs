//! kafkaweave: a Kafka MCP server. The module map, in reading order.
//!
//! [`tool`] is the extension point, [`mod@tools`] are its implementations, [`dispatch`] runs every
//! call, [`server`] and [`cli`] are its two faces.

pub mod tool;
pub mod tools;

pub mod arguments;
pub mod clusters;
pub mod config;
pub mod dispatch;
pub mod doctor;
pub mod engines;
pub mod page;
pub mod problem;
pub(crate) mod progress;
pub mod remedy;
pub mod sampling;
pub mod schema;
pub mod surface;
pub mod table;

pub mod cli;
pub mod server;
