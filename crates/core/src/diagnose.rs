//! Judgement over snapshots: pure functions from data to findings.
//!
//! Nothing here fetches anything; a caller hands over what an engine answered and gets a judgement
//! back, with what it could not judge said in it.

pub mod access;
pub mod compare;
pub mod feature;
pub mod health;
pub mod lag;
pub mod log_dirs;
pub mod quorum;
pub mod quota;
pub mod reassignments;
pub mod transactions;
