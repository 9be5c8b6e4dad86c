//! This server itself.

crate::tools! { tools::ExplainTools }
