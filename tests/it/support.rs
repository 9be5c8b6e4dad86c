//! What the tests stand on.

pub(crate) mod bed;
pub(crate) mod mcp;
