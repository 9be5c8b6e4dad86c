//! What the tests stand on.

pub(crate) mod bed;
pub(crate) mod covered;
pub(crate) mod mcp;
pub(crate) mod probe;
pub(crate) mod raw_http;
pub(crate) mod rpc;
pub(crate) mod slow;
