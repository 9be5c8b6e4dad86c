//! The one integration binary: whatever needs the real cluster shares a single start of it.

mod bed_test;
mod config;
mod doctor;
mod support;
