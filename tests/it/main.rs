//! The one integration binary: whatever needs the real cluster shares a single start of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod bed_test;
mod canary;
mod cli;
mod config;
mod contract;
mod dispatch;
mod doctor;
mod faults;
mod interop;
mod peers;
mod progress;
mod protocol;
mod security;
mod support;
mod surface;
mod tidy;
mod transports;
mod truth;
