//! Feature levels.

crate::tools! { list::ListFeatures }
