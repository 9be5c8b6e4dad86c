//! The sandbox over TCP, asked with the codec at every version that it offers.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests stop at the first surprise"
)]

mod client;
mod faults;
mod groups;
mod hostile;
mod records;
mod seed;
mod settings;
mod versions;
