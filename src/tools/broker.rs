//! Brokers and what lies on them.

crate::tools! { logdirs::ListLogDirs }
