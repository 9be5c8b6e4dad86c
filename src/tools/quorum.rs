//! The metadata quorum.

crate::tools! { describe::DescribeQuorum }
