//! Configuration of topics, brokers and groups.

crate::tools! { describe::DescribeConfig }
