//! Users that Kafka stores.

crate::tools! { list::ListUsers }
