//! Access control lists.

crate::tools! { list::ListAcls }
