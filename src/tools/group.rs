//! Groups: classic, consumer, share and streams.

crate::tools! { list::ListGroups, describe::DescribeGroup, lag::MeasureLag, watch::WatchGroups }
