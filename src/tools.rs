//! All tools, in display order: one group a noun, one file a tool.

mod common;

pub mod acl;
pub mod broker;
pub mod cluster;
pub mod config;
pub mod feature;
pub mod group;
pub mod producer;
pub mod quorum;
pub mod quota;
pub mod reassignment;
pub mod record;
pub mod server;
pub mod topic;
pub mod transaction;
pub mod user;

use crate::tool::ToolDef;

/// Every tool of the product.
pub fn all() -> impl Iterator<Item = &'static ToolDef> {
    [
        cluster::TOOLS,
        topic::TOOLS,
        group::TOOLS,
        record::TOOLS,
        config::TOOLS,
        acl::TOOLS,
        broker::TOOLS,
        feature::TOOLS,
        quorum::TOOLS,
        quota::TOOLS,
        reassignment::TOOLS,
        user::TOOLS,
        transaction::TOOLS,
        producer::TOOLS,
        server::TOOLS,
    ]
    .into_iter()
    .flatten()
}
