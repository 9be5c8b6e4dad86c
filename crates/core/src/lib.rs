//! What Kafka looks like and what to think of it, without touching the world.
//!
//! Plain data with public fields ([`model`]) and pure functions over it ([`diagnose`],
//! [`search`], [`sample`], [`payload`]). No async runtime, socket, environment, clock or randomness: whatever
//! depends on them is passed in, so everything here can be tested without a broker.

pub mod bytes;
mod decode;
pub mod diagnose;
pub mod model;
pub mod names;
pub mod near;
pub mod payload;
pub mod release;
pub mod sample;
pub mod search;
