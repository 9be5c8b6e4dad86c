//! Judgement over snapshots: pure functions from data to findings.
//!
//! Nothing here fetches anything; a caller hands over a snapshot and gets findings back.
