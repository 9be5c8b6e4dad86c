//! Reassignments: replicas on the move between brokers.

crate::tools! { list::ListReassignments }
