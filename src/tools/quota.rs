//! Client quotas.

crate::tools! { list::ListQuotas }
