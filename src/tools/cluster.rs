//! Clusters: what is configured, what it is made of, what is wrong with it.

crate::tools! { list::ListClusters, describe::DescribeCluster, health::CheckHealth, compare::CompareClusters }
