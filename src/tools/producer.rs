//! Producers, as the leaders of partitions know them.

crate::tools! { list::ListProducers }
