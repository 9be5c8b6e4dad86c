//! Topics.

crate::tools! { list::ListTopics, describe::DescribeTopic, layout::LayOutTopics }
