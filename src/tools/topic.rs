//! Topics.

crate::tools! {
    list::ListTopics,
    describe::DescribeTopic,
    compare::CompareTopics,
    layout::LayOutTopics,
}
